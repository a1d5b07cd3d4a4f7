//! Every screen, by an administrator, where there are 50 of everything and where there are 500: as many statements.

use diesel::connection::SimpleConnection;
use muster::database::Engine;
use muster::roles::predefined;

use super::statements::cost;
use crate::pages::html::{borrowed, matching, values};
use crate::support::app::{Client, TestApp};

const MACHINE: &str = "00000000-0000-7000-8000-000000100001";
const PERSON: &str = "0000cccc-0000-7000-8000-000000100001";
const TEAM: &str = "0000bbbb-0000-7000-8000-000000100001";
const ROLE: &str = "0000dddd-0000-7000-8000-000000100001";
const CHANGE: &str = "0000eeee-0000-7000-8000-000000100001";

/// `n` machines, people, teams, roles and events; a machine and a person that have `n` of everything that one can have; a team
/// with all for members, a role that all hold; and `n` tokens and sessions of whoever looks.
fn with(n: usize) -> (TestApp, Client) {
    let app = TestApp::start();
    let admin = app.admin();
    let own = admin.account.clone().unwrap();
    let numbers = format!("WITH RECURSIVE s (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < {n})");
    let pad = "CAST(100000 + i AS TEXT)";
    let (digest, key) = if app.database.engine() == Engine::Sqlite {
        ("randomblob(32)", "CAST('key' || i AS BLOB)")
    } else {
        ("sha256(i::text::bytea)", "convert_to('key' || i, 'UTF8')")
    };
    let (ci_cd, user) = (predefined::CI_CD, predefined::USER);
    let (then, later) = ("'2026-01-01 00:00:00'", "'2099-01-01 00:00:00'");
    let (machine, person) =
        (format!("'00000000-0000-7000-8000-000000' || {pad}"), format!("'0000cccc-0000-7000-8000-000000' || {pad}"));
    let (team, role) =
        (format!("'0000bbbb-0000-7000-8000-000000' || {pad}"), format!("'0000dddd-0000-7000-8000-000000' || {pad}"));
    let copies = "a.kind, a.disabled, a.name_key FROM accounts a";
    let account = "INSERT INTO accounts (id, kind, name, name_key, email, email_key, description, search_text, created_at, created_by_name, updated_at)";
    let roles = "INSERT INTO account_roles (account_id, role_id, kind, disabled, name_key)";
    let members = "INSERT INTO team_members (account_id, team_id, kind, disabled, name_key)";
    let tokens = "INSERT INTO tokens (id, account_id, name, name_key, access, digest, created_at, created_by_name)";
    let token = |lead: &str, account: &str| {
        format!(
            "{tokens} {numbers} SELECT '{lead}' || {pad}, {account}, 'token ' || i, 'token ' || i, 'read', {digest}, {then}, 'seed' FROM s"
        )
    };
    let statements = [
        format!(
            "{account} {numbers} SELECT {machine}, 'system', 'bulk-' || i, 'bulk-' || i, NULL, NULL, '', 'bulk-' || i, {then}, 'seed', {then} FROM s"
        ),
        format!(
            "{account} {numbers} SELECT {person}, 'user', 'Person ' || i, 'person ' || i, 'p' || i || '@example.test', \
             'p' || i || '@example.test', '', 'person ' || i, {then}, 'seed', {then} FROM s"
        ),
        format!("UPDATE account_totals SET total = total + {n} WHERE disabled = FALSE"),
        format!(
            "INSERT INTO teams (id, name, name_key, created_at) {numbers} SELECT {team}, 'Team ' || i, 'team ' || i, {then} FROM s"
        ),
        format!(
            "INSERT INTO roles (id, name, name_key, created_at) {numbers} SELECT {role}, 'Role ' || i, 'role ' || i, {then} FROM s"
        ),
        format!("INSERT INTO role_permissions (role_id, permission) {numbers} SELECT {role}, 'payments:p' || i FROM s"),
        // All hold one role and one that comes with Muster; one of each kind holds every role and is in every team.
        format!("{roles} SELECT a.id, '{ROLE}', {copies} WHERE a.created_by_name = 'seed'"),
        format!("{roles} SELECT a.id, '{ci_cd}', {copies} WHERE a.created_by_name = 'seed' AND a.kind = 'system'"),
        format!("{roles} SELECT a.id, '{user}', {copies} WHERE a.created_by_name = 'seed' AND a.kind = 'user'"),
        format!(
            "{roles} SELECT a.id, r.id, {copies}, roles r WHERE a.id IN ('{MACHINE}', '{PERSON}') AND r.predefined = FALSE AND r.id <> '{ROLE}'"
        ),
        format!("{members} SELECT a.id, '{TEAM}', {copies} WHERE a.created_by_name = 'seed'"),
        format!("{members} SELECT a.id, t.id, {copies}, teams t WHERE a.id IN ('{MACHINE}', '{PERSON}') AND t.id <> '{TEAM}'"),
        format!("INSERT INTO team_administrators (team_id, account_id) SELECT id, '{PERSON}' FROM teams"),
        format!("INSERT INTO team_administrators (team_id, account_id) {numbers} SELECT '{TEAM}', {person} FROM s WHERE i > 1"),
        format!("INSERT INTO team_applications (team_id, name) {numbers} SELECT '{TEAM}', 'application ' || i FROM s"),
        format!("UPDATE accounts SET owner_id = '{PERSON}' WHERE kind = 'system'"),
        format!(
            "INSERT INTO invitations (account_id, named, invited_by, invited_by_name, created_at, expires_at) {numbers} \
             SELECT {person}, TRUE, '{PERSON}', 'Person 1', {then}, {later} FROM s WHERE i % 2 = 0"
        ),
        token("of00m0", &format!("'{MACHINE}'")),
        token("of00p0", &format!("'{PERSON}'")),
        token("of00o0", &format!("'{own}'")),
        format!(
            "INSERT INTO sessions (id, digest, account_id, state, created_at, last_seen_at, expires_at) {numbers} SELECT \
             '0000ffff-0000-7000-8000-000000' || {pad}, {key}, CASE i % 2 WHEN 0 THEN '{own}' ELSE '{PERSON}' END, '{{}}', {then}, {then}, {later} FROM s"
        ),
        format!(
            "INSERT INTO audit_changes (id, at, actor_kind, actor_id, actor_name, address) VALUES ('{CHANGE}', {then}, 'user', '{own}', 'Maya', '192.0.2.1')"
        ),
        format!(
            "INSERT INTO audit_events (change_id, at, actor_id, actor_name, address, type, target_kind, target_id, target_name, object_id, object_name) \
             {numbers} SELECT '{CHANGE}', {then}, '{own}', 'Maya', '192.0.2.1', 'account.role_added', 'system', {machine}, 'bulk-' || i, '{ROLE}', 'Role 1' FROM s"
        ),
        format!("INSERT INTO wanted_permissions (permission, at) {numbers} SELECT 'wanted:p' || i, {later} FROM s"),
    ];
    app.write(|conn| statements.iter().try_for_each(|statement| Ok(conn.batch_execute(statement)?)));
    (app, admin)
}

