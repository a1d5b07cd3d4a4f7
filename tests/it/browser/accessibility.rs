//! Every page and each of its states, on a desk and on a phone, in light and in dark: axe-core finds nothing, nothing has
//! to be scrolled sideways, and the console stays quiet.

use muster::auth::links::{self, Purpose};
use muster::demo::Demo;
use muster::roles::predefined;

use super::driver::{Browser, Options, button, field, link};
use super::stage::{LIST, add_machines, admin, signed_in, viewer, visit};
use crate::support::app::{PASSWORD, TestApp, test_config};
use crate::support::engine::TestDatabase;

const DESK: (u32, u32) = (1280, 1000);
const PHONE: (u32, u32) = (390, 844);

/// Looks at the page as it is now from all sides.
pub(super) fn judge(browser: &Browser, state: &str) {
    judge_at(browser, state, &[PHONE, DESK]);
}

fn judge_at(browser: &Browser, state: &str, sizes: &[(u32, u32)]) {
    for (width, height) in sizes {
        browser.resize(*width, *height);
        assert_eq!(browser.overflow(), 0, "{state} is wider than {width} pixels");
        for dark in [false, true] {
            browser.prefer_dark(dark);
            // In the dark only the colours are others.
            let found = if dark { browser.axe_colours() } else { browser.axe() };
            assert!(found.is_empty(), "{state} at {width} pixels, {}: {found:#?}", if dark { "dark" } else { "light" });
        }
    }
    browser.prefer_dark(false);
    browser.resize(DESK.0, DESK.1);
    let said = browser.console_errors();
    assert!(said.is_empty(), "{state}: {said:#?}");
}

/// Halden Freight of `muster serve --demo`: tokens in every state, a month of activity, people of every kind.
struct Halden {
    app: TestApp,
    _demo: Demo,
}

impl Halden {
    fn start() -> Self {
        let demo = Demo::prepare(test_config("sqlite:unused.db".parse().unwrap())).unwrap();
        Self { app: TestApp::serve(TestDatabase::empty(), demo.config()), _demo: demo }
    }

    fn enter(&self, who: &str) -> Browser {
        signed_in(&self.app, &format!("{who}@halden.example"), "halden-freight-demo", Options::default())
    }

    fn visit(&self, browser: &Browser, path: &str) {
        visit(browser, &self.app, path);
    }

    /// The page of the account that has something of everything.
    fn visit_showpiece(&self, browser: &Browser) {
        self.visit(browser, &format!("{LIST}?q=payments-api%20deploy"));
        browser.follow(link("payments-api deploy"));
    }
}

#[test]
fn signing_in_and_setting_up() {
    let app = TestApp::start();
    let browser = Browser::open(Options::default());
    browser.goto(app.setup_link.as_ref().unwrap());
    judge(&browser, "set-up");
    browser.fill(field("Your name"), "Maya");
    browser.fill(field("E-mail address"), "maya@example.test");
    browser.fill(field("Password"), "short");
    browser.fill(field("Confirm password"), "different");
    browser.follow(button("Create administrator"));
    judge(&browser, "set-up with errors");

    let (id, _) = app.add_user("Ines Calloway", &[predefined::USER.into()]);
    let key = app.write(move |conn| links::create(conn, Purpose::Password, Some(&id)));
    visit(&browser, &app, &format!("/set-password/{key}"));
    judge(&browser, "set a password");
    browser.fill(field("Password"), PASSWORD);
    browser.fill(field("Confirm password"), "different");
    browser.follow(button("Set password"));
    judge(&browser, "set a password with an error");

    visit(&browser, &app, "/login?notice=signed-out");
    judge(&browser, "sign in, signed out");
    browser.fill(field("E-mail address"), "nobody@example.test");
    browser.fill(field("Password"), "wrong");
    browser.follow(button("Sign in"));
    judge(&browser, "sign in with an error");
    visit(&browser, &app, "/set-password/nonsense");
    judge(&browser, "404 to a stranger");
}

