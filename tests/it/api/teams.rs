//! Teams: rows 12 to 15 and 29 of the contract.

use muster::accounts::model::{Kind, Selection};
use muster::accounts::operations;
use muster::auth::principal::Principal;
use muster::id::Id;
use muster::roles::predefined;
use serde_json::{Value, json};

use super::{Caller, Reply};
use crate::support::app::TestApp;
use crate::support::snapshot::{assert_unchanged, lines, snapshot};

pub const TEAMS: &str = "/admin/teams";

pub fn at(team: &Id, rest: &str) -> String {
    format!("{TEAMS}/{team}{rest}")
}

pub fn uuids(list: &Value) -> Vec<Id> {
    list.as_array().unwrap().iter().map(|one| Id::parse(one["uuid"].as_str().unwrap()).unwrap()).collect()
}

pub fn refused(reply: &Reply, status: u16, field: &str) {
    let fields: Vec<&str> =
        reply.body["errors"].as_object().into_iter().flat_map(|fields| fields.keys().map(String::as_str)).collect();
    assert_eq!(
        (reply.status, fields),
        (status, [field].into_iter().filter(|field| !field.is_empty()).collect()),
        "{}",
        reply.body
    );
}

fn made(reply: &Reply) -> Id {
    assert_eq!(reply.status, 201, "{}", reply.body);
    Id::parse(reply.body["uuid"].as_str().unwrap()).unwrap()
}

fn sorted(mut ids: Vec<Id>) -> Vec<Id> {
    ids.sort_unstable();
    ids
}

#[test]
fn a_team_is_made_read_changed_and_deleted_as_it_was_sent() {
    let app = TestApp::start();
    let caller = Caller::administrator(&app);
    let (ida, _) = app.add_user("Ida Holm", &[predefined::USER.into()]);
    let robot = app.add_account("deploy");
    let names = json!(["payouts", " ledger api ", "ledger-api", "Zoë/東京", "ledger-api"]);
    let body = json!({ "name": "Payments", "pacticipantNames": names, "administratorUuids": [ida, robot] });
    let reply = caller.post(TEAMS, &body);
    let team = made(&reply);
    let url = format!("{}{}", app.url, at(&team, ""));
    assert_eq!((reply.answer.header("location"), &reply.body["_links"]["self"]["href"]), (url.as_str(), &json!(url)));
    assert!(reply.body["_embedded"].get("members").is_none(), "members belong to GET");
    let read = caller.get(&at(&team, ""));
    for reply in [&reply, &read] {
        assert_eq!((&reply.body["name"], &reply.body["numberOfMembers"]), (&json!("Payments"), &json!(0)));
        assert_eq!(sorted(uuids(&reply.body["_embedded"]["administrators"])), sorted(vec![ida.clone(), robot.clone()]));
        let pacticipants = json!([{"name": " ledger api "}, {"name": "Zoë/東京"}, {"name": "ledger-api"}, {"name": "payouts"}]);
        assert_eq!(reply.body["_embedded"]["pacticipants"], pacticipants);
        assert_eq!(reply.body["_embedded"]["environments"], json!([]));
        for person in reply.body["_embedded"]["administrators"].as_array().unwrap() {
            assert!(person["active"] == json!(true) && person.get("_embedded").is_none(), "{person}");
        }
    }
    // Administrators are no members unless they were put there.
    assert_eq!(read.body["_embedded"]["members"], json!([]));
    // The full replace that Terraform sends: what is left out is empty.
    let reply = caller.put(&at(&team, ""), &json!({ "name": "Payments and payouts", "administratorUuids": [robot] }));
    assert_eq!((reply.status, &reply.body["name"]), (200, &json!("Payments and payouts")), "{}", reply.body);
    assert_eq!(uuids(&reply.body["_embedded"]["administrators"]), vec![robot.clone()]);
    assert_eq!(reply.body["_embedded"]["pacticipants"], json!([]));
    let reply = caller.put(&at(&team, ""), &json!({ "name": "Payments and payouts" }));
    assert_eq!((reply.status, &reply.body["_embedded"]["administrators"]), (200, &json!([])));
    // The same again changes nothing, and says so in no event.
    let before = snapshot(&app);
    assert_eq!(caller.put(&at(&team, ""), &json!({ "name": "Payments and payouts", "environmentUuids": [] })).status, 200);
    assert_unchanged(&app, &before, "the same again");
    assert_eq!(caller.delete(&at(&team, "")).status, 204);
    for reply in [caller.get(&at(&team, "")), caller.put(&at(&team, ""), &json!({ "name": "x" })), caller.delete(&at(&team, ""))]
    {
        refused(&reply, 404, "");
    }
    made(&caller.post(TEAMS, &json!({ "name": "Payments and payouts" })));
    let events = app.read(|conn| {
        let sql = "SELECT type || ' ' || target_name AS line FROM audit_events WHERE type LIKE 'team.%' OR type LIKE '%team_adm%' ORDER BY seq";
        Ok(lines(conn, sql))
    });
    assert_eq!(
        events,
        [
            "team.created Payments",
            "team.applications_changed Payments",
            "account.team_administrator_added Ida Holm",
            "account.team_administrator_added deploy",
            "team.renamed Payments and payouts",
            "team.applications_changed Payments and payouts",
            "account.team_administrator_removed Ida Holm",
            "account.team_administrator_removed deploy",
            "team.deleted Payments and payouts",
            "team.created Payments and payouts",
        ]
    );
}

