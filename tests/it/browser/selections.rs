//! What is selected under the hand: Enter, Back, reload, pickers, and what a colleague does meanwhile.

use super::driver::{Browser, Options, button, field, link};
use super::stage::{LIST, add_machines, admin, clear, flash, names, place, visit};
use crate::support::app::TestApp;

fn both() -> [Options; 2] {
    [Options::default(), Options::default().without_javascript()]
}

/// The names of the accounts whose boxes are ticked.
fn chosen(browser: &Browser) -> Vec<String> {
    let script = "return [...document.querySelectorAll('tbody tr')].filter((row) => row.querySelector('.check input').checked)\
                  .map((row) => row.querySelector('.who-name').textContent)";
    let found = browser.read(script, &[]);
    found.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

#[test]
fn enter_on_a_box_does_nothing() {
    for options in both() {
        let app = TestApp::start();
        add_machines(&app);
        let browser = admin(&app, options);
        visit(&browser, &app, LIST);
        browser.tick(field("Select drone/edge"));
        browser.tab_to(field("Select drone/edge"));
        browser.press("Enter");
        // Where it is sent all the same, it is to come back with what is ticked.
        browser.reload();
        assert_eq!((place(&browser), app.totals().1), (LIST.to_owned(), 0));
        assert_eq!(browser.text("h1"), "System Accounts");
        // In a picker's box without script likewise; with it the picker's button is pressed.
        browser.tick(field("Select drone/edge"));
        browser.click(button("Add Role").within("#bulk"));
        browser.tick(field("Read-Only").within("#pick-add_role"));
        browser.press("Enter");
        browser.wait_for_text("System accounts are for machines.");
        assert_eq!(browser.text("h1"), "System Accounts");
    }
}

#[test]
fn the_search_and_a_filter_only_filter() {
    for options in both() {
        let app = TestApp::start();
        add_machines(&app);
        let browser = admin(&app, options);
        visit(&browser, &app, LIST);
        browser.fill(field("Search system accounts"), "edge");
        browser.press("Enter");
        browser.wait_until("the list to be narrowed", || (names(&browser) == ["drone/edge"]).then_some(()));
        assert_eq!(app.totals().1, 0);
    }
}

#[test]
fn back_ticks_no_other_accounts() {
    for options in both() {
        for colleague in [false, true] {
            let app = TestApp::start();
            add_machines(&app);
            let browser = admin(&app, options);
            visit(&browser, &app, LIST);
            let all = names(&browser);
            for name in [&all[1], &all[2]] {
                browser.tick(field(&format!("Select {name}")));
            }
            let before = chosen(&browser);
            assert_eq!(before, all[1..3]);
            browser.follow(button("Disable").within("#bulk"));
            assert_eq!(flash(&browser), "Disabled 2 system accounts.");
            assert!(chosen(&browser).is_empty(), "those that are no longer there are not ticked");
            if colleague {
                add_one_before(&app);
            }
            browser.back();
            browser.wait_for_path(LIST);
            let after = chosen(&browser);
            assert!(after.iter().all(|name| before.contains(name)), "{before:?}, then {after:?}");
        }
    }
}

/// A colleague adds one that stands before all others.
fn add_one_before(app: &TestApp) {
    app.add_account("aaa");
}

#[test]
fn what_was_ticked_is_ticked_after_an_action_and_cancel() {
    for options in both() {
        let app = TestApp::start();
        add_machines(&app);
        let browser = admin(&app, options);
        visit(&browser, &app, &format!("{LIST}?disabled=1"));
        browser.tick(field("Select drone/edge"));
        browser.tick(field("Select catalog-sync"));
        browser.follow(button("Disable").within("#bulk"));
        assert_eq!(chosen(&browser), ["catalog-sync", "drone/edge"]);
        assert_eq!(place(&browser), format!("{LIST}?disabled=1"));
        browser.follow(button("Delete").within("#bulk"));
        assert_eq!(browser.text("h1"), "Delete 2 system accounts?");
        browser.reload();
        assert_eq!(browser.text("h1"), "Delete 2 system accounts?", "a question has an address of its own");
        browser.follow(link("Cancel"));
        assert_eq!(chosen(&browser), ["catalog-sync", "drone/edge"]);
        browser.back();
        assert_eq!(browser.text("h1"), "Delete 2 system accounts?");
        browser.back();
        assert_eq!(chosen(&browser), ["catalog-sync", "drone/edge"]);
        browser.follow(button("Enable").within("#bulk"));
        assert_eq!(app.totals().1, 0);
    }
}

#[test]
fn what_is_ticked_in_a_picker_stays_in_sight() {
    let app = TestApp::start();
    add_machines(&app);
    let browser = admin(&app, Options::default());
    visit(&browser, &app, LIST);
    browser.tick(field("Select drone/edge"));
    browser.wait_for_text("1 selected");
    browser.click(button("Add Role").within("#bulk"));
    browser.wait_for_focus(field("Find a role"));
    browser.tick(field("Read-Only").within("#pick-add_role"));
    browser.fill(field("Find a role"), "user");
    browser.wait_until_gone(field("CI/CD").within("#pick-add_role"));
    assert!(browser.shows(field("Read-Only").within("#pick-add_role")), "it would be applied, so it is seen");
    // Ticks of a closed picker go along with nothing else.
    browser.press("Escape");
    browser.follow(button("Make Administrator").within("#bulk"));
    browser.follow(button("Make Administrator"));
    assert_eq!(flash(&browser), "Made drone/edge an administrator.");
    clear(&browser);
    assert!(!super::stage::row(&browser, "drone/edge").contains("Read-Only"));
    browser.assert_quiet_console();
}

#[test]
fn enter_in_a_picker_presses_its_own_button() {
    let app = TestApp::start();
    add_machines(&app);
    let browser = admin(&app, Options::default());
    for (role, focus) in [("Read-Only", "Find a role"), ("Viewer", "Viewer")] {
        visit(&browser, &app, LIST);
        browser.tick(field("Select drone/edge"));
        browser.wait_for_text("1 selected");
        browser.click(button("Add Role").within("#bulk"));
        browser.tick(field(role).within("#pick-add_role"));
        browser.tab_to(field(focus));
        browser.leads_on(|browser| browser.press("Enter"));
        assert_eq!(flash(&browser), format!("Added {role} to drone/edge."));
    }
    // Nothing is chosen: nothing happens.
    visit(&browser, &app, LIST);
    browser.tick(field("Select drone/edge"));
    browser.click(button("Remove Role").within("#bulk"));
    browser.wait_for_focus(field("Find a role"));
    browser.press("Enter");
    assert!(browser.shows(field("Find a role")) && browser.text("h1") == "System Accounts");
    browser.assert_quiet_console();
}

#[test]
fn no_form_has_a_dangerous_first_button() {
    let app = TestApp::start();
    let ids = add_machines(&app);
    let browser = admin(&app, Options::default());
    let question = format!("{LIST}/{}/deletion", ids[0]);
    for path in [LIST.to_owned(), format!("{LIST}/{}", ids[0]), format!("{LIST}/new"), question, "/settings/users".to_owned()] {
        visit(&browser, &app, &path);
        // Of each form that a field could send by Enter: its first button is off, or is what the form is for.
        let script = "return [...document.forms].filter((form) => [...form.elements].some((field) => \
                      field.matches('input:not([type=hidden]), select'))).map((form) => [form.id || form.action, \
                      [...form.elements].find((field) => field.matches('button:not([type=button])'))]).filter(([, first]) => \
                      first && first.name === 'do' && first.value !== 'keep' && !first.closest('.guard')).map(([id]) => id)";
        assert_eq!(browser.read(script, &[]).as_array().unwrap().len(), 0, "{path}");
    }
}

#[test]
fn a_form_shows_that_it_is_carried_out_and_is_ready_again_on_the_way_back() {
    let app = TestApp::start();
    add_machines(&app);
    let browser = admin(&app, Options::default());
    visit(&browser, &app, LIST);
    browser.tick(field("Select drone/edge"));
    let note = "document.addEventListener('submit', (event) => sessionStorage.setItem('busy', \
                `${event.target.getAttribute('aria-busy')} ${event.submitter.hasAttribute('data-busy')}`))";
    browser.read(note, &[]);
    browser.follow(button("Disable").within("#bulk"));
    assert_eq!(browser.read("return sessionStorage.getItem('busy')", &[]), "true true");
    browser.back();
    browser.wait_for_path(LIST);
    browser.wait_until("the form to be ready", || {
        let busy = browser.read("return document.querySelectorAll('[aria-busy], [data-busy]').length", &[]);
        (busy == 0).then_some(())
    });
    visit(&browser, &app, LIST);
    browser.tick(field("Select catalog-sync"));
    browser.follow(button("Disable").within("#bulk"));
    assert_eq!((flash(&browser).as_str(), app.totals().1), ("Disabled catalog-sync.", 2));
}
