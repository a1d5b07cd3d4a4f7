//! Many users, many teams, and a role that many hold:
//!
//! `cargo run --release --example many -- DATABASE_URL [USERS TEAMS HOLDERS ROUNDS]`
//!
//! on an empty database, which it fills with 10,000 users, 5,000 teams and a role that 100,000 system accounts hold. Prints the median
//! times of screens and of actions on many, from the request to the end of the answer.
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on says so by panicking")]

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use muster::config::DatabaseUrl;
use muster::database::{Database, Engine};

mod stage;

use stage::{Stage, median};

const TEAM: &str = "0000bbbb-0000-7000-8000-000001000001";
const ROLE: &str = "0000dddd-0000-7000-8000-000000000001";
const USERS: &str = "/settings/users";

fn main() {
    let mut arguments = std::env::args().skip(1);
    let url: DatabaseUrl = arguments.next().unwrap().parse().unwrap();
    let mut number = |default: usize| arguments.next().map_or(default, |text| text.parse().unwrap());
    let (users, teams, holders, rounds) = (number(10_000), number(5_000), number(100_000), number(7));
    let stage = Stage::on(url);
    let began = Instant::now();
    fill(&stage.database, [users, teams, holders]);
    println!("made {users} users, {teams} teams and {holders} holders of a role in {:.1?}", began.elapsed());
    let middle = format!("/settings/teams?page={}", (teams / 50).max(1));
    let (team, picker) = (format!("/settings/teams/{TEAM}"), format!("/settings/teams/{TEAM}/members/new?q=person+12"));
    let (role, deletion) = (format!("/settings/roles/{ROLE}"), format!("/settings/roles/{ROLE}/deletion"));
    for (name, path) in [
        ("users", USERS),
        ("users, searched", "/settings/users?q=person+12"),
        ("users, exported", "/settings/users/export"),
        ("teams", "/settings/teams"),
        ("teams, a page in the middle", &middle),
        ("teams, searched", "/settings/teams?q=team+42"),
        ("a team of all users", &team),
        ("its picker", &picker),
        ("roles", "/settings/roles"),
        ("a role that all machines hold", &role),
        ("before it is deleted", &deletion),
    ] {
        line(name, (0..rounds).map(|_| get(&stage, path)).collect());
    }
    let bulk = |verb: &str, more: &[(&str, &str)]| {
        let filter = [("team", TEAM), ("disabled", "1")];
        let (_, list) = stage.lead(&format!("{USERS}/bulk"), &[&filter[..], &[("do", "select_matching")]].concat());
        let selection = list.rsplit("selection=").next().unwrap().to_owned();
        let fields = [("selection", selection.as_str()), ("shown", "0"), ("do", verb)];
        stage.post(&format!("{USERS}/bulk"), &[&filter[..], &fields[..], more].concat())
    };
    let given = muster::roles::predefined::READ_ONLY.to_string();
    for (verb, more) in [
        ("disable", &[][..]),
        ("enable", &[]),
        ("add_role", &[("add_role", given.as_str())]),
        ("remove_role", &[("remove_role", given.as_str())]),
    ] {
        let back = ["disable", "enable", "add_role", "remove_role"];
        let opposite = back[back.iter().position(|known| *known == verb).unwrap() ^ 1];
        let named = if opposite == "add_role" { "add_role" } else { "remove_role" };
        let times = (0..rounds).map(|_| {
            let time = bulk(verb, more);
            bulk(opposite, &[(named, given.as_str())]);
            time
        });
        line(&format!("{verb}, {users} users"), times.collect());
    }
    let edits = (0..rounds).map(|round| {
        let permissions = if round % 2 == 0 { "payments:refund\npayments:void" } else { "payments:refund" };
        stage.post(&role, &[("name", "Held by all"), ("more", permissions)])
    });
    line(&format!("the role saved, {holders} holders"), edits.collect());
}

fn line(name: &str, times: Vec<Duration>) {
    println!("{name:<40} {:>9.1} ms", median(times));
}

