//! Tokens by the admin API: those of system accounts, and the caller's own.

use muster::id::Id;
use muster::roles::predefined;
use muster::tokens::value::Access;
use serde_json::{Value, json};

use super::{Caller, problem};
use crate::support::app::TestApp;
use crate::support::snapshot::{assert_unchanged, lines, snapshot};

fn of(id: &Id) -> String {
    format!("/admin/system-accounts/{id}/tokens")
}

fn ids(list: &Value) -> Vec<&str> {
    list["_embedded"]["items"].as_array().unwrap().iter().map(|token| token["uuid"].as_str().unwrap()).collect()
}

#[test]
fn a_system_account_is_given_tokens() {
    let app = TestApp::start();
    let caller = Caller::administrator(&app);
    let machine = app.add_account("builds");
    let path = of(&machine);
    let made =
        caller.post(&path, &json!({"description": "release", "access": "write", "expiresAt": "2099-01-31T08:00:00+01:00"}));
    assert_eq!(made.status, 201, "{}", made.body);
    let value = made.body["value"].as_str().unwrap();
    assert_eq!((made.body["uuid"].as_str(), app.verify(value).status), (Some(&value[5..17]), 200));
    assert_eq!((&made.body["expiresAt"], &made.body["readOnly"]), (&json!("2099-01-31T07:00:00Z"), &json!(false)));
    let second = caller.post(&path, &json!({"description": "look", "access": "read", "expiresAt": null}));
    assert_eq!((second.status, second.body.get("expiresAt"), &second.body["readOnly"]), (201, None, &json!(true)));
    let list = caller.get(&path);
    assert_eq!(ids(&list.body), [second.body["uuid"].as_str().unwrap(), &value[5..17]]);
    let first = &list.body["_embedded"]["items"][1];
    assert_eq!((first.get("value"), &first["lastUsedFrom"]), (None, &json!("127.0.0.1")), "no secret, and what was just seen");
    assert!(!list.answer.body.contains(value));
    let page = caller.get(&format!("{path}?pageNumber=2&pageSize=1"));
    assert_eq!((ids(&page.body), &page.body["page"]["totalPages"]), (vec![&value[5..17]], &json!(2)));
    assert_eq!(problem(&caller.get(&format!("{path}?pageNumber=0"))), (400, vec!["pageNumber"]));

    let old = &value[5..17];
    for (body, overlaps) in [("", false), ("{}", false), (r#"{"overlapSeconds":3600}"#, true)] {
        let token = caller.post(&path, &json!({"description": "x", "access": "read"})).body;
        let (old, old_value) = (token["uuid"].as_str().unwrap(), token["value"].as_str().unwrap());
        let new = caller.text("POST", &format!("{path}/{old}/regenerate"), body);
        assert_eq!((new.status, &new.body["description"], &new.body["access"]), (201, &json!("x"), &json!("read")));
        assert_eq!(app.verify(new.body["value"].as_str().unwrap()).status, 200);
        assert_eq!(app.verify(old_value).status, if overlaps { 200 } else { 401 }, "{body}");
        assert_eq!(problem(&caller.text("POST", &format!("{path}/{old}/regenerate"), body)).0, 409);
    }
    assert_eq!(caller.delete(&format!("{path}/{old}")).status, 204);
    assert_eq!((app.verify(value).status, problem(&caller.delete(&format!("{path}/{old}"))).0), (401, 409));
    let events = app.read(|conn| {
        let sql = "SELECT DISTINCT c.token_id AS line FROM audit_events e JOIN audit_changes c ON c.id = e.change_id \
                   WHERE e.type LIKE 'token.%' AND c.actor_name = 'terraform'";
        Ok(lines(conn, sql))
    });
    assert_eq!(events, [&caller.token[5..17]]);
}

#[test]
fn what_a_token_may_not_be_is_named() {
    let app = TestApp::start_with(|config| config.max_token_lifetime = Some(chrono::TimeDelta::days(30)));
    let caller = Caller::administrator(&app);
    let machine = app.add_account("builds");
    let path = of(&machine);
    let made = caller.post(&path, &json!({"description": "x", "access": "read"}));
    assert!(made.body["expiresAt"].is_string(), "absent: as long as is allowed");
    let token = made.body["uuid"].as_str().unwrap().to_owned();
    let user = app.add_user("Ida Holm", &[]).0;
    let before = snapshot(&app);
    for (body, fields) in [
        (json!({}), vec!["access", "description"]),
        (json!({"description": "", "access": ""}), vec!["access", "description"]),
        (json!({"description": null, "access": "read"}), vec!["description"]),
        (json!({"description": "x".repeat(81), "access": "read"}), vec!["description"]),
        (json!({"description": ["x"], "access": "read"}), vec!["description"]),
        (json!({"description": "a\u{0}", "access": "read"}), vec!["description"]),
        (json!({"description": "x", "access": "admin"}), vec!["access"]),
        (json!({"description": "x", "access": true}), vec!["access"]),
        (json!({"description": "x", "access": "read", "expiresAt": ""}), vec!["expiresAt"]),
        (json!({"description": "x", "access": "read", "expiresAt": "tomorrow"}), vec!["expiresAt"]),
        (json!({"description": "x", "access": "read", "expiresAt": 7}), vec!["expiresAt"]),
        (json!({"description": "x", "access": "read", "expiresAt": "2001-01-01T00:00:00Z"}), vec!["expiresAt"]),
        (json!({"description": "x", "access": "read", "expiresAt": "2999-01-01T00:00:00Z"}), vec!["expiresAt"]),
        (json!({"description": "x", "access": "read", "expiresAt": "+262142-12-31T23:59:59Z"}), vec!["expiresAt"]),
    ] {
        assert_eq!(problem(&caller.post(&path, &body)), (400, fields), "{body}");
    }
    for body in [
        json!({"overlapSeconds": -1}),
        json!({"overlapSeconds": 604_801}),
        json!({"overlapSeconds": "60"}),
        json!({"overlapSeconds": 1.5}),
    ] {
        let reply = caller.post(&format!("{path}/{token}/regenerate"), &body);
        assert_eq!(problem(&reply), (400, vec!["overlapSeconds"]), "{body}");
    }
    for tail in ["/nothing", "/%00", "/AAAAAAAAAAAA"] {
        for id in [&machine, &user, &Id::new()] {
            assert_eq!(caller.post(&format!("{}{tail}/regenerate", of(id)), &json!({})).status, 404, "{tail}");
            assert_eq!(caller.delete(&format!("{}{tail}", of(id))).status, 404, "{tail}");
        }
    }
    assert_eq!((caller.get(&of(&user)).status, caller.get("/admin/system-accounts/x/tokens").status), (404, 404));
    assert_unchanged(&app, &before, "tokens");

    // Nobody gets a token that can do more in Muster than they.
    let of_team = Caller::holding(&app, "of a team", &["system_account:manage:team"]);
    let strong = app.add_account_with("deploy-prod", &[predefined::ADMINISTRATOR.into()]);
    app.add_team("Mobile", &[&machine, &of_team.account, &strong]);
    let new = json!({"description": "x", "access": "read"});
    let keeper = Caller::holding(&app, "keeper", &["system_account:manage:*"]);
    assert_eq!(keeper.post(&path, &new).status, 201);
    let refused = keeper.post(&of(&strong), &new);
    assert_eq!((refused.status, refused.body["permission"].is_string()), (403, true));
    // A token of a team's manager sees those of the team's accounts and ends them. It makes none, also not in place of one.
    let made = keeper.post(&path, &new);
    let one = format!("{path}/{}", made.body["uuid"].as_str().unwrap());
    for id in [&machine, &strong, &caller.account] {
        assert_eq!(of_team.post(&of(id), &new).status, 403);
    }
    assert_eq!(of_team.post(&format!("{one}/regenerate"), &json!({})).status, 403);
    assert_eq!((of_team.get(&path).status, of_team.delete(&one).status), (200, 204));
    for permissions in [&["system_account:read:*"][..], &["token:manage:own", "user:manage:*"]] {
        let caller = Caller::holding(&app, permissions[0], permissions);
        assert_eq!((caller.get(&path).status, caller.post(&path, &new).status), (403, 403));
    }
    let reader = Caller::of(&app, caller.account.clone(), Access::Read);
    assert_eq!((reader.get(&path).status, reader.post(&path, &new).status), (200, 403));
}

#[test]
fn a_caller_sees_and_replaces_its_own() {
    let app = TestApp::start();
    let caller = Caller::with_roles(&app, "builds", &[predefined::CI_CD.into()], Access::Write);
    let other = app.add_token(&caller.account, Access::Write);
    let list = caller.get("/settings/tokens");
    assert_eq!((list.status, ids(&list.body).len()), (200, 2));
    let link = list.body["_embedded"]["items"][0]["_links"]["pb:regenerate"]["href"].as_str().unwrap();
    assert!(link.starts_with(&format!("{}/settings/tokens/", app.url)) && link.ends_with("/regenerate"));
    let replace = |caller: &Caller, token: &str| caller.post(&format!("/settings/tokens/{token}/regenerate"), &json!({}));
    assert_eq!(replace(&caller, &other[5..17]).body["permission"], "system_account:manage:*");
    assert_eq!((replace(&caller, "AAAAAAAAAAAA").status, app.verify(&other).status), (403, 200));
    let made = replace(&caller, &caller.token[5..17]);
    assert_eq!((made.status, app.verify(&caller.token).status), (201, 401));
    assert_eq!(app.verify(made.body["value"].as_str().unwrap()).status, 200);

    let admin = Caller::administrator(&app);
    let (other, reader) = (app.add_token(&admin.account, Access::Write), Caller::of(&app, admin.account.clone(), Access::Read));
    assert_eq!(replace(&reader, &other[5..17]).body["detail"], "This token is read-only.");
    assert_eq!(replace(&admin, &other[5..17]).status, 201);
    assert_eq!(replace(&reader, &reader.token[5..17]).status, 201, "a read-only token may replace itself");
    assert_eq!(replace(&admin, "AAAAAAAAAAAA").status, 404);
}
