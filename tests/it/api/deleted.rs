//! Roles and teams that are no more (trap 9.6).

use muster::database::sql::Sql;
use muster::id::Id;
use serde_json::{Value, json};

use super::Caller;
use crate::support::app::TestApp;

fn calls(role: &Id, team: &Id, account: &Id) -> Vec<(&'static str, String, Value)> {
    let draft = json!({"name": "x", "permissions": []});
    let users = json!({"users": [account]});
    let patch = json!([{"op": "add", "path": "/users", "value": {"uuid": account}}]);
    let (of_role, of_team) = (format!("/admin/roles/{role}"), format!("/admin/teams/{team}"));
    let (members, held) = (format!("{of_team}/users"), format!("/admin/users/{account}/roles/{role}"));
    vec![
        ("GET", of_role.clone(), Value::Null),
        ("PUT", of_role.clone(), draft),
        ("DELETE", of_role, Value::Null),
        ("PUT", held.clone(), json!({})),
        ("DELETE", held, Value::Null),
        ("GET", of_team.clone(), Value::Null),
        ("PUT", of_team.clone(), json!({"name": "x"})),
        ("DELETE", of_team, Value::Null),
        ("GET", members.clone(), Value::Null),
        ("PUT", members.clone(), users.clone()),
        ("POST", members.clone(), users.clone()),
        ("DELETE", members.clone(), users),
        ("PATCH", members.clone(), patch),
        ("GET", format!("{members}/{account}"), Value::Null),
        ("DELETE", format!("{members}/{account}"), Value::Null),
    ]
}

/// Every call is 404: its sentences.
fn sentences(caller: &Caller, calls: &[(&str, String, Value)]) -> Vec<String> {
    let answer = |(method, path, body): &(&str, String, Value)| {
        let reply = if body.is_null() { caller.bare(method, path, &[]) } else { caller.send(method, path, body) };
        assert_eq!(reply.status, 404, "{method} {path}: {}", reply.body);
        reply.body["detail"].as_str().unwrap().to_owned()
    };
    calls.iter().map(answer).collect()
}

#[test]
fn who_deleted_a_role_or_a_team_is_told() {
    let app = TestApp::start();
    let admin = Caller::administrator(&app);
    let account = app.add_account("deploy");
    let (role, team) = (app.add_role("Refunds", &["payments:refund"]), app.add_team("Mobile", &[&account]));
    for path in [format!("/admin/roles/{role}"), format!("/admin/teams/{team}")] {
        assert_eq!(admin.delete(&path).status, 204);
    }
    let calls_of_them = calls(&role, &team, &account);
    for (sentence, (method, path, _)) in sentences(&admin, &calls_of_them).iter().zip(&calls_of_them) {
        let (noun, id) = if path.contains("teams") { ("team Mobile", &team) } else { ("role Refunds", &role) };
        assert!(sentence.starts_with(&format!("terraform deleted the {noun} on ")), "{method} {path}: {sentence}");
        assert!(sentence.contains(&format!("terraform state list -id={id}")), "{sentence}");
        assert!(sentence.ends_with("run terraform state rm on what that prints."), "{sentence}");
    }
    // Who may not see such things is not told of them.
    let blind = Caller::holding(&app, "blind", &["user:read:*"]);
    for path in [format!("/admin/roles/{role}"), format!("/admin/teams/{team}")] {
        let reply = blind.get(&path);
        assert!(reply.status == 403 && !reply.answer.body.contains("deleted"), "{}", reply.body);
    }
    // What never was, what something else had been, and what the log has forgotten.
    let usual = |noun: &str| format!("This {noun} does not exist or has been deleted.");
    for never in [calls(&Id::new(), &Id::new(), &account), calls(&team, &role, &account)] {
        let told = sentences(&admin, &never);
        assert!(told.iter().all(|sentence| *sentence == usual("role") || *sentence == usual("team")), "{told:?}");
    }
    app.write(|conn| Sql::new("DELETE FROM audit_events").execute(conn).map(drop));
    let told = sentences(&admin, &calls_of_them);
    assert!(told.iter().all(|sentence| *sentence == usual("role") || *sentence == usual("team")), "{told:?}");
}
