//! Nobody grants what they do not have, by whichever door.

use muster::auth::principal::{Means, Origin, Principal};
use muster::error::Error;
use muster::id::Id;
use muster::roles::operations::{self, RoleDraft, RoleEdit};
use muster::roles::predefined;
use muster::tokens::value::Access;

use super::{ROLES, granted, named, page, save};
use crate::support::app::TestApp;
use crate::support::snapshot::{assert_unchanged, snapshot};

// 4.1: a role that one has oneself, a ready-made stronger one, and one that others have.
#[test]
fn the_right_to_manage_roles_is_not_the_right_to_everything() {
    let app = TestApp::start();
    app.admin();
    let own = app.add_role("Role keeper", &["role:manage:*", "payments:*"]);
    let bo = app.user("Bo Keeper", std::slice::from_ref(&own));
    let others = app.add_role("Operators", &["system_account:manage:*"]);
    let before = snapshot(&app);
    let own_now = ["role:manage:*", "payments:*"];

    let answer = save(&bo, &own, "Role keeper", &[&own_now[..], &["user:manage:*"]].concat());
    assert_eq!(answer.status, 403, "{}", answer.text());
    assert!(answer.text().contains("You can't add user:manage:* to a role, because you don't have it yourself."));
    // The form comes back as it was sent.
    assert!(answer.body.contains("value=\"user:manage:*\"") && answer.body.contains("payments:*"));
    // A new role, a copy of a stronger one, and one in which a wildcard hides what is asked for.
    for wanted in ["user:manage:*", "role:*", "system_account:read:*"] {
        let answer = bo.post(ROLES, &[("name", "Mine"), ("permission", wanted)]);
        assert_eq!(answer.status, 403, "{wanted}: {}", answer.text());
    }
    let copy: Vec<(&str, &str)> = [("name", "Copy of Administrator")]
        .into_iter()
        .chain(predefined::PREDEFINED[0].permissions.iter().map(|permission| ("permission", *permission)))
        .collect();
    assert_eq!(bo.post(ROLES, &copy).status, 403);
    // What others have, given and taken: who has less is less protected.
    assert_eq!(save(&bo, &others, "Operators", &["system_account:manage:*", "user:invite"]).status, 403);
    let answer = save(&bo, &others, "Operators", &[]);
    assert_eq!(answer.status, 403);
    assert!(answer.text().contains("You can't remove system_account:manage:* from a role"), "{}", answer.text());
    assert_eq!(bo.post(&format!("{}/deletion", page(&others)), &[]).status, 403);
    let user = predefined::USER;
    assert_eq!(save(&bo, user, "User", &[]).status, 403);
    assert_unchanged(&app, &before, "what Bo tried");

    // What Bo has, Bo may give and take, and a name needs no more than the right to manage roles.
    assert_eq!(save(&bo, &own, "Role keeper", &["role:manage:*", "payments:refund"]).status, 303);
    assert_eq!(granted(&app, &own), ["payments:refund", "role:manage:*"]);
    assert_eq!(save(&bo, &others, "Operations", &["system_account:manage:*"]).status, 303);
    assert_eq!(bo.post(ROLES, &[("name", "Mine"), ("more", "payments:refund")]).status, 303);
    // Refusals are in the audit log, with what was lacking.
    let lacking = "SELECT coalesce(object_name, '') || detail AS line FROM audit_events WHERE type = 'access.refused'";
    let refusals = app.read(|conn| Ok(crate::support::snapshot::lines(conn, lacking)));
    assert!(refusals.iter().any(|refusal| refusal.contains("user:manage:*")), "{refusals:?}");
}

#[test]
fn the_copy_of_a_stronger_role_is_offered_without_what_one_lacks() {
    let app = TestApp::start();
    app.admin();
    let own = app.add_role("Role keeper", &["role:manage:*", "team:read:*"]);
    let bo = app.user("Bo Keeper", &[own]);
    let form = bo.get(&format!("{ROLES}/new?from={}", predefined::USER));
    assert_eq!(form.status, 200);
    assert!(
        form.text().contains("12 of its permissions were left out, because you don't have them yourself."),
        "{}",
        form.text()
    );
    assert!(form.body.contains("value=\"team:read:*\" title=\"team:read:*\" checked>"), "{}", form.body);
    assert!(form.body.contains("value=\"user:read:*\" title=\"user:read:*: you don't have it yourself\" disabled>"));
    // What one lacks stays in a role that has it.
    let form = bo.get(&page(predefined::USER));
    assert!(form.body.contains("<input type=\"hidden\" name=\"permission\" value=\"user:read:*\">"));
    let gone = bo.get(&format!("{ROLES}/new?from={}", Id::new()));
    assert_eq!(gone.status, 404);
}

