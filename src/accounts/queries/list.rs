//! The list screen: one query for the rows of a page, one for how many there are.

use chrono::{Datelike, NaiveDateTime};
use diesel::QueryableByName;
use diesel::sql_types::{Bool, Text, Timestamp};

use super::matching::{Matching, Target, Way};
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
}

/// The page of `size` rows that `window` shows of what matches `filter`. The number of statements depends on the filters
/// that are set, never on the number of rows.
///
/// # Errors
/// The database's.
pub fn list(conn: &mut DbConnection, filter: &Filter, sort: Sort, window: &Window, size: i64) -> Result<Listing, Error> {
    let matching = Matching::for_page(conn, filter)?;
    let totals = super::totals(conn, filter.kind)?;
    let crowd = totals.0 + if filter.disabled { totals.1 } else { 0 };
    let total = if filter.is_plain() {
        Total { count: crowd, more: false }
    } else {
        let counted = matching.count_to_limit(conn)?;
        Total { count: counted.min(COUNT_LIMIT), more: counted > COUNT_LIMIT }
    };
    let window = match window {
        // A page that no longer exists shows the last one that does.
        Window::Skip(n) if *n > 0 && *n >= total.count && !total.more => Window::Skip((total.count - 1).max(0) / size * size),
        other => other.clone(),
    };
    let (rows, reached) = read(conn, &Target::Matching(matching), sort, &window, size, crowd)?;
    let (before, after) = match window {
        Window::Skip(n) => (n > 0, reached),
        Window::After(_) => (true, reached),
        Window::Before(_) => (reached, true),
        Window::End => (reached, false),
    };
    Ok(Listing { rows, total, totals, before, after })
}

/// The first rows of a target, in order.
///
/// # Errors
/// The database's.
pub fn rows(conn: &mut DbConnection, target: &Target, sort: Sort, window: &Window, size: i64) -> Result<Vec<AccountRow>, Error> {
    Ok(read(conn, target, sort, window, size, i64::MAX)?.0)
}

/// The rows of a window, in the order shown, and whether there are more in the direction in which they were read.
fn read(
    conn: &mut DbConnection,
    target: &Target,
    sort: Sort,
    window: &Window,
    size: i64,
    crowd: i64,
) -> Result<(Vec<AccountRow>, bool), Error> {
    let limit = usize::try_from(size).unwrap_or(usize::MAX);
    let mut rows: Vec<Row> = statement(target, sort, window, size, crowd).load(conn)?;
    let reached = rows.len() > limit;
    rows.truncate(limit);
    if matches!(window, Window::Before(_) | Window::End) {
        rows.reverse();
    }
    Ok((rows.into_iter().map(|row| row.shown(sort)).collect(), reached))
}

const PICKED: &[&str] = &["picked.name_key", "picked.id"];
const SHOWN: &str =
    "SELECT a.id, a.name, a.name_key, a.description, a.disabled, a.last_login_at, a.last_used_at, a.first_expiry_at";

/// The statement behind a page: one row more than it shows, to know whether there is a next one. `crowd` is the number of
/// accounts that would be read one by one if they were read in order.
fn statement(target: &Target, sort: Sort, window: &Window, size: i64, crowd: i64) -> Sql {
    let mut sql = Sql::default();
    let place = Place { sort, window, size };
    let Target::Matching(matching) = target else {
        sql.push(SHOWN);
        target.from(&mut sql);
        place.write(&mut sql, columns(sort.by));
        return sql;
    };
    let by_name = sort.by == Order::Name;
    match matching.way(by_name, crowd) {
        Way::InOrder => {
            sql.push(SHOWN);
            matching.all(&mut sql);
            matching.tests(None, Some(sort.by), &mut sql);
            place.write(&mut sql, columns(sort.by));
        }
        // The page is known before any account is looked up.
        way @ (Way::Gathered(condition) | Way::Streamed(condition)) if by_name && matching.is_single() => {
            let gathered = way == Way::Gathered(condition);
            if gathered {
                matching.with(condition, &mut sql);
            }
            sql.push(SHOWN).push(" FROM (SELECT picked.id, picked.name_key FROM ");
            matching.picked(condition, gathered, &mut sql);
            sql.push(" WHERE TRUE");
            place.write(&mut sql, PICKED);
            sql.push(") page");
            matching.look_up("page", &mut sql);
            place.order(&mut sql, &["page.name_key", "page.id"]);
        }
        Way::Gathered(condition) => {
            matching.with(condition, &mut sql);
            sql.push(SHOWN).push(" FROM picked");
            matching.look_up("picked", &mut sql);
            matching.tests(Some(condition), None, &mut sql);
            place.write(&mut sql, columns(sort.by));
        }
        Way::Streamed(condition) => {
            sql.push(SHOWN).push(" FROM (SELECT picked.id, picked.name_key FROM ");
            matching.picked(condition, false, &mut sql);
            sql.push(" WHERE TRUE");
            place.begin(&mut sql, PICKED);
            if matching.engine == Engine::Postgres {
                // The order is the index's; said here, it survives the join.
                place.order(&mut sql, PICKED);
                sql.push(" OFFSET 0");
            }
            sql.push(") streamed");
            matching.look_up("streamed", &mut sql);
            matching.tests(Some(condition), None, &mut sql);
            place.order(&mut sql, &["streamed.name_key", "streamed.id"]);
            place.limit(&mut sql);
        }
    }
    sql
}

/// Which part of which order a statement shows.
struct Place<'a> {
    sort: Sort,
    window: &'a Window,
    size: i64,
}

impl Place<'_> {
    /// All of it, on the columns that stand for the order's. A WHERE stands before.
    fn write(&self, sql: &mut Sql, columns: &[&str]) {
        self.begin(sql, columns);
        self.order(sql, columns);
        self.limit(sql);
    }

    fn begin(&self, sql: &mut Sql, columns: &[&str]) {
        if let Window::After(position) | Window::Before(position) = self.window
            && let Some(values) = values(self.sort.by, position)
        {
            let beyond = if self.is_descending() { ") < " } else { ") > " };
            sql.push(" AND (").push(&columns.join(", ")).push(beyond).bind_row(values);
        }
    }

    fn limit(&self, sql: &mut Sql) {
        sql.limit(self.size + 1);
        if let Window::Skip(n) = self.window {
            sql.push(" OFFSET ").bind(*n);
        }
    }

    fn order(&self, sql: &mut Sql, columns: &[&str]) {
        let direction = if self.is_descending() { " DESC" } else { " ASC" };
        for (at, column) in columns.iter().enumerate() {
            sql.push(if at == 0 { " ORDER BY " } else { ", " }).push(column).push(direction);
        }
    }

    /// Pages before a position are read backward.
    fn is_descending(&self) -> bool {
        self.sort.descending != matches!(self.window, Window::Before(_) | Window::End)
    }
}

fn columns(by: Order) -> &'static [&'static str] {
    match by {
        Order::Name => &["a.name_key", "a.id"],
        Order::Login => &["a.last_login_at", "a.name_key", "a.id"],
        Order::Used => &["a.last_used_at", "a.name_key", "a.id"],
        Order::Expiry => &["a.first_expiry_at", "a.name_key", "a.id"],
        Order::Status => &["a.disabled", "a.name_key", "a.id"],
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
