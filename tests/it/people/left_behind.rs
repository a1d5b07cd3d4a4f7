//! What a question says of those who go: of all of them, and no name that its reader could not read elsewhere.

use muster::accounts::model::{Kind, Selection};
use muster::accounts::operations::{self, Plan};
use muster::auth::principal::Principal;
use muster::id::Id;
use muster::roles::predefined;
use muster::tokens::value::Access;

use super::USERS;
use crate::pages::html::{LIST, value};
use crate::support::app::{Answer, Client, TestApp};

fn own(app: &TestApp, user: &Id, account: &Id) {
    use muster::accounts::actions::{Action, set_owner::SetOwner};
    let action = Action::with(&SetOwner, Kind::System, std::slice::from_ref(user));
    let one = Selection::Accounts(vec![account.clone()]);
    app.write(|conn| operations::run(conn, &Principal::shell(), &Plan::unlimited(), &action, &one));
}

fn administers(app: &TestApp, user: &Id, team: &Id) {
    app.write(|conn| {
        let alone = std::slice::from_ref(user);
        muster::teams::operations::administrators::appoint(conn, &Principal::shell(), team, alone)
    });
}

fn with(app: &TestApp, name: &str, permissions: &[&str]) -> Client {
    let role = app.add_role(name, &[&["user:manage:*"], permissions].concat());
    app.user(name, &[role])
}

/// The question about all that a search finds.
fn all_that_match(client: &Client, list: &str, word: &str) -> Answer {
    let selected = client.post_and_follow(&format!("{list}/bulk"), &[("do", "select_matching"), ("q", word)]);
    let id = value(&selected, "selection");
    client.post_and_follow(&format!("{list}/bulk"), &[("selection", &id), ("shown", "0"), ("do", "delete")])
}

#[test]
fn no_question_names_what_its_reader_may_not_read() {
    let app = TestApp::start();
    app.admin();
    let (ida, _) = app.add_user("Ida Holm", &[]);
    let robots: Vec<Id> = ["ledger deploy", "zebra", "fraud rules"].iter().map(|name| app.add_account_with(name, &[])).collect();
    robots.iter().for_each(|robot| own(&app, &ida, robot));
    let (payments, tracking) = (app.add_team("Payments", &[]), app.add_team("Tracking", &[]));
    [&payments, &tracking].iter().for_each(|team| administers(&app, &ida, team));
    // What Ida can do because she administers teams, whoever deletes her must be able to do: this is no rule of reading.
    let all_teams = "team:manage:*";
    let hidden = with(&app, "Hugo Helper", &[all_teams]);
    let keeper = with(&app, "Kim Keeper", &[all_teams, "system_account:manage:team"]);
    app.add_team("Kim's", &[keeper.account.as_ref().unwrap(), &robots[1]]);
    let reader = with(&app, "Rae Reader", &[all_teams, "system_account:read:*"]);
    for (client, told, never) in [
        (&hidden, "System accounts owned: 3. They keep working", &["ledger", "zebra", "fraud"][..]),
        (&keeper, "System accounts owned: zebra and 2 more. They keep working", &["ledger", "fraud"]),
        (&reader, "System accounts owned: fraud rules, ledger deploy and zebra. They keep working", &[]),
    ] {
        let page = client.get(&format!("{USERS}/{ida}"));
        for asked in [client.get(&format!("{USERS}/{ida}/deletion")), all_that_match(client, USERS, "ida holm")] {
            assert!(asked.text().contains(told), "{told}: {}", asked.text());
            assert!(asked.text().contains("Teams without another administrator: Payments and Tracking."), "{}", asked.text());
            for name in never {
                assert!(!asked.body.contains(name) && !page.body.contains(name), "{name}: {}", asked.text());
            }
        }
    }
}

#[test]
fn teams_that_one_may_not_read_are_only_counted() {
    let app = TestApp::start();
    app.admin();
    let (ida, _) = app.add_user("Ida Holm", &[]);
    let teams = ["Payments", "Tracking"].map(|name| app.add_team(name, &[]));
    // Ida's account is disabled: what she administers gives her nothing that anybody would have to cover.
    teams.iter().for_each(|team| administers(&app, &ida, team));
    let manages = format!("team:manage:{{{}}}", teams[0]);
    let other = format!("team:manage:{{{}}}", teams[1]);
    let both = with(&app, "Bea Both", &[&manages, &other, "system_account:read:*"]);
    let asked = both.get(&format!("{USERS}/{ida}/deletion"));
    assert!(asked.text().contains("administrator: Payments and Tracking."), "{}", asked.text());
    // Who may not handle her is asked all the same, before the rules refuse it; they learn of their own team alone.
    let one = with(&app, "Olga One", &[&manages, "system_account:read:*"]);
    let none = with(&app, "Nils None", &["system_account:read:*"]);
    for (client, told) in [(&one, "Payments and 1 more."), (&none, "Teams without another administrator: 2.")] {
        let (asked, page) = (client.get(&format!("{USERS}/{ida}/deletion")), client.get(&format!("{USERS}/{ida}")));
        assert!(asked.text().contains(told), "{told}: {}", asked.text());
        let depends = page.body.split("Depends on").nth(1).unwrap_or_default().split("</section>").next().unwrap_or_default();
        assert!(!asked.body.contains("Tracking") && !depends.contains("Tracking"), "{}", asked.text());
    }
}

