//! The rows of the contract that are about one account: each succeeds, lacks a permission, and is given bad input.

use muster::id::Id;
use muster::roles::predefined;
use muster::tokens::value::Access;
use serde_json::{Value, json};

use super::{Caller, names, problem};
use crate::pages::html::{make_token, token_value};
use crate::support::app::TestApp;
use crate::support::snapshot::{assert_unchanged, lines, snapshot};

const MACHINES: &str = "/admin/system-accounts";

pub fn at(id: &Id) -> String {
    format!("/admin/users/{id}")
}

fn id(body: &Value) -> Id {
    Id::parse(body["uuid"].as_str().unwrap()).unwrap()
}

#[test]
fn a_system_account_is_created_as_the_provider_asks() {
    let app = TestApp::with_plan(3);
    let caller = Caller::administrator(&app);
    let made = caller.post(MACHINES, &json!({"name": "ci", "active": true, "type": 1, "_embedded": {}}));
    assert_eq!(made.status, 201, "{}", made.body);
    let own = made.body["uuid"].as_str().unwrap();
    assert_eq!(made.answer.location(), format!("{}/admin/system-accounts/{own}", app.url));
    assert_eq!(names(&made.body["_embedded"]["roles"]), ["CI/CD"]);
    assert_eq!((&made.body["active"], &made.body["type"], made.body.get("email")), (&json!(true), &json!(1), None));
    assert_eq!(caller.get(&format!("/admin/users/{own}")).body, made.body);

    // Disabled from the start: not counted, and its name stays free.
    let off = caller.post(MACHINES, &json!({"name": "ci", "active": false, "email": "Ops@Example.org", "type": 1}));
    assert_eq!((off.status, &off.body["active"], &off.body["email"]), (201, &json!(false), &json!("Ops@Example.org")));
    assert_eq!(app.totals(), (2, 1), "the caller's own account is one of them");
    let third = caller.post(MACHINES, &json!({"name": "third"}));
    assert_eq!(third.status, 201);
    let full = caller.post(MACHINES, &json!({"name": "fourth"}));
    assert_eq!(problem(&full), (409, vec![]));
    assert!(full.body["detail"].as_str().unwrap().contains("Team plan"));
    assert_eq!(caller.post(MACHINES, &json!({"name": "fifth", "active": false})).status, 201);
    assert_eq!(problem(&caller.post(MACHINES, &json!({"name": "CI"}))), (409, vec![]), "the enabled one has this name");

    // Whoever may not give CI/CD creates one without it.
    let manager = Caller::holding(&app, "manager", &["system_account:manage:*"]);
    caller.put(&at(&id(&third.body)), &json!({"active": false}));
    caller.put(&at(&manager.account), &json!({"active": true}));
    let reader = Caller::of(&app, manager.account.clone(), Access::Read);
    let refused = reader.post(MACHINES, &json!({"name": "x"}));
    assert_eq!((refused.status, refused.body["detail"].as_str()), (403, Some("This token is read-only.")));
    let nobody = Caller::holding(&app, "nobody", &["user:manage:*", "system_account:read:*"]);
    let refused = nobody.post(MACHINES, &json!({"name": "x"}));
    assert_eq!((refused.status, &refused.body["permission"]), (403, &json!("system_account:manage:*")));
    let events = app.read(|conn| {
        let sql = "SELECT DISTINCT c.token_id AS line FROM audit_events e JOIN audit_changes c ON c.id = e.change_id \
                   WHERE e.type = 'account.created' AND c.actor_name = 'terraform'";
        Ok(lines(conn, sql))
    });
    assert_eq!(events, [&caller.token[5..17]]);
}

