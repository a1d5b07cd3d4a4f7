//! Every query plan gives the same rows: forward, backward and by number, whatever the filter and the order.

use muster::accounts::model::{AccountFilter, AccountRow, ActivityFilter, Kind, Order, OwnedBy, Sort, TokenState, Total, Window};
use muster::accounts::queries::list::{Listing, PagePosition, list, list_gathering};
use muster::accounts::search::Search;
use muster::clock;
use muster::database::DbConnection;
use muster::id::Id;
use muster::roles::predefined;

use super::world::{self, LARGE_TEAM, RARE_ROLE};
use crate::support::app::TestApp;
use crate::support::snapshot::lines;
use crate::support::statements::Recorded;

const ACCOUNTS: usize = 260;
const SIZE: i64 = 25;

/// Filters, and the same as conditions on `accounts a`, as somebody would write them who need not be fast.
fn filters() -> Vec<(AccountFilter, String)> {
    let enabled = conditions().into_iter().map(|(filter, condition)| (filter, condition + " AND a.disabled = FALSE"));
    enabled
        .chain(conditions().into_iter().map(|(filter, condition)| (AccountFilter { disabled: true, ..filter }, condition)))
        .collect()
}

fn conditions() -> Vec<(AccountFilter, String)> {
    let all = AccountFilter::all(Kind::System);
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
    let number = "a.search_text LIKE '%number%'";
    let words = "a.search_text LIKE '%number%' AND a.search_text LIKE '%1%' AND a.search_text LIKE '%bulk-0%'".to_owned();
    let token = "seed00000012";
    let of_token = format!("a.id IN (SELECT account_id FROM tokens WHERE id = '{token}')");
    vec![
        (all.clone(), "1 = 1".to_owned()),
        (AccountFilter { search: "1 bulk-0 number".into(), ..all.clone() }, words.clone()),
        (AccountFilter { search: "r".into(), ..all.clone() }, "a.search_text LIKE '%r%'".into()),
        (AccountFilter { search: "5 b".into(), ..all.clone() }, "a.search_text LIKE '%5%' AND a.search_text LIKE '%b%'".into()),
        (AccountFilter { search: world::id(9).as_str().into(), ..all.clone() }, format!("a.id = '{}'", world::id(9))),
        (AccountFilter { search: Search::parse(token, Some(token)), ..all.clone() }, of_token),
        (AccountFilter { search: "bulk-00004".into(), ..all.clone() }, "a.search_text LIKE '%bulk-00004%'".into()),
        (AccountFilter { role: id(&cicd), ..all.clone() }, role(&cicd)),
        (AccountFilter { role: id(RARE_ROLE), ..all.clone() }, role(RARE_ROLE)),
        (AccountFilter { team: id(LARGE_TEAM), ..all.clone() }, team.clone()),
        (AccountFilter { activity: Some(ActivityFilter::Never), ..all.clone() }, never.clone()),
        (AccountFilter { expiring: true, ..all.clone() }, expiring),
        (AccountFilter { colleagues_of: Some(colleague), ..all.clone() }, colleagues),
        (AccountFilter { no_team: true, ..all.clone() }, "a.id NOT IN (SELECT account_id FROM team_members)".into()),
        (AccountFilter { tokens: Some(TokenState::None), ..all.clone() }, "a.id NOT IN (SELECT account_id FROM tokens)".into()),
        (AccountFilter { owner: Some(OwnedBy::Nobody), ..all.clone() }, "a.owner_id IS NULL".into()),
        (
            AccountFilter { owner: Some(OwnedBy::Nobody), role: id(&cicd), ..all.clone() },
            format!("a.owner_id IS NULL AND {}", role(&cicd)),
        ),
        (
            AccountFilter { role: id(&cicd), search: "BULK-0 1 number".into(), ..all.clone() },
            format!("{} AND {words}", role(&cicd)),
        ),
        (
            AccountFilter { activity: Some(ActivityFilter::Never), search: "number".into(), ..all.clone() },
            format!("{never} AND {number}"),
        ),
        (
            AccountFilter { role: id(&cicd), team: id(LARGE_TEAM), activity: Some(ActivityFilter::Never), ..all },
            format!("{} AND {team} AND {never}", role(&cicd)),
        ),
    ]
}

fn page(conn: &mut DbConnection, filter: &AccountFilter, sort: Sort, window: &Window) -> (Vec<AccountRow>, bool, bool, Total) {
    let listing = list(conn, filter, sort, window, SIZE).unwrap();
    (listing.rows, listing.before, listing.after, listing.total)
}