/// More than a page names: what was used lately, and what is owned, is told of all of them.
#[test]
fn a_question_tells_of_all_that_are_selected_and_not_of_those_that_it_names() {
    let app = TestApp::start();
    let admin = app.admin();
    app.add_many(150);
    let late = app.add_account("zz last of all");
    let token = app.add_token(&late, Access::Write);
    assert_eq!(app.verify(&token).status, 200);
    app.write(|conn| {
        let mut sql = muster::database::sql::Sql::new("UPDATE accounts SET last_used_at = ");
        sql.bind(muster::clock::now() - chrono::TimeDelta::hours(3)).push(" WHERE id = ").bind(&late);
        sql.execute(conn)
    });
    let asked = all_that_match(&admin, LIST, "l");
    assert!(asked.text().contains("Delete 151 system accounts"), "{}", asked.text());
    assert!(asked.text().contains("zz last of all made a call 3 hours ago. Whatever uses it will get 401"), "{}", asked.text());
    let sql = "UPDATE accounts SET last_used_at = (SELECT last_used_at FROM accounts WHERE name = 'zz last of all') WHERE kind = 'system'";
    app.write(|conn| muster::database::sql::Sql::new(sql).execute(conn));
    let asked = all_that_match(&admin, LIST, "l");
    let told = "bulk-000001, bulk-000002, bulk-000003 and 148 more made calls in the last two days. Whatever uses them";
    assert!(asked.text().contains(told), "{}", asked.text());
    // Of people: the one who owns something is the last by name.
    for n in 0..120 {
        app.add_user(&format!("Person {n:03}"), &[]);
    }
    let (zoe, _) = app.add_user("Person zoë", &[predefined::USER.into()]);
    own(&app, &zoe, &late);
    let asked = all_that_match(&admin, USERS, "person");
    assert!(asked.text().contains("Delete 121 users"), "{}", asked.text());
    assert!(asked.text().contains("System accounts owned: zz last of all."), "{}", asked.text());
    assert!(!asked.body.contains(&format!("{USERS}/{zoe}")), "it names a hundred");
}

/// The same of a role, of a team, and of what a person did.
#[test]
fn no_page_before_a_change_names_whom_its_reader_may_not_see() {
    let app = TestApp::start();
    let admin = app.admin();
    let clerk = app.add_role("Clerk", &["contract_data:manage:team"]);
    let (ida, _) = app.add_user("Ida Holm", std::slice::from_ref(&clerk));
    let robot = app.add_account_with("ledger deploy", std::slice::from_ref(&clerk));
    let blue = app.add_team("Blue", &[&ida, &robot]);
    administers(&app, &ida, &blue);
    administers(&app, &robot, &blue);
    assert_eq!(admin.post(&format!("{LIST}/{robot}/disablement"), &[]).status, 303);
    assert_eq!(admin.post(&format!("{LIST}/{robot}/enablement"), &[]).status, 303);
    let (role, team) = (format!("/settings/roles/{clerk}/deletion"), format!("/settings/teams/{blue}/deletion"));
    let manages = ["role:manage:*", "team:manage:*", "contract_data:manage:team"];
    let reader = |name: &str, more: &[&str]| app.user(name, &[app.add_role(name, &[&manages[..], more].concat())]);
    for (client, role_says, team_says, administrators) in [
        (
            reader("Nils None", &[]),
            "2 accounts would be left without a role and couldn't do anything.",
            "Those in no other team lose them altogether.",
            "No longer team administrators: 2 accounts.",
        ),
        (
            reader("Pia People", &["user:read:*"]),
            "couldn't do anything: Ida Holm and 1 other account.",
            "lose them altogether: Ida Holm and others.",
            "No longer team administrators: Ida Holm and 1 other account.",
        ),
        (
            reader("Mo Machines", &["system_account:read:*"]),
            "couldn't do anything: ledger deploy and 1 other account.",
            "lose them altogether: ledger deploy and others.",
            "No longer team administrators: ledger deploy and 1 other account.",
        ),
        (
            reader("Ada All", &["system_account:read:*", "user:read:*"]),
            "couldn't do anything: Ida Holm , ledger deploy .",
            "lose them altogether: Ida Holm, ledger deploy.",
            "No longer team administrators: Ida Holm and ledger deploy.",
        ),
    ] {
        let (of_role, of_team) = (client.get(&role), client.get(&team));
        assert!(of_role.text().contains(role_says), "{role_says}: {}", of_role.text());
        for says in [team_says, administrators] {
            assert!(of_team.text().contains(says), "{says}: {}", of_team.text());
        }
        for (name, hidden) in [("Ida Holm", "Ida Holm"), ("ledger deploy", "ledger deploy")] {
            if !role_says.contains(name) {
                assert!(!of_role.body.contains(hidden) && !of_team.body.contains(hidden), "{hidden}");
            }
        }
    }
    // What Maya did to machines is for those who read the log.
    let maya = format!("{USERS}/{}", admin.account.as_ref().unwrap());
    let helper = with(&app, "Hugo Helper", &[]);
    let auditor = with(&app, "Ada Auditor", &["audit:read:*"]);
    assert!(auditor.get(&maya).text().contains("Maya Lindqvist disabled ledger deploy"), "{}", auditor.get(&maya).text());
    let seen = helper.get(&maya);
    assert!(seen.text().contains("added role Administrator") && !seen.body.contains("ledger deploy"), "{}", seen.text());
}
