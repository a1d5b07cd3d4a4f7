//! Users by the admin API: invited one by one or several at once.

use muster::roles::predefined;
use serde_json::{Value, json};

use super::{Caller, names, problem};
use crate::support::app::TestApp;
use crate::support::snapshot::{assert_unchanged, snapshot};

const ONE: &str = "/admin/users/invite-user";
const SEVERAL: &str = "/admin/users/invite-users";
const CREATE: &str = "/admin/users";

#[test]
fn a_user_is_invited_as_the_provider_asks() {
    let app = TestApp::start();
    let caller = Caller::administrator(&app);
    app.add_user("Maya Boss", &[predefined::ADMINISTRATOR.into()]);
    let body = json!({"name": "Ida Holm", "email": "Ida@Example.org", "active": true, "_embedded": {}});
    let made = caller.post(ONE, &body);
    assert_eq!((made.status, &made.body["type"], &made.body["active"]), (200, &json!(0), &json!(true)), "{}", made.body);
    assert_eq!(names(&made.body["_embedded"]["roles"]), ["User"]);
    assert!(!made.answer.body.contains("set-password"), "no answer holds a link");
    let path = format!("/admin/users/{}", made.body["uuid"].as_str().unwrap());
    // Destroyed, and made again with the same address, however it is spelled.
    assert_eq!(caller.put(&path, &json!({"active": false})).body["active"], false);
    let again = caller.post(ONE, &json!({"name": "Ida Holm", "email": "ida@example.org", "active": true, "_embedded": {}}));
    assert_eq!((again.status, &again.body["uuid"], &again.body["active"]), (200, &made.body["uuid"], &json!(true)));
    let off = caller.post(ONE, &json!({"name": "x", "email": "ida@example.org", "active": false}));
    assert_eq!((&off.body["uuid"], &off.body["active"]), (&made.body["uuid"], &json!(false)));
    let new_off = caller.post(ONE, &json!({"name": "Bo Ek", "email": "bo@example.org", "active": false}));
    assert_eq!((new_off.status, &new_off.body["active"]), (200, &json!(false)));
    // A system account may have the same address.
    let machine = caller.post("/admin/system-accounts", &json!({"name": "ci", "email": "ida@example.org"}));
    assert_eq!((machine.status, &machine.body["email"]), (201, &json!("ida@example.org")));

    let created = caller
        .post(CREATE, &json!({"email": "zoe@example.org", "firstName": "Zoë", "lastName": "Ångström", "externalIdpId": "x"}));
    assert_eq!((created.status, created.body["name"].as_str()), (201, Some("Zoë Ångström")));
    assert_eq!(problem(&caller.post(CREATE, &json!({"email": "ZOE@example.org", "name": "x"}))), (409, vec![]));
    assert_eq!(caller.post(CREATE, &json!({"email": "nameless@example.org"})).body["name"], "nameless@example.org");

    let empty = caller.post(CREATE, &json!({"email": "empty@example.org", "firstName": " ", "lastName": ""}));
    assert_eq!((empty.status, &empty.body["name"]), (201, &json!("empty@example.org")));
    assert_eq!(caller.post(CREATE, &json!({"email": "one@example.org", "lastName": "Ek", "firstName": ""})).body["name"], "Ek");

    for (body, field) in [
        (json!({}), "email"),
        (json!({"name": "x", "email": ""}), "email"),
        (json!({"name": "x", "email": null}), "email"),
        (json!({"name": "x", "email": "nobody"}), "email"),
        (json!({"name": "x", "email": ["a@example.org", "b@example.org"]}), "email"),
        (json!({"name": "x", "email": {"not": null}}), "email"),
        (json!({"name": "", "email": "a@example.org"}), "name"),
        (json!({"name": "x".repeat(81), "email": "a@example.org"}), "name"),
        (json!({"name": "a\u{0}", "email": "a@example.org"}), "name"),
        (json!({"name": 7, "email": "a@example.org"}), "name"),
        (json!({"name": "x", "email": "a@example.org", "active": "yes"}), "active"),
    ] {
        for path in [ONE, CREATE] {
            assert_eq!(problem(&caller.post(path, &body)), (400, vec![field]), "{path} {body}");
        }
    }
    let nobody = Caller::holding(&app, "nobody", &["user:read:*", "system_account:manage:*"]);
    for path in [ONE, CREATE, SEVERAL] {
        assert_eq!(nobody.post(path, &body).body["permission"], "user:invite", "{path}");
    }
    // Who may only invite neither gives more than they hold, nor looks at whom they did not invite.
    let inviter = Caller::holding(&app, "inviter", &["user:invite"]);
    let users = app.read(|conn| muster::accounts::queries::totals(conn, muster::accounts::model::Kind::User));
    assert_eq!(users, (5, 2), "nobody came in");
    let made = inviter.post(ONE, &json!({"name": "New", "email": "new@example.org"}));
    assert_eq!((made.status, &made.body["_embedded"]["roles"]), (200, &json!([])), "{}", made.body);
    assert_eq!(problem(&inviter.post(ONE, &json!({"name": "x", "email": "bo@example.org", "active": true}))).0, 403);
    assert_eq!(problem(&inviter.post(ONE, &json!({"name": "x", "email": "zoe@example.org"}))).0, 409);
}

#[test]
fn several_are_invited_or_nobody() {
    let app = TestApp::start_with(|config| config.user_limit = Some(4));
    let caller = Caller::administrator(&app);
    let person = |name: &str| json!({"name": name, "email": format!("{name}@example.org")});
    let list = json!({"users": [person("ida"), person("bo"), person("zoe")]});
    let uuids =
        |body: &Value| -> Vec<Value> { body["users"].as_array().unwrap().iter().map(|user| user["uuid"].clone()).collect() };
    let before = snapshot(&app);
    for (body, field) in [
        (json!({}), "users"),
        (json!({"users": []}), "users"),
        (json!({"users": null}), "users"),
        (json!({"users": {}}), "users"),
        (json!({"users": vec![person("x"); 501]}), "users"),
        (json!({"users": [person("ida"), []]}), "users[1]"),
        (json!({"users": [person("ida"), {"name": "x"}]}), "users[1].email"),
        (json!({"users": [person("ida"), person("bo"), person("zoe"), {"name": "x", "email": "x"}]}), "users[3].email"),
        (json!({"users": [person("ida"), {"name": "x", "email": " IDA@EXAMPLE.org "}]}), "users[1].email"),
    ] {
        assert_eq!(problem(&caller.post(SEVERAL, &body)), (400, vec![field]), "{body:.200}");
    }
    let five = ["a", "b", "c", "d", "e"].map(person);
    let five = json!({"users": five});
    assert_eq!(problem(&caller.post(SEVERAL, &five)), (409, vec![]), "there are four seats");
    assert_unchanged(&app, &before, "invitations");
    let made = caller.post(SEVERAL, &list);
    assert_eq!((made.status, names(&made.body["users"])), (200, vec!["ida".into(), "bo".into(), "zoe".into()]), "{}", made.body);
    let again = caller.post(SEVERAL, &list);
    assert_eq!((again.status, uuids(&again.body)), (200, uuids(&made.body)), "a list may be sent again");
}
