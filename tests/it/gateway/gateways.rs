//! Real gateways, configured as the help pages say, between clients and an API that tells what reached it.

use std::sync::atomic::Ordering;

use muster::auth::principal::Principal;
use muster::gateway::recipes::Gateway;
use muster::tokens;
use muster::tokens::value::Access;

use crate::support::app::{Answer, TestApp};
use crate::support::echo::Api;
use crate::support::proxy::{Proxy, RUN};

/// What the upstream gets in the place of what a client says of itself.
const IDENTITY: [&str; 9] = [
    "Muster-Account",
    "Muster-Account-Name",
    "Muster-Account-Type",
    "Muster-Roles",
    "Muster-Teams",
    "Muster-Permissions",
    "Muster-Token",
    "Muster-Access",
    "Muster-Token-Expires",
];

/// The values of a header as the API got them.
fn got(answer: &Answer, name: &str) -> Vec<String> {
    let lines = answer.body.lines().filter_map(|line| line.split_once(':'));
    // CGI and its heirs do not tell a hyphen from an underscore.
    let same = |other: &str| other.replace('_', "-").eq_ignore_ascii_case(name);
    lines.filter(|(other, _)| same(other)).map(|(_, value)| value.trim().to_owned()).collect()
}

fn only_who_may_pass(gateway: Gateway) {
    let mut app = TestApp::start();
    let api = Api::start();
    let proxy = Proxy::start(gateway, &app.url, api.address);
    let account = app.add_account("Zürich builds");
    let (write, read) = (app.add_token(&account, Access::Write), app.add_token(&account, Access::Read));

    for refused in [&[][..], &[("Authorization", "Bearer nonsense")], &[("Authorization", "Digest x")]] {
        let answer = proxy.call("GET", "/orders", refused);
        assert_eq!((answer.status, answer.header("www-authenticate").starts_with("Bearer")), (401, true), "{refused:?}");
    }
    let bearer = format!("Bearer {write}");
    let two = [("Authorization", bearer.as_str()), ("Authorization", "Bearer other")];
    assert_ne!(proxy.call("GET", "/orders", &two).status, 200);
    assert_eq!(api.reached.load(Ordering::SeqCst), 0);

    let answer = proxy.get("/orders?page=2", &write);
    assert_eq!(answer.status, 200);
    assert!(answer.body.starts_with("GET /orders?page=2 "), "{}", answer.body);
    assert_eq!(got(&answer, "Muster-Account"), [account.as_str()]);
    assert_eq!(got(&answer, "Muster-Account-Name"), ["Z%C3%BCrich%20builds"]);
    assert_eq!(got(&answer, "Muster-Account-Type"), ["system"]);
    assert_eq!(got(&answer, "Muster-Roles"), ["CI/CD"]);
    assert_eq!(got(&answer, "Muster-Token"), [&write[5..17]]);
    assert_eq!(got(&answer, "Muster-Access"), ["write"]);
    assert!(got(&answer, "Muster-Permissions")[0].contains("contract_data:read:*"));
    assert!(got(&answer, "Authorization").is_empty());
    for scheme in ["bearer", "BEARER"] {
        assert_eq!(proxy.call("GET", "/", &[("Authorization", &format!("{scheme} {write}"))]).status, 200);
    }

    assert_eq!((proxy.get("/", &read).status, proxy.call("POST", "/", &[("Authorization", &bearer)]).status), (200, 200));
    let reads = format!("Bearer {read}");
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        for more in ["X-Nothing", "X-Original-Method", "X-Forwarded-Method", "X-HTTP-Method-Override", "X_Original_Method"] {
            let answer = proxy.call(method, "/", &[("Authorization", &reads), (more, "GET")]);
            assert_eq!(answer.status, 403, "{method} {more}");
        }
    }

    // The check itself is no place for clients.
    for path in ["/_muster", "/_muster/refunds"] {
        assert!(gateway != Gateway::Nginx || proxy.get(path, &write).status == 404);
    }

    app.write(|conn| tokens::operations::revoke(conn, &Principal::shell(), &account, &write[5..17]));
    assert_eq!((proxy.get("/", &write).status, proxy.get("/", &read).status), (401, 200));

    app.stop();
    let reached = api.reached.load(Ordering::SeqCst);
    for _ in 0..5 {
        // Caddy has its own word for a Muster that does not answer.
        assert_eq!(proxy.get("/", &read).status, if gateway == Gateway::Caddy { 502 } else { 503 });
    }
    assert_eq!(api.reached.load(Ordering::SeqCst), reached);
}

