//! The essential things again with JavaScript turned off: every one of them is a plain form or a link.

use super::driver::{Browser, Options, button, field, link};
use super::stage::{LIST, MACHINES, add_machines, admin, flash, names, page_of, row, visit};
use crate::support::app::{PASSWORD, TestApp};

fn plain() -> Options {
    Options::default().without_javascript()
}

#[test]
fn one_signs_in_creates_an_account_and_sees_its_token() {
    let app = TestApp::start();
    let (_, email) = app.add_user("Maya Lindqvist", &[muster::roles::predefined::ADMINISTRATOR.into()]);
    let browser = Browser::open(plain());
    visit(&browser, &app, "/");
    browser.fill(field("E-mail address"), &email);
    browser.fill(field("Password"), "wrong");
    browser.follow(button("Sign in"));
    browser.wait_for_text("Incorrect e-mail address or password.");
    browser.wait_for_focus(field("Password"));
    browser.fill(field("Password"), PASSWORD);
    browser.follow(button("Sign in"));
    browser.wait_for_path(LIST);

    browser.follow(link("New system account"));
    browser.fill(field("Name"), "  ");
    browser.follow(button("Create system account"));
    browser.wait_for_focus(field("Name"));
    browser.fill(field("Name"), "payments-api deploy");
    browser.follow(button("Create system account"));
    let token = browser.value(field("first token"));
    assert_eq!(app.verify(&token).status, 200);
    assert_eq!(browser.count(".needs-js"), 0, "no button is shown that could do nothing");
    // What cannot be copied by a button can be selected
    browser.click("#token");
    browser.press("Control+a");
    assert_eq!(
        browser.read("const t = document.getElementById('token'); return t.selectionEnd - t.selectionStart", &[]),
        token.len()
    );
    assert!(browser.texts(".snippet pre").iter().all(|form| form.contains(&token)));
    browser.follow(link("Done, I've saved it"));
    assert_eq!(browser.text("h1"), "payments-api deploy");
}

#[test]
fn rows_are_filtered_ticked_disabled_undone_and_deleted() {
    let app = TestApp::start();
    add_machines(&app);
    app.add_many(30);
    let browser = admin(&app, plain());
    visit(&browser, &app, LIST);
    assert_eq!(browser.count("#bulk, .needs-js"), 0);
    browser.fill(field("Search system accounts"), "NIGHT");
    browser.follow(button("Filter"));
    assert_eq!(browser.value(field("Search system accounts")), "NIGHT");
    assert_eq!(names(&browser), ["jenkins-nightly"]);

    browser.tick(field("Select jenkins-nightly"));
    browser.wait_for("#bulk");
    assert_eq!(browser.text("[data-selected-count]"), "Selected");
    browser.follow(button("Disable").within("#bulk"));
    assert_eq!(flash(&browser), "Disabled jenkins-nightly.");
    browser.wait_for_focus(".flash");
    browser.follow(button("Undo"));
    assert_eq!(names(&browser), ["jenkins-nightly"]);

    // The pickers are the browser's own popovers
    browser.tick(field("Select jenkins-nightly"));
    browser.click(button("Add Role").within("#bulk"));
    browser.tick(field("Read-Only").within("#pick-add_role"));
    browser.follow(button("Add Role").within("#pick-add_role"));
    assert_eq!(flash(&browser), "Added Read-Only to jenkins-nightly.");
    assert!(row(&browser, "jenkins-nightly").contains("Read-Only"));
    // What the menu of a row holds is on its page
    browser.follow(link("Actions for jenkins-nightly"));
    browser.follow(button("Disable").within(".danger-zone"));
    assert_eq!(flash(&browser), "Disabled jenkins-nightly.");
    visit(&browser, &app, &format!("{LIST}?q=NIGHT"));

    // Display disabled, by the same form
    browser.tick(field("Display disabled system accounts"));
    browser.follow(button("Filter"));
    assert!(row(&browser, "jenkins-nightly").contains("Disabled"));
    browser.tick(field("Select jenkins-nightly"));
    browser.follow(button("Enable").within("#bulk"));
    assert_eq!(flash(&browser), "Enabled jenkins-nightly.");

    browser.tick(field("Select jenkins-nightly"));
    browser.follow(button("Delete").within("#bulk"));
    browser.fill(field("Type jenkins-nightly to confirm"), "jenkins-nightly");
    browser.follow(button("Delete system account"));
    assert_eq!(flash(&browser), "Deleted jenkins-nightly.");
}

