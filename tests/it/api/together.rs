//! Many clients at once, and what reaches another instance.

use std::collections::BTreeSet;

use muster::id::Id;
use muster::tokens::value::Access;
use serde_json::json;

use super::Caller;
use super::teams::{TEAMS, at, uuids};
use crate::support::app::{Answer, TestApp};
use crate::support::snapshot::lines;
use crate::support::soon::soon;

const CLIENTS: usize = 10;

/// Memberships that name a team or account that is not there.
pub fn orphans(app: &TestApp) -> Vec<String> {
    app.read(|conn| {
        let of = |table| {
            format!(
                "SELECT m.team_id AS line FROM {table} m WHERE NOT EXISTS (SELECT 1 FROM teams t WHERE t.id = m.team_id) \
                 OR NOT EXISTS (SELECT 1 FROM accounts a WHERE a.id = m.account_id)"
            )
        };
        Ok([lines(conn, &of("team_members")), lines(conn, &of("team_administrators"))].concat())
    })
}

// 3.6
#[test]
fn ten_clients_add_to_one_team_and_none_is_lost() {
    let app = TestApp::start();
    let caller = Caller::administrator(&app);
    app.add_many(100);
    let accounts: Vec<Id> = (1..=100).map(|n| Id::parse(&format!("00000000-0000-7000-8000-000000{n:06}")).unwrap()).collect();
    let team = app.add_team("Blue", &[]);
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (caller, accounts, team) = (caller.clone(), &accounts, &team);
            scope.spawn(move || {
                for account in accounts.iter().skip(client * 10).take(10) {
                    let reply = caller.post(&at(team, "/users"), &json!({ "users": [account] }));
                    assert_eq!(reply.status, 200, "{}", reply.body);
                    assert!(uuids(&reply.body["_embedded"]["users"]).contains(account));
                }
            });
        }
    });
    let members = caller.get(&at(&team, "/users")).body;
    let members: BTreeSet<Id> = uuids(&members["_embedded"]["users"]).into_iter().collect();
    assert_eq!(members, accounts.iter().cloned().collect());
    let added = app.read(|conn| Ok(lines(conn, "SELECT target_id AS line FROM audit_events WHERE type = 'account.team_added'")));
    assert_eq!(added.len(), 100, "an event for each");
}

// 3.6
#[test]
fn ten_clients_work_on_ten_teams_in_opposite_order_while_teams_are_deleted() {
    let app = TestApp::start();
    let caller = Caller::administrator(&app);
    app.add_many(20);
    let accounts: Vec<Id> = (1..=20).map(|n| Id::parse(&format!("00000000-0000-7000-8000-000000{n:06}")).unwrap()).collect();
    let teams: Vec<Id> = (0..10).map(|n| app.add_team(&format!("Team {n}"), &[])).collect();
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (caller, accounts, teams) = (caller.clone(), &accounts, &teams);
            scope.spawn(move || {
                let order: Vec<&Id> = if client % 2 == 0 { teams.iter().collect() } else { teams.iter().rev().collect() };
                for (at_team, team) in order.into_iter().enumerate() {
                    let users = json!({ "users": accounts });
                    let reply = match (client + at_team) % 4 {
                        0 => caller.put(&at(team, "/users"), &users),
                        1 => caller.post(&at(team, "/users"), &users),
                        2 => caller.send("DELETE", &at(team, "/users"), &json!({ "users": [accounts[client]] })),
                        _ => caller
                            .put(&at(team, ""), &json!({ "name": format!("{team}"), "administratorUuids": [accounts[client]] })),
                    };
                    // The last two teams are deleted meanwhile.
                    assert!(
                        matches!(reply.status, 200 | 204) || (reply.status == 404 && teams[8..].contains(team)),
                        "{}",
                        reply.body
                    );
                }
            });
        }
        let (caller, teams) = (caller.clone(), &teams);
        scope.spawn(move || {
            for team in &teams[8..] {
                assert_eq!(caller.delete(&at(team, "")).status, 204);
            }
        });
    });
    assert_eq!(orphans(&app), Vec::<String>::new());
    let left = uuids(&caller.get(TEAMS).body["teams"]);
    assert_eq!(left.iter().collect::<BTreeSet<_>>(), teams[..8].iter().collect());
    for team in &teams[..8] {
        // Whatever came last: read and list agree, and the last PUT is exactly what it says.
        let reply = caller.put(&at(team, "/users"), &json!({ "users": accounts[..3] }));
        assert_eq!(reply.status, 200);
        assert_eq!(uuids(&reply.body["_embedded"]["users"]), accounts[..3]);
        assert_eq!(caller.get(&at(team, "")).body["numberOfMembers"], json!(3));
    }
}

