//! Whatever people type shows as text and runs nothing, on every page that shows it.

use muster::roles::predefined;
use muster::tokens::value::Access;

use super::driver::{Browser, Options, button, field, link};
use super::stage::{LIST, page_of, signed_in, viewer, visit};
use crate::support::app::{PASSWORD, TestApp};

/// Leaves an attribute of either quote, a text, and a script.
const PAYLOADS: [&str; 3] = [
    "<img src=x onerror=window.ran=1>",
    "\"'><img src=x onerror=\"window.ran=2\">",
    "</title></script><script>window.ran=3</script>",
];

/// Fails unless each of `leads`, followed by the payload, is on the page as text, and nothing came of it.
fn check(browser: &Browser, payload: &str, leads: &[&str]) {
    let page = browser.read("return document.documentElement.textContent", &[]).as_str().unwrap().to_owned();
    for lead in leads {
        assert!(page.contains(&format!("{lead}{payload}")), "{} does not show {lead}{payload}", browser.url());
    }
    let foreign = "return document.querySelectorAll('img, iframe, script:not([src^=\"/static/\"])').length";
    assert_eq!(browser.read(foreign, &[]), 0, "{} with {payload}", browser.url());
    let handlers =
        "return [...document.querySelectorAll('*')].filter(e => e.getAttributeNames().some(n => n.startsWith('on'))).length";
    assert_eq!(browser.read(handlers, &[]), 0, "{} with {payload}", browser.url());
    assert_eq!(browser.read("return window.ran ?? 0", &[]), 0, "{} with {payload}", browser.url());
    browser.assert_quiet_console();
}

/// The person who sets everything up has such a name, too.
fn set_up(app: &TestApp, payload: &str) -> Browser {
    let name = format!("u{payload}");
    let fields = [("name", name.as_str()), ("email", "u@example.test"), ("password", PASSWORD), ("password_again", PASSWORD)];
    let answer = app.anonymous().post(app.setup_link.as_ref().unwrap(), &fields);
    assert_eq!(answer.status, 303, "{}", answer.text());
    signed_in(app, "u@example.test", PASSWORD, Options::default())
}

