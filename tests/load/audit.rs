//! Times the pages of the audit log, each filter alone, at 10,000 and at 1,000,000 events.
//!
//! `cargo run --release --example audit -- URL [EVENTS...]` on an empty database of either engine. Prints the median of a
//! page's time for each filter and number of events, and what the larger number costs more. With numbers, those are used.
#![allow(clippy::unwrap_used, reason = "a bench that cannot go on says so by panicking")]

use std::time::{Duration, Instant};

use muster::audit::filter::LogQuery;
use muster::audit::queries::log::{self, Way};
use muster::clock;
use muster::database::sql::Sql;
use muster::database::{Database, Engine, migrations};
use muster::id::Id;

/// Pages read for one number.
const READS: usize = 101;
const PAGE: i64 = 51;

/// Adds events up to `count`: a thousand actors, targets, objects and addresses, five kinds, one minute apart.
fn fill(database: &Database, count: usize) {
    let sqlite = database.engine() == Engine::Sqlite;
    let number = |modulus: usize| format!("(n % {modulus})");
    let id = |lead: &str| {
        let number = number(997);
        let padded = if sqlite { format!("printf('%012d', {number})") } else { format!("lpad(cast({number} AS text), 12, '0')") };
        format!("'{lead}-0000-7000-8000-' || {padded}")
    };
    let at = if sqlite {
        "strftime('%Y-%m-%d %H:%M:%S', '2024-01-01', '+' || n || ' minutes')"
    } else {
        "TIMESTAMP '2024-01-01' + n * INTERVAL '1 minute'"
    };
    let (actor, target, object) = (id("01900001"), id("01900002"), id("01900003"));
    let verb = "CASE n % 5 WHEN 0 THEN 'account.disabled' WHEN 1 THEN 'account.role_added' WHEN 2 THEN 'token.refused' \
                WHEN 3 THEN 'session.started' ELSE 'access.refused' END";
    let address = format!("'198.51.100.' || {}", number(251));
    database
        .write_now(|conn| {
            let there = Sql::new("SELECT count(*) AS n FROM audit_events").number(conn)?;
            let numbers =
                format!("WITH RECURSIVE s (n) AS (SELECT {} UNION ALL SELECT n + 1 FROM s WHERE n < {count})", there + 1);
            for sql in [
                format!(
                    "INSERT INTO audit_changes (id, at, actor_kind, actor_id, actor_name, address) {numbers} \
                     SELECT 'c' || n, {at}, 'user', {actor}, 'actor ' || {}, {address} FROM s",
                    number(997)
                ),
                format!(
                    "INSERT INTO audit_events (change_id, at, actor_id, actor_name, address, type, target_kind, target_id, target_name, \
                     object_id, object_name) {numbers} SELECT 'c' || n, {at}, {actor}, 'actor ' || {n}, {address}, {verb}, 'system', \
                     {target}, 'target ' || {n}, {object}, 'object ' || {n} FROM s",
                    n = number(997)
                ),
            ] {
                Sql::new(&sql).execute(conn)?;
            }
            Ok(())
        })
        .unwrap();
    if !sqlite {
        database.read_now(|conn| Sql::new("ANALYZE audit_events").execute(conn)).unwrap();
        database.read_now(|conn| Sql::new("ANALYZE audit_changes").execute(conn)).unwrap();
    }
}

fn median(database: &Database, query: &LogQuery) -> Duration {
    let filter = query.filter(clock::now().date()).unwrap();
    let mut times: Vec<Duration> = (0..READS)
        .map(|_| {
            let began = Instant::now();
            database
                .read_now(|conn| {
                    let criteria = log::criteria(conn, &filter)?;
                    let page = log::page(conn, &criteria, Way::Older(None), PAGE)?;
                    log::living(conn, &page)
                })
                .unwrap();
            began.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[READS / 2]
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let url: muster::config::DatabaseUrl = arguments.next().unwrap().parse().unwrap();
    let mut counts: Vec<usize> = arguments.map(|count| count.parse().unwrap()).collect();
    if counts.is_empty() {
        counts = vec![10_000, 1_000_000];
    }
    migrations::migrate(&url).unwrap();
    let database = Database::connect(url, 1).unwrap();
    let id = |lead: &str| Id::parse(&format!("{lead}-0000-7000-8000-000000000007")).unwrap().to_string();
    let queries = [
        ("none", LogQuery::default()),
        ("target by id", LogQuery::of(&id("01900002"))),
        ("target by name", LogQuery::of("target 7")),
        ("nothing found", LogQuery::of("nothing like it")),
        ("role or team", LogQuery { concerned: id("01900003"), ..LogQuery::default() }),
        ("actor by id", LogQuery::by(&id("01900001"))),
        ("actor by name", LogQuery::by("Actor 7")),
        ("one kind", LogQuery { kind: "account.disabled".into(), ..LogQuery::default() }),
        ("group of kinds", LogQuery { kind: "refusals".into(), ..LogQuery::default() }),
        ("rare kind", LogQuery { kind: "settings".into(), ..LogQuery::default() }),
        ("address", LogQuery::from_address("198.51.100.7")),
        ("one day", LogQuery { from: "2024-01-03".into(), to: "2024-01-03".into(), ..LogQuery::default() }),
        ("last 30 days", LogQuery { period: "30".into(), ..LogQuery::default() }),
    ];
    let mut columns: Vec<Vec<Duration>> = Vec::new();
    for count in &counts {
        fill(&database, *count);
        columns.push(queries.iter().map(|(_, query)| median(&database, query)).collect());
    }
    println!(
        "{:?}, median of {READS} pages, in ms at {counts:?} events, and the last as a multiple of the first",
        database.engine()
    );
    for (at, (name, _)) in queries.iter().enumerate() {
        let times: Vec<f64> = columns.iter().map(|column| column[at].as_secs_f64() * 1000.0).collect();
        let shown: Vec<String> = times.iter().map(|time| format!("{time:8.2}")).collect();
        println!("{name:16} {} {:6.2}", shown.join(" "), times[times.len() - 1] / times[0]);
    }
}
