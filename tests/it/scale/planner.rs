//! The planner is asked, on both engines, how it would carry out the statements that are really sent.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use diesel::QueryableByName;
use diesel::connection::SimpleConnection;
use diesel::sql_types::{Integer, Text};
use muster::accounts::model::{AccountFilter, ActivityFilter, Kind, OwnedBy, Selection, Sort, TokenState, Window};
use muster::accounts::queries;
use muster::accounts::search::Search;
use muster::clock;
use muster::database::sql::Sql;
use muster::database::{DbConnection, Engine};
use muster::id::Id;
use muster::roles::predefined;
use muster::{audit, roles, settings, teams, tokens};

use super::world::{LARGE_TEAM, RARE_ROLE, TEAM, id};
use crate::support::app::TestApp;
use crate::support::snapshot::lines;
use crate::support::statements::{Recorded, parts, types, with_values};

/// Tables that grow with the number of accounts. (Roles, teams and settings are few, and read whole by right.)
const LARGE: [&str; 6] = ["accounts", "tokens", "account_roles", "team_members", "audit_events", "account_days"];

#[derive(QueryableByName)]
struct SqliteStep {
    #[diesel(sql_type = Integer)]
    #[allow(dead_code, reason = "the columns of EXPLAIN QUERY PLAN")]
    id: i32,
    #[diesel(sql_type = Text)]
    detail: String,
}

#[derive(QueryableByName)]
struct PostgresStep {
    #[diesel(sql_type = Text)]
    #[diesel(column_name = "QUERY PLAN")]
    step: String,
}

/// The steps that the planner says, one a line.
fn plan(conn: &mut DbConnection, engine: Engine, statement: &str) -> Vec<String> {
    match engine {
        Engine::Sqlite => {
            let sql = Sql::new(&format!("EXPLAIN QUERY PLAN {}", parts(statement).0));
            sql.load::<SqliteStep>(conn).unwrap().into_iter().map(|row| row.detail).collect()
        }
        Engine::Postgres => {
            let sql = Sql::new(&format!("EXPLAIN {}", with_values(statement)));
            let steps = sql.load::<PostgresStep>(conn).unwrap_or_else(|error| panic!("{statement}: {error}"));
            steps.into_iter().map(|row| row.step).collect()
        }
    }
}

/// The steps of the plan that Postgres makes for any values, once it has seen a statement often. Of statements that are
/// driven by a filter: what it guesses of filters that leave a few and filters that leave thousands is alike there.
fn generic_plan(conn: &mut DbConnection, engine: Engine, statement: &str) -> Vec<String> {
    let text = parts(statement).0;
    if engine == Engine::Sqlite || !text.contains("picked") {
        return Vec::new();
    }
    let values = (1..).take_while(|number| text.contains(&format!("${number}"))).map(|_| "NULL").collect::<Vec<_>>().join(", ");
    let types = types(statement);
    conn.batch_execute(&format!("SET plan_cache_mode = force_generic_plan; PREPARE asked {types} AS {text}")).unwrap();
    let steps: Vec<PostgresStep> = Sql::new(&format!("EXPLAIN EXECUTE asked ({values})")).load(conn).unwrap();
    conn.batch_execute("DEALLOCATE asked; SET plan_cache_mode = auto").unwrap();
    steps.into_iter().map(|row| row.step).collect()
}

/// The first column of each index of Postgres, by the index's name.
fn leading_columns(conn: &mut DbConnection, engine: Engine) -> HashMap<String, String> {
    if engine == Engine::Sqlite {
        return HashMap::new();
    }
    let sql = "SELECT c.relname || ' ' || a.attname AS line FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid \
               JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = 1 WHERE c.relnamespace = 'public'::regnamespace";
    let split = |line: String| line.split_once(' ').map(|(name, column)| (name.to_owned(), column.to_owned()));
    lines(conn, sql).into_iter().filter_map(split).collect()
}

