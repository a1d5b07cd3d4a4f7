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
use crate::web::throttle::Refusals;

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
        "/-",
        "/-/",
        "/-/orders/7?page=2&sort=name",
        "/-/orders?require=payments:refund&role=Administrator",
        "/-/role=Administrator/-/",
        "/require=contract_data:read:*/-/orders",
        "/require=contract_data%3Aread%3A*/require=environment:read:*/-",
        "/role=CI%2FCD/-/orders",
        "/role=Viewer/role=CI%2FCD/-/orders/-/7",
        "/role=c1878b8e-d09e-11ea-8fde-af02c4677eb7/-/",
        "/headers=roles,teams/-/orders",
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
        ("?headers=name", "name"),
        ("/require=payments:refund/-/orders", "payments:refund"),
        ("/require=payments:refund/-/orders?require=contract_data:read:*", "payments:refund"),
        ("/role=Administrator/-/refunds?x=1&role=CI/CD", "role:Administrator"),
        ("/role=Administrator/-/role=CI%2FCD/-/refunds", "role:Administrator"),
        ("/role=Viewer/require=a:b/-/", "a:b role:Viewer"),
        ("/role=CI+CD/-", "role:CI+CD"),
        ("/require=/-", ""),
        ("/require/-", ""),
        ("/required=contract_data:read:*/-/orders", "required"),
        ("/Role=CI%2FCD/-", "Role"),
        ("/rol%65=CI%2FCD/-", "rol%2565"),
        ("/role=%FF/-", "role"),
        ("/headers=name/-", "name"),
        ("//-", ""),
        // Without the segment that ends what is asked for.
        ("/", ""),
        ("/orders/7?page=2", ""),
        ("/orders?require=contract_data:read:*", ""),
        ("/?role=CI/CD&path=/orders", ""),
        ("/role=CI%2FCD/-x", ""),
        ("/role=CI%2FCD/%2D/", ""),
        ("/role=CI%2FCD", ""),
    ] {
        let (status, challenge) = home.status(&format!("/auth/verify{query}"), &value).await;
        assert_eq!((status, challenge), (403, format!(r#"Bearer error="insufficient_scope", scope="{scope}""#)), "{query}");
    }
    // Who has no token does not learn what would be needed.
    let unknown = TokenValue::generate(Access::Write).unwrap();
    assert_eq!(home.status("/auth/verify?require=payments:refund", &unknown).await.0, 401);
}

/// Caddy passes the client's own query on, and tells the original address.
#[actix_web::test]
async fn a_clients_own_query_means_nothing_where_the_gateway_says_that_it_is_the_clients() {
    let home = Home::new();
    let account = home.account("ci");
    let (_, value) = home.token(&account, Access::Write, Expiry::Never);
    const ORIGINAL: &str = "x-original-uri";
    const FORWARDED: &str = "x-forwarded-uri";
    for (query, told, passes) in [
        ("page=2", &[(FORWARDED, "/orders?page=2")][..], true),
        ("page=2", &[(ORIGINAL, "/orders?page=2")], true),
        ("page=2", &[(FORWARDED, "https://api.example.test/orders?page=2")], true),
        ("page=2&x=?&headers=", &[(FORWARDED, "/?page=2&x=?&headers=")], true),
        ("page=2&role=CI/CD", &[(FORWARDED, "/orders?page=2&role=CI/CD")], true),
        ("page=2", &[], false),
        ("page=2", &[(FORWARDED, "/orders")], false),
        ("page=2", &[(FORWARDED, "/orders?page=3")], false),
        ("page=2", &[(FORWARDED, "/orders?page=2&x=1")], false),
        ("page=2", &[(FORWARDED, "/orders?page=%32")], false),
        // One of the two is what the client claims.
        ("page=2", &[(FORWARDED, "/orders?page=2"), (ORIGINAL, "/orders?page=3")], false),
        ("page=2", &[(FORWARDED, "/orders?page=2"), (FORWARDED, "/orders")], false),
        // What asks for something always counts.
        ("role=Administrator", &[(FORWARDED, "/orders?role=Administrator")], false),
        ("require=payments:refund&page=2", &[(FORWARDED, "/orders?require=payments:refund&page=2")], false),
        ("require=Nonsense", &[(FORWARDED, "/orders?require=Nonsense")], false),
    ] {
        let request =
            told.iter().fold(bearer(&format!("/auth/verify?{query}"), &value), |request, pair| request.append_header(*pair));
        let response = home.ask(&Recorder::default(), request).await;
        assert_eq!(response.status().as_u16(), if passes { 200 } else { 403 }, "{query} {told:?}");
        // The client has no say in what the API is told of it.
        assert_eq!(header(&response, "muster-roles"), passes.then(|| "CI/CD".into()), "{query}");
    }
}

/// All nine are always there: one that were absent would let the client's own through.
#[actix_web::test]
async fn a_gateway_can_ask_for_fewer_lists() {
    let home = Home::new();
    let account = home.account("ci");
    let teams: Vec<String> = (0..60).map(|number| format!("'Mannschaft für Überwachung {number:02}'")).collect();
    for name in &teams {
        let team = crate::id::Id::new();
        home.batch(&format!(
            "INSERT INTO teams (id, name, name_key, created_at) VALUES ('{team}', {name}, lower({name}), '2026-01-01 00:00:00');
             INSERT INTO team_members (team_id, account_id, kind, disabled, name_key)
                 SELECT '{team}', id, kind, disabled, name_key FROM accounts WHERE id = '{account}';"
        ));
    }
    let (_, value) = home.token(&account, Access::Write, Expiry::Never);
    let size = |response: &actix_web::dev::ServiceResponse| -> usize {
        let own = response.headers().iter().filter(|(name, _)| name.as_str().starts_with("muster-"));
        own.map(|(name, value)| name.as_str().len() + value.len() + 4).sum()
    };
    for (asked, [roles, teams, permissions]) in [
        ("", [true, true, true]),
        ("?headers=roles", [true, false, false]),
        ("?headers=roles,permissions", [true, false, true]),
        ("?headers=roles&headers=teams", [true, true, false]),
        ("?headers=", [false, false, false]),
        ("/headers=permissions/-/orders?headers=teams", [false, false, true]),
    ] {
        let response = home.ask(&Recorder::default(), bearer(&format!("/auth/verify{asked}"), &value)).await;
        let told = ["roles", "teams", "permissions"]
            .map(|name| header(&response, &format!("muster-{name}")).map(|text| !text.is_empty()));
        assert_eq!(told, [Some(roles), Some(teams), Some(permissions)], "{asked}");
        assert_eq!(header(&response, "muster-account").as_deref(), Some(account.as_str()));
        assert_eq!(size(&response) < 1024, !teams, "{asked}: {} bytes", size(&response));
        if asked.is_empty() {
            let names = (0..60).map(|number| format!("Mannschaft für Überwachung {number:02}")).collect::<Vec<_>>();
            let permissions = header(&response, "muster-permissions").unwrap();
            let told = crate::gateway::headers::size("ci", ["CI/CD"], names.iter().map(String::as_str), permissions.split(','));
            // A token that never expires has no date.
            assert_eq!(told, size(&response) + 20);
            assert!(told > crate::gateway::headers::LARGE);
        }
    }
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
