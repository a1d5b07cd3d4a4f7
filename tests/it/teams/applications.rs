//! The applications of a team on its page.

use muster::roles::predefined;

use super::{at, make_administrator};
use crate::support::app::TestApp;
use crate::support::snapshot::lines;

fn names(app: &TestApp, team: &muster::id::Id) -> Vec<String> {
    app.read(|conn| muster::teams::queries::applications::of_team(conn, team))
}

#[test]
fn whoever_manages_all_teams_writes_down_their_applications() {
    let app = TestApp::start();
    let role = app.add_role("Teams", &["team:manage:*"]);
    let lead = app.user("Lea Lead", &[role]);
    let blue = app.add_team("Blue", &[]);
    let page = lead.get(&at(&blue, ""));
    assert!(page.text().contains("Applications Edit applications None."), "{}", page.text());
    let typed = [("applications", " payouts \r\n\r\nledger-api\nledger-api\n  Zoë/東京<b>\n")];
    let answer = lead.post(&at(&blue, "/applications"), &typed);
    assert_eq!((answer.status, answer.location()), (303, at(&blue, "").as_str()));
    assert_eq!(names(&app, &blue), ["Zoë/東京<b>", "ledger-api", "payouts"]);
    let page = lead.get(&at(&blue, ""));
    assert_eq!(page.flash(), "Saved the applications of Blue.");
    assert!(page.body.contains("<code>ledger-api</code><code>payouts</code>") && !page.body.contains("<b>"), "{}", page.body);
    // The same again is no change.
    lead.post(&at(&blue, "/applications"), &[("applications", "payouts\nledger-api\nZoë/東京<b>")]);
    assert_eq!(lead.get(&at(&blue, "")).flash(), "No change to the applications.");
    // A fault comes back as the dialog, with what was typed.
    for (typed, message) in
        [("x".repeat(201), "At most 200 characters."), ("a\u{7}b".into(), "control characters are not allowed")]
    {
        let answer = lead.post(&at(&blue, "/applications"), &[("applications", &typed)]);
        assert_eq!(answer.status, 422);
        assert!(
            answer.text().contains(message) && answer.body.contains("aria-describedby=\"applications-names-error\""),
            "{}",
            answer.text()
        );
    }
    assert_eq!(names(&app, &blue).len(), 3);
    // A team's own administrators rename it and choose its members, and nothing beyond.
    let own = app.user("Ida Holm", &[predefined::VIEWER.into()]);
    make_administrator(&app, &blue, &own);
    for other in [own, app.viewer()] {
        assert_eq!(other.post(&at(&blue, "/applications"), &[("applications", "x")]).status, 403);
        let page = other.get(&at(&blue, ""));
        assert!(page.body.contains("<code>payouts</code>") && !page.body.contains("edit-applications"), "{}", page.text());
    }
    assert_eq!(names(&app, &blue).len(), 3);
    // The log says what was written; deleting the team takes them along.
    let admin = app.admin();
    let log = admin.get("/settings/audit-log?kind=team.applications_changed");
    assert!(log.text().contains("Changed applications") && log.text().contains("ledger-api, payouts"), "{}", log.text());
    assert_eq!(admin.post(&at(&blue, "/deletion"), &[]).status, 303);
    assert_eq!(app.read(|conn| Ok(lines(conn, "SELECT name AS line FROM team_applications"))), Vec::<String>::new());
}

/// Without the right to see all teams, those that one administers.
#[test]
fn a_teams_administrator_finds_their_own_teams() {
    let app = TestApp::start();
    let lead = app.user("Lea Lead", &[]);
    let (blue, azure) = (app.add_team("Blue", &[]), app.add_team("Azure", &[]));
    app.add_team("Secret", &[]);
    assert_eq!(lead.get("/settings/teams").status, 403);
    assert!(!lead.get("/profile").body.contains("href=\"/settings/teams\""));
    make_administrator(&app, &blue, &lead);
    assert_eq!(lead.get("/").location(), "/settings/teams");
    let list = lead.get("/settings/teams");
    assert_eq!(list.status, 200);
    assert!(list.text().contains("Blue") && !list.text().contains("Secret") && !list.text().contains("Azure"), "{}", list.text());
    assert!(
        list.text().contains("1 team ") && list.body.contains("href=\"/settings/teams\" aria-current=\"page\""),
        "{}",
        list.text()
    );
    make_administrator(&app, &azure, &lead);
    assert!(lead.get("/settings/teams").text().contains("2 teams"));
    for (query, found) in [("?q=e", true), ("?q=secret", false), ("?administrators=me", true), ("?administrators=none", false)] {
        let list = lead.get(&format!("/settings/teams{query}"));
        assert_eq!((list.text().contains("Blue"), list.text().contains("Secret")), (found, false), "{query}");
    }
    // What they may not do is not offered.
    assert!(!list.body.contains("/settings/teams/new"));
    assert_eq!(lead.get("/settings/teams/new").status, 403);
    assert_eq!(
        lead.post(&at(&blue, "/administrators/removal"), &[("account", lead.account.as_ref().unwrap().as_str())]).status,
        303
    );
    assert!(lead.get("/settings/teams").flash().contains("Blue"));
    let list = lead.get("/settings/teams").text();
    assert!(list.contains("Azure") && !list.contains("Blue"), "{list}");
}
