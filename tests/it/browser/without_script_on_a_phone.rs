//! A day's work on a phone with JavaScript turned off.

use muster::roles::predefined;

use super::driver::{Browser, Options, button, field, link};
use super::stage::{LIST, admin, flash, page_of, visit};
use crate::support::app::{PASSWORD, TestApp};

fn phone() -> Options {
    Options::phone().without_javascript()
}

/// Nothing is off the screen, and nothing is there that could do nothing.
fn is_in_order(browser: &Browser) {
    assert_eq!((browser.overflow(), browser.count(".needs-js")), (0, 0), "{}", browser.url());
}

#[test]
fn one_invites_and_the_other_comes_in() {
    let app = TestApp::start();
    let browser = admin(&app, phone());
    visit(&browser, &app, "/settings/users");
    browser.follow(link("Invite users"));
    browser.fill(field("E-mail addresses"), "Kaja Holmgren <kaja@halden.example>\nbob@@x");
    browser.follow(button("Invite users"));
    browser.wait_for_focus(field("Line 2"));
    assert_eq!(browser.text("#line-2-error"), "Enter a valid e-mail address, such as name@example.com.");
    is_in_order(&browser);
    browser.fill(field("Line 2"), "");
    browser.follow(button("Invite users"));
    is_in_order(&browser);
    let links = browser.read("return document.querySelector('.links input').value", &[]);
    let kaja = Browser::open(phone());
    kaja.goto(links.as_str().unwrap());
    is_in_order(&kaja);
    kaja.fill(field("Password"), PASSWORD);
    kaja.fill(field("Confirm password"), PASSWORD);
    kaja.follow(button("Set password"));
    kaja.wait_for_text("Password set. Welcome to Muster.");
    is_in_order(&kaja);
}

#[test]
fn roles_teams_tokens_and_the_end_of_an_account() {
    let app = TestApp::start();
    let id = app.add_account("payments deploy");
    app.add_user("Ines Calloway", &[predefined::USER.into()]);
    let team = format!("/settings/teams/{}", app.add_team("Data", &[]));
    let browser = admin(&app, phone());
    visit(&browser, &app, &page_of(&id));
    browser.click(link("Edit Roles").within(".page-head"));
    browser.tick(field("Read-Only").within("dialog:target"));
    is_in_order(&browser);
    browser.follow(button("Save roles").within("dialog:target"));
    assert_eq!(flash(&browser), "Added Read-Only to payments deploy.");

    visit(&browser, &app, &team);
    browser.follow(link("Add members"));
    browser.tick(field("payments deploy"));
    browser.fill(field("Find a user or system account"), "ines");
    browser.follow(button("Find"));
    browser.tick(field("Ines Calloway"));
    is_in_order(&browser);
    browser.follow(button("Add to team"));
    browser.wait_for_text("Added 1 user and 1 system account to Data.");
    is_in_order(&browser);

    visit(&browser, &app, "/settings/audit-log");
    browser.select(field("Kind of event"), "Added to team");
    browser.follow(button("Filter"));
    assert_eq!(browser.texts("td[data-label=Action]"), ["Added to team"; 2]);
    is_in_order(&browser);

    visit(&browser, &app, &page_of(&id));
    browser.click(link("New token"));
    browser.fill(field("Name").within("dialog:target"), "pipeline");
    is_in_order(&browser);
    browser.follow(button("Create token").within("dialog:target"));
    assert_eq!(app.verify(&browser.value("#token")).status, 200);
    is_in_order(&browser);
    browser.follow(link("Done, I've saved it"));
    browser.click(link("Regenerate"));
    browser.follow(button("Regenerate").within("dialog:target"));
    browser.follow(link("Done, I've saved it"));

    visit(&browser, &app, &page_of(&id));
    browser.follow(link("Delete").within(".danger-zone"));
    is_in_order(&browser);
    browser.fill("#typed", "payments");
    browser.follow(button("Delete"));
    browser.wait_for_focus("#typed");
    browser.fill("#typed", "payments deploy");
    browser.follow(button("Delete"));
    assert_eq!(flash(&browser), "Deleted payments deploy.");
    assert_eq!(app.totals(), (0, 0));
}

#[test]
fn a_picker_offers_no_search_that_nothing_answers() {
    let app = TestApp::start();
    app.add_account("robot");
    for javascript in [true, false] {
        let (_, email) = app.add_user(&format!("Ada {javascript}"), &[predefined::ADMINISTRATOR.into()]);
        let options = Options { javascript, ..Options::phone() };
        let browser = super::stage::signed_in(&app, &email, PASSWORD, options);
        visit(&browser, &app, LIST);
        browser.tick(field("Select robot"));
        browser.click(button("Add Role").within("#bulk"));
        browser.wait_for(field("Read-Only").within("#pick-add_role"));
        assert_eq!(browser.count("#pick-add_role input[type=search]"), usize::from(javascript));
    }
}

/// What begins something new is at the same place on every list.
#[test]
fn the_button_of_a_list_stands_beside_its_title() {
    let app = TestApp::start();
    app.add_account("robot");
    let browser = admin(&app, phone());
    for path in [LIST, "/settings/users", "/settings/teams", "/settings/roles"] {
        visit(&browser, &app, path);
        let script = "const [title, button] = ['h1', '.page-actions .button'].map(css => \
                      document.querySelector('.page-head ' + css).getBoundingClientRect()); \
                      return button.top < title.bottom && button.left > title.right";
        assert_eq!(browser.read(script, &[]), true, "{path}");
        is_in_order(&browser);
    }
}