/// The steps that read a large table whole where an index should serve: without an index, or through all of one. The latter
/// is right only where the index gives the order and a LIMIT ends it early.
fn scans(engine: Engine, statement: &str, steps: &[String], leading: &HashMap<String, String>) -> Vec<String> {
    // What a filter drives ends with the filter's own accounts, and a LIMIT does not make it shorter.
    let stops_early = parts(statement).0.contains("LIMIT") && !statement.contains("picked");
    let whole = |&(at, step): &(usize, &String)| match engine {
        Engine::Sqlite => {
            // `ANY(x)` is a walk from one value of a leading column to the next.
            if step.contains("ANY(") {
                return true;
            }
            // An alias stands in the plan in place of the table: `a`, `f`, `m`, `ar` and so on are what statements use.
            let Some(rest) = step.trim().strip_prefix("SCAN ") else { return false };
            let name = rest.split_whitespace().next().unwrap_or_default();
            // What a subquery gives is scanned once under its name; a second scan of that name is one of a table.
            let times = |step: &str| steps[..at].iter().filter(|earlier| earlier.trim() == step).count();
            if times(&format!("CO-ROUTINE {name}")) > times(step.trim()) {
                return false;
            }
            let transient = name.starts_with('(') || ["picked", "s", "mine"].contains(&name) || rest.contains("VIRTUAL TABLE");
            let few =
                ["roles", "teams", "r", "t", "settings", "role_permissions", "revisions", "audit_changes", "account_totals"]
                    .contains(&name);
            !(transient || few || name == "CONSTANT" || rest.contains("USING") && stops_early)
        }
        Engine::Postgres => {
            let on = |table: &&str| format!("{step} ").contains(&format!(" on {table} "));
            if step.contains("Seq Scan") && LARGE.iter().any(&on) {
                return true;
            }
            let index = match step.split_once("Bitmap Index Scan on ") {
                Some((_, rest)) => rest.split_whitespace().next(),
                None if LARGE.iter().any(on) => step.split_once(" using ").and_then(|(_, rest)| rest.split_whitespace().next()),
                None => None,
            };
            let Some(column) = index.and_then(|index| leading.get(index)) else { return false };
            let condition = steps.get(at + 1).map_or("", |next| next.trim());
            let begins = condition.starts_with("Index Cond:") && condition.contains(column.as_str());
            !begins && !stops_early
        }
    };
    steps.iter().enumerate().filter(whole).map(|(_, step)| step.clone()).collect()
}

/// The way through all accounts in the list's own order is an index's, not a sort of everything.
fn sorts_everything(engine: Engine, statement: &str, steps: &[String]) -> bool {
    let driven = statement.contains("MATERIALIZED");
    let sorts = match engine {
        Engine::Sqlite => steps.iter().any(|step| step.contains("TEMP B-TREE FOR ORDER BY")),
        Engine::Postgres => steps.iter().any(|step| {
            // Not an incremental one, which sorts the few that are alike in the index's order.
            let whole = step.trim_start().trim_start_matches("->").trim_start().starts_with("Sort  (");
            let rows = step.split("rows=").nth(1).and_then(|rest| rest.split(' ').next()?.parse::<u64>().ok());
            whole && rows.is_some_and(|rows| rows > 500)
        }),
    };
    // What shows a description is a page of the list.
    statement.contains("a.description") && !driven && sorts
}

fn filters() -> Vec<(&'static str, AccountFilter)> {
    let all = AccountFilter::all(Kind::System);
    let role = |id: &str| Some(Id::parse(id).unwrap());
    let cicd = predefined::CI_CD.to_string();
    vec![
        ("no filter", all.clone()),
        ("disabled too", AccountFilter { disabled: true, ..all.clone() }),
        ("search, few", AccountFilter { search: "bulk-00001".into(), ..all.clone() }),
        ("search, none", AccountFilter { search: "nothing like it".into(), ..all.clone() }),
        ("search, two words", AccountFilter { search: "00001 bulk-".into(), ..all.clone() }),
        ("search, a word and letters", AccountFilter { search: "bulk-00 1".into(), ..all.clone() }),
        ("search, a UUID", AccountFilter { search: id(2).as_str().into(), ..all.clone() }),
        ("search, a token", AccountFilter { search: Search::parse("seed0000", Some("seed0000")), ..all.clone() }),
        ("search, many", AccountFilter { search: "bulk-".into(), ..all.clone() }),
        ("search, wildcards", AccountFilter { search: "100%_\\\"'".into(), ..all.clone() }),
        ("search, two letters", AccountFilter { search: "bu".into(), ..all.clone() }),
        ("role, few", AccountFilter { role: role(RARE_ROLE), ..all.clone() }),
        ("role, many", AccountFilter { role: role(&cicd), ..all.clone() }),
        ("team", AccountFilter { team: role(TEAM), ..all.clone() }),
        ("used", AccountFilter { activity: Some(ActivityFilter::Recent), ..all.clone() }),
        ("unused", AccountFilter { activity: Some(ActivityFilter::Unused(90)), ..all.clone() }),
        ("never used", AccountFilter { activity: Some(ActivityFilter::Never), ..all.clone() }),
        ("expiring", AccountFilter { expiring: true, ..all.clone() }),
        ("no team", AccountFilter { no_team: true, ..all.clone() }),
        ("no token", AccountFilter { tokens: Some(TokenState::None), ..all.clone() }),
        ("expired tokens", AccountFilter { tokens: Some(TokenState::Expired), ..all.clone() }),
        ("no owner", AccountFilter { owner: Some(OwnedBy::Nobody), ..all.clone() }),
        ("owner has left", AccountFilter { owner: Some(OwnedBy::Left), ..all.clone() }),
        ("of an owner", AccountFilter { owner: Some(OwnedBy::User(id(1))), ..all.clone() }),
        ("colleagues", AccountFilter { colleagues_of: Some(id(1)), ..all.clone() }),
        ("role and search", AccountFilter { role: role(&cicd), search: "bulk-".into(), ..all.clone() }),
        (
            "everything",
            AccountFilter {
                search: "bulk".into(),
                role: role(RARE_ROLE),
                team: role(TEAM),
                activity: Some(ActivityFilter::Never),
                expiring: true,
                disabled: true,
                ..all
            },
        ),
    ]
}