// 4.7
#[test]
fn what_was_changed_by_the_api_reaches_the_other_instance_within_a_second() {
    let app = TestApp::start();
    let other = app.beside();
    let caller = Caller::administrator(&app);
    let created = caller.post("/admin/roles", &json!({ "name": "Refunder", "permissions": [] })).body;
    let role = Id::parse(created["uuid"].as_str().unwrap()).unwrap();
    let robot = app.add_account_with("robot", std::slice::from_ref(&role));
    let token = app.add_token(&robot, Access::Write);
    let team = app.add_team("Blue", &[]);
    let verify = |server: &TestApp, query: &str| -> Answer {
        server.anonymous().get_with(&format!("/auth/verify{query}"), &[("Authorization", &format!("Bearer {token}"))])
    };
    let at_role = format!("/admin/roles/{role}");
    let scopes = |scopes: serde_json::Value| json!({ "name": "Refunder", "permissions": scopes });
    let told = |answer: &Answer, is: bool| (answer.status != 503).then_some(is);
    let may = |server: &TestApp, wanted: bool| {
        let answer = verify(server, "?require=payments:refund");
        told(&answer, (answer.status == 200) == wanted)
    };
    let in_team = |server: &TestApp, wanted: bool| {
        let answer = verify(server, "");
        told(&answer, (answer.header("muster-teams") == "Blue") == wanted)
    };
    let manages = |server: &TestApp, wanted: bool| {
        let answer = verify(server, &format!("?require=team:manage:{team}"));
        told(&answer, (answer.status == 200) == wanted)
    };
    for _ in 0..3 {
        // A role is edited.
        assert_eq!(caller.put(&at_role, &scopes(json!([{ "scope": "payments:refund" }]))).status, 200);
        assert_ne!(may(&app, true), Some(false));
        soon("the role's permission", || may(&other, true));
        assert_eq!(caller.put(&at_role, &scopes(json!([]))).status, 200);
        assert_ne!(may(&app, false), Some(false));
        soon("the role without it", || may(&other, false));
        // A team is joined and left.
        assert_eq!(caller.post(&at(&team, "/users"), &json!({ "users": [robot] })).status, 200);
        assert_ne!(in_team(&app, true), Some(false));
        soon("the team", || in_team(&other, true));
        assert_eq!(caller.delete(&at(&team, &format!("/users/{robot}"))).status, 204);
        assert_ne!(in_team(&app, false), Some(false));
        soon("the team left", || in_team(&other, false));
        // It administers a team, and no more.
        assert_eq!(caller.put(&at(&team, ""), &json!({ "name": "Blue", "administratorUuids": [robot] })).status, 200);
        assert_ne!(manages(&app, true), Some(false));
        soon("the administration", || manages(&other, true));
        assert_eq!(caller.put(&at(&team, ""), &json!({ "name": "Blue" })).status, 200);
        assert_ne!(manages(&app, false), Some(false));
        soon("no administration", || manages(&other, false));
    }
    // A role is deleted, and a team.
    assert_eq!(caller.put(&at_role, &scopes(json!([{ "scope": "payments:refund" }]))).status, 200);
    assert_eq!(caller.put(&at(&team, "/users"), &json!({ "users": [robot] })).status, 200);
    soon("both", || Some(may(&other, true)? && in_team(&other, true)?));
    assert_eq!((caller.delete(&at_role).status, caller.delete(&at(&team, "")).status), (204, 204));
    assert!(may(&app, false) != Some(false) && in_team(&app, false) != Some(false));
    soon("neither", || Some(may(&other, false)? && in_team(&other, false)?));
}
