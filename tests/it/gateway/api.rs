//! `POST /oauth/introspect`, and what a token does with itself: `DELETE /tokens/current`, `POST /tokens/current/regenerate`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use muster::accounts::model::{Kind, Selection};
use muster::accounts::operations;
use muster::auth::principal::Principal;
use muster::id::Id;
use muster::tokens::queries;
use muster::tokens::value::{Access, TokenValue};
use serde_json::{Value, json};

use crate::support::app::{Answer, TestApp};

const INTROSPECT: &str = "/oauth/introspect";

/// An API's own account, which may ask about tokens.
pub(super) fn asker(app: &TestApp, access: Access) -> (Id, String) {
    let role = app.add_role("Introspector", &["token:introspect"]);
    let account = app.add_account_with("payments API", &[role]);
    let token = app.add_token(&account, access);
    (account, token)
}

pub(super) fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

pub(super) fn basic(user: &str, token: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{token}")))
}

pub(super) fn ask(app: &TestApp, authorization: &str, fields: &[(&str, &str)]) -> Answer {
    app.anonymous().send("POST", INTROSPECT, &[("Authorization", authorization)], fields)
}

pub(super) fn body(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap_or_else(|error| panic!("{error}: {}", answer.body))
}

/// Status, and that the body is a problem document in full.
pub(super) fn problem(answer: &Answer) -> u16 {
    let body = body(answer);
    assert_eq!((answer.header("content-type"), answer.header("cache-control")), ("application/problem+json", "no-store"));
    assert_eq!((body["status"].as_u64(), body["type"].as_str()), (Some(answer.status.into()), Some("about:blank")));
    assert!(body["title"].is_string() && body["detail"].as_str().is_some_and(|text| text.ends_with('.')), "{body}");
    assert_eq!(body["error"]["message"], body["detail"]);
    assert_eq!(body["reference"].as_str(), Some(answer.header("x-request-id")));
    answer.status
}

