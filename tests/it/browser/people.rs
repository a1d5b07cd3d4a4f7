//! People, from the invitation to the day that they leave.

use muster::auth::links::{self, Purpose};
use muster::id::Id;
use muster::roles::predefined;

use super::accessibility::judge;
use super::driver::{Browser, Options, button, field, link};
use super::stage::{admin, flash, row, signed_in, visit};
use crate::support::app::{PASSWORD, TestApp};

const USERS: &str = "/settings/users";

/// The links that the page shows.
fn shown_links(browser: &Browser) -> Vec<String> {
    let script = "return [...document.querySelectorAll('.links input')].map(input => input.value)";
    let found = browser.read(script, &[]);
    found.as_array().unwrap().iter().map(|link| link.as_str().unwrap().to_owned()).collect()
}

#[test]
fn two_are_invited_one_follows_the_link_and_is_disabled_elsewhere() {
    for options in [Options::default(), Options::default().without_javascript()] {
        let app = TestApp::start();
        let browser = admin(&app, options);
        visit(&browser, &app, USERS);
        browser.follow(link("Invite users"));
        browser.fill(field("E-mail addresses"), "Kaja Holmgren <kaja@halden.example>\nteo@halden\nKAJA@halden.example");
        browser.follow(button("Invite users"));
        // A line at fault has to be mended first, and Tab leads to it.
        browser.wait_for_focus(field("Line 3"));
        assert_eq!(browser.text("#line-3-error"), "Also on line 1.");
        browser.fill(field("Line 3"), "");
        browser.follow(button("Invite users"));
        assert_eq!(browser.text("h1"), "Send these 2 links");
        assert_eq!(browser.count(".needs-js") == 0, !options.javascript);
        let links = shown_links(&browser);
        browser.follow(link("Done, I've sent them"));
        // Back and reload are harmless, and show no link again.
        browser.back();
        browser.wait_for_text("Links are shown once");
        browser.reload();
        assert!(shown_links(&browser).is_empty());
        browser.follow(link("Back to Users"));
        assert!(row(&browser, "Kaja Holmgren").contains("Invited link expires in 7 days"), "{}", row(&browser, "Kaja Holmgren"));

        let kaja = Browser::open(options);
        kaja.goto(&links[0]);
        kaja.fill(field("Password"), PASSWORD);
        kaja.fill(field("Confirm password"), PASSWORD);
        kaja.follow(button("Set password"));
        kaja.wait_for_text("Password set. Welcome to Muster.");
        let teo = Browser::open(options);
        teo.goto(&links[1]);
        teo.fill(field("Your name"), "Teo Baranov");
        teo.fill(field("Password"), PASSWORD);
        teo.fill(field("Confirm password"), PASSWORD);
        teo.follow(button("Set password"));
        teo.wait_for_text("Welcome to Muster.");

        visit(&browser, &app, USERS);
        assert!(row(&browser, "Teo Baranov").contains("Active"), "{}", row(&browser, "Teo Baranov"));
        browser.follow(link("Kaja Holmgren"));
        assert!(browser.text("#sessions").contains("127.0.0.1"), "{}", browser.text("#sessions"));
        browser.follow(button("Disable").within(".danger-zone"));
        assert_eq!(flash(&browser), "Disabled Kaja Holmgren.");
        visit(&kaja, &app, "/profile");
        kaja.wait_for_path("/login?next=%2Fprofile");
        kaja.fill(field("E-mail address"), "kaja@halden.example");
        kaja.fill(field("Password"), PASSWORD);
        kaja.follow(button("Sign in"));
        kaja.wait_for_text("Incorrect e-mail address or password.");
        if options.javascript {
            browser.assert_quiet_console();
        }
    }
}

#[test]
fn an_invitation_is_renewed_and_cancelled_from_the_row() {
    let app = TestApp::start();
    let browser = admin(&app, Options::default());
    visit(&browser, &app, &format!("{USERS}/invite"));
    browser.fill(field("E-mail addresses"), "Kaja Holmgren <kaja@halden.example>");
    browser.follow(button("Invite users"));
    let first = shown_links(&browser);
    browser.follow(link("Done, I've sent it"));
    browser.click(button("Actions for Kaja Holmgren"));
    browser.follow(link("New invitation link").within("#row-menu"));
    browser.wait_for("#new-link:modal");
    browser.follow(button("Create link"));
    assert_eq!(browser.text("h1"), "Send this link");
    assert_ne!(shown_links(&browser), first);
    visit(&browser, &app, USERS);
    browser.click(button("Actions for Kaja Holmgren"));
    assert!(!browser.shows(button("Disable").within("#row-menu")));
    browser.follow(link("Cancel invitation").within("#row-menu"));
    browser.wait_for("#cancel-invitation:modal");
    browser.follow(button("Cancel invitation").within("#cancel-invitation"));
    assert_eq!(flash(&browser), "Cancelled the invitation of Kaja Holmgren. The link no longer works.");
    browser.assert_quiet_console();
}

