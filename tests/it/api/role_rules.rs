//! Roles: who may not, and what stays.

use muster::id::Id;
use muster::settings::general::{self, General};

use super::Caller;
use super::roles::{ROLES, at, draft, refused};
use crate::support::app::TestApp;
use crate::support::snapshot::lines;

/// The permission in a refusal can be the caller's own text: it must not make an event of its own each time.
#[test]
fn refusals_of_one_kind_are_gathered_whatever_they_name() {
    let app = TestApp::start();
    let caller = Caller::holding(&app, "editor", &["role:manage:*", "role:read:*"]);
    for at in 0..30 {
        refused(&caller.post(ROLES, &draft(&format!("R{at}"), &[&format!("a:b{at}")])), 403, "");
    }
    let sql = "SELECT CAST(count(*) AS TEXT) AS line FROM audit_events WHERE type = 'access.refused'";
    assert_eq!(app.read(|conn| Ok(lines(conn, sql))), ["1"]);
}

#[test]
fn a_role_that_newcomers_begin_with_stays() {
    let app = TestApp::start();
    let caller = Caller::administrator(&app);
    let role = app.add_role("Pipelines", &["payments:refund"]);
    let admin = app.admin();
    let begin = |user: Option<&Id>, system: Option<&Id>| {
        let (user_role, system_role) = (user.cloned(), system.cloned());
        app.write(move |conn| general::write(conn, &General { user_role, system_role, ..General::default() }));
    };
    for (user, system, whom) in [(Some(&role), None, "new users"), (None, Some(&role), "new system accounts")] {
        begin(user, system);
        let reply = caller.delete(&at(&role));
        assert_eq!(reply.status, 409, "{}", reply.body);
        assert!(reply.body["detail"].as_str().unwrap().contains(whom), "{}", reply.body);
        let page = admin.get("/settings/roles").text();
        assert!(page.contains(&format!("Default for {}", whom.trim_start_matches("new "))), "{page}");
        assert!(!page.contains("Default for system accounts") || system.is_some(), "{page}");
        assert_eq!(admin.get(&format!("/settings/roles/{role}/deletion")).status, 409);
    }
    begin(None, None);
    assert_eq!(caller.delete(&at(&role)).status, 204);
}