#[test]
fn a_usable_token_is_described_and_any_other_is_inactive() {
    let app = TestApp::start();
    let (_, caller) = asker(&app, Access::Read);
    let account = app.add_account("Zürich builds");
    app.add_team("Night shift", &[&account]);
    let token = app.add_token(&account, Access::Write);
    let id = &token[5..17];

    let answer = ask(&app, &bearer(&caller), &[("token", &token), ("token_type_hint", "refresh_token"), ("more", "x")]);
    assert_eq!(
        (answer.status, answer.header("cache-control"), answer.header("content-type")),
        (200, "no-store", "application/json")
    );
    let said = body(&answer);
    let created = app.read(|conn| queries::find(conn, &account, id)).created_at.and_utc().timestamp();
    assert_eq!(
        said,
        json!({
            "active": true, "sub": account.as_str(), "username": "Zürich builds", "client_id": account.as_str(),
            "token_type": "Bearer", "iat": created, "iss": app.url,
            "scope": "contract_data:manage:own contract_data:manage:team contract_data:read:* \
                      deployment_and_release:record:* environment:read:*",
            "muster_account_type": "system", "muster_access": "write", "muster_roles": ["CI/CD"],
            "muster_teams": ["Night shift"], "muster_token": id,
        })
    );

    let end = muster::clock::now() + chrono::TimeDelta::hours(1);
    let (expiring, expired, revoked) =
        (app.add_token(&account, Access::Read), app.add_token(&account, Access::Read), app.add_token(&account, Access::Read));
    let gone = app.add_account("gone");
    let (deleted, off) = (app.add_token(&gone, Access::Read), app.add_account("off"));
    let disabled = app.add_token(&off, Access::Read);
    app.write(|conn| {
        queries::expire(conn, &expiring[5..17], end)?;
        queries::expire(conn, &expired[5..17], muster::clock::now())?;
        // So that everybody looks again.
        operations::rename(conn, &Principal::shell(), Kind::System, &account, ("builds", ""))?;
        muster::tokens::operations::revoke(conn, &Principal::shell(), &account, &revoked[5..17])?;
        operations::delete(conn, &Principal::shell(), Kind::System, &Selection::Accounts(vec![gone]))?;
        operations::disable(conn, &Principal::shell(), Kind::System, &Selection::Accounts(vec![off]))
    });
    let said = body(&ask(&app, &bearer(&caller), &[("token", &expiring)]));
    assert_eq!((&said["exp"], &said["muster_access"]), (&json!(end.and_utc().timestamp()), &json!("read")));
    let unknown = TokenValue::generate(Access::Read).unwrap();
    let wrong = format!("{}x", &token[..66]);
    for bad in [&expired, &revoked, &deleted, &disabled, unknown.expose(), &wrong, "nonsense", "ä\u{0}"] {
        let answer = ask(&app, &bearer(&caller), &[("token", bad)]);
        assert_eq!((answer.status, answer.body.as_str()), (200, r#"{"active":false}"#), "{bad}");
    }
}

#[test]
fn only_who_may_introspect_is_answered() {
    let app = TestApp::start();
    let (account, caller) = asker(&app, Access::Write);
    let other = app.add_account("other");
    let without = app.add_token(&other, Access::Write);
    for passes in [
        bearer(&caller),
        basic(account.as_str(), &caller),
        basic(&account.as_str().to_uppercase(), &caller),
        basic(account.as_str(), &format!("{caller}\n")),
        basic(&caller, ""),
    ] {
        assert_eq!(ask(&app, &passes, &[("token", &caller)]).status, 200, "{passes}");
    }
    for (refused, challenge) in [
        ("Bearer x".to_owned(), r#"Bearer realm="muster", error="invalid_token""#),
        (basic(other.as_str(), &caller), r#"Basic realm="muster""#),
        (basic("", &caller), r#"Basic realm="muster""#),
        (basic("payments API", &caller), r#"Basic realm="muster""#),
        ("Digest x".to_owned(), r#"Bearer realm="muster""#),
    ] {
        let answer = ask(&app, &refused, &[("token", &caller)]);
        assert_eq!((problem(&answer), answer.header("www-authenticate")), (401, challenge), "{refused}");
    }
    let answer = app.admin().send("POST", INTROSPECT, &[], &[("token", &caller)]);
    assert_eq!(
        (problem(&answer), answer.header("www-authenticate")),
        (401, r#"Bearer realm="muster""#),
        "a session is nothing here"
    );
    assert_eq!(answer.header("set-cookie"), "");

    let answer = ask(&app, &bearer(&without), &[("token", &caller)]);
    assert_eq!(problem(&answer), 403);
    assert_eq!(
        answer.header("www-authenticate"),
        r#"Bearer realm="muster", error="insufficient_scope", scope="token:introspect""#
    );
    assert_eq!(body(&answer)["permission"], "token:introspect");

    for fields in [&[][..], &[("token", "")], &[("tokn", "x")]] {
        let answer = ask(&app, &bearer(&caller), fields);
        assert_eq!(problem(&answer), 400);
        assert!(body(&answer)["errors"]["token"][0].as_str().is_some_and(|text| text.contains("field token")));
    }
    // Nothing at all is a missing field too, whatever its type is said to be.
    for kind in [None, Some("application/json"), Some("text/plain"), Some("application/x-www-form-urlencoded")] {
        let authorization = bearer(&caller);
        let mut headers = vec![("Authorization", authorization.as_str())];
        headers.extend(kind.map(|kind| ("Content-Type", kind)));
        let answer = app.anonymous().send_body("POST", INTROSPECT, &headers, "");
        assert_eq!(problem(&answer), 400, "{kind:?}");
        assert!(body(&answer)["errors"]["token"][0].is_string(), "{kind:?}");
    }
    let twice = ask(&app, &bearer(&caller), &[("token", "a"), ("token", "b")]);
    assert_eq!(problem(&twice), 400);
    let authorization = bearer(&caller);
    let headers = [("Authorization", authorization.as_str()), ("Content-Type", "application/json")];
    assert_eq!(problem(&app.anonymous().send_body("POST", INTROSPECT, &headers, r#"{"token":"x"}"#)), 415);
    let get = app.anonymous().get_with(&format!("{INTROSPECT}?token={caller}"), &headers);
    assert_eq!((problem(&get), get.body.contains(&caller)), (405, false));
}

#[test]
fn asking_counts_as_use_of_both_and_as_the_askers_login() {
    use diesel::prelude::*;
    use muster::schema::{account_days, accounts};
    let mut app = TestApp::start();
    let (asking, caller) = asker(&app, Access::Read);
    let account = app.add_account("builds");
    let token = app.add_token(&account, Access::Write);
    let revoked = app.add_token(&account, Access::Write);
    app.write(|conn| muster::tokens::operations::revoke(conn, &Principal::shell(), &account, &revoked[5..17]));
    for _ in 0..3 {
        let headers = [("Authorization", &*bearer(&caller)), ("User-Agent", "payments/2")];
        assert_eq!(app.anonymous().send("POST", INTROSPECT, &headers, &[("token", &token)]).status, 200);
    }
    assert_eq!(ask(&app, &bearer(&caller), &[("token", &revoked)]).body, r#"{"active":false}"#);
    assert_eq!(app.verify(&token).status, 200);
    app.stop();
    let days = |id: &Id| -> Vec<(i64, i64)> {
        let id = id.clone();
        app.read(move |conn| {
            let own = account_days::table.filter(account_days::account_id.eq(id.as_str()));
            Ok(own.select((account_days::accepted, account_days::refused)).load(conn)?)
        })
    };
    assert_eq!((days(&asking), days(&account)), (vec![(4, 0)], vec![(4, 1)]));
    let used = app.read(|conn| queries::find(conn, &account, &token[5..17]));
    assert_eq!(used.last_used_from.as_deref(), Some("127.0.0.1"));
    let login = |id: &Id| {
        let id = id.clone();
        let at = app.read(move |conn| Ok(accounts::table.find(id.as_str()).select(accounts::last_login_at).first(conn)?));
        muster::clock::known(at)
    };
    assert!(login(&asking).is_some_and(|at| (muster::clock::now() - at).num_seconds() < 60));
    assert_eq!(login(&account), None, "what a gateway or an API asks about is no login");
}
