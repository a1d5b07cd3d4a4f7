//! One's own page: password and sessions.

use muster::accounts::model::{Kind, Selection};
use muster::accounts::operations;
use muster::auth::principal::Principal;
use muster::id::Id;
use muster::roles::predefined;

use super::html::{all, error};
use crate::support::app::{Client, PASSWORD, TestApp};

const NEW: &str = "a fresh and longer secret";

fn sign_in(app: &TestApp, email: &str, password: &str) -> Client {
    let client = app.anonymous();
    let answer = client.post("/login", &[("email", email), ("password", password)]);
    assert_eq!(answer.status, 303, "{}", answer.text());
    client
}

fn is_in(client: &Client) -> bool {
    client.get("/profile").status == 200
}

/// Where the page's End buttons post to.
fn ends(client: &Client) -> Vec<String> {
    let page = client.get("/profile");
    all(&page.body, "action=\"/profile/sessions/", "/end\"").into_iter().map(|id| format!("/profile/sessions/{id}/end")).collect()
}

fn change(client: &Client, current: &str, password: &str, again: &str) -> crate::support::app::Answer {
    client.post("/profile/password", &[("current", current), ("password", password), ("password_again", again)])
}

#[test]
fn the_page_shows_who_one_is() {
    let app = TestApp::start();
    let (id, email) = app.add_user("Ines Calloway", &[predefined::USER.into(), predefined::READ_ONLY.into()]);
    app.add_team("Platform", &[&id]);
    let client = sign_in(&app, &email, PASSWORD);
    let page = client.get("/profile");
    assert!(page.body.contains("<h1><bdi>Ines Calloway</bdi></h1>"));
    for part in [email.as_str(), "Read-Only, User", "Platform", id.as_str(), "This session", "127.0.0.1"] {
        assert!(page.text().contains(part), "{part}: {}", page.text());
    }
    assert!(!page.text().contains("Sign out all others"));
    assert_eq!(app.anonymous().get("/profile").location(), "/login?next=%2Fprofile");
}

#[test]
fn another_password_ends_the_other_sessions() {
    let app = TestApp::start();
    let (_, email) = app.add_user("Ines Calloway", &[predefined::USER.into()]);
    let [own, second, third] = [(); 3].map(|()| sign_in(&app, &email, PASSWORD));
    let done = change(&own, PASSWORD, NEW, NEW);
    assert_eq!((done.status, done.location()), (303, "/profile"));
    assert_eq!(own.get("/profile").flash(), "Password changed. Signed out of 2 other sessions.");
    assert_eq!([&own, &second, &third].map(is_in), [true, false, false]);
    assert_eq!(app.anonymous().post("/login", &[("email", &email), ("password", PASSWORD)]).status, 422);
    let other = sign_in(&app, &email, NEW);
    assert_eq!(change(&own, NEW, PASSWORD, PASSWORD).status, 303);
    assert_eq!(own.get("/profile").flash(), "Password changed. Signed out of 1 other session.");
    assert!(!is_in(&other));
    assert_eq!(change(&own, PASSWORD, NEW, NEW).status, 303);
    assert_eq!(own.get("/profile").flash(), "Password changed.");
}

#[test]
fn a_password_is_changed_only_by_who_knows_the_present_one() {
    let app = TestApp::start();
    let (_, email) = app.add_user("Ines Calloway", &[predefined::USER.into()]);
    let [own, second] = [(); 2].map(|()| sign_in(&app, &email, PASSWORD));
    let wrong = change(&own, "guess", NEW, NEW);
    assert_eq!((wrong.status, error(&wrong, "current")), (422, "That is not your current password.".into()));
    let short = change(&own, PASSWORD, "short", "short");
    assert_eq!(short.status, 422);
    error(&short, "password");
    let unlike = change(&own, PASSWORD, NEW, "something else entirely");
    assert_eq!(unlike.status, 422);
    error(&unlike, "password-again");
    for page in [&wrong, &short, &unlike] {
        assert!(!page.body.contains(NEW) && !page.body.contains(PASSWORD));
    }
    assert!(is_in(&second));
    sign_in(&app, &email, PASSWORD);
}