fn goes_through_the_pages(payload: &str) {
    let app = TestApp::start_with(|config| config.max_token_lifetime = Some(chrono::TimeDelta::days(60)));
    let browser = set_up(&app, payload);
    let role = app.add_role(&format!("r{payload}"), &["contract_data:read:*"]);
    let team = app.add_team(&format!("t{payload}"), &[]);

    // A new account, refused once so that the form comes back with what was typed
    let new = format!("{LIST}/new");
    visit(&browser, &app, &new);
    check(&browser, payload, &["u", "r", "t"]);
    browser.fill(field("Name"), &format!("a{payload}"));
    browser.fill(field("Description"), &format!("d{payload}"));
    browser.read("document.querySelectorAll('[name=role]').forEach(e => e.checked = false)", &[]);
    browser.tick(format!("[name=role][value=\"{role}\"]"));
    browser.click(format!("[name=team][value=\"{team}\"]"));
    browser.follow(button("Create system account"));
    check(&browser, payload, &["u", "a"]);
    let id = app.read(|conn| {
        use diesel::prelude::*;
        use muster::schema::accounts;
        Ok(accounts::table.filter(accounts::kind.eq("system")).select(accounts::id).first::<muster::id::Id>(conn)?)
    });
    visit(&browser, &app, &new);
    browser.fill(field("Name"), &format!("a{payload}"));
    browser.fill(field("Description"), &format!("d{payload}"));
    browser.follow(button("Create system account"));
    assert_eq!(browser.value(field("Name")), format!("a{payload}"), "the name is taken");
    check(&browser, payload, &["u"]);

    // The account, its dialogs, a token and its successor
    visit(&browser, &app, &page_of(&id));
    check(&browser, payload, &["a", "d", "r", "t", "by u", "u"]);
    for dialog in ["edit-roles", "edit-teams", "new-token"] {
        browser.click(format!("a[href=\"#{dialog}\"]"));
        browser.wait_for(format!("#{dialog}:modal"));
        if dialog != "new-token" {
            browser.press("Escape");
            browser.wait_until_gone("dialog");
        }
    }
    browser.fill(field("Name").within("dialog:modal"), &format!("k{payload}"));
    browser.follow(button("Create token"));
    check(&browser, payload, &["a", "k"]);
    browser.follow(link("Done, I've saved it"));
    check(&browser, payload, &["a", "d", "r", "t", "k", "Regenerate “k", "Revoke “k"]);
    browser.click("a[href^=\"#regenerate\"]");
    browser.follow(button("Regenerate"));
    check(&browser, payload, &["a", "k"]);
    browser.follow(link("Done, I've saved it"));
    check(&browser, payload, &["k", "stop the old value of k"]);
    browser.follow(button("Disable").within(".danger-zone"));
    check(&browser, payload, &["Disabled a"]);
    browser.follow(button("Undo"));
    check(&browser, payload, &["a"]);

    // Questions, one and many
    for question in ["promotion", "deletion"] {
        visit(&browser, &app, &format!("{}/{question}", page_of(&id)));
        check(&browser, payload, &["a", "r"]);
    }
    app.add_account_with("another", &[predefined::CI_CD.into()]);
    let search: String = payload.bytes().map(|byte| format!("%{byte:02X}")).collect();
    visit(&browser, &app, &format!("{LIST}?q={search}&role={role}&team={team}"));
    assert_eq!(browser.value(field("Search system accounts")), payload);
    check(&browser, payload, &["a", "d", "r", "t"]);
    browser.tick("tbody .check input");
    browser.click(button("Add Role"));
    check(&browser, payload, &["a", "r"]);
    browser.press("Escape");
    for action in ["Make Administrator", "Delete"] {
        visit(&browser, &app, LIST);
        browser.tick("#select-page");
        browser.follow(button(action).within("#bulk"));
        check(&browser, payload, &["a", "r"]);
    }

    // Roles, the policy, one's own page, and errors that speak of what was typed
    visit(&browser, &app, "/settings/roles");
    check(&browser, payload, &["r"]);
    app.add_token(&id, Access::Write);
    visit(&browser, &app, "/settings/token-policy");
    check(&browser, payload, &["a"]);
    browser.fill(field("Message"), &format!("m{payload}"));
    browser.follow(button("Pause token creation"));
    check(&browser, payload, &["m", "by u"]);
    visit(&browser, &app, &page_of(&id));
    check(&browser, payload, &["m"]);
    visit(&browser, &app, &new);
    check(&browser, payload, &["m"]);
    visit(&browser, &app, "/profile");
    check(&browser, payload, &["u"]);
    visit(&browser, &app, &format!("/settings/{search}?next={search}"));
    check(&browser, payload, &[]);

    let looker = viewer(&app, Options::default());
    visit(&looker, &app, LIST);
    check(&looker, payload, &["Ask u", "a", "d", "r", "t"]);
    visit(&looker, &app, &page_of(&id));
    check(&looker, payload, &["Ask u", "a", "d", "r", "t", "by u"]);

    let stranger = Browser::open(Options::default());
    visit(&stranger, &app, &format!("/login?notice={search}&next=/{search}"));
    stranger.fill(field("E-mail address"), payload);
    stranger.fill(field("Password"), "wrong");
    stranger.read("document.querySelector('form').noValidate = true", &[]);
    stranger.follow(button("Sign in"));
    assert_eq!(stranger.value(field("E-mail address")), payload);
    check(&stranger, payload, &[]);
}

#[test]
fn an_element_stays_text() {
    goes_through_the_pages(PAYLOADS[0]);
}

#[test]
fn quotes_leave_no_attribute() {
    goes_through_the_pages(PAYLOADS[1]);
}

#[test]
fn the_end_of_a_script_ends_none() {
    goes_through_the_pages(PAYLOADS[2]);
}
