//! What a gateway requires of a call, and which lists it asks for.

use super::home::{Home, bearer, header};
use crate::activity::Recorder;
use crate::tokens::model::Expiry;
use crate::tokens::value::{Access, TokenValue};

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
