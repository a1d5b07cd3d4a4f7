//! The page of one system account and its dialogs.

use muster::tokens::value::Access;

use super::driver::{Browser, Options, button, field, link};
use super::stage::{LIST, add_machines, admin, flash, page_of, visit};
use crate::support::app::TestApp;

/// Follows the first of the links to a dialog and waits for the dialog.
fn open(browser: &Browser, dialog: &str) {
    browser.click(format!("a[href=\"#{dialog}\"]"));
    browser.wait_for(format!("#{dialog}:modal"));
}

#[test]
fn roles_teams_and_name_are_edited_in_dialogs() {
    let app = TestApp::start();
    let ids = add_machines(&app);
    app.add_team("Payments", &[]);
    app.add_team("Platform", &[&ids[0]]);
    let browser = admin(&app, Options::default());
    visit(&browser, &app, &page_of(&ids[0]));

    open(&browser, "edit-roles");
    assert!(browser.is_ticked(field("CI/CD")));
    browser.untick(field("CI/CD"));
    browser.tick(field("Read-Only"));
    browser.follow(button("Save roles"));
    assert_eq!(flash(&browser), "Added Read-Only to buildkite/ios. Removed CI/CD from buildkite/ios.");
    assert_eq!(browser.texts("#roles .side a"), ["Read-Only"]);
    browser.follow(button("Undo"));
    assert_eq!(browser.texts("#roles .side a"), ["CI/CD"]);

    open(&browser, "edit-teams");
    browser.tick(field("Payments"));
    browser.follow(button("Save teams"));
    assert_eq!(flash(&browser), "Added buildkite/ios to Payments.");
    browser.wait_for_focus(".flash");
    assert!(browser.text("#teams").contains("Payments"));

    // Closing leaves everything as it was, and the focus where it came from
    open(&browser, "edit-teams");
    browser.click(link("Cancel"));
    browser.wait_until_gone("dialog");
    browser.wait_for_focus("a[href=\"#edit-teams\"]");

    // What the server refuses comes back in the dialog, and the second attempt goes through
    browser.click(button("More actions"));
    open(&browser, "rename");
    browser.fill(field("Name"), "Catalog-Sync");
    browser.fill(field("Description"), "kept <b>as typed</b>");
    browser.follow(button("Save"));
    browser.wait_for("#rename:modal");
    browser.wait_for_focus(field("Name"));
    assert_eq!(browser.attribute(field("Name"), "aria-invalid").as_deref(), Some("true"));
    let about = browser.attribute(field("Name"), "aria-describedby").unwrap_or_default();
    assert!(browser.text(format!("#{about}")).contains("name"), "{}", browser.text(format!("#{about}")));
    assert_eq!(browser.value(field("Description")), "kept <b>as typed</b>");
    browser.fill(field("Name"), "buildkite/iphone");
    browser.follow(button("Save"));
    assert_eq!(flash(&browser), "Saved name and description.");
    assert_eq!(browser.text("h1"), "buildkite/iphone");
    browser.wait_for_text("kept <b>as typed</b>");
    browser.wait_for_text("renamed it from buildkite/ios to buildkite/iphone");
    browser.assert_quiet_console();
}

#[test]
fn tokens_are_made_regenerated_finished_and_revoked() {
    let app = TestApp::start();
    let id = app.add_account("payments-api deploy");
    let browser = admin(&app, Options::default());
    visit(&browser, &app, &page_of(&id));
    browser.wait_for_text("No tokens yet. Create one to use this account.");

    open(&browser, "new-token");
    browser.wait_for_focus(field("Name"));
    browser.fill(field("Name"), "release pipeline");
    browser.tick(field("Read-write"));
    assert!(!browser.shows(field("Expires at the end of (UTC)")), "the day is asked for only with “Custom date”");
    browser.select(field("Expires"), "Custom date");
    browser.wait_for(field("Expires at the end of (UTC)"));
    browser.follow(button("Create token"));
    browser.wait_for("#new-token:modal");
    browser.wait_for_focus(field("Expires at the end of (UTC)"));
    assert_eq!(browser.value(field("Name")), "release pipeline");
    assert!(browser.is_ticked(field("Read-write")));
    browser.select(field("Expires"), "In 1 year");
    browser.follow(button("Create token"));
    let first = browser.value("#token");
    assert_eq!(app.verify(&first).status, 200);
    browser.follow(link("Done, I've saved it"));
    assert_eq!(browser.path(), format!("{}#tokens", page_of(&id)));

    // Regenerate: both values work until one says that it is done
    browser.click(link("Regenerate release pipeline"));
    assert!(browser.is_ticked(field("In 24 hours")));
    browser.follow(button("Regenerate"));
    let second = browser.value("#token");
    assert_ne!(first, second);
    browser.wait_for_text("Old value works until");
    assert_eq!((app.verify(&first).status, app.verify(&second).status), (200, 200));
    browser.follow(link("Done, I've saved it"));
    browser.wait_for_text("The old value");
    browser.follow(button("Stop it now"));
    assert_eq!(flash(&browser), "The old value has stopped working.");
    assert_eq!((app.verify(&first).status, app.verify(&second).status), (401, 200));
    assert!(!browser.shows(".token-old"));

    // Regenerate at once
    browser.click(link("Regenerate release pipeline"));
    browser.tick(field("Now"));
    browser.follow(button("Regenerate"));
    let third = browser.value("#token");
    browser.wait_for_text("Old value stopped working just now");
    assert_eq!((app.verify(&second).status, app.verify(&third).status), (401, 200));
    browser.follow(link("Done, I've saved it"));

    browser.click(link("Revoke release pipeline"));
    browser.wait_for_text("This can't be undone.");
    browser.follow(button("Revoke token"));
    assert_eq!(flash(&browser), "Revoked release pipeline.");
    assert_eq!(app.verify(&third).status, 401);
    browser.wait_for_text("No tokens yet. Create one to use this account.");
    browser.assert_quiet_console();
}

