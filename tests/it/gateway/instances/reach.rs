//! Whatever is changed of roles and teams, by a page or by the API, and taken back: the instance that it was changed on knows
//! it at once, and another one within a second.

use std::sync::Arc;

use muster::id::Id;
use muster::roles::predefined;
use muster::tokens::value::Access;
use serde_json::json;

use crate::api::Caller;
use crate::pages::html::{LIST, find_undo_url, ticked};
use crate::support::app::{Client, TestApp};
use crate::support::soon::soon;

/// What the check says of an account: its roles, its teams, and whether it may refund payments.
type Sight = (String, String, bool);

fn sight(roles: &str, teams: &str, refunds: bool) -> Sight {
    (roles.to_owned(), teams.to_owned(), refunds)
}

/// `None` where the instance could not ask its database in time.
fn seen(server: &TestApp, token: &str) -> Option<Sight> {
    let answer = server.anonymous().get_with("/auth/verify", &[("Authorization", &format!("Bearer {token}"))]);
    if answer.status == 503 {
        return None;
    }
    assert_eq!(answer.status, 200, "{}", answer.body);
    let has = answer.header("muster-permissions").split([' ', ',']).any(|one| one == "payments:refund");
    Some(sight(answer.header("muster-roles"), answer.header("muster-teams"), has))
}

/// Two instances, and an account whose token both know.
struct Stage<'a> {
    here: &'a TestApp,
    there: &'a TestApp,
    admin: Client,
    token: String,
}

impl Stage<'_> {
    fn reaches(&self, what: &str, wanted: &Sight) {
        let here = seen(self.here, &self.token);
        assert!(here.is_none() || here.as_ref() == Some(wanted), "{what}, where it was done: {here:?}");
        soon(what, || Some(seen(self.there, &self.token)? == *wanted));
    }

    /// Posts a form, and says where it can be taken back.
    fn post(&self, path: &str, fields: &[(&str, &str)]) -> Option<String> {
        find_undo_url(&self.admin.post_and_follow(path, fields))
    }

    /// Does it, takes it back, does it again: each is known.
    fn changes(&self, what: &str, act: impl Fn() -> Option<String>, (before, after): (&Sight, &Sight)) {
        self.reaches(what, before);
        let undo = act().unwrap_or_else(|| panic!("{what} has no Undo"));
        self.reaches(what, after);
        assert_eq!(self.admin.post(&undo, &[]).status, 303, "{what}");
        self.reaches(&format!("Undo of: {what}"), before);
        act();
        self.reaches(&format!("{what}, again"), after);
    }
}

// 4.7
#[test]
fn what_pages_change_of_roles_and_teams_and_undo_is_known_to_every_instance() {
    let app = TestApp::start();
    let other = app.beside();
    for (round, (here, there)) in [(&app, &other), (&other, &app)].into_iter().enumerate() {
        let admin = here.user(&format!("Ada {round}"), &[predefined::ADMINISTRATOR.into()]);
        let (refunder, blue) = (format!("Refunder{round}"), format!("Blue{round}"));
        let role = app.add_role(&refunder, &["payments:refund"]);
        let robot = app.add_account_with(&format!("robot {round}"), std::slice::from_ref(&role));
        let team = app.add_team(&blue, &[]);
        let stage = Stage { here, there, admin, token: app.add_token(&robot, Access::Write) };
        let (own, its, of) = (format!("{LIST}/{robot}"), format!("/settings/teams/{team}"), format!("/settings/roles/{role}"));
        let (alone, member, bare, nothing) =
            (sight(&refunder, "", true), sight(&refunder, &blue, true), sight("", &blue, false), sight("", "", false));
        let one = [("account", robot.as_str())];
        stage.changes("a team is joined", || stage.post(&format!("{its}/members"), &one), (&alone, &member));
        stage.changes("a team is left", || stage.post(&format!("{its}/members/removal"), &one), (&member, &alone));
        let joins = || stage.post(&format!("{own}/teams"), &[("team", team.as_str())]);
        stage.changes("teams are edited", joins, (&alone, &member));
        stage.changes("roles are edited", || stage.post(&format!("{own}/roles"), &[]), (&member, &bare));
        let bulk =
            |verb: &str| stage.post(&format!("{LIST}/bulk"), &[("id", robot.as_str()), ("do", verb), (verb, role.as_str())]);
        stage.changes("a role is added to many", || bulk("add_role"), (&bare, &member));
        stage.changes("a role is removed from many", || bulk("remove_role"), (&member, &bare));
        bulk("add_role");
        let administrator = sight(&format!("Administrator,{refunder}"), &blue, true);
        stage.post(&format!("{own}/promotion"), &[]);
        stage.changes("Administrator is taken", || stage.post(&format!("{own}/demotion"), &[]), (&administrator, &member));
        // What has no Undo is changed back.
        let renamed = sight(&format!("Clerk{round}"), &blue, false);
        stage.post(&of, &[("name", &format!("Clerk{round}")), ("more", "payments:read")]);
        stage.reaches("a role is edited", &renamed);
        stage.post(&of, &[("name", &refunder), ("more", "payments:refund")]);
        stage.reaches("a role is edited back", &member);
        stage.post(&its, &[("name", &format!("Azure{round}"))]);
        stage.reaches("a team is renamed", &sight(&refunder, &format!("Azure{round}"), true));
        stage.post(&format!("{its}/deletion"), &[]);
        stage.reaches("a team is deleted", &alone);
        stage.post(&format!("{of}/deletion"), &[]);
        stage.reaches("a role is deleted", &nothing);
        // A predefined one is edited and reset.
        let ci_cd = format!("/settings/roles/{}", predefined::CI_CD);
        stage.post(&format!("{own}/roles"), &[("role", &predefined::CI_CD.to_string())]);
        stage.reaches("a predefined role", &sight("CI/CD", "", false));
        stage.post(&ci_cd, &[("name", "CI/CD"), ("more", "payments:refund")]);
        stage.reaches("a predefined role is edited", &sight("CI/CD", "", true));
        stage.post(&format!("{ci_cd}/reset"), &[]);
        stage.reaches("a predefined role is reset", &sight("CI/CD", "", false));
    }
}

