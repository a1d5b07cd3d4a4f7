//! Tokens from their creation to the gateway's answer, on a database of their own: SQLite, or with `MUSTER_TEST_ENGINE`
//! as `postgres` the server that `MUSTER_TEST_POSTGRES` names (`tests/run` sets both).

use std::net::IpAddr;

use actix_web::body::to_bytes;
use actix_web::dev::ServiceResponse;
use actix_web::http::{Method, StatusCode};
use actix_web::test::TestRequest;
use actix_web::{App, test, web};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{NaiveDateTime, TimeDelta};
use clap::Parser;
use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection, QueryableByName};

use super::verify;
use crate::accounts::model::{Filter, Kind, Selection};
use crate::accounts::operations as accounts;
use crate::activity::Recorder;
use crate::auth::principal::{ActorKind, Means, Principal};
use crate::clock;
use crate::config::{Config, DatabaseUrl, ServeOptions};
use crate::database::sql::Sql;
use crate::database::{Database, DbConnection, migrations};
use crate::error::Error;
use crate::id::Id;
use crate::roles::permission::Permission;
use crate::roles::predefined;
use crate::tokens::check::{Check, Reason, Verdict};
use crate::tokens::mirror::{Known, Mirror};
use crate::tokens::model::{Expiry, Overlap, Token};
use crate::tokens::operations::{self, Creation};
use crate::tokens::queries;
use crate::tokens::value::{Access, TokenValue};
use crate::web::throttle::Refusals;

/// A database of its own, gone with the test.
struct Home {
    database: Database,
    url: DatabaseUrl,
    _folder: Option<tempfile::TempDir>,
}

impl Home {
    fn new() -> Self {
        let (url, folder) = match std::env::var("MUSTER_TEST_ENGINE").as_deref() {
            Ok("postgres") => {
                let server = std::env::var("MUSTER_TEST_POSTGRES").expect("MUSTER_TEST_POSTGRES");
                let name = format!("muster_unit_{}", Id::new().as_str().replace('-', ""));
                administer(&server, &format!("CREATE DATABASE {name}"));
                let (host, _) = server.rsplit_once('/').expect("a URL with a database");
                (DatabaseUrl::Postgres(format!("{host}/{name}")), None)
            }
            _ => {
                let folder = tempfile::tempdir().unwrap();
                (DatabaseUrl::Sqlite(folder.path().join("muster.db").display().to_string()), Some(folder))
            }
        };
        migrations::migrate(&url).unwrap();
        Self { database: Database::connect(url.clone(), 4).unwrap(), url, _folder: folder }
    }

    fn write<T>(&self, work: impl FnOnce(&mut DbConnection) -> Result<T, Error>) -> T {
        self.database.write_now(work).unwrap()
    }

    fn batch(&self, sql: &str) {
        self.write(|conn| Ok(conn.batch_execute(sql)?));
    }

    fn number(&self, sql: &str) -> i64 {
        self.database.read_now(|conn| Sql::new(sql).number(conn)).unwrap()
    }

    fn account(&self, name: &str) -> Id {
        let form =
            accounts::Creation { name: name.into(), roles: vec![predefined::CI_CD.into()], ..accounts::Creation::default() };
        self.write(|conn| accounts::create_system_account(conn, &Principal::shell(), &accounts::Plan::unlimited(), &form))
    }

    fn token(&self, account: &Id, access: Access, expiry: Expiry) -> (Token, TokenValue) {
        let form = Creation { name: "release pipeline".into(), access: Some(access), expiry: Ok(expiry) };
        self.write(|conn| operations::create(conn, &Principal::shell(), account, &form, None))
    }

    fn regenerate(&self, token: &Token, overlap: Overlap) -> Result<(Token, TokenValue), Error> {
        let (account, id) = (token.account.clone(), token.id.clone());
        self.database.write_now(|conn| {
            operations::regenerate(conn, &Principal::shell(), &account, &id, overlap, Some(TimeDelta::days(365)))
        })
    }

    fn find(&self, token: &Token) -> Token {
        self.database.read_now(|conn| queries::find(conn, &token.account, &token.id)).unwrap()
    }

    fn first_expiry(&self, account: &Id) -> Option<NaiveDateTime> {
        #[derive(QueryableByName)]
        struct First {
            #[diesel(sql_type = diesel::sql_types::Timestamp)]
            first_expiry_at: NaiveDateTime,
        }
        let mut sql = Sql::new("SELECT first_expiry_at FROM accounts WHERE id = ");
        sql.bind(account);
        let rows: Vec<First> = self.database.read_now(|conn| sql.load(conn)).unwrap();
        clock::known(rows[0].first_expiry_at)
    }

    async fn judge(&self, text: &str) -> Option<Reason> {
        let value = TokenValue::parse(text);
        match Check::new(self.database.clone(), Mirror::new(self.database.clone())).judge(value.as_ref()).await.unwrap() {
            Verdict::Accepted(_) => None,
            Verdict::Refused { reason, .. } => Some(reason),
        }
    }

    async fn ask(&self, recorder: &Recorder, request: TestRequest) -> ServiceResponse {
        let service = test::init_service(
            App::new()
                .app_data(web::Data::new(Check::new(self.database.clone(), Mirror::new(self.database.clone()))))
                .app_data(web::Data::new(recorder.clone()))
                .app_data(web::Data::new(config(&self.url)))
                .service(web::resource("/auth/verify").to(verify))
                .service(web::resource("/auth/verify/{tail:.*}").to(verify)),
        )
        .await;
        test::call_service(&service, request.to_request()).await
    }

