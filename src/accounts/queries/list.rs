//! The list screen: one query for the rows of a page, one for how many there are.

use chrono::{Datelike, NaiveDateTime};
use diesel::QueryableByName;
use diesel::sql_types::{Bool, Text, Timestamp};

use super::matching::{Matching, Target};
use crate::accounts::model::{AccountRow, COUNT_LIMIT, Filter, Order, Sort, Total, Window};
use crate::clock;
use crate::database::DbConnection;
use crate::database::sql::{Sql, Value};
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
    let target = Target::Matching(Matching::plan(conn, filter)?);
    let totals = super::totals(conn, filter.kind)?;
    let total = total(conn, filter, &target, totals)?;
    let window = match window {
        // A page that no longer exists shows the last one that does.
        Window::Skip(n) if *n > 0 && *n >= total.count && !total.more => Window::Skip((total.count - 1).max(0) / size * size),
        other => other.clone(),
    };
    let (rows, reached) = read(conn, &target, sort, &window, size)?;
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
    Ok(read(conn, target, sort, window, size)?.0)
}

/// The rows of a window, in the order shown, and whether there are more in the direction in which they were read.
fn read(
    conn: &mut DbConnection,
    target: &Target,
    sort: Sort,
    window: &Window,
    size: i64,
) -> Result<(Vec<AccountRow>, bool), Error> {
    let limit = usize::try_from(size).unwrap_or(usize::MAX);
    let mut rows: Vec<Row> = statement(target, sort, window, size).load(conn)?;
    let reached = rows.len() > limit;
    rows.truncate(limit);
    if matches!(window, Window::Before(_) | Window::End) {
        rows.reverse();
    }
    Ok((rows.into_iter().map(|row| row.shown(sort)).collect(), reached))
}

fn total(conn: &mut DbConnection, filter: &Filter, target: &Target, (enabled, disabled): (i64, i64)) -> Result<Total, Error> {
    if filter.is_plain() {
        return Ok(Total { count: enabled + if filter.disabled { disabled } else { 0 }, more: false });
    }
    let counted = target.count_to_limit(conn)?;
    Ok(Total { count: counted.min(COUNT_LIMIT), more: counted > COUNT_LIMIT })
}

/// The statement behind a page: one row more than it shows, to know whether there is a next one.
pub fn statement(target: &Target, sort: Sort, window: &Window, size: i64) -> Sql {
    let mut sql = Sql::default();
    target.with(&mut sql);
    sql.push("SELECT a.id, a.name, a.name_key, a.description, a.disabled, a.last_login_at, a.last_used_at, a.first_expiry_at");
    target.page_from(&mut sql, sort.by != Order::Used);
    let columns = columns(sort.by);
    let backward = matches!(window, Window::Before(_) | Window::End);
    let descending = sort.descending != backward;
    if let Window::After(position) | Window::Before(position) = window
        && let Some(values) = values(sort.by, position)
    {
        sql.push(" AND (").push(&columns.join(", ")).push(if descending { ") < " } else { ") > " }).bind_list(values);
    }
    let direction = if descending { " DESC" } else { " ASC" };
    for (at, column) in columns.iter().enumerate() {
        sql.push(if at == 0 { " ORDER BY " } else { ", " }).push(column).push(direction);
    }
    sql.push(" LIMIT ").bind(size + 1);
    if let Window::Skip(n) = window {
        sql.push(" OFFSET ").bind(*n);
    }
    sql
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
