//! Which teams are listed, and who may do what with them.

use muster::auth::principal::Principal;
use muster::id::Id;
use muster::roles::predefined;
use muster::tokens::value::Access;
use serde_json::json;

use super::Caller;
use super::teams::{TEAMS, at, refused, uuids};
use crate::support::app::TestApp;
use crate::support::snapshot::{assert_unchanged, snapshot};

// 7.4, 7.5, 7.10
#[test]
fn the_list_is_paged_and_searched() {
    let app = TestApp::start();
    let caller = Caller::administrator(&app);
    let ids: Vec<Id> = (0..23).map(|n| app.add_team(&format!("Team {n:02} a&b ü"), &[&caller.account])).collect();
    app.add_team("Other", &[]);
    let mut next = Some(format!("{TEAMS}?q=a%26b%20%C3%9C&size=5"));
    let mut found = Vec::new();
    while let Some(path) = next {
        let reply = caller.get(&path);
        assert_eq!((reply.status, &reply.body["page"]["totalElements"]), (200, &json!(23)), "{path}");
        found.extend(uuids(&reply.body["teams"]));
        next = reply.body["_links"]["next"]["href"].as_str().map(str::to_owned);
    }
    assert_eq!(found, ids);
    let all = caller.get(TEAMS).body;
    assert_eq!(
        (all["teams"].as_array().unwrap().len(), &all["page"]),
        (24, &json!({"number": 1, "size": 50, "totalElements": 24, "totalPages": 1}))
    );
    let team = all["teams"].as_array().unwrap().iter().find(|team| team["uuid"] == json!(ids[0])).unwrap();
    let mut alone = caller.get(&at(&ids[0], "")).body;
    alone["_embedded"].as_object_mut().unwrap().remove("members");
    assert_eq!(*team, alone, "the list says of a team what the team says");
    assert_eq!(uuids(&caller.get(&format!("{TEAMS}?page=9")).body["teams"]), []);
    for wrong in ["page=0", "page=-1", "size=1001", "size=0", "page=9223372036854775807", "q=%00", "q=a&q=b"] {
        refused(&caller.get(&format!("{TEAMS}?{wrong}")), 400, &wrong[..wrong.find('=').unwrap()]);
    }
    // As many statements for one team as for all.
    let cost = |size: usize| {
        let mut least = u64::MAX;
        for _ in 0..6 {
            let before = app.database.statements();
            assert_eq!(uuids(&caller.get(&format!("{TEAMS}?size={size}")).body["teams"]).len(), size);
            least = least.min(app.database.statements() - before);
        }
        least
    };
    assert_eq!(cost(1), cost(24));
}

#[test]
fn who_may_do_what() {
    let app = TestApp::start();
    let (ida, _) = app.add_user("Ida Holm", &[]);
    let (blue, red) = (app.add_team("Blue", &[&ida]), app.add_team("Red", &[]));
    let reader = Caller::holding(&app, "reader", &["team:read:*"]);
    let nobody = Caller::holding(&app, "nobody", &["user:manage:*", "role:manage:*"]);
    let read_only = Caller::with_roles(&app, "read-only", &[predefined::ADMINISTRATOR.into()], Access::Read);
    let lead = Caller::holding(&app, "lead", &["user:read:*"]);
    let (team, own) = (blue.clone(), lead.account.clone());
    app.write(move |conn| muster::teams::operations::administrators::appoint(conn, &Principal::shell(), &team, &[own]).map(drop));
    let before = snapshot(&app);
    let user = format!("/users/{ida}");
    for path in ["", "/users", &user] {
        for (caller, of_blue, of_red) in [(&reader, 200, 200), (&read_only, 200, 200), (&lead, 200, 403), (&nobody, 403, 403)] {
            let expected = if path == user && caller.account == reader.account { 404 } else { of_blue };
            assert_eq!(caller.get(&at(&blue, path)).status, expected, "{path}");
            let expected = if path == user && of_red == 200 { 404 } else { of_red };
            assert_eq!(caller.get(&at(&red, path)).status, expected, "{path}");
        }
    }
    // Who may not see people sees no members; who chooses them does.
    assert_eq!(uuids(&reader.get(&at(&blue, "/users")).body["_embedded"]["users"]), []);
    assert_eq!(uuids(&lead.get(&at(&blue, "/users")).body["_embedded"]["users"]), vec![ida.clone()]);
    // The list: all, those that one administers, none.
    assert_eq!(uuids(&reader.get(TEAMS).body["teams"]).len(), 2);
    assert_eq!(uuids(&lead.get(TEAMS).body["teams"]), vec![blue.clone()]);
    refused(&nobody.get(TEAMS), 403, "");
    let users = json!({ "users": [ida] });
    let patch = json!([{ "op": "add", "path": "/users", "value": { "uuid": ida } }]);
    for (method, rest, body) in [
        ("PUT", "", &json!({ "name": "X" })),
        ("DELETE", "", &json!(null)),
        ("PUT", "/users", &users),
        ("POST", "/users", &users),
        ("DELETE", "/users", &users),
        ("PATCH", "/users", &patch),
        ("DELETE", &user, &json!(null)),
    ] {
        for (caller, team) in [(&reader, &blue), (&nobody, &blue), (&read_only, &blue), (&lead, &red)] {
            let reply = caller.send(method, &at(team, rest), body);
            assert_eq!(reply.status, 403, "{method} {rest}: {}", reply.body);
            assert!(reply.body["permission"] == json!("team:manage:*") || caller.account == read_only.account, "{}", reply.body);
        }
    }
    for caller in [&reader, &nobody, &read_only, &lead] {
        assert_eq!(caller.post(TEAMS, &json!({ "name": "X" })).status, 403);
    }
    assert_eq!(lead.delete(&at(&blue, "")).status, 403);
    // A team's administrator renames it, and chooses neither its administrators nor its applications.
    for administrators in [json!([ida, lead.account]), json!([ida]), json!([lead.account, nobody.account])] {
        let body = json!({ "name": "Azure", "pacticipantNames": ["x"], "administratorUuids": administrators });
        assert_eq!(lead.put(&at(&blue, ""), &body).status, 403);
    }
    let body = json!({ "name": "Azure", "pacticipantNames": ["x"], "administratorUuids": [lead.account] });
    assert_eq!(lead.put(&at(&blue, ""), &body).status, 403);
    assert_unchanged(&app, &before, "beyond");
    let body = json!({ "name": "Azure", "administratorUuids": [lead.account] });
    assert_eq!(lead.put(&at(&blue, ""), &body).status, 200);
    assert_eq!(lead.put(&at(&blue, "/users"), &json!({ "users": [] })).status, 200);
    assert_eq!(lead.post(&at(&blue, "/users"), &users).status, 200);
}
