//! Where browser tests begin: somebody signed in, in front of something to look at.

use muster::id::Id;
use muster::roles::predefined;

use super::driver::{Browser, Options};
use crate::support::app::{PASSWORD, TestApp};

/// The list of system accounts.
pub const LIST: &str = "/settings/system-accounts";

/// Names of system accounts, in the order of the list.
pub const MACHINES: [&str; 6] =
    ["buildkite/ios", "catalog-sync", "drone/edge", "jenkins-nightly", "payments-api deploy", "search-index verify"];

/// Makes the [`MACHINES`], in that order.
pub fn add_machines(app: &TestApp) -> Vec<Id> {
    MACHINES.iter().map(|name| app.add_account(name)).collect()
}

/// A window in which Maya Lindqvist, an Administrator, is signed in.
pub fn admin(app: &TestApp, options: Options) -> Browser {
    let (_, email) = app.add_user("Maya Lindqvist", &[predefined::ADMINISTRATOR.into()]);
    signed_in(app, &email, PASSWORD, options)
}

/// A window in which Ines Calloway is signed in, who may look and change nothing.
pub fn viewer(app: &TestApp, options: Options) -> Browser {
    let (_, email) = app.add_user("Ines Calloway", &[predefined::USER.into()]);
    signed_in(app, &email, PASSWORD, options)
}

/// A window in which this user is signed in already.
pub fn signed_in(app: &TestApp, email: &str, password: &str, options: Options) -> Browser {
    let answer = app.anonymous().post("/login", &[("email", email), ("password", password)]);
    assert_eq!(answer.status, 303, "signing in: {}", answer.text());
    let cookie = answer.header("set-cookie").split(';').next().and_then(|pair| pair.split_once('='));
    let (name, value) = cookie.expect("a session cookie");
    let browser = Browser::open(options);
    // Any page of the site will do to give it a cookie.
    browser.goto(format!("{}/healthz", app.url));
    browser.set_cookie(name, value);
    browser
}

/// Opens a page by its path.
pub fn visit(browser: &Browser, app: &TestApp, path: &str) {
    browser.goto(format!("{}{path}", app.url));
}

/// The page of a system account.
pub fn page_of(id: &Id) -> String {
    format!("{LIST}/{id}")
}

/// The names in the list, from top to bottom.
pub fn names(browser: &Browser) -> Vec<String> {
    browser.texts("tbody .who-name")
}

/// The number of ticked rows.
pub fn ticked(browser: &Browser) -> usize {
    let ticked = browser.read("return document.querySelectorAll('tbody .check input:checked').length", &[]);
    ticked.as_u64().map_or(0, |number| usize::try_from(number).unwrap_or(usize::MAX))
}

/// The sentence about the last action, once it is there.
pub fn flash(browser: &Browser) -> String {
    browser.text(".flash p")
}

/// The text of the row of this name, white space folded.
pub fn row(browser: &Browser, name: &str) -> String {
    let script = "const row = [...document.querySelectorAll('tbody tr')].find(row => row.querySelector('.who-name').textContent === arguments[0]);
        return row ? row.innerText.replace(/\\s+/g, ' ') : ''";
    browser.read(script, &[name.into()]).as_str().unwrap_or_default().to_owned()
}

/// Where the browser is, without what is selected there.
pub fn place(browser: &Browser) -> String {
    let path = browser.path();
    let (path, words) = path.split_once('?').unwrap_or((&path, ""));
    let kept: Vec<&str> = words.split('&').filter(|word| !word.is_empty() && !word.starts_with("selection=")).collect();
    if kept.is_empty() { path.to_owned() } else { format!("{path}?{}", kept.join("&")) }
}

/// Ends the selection that an action has kept.
pub fn clear(browser: &Browser) {
    browser.click(super::driver::link("Clear").within("#bulk"));
    browser.wait_until("nothing to be selected", || (ticked(browser) == 0).then_some(()));
}