#[test]
fn lists_without_data_and_errors() {
    let app = TestApp::with_plan(6);
    let browser = admin(&app, Options::default());
    visit(&browser, &app, LIST);
    judge(&browser, "the first run");
    let ids = add_machines(&app);
    visit(&browser, &app, LIST);
    judge(&browser, "a full plan");
    visit(&browser, &app, &format!("{LIST}/new"));
    judge(&browser, "the form of a full plan");
    browser.goto(format!("{}{LIST}?q=nothing%20like%20it", app.url));
    judge(&browser, "no match");

    visit(&browser, &app, LIST);
    browser.tick("#select-page");
    browser.follow(button("Disable").within("#bulk"));
    judge(&browser, "all are disabled");
    // Undone in a second window first
    let action = browser.attribute(".flash form", "action").unwrap();
    let undo =
        "return fetch(arguments[0], { method: 'POST', body: new URLSearchParams(), redirect: 'manual' }).then(a => a.type)";
    assert_eq!(browser.read(undo, &[action.into()]), "opaqueredirect");
    browser.follow(button("Undo"));
    judge(&browser, "a refused Undo");

    visit(&browser, &app, &format!("{LIST}/{}", ids[0]));
    judge(&browser, "an account without anything");
    visit(&browser, &app, "/settings/nowhere");
    judge(&browser, "404");
    let looker = viewer(&app, Options::default());
    visit(&looker, &app, &format!("{LIST}/new"));
    judge(&looker, "403");
}

#[test]
fn the_list() {
    let halden = Halden::start();
    let browser = halden.enter("maya.lindqvist");
    halden.visit(&browser, &format!("{LIST}?disabled=1&size=100"));
    judge(&browser, "the list");
    browser.click(button("Actions for drone/edge"));
    judge(&browser, "the list with the menu of a row");
    browser.press("Escape");
    for name in ["customs-api verify", "github-actions/web", "jenkins-nightly"] {
        browser.tick(field(&format!("Select {name}")));
    }
    judge(&browser, "three selected");
    browser.click(button("Add Role"));
    browser.wait_for_focus(field("Find a role"));
    browser.tick(field("Release Manager").within("#pick-add_role"));
    judge(&browser, "three selected with the picker");
    browser.follow(button("Add Role to 3"));
    judge(&browser, "the list with a flash");
}

#[test]
fn the_list_in_parts() {
    let halden = Halden::start();
    let browser = halden.enter("maya.lindqvist");
    halden.visit(&browser, &format!("{LIST}?expiring=14"));
    judge(&browser, "tokens that expire soon");
    browser.click(button("Maya Lindqvist"));
    judge_at(&browser, "one's own menu", &[DESK]);
    browser.press("Escape");
    browser.resize(PHONE.0, PHONE.1);
    browser.click(button("Open navigation"));
    judge_at(&browser, "the navigation of a phone", &[PHONE]);
    halden.visit(&browser, LIST);
    browser.tick("#select-page");
    browser.follow(button("Select all 37 that match"));
    judge(&browser, "all that match");
    browser.follow(button("Delete").within("#bulk"));
    judge(&browser, "delete many");
    browser.fill(field("Type 37 to confirm"), "37");
    judge(&browser, "delete many, typed");
    let looker = halden.enter("ines.calloway");
    halden.visit(&looker, LIST);
    judge(&looker, "a viewer's list");
    looker.follow(link("buildkite/ios"));
    judge(&looker, "a viewer's account");
}

