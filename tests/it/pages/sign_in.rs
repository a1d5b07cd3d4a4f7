//! The set-up link, signing in and out, and one's own page.

use crate::support::app::{PASSWORD, TestApp};

#[test]
fn the_setup_link_creates_the_first_administrator_once() {
    let app = TestApp::start();
    let link = app.setup_link.clone().unwrap();
    let visitor = app.anonymous();
    assert_eq!(visitor.get(&link).status, 200);
    let fields = [("name", "Maya"), ("email", "maya@example.test"), ("password", PASSWORD), ("password_again", PASSWORD)];
    let created = visitor.post(&link, &fields);
    assert_eq!((created.status, created.location()), (303, "/settings/system-accounts"));
    let list = visitor.get("/settings/system-accounts");
    assert_eq!(list.status, 200);
    assert!(list.body.contains("New system account"), "{}", list.text());
    assert_eq!(app.anonymous().get(&link).status, 404);
    assert_eq!(app.anonymous().post(&link, &fields).status, 404);
}

#[test]
fn signing_in_leads_to_the_page_that_was_asked_for() {
    let app = TestApp::start();
    let (_, email) = app.add_user("Maya Lindqvist", &[muster::roles::predefined::ADMINISTRATOR.into()]);
    let visitor = app.anonymous();
    let asked = visitor.get("/settings/system-accounts?q=x");
    assert_eq!((asked.status, asked.location()), (303, "/login?next=%2Fsettings%2Fsystem-accounts%3Fq%3Dx"));
    let wrong = visitor.post("/login", &[("email", &email), ("password", "not the password")]);
    assert_eq!(wrong.status, 422);
    assert!(wrong.text().contains("That e-mail address and password do not match."), "{}", wrong.text());
    let right = visitor.post("/login", &[("email", &email.to_uppercase()), ("password", PASSWORD), ("next", "/settings/roles")]);
    assert_eq!((right.status, right.location()), (303, "/settings/roles"));
    assert_eq!(visitor.get("/settings/roles").status, 200);
    assert_eq!(visitor.get("/profile").status, 200);
    let out = visitor.post("/logout", &[]);
    assert_eq!((out.status, out.location()), (303, "/login?notice=signed-out"));
    assert_eq!(visitor.get("/settings/roles").status, 303);
}

#[test]
fn a_system_account_has_no_way_to_sign_in() {
    let app = TestApp::start();
    let id = app.add_account("robot");
    let hash = muster::auth::password::hash(PASSWORD).unwrap();
    let refused = app.database.write_now(move |conn| muster::accounts::queries::set_password(conn, &id, &hash));
    assert!(refused.is_err());
    let answer = app.anonymous().post("/login", &[("email", "robot"), ("password", PASSWORD)]);
    assert_eq!(answer.status, 422);
}
