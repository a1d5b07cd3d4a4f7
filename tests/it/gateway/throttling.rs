//! Refused tokens are slowed down by address; good ones never are.

use muster::tokens::value::Access;

use crate::support::app::TestApp;

#[test]
fn good_tokens_pass_where_refused_ones_are_told_to_wait() {
    let app = TestApp::start_with(|config| config.refusal_limit = 20);
    let account = app.add_account("ci");
    let token = app.add_token(&account, Access::Read);
    let statuses: Vec<u16> = (0..40).map(|_| app.verify("nonsense").status).collect();
    assert_eq!(statuses[..20], [401; 20]);
    assert!(statuses[20..].iter().filter(|status| **status == 429).count() >= 15, "{statuses:?}");
    let answer = (0..40).map(|_| app.verify("nonsense")).find(|answer| answer.status == 429).unwrap();
    assert!(answer.header("retry-after").parse::<u64>().is_ok_and(|seconds| (1..=10).contains(&seconds)));
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(app.verify(&token).status, 200);
    // The API counts together with the door, and lets good tokens pass as well.
    let call = |token: &str| {
        let bearer = format!("Bearer {token}");
        app.anonymous().send("POST", "/tokens/current/regenerate", &[("Authorization", &bearer)], &[("overlap_seconds", "60")])
    };
    let refused = (0..40).map(|_| call("nonsense")).find(|answer| answer.status == 429).unwrap();
    assert_eq!((refused.header("content-type"), refused.header("cache-control")), ("application/problem+json", "no-store"));
    assert!(!refused.header("retry-after").is_empty());
    assert_eq!(call(&token).status, 201);
}

#[test]
fn an_address_is_the_clients_behind_a_trusted_proxy() {
    let app = TestApp::start_with(|config| {
        config.refusal_limit = 5;
        config.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
    });
    let ask = |client: &str| {
        app.anonymous().get_with("/auth/verify", &[("Authorization", "Bearer x"), ("X-Forwarded-For", client)]).status
    };
    assert!((0..20).any(|_| ask("192.0.2.1") == 429));
    assert_eq!(ask("192.0.2.2"), 401);
    // A whole /48 of IPv6 is one site.
    assert!((0..20).any(|network| ask(&format!("2001:db8:0:{network}::1")) == 429));
    assert_eq!(ask("2001:db8:1::1"), 401);
}

#[test]
fn the_limit_can_be_turned_off() {
    let app = TestApp::start();
    assert!((0..300).all(|_| app.verify("nonsense").status == 401));
}
