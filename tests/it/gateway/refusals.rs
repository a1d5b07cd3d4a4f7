//! Every token that is not usable is refused by the same face; one that is carries all nine headers.

use std::collections::BTreeMap;

use muster::accounts::model::{Kind, Selection};
use muster::accounts::operations;
use muster::auth::principal::Principal;
use muster::id::Id;
use muster::roles::predefined;
use muster::tokens::value::{Access, TokenValue};

use crate::support::app::{Answer, Client, TestApp};
use crate::support::soon::soon;

const LIST: &str = "/settings/system-accounts";
const NINE: [&str; 9] = [
    "muster-account",
    "muster-account-name",
    "muster-account-type",
    "muster-roles",
    "muster-teams",
    "muster-permissions",
    "muster-token",
    "muster-access",
    "muster-token-expires",
];

/// What the caller sees of an answer. The time of day and the request's own id are all that may differ.
fn face(answer: &Answer) -> (u16, BTreeMap<String, String>, String) {
    let headers = answer.headers.iter().filter(|(name, _)| !matches!(name.as_str(), "date" | "x-request-id"));
    (answer.status, headers.map(|(name, value)| (name.clone(), value.clone())).collect(), answer.body.clone())
}

/// Has the server know what was changed from the side.
fn settle(app: &TestApp) {
    app.write(|_| Ok(()));
}

/// A token through the page, as an administrator makes one.
fn made(admin: &Client, account: &Id, access: &str, expires: &str) -> String {
    let fields = [("name", "deploy"), ("access", access), ("expires", expires)];
    let page = admin.post_and_follow(&format!("{LIST}/{account}/tokens"), &fields);
    assert_eq!(page.status, 200, "{}", page.text());
    let rule = regex::Regex::new("mst[rw]_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}").unwrap();
    rule.find(&page.body).unwrap().as_str().to_owned()
}

fn public_id(token: &str) -> &str {
    token.split('_').nth(1).unwrap()
}

fn with_letter(token: &str, at: usize, letter: u8) -> String {
    let mut bytes = token.as_bytes().to_vec();
    bytes[at] = letter;
    String::from_utf8(bytes).unwrap()
}