#[test]
fn all_that_match_are_selected_unless_one_is_unticked() {
    let app = TestApp::start();
    app.add_account("other");
    app.add_many(30);
    let browser = admin(&app, plain());
    visit(&browser, &app, &format!("{LIST}?q=bulk"));
    let select_all = || {
        browser.tick("tbody tr:first-child .check input");
        browser.follow(button("Select all 30 that match"));
        browser.wait_for_text("All 30 selected");
    };
    select_all();
    browser.follow(button("Disable").within("#bulk"));
    assert_eq!((flash(&browser).as_str(), app.totals()), ("Disabled 30 system accounts.", (1, 30)));
    browser.follow(button("Undo"));
    assert_eq!(flash(&browser), "Undone: 30 system accounts enabled.");
    browser.wait_for_text("All 30 selected");
    browser.untick("tbody tr:first-child .check input");
    browser.follow(button("Disable").within("#bulk"));
    assert_eq!((flash(&browser).as_str(), app.totals()), ("Disabled 24 system accounts.", (7, 24)));
    // And a confirmation of all that match
    visit(&browser, &app, &format!("{LIST}?q=bulk&disabled=1"));
    select_all();
    browser.follow(button("Delete").within("#bulk"));
    browser.fill(field("Type 30 to confirm"), "30");
    browser.follow(button("Delete 30 system accounts"));
    assert_eq!(app.totals(), (1, 0));
}

#[test]
fn dialogs_open_by_their_address_and_the_theme_by_its_form() {
    let app = TestApp::start();
    let ids = add_machines(&app);
    let browser = admin(&app, plain());
    let page = page_of(&ids[0]);
    visit(&browser, &app, &page);
    assert_eq!(browser.count("dialog"), 0);
    browser.click("a[href=\"#edit-roles\"]");
    browser.tick(field("Read-Only").within("#edit-roles"));
    browser.follow(button("Save roles"));
    assert_eq!(flash(&browser), "Added Read-Only to buildkite/ios.");
    browser.wait_until_gone("dialog");

    browser.click("a[href=\"#new-token\"]");
    browser.wait_for("#new-token");
    browser.click(link("Cancel").within("#new-token"));
    browser.wait_until_gone("dialog");

    browser.click(button("More actions"));
    browser.click("a[href=\"#rename\"]");
    browser.fill(field("Name").within("#rename"), MACHINES[1]);
    browser.follow(button("Save").within("#rename"));
    browser.wait_for("#rename .field-error");
    browser.follow(link("Cancel").within("#rename"));
    browser.wait_until_gone("dialog");
    assert_eq!(browser.text("h1"), MACHINES[0]);

    visit(&browser, &app, &format!("{LIST}?sort=-name"));
    browser.follow(link("Actions for buildkite/ios"));
    browser.click("a[href=\"#edit-roles\"]");
    browser.wait_for("#edit-roles");
    assert!(browser.is_ticked(field("Read-Only").within("#edit-roles")));

    visit(&browser, &app, &format!("{LIST}?sort=-name"));
    let background = || browser.read("return getComputedStyle(document.body).backgroundColor", &[]);
    let light = background();
    browser.click(button("Maya Lindqvist"));
    browser.follow(button("Dark"));
    assert_eq!(browser.path(), format!("{LIST}?sort=-name"));
    assert_ne!(background(), light);
    assert_eq!(browser.cookie("theme").as_deref(), Some("dark"));
}
