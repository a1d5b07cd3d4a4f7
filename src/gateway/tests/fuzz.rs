//! 20,000 cases each: whatever the headers and the query hold, nothing panics and nobody passes who should not.

use actix_web::http::header::HeaderValue;
use actix_web::test as service;
use actix_web::test::TestRequest;
use actix_web::{App, web};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use proptest::test_runner::{Config as Cases, TestRunner};

use super::home::{Home, bearer, config};
use crate::activity::Recorder;
use crate::check::Check;
use crate::check::cache::Cache;
use crate::gateway::verify;
use crate::tokens::model::Expiry;
use crate::tokens::value::{Access, TokenValue};
use crate::web::client;
use crate::web::throttle::TokenRefusals;

const CASES: u32 = 20_000;

/// The door with a good token of an account that has no roles.
struct FuzzedGateway {
    system: actix_web::rt::SystemRunner,
    home: Home,
    recorder: Recorder,
    read: TokenValue,
    write: TokenValue,
}

impl FuzzedGateway {
    fn new() -> Self {
        let door = Self::with_roles();
        door.home.batch("DELETE FROM account_roles");
        door
    }

    /// The same, of an account with the role CI/CD.
    fn with_roles() -> Self {
        let home = Home::new();
        let account = home.account("ci");
        let (read, write) =
            (home.token(&account, Access::Read, Expiry::Never).1, home.token(&account, Access::Write, Expiry::Never).1);
        Self { system: actix_web::rt::System::new(), home, recorder: Recorder::default(), read, write }
    }

