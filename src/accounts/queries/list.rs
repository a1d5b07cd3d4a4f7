//! The list screen: one query for the rows of a page, and how many there are.

use chrono::{Datelike, NaiveDateTime};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Text, Timestamp};

use super::matching::{Asked, Condition, Matching, Target, Way};
use crate::accounts::model::{AccountRow, COUNT_LIMIT, Filter, Order, Sort, Total, Window};
use crate::clock;
use crate::database::sql::{Sql, Value};
use crate::database::{DbConnection, Engine};
use crate::error::Error;
use crate::id::Id;

/// A page of the list.
#[derive(Debug, Clone)]
pub struct Listing {
    /// The rows, in order.
    pub rows: Vec<AccountRow>,
    /// How many match altogether.
    pub total: Total,
    /// How many accounts of this kind there are without any filter: (enabled, disabled).
    pub totals: (i64, i64),
    /// Whether rows come before the first one.
    pub before: bool,
    /// Whether rows come after the last one.
    pub after: bool,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    id: Id,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    name_key: String,
    #[diesel(sql_type = Text)]
    description: String,
    #[diesel(sql_type = Bool)]
    disabled: bool,
    #[diesel(sql_type = Timestamp)]
    last_login_at: NaiveDateTime,
    #[diesel(sql_type = Timestamp)]
    last_used_at: NaiveDateTime,
    #[diesel(sql_type = Timestamp)]
    first_expiry_at: NaiveDateTime,
    /// How many match altogether; -1 where the statement does not say.
    #[diesel(sql_type = BigInt)]
    matching: i64,
}

/// The page of `size` rows that `window` shows of what matches `filter`. The number of statements depends on the filters
/// that are set, never on the number of rows.
///
/// # Errors
/// The database's.
pub fn list(conn: &mut DbConnection, filter: &Filter, sort: Sort, window: &Window, size: i64) -> Result<Listing, Error> {
    let totals = super::totals(conn, filter.kind)?;
    let crowd = totals.0 + if filter.disabled { totals.1 } else { 0 };
    let matching = Matching::for_page(conn, filter, crowd)?;
    let mut total = match filter.is_plain() {
        true => Some(Total { count: crowd, more: false }),
        false => matching.counted().map(told),
    };
    let target = Target::Matching(matching);
    let mut window = total.map_or_else(|| window.clone(), |total| existing(window, total, size));
    let mut page = read(conn, &target, Place { sort, window: &window, size }, Some(crowd))?;
    // Where there is no row, none could say how many match elsewhere.
    if page.rows.is_empty() && matches!(window, Window::Skip(n) if n > 0) {
        let count = target.count(conn)?;
        let nearest = existing(&window, Total { count, more: false }, size);
        if nearest != window {
            window = nearest;
            page = read(conn, &target, Place { sort, window: &window, size }, Some(crowd))?;
        }
        total = total.or(Some(told(count)));
    } else if page.rows.is_empty() && total.is_none() && window != Window::Skip(0) {
        let first = Place { sort, window: &Window::Skip(0), size: 1 };
        total = read(conn, &target, first, Some(crowd))?.matching.map(told);
    }
    let total = total.unwrap_or_else(|| told(page.matching.unwrap_or(0)));
    let Page { rows, reached, .. } = page;
    let (before, after) = match window {
        Window::Skip(n) => (n > 0, reached),
        Window::After(_) => (true, reached),
        Window::Before(_) => (reached, true),
        Window::End => (reached, false),
    };
    Ok(Listing { rows, total, totals, before, after })
}

/// A total as it is told, of a count that may have been broken off.
fn told(found: i64) -> Total {
    Total { count: found.min(COUNT_LIMIT), more: found > COUNT_LIMIT }
}

/// The window, or where it is a page that no longer exists, the last one that does.
fn existing(window: &Window, total: Total, size: i64) -> Window {
    match window {
        Window::Skip(n) if *n > 0 && *n >= total.count && !total.more => Window::Skip((total.count - 1).max(0) / size * size),
        window => window.clone(),
    }
}

/// The first rows of a target, in order.
///
/// # Errors
/// The database's.
pub fn rows(conn: &mut DbConnection, target: &Target, sort: Sort, window: &Window, size: i64) -> Result<Vec<AccountRow>, Error> {
    Ok(read(conn, target, Place { sort, window, size }, None)?.rows)
}

