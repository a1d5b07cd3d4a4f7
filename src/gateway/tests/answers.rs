//! What the gateway is told: who calls, what is missing, and when to ask again.

use actix_web::body::to_bytes;
use actix_web::http::Method;
use actix_web::test::TestRequest;
use actix_web::{App, test, web};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::NaiveDateTime;

use super::home::{HALF_YEAR, Home, bearer, config, header};
use crate::activity::Recorder;
use crate::auth::principal::Principal;
use crate::check::Check;
use crate::check::cache::Cache;
use crate::gateway::verify;
use crate::tokens::model::Expiry;
use crate::tokens::operations;
use crate::tokens::value::{Access, TokenValue};
use crate::web::throttle::TokenRefusals;

#[actix_web::test]
async fn an_accepted_call_carries_all_nine_headers() {
    let home = Home::new();
    let account = home.account("Zürich, 100 %");
    home.batch(&format!(
        "INSERT INTO teams (id, name, name_key, created_at) VALUES ('0f9619ff-8b86-4011-b42d-00cf4fc964ff', 'Ops, night', 'ops, night', '2026-01-01 00:00:00');
         INSERT INTO team_members (team_id, account_id, kind, disabled, name_key)
             SELECT '0f9619ff-8b86-4011-b42d-00cf4fc964ff', id, kind, disabled, name_key FROM accounts WHERE id = '{account}';
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
        (given(&basic(format!("ci:{}\n", value.expose()))), 200, ""),
        (given(&basic(format!("ci: {}\r\n", value.expose()))), 200, ""),
        (given(&basic(format!("{}:", value.expose()))), 200, ""),
        (given(&basic(format!("{}\n:\n", value.expose()))), 200, ""),
        (given(&format!("Bearer  {} ", value.expose())), 200, ""),
        // Two halves, and either might be meant.
        (given(&basic(format!("{}:ci", value.expose()))), 401, invalid),
        (given(&basic(format!("{}:{}x", value.expose(), value.expose()))), 401, invalid),
        (given(&basic(value.expose().into())), 401, invalid),
        (given(&basic(":".into())), 401, invalid),
    ] {
        let response = home.ask(&recorder, request).await;
        assert_eq!(
            (response.status().as_u16(), header(&response, "www-authenticate").unwrap_or_default().as_str()),
            (status, challenge)
        );
        assert_eq!(header(&response, "cache-control").as_deref(), Some("no-store"));
        assert_eq!(header(&response, "muster-account").is_some(), status == 200);
    }
    // Who sent something else is told what to send, and not that a token is no good.
    let unknown = TokenValue::generate(Access::Write).unwrap();
    for (request, sentence) in [
        (given("Bearer x"), "Send one header, Authorization: Bearer <token>"),
        (given(&basic(format!("{}:ci", value.expose()))), "send the token as the password"),
        (bearer(uri, &unknown), "This token cannot be used."),
        (TestRequest::with_uri(uri), "Send an API token"),
    ] {
        let body = to_bytes(home.ask(&recorder, request).await.into_body()).await.unwrap_or_default();
        assert!(std::str::from_utf8(&body).unwrap().contains(sentence), "{body:?}");
    }
    let head = home.ask(&recorder, given("Bearer x").method(Method::HEAD)).await;
    assert!(to_bytes(head.into_body()).await.is_ok_and(|body| body.is_empty()));
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
            .app_data(web::Data::new(Check::new(home.database.clone(), Cache::new(home.database.clone()))))
            .app_data(web::Data::new(Recorder::default()))
            .app_data(web::Data::new(config(&home.url)))
            .app_data(web::Data::new(TokenRefusals::new(5)))
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
