//! The list screen: one query for the rows of a page, and how many there are.

use chrono::{Datelike, NaiveDateTime};

use super::hints::fence;
use super::plan::{QueryPlan, RowEstimates, gathered_for_page};
use super::predicates::AccountCriteria;
use super::selection::Target;
use crate::accounts::model::{AccountFilter, AccountRow, MOMENT, Order, Selection, Sort, Total, Window};
use crate::database::sql::{Sql, Value};
use crate::database::{DbConnection, Engine};
use crate::error::Error;
use crate::id::Id;

/// A page of the list.
#[derive(Debug, Clone)]
pub struct Listing {
    /// In order.
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

const SHOWN: &str =
    "SELECT a.id, a.name, a.name_key, a.description, a.disabled, a.last_login_at, a.last_used_at, a.first_expiry_at";

/// The page of `size` rows that `window` shows of what matches `filter`. The number of statements depends on the filters
/// that are set, never on the number of rows.
pub fn list(conn: &mut DbConnection, filter: &AccountFilter, sort: Sort, window: &Window, size: i64) -> Result<Listing, Error> {
    list_gathering(conn, filter, PagePosition { sort, window, size }, None)
}

/// The same, gathering no more than `gather` rows.
pub fn list_gathering(
    conn: &mut DbConnection,
    filter: &AccountFilter,
    place: PagePosition<'_>,
    gather: Option<i64>,
) -> Result<Listing, Error> {
    let totals = super::totals(conn, filter.kind)?;
    let of_state = of_state(filter, totals);
    let criteria = AccountCriteria::new(conn, filter);
    let estimates = RowEstimates::of(conn, &criteria, gather.unwrap_or_else(|| gathered_for_page(of_state)))?;
    let total = match criteria.predicates.is_empty() {
        true => Total { count: of_state, more: false },
        false => estimates.total(conn, &criteria)?,
    };
    let plan = estimates.plan(&criteria, place.sort.by == Order::Name);
    let mut window = place.existing(total);
    let (mut rows, mut reached) = read(conn, &criteria, plan, PagePosition { window: &window, ..place })?;
    // A page with a number that may be beyond the end of what was not counted to the end.
    if rows.is_empty() && total.more && matches!(window, Window::Skip(_)) {
        let target = Target::Matching(Box::new(criteria.clone()), estimates.plan(&criteria, false));
        window = place.existing(Total { count: target.count(conn)?, more: false });
        (rows, reached) = read(conn, &criteria, plan, PagePosition { window: &window, ..place })?;
    }
    let (before, after) = match window {
        Window::Skip(n) => (n > 0, reached),
        Window::After(_) => (true, reached),
        Window::Before(_) => (reached, true),
        Window::End => (reached, false),
    };
    Ok(Listing { rows, total, totals, before, after })
}

/// How many accounts are of the state that is meant.
fn of_state(filter: &AccountFilter, (enabled, disabled): (i64, i64)) -> i64 {
    match (filter.only_disabled, filter.disabled) {
        (true, _) => disabled,
        (false, true) => enabled + disabled,
        (false, false) => enabled,
    }
}

/// The identities of at most `size` accounts after the first `offset` of what matches, in order, and how many match, all of them
/// counted. Beyond the end there are none.
pub fn numbered(
    conn: &mut DbConnection,
    filter: &AccountFilter,
    sort: Sort,
    offset: i64,
    size: i64,
) -> Result<(Vec<Id>, i64), Error> {
    let target = Target::resolve(conn, filter.kind, &Selection::Matching(filter.clone()))?;
    let total = match AccountCriteria::new(conn, filter).predicates.is_empty() {
        true => of_state(filter, super::totals(conn, filter.kind)?),
        false => target.count(conn)?,
    };
    if size <= 0 || offset >= total {
        return Ok((Vec::new(), total));
    }
    let found = rows(conn, &target, sort, &Window::Skip(offset), size)?;
    Ok((found.into_iter().map(|row| row.id).collect(), total))
}

/// The first rows of a target, in order.
pub fn rows(conn: &mut DbConnection, target: &Target, sort: Sort, window: &Window, size: i64) -> Result<Vec<AccountRow>, Error> {
    let place = PagePosition { sort, window, size };
    if let Target::Matching(criteria, plan) = target {
        return Ok(read(conn, criteria, *plan, place)?.0);
    }
    let mut sql = Sql::new(SHOWN);
    target.from(&mut sql);
    place.write(&mut sql);
    Ok(place.load(conn, sql)?.0)
}

fn read(
    conn: &mut DbConnection,
    criteria: &AccountCriteria,
    plan: QueryPlan,
    place: PagePosition<'_>,
) -> Result<(Vec<AccountRow>, bool), Error> {
    let mut sql = Sql::default();
    criteria.with(plan, &mut sql);
    criteria.from(plan, Some(place), sql.push(SHOWN));
    place.load(conn, sql)
}

/// Which part of which order a statement shows.
#[derive(Clone, Copy)]
pub struct PagePosition<'a> {
    pub sort: Sort,
    pub window: &'a Window,
    pub size: i64,
}

