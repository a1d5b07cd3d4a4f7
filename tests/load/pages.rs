//! The list at two sizes: `pages SMALL_URL LARGE_URL ROUNDS`, on databases that `seed` has filled with, say, ten thousand and a
//! million accounts. The first page and the one in the middle, by name, without a filter and with filters that leave a
//! share of the accounts; each in turn on both, and the ratio of the medians.
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on says so by panicking")]

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use muster::id::Id;
use muster::roles::predefined;
use muster::schema::accounts;

mod stage;

use stage::{Stage, median};

/// Teams of every tenth, hundredth and thousandth account: the names end in its number.
const SHARES: [(&str, &str); 3] = [("a tenth", "%0 deploy"), ("a hundredth", "%00 deploy"), ("a thousandth", "%000 deploy")];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let rounds: usize = arguments[3].parse().unwrap();
    let stages = [&arguments[1], &arguments[2]].map(|url| Stage::on(url.parse().unwrap()));
    let teams = stages.each_ref().map(teams);
    let middles = stages.each_ref().map(middle);
    println!("| page                                       |   small ms |   large ms |  ratio |");
    println!("| ------------------------------------------ | ---------- | ---------- | ------ |");
    let mut filters = vec![
        ("no filter", [String::new(), String::new()]),
        ("all: a role", [format!("&role={}", predefined::CI_CD), format!("&role={}", predefined::CI_CD)]),
        ("all: a word", ["&q=deploy".into(), "&q=deploy".into()]),
        ("some: digits", ["&q=0042".into(), "&q=0042".into()]),
        ("all: never used", ["&activity=never".into(), "&activity=never".into()]),
        ("all: three filters", {
            let all = format!("&activity=never&q=deploy&role={}", predefined::CI_CD);
            [all.clone(), all]
        }),
    ];
    for (at, (name, _)) in SHARES.into_iter().enumerate() {
        filters.push((name, teams.each_ref().map(|teams| format!("&team={}", teams[at]))));
    }
    for (name, filter) in filters {
        for place in ["first", "middle"] {
            let paths = [0, 1].map(|size| {
                let position = if place == "middle" { &middles[size] } else { "" };
                format!("/settings/system-accounts?size=50{}{position}", filter[size])
            });
            let mut times = [Vec::new(), Vec::new()];
            let mut rows = [0, 0];
            for round in 0..rounds + 3 {
                for size in [0, 1] {
                    let (time, shown) = get(&stages[size], &paths[size]);
                    rows[size] = shown;
                    if round >= 3 {
                        times[size].push(time);
                    }
                }
            }
            let [small, large] = times.map(median);
            let label = format!("{name}, {place} ({} and {} rows)", rows[0], rows[1]);
            println!("| {label:<42} | {small:>10.2} | {large:>10.2} | {:>6.2} |", large / small);
        }
    }
}

/// Reads a page to its end, and says how many rows of the list it shows.
fn get(stage: &Stage, path: &str) -> (Duration, usize) {
    let began = Instant::now();
    let mut answer = stage.agent.get(format!("{}{path}", stage.base)).call().unwrap();
    let text = answer.body_mut().with_config().limit(10_000_000).read_to_string().unwrap();
    let time = began.elapsed();
    assert_eq!(answer.status(), 200, "{path}");
    (time, text.matches("name=\"id\"").count())
}

/// The identities of the teams, made for this run.
fn teams(stage: &Stage) -> [Id; 3] {
    SHARES.map(|(name, ending)| {
        let id = Id::new();
        let made = stage.database.write_now(|conn| {
            conn.batch_execute(&format!(
                "INSERT INTO teams (id, name, name_key, created_at) VALUES ('{id}', '{name}', '{id}', '2026-01-01 00:00:00'); \
                 INSERT INTO team_members (team_id, account_id) SELECT '{id}', id FROM accounts WHERE name LIKE '{ending}'; ANALYZE"
            ))?;
            Ok(())
        });
        made.unwrap();
        id
    })
}

/// The address of the page that begins in the middle, by name.
fn middle(stage: &Stage) -> String {
    let (name_key, id): (String, Id) = stage
        .database
        .read_now(|conn| {
            let all = || accounts::table.filter(accounts::kind.eq("system"));
            let count: i64 = all().count().get_result(conn)?;
            let columns = (accounts::name_key, accounts::id);
            Ok(all().order(columns).offset(count / 2).select(columns).first(conn)?)
        })
        .unwrap();
    format!("&after={}", URL_SAFE_NO_PAD.encode(serde_json::json!([null, [name_key, id]]).to_string()))
}
