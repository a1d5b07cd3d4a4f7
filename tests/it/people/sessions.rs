//! Sessions of others: seen and ended by whoever manages users and can do as much.

use muster::accounts::model::Kind;
use muster::roles::predefined;

use super::USERS;
use crate::pages::html::all;
use crate::support::app::{Answer, Client, PASSWORD, TestApp};
use crate::support::snapshot::{assert_unchanged, lines, snapshot};

fn is_in(client: &Client) -> bool {
    client.get("/profile").status == 200
}

fn sign_in(app: &TestApp, email: &str) -> Client {
    let client = app.anonymous();
    assert_eq!(client.post("/login", &[("email", email), ("password", PASSWORD)]).status, 303);
    client
}

/// Where the page's buttons post to.
fn ends(page: &Answer) -> Vec<String> {
    let forms = all(&page.body, "action=\"/settings/users/", "\"");
    forms.into_iter().filter(|path| path.ends_with("/end")).map(|path| format!("{USERS}/{path}")).collect()
}

#[test]
fn one_session_or_all_are_ended_by_an_administrator() {
    let app = TestApp::start();
    let admin = app.admin();
    let (bo, email) = app.add_user("Bo", &[]);
    let of = format!("{USERS}/{bo}");
    assert!(admin.get(&of).text().contains("Not signed in anywhere."), "{}", admin.get(&of).text());
    let clients = [(); 3].map(|()| sign_in(&app, &email));
    let page = admin.get(&of);
    assert!(page.text().contains("127.0.0.1"), "{}", page.text());
    let list = ends(&page);
    assert_eq!(list.len(), 4, "{list:?}");
    let one = list.iter().find(|path| !path.ends_with("/sessions/end")).unwrap();
    assert_eq!(admin.post_and_follow(one, &[]).flash(), "Session signed out.");
    assert_eq!(clients.iter().filter(|client| is_in(client)).count(), 2);
    assert_eq!(admin.post(one, &[]).status, 404);
    assert_eq!(admin.post_and_follow(&format!("{of}/sessions/end"), &[]).flash(), "Signed out of 2 sessions.");
    assert!(!clients.iter().any(is_in));
    assert_eq!(admin.post_and_follow(&format!("{of}/sessions/end"), &[]).flash(), "There was no session to sign out of.");
    let told =
        app.read(|conn| Ok(lines(conn, "SELECT detail AS line FROM audit_events WHERE type = 'session.revoked' ORDER BY seq")));
    assert_eq!(told, ["{\"count\":1}", "{\"count\":2}"]);
    // Of one's own the current one stays.
    let own = admin.account.clone().unwrap();
    assert_eq!(
        admin.post_and_follow(&format!("{USERS}/{own}/sessions/end"), &[]).flash(),
        "There was no session to sign out of."
    );
    assert!(is_in(&admin));
}

#[test]
fn nobody_signs_out_who_can_do_more() {
    let app = TestApp::start();
    let helpdesk = app.add_role("Helpdesk", &["user:manage:*"]);
    let helper = app.user("Hanna Desk", &[helpdesk]);
    let admin = app.admin();
    let (bo, email) = app.add_user("Bo", &[]);
    let bos = sign_in(&app, &email);
    let ada = admin.account.clone().unwrap();
    let before = snapshot(&app);
    let sql = format!("SELECT id AS line FROM sessions WHERE account_id = '{ada}'");
    let session = app.read(|conn| Ok(lines(conn, &sql)))[0].clone();
    for path in ["sessions/end".to_owned(), format!("sessions/{session}/end")] {
        let refused = helper.post(&format!("{USERS}/{ada}/{path}"), &[]);
        assert_eq!(refused.status, 403, "{}", refused.text());
        assert_unchanged(&app, &before, &path);
    }
    // Another's session below one's own: not found.
    assert_eq!(helper.post(&format!("{USERS}/{bo}/sessions/{session}/end"), &[]).status, 404);
    assert!(is_in(&admin));
    assert_eq!(helper.post(&format!("{USERS}/{bo}/sessions/end"), &[]).status, 303);
    assert!(!is_in(&bos));
    // Who may only look sees none.
    let viewer = app.viewer();
    assert!(!viewer.get(&format!("{USERS}/{ada}")).text().contains("Sessions"));
}

#[test]
fn what_was_disabled_comes_back_without_its_sessions_and_the_page_says_what_comes_back() {
    let app = TestApp::start();
    let admin = app.admin();
    let (bo, email) = app.add_user("Bo", &[predefined::USER.into()]);
    let client = sign_in(&app, &email);
    let token = app.add_token_of_user(&bo);
    let of = format!("{USERS}/{bo}");
    assert_eq!(admin.post(&format!("{of}/disablement"), &[]).status, 303);
    assert_eq!(client.get("/profile").status, 303);
    let page = admin.get(&of);
    assert!(page.text().contains("They can sign in again, and 1 unexpired token works again: test token."), "{}", page.text());
    let back = admin.post_and_follow(&format!("{of}/enablement"), &[]);
    assert_eq!(client.get("/profile").status, 303, "the old session stays ended");
    assert!(back.flash().starts_with("Enabled Bo."), "{}", back.flash());
    assert_eq!(app.verify(&token).status, 200);
    assert_eq!(app.read(|conn| muster::accounts::queries::totals(conn, Kind::User)).0, 2);
    // Others may end it, and nothing else.
    let id = token.split('_').nth(1).unwrap();
    let page = admin.get(&of);
    assert!(page.text().contains("Nobody else can create one.") && !page.text().contains("Regenerate"), "{}", page.text());
    assert_eq!(admin.post(&format!("{of}/tokens/{id}/regeneration"), &[]).status, 404);
    assert_eq!(admin.post_and_follow(&format!("{of}/tokens/{id}/revocation"), &[]).flash(), "Revoked test token.");
    assert_eq!(app.verify(&token).status, 401);
}
