//! A team's administrators rename it and choose its members, and do nothing beyond.

use muster::accounts::model::{Kind, Selection};
use muster::accounts::operations;
use muster::auth::principal::Principal;
use muster::roles::predefined;

use super::{at, belonging, make_administrator, post};
use crate::support::app::TestApp;
use crate::support::snapshot::{assert_unchanged, snapshot};

#[test]
fn they_reach_nothing_beyond_their_team() {
    let app = TestApp::start();
    let lead = app.user("Lea Lead", &[predefined::USER.into()]);
    let (ida, _) = app.add_user("Ida Holm", &[predefined::USER.into()]);
    let (blue, red) = (app.add_team("Blue", &[]), app.add_team("Red", &[&ida]));
    let own = make_administrator(&app, &blue, &lead);
    let other = app.user("Otto Other", &[predefined::USER.into()]);
    let others = make_administrator(&app, &blue, &other);
    let before = snapshot(&app);
    for (team, rest) in [
        (&red, "/members"),
        (&red, "/members/removal"),
        (&red, "/administrators"),
        (&red, "/administrators/removal"),
        (&red, "/deletion"),
        (&red, ""),
        (&blue, "/administrators"),
        (&blue, "/deletion"),
    ] {
        for whom in [&ida, &own] {
            assert_eq!(post(&lead, team, rest, &[whom]), 403, "{rest}");
        }
        assert_unchanged(&app, &before, rest);
    }
    assert_eq!(post(&lead, &blue, "/administrators/removal", &[&others]), 403);
    assert_eq!(post(&lead, &blue, "/administrators/removal", &[&own, &others]), 403);
    assert_eq!(lead.post("/settings/teams", &[("name", "Mine")]).status, 403);
    for page in ["/settings/teams/new".to_owned(), at(&blue, "/deletion"), at(&red, "/members/new")] {
        assert_eq!(lead.get(&page).status, 403, "{page}");
    }
    assert_eq!(lead.post(&format!("/settings/users/{ida}/disablement"), &[]).status, 403);
    assert_unchanged(&app, &before, "beyond");
    // What they may
    assert_eq!(post(&lead, &blue, "/members", &[&ida]), 303);
    assert_eq!(post(&lead, &blue, "/members/removal", &[&ida]), 303);
    assert_eq!(lead.post(&at(&blue, ""), &[("name", "Azure")]).status, 303);
    let page = lead.get(&at(&blue, ""));
    assert!(page.text().contains("Azure") && page.body.contains("/members/new"), "{}", page.text());
    assert!(!page.body.contains("/deletion") && !page.body.contains("action=\"/settings/teams/{blue}/administrators\""));
}

#[test]
fn who_only_looks_changes_nothing() {
    let app = TestApp::start();
    let viewer = app.viewer();
    let guest = app.user("Gil Guest", &[predefined::VIEWER.into()]);
    let robot = app.add_account("robot");
    let team = app.add_team("Blue", &[viewer.account.as_ref().unwrap(), &robot]);
    let before = snapshot(&app);
    for client in [&viewer, &guest] {
        let page = client.get(&at(&team, ""));
        assert_eq!((client.get("/settings/teams").status, page.status), (200, 200));
        assert!(!page.body.contains("name=\"account\"") && !page.body.contains("/members/new"), "{}", page.text());
        for rest in ["", "/members", "/members/removal", "/administrators", "/administrators/removal", "/deletion"] {
            assert_eq!(post(client, &team, rest, &[client.account.as_ref().unwrap()]), 403, "{rest}");
        }
    }
    assert_unchanged(&app, &before, "looking");
    assert!(viewer.get(&at(&team, "")).text().contains("robot"));
    assert!(!guest.get(&at(&team, "")).text().contains("robot"), "guests see no system accounts");
    assert!(app.anonymous().get(&at(&team, "")).location().starts_with("/login"));
}

