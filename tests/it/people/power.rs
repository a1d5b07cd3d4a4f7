//! Nobody gets power over accounts that can do more than they: `manage:team` reaches whatever stands in one's teams, whichever
//! comes first, the role or the team.

use muster::auth::principal::Principal;
use muster::id::Id;
use muster::roles::predefined;
use muster::teams::operations::members;
use serde_json::json;

use super::{USERS, id_of, invite, link_of, new_link};
use crate::api::Caller;
use crate::support::app::{Answer, Client, TestApp};
use crate::support::snapshot::{assert_unchanged, snapshot};

const OPERATOR: &[&str] = &["system_account:manage:team"];

struct World {
    app: TestApp,
    admin: Client,
    /// A role that handles the system accounts of one's teams.
    operator: Id,
    /// A team with a machine that can do more than most.
    blue: Id,
}

fn world(machine: &[&str]) -> World {
    let app = TestApp::start();
    let admin = app.admin();
    let operator = app.add_role("Team operator", OPERATOR);
    let strong = app.add_role("Strong", machine);
    let prod = app.add_account_with("deploy-prod", &[strong]);
    let blue = app.add_team("Blue", &[&prod]);
    World { app, admin, operator, blue }
}

impl World {
    /// Somebody signed in with one role.
    fn with(&self, name: &str, permissions: &[&str]) -> Client {
        let role = self.app.add_role(name, permissions);
        self.app.user(name, &[role])
    }

    /// A user in Blue.
    fn in_blue(&self, name: &str, roles: &[Id]) -> Id {
        let (id, _) = self.app.add_user(name, roles);
        let (blue, one) = (self.blue.clone(), [id.clone()]);
        self.app.write(move |conn| members::add(conn, &Principal::shell(), &blue, &one));
        id
    }

    /// Refused, with nothing changed.
    fn refused(&self, answer: &Answer, told: &str, before: &[String]) {
        assert_eq!(answer.status, 403, "{}", answer.text());
        assert!(answer.text().contains(told), "{told}: {}", answer.text());
        assert_unchanged(&self.app, before, told);
    }
}

#[test]
fn a_link_gives_no_more_than_its_maker_has_in_the_other_ones_teams() {
    let world = world(&["payments:refund"]);
    let (app, told) = (&world.app, "manages accounts that can do more than you: you don't have payments:refund.");
    let inviter = world.with("Hanna Inviter", &["user:invite", "system_account:manage:team"]);
    let helper = world.with("Hugo Helper", &["user:manage:*", "system_account:manage:team"]);
    let fields = [("role", world.operator.as_str()), ("team", world.blue.as_str())];
    assert_eq!(invite(&world.admin, "Bo <bo@example.org>", &fields).status, 200);
    let (bo, ada) = (id_of(app, "bo@example.org"), world.in_blue("Ada", std::slice::from_ref(&world.operator)));
    let before = snapshot(app);
    world.refused(&inviter.post(&format!("{USERS}/{bo}/invitation"), &[]), told, &before);
    world.refused(&helper.post(&format!("{USERS}/{bo}/invitation"), &[]), told, &before);
    world.refused(&helper.post(&format!("{USERS}/{ada}/password-link"), &[]), told, &before);
    world.refused(&helper.post(&format!("{USERS}/{ada}/email"), &[("email", "helper@example.test")]), told, &before);
    // Who handles every machine gets at such tokens anyway; and who is in no such team reaches nothing.
    let manager = world.with("Mo Manager", &["user:manage:*", "system_account:manage:*"]);
    new_link(&manager, &format!("{USERS}/{ada}/password-link"));
    let (cleo, _) = app.add_user("Cleo", std::slice::from_ref(&world.operator));
    let reset = new_link(&helper, &format!("{USERS}/{cleo}/password-link"));
    let invited = link_of(&invite(&inviter, "Dora <dora@example.org>", &fields[..1]));
    for link in [&reset, &invited] {
        assert_eq!(app.anonymous().get(link).status, 200);
    }
    // A link is judged again when it is used.
    let both = [cleo, id_of(app, "dora@example.org")];
    app.write(|conn| members::add(conn, &Principal::shell(), &world.blue, &both));
    for link in [&reset, &invited] {
        assert_eq!(app.anonymous().get(link).status, 404);
        assert_eq!(super::accept(&app.anonymous(), link, "").status, 404);
    }
}

#[test]
fn who_manages_all_machines_still_gets_at_no_tokens_that_could_change_muster_more() {
    let world = world(&["audit:read:*"]);
    let manager = world.with("Mo Manager", &["user:manage:*", "system_account:manage:*"]);
    let ada = world.in_blue("Ada", std::slice::from_ref(&world.operator));
    let before = snapshot(&world.app);
    let told = "Ada manages accounts that can do more than you: you don't have audit:read:*.";
    world.refused(&manager.post(&format!("{USERS}/{ada}/password-link"), &[]), told, &before);
}

