//! What every call of the API has in common.

use muster::roles::predefined;
use muster::tokens::value::Access;
use serde_json::json;

use super::Caller;
use crate::support::app::TestApp;
use crate::support::snapshot::lines;

#[test]
fn a_token_is_told_whose_it_is() {
    let app = TestApp::start();
    let caller = Caller::with_roles(&app, "buildkite/ios", &[predefined::CI_CD.into()], Access::Read);
    let team = app.add_team("Mobile", &[&caller.account]);
    for headers in [
        &[][..],
        &[("Content-Type", "application/json")],
        &[("Accept", "application/hal+json, application/json"), ("User-Agent", "terraform-pact/v0.10.1")],
        &[("Accept", "*/*;charset=utf-8")],
        &[("Accept", "text/html")],
        &[("Accept", "application/hal+json;q=0.5")],
        &[("X-Forwarded-Host", "evil.example"), ("X-Forwarded-Proto", "gopher")],
    ] {
        let reply = caller.bare("GET", "/user", headers);
        assert_eq!((reply.status, reply.answer.header("set-cookie")), (200, ""), "{headers:?}");
        let user = &reply.body;
        assert_eq!((&user["uuid"], &user["name"]), (&json!(caller.account), &json!("buildkite/ios")), "{headers:?}");
        assert_eq!(
            (&user["active"], &user["type"], &user["typeDescription"]),
            (&json!(true), &json!(1), &json!("System Account"))
        );
        assert_eq!(user["_links"]["self"]["href"], json!(format!("{}/admin/users/{}", app.url, caller.account)));
        assert_eq!(user["_embedded"]["teams"], json!([{"uuid": team, "name": "Mobile"}]));
        let role = &user["_embedded"]["roles"][0];
        assert_eq!((&role["uuid"], &role["name"]), (&json!(predefined::CI_CD.to_string()), &json!("CI/CD")));
        assert!(role["permissions"][0]["scope"].is_string() && role["permissions"][0]["label"].is_string());
        assert!(user.get("email").is_none(), "what there is not is left out");
        assert!(user["lastLogin"].is_string(), "this call is one");
    }
    let head = caller.bare("HEAD", "/user", &[]);
    assert_eq!((head.status, head.answer.body.as_str()), (200, ""));
}

#[test]
fn what_nothing_answers_is_said_in_the_same_form() {
    let app = TestApp::start();
    let caller = Caller::administrator(&app);
    for path in [
        "/admin",
        "/admin/",
        "/admin/nothing",
        "/admin/tenant/authentication-settings",
        "/preferences/system",
        "/preferences/current-user",
        "/user/x",
        "/tokens/x",
        "/oauth/token",
        "/access",
        "/access/v1/x",
        "/access/v1/evaluation/x",
        "/audit/x",
    ] {
        for reply in [caller.get(path), caller.put(path, &json!({})), caller.post(path, &json!([])), caller.delete(path)] {
            assert_eq!(reply.status, 404, "{path}");
        }
    }
    let named = caller.client.get_with("/access/v1/x", &[("X-Request-ID", "mine-1")]);
    assert_eq!((named.status, named.header("x-request-id")), (404, "mine-1"));
    for (method, path, allowed) in [
        ("POST", "/user", "GET, HEAD"),
        ("OPTIONS", "/user", "GET, HEAD"),
        ("PATCH", "/tokens/current", "DELETE"),
        ("PUT", "/oauth/introspect", "POST"),
    ] {
        let reply = caller.bare(method, path, &[]);
        assert_eq!((reply.status, reply.answer.header("allow")), (405, allowed), "{method} {path}");
    }
}

#[test]
fn a_call_without_permission_is_in_the_audit_log() {
    let app = TestApp::start();
    let caller = Caller::holding(&app, "builds", &["token:read"]);
    let reply = caller.bare("POST", "/oauth/introspect", &[]);
    assert_eq!((reply.status, &reply.body["permission"]), (403, &json!("token:introspect")));
    let refusals = app.read(|conn| {
        let sql = "SELECT e.target_name || ' ' || c.actor_name || ' ' || c.token_id AS line FROM audit_events e \
                   JOIN audit_changes c ON c.id = e.change_id WHERE e.type = 'access.refused'";
        Ok(lines(conn, sql))
    });
    assert_eq!(refusals, [format!("POST /oauth/introspect builds {}", &caller.token[5..17])]);
}
