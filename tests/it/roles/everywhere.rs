//! Teams, defaults and Undo reach the check on every instance, as roles do.

use muster::roles::predefined;
use muster::tokens::value::Access;

use crate::pages::html::{bulk_flash, ticked, undo_url};
use crate::settings::save;
use crate::support::app::TestApp;
use crate::support::soon::eventually;

// 4.7
#[test]
fn teams_undo_and_defaults_reach_every_instance() {
    // Without options that stand in the place of settings.
    let app = TestApp::start_with(|config| config.organisation = None);
    let other = app.beside();
    let admin = app.admin();
    let robot = app.add_account_with("robot", &[]);
    let token = app.add_token(&robot, Access::Write);
    let team = app.add_team("Blueberry", &[]);
    let knows = |app: &TestApp| app.verify(&token).headers.values().any(|value| value.contains("Blueberry"));
    let may = |app: &TestApp| {
        let bearer = format!("Bearer {token}");
        app.anonymous().get_with("/auth/verify?require=payments:refund", &[("Authorization", &bearer)]).status == 200
    };
    for (rest, joins) in [("members", true), ("members/removal", false), ("members", true), ("deletion", false)] {
        let path = format!("/settings/teams/{team}/{rest}");
        assert_eq!(admin.post(&path, &[("account", robot.as_str())]).status, 303, "{rest}");
        assert_eq!(knows(&app), joins, "{rest}");
        eventually(rest, || knows(&other) == joins);
    }
    // What is given in bulk and taken back.
    let role = app.add_role("Clerk", &["payments:refund"]);
    let given = bulk_flash(&admin, "add_role", &[&robot], &[("add_role", role.as_str())]);
    assert!(may(&app));
    eventually("the role", || may(&other));
    assert_eq!(admin.post(&undo_url(&given), &[]).status, 303);
    assert!(!may(&app));
    eventually("its Undo", || !may(&other));
    let disabled = bulk_flash(&admin, "disable", &[&robot], &[]);
    assert_eq!(app.verify(&token).status, 401);
    eventually("disabling", || other.verify(&token).status == 401);
    assert_eq!(admin.post(&undo_url(&disabled), &[]).status, 303);
    assert_eq!(app.verify(&token).status, 200);
    eventually("its Undo", || other.verify(&token).status == 200);
    // A default is what the next account begins with, and gives nothing to those who are there.
    let there = other.user("Priya Sandoval", &[predefined::ADMINISTRATOR.into()]);
    save(&app, &admin, &[("system_role", role.as_str())]);
    eventually("the default", || ticked(&there.get("/settings/system-accounts/new"), "role") == [role.to_string()]);
    assert!(!may(&app) && !may(&other));
}
