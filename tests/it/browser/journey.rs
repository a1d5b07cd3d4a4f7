//! Muster's main job, from the set-up link to a deleted account.

use std::time::Duration;

use super::driver::{Browser, Options, button, field, link};
use super::stage::{LIST, MACHINES, add_machines, clear, flash, names, place, row, viewer, visit};
use crate::support::app::{PASSWORD, TestApp};

#[test]
fn an_administrator_sets_up_creates_uses_changes_and_deletes() {
    let app = TestApp::start_with(|config| {
        config.activity_interval = Duration::from_secs(1);
        config.plan_limit = Some(50);
    });
    let browser = Browser::open(Options::default());
    set_up_and_sign_in(&app, &browser);
    let token = create_with_a_token(&app, &browser);
    for name in MACHINES.iter().filter(|name| **name != "payments-api deploy") {
        app.add_account(name);
    }

    // A machine uses it, and the administrator sees that it did
    assert_eq!(app.verify(&token).status, 200);
    visit(&browser, &app, LIST);
    browser.wait_until("the use to be seen", || {
        browser.reload();
        row(&browser, "payments-api deploy").contains("just now").then_some(())
    });
    browser.follow(link("payments-api deploy"));
    browser.wait_for_text("Token activity just now");
    assert!(browser.text("#tokens").contains("127.0.0.1"), "{}", browser.text("#tokens"));
    browser.follow(link("System Accounts").within(".crumbs"));

    add_a_role_to_three_and_take_it_back(&browser);
    disable_and_enable(&app, &browser, &token);
    delete(&app, &browser, &token);
    browser.assert_quiet_console();
}

fn set_up_and_sign_in(app: &TestApp, browser: &Browser) {
    let setup_link = app.setup_link.clone().unwrap();
    browser.goto(&setup_link);
    browser.wait_for_focus(field("Your name"));
    browser.fill(field("Your name"), "Maya Lindqvist");
    browser.fill(field("E-mail address"), "maya@example.test");
    browser.fill(field("Password"), PASSWORD);
    browser.fill(field("Confirm password"), "something else");
    browser.follow(button("Create administrator"));
    // Told beside the field, with everything but the passwords still there
    browser.wait_for_focus(field("Confirm password"));
    assert_eq!(browser.value(field("E-mail address")), "maya@example.test");
    browser.fill(field("Password"), PASSWORD);
    browser.fill(field("Confirm password"), PASSWORD);
    browser.follow(button("Create administrator"));
    browser.wait_for_path(LIST);
    browser.wait_for_text("No system accounts yet");

    browser.click(button("Maya Lindqvist"));
    browser.follow(button("Sign out"));
    browser.wait_for_text("You have been signed out.");
    visit(browser, app, LIST);
    assert_eq!(browser.path(), "/login?next=%2Fsettings%2Fsystem-accounts");
    browser.fill(field("E-mail address"), "maya@example.test");
    browser.fill(field("Password"), "not the password");
    browser.follow(button("Sign in"));
    browser.wait_for_text("Incorrect e-mail address or password.");
    browser.wait_for_focus(field("Password"));
    browser.fill(field("Password"), PASSWORD);
    browser.follow(button("Sign in"));
    browser.wait_for_path(LIST);
    browser.goto(&setup_link);
    browser.wait_for_text("404");
    visit(browser, app, LIST);
}

/// Its answer is the value of the token.
fn create_with_a_token(app: &TestApp, browser: &Browser) -> String {
    browser.follow(link("New system account"));
    browser.wait_for_focus(field("Name"));
    browser.fill(field("Name"), "payments-api deploy");
    browser.fill(field("Description"), "Publishes pacts of the payments API");
    assert!(browser.is_ticked(field("CI/CD")), "the default role is ticked");
    assert!(browser.is_ticked(field("Create a token now")));
    browser.wait_for_text("Uses 1 of 50 on the Team plan");
    browser.follow(button("Create system account"));

    browser.wait_for_text("Copy your new token");
    let token = browser.value(field("first token"));
    assert!(token.starts_with("mstw_"), "{token}");
    let forms = browser.texts(".snippet pre");
    assert!(forms.len() >= 5, "{forms:?}");
    for sign in ["export MUSTER_TOKEN=", "set ", "$Env:", "curl ", "fetch("] {
        assert!(forms.iter().any(|form| form.contains(sign)), "no form with {sign:?}: {forms:?}");
    }
    browser.click(button("Copy token"));
    browser.wait_for_text("Copied");
    browser.assert_quiet_console();

    browser.follow(link("Done, I've saved it"));
    browser.wait_for_text("mstw_");
    let page = browser.read("return document.documentElement.innerHTML", &[]).to_string();
    assert!(!page.contains(&token), "the value is shown a second time");
    browser.back();
    let page = browser.read("return document.documentElement.innerHTML", &[]).to_string();
    assert!(!page.contains(&token), "Back shows the value a second time");
    visit(browser, app, LIST);
    browser.click(field("Search system accounts"));
    browser.press("Control+v");
    assert_eq!(browser.value(field("Search system accounts")), token, "the clipboard holds the token");
    browser.fill(field("Search system accounts"), "");
    browser.wait_for_path(LIST);
    token
}