#[test]
fn an_account_is_read_by_who_may_see_it() {
    let app = TestApp::start();
    let admin = Caller::administrator(&app);
    let machine = app.add_account("builds");
    let (user, email) = app.add_user("Ida Holm", &[predefined::USER.into()]);
    let shown = admin.get(&at(&user));
    assert_eq!((shown.status, &shown.body["type"], &shown.body["typeDescription"]), (200, &json!(0), &json!("User")));
    assert_eq!(
        (shown.body["email"].as_str(), names(&shown.body["_embedded"]["roles"])),
        (Some(email.as_str()), vec!["User".into()])
    );
    let of_users = Caller::holding(&app, "of users", &["user:read:*"]);
    let of_machines = Caller::holding(&app, "of machines", &["system_account:read:*"]);
    let of_team = Caller::holding(&app, "of a team", &["system_account:manage:team"]);
    app.add_team("Mobile", &[&machine, &of_team.account]);
    for (caller, of_user, of_machine) in [(&of_users, 200, 403), (&of_machines, 403, 200), (&of_team, 403, 200)] {
        assert_eq!((caller.get(&at(&user)).status, caller.get(&at(&machine)).status), (of_user, of_machine));
        assert_eq!(caller.get(&at(&caller.account)).status, 200, "one's own");
    }
    assert_eq!(of_team.get(&at(&of_users.account)).status, 404, "what one may not see is not there");
    assert_eq!(of_users.get(&at(&machine)).body["permission"], "system_account:read:*");
    let nobody = Caller::holding(&app, "nobody", &["role:manage:*"]);
    assert_eq!(nobody.get(&at(&user)).status, 403);
    for path in [at(&Id::new()), "/admin/users/x".into(), "/admin/users/%00".into(), "/admin/users/{}".into()] {
        for reply in [admin.get(&path), admin.delete(&path), admin.put(&path, &json!({"name": "x"}))] {
            assert_eq!(reply.status, 404, "{path}");
        }
    }
}

#[test]
fn who_asks_for_a_deleted_account_reads_who_deleted_it_and_what_to_do() {
    let app = TestApp::start();
    let admin = Caller::administrator(&app);
    let (boss, _) = app.add_user("Maya Boss", &[predefined::ADMINISTRATOR.into()]);
    let (machine, (user, _)) = (app.add_account("deploy"), app.add_user("Bo Ek", &[]));
    for (id, noun) in [(&machine, "system account deploy"), (&user, "user Bo Ek")] {
        let deleted = admin.delete(&at(id));
        assert_eq!(deleted.status, 204, "{}", deleted.body);
        let role = predefined::CI_CD;
        for reply in [
            admin.get(&at(id)),
            admin.delete(&at(id)),
            admin.put(&at(id), &json!({"name": "x"})),
            admin.put(&format!("{}/roles", at(id)), &json!({"roles": []})),
            admin.put(&format!("{}/roles/{role}", at(id)), &json!({})),
            admin.delete(&format!("{}/roles/{role}", at(id))),
            admin.put(&format!("{}/role/admin", at(id)), &json!({})),
            admin.delete(&format!("{}/role/admin", at(id))),
        ] {
            assert_eq!(reply.status, 410);
            let sentence = reply.body["detail"].as_str().unwrap();
            assert!(sentence.starts_with(&format!("terraform deleted the {noun} on ")), "{sentence}");
            assert!(sentence.contains(&format!("terraform state list -id={id}")) && sentence.contains("terraform state rm"));
        }
    }
    let blind = Caller::holding(&app, "blind", &["user:read:*"]);
    assert_eq!((blind.get(&at(&machine)).status, blind.get(&at(&user)).status), (404, 410));
    // What is not remembered any more is still gone.
    app.write(|conn| muster::database::sql::Sql::new("DELETE FROM audit_events").execute(conn).map(drop));
    assert!(admin.get(&at(&user)).body["detail"].as_str().unwrap().starts_with("Somebody deleted"));
    let own = admin.delete(&at(&admin.account));
    assert_eq!(problem(&own), (409, vec![]));
    let manager = Caller::holding(&app, "manager", &["system_account:manage:*"]);
    assert_eq!(manager.delete(&at(&boss)).body["permission"], "user:manage:*");
    assert_eq!(problem(&admin.delete(&at(&boss))), (409, vec![]), "nobody could administer Muster");
}

