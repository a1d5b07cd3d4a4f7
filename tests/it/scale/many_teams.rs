//! Five thousand teams: no page carries all of them, each of them can be chosen, and none that is chosen gets lost.

use diesel::connection::SimpleConnection;
use muster::id::Id;
use muster::settings::general;

use crate::pages::html::{all, error, ticked, value};
use crate::support::app::{Answer, Client, TestApp};
use crate::support::snapshot::lines;

const TEAMS: i64 = 5_000;
const MACHINES: &str = "/settings/system-accounts";
const USERS: &str = "/settings/users";

/// The team of this number, as it is named and as it is stored.
fn name(n: i64) -> String {
    format!("Team {:05}", n)
}

fn id(n: i64) -> Id {
    Id::parse(&format!("0000bbbb-0000-7000-8000-0000000{n:05}")).unwrap()
}

fn world() -> (TestApp, Client) {
    let app = TestApp::start_with(|config| config.organisation = None);
    let admin = app.admin();
    let sqlite = app.database.engine() == muster::database::Engine::Sqlite;
    let pad = if sqlite { "printf('%05d', i)" } else { "lpad(CAST(i AS TEXT), 5, '0')" };
    let sql = format!(
        "INSERT INTO teams (id, name, name_key, created_at) WITH RECURSIVE s (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < {TEAMS}) \
         SELECT '0000bbbb-0000-7000-8000-0000000' || {pad}, 'Team ' || {pad}, 'team ' || {pad}, '2026-01-01 00:00:00' FROM s"
    );
    app.write(|conn| Ok(conn.batch_execute(&sql)?));
    (app, admin)
}

fn teams_of(app: &TestApp, account: &Id) -> Vec<String> {
    let sql = format!(
        "SELECT t.name AS line FROM team_members m JOIN teams t ON t.id = m.team_id WHERE m.account_id = '{account}' ORDER BY t.name_key"
    );
    app.read(|conn| Ok(lines(conn, &sql)))
}

/// Small, whatever the number of teams, and it says that there are more.
fn is_small(page: &Answer, what: &str) {
    assert_eq!(page.status, 200, "{what}");
    assert!(page.body.len() < 100_000, "{what}: {} bytes", page.body.len());
    assert!(page.body.contains("4,900 more") || page.body.contains("4,89"), "{what}: {}", page.text());
}

#[test]
fn no_page_carries_five_thousand_teams_and_each_can_be_chosen() {
    let (app, admin) = world();
    app.add_many(60);
    let robot = app.add_account("robot");
    let (bo, _) = app.add_user("Bo", &[]);
    for account in [&robot, &bo] {
        app.write(|conn| crate::support::app::join_team(conn, &id(4_321), account));
    }
    let (machine, person) = (format!("{MACHINES}/{robot}"), format!("{USERS}/{bo}"));
    for path in [MACHINES, USERS, &machine, &person, &format!("{MACHINES}/new"), &format!("{USERS}/invite"), "/settings/general"]
    {
        is_small(&admin.get(path), path);
    }
    // The filter keeps a team that is not among the first.
    let filtered = admin.get(&format!("{MACHINES}?team={}", id(4_321)));
    is_small(&filtered, "filtered");
    assert!(
        filtered.body.contains(&format!("<option value=\"{}\" selected>Team 04321</option>", id(4_321))),
        "{}",
        filtered.body
    );
    assert!(filtered.text().contains("robot") && !filtered.text().contains("bulk-000001"));
    // Edit Teams: its own team is ticked, others are typed, whatever the case.
    for (page, account) in [(&machine, &robot), (&person, &bo)] {
        let drawn = admin.get(page);
        assert_eq!(ticked(&drawn, "team"), [id(4_321).to_string()]);
        let shown = id(4_321).to_string();
        let own = id(4_321).to_string();
        let fields =
            [("shown", shown.as_str()), ("team", own.as_str()), ("other_teams", "tEAM 03000\r\n\r\n Team 00002 \r\nteam 03000")];
        assert_eq!(admin.post(&format!("{page}/teams"), &fields).status, 303);
        assert_eq!(teams_of(&app, account), [name(2), name(3_000), name(4_321)]);
        // A name that no team has: nothing is lost, neither what is stored nor what was typed.
        let fields = [("shown", shown.as_str()), ("other_teams", "Team 04999\nTeam 0")];
        let refused = admin.post(&format!("{page}/teams"), &fields);
        assert_eq!((refused.status, error(&refused, "edit-teams").as_str()), (422, "No team is called “Team 0”."));
        assert!(refused.body.contains("Team 04999\nTeam 0</textarea>"), "{}", refused.body);
        assert_eq!(teams_of(&app, account), [name(2), name(3_000), name(4_321)]);
        is_small(&admin.get(page), page);
    }
}

