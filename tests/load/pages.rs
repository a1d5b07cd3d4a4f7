//! The list at two sizes: `pages SMALL_URL LARGE_URL ROUNDS`, on databases that `seed` has filled with, say, ten thousand and a
//! million accounts. The first page and the one in the middle of what matches, by name, without a filter and with filters that
//! leave a share of the accounts; each in turn on both, and the ratio of the medians.
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on says so by panicking")]

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use muster::id::Id;
use muster::roles::predefined;
use muster::schema::accounts;

mod stage;

use stage::{Stage, median};

/// Shares of the accounts, by how a name ends: it ends in the account's number and "deploy". Of ten thousand, a smaller share
/// would not fill a page.
const SHARES: [(&str, &str); 2] = [("a tenth", "0 deploy"), ("a hundredth", "00 deploy")];
/// The hundredths that have been used of late, that are unused for long, and that have tokens about to expire.
const LATE: &str = "01 deploy";
const UNUSED: &str = "02 deploy";
const EXPIRING: &str = "03 deploy";

/// A filter: what it is called, its parts of the two addresses, and which accounts match it, in SQL.
struct Case {
    name: String,
    query: [String; 2],
    matching: String,
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let rounds: usize = arguments[3].parse().unwrap();
    let stages = [&arguments[1], &arguments[2]].map(|url| Stage::on(url.parse().unwrap()));
    let groups = stages.each_ref().map(groups);
    println!("| page                                                         |   small ms |   large ms |  ratio |");
    println!("| ------------------------------------------------------------ | ---------- | ---------- | ------ |");
    for case in cases(&groups) {
        let middles = stages.each_ref().map(|stage| middle(stage, &case.matching));
        for place in ["first", "middle"] {
            let paths = [0, 1].map(|size| {
                let position = if place == "middle" { &middles[size] } else { "" };
                format!("/settings/system-accounts?size=50{}{position}", case.query[size])
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
            let label = format!("{}, {place} ({} and {} rows)", case.name, rows[0], rows[1]);
            println!("| {label:<60} | {small:>10.2} | {large:>10.2} | {:>6.2} |", large / small);
        }
    }
}

fn cases(groups: &[[Id; 2]; 2]) -> Vec<Case> {
    let ci_cd = format!("&role={}", predefined::CI_CD);
    let same = |name: &str, query: &str, matching: &str| Case {
        name: name.into(),
        query: [query.into(), query.into()],
        matching: matching.into(),
    };
    let mut cases = vec![
        same("no filter", "", "TRUE"),
        same("role: all", &ci_cd, "TRUE"),
        same("word: all", "&q=deploy", "TRUE"),
        same("word: digits, few", "&q=0042", "search_text LIKE '%0042%'"),
        same("activity: all, never used", "&activity=never", "TRUE"),
        same("activity: a hundredth, of late", "&activity=30", &format!("name LIKE '%{LATE}'")),
        same("activity: a hundredth, long unused", "&activity=unused-90", &format!("name LIKE '%{UNUSED}'")),
        same("activity, disabled too: a hundredth, of late", "&activity=30&disabled=1", &format!("name LIKE '%{LATE}'")),
        same("tokens: a hundredth, expiring", "&expiring=14", &format!("name LIKE '%{EXPIRING}'")),
        same("three filters: never used, word and role that all have", &format!("&activity=never&q=deploy{ci_cd}"), "TRUE"),
        same("a hundredth, of late, and a role that all have", &format!("&activity=30{ci_cd}"), &format!("name LIKE '%{LATE}'")),
    ];
    for (at, (share, ending)) in SHARES.into_iter().enumerate() {
        let of = |name: &str, what: &str, more: &str| Case {
            name: format!("{name}: {share}"),
            query: groups.each_ref().map(|ids| format!("&{what}={}{more}", ids[at])),
            matching: format!("name LIKE '%{ending}'"),
        };
        cases.push(of("team", "team", ""));
        cases.push(of("team, disabled too", "team", "&disabled=1"));
        cases.push(of("role", "role", ""));
        cases.push(of("role and a word that all have", "role", "&q=deploy"));
        cases.push(same(
            &format!("word: {share}"),
            &format!("&q={}", ending.replace(' ', "+")),
            &format!("name LIKE '%{ending}'"),
        ));
    }
    cases
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

/// The identities of the teams, and of the roles, made for this run; and what makes some accounts differ in their activity.
fn groups(stage: &Stage) -> [Id; 2] {
    let moment = |days: i64| (muster::clock::now() + chrono::TimeDelta::days(days)).format("%Y-%m-%d %H:%M:%S");
    let ids = SHARES.map(|_| Id::new());
    let mut sql = String::new();
    for ((name, ending), id) in SHARES.into_iter().zip(&ids) {
        sql += &format!(
            "INSERT INTO teams (id, name, name_key, created_at) VALUES ('{id}', '{name}', '{id}', '2026-01-01 00:00:00'); \
             INSERT INTO team_members (team_id, account_id, kind, disabled, name_key) \
             SELECT '{id}', id, kind, disabled, name_key FROM accounts WHERE name LIKE '%{ending}'; \
             INSERT INTO roles (id, name, name_key, created_at) VALUES ('{id}', '{name}', '{id}', '2026-01-01 00:00:00'); \
             INSERT INTO account_roles (role_id, account_id, kind, disabled, name_key) \
             SELECT '{id}', id, kind, disabled, name_key FROM accounts WHERE name LIKE '%{ending}';"
        );
    }
    for (ending, days) in [(LATE, -10), (UNUSED, -200)] {
        sql += &format!("UPDATE accounts SET last_used_at = '{}' WHERE name LIKE '%{ending}';", moment(days));
    }
    let (now, soon, digest) = (moment(0), moment(10), "x".repeat(32));
    sql += &format!(
        "INSERT INTO tokens (id, account_id, name, access, digest, created_at, created_by_name, expires_at) \
         SELECT 'soon-' || id, id, 'soon', 'read', {digest}, '{now}', 'bench', '{soon}' FROM accounts WHERE name LIKE '%{EXPIRING}' \
         AND NOT EXISTS (SELECT 1 FROM tokens t WHERE t.id = 'soon-' || accounts.id);\
         UPDATE tokens SET expires_at = '{soon}' WHERE name = 'soon'; \
         UPDATE accounts SET first_expiry_at = '{soon}' WHERE name LIKE '%{EXPIRING}'; ANALYZE",
        digest = match stage.database.engine() {
            muster::database::Engine::Sqlite => format!("CAST('{digest}' AS BLOB)"),
            muster::database::Engine::Postgres => format!("'{digest}'::bytea"),
        },
    );
    stage.database.write_now(|conn| Ok(conn.batch_execute(&sql)?)).unwrap();
    if stage.database.engine() == muster::database::Engine::Postgres {
        // What autovacuum does within the minute.
        stage.database.read_now(|conn| Ok(conn.batch_execute("VACUUM ANALYZE")?)).unwrap();
    }
    ids
}

/// The address of the page that begins in the middle of what matches, by name.
fn middle(stage: &Stage, matching: &str) -> String {
    let (name_key, id): (String, Id) = stage
        .database
        .read_now(|conn| {
            let all = || accounts::table.filter(accounts::kind.eq("system")).filter(sql::<Bool>(matching));
            let count: i64 = all().count().get_result(conn)?;
            let columns = (accounts::name_key, accounts::id);
            Ok(all().order(columns).offset((count / 2 - 1).max(0)).select(columns).first(conn)?)
        })
        .unwrap();
    format!("&after={}", URL_SAFE_NO_PAD.encode(serde_json::json!([null, [name_key, id]]).to_string()))
}
