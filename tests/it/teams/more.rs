//! Teams again, by other ways: a token of one's own, PATCH, disabled accounts, accounts that go meanwhile.

use muster::accounts::model::{Kind, Selection};
use muster::accounts::operations::{self, Plan};
use muster::auth::principal::Principal;
use muster::id::Id;
use muster::roles::predefined;
use muster::tokens::value::Access;
use serde_json::{Value, json};

use super::{at, belonging, make_administrator, post};
use crate::api::Caller;
use crate::pages::html::{make_token, token_value};
use crate::support::app::{Client, TestApp};
use crate::support::snapshot::{assert_unchanged, snapshot};

const LIST: &str = "/settings/system-accounts";

/// A call of the API with a token of a person's own.
fn call(app: &TestApp, token: &str, method: &str, path: &str, body: &Value) -> u16 {
    let headers = [("Authorization", &*format!("Bearer {token}")), ("Content-Type", "application/json")];
    app.anonymous().send_body(method, path, &headers, &body.to_string()).status
}

fn own_token(client: &Client) -> String {
    token_value(&make_token(client, "/settings/api-tokens", &[("name", "laptop"), ("access", "write"), ("expires", "30")]))
}

fn disable(app: &TestApp, kind: Kind, id: &Id) {
    let one = Selection::Accounts(vec![id.clone()]);
    app.write(move |conn| operations::disable(conn, &Principal::shell(), kind, &one));
}

// 3.1: by every call of the API with a token of her own, for an account that is disabled now, and by its old tokens.
#[test]
fn no_call_and_no_disabled_account_is_a_way_to_what_can_do_more() {
    let app = TestApp::start();
    let admin = app.admin();
    let keeper =
        app.add_role("Keeper", &["system_account:manage:team", "system_account:read:*", "user:read:*", "token:manage:own"]);
    let mia = app.user("Mia Brandt", &[keeper]);
    let own = mia.account.clone().unwrap();
    let blue = app.add_team("Blue", &[&own]);
    make_administrator(&app, &blue, &mia);
    let strong = app.add_account_with("deploy-prod", &[predefined::ADMINISTRATOR.into()]);
    let asleep = app.add_account_with("asleep", &[predefined::ADMINISTRATOR.into()]);
    disable(&app, Kind::System, &asleep);
    let token = own_token(&mia);
    let users = format!("/admin/teams/{blue}/users");
    let before = snapshot(&app);
    for more in [&strong, &asleep] {
        for (method, body) in [
            ("POST", json!({ "users": [more] })),
            ("PUT", json!({ "users": [own, more] })),
            ("PATCH", json!([{ "op": "add", "path": "/users", "value": { "uuid": more } }])),
        ] {
            assert_eq!(call(&app, &token, method, &users, &body), 403, "{method}");
            assert_unchanged(&app, &before, method);
        }
        assert_eq!(post(&mia, &blue, "/members", &[more]), 403);
        assert_eq!(
            call(
                &app,
                &token,
                "PUT",
                &format!("/admin/teams/{blue}"),
                &json!({ "name": "Blue", "administratorUuids": [own, more] })
            ),
            403
        );
        assert_unchanged(&app, &before, "administrator of the team");
    }
    // Brought together by an administrator, its tokens are not hers: neither a new one, nor the old one's successor.
    let old = app.add_token(&strong, Access::Write);
    assert_eq!(post(&admin, &blue, "/members", &[&strong]), 303);
    let before = snapshot(&app);
    let new = [("name", "x"), ("access", "read"), ("expires", "30")];
    assert_eq!(mia.post(&format!("{LIST}/{strong}/tokens"), &new).status, 403);
    assert_eq!(mia.post(&format!("{LIST}/{strong}/tokens/{}/regeneration", &old[5..17]), &[("overlap", "0")]).status, 403);
    let api = format!("/admin/system-accounts/{strong}/tokens");
    let body = json!({ "description": "x", "access": "write" });
    assert_eq!(call(&app, &token, "POST", &api, &body), 403);
    assert_eq!(call(&app, &token, "POST", &format!("{api}/{}/regenerate", &old[5..17]), &json!({})), 403);
    assert_unchanged(&app, &before, "tokens of what can do more");
    // Whoever gains more once they are in is out of reach from then on.
    let grows = app.add_account_with("grows", &[]);
    assert_eq!(post(&mia, &blue, "/members", &[&grows]), 303);
    assert_eq!(mia.post(&format!("{LIST}/{grows}/tokens"), &new).status, 303);
    app.write(|conn| muster::roles::queries::give(conn, &grows, &predefined::ADMINISTRATOR.into()));
    assert_eq!(mia.post(&format!("{LIST}/{grows}/tokens"), &new).status, 403);
}