#[test]
fn what_somebody_else_did_meanwhile_is_said() {
    let app = TestApp::start();
    let id = app.add_account("payments-api deploy");
    app.add_token(&id, Access::Read);
    let browser = admin(&app, Options::default());
    visit(&browser, &app, &page_of(&id));
    browser.click(link("Revoke test token"));
    let other = app.user("Tomas Okafor", &[muster::roles::predefined::ADMINISTRATOR.into()]);
    let action = browser.attribute("dialog:modal form", "action").unwrap();
    assert_eq!(other.post(&action, &[]).status, 303);
    browser.follow(button("Revoke token"));
    let said = browser.text("main");
    assert!(said.contains("revoked") || said.contains("does not exist"), "{said}");

    // Deleted meanwhile: a page that says so, and leads back
    visit(&browser, &app, &page_of(&id));
    assert_eq!(other.post(&format!("{}/deletion", page_of(&id)), &[("confirm", "payments-api deploy")]).status, 303);
    browser.click("a[href=\"#edit-roles\"]");
    browser.follow(button("Save roles"));
    browser.wait_for_text("This system account does not exist or has been deleted.");
    browser.assert_quiet_console();
}

#[test]
fn the_page_disables_enables_and_deletes() {
    let app = TestApp::start();
    let ids = add_machines(&app);
    let browser = admin(&app, Options::default());
    visit(&browser, &app, &page_of(&ids[0]));
    browser.follow(button("Disable").within(".danger-zone"));
    assert_eq!(flash(&browser), "Disabled buildkite/ios.");
    assert_eq!(browser.path(), page_of(&ids[0]));
    browser.wait_for_text("Its tokens don't work until it's enabled again.");
    browser.click(button("More actions"));
    browser.follow(button("Enable").within("#account-menu"));
    assert_eq!(flash(&browser), "Enabled buildkite/ios.");
    browser.click(button("More actions"));
    browser.follow(link("Make Administrator").within("#account-menu"));
    browser.follow(button("Make Administrator"));
    assert_eq!(flash(&browser), "Made buildkite/ios an administrator.");
    browser.follow(link("Delete").within(".danger-zone"));
    browser.follow(button("Disable instead"));
    assert_eq!(flash(&browser), "Disabled buildkite/ios.");
    browser.follow(link("Delete").within(".danger-zone"));
    browser.fill(field("Type buildkite/ios to confirm"), "buildkite/ios");
    browser.follow(button("Delete system account"));
    assert_eq!(browser.path(), LIST);
    assert_eq!(flash(&browser), "Deleted buildkite/ios.");
    browser.assert_quiet_console();
}

// The answer to a second click would take the place of the first one's, in which alone the value stands.
#[test]
fn two_clicks_make_one_token_and_show_it() {
    let app = TestApp::start();
    let ids = add_machines(&app);
    let browser = admin(&app, Options::default());
    visit(&browser, &app, &page_of(&ids[0]));
    open(&browser, "new-token");
    browser.fill(field("Name"), "nightly");
    let twice = "document.addEventListener('submit', (event) => {
            sessionStorage.setItem('sent', `${sessionStorage.getItem('sent') ?? ''} ${!event.defaultPrevented}`);
        });
        const create = [...document.querySelectorAll('#new-token button')].find(one => one.textContent === 'Create token');
        create.click(); create.click();";
    browser.leads_on(|browser| browser.read(twice, &[]));
    assert_eq!(browser.read("return sessionStorage.getItem('sent')", &[]), " true false");
    assert_eq!(app.verify(&browser.value("#token")).status, 200);
    let made = app.read(|conn| muster::tokens::queries::of_account(conn, &ids[0]));
    assert_eq!(made.iter().filter(|listed| listed.token.name == "nightly").count(), 1);
    // The way back leads to a form that can be sent.
    visit(&browser, &app, &page_of(&ids[0]));
    open(&browser, "new-token");
    browser.fill(field("Name"), "weekly");
    browser.follow(button("Create token"));
    assert_eq!(app.verify(&browser.value("#token")).status, 200);
}