impl PagePosition<'_> {
    /// The rows in the order shown, and whether there are more in the direction in which they were read: for that, one more than
    /// the page shows is read.
    fn load(&self, conn: &mut DbConnection, sql: Sql) -> Result<(Vec<AccountRow>, bool), Error> {
        let limit = usize::try_from(self.size).unwrap_or(usize::MAX);
        let mut rows: Vec<AccountRow> = sql.load(conn)?;
        let reached = rows.len() > limit;
        rows.truncate(limit);
        if self.is_backward() {
            rows.reverse();
        }
        Ok((rows, reached))
    }

    /// The window, or where it is a page that no longer exists, the last one that does.
    fn existing(&self, total: Total) -> Window {
        match self.window {
            Window::Skip(n) if *n > 0 && *n >= total.count && !total.more => {
                Window::Skip((total.count - 1).max(0) / self.size * self.size)
            }
            window => window.clone(),
        }
    }

    /// All of it, behind a WHERE on the accounts.
    pub fn write(&self, sql: &mut Sql) {
        self.begin(sql, "a");
        self.order(sql, "a");
    }

    /// What narrows a stream. PostgreSQL keeps the index's order through the join only where it is said.
    pub fn stream(&self, engine: Engine, sql: &mut Sql) {
        self.begin(sql, "picked");
        if engine == Engine::Postgres {
            self.sorted(sql, "picked");
            sql.push(fence(engine));
        }
    }

    fn begin(&self, sql: &mut Sql, table: &str) {
        if let Window::After(position) | Window::Before(position) = self.window
            && let Some(values) = values(self.sort.by, position)
        {
            let columns = self.columns().map(|column| format!("{table}.{column}")).collect::<Vec<_>>().join(", ");
            sql.push(&format!(" AND ({columns}) {} ", if self.is_descending() { "<" } else { ">" })).bind_row(values);
        }
    }

    /// ORDER BY and LIMIT.
    pub fn order(&self, sql: &mut Sql, table: &str) {
        self.sorted(sql, table);
        sql.limit(self.size + 1);
        // Without a value the first page is planned once and for all: of an offset Postgres wants to know how far it goes.
        if let Window::Skip(n @ 1..) = self.window {
            sql.push(" OFFSET ").bind(*n);
        }
    }

    fn sorted(&self, sql: &mut Sql, table: &str) {
        let direction = if self.is_descending() { "DESC" } else { "ASC" };
        let columns = self.columns().map(|column| format!("{table}.{column} {direction}")).collect::<Vec<_>>().join(", ");
        sql.push(" ORDER BY ").push(&columns);
    }

    fn columns(&self) -> impl Iterator<Item = &'static str> {
        let first = match self.sort.by {
            Order::Name => None,
            Order::Login => Some("last_login_at"),
            Order::Used => Some("last_used_at"),
            Order::Expiry => Some("first_expiry_at"),
            Order::Status => Some("disabled"),
        };
        first.into_iter().chain(["name_key", "id"])
    }

    /// Pages before a position are read backward.
    fn is_backward(&self) -> bool {
        matches!(self.window, Window::Before(_) | Window::End)
    }

    fn is_descending(&self) -> bool {
        self.sort.descending != self.is_backward()
    }
}

/// The values of a position, in the types of their columns. `None` where it does not belong to this order.
fn values(by: Order, position: &[String]) -> Option<Vec<Value>> {
    let (first, rest) = position.split_at_checked(usize::from(by != Order::Name)).filter(|(_, rest)| rest.len() == 2)?;
    let first = match (first, by) {
        ([], _) => None,
        ([first, ..], Order::Status) => Some(Value::Bool(first == "1")),
        // Postgres knows no moment as far back as chrono does.
        ([first, ..], _) => {
            Some(NaiveDateTime::parse_from_str(first, MOMENT).ok().filter(|at| (0..=9999).contains(&at.year()))?.into())
        }
    };
    Some(first.into_iter().chain(rest.iter().map(|text| text.clone().into())).collect())
}
