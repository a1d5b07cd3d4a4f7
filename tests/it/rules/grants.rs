//! Nobody gives away more than they have, by whatever door.

use muster::id::Id;
use muster::roles::predefined;
use muster::tokens::value::Access;

use crate::support::app::{Client, TestApp};
use crate::support::snapshot::{assert_unchanged, lines, snapshot};

const LIST: &str = "/settings/system-accounts";

struct World {
    app: TestApp,
    /// Holds `system_account:manage:*` and nothing else.
    manager: Client,
    contracts: Id,
    robot: Id,
}

impl World {
    fn new() -> Self {
        let app = TestApp::start();
        app.add_user("Maya Lindqvist", &[predefined::ADMINISTRATOR.into()]);
        let managers = app.add_role("Account managers", &["system_account:manage:*"]);
        let contracts = app.add_role("Contracts", &["contract_data:manage:*", "payments:refund"]);
        let manager = app.user("Tomas Okafor", &[managers]);
        let robot = app.add_account_with("robot", &[]);
        Self { app, manager, contracts, robot }
    }

    fn roles_of(&self, id: &Id) -> Vec<String> {
        let sql = format!("SELECT role_id AS line FROM account_roles WHERE account_id = '{id}' ORDER BY role_id");
        self.app.read(|conn| Ok(lines(conn, &sql)))
    }

    fn bulk(&self, client: &Client, fields: &[(&str, &str)]) -> u16 {
        client.post(&format!("{LIST}/bulk"), fields).status
    }
}

