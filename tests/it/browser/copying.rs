//! Copying a value that is shown once.

use muster::tokens::value::Access;

use super::driver::{Browser, Options, button, field};
use super::stage::{LIST, add_machines, admin, page_of, visit};
use crate::support::app::TestApp;

fn created(app: &TestApp, browser: &Browser) -> String {
    let id = app.add_account("robot");
    app.add_token(&id, Access::Read);
    visit(browser, app, &page_of(&id));
    browser.click("a[href=\"#new-token\"]");
    browser.fill(field("Name").within("dialog:modal"), "pipeline");
    browser.follow(button("Create token"));
    browser.value("#token")
}

fn label(browser: &Browser) -> String {
    browser.text("[data-copy=token] [data-copy-label]")
}

fn selected(browser: &Browser) -> String {
    let script = "const t = document.getElementById('token'); return t.value.slice(t.selectionStart, t.selectionEnd)";
    browser.read(script, &[]).as_str().unwrap().to_owned()
}

/// What plain http on another machine's address looks like to a page.
const NO_CLIPBOARD: &str = "Object.defineProperty(navigator, 'clipboard', { value: undefined }); return true";

#[test]
fn a_value_is_copied_where_the_clipboard_is_closed() {
    let app = TestApp::start();
    let browser = admin(&app, Options::default());
    let value = created(&app, &browser);
    browser.read(NO_CLIPBOARD, &[]);
    browser.read("document.addEventListener('copy', () => { window.copies = (window.copies ?? 0) + 1; }); return true", &[]);
    browser.click(button("Copy token"));
    browser.wait_until("the word", || (label(&browser) == "Copied").then_some(()));
    assert_eq!((browser.read("return window.copies", &[]), selected(&browser)), (1.into(), value.clone()));
    assert_eq!(browser.value("#token"), value);
    browser.wait_until("the button as before", || (label(&browser) == "Copy").then_some(()));
    // The commands below are text, not a field.
    browser.click(button("Copy curl"));
    let script = "return String(getSelection()).includes(arguments[0])";
    browser.wait_until("the command selected", || (browser.read(script, &[value.clone().into()]) == true).then_some(()));
    browser.assert_quiet_console();
}

#[test]
fn where_nothing_can_be_copied_the_button_says_what_to_press() {
    let app = TestApp::start();
    for options in [Options::default(), Options::phone()] {
        let app = if options.width == 390 { &TestApp::start() } else { &app };
        let browser = admin(app, options);
        let value = created(app, &browser);
        browser.read(NO_CLIPBOARD, &[]);
        browser.read("document.execCommand = () => false; return true", &[]);
        browser.click(button("Copy token"));
        browser.wait_until("the word", || (label(&browser) == "Press Ctrl+C").then_some(()));
        assert_eq!((selected(&browser), browser.value("#token"), browser.overflow()), (value.clone(), value, 0));
        browser.assert_quiet_console();
    }
}

#[test]
fn what_is_selected_is_copied_as_terraform() {
    let app = TestApp::start();
    let ids = add_machines(&app);
    for scripted in [true, false] {
        let options = if scripted { Options::default() } else { Options::default().without_javascript() };
        let (_, email) = app.add_user(&format!("Ada {scripted}"), &[muster::roles::predefined::ADMINISTRATOR.into()]);
        let browser = super::stage::signed_in(&app, &email, crate::support::app::PASSWORD, options);
        visit(&browser, &app, LIST);
        for name in ["drone/edge", "buildkite/ios"] {
            browser.tick(field(&format!("Select {name}")));
        }
        browser.click("[popovertarget=bulk-rare]");
        browser.follow(button("Copy as Terraform").within("#bulk-rare"));
        let text = browser.text("#accounts");
        for (at, id) in ids.iter().enumerate() {
            assert_eq!(text.contains(id.as_str()), [0, 2].contains(&at), "{text}");
        }
        // What is copied is what is shown; the address can be loaded again.
        browser.reload();
        assert_eq!(browser.text("#accounts"), text);
        if scripted {
            browser.read(NO_CLIPBOARD, &[]);
            browser.click("[data-copy=accounts]");
            browser.wait_until("the word", || (browser.text("[data-copy=accounts] [data-copy-label]") == "Copied").then_some(()));
            assert_eq!(browser.read("return String(getSelection()).includes('resource \"pact_user\"')", &[]), true);
        } else {
            assert_eq!(browser.count(".needs-js"), 0);
        }
        // The way back keeps what was ticked.
        browser.follow(super::driver::link("System Accounts").within(".crumbs"));
        assert_eq!(super::stage::ticked(&browser), 2);
        browser.assert_quiet_console();
    }
}
