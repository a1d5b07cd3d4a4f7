//! The essential things again without a mouse.

use super::driver::{Browser, Options, button, field, link};
use super::stage::{LIST, add_machines, admin, flash, names, page_of, ticked, visit};
use crate::support::app::{PASSWORD, TestApp};

/// The parts of the page through which Tab leads, each once.
fn parts(browser: &Browser) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for _ in 0..200 {
        browser.press("Tab");
        let script = "const part = ['skip', 'sidebar', 'page-head', 'page-notice', 'toolbar', 'bulkbar', 'pagination']
                .find(name => document.activeElement.closest('.' + name));
            return part ?? ['thead', 'tbody'].find(name => document.activeElement.closest(name)) ?? document.activeElement.tagName";
        let part = browser.read(script, &[]).as_str().unwrap_or_default().to_owned();
        if part == "BODY" {
            break;
        }
        if parts.last() != Some(&part) {
            parts.push(part);
        }
    }
    parts
}

/// Whether whatever has the focus shows it.
fn has_ring(browser: &Browser) -> bool {
    let style =
        "const s = getComputedStyle(document.activeElement); return s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2";
    browser.read(style, &[]) == true
}

#[test]
fn tab_leads_through_the_page_in_its_order() {
    let app = TestApp::start();
    let ids = add_machines(&app);
    app.add_team("Platform", &[&ids[0]]);
    let browser = admin(&app, Options::default());
    visit(&browser, &app, LIST);
    let expected = ["skip", "sidebar", "page-head", "page-notice", "toolbar", "thead", "tbody", "pagination"];
    assert_eq!(parts(&browser), expected);
    browser.reload();
    browser.tick(field("Select buildkite/ios"));
    browser.press("Escape");
    browser.wait_for_focus("#select-page");

    // Past the navigation
    visit(&browser, &app, LIST);
    browser.press("Tab");
    assert_eq!(browser.focused_name(), "Skip to content");
    assert!(has_ring(&browser));
    browser.press("Enter");
    browser.wait_for_focus("main");
    browser.press("Tab");
    let inside = browser.read("return Boolean(document.activeElement.closest('main'))", &[]);
    assert_eq!(inside, true);
}

#[test]
fn menus_are_walked_with_arrows_and_closed_with_escape() {
    let app = TestApp::start();
    add_machines(&app);
    let browser = admin(&app, Options::default());
    visit(&browser, &app, LIST);
    let opener = button("Actions for buildkite/ios");
    browser.tab_to(&opener);
    assert!(has_ring(&browser));
    browser.press("Enter");
    browser.wait_until("the first item", || (browser.focused_name() == "Edit Roles").then_some(()));
    for (key, name) in [
        ("ArrowDown", "Set owner"),
        ("ArrowDown", "Make Administrator"),
        ("ArrowDown", "Tokens"),
        ("End", "Delete"),
        ("ArrowDown", "Edit Roles"),
        ("ArrowUp", "Delete"),
        ("Home", "Edit Roles"),
    ] {
        browser.press(key);
        assert_eq!(browser.focused_name(), name, "after {key}");
    }
    assert_eq!(browser.attribute(&opener, "aria-expanded").as_deref(), Some("true"));
    browser.press("Escape");
    browser.wait_until_gone(".menu:popover-open");
    browser.wait_for_focus(&opener);
    browser.wait_until("the menu to be told as closed", || {
        (browser.attribute(&opener, "aria-expanded").as_deref() == Some("false")).then_some(())
    });

    browser.press("Space");
    // The menu is open a moment before its first item has the focus
    browser.wait_until("the first item", || (browser.focused_name() == "Edit Roles").then_some(()));
    for _ in 0..4 {
        browser.press("ArrowDown");
    }
    assert_eq!(browser.focused_name(), "Disable");
    browser.leads_on(|browser| browser.press("Enter"));
    assert_eq!(flash(&browser), "Disabled buildkite/ios.");
    // The flash has the focus, so that Undo is the next stop
    browser.wait_for_focus(".flash");
    browser.press("Tab");
    assert_eq!(browser.focused_name(), "Undo");
    browser.leads_on(|browser| browser.press("Enter"));
    assert_eq!(names(&browser)[0], "buildkite/ios");
    browser.assert_quiet_console();
}

