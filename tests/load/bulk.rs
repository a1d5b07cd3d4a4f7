//! Actions on many, against the same changes and event rows as plain set-based SQL on the same database in the same run:
//! `bulk DATABASE_URL N ROUNDS`, on a database that `seed` has filled. From POST to answer, an audit event for each account
//! included.
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on says so by panicking")]

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use muster::config::DatabaseUrl;
use muster::database::{Database, Engine};
use muster::id::Id;
use muster::roles::predefined;

mod stage;

use stage::{Stage, median};

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let url: DatabaseUrl = arguments[1].parse().unwrap();
    let (n, rounds): (usize, usize) = (arguments[2].parse().unwrap(), arguments[3].parse().unwrap());
    let stage = Stage::on(url);
    let database = &stage.database;
    // The first N by name, as a filter: a team of them.
    let team = Id::new();
    database
        .write_now(|conn| {
            conn.batch_execute(&format!(
                "INSERT INTO teams (id, name, name_key, created_at) VALUES ('{team}', '{team}', '{team}', '2026-01-01 00:00:00'); \
                 INSERT INTO team_members (team_id, account_id, kind, disabled, name_key) SELECT '{team}', id, kind, disabled, \
                 name_key FROM accounts WHERE kind = 'system' ORDER BY name_key LIMIT {n}"
            ))?;
            Ok(())
        })
        .unwrap();
    let matching = |verb: &str, more: &[(&str, &str)]| {
        let bulk = "/settings/system-accounts/bulk";
        let filter = [("team", team.as_str()), ("disabled", "1")];
        // What is selected is the set that was shown: a page of its own, and no part of the action.
        let (_, list) = stage.lead(bulk, &[&filter[..], &[("do", "select_matching")]].concat());
        let selection = list.rsplit("selection=").next().unwrap().to_owned();
        let fields = [("selection", selection.as_str()), ("shown", "0"), ("do", verb)];
        stage.post(bulk, &[&filter[..], &fields[..], more].concat())
    };
    let viewer = predefined::READ_ONLY.to_string();
    let mut figures: Vec<(&str, Vec<Duration>)> = vec![
        ("disable, plain SQL", Vec::new()),
        ("disable, Muster", Vec::new()),
        ("add role, plain SQL", Vec::new()),
        ("add role, Muster", Vec::new()),
    ];
    for _ in 0..rounds {
        figures[0].1.push(plain(database, &team, &disable_sql(database)));
        matching("enable", &[]);
        figures[1].1.push(matching("disable", &[]));
        matching("enable", &[]);
        figures[2].1.push(plain(database, &team, &role_sql(&viewer)));
        matching("remove_role", &[("remove_role", &viewer)]);
        figures[3].1.push(matching("add_role", &[("add_role", &viewer)]));
        matching("remove_role", &[("remove_role", &viewer)]);
    }
    println!("{n} accounts, {rounds} rounds, medians");
    for pair in figures.chunks(2) {
        let (sql, muster) = (median(pair[0].1.clone()), median(pair[1].1.clone()));
        println!("{:<22} {sql:9.1} ms   {:<18} {muster:9.1} ms   ratio {:.2}", pair[0].0, pair[1].0, muster / sql);
    }
}

/// The events and the changes, as somebody would write them by hand.
fn plain(database: &Database, team: &Id, statements: &[String]) -> Duration {
    let change = Id::new();
    let began = Instant::now();
    database
        .write_now(|conn| {
            conn.batch_execute(&format!(
                "INSERT INTO audit_changes (id, at, actor_kind, actor_name) VALUES ('{change}', '2026-01-01 00:00:00', 'user', 'Bench')"
            ))?;
            for statement in statements {
                conn.batch_execute(&statement.replace("CHANGE", change.as_str()).replace("TEAM", team.as_str()))?;
            }
            Ok(())
        })
        .unwrap();
    began.elapsed()
}

fn disable_sql(database: &Database) -> [String; 4] {
    let no = if database.engine() == Engine::Sqlite { "0" } else { "FALSE" };
    let copies = |table: &str| {
        format!(
            "UPDATE {table} SET disabled = NOT {no} WHERE account_id IN (SELECT account_id FROM team_members WHERE team_id = 'TEAM')"
        )
    };
    [
        "INSERT INTO audit_events (change_id, at, actor_name, type, target_kind, target_id, target_name) SELECT 'CHANGE', '2026-01-01 00:00:00', \
         'Bench', 'account.disabled', a.kind, \
         a.id, a.name FROM accounts a JOIN team_members m ON m.account_id = a.id WHERE m.team_id = 'TEAM'"
            .into(),
        format!(
            "UPDATE accounts SET disabled = NOT {no}, updated_at = '2026-01-01 00:00:00' WHERE id IN \
             (SELECT account_id FROM team_members WHERE team_id = 'TEAM')"
        ),
        copies("account_roles"),
        copies("team_members"),
    ]
}

fn role_sql(role: &str) -> [String; 2] {
    [
        format!(
            "INSERT INTO audit_events (change_id, at, actor_name, type, target_kind, target_id, target_name, object_id, object_name) \
             SELECT 'CHANGE', '2026-01-01 00:00:00', 'Bench', 'account.role_added', a.kind, a.id, a.name, '{role}', 'Read-Only' FROM accounts a \
             JOIN team_members m ON m.account_id = a.id WHERE m.team_id = 'TEAM'"
        ),
        format!(
            "INSERT INTO account_roles (account_id, role_id, kind, disabled, name_key) SELECT account_id, '{role}', kind, disabled, \
             name_key FROM team_members WHERE team_id = 'TEAM'"
        ),
    ]
}
