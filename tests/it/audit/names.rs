//! Names are those of then. What was deleted is marked, and found by its UUID and by its old name.

use diesel::prelude::*;
use muster::accounts::model::Kind;
use muster::schema::{roles, teams};

use super::events::{LOG, delete, first_event, rows};
use crate::support::app::TestApp;

#[test]
fn events_outlive_actor_target_role_and_team() {
    let app = TestApp::start();
    let admin = app.admin();
    let bo = app.user("Bo Deleted", &[muster::roles::predefined::ADMINISTRATOR.into()]);
    let robot = app.add_account("old robot");
    let (role, team) = (app.add_role("Old Role", &["payments:refund"]), app.add_team("Old Team", &[]));
    let page = format!("/settings/system-accounts/{robot}");
    assert_eq!(bo.post(&format!("{page}/roles"), &[("role", role.as_str())]).status, 303);
    assert_eq!(bo.post(&format!("{page}/teams"), &[("team", team.as_str())]).status, 303);
    assert_eq!(bo.post(&page, &[("name", "new robot"), ("description", "")]).status, 303);
    let actor = bo.account.clone().unwrap();
    delete(&app, Kind::User, &actor);
    delete(&app, Kind::System, &robot);
    app.write(|conn| {
        diesel::delete(roles::table.find(&role)).execute(conn)?;
        Ok(diesel::delete(teams::table.find(&team)).execute(conn)?)
    });
    let found = |query: &str| rows(&admin.get(&format!("{LOG}?{query}")));
    for (query, expected) in [
        (format!("actor={actor}&target={robot}"), 4),
        ("actor=Bo+Deleted&kind=teams".into(), 1),
        (format!("target={robot}"), 7),
        // Before it was renamed, and after.
        ("target=Old+Robot".into(), 5),
        ("target=new+robot".into(), 2),
        (format!("concerned={role}"), 1),
        ("concerned=old+role".into(), 1),
        (format!("concerned={team}"), 1),
        ("concerned=Old+Team".into(), 1),
    ] {
        let rows = found(&query);
        assert_eq!(rows.len(), expected, "{query}: {rows:?}");
        assert!(rows.iter().all(|row| row.contains("deleted")), "{query}: {rows:?}");
    }
    let event = admin.get(&first_event(&admin.get(&format!("{LOG}?concerned={role}"))));
    for name in ["Bo Deleted", "old robot", "Old Role", "Deleted"] {
        assert!(event.text().contains(name), "{name}: {}", event.text());
    }
    let lines = admin.get(&format!("{LOG}/export?format=jsonl&concerned={team}")).body;
    for name in ["Bo Deleted", "old robot", "Old Team", actor.as_str(), robot.as_str(), team.as_str()] {
        assert!(lines.contains(name), "{name}: {lines}");
    }
}
