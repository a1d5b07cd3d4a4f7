//! The list: selection, filters, sorting, pages and the menu of a row.

use muster::roles::predefined;
use muster::tokens::value::Access;

use super::driver::{Browser, Options, button, field, link};
use super::stage::{LIST, MACHINES, add_machines, admin, clear, flash, names, page_of, place, row, ticked, visit};
use crate::support::app::TestApp;

const HEADER_BOX: &str = "#select-page";

fn row_box(number: usize) -> String {
    format!("tbody tr:nth-child({number}) .check input")
}

fn header(browser: &Browser) -> (bool, bool) {
    let state = browser.read("const box = document.getElementById('select-page'); return [box.checked, box.indeterminate]", &[]);
    (state[0] == true, state[1] == true)
}

#[test]
fn rows_are_selected_one_by_one_by_range_by_page_and_all_that_match() {
    let app = TestApp::start();
    app.add_many(30);
    app.add_account("other");
    let browser = admin(&app, Options::default());
    visit(&browser, &app, &format!("{LIST}?q=bulk"));
    assert!(!browser.shows("#bulk"), "nothing is selected yet");

    // The page
    browser.tick(HEADER_BOX);
    browser.wait_for_text("25 selected");
    assert_eq!((ticked(&browser), header(&browser)), (25, (true, false)));
    browser.untick(row_box(3));
    browser.wait_for_text("24 selected");
    assert_eq!(header(&browser), (false, true));
    browser.click(link("Clear").within("#bulk"));
    browser.wait_for_focus(HEADER_BOX);
    assert_eq!((ticked(&browser), header(&browser)), (0, (false, false)));
    assert!(!browser.shows("#bulk"));

    // A range, in either direction
    browser.click(row_box(7));
    browser.shift_click(row_box(4));
    browser.wait_for_text("4 selected");
    assert_eq!(browser.read("return document.querySelector('[data-announce]').textContent", &[]), "4 selected");
    browser.press("Escape");
    browser.wait_for_focus(HEADER_BOX);
    assert_eq!(ticked(&browser), 0);

    // All that match, on other pages too
    browser.tick(row_box(1));
    browser.follow(button("Select all 30 that match"));
    browser.wait_for_text("All 30 selected");
    assert_eq!((ticked(&browser), browser.count("[data-select-matching]")), (25, 0));
    browser.untick(row_box(2));
    browser.wait_for_text("24 selected");
    browser.follow(button("Select all 30 that match"));
    browser.click(button("Remove Role"));
    browser.wait_for_focus(field("Find a role"));
    browser.tick(field("CI/CD").within("#pick-remove_role"));
    browser.follow(button("Remove Role from 30"));
    assert_eq!(flash(&browser), "Removed CI/CD from 30 system accounts.");
    assert_eq!(place(&browser), format!("{LIST}?q=bulk"), "the filters are kept");
    browser.wait_for_text("All 30 selected");
    browser.follow(button("Undo"));
    assert_eq!(flash(&browser), "Undone: CI/CD added to 30 system accounts.");
    browser.assert_quiet_console();
}

#[test]
fn what_is_unticked_after_all_that_match_is_spared() {
    let app = TestApp::start();
    app.add_many(30);
    let browser = admin(&app, Options::default());
    visit(&browser, &app, LIST);
    browser.tick(row_box(1));
    browser.follow(button("Select all 30 that match"));
    browser.wait_for_text("All 30 selected");
    browser.untick(row_box(1));
    browser.follow(button("Disable").within("#bulk"));
    assert_eq!(flash(&browser), "Disabled 24 system accounts.");
    assert_eq!(app.totals(), (6, 24));
}

