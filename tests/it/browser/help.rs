//! The search of the API page: it needs no Enter, and leaves no heading without rows.

use super::driver::{Browser, Options, button, field};
use super::stage::{admin, visit};
use crate::support::app::TestApp;

const FIND: &str = "Find an endpoint";

fn shown(browser: &Browser) -> usize {
    browser.count("[data-filter-item]:not([hidden])")
}

fn headings(browser: &Browser) -> Vec<String> {
    browser.texts("[data-filter-group]:not([hidden]) > h2")
}

#[test]
fn endpoints_are_found_while_one_types() {
    let app = TestApp::start();
    let browser = admin(&app, Options::default());
    visit(&browser, &app, "/help/api");
    let all = shown(&browser);
    assert_eq!(all, muster::routes::API.len() + 1);
    browser.fill(field(FIND), "Token:Introspect");
    browser.wait_until("three endpoints", || (shown(&browser) == 3).then_some(()));
    assert_eq!(headings(&browser), ["Gateway"]);
    browser.fill(field(FIND), "delete role/admin");
    browser.wait_until("one endpoint", || (shown(&browser) == 1).then_some(()));
    browser.fill(field(FIND), "quetzal");
    browser.wait_for_text("No matching endpoints");
    assert_eq!((shown(&browser), headings(&browser).len()), (0, 0));
    // Come by a link to a search, everything is there again without a request.
    visit(&browser, &app, "/help/api?q=audit");
    assert_eq!((shown(&browser), headings(&browser)), (1, vec!["Audit log".to_owned()]));
    browser.fill(field(FIND), "");
    browser.wait_until("all endpoints", || (shown(&browser) == all).then_some(()));
}

#[test]
fn endpoints_are_found_without_script() {
    let app = TestApp::start();
    let browser = admin(&app, Options::default().without_javascript());
    visit(&browser, &app, "/help/api");
    browser.fill(field(FIND), "audit");
    browser.follow(button("Find"));
    assert_eq!((shown(&browser), headings(&browser)), (1, vec!["Audit log".to_owned()]));
}
