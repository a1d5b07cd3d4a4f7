//! What a role's permissions mean, at every door that asks for one; and the names of the predefined roles.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use muster::accounts::model::{Kind, Selection};
use muster::accounts::operations;
use muster::auth::principal::Principal;
use muster::database::{Engine, migrations};
use muster::id::Id;
use muster::roles;
use muster::roles::permission::Permission;
use muster::roles::predefined;
use muster::schema::role_permissions;
use muster::tokens::value::Access;

use crate::support::app::TestApp;

const LIST: &str = "/settings/system-accounts";

#[test]
fn a_gateway_gets_the_answers_of_the_one_rule() {
    let app = TestApp::start();
    let texts = ["ai:*", "ai:*:own", "ai:read", "ai:read:*", "ai:read:own", "ai:read:team", "ai:manage:*", "aim:read"];
    let anonymous = app.anonymous();
    for held in texts {
        let role = app.add_role(&format!("Holds {held}"), &[held]);
        let account = app.add_account_with(&format!("with {held}"), &[role]);
        let bearer = format!("Bearer {}", app.add_token(&account, Access::Write));
        for required in texts {
            let covered = Permission::parse(held).unwrap().covers(&Permission::parse(required).unwrap());
            let answer = anonymous.get_with(&format!("/auth/verify?require={required}"), &[("Authorization", &bearer)]);
            assert_eq!(answer.status, if covered { 200 } else { 403 }, "{held}, asked for {required}");
        }
    }
}

#[test]
fn pages_open_to_who_holds_every_action() {
    let app = TestApp::start();
    for (name, permission, list, new, roles) in [
        ("A", "system_account:*", 200, 200, 200),
        ("B", "system_account:*:*", 200, 200, 200),
        ("C", "system_account:*:team", 200, 403, 200),
        ("D", "system_accounts:*", 403, 403, 403),
        ("E", "system_account:manage", 403, 403, 403),
        ("F", "role:*", 403, 403, 200),
    ] {
        let role = app.add_role(name, &[permission]);
        let client = app.user(&format!("User {name}"), &[role]);
        let status = |path: &str| client.get(path).status;
        let found = (status(LIST), status(&format!("{LIST}/new")), status("/settings/roles"));
        assert_eq!(found, (list, new, roles), "{permission}");
    }
}

/// Whoever holds `user:*` may manage users: the last one who can is found by what they may do, and not by the text of it.
#[test]
fn an_administrator_by_wildcards_is_an_administrator() {
    let app = TestApp::start();
    let (maya, _) = app.add_user("Maya Lindqvist", &[predefined::ADMINISTRATOR.into()]);
    let part = app.add_role("Part", &["user:*", "role:*:*"]);
    let (rest, other) = (app.add_role("Rest", &["system_account:*"]), app.add_role("Other", &["system_account:*:own"]));
    let disable = |id: &Id| {
        let selection = Selection::Accounts(vec![id.clone()]);
        app.database.write_now(|conn| operations::disable(conn, &Principal::shell(), Kind::User, &selection).map(drop))
    };
    app.add_user("Nearly One", &[part.clone(), other]);
    assert!(disable(&maya).is_err(), "nobody is left");
    app.add_user("Tomas Okafor", &[part, rest]);
    disable(&maya).unwrap();
}

/// Back to the database of before December 2025.
fn old_names(app: &TestApp) {
    let down = match app.database.engine() {
        Engine::Sqlite => include_str!("../../../migrations/sqlite/2026-11-30-033000_role_names/down.sql"),
        Engine::Postgres => include_str!("../../../migrations/postgres/2026-11-30-033000_role_names/down.sql"),
    };
    app.write(|conn| {
        conn.batch_execute(&format!("{down}; DELETE FROM __diesel_schema_migrations WHERE version = '20261130033000'"))?;
        Ok(())
    });
    assert_eq!(name_of(app, predefined::READ_ONLY), "Viewer");
    assert_eq!(name_of(app, predefined::VIEWER), "Guest");
}

fn name_of(app: &TestApp, role: uuid::Uuid) -> String {
    app.read(|conn| roles::queries::find(conn, &[role.into()])).remove(0).name
}

#[test]
fn the_predefined_roles_are_renamed_in_place() {
    let app = TestApp::start();
    let admin = app.admin();
    let account = app.add_account_with("reader", &[predefined::READ_ONLY.into()]);
    let bearer = format!("Bearer {}", app.add_token(&account, Access::Read));
    old_names(&app);
    let granted = role_permissions::table.filter(role_permissions::role_id.eq(Id::from(predefined::USER)));
    app.write(|conn| Ok(diesel::delete(granted.filter(role_permissions::permission.eq("ai:*"))).execute(conn)?));
    migrations::migrate(&app.database_url.parse().unwrap()).unwrap();
    assert_eq!(name_of(&app, predefined::READ_ONLY), "Read-Only");
    assert_eq!(name_of(&app, predefined::VIEWER), "Viewer");
    let all = app.read(roles::queries::all);
    let by = |id: uuid::Uuid| all.iter().find(|role| role.id == id.into()).unwrap();
    // A locked one gets its permissions, an edited one keeps them.
    assert_eq!(by(predefined::VIEWER).permissions.len(), 3);
    assert!(!by(predefined::USER).permissions.allows_str("ai:read"));
    assert!(!by(predefined::READ_ONLY).locked && by(predefined::VIEWER).locked);
    // Who held the role holds it under its new name, on the pages and at gateways.
    let page = admin.get(&format!("{LIST}/{account}")).text();
    assert!(page.contains("Read-Only"), "{page}");
    for (role, status) in [("Read-Only", 200), ("9fa50562-a42b-4771-aa8e-4bb3d623ae60", 200), ("Viewer", 403), ("Guest", 403)] {
        let path = format!("/auth/verify?role={role}");
        assert_eq!(app.anonymous().get_with(&path, &[("Authorization", &bearer)]).status, status, "{role}");
    }
}

#[test]
fn a_custom_role_keeps_its_name() {
    let app = TestApp::start();
    old_names(&app);
    let own = app.add_role("READ-ONLY", &["payments:refund"]);
    migrations::migrate(&app.database_url.parse().unwrap()).unwrap();
    assert_eq!(name_of(&app, predefined::READ_ONLY), "Read-Only (predefined)");
    assert_eq!(name_of(&app, predefined::VIEWER), "Viewer");
    assert_eq!(app.read(|conn| roles::queries::find(conn, std::slice::from_ref(&own))).remove(0).name, "READ-ONLY");
    let found = app.read(|conn| roles::queries::find_named(conn, "read-only")).unwrap();
    assert_eq!(found.id, own);
}
