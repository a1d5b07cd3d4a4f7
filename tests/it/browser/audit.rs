//! The audit log in a browser: its states judged, and an export from the click to the file.

use super::accessibility::judge;
use super::driver::{Options, button, field, link};
use super::stage::{add_machines, admin, visit};
use crate::support::app::TestApp;

const LOG: &str = "/settings/audit-log";

#[test]
fn every_state_of_the_log() {
    let app = TestApp::start();
    add_machines(&app);
    app.add_account(&"a-name-without-any-place-to-break-it".repeat(2));
    let browser = admin(&app, Options::default());
    visit(&browser, &app, LOG);
    judge(&browser, "the audit log");
    browser.click(button("Export"));
    browser.wait_for("#export-menu:popover-open");
    judge(&browser, "the menu of the export");
    visit(&browser, &app, &format!("{LOG}?kind=roles&period=dates&from=2026-01-01"));
    judge(&browser, "the audit log between dates");
    browser.goto(format!("{}{LOG}?target=nothing%20like%20it", app.url));
    judge(&browser, "no events");
    browser.goto(format!("{}{LOG}?from=2026-01-02&to=2026-01-01&address=x", app.url));
    judge(&browser, "filters that cannot be understood");
    visit(&browser, &app, &format!("{LOG}?kind=account.role_added"));
    browser.follow("tbody td a");
    judge(&browser, "one event");
    visit(&browser, &app, &format!("{LOG}/retention"));
    judge(&browser, "retention");
    browser.tick(field("For a number of days"));
    browser.fill(field("Days"), "0");
    browser.follow(button("Show what would be deleted"));
    judge(&browser, "retention, refused");
    browser.fill(field("Days"), "30");
    browser.follow(button("Show what would be deleted"));
    judge(&browser, "retention, about to be saved");
    browser.follow(button("Save"));
    judge(&browser, "retention, saved");
}

#[test]
fn exporting_what_the_filters_show() {
    let app = TestApp::start();
    add_machines(&app);
    let browser = admin(&app, Options::default());
    visit(&browser, &app, LOG);
    browser.select(field("Kind of event"), "All sign-ins");
    browser.follow(button("Filter"));
    browser.click(button("Export"));
    browser.wait_for("#export-menu:popover-open");
    // What the button sends, read as the file that it saves.
    let file = "const form = document.querySelector('#export-menu'); \
                const query = new URLSearchParams(new FormData(form, form.querySelector('[value=csv]'))); \
                return fetch(form.action + '?' + query).then(answer => answer.text())";
    let file = browser.read(file, &[]);
    let file = file.as_str().unwrap();
    assert!(file.contains("session.started,Signed in,Maya Lindqvist"), "{file}");
    assert!(!file.contains("account.created"), "{file}");
    // An account's name leads to all that happened to it.
    visit(&browser, &app, &format!("{LOG}?kind=account.created"));
    browser.follow(link("search-index verify"));
    browser.wait_for_text("Created");
    assert!(browser.url().contains("target="), "{}", browser.url());
}