#[test]
fn a_dialog_keeps_the_focus_and_gives_it_back() {
    let app = TestApp::start();
    let ids = add_machines(&app);
    let browser = admin(&app, Options::default());
    visit(&browser, &app, &page_of(&ids[0]));
    let opener = link("New token");
    browser.tab_to(&opener);
    browser.press("Enter");
    browser.wait_for("#new-token:modal");
    browser.wait_for_focus(field("Name"));
    // Round and round; between two rounds the browser's own controls may have it
    for _ in 0..15 {
        browser.press("Tab");
        let inside = "const at = document.activeElement; return at === document.body || Boolean(at.closest('dialog:modal'))";
        assert_eq!(browser.read(inside, &[]), true, "the focus left the dialog");
    }
    browser.press("Escape");
    browser.wait_until_gone("dialog");
    browser.wait_for_focus(&opener);

    browser.press("Enter");
    browser.wait_for_focus(field("Name"));
    browser.type_text("nightly");
    browser.press("Tab");
    browser.press("ArrowDown");
    assert!(browser.is_ticked(field("Read-write")));
    browser.leads_on(|browser| browser.press("Enter"));
    assert_eq!(app.verify(&browser.value("#token")).status, 200);
    browser.assert_quiet_console();
}

#[test]
fn one_signs_in_selects_acts_and_deletes_without_a_mouse() {
    let app = TestApp::start();
    add_machines(&app);
    let (_, email) = app.add_user("Maya Lindqvist", &[muster::roles::predefined::ADMINISTRATOR.into()]);
    let browser = Browser::open(Options::default());
    visit(&browser, &app, LIST);
    browser.wait_for_focus(field("E-mail address"));
    browser.type_text(&email);
    browser.press("Tab");
    browser.type_text(PASSWORD);
    browser.leads_on(|browser| browser.press("Enter"));
    browser.wait_for_path(LIST);

    for name in ["buildkite/ios", "drone/edge"] {
        browser.tab_to(field(&format!("Select {name}")));
        assert!(has_ring(&browser), "the box of {name} shows the focus");
        browser.press("Space");
    }
    browser.wait_for_text("2 selected");
    assert_eq!(ticked(&browser), 2);
    // Backwards to the bar above the table
    let picker = button("Add Role");
    for _ in 0..60 {
        if browser.focused_name() == "Add Role" {
            break;
        }
        browser.press("Shift+Tab");
    }
    browser.wait_for_focus(&picker);
    browser.press("Enter");
    browser.wait_for_focus(field("Find a role"));
    browser.press("Escape");
    browser.wait_until_gone("#pick-add_role");
    browser.wait_for_focus(&picker);
    assert_eq!(ticked(&browser), 2, "Escape closed the picker and no more");
    browser.press("Enter");
    browser.wait_for_focus(field("Find a role"));
    browser.type_text("read-");
    browser.press("ArrowDown");
    browser.press("Space");
    // In a picker it presses the picker's own button.
    browser.leads_on(|browser| browser.press("Enter"));
    assert_eq!(flash(&browser), "Added Read-Only to 2 system accounts.");
    browser.wait_for_text("2 selected");
    browser.press("Escape");
    browser.wait_until("nothing to be selected", || (ticked(&browser) == 0).then_some(()));

    browser.tab_to(field("Select drone/edge"));
    browser.press("Space");
    for _ in 0..60 {
        if browser.focused_name() == "Delete" {
            break;
        }
        browser.press("Shift+Tab");
    }
    browser.leads_on(|browser| browser.press("Enter"));
    browser.tab_to(field("Type drone/edge to confirm"));
    browser.type_text("drone/edge");
    browser.tab_to(button("Delete"));
    assert!(has_ring(&browser));
    browser.leads_on(|browser| browser.press("Enter"));
    assert_eq!(flash(&browser), "Deleted drone/edge.");
    assert!(!names(&browser).contains(&"drone/edge".to_owned()));
    browser.assert_quiet_console();
}
