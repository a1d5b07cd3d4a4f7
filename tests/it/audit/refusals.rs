//! A refused attempt says what it was aimed at.

use muster::audit::filter::LOG;

use super::events::rows;
use crate::support::app::TestApp;

#[test]
fn a_refused_attempt_is_among_the_events_of_what_it_was_aimed_at() {
    let app = TestApp::start();
    let admin = app.admin();
    let kim = app.user("Kim Adeyemi", &[]);
    let (robot, victim) = (app.add_account("robot"), app.add_user("Priya Sandoval", &[]).0);
    let (team, role) = (app.add_team("Ops", &[]), app.add_role("Deployer", &["payments:refund"]));
    for (path, id, name) in [
        (format!("/settings/users/{victim}/password-link"), &victim, "Priya Sandoval"),
        (format!("/settings/system-accounts/{robot}/disablement"), &robot, "robot"),
        (format!("/settings/teams/{team}"), &team, "Ops"),
        (format!("/settings/roles/{role}/deletion"), &role, "Deployer"),
    ] {
        assert_eq!(kim.post(&path, &[]).status, 403, "{path}");
        let found = rows(&admin.get(&format!("{LOG}?target={id}")));
        let refused: Vec<&String> = found.iter().filter(|row| row.contains("Refused")).collect();
        assert!(refused.len() == 1 && refused[0].contains(name) && refused[0].contains("Kim Adeyemi"), "{path}: {found:?}");
        assert!(refused[0].contains("POST /settings/") && refused[0].contains("Missing permission"), "{refused:?}");
    }
    let feed = admin.get(&format!("/settings/users/{victim}")).text();
    assert!(feed.contains("Kim Adeyemi was refused: POST /settings/users/{id}/password-link"), "{feed}");
    // What names nothing that there is has the route alone.
    let nobody = muster::id::Id::new();
    assert_eq!(kim.get(&format!("/settings/system-accounts/{nobody}")).status, 403);
    assert!(rows(&admin.get(&format!("{LOG}?target={nobody}"))).is_empty());
    let found = rows(&admin.get(&format!("{LOG}?kind=access.refused")));
    assert!(found.iter().any(|row| row.contains("GET /settings/system-accounts/{id}")), "{found:?}");
}