#[test]
fn several_are_made_administrator_only_after_a_question() {
    let app = TestApp::start();
    add_machines(&app);
    let browser = admin(&app, Options::default());
    visit(&browser, &app, &format!("{LIST}?sort=-name"));
    for name in ["buildkite/ios", "catalog-sync"] {
        browser.tick(field(&format!("Select {name}")));
    }
    browser.follow(button("Make Administrator").within("#bulk"));
    assert_eq!(browser.text("h1"), "Make 2 system accounts administrators?");
    browser.follow(link("Cancel"));
    assert_eq!(place(&browser), format!("{LIST}?sort=-name"));
    assert!(!row(&browser, "buildkite/ios").contains("Administrator"));
    browser.wait_for_text("2 selected");
    browser.follow(button("Make Administrator").within("#bulk"));
    browser.follow(button("Make Administrator"));
    assert_eq!(flash(&browser), "Made 2 system accounts administrators.");
    clear(&browser);
    browser.tick(field("Select buildkite/ios"));
    browser.tick(field("Select drone/edge"));
    browser.follow(button("Remove Administrator").within("#bulk"));
    assert_eq!(flash(&browser), "buildkite/ios is no longer an administrator. drone/edge was not an administrator.");
    browser.assert_quiet_console();
}

#[test]
fn the_menu_of_a_row_acts_on_its_account() {
    let app = TestApp::start();
    let ids = add_machines(&app);
    let browser = admin(&app, Options::default());
    let name = MACHINES[2];
    let here = format!("{LIST}?sort=-name");
    visit(&browser, &app, &here);
    let open = || {
        browser.click(button(&format!("Actions for {name}")));
        browser.wait_for(".menu:popover-open");
    };
    let menu = ".menu:popover-open";

    open();
    browser.follow(button("Disable").within(menu));
    assert_eq!(flash(&browser), format!("Disabled {name}."));
    assert_eq!(browser.path(), here);
    browser.follow(button("Undo"));
    assert_eq!(names(&browser).len(), MACHINES.len());

    open();
    browser.follow(link("Make Administrator").within(menu));
    assert_eq!(browser.text("h1"), format!("Make {name} an administrator?"));
    browser.follow(button("Make Administrator"));
    assert_eq!(flash(&browser), format!("Made {name} an administrator."));
    visit(&browser, &app, &here);
    open();
    browser.follow(button("Remove Administrator").within(menu));
    assert_eq!(flash(&browser), format!("{name} is no longer an administrator."));

    open();
    browser.follow(link("Edit Roles").within(menu));
    browser.wait_for("#edit-roles:modal");
    assert_eq!(browser.path(), format!("{}?sort=-name", page_of(&ids[2])), "the address does not open the dialog again");
    browser.back();
    browser.wait_for(button(&format!("Actions for {name}")));

    open();
    browser.follow(link("Tokens").within(menu));
    assert_eq!(browser.path(), format!("{}?sort=-name#tokens", page_of(&ids[2])));
    visit(&browser, &app, &here);
    open();
    browser.follow(link("Delete").within(menu));
    browser.fill(field(&format!("Type {name} to confirm")), name);
    browser.follow(button("Delete system account"));
    assert_eq!(flash(&browser), format!("Deleted {name}."));
    assert_eq!(names(&browser).len(), MACHINES.len() - 1);
    browser.assert_quiet_console();
}

#[test]
fn what_is_typed_filters_at_once_and_keeps_the_focus() {
    let app = TestApp::start();
    add_machines(&app);
    let browser = admin(&app, Options::default());
    visit(&browser, &app, LIST);
    let search = field("Search system accounts");
    browser.press("/");
    browser.wait_for_focus(&search);
    browser.type_text("NIGHT");
    browser.wait_for_path(&format!("{LIST}?q=NIGHT"));
    assert_eq!(names(&browser), ["jenkins-nightly"]);
    browser.type_text("ly");
    browser.wait_for_path(&format!("{LIST}?q=NIGHTly"));
    browser.wait_for_focus(&search);
    assert_eq!(browser.value(&search), "NIGHTly");
    browser.wait_until("the number to be said", || {
        let said = browser.read("return document.querySelector('[data-announce]').textContent", &[]);
        (said == "1 system account matches").then_some(())
    });
    // The rows that arrived can be used like those of a fresh page
    browser.tick(field("Select jenkins-nightly"));
    browser.wait_for_text("1 selected");
    browser.follow(button("Disable").within("#bulk"));
    assert_eq!(flash(&browser), "Disabled jenkins-nightly.");
    assert_eq!(place(&browser), format!("{LIST}?q=NIGHTly"));
    browser.wait_for_text("No matches");
    browser.follow(link("Clear filters"));
    assert_eq!(browser.path(), LIST);
    browser.fill(field("Search system accounts"), "100%_'\"é");
    browser.wait_for_text("No matches");
    browser.reload();
    assert_eq!(browser.value(field("Search system accounts")), "100%_'\"é");
    browser.assert_quiet_console();
}

