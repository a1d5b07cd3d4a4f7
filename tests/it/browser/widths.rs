//! The list on a phone, on a small screen and on a large one.

use muster::id::Id;
use muster::roles::predefined;

use super::driver::{Browser, Options, button, field, link};
use super::stage::{LIST, MACHINES, add_machines, admin, flash, page_of, signed_in, visit};
use crate::support::app::{PASSWORD, TestApp};

fn wide(width: u32) -> Options {
    Options { width, ..Options::default() }
}

/// The distance of an element's upper edge from that of the page.
fn top(browser: &Browser, css: &str) -> f64 {
    let script = "return document.querySelector(arguments[0]).getBoundingClientRect().top + scrollY";
    browser.read(script, &[css.into()]).as_f64().unwrap()
}

fn height(browser: &Browser, css: &str) -> f64 {
    let script = "return document.querySelector(arguments[0]).getBoundingClientRect().height";
    browser.read(script, &[css.into()]).as_f64().unwrap()
}

/// Names that do not fit into their column.
fn cut_names(browser: &Browser) -> i64 {
    let script = "return [...document.querySelectorAll('.who-name')].filter(name => name.scrollWidth > name.clientWidth).length";
    browser.read(script, &[]).as_i64().unwrap()
}

fn headers(browser: &Browser) -> Vec<String> {
    browser.texts("thead th:not(.col-check, .col-menu)")
}

/// Accounts with every hint above the list, a description, and many teams and roles for one of them.
fn add_all_kinds(app: &TestApp) -> Vec<Id> {
    let ids = add_machines(app);
    let roles = [predefined::CI_CD, predefined::READ_ONLY, predefined::USER].map(Id::from);
    let busy = app.add_account_with("aaa busy", &roles);
    for team in ["Alpha", "Beta", "Gamma", "Delta"] {
        app.add_team(team, &[&busy]);
    }
    ids
}

#[test]
fn a_phone_shows_the_first_account_within_its_first_screen() {
    let app = TestApp::with_plan(50);
    add_all_kinds(&app);
    app.add_account_with("deploy-gate/production-eu", &[predefined::CI_CD.into()]);
    let (_, email) = app.add_user("Maya Lindqvist", &[predefined::ADMINISTRATOR.into()]);
    for javascript in [true, false] {
        let browser = signed_in(&app, &email, PASSWORD, Options { javascript, ..Options::phone() });
        visit(&browser, &app, LIST);
        assert!(top(&browser, ".who-name") < 400.0, "{} with script: {javascript}", top(&browser, ".who-name"));
        assert_eq!(browser.overflow(), 0);
        // Without script there is no box to select them all, and no words about one.
        assert_eq!(browser.count(".check-text"), usize::from(javascript));
        // The notice is a line, and opens.
        let line = height(&browser, "#about-accounts p");
        assert!(line < 24.0, "{line}");
        browser.click(link("More").within("#about-accounts"));
        assert!(height(&browser, "#about-accounts p") > line * 1.5);
        assert!(!browser.shows(link("More").within("#about-accounts")));
    }
}

/// A window of 1280 pixels with a scroll bar of the usual width.
#[test]
fn the_actions_for_what_is_selected_stand_in_one_line() {
    let app = TestApp::start();
    add_machines(&app);
    app.add_many(30);
    let browser = admin(&app, wide(1265));
    visit(&browser, &app, LIST);
    browser.tick(field(&format!("Select {}", MACHINES[0])));
    browser.wait_for_text("1 selected");
    let script = "return new Set([...document.querySelectorAll('.bulkbar-actions button')].filter(button => button.checkVisibility()) \
                  .map(button => Math.round(button.getBoundingClientRect().top))).size";
    assert_eq!(browser.read(script, &[]), 1);
}

#[test]
fn a_phone_reaches_every_bulk_action() {
    let app = TestApp::start();
    add_machines(&app);
    let browser = admin(&app, Options::phone());
    visit(&browser, &app, LIST);
    let more = button("More actions for the selected");
    let select = || browser.tick(field(&format!("Select {}", MACHINES[0])));
    select();
    assert!(browser.shows(button("Add Role").within("#bulk")) && browser.shows(button("Disable").within("#bulk")));
    browser.click(more.clone());
    for action in ["Remove Role", "Make Administrator", "Remove Administrator", "Enable", "Delete"] {
        assert!(browser.shows(button(action).within("#bulk-more")), "{action}");
    }
    assert_eq!(browser.axe(), vec![]);
    browser.click(button("Remove Role").within("#bulk-more"));
    browser.tick(field("CI/CD").within("#pick-remove_role"));
    browser.follow(button("Remove Role from 1").within("#pick-remove_role"));
    assert!(flash(&browser).starts_with("Removed CI/CD from "), "{}", flash(&browser));
    select();
    browser.click(more);
    browser.follow(button("Delete").within("#bulk-more"));
    assert_eq!(browser.text("h1"), format!("Delete {}?", MACHINES[0]));
    browser.assert_quiet_console();
}