#[test]
fn team_first_or_role_first_is_refused_alike() {
    let world = world(predefined::PREDEFINED[0].permissions);
    let (operator, blue) = (world.operator.as_str(), world.blue.as_str());
    let helper = world.with("Hugo Helper", &["user:manage:*", "system_account:manage:team"]);
    let (bo, cleo) = (world.in_blue("Bo", &[]), world.app.add_user("Cleo", std::slice::from_ref(&world.operator)).0);
    let (dora, _) = world.app.add_user("Dora", &[]);
    let before = snapshot(&world.app);
    // The role comes first, then the team; and the other way round.
    let told = "they could manage members who can do more than you";
    world.refused(&helper.post(&format!("{USERS}/{cleo}/teams"), &[("team", blue)]), told, &before);
    let told = "You can't give Bo this role: they could manage members of their teams who can do more than you.";
    world.refused(&helper.post(&format!("{USERS}/{bo}/roles"), &[("role", operator)]), told, &before);
    // Among others, and all that match.
    let bulk = |fields: &[(&str, &str)]| {
        helper.post(&format!("{USERS}/bulk"), &[&[("do", "add_role"), ("add_role", operator)], fields].concat())
    };
    world.refused(&bulk(&[("id", dora.as_str()), ("id", bo.as_str())]), told, &before);
    // Where there is nobody stronger beside them it is theirs to give.
    assert_eq!(bulk(&[("id", dora.as_str())]).status, 303);
    let fields = [("team", blue)];
    assert_eq!(helper.post(&format!("{USERS}/{dora}/teams"), &fields).status, 403, "by now the second step");
    assert_eq!(world.admin.post(&format!("{USERS}/{bo}/roles"), &[("role", operator)]).status, 303);
}

#[test]
fn a_role_that_members_hold_does_not_come_to_reach_further() {
    let world = world(&["payments:refund"]);
    let quiet = world.app.add_role("Quiet", &["contract_data:read:*"]);
    world.in_blue("Bo", std::slice::from_ref(&quiet));
    let all = ["contract_data:read:*", "role:manage:*", "system_account:manage:team"];
    let keeper = world.with("Kim Keeper", &all);
    let caller = Caller::holding(&world.app, "keeper", &all);
    let before = snapshot(&world.app);
    let fields = [("name", "Quiet"), ("permission", all[0]), ("permission", all[2])];
    let told = "You can't add system_account:manage:team to Quiet";
    world.refused(&keeper.post(&format!("/settings/roles/{quiet}"), &fields), told, &before);
    let body = json!({ "name": "Quiet", "permissions": [{ "scope": all[0] }, { "scope": all[2] }] });
    let reply = caller.put(&format!("/admin/roles/{quiet}"), &body);
    assert_eq!((reply.status, &reply.body["permission"]), (403, &json!("payments:refund")), "{}", reply.body);
    assert_unchanged(&world.app, &before, "by the API");
    // A role whose holders stand beside nobody stronger may come to reach.
    let lone = world.app.add_role("Lone", &["contract_data:read:*"]);
    world.app.add_user("Cleo", std::slice::from_ref(&lone));
    let fields = [("name", "Lone"), ("permission", all[0]), ("permission", all[2])];
    assert_eq!(keeper.post(&format!("/settings/roles/{lone}"), &fields).status, 303);
}

#[test]
fn a_new_machine_is_put_beside_none_that_can_change_muster_more() {
    let world = world(&["audit:read:*"]);
    let manager = world.with("Mo Manager", &["system_account:manage:*"]);
    let before = snapshot(&world.app);
    let fields = [("name", "sidecar"), ("role", world.operator.as_str()), ("team", world.blue.as_str())];
    let answer = manager.post("/settings/system-accounts", &fields);
    world.refused(&answer, "they could manage members who can do more than you", &before);
    assert_eq!(manager.post("/settings/system-accounts", &fields[..2]).status, 303);
}

#[test]
fn a_token_is_no_way_into_teams_that_one_is_not_in() {
    let world = world(&["payments:refund"]);
    let (app, operator) = (&world.app, std::slice::from_ref(&world.operator));
    let [bridge, near] = ["bridge", "near"].map(|name| app.add_account_with(name, operator));
    let bo = app.user("Bo", operator);
    let green = app.add_team("Green", &[bo.account.as_ref().unwrap(), &bridge, &near]);
    let (blue, both) = (world.blue.clone(), [bridge.clone()]);
    app.write(move |conn| members::add(conn, &Principal::shell(), &blue, &both));
    let before = snapshot(app);
    let new_token = |id: &Id| {
        let fields = [("name", "x"), ("access", "write"), ("expires", "30")];
        bo.post(&format!("/settings/system-accounts/{id}/tokens"), &fields)
    };
    world.refused(&new_token(&bridge), "bridge can do more in Muster than you can", &before);
    // What handles the teams that one is in oneself reaches no further.
    assert_eq!(new_token(&near).status, 303);
    let own = bo.account.clone().unwrap();
    app.write(move |conn| members::add(conn, &Principal::shell(), &world.blue, &[own]));
    assert_eq!(new_token(&bridge).status, 303, "{green}");
}

#[test]
fn a_borrowed_session_takes_over_no_account() {
    let app = TestApp::start();
    let admin = app.admin();
    let helpdesk = app.add_role("Helpdesk", &["user:manage:*", "user:read:*"]);
    let helper = app.user("Hanna Desk", &[helpdesk]);
    for client in [&admin, &helper] {
        let own = format!("{USERS}/{}", client.account.as_ref().unwrap());
        let before = snapshot(&app);
        for (door, fields, what) in
            [("password-link", &[][..], "password"), ("email", &[("email", "eve@example.org")], "e-mail address")]
        {
            let answer = client.post(&format!("{own}/{door}"), fields);
            assert_eq!(answer.status, 409, "{}", answer.text());
            assert_eq!(answer.flash(), format!("This is your own {what}. Change it on your profile."));
            assert_unchanged(&app, &before, door);
        }
        let page = client.get(&own);
        assert!(!page.body.contains("/email\"") && page.body.contains("href=\"/profile\""), "{}", page.text());
    }
}