/// The address behind what a form asks about.
fn asked(client: &Client, path: &str, fields: &[(&str, &str)]) -> String {
    let answer = client.post(path, fields);
    assert_eq!(answer.status, 303, "{path}: {}", answer.text());
    answer.location().to_owned()
}

#[test]
fn fifty_of_everything_cost_what_five_hundred_cost() {
    let worlds = [with(50), with(500)];
    let (machines, users) = ("/settings/system-accounts", "/settings/users");
    let mut screens: Vec<[String; 2]> = Vec::new();
    let same = |path: String| [path.clone(), path];
    for path in ["", "?size=100", "?q=bulk&disabled=1", "?owner=left", "/new"] {
        screens.push(same(format!("{machines}{path}")));
    }
    for path in ["", "/owner", "/promotion", "/deletion"] {
        screens.push(same(format!("{machines}/{MACHINE}{path}")));
    }
    for path in ["", "?size=100&q=person", "?activity=invited", "/invite"] {
        screens.push(same(format!("{users}{path}")));
    }
    for path in ["", "/promotion", "/deletion"] {
        screens.push(same(format!("{users}/{PERSON}{path}")));
    }
    let team = format!("/{TEAM}");
    for path in [
        "",
        "?q=team",
        "/new",
        &team,
        &format!("{team}/deletion"),
        &format!("{team}/members/new"),
        &format!("{team}/members/new?q=bulk"),
    ] {
        screens.push(same(format!("/settings/teams{path}")));
    }
    let (role, ci_cd) = (format!("/{ROLE}"), format!("/{}/reset", predefined::CI_CD));
    for path in ["", "/new", &format!("/new?from={ROLE}"), &role, &format!("{role}/deletion"), &ci_cd] {
        screens.push(same(format!("/settings/roles{path}")));
    }
    for path in [
        "/settings/tokens",
        "/settings/tokens?q=token",
        "/settings/tokens/find",
        "/settings/api-tokens",
        "/settings/token-policy",
    ] {
        screens.push(same(path.into()));
    }
    let filters =
        ["".into(), format!("?target={MACHINE}"), format!("?concerned={ROLE}"), "?actor=Maya".into(), "?kind=roles".into()];
    for path in filters.into_iter().chain([
        "?address=192.0.2.1".into(),
        format!("?change={CHANGE}"),
        "/retention?keep=days&days=30".into(),
    ]) {
        screens.push(same(format!("/settings/audit-log{path}")));
    }
    for path in ["/settings/general", "/profile", "/help/api"] {
        screens.push(same(path.into()));
    }
    // One event of the large change, and what is asked about all that were ticked, each in its own world.
    screens.push(worlds.each_ref().map(|(app, _)| {
        let mut sql = muster::database::sql::Sql::new("SELECT id FROM audit_events WHERE change_id = ");
        sql.bind(CHANGE).push(" ORDER BY seq").limit(1);
        format!("/settings/audit-log/{}", app.read(|conn| sql.ids(conn))[0])
    }));
    for (list, verb) in [(machines, "delete"), (machines, "set_owner"), (users, "delete")] {
        screens.push(worlds.each_ref().map(|(_, admin)| {
            let fields = if list == machines {
                matching(admin, &[("q", "bulk")])
            } else {
                values(&admin.get(&format!("{list}?q=person")), "id").into_iter().map(|id| ("id", id)).collect()
            };
            asked(admin, &format!("{list}/bulk"), &borrowed(&fields, &[("do", verb)]))
        }));
    }
    let engine = format!("{:?}", crate::support::engine::Engine::current());
    for paths in &screens {
        let [few, many] = [0, 1].map(|at| cost(&worlds[at].0, &worlds[at].1, &paths[at]));
        let shown = [MACHINE, PERSON, TEAM, ROLE, CHANGE].iter().fold(paths[0].clone(), |shown, id| shown.replace(id, "…"));
        println!("{engine}: {shown:56} {few:3} statements for 50, {many:3} for 500");
        assert_eq!(few, many, "{}", paths[0]);
    }
}