// 4.7
#[test]
fn what_the_api_changes_of_roles_is_known_to_every_instance() {
    let app = TestApp::start();
    let other = app.beside();
    let caller = Caller::administrator(&app);
    let role = app.add_role("Refunder", &["payments:refund"]);
    let robot = app.add_account("robot");
    let stage = Stage { here: &app, there: &other, admin: app.admin(), token: app.add_token(&robot, Access::Write) };
    let (own, one) = (format!("/admin/users/{robot}"), format!("/admin/users/{robot}/roles/{role}"));
    let user = json!({"uuid": robot, "active": false, "_embedded": {}});
    let (ci_cd, refunder) = (sight("CI/CD", "", false), sight("Refunder", "", true));
    stage.reaches("the default role", &ci_cd);
    for (method, path, body, status, wanted) in [
        ("PUT", format!("{own}/roles"), json!({"roles": [role]}), 204, refunder.clone()),
        ("PUT", format!("{own}/role/admin"), user.clone(), 200, sight("Administrator,Refunder", "", true)),
        ("DELETE", format!("{own}/role/admin"), user, 200, refunder.clone()),
        ("DELETE", one.clone(), json!({}), 204, sight("", "", false)),
        ("PUT", one, json!({}), 204, refunder.clone()),
        ("PUT", format!("/admin/roles/{role}"), json!({"name": "Clerk", "permissions": []}), 200, sight("Clerk", "", false)),
        ("PUT", format!("{own}/roles"), json!({"roles": [predefined::CI_CD.to_string()]}), 204, ci_cd.clone()),
        (
            "PUT",
            format!("/admin/roles/{}", predefined::CI_CD),
            json!({"name": "CI/CD", "permissions": [{"scope": "payments:refund"}]}),
            200,
            sight("CI/CD", "", true),
        ),
        ("POST", "/admin/roles/reset".into(), json!({}), 200, ci_cd),
    ] {
        let reply = caller.send(method, &path, &body);
        assert_eq!(reply.status, status, "{method} {path}: {}", reply.body);
        stage.reaches(&format!("{method} {path}"), &wanted);
    }
}

// 4.7
#[test]
fn another_default_role_counts_for_accounts_made_on_every_instance() {
    let app = TestApp::start_with(|config| config.organisation = None);
    let other = TestApp::on(Arc::clone(&app.home), |config| config.organisation = None);
    let admin = app.admin();
    let role = app.add_role("Refunder", &["payments:refund"]);
    let callers = [&app, &other].map(|server| {
        let caller = Caller::of(server, server.add_account_with(&server.url, &[predefined::ADMINISTRATOR.into()]), Access::Write);
        (caller, server.user(&format!("Ada of {}", server.url), &[predefined::ADMINISTRATOR.into()]))
    });
    let mut number = 0;
    for (default, wanted) in [
        (role.clone(), sight("Refunder", "", true)),
        (predefined::CI_CD.into(), sight("CI/CD", "", false)),
        (role, sight("Refunder", "", true)),
    ] {
        crate::settings::save(&app, &admin, &[("system_role", default.as_str())]);
        for (caller, user) in &callers {
            number += 1;
            // By the API it counts at once, wherever the account is made.
            let made = caller.post("/admin/system-accounts", &json!({"name": format!("robot {number}")}));
            assert_eq!(made.status, 201, "{}", made.body);
            let token = app.add_token(&Id::parse(made.body["uuid"].as_str().unwrap()).unwrap(), Access::Read);
            for seeing in [&app, &other] {
                soon("the new account", || Some(seen(seeing, &token)? == wanted));
            }
            // The page says beforehand what it will be.
            soon("the form", || Some(ticked(&user.get(&format!("{LIST}/new")), "role") == [default.to_string()]));
        }
    }
}