#[test]
fn the_pages_of_people_are_accessible() {
    let app = TestApp::start_with(|config| config.user_limit = Some(6));
    let (ida, email) = app.add_user("Ida Holm", &[predefined::USER.into()]);
    app.add_team("Mobile", &[&ida]);
    app.add_team("Platform", &[]);
    let browser = admin(&app, Options::default());
    let left = app.add_user("Tomas Okafor", &[]).0;
    let one = muster::accounts::model::Selection::Accounts(vec![left]);
    let shell = muster::auth::principal::Principal::shell();
    app.write(move |conn| muster::accounts::operations::disable(conn, &shell, muster::accounts::model::Kind::User, &one));
    visit(&browser, &app, &format!("{USERS}/invite"));
    judge(&browser, "invite");
    browser
        .fill(field("E-mail addresses"), "kaja@halden.example\nKaja <kaja@halden.example>\ntomas.okafor@example.test\nnonsense");
    browser.tick(field("Administrator"));
    browser.follow(button("Invite users"));
    judge(&browser, "invite, with lines to change");
    for line in ["Line 2", "Line 4"] {
        browser.fill(field(line), "");
    }
    browser.tick(field("Enable this account again"));
    browser.follow(button("Invite users"));
    judge(&browser, "invite, asked about administrators");
    browser.tick(field("Make them administrators"));
    browser.follow(button("Invite users"));
    judge(&browser, "a link, and somebody enabled again");
    visit(&browser, &app, USERS);
    judge(&browser, "users, one of them invited");
    browser.follow(link("kaja@halden.example"));
    judge(&browser, "an invited user");
    visit(&browser, &app, &format!("{USERS}/invite"));
    browser.fill(field("E-mail addresses"), "a@halden.example\nb@halden.example");
    browser.follow(button("Invite users"));
    judge(&browser, "several links");
    browser.reload();
    judge(&browser, "links that have been shown");
    visit(&browser, &app, USERS);
    judge(&browser, "no seat left");
    visit(&browser, &app, &format!("{USERS}/invite"));
    judge(&browser, "invite, no seat left");

    let second = signed_in(&app, &email, PASSWORD, Options::phone());
    visit(&browser, &app, &page_of(&ida));
    judge(&browser, "a user with a session");
    browser.click(button("More actions"));
    judge(&browser, "a user's menu");
    browser.click(link("Change e-mail address").within("#account-menu"));
    browser.wait_for("#email:modal");
    judge(&browser, "another address");
    browser.fill(field("E-mail address"), "maya.lindqvist@example.test");
    browser.follow(button("Save").within("#email"));
    judge(&browser, "another address, taken");
    visit(&browser, &app, &page_of(&ida));
    browser.click(link("New password link").within(".side-facts"));
    browser.wait_for("#new-link:modal");
    judge(&browser, "a new link, asked");
    browser.follow(button("Create link"));
    judge(&browser, "a new link");
    visit(&second, &app, "/profile");
    judge(&second, "the profile");
    let (_, email) = app.add_user("Nobody Special", &[]);
    let nobody = signed_in(&app, &email, PASSWORD, Options::default());
    visit(&nobody, &app, "/");
    nobody.wait_for_text("You don't have access to anything yet.");
    judge(&nobody, "the profile of somebody without roles");
    let stranger = Browser::open(Options::default());
    let key = app.write(move |conn| links::create(conn, Purpose::Password, Some(&ida)));
    visit(&stranger, &app, &format!("/set-password/{key}"));
    judge(&stranger, "a link for a password");
}

#[test]
fn who_only_invites_finds_their_way() {
    let app = TestApp::start();
    let inviter = app.add_role("Inviter", &["user:invite"]);
    let (_, email) = app.add_user("Hanna Desk", &[inviter]);
    for options in [Options::default(), Options::phone()] {
        let browser = signed_in(&app, &email, PASSWORD, options);
        visit(&browser, &app, "/");
        assert_eq!(browser.text("h1"), "Invitations");
        judge(&browser, "no invitations");
        browser.follow(link("Invite users"));
        browser.fill(field("E-mail addresses"), "Kaja Holmgren <kaja@halden.example>\nteo@halden.example");
        browser.follow(button("Invite users"));
        browser.follow(link("Done, I've sent them"));
        judge(&browser, "one's own invitations");
        browser.follow(button("New link for Kaja Holmgren"));
        assert_eq!(browser.text("h1"), "Send this link");
        browser.follow(link("Done, I've sent it"));
        for name in ["Kaja Holmgren", "teo@halden.example"] {
            browser.follow(button(&format!("Cancel the invitation of {name}")));
            assert_eq!(flash(&browser), format!("Cancelled the invitation of {name}. The link no longer works."));
        }
        browser.wait_for_text("No pending invitations");
        browser.assert_quiet_console();
    }
}

fn page_of(id: &Id) -> String {
    format!("{USERS}/{id}")
}