struct Page {
    /// In the order shown.
    rows: Vec<AccountRow>,
    /// Whether there are more in the direction in which they were read.
    reached: bool,
    /// How many match altogether, where the rows say it.
    matching: Option<i64>,
}

/// `crowd` is the number of accounts that would be read one by one if they were read in order; without it, what drives is
/// gathered, and nobody asks how many match.
fn read(conn: &mut DbConnection, target: &Target, place: Place<'_>, crowd: Option<i64>) -> Result<Page, Error> {
    let limit = usize::try_from(place.size).unwrap_or(usize::MAX);
    let mut rows: Vec<Row> = statement(target, place, crowd).load(conn)?;
    let reached = rows.len() > limit;
    rows.truncate(limit);
    if matches!(place.window, Window::Before(_) | Window::End) {
        rows.reverse();
    }
    let matching = rows.first().map(|row| row.matching).filter(|matching| *matching >= 0);
    Ok(Page { rows: rows.into_iter().map(|row| row.shown(place.sort)).collect(), reached, matching })
}

const SHOWN: &str =
    "SELECT a.id, a.name, a.name_key, a.description, a.disabled, a.last_login_at, a.last_used_at, a.first_expiry_at";
const NOT_COUNTED: &str = ", CAST(-1 AS BIGINT) AS matching";

/// The statement behind a page: one row more than it shows, to know whether there is a next one.
fn statement(target: &Target, place: Place<'_>, crowd: Option<i64>) -> Sql {
    let mut sql = Sql::default();
    let Target::Matching(matching) = target else {
        sql.push(SHOWN).push(NOT_COUNTED);
        target.from(&mut sql);
        place.write(&mut sql, "a");
        return sql;
    };
    let by_name = place.sort.by == Order::Name;
    let counted = |sql: &mut Sql| {
        sql.push(SHOWN);
        if crowd.is_none() || matching.is_counted() {
            sql.push(NOT_COUNTED);
        } else {
            sql.push(", ");
            matching.count_to_limit(sql);
            sql.push(" AS matching");
        }
    };
    match matching.way(by_name, crowd.unwrap_or(i64::MAX)) {
        Way::InOrder => {
            counted(&mut sql);
            matching.all(&mut sql);
            matching.tests(None, Asked::InOrder(place.sort.by), &mut sql);
            place.write(&mut sql, "a");
        }
        // Whatever the order is: SQLite sorts the accounts as it reads them again, and keeps no more than a page.
        Way::Gathered(Condition::Search) if matching.is_single() && matching.engine == Engine::Sqlite => {
            matching.with_numbers(&mut sql);
            sql.push(SHOWN).push(", (SELECT count(*) FROM picked) AS matching FROM picked CROSS JOIN accounts a");
            sql.push(" WHERE a.search_id = picked.search_id");
            place.write(&mut sql, "a");
        }
        // The page is known before any account is looked up.
        Way::Gathered(condition) if by_name && matching.is_single() => {
            matching.with(condition, &mut sql);
            sql.push(SHOWN)
                .push(", (SELECT count(*) FROM picked) AS matching FROM (SELECT picked.id, picked.name_key FROM picked");
            sql.push(" WHERE TRUE");
            place.write(&mut sql, "picked");
            sql.push(") page");
            matching.look_up("page", &mut sql);
            place.order(&mut sql, "page");
        }
        Way::Gathered(condition) => {
            matching.with(condition, &mut sql);
            sql.push(", matched AS MATERIALIZED (").push(SHOWN).push(" FROM picked");
            matching.look_up("picked", &mut sql);
            matching.tests(Some(condition), Asked::OfFound, &mut sql);
            sql.push(") SELECT matched.*, (SELECT count(*) FROM matched) AS matching FROM matched WHERE TRUE");
            place.write(&mut sql, "matched");
        }
        Way::Streamed(condition) => {
            counted(&mut sql);
            sql.push(" FROM (SELECT picked.id, picked.name_key FROM ");
            matching.picked(condition, false, &mut sql);
            sql.push(" WHERE TRUE");
            if matching.is_single() {
                place.write(&mut sql, "picked");
                sql.push(") page");
                matching.look_up("page", &mut sql);
                place.order(&mut sql, "page");
                return sql;
            }
            place.begin(&mut sql, "picked");
            if matching.engine == Engine::Postgres {
                // The order is the index's; said here, it survives the join.
                place.order(&mut sql, "picked");
                sql.push(" OFFSET 0");
            }
            sql.push(") streamed");
            matching.look_up("streamed", &mut sql);
            matching.tests(Some(condition), Asked::OfFound, &mut sql);
            place.order(&mut sql, "streamed");
            place.limit(&mut sql);
        }
    }
    sql
}

