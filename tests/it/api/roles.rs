//! Roles: rows 8 to 11 and 30 to 32 of the contract.

use muster::id::Id;
use muster::roles::predefined;
use muster::tokens::value::Access;
use serde_json::{Value, json};

use super::{Caller, Reply};
use crate::support::app::TestApp;
use crate::support::snapshot::{assert_unchanged, lines, snapshot};

pub const ROLES: &str = "/admin/roles";

pub fn at(id: &impl std::fmt::Display) -> String {
    format!("{ROLES}/{id}")
}

pub fn draft(name: &str, scopes: &[&str]) -> Value {
    let permissions: Vec<Value> = scopes.iter().map(|scope| json!({ "scope": scope })).collect();
    json!({ "name": name, "permissions": permissions })
}

/// The scopes of a role in an answer.
fn scopes(role: &Value) -> Vec<&str> {
    role["permissions"].as_array().unwrap().iter().map(|permission| permission["scope"].as_str().unwrap()).collect()
}

pub fn refused(reply: &Reply, status: u16, field: &str) {
    let fields: Vec<&str> =
        reply.body["errors"].as_object().into_iter().flat_map(|fields| fields.keys().map(String::as_str)).collect();
    assert_eq!(
        (reply.status, fields),
        (status, [field].into_iter().filter(|field| !field.is_empty()).collect()),
        "{}",
        reply.body
    );
}

// 9.2
#[test]
fn a_role_is_made_read_changed_and_deleted_as_it_was_sent() {
    let app = TestApp::start();
    let caller = Caller::administrator(&app);
    let odd = [
        "payments:refund",
        "ai:*",
        "ai:*:*",
        "a:b:*",
        "team:manage:{0193A4C2-7D10-7C3E-9A52-1F0E6B8C2D41}",
        "a:b",
        "z_1:q-2:own",
    ];
    let made = caller.post(ROLES, &draft("Release manager", &odd));
    assert_eq!(made.status, 201, "{}", made.body);
    let id = made.body["uuid"].as_str().unwrap().to_owned();
    let url = format!("{}/admin/roles/{id}", app.url);
    assert_eq!((made.answer.header("location"), &made.body["_links"]["self"]["href"]), (url.as_str(), &json!(url)));
    let sorted = |scopes: &[&str]| {
        let mut sorted: Vec<String> = scopes.iter().map(ToString::to_string).collect();
        sorted.sort();
        sorted
    };
    for reply in [&made, &caller.get(&at(&id)), &caller.get(&at(&id))] {
        assert_eq!(scopes(&reply.body), scopes(&made.body), "the order is stable");
        assert_eq!(sorted(&scopes(&reply.body)), sorted(&odd), "all of them, exactly as sent");
        assert_eq!((&reply.body["name"], &reply.body["systemDefined"]), (&json!("Release manager"), &json!(false)));
        for permission in reply.body["permissions"].as_array().unwrap() {
            assert!(["scope", "label", "description"].iter().all(|field| permission[*field].is_string()), "{permission}");
        }
    }
    // With uuid, as Terraform sends it; what it leaves out of the description stays.
    let mut changed = draft("Release managers", &["payments:refund"]);
    changed["uuid"] = json!(predefined::ADMINISTRATOR.to_string());
    changed["description"] = json!("Records releases.");
    let reply = caller.put(&at(&id), &changed);
    assert_eq!(
        (reply.status, &reply.body["name"], scopes(&reply.body)),
        (200, &json!("Release managers"), vec!["payments:refund"])
    );
    let reply = caller.put(&at(&id), &draft("Release managers", &[]));
    assert_eq!((reply.status, scopes(&reply.body).len(), &reply.body["description"]), (200, 0, &json!("Records releases.")));
    let listed = caller.get(ROLES);
    let roles = listed.body["_embedded"]["roles"].as_array().unwrap();
    assert_eq!((listed.status, roles.len()), (200, 7));
    assert_eq!(listed.body["_links"]["self"]["href"], json!(format!("{}{ROLES}", app.url)));
    assert!(roles.contains(&caller.get(&at(&id)).body), "the list says of a role what the role says");
    let gone = caller.delete(&at(&id));
    assert_eq!(gone.status, 204);
    for reply in [caller.get(&at(&id)), caller.put(&at(&id), &draft("R", &[])), caller.delete(&at(&id))] {
        refused(&reply, 404, "");
    }
    // The name is free again.
    assert_eq!(caller.post(ROLES, &draft("Release managers", &[])).status, 201);
    let events = app.read(|conn| {
        let sql = "SELECT e.type || ' ' || e.target_name || ' ' || c.token_id AS line FROM audit_events e \
                   JOIN audit_changes c ON c.id = e.change_id WHERE e.type LIKE 'role.%' ORDER BY e.seq";
        Ok(lines(conn, sql))
    });
    let token = &caller.token[5..17];
    let expected = [
        "role.created Release manager",
        "role.updated Release managers",
        "role.updated Release managers",
        "role.deleted Release managers",
        "role.created Release managers",
    ];
    assert_eq!(events, expected.map(|event| format!("{event} {token}")));
}