fn get(stage: &Stage, path: &str) -> Duration {
    let began = Instant::now();
    let answer = stage.agent.get(format!("{}{path}", stage.base)).call().unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    std::io::copy(&mut answer.into_body().into_reader(), &mut std::io::sink()).unwrap();
    began.elapsed()
}

fn fill(database: &Database, [users, teams, holders]: [usize; 3]) {
    let numbers = |count: usize| match database.engine() {
        Engine::Sqlite => format!("WITH RECURSIVE s (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < {count})"),
        Engine::Postgres => format!("WITH s (i) AS (SELECT generate_series(1, {count}))"),
    };
    let id = |lead: &str| format!("'0000{lead}-0000-7000-8000-00000' || CAST(1000000 + i AS TEXT)");
    let then = "'2026-01-01 00:00:00'";
    let account = "INSERT INTO accounts (id, kind, name, name_key, email, email_key, description, search_text, created_at, created_by_name, updated_at)";
    let roles = "INSERT INTO account_roles (account_id, role_id, kind, disabled, name_key) SELECT id, ";
    let (ci_cd, user) = (muster::roles::predefined::CI_CD, muster::roles::predefined::USER);
    let statements = [
        format!(
            "{account} {} SELECT {}, 'user', 'Person ' || i, 'person ' || i, 'p' || i || '@example.test', 'p' || i || '@example.test', '', \
             'person ' || i || ' p' || i || '@example.test', {then}, 'seed', {then} FROM s",
            numbers(users),
            id("cccc")
        ),
        format!(
            "{account} {} SELECT {}, 'system', 'machine ' || i, 'machine ' || i, NULL, NULL, '', 'machine ' || i, {then}, 'seed', {then} FROM s",
            numbers(holders),
            id("aaaa")
        ),
        format!("UPDATE account_totals SET total = total + {users} WHERE kind = 'user' AND disabled = FALSE"),
        format!("UPDATE account_totals SET total = total + {holders} WHERE kind = 'system' AND disabled = FALSE"),
        format!("INSERT INTO roles (id, name, name_key, created_at) VALUES ('{ROLE}', 'Held by all', 'held by all', {then})"),
        format!("INSERT INTO role_permissions (role_id, permission) VALUES ('{ROLE}', 'payments:refund')"),
        format!("{roles} '{ROLE}', kind, disabled, name_key FROM accounts WHERE kind = 'system'"),
        format!("{roles} '{ci_cd}', kind, disabled, name_key FROM accounts WHERE kind = 'system'"),
        format!("{roles} '{user}', kind, disabled, name_key FROM accounts WHERE created_by_name = 'seed' AND kind = 'user'"),
        format!(
            "INSERT INTO teams (id, name, name_key, created_at) {} SELECT {}, 'Team ' || i, 'team ' || i, {then} FROM s",
            numbers(teams),
            id("bbbb")
        ),
        format!(
            "INSERT INTO team_members (account_id, team_id, kind, disabled, name_key) SELECT id, '{TEAM}', kind, disabled, name_key \
             FROM accounts WHERE created_by_name = 'seed' AND kind = 'user'"
        ),
        // Each of the other teams has four members.
        format!(
            "INSERT INTO team_members (account_id, team_id, kind, disabled, name_key) SELECT a.id, t.id, a.kind, a.disabled, a.name_key FROM \
             (SELECT id, kind, disabled, name_key, CAST(substr(id, 26) AS BIGINT) AS n FROM accounts WHERE created_by_name = 'seed' AND kind = 'system') a \
             JOIN (SELECT id, CAST(substr(id, 26) AS BIGINT) AS n FROM teams WHERE id <> '{TEAM}') t ON a.n / 4 = t.n - 750000"
        ),
        if database.engine() == Engine::Sqlite {
            "ANALYZE".into()
        } else {
            "ANALYZE accounts; ANALYZE account_roles; ANALYZE team_members".into()
        },
    ];
    database.write_now(|conn| statements.iter().try_for_each(|statement| Ok(conn.batch_execute(statement)?))).unwrap();
}