/// The selection of all that a search finds.
fn all_that_match(client: &Client, word: &str) -> String {
    let list = client.post_and_follow(&format!("{LIST}/bulk"), &[("do", "select_matching"), ("q", word)]);
    let (_, rest) = list.body.split_once("name=\"selection\" value=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

#[test]
fn a_role_that_grants_more_than_the_actor_has_is_given_by_no_door() {
    let world = World::new();
    let (robot, of) = (world.robot.as_str(), format!("{LIST}/{}", world.robot));
    let before = snapshot(&world.app);
    let administrator = predefined::ADMINISTRATOR.to_string();
    for role in [administrator.as_str(), world.contracts.as_str(), &predefined::CI_CD.to_string()] {
        let refused = |answer: crate::support::app::Answer, door: &str| {
            assert_eq!(answer.status, 403, "{door} {role}: {}", answer.text());
            assert!(answer.text().contains("grants more than you have"), "{door} {role}: {}", answer.text());
            assert_unchanged(&world.app, &before, door);
        };
        refused(world.manager.post(LIST, &[("name", "new one"), ("role", role)]), "create");
        refused(world.manager.post(&format!("{of}/roles"), &[("role", role)]), "edit roles");
        let fields = [("id", robot), ("do", "add_role"), ("add_role", role), ("confirm", "1")];
        refused(world.manager.post(&format!("{LIST}/bulk"), &fields), "bulk");
        let scope = all_that_match(&world.manager, "robot");
        let fields = [("selection", scope.as_str()), ("shown", "0"), ("do", "add_role"), ("add_role", role)];
        refused(world.manager.post(&format!("{LIST}/bulk"), &fields), "bulk, all that match");
    }
    let answer = world.manager.post(&format!("{of}/promotion"), &[]);
    assert_eq!(answer.status, 403, "{}", answer.text());
    assert_eq!(world.bulk(&world.manager, &[("id", robot), ("do", "make_administrator"), ("confirm", "1")]), 403);
    // One that may be given does not carry the other along.
    let none = world.app.add_role("Nothing", &[]);
    let answer = world.manager.post(&format!("{of}/roles"), &[("role", none.as_str()), ("role", world.contracts.as_str())]);
    assert_eq!(answer.status, 403);
    assert!(world.roles_of(&world.robot).is_empty());
    // What the actor has can be given.
    let readers = world.app.add_role("Readers", &["system_account:read:*"]);
    let answer = world.manager.post(&format!("{of}/roles"), &[("role", readers.as_str())]);
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert_eq!(world.roles_of(&world.robot), [readers.to_string()]);
}

#[test]
fn an_administrators_grant_may_be_anything() {
    let world = World::new();
    let admin = world.app.user("Priya Sandoval", &[predefined::ADMINISTRATOR.into()]);
    let answer = admin.post(&format!("{LIST}/{}/roles", world.robot), &[("role", world.contracts.as_str())]);
    assert_eq!(answer.status, 303, "{}", answer.text());
    let made = admin.post(&format!("{LIST}/{}/promotion", world.robot), &[]);
    assert_eq!(made.status, 303, "{}", made.text());
}

#[test]
fn taking_administrator_needs_an_administrator() {
    let world = World::new();
    let administrator: Id = predefined::ADMINISTRATOR.into();
    let boss = world.app.add_account_with("boss", std::slice::from_ref(&administrator));
    let (id, of) = (boss.as_str(), format!("{LIST}/{boss}"));
    let scope = all_that_match(&world.manager, "boss");
    let before = snapshot(&world.app);
    for (door, answer) in [
        ("demotion", world.manager.post(&format!("{of}/demotion"), &[])),
        ("edit roles", world.manager.post(&format!("{of}/roles"), &[])),
        ("bulk", world.manager.post(&format!("{LIST}/bulk"), &[("id", id), ("do", "remove_administrator")])),
        (
            "bulk remove",
            world
                .manager
                .post(&format!("{LIST}/bulk"), &[("id", id), ("do", "remove_role"), ("remove_role", administrator.as_str())]),
        ),
        (
            "bulk remove, all that match",
            world
                .manager
                .post(&format!("{LIST}/bulk"), &[("selection", scope.as_str()), ("shown", "0"), ("do", "remove_administrator")]),
        ),
    ] {
        assert_eq!(answer.status, 403, "{door}: {}", answer.text());
        assert_unchanged(&world.app, &before, door);
    }
    // Neither does the manager get hold of a token that can do more than they.
    let answer = world.manager.post(&format!("{of}/tokens"), &[("name", "mine"), ("access", "write"), ("expires", "never")]);
    assert_eq!(answer.status, 403, "{}", answer.text());
    let token = world.app.add_token(&boss, Access::Write);
    let public = token.split('_').nth(1).unwrap();
    let answer = world.manager.post(&format!("{of}/tokens/{public}/regeneration"), &[("overlap", "0")]);
    assert_eq!(answer.status, 403, "{}", answer.text());
    assert_eq!(world.roles_of(&boss), [administrator.to_string()]);
    // What was taken by right cannot come back by Undo of somebody who could not give it.
    let admin = world.app.user("Priya Sandoval", &[administrator]);
    assert_eq!(admin.post(&format!("{of}/demotion"), &[]).status, 303);
    let change = world.app.read(|conn| {
        let sql = "SELECT change_id AS line FROM audit_events WHERE type = 'account.role_removed' ORDER BY seq DESC LIMIT 1";
        Ok(lines(conn, sql))
    });
    let undo = format!("/settings/changes/{}/undo", change[0]);
    assert_eq!(world.manager.post(&undo, &[]).status, 404, "another's change");
    assert!(world.roles_of(&boss).is_empty());
    // Their own removal of a role that they could not give: taking it was theirs to do, giving it is not.
    let contractor = world.app.add_account_with("contractor", std::slice::from_ref(&world.contracts));
    assert_eq!(world.manager.post(&format!("{LIST}/{contractor}/roles"), &[]).status, 303);
    let change = world.app.read(|conn| {
        let sql = "SELECT change_id AS line FROM audit_events WHERE type = 'account.role_removed' ORDER BY seq DESC LIMIT 1";
        Ok(lines(conn, sql))
    });
    let answer = world.manager.post(&format!("/settings/changes/{}/undo", change[0]), &[]);
    assert_eq!(answer.status, 403, "{}", answer.text());
    assert!(world.roles_of(&contractor).is_empty());
}

#[test]
fn team_administrator_is_neither_given_nor_taken() {
    let world = World::new();
    let admin = world.app.user("Priya Sandoval", &[predefined::ADMINISTRATOR.into()]);
    let derived: Id = predefined::TEAM_ADMINISTRATOR.into();
    let (role, of) = (derived.to_string(), format!("{LIST}/{}", world.robot));
    let before = snapshot(&world.app);
    for (door, answer) in [
        ("create", admin.post(LIST, &[("name", "new one"), ("role", &role)])),
        ("edit roles", admin.post(&format!("{of}/roles"), &[("role", &role)])),
        ("bulk", admin.post(&format!("{LIST}/bulk"), &[("id", world.robot.as_str()), ("do", "add_role"), ("add_role", &role)])),
    ] {
        let answer = if answer.status == 303 { admin.get(answer.location()) } else { answer };
        assert!(answer.text().contains("can't be given"), "{door}: {}", answer.text());
        assert_unchanged(&world.app, &before, door);
    }
    // An account that has it, as administrating a team gives it.
    let holder = world.robot.clone();
    world.app.write(|conn| muster::roles::queries::give(conn, &holder, &derived));
    let before = snapshot(&world.app);
    let fields = [("id", world.robot.as_str()), ("do", "remove_role"), ("remove_role", &role)];
    let answer = admin.post_and_follow(&format!("{LIST}/bulk"), &fields);
    assert!(answer.text().contains("can't be removed"), "{}", answer.text());
    assert_unchanged(&world.app, &before, "bulk remove");
    // Edit Roles does not know it, and leaves it.
    assert_eq!(admin.post(&format!("{of}/roles"), &[("role", &predefined::READ_ONLY.to_string())]).status, 303);
    assert_eq!(admin.post(&format!("{of}/roles"), &[]).status, 303);
    assert_eq!(world.roles_of(&world.robot), [role]);
}