// 3.5
#[test]
fn members_and_administrators_are_apart() {
    let app = TestApp::start();
    let caller = Caller::administrator(&app);
    let (bo, _) = app.add_user("Bo Berg", &[predefined::USER.into()]);
    let robot = app.add_account("deploy");
    let team = made(&caller.post(TEAMS, &json!({ "name": "Blue", "administratorUuids": [bo, robot] })));
    let state = || {
        let body = caller.get(&at(&team, "")).body;
        (
            uuids(&body["_embedded"]["administrators"]).len(),
            uuids(&body["_embedded"]["members"]).len(),
            body["numberOfMembers"].clone(),
        )
    };
    assert_eq!(state(), (2, 0, json!(0)));
    assert_eq!(caller.put(&at(&team, "/users"), &json!({ "users": [bo, robot] })).status, 200);
    assert_eq!(state(), (2, 2, json!(2)));
    // PUT 14 never touches members.
    assert_eq!(caller.put(&at(&team, ""), &json!({ "name": "Blue" })).status, 200);
    assert_eq!(state(), (0, 2, json!(2)));
    assert_eq!(caller.put(&at(&team, ""), &json!({ "name": "Blue", "administratorUuids": [bo] })).status, 200);
    assert_eq!(state(), (1, 2, json!(2)));
    // PUT 16 and DELETE 17 never touch administrators.
    assert_eq!(caller.delete(&at(&team, &format!("/users/{bo}"))).status, 204);
    assert_eq!(state(), (1, 1, json!(1)));
    assert_eq!(caller.put(&at(&team, "/users"), &json!({ "users": [] })).status, 200);
    assert_eq!(state(), (1, 0, json!(0)));
    // Who administers it and is no member: no 404, or Terraform could not remove them.
    assert_eq!(caller.delete(&at(&team, &format!("/users/{bo}"))).status, 204);
    assert_eq!(state(), (1, 0, json!(0)));
    refused(&caller.delete(&at(&team, &format!("/users/{robot}"))), 404, "");
}

#[test]
fn a_disabled_administrator_is_kept_and_does_not_count() {
    let app = TestApp::start();
    let caller = Caller::administrator(&app);
    let admin = app.admin();
    let (ida, _) = app.add_user("Ida Holm", &[predefined::USER.into()]);
    let robot = app.add_account("deploy");
    let off = |kind, id: &Id| {
        let one = Selection::Accounts(vec![id.clone()]);
        app.write(move |conn| operations::disable(conn, &Principal::shell(), kind, &one));
    };
    let team = made(&caller.post(TEAMS, &json!({ "name": "Blue", "administratorUuids": [ida] })));
    off(Kind::User, &ida);
    off(Kind::System, &robot);
    assert!(admin.get("/settings/teams").text().contains("1 without an administrator"));
    // The state that Terraform has stays as it is, and a disabled account may be put there.
    let reply = caller.put(&at(&team, ""), &json!({ "name": "Azure", "administratorUuids": [ida, robot] }));
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert_eq!(sorted(uuids(&reply.body["_embedded"]["administrators"])), sorted(vec![ida, robot]));
    assert!(reply.body["_embedded"]["administrators"].as_array().unwrap().iter().all(|person| person["active"] == json!(false)));
    assert!(admin.get("/settings/teams").text().contains("1 without an administrator"));
}

