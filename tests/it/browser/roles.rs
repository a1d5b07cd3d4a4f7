//! The role editor as a person uses it, with script and without, judged for accessibility on the way.

use muster::roles::predefined;
use muster::tokens::value::Access;

use super::accessibility::judge;
use super::driver::{Browser, Options, button, field, link};
use super::stage::{LIST, add_machines, admin, flash, visit};
use crate::support::app::TestApp;

const ROLES: &str = "/settings/roles";

fn asks(app: &TestApp, token: &str) -> u16 {
    let bearer = format!("Bearer {token}");
    app.anonymous().get_with("/auth/verify?require=payments:refund", &[("Authorization", &bearer)]).status
}

/// Makes a role with `payments:refund`, gives it to an account and deletes it again, while the account's token is asked about.
fn a_permission_of_a_gateway(app: &TestApp, browser: &Browser, add: &str) {
    let account = add_machines(app).remove(0);
    let token = app.add_token(&account, Access::Write);
    assert_eq!(asks(app, &token), 403);
    // What was asked for in vain is noted besides.
    let noted = || app.read(|conn| muster::roles::queries::wanted::of_late(conn, muster::clock::now())).pop();
    browser.wait_until("it is noted", noted);
    visit(browser, app, ROLES);
    browser.follow(link("New role"));
    browser.wait_for_text("Refused in the last 30 days");
    browser.fill(field("Name"), "Refund clerk");
    browser.fill("#more", "payments:Refund");
    browser.follow(button("Create role"));
    browser.wait_for_text("“payments:Refund” isn't a permission.");
    browser.wait_for_focus("#more");
    assert_eq!(browser.value("#more"), "payments:Refund");
    browser.fill("#more", "");
    browser.tick(field("Refund payments"));
    browser.tick(field("Read teams"));
    browser.follow(button("Show what changes"));
    assert_eq!(browser.texts(".changes code"), ["payments:refund", "team:read:*"]);
    assert!(browser.is_ticked(field("Read teams")) && browser.is_ticked(field("Refund payments")));
    assert_eq!(browser.value("#more"), "");
    browser.follow(button("Create role"));
    assert_eq!(flash(browser), "Created Refund clerk.");

    visit(browser, app, LIST);
    browser.tick(field("Select buildkite/ios"));
    browser.click(button("Add Role").within("#bulk"));
    browser.tick(field("Refund clerk").within("#pick-add_role"));
    browser.follow(button(add).within("#pick-add_role"));
    assert_eq!(flash(browser), "Added Refund clerk to buildkite/ios.");
    assert_eq!(asks(app, &token), 200);

    visit(browser, app, ROLES);
    browser.follow(link("Refund clerk"));
    browser.untick(field("Refund payments"));
    browser.fill("#more", "payments:void");
    browser.follow(button("Show what changes"));
    browser.wait_for_text("1 system account loses it.");
    browser.follow(button("Save role"));
    assert_eq!(flash(browser), "Saved Refund clerk. 1 system account lost payments:refund.");
    assert_eq!(asks(app, &token), 403);
    browser.follow(link("Refund clerk"));
    browser.follow(link("Delete"));
    browser.follow(button("Delete role"));
    assert_eq!(flash(browser), "Deleted Refund clerk.");
}

#[test]
fn a_role_is_made_given_changed_and_deleted() {
    let app = TestApp::start();
    let browser = admin(&app, Options::default());
    a_permission_of_a_gateway(&app, &browser, "Add Role to 1");
}

#[test]
fn the_same_without_script() {
    let app = TestApp::start();
    let browser = admin(&app, Options::default().without_javascript());
    a_permission_of_a_gateway(&app, &browser, "Add Role");
}

#[test]
fn everybody_can_read_the_pages_of_roles() {
    let app = TestApp::start();
    let browser = admin(&app, Options::default());
    let role = app.add_role("Release Manager", &["webhook:manage:team", "payments:refund"]);
    app.add_account_with("jenkins", std::slice::from_ref(&role));
    for wanted in ["payments:refund", "shipment:book:team"] {
        let wanted = muster::roles::permission::Permission::parse(wanted).unwrap();
        app.write(move |conn| muster::roles::queries::wanted::record(conn, &wanted, muster::clock::now()));
    }
    visit(&browser, &app, ROLES);
    judge(&browser, "the roles, to manage");
    browser.click(button("Actions for Release Manager"));
    judge(&browser, "the menu of a role");
    visit(&browser, &app, &format!("{ROLES}/{role}"));
    judge(&browser, "a role");
    browser.fill("#more", "ledger:read");
    browser.follow(button("Show what changes"));
    judge(&browser, "what a change gives and takes");
    browser.fill("#more", "Not one");
    browser.follow(button("Save role"));
    judge(&browser, "a role in error");
    visit(&browser, &app, &format!("{ROLES}/{role}/deletion"));
    judge(&browser, "before a role is deleted");
    visit(&browser, &app, &format!("{ROLES}/new?from={role}"));
    judge(&browser, "a copy of a role");
    for (name, uuid) in [("a locked role", predefined::ADMINISTRATOR), ("a predefined role", predefined::USER)] {
        visit(&browser, &app, &format!("{ROLES}/{uuid}"));
        judge(&browser, name);
    }
    visit(&browser, &app, &format!("{ROLES}/{}/reset", predefined::USER));
    judge(&browser, "before a role is reset");
}