/// Everything behind the list, an account's page and the check. Panics with each whole read of a large table.
pub fn reads_nothing_whole(app: &TestApp) {
    let engine = app.database.engine();
    let mut recorded = Recorded::open(&app.database_url);
    let mut asked: Vec<(String, String)> = Vec::new();
    let mut slow: Vec<(Duration, String)> = Vec::new();
    let mut note = |what: String, began: Instant, sent: Vec<String>| {
        slow.push((began.elapsed(), what.clone()));
        asked.extend(sent.into_iter().map(|statement| (what.clone(), statement)));
    };
    // Where not all combinations are asked for, each filter with each order is asked for two of the five windows besides the first.
    let sorts_in_full = std::env::var_os("MUSTER_TEST_FULL").is_some();
    let sorts = ["name", "-name", "login", "-login", "used", "-used", "expiry", "-expiry", "status", "-status"];
    for (f, (name, filter)) in filters().into_iter().enumerate() {
        for (s, word) in sorts.into_iter().enumerate() {
            let sort = Sort::parse(word);
            let began = Instant::now();
            let (listing, sent) = recorded.during(|conn| queries::list::list(conn, &filter, sort, &Window::Skip(0), 25).unwrap());
            note(format!("{name}, {word}"), began, sent);
            let mut windows = vec![Window::Skip(75), Window::End];
            if !sorts_in_full && (f + s) % 2 == 0 {
                windows.clear();
            }
            if let (Some(first), Some(last)) = (listing.rows.first(), listing.rows.last()) {
                windows.push(Window::After(last.position(sort)));
                windows.push(Window::Before(first.position(sort)));
            }
            for window in windows {
                let began = Instant::now();
                let (_, sent) = recorded.during(|conn| queries::list::list(conn, &filter, sort, &window, 25).unwrap());
                note(format!("{name}, {word}, {}", format!("{window:?}").chars().take(4).collect::<String>()), began, sent);
            }
        }
        let began = Instant::now();
        let (_, sent) = recorded.during(|conn| queries::selection::attention(conn, &filter).unwrap());
        note(format!("{name}, what deserves attention"), began, sent);
    }
    let page: Vec<Id> = (1..=100).map(id).collect();
    let now = clock::now();
    let everything = |conn: &mut DbConnection| {
        roles::queries::badges(conn, &page).unwrap();
        teams::queries::of_accounts(conn, &page).unwrap();
        tokens::queries::summary(conn, &page).unwrap();
        roles::queries::all(conn).unwrap();
        teams::queries::all(conn).unwrap();
        queries::totals(conn, Kind::System).unwrap();
        queries::administrators::administrator_names(conn, 3).unwrap();
        queries::administrators::has_administrator(conn).unwrap();
        muster::web::navigation::NavigationCounts::read(conn, muster::routes::NAVIGATION).unwrap();
        settings::tracked_since(conn).unwrap();
        // An account's page.
        queries::find(conn, Kind::System, &id(2)).unwrap();
        queries::find_named(conn, "bulk-000002").unwrap();
        tokens::queries::of_account(conn, &id(2)).unwrap();
        queries::days(conn, &id(2), (now - TimeDelta::days(30)).date()).unwrap();
        audit::queries::log::recent(conn, &id(2), &[], 12).unwrap();
        audit::queries::log::recent(conn, &id(2), &["token.", "session.", "password."], 12).unwrap();
        // The check, on an account that the memory has to read again.
        muster::check::cache::look_up(conn, b"seed00000002").unwrap();
        tokens::queries::credentials::last_revision(conn).unwrap();
        // Accounts whose tokens have expired.
        tokens::queries::expiry::expired(conn, &(now - TimeDelta::hours(1), String::new()), now, now, 500).unwrap();
        tokens::queries::credentials::changed_since(conn, 0).unwrap();
        tokens::queries::credentials::credentials(conn, &page).unwrap();
        roles::queries::pairs(conn, &page).unwrap();
        teams::queries::pairs(conn, &page).unwrap();
        // Signing in.
        muster::auth::queries::login(conn, "nobody@example.test").unwrap();
        muster::auth::queries::principal(conn, &id(2), Id::new(), Default::default()).unwrap();
        muster::auth::queries::sessions::load(conn, &[0; 32]).unwrap();
        muster::auth::queries::sessions::of_account(conn, &id(2)).unwrap();
    };
    let began = Instant::now();
    let ((), sent) = recorded.during(everything);
    note("what pages and the check need besides".into(), began, sent);
    let began = Instant::now();
    let (_, sent) = recorded.during(|conn| {
        let one = Selection::Accounts(vec![id(1), id(2)]);
        muster::accounts::operations::fingerprint(conn, &filters()[2].1).unwrap();
        muster::accounts::queries::selection::Target::resolve(conn, Kind::System, &one).unwrap().count(conn).unwrap()
    });
    note("what a confirmation needs".into(), began, sent);
    // Some twenty thousand of a hundred thousand: more than a page would count, and still found by the team's index. (How they
    // are joined with their accounts is the planner's: of a fifth it may well read all.)
    let team = AccountFilter { team: Some(Id::parse(LARGE_TEAM).unwrap()), ..AccountFilter::all(Kind::System) };
    let ((_, members), sent) = recorded.during(|conn| muster::accounts::operations::fingerprint(conn, &team).unwrap());
    assert!(members > 10_000, "{members}");
    assert!(sent.iter().any(|statement| statement.contains("WITH picked")), "{sent:?}");

    // By name and with a filter on a moment, SQLite finds those that are shown in an index alone.
    if engine == Engine::Sqlite {
        for (disabled, index) in [(false, "accounts_by_state"), (true, "accounts_by_name")] {
            let filter = AccountFilter { activity: Some(ActivityFilter::Never), disabled, ..AccountFilter::all(Kind::System) };
            let sort = Sort::parse("name");
            let (_, sent) = recorded.during(|conn| queries::list::list(conn, &filter, sort, &Window::Skip(0), 25).unwrap());
            let found =
                sent.iter().find_map(|statement| parts(statement).0.split_once("a.first_expiry_at FROM accounts a ")).unwrap().1;
            let steps = plan(&mut recorded.conn, engine, &format!("SELECT a.id FROM accounts a {found}"));
            assert!(steps.iter().any(|step| step.contains(&format!("COVERING INDEX {index} "))), "{found}: {steps:?}");
        }
    }

    asked.sort_by(|one, other| parts(&one.1).cmp(&parts(&other.1)));
    asked.dedup_by(|one, other| one.1 == other.1);
    // One of each shape is told.
    let mut wrong = std::collections::BTreeMap::new();
    let mut conn = muster::database::manager::open(&app.database_url.parse().unwrap()).unwrap();
    let leading = leading_columns(&mut conn, engine);
    assert!(
        engine == Engine::Sqlite || leading.get("tokens_by_account").is_some_and(|column| column == "account_id"),
        "{leading:?}"
    );
    for (what, statement) in &asked {
        let steps = plan(&mut conn, engine, statement);
        let scans = scans(engine, statement, &steps, &leading);
        if !scans.is_empty() || sorts_everything(engine, statement, &steps) {
            let told = format!("{what}: {}\n{}\n", statement.chars().take(700).collect::<String>(), steps.join("\n"));
            wrong.insert(parts(statement).0.to_owned(), told);
        }
        let steps = generic_plan(&mut conn, engine, statement);
        if !self::scans(engine, statement, &steps, &leading).is_empty() {
            let told = format!("{what}, for any values: {}\n{}\n", parts(statement).0, steps.join("\n"));
            wrong.insert(format!("{} for any values", parts(statement).0), told);
        }
    }
    slow.sort();
    let report: Vec<String> = slow.iter().rev().take(6).map(|(took, what)| format!("{what} {took:.1?}")).collect();
    println!("{engine:?}: {} different statements were explained; the slowest pages: {}", asked.len(), report.join("; "));
    assert!(
        wrong.is_empty(),
        "{} statements read a large table whole:\n{}",
        wrong.len(),
        wrong.values().cloned().collect::<Vec<_>>().join("\n")
    );
}