// 7.3, 7.7, 7.8
#[test]
fn what_a_body_may_say() {
    let app = TestApp::start();
    let caller = Caller::administrator(&app);
    let (ida, _) = app.add_user("Ida Holm", &[]);
    let (team, _) = (app.add_team("Blue", &[&ida]), app.add_team("Red", &[]));
    let before = snapshot(&app);
    let unknown = Id::new();
    for (method, path) in [("POST", TEAMS.to_owned()), ("PUT", at(&team, ""))] {
        let with = |field: &str, value: Value| {
            let mut body = json!({ "name": "Green" });
            body[field] = value;
            body
        };
        for (body, field) in [
            (json!({}), "name"),
            (with("name", json!(null)), "name"),
            (with("name", json!("")), "name"),
            (with("name", json!(" ")), "name"),
            (with("name", json!("x".repeat(81))), "name"),
            (with("name", json!("a\u{0}b")), "name"),
            (with("name", json!("a\nb")), "name"),
            (with("name", json!(["Green"])), "name"),
            (with("administratorUuids", json!({})), "administratorUuids"),
            (with("administratorUuids", json!("x")), "administratorUuids"),
            (with("administratorUuids", json!(["x"])), "administratorUuids[0]"),
            (with("administratorUuids", json!([ida, ""])), "administratorUuids[1]"),
            (with("administratorUuids", json!([null])), "administratorUuids[0]"),
            (with("administratorUuids", json!([{ "uuid": ida }])), "administratorUuids[0]"),
            (with("administratorUuids", json!([ida, unknown])), "administratorUuids[1]"),
            (with("pacticipantNames", json!({})), "pacticipantNames"),
            (with("pacticipantNames", json!([7])), "pacticipantNames[0]"),
            (with("pacticipantNames", json!(["a", ""])), "pacticipantNames[1]"),
            (with("pacticipantNames", json!(["a", "b\nc"])), "pacticipantNames[1]"),
            (with("pacticipantNames", json!(["a\u{0}"])), "pacticipantNames[0]"),
            (with("pacticipantNames", json!(["x".repeat(201)])), "pacticipantNames[0]"),
            (with("environmentUuids", json!([unknown])), "environmentUuids"),
            (with("environmentUuids", json!("x")), "environmentUuids"),
        ] {
            refused(&caller.send(method, &path, &body), 400, field);
        }
        let environments = caller.send(method, &path, &with("environmentUuids", json!(["a"]))).body;
        assert!(environments["detail"].as_str().unwrap().contains("no environments"), "{environments}");
        for text in
            [r#"{"name":"G","name":"H"}"#, r#"{"name":"G","administratorUuids":[],"administratorUuids":[]}"#, "[]", "{", "7"]
        {
            assert_eq!(caller.text(method, &path, text).status, 400, "{text}");
        }
        let taken = caller.send(method, &path, &json!({ "name": "rED" }));
        refused(&taken, 409, "");
        assert!(taken.body["detail"].as_str().unwrap().contains("name"), "{}", taken.body);
    }
    for wrong in ["garbage", "%00", unknown.as_str()] {
        let path = format!("{TEAMS}/{wrong}");
        for reply in [caller.get(&path), caller.put(&path, &json!({ "name": "x" })), caller.delete(&path)] {
            refused(&reply, 404, "");
        }
    }
    assert_unchanged(&app, &before, "refused bodies");
    // Null lists are empty ones; what is not the client's to say is ignored.
    let mut body = json!({ "name": "Green", "administratorUuids": null, "pacticipantNames": null, "environmentUuids": null });
    for (field, value) in [
        ("uuid", json!(team)),
        ("numberOfMembers", json!(7)),
        ("_embedded", json!({ "members": [ida] })),
        ("createdAt", json!(0)),
    ] {
        body[field] = value;
    }
    let green = made(&caller.post(TEAMS, &body));
    let read = caller.get(&at(&green, "")).body;
    assert_eq!((&read["numberOfMembers"], &read["_embedded"]["members"]), (&json!(0), &json!([])));
    assert_eq!(caller.put(&at(&team, ""), &body).status, 409);
    body["name"] = json!("Blue");
    assert_eq!(caller.put(&at(&team, ""), &body).status, 200);
    assert_eq!(uuids(&caller.get(&at(&team, "")).body["_embedded"]["members"]), [ida]);
}

#[test]
fn a_refused_change_changes_nothing_of_it() {
    let app = TestApp::start();
    let caller = Caller::administrator(&app);
    let team = made(&caller.post(TEAMS, &json!({ "name": "Blue", "pacticipantNames": ["a"] })));
    let before = snapshot(&app);
    let names = || app.read(|conn| muster::teams::queries::applications::of_team(conn, &team));
    for body in [
        json!({ "name": "Azure", "pacticipantNames": ["b"], "administratorUuids": [Id::new()] }),
        json!({ "name": "Azure", "pacticipantNames": ["b", ""] }),
    ] {
        assert_eq!(caller.put(&at(&team, ""), &body).status, 400);
        assert_eq!(names(), ["a"]);
    }
    assert_unchanged(&app, &before, "a refused PUT");
    let count = snapshot(&app).len();
    assert_eq!(caller.post(TEAMS, &json!({ "name": "New", "administratorUuids": [Id::new()] })).status, 400);
    assert_eq!(snapshot(&app).len(), count, "no half of a team");
}

#[test]
fn the_default_team_stays() {
    let app = TestApp::start();
    let caller = Caller::administrator(&app);
    let (users, machines) = (app.add_team("Users begin here", &[]), app.add_team("Machines begin here", &[]));
    let set = |user_team: Option<Id>, system_team: Option<Id>| {
        app.write(move |conn| {
            let general = muster::settings::general::read(conn)?;
            muster::settings::general::write(conn, &muster::settings::general::General { user_team, system_team, ..general })
        });
    };
    set(Some(users.clone()), Some(machines.clone()));
    let before = snapshot(&app);
    for team in [&users, &machines] {
        let reply = caller.delete(&at(team, ""));
        refused(&reply, 422, "");
        assert!(reply.body["detail"].as_str().unwrap().contains("default team"), "{}", reply.body);
    }
    assert_unchanged(&app, &before, "the default team");
    set(None, None);
    for team in [&users, &machines] {
        assert_eq!(caller.delete(&at(team, "")).status, 204);
    }
}