// 3.4: by a token of one's own, and where one is the only member as well.
#[test]
fn who_gives_up_a_team_has_given_it_up_by_the_api_too() {
    let app = TestApp::start();
    app.admin();
    let lead = app.user("Lea Lead", &[predefined::USER.into()]);
    let team = app.add_team("Blue", &[lead.account.as_ref().unwrap()]);
    let own = make_administrator(&app, &team, &lead);
    let token = own_token(&lead);
    let path = format!("/admin/teams/{team}");
    assert_eq!(call(&app, &token, "PUT", &path, &json!({ "name": "Azure", "administratorUuids": [own] })), 200);
    assert_eq!(call(&app, &token, "PUT", &path, &json!({ "name": "Azure" })), 200);
    assert!(belonging(&app, "team_administrators", &team).is_empty());
    assert_eq!(belonging(&app, "team_members", &team), [own.to_string()], "still a member");
    let before = snapshot(&app);
    assert_eq!(call(&app, &token, "PUT", &path, &json!({ "name": "Mine", "administratorUuids": [own] })), 403);
    assert_eq!(call(&app, &token, "DELETE", &format!("{path}/users/{own}"), &json!({})), 403);
    assert_eq!(lead.post(&at(&team, ""), &[("name", "Mine")]).status, 403);
    assert_eq!(post(&lead, &team, "/administrators/removal", &[&own]), 403);
    assert_unchanged(&app, &before, "given up");
    let page = lead.get(&at(&team, ""));
    assert!(page.status == 200 && !page.body.contains("/members/new"), "{}", page.text());
}

// 3.5: by PATCH, by the bulk forms of the page, and by disabling.
#[test]
fn membership_and_administration_are_kept_apart_by_every_way() {
    let app = TestApp::start();
    let admin = app.admin();
    let caller = Caller::administrator(&app);
    let people: Vec<Id> = ["Ada", "Bo", "Cleo"].iter().map(|name| app.add_user(name, &[]).0).collect();
    let team = app.add_team("Blue", &people.iter().collect::<Vec<_>>());
    let (users, all) = (format!("/admin/teams/{team}/users"), |table| belonging(&app, table, &team).len());
    assert_eq!(post(&admin, &team, "/administrators", &[&people[0], &people[1]]), 303);
    let step = |op: &str, id: &Id| json!([{ "op": op, "path": "/users", "value": { "uuid": id } }]);
    assert_eq!(caller.send("PATCH", &users, &step("remove", &people[0])).status, 200);
    assert_eq!((all("team_members"), all("team_administrators")), (2, 2));
    assert_eq!(caller.send("DELETE", &users, &json!({ "users": [people[1]] })).status, 204);
    assert_eq!((all("team_members"), all("team_administrators")), (1, 2));
    assert_eq!(caller.put(&users, &json!({ "users": [] })).status, 200);
    assert_eq!((all("team_members"), all("team_administrators")), (0, 2));
    assert_eq!(caller.put(&users, &json!({ "users": people })).status, 200);
    assert_eq!(post(&admin, &team, "/administrators/removal", &[&people[0], &people[1]]), 303);
    assert_eq!((all("team_members"), all("team_administrators")), (3, 0));
    // Disabled and enabled again they are what they were.
    assert_eq!(post(&admin, &team, "/administrators", &[&people[2]]), 303);
    disable(&app, Kind::User, &people[2]);
    let one = Selection::Accounts(vec![people[2].clone()]);
    app.write(move |conn| operations::enable(conn, &Principal::shell(), &Plan::unlimited(), Kind::User, &one));
    assert_eq!((all("team_members"), all("team_administrators")), (3, 1));
}

