//! What the pages of teams show, and what they take.

use muster::id::Id;
use muster::roles::predefined;
use muster::tokens::value::Access;

use super::{at, belonging, post};
use crate::pages::html::{ticked, values};
use crate::support::app::{Client, TestApp, join_team};

const TEAMS: &str = "/settings/teams";

#[test]
fn names_are_unique_whatever_the_case() {
    let app = TestApp::start();
    let admin = app.admin();
    let long = "x".repeat(81);
    assert_eq!(admin.post(TEAMS, &[("name", "  Zürich ")]).status, 303);
    for (name, why) in [
        ("ZÜRICH", "already has this name"),
        ("zürich", "already has this name"),
        ("", "Enter a name."),
        ("a\nb", "control characters"),
        ("a\0b", "control characters"),
        (long.as_str(), "At most 80"),
    ] {
        let answer = admin.post(TEAMS, &[("name", name)]);
        assert_eq!(answer.status, 422, "{name:?}");
        assert!(answer.text().contains(why), "{name:?}: {}", answer.text());
    }
    let other = app.add_team("Oslo", &[]);
    let answer = admin.post(&at(&other, ""), &[("name", "zÜrich")]);
    assert!(answer.status == 422 && answer.text().contains("already has this name"), "{}", answer.text());
    // Its own name in another case is no other team's.
    assert_eq!(admin.post(&at(&other, ""), &[("name", "OSLO"), ("shown", "Oslo")]).status, 303);
    // Another window still shows the old one.
    let answer = admin.post(&at(&other, ""), &[("name", "Bergen"), ("shown", "Oslo")]);
    assert!(answer.status == 422 && answer.text().contains("renamed to OSLO in the meantime"), "{}", answer.text());
}

