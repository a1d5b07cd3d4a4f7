//! What a token does with itself, by the API.

use muster::auth::principal::Principal;
use muster::id::Id;
use muster::roles::predefined;
use muster::tokens::queries;
use muster::tokens::value::{Access, TokenValue};
use serde_json::json;

use super::api::{basic, bearer, body, problem};
use crate::support::app::TestApp;

const REGENERATE: &str = "/tokens/current/regenerate";

#[test]
fn a_token_can_end_itself() {
    let app = TestApp::start();
    let account = app.add_account("builds");
    for access in [Access::Read, Access::Write] {
        let (token, other) = (app.add_token(&account, access), app.add_token(&account, access));
        let answer = app.anonymous().send("DELETE", "/tokens/current", &[("Authorization", &bearer(&token))], &[]);
        assert_eq!((answer.status, answer.body.as_str()), (204, ""));
        assert_eq!((app.verify(&token).status, app.verify(&other).status), (401, 200));
        let again = app.anonymous().send("DELETE", "/tokens/current", &[("Authorization", &bearer(&token))], &[]);
        assert_eq!(problem(&again), 401);
        let event = last_event(&app, &account);
        assert_eq!(event, ("token.revoked".into(), "system".into(), Some(account.clone()), Some(token[5..17].into())));
    }
    let none = app.anonymous().send("DELETE", "/tokens/current", &[], &[]);
    assert_eq!((problem(&none), none.header("www-authenticate")), (401, r#"Bearer realm="muster""#));
    // Some clients say that they send JSON when they send nothing.
    let token = app.add_token(&account, Access::Read);
    let headers = [("Authorization", &*basic(account.as_str(), &token)), ("Content-Type", "application/json")];
    assert_eq!(app.anonymous().send_body("DELETE", "/tokens/current", &headers, "").status, 204);
}

/// Verb, kind of actor, actor and the token it used.
fn last_event(app: &TestApp, account: &Id) -> (String, String, Option<Id>, Option<String>) {
    use diesel::prelude::*;
    use muster::schema::{audit_changes, audit_events};
    let account = account.clone();
    app.read(move |conn| {
        Ok(audit_events::table
            .inner_join(audit_changes::table)
            .filter(audit_events::target_id.eq(account.as_str()))
            .order(audit_events::seq.desc())
            .select((audit_events::event_type, audit_changes::actor_kind, audit_changes::actor_id, audit_changes::token_id))
            .first(conn)?)
    })
}

#[test]
fn a_token_can_have_its_successor() {
    let app = TestApp::start_with(|config| config.max_token_lifetime = Some(chrono::TimeDelta::days(30)));
    let account = app.add_account("builds");
    let regenerate = |token: &str, kind: &str, body: &str| {
        let authorization = bearer(token);
        let mut headers = vec![("Authorization", authorization.as_str())];
        if !kind.is_empty() {
            headers.push(("Content-Type", kind));
        }
        app.anonymous().send_body("POST", REGENERATE, &headers, body)
    };
    const FORM: &str = "application/x-www-form-urlencoded";
    const JSON: &str = "application/json";
    for (kind, sent, overlaps) in [
        ("", "", false),
        (JSON, "", false),
        (FORM, "", false),
        (JSON, "{}", false),
        (JSON, r#"{"overlap_seconds":null}"#, false),
        (JSON, r#"{"overlap_seconds":0}"#, false),
        ("application/json; charset=utf-8", r#"{"overlap_seconds":604800}"#, true),
        (FORM, "overlap_seconds=90", true),
    ] {
        for access in [Access::Read, Access::Write] {
            let old = app.add_token(&account, access);
            let answer = regenerate(&old, kind, sent);
            assert_eq!((answer.status, answer.header("cache-control")), (201, "no-store"), "{sent}: {}", answer.body);
            let said = body(&answer);
            let new = said["value"].as_str().unwrap();
            assert_eq!((said["id"].as_str(), said["access"].as_str()), (Some(&new[5..17]), Some(access.as_str())));
            assert_eq!((said["name"].as_str(), said["replaces"]["id"].as_str()), (Some("test token"), Some(&old[5..17])));
            assert!(said["expires_at"].is_string(), "the installation's maximum holds");
            assert_eq!(said["replaces"]["works_until"].is_string(), overlaps);
            assert_eq!((app.verify(&old).status, app.verify(new).status), (if overlaps { 200 } else { 401 }, 200));
            assert_eq!(last_event(&app, &account).0, "token.regenerated");
            assert_eq!(last_event(&app, &account).3.as_deref(), Some(&old[5..17]));
            if overlaps {
                let again = regenerate(&old, "", "");
                assert_eq!(problem(&again), 409);
                assert!(body(&again)["detail"].as_str().is_some_and(|text| text.contains("has been regenerated already")));
                let answer = app.anonymous().send("DELETE", "/tokens/current", &[("Authorization", &bearer(new))], &[]);
                assert_eq!((answer.status, app.verify(&old).status), (204, 401), "what it replaced stops with it");
            }
        }
    }
    let token = app.add_token(&account, Access::Read);
    for (kind, wrong, status) in [
        (JSON, r#"{"overlap_seconds":604801}"#, 400),
        (JSON, r#"{"overlap_seconds":-1}"#, 400),
        (JSON, r#"{"overlap_seconds":"60"}"#, 400),
        (JSON, r#"{"overlap_seconds":1.5}"#, 400),
        (JSON, r#"{"overlap":3600}"#, 400),
        (JSON, r#"{"overlap_seconds":60,"more":1}"#, 400),
        (JSON, r#"{"overlap_seconds":60,"overlap_seconds":0}"#, 400),
        (JSON, r#"{"overlap_seconds":60,"overlap_second\u0073":0}"#, 400),
        (FORM, "overlap_seconds=60&overlap_seconds=0", 400),
        (FORM, "overlap_seconds=soon", 400),
        (FORM, "overlap=3600", 400),
        // JSON that a client sends as a form, as curl does when it is not told otherwise.
        (FORM, r#"{"overlap_seconds": 3600}"#, 400),
        (JSON, "[]", 400),
        (JSON, "{", 400),
        ("text/plain", "60", 400),
    ] {
        assert_eq!(problem(&regenerate(&token, kind, wrong)), status, "{wrong}");
    }
    assert_eq!(app.verify(&token).status, 200);
    assert_eq!(problem(&regenerate("x", "", "")), 401);
}

/// Fifty calls at once make one successor.
#[test]
fn a_race_has_one_winner() {
    let app = TestApp::start();
    let account = app.add_account("builds");
    let token = app.add_token(&account, Access::Write);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let calls: Vec<_> = (0..50)
            .map(|_| {
                scope.spawn(|| {
                    let fields = [("overlap_seconds", "3600")];
                    app.anonymous().send("POST", REGENERATE, &[("Authorization", &bearer(&token))], &fields).status
                })
            })
            .collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 49, "{statuses:?}");
}

#[test]
fn a_users_token_can_do_the_same() {
    let app = TestApp::start();
    let (user, _) = app.add_user("Ines Calloway", &[predefined::USER.into()]);
    let value = TokenValue::generate(Access::Read).unwrap();
    let token = muster::tokens::model::Token {
        id: value.id().into(),
        account: user.clone(),
        name: "laptop".into(),
        access: Access::Read,
        created_at: muster::clock::now(),
        created_by_name: "Ines Calloway".into(),
        expires_at: None,
        revoked_at: None,
        replaced_by: None,
        last_used_at: None,
        last_used_from: None,
        last_used_agent: None,
    };
    app.write(|conn| {
        queries::insert(conn, &token, &value.digest())?;
        let event = muster::audit::Event {
            verb: muster::audit::verbs::TOKEN_CREATED,
            target_kind: "user",
            target_id: Some(&user),
            target_name: "Ines Calloway",
            object: None,
            detail: json!({}),
        };
        muster::audit::begin(conn, &Principal::shell())?.record(conn, &event)
    });
    let answer = app.anonymous().send_body("POST", REGENERATE, &[("Authorization", &bearer(value.expose()))], "");
    assert_eq!(answer.status, 201, "{}", answer.body);
    let event = last_event(&app, &user);
    assert_eq!((event.1.as_str(), event.2), ("user", Some(user)));
}