#[test]
fn filters_on_a_phone_work_without_script() {
    let app = TestApp::start();
    add_machines(&app);
    let browser = admin(&app, Options::phone().without_javascript());
    visit(&browser, &app, LIST);
    browser.click(button("Filters"));
    browser.select(field("Activity").within("#filter-fold"), "Never used");
    browser.follow(button("Filter").within("#filter-fold"));
    assert!(browser.path().split_once('?').unwrap().1.contains("activity=never"));
    assert!(browser.shows(button("Filters Never used")));
}

#[test]
fn names_are_readable_on_a_small_screen_and_nothing_is_collapsed_on_a_large_one() {
    let app = TestApp::start();
    add_all_kinds(&app);
    let (_, email) = app.add_user("Maya Lindqvist", &[predefined::ADMINISTRATOR.into()]);
    let again = |options: Options| signed_in(&app, &email, PASSWORD, options);
    let browser = again(wide(1024));
    let list = format!("{LIST}?disabled=1");
    visit(&browser, &app, &list);
    assert_eq!(cut_names(&browser), 0);
    assert_eq!(headers(&browser), ["Name", "Roles", "Token activity", "Tokens"]);
    visit(&browser, &app, LIST);
    assert_eq!(cut_names(&browser), 0);
    assert_eq!(headers(&browser), ["Name", "Roles", "Token activity", "Tokens", "Owner"]);
    let browser = again(wide(1280));
    visit(&browser, &app, &list);
    let all = ["Name", "Teams", "Roles", "Last login", "Token activity", "Tokens"];
    assert_eq!(headers(&browser), all);
    assert_eq!((cut_names(&browser), browser.count(".fewer"), browser.count(".extra")), (0, 2, 0));
    let browser = again(wide(1920));
    visit(&browser, &app, &list);
    assert_eq!(headers(&browser), [&all[..], &["Status"]].concat());
    assert_eq!((cut_names(&browser), browser.count(".fewer"), browser.count(".extra")), (0, 0, 5));
}

#[test]
fn what_an_account_is_stands_before_what_ends_it_on_a_phone() {
    let app = TestApp::start();
    let ids = add_machines(&app);
    let browser = admin(&app, Options::phone());
    visit(&browser, &app, &page_of(&ids[0]));
    for part in ["#roles", "#teams", "#about-title"] {
        assert!(top(&browser, part) < top(&browser, ".danger-zone"), "{part}");
    }
    browser.resize(1280, 800);
    assert!(top(&browser, "#about-title") < top(&browser, ".danger-zone"));
    assert!(top(&browser, "#roles") - top(&browser, "#tokens") < 1.0, "beside each other");
}

#[test]
fn the_menu_of_one_row_makes_way_for_that_of_another() {
    let app = TestApp::start();
    let ids = add_machines(&app);
    let browser = admin(&app, Options::default());
    visit(&browser, &app, &format!("{LIST}?disabled=1"));
    let target = || browser.attribute(link("Delete").within("#row-menu:popover-open"), "href").unwrap();
    let near = |name: &str| {
        let script = "const box = element => element.getBoundingClientRect();
            const [menu, row] = [box(document.querySelector('#row-menu')), box(document.querySelector(`[aria-label=\"Actions for ${arguments[0]}\"]`))];
            return Math.abs(menu.top - row.bottom) < 24 && Math.abs(menu.right - row.right) < 24";
        browser.read(script, &[name.into()]) == true
    };
    for at in [2, 1, 0] {
        let opener = button(&format!("Actions for {}", MACHINES[at]));
        browser.click(opener.clone());
        browser.wait_for("#row-menu:popover-open");
        assert!(target().contains(&format!("{}/deletion?next=", ids[at])), "{}", target());
        browser.wait_until("the menu beside its row", || near(MACHINES[at]).then_some(()));
        assert_eq!(browser.attribute(&opener, "aria-expanded").as_deref(), Some("true"));
        assert_eq!(browser.count("[aria-expanded=true]"), 1);
    }
    // The same button closes it.
    browser.click(button(&format!("Actions for {}", MACHINES[0])));
    browser.wait_until_gone("#row-menu:popover-open");
    browser.click(button(&format!("Actions for {}", MACHINES[0])));
    browser.follow(button("Disable").within("#row-menu"));
    browser.click(button(&format!("Actions for {}", MACHINES[0])));
    assert!(browser.shows(button("Enable").within("#row-menu")));
    assert!(!browser.shows(button("Disable").within("#row-menu")));
    browser.assert_quiet_console();
}