// 3.6: members that are deleted, moved and renamed while others add them, and teams as well.
#[test]
fn nothing_belongs_to_what_is_gone_however_much_happens_at_once() {
    let app = TestApp::start();
    let admin = app.admin();
    let caller = Caller::administrator(&app);
    let accounts: Vec<Id> = (0..20).map(|n| app.add_account(&format!("robot {n}"))).collect();
    let teams: Vec<Id> = (0..4).map(|n| app.add_team(&format!("Team {n}"), &[])).collect();
    let start = std::sync::Barrier::new(8);
    std::thread::scope(|scope| {
        for at_client in 0..8 {
            let (caller, admin, accounts, teams, start) = (caller.clone(), admin.clone(), &accounts, &teams, &start);
            scope.spawn(move || {
                start.wait();
                for round in 0..10 {
                    let (account, team) = (&accounts[(at_client * 7 + round * 3) % 20], &teams[(at_client + round) % 4]);
                    let status = match (at_client + round) % 6 {
                        0 => post(&admin, team, "/members", &[account]),
                        1 => caller.post(&format!("/admin/teams/{team}/users"), &json!({ "users": [account] })).status,
                        2 => post(&admin, team, "/administrators", &[account]),
                        3 if round % 5 == 3 => caller.delete(&format!("/admin/users/{account}")).status,
                        3 => admin.post(&format!("{LIST}/{account}/teams"), &[("team", team.as_str())]).status,
                        4 if at_client == 7 && round > 6 => admin.post(&at(team, "/deletion"), &[]).status,
                        4 => {
                            caller
                                .send(
                                    "PATCH",
                                    &format!("/admin/teams/{team}/users"),
                                    &json!([{ "op": "remove", "path": "/users", "value": { "uuid": account } }]),
                                )
                                .status
                        }
                        _ => admin.post(&format!("{LIST}/{account}/disablement"), &[]).status,
                    };
                    assert!(matches!(status, 200 | 204 | 303 | 400 | 404 | 409 | 410 | 422), "{status}");
                }
            });
        }
    });
    let orphans = "SELECT count(*) AS n FROM team_members m WHERE NOT EXISTS (SELECT 1 FROM accounts a WHERE a.id = m.account_id) \
                   OR NOT EXISTS (SELECT 1 FROM teams t WHERE t.id = m.team_id)";
    assert_eq!(app.read(|conn| muster::database::sql::Sql::new(orphans).number(conn)), 0);
    let orphans = orphans.replace("team_members", "team_administrators");
    assert_eq!(app.read(|conn| muster::database::sql::Sql::new(&orphans).number(conn)), 0);
}

// 3.7: the picker and the page of a team, whatever there is to choose from: as many bytes, more or less.
#[test]
fn the_picker_is_as_small_for_ten_thousand_as_for_fifty() {
    let bytes = |many: usize| {
        let app = TestApp::start();
        let admin = app.admin();
        app.add_many(many * 2);
        let team = app.add_team("Blue", &[]);
        let sql = format!(
            "INSERT INTO team_members (team_id, account_id, kind, disabled, name_key) SELECT '{team}', id, kind, disabled, name_key \
             FROM accounts WHERE kind = 'system' ORDER BY name_key LIMIT {many}"
        );
        app.write(|conn| muster::database::sql::Sql::new(&sql).execute(conn));
        ["", "/members/new", "/members/new?q=bulk", "/deletion"].map(|rest| {
            let page = admin.get(&at(&team, rest));
            assert_eq!(page.status, 200);
            page.body.len()
        })
    };
    for (small, large) in bytes(50).into_iter().zip(bytes(10_000)) {
        assert!(large <= small + 1_000, "{small} and {large}");
    }
}