#[test]
fn newcomers_are_put_into_any_of_five_thousand_teams() {
    let (app, admin) = world();
    // A new account: ticked, typed, and refused with both kept.
    let late = id(4_700).to_string();
    let fields = [("name", "robot"), ("team", late.as_str()), ("other_teams", "Team 02500\nNo such team")];
    let refused = admin.post(MACHINES, &fields);
    assert_eq!((refused.status, error(&refused, "teams").as_str()), (422, "No team is called “No such team”."));
    assert_eq!(ticked(&refused, "team"), [late.as_str()]);
    assert!(refused.body.contains("Team 02500\nNo such team</textarea>"), "{}", refused.body);
    let made = admin.post(MACHINES, &[("name", "robot"), ("team", &late), ("other_teams", "Team 02500")]);
    assert_eq!(made.status, 303, "{}", made.text());
    let robot = app.read(|conn| muster::accounts::queries::find_named(conn, "robot"));
    assert_eq!(teams_of(&app, &robot), [name(2_500), name(4_700)]);
    // What is asked about an administrator takes the names along.
    let role = muster::roles::predefined::ADMINISTRATOR.to_string();
    let asked = admin.post(MACHINES, &[("name", "boss"), ("role", &role), ("other_teams", "Team 02500")]);
    assert_eq!(asked.status, 303);
    let asked = admin.get(asked.location());
    assert!(asked.body.contains("Team 02500</textarea>"), "{}", asked.body);
    // Invited, by whoever manages users and by who invites into their own teams.
    let sent =
        admin.post_and_follow(&format!("{USERS}/invite"), &[("addresses", "bo@example.org"), ("other_teams", "Team 04000")]);
    assert!(sent.text().contains("Team 04000"), "{}", sent.text());
    let invites = app.add_role("Inviter", &["user:invite"]);
    let lead = app.user("Lea Lead", &[invites]);
    app.write(|conn| {
        let own = lead.account.clone().unwrap();
        let shell = muster::auth::principal::Principal::shell();
        muster::teams::operations::administrators::appoint(conn, &shell, &id(3_333), &[own])
    });
    let form = lead.get(&format!("{USERS}/invite"));
    assert_eq!(all(&form.body, "name=\"team\" value=\"", "\""), [id(3_333).as_str()]);
    assert!(!form.body.contains("other_teams"), "there are no others");
    let sent =
        lead.post_and_follow(&format!("{USERS}/invite"), &[("addresses", "cleo@example.org"), ("other_teams", "Team 03333")]);
    assert!(sent.text().contains("Team 03333"), "{}", sent.text());
}

#[test]
fn any_of_five_thousand_teams_is_the_default() {
    let (app, admin) = world();
    let save = |fields: &[(&str, &str)]| {
        let page = admin.get("/settings/general");
        let stored = app.read(general::read);
        let team = |team: &Option<Id>| team.as_ref().map(Id::to_string).unwrap_or_default();
        let mut sent = vec![
            ("user_team", team(&stored.user_team)),
            ("system_team", team(&stored.system_team)),
            ("user_role", stored.user_role.as_ref().map(Id::to_string).unwrap_or_default()),
            ("system_role", stored.system_role.as_ref().map(Id::to_string).unwrap_or_default()),
            ("session_length", stored.session_length.clone()),
            ("inactivity", stored.inactivity.clone()),
            ("shown", value(&page, "shown")),
        ];
        sent.extend(fields.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let sent: Vec<(&str, &str)> = sent.iter().map(|(name, value)| (*name, value.as_str())).collect();
        admin.post("/settings/general", &sent)
    };
    let refused = save(&[("system_other_team", "Nobody"), ("banner", "Hello")]);
    assert_eq!((refused.status, error(&refused, "system-team").as_str()), (422, "No team is called “Nobody”."));
    assert!(refused.body.contains("value=\"Nobody\"") && refused.body.contains("Hello"), "{}", refused.body);
    assert_eq!(save(&[("user_other_team", "team 04100"), ("system_other_team", " Team 04200 ")]).status, 303);
    let stored = app.read(general::read);
    assert_eq!((stored.user_team, stored.system_team), (Some(id(4_100)), Some(id(4_200))));
    // Chosen, they stay chosen, there and where newcomers begin with them.
    assert_eq!(save(&[("banner", "Hello")]).status, 303);
    assert_eq!(app.read(general::read).user_team, Some(id(4_100)));
    is_small(&admin.get("/settings/general"), "settings");
    assert_eq!(ticked(&admin.get(&format!("{MACHINES}/new")), "team"), [id(4_200).to_string()]);
    assert_eq!(ticked(&admin.get(&format!("{USERS}/invite")), "team"), [id(4_100).to_string()]);
}