#[test]
fn one_session_or_all_others_can_be_ended() {
    let app = TestApp::start();
    let (_, email) = app.add_user("Ines Calloway", &[predefined::USER.into()]);
    let [own, second, third, fourth] = [(); 4].map(|()| sign_in(&app, &email, PASSWORD));
    let list = ends(&own);
    assert_eq!(list.len(), 3);
    let page = own.post_and_follow(&list[0], &[]);
    assert_eq!(page.flash(), "Session signed out.");
    assert_eq!([&second, &third, &fourth].iter().filter(|client| is_in(client)).count(), 2);
    assert_eq!(own.post(&list[0], &[]).status, 404);
    let page = own.post_and_follow("/profile/sessions/end-others", &[]);
    assert_eq!(page.flash(), "Signed out of 2 other sessions.");
    assert_eq!([&own, &second, &third, &fourth].map(is_in), [true, false, false, false]);
    assert_eq!(own.post_and_follow("/profile/sessions/end-others", &[]).flash(), "You have no other sessions.");
    // Somebody else's is not found, and goes on.
    let (_, email) = app.add_user("Tomas Okafor", &[predefined::USER.into()]);
    let [stranger, other] = [(); 2].map(|()| sign_in(&app, &email, PASSWORD));
    let foreign = [ends(&stranger), ends(&other)].concat();
    assert_eq!(foreign.len(), 2);
    let admin = app.admin();
    for url in foreign.iter().chain([&format!("/profile/sessions/{}/end", Id::new()), &"/profile/sessions/x/end".to_owned()]) {
        assert_eq!(admin.post(url, &[]).status, 404, "{url}");
    }
    assert!(is_in(&stranger) && is_in(&other));
}

#[test]
fn a_disabled_user_is_out_at_once() {
    let app = TestApp::start();
    app.admin();
    let (id, email) = app.add_user("Ines Calloway", &[predefined::USER.into()]);
    let client = sign_in(&app, &email, PASSWORD);
    assert!(is_in(&client));
    app.write(move |conn| operations::disable(conn, &Principal::shell(), Kind::User, &Selection::Accounts(vec![id])));
    assert_eq!(client.get("/settings/system-accounts").location(), "/login?next=%2Fsettings%2Fsystem-accounts");
    let refused = app.anonymous().post("/login", &[("email", &email), ("password", PASSWORD)]);
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("Incorrect e-mail address or password."), "{}", refused.text());
}

#[test]
fn a_sign_in_with_anything_is_answered() {
    let app = TestApp::start();
    let long = "x".repeat(10_000);
    for email in ["", "a\0b", "'; --", &*long, "ä@ö", "%"] {
        let answer = app.anonymous().post("/login", &[("email", email), ("password", "a\0b")]);
        assert!(matches!(answer.status, 422 | 429), "{email:?}: {}", answer.status);
    }
    for key in ["x", "%00", &"a".repeat(64)] {
        assert_eq!(app.anonymous().get(&format!("/setup/{key}")).status, 404, "{key}");
        assert_eq!(app.anonymous().get(&format!("/set-password/{key}")).status, 404, "{key}");
    }
}

#[test]
fn html_in_a_programs_name_is_text() {
    let app = TestApp::start();
    let (_, email) = app.add_user("Ines Calloway", &[predefined::USER.into()]);
    let client = app.anonymous();
    let headers = [("Sec-Fetch-Site", "same-origin"), ("User-Agent", "<script>alert(1)</script>")];
    assert_eq!(client.send("POST", "/login", &headers, &[("email", &email), ("password", PASSWORD)]).status, 303);
    let page = client.get("/profile");
    assert!(!page.body.contains("<script>alert") && page.body.contains("&#60;script&#62;alert(1)"), "{}", page.text());
}

#[test]
fn the_password_that_one_has_is_no_new_one() {
    let app = TestApp::start();
    let (_, email) = app.add_user("Zoe", &[predefined::USER.into()]);
    let (client, elsewhere) = (sign_in(&app, &email, PASSWORD), sign_in(&app, &email, PASSWORD));
    let same = change(&client, PASSWORD, PASSWORD, PASSWORD);
    assert_eq!((same.status, error(&same, "password")), (422, "This is your password already. Choose another one.".into()));
    assert!(is_in(&elsewhere), "nobody is signed out by it");
    // Who does not know it is not told that it is the same.
    let guess = "not the password at all";
    let wrong = change(&client, guess, guess, guess);
    assert_eq!(error(&wrong, "current"), "That is not your current password.");
    assert!(!wrong.text().contains("already"), "{}", wrong.text());
    // However its letters are composed.
    let (one, other) = ("Zo\u{eb} and a horse", "Zoe\u{308} and a horse");
    assert_eq!(change(&client, PASSWORD, one, one).status, 303);
    assert_eq!(change(&client, one, other, other).status, 422);
}