/// Which part of which order a statement shows.
#[derive(Clone, Copy)]
struct Place<'a> {
    sort: Sort,
    window: &'a Window,
    size: i64,
}

impl Place<'_> {
    /// All of it, on the order's columns of a table. A WHERE stands before.
    fn write(&self, sql: &mut Sql, table: &str) {
        self.begin(sql, table);
        self.order(sql, table);
        self.limit(sql);
    }

    fn begin(&self, sql: &mut Sql, table: &str) {
        if let Window::After(position) | Window::Before(position) = self.window
            && let Some(values) = values(self.sort.by, position)
        {
            let beyond = if self.is_descending() { ") < " } else { ") > " };
            let columns = self.columns().iter().map(|column| format!("{table}.{column}")).collect::<Vec<_>>().join(", ");
            sql.push(" AND (").push(&columns).push(beyond).bind_row(values);
        }
    }

    fn limit(&self, sql: &mut Sql) {
        sql.limit(self.size + 1);
        // Without a value the first page is planned once and for all: of an offset Postgres wants to know how far it goes.
        if let Window::Skip(n @ 1..) = self.window {
            sql.push(" OFFSET ").bind(*n);
        }
    }

    fn order(&self, sql: &mut Sql, table: &str) {
        let direction = if self.is_descending() { " DESC" } else { " ASC" };
        for (at, column) in self.columns().iter().enumerate() {
            sql.push(if at == 0 { " ORDER BY " } else { ", " }).push(table).push(".").push(column).push(direction);
        }
    }

    fn columns(&self) -> &'static [&'static str] {
        match self.sort.by {
            Order::Name => &["name_key", "id"],
            Order::Login => &["last_login_at", "name_key", "id"],
            Order::Used => &["last_used_at", "name_key", "id"],
            Order::Expiry => &["first_expiry_at", "name_key", "id"],
            Order::Status => &["disabled", "name_key", "id"],
        }
    }

    /// Pages before a position are read backward.
    fn is_descending(&self) -> bool {
        self.sort.descending != matches!(self.window, Window::Before(_) | Window::End)
    }
}

const MOMENT: &str = "%Y-%m-%dT%H:%M:%S%.6f";

/// The values of a position, in the types of their columns. `None` where it does not belong to this order.
fn values(by: Order, position: &[String]) -> Option<Vec<Value>> {
    let (first, rest) = match (by, position) {
        (Order::Name, [name, id]) => return Some(vec![name.clone().into(), id.clone().into()]),
        (_, [first, rest @ ..]) if rest.len() == 2 => (first, rest),
        _ => return None,
    };
    let first: Value = match by {
        Order::Status => (first == "1").into(),
        // Postgres knows no moment as far back as chrono does.
        _ => NaiveDateTime::parse_from_str(first, MOMENT).ok().filter(|at| (0..=9999).contains(&at.year()))?.into(),
    };
    Some(std::iter::once(first).chain(rest.iter().map(|text| text.clone().into())).collect())
}

impl Row {
    fn shown(self, sort: Sort) -> AccountRow {
        let moment = |at: NaiveDateTime| at.format(MOMENT).to_string();
        let first = match sort.by {
            Order::Name => None,
            Order::Login => Some(moment(self.last_login_at)),
            Order::Used => Some(moment(self.last_used_at)),
            Order::Expiry => Some(moment(self.first_expiry_at)),
            Order::Status => Some(u8::from(self.disabled).to_string()),
        };
        let position = first.into_iter().chain([self.name_key, self.id.to_string()]).collect();
        AccountRow {
            id: self.id,
            name: self.name,
            description: self.description,
            disabled: self.disabled,
            last_login_at: clock::known(self.last_login_at),
            last_used_at: clock::known(self.last_used_at),
            position,
        }
    }
}