    /// `case` makes a request of what the strategy gives, and says whether it may pass.
    fn holds<S: Strategy>(&self, strategy: &S, case: impl Fn(S::Value) -> (TestRequest, bool)) {
        let cache = Cache::new(self.home.database.clone());
        let door = self.system.block_on(async {
            cache.catch_up().await;
            actix_web::rt::spawn(cache.clone().run());
            service::init_service(
                App::new()
                    .app_data(web::Data::new(Check::new(self.home.database.clone(), cache.clone())))
                    .app_data(web::Data::new(self.recorder.clone()))
                    .app_data(web::Data::new(config(&self.home.url)))
                    .app_data(web::Data::new(TokenRefusals::new(0)))
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
        cache.stop();
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
    let door = FuzzedGateway::new();
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
            let halves = colon.map(|colon| (pair[..colon].trim_ascii(), pair[colon + 1..].trim_ascii()));
            let is_token = |(user, password): (&[u8], &[u8])| password == good || (password.is_empty() && user == good);
            std::str::from_utf8(&pair).is_ok() && halves.is_some_and(is_token)
        }),
        _ => false,
    }
}

#[test]
fn the_original_method() {
    let door = FuzzedGateway::new();
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
    let door = FuzzedGateway::new();
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
    let door = FuzzedGateway::new();
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
    door.holds(&query, |query| {
        // The account has no roles, so no requirement is met; what asks for nothing is a query without any pair, or one that
        // names the lists that it wants.
        let mut pairs = query.split('&').filter(|pair| !pair.is_empty());
        let may_pass = pairs.next().is_none();
        (bearer(&format!("/auth/verify?{query}"), &door.write), may_pass)
    });
}

/// A gateway's configuration, and whether an account with the role CI/CD meets it.
fn configuration() -> impl Strategy<Value = Vec<(&'static str, &'static str, bool)>> {
    let one = prop_oneof![
        Just(("require", "contract_data:read:*", true)),
        Just(("require", "environment:read:*", true)),
        Just(("require", "payments:refund", false)),
        Just(("role", "CI%2FCD", true)),
        Just(("role", "Administrator", false)),
        Just(("role", "Viewer", false)),
        Just(("headers", "roles", true)),
    ];
    proptest::collection::vec(one, 0..4)
}

fn is_met(asked: &[(&str, &str, bool)]) -> bool {
    let mut roles = asked.iter().filter(|(name, ..)| *name == "role").peekable();
    let has_role = roles.peek().is_none() || roles.any(|(.., held)| *held);
    has_role && asked.iter().filter(|(name, ..)| *name == "require").all(|(.., held)| *held)
}

/// Whatever a client puts into its own address and headers, its call passes exactly if the gateway's requirements are met.
#[test]
fn nothing_of_the_clients_own_changes_what_passes() {
    let door = FuzzedGateway::with_roles();
    let segment = prop_oneof!["-|role=CI%2FCD|role=CI/CD|require=a:b|headers=|\\.\\.|%2D||%2e%2e|orders", "[a-z0-9%=&.~-]{0,12}"];
    let path = proptest::collection::vec(segment, 1..5).prop_map(|segments| format!("/{}", segments.join("/")));
    let pair = prop_oneof!["role=CI%2FCD|role=CI/CD|require=contract_data:read:\\*|headers=|path=/x|page=2", "[!-~]{0,12}"];
    let query = proptest::collection::vec(pair, 0..4).prop_map(|pairs| pairs.join("&"));
    let headers = proptest::collection::vec(
        (
            prop_oneof![
                Just("x-original-uri"),
                Just("x-forwarded-uri"),
                Just("x-original-method"),
                Just("x-forwarded-method"),
                Just("x-envoy-original-path"),
                Just("muster-roles"),
                Just("cookie"),
            ],
            prop_oneof![
                Just(b"/orders?role=CI%2FCD".to_vec()),
                Just(b"/?role=Administrator".to_vec()),
                Just(b"GET".to_vec()),
                Just(b"POST".to_vec()),
                bytes(30),
            ],
        ),
        0..4,
    );
    let legal = |(path, query): &(String, String)| {
        format!("/auth/verify/-{path}?{query}").parse::<actix_web::http::Uri>().is_ok() && !query.contains('#')
    };
    let client = (path, query).prop_filter("no part of a URI", legal);
    door.holds(&(configuration(), client, headers, any::<bool>()), |(asked, (path, query), headers, is_envoy)| {
        let own: Vec<String> = asked.iter().map(|(name, value, _)| format!("{name}={value}")).collect();
        let uri = if is_envoy {
            let prefix = own.iter().map(|segment| format!("{segment}/")).collect::<String>();
            format!("/auth/verify/{prefix}-{path}?{query}")
        } else {
            format!("/auth/verify?{}", own.join("&"))
        };
        let mut request = bearer(&uri, &door.write);
        if !is_envoy {
            request = request.append_header(("x-original-uri", format!("{path}?{query}")));
        }
        for (name, claimed) in &headers {
            request = request.append_header((*name, value(claimed)));
        }
        (request, is_met(&asked))
    });
}

/// Caddy without a query of its own passes the client's on: it can only ask for more than a usable token, never for less.
#[test]
fn a_query_that_is_passed_on_only_narrows() {
    let door = FuzzedGateway::new();
    let pair = prop_oneof!["role=CI%2FCD|require=a:b|%72ole=x|headers=|headers=roles|page=2|role|q=%C3%BC%20x", "[!-~]{0,12}"];
    let query = proptest::collection::vec(pair, 0..4).prop_map(|pairs| pairs.join("&"));
    let legal = |text: &String| format!("/auth/verify?{text}").parse::<actix_web::http::Uri>().is_ok() && !text.contains('#');
    door.holds(&query.prop_filter("no part of a URI", legal), |query| {
        let ours = |pair: &str| {
            let name = percent_encoding::percent_decode_str(pair.split('=').next().unwrap_or_default());
            ["require", "role"].contains(&name.decode_utf8_lossy().replace('+', " ").as_str())
        };
        let may_pass = !query.split('&').any(ours);
        let request = bearer(&format!("/auth/verify?{query}"), &door.write);
        (request.insert_header(("x-forwarded-uri", format!("/orders?{query}"))), may_pass)
    });
}
