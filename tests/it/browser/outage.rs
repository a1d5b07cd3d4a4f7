//! A page that could not be shown is shown by itself once the database is back.

use super::driver::Options;
use super::stage::{LIST, add_machines, admin, names, visit};
use crate::support::app::TestApp;
use crate::support::engine::Engine;

#[test]
fn a_page_of_an_outage_looks_again_by_itself() {
    if Engine::current() != Engine::Sqlite {
        return;
    }
    let app = TestApp::start();
    add_machines(&app);
    let browser = admin(&app, Options::default());
    visit(&browser, &app, LIST);
    let file = app.database_url.strip_prefix("sqlite:").unwrap();
    std::fs::rename(file, format!("{file}.away")).unwrap();
    browser.wait_until("the outage to be noticed", || (app.anonymous().get("/readyz").status == 503).then_some(()));
    visit(&browser, &app, LIST);
    browser.wait_for_text("Temporarily unavailable");
    // Without script the same link is there.
    assert!(browser.attribute("a[data-retry]", "href").is_some());
    std::fs::rename(format!("{file}.away"), file).unwrap();
    browser.wait_until("the page to look again", || (!names(&browser).is_empty()).then_some(()));
}

#[test]
fn ticks_that_the_browser_brings_back_are_dropped() {
    let app = TestApp::start();
    add_machines(&app);
    let browser = admin(&app, Options::default());
    visit(&browser, &app, LIST);
    browser.tick(super::driver::field("Select drone/edge"));
    browser.wait_for_text("1 selected");
    // As a browser does that keeps whole pages for the way back.
    browser.read("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))", &[]);
    assert_eq!(super::stage::ticked(&browser), 0);
}
