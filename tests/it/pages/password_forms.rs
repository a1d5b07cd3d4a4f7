//! The forms for passwords come back as themselves, also where no password can be hashed just then.

use muster::auth::hashing::QueuePlace;
use muster::auth::links::{self, Purpose};

use super::html::{error, value};
use crate::support::app::{Answer, PASSWORD, TestApp};

const NEW: &str = "a fresh and longer secret";

/// Every place in the queue, until the result is dropped.
fn full(app: &TestApp) -> Vec<QueuePlace> {
    std::iter::from_fn(|| app.hashing.place(true).ok()).collect()
}

fn is_the_form_again(answer: &Answer, action: &str) {
    assert_eq!((answer.status, answer.header("retry-after").is_empty()), (503, false), "{}", answer.text());
    assert!(answer.body.contains(&format!("action=\"{action}\"")), "{}", answer.text());
    assert!(answer.text().contains("Muster is busy right now. Try again in 2 seconds."), "{}", answer.text());
    assert!(!answer.body.contains(NEW) && !answer.body.contains(PASSWORD));
}

#[test]
fn a_full_queue_gives_the_form_back() {
    let app = TestApp::start();
    let (bo, email) = app.add_user("Bo Newcomer", &[]);
    let own = app.user("Ines Calloway", &[]);
    let key = app.write(|conn| links::create(conn, Purpose::Password, Some(&bo)));
    let (change, set) = (("/profile/password", own), (format!("/set-password/{key}"), app.anonymous()));
    let new = [("password", NEW), ("password_again", NEW)];
    let changed = [[("current", PASSWORD)].as_slice(), &new].concat();
    let places = full(&app);
    is_the_form_again(&change.1.post(change.0, &changed), change.0);
    is_the_form_again(&set.1.post(&set.0, &new), &set.0);
    let login = app.anonymous().post("/login", &[("email", email.as_str()), ("password", PASSWORD)]);
    is_the_form_again(&login, "/login");
    assert_eq!(value(&login, "email"), email);
    drop(places);
    // Nothing was used up.
    assert_eq!(change.1.post(change.0, &changed).status, 303);
    assert_eq!(set.1.post(&set.0, &new).status, 303);
}

#[test]
fn a_full_queue_gives_the_set_up_form_back() {
    let app = TestApp::start();
    let link = app.setup_link.clone().unwrap();
    let path = link.strip_prefix(app.url.as_str()).unwrap();
    let fields = [("name", "Maya"), ("email", "maya@example.test"), ("password", NEW), ("password_again", NEW)];
    let places = full(&app);
    let answer = app.anonymous().post(path, &fields);
    is_the_form_again(&answer, path);
    assert_eq!((value(&answer, "name"), value(&answer, "email")), ("Maya".into(), "maya@example.test".into()));
    drop(places);
    assert_eq!(app.anonymous().post(path, &fields).status, 303);
}

#[test]
fn each_wrong_field_has_its_message() {
    let app = TestApp::start();
    let link = app.setup_link.clone().unwrap();
    let path = link.strip_prefix(app.url.as_str()).unwrap();
    let answer = app.anonymous().post(path, &[("name", " "), ("email", "maya"), ("password", "short"), ("password_again", "x")]);
    assert_eq!(answer.status, 422);
    assert_eq!(error(&answer, "name"), "Enter a name.");
    assert_eq!(error(&answer, "email"), "Enter a valid e-mail address, such as name@example.com.");
    let both = |answer: &Answer| {
        assert_eq!(answer.status, 422);
        assert_eq!(error(answer, "password"), "At least 12 characters.");
        assert_eq!(error(answer, "password-again"), "The passwords don't match.");
    };
    both(&answer);
    let own = app.user("Ines Calloway", &[]);
    let wrong = [("current", "guess"), ("password", "short"), ("password_again", "x")];
    let answer = own.post("/profile/password", &wrong);
    both(&answer);
    assert_eq!(error(&answer, "current"), "That is not your current password.");
    let (bo, _) = app.add_user("Bo Newcomer", &[]);
    let key = app.write(|conn| links::create(conn, Purpose::Password, Some(&bo)));
    both(&app.anonymous().post(&format!("/set-password/{key}"), &[("password", "short"), ("password_again", "x")]));
}

#[test]
fn a_link_that_was_used_says_so() {
    let app = TestApp::start();
    let (bo, _) = app.add_user("Bo Newcomer", &[]);
    let key = app.write(|conn| links::create(conn, Purpose::Password, Some(&bo)));
    let fields = [("password", NEW), ("password_again", NEW)];
    assert_eq!(app.anonymous().post(&format!("/set-password/{key}"), &fields).status, 303);
    let again = app.anonymous().get(&format!("/set-password/{key}"));
    assert_eq!(again.status, 404);
    assert!(
        again.body.contains("<h1>This link no longer works</h1>") && !again.text().contains("Page not found"),
        "{}",
        again.text()
    );
}