fn add_a_role_to_three_and_take_it_back(browser: &Browser) {
    let three = ["buildkite/ios", "drone/edge", "payments-api deploy"];
    for name in three {
        browser.tick(field(&format!("Select {name}")));
    }
    browser.wait_for_text("3 selected");
    browser.click(button("Add Role"));
    browser.wait_for_focus(field("Find a role"));
    assert_eq!(browser.attribute(button("Add Role to 3"), "disabled"), Some(String::new()), "nothing is chosen yet");
    browser.type_text("read-");
    browser.wait_until_gone(field("User").within("#pick-add_role"));
    browser.tick(field("Read-Only").within("#pick-add_role"));
    browser.follow(button("Add Role to 3"));
    assert_eq!(flash(browser), "Added Read-Only to 3 system accounts.");
    browser.wait_for_focus(".flash");
    for name in MACHINES {
        assert_eq!(row(browser, name).contains("Read-Only"), three.contains(&name), "{}", row(browser, name));
    }
    browser.follow(button("Undo"));
    assert_eq!(flash(browser), "Undone: Read-Only removed from 3 system accounts.");
    assert!(MACHINES.iter().all(|name| !row(browser, name).contains("Read-Only")));
    clear(browser);
}

fn disable_and_enable(app: &TestApp, browser: &Browser, token: &str) {
    for name in ["drone/edge", "payments-api deploy"] {
        browser.tick(field(&format!("Select {name}")));
    }
    browser.follow(button("Disable").within("#bulk"));
    assert_eq!(flash(browser), "Disabled 2 system accounts.");
    assert_eq!(names(browser), ["buildkite/ios", "catalog-sync", "jenkins-nightly", "search-index verify"]);
    assert_eq!(app.verify(token).status, 401);
    browser.wait_for_text("4 of 50 on the Team plan");

    browser.tick(field("Display disabled system accounts"));
    browser.wait_for_path(&format!("{LIST}?disabled=1"));
    browser.wait_until("all rows", || (names(browser) == MACHINES).then_some(()));
    assert!(row(browser, "drone/edge").contains("Disabled"));
    browser.reload();
    assert_eq!(names(browser), MACHINES, "the choice is in the address");
    for name in ["drone/edge", "payments-api deploy", "buildkite/ios"] {
        browser.tick(field(&format!("Select {name}")));
    }
    browser.follow(button("Enable").within("#bulk"));
    assert_eq!(flash(browser), "Enabled 2 system accounts. buildkite/ios was already enabled.");
    assert_eq!(place(browser), format!("{LIST}?disabled=1"));
    assert_eq!(app.verify(token).status, 200);
    clear(browser);
}

fn delete(app: &TestApp, browser: &Browser, token: &str) {
    for name in ["drone/edge", "payments-api deploy"] {
        browser.tick(field(&format!("Select {name}")));
    }
    browser.follow(button("Delete").within("#bulk"));
    assert_eq!(browser.text("h1"), "Delete 2 system accounts?");
    browser.wait_for_text("payments-api deploy made a call");
    let confirm = field("Type 2 to confirm");
    browser.fill(&confirm, "3");
    browser.click(button("Delete 2 system accounts"));
    assert_eq!(browser.text("h1"), "Delete 2 system accounts?", "the wrong number does nothing");
    browser.fill(&confirm, "2");
    browser.follow(button("Delete 2 system accounts"));
    assert_eq!(flash(browser), "Deleted 2 system accounts.");
    assert!(!browser.shows(button("Undo")), "what is final offers no Undo");
    assert_eq!(names(browser), ["buildkite/ios", "catalog-sync", "jenkins-nightly", "search-index verify"]);
    assert_eq!(app.verify(token).status, 401);
}

#[test]
fn a_viewer_sees_everything_and_changes_nothing() {
    let app = TestApp::start();
    let ids = add_machines(&app);
    app.add_user("Maya Lindqvist", &[muster::roles::predefined::ADMINISTRATOR.into()]);
    let browser = viewer(&app, Options::default());
    visit(&browser, &app, LIST);
    assert_eq!(names(&browser), MACHINES);
    browser.wait_for_text("Only administrators can change them. Ask Maya Lindqvist.");
    assert_eq!(browser.count("td input, th input, #bulk, .row-more"), 0);
    assert!(!browser.shows(link("New system account")));
    browser.follow(link("buildkite/ios"));
    browser.wait_for_text("You can view this system account.");
    assert_eq!(browser.count(".page-actions, .danger-zone, #tokens, [data-dialog]"), 0);
    browser.follow(link("Roles").within(".nav"));
    assert_eq!(browser.text("h1"), "Roles");
    for refused in [format!("{LIST}/new"), format!("{LIST}/{}/deletion", ids[0])] {
        visit(&browser, &app, &refused);
        browser.wait_for_text("system_account:manage:*");
        browser.wait_for_text("Ask Maya Lindqvist.");
    }
    browser.assert_quiet_console();
}