#[test]
fn the_page_before_deletion_says_who_loses_what() {
    let app = TestApp::start();
    let admin = app.admin();
    let user = predefined::USER.into();
    let [ida, bo] = ["Ida Holm", "Bo Berg"].map(|name| app.add_user(name, std::slice::from_ref(&user)).0);
    let robot = app.add_account_with("robot", &[]);
    let team = app.add_team("Blue", &[&ida, &bo, &robot]);
    app.add_team("Red", &[&bo]);
    assert_eq!(post(&admin, &team, "/administrators", &[&bo]), 303);
    let page = admin.get(&at(&team, "/deletion")).text();
    for part in [
        "2 users and 1 system account",
        "2 members, 1 in no other team",
        "contract_data:manage:team",
        "altogether: Ida Holm.",
        "No longer team administrators: Bo Berg.",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let done = admin.post_and_follow(&at(&team, "/deletion"), &[]);
    assert_eq!(done.flash(), "Deleted the team Blue.");
    assert!(belonging(&app, "team_members", &team).is_empty() && belonging(&app, "team_administrators", &team).is_empty());
    for page in ["", "/deletion", "/members/new"] {
        assert_eq!(admin.get(&at(&team, page)).status, 404, "{page}");
    }
    let events = app.read(|conn| {
        let sql = "SELECT type || ' ' || target_name AS line FROM audit_events WHERE type LIKE '%team%' ORDER BY seq";
        Ok(crate::support::snapshot::lines(conn, sql))
    });
    for event in ["account.team_removed Ida Holm", "account.team_administrator_removed Bo Berg", "team.deleted Blue"] {
        assert!(events.contains(&event.to_owned()), "{event}: {events:?}");
    }
}

#[test]
fn the_check_knows_at_once() {
    let app = TestApp::start();
    let admin = app.admin();
    let robot = app.add_account("robot");
    let token = app.add_token(&robot, Access::Read);
    let knows = |name: &str| app.verify(&token).headers.values().any(|value| value.contains(name));
    let team = app.add_team("Blueberry", &[]);
    assert!(!knows("Blueberry"));
    assert_eq!(post(&admin, &team, "/members", &[&robot]), 303);
    assert!(knows("Blueberry"));
    assert_eq!(admin.post(&at(&team, ""), &[("name", "Cranberry")]).status, 303);
    assert!(knows("Cranberry") && !knows("Blueberry"));
    assert_eq!(post(&admin, &team, "/members/removal", &[&robot]), 303);
    assert!(!knows("Cranberry"));
    assert_eq!(post(&admin, &team, "/members", &[&robot]), 303);
    assert_eq!(admin.post(&at(&team, "/deletion"), &[]).status, 303);
    assert!(!knows("Cranberry"));
}

fn cost(app: &TestApp, client: &Client, path: &str) -> (u64, usize) {
    let mut least = u64::MAX;
    let mut bytes = 0;
    for _ in 0..8 {
        let before = app.database.statements();
        let answer = client.get(path);
        assert_eq!(answer.status, 200, "{path}");
        least = least.min(app.database.statements() - before);
        bytes = answer.body.len();
    }
    (least, bytes)
}

#[test]
fn pages_cost_the_same_however_many_there_are() {
    let app = TestApp::start();
    let admin = app.admin();
    app.add_many(600);
    let bulk = |n: usize| Id::parse(&format!("00000000-0000-7000-8000-000000{n:06}")).unwrap();
    let small = app.add_team("Team of fifty", &[]);
    let large = app.add_team("Team of many", &[]);
    app.write(|conn| {
        (1..=50).try_for_each(|n| join_team(conn, &small, &bulk(n)))?;
        (1..=400).try_for_each(|n| join_team(conn, &large, &bulk(n)))
    });
    for rest in ["", "/members/new", "/members/new?q=bulk", "/deletion"] {
        let [few, many] = [&small, &large].map(|team| cost(&app, &admin, &at(team, rest)));
        assert_eq!(few.0, many.0, "{rest}");
        println!("a team{rest}: {} statements", many.0);
        assert!(many.1 < few.1 + 6_000, "{rest}: {} bytes and {}", few.1, many.1);
    }
    let two = cost(&app, &admin, TEAMS);
    for n in 0..60 {
        app.add_team(&format!("Team {n:02}"), &[&bulk(n + 1)]);
    }
    assert_eq!(two.0, cost(&app, &admin, TEAMS).0);
    println!("the teams: {} statements", two.0);
    assert!(admin.get(&format!("{TEAMS}?page=2")).text().contains("51–62 of 62"));
    assert!(admin.get(&format!("{TEAMS}?q=MANY")).text().contains("Team of many"));
    assert!(admin.get(&format!("{TEAMS}?q=%25")).text().contains("No matching teams"));
    assert_eq!(admin.get(&format!("{TEAMS}?q=%00&page=99999999999999999999&administrators=x")).status, 200);
    // The last page of the members, and beyond it.
    assert!(admin.get(&at(&large, "?accounts=16")).text().contains("376–400 of 400"));
    assert!(admin.get(&at(&large, "?accounts=99")).text().contains("376–400 of 400"));
}

/// The roles of members are given and taken on the list, where the ticked ones are selected.
#[test]
fn the_roles_of_members_are_changed_on_the_list() {
    let app = TestApp::start();
    let admin = app.admin();
    let [ida, bo] = ["Ida Holm", "Bo Berg"].map(|name| app.add_user(name, &[]).0);
    let robot = app.add_account("robot");
    let team = app.add_team("Blue", &[&ida, &bo, &robot]);
    for (list, id, name) in [("/settings/users", &bo, "Bo Berg"), ("/settings/system-accounts", &robot, "robot")] {
        assert!(admin.get(&at(&team, "")).body.contains(&format!("formaction=\"{list}/bulk\"")));
        let fields = [("account", id.as_str()), ("team", team.as_str()), ("disabled", "1"), ("do", "keep")];
        let selected = admin.post_and_follow(&format!("{list}/bulk"), &fields);
        assert_eq!(crate::pages::html::ticked(&selected, "id"), [id.to_string()]);
        assert!(selected.body.contains("Blue"), "the list of the team");
        let role = predefined::READ_ONLY.to_string();
        let fields = [("id", id.as_str()), ("team", team.as_str()), ("do", "add_role"), ("add_role", &role)];
        let done = admin.post_and_follow(&format!("{list}/bulk"), &fields);
        assert_eq!(done.flash(), format!("Added Read-Only to {name}."));
    }
    // Who only chooses the members is not offered it.
    let lead = app.user("Lea Lead", &[predefined::USER.into()]);
    super::make_administrator(&app, &team, &lead);
    let page = lead.get(&at(&team, "")).body;
    assert!(page.contains("Remove from team") && !page.contains("Add or remove roles"), "{page}");
}

#[test]
fn recent_changes_are_for_those_who_may_read_the_log() {
    let app = TestApp::start();
    let admin = app.admin();
    let ida = app.add_user("Ida Holm", &[]).0;
    assert_eq!(admin.post(TEAMS, &[("name", "Blue")]).status, 303);
    let team: Id = app.read(|conn| {
        let sql = muster::database::sql::Sql::new("SELECT id FROM teams WHERE name = 'Blue'");
        Ok(sql.ids(conn)?.remove(0))
    });
    assert_eq!(post(&admin, &team, "/members", &[&ida]), 303);
    assert_eq!(post(&admin, &team, "/administrators", &[&ida]), 303);
    assert_eq!(admin.post(&at(&team, ""), &[("name", "Azure"), ("shown", "Blue")]).status, 303);
    let page = admin.get(&at(&team, "")).text();
    for part in [
        "1 user and 0 system accounts",
        "Maya Lindqvist renamed it from Blue to Azure",
        "Maya Lindqvist made Ida Holm team administrator",
        "Maya Lindqvist added Ida Holm",
        "Maya Lindqvist created this team",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    // Neither is who administers it for those who may not see users.
    let reader = app.add_role("Team readers", &["team:read:*"]);
    let reader = app.user("Rolf Reader", &[reader]);
    let page = reader.get(&at(&team, "")).text();
    assert!(page.contains("1 administrator") && !page.contains("Ida Holm") && !page.contains("Recent changes"), "{page}");
    let list = reader.get(TEAMS).text();
    assert!(list.contains("1 administrator") && !list.contains("Ida Holm"), "{list}");
}

#[test]
fn what_is_ticked_survives_a_search() {
    let app = TestApp::start();
    let admin = app.admin();
    let [ida, bo] = ["Ida Holm", "Bo Berg"].map(|name| app.add_user(name, &[]).0);
    let robot = app.add_account_with("robot", &[]);
    let team = app.add_team("Blue", &[]);
    let page = admin.get(&at(&team, &format!("/members/new?q=berg&account={ida}&account={robot}&account=x")));
    assert_eq!(ticked(&page, "account"), [ida.to_string(), robot.to_string()], "{}", page.text());
    assert!(page.text().contains("Selected IH Ida Holm") && page.text().contains("Users BB Bo Berg"), "{}", page.text());
    // They stay where nothing is found, and stand once where they are found.
    let page = admin.get(&at(&team, &format!("/members/new?q=nothing&account={ida}")));
    assert!(page.text().contains("No matching accounts.") && ticked(&page, "account").len() == 1, "{}", page.text());
    let page = admin.get(&at(&team, &format!("/members/new?q=ida&account={ida}")));
    assert_eq!(values(&page, "account"), [ida.to_string()]);
    assert_eq!(post(&admin, &team, "/members", &[&ida, &bo, &robot]), 303);
    assert_eq!(belonging(&app, "team_members", &team).len(), 3);
    // Nobody is named to who may not see them.
    let lead = app.user("Lea Lead", &[]);
    super::make_administrator(&app, &team, &lead);
    let page = lead.get(&at(&team, &format!("/members/new?account={ida}&account={robot}")));
    assert!(page.status == 200 && !page.text().contains("Ida Holm") && !page.text().contains("robot"), "{}", page.text());
}