// 4.2: by the matcher of the check.
#[test]
fn what_covers_may_be_given_in_its_parts_and_a_part_gives_no_whole() {
    let app = TestApp::start();
    app.admin();
    let wide = app.add_role("Wide", &["role:manage:*", "payments:*", "team:manage:*", "token:manage:own"]);
    let narrow = app.add_role("Narrow", &["role:manage:*", "payments:refund"]);
    let (ada, bo) = (app.user("Ada Wide", &[wide]), app.user("Bo Narrow", &[narrow]));
    for (at, wanted) in ["payments:refund", "payments:refund:team", "payments:*:own", "team:read:*", "read_token:manage:own"]
        .into_iter()
        .enumerate()
    {
        let answer = ada.post(ROLES, &[("name", &format!("Ada's {at}")), ("more", wanted)]);
        assert_eq!(answer.status, 303, "{wanted}: {}", answer.text());
    }
    for wanted in ["payments:*", "payments:refund:team", "payments:refund:*", "payments:refunds", "pay:refund", "payments:*:own"]
    {
        let answer = bo.post(ROLES, &[("name", "Bo's"), ("more", wanted)]);
        assert_eq!(answer.status, 403, "{wanted}: {}", answer.text());
    }
    assert_eq!(bo.post(ROLES, &[("name", "Bo's"), ("more", "payments:refund")]).status, 303);
}

// The rule stands in the operation: a token's account, and an actor whose own role changes under them.
#[test]
fn the_operation_judges_by_what_the_actor_has_now() {
    let app = TestApp::start();
    app.admin();
    let keeper = app.add_role("Role keeper", &["role:manage:*"]);
    let robot = app.add_account_with("robot", std::slice::from_ref(&keeper));
    let token = app.add_token(&robot, Access::Write);
    let permissions = app.read(|conn| muster::roles::queries::of_account(conn, &robot)).1;
    let actor = Principal {
        account: Some(robot.clone()),
        permissions,
        means: Means::Token(token.split('_').nth(1).unwrap().into()),
        origin: Origin::default(),
        ..Principal::muster()
    };
    let draft = |permissions: &[&str]| RoleDraft {
        name: "Role keeper".into(),
        description: String::new(),
        permissions: permissions.iter().map(ToString::to_string).collect(),
    };
    let wanted = draft(&["role:manage:*", "user:manage:*"]);
    let edit = RoleEdit { shown: None, wanted };
    let refused = app.database.write_now(|conn| operations::update(conn, &actor, &keeper, &edit));
    assert!(matches!(refused, Err(Error::Forbidden { permission, .. }) if permission == "user:manage:*"));
    let new = RoleDraft { name: "New".into(), ..draft(&["user:manage:*"]) };
    assert!(app.database.write_now(|conn| operations::create(conn, &actor, &new)).is_err());
    let nobody = Principal { permissions: Default::default(), ..actor };
    for refused in [
        app.database.write_now(|conn| operations::update(conn, &nobody, &keeper, &edit)).map(drop),
        app.database.write_now(|conn| operations::create(conn, &nobody, &draft(&[]))).map(drop),
        app.database.write_now(|conn| operations::delete(conn, &nobody, &keeper, None)).map(drop),
        app.database.write_now(|conn| operations::reset(conn, &nobody, &predefined::CI_CD.into(), None)).map(drop),
    ] {
        assert!(matches!(refused, Err(Error::Forbidden { permission, .. }) if permission == "role:manage:*"));
    }
    assert_eq!(granted(&app, &keeper), ["role:manage:*"]);
    assert!(named(&app, "New").is_none());
}

#[test]
fn who_may_do_what() {
    let app = TestApp::start();
    let role = app.add_role("Clerk", &["payments:refund"]);
    let keeper = app.add_role("Keeper", &["role:manage:*"]);
    let actors = [
        ("administrator", app.admin(), 200),
        ("User", app.viewer(), 403),
        ("Viewer", app.user("Vi Viewer", &[predefined::VIEWER.into()]), 403),
        ("keeper", app.user("Bo Keeper", &[keeper]), 200),
        ("nobody", app.user("No Body", &[]), 403),
        ("signed out", app.anonymous(), 303),
    ];
    for (name, client, status) in &actors {
        for path in [format!("{ROLES}/new"), page(&role), format!("{}/deletion", page(&role))] {
            assert_eq!(client.get(&path).status, *status, "{name}: {path}");
        }
        let may = *status == 200;
        let list = client.get(ROLES);
        assert_eq!(list.body.contains("New role"), may, "{name}");
        assert_eq!(list.body.contains(&format!("{}/deletion", page(&role))), may, "{name}");
        if !may {
            let before = snapshot(&app);
            for path in
                [ROLES.to_owned(), page(&role), format!("{}/deletion", page(&role)), format!("{}/reset", page(predefined::CI_CD))]
            {
                assert_eq!(client.post(&path, &[("name", "X")]).status, *status, "{name}: {path}");
            }
            assert_unchanged(&app, &before, name);
        }
    }
    // The counts lead to lists that one may see.
    let linked = |client: &crate::support::app::Client| client.get(ROLES).body.contains("/settings/system-accounts?role=");
    app.add_account("robot");
    assert!(linked(&actors[0].1) && linked(&actors[1].1) && !linked(&actors[3].1));
}
