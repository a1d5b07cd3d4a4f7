//! A request without a body is read as one, whatever it says of its type.

use muster::id::Id;
use muster::routes::API;
use muster::tokens::value::Access;

use super::Caller;
use crate::support::app::TestApp;

const KINDS: [&[(&str, &str)]; 4] = [
    &[],
    &[("Content-Type", "application/json")],
    &[("Content-Type", "application/x-www-form-urlencoded")],
    &[("Content-Type", "text/plain; charset=utf-16")],
];

#[test]
fn an_empty_body_is_refused_by_no_endpoint_for_its_type() {
    let app = TestApp::start();
    let owner = Caller::administrator(&app).account;
    let rule = regex::Regex::new("[{][^}]+[}]").unwrap();
    let mut asked = 0;
    for route in API.iter().filter(|route| route.method != "GET") {
        let mut seen = Vec::new();
        for kind in KINDS {
            // Its own each time: a request may end the token that it comes with.
            let bearer = format!("Bearer {}", app.add_token(&owner, Access::Write));
            let path = rule.replace_all(route.path, Id::new().as_str()).into_owned();
            let headers = [&[("Authorization", bearer.as_str())][..], kind].concat();
            let reply = app.anonymous().send_body(route.method, &path, &headers, "");
            let what = format!("{} {path} {kind:?}: {} {}", route.method, reply.status, reply.body);
            assert!(reply.status < 500 && ![401, 403, 405, 415].contains(&reply.status), "{what}");
            if matches!(reply.status, 400 | 422) {
                let body: serde_json::Value = serde_json::from_str(&reply.body).unwrap();
                assert!(body["detail"].as_str().is_some_and(|text| text.len() > 10), "{what}");
            }
            seen.push(reply.status);
            asked += 1;
        }
        assert!(seen.iter().all(|status| *status == seen[0]), "{} {}: {seen:?}", route.method, route.path);
    }
    assert!(asked > 40, "{asked}");
}
