//! What strangers, guests and tokens can have Muster write down is bounded, however often they ask.

use std::process::Command;

use chrono::TimeDelta;
use muster::accounts::model::{Kind, Selection};
use muster::accounts::operations;
use muster::auth::principal::Principal;
use muster::database::sql::Sql;
use muster::tokens::value::{Access, TokenValue};

use crate::pages::html::{make_token, token_value};
use crate::support::app::{Answer, Client, TestApp};
use crate::support::process::Process;

fn count(app: &TestApp, table: &str) -> i64 {
    let sql = format!("SELECT count(*) AS n FROM {table}");
    app.read(|conn| Sql::new(&sql).number(conn))
}

/// A guest who asks for what is forbidden writes one event of each kind, and is answered alike each time.
#[test]
fn a_guest_cannot_fill_the_audit_log() {
    let app = TestApp::start();
    let account = app.add_account("robot");
    let guests = [app.user("Ines Calloway", &[]), app.user("Tomas Okafor", &[])];
    let paths = ["/settings/token-policy".to_owned(), format!("/settings/system-accounts/{account}")];
    let before = count(&app, "audit_events");
    for guest in &guests {
        for _ in 0..50 {
            for path in &paths {
                assert_eq!(guest.get(path).status, 403, "{path}");
            }
            assert_eq!(guest.post(&format!("{}/disablement", paths[1]), &[]).status, 403);
        }
    }
    assert_eq!(count(&app, "audit_events WHERE type = 'access.refused'"), 6);
    assert_eq!(count(&app, "audit_events"), before + 6);
}

/// The public id of a token is no secret: whoever knows only that causes nothing in its name.
#[test]
fn who_has_a_part_of_a_token_leaves_no_trace_of_it() {
    let mut app = TestApp::start();
    let account = app.add_account("robot");
    let token = app.add_token(&account, Access::Write);
    let asker = app.add_account_with("asker", &[app.add_role("Introspector", &["token:introspect"])]);
    let caller = app.add_token(&asker, Access::Read);
    let before = count(&app, "audit_events");
    let bearer = |token: &str| format!("Bearer {token}");
    for _ in 0..20 {
        let made_up = forged(&token);
        assert_eq!(app.verify(&made_up).status, 401);
        let own = [("Authorization", &*bearer(&made_up))];
        assert_eq!(app.anonymous().send("DELETE", "/tokens/current", &own, &[]).status, 401);
        let asked = [("Authorization", &*bearer(&caller))];
        let answer = app.anonymous().send("POST", "/oauth/introspect", &asked, &[("token", &made_up)]);
        assert_eq!(answer.body, r#"{"active":false}"#);
    }
    assert_eq!(app.verify(&token).status, 200);
    app.stop();
    assert_eq!(count(&app, "audit_events"), before);
    let refused = format!("account_days WHERE account_id = '{account}' AND refused > 0");
    assert_eq!(count(&app, &refused), 0);
}

/// The id of a token with another secret, and check digits that fit.
fn forged(token: &str) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let other = TokenValue::generate(Access::Write).unwrap();
    let body = format!("{}{}", &token[..18], &other.expose()[18..61]);
    let mut rest = crc32fast::hash(body.as_bytes());
    let mut digits = [b'0'; 6];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[(rest % 62) as usize];
        rest /= 62;
    }
    let text = format!("{body}{}", std::str::from_utf8(&digits).unwrap());
    assert!(TokenValue::parse(&text).is_some());
    text
}

#[test]
fn a_token_replaces_itself_no_more_than_once_a_minute() {
    let app = TestApp::start();
    let account = app.add_account("robot");
    let regenerate = |token: &str| {
        let authorization = format!("Bearer {token}");
        app.anonymous().send(
            "POST",
            "/tokens/current/regenerate",
            &[("Authorization", &authorization)],
            &[("overlap_seconds", "0")],
        )
    };
    let value = |answer: &Answer| {
        assert_eq!(answer.status, 201, "{}", answer.body);
        let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        body["value"].as_str().unwrap().to_owned()
    };
    // One that a person has just made may do so at once; so may each of several.
    let mut token = value(&regenerate(&app.add_token(&account, Access::Read)));
    value(&regenerate(&app.add_token(&account, Access::Write)));
    for _ in 0..3 {
        let refused = regenerate(&token);
        assert_eq!((refused.status, refused.header("content-type")), (429, "application/problem+json"));
        assert!(refused.header("retry-after").parse::<u64>().is_ok_and(|seconds| (1..=60).contains(&seconds)));
        assert_eq!(app.verify(&token).status, 200, "it is as good as before");
        age(&app, &token, TimeDelta::seconds(61));
        token = value(&regenerate(&token));
    }
}