#[test]
fn what_stands_in_a_change_is_changed_and_nothing_else() {
    let app = TestApp::start();
    let admin = Caller::administrator(&app);
    let machine = app.add_account("builds");
    let path = at(&machine);
    let stored = |field: &str| admin.get(&path).body[field].clone();
    // Absent and null keep; empty and wrong types, by field.
    admin.put(&path, &json!({"email": "ops@example.org", "description": "Builds"}));
    for (body, status, field) in [
        (json!({}), 200, ""),
        (json!({"name": null, "email": null, "description": null, "active": null, "type": null}), 200, ""),
        (json!({"_embedded": {}, "unknown": [1, {"a": null}]}), 200, ""),
        (json!({"type": 1}), 200, ""),
        (json!({"type": 0}), 400, "type"),
        (json!({"type": "1"}), 400, "type"),
        (json!({"name": ""}), 400, "name"),
        (json!({"name": "\u{200b}"}), 400, "name"),
        (json!({"name": "x".repeat(81)}), 400, "name"),
        (json!({"name": 7}), 400, "name"),
        (json!({"name": ["a"]}), 400, "name"),
        (json!({"name": "a\u{0}b"}), 400, "name"),
        (json!({"name": "a\nb"}), 400, "name"),
        (json!({"email": "nobody"}), 400, "email"),
        (json!({"email": 7}), 400, "email"),
        (json!({"email": ["a@example.org"]}), 400, "email"),
        (json!({"email": {"not": null}}), 400, "email"),
        (json!({"description": "x".repeat(201)}), 400, "description"),
        (json!({"description": false}), 400, "description"),
        (json!({"active": "false"}), 400, "active"),
        (json!({"active": 0}), 400, "active"),
        (json!({"active": []}), 400, "active"),
    ] {
        let before = snapshot(&app);
        let reply = admin.put(&path, &body);
        assert_eq!(reply.status, status, "{body}: {}", reply.body);
        if status == 400 {
            assert_eq!(problem(&reply).1, [field], "{body}");
        }
        assert_unchanged(&app, &before, &body.to_string());
    }
    assert_eq!((stored("email"), stored("active")), (json!("ops@example.org"), json!(true)));
    let reply = admin.put(&path, &json!({"email": "", "description": ""}));
    assert_eq!((reply.status, reply.body.get("email"), &reply.body["description"]), (200, None, &json!("")));

    // The whole of what GET gives, with everything in it that cannot be written.
    let before = admin.get(&path).body;
    let mut sent = before.clone();
    let role = json!([{"uuid": predefined::ADMINISTRATOR.to_string()}]);
    for (field, value) in [
        ("_embedded", json!({"roles": role, "teams": []})),
        ("roles", json!([predefined::ADMINISTRATOR.to_string()])),
        ("uuid", json!(admin.account)),
        ("owner", json!(admin.account)),
        ("createdAt", json!("2001-01-01T00:00:00Z")),
        ("updatedAt", json!("2001-01-01T00:00:00Z")),
        ("lastLogin", json!("2001-01-01T00:00:00Z")),
        ("identityProviderId", json!("x")),
        ("typeDescription", json!("User")),
        ("passwordHash", json!("x")),
    ] {
        sent[field] = value;
    }
    assert_eq!(admin.put(&path, &sent).body, before);
    assert_eq!(admin.get(&path).body, before);
}