fn no_claim_arrives(gateway: Gateway) {
    let app = TestApp::start();
    let api = Api::start();
    let proxy = Proxy::start(gateway, &app.url, api.address);
    // Without roles and teams there is nothing to put in the place of what the client claims.
    let account = app.add_account_with("bare", &[app.add_role("Nothing", &[])]);
    let token = app.add_token(&account, Access::Read);
    app.write(|conn| {
        let kind = muster::accounts::model::Kind::System;
        muster::accounts::operations::set_roles(
            conn,
            &Principal::shell(),
            kind,
            &account,
            &muster::accounts::operations::ActionParams::default(),
        )
    });
    let bearer = format!("Bearer {token}");
    for name in IDENTITY {
        for spelled in [name.to_owned(), name.to_lowercase(), name.to_uppercase(), name.replace('-', "_")] {
            let forged = [("Authorization", bearer.as_str()), (&spelled, "forged"), (&spelled, "twice")];
            let answer = proxy.call("GET", "/", &forged);
            assert_eq!(answer.status, 200, "{}", answer.body);
            let reached = got(&answer, name);
            assert!(reached.len() <= 1 && !answer.body.contains("forged") && !answer.body.contains("twice"), "{}", answer.body);
        }
    }
    // Nor can a client have what Muster says of it taken away, as a header of the connection.
    let hop = [("Authorization", bearer.as_str()), ("Connection", "close, Muster-Account, Muster-Access")];
    for headers in [&hop[..1], &hop] {
        let answer = proxy.call("GET", "/", headers);
        assert_eq!(got(&answer, "Muster-Account"), [account.as_str()]);
        assert_eq!(got(&answer, "Muster-Access"), ["read"]);
    }
    let answer = proxy.call("GET", "/", &hop[..1]);
    for name in ["Muster-Roles", "Muster-Permissions"] {
        assert_eq!(got(&answer, name).concat(), "", "{name}");
    }
}

fn the_path_asks_for_its_permission(gateway: Gateway) {
    let app = TestApp::start();
    let api = Api::start();
    let proxy = Proxy::start(gateway, &app.url, api.address);
    let role = app.add_role("Refunder", &["payments:refund"]);
    let (may, may_not) = (app.add_account_with("tills", &[role]), app.add_account("builds"));
    let (good, other) = (app.add_token(&may, Access::Write), app.add_token(&may_not, Access::Write));
    assert_eq!((proxy.get("/orders", &good).status, proxy.get("/orders", &other).status), (200, 200));
    assert_eq!(proxy.get("/refunds/7", &good).status, 200);
    let reached = api.reached.load(Ordering::SeqCst);
    for path in [
        "/refunds/7",
        "/refunds",
        "/%72efunds/7",
        "//refunds/7",
        "/orders/../refunds/7",
        "/refunds/7?require=contract_data:read:*",
    ] {
        let status = proxy.get(path, &other).status;
        // HAProxy refuses a path that the API might read as another one.
        let other = gateway == Gateway::Haproxy && (path.contains("//") || path.contains(".."));
        assert_eq!(status, if other { 400 } else { 403 }, "{path}");
    }
    assert_eq!(api.reached.load(Ordering::SeqCst), reached);
}

fn the_wait_is_passed_on(gateway: Gateway) {
    let app = TestApp::start_with(|config| config.refusal_limit = 10);
    let api = Api::start();
    let proxy = Proxy::start(gateway, &app.url, api.address);
    let account = app.add_account("builds");
    let token = app.add_token(&account, Access::Read);
    let told = (0..40).map(|_| proxy.get("/", "nonsense")).find(|answer| answer.status != 401).unwrap();
    assert_eq!((told.status, told.header("retry-after").is_empty()), (429, false));
    assert_eq!((proxy.get("/", &token).status, api.reached.load(Ordering::SeqCst)), (200, 1));
}