/// Nor another of its account's, by whatever address: each time would leave an audit event, and a row.
#[test]
fn a_token_replaces_others_no_more_than_once_a_minute() {
    let app = TestApp::start();
    let ines = app.user("Ines Calloway", &[app.add_role("Scripter", &["token:manage:own"])]);
    let machine = app.add_account_with("terraform", &[muster::roles::predefined::ADMINISTRATOR.into()]);
    let of_person = || {
        let fields = [("name", "laptop"), ("access", "write"), ("expires", "never")];
        token_value(&make_token(&ines, "/settings/api-tokens", &fields))
    };
    let of_machine = || app.add_token(&machine, Access::Write);
    let cases: [(&dyn Fn() -> String, String); 3] = [
        (&of_person, "/settings/tokens/{token}/regenerate".to_owned()),
        (&of_machine, "/settings/tokens/{token}/regenerate".to_owned()),
        (&of_machine, format!("/admin/system-accounts/{machine}/tokens/{{token}}/regenerate")),
    ];
    for (new_token, path) in cases {
        let caller = format!("Bearer {}", new_token());
        let regenerate = |token: &str| {
            let path = path.replace("{token}", &token[5..17]);
            app.anonymous().send_body("POST", &path, &[("Authorization", &caller)], "")
        };
        let value = |answer: &Answer| {
            assert_eq!(answer.status, 201, "{path}: {}", answer.body);
            serde_json::from_str::<serde_json::Value>(&answer.body).unwrap()["value"].as_str().unwrap().to_owned()
        };
        let mut token = value(&regenerate(&new_token()));
        // Others that are as new, too.
        value(&regenerate(&new_token()));
        let before = count(&app, "audit_events");
        for _ in 0..3 {
            let refused = regenerate(&token);
            assert_eq!((refused.status, count(&app, "audit_events")), (429, before), "{path}: {}", refused.body);
            assert!(refused.header("retry-after").parse::<u64>().is_ok_and(|seconds| (1..=60).contains(&seconds)));
        }
        assert_eq!(app.verify(&token).status, 200, "it is as good as before");
        age(&app, &token, TimeDelta::seconds(61));
        token = value(&regenerate(&token));
        assert_eq!(regenerate(&token).status, 429, "{path}");
    }
}

fn age(app: &TestApp, token: &str, by: TimeDelta) {
    let mut sql = Sql::new("UPDATE tokens SET created_at = ");
    sql.bind(muster::clock::now() - by).push(" WHERE id = ").bind(&token[5..17]);
    app.write(|conn| sql.execute(conn));
}

#[test]
fn the_command_line_says_whose_token_it_is_and_that_it_does_not_work_yet() {
    let app = TestApp::start();
    let account = app.add_account("buildkite/ios");
    let muster = |words: &[&str]| {
        let done =
            Command::new(env!("CARGO_BIN_EXE_muster")).args(words).env("DATABASE_URL", &app.database_url).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        (String::from_utf8(done.stdout).unwrap(), String::from_utf8(done.stderr).unwrap())
    };
    let add =
        || muster(&["token", "add", "--account", "buildkite/ios", "--name", "deploy", "--access", "read", "--expires-in", "30d"]);
    let (value, said) = add();
    assert!(!said.contains("disabled"), "{said}");
    assert_eq!(app.verify(value.trim()).status, 200);
    let one = Selection::Accounts(vec![account]);
    app.write(|conn| operations::disable(conn, &Principal::shell(), Kind::System, &one));
    let (of_disabled, said) = add();
    assert!(said.contains("buildkite/ios is disabled: the token works once you enable it."), "{said}");
    assert!(TokenValue::parse(of_disabled.trim()).is_some(), "a script reads the value alone: {of_disabled}");
    assert_eq!(app.verify(of_disabled.trim()).status, 401);
    let (said, _) = muster(&["token", "revoke", &value[5..17]]);
    assert_eq!(said, "Revoked the token deploy of buildkite/ios.\n");
}

/// The page of an account warns before a gateway has no room for what it is told.
#[test]
fn a_large_identity_is_told_on_its_accounts_page() {
    let app = TestApp::start();
    let admin = app.admin();
    let (small, large) = (app.add_account("small"), app.add_account("large"));
    for number in 0..20 {
        // Nine bytes on the wire for each letter.
        app.add_team(&format!("東京の夜間監視とリリース担当の部署 {number}"), &[&large]);
    }
    app.add_team("Ops", &[&small]);
    let page = |id: &muster::id::Id| admin.get(&format!("/settings/system-accounts/{id}")).text();
    assert!(page(&large).contains("Large identity. Gateways get 3."), "{}", page(&large));
    assert!(!page(&small).contains("Large identity"));
    let token = app.add_token(&large, Access::Read);
    let told: usize =
        app.verify(&token).headers.iter().filter(|(name, _)| name.starts_with("muster-")).map(|(_, value)| value.len()).sum();
    assert!(told > 3_000, "{told}");
    // The log says it once, not with every call.
    let process = Process::serve(&app.database_url, &[("MUSTER_LOG", "warn")]);
    let bearer = format!("Bearer {token}");
    for _ in 0..3 {
        assert_eq!(Client::new(&process.url).get_with("/auth/verify", &[("Authorization", &bearer)]).status, 200);
    }
    let said = process.stop_and_read();
    let lines: Vec<&str> = said.lines().filter(|line| line.contains("identity headers")).collect();
    assert!(lines.len() == 1 && lines[0].contains(" WARN ") && lines[0].contains("large"), "{said}");
}
