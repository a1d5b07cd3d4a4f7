//! The members of teams: rows 16 to 21 of the contract.

use muster::id::Id;
use muster::roles::predefined;
use serde_json::{Value, json};

use super::Caller;
use super::teams::{at, refused, uuids};
use crate::support::app::TestApp;
use crate::support::snapshot::{assert_unchanged, snapshot};

struct Stage {
    app: TestApp,
    caller: Caller,
    team: Id,
    ada: Id,
    bo: Id,
    robot: Id,
}

impl Stage {
    fn new() -> Self {
        let app = TestApp::start();
        let caller = Caller::administrator(&app);
        let (ada, _) = app.add_user("Ada Amari", &[predefined::USER.into()]);
        let (bo, _) = app.add_user("Bo Berg", &[predefined::USER.into()]);
        let robot = app.add_account("deploy");
        let team = app.add_team("Blue", &[&ada]);
        Self { caller, team, ada, bo, robot, app }
    }

    fn users(&self) -> String {
        at(&self.team, "/users")
    }

    fn members(&self) -> Vec<Id> {
        let reply = self.caller.get(&self.users());
        assert_eq!(reply.status, 200);
        uuids(&reply.body["_embedded"]["users"])
    }
}

fn step(op: &str, id: &Id) -> Value {
    json!({ "op": op, "path": "/users", "value": { "uuid": id } })
}

#[test]
fn members_are_replaced_added_and_removed() {
    let stage = Stage::new();
    let (caller, users) = (&stage.caller, stage.users());
    let (ada, bo, robot) = (&stage.ada, &stage.bo, &stage.robot);
    let reply = caller.put(&users, &json!({ "users": [robot, bo, bo] }));
    assert_eq!((reply.status, uuids(&reply.body["_embedded"]["users"])), (200, vec![bo.clone(), robot.clone()]), "by name");
    assert_eq!(reply.body["_links"]["self"]["href"], json!(format!("{}{users}", stage.app.url)));
    for person in reply.body["_embedded"]["users"].as_array().unwrap() {
        assert!(person["active"].is_boolean() && person.get("_embedded").is_none() && person["type"].is_i64(), "{person}");
    }
    // Repeating is fine.
    for (method, list, expected) in [
        ("POST", vec![ada, bo], vec![ada, bo, robot]),
        ("POST", vec![ada], vec![ada, bo, robot]),
        ("POST", vec![], vec![ada, bo, robot]),
        ("PUT", vec![ada, bo, robot], vec![ada, bo, robot]),
        ("DELETE", vec![ada], vec![bo, robot]),
        ("DELETE", vec![ada, bo], vec![robot]),
        ("DELETE", vec![], vec![robot]),
        ("PUT", vec![], vec![]),
        ("DELETE", vec![ada], vec![]),
    ] {
        let reply = caller.send(method, &users, &json!({ "users": list }));
        assert_eq!(reply.status, if method == "DELETE" { 204 } else { 200 }, "{method} {list:?}: {}", reply.body);
        let expected: Vec<Id> = expected.into_iter().cloned().collect();
        assert_eq!(stage.members(), expected, "{method} {list:?}");
        if method != "DELETE" {
            assert_eq!(uuids(&reply.body["_embedded"]["users"]), expected);
        }
    }
    assert_eq!(caller.post(&users, &json!({ "users": [ada] })).status, 200);
    let one = |id: &Id| format!("{users}/{id}");
    let reply = caller.get(&one(ada));
    assert_eq!((reply.status, &reply.body["_embedded"]["user"]["uuid"]), (200, &json!(ada)));
    for wrong in [bo.to_string(), Id::new().to_string(), "garbage".into(), "%00".into()] {
        refused(&caller.get(&format!("{users}/{wrong}")), 404, "");
        refused(&caller.delete(&format!("{users}/{wrong}")), 404, "");
    }
    assert_eq!(caller.delete(&one(ada)).status, 204);
    refused(&caller.delete(&one(ada)), 404, "");
    // With a body, as some clients send to everything; and with upper case.
    assert_eq!(caller.post(&users, &json!({ "users": [ada.to_string().to_uppercase()] })).status, 200);
    assert_eq!(caller.text("DELETE", &one(ada), "{}").status, 204);
}

