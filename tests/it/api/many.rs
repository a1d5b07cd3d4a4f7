//! Ten clients at once, as Terraform has them by default.

use std::collections::BTreeSet;

use muster::id::Id;
use muster::roles::predefined;
use serde_json::{Value, json};

use super::teams::{TEAMS, at, uuids};
use super::together::orphans;
use super::{Caller, Reply};
use crate::support::app::TestApp;

const CLIENTS: usize = 10;
const EACH: usize = 100;
/// Teams that all clients work on.
const SHARED: usize = 5;

#[test]
fn ten_clients_create_change_and_delete_a_thousand_accounts_and_their_memberships() {
    let app = TestApp::start();
    let caller = Caller::administrator(&app);
    let shared: Vec<Id> = (0..SHARED).map(|n| app.add_team(&format!("Shared {n}"), &[])).collect();
    let kept: Vec<Kept> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let (caller, shared) = (Caller { client: app.anonymous(), ..caller.clone() }, &shared);
                scope.spawn(move || one_client(&caller, client, shared))
            })
            .collect();
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    // Of each ten: four are enabled with two roles, three disabled without any, three deleted.
    let total = |query: &str| caller.get(&format!("/admin/users?userType=1&{query}")).body["page"]["totalElements"].as_i64();
    assert_eq!((total("active=true"), total("active=false")), (Some(401), Some(300)));
    assert_eq!(
        (total(&format!("role={}", predefined::CI_CD)), total(&format!("role={}", predefined::READ_ONLY))),
        (Some(400), Some(400))
    );
    assert_eq!(app.totals(), (401, 300));
    // The four are members of the shared teams and of their client's own, and two of them administer that.
    let set = |ids: &[Id]| ids.iter().cloned().collect::<BTreeSet<Id>>();
    let belonging = |team: &Id| {
        let read = caller.get(&at(team, "")).body;
        let of = |name: &str| set(&uuids(&read["_embedded"][name]));
        (of("members"), of("administrators"))
    };
    for (number, team) in shared.iter().enumerate() {
        let members: BTreeSet<Id> = kept.iter().flat_map(|one| one.members[number].clone()).collect();
        assert_eq!(members.len(), [200, 200, 0, 0, 0][number]);
        assert_eq!(belonging(team).0, members, "shared {number}");
        // Whoever wrote last, all of it is theirs.
        let administrators = belonging(team).1;
        assert!(kept.iter().any(|one| set(&one.administrators) == administrators), "{administrators:?}");
    }
    for one in &kept {
        assert_eq!(belonging(&one.team), (one.members.iter().flatten().cloned().collect(), set(&one.administrators)));
    }
    assert_eq!(orphans(&app), Vec::<String>::new());
}

/// What a client leaves.
struct Kept {
    /// A team of its own.
    team: Id,
    /// Those that stay, by the shared team that they are in.
    members: [Vec<Id>; SHARED],
    administrators: Vec<Id>,
}

fn id(reply: &Reply) -> Id {
    Id::parse(reply.body["uuid"].as_str().unwrap_or_else(|| panic!("{}", reply.body))).unwrap()
}

fn one_client(caller: &Caller, client: usize, shared: &[Id]) -> Kept {
    let sent = |method: &str, path: &str, body: &Value, status: u16| {
        let reply = if body.is_null() { caller.bare(method, path, &[]) } else { caller.send(method, path, body) };
        assert_eq!(reply.status, status, "{method} {path}: {}", reply.body);
        reply
    };
    let name = format!("Team {client}");
    let team = id(&sent("POST", TEAMS, &json!({"name": name}), 201));
    let mut kept = Kept { team, members: Default::default(), administrators: Vec::new() };
    let both = json!({"roles": [predefined::CI_CD.to_string(), predefined::READ_ONLY.to_string()]});
    for number in 0..EACH {
        let account = json!({"name": format!("account {client}-{number}"), "active": true, "type": 1});
        let account = id(&sent("POST", "/admin/system-accounts", &account, 201));
        let (path, place) = (format!("/admin/users/{account}"), number % 2);
        let users = json!({ "users": [account] });
        let roles = if number % 10 < 4 { both.clone() } else { json!({"roles": []}) };
        sent("PUT", &format!("{path}/roles"), &roles, 204);
        sent("POST", &at(&shared[place], "/users"), &users, 200);
        match number % 10 {
            0..4 => kept.members[place].push(account.clone()),
            4..7 => {
                sent("DELETE", &at(&shared[place], &format!("/users/{account}")), &Value::Null, 204);
                sent("PUT", &path, &json!({"active": false}), 200);
            }
            // A membership goes with its account.
            _ => drop(sent("DELETE", &path, &Value::Null, 204)),
        }
        match number % 50 {
            0 => kept.administrators.push(account),
            // Every full replace, also where all others replace as well.
            3 => {
                let all: Vec<Id> = kept.members.iter().flatten().cloned().collect();
                sent("PUT", &at(&kept.team, "/users"), &json!({ "users": all }), 200);
            }
            49 => {
                let all: Vec<Id> = kept.members.iter().flatten().cloned().collect();
                sent("PUT", &at(&kept.team, "/users"), &json!({ "users": all }), 200);
                sent("PUT", &at(&kept.team, ""), &json!({"name": name, "administratorUuids": kept.administrators}), 200);
                for (number, team) in shared.iter().enumerate() {
                    let body = json!({"name": format!("Shared {number}"), "administratorUuids": kept.administrators});
                    sent("PUT", &at(team, ""), &body, 200);
                }
            }
            _ => {}
        }
    }
    kept
}
