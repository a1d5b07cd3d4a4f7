//! The roles of an account, and who is made an administrator: rows 5 to 7 of the contract.

use muster::accounts::queries;
use muster::id::Id;
use muster::roles::predefined;
use serde_json::json;

use super::accounts::at;
use super::{Caller, names, problem};
use crate::support::app::TestApp;
use crate::support::snapshot::{assert_unchanged, snapshot};

#[test]
fn roles_are_replaced_added_and_removed() {
    let app = TestApp::start();
    let admin = Caller::administrator(&app);
    let machine = app.add_account("builds");
    let (user, _) = app.add_user("Ida Holm", &[]);
    let team = app.add_team("Mobile", &[&user]);
    let (of, users) = (team.clone(), [user.clone()]);
    app.write(move |conn| {
        muster::teams::operations::administrators::appoint(conn, &muster::auth::principal::Principal::shell(), &of, &users)
    });
    let path = |id: &Id| format!("{}/roles", at(id));
    let held = |id: &Id| names(&admin.get(&at(id)).body["_embedded"]["roles"]);
    let (ci, viewer) = (predefined::CI_CD.to_string(), predefined::READ_ONLY.to_string());
    for (roles, expected) in
        [(json!([ci, viewer, ci]), vec!["CI/CD", "Read-Only"]), (json!([]), vec![]), (json!([viewer]), vec!["Read-Only"])]
    {
        let reply = admin.put(&path(&machine), &json!({"roles": roles}));
        assert_eq!((reply.status, held(&machine)), (204, expected.iter().map(|name| (*name).to_owned()).collect()));
    }
    assert_eq!(admin.put(&path(&user), &json!({"roles": []})).status, 204);
    assert_eq!(held(&user), ["Team Administrator"], "it follows from the team");
    let derived = predefined::TEAM_ADMINISTRATOR.to_string();
    let before = snapshot(&app);
    for (body, field) in [
        (json!({}), "roles"),
        (json!({"roles": null}), "roles"),
        (json!({"roles": {}}), "roles"),
        (json!({"roles": "x"}), "roles"),
        (json!({"roles": ["not-a-role-uuid"]}), "roles[0]"),
        (json!({"roles": [ci, 7]}), "roles[1]"),
        (json!({"roles": [null]}), "roles[0]"),
        (json!({"roles": [Id::new()]}), "roles"),
        (json!({"roles": [ci, derived]}), "roles[1]"),
    ] {
        for id in [&machine, &user] {
            assert_eq!(problem(&admin.put(&path(id), &body)), (400, vec![field]), "{body}");
        }
    }
    assert_unchanged(&app, &before, "roles");

    let one = |role: &str| format!("{}/{role}", path(&machine));
    for _ in 0..2 {
        assert_eq!(admin.put(&one(&ci), &json!({})).status, 204);
        assert_eq!(held(&machine), ["CI/CD", "Read-Only"]);
    }
    for _ in 0..2 {
        assert_eq!(admin.delete(&one(&ci)).status, 204);
        assert_eq!(held(&machine), ["Read-Only"]);
    }
    for role in [Id::new().as_str(), "x"] {
        assert_eq!((admin.put(&one(role), &json!({})).status, admin.delete(&one(role)).status), (404, 404));
    }
    assert_eq!(problem(&admin.put(&one(&derived), &json!({}))).0, 400);
    // More than one statement could hold.
    let many: Vec<String> = (0..40_000).map(|_| muster::id::Id::new().to_string()).collect();
    assert_eq!(problem(&admin.put(&path(&machine), &json!({"roles": many}))), (400, vec!["roles"]));

    // Nobody raises anybody, least of all themselves, above what they hold.
    let helper =
        Caller::holding(&app, "helper", &["system_account:manage:*", "user:manage:*", "user:read:*", "system_account:read:*"]);
    let administrator = predefined::ADMINISTRATOR.to_string();
    let before = snapshot(&app);
    for reply in [
        helper.put(&path(&helper.account), &json!({"roles": [administrator]})),
        helper.put(&one(&administrator), &json!({})),
        helper.put(&one(&ci), &json!({})),
        helper.put(&format!("{}/role/admin", at(&helper.account)), &json!({})),
        helper.post("/admin/system-accounts/bulk", &json!({"action": "makeAdministrator", "uuids": [machine]})),
        helper
            .post("/admin/system-accounts/bulk", &json!({"action": "addRole", "role": administrator, "filter": {"q": "builds"}})),
    ] {
        assert_eq!(reply.status, 403, "{}", reply.body);
    }
    assert_unchanged(&app, &before, "a grant");
    let looker = Caller::holding(&app, "looker", &["system_account:read:*"]);
    assert_eq!(looker.put(&one(&ci), &json!({})).status, 403);
}

#[test]
fn administrators_are_made_and_unmade_with_the_user_in_the_answer() {
    let app = TestApp::start();
    let admin = Caller::administrator(&app);
    let (machine, (user, _)) = (app.add_account("builds"), app.add_user("Ida Holm", &[]));
    app.add_user("Maya Boss", &[predefined::ADMINISTRATOR.into()]);
    for id in [&machine, &user] {
        let path = format!("{}/role/admin", at(id));
        // What the provider sends means nothing here.
        let body = json!({"uuid": id, "active": false, "_embedded": {}});
        for _ in 0..2 {
            let reply = admin.put(&path, &body);
            assert_eq!((reply.status, &reply.body["active"]), (200, &json!(true)));
            assert!(names(&reply.body["_embedded"]["roles"]).contains(&"Administrator".into()));
        }
        for _ in 0..2 {
            let reply = admin.send("DELETE", &path, &body);
            assert_eq!(reply.status, 200, "{}", reply.body);
            assert!(!names(&reply.body["_embedded"]["roles"]).contains(&"Administrator".into()));
        }
    }
    assert_eq!(admin.text("PUT", &format!("{}/role/admin", at(&machine)), "no JSON").status, 200, "the body is not read");
    assert!(app.read(queries::administrators::has_administrator));
}