    async fn status(&self, uri: &str, value: &TokenValue) -> (u16, String) {
        let response = self.ask(&Recorder::default(), bearer(uri, value)).await;
        (response.status().as_u16(), header(&response, "www-authenticate").unwrap_or_default())
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if let (DatabaseUrl::Postgres(url), Ok(server)) = (&self.url, std::env::var("MUSTER_TEST_POSTGRES"))
            && let Some((_, name)) = url.rsplit_once('/')
        {
            administer(&server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}

fn administer(server: &str, sql: &str) {
    PgConnection::establish(server).unwrap().batch_execute(sql).unwrap();
}

fn config(url: &DatabaseUrl) -> Config {
    #[derive(Parser)]
    struct Only {
        #[command(flatten)]
        options: ServeOptions,
    }
    let only = Only::try_parse_from(["muster", "--trusted-proxies=10.0.0.0/8"]).unwrap_or_else(|error| panic!("{error}"));
    Config::new(&only.options, url.clone())
}

fn bearer(uri: &str, value: &TokenValue) -> TestRequest {
    TestRequest::with_uri(uri).insert_header(("authorization", format!("Bearer {}", value.expose())))
}

fn header(response: &ServiceResponse, name: &str) -> Option<String> {
    response.headers().get(name).map(|value| value.to_str().unwrap().to_owned())
}

const HALF_YEAR: Expiry = Expiry::In(TimeDelta::days(180));

/// The same length, and check digits that are right: a token that somebody made up around a known id.
fn forged(value: &TokenValue) -> TokenValue {
    let other = TokenValue::generate(value.access_letter()).unwrap();
    let body = format!("{}{}", &value.expose()[..18], &other.expose()[18..61]);
    let mut rest = crc32fast::hash(body.as_bytes());
    let mut digits = Vec::new();
    for _ in 0..6 {
        digits.insert(0, b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"[(rest % 62) as usize]);
        rest /= 62;
    }
    TokenValue::parse(&format!("{body}{}", String::from_utf8(digits).unwrap())).unwrap()
}

#[actix_web::test]
async fn only_the_whole_token_is_accepted() {
    let home = Home::new();
    let account = home.account("ci");
    let (token, value) = home.token(&account, Access::Write, Expiry::Never);
    let text = value.expose();
    assert_eq!(home.judge(text).await, None);
    for at in [0, 3, 5, 16, 18, 40, 60, 66] {
        let other = if text.as_bytes()[at] == b'x' { "y" } else { "x" };
        let wrong = format!("{}{other}{}", &text[..at], &text[at + 1..]);
        assert!(home.judge(&wrong).await.is_some(), "character {at}");
    }
    for wrong in [&text[..66], &text[1..], &format!("{text}0"), &text.to_uppercase(), &text.to_lowercase(), ""] {
        assert_eq!(home.judge(wrong).await, Some(Reason::Malformed), "{wrong}");
    }
    assert_eq!(home.judge(TokenValue::generate(Access::Write).unwrap().expose()).await, Some(Reason::Unknown));
    assert_eq!(home.judge(forged(&value).expose()).await, Some(Reason::Mismatch));
    let stored = home.number(&format!("SELECT count(*) AS n FROM tokens WHERE id = '{}' AND length(digest) = 32", token.id));
    assert_eq!(stored, 1);
}

#[actix_web::test]
async fn what_is_over_is_refused_and_looks_the_same() {
    let home = Home::new();
    let account = home.account("ci");
    let one = Selection::Accounts(vec![account.clone()]);
    let shell = Principal::shell();
    let (revoked, revoked_value) = home.token(&account, Access::Write, HALF_YEAR);
    home.write(|conn| operations::revoke(conn, &shell, &account, &revoked.id));
    let (expired, expired_value) = home.token(&account, Access::Write, HALF_YEAR);
    home.write(|conn| queries::expire(conn, &expired.id, clock::now()));
    let (_, value) = home.token(&account, Access::Write, Expiry::Never);
    assert_eq!(home.judge(revoked_value.expose()).await, Some(Reason::Revoked));
    assert_eq!(home.judge(expired_value.expose()).await, Some(Reason::Expired));

    home.write(|conn| accounts::disable(conn, &shell, Kind::System, &one));
    assert_eq!(home.judge(value.expose()).await, Some(Reason::Disabled));
    let (_, early) = home.token(&account, Access::Read, Expiry::Never);
    assert_eq!(home.judge(early.expose()).await, Some(Reason::Disabled));
    let mut faces = Vec::new();
    for value in [&revoked_value, &expired_value, &value, &forged(&value), &TokenValue::generate(Access::Read).unwrap()] {
        let response = home.ask(&Recorder::default(), bearer("/auth/verify", value)).await;
        let headers: Vec<String> = response.headers().iter().map(|(name, value)| format!("{name}: {value:?}")).collect();
        let status = response.status();
        faces.push((status, headers, to_bytes(response.into_body()).await.ok()));
    }
    assert!(faces.iter().all(|face| *face == faces[0] && face.0 == StatusCode::UNAUTHORIZED), "{faces:?}");

    home.write(|conn| accounts::enable(conn, &shell, &accounts::Plan::unlimited(), Kind::System, &one));
    assert_eq!((home.judge(value.expose()).await, home.judge(early.expose()).await), (None, None));
    home.write(|conn| accounts::delete(conn, &shell, Kind::System, &one));
    assert_eq!(home.judge(value.expose()).await, Some(Reason::Unknown));
    let again = home.account("ci");
    assert_eq!(home.judge(value.expose()).await, Some(Reason::Unknown));
    let listed = home.database.read_now(|conn| queries::of_account(conn, &again)).unwrap();
    assert_eq!(listed, []);
}

#[actix_web::test]
async fn an_accepted_call_carries_all_nine_headers() {
    let home = Home::new();
    let account = home.account("Zürich, 100 %");
    home.batch(&format!(
        "INSERT INTO teams (id, name, name_key, created_at) VALUES ('0f9619ff-8b86-4011-b42d-00cf4fc964ff', 'Ops, night', 'ops, night', '2026-01-01 00:00:00');
         INSERT INTO team_members (team_id, account_id) VALUES ('0f9619ff-8b86-4011-b42d-00cf4fc964ff', '{account}');
         INSERT INTO teams (id, name, name_key, created_at) VALUES
             ('6f9619ff-8b86-4011-b42d-00cf4fc964ff', 'Other', 'other', '2026-01-01 00:00:00');
         INSERT INTO team_administrators (team_id, account_id) VALUES ('6f9619ff-8b86-4011-b42d-00cf4fc964ff', '{account}');"
    ));
    let (token, value) = home.token(&account, Access::Read, HALF_YEAR);
    let response = home.ask(&Recorder::default(), bearer("/auth/verify", &value)).await;
    assert_eq!(response.status(), 200);
    let text = |name: &str| header(&response, name).unwrap_or_else(|| panic!("no {name}"));
    assert_eq!(text("muster-account"), account.as_str());
    assert_eq!(text("muster-account-name"), "Z%C3%BCrich,%20100%20%25");
    assert_eq!(text("muster-account-type"), "system");
    assert_eq!(text("muster-roles"), "CI/CD");
    assert_eq!(text("muster-teams"), "Ops%2C%20night");
    assert!(text("muster-permissions").starts_with("contract_data:manage:own,contract_data:manage:team,contract_data:read:*,"));
    assert!(text("muster-permissions").ends_with(",team:manage:{6f9619ff-8b86-4011-b42d-00cf4fc964ff}"));
    assert_eq!(text("muster-token"), token.id);
    assert_eq!(text("muster-access"), "read");
    let end = NaiveDateTime::parse_from_str(&text("muster-token-expires"), "%Y-%m-%dT%H:%M:%SZ").unwrap();
    assert!((token.expires_at.unwrap() - end).num_seconds() < 1);
    assert_eq!(text("cache-control"), "no-store");
    assert_eq!(header(&response, "set-cookie"), None);
    assert!(to_bytes(response.into_body()).await.is_ok_and(|body| body.is_empty()));

    // Nothing to say is said too.
    let bare = home.account("bare");
    home.batch(&format!("DELETE FROM account_roles WHERE account_id = '{bare}'"));
    let (_, value) = home.token(&bare, Access::Write, Expiry::Never);
    let response = home.ask(&Recorder::default(), bearer("/auth/verify", &value).method(Method::HEAD)).await;
    for empty in ["muster-roles", "muster-teams", "muster-permissions", "muster-token-expires"] {
        assert_eq!(header(&response, empty).as_deref(), Some(""), "{empty}");
    }
    assert_eq!(header(&response, "muster-access").as_deref(), Some("write"));
}

#[actix_web::test]
async fn without_a_usable_token_the_caller_is_asked_for_one() {
    let home = Home::new();
    let account = home.account("ci");
    let (_, value) = home.token(&account, Access::Write, Expiry::Never);
    let recorder = Recorder::default();
    let uri = "/auth/verify";
    let nothing = r#"Bearer realm="muster""#;
    let invalid = r#"Bearer realm="muster", error="invalid_token""#;
    let given = |text: &str| TestRequest::with_uri(uri).insert_header(("authorization", text.to_owned()));
    let basic = |text: String| format!("Basic {}", STANDARD.encode(text));
    for (request, status, challenge) in [
        (TestRequest::with_uri(uri), 401, nothing),
        (given("Digest username=x"), 401, nothing),
        (given("Bearer x"), 401, invalid),
        (given("Bearer"), 401, invalid),
        (given(&format!("Bearer {}x", value.expose())), 401, invalid),
        (bearer(uri, &value).append_header(("authorization", format!("Bearer {}", value.expose()))), 401, invalid),
        (bearer(uri, &value).append_header(("authorization", "Basic YTpi")), 401, invalid),
        (given(&format!("bEARER {}", value.expose())), 200, ""),
        (given(&basic(format!("ci:{}", value.expose()))), 200, ""),
        (given(&basic(format!("{}:ci", value.expose()))), 401, invalid),
    ] {
        let response = home.ask(&recorder, request).await;
        assert_eq!(
            (response.status().as_u16(), header(&response, "www-authenticate").unwrap_or_default().as_str()),
            (status, challenge)
        );
        assert_eq!(header(&response, "cache-control").as_deref(), Some("no-store"));
        assert_eq!(header(&response, "muster-account").is_some(), status == 200);
    }
    let head = home.ask(&recorder, given("Bearer x").method(Method::HEAD)).await;
    assert!(to_bytes(head.into_body()).await.is_ok_and(|body| body.is_empty()));
}

#[actix_web::test]
async fn requirements_are_met_or_refused() {
    let home = Home::new();
    let account = home.account("ci");
    let (_, value) = home.token(&account, Access::Write, Expiry::Never);
    for passes in [
        "?require=contract_data:read:*",
        "?require=contract_data%3Aread%3A*&require=environment:read:*",
        "?require=contract_data:read:own",
        "?role=ci/cd",
        "?role=Viewer&role=CI%2FCD",
        "?role=c1878b8e-d09e-11ea-8fde-af02c4677eb7",
        "?role=C1878B8E-D09E-11EA-8FDE-AF02C4677EB7&require=contract_data:read:*",
        "",
        "?",
        "/orders/7?page=2&sort=name",
    ] {
        assert_eq!(home.status(&format!("/auth/verify{passes}"), &value).await.0, 200, "{passes}");
    }
    for (query, scope) in [
        ("?require=payments:refund", "payments:refund"),
        ("?require=payments:refund&require=contract_data:read:*&require=a:b", "payments:refund a:b"),
        ("?require=", ""),
        ("?require=Payments", "Payments"),
        ("?require=a%22b%0Ac", "a%22b%0Ac"),
        ("?require=%FF", "%EF%BF%BD"),
        ("?role=Administrator", "role:Administrator"),
        ("?role=No+such&role=", "role:No%20such role:"),
        ("?role=Viewer&require=a:b", "a:b role:Viewer"),
        ("?required=contract_data:read:*", "required"),
        ("?require=contract_data:read:*&Role=x", "Role"),
        ("/orders?require=payments:refund", "payments:refund"),
    ] {
        let (status, challenge) = home.status(&format!("/auth/verify{query}"), &value).await;
        assert_eq!((status, challenge), (403, format!(r#"Bearer error="insufficient_scope", scope="{scope}""#)), "{query}");
    }
    // Who has no token does not learn what would be needed.
    let unknown = TokenValue::generate(Access::Write).unwrap();
    assert_eq!(home.status("/auth/verify?require=payments:refund", &unknown).await.0, 401);
}

#[actix_web::test]
async fn read_only_tokens_only_read() {
    let home = Home::new();
    let account = home.account("ci");
    let (_, read) = home.token(&account, Access::Read, Expiry::Never);
    let (_, write) = home.token(&account, Access::Write, Expiry::Never);
    let get = Method::GET;
    for (own, headers, passes) in [
        (Method::GET, &[][..], true),
        (Method::HEAD, &[], true),
        (Method::OPTIONS, &[], true),
        (Method::POST, &[], false),
        (Method::DELETE, &[], false),
        (get.clone(), &[("x-original-method", "GET")], true),
        (get.clone(), &[("x-original-method", "POST")], false),
        (get.clone(), &[("x-forwarded-method", "PATCH")], false),
        (get.clone(), &[("x-original-method", "get")], false),
        (get.clone(), &[("x-original-method", "")], false),
        // A gateway that asks with the original method itself may pass these on as the client sent them.
        (Method::POST, &[("x-original-method", "GET")], false),
        (Method::POST, &[("x-forwarded-method", "GET")], false),
        // One of the two is the client's own word.
        (get.clone(), &[("x-original-method", "GET"), ("x-forwarded-method", "POST")], false),
        (get.clone(), &[("x-original-method", "POST"), ("x-forwarded-method", "GET")], false),
        (get.clone(), &[("x-original-method", "GET"), ("x-original-method", "DELETE")], false),
    ] {
        let request = |value| {
            headers.iter().fold(bearer("/auth/verify", value).method(own.clone()), |request, pair| request.append_header(*pair))
        };
        let response = home.ask(&Recorder::default(), request(&read)).await;
        assert_eq!(response.status() == 200, passes, "{own} {headers:?}");
        if !passes {
            let challenge = header(&response, "www-authenticate").unwrap();
            assert_eq!(challenge, r#"Bearer error="insufficient_scope", scope="write""#);
        }
        assert_eq!(home.ask(&Recorder::default(), request(&write)).await.status(), 200);
    }
}

#[actix_web::test]
async fn without_a_database_nothing_is_accepted() {
    let home = Home::new();
    let account = home.account("ci");
    let (_, value) = home.token(&account, Access::Write, Expiry::Never);
    home.batch("ALTER TABLE tokens RENAME TO hidden");
    let response = home.ask(&Recorder::default(), bearer("/auth/verify", &value)).await;
    assert_eq!(response.status(), 503);
    assert!(header(&response, "retry-after").is_some() && header(&response, "muster-account").is_none());
    home.batch("ALTER TABLE hidden RENAME TO tokens");
    assert_eq!(home.status("/auth/verify", &value).await.0, 200);
}

#[actix_web::test]
async fn the_gateway_leaves_its_traces() {
    let home = Home::new();
    let account = home.account("ci");
    let (token, value) = home.token(&account, Access::Read, Expiry::Never);
    let recorder = Recorder::default();
    let request = || {
        bearer("/auth/verify", &value)
            .peer_addr("10.0.0.1:4711".parse().unwrap())
            .insert_header(("x-forwarded-for", "6.6.6.6, 203.0.113.24"))
            .insert_header(("user-agent", format!("curl/{}", "8".repeat(300))))
    };
    let before = clock::now();
    assert_eq!(home.ask(&recorder, request()).await.status(), 200);
    assert_eq!(home.ask(&recorder, request().insert_header(("x-original-method", "POST"))).await.status(), 403);
    assert_eq!(home.ask(&recorder, bearer("/auth/verify", &forged(&value))).await.status(), 401);
    recorder.flush(&home.database).await.unwrap();
    let used = home.find(&token);
    assert!(used.last_used_at.is_some_and(|at| at >= before && at <= clock::now()));
    assert_eq!(used.last_used_from.as_deref(), Some("203.0.113.24"));
    assert_eq!(used.last_used_agent.unwrap().len(), 200);
    assert_eq!(home.number("SELECT accepted * 10 + refused AS n FROM account_days"), 12);
    assert_eq!(home.number("SELECT count(*) AS n FROM accounts WHERE last_used_at > '2026-01-01 00:00:00'"), 1);
    let refusals = home.database.read_now(|conn| crate::audit::recent(conn, &account, 10)).unwrap();
    let mut reasons: Vec<String> = refusals
        .iter()
        .filter(|event| event.verb == "token.refused")
        .map(|event| {
            format!(
                "{} {} {} {}",
                event.actor_name,
                event.object_name.as_deref().unwrap(),
                event.detail["reason"],
                event.detail["count"]
            )
        })
        .collect();
    reasons.sort();
    assert_eq!(reasons, ["Muster release pipeline \"insufficient scope\" 1", "Muster release pipeline \"mismatch\" 1"]);
}

#[actix_web::test]
async fn batches_add_up_and_use_moves_forward() {
    let home = Home::new();
    let (account, gone) = (home.account("ci"), home.account("gone"));
    let (token, _) = home.token(&account, Access::Read, Expiry::Never);
    let (lost, _) = home.token(&gone, Access::Read, Expiry::Never);
    let (one, other) = (Recorder::default(), Recorder::default());
    let noon = NaiveDateTime::parse_from_str("2026-11-24 12:00:00", "%Y-%m-%d %H:%M:%S").unwrap();
    let address: IpAddr = "2001:db8::7".parse().unwrap();
    for minute in [5, 1, 3] {
        one.accepted(&token.id, &account, Some(address), Some("later"), noon + TimeDelta::minutes(minute));
    }
    other.accepted(&token.id, &account, None, Some("earlier"), noon);
    other.accepted(&token.id, &account, None, None, noon - TimeDelta::days(1));
    other.accepted(&lost.id, &gone, None, None, noon);
    other.refused(&lost.id, &gone, "mismatch", noon);
    let one_account = Selection::Accounts(vec![gone]);
    home.write(|conn| accounts::delete(conn, &Principal::shell(), Kind::System, &one_account));
    let statements = home.database.statements();
    one.flush(&home.database).await.unwrap();
    one.flush(&home.database).await.unwrap();
    let spent = home.database.statements() - statements;
    assert!(spent <= 9, "{spent} statements");
    other.flush(&home.database).await.unwrap();
    let used = home.find(&token);
    assert_eq!(used.last_used_at, Some(noon + TimeDelta::minutes(5)));
    assert_eq!((used.last_used_from.as_deref(), used.last_used_agent.as_deref()), (Some("2001:db8::7"), Some("later")));
    assert_eq!(
        home.number("SELECT CAST(sum(accepted) * 100 + sum(refused) * 10 + count(*) AS BIGINT) AS n FROM account_days"),
        502
    );
    assert_eq!(home.number("SELECT accepted AS n FROM account_days WHERE day = '2026-11-24'"), 4);
    assert_eq!(home.number("SELECT count(*) AS n FROM audit_events WHERE type = 'token.refused'"), 0);
    let account = home.database.read_now(|conn| crate::accounts::queries::find(conn, Kind::System, &account)).unwrap();
    assert_eq!(account.last_used_at, Some(noon + TimeDelta::minutes(5)));
}

#[actix_web::test]
async fn a_batch_of_many_goes_in_one_transaction() {
    let home = Home::new();
    let account = home.account("ci");
    let (token, _) = home.token(&account, Access::Read, Expiry::Never);
    let recorder = Recorder::default();
    for number in 0..9000 {
        recorder.accepted(&format!("{number:012}"), &Id::new(), None, None, clock::now());
        recorder.refused(&format!("{number:012}"), &account, "revoked", clock::now());
    }
    recorder.accepted(&token.id, &account, None, None, clock::now());
    recorder.flush(&home.database).await.unwrap();
    assert!(home.find(&token).last_used_at.is_some());
    assert_eq!(home.number("SELECT count(*) AS n FROM account_days"), 1);
}

#[actix_web::test]
async fn a_failed_write_is_made_up_for() {
    let home = Home::new();
    let account = home.account("ci");
    let (token, _) = home.token(&account, Access::Read, Expiry::Never);
    let recorder = Recorder::default();
    let now = clock::now();
    recorder.accepted(&token.id, &account, None, Some("before"), now);
    recorder.refused(&token.id, &account, "revoked", now);
    home.batch("ALTER TABLE account_days RENAME TO hidden");
    assert!(recorder.flush(&home.database).await.is_err());
    assert_eq!(home.find(&token).last_used_at, None);
    recorder.accepted(&token.id, &account, None, Some("after"), now + TimeDelta::seconds(1));
    recorder.refused(&token.id, &account, "revoked", now);
    assert!(recorder.flush(&home.database).await.is_err());
    home.batch("ALTER TABLE hidden RENAME TO account_days");
    recorder.flush(&home.database).await.unwrap();
    recorder.flush(&home.database).await.unwrap();
    assert_eq!(home.number("SELECT CAST(sum(accepted) * 10 + sum(refused) AS BIGINT) AS n FROM account_days"), 22);
    assert_eq!(home.find(&token).last_used_agent.as_deref(), Some("after"));
    let events = home.database.read_now(|conn| crate::audit::recent(conn, &account, 10)).unwrap();
    let counts: Vec<i64> = events
        .iter()
        .filter(|event| event.verb == "token.refused")
        .map(|event| event.detail["count"].as_i64().unwrap())
        .collect();
    assert_eq!(counts, [2]);
}

#[actix_web::test]
async fn the_writer_writes_what_is_left_when_it_is_stopped() {
    let home = Home::new();
    let account = home.account("ci");
    let (token, _) = home.token(&account, Access::Read, Expiry::Never);
    let recorder = Recorder::default();
    let writer =
        actix_web::rt::spawn(crate::activity::run(recorder.clone(), home.database.clone(), std::time::Duration::from_secs(3600)));
    recorder.accepted(&token.id, &account, None, None, clock::now());
    recorder.refused(&token.id, &account, "revoked", clock::now());
    recorder.flush(&home.database).await.unwrap();
    recorder.refused(&token.id, &account, "revoked", clock::now());
    recorder.flush(&home.database).await.unwrap();
    assert_eq!(home.number("SELECT count(*) AS n FROM audit_events WHERE type = 'token.refused'"), 1);
    recorder.stop();
    writer.await.unwrap();
    assert!(home.find(&token).last_used_at.is_some());
    assert_eq!(home.number("SELECT count(*) AS n FROM audit_events WHERE type = 'token.refused'"), 2);
}

#[actix_web::test]
async fn roles_are_given_and_taken_in_memory_without_reading_the_accounts_again() {
    let home = Home::new();
    let ids: Vec<Id> = (0..3).map(|number| home.account(&format!("a{number}"))).collect();
    home.account("without a token");
    let team = Id::new();
    home.batch(&format!(
        "INSERT INTO teams (id, name, name_key, created_at) VALUES ('{team}', 'Ops', 'ops', '2026-01-01 00:00:00');
         INSERT INTO team_administrators (team_id, account_id) VALUES ('{team}', '{}');",
        ids[0]
    ));
    let values: Vec<TokenValue> = ids.iter().map(|id| home.token(id, Access::Read, Expiry::Never).1).collect();
    let known = |mirror: &Mirror, at: usize| match mirror.find(values[at].id().as_bytes().try_into().unwrap()) {
        Known::Token(found) => {
            let grants = &found.account.grants;
            let roles: Vec<String> = grants.roles.iter().map(|role| role.name.clone()).collect();
            let permissions: Vec<String> = grants.permissions.iter().map(ToString::to_string).collect();
            (roles.join(", "), permissions, found.account.is_disabled(), found.id().to_owned())
        }
        _ => panic!("the token is not known"),
    };
    let mirror = Mirror::new(home.database.clone());
    mirror.catch_up().await;
    let (viewer, cicd) = (Id::from(predefined::VIEWER), Id::from(predefined::CI_CD));
    let everybody = Selection::Matching(Filter::all(Kind::System));
    let one = Selection::Accounts(vec![ids[1].clone()]);
    let shell = Principal::shell();
    let mut spent = Vec::new();
    for selection in [&one, &everybody] {
        home.write(|conn| accounts::add_roles(conn, &shell, Kind::System, selection, std::slice::from_ref(&viewer)));
        let before = home.database.statements();
        mirror.catch_up().await;
        spent.push(home.database.statements() - before);
    }
    assert_eq!(spent, [5, 5], "the number, the events, the roles and the teams");
    assert_eq!(known(&mirror, 0).0, "CI/CD, Viewer");
    assert!(known(&mirror, 0).1.contains(&format!("team:manage:{{{team}}}")));

    // Several changes at once: the last word counts, for each account and role by itself.
    home.write(|conn| accounts::remove_roles(conn, &shell, Kind::System, &everybody, &[viewer.clone(), cicd.clone()]));
    home.write(|conn| accounts::disable(conn, &shell, Kind::System, &one));
    home.write(|conn| accounts::add_roles(conn, &shell, Kind::System, &one, &[cicd]));
    home.write(|conn| accounts::add_roles(conn, &shell, Kind::System, &one, &[viewer]));
    home.write(|conn| accounts::rename(conn, &shell, &ids[2], "another name", ""));
    mirror.catch_up().await;
    let found: Vec<_> = (0..3).map(|at| known(&mirror, at)).collect();
    assert_eq!(found.iter().map(|found| found.0.as_str()).collect::<Vec<_>>(), ["", "CI/CD, Viewer", ""]);
    assert_eq!(found.iter().map(|found| found.2).collect::<Vec<_>>(), [false, true, false]);
    // It is what a memory that has read everything knows.
    let fresh = Mirror::new(home.database.clone());
    fresh.catch_up().await;
    assert_eq!(found, (0..3).map(|at| known(&fresh, at)).collect::<Vec<_>>());
    assert_eq!(mirror.len(), 3);
    home.write(|conn| accounts::delete(conn, &shell, Kind::System, &one));
    mirror.catch_up().await;
    assert_eq!(mirror.len(), 2);
}

#[actix_web::test]
async fn regenerating_stops_the_old_value_or_lets_it_overlap() {
    let home = Home::new();
    let account = home.account("ci");
    let (first, first_value) = home.token(&account, Access::Write, HALF_YEAR);
    assert_eq!(home.first_expiry(&account), first.expires_at);

    let (second, second_value) = home.regenerate(&first, Overlap::Now).unwrap();
    assert_eq!((second.name.as_str(), second.access), ("release pipeline", Access::Write));
    assert_eq!(second.lifetime(), Some(TimeDelta::days(180)));
    assert_eq!((home.judge(first_value.expose()).await, home.judge(second_value.expose()).await), (Some(Reason::Revoked), None));
    assert!(matches!(home.regenerate(&first, Overlap::Now), Err(Error::Conflict(sentence)) if sentence.contains("already")));

    let (third, third_value) = home.regenerate(&second, Overlap::Day).unwrap();
    assert_eq!((home.judge(second_value.expose()).await, home.judge(third_value.expose()).await), (None, None));
    let old = home.find(&second);
    assert_eq!(old.replaced_by.as_deref(), Some(third.id.as_str()));
    assert!(old.expires_at.is_some_and(|end| end > clock::now() + TimeDelta::hours(23)));
    assert_eq!(home.first_expiry(&account), third.expires_at);
    let listed = home.database.read_now(|conn| queries::of_account(conn, &account)).unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].predecessor.as_ref().map(|old| old.id.as_str()), Some(second.id.as_str()));
    let summary = home.database.read_now(|conn| queries::summary(conn, std::slice::from_ref(&account))).unwrap();
    assert_eq!((summary[&account].live, summary[&account].next_expiry), (1, third.expires_at));

    // Again, while the value before still works: only one old value is left.
    let (fourth, fourth_value) = home.regenerate(&third, Overlap::Week).unwrap();
    assert_eq!(home.judge(second_value.expose()).await, Some(Reason::Revoked));
    assert_eq!((home.judge(third_value.expose()).await, home.judge(fourth_value.expose()).await), (None, None));
    let shell = Principal::shell();
    home.write(|conn| operations::finish(conn, &shell, &account, &fourth.id));
    assert_eq!((home.judge(third_value.expose()).await, home.judge(fourth_value.expose()).await), (Some(Reason::Revoked), None));
    let twice = home.database.write_now(|conn| operations::finish(conn, &shell, &account, &fourth.id));
    assert!(matches!(twice, Err(Error::Conflict(_))));

    let (_, fifth_value) = home.regenerate(&fourth, Overlap::Hour).unwrap();
    home.write(|conn| operations::revoke_by_id(conn, &shell, fifth_value.id()));
    assert_eq!(home.judge(fourth_value.expose()).await, Some(Reason::Revoked));
    assert_eq!(home.judge(fifth_value.expose()).await, Some(Reason::Revoked));
    assert_eq!(home.first_expiry(&account), None);
    assert_eq!(home.number("SELECT count(*) AS n FROM audit_events WHERE type = 'token.regenerated'"), 4);
    assert_eq!(home.number("SELECT count(*) AS n FROM audit_events WHERE type = 'token.revoked'"), 4);
    let secrets = [&first_value, &second_value, &third_value, &fourth_value, &fifth_value];
    for value in secrets {
        let secret = &value.expose()[18..];
        assert_eq!(home.number(&format!("SELECT count(*) AS n FROM audit_events WHERE detail LIKE '%{secret}%'")), 0);
    }
}

#[actix_web::test]
async fn only_a_living_token_is_regenerated_and_no_longer_than_allowed() {
    let home = Home::new();
    let account = home.account("ci");
    let (endless, _) = home.token(&account, Access::Read, Expiry::Never);
    let (next, _) = home.regenerate(&endless, Overlap::Day).unwrap();
    assert_eq!(next.lifetime(), Some(TimeDelta::days(365)));
    assert!(home.find(&endless).expires_at.is_some_and(|end| end < clock::now() + TimeDelta::hours(25)));
    let unlimited = home.write(|conn| {
        let form = Creation { name: "x".into(), access: Some(Access::Read), expiry: Ok(Expiry::Never) };
        let (token, _) = operations::create(conn, &Principal::shell(), &account, &form, None)?;
        operations::regenerate(conn, &Principal::shell(), &account, &token.id, Overlap::Hour, None)
    });
    assert_eq!(unlimited.0.expires_at, None);

    let (soon, soon_value) = home.token(&account, Access::Read, Expiry::In(TimeDelta::minutes(10)));
    home.regenerate(&soon, Overlap::Week).unwrap();
    assert_eq!(home.find(&soon).expires_at, soon.expires_at);
    assert_eq!(home.judge(soon_value.expose()).await, None);

    let (expired, _) = home.token(&account, Access::Read, HALF_YEAR);
    home.write(|conn| queries::expire(conn, &expired.id, clock::now()));
    assert!(matches!(home.regenerate(&expired, Overlap::Now), Err(Error::Conflict(sentence)) if sentence.contains("expired")));
    home.write(|conn| operations::revoke(conn, &Principal::shell(), &account, &expired.id));
    assert!(matches!(home.regenerate(&expired, Overlap::Now), Err(Error::Conflict(sentence)) if sentence.contains("revoked")));
    let revoked = home.database.write_now(|conn| operations::revoke(conn, &Principal::shell(), &account, &expired.id));
    assert!(matches!(revoked, Err(Error::Conflict(_))));
}

#[actix_web::test]
async fn a_row_of_the_list_says_what_an_account_has() {
    let home = Home::new();
    let ids: Vec<Id> = (0..40).map(|number| home.account(&format!("a{number}"))).collect();
    let (near, _) = home.token(&ids[0], Access::Read, Expiry::In(TimeDelta::days(25)));
    home.token(&ids[0], Access::Read, Expiry::Never);
    let (over, _) = home.token(&ids[1], Access::Read, HALF_YEAR);
    let then = clock::now() - TimeDelta::days(51);
    home.write(|conn| {
        queries::expire(conn, &over.id, then)?;
        queries::keep_first_expiry(conn, &ids[1])
    });
    home.token(&ids[2], Access::Read, Expiry::Never);
    let (summary, statements) = home
        .database
        .read_now(|conn| {
            let before = home.database.statements();
            Ok((queries::summary(conn, &ids)?, home.database.statements() - before))
        })
        .unwrap();
    assert_eq!(statements, 1);
    let of = |at: usize| summary[&ids[at]].clone();
    assert_eq!((of(0).live, of(0).expiring, of(0).expired, of(0).next_expiry), (2, 1, 0, near.expires_at));
    assert_eq!((of(1).live, of(1).expired, of(1).next_expiry, of(1).last_expired), (0, 1, None, Some(then)));
    assert_eq!((of(2).live, of(2).expiring, of(2).next_expiry), (1, 0, None));
    assert!(!summary.contains_key(&ids[3]));
    assert_eq!(home.first_expiry(&ids[0]), near.expires_at);
    assert_eq!((home.first_expiry(&ids[1]), home.first_expiry(&ids[2])), (Some(then), None));
    assert_eq!(home.database.read_now(|conn| queries::summary(conn, &[])).unwrap().len(), 0);
}

fn person(home: &Home, email: &str, permissions: &[&str]) -> Principal {
    let form = accounts::UserCreation { name: email.into(), email: email.into(), ..accounts::UserCreation::default() };
    let id = home.write(|conn| accounts::create_user(conn, &Principal::shell(), &form));
    Principal {
        account: Some(id),
        name: email.into(),
        kind: ActorKind::User,
        permissions: permissions.iter().map(|text| Permission::parse(text).unwrap()).collect(),
        means: Means::Session(Id::new()),
        ..Principal::shell()
    }
}

#[actix_web::test]
async fn tokens_are_for_those_who_may_handle_them() {
    let home = Home::new();
    let (account, other) = (home.account("ci"), home.account("other"));
    let colleague = person(&home, "team@x.example", &["system_account:manage:team", "system_account:read:*"]);
    let manager = person(&home, "all@x.example", &["system_account:manage:*"]);
    let viewer = person(&home, "viewer@x.example", &["system_account:read:*"]);
    home.batch(&format!(
        "INSERT INTO teams (id, name, name_key, created_at) VALUES ('0f9619ff-8b86-4011-b42d-00cf4fc964ff', 'Ops', 'ops', '2026-01-01 00:00:00');
         INSERT INTO team_members (team_id, account_id) VALUES ('0f9619ff-8b86-4011-b42d-00cf4fc964ff', '{account}'), ('0f9619ff-8b86-4011-b42d-00cf4fc964ff', '{}');",
        colleague.account.as_ref().unwrap()
    ));
    let form = Creation { name: " ".into(), access: None, expiry: Expiry::parse("soon", "") };
    let good = Creation { name: "deploy".into(), access: Some(Access::Write), expiry: Ok(Expiry::Never) };
    let make = |actor: &Principal, account: &Id, form: &Creation, days: Option<i64>| {
        home.database.write_now(|conn| operations::create(conn, actor, account, form, days.map(TimeDelta::days)))
    };
    // Permission first, then what was typed, all of it at once.
    assert!(matches!(make(&viewer, &account, &form, None), Err(Error::Forbidden { .. })));
    let Err(Error::Invalid(fields)) = make(&colleague, &account, &form, None) else { panic!("accepted") };
    assert_eq!(fields.iter().map(|field| field.field).collect::<Vec<_>>(), ["name", "access", "expires"]);
    let Err(Error::Invalid(fields)) = make(&manager, &account, &good, Some(90)) else { panic!("accepted") };
    assert_eq!(fields[0].field, "expires");
    let (token, _) = make(&colleague, &account, &good, None).unwrap();
    assert_eq!((token.created_by_name.as_str(), token.name.as_str()), ("team@x.example", "deploy"));
    assert!(matches!(make(&colleague, &other, &good, None), Err(Error::Forbidden { message, .. }) if message.contains("teams")));
    assert!(make(&manager, &other, &good, None).is_ok());
    assert!(matches!(make(&manager, &Id::new(), &good, None), Err(Error::NotFound(_))));
    assert!(matches!(make(&manager, viewer.account.as_ref().unwrap(), &good, None), Err(Error::NotFound(_))));

    // Another account's token is nobody's.
    let astray = home.database.write_now(|conn| operations::revoke(conn, &manager, &other, &token.id));
    assert_eq!(astray.unwrap_err(), Error::NotFound("API token"));
    let revoke = |actor: &Principal| home.database.write_now(|conn| operations::revoke_by_id(conn, actor, &token.id));
    assert!(matches!(revoke(&viewer), Err(Error::Forbidden { .. })));
    assert!(home.database.write_now(|conn| operations::revoke_by_id(conn, &manager, "nothing")).is_err());
    assert_eq!(home.find(&token).revoked_at, None);

    // A token of an account that rules over Muster would make its bearer rule as well.
    home.batch(&format!("INSERT INTO account_roles (account_id, role_id) VALUES ('{account}', '{}')", predefined::ADMINISTRATOR));
    for actor in [&colleague, &manager] {
        assert!(matches!(make(actor, &account, &good, None), Err(Error::Forbidden { .. })));
        let regenerated =
            home.database.write_now(|conn| operations::regenerate(conn, actor, &account, &token.id, Overlap::Now, None));
        assert!(matches!(regenerated, Err(Error::Forbidden { .. })));
    }
    assert!(make(&Principal::shell(), &account, &good, None).is_ok());
    assert!(revoke(&colleague).is_ok());
}

#[actix_web::test]
async fn a_users_token_is_judged_like_any_other() {
    let home = Home::new();
    let user = person(&home, "ada@x.example", &[]).account.unwrap();
    let value = TokenValue::generate(Access::Write).unwrap();
    let now = clock::now();
    home.write(|conn| {
        let token = Token {
            id: value.id().into(),
            account: user.clone(),
            name: "laptop".into(),
            access: Access::Write,
            created_at: now,
            created_by_name: "Ada".into(),
            expires_at: None,
            revoked_at: None,
            replaced_by: None,
            last_used_at: None,
            last_used_from: None,
            last_used_agent: None,
        };
        queries::insert(conn, &token, &value.digest())
    });
    let response = home.ask(&Recorder::default(), bearer("/auth/verify", &value)).await;
    assert_eq!((response.status().as_u16(), header(&response, "muster-account-type").as_deref()), (200, Some("user")));
    home.batch(&format!("UPDATE accounts SET disabled = TRUE WHERE id = '{user}'"));
    assert_eq!(home.judge(value.expose()).await, Some(Reason::Disabled));
    home.batch(&format!("UPDATE accounts SET disabled = FALSE WHERE id = '{user}'"));
    home.write(|conn| operations::revoke_by_id(conn, &Principal::shell(), value.id()));
    assert_eq!(home.judge(value.expose()).await, Some(Reason::Revoked));
}

/// The check and the batches find their rows by index, whatever the number of tokens.
#[actix_web::test]
async fn no_table_is_read_whole() {
    #[derive(QueryableByName)]
    struct Step {
        #[diesel(sql_type = diesel::sql_types::Text)]
        detail: String,
    }
    let home = Home::new();
    if home.database.engine() != crate::database::Engine::Sqlite {
        return;
    }
    for statement in [
        "WITH v (token, at) AS (VALUES ('a', '2026'), ('b', '2026')) UPDATE tokens SET last_used_at = v.at FROM v \
         WHERE tokens.id = v.token AND (tokens.last_used_at IS NULL OR tokens.last_used_at < v.at)",
        "WITH v (account, at) AS (VALUES ('a', '2026'), ('b', '2026')) UPDATE accounts SET last_used_at = v.at FROM v \
         WHERE accounts.id = v.account AND accounts.last_used_at < v.at",
        "WITH v (token, d) AS (VALUES ('a', '{}'), ('b', '{}')) SELECT a.id FROM v JOIN tokens t ON t.id = v.token \
         JOIN accounts a ON a.id = t.account_id",
        "SELECT * FROM tokens t JOIN accounts a ON a.id = t.account_id WHERE t.id = 'a'",
    ] {
        let steps: Vec<Step> =
            home.database.read_now(|conn| Sql::new(&format!("EXPLAIN QUERY PLAN {statement}")).load(conn)).unwrap();
        for Step { detail } in &steps {
            assert!(!detail.starts_with("SCAN") || detail == "SCAN v" || detail.contains("CONSTANT"), "{detail} in {statement}");
        }
    }
}

/// An address that has used up its quota gets 429, and only in the place of 401.
#[actix_web::test]
async fn who_sends_too_many_refused_tokens_is_told_to_wait() {
    let home = Home::new();
    let account = home.account("ci");
    let (_, value) = home.token(&account, Access::Read, Expiry::Never);
    let (revoked, revoked_value) = home.token(&account, Access::Write, Expiry::Never);
    home.write(|conn| operations::revoke(conn, &Principal::shell(), &account, &revoked.id));
    let service = test::init_service(
        App::new()
            .app_data(web::Data::new(Check::new(home.database.clone(), Mirror::new(home.database.clone()))))
            .app_data(web::Data::new(Recorder::default()))
            .app_data(web::Data::new(config(&home.url)))
            .app_data(web::Data::new(Refusals::new(5)))
            .service(web::resource("/auth/verify").to(verify)),
    )
    .await;
    let ask = async |authorization: Option<String>, uri: &str, client: &str| {
        let mut request = TestRequest::with_uri(uri)
            .peer_addr("10.0.0.1:1".parse().unwrap())
            .insert_header(("x-forwarded-for", client.to_owned()));
        if let Some(text) = authorization {
            request = request.insert_header(("authorization", text));
        }
        test::call_service(&service, request.to_request()).await
    };
    let bearer = |value: &TokenValue| Some(format!("Bearer {}", value.expose()));
    for _ in 0..20 {
        assert_eq!(ask(None, "/auth/verify", "192.0.2.1").await.status(), 401);
        assert_eq!(ask(bearer(&value), "/auth/verify?require=no:way", "192.0.2.1").await.status(), 403);
    }
    for wrong in [bearer(&revoked_value), Some("Bearer x".into()), Some("Basic YTpi".into())].iter().cycle().take(5) {
        assert_eq!(ask(wrong.clone(), "/auth/verify", "192.0.2.1").await.status(), 401);
    }
    for wrong in [bearer(&revoked_value), Some("Bearer x".into())] {
        let answer = ask(wrong, "/auth/verify", "192.0.2.1").await;
        assert_eq!((answer.status().as_u16(), header(&answer, "retry-after").as_deref()), (429, Some("2")));
        assert_eq!(header(&answer, "cache-control").as_deref(), Some("no-store"));
    }
    assert_eq!(ask(bearer(&value), "/auth/verify", "192.0.2.1").await.status(), 200);
    assert_eq!(ask(None, "/auth/verify", "192.0.2.1").await.status(), 401);
    assert_eq!(ask(Some("Bearer x".into()), "/auth/verify", "192.0.2.2").await.status(), 401);
}

/// 20,000 cases each: whatever the headers and the query hold, nothing panics and nobody passes who should not.
mod fuzz {
    use actix_web::http::header::HeaderValue;
    use base64::Engine as _;
    use proptest::prelude::*;
    use proptest::test_runner::{Config as Cases, TestRunner};

    use super::{
        Access, App, Check, Expiry, Home, Mirror, Recorder, STANDARD, TestRequest, TokenValue, bearer, config, verify, web,
    };
    use crate::web::client;
    use actix_web::test as service;

    const CASES: u32 = 20_000;

    /// The door with a good token of an account that has no roles.
    struct Door {
        system: actix_web::rt::SystemRunner,
        home: Home,
        recorder: Recorder,
        read: TokenValue,
        write: TokenValue,
    }

    impl Door {
        fn new() -> Self {
            let home = Home::new();
            let account = home.account("ci");
            home.batch(&format!("DELETE FROM account_roles WHERE account_id = '{account}'"));
            let (read, write) =
                (home.token(&account, Access::Read, Expiry::Never).1, home.token(&account, Access::Write, Expiry::Never).1);
            Self { system: actix_web::rt::System::new(), home, recorder: Recorder::default(), read, write }
        }

        /// `case` makes a request of what the strategy gives, and says whether it may pass.
        fn holds<S: Strategy>(&self, strategy: &S, case: impl Fn(S::Value) -> (TestRequest, bool)) {
            let mirror = Mirror::new(self.home.database.clone());
            let door = self.system.block_on(async {
                mirror.catch_up().await;
                actix_web::rt::spawn(mirror.clone().run());
                service::init_service(
                    App::new()
                        .app_data(web::Data::new(Check::new(self.home.database.clone(), mirror.clone())))
                        .app_data(web::Data::new(self.recorder.clone()))
                        .app_data(web::Data::new(config(&self.home.url)))
                        .service(web::resource("/auth/verify").to(verify))
                        .service(web::resource("/auth/verify/{tail:.*}").to(verify)),
                )
                .await
            });
            let mut runner = TestRunner::new(Cases { cases: CASES, failure_persistence: None, ..Cases::default() });
            let passed = std::cell::Cell::new(0);
            let outcome = runner.run(strategy, |value| {
                let (request, may_pass) = case(value);
                let status = self.system.block_on(service::call_service(&door, request.to_request())).status().as_u16();
                prop_assert_eq!(status == 200, may_pass, "{}", status);
                prop_assert!(matches!(status, 200 | 401 | 403), "{}", status);
                passed.set(passed.get() + u32::from(may_pass));
                Ok(())
            });
            outcome.unwrap_or_else(|error| panic!("{error}"));
            eprintln!("{CASES} cases, of which {} rightly passed", passed.get());
            mirror.stop();
        }
    }

    /// What a header can hold at all.
    fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
        proptest::collection::vec(prop_oneof![8 => 0x20..=0x7eu8, 1 => 0x80..=0xffu8, 1 => Just(b'\t')], 0..most)
    }

    fn value(bytes: &[u8]) -> HeaderValue {
        HeaderValue::from_bytes(bytes).unwrap()
    }

    /// A token's text, whole or with something done to it.
    fn near(token: &TokenValue) -> impl Strategy<Value = Vec<u8>> + use<> {
        let text = token.expose().as_bytes().to_vec();
        let (cut, put, swap, twice) = (text.clone(), text.clone(), text.clone(), text.clone());
        prop_oneof![
            Just(text),
            (0..67usize, 0..=67usize).prop_map(move |(from, to)| cut[from.min(to)..from.max(to)].to_vec()),
            (0..=67usize, bytes(4)).prop_map(move |(at, more)| [&put[..at], &more, &put[at..]].concat()),
            (0..67usize, 0x20..0x7fu8).prop_map(move |(at, other)| {
                let mut changed = swap.clone();
                changed[at] = other;
                changed
            }),
            bytes(3).prop_map(move |between| [&twice[..], &between, &twice[..]].concat()),
            bytes(120),
        ]
    }

    #[test]
    fn authorization() {
        let door = Door::new();
        let good = door.write.expose().as_bytes().to_vec();
        let scheme = prop_oneof!["(?i:bearer)", "(?i:basic)", "[A-Za-z]{0,8}", Just(String::from("Token"))];
        let with_scheme = (scheme, "[ \t]{0,3}", near(&door.write), "[ \t]{0,2}")
            .prop_map(|(scheme, gap, token, end)| [scheme.as_bytes(), gap.as_bytes(), &token, end.as_bytes()].concat());
        let basic = ("(?i:basic) ", "\\PC{0,12}", near(&door.write)).prop_map(|(scheme, user, token)| {
            let pair = [user.as_bytes(), b":", &token].concat();
            [scheme.as_bytes(), STANDARD.encode(pair).as_bytes()].concat()
        });
        let headers = proptest::collection::vec(prop_oneof![4 => with_scheme, 4 => basic, 1 => bytes(300)], 1..3);
        door.holds(&headers, move |headers| {
            let mut request = TestRequest::with_uri("/auth/verify");
            for header in &headers {
                request = request.append_header(("authorization", value(header)));
            }
            (request, headers.len() == 1 && is_right(&headers[0], &good))
        });
    }

    /// The description of the header, told a second time.
    fn is_right(header: &[u8], good: &[u8]) -> bool {
        let Ok(text) = std::str::from_utf8(header) else { return false };
        let text = text.trim_matches([' ', '\t']);
        let Some(gap) = text.find(' ') else { return false };
        let (scheme, rest) = (text[..gap].to_lowercase(), text[gap..].trim_start_matches(' '));
        match scheme.as_str() {
            "bearer" => rest.as_bytes() == good,
            "basic" => STANDARD.decode(rest).is_ok_and(|pair| {
                let colon = pair.iter().position(|byte| *byte == b':');
                std::str::from_utf8(&pair).is_ok() && colon.is_some_and(|colon| &pair[colon + 1..] == good)
            }),
            _ => false,
        }
    }

    #[test]
    fn the_original_method() {
        let door = Door::new();
        let told = || {
            let known = prop_oneof!["GET|HEAD|OPTIONS", "get|POST|GET,POST| GET|GET |DELETE|GETX|PATCH"];
            proptest::collection::vec(prop_oneof![6 => known.prop_map(String::into_bytes), 1 => bytes(12)], 0..3)
        };
        let own = prop_oneof!["GET|HEAD|OPTIONS|POST|PUT|DELETE|get|X"];
        door.holds(&(told(), told(), own), |(original, forwarded, own)| {
            let mut request = bearer("/auth/verify", &door.read).method(own.parse().unwrap());
            for (name, values) in [("x-original-method", &original), ("x-forwarded-method", &forwarded)] {
                for one in values {
                    request = request.append_header((name, value(one)));
                }
            }
            let reads = |method: &[u8]| [&b"GET"[..], b"HEAD", b"OPTIONS"].contains(&method);
            let may_pass = reads(own.as_bytes()) && original.iter().chain(&forwarded).all(|method| reads(method));
            (request, may_pass)
        });
    }

    /// What tells the original URI decides nothing, and what tells the client's address decides only whom it is noted for.
    #[test]
    fn the_client_and_the_original_uri() {
        let door = Door::new();
        let networks = ["10.0.0.0/8".parse().unwrap()];
        let entry = prop_oneof![
            "[0-9.:a-f\\[\\]]{0,24}",
            "(10\\.0\\.0\\.[0-9]{1,4}, ?){0,5}",
            any::<std::net::IpAddr>().prop_map(|address| address.to_string()),
            any::<std::net::SocketAddr>().prop_map(|address| address.to_string()),
        ];
        let entry = prop_oneof![4 => entry.prop_map(String::into_bytes), 1 => bytes(60)];
        door.holds(&(proptest::collection::vec(entry, 0..6), bytes(80), any::<[u8; 2]>()), |(claimed, uri, real)| {
            let real = std::net::IpAddr::from([192, 0, real[0], real[1]]);
            let mut request = bearer("/auth/verify", &door.write).peer_addr("10.0.0.1:1".parse().unwrap());
            for one in &claimed {
                request = request.append_header(("x-forwarded-for", value(one)));
            }
            for name in ["x-original-uri", "x-forwarded-uri", "x-original-url", "x-forwarded-host", "x-forwarded-proto"] {
                request = request.append_header((name, value(&uri)));
            }
            request = request.append_header(("x-forwarded-for", real.to_string()));
            let seen = bearer("/", &door.write).peer_addr("10.0.0.1:1".parse().unwrap());
            let seen = claimed.iter().fold(seen, |seen, one| seen.append_header(("x-forwarded-for", value(one))));
            let seen = seen.append_header(("x-forwarded-for", real.to_string())).to_http_request();
            (request, client::of_request(&seen, &networks) == Some(real))
        });
    }

    #[test]
    fn requirements() {
        let door = Door::new();
        let name = prop_oneof!["require|role|%72equire|rol%65", "Require|requires|req|ROLE|x|require%00|", "[!-~]{0,12}"];
        let of_value = prop_oneof!["[a-z_]{0,8}:[a-z*_]{0,6}(:[a-z*]{0,4})?", "[!-~]{0,20}", "(%[0-9a-fA-F]{2}){0,8}"];
        let pairs = proptest::collection::vec((name, prop_oneof![3 => Just("="), 1 => Just("")], of_value), 0..5);
        let query = prop_oneof![
            4 => pairs.prop_map(|pairs| {
                pairs.iter().map(|(name, sign, value)| format!("{name}{sign}{value}")).collect::<Vec<_>>().join("&")
            }),
            1 => "[!-~]{0,60}",
        ];
        let legal = |text: &String| format!("/auth/verify?{text}").parse::<actix_web::http::Uri>().is_ok() && !text.contains('#');
        let query = query.prop_filter("no part of a URI", legal);
        door.holds(&(query, any::<bool>()), |(query, appended)| {
            let path = if appended { "/auth/verify/some/path" } else { "/auth/verify" };
            // The account has no roles, so no requirement is met; what asks for nothing is a query without any pair, and
            // behind a path also one without our names.
            let ours = |pair: &str| {
                let name = percent_encoding::percent_decode_str(pair.split('=').next().unwrap_or_default());
                ["require", "role"].contains(&name.decode_utf8_lossy().replace('+', " ").as_str())
            };
            let mut pairs = query.split('&').filter(|pair| !pair.is_empty());
            let may_pass = if appended { !pairs.any(ours) } else { pairs.next().is_none() };
            (bearer(&format!("{path}?{query}"), &door.write), may_pass)
        });
    }
}