// 7.3, 7.7, 7.8
#[test]
fn what_a_body_may_say() {
    let app = TestApp::start();
    let caller = Caller::administrator(&app);
    let id = app.add_role("Custom", &["a:b"]);
    let before = snapshot(&app);
    let good = draft("R", &["a:b"]);
    let with = |field: &str, value: Value| {
        let mut body = good.clone();
        body[field] = value;
        body
    };
    let without = |field: &str| {
        let mut body = good.clone();
        body.as_object_mut().unwrap().remove(field);
        body
    };
    for (method, path) in [("POST", ROLES.to_owned()), ("PUT", at(&id))] {
        for (body, field) in [
            (without("name"), "name"),
            (with("name", json!(null)), "name"),
            (with("name", json!("")), "name"),
            (with("name", json!("  ")), "name"),
            (with("name", json!("x".repeat(81))), "name"),
            (with("name", json!("a\nb")), "name"),
            (with("name", json!("a\u{0}b")), "name"),
            (with("name", json!(7)), "name"),
            (with("description", json!(["x"])), "description"),
            (with("description", json!("x".repeat(201))), "description"),
            (without("permissions"), "permissions"),
            (with("permissions", json!(null)), "permissions"),
            (with("permissions", json!({})), "permissions"),
            (with("permissions", json!("a:b")), "permissions"),
            (with("permissions", json!(["a:b"])), "permissions[0]"),
            (with("permissions", json!([{ "scope": "a:b" }, {}])), "permissions[1].scope"),
            (with("permissions", json!([{ "scope": null }])), "permissions[0].scope"),
            (with("permissions", json!([{ "scope": 7 }])), "permissions[0].scope"),
            (with("permissions", json!([{ "scope": "a:b" }, { "scope": "Payments:refund" }])), "permissions[1].scope"),
            (with("permissions", json!([{ "scope": "a:b\u{0}" }])), "permissions[0].scope"),
        ] {
            refused(&caller.send(method, &path, &body), 400, field);
        }
        for wrong in ["a", "", "a:", ":b", "a:b:c:d", "a b:c", "a:B", "*:*", "a:b:**", " a:b", &format!("a:{}", "b".repeat(300))]
        {
            let reply = caller.send(method, &path, &draft("R", &["ok:ok", wrong]));
            refused(&reply, 400, "permissions[1].scope");
        }
        let many: Vec<String> = (0..501).map(|n| format!("a:b{n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        refused(&caller.send(method, &path, &draft("R", &many)), 400, "permissions");
        for text in [
            r#"{"name":"R","permissions":[],"permissions":[{"scope":"a:b"}]}"#,
            r#"{"name":"R","n\u0061me":"S","permissions":[]}"#,
            r#"{"name":"R","permissions":[{"scope":"a:b","scope":"c:d"}]}"#,
            r#"{"name":"R","x":{"a":1,"a":1},"permissions":[]}"#,
            r#"{"name":"\ud800","permissions":[]}"#,
            "[]",
            "{",
            "null",
        ] {
            assert_eq!(caller.text(method, &path, text).status, 400, "{text}");
        }
        refused(&caller.send(method, &path, &draft("administrator", &[])), 409, "");
    }
    for wrong in ["garbage", "%00", &Id::new().to_string()] {
        refused(&caller.get(&at(&wrong)), 404, "");
    }
    assert_unchanged(&app, &before, "refused bodies");
    // What is not the client's to say is ignored.
    let mut body = draft("R", &["a:b", "a:b"]);
    for (field, value) in [
        ("uuid", json!("x")),
        ("systemDefined", json!(true)),
        ("locked", json!(true)),
        ("createdAt", json!("1999")),
        ("_links", json!({})),
        ("_embedded", json!({})),
        ("description", json!(null)),
    ] {
        body[field] = value;
    }
    body["permissions"][0]["label"] = json!("x");
    let reply = caller.post(ROLES, &body);
    assert_eq!((reply.status, &reply.body["systemDefined"], scopes(&reply.body)), (201, &json!(false), vec!["a:b"]));
}

// 4.4
#[test]
fn what_comes_with_muster_is_kept() {
    let app = TestApp::start();
    let caller = Caller::administrator(&app);
    let before = snapshot(&app);
    for (role, name, locked) in [
        (predefined::ADMINISTRATOR, "Administrator", true),
        (predefined::VIEWER, "Viewer", true),
        (predefined::TEAM_ADMINISTRATOR, "Team Administrator", true),
        (predefined::CI_CD, "CI/CD", false),
        (predefined::USER, "User", false),
    ] {
        refused(&caller.delete(&at(&role)), 409, "");
        let reply = caller.put(&at(&role), &draft("Renamed", &["a:b"]));
        if locked {
            refused(&reply, 409, "")
        } else {
            refused(&reply, 400, "name")
        }
        if locked {
            refused(&caller.put(&at(&role), &draft(name, &["a:b"])), 409, "");
        }
        assert_eq!(caller.get(&at(&role)).body["systemDefined"], json!(true));
    }
    assert_unchanged(&app, &before, "predefined roles");
    let defaults = caller.get(&at(&predefined::CI_CD)).body;
    let custom = app.add_role("Custom", &["a:b"]);
    for (role, name) in [(predefined::CI_CD, "CI/CD"), (predefined::USER, "User")] {
        let reply = caller.put(&at(&role), &draft(name, &["payments:refund"]));
        assert_eq!((reply.status, scopes(&reply.body)), (200, vec!["payments:refund"]));
    }
    for body in ["{}", ""] {
        let reply = caller.text("POST", "/admin/roles/reset", body);
        let roles = reply.body["_embedded"]["roles"].as_array().unwrap();
        assert_eq!((reply.status, roles.len()), (200, 7));
        assert!(roles.contains(&defaults) && scopes(roles.iter().find(|role| role["uuid"] == json!(custom)).unwrap()) == ["a:b"]);
    }
    let resets =
        app.read(|conn| Ok(lines(conn, "SELECT target_name AS line FROM audit_events WHERE type = 'role.reset' ORDER BY 1")));
    assert_eq!(resets, ["CI/CD", "User"], "only what differed");
}

// 4.1, 4.2
#[test]
fn nobody_grants_by_the_api_what_they_do_not_hold() {
    let app = TestApp::start();
    app.admin();
    let own = app.add_role("Own", &["role:manage:*", "payments:*"]);
    let bo = Caller::with_roles(&app, "bo", std::slice::from_ref(&own), Access::Write);
    let others = app.add_role("Others", &["user:manage:*"]);
    let before = snapshot(&app);
    for reply in [
        bo.put(&at(&own), &draft("Own", &["role:manage:*", "payments:*", "user:manage:*"])),
        bo.post(ROLES, &draft("New", &["user:manage:*"])),
        bo.post(ROLES, &draft("Everything", &["role:manage:*", "token:introspect"])),
        bo.put(&at(&others), &draft("Others", &[])),
        bo.delete(&at(&others)),
        bo.put(&at(&predefined::CI_CD), &draft("CI/CD", &["user:manage:*"])),
    ] {
        assert_eq!(reply.status, 403, "{}", reply.body);
        assert!(reply.body["permission"].is_string() && !reply.body["detail"].as_str().unwrap().is_empty());
    }
    assert_unchanged(&app, &before, "grants beyond what one holds");
    // What covers it is held.
    for scopes in [&["payments:refund"][..], &["payments:refund:team", "role:read:*"]] {
        assert_eq!(bo.post(ROLES, &draft(&format!("R {}", scopes.len()), scopes)).status, 201);
    }
}

#[test]
fn who_may_do_what() {
    let app = TestApp::start();
    let id = app.add_role("Custom", &["a:b"]);
    let reads = Caller::holding(&app, "reads", &["role:read:*"]);
    let sees_accounts = Caller::holding(&app, "sees accounts", &["system_account:read:*"]);
    let other = Caller::holding(&app, "other", &["team:manage:*", "user:manage:*"]);
    let read_only = Caller::with_roles(&app, "read-only", &[predefined::ADMINISTRATOR.into()], Access::Read);
    let before = snapshot(&app);
    for path in [ROLES.to_owned(), at(&id), "/admin/permissions".into()] {
        for (caller, status) in [(&reads, 200), (&sees_accounts, 200), (&read_only, 200), (&other, 403)] {
            assert_eq!(caller.get(&path).status, status, "{path}");
        }
    }
    for (method, path) in
        [("POST", ROLES.to_owned()), ("PUT", at(&id)), ("DELETE", at(&id)), ("POST", "/admin/roles/reset".into())]
    {
        for caller in [&reads, &sees_accounts, &other] {
            let reply = caller.send(method, &path, &draft("R", &[]));
            assert_eq!((reply.status, &reply.body["permission"]), (403, &json!("role:manage:*")), "{method} {path}");
        }
        let reply = read_only.send(method, &path, &draft("R", &[]));
        assert_eq!(reply.status, 403, "{method} {path}");
        assert!(reply.body["detail"].as_str().unwrap().contains("read-only"), "{}", reply.body);
        let nobody = app.anonymous().send_body(method, &path, &[], "{}");
        assert_eq!((nobody.status, nobody.header("www-authenticate")), (401, r#"Bearer realm="muster""#));
    }
    assert_unchanged(&app, &before, "without permission");
}

#[test]
fn the_permissions_that_muster_knows_are_listed() {
    let app = TestApp::start();
    let reply = Caller::administrator(&app).get("/admin/permissions");
    let listed: Vec<&str> = scopes(&reply.body);
    for role in predefined::PREDEFINED {
        for permission in role.permissions {
            assert!(listed.contains(permission), "{permission}");
        }
    }
    let mut distinct = listed.clone();
    distinct.dedup();
    assert_eq!(listed, distinct);
    assert_eq!(reply.body["_links"]["self"]["href"], json!(format!("{}/admin/permissions", app.url)));
}

/// Whoever would be the last to administer Muster stays, by the API, too.
#[test]
fn the_last_administrator_remains() {
    let app = TestApp::start();
    let caller = Caller::administrator(&app);
    let role = app.add_role("Own administrators", &["user:manage:*", "role:manage:*", "system_account:manage:*"]);
    app.add_user("Last", std::slice::from_ref(&role));
    let before = snapshot(&app);
    for reply in [caller.delete(&at(&role)), caller.put(&at(&role), &draft("Own administrators", &["role:manage:*"]))] {
        refused(&reply, 409, "");
    }
    assert_unchanged(&app, &before, "the last administrator");
}

#[test]
fn many_faults_get_a_short_answer() {
    let app = TestApp::start();
    let caller = Caller::administrator(&app);
    for (scopes, faults) in [(600_000, 1), (400, 100)] {
        let body = format!("{{\"name\":\"R\",\"permissions\":[{}]}}", vec!["{}"; scopes].join(","));
        let reply = caller.text("POST", ROLES, &body);
        assert_eq!((reply.status, reply.body["errors"].as_object().unwrap().len()), (400, faults));
        assert!(reply.answer.body.len() < 20_000, "{}", reply.answer.body.len());
    }
}