// 7.8
#[test]
fn nobody_writes_of_themselves_what_is_not_for_writing() {
    let app = TestApp::start();
    let (boss, _) = app.add_user("Maya Boss", &[predefined::ADMINISTRATOR.into()]);
    let role = app.add_role("People", &["user:manage:*", "user:read:*", "token:manage:own"]);
    let ida = app.user("Ida Holm", &[role]);
    let fields = [("name", "laptop"), ("access", "write"), ("expires", "30")];
    let token = token_value(&make_token(&ida, "/settings/api-tokens", &fields));
    let caller = Caller { client: app.anonymous(), token, account: ida.account.unwrap() };
    let path = at(&caller.account);
    let before = caller.get(&path).body;
    let administrator = predefined::ADMINISTRATOR.to_string();
    for (field, value) in [
        ("_embedded", json!({"roles": [{"uuid": administrator}], "teams": []})),
        ("roles", json!([administrator])),
        ("permissions", json!(["*:*:*"])),
        ("uuid", json!(boss)),
        ("owner", json!(boss)),
        ("createdAt", json!("2001-01-01T00:00:00Z")),
        ("lastLogin", json!("2001-01-01T00:00:00Z")),
        ("identityProviderId", json!("x")),
        ("passwordHash", json!("x")),
        ("password", json!("correct horse battery")),
    ] {
        let reply = caller.put(&path, &json!({ field: value, "name": "Ida Holm", "active": true }));
        assert_eq!((reply.status, &reply.body), (200, &before), "{field}");
    }
    for kind in [json!(1), json!(2), json!(-1)] {
        assert_eq!(problem(&caller.put(&path, &json!({ "type": kind }))), (400, vec!["type"]));
    }
    assert_eq!(caller.get(&path).body, before);
}

#[test]
fn an_account_is_renamed_disabled_and_enabled() {
    let app = TestApp::start();
    let admin = Caller::administrator(&app);
    let (boss, _) = app.add_user("Maya Boss", &[predefined::ADMINISTRATOR.into()]);
    let (machine, (user, email)) = (app.add_account("builds"), app.add_user("Ida Holm", &[]));
    let token = app.add_token(&machine, Access::Read);
    for id in [&machine, &user] {
        let reply = admin.put(&at(id), &json!({"name": "renamed", "active": false, "uuid": id, "_embedded": {}}));
        assert_eq!((reply.status, &reply.body["name"], &reply.body["active"]), (200, &json!("renamed"), &json!(false)));
        assert_eq!(admin.get(&at(id)).body, reply.body, "a disabled account can be read");
    }
    assert_eq!(app.verify(&token).status, 401);
    assert_eq!(admin.get(&at(&user)).body["email"], json!(email), "an absent address is kept");
    assert_eq!(admin.put(&at(&user), &json!({"email": email})).status, 200, "the same one is no change");
    assert_eq!(problem(&admin.put(&at(&user), &json!({"email": ""}))), (400, vec!["email"]), "a user must have one");
    let taken = admin.get(&at(&boss)).body["email"].clone();
    assert_eq!(problem(&admin.put(&at(&user), &json!({"email": taken}))).0, 409);
    assert_eq!(admin.put(&at(&user), &json!({"email": "Ida@Example.org"})).body["email"], "Ida@Example.org");
    for id in [&machine, &user] {
        assert_eq!(admin.put(&at(id), &json!({"active": true})).body["active"], true);
    }
    assert_eq!(app.verify(&token).status, 200);

    app.add_account("taken");
    assert_eq!(problem(&admin.put(&at(&machine), &json!({"name": "TAKEN"}))), (409, vec![]), "one that is enabled has it");
    let of_team = Caller::holding(&app, "of a team", &["system_account:manage:team"]);
    let team = app.add_team("Mobile", &[&machine, &of_team.account]);
    assert_eq!(admin.get(&at(&machine)).body["_embedded"]["teams"], json!([{"uuid": team, "name": "Mobile"}]));
    assert_eq!(of_team.put(&at(&machine), &json!({"name": "renamed", "active": false})).status, 200);
    let refused = of_team.put(&at(&machine), &json!({"name": "mine", "active": true}));
    assert_eq!((refused.status, &refused.body["permission"]), (403, &json!("system_account:manage:*")));
    assert_eq!(admin.get(&at(&machine)).body["active"], false, "nothing is half done");
    assert_eq!(of_team.put(&at(&user), &json!({"active": false})).status, 403);
    let helper = Caller::holding(&app, "helper", &["user:manage:*"]);
    assert_eq!(helper.put(&at(&boss), &json!({"active": false})).status, 403, "they can do more than the helper");
    assert_eq!(helper.put(&at(&machine), &json!({"active": true})).body["permission"], "system_account:read:*");
    assert_eq!(problem(&admin.put(&at(&admin.account), &json!({"active": false}))).0, 409);
}
