//! The audit log at two sizes:
//!
//! `cargo run --release --example audit -- SMALL_URL LARGE_URL [SMALL LARGE ROUNDS]`
//!
//! on two empty databases of one engine, which it fills with 10,000 and 1,000,000 events. Prints the median time of the first page
//! and of one in the middle, from the request to the end of the answer, for each filter alone, in turn on both, and their ratio;
//! then how long an export of all events takes, how large it is, and how much memory it needs at most.
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on says so by panicking")]

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use muster::audit::filter::{LOG, LogQuery};
use muster::audit::model::LogPosition;
use muster::clock;
use muster::database::{Database, Engine};
use muster::id::Id;

mod stage;

use stage::{Stage, median};

/// As many actors, targets, objects and addresses there are: of ten thousand events each has two pages.
const DIFFERENT: usize = 89;
/// As many events are of a kind that is rare at either size: the oldest.
const RARE: usize = 60;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let urls = [arguments.next().unwrap(), arguments.next().unwrap()];
    let mut number = |default: usize| arguments.next().map_or(default, |text| text.parse().unwrap());
    let (counts, rounds) = ([number(10_000), number(1_000_000)], number(101));
    let stages = [0, 1].map(|at| {
        let stage = Stage::on(urls[at].parse().unwrap());
        let began = Instant::now();
        fill(&stage.database, counts[at]);
        println!("{:?}: made {} events in {:.1?}", stage.database.engine(), counts[at], began.elapsed());
        stage
    });
    println!("| page                             |   small ms |   large ms |  ratio |");
    println!("| -------------------------------- | ---------- | ---------- | ------ |");
    let mut worst = 0.0_f64;
    for (name, query) in queries() {
        for place in ["first", "middle"] {
            let paths = counts.map(|count| match place {
                "first" => query.href(),
                _ => query.href_at("before", LogPosition { at: moment(count, count / 2), seq: i64::MAX }),
            });
            let mut times = [Vec::new(), Vec::new()];
            for round in 0..rounds + 3 {
                for at in [0, 1] {
                    let time = page(&stages[at], &paths[at]);
                    if round >= 3 {
                        times[at].push(time);
                    }
                }
            }
            let [small, large] = times.map(median);
            worst = worst.max(large / small);
            println!("| {:<32} | {small:>10.2} | {large:>10.2} | {:>6.2} |", format!("{name}, {place}"), large / small);
        }
    }
    println!("the worst ratio: {worst:.2}");
    for format in ["jsonl", "csv"] {
        export(&stages[1], format);
    }
}

fn queries() -> [(&'static str, LogQuery); 13] {
    let id = |lead: &str| Id::parse(&format!("{lead}-0000-7000-8000-100000000007")).unwrap().to_string();
    let yesterday = (clock::now() - chrono::TimeDelta::days(1)).date().to_string();
    [
        ("no filter", LogQuery::default()),
        ("target by UUID", LogQuery::of(&id("01900002"))),
        ("target by name", LogQuery::of("target 7")),
        ("nothing found", LogQuery::of("nothing like it")),
        ("role or team", LogQuery { concerned: id("01900003"), ..LogQuery::default() }),
        ("actor by UUID", LogQuery::by(&id("01900001"))),
        ("actor by name", LogQuery::by("Actor 7")),
        ("one kind", LogQuery { kind: "account.disabled".into(), ..LogQuery::default() }),
        ("a group of kinds", LogQuery { kind: "refusals".into(), ..LogQuery::default() }),
        ("a rare kind", LogQuery { kind: "settings".into(), ..LogQuery::default() }),
        ("address", LogQuery::from_address("198.51.100.7")),
        ("one day", LogQuery { period: "dates".into(), from: yesterday.clone(), to: yesterday, ..LogQuery::default() }),
        ("the last 7 days", LogQuery { period: "7".into(), ..LogQuery::default() }),
    ]
}

/// When event number `n` of so many happened: one a minute, the last one now.
fn moment(count: usize, n: usize) -> chrono::NaiveDateTime {
    clock::now() - chrono::TimeDelta::minutes(i64::try_from(count - n).unwrap())
}

/// Events `1` to `count`, by set-based SQL, each a change of its own.
fn fill(database: &Database, count: usize) {
    let begin = moment(count, 0).format("%Y-%m-%d %H:%M:%S");
    let (numbers, at) = if database.engine() == Engine::Sqlite {
        (
            format!("WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {count})"),
            format!("strftime('%Y-%m-%d %H:%M:%S', '{begin}', '+' || n || ' minutes')"),
        )
    } else {
        (format!("WITH s (n) AS (SELECT generate_series(1, {count}))"), format!("TIMESTAMP '{begin}' + n * INTERVAL '1 minute'"))
    };
    let id = |lead: &str| format!("'{lead}-0000-7000-8000-' || CAST(100000000000 + n % {DIFFERENT} AS TEXT)");
    let (actor, target, object) = (id("01900001"), id("01900002"), id("01900003"));
    let one = format!("n % {DIFFERENT}");
    let statements = [
        format!(
            "INSERT INTO audit_changes (id, at, actor_kind, actor_id, actor_name, address) {numbers} SELECT 'c' || n, {at}, 'user', \
             {actor}, 'actor ' || {one}, '198.51.100.' || {one} FROM s"
        ),
        format!(
            "INSERT INTO audit_events (change_id, at, actor_id, actor_name, address, type, target_kind, target_id, target_name, object_id, \
             object_name) {numbers} SELECT 'c' || n, {at}, {actor}, 'actor ' || {one}, '198.51.100.' || {one}, CASE WHEN n <= {RARE} THEN \
             'settings.changed' WHEN n % 5 = 0 THEN 'account.disabled' WHEN n % 5 = 1 THEN 'account.role_added' WHEN n % 5 = 2 THEN \
             'token.refused' WHEN n % 5 = 3 THEN 'session.started' ELSE 'access.refused' END, 'system', {target}, 'target ' || {one}, \
             {object}, 'object ' || {one} FROM s"
        ),
    ];
    database.write_now(|conn| statements.iter().try_for_each(|statement| Ok(conn.batch_execute(statement)?))).unwrap();
    let upkeep = if database.engine() == Engine::Sqlite { "ANALYZE" } else { "VACUUM ANALYZE" };
    database.read_now(|conn| Ok(conn.batch_execute(upkeep)?)).unwrap();
}

/// Reads a page to its end.
fn page(stage: &Stage, path: &str) -> Duration {
    let began = Instant::now();
    let mut answer = stage.agent.get(format!("{}{path}", stage.base)).call().unwrap();
    let text = answer.body_mut().read_to_string().unwrap();
    assert!(answer.status() == 200 && text.contains("</html>"), "{path}");
    began.elapsed()
}

/// Takes a copy of all events. The server is in this process, and so is the reader, which keeps nothing.
fn export(stage: &Stage, format: &str) {
    // Forgets how much memory was needed until now.
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    let (before, began) = (memory("VmRSS"), Instant::now());
    let answer = stage.agent.get(format!("{}{LOG}/export?format={format}", stage.base)).call().unwrap();
    let bytes = std::io::copy(&mut answer.into_body().into_reader(), &mut std::io::sink()).unwrap();
    let (time, most) = (began.elapsed(), memory("VmHWM"));
    println!("export as {format}: {time:.1?}, {} MB, memory at most {most} MB ({before} MB before)", bytes / 1_000_000);
}

/// In MB.
fn memory(name: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() / 1024
}
