//! Every way of reading a page gives the same rows: forward, backward and by number, whatever the filter and the order.

use diesel::prelude::*;
use muster::accounts::model::{AccountRow, Activity, Filter, Kind, Sort, Total, Window};
use muster::accounts::queries::list::list;
use muster::clock;
use muster::database::DbConnection;
use muster::id::Id;
use muster::roles::predefined;
use muster::schema::account_totals;

use super::world::{self, LARGE_TEAM, RARE_ROLE};
use crate::support::app::TestApp;
use crate::support::snapshot::lines;
use crate::support::statements::Recorded;

const ACCOUNTS: usize = 260;
const SIZE: i64 = 25;

/// A filter, and the same as a condition on `accounts a`, as somebody would write it who need not be fast.
fn filters() -> Vec<(Filter, String)> {
    let all = Filter::all(Kind::System);
    let id = |text: &str| Some(Id::parse(text).unwrap());
    let cicd = predefined::CI_CD.to_string();
    let role = |role: &str| format!("a.id IN (SELECT account_id FROM account_roles WHERE role_id = '{role}')");
    let team = format!("a.id IN (SELECT account_id FROM team_members WHERE team_id = '{LARGE_TEAM}')");
    let never = "a.last_used_at = '1970-01-01 00:00:00'".to_owned();
    let expiring = "a.id IN (SELECT account_id FROM tokens WHERE expires_at < '2098-01-01 00:00:00')".to_owned();
    // In two teams, and not alone in that.
    let colleague = world::id(8);
    let colleagues = format!(
        "a.id IN (SELECT f.account_id FROM team_members f JOIN team_members m ON m.team_id = f.team_id WHERE m.account_id = '{colleague}')"
    );
    let word = "a.search_text LIKE '%number 1%'".to_owned();
    let mut filters = vec![
        (all.clone(), "1 = 1".to_owned()),
        (Filter { search: "number 1".into(), ..all.clone() }, word.clone()),
        (Filter { search: "r ".into(), ..all.clone() }, "a.search_text LIKE '%r %'".into()),
        (Filter { search: "bulk-00004".into(), ..all.clone() }, "a.search_text LIKE '%bulk-00004%'".into()),
        (Filter { role: id(&cicd), ..all.clone() }, role(&cicd)),
        (Filter { role: id(RARE_ROLE), ..all.clone() }, role(RARE_ROLE)),
        (Filter { team: id(LARGE_TEAM), ..all.clone() }, team.clone()),
        (Filter { activity: Some(Activity::Never), ..all.clone() }, never.clone()),
        (Filter { expiring: true, ..all.clone() }, expiring),
        (Filter { colleagues_of: Some(colleague), ..all.clone() }, colleagues),
        (Filter { role: id(&cicd), search: "number 1".into(), ..all.clone() }, format!("{} AND {word}", role(&cicd))),
        (Filter { activity: Some(Activity::Never), search: "number 1".into(), ..all.clone() }, format!("{never} AND {word}")),
        (
            Filter { role: id(&cicd), team: id(LARGE_TEAM), activity: Some(Activity::Never), ..all },
            format!("{} AND {team} AND {never}", role(&cicd)),
        ),
    ];
    let with_disabled: Vec<_> =
        filters.iter().map(|(filter, condition)| (Filter { disabled: true, ..filter.clone() }, condition.clone())).collect();
    for (_, condition) in &mut filters {
        *condition += " AND a.disabled = FALSE";
    }
    filters.extend(with_disabled);
    filters
}

fn page(conn: &mut DbConnection, filter: &Filter, sort: Sort, window: &Window) -> (Vec<AccountRow>, bool, bool, Total) {
    let listing = list(conn, filter, sort, window, SIZE).unwrap();
    (listing.rows, listing.before, listing.after, listing.total)
}

/// What a large list says of how many match is so, whether they were counted or tried on a sample; and a page beyond the end
/// shows the last one.
pub fn totals_are_true(app: &TestApp) {
    let (mut few, mut many) = (0, 0);
    for (filter, condition) in filters().into_iter().filter(|(filter, _)| !filter.is_plain()) {
        app.read(|conn| {
            let sql = format!("SELECT CAST(count(*) AS TEXT) AS line FROM accounts a WHERE a.kind = 'system' AND {condition}");
            let count: i64 = lines(conn, &sql)[0].parse().unwrap();
            for word in ["name", "-used"] {
                let total = page(conn, &filter, Sort::parse(word), &Window::Skip(0)).3;
                assert_eq!((total.count, total.more), (count.min(1_000), count > 1_000), "{count} of {filter:?} by {word}");
            }
            let (rows, before, after, _) = page(conn, &filter, Sort::parse("name"), &Window::Skip(count + 1_000));
            let rest = i64::try_from(rows.len()).unwrap();
            assert_eq!((rest, before, after), ((count - 1) % SIZE + 1, count > SIZE, false), "{count} of {filter:?}");
            if count > 1_000 {
                many += 1
            } else {
                few += 1
            }
            Ok(())
        });
    }
    assert!(few >= 4 && many >= 12, "{few} and {many}");
}