#[test]
fn whatever_is_wrong_with_a_token_the_answer_is_the_same() {
    let app = TestApp::start();
    let admin = app.admin();
    let [ok, disabled, deleted, revoked, expired] =
        ["fine", "disabled", "deleted", "revoked", "expired"].map(|name| app.add_account(name));
    let good = made(&admin, &ok, "write", "30");
    assert_eq!(app.verify(&good).status, 200);

    let of_disabled = made(&admin, &disabled, "write", "never");
    let of_deleted = made(&admin, &deleted, "write", "never");
    let of_revoked = made(&admin, &revoked, "write", "never");
    let of_expired = made(&admin, &expired, "write", "30");
    for token in [&of_disabled, &of_deleted, &of_revoked, &of_expired] {
        assert_eq!(app.verify(token).status, 200);
    }
    assert_eq!(admin.post(&format!("{LIST}/{disabled}/disablement"), &[]).status, 303);
    assert_eq!(admin.post(&format!("{LIST}/{deleted}/deletion"), &[("confirm", "deleted")]).status, 303);
    let revocation = format!("{LIST}/{revoked}/tokens/{}/revocation", public_id(&of_revoked));
    assert_eq!(admin.post(&revocation, &[]).status, 303);
    // The moment passes: another instance would learn of it as this one does.
    let id = public_id(&of_expired).to_owned();
    app.write(|conn| {
        muster::tokens::queries::expire(conn, &id, muster::clock::now() - chrono::TimeDelta::microseconds(1))?;
        let event = muster::audit::Event {
            verb: muster::audit::verbs::TOKEN_CREATED,
            target_kind: "system",
            target_id: Some(&expired),
            target_name: "expired",
            object: None,
            detail: serde_json::json!({}),
        };
        muster::audit::begin(conn, &Principal::shell())?.record(conn, &event)
    });
    settle(&app);

    let never_issued = TokenValue::generate(Access::Write).unwrap();
    // The right id and check digits around another secret.
    let mut wrong: Vec<(String, String)> = vec![
        ("disabled".into(), of_disabled),
        ("deleted".into(), of_deleted),
        ("revoked".into(), of_revoked),
        ("expired".into(), of_expired),
        ("never issued".into(), never_issued.expose().to_owned()),
        ("upper-cased".into(), good.to_uppercase()),
        ("lower-cased".into(), good.to_lowercase()),
        ("no token at all".into(), "hello".into()),
        ("a JWT".into(), "eyJhbGciOiJIUzI1NiJ9.e30.abc".into()),
        ("with another's id".into(), good.replace(public_id(&good), never_issued.id())),
        ("twice".into(), format!("{good}{good}")),
        ("with a comma".into(), format!("{good},{good}")),
        ("with a letter of another script".into(), good.replacen('m', "%D0%BC", 1)),
    ];
    for end in [1, 2, 12, good.len() - 1] {
        wrong.push((format!("cut short by {end}"), good[..good.len() - end].into()));
        wrong.push((format!("without the first {end}"), good[end..].into()));
    }
    for more in ["0", "a", "_", "=", "."] {
        wrong.push((format!("lengthened by {more}"), format!("{good}{more}")));
        wrong.push((format!("{more} in front"), format!("{more}{good}")));
    }
    for at in 0..good.len() {
        let letter = if good.as_bytes()[at] == b'A' { b'B' } else { b'A' };
        wrong.push((format!("letter {at} wrong"), with_letter(&good, at, letter)));
    }
    let swapped = if good.starts_with("mstw") { good.replacen("mstw", "mstr", 1) } else { good.replacen("mstr", "mstw", 1) };
    wrong.push(("the other access".into(), swapped));

    // Only the sentence differs, between what cannot be a token at all and what could be one.
    let [other, unusable] = ["hello", never_issued.expose()].map(|token| face(&app.verify(token)));
    for expected in [&other, &unusable] {
        assert_eq!(expected.0, 401);
        assert_eq!(expected.1["www-authenticate"], r#"Bearer realm="muster", error="invalid_token""#);
        assert_eq!(expected.1["cache-control"], "no-store");
        assert!(NINE.iter().all(|name| !expected.1.contains_key(*name)));
    }
    assert_ne!(other.2, unusable.2);
    let count = wrong.len();
    for (what, token) in wrong {
        let expected = if TokenValue::parse(&token).is_some() { &unusable } else { &other };
        assert_eq!(&face(&app.verify(&token)), expected, "{what}");
    }
    println!("{count} tokens that are wrong in one way or another were refused alike");
    assert_eq!(app.verify(&good).status, 200, "the good one is as good as before");
    let none = app.anonymous().get("/auth/verify");
    assert_eq!((none.status, none.header("www-authenticate")), (401, r#"Bearer realm="muster""#));
}

#[test]
fn an_accepted_call_tells_all_nine_headers() {
    let app = TestApp::start();
    let admin = app.admin();
    let bare = app.add_account_with("bare", &[]);
    let rich = app.add_account_with("Zürich, 100% \u{1F680}", &[predefined::ADMINISTRATOR.into(), predefined::CI_CD.into()]);
    app.add_team("Öl, Gas & Co", &[&rich]);
    let (of_bare, of_rich) = (made(&admin, &bare, "read", "never"), made(&admin, &rich, "write", "30"));
    settle(&app);
    let answer = app.verify(&of_bare);
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    for name in NINE {
        assert!(answer.headers.contains_key(name), "{name}");
    }
    let told = |answer: &Answer, name: &str| answer.header(&format!("muster-{name}")).to_owned();
    assert_eq!(told(&answer, "account"), bare.to_string());
    assert_eq!(told(&answer, "account-name"), "bare");
    assert_eq!(told(&answer, "account-type"), "system");
    assert_eq!((told(&answer, "roles"), told(&answer, "teams"), told(&answer, "permissions")), Default::default());
    assert_eq!(told(&answer, "token"), public_id(&of_bare));
    assert_eq!((told(&answer, "access"), told(&answer, "token-expires")), ("read".into(), String::new()));
    let answer = app.verify(&of_rich);
    assert_eq!(told(&answer, "account-name"), "Z%C3%BCrich,%20100%25%20%F0%9F%9A%80");
    assert_eq!(told(&answer, "roles"), "Administrator,CI/CD");
    assert_eq!(told(&answer, "teams"), "%C3%96l%2C%20Gas%20&%20Co");
    assert!(told(&answer, "permissions").split(',').any(|permission| permission == "system_account:manage:*"));
    assert_eq!(told(&answer, "access"), "write");
    assert!(chrono::DateTime::parse_from_rfc3339(&told(&answer, "token-expires")).is_ok());
    // A client's own headers do not come through.
    let token = format!("Bearer {of_bare}");
    let forged = [("Authorization", token.as_str()), ("Muster-Roles", "Administrator"), ("Muster-Account", "somebody")];
    let answer = app.anonymous().get_with("/auth/verify", &forged);
    assert_eq!((told(&answer, "roles"), told(&answer, "account")), (String::new(), bare.to_string()));
}

#[test]
fn read_only_tokens_read_and_requirements_are_required() {
    let app = TestApp::start();
    let admin = app.admin();
    let robot = app.add_account("robot");
    let (read, write) = (made(&admin, &robot, "read", "never"), made(&admin, &robot, "write", "never"));
    let ask = |token: &str, query: &str, headers: &[(&str, &str)]| {
        let authorization = format!("Bearer {token}");
        let mut all = vec![("Authorization", authorization.as_str())];
        all.extend(headers);
        app.anonymous().get_with(&format!("/auth/verify{query}"), &all)
    };
    for header in ["X-Original-Method", "X-Forwarded-Method"] {
        for method in ["GET", "HEAD", "OPTIONS"] {
            assert_eq!(ask(&read, "", &[(header, method)]).status, 200, "{header} {method}");
        }
        for method in ["POST", "PUT", "PATCH", "DELETE", "get", "PROPFIND", ""] {
            let answer = ask(&read, "", &[(header, method)]);
            assert_eq!(answer.status, 403, "{header} {method}");
            let challenge = answer.header("www-authenticate");
            assert!(challenge.contains("insufficient_scope") && challenge.contains("scope=\"write\""), "{challenge}");
            assert!(NINE.iter().all(|name| !answer.headers.contains_key(*name)));
            assert_eq!(ask(&write, "", &[(header, method)]).status, 200, "{header} {method}");
        }
    }
    let lied = [("X-Original-Method", "GET"), ("X-Forwarded-Method", "POST")];
    assert_eq!(ask(&read, "", &lied).status, 403);
    for (query, status) in [
        ("?require=contract_data:read:*", 200),
        ("?require=contract_data:read:*&require=environment:read:*", 200),
        ("?require=contract_data:read:*&require=system_account:manage:*", 403),
        ("?require=system_account:manage:*", 403),
        ("?require=Nonsense", 403),
        ("?require=", 403),
        ("?required=contract_data:read:*", 403),
        ("?role=CI/CD", 200),
        ("?role=ci%2Fcd", 200),
        ("?role=c1878b8e-d09e-11ea-8fde-af02c4677eb7", 200),
        ("?role=Administrator", 403),
        ("?role=Administrator&role=CI%2FCD", 200),
        ("?role=CI/CD&require=user:manage:*", 403),
        ("/-/orders?role=Administrator", 200),
        ("/role=CI%2FCD/-/orders", 200),
        ("/role=Administrator/-/orders?x=1&role=CI/CD", 403),
        ("/?role=CI/CD&path=/orders", 403),
        ("/orders", 403),
        ("?role=", 403),
    ] {
        let answer = ask(&write, query, &[]);
        assert_eq!(answer.status, status, "{query}");
        if status == 403 {
            assert!(answer.header("www-authenticate").contains("scope="), "{query}");
        }
    }
    // A token that is no good is refused as such, whatever is required of it.
    assert_eq!(ask("hello", "?require=user:manage:*", &[("X-Original-Method", "POST")]).status, 401);
}

#[test]
fn once_a_change_is_answered_the_next_call_knows_it() {
    let app = TestApp::start();
    let admin = app.admin();
    let second = crate::support::process::Process::serve(&app.database_url, &[]);
    let elsewhere = |token: &str| {
        let authorization = format!("Bearer {token}");
        app.anonymous().get_with(&format!("{}/auth/verify", second.url), &[("Authorization", &authorization)]).status
    };
    for round in 0..15 {
        let name = format!("robot {round}");
        let robot = app.add_account(&name);
        let token = made(&admin, &robot, "write", "never");
        assert_eq!(app.verify(&token).status, 200);
        let of = format!("{LIST}/{robot}");
        for _ in 0..2 {
            assert_eq!(admin.post(&format!("{of}/disablement"), &[]).status, 303);
            assert_eq!(app.verify(&token).status, 401, "disabled");
            assert_eq!(admin.post(&format!("{of}/enablement"), &[]).status, 303);
            assert_eq!(app.verify(&token).status, 200, "enabled");
        }
        let role = predefined::READ_ONLY.to_string();
        assert_eq!(admin.post(&format!("{of}/roles"), &[("role", &role)]).status, 303);
        let roles = app.verify(&token).header("muster-roles").to_owned();
        assert_eq!(roles, "Read-Only");
        let told = |wanted: u16| match elsewhere(&token) {
            503 => None,
            status => Some(status == wanted),
        };
        soon("a token that works", || told(200));
        match round % 3 {
            0 => assert_eq!(admin.post(&format!("{of}/deletion"), &[("confirm", &name)]).status, 303),
            1 => assert_eq!(admin.post(&format!("{of}/tokens/{}/revocation", public_id(&token)), &[]).status, 303),
            _ => assert_eq!(admin.post(&format!("{LIST}/bulk"), &[("id", robot.as_str()), ("do", "disable")]).status, 303),
        }
        soon("its end", || told(401));
        assert_eq!(app.verify(&token).status, 401);
    }
}

#[test]
fn a_new_account_of_an_old_name_has_nothing_of_the_old_one() {
    let app = TestApp::start();
    let admin = app.admin();
    let old = app.add_account_with("phoenix", &[predefined::ADMINISTRATOR.into()]);
    app.add_team("Fire", &[&old]);
    let token = made(&admin, &old, "write", "never");
    assert_eq!(app.verify(&token).status, 200);
    assert_eq!(admin.post(&format!("{LIST}/{old}/deletion"), &[("confirm", "phoenix")]).status, 303);
    let answer = admin.post(LIST, &[("name", "Phoenix")]);
    assert_eq!(answer.status, 303, "{}", answer.text());
    let new = answer.location().rsplit('/').next().unwrap().to_owned();
    assert_ne!(new, old.to_string());
    assert_eq!(app.verify(&token).status, 401);
    let page = admin.get(&format!("{LIST}/{new}"));
    assert_eq!(page.status, 200);
    assert!(!page.text().contains(public_id(&token)), "{}", page.text());
    for table in ["account_roles", "team_members", "tokens", "account_days"] {
        let sql = format!("SELECT count(*) AS n FROM {table} WHERE account_id IN ('{new}', '{old}')");
        assert_eq!(app.read(|conn| muster::database::sql::Sql::new(&sql).number(conn)), 0, "{table}");
    }
    assert_eq!(admin.get(&format!("{LIST}/{old}")).status, 404);
    // A disabled namesake keeps its own, and gets nothing of the new one's.
    let twin = app.add_account("twin");
    let twins_token = made(&admin, &twin, "write", "never");
    assert_eq!(admin.post(&format!("{LIST}/{twin}/disablement"), &[]).status, 303);
    let second = app.add_account("twin");
    assert_eq!(app.verify(&twins_token).status, 401);
    assert_eq!(admin.post(&format!("{LIST}/{twin}/enablement"), &[]).status, 303);
    let told = admin.get(&format!("{LIST}/{twin}")).flash();
    assert!(told.contains("twin"), "{told}");
    assert_eq!(app.verify(&twins_token).status, 401);
    let one = Selection::Accounts(vec![second]);
    app.write(|conn| operations::delete(conn, &Principal::shell(), Kind::System, &one));
    assert_eq!(admin.post(&format!("{LIST}/{twin}/enablement"), &[]).status, 303);
    assert_eq!(app.verify(&twins_token).header("muster-account"), twin.to_string());
}