#[test]
fn the_last_one_may_leave_and_lands_where_they_may_be() {
    let app = TestApp::start();
    for (name, roles) in [("Lea Lead", vec![predefined::USER.into()]), ("Bea Bare", vec![])] {
        let team = app.add_team(&format!("Team of {name}"), &[]);
        let lead = app.user(name, &roles);
        let own = make_administrator(&app, &team, &lead);
        let page = lead.get(&at(&team, ""));
        assert!(page.text().contains("If you remove yourself"), "{}", page.text());
        let answer = lead.post(&at(&team, "/administrators/removal"), &[("account", own.as_str())]);
        assert_eq!(answer.status, 303);
        let to = if roles.is_empty() { "/".to_owned() } else { at(&team, "") };
        assert_eq!(answer.location(), to);
        assert!(lead.get(&to).status < 400 || roles.is_empty());
        assert_ne!(lead.get(&to).status, 500);
        // Back, and the old forms again
        for rest in ["", "/members", "/administrators/removal"] {
            assert_eq!(post(&lead, &team, rest, &[&own]), 403, "{rest}");
        }
        assert!(belonging(&app, "team_administrators", &team).is_empty());
    }
}

#[test]
fn administration_and_membership_are_two_things() {
    let app = TestApp::start();
    let admin = app.admin();
    let (bo, _) = app.add_user("Bo Berg", &[]);
    let team = app.add_team("Blue", &[&bo]);
    let all = |table| belonging(&app, table, &team).len();
    assert_eq!(post(&admin, &team, "/administrators", &[&bo]), 303);
    assert_eq!(post(&admin, &team, "/administrators/removal", &[&bo]), 303);
    assert_eq!((all("team_members"), all("team_administrators")), (1, 0));
    assert_eq!(post(&admin, &team, "/administrators", &[&bo]), 303);
    assert_eq!(post(&admin, &team, "/members/removal", &[&bo]), 303);
    assert_eq!((all("team_members"), all("team_administrators")), (0, 1));
    // Twice is once.
    let fields = [("account", bo.as_str()), ("account", bo.as_str())];
    assert_eq!(admin.post(&at(&team, "/members"), &fields).status, 303);
    assert!(admin.post_and_follow(&at(&team, "/members"), &fields).flash().contains("members already"));
    assert_eq!((all("team_members"), all("team_administrators")), (1, 1));
}

#[test]
fn only_enabled_accounts_administer() {
    let app = TestApp::start();
    let admin = app.admin();
    let robot = app.add_account("robot");
    let (ida, _) = app.add_user("Ida Holm", &[]);
    let team = app.add_team("Blue", &[]);
    assert_eq!(post(&admin, &team, "/administrators", &[&ida]), 303);
    assert!(!admin.get("/settings/teams").text().contains("without an administrator"));
    let one = Selection::Accounts(vec![ida.clone()]);
    app.write(move |conn| operations::disable(conn, &Principal::shell(), Kind::User, &one));
    assert!(admin.get("/settings/teams").text().contains("1 without an administrator"));
    assert!(admin.get("/settings/teams?administrators=none").text().contains("Blue"));
    let before = snapshot(&app);
    for refused in [&ida, &muster::id::Id::new()] {
        let fields = [("account", refused.as_str()), ("q", "")];
        let answer = admin.post(&at(&team, "/administrators"), &fields);
        assert_eq!(answer.status, 422, "{}", answer.text());
        assert!(answer.text().contains("only enabled accounts can"), "{}", answer.text());
    }
    assert_unchanged(&app, &before, "appointed");
    // A machine may do it, too.
    assert_eq!(post(&admin, &team, "/administrators", &[&robot]), 303);
    assert!(!admin.get("/settings/teams").text().contains("without an administrator"));
    let page = admin.get(&at(&team, ""));
    assert!(page.body.contains(&format!("/settings/system-accounts/{robot}")), "{}", page.text());
    assert_eq!(post(&admin, &team, "/administrators/removal", &[&robot]), 303);
}