// 7.1, 7.3
#[test]
fn what_is_left_out_empties_no_team() {
    let stage = Stage::new();
    let (caller, users) = (&stage.caller, stage.users());
    let before = snapshot(&stage.app);
    for method in ["PUT", "POST", "DELETE"] {
        for (body, field) in [
            (json!({}), "users"),
            (json!({ "users": null }), "users"),
            (json!({ "users": {} }), "users"),
            (json!({ "users": stage.bo }), "users"),
            (json!({ "users": [""] }), "users[0]"),
            (json!({ "users": [stage.bo, null] }), "users[1]"),
            (json!({ "users": [{ "uuid": stage.bo }] }), "users[0]"),
            (json!({ "users": [stage.bo, stage.ada, Id::new()] }), "users[2]"),
            (json!({ "users": ["x\u{0}"] }), "users[0]"),
            (json!({ "members": [stage.bo] }), "users"),
        ] {
            refused(&caller.send(method, &users, &body), 400, field);
        }
        for text in ["", "[]", "null", r#"{"users":[],"users":[]}"#, r#"{"users":[]"#] {
            assert_eq!(caller.text(method, &users, text).status, 400, "{method} {text}");
        }
    }
    for (body, field) in [
        (json!([{ "op": "remove", "path": "/users" }]), "[0].value.uuid"),
        (json!([{ "op": "remove", "path": "/users", "value": null }]), "[0].value.uuid"),
        (json!([{ "op": "remove", "path": "/users", "value": {} }]), "[0].value.uuid"),
        (json!([{ "op": "remove", "path": "/users", "value": { "uuid": "" } }]), "[0].value.uuid"),
        (json!([{ "op": "remove", "path": "/users", "value": { "uuid": null } }]), "[0].value.uuid"),
        (json!([{ "op": "remove", "path": "/users", "value": stage.ada }]), "[0].value"),
        (json!([{ "op": "remove", "path": "/users", "value": [stage.ada] }]), "[0].value"),
        (json!([{ "path": "/users", "value": { "uuid": stage.ada } }]), "[0].op"),
        (json!([{ "op": "remove", "value": { "uuid": stage.ada } }]), "[0].path"),
        (json!([{ "op": null, "path": "/users", "value": { "uuid": stage.ada } }]), "[0].op"),
    ] {
        refused(&caller.send("PATCH", &users, &body), 400, field);
    }
    for text in ["", "{}", "null", r#"{"op":"add"}"#, "[[]]", "[1]", r#"[{"op":"add","op":"remove"}]"#] {
        assert_eq!(caller.text("PATCH", &users, text).status, 400, "{text}");
    }
    assert_unchanged(&stage.app, &before, "nothing");
}

// 7.2
#[test]
fn a_patch_is_done_whole_or_not_at_all() {
    let stage = Stage::new();
    let (caller, users) = (&stage.caller, stage.users());
    let (ada, bo, robot, nobody) = (&stage.ada, &stage.bo, &stage.robot, Id::new());
    let before = snapshot(&stage.app);
    let at_path = |path: &str| json!({ "op": "add", "path": path, "value": { "uuid": bo } });
    for (steps, field) in [
        (json!([step("add", bo), step("remove", &nobody), { "op": "move" }]), "[2].path"),
        (json!([step("add", bo), step("remove", &nobody)]), "[1].value.uuid"),
        (json!([step("add", bo), step("add", &nobody)]), "[1].value.uuid"),
        (json!([step("add", bo), step("move", ada)]), "[1].op"),
        (json!([step("replace", bo)]), "[0].op"),
        (json!([step("Add", bo)]), "[0].op"),
        (json!([step("", bo)]), "[0].op"),
        (json!([at_path("/users/-")]), "[0].path"),
        (json!([at_path("users")]), "[0].path"),
        (json!([at_path("/administrators")]), "[0].path"),
    ] {
        refused(&caller.send("PATCH", &users, &steps), 400, field);
    }
    assert_unchanged(&stage.app, &before, "half of a patch");
    for (steps, expected) in [
        (json!([step("add", bo), step("add", robot)]), vec![ada, bo, robot]),
        (json!([step("add", bo), step("remove", ada)]), vec![bo, robot]),
        // Adding a member, and removing somebody who is none.
        (json!([step("add", bo), step("remove", ada)]), vec![bo, robot]),
        // The last word counts.
        (json!([step("add", ada), step("remove", ada), step("remove", bo), step("add", bo)]), vec![bo, robot]),
        (json!([]), vec![bo, robot]),
    ] {
        let reply = caller.send("PATCH", &users, &steps);
        let expected: Vec<Id> = expected.into_iter().cloned().collect();
        assert_eq!((reply.status, uuids(&reply.body["_embedded"]["users"])), (200, expected.clone()), "{steps}: {}", reply.body);
        assert_eq!(stage.members(), expected);
    }
}

// 3.1
#[test]
fn nobody_pulls_into_a_team_what_can_do_more_than_they() {
    let stage = Stage::new();
    let app = &stage.app;
    let (team, caller) = (stage.team.clone(), &stage.caller);
    let lead = Caller::holding(app, "mia", &["system_account:manage:team", "system_account:read:*", "user:read:*"]);
    let strong = app.add_account_with("deploy-prod", &[predefined::ADMINISTRATOR.into()]);
    assert_eq!(caller.put(&at(&team, ""), &json!({ "name": "Blue", "administratorUuids": [lead.account] })).status, 200);
    assert_eq!(lead.post(&at(&team, "/users"), &json!({ "users": [lead.account] })).status, 200);
    let before = snapshot(app);
    let users = stage.users();
    for reply in [
        lead.post(&users, &json!({ "users": [strong] })),
        lead.put(&users, &json!({ "users": [lead.account, strong] })),
        lead.send("PATCH", &users, &json!([step("add", &strong)])),
    ] {
        assert_eq!(reply.status, 403, "{}", reply.body);
        assert!(reply.body["permission"].is_string(), "{}", reply.body);
    }
    assert_unchanged(app, &before, "pulled in");
    // What one does not see is not there.
    let blind = Caller::holding(app, "blind", &["team:manage:*"]);
    refused(&blind.post(&users, &json!({ "users": [stage.bo] })), 400, "users[0]");
    // Who is a member already need not be seen.
    assert_eq!(blind.put(&users, &json!({ "users": [stage.ada, lead.account] })).status, 200);
}