/// What a large list says of how many match is so; and a page beyond the end shows the last one. Each filter with or without
/// disabled accounts; with `MUSTER_TEST_FULL` both.
pub fn totals_are_true(app: &TestApp) {
    let (mut few, mut many) = (0, 0);
    let all = std::env::var_os("MUSTER_TEST_FULL").is_some();
    let half = conditions().len();
    for (at, (filter, condition)) in filters().into_iter().enumerate() {
        let is_plain = filter == AccountFilter { disabled: filter.disabled, ..AccountFilter::all(Kind::System) };
        if is_plain || !all && at % half % 2 != at / half {
            continue;
        }
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
    assert!(few >= 3 && many >= 6, "{few} and {many}");
}

/// A word that most accounts have is not looked up in its index, where all of them would be gathered.
pub fn common_words_are_not_gathered(app: &TestApp) {
    let mut recorded = Recorded::open(&app.database_url);
    for (word, is_common) in [("bulk-", true), ("number ", true), ("bulk-00004", false), ("number 777", false)] {
        let filter = AccountFilter { search: word.into(), ..AccountFilter::all(Kind::System) };
        let ((rows, ..), sent) = recorded.during(|conn| page(conn, &filter, Sort::parse("name"), &Window::Skip(0)));
        assert!(!rows.is_empty(), "{word}");
        assert_eq!(sent.iter().all(|statement| !statement.contains("WITH picked")), is_common, "{word}: {sent:#?}");
    }
}

fn ids(rows: &[AccountRow]) -> Vec<String> {
    rows.iter().map(|row| row.id.to_string()).collect()
}

/// Walks over all pages from one end to the other.
fn walk(conn: &mut DbConnection, filter: &AccountFilter, (sort, gather): (Sort, Option<i64>), forward: bool) -> Vec<String> {
    let mut walked = Vec::new();
    let mut window = if forward { Window::Skip(0) } else { Window::End };
    loop {
        let Listing { rows, before, after, .. } =
            list_gathering(conn, filter, PagePosition { sort, window: &window, size: SIZE }, gather).unwrap();
        let (edge, more) = if forward { (rows.last(), after) } else { (rows.first(), before) };
        let position = edge.map(|row| row.position(sort));
        let at = if forward { walked.len() } else { 0 };
        walked.splice(at..at, ids(&rows));
        match position {
            Some(position) if more => window = if forward { Window::After(position) } else { Window::Before(position) },
            _ => return walked,
        }
    }
}

/// Each pair of a filter, an order and a bound of what is gathered; with `MUSTER_TEST_FULL` all combinations.
#[test]
fn every_plan_and_window_shows_the_same_rows() {
    let app = world::with(ACCOUNTS);
    let now = clock::now();
    let all = std::env::var_os("MUSTER_TEST_FULL").is_some();
    let sorts = ["name", "-name", "login", "-used", "used", "expiry", "-expiry", "-status"];
    let bounds = [Some(0), Some(60), None];
    let (filters, half) = (filters(), conditions().len());
    let (mut compared, mut combinations) = (0, 0);
    for (f, (filter, condition)) in filters.iter().enumerate() {
        for (s, word) in sorts.into_iter().enumerate() {
            // The second half is the first with disabled accounts.
            let (at, with_disabled) = (f % half, f / half);
            for (g, gather) in bounds.into_iter().enumerate() {
                if all || ((at + s) % 2 == with_disabled && (at + s / 2) % 3 == g) {
                    combinations += 1;
                    compared += compare(&app, filter, condition, (Sort::parse(word), gather));
                }
            }
        }
    }
    println!("{compared} rows of {combinations} lists came in the expected order, in {:?}", clock::now() - now);
}

/// Returns how many rows the list has.
fn compare(app: &TestApp, filter: &AccountFilter, condition: &str, way: (Sort, Option<i64>)) -> usize {
    let (sort, gather) = way;
    let columns = match sort.by {
        Order::Name => "a.name_key, a.id",
        Order::Login => "a.last_login_at, a.name_key, a.id",
        Order::Used => "a.last_used_at, a.name_key, a.id",
        Order::Expiry => "a.first_expiry_at, a.name_key, a.id",
        Order::Status => "a.disabled, a.name_key, a.id",
    };
    let order = if sort.descending { columns.replace(", ", " DESC, ") + " DESC" } else { columns.to_owned() };
    let sql = format!("SELECT a.id AS line FROM accounts a WHERE a.kind = 'system' AND {condition} ORDER BY {order}");
    let told = format!("{filter:?} by {}, gathering {gather:?}", sort.as_str());
    app.read(|conn| {
        let expected = lines(conn, &sql);
        assert_eq!(walk(conn, filter, way, true), expected, "{told}");
        assert_eq!(walk(conn, filter, way, false), expected, "{told}, backward");
        let second =
            list_gathering(conn, filter, PagePosition { sort, window: &Window::Skip(SIZE), size: SIZE }, gather).unwrap();
        let rows = expected.iter().skip(25).take(25).cloned().collect::<Vec<_>>();
        if !rows.is_empty() {
            assert_eq!(ids(&second.rows), rows, "{told}, second page");
        }
        assert_eq!((second.total.count, second.total.more), (i64::try_from(expected.len()).unwrap(), false), "{told}");
        Ok(expected.len())
    })
}
