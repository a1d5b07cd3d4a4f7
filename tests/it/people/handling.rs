//! Whoever handles a person must be able to do all that the person can.

use muster::accounts::model::{Kind, Selection};
use muster::accounts::operations;
use muster::auth::principal::Principal;
use muster::id::Id;
use muster::roles::predefined;

use super::USERS;
use crate::support::app::{Answer, Client, TestApp};
use crate::support::snapshot::{assert_unchanged, lines, snapshot};

/// Somebody who may manage users and nothing else.
fn helpdesk(app: &TestApp) -> Client {
    let role = app.add_role("Helpdesk", &["user:manage:*"]);
    app.user("Hanna Desk", &[role])
}

fn bulk(client: &Client, verb: &str, ids: &[&Id], more: &[(&str, &str)]) -> Answer {
    let mut fields: Vec<(&str, &str)> = ids.iter().map(|id| ("id", id.as_str())).collect();
    fields.push(("do", verb));
    fields.extend(more);
    client.post(&format!("{USERS}/bulk"), &fields)
}

fn refused(app: &TestApp, before: &[String], answer: &Answer, missing: &str, door: &str) {
    assert_eq!(answer.status, 403, "{door}: {}", answer.text());
    assert!(answer.text().contains(missing), "{door}: {}", answer.text());
    assert_unchanged(app, before, door);
}

#[test]
fn who_manages_users_cannot_touch_those_who_can_do_more() {
    let app = TestApp::start();
    app.admin();
    let helpdesk = helpdesk(&app);
    let (ada, _) = app.add_user("Ada Admin", &[predefined::ADMINISTRATOR.into()]);
    // A custom role that is as strong, one that only a gateway knows, and the administration of a team.
    let strong = app.add_role("Strong", &["role:manage:*"]);
    let (bea, _) = app.add_user("Bea Custom", &[strong]);
    let pays = app.add_role("Refunds", &["payments:refund"]);
    let (cleo, _) = app.add_user("Cleo Gateway", std::slice::from_ref(&pays));
    let (dora, _) = app.add_user("Dora Team", &[]);
    let blue = app.add_team("Blue", &[&dora]);
    app.write(|conn| {
        muster::teams::operations::administrators::appoint(conn, &Principal::shell(), &blue, std::slice::from_ref(&dora))
    });
    let (vera, _) = app.add_user("Vera Viewer", &[]);
    let (asleep, _) = app.add_user("Asleep Admin", &[predefined::ADMINISTRATOR.into()]);
    let one = Selection::Accounts(vec![asleep.clone()]);
    app.write(move |conn| operations::disable(conn, &Principal::shell(), Kind::User, &one));
    let before = snapshot(&app);
    for (id, name, missing) in [
        (&ada, "Ada Admin", "audit:read:*"),
        (&bea, "Bea Custom", "role:manage:*"),
        (&cleo, "Cleo Gateway", "payments:refund"),
        (&dora, "Dora Team", "team:manage:"),
    ] {
        let of = format!("{USERS}/{id}");
        refused(&app, &before, &helpdesk.post(&format!("{of}/disablement"), &[]), missing, name);
        refused(&app, &before, &helpdesk.post(&format!("{of}/deletion"), &[("confirm", name)]), missing, name);
        refused(&app, &before, &bulk(&helpdesk, "disable", &[id, &vera], &[]), missing, name);
        refused(&app, &before, &helpdesk.post(&of, &[("name", "Renamed")]), missing, name);
        let answer = helpdesk.post(&format!("{of}/disablement"), &[]);
        assert!(answer.text().contains(&format!("{name} can do more than you")), "{}", answer.text());
    }
    refused(&app, &before, &helpdesk.post(&format!("{USERS}/{asleep}/enablement"), &[]), "audit:read:*", "enable");
    refused(&app, &before, &helpdesk.post(&format!("{USERS}/{dora}/teams"), &[]), "team:manage:", "teams");
    let roles = [("role", predefined::USER.to_string())];
    let fields: Vec<(&str, &str)> = roles.iter().map(|(name, role)| (*name, role.as_str())).collect();
    // Neither is the protection worn away first.
    refused(&app, &before, &helpdesk.post(&format!("{USERS}/{cleo}/roles"), &[]), "grants more than you have", "edit roles");
    refused(&app, &before, &bulk(&helpdesk, "remove_role", &[&cleo], &[("remove_role", pays.as_str())]), "more than you", "bulk");
    assert_eq!(helpdesk.post(&format!("{USERS}/{ada}/roles"), &fields).status, 403);
    assert_unchanged(&app, &before, "roles");
    // All that match, by the filter.
    let list = helpdesk.post_and_follow(&format!("{USERS}/bulk"), &[("do", "select_matching"), ("q", "Cleo")]);
    let (_, rest) = list.body.split_once("name=\"selection\" value=\"").unwrap();
    let selection = rest.split('"').next().unwrap().to_owned();
    let fields = [("selection", selection.as_str()), ("shown", "0"), ("do", "disable")];
    refused(&app, &before, &helpdesk.post(&format!("{USERS}/bulk"), &fields), "payments:refund", "all that match");
    // On a person who can do no more it works, and comes back by Undo.
    assert_eq!(helpdesk.post(&format!("{USERS}/{vera}"), &[("name", "Vera Viewer")]).status, 303);
    let done = helpdesk.post_and_follow(&format!("{USERS}/{vera}/disablement"), &[]);
    assert_eq!(done.flash(), "Disabled Vera Viewer.");
    assert_eq!(helpdesk.post(&format!("{USERS}/{vera}/enablement"), &[]).status, 303);
    assert_eq!(helpdesk.post(&format!("{USERS}/{vera}/deletion"), &[("confirm", "Vera Viewer")]).status, 303);
}

#[test]
fn what_somebody_has_gained_since_stands_in_the_way_of_undo_too() {
    let app = TestApp::start();
    app.admin();
    let helpdesk = helpdesk(&app);
    let (vera, _) = app.add_user("Vera Viewer", &[]);
    assert_eq!(helpdesk.post(&format!("{USERS}/{vera}/disablement"), &[]).status, 303);
    let sql = "SELECT change_id AS line FROM audit_events WHERE type = 'account.disabled'";
    let change = app.read(|conn| Ok(lines(conn, sql)))[0].clone();
    let (id, role) = (vera.clone(), app.add_role("Refunds", &["payments:refund"]));
    app.write(move |conn| muster::roles::queries::give(conn, &id, &role));
    let answer = helpdesk.post(&format!("/settings/changes/{change}/undo"), &[]);
    assert_eq!(answer.status, 403, "{}", answer.text());
}

#[test]
fn a_team_that_reaches_far_is_joined_by_no_form_of_who_can_do_less() {
    let app = TestApp::start();
    app.admin();
    let helpdesk = helpdesk(&app);
    let reaching = app.add_role("Team operator", &["system_account:manage:team"]);
    let (bo, _) = app.add_user("Bo Operator", &[reaching]);
    let prod = app.add_account_with("deploy-prod", &[predefined::ADMINISTRATOR.into()]);
    let blue = app.add_team("Blue", &[&prod]);
    let harmless = app.add_team("Green", &[]);
    let before = snapshot(&app);
    let fields = [("team", blue.as_str()), ("team", harmless.as_str())];
    let answer = helpdesk.post(&format!("{USERS}/{bo}/teams"), &fields);
    refused(&app, &before, &answer, "members who can do more than you", "edit teams");
    assert_eq!(helpdesk.post(&format!("{USERS}/{bo}/teams"), &[("team", harmless.as_str())]).status, 303);
}