/// A word that most accounts have is not looked up in its index, where all of them would be gathered: the sample has seen it.
pub fn common_words_are_not_gathered(app: &TestApp) {
    let mut recorded = Recorded::open(&app.database_url);
    for (word, is_common) in [("bulk-", true), ("number ", true), ("bulk-00004", false), ("number 777", false)] {
        let filter = Filter { search: word.into(), ..Filter::all(Kind::System) };
        let ((rows, ..), sent) = recorded.during(|conn| page(conn, &filter, Sort::parse("name"), &Window::Skip(0)));
        assert!(!rows.is_empty(), "{word}");
        assert_eq!(sent.iter().all(|statement| !statement.contains("WITH picked")), is_common, "{word}: {sent:#?}");
    }
}

fn ids(rows: &[AccountRow]) -> Vec<String> {
    rows.iter().map(|row| row.id.to_string()).collect()
}

/// Walks over all pages from one end to the other.
fn walk(conn: &mut DbConnection, filter: &Filter, sort: Sort, forward: bool) -> Vec<String> {
    let mut walked = Vec::new();
    let mut window = if forward { Window::Skip(0) } else { Window::End };
    loop {
        let (rows, before, after, _) = page(conn, filter, sort, &window);
        let (edge, more) = if forward { (rows.last(), after) } else { (rows.first(), before) };
        let position = edge.map(|row| row.position.clone());
        let at = if forward { walked.len() } else { 0 };
        walked.splice(at..at, ids(&rows));
        match position {
            Some(position) if more => window = if forward { Window::After(position) } else { Window::Before(position) },
            _ => return walked,
        }
    }
}

#[test]
fn every_way_and_window_shows_the_same_rows() {
    let app = world::with(ACCOUNTS);
    let now = clock::now();
    let mut compared = 0;
    // What is written down as the number of accounts decides whether matches are gathered, or accounts read in order, or the
    // filter first tried on a sample.
    for crowd in [0, 9_000, i64::from(u32::MAX)] {
        app.write(move |conn| {
            let system = account_totals::table.filter(account_totals::kind.eq("system"));
            Ok(diesel::update(system).set(account_totals::total.eq(crowd)).execute(conn)?)
        });
        for (filter, condition) in filters() {
            for word in ["name", "-name", "login", "-used", "used", "expiry", "-expiry", "-status"] {
                let sort = Sort::parse(word);
                let column = match word.trim_start_matches('-') {
                    "login" => "a.last_login_at, ",
                    "used" => "a.last_used_at, ",
                    "expiry" => "a.first_expiry_at, ",
                    "status" => "a.disabled, ",
                    _ => "",
                };
                let columns = format!("{column}a.name_key, a.id");
                let order = if sort.descending { columns.replace(", ", " DESC, ") + " DESC" } else { columns };
                let sql = format!("SELECT a.id AS line FROM accounts a WHERE a.kind = 'system' AND {condition} ORDER BY {order}");
                let told = format!("{filter:?} by {word}, as if of {crowd}");
                app.read(|conn| {
                    let expected = lines(conn, &sql);
                    assert_eq!(walk(conn, &filter, sort, true), expected, "{told}");
                    assert_eq!(walk(conn, &filter, sort, false), expected, "{told}, backward");
                    let (rows, _, _, total) = page(conn, &filter, sort, &Window::Skip(SIZE));
                    let second = expected.iter().skip(25).take(25).cloned().collect::<Vec<_>>();
                    if !second.is_empty() && !filter.is_plain() {
                        assert_eq!(ids(&rows), second, "{told}, second page");
                    }
                    // A sample of so large a list as it takes this one for says that there are many.
                    if !(filter.is_plain() || total.more && crowd > 20_000) {
                        assert_eq!(total.count, i64::try_from(expected.len()).unwrap(), "{told}");
                    }
                    compared += expected.len();
                    Ok(())
                });
            }
        }
    }
    println!("{compared} rows came in the expected order, in {:?}", clock::now() - now);
}
