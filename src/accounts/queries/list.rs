//! The list screen: one query for the rows of a page, and how many there are.

use chrono::{Datelike, NaiveDateTime};
use diesel::QueryableByName;
use diesel::sql_types::{Bool, Text, Timestamp};

use super::hints::keep_order;
use super::plan::{QueryPlan, RowEstimates, gathered_for_page};
use super::predicates::{Asked, Criteria};
use super::selection::Target;
use crate::accounts::model::{AccountRow, Filter, Order, Selection, Sort, Total, Window};
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
struct ShownRow {
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
pub fn list(conn: &mut DbConnection, filter: &Filter, sort: Sort, window: &Window, size: i64) -> Result<Listing, Error> {
    list_gathering(conn, filter, sort, window, size, None)
}

/// The same, gathering no more than `gather` rows.
pub fn list_gathering(
    conn: &mut DbConnection,
    filter: &Filter,
    sort: Sort,
    window: &Window,
    size: i64,
    gather: Option<i64>,
) -> Result<Listing, Error> {
    let totals = super::totals(conn, filter.kind)?;
    let accounts = of_state(filter, totals);
    let criteria = Criteria::new(conn, filter);
    let estimates = RowEstimates::of(conn, &criteria, gather.unwrap_or_else(|| gathered_for_page(accounts)))?;
    let total = match filter.is_plain() {
        true => Total { count: accounts, more: false },
        false => criteria.total(conn, &estimates)?,
    };
    let plan = estimates.plan(sort.by == Order::Name);
    let mut window = existing(window, total, size);
    let mut page = read(conn, &criteria, plan, Place { sort, window: &window, size })?;
    // A page with a number that may be beyond the end of what was not counted to the end.
    if page.rows.is_empty() && total.more && matches!(window, Window::Skip(_)) {
        let count = Target::Matching(Box::new(criteria.clone()), estimates.plan(false)).count(conn)?;
        window = existing(&window, Total { count, more: false }, size);
        page = read(conn, &criteria, plan, Place { sort, window: &window, size })?;
    }
    let Page { rows, reached } = page;
    let (before, after) = match window {
        Window::Skip(n) => (n > 0, reached),
        Window::After(_) => (true, reached),
        Window::Before(_) => (reached, true),
        Window::End => (reached, false),
    };
    Ok(Listing { rows, total, totals, before, after })
}

/// How many accounts are of the state that is meant.
fn of_state(filter: &Filter, (enabled, disabled): (i64, i64)) -> i64 {
    match (filter.only_disabled, filter.disabled) {
        (true, _) => disabled,
        (false, true) => enabled + disabled,
        (false, false) => enabled,
    }
}

/// The identities of at most `size` accounts after the first `offset` of what matches, in order, and how many match, all of them
/// counted. Beyond the end there are none.
pub fn numbered(conn: &mut DbConnection, filter: &Filter, sort: Sort, offset: i64, size: i64) -> Result<(Vec<Id>, i64), Error> {
    let target = Target::resolve(conn, filter.kind, &Selection::Matching(filter.clone()))?;
    let total = match filter.is_plain() {
        true => of_state(filter, super::totals(conn, filter.kind)?),
        false => target.count(conn)?,
    };
    if size <= 0 || offset >= total {
        return Ok((Vec::new(), total));
    }
    let found = rows(conn, &target, sort, &Window::Skip(offset), size)?;
    Ok((found.into_iter().map(|row| row.id).collect(), total))
}

/// The window, or where it is a page that no longer exists, the last one that does.
fn existing(window: &Window, total: Total, size: i64) -> Window {
    match window {
        Window::Skip(n) if *n > 0 && *n >= total.count && !total.more => Window::Skip((total.count - 1).max(0) / size * size),
        window => window.clone(),
    }
}

/// The first rows of a target, in order.
pub fn rows(conn: &mut DbConnection, target: &Target, sort: Sort, window: &Window, size: i64) -> Result<Vec<AccountRow>, Error> {
    let place = Place { sort, window, size };
    if let Target::Matching(criteria, plan) = target {
        return Ok(read(conn, criteria, *plan, place)?.rows);
    }
    let mut sql = Sql::new(SHOWN);
    target.from(&mut sql);
    place.write(&mut sql, "a");
    Ok(page(sql, conn, place)?.rows)
}

struct Page {
    /// In the order shown.
    rows: Vec<AccountRow>,
    /// Whether there are more in the direction in which they were read.
    reached: bool,
}

const SHOWN: &str =
    "SELECT a.id, a.name, a.name_key, a.description, a.disabled, a.last_login_at, a.last_used_at, a.first_expiry_at";

fn read(conn: &mut DbConnection, criteria: &Criteria, plan: QueryPlan, place: Place<'_>) -> Result<Page, Error> {
    let mut sql = Sql::default();
    criteria.with(plan, &mut sql);
    sql.push(SHOWN);
    match plan {
        QueryPlan::InOrder => {
            criteria.from(plan, Asked::InOrder(Some(place.sort.by)), |_| {}, &mut sql);
            place.write(&mut sql, "a");
        }
        QueryPlan::Gather(_) => {
            criteria.from(plan, Asked::OfFound, |_| {}, &mut sql);
            place.write(&mut sql, "a");
        }
        QueryPlan::Stream(_) => {
            let inside = |sql: &mut Sql| {
                place.begin(sql, "picked");
                keep_order(criteria.engine, sql, |sql| place.order(sql, "picked"));
            };
            criteria.from(plan, Asked::OfFound, inside, &mut sql);
            place.order(&mut sql, "picked");
            place.limit(&mut sql);
        }
    }
    page(sql, conn, place)
}

/// One row more than the page shows is read, to know whether there is a next one.
fn page(sql: Sql, conn: &mut DbConnection, place: Place<'_>) -> Result<Page, Error> {
    let limit = usize::try_from(place.size).unwrap_or(usize::MAX);
    let mut rows: Vec<ShownRow> = sql.load(conn)?;
    let reached = rows.len() > limit;
    rows.truncate(limit);
    if matches!(place.window, Window::Before(_) | Window::End) {
        rows.reverse();
    }
    Ok(Page { rows: rows.into_iter().map(|row| row.shown(place.sort)).collect(), reached })
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
        (Order::Name, _) => return None,
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

impl ShownRow {
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