#[test]
fn filters_sorting_and_pages_stay_in_the_address() {
    let app = TestApp::start();
    let ids = add_machines(&app);
    let team = app.add_team("Platform", &[&ids[0], &ids[1]]);
    app.add_many(120);
    app.add_token(&ids[0], Access::Write);
    let browser = admin(&app, Options::default());
    visit(&browser, &app, LIST);

    browser.select(field("Team"), "Platform");
    browser.wait_for_path(&format!("{LIST}?team={team}"));
    assert_eq!(names(&browser), MACHINES[..2]);
    browser.select(field("Role"), "Read-Only");
    browser.wait_for_path(&format!("{LIST}?role={}&team={team}", predefined::READ_ONLY));
    browser.wait_for_text("No matches");
    browser.follow(link("Clear filters"));

    browser.select(field("Activity"), "Never used");
    browser.wait_for_path(&format!("{LIST}?activity=never"));
    browser.select(field("Rows per page"), "50");
    browser.wait_for_path(&format!("{LIST}?activity=never&size=50"));
    browser.wait_until("50 rows", || (names(&browser).len() == 46).then_some(()));
    browser.select(field("Activity"), "Any activity");
    browser.wait_for_path(&format!("{LIST}?size=50"));
    browser.wait_for_text("1–50 of 126");

    // The header of a column, and back by the same header
    browser.follow(link("Name").within("thead"));
    assert_eq!(browser.path(), format!("{LIST}?sort=-name&size=50"));
    assert_eq!(browser.attribute("thead th:has(#sort-name)", "aria-sort").as_deref(), Some("descending"));
    assert_eq!(names(&browser)[0], "search-index verify");
    browser.follow(link("Page 3"));
    assert_eq!(browser.path(), format!("{LIST}?sort=-name&size=50&page=3"));
    assert_eq!(names(&browser).len(), 26);
    browser.reload();
    assert_eq!(browser.attribute(link("Page 3"), "aria-current").as_deref(), Some("page"));
    assert!(!browser.shows(link("Next page")));
    browser.follow(link("Previous page"));
    browser.wait_for_text("51–100 of 126");
    browser.follow(link("Name").within("thead"));
    assert_eq!(browser.path(), format!("{LIST}?size=50"), "another order starts at its first page");

    // A link that somebody kept brings back everything
    visit(&browser, &app, &format!("{LIST}?q=bulk&disabled=1&sort=used&size=100&page=2"));
    assert_eq!(browser.value(field("Search system accounts")), "bulk");
    assert!(browser.is_ticked(field("Display disabled system accounts")));
    assert_eq!(browser.value(field("Rows per page")), "100");
    browser.wait_for_text("101–120 of 120");
    browser.assert_quiet_console();
}

#[test]
fn a_full_plan_and_a_taken_name_are_explained_on_the_list() {
    let app = TestApp::with_plan(2);
    let ids = add_machines(&app)[..2].to_vec();
    let browser = admin(&app, Options::default());
    visit(&browser, &app, LIST);
    browser.wait_for_text("The Team plan is full. Disable or delete a system account first.");
    assert!(!browser.shows(link("New system account")));
    assert_eq!(browser.attribute(button("New system account"), "aria-disabled").as_deref(), Some("true"));
    // The others are over the plan only because the harness made them
    browser.tick(HEADER_BOX);
    browser.follow(button("Disable").within("#bulk"));
    visit(&browser, &app, &format!("{LIST}?disabled=1"));
    browser.tick(HEADER_BOX);
    browser.follow(button("Enable").within("#bulk"));
    let refused = flash(&browser);
    assert!(refused.contains("Team plan"), "{refused}");
    assert_eq!(ticked(&browser), MACHINES.len(), "the selection is still there");
    visit(&browser, &app, &page_of(&ids[0]));
    browser.wait_for_text("Its tokens don't work until it's enabled again.");
    browser.assert_quiet_console();
}