/// Sixty teams with long names, some of them in letters that take nine bytes each.
fn a_long_identity_arrives(gateway: Gateway) {
    let app = TestApp::start();
    let api = Api::start();
    let proxy = Proxy::start(gateway, &app.url, api.address);
    let account = app.add_account("everywhere");
    for at in 0..60 {
        let name = if at < 15 { format!("{at} {}", "部".repeat(60)) } else { format!("{at} {}", "team".repeat(15)) };
        app.add_team(&name, &[&account]);
    }
    let token = app.add_token(&account, Access::Read);
    let said = app.verify(&token).header("muster-teams").to_owned();
    assert!(said.len() > 10_000, "{}", said.len());
    let answer = proxy.get("/", &token);
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(got(&answer, "Muster-Teams"), [said]);
    assert_eq!(got(&answer, "Muster-Token-Expires").len(), usize::from(gateway != Gateway::Nginx));
}

/// A client's own query is no business of the check's.
fn the_clients_query_is_the_clients(gateway: Gateway) {
    let app = TestApp::start();
    let api = Api::start();
    let proxy = Proxy::start(gateway, &app.url, api.address);
    let role = app.add_role("Refunder", &["payments:refund"]);
    let (may, may_not) = (app.add_account_with("tills", &[role]), app.add_account("builds"));
    let (good, other) = (app.add_token(&may, Access::Read), app.add_token(&may_not, Access::Read));
    for query in ["page=2", "require=payments:refund", "role=Administrator", "require=", "a=%20b&c", "x?y=1"] {
        for (path, token, status) in
            [("/orders", &good, 200), ("/orders", &other, 200), ("/refunds", &good, 200), ("/refunds", &other, 403)]
        {
            let answer = proxy.get(&format!("{path}?{query}"), token);
            assert_eq!(answer.status, status, "{path}?{query}: {}", answer.body);
        }
    }
}

macro_rules! with_each_gateway {
    ($($name:ident: $test:path;)*) => {$(
        #[test]
        fn $name() {
            for gateway in RUN {
                eprintln!("{}", gateway.name());
                $test(gateway);
            }
        }
    )*};
}

with_each_gateway! {
    only_who_may_pass_reaches_the_api: only_who_may_pass;
    what_a_client_says_of_itself_does_not_reach_the_api: no_claim_arrives;
    a_location_asks_for_its_permission: the_path_asks_for_its_permission;
    who_is_told_to_wait_hears_it_through_the_gateway: the_wait_is_passed_on;
    an_identity_of_more_than_four_kilobytes_arrives: a_long_identity_arrives;
    a_clients_query_is_not_taken_for_the_gateways: the_clients_query_is_the_clients;
}

/// Caddy's usual `forward_auth` passes the client's query on to the check. It can only narrow.
#[test]
fn caddys_usual_form_works_too() {
    let app = TestApp::start();
    let api = Api::start();
    let usual = |text: String| text.replace("uri /auth/verify?\n", "uri /auth/verify\n");
    let proxy = Proxy::start_changed(Gateway::Caddy, &app.url, api.address, usual);
    let token = app.add_token(&app.add_account("builds"), Access::Read);
    for query in ["page=2", "a=%20b&c", "x?y=1", "path=/refunds"] {
        let answer = proxy.get(&format!("/orders?{query}"), &token);
        assert_eq!(answer.status, 200, "{query}: {}", answer.body);
    }
    for query in ["require=payments:refund", "page=2&role=Administrator"] {
        assert_eq!(proxy.get(&format!("/orders?{query}"), &token).status, 403, "{query}");
    }
    for query in ["require=contract_data:read:*", "role=CI/CD"] {
        assert_eq!(proxy.get(&format!("/refunds?{query}"), &token).status, 403, "{query}");
    }
}
