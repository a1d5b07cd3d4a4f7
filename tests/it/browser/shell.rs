//! What all pages share: theme, navigation on a phone, and that names are text.

use muster::tokens::value::Access;

use super::driver::{Options, button, field, link};
use super::stage::{LIST, add_machines, admin, flash, page_of, visit};
use crate::support::app::TestApp;

#[test]
fn the_theme_changes_at_once_and_stays() {
    let app = TestApp::start();
    let browser = admin(&app, Options::default());
    let background = || browser.read("return getComputedStyle(document.body).backgroundColor", &[]);
    visit(&browser, &app, LIST);
    let light = background();
    browser.click(button("Maya Lindqvist"));
    browser.click(button("Dark"));
    let dark = background();
    assert_ne!(light, dark, "without a page load");
    assert_eq!(browser.attribute(button("Dark"), "aria-pressed").as_deref(), Some("true"));
    browser.wait_until("the cookie", || (browser.cookie("theme").as_deref() == Some("dark")).then_some(()));
    browser.reload();
    assert_eq!(background(), dark);
    visit(&browser, &app, "/settings/roles");
    assert_eq!(background(), dark);
    // Back to what the system prefers, which may change under the page
    browser.click(button("Maya Lindqvist"));
    browser.click(button("System"));
    assert_eq!(background(), light);
    browser.prefer_dark(true);
    assert_eq!(background(), dark);
    browser.assert_quiet_console();
}

#[test]
fn a_phone_has_everything_in_reach() {
    let app = TestApp::start();
    let ids = add_machines(&app);
    let browser = admin(&app, Options::phone());
    visit(&browser, &app, LIST);
    assert!(!browser.shows(link("Roles").within(".nav")));
    browser.click(button("Open navigation"));
    browser.follow(link("Roles").within(".nav"));
    assert_eq!(browser.text("h1"), "Roles");
    visit(&browser, &app, LIST);
    browser.click(button("Filters"));
    browser.select(field("Sort").within("#filter-fold:popover-open"), "Newest activity first");
    browser.wait_for_path(&format!("{LIST}?sort=-used"));
    browser.wait_for(button("Filters Newest activity first"));
    browser.press("Escape");
    browser.wait_until_gone("#filter-fold:popover-open");
    browser.tick(field("Select buildkite/ios"));
    browser.wait_for_text("1 selected");
    browser.follow(button("Disable").within("#bulk"));
    assert_eq!(flash(&browser), "Disabled buildkite/ios.");
    browser.click(button("Actions for catalog-sync"));
    browser.follow(button("Disable").within(".menu:popover-open"));
    assert_eq!(flash(&browser), "Disabled catalog-sync.");
    visit(&browser, &app, &page_of(&ids[2]));
    browser.click("a[href=\"#new-token\"]");
    browser.fill(field("Name").within("dialog:modal"), "on the way");
    browser.follow(button("Create token"));
    assert_eq!((browser.value("#token").is_empty(), browser.overflow()), (false, 0));
    browser.assert_quiet_console();
}

#[test]
fn html_in_names_is_text_and_runs_nothing() {
    const IMAGE: &str = "<img src=x onerror=\"window.ran=1\">'&amp;";
    let app = TestApp::start();
    let role = app.add_role(&format!("r{IMAGE}"), &["contract_data:read:*"]);
    let id = app.add_account_with(&format!("a{IMAGE}"), &[role, muster::roles::predefined::CI_CD.into()]);
    app.add_team(&format!("t{IMAGE}"), &[&id]);
    app.add_token(&id, Access::Write);
    let browser = admin(&app, Options::default());
    let check = |expected: &[&str]| {
        let page = browser.read("return document.documentElement.textContent", &[]).as_str().unwrap().to_owned();
        for lead in expected {
            assert!(page.contains(&format!("{lead}{IMAGE}")), "{} shows {lead}… as text", browser.url());
        }
        assert_eq!(browser.read("return document.querySelectorAll('img').length", &[]), 0, "{}", browser.url());
        assert_eq!(browser.read("return window.ran ?? 0", &[]), 0, "{}", browser.url());
    };
    visit(&browser, &app, &page_of(&id));
    browser.click(button("More actions"));
    browser.click("a[href=\"#rename\"]");
    browser.fill(field("Description"), &format!("d{IMAGE}"));
    browser.follow(button("Save"));
    browser.click("a[href=\"#new-token\"]");
    browser.fill(field("Name").within("dialog:modal"), &format!("k{IMAGE}"));
    browser.follow(button("Create token"));
    check(&["a", "k"]);
    browser.follow(link("Done, I've saved it"));
    check(&["a", "d", "r", "t", "k"]);
    visit(&browser, &app, &format!("{LIST}?q={}", "%3Cimg%20src"));
    check(&["a", "d", "r", "t"]);
    assert_eq!(browser.value(field("Search system accounts")), "<img src");
    browser.fill(field("Search system accounts"), IMAGE);
    browser.wait_until("the rows for it", || browser.path().contains("onerror").then_some(()));
    browser.tick("tbody .check input");
    browser.click(button("Add Role"));
    check(&["a", "r"]);
    browser.press("Escape");
    browser.follow(button("Delete").within("#bulk"));
    check(&["a", "r"]);
    browser.follow(button("Disable instead"));
    browser.follow(button("Undo"));
    visit(&browser, &app, &page_of(&id));
    browser.follow(button("Disable").within(".danger-zone"));
    check(&["Disabled a", "a"]);
    visit(&browser, &app, "/settings/roles");
    check(&["r"]);
    browser.assert_quiet_console();
}