#[test]
fn an_account_and_its_dialogs() {
    let halden = Halden::start();
    let browser = halden.enter("maya.lindqvist");
    halden.visit_showpiece(&browser);
    judge(&browser, "an account");
    browser.click("summary");
    judge(&browser, "an account with its table of calls");
    for dialog in ["edit-roles", "edit-teams", "new-token"] {
        browser.click(format!("a[href=\"#{dialog}\"]"));
        browser.wait_for(format!("#{dialog}:modal"));
        judge(&browser, dialog);
        browser.press("Escape");
    }
    for (name, dialog) in [("Regenerate verify", "regenerate"), ("Revoke verify", "revoke"), ("Remove local debugging", "remove")]
    {
        browser.click(link(name));
        judge(&browser, dialog);
        browser.press("Escape");
    }
    browser.click(button("More actions"));
    judge(&browser, "the menu of an account");
    browser.click("a[href=\"#rename\"]");
    browser.wait_for("#rename:modal");
    judge(&browser, "rename");
    browser.fill(field("Name"), "buildkite/ios");
    browser.follow(button("Save"));
    judge(&browser, "rename in error");
}

#[test]
fn making_things_and_being_asked() {
    let halden = Halden::start();
    let browser = halden.enter("maya.lindqvist");
    halden.visit(&browser, &format!("{LIST}/new"));
    judge(&browser, "a new account");
    browser.fill(field("Name"), "buildkite/ios");
    browser.follow(button("Create system account"));
    judge(&browser, "a new account in error");
    browser.fill(field("Name"), "a name that is as long as a name may be and has no place to break-xxxxxxxxxxxxxxx");
    browser.follow(button("Create system account"));
    judge(&browser, "a token's value");
    browser.follow(link("Done, I've saved it"));
    judge(&browser, "an account with a long name");
    browser.click("a[href=\"#new-token\"]");
    browser.fill(field("Name"), "on a day");
    browser.select(field("Expires"), "Custom date");
    browser.follow(button("Create token"));
    judge(&browser, "a new token in error");
    halden.visit_showpiece(&browser);
    browser.click(link("Regenerate verify"));
    browser.follow(button("Regenerate"));
    judge(&browser, "a regenerated token's value");
    halden.visit_showpiece(&browser);
    browser.follow(link("Delete").within(".danger-zone"));
    judge(&browser, "delete one");
    browser.follow(link("Cancel"));
    browser.click(button("More actions"));
    browser.follow(link("Make Administrator").within("#account-menu"));
    judge(&browser, "make Administrator");
}

#[test]
fn roles_policy_and_profile() {
    let halden = Halden::start();
    let browser = halden.enter("maya.lindqvist");
    halden.visit(&browser, "/settings/roles");
    judge(&browser, "roles");
    browser.click("summary");
    judge(&browser, "roles with all permissions");
    // Help, with a field that was refused and one file wider than the page
    halden.visit(&browser, "/help/gateways/caddy?muster=nonsense");
    judge(&browser, "a gateway's recipe");
    halden.visit(&browser, "/help/operations");
    judge(&browser, "operations");
    halden.visit(&browser, "/help/authzen");
    judge(&browser, "AuthZEN");
    halden.visit(&browser, "/help/api?q=system-accounts");
    browser.click("details.endpoint > summary");
    judge(&browser, "the API reference");
    // The policy of tokens, and what it does to other pages
    halden.visit(&browser, "/settings/token-policy");
    judge(&browser, "the token policy");
    browser.fill(field("Message"), "Until the audit is over. Ask the platform team.");
    browser.follow(button("Pause token creation"));
    judge(&browser, "the token policy, stopped");
    halden.visit(&browser, &format!("{LIST}/new"));
    judge(&browser, "a new account without a token");
    halden.visit_showpiece(&browser);
    judge(&browser, "an account that gets no token");

    // A second session, to be listed
    drop(halden.enter("maya.lindqvist"));
    halden.visit(&browser, "/profile");
    judge(&browser, "the profile");
    browser.fill(field("Current password").within("form[action='/profile/password']"), "wrong");
    browser.fill(field("New password"), "short");
    browser.fill(field("Confirm new password"), "different");
    browser.follow(button("Change password"));
    judge(&browser, "the profile with errors");
}
