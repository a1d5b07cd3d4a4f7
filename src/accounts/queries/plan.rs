//! How a statement finds the accounts that match.
//!
//! Neither planner knows how many accounts a filter leaves: SQLite keeps no statistics until it is told to, and PostgreSQL
//! guesses badly when it stops early. So each predicate is counted by its index, no further than what may be gathered.

use diesel::QueryableByName;
use diesel::sql_types::BigInt;

use super::hints::{look_up, with_picked};
use super::predicates::{Asked, Criteria, Predicate};
use crate::accounts::model::{COUNT_LIMIT, Total};
use crate::database::DbConnection;
use crate::database::sql::Sql;
use crate::error::Error;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueryPlan {
    /// All accounts are read in the page's order and tested, until it is full.
    InOrder,
    /// What the driving predicate leaves is found first, then tested and sorted.
    Gather(Predicate),
    /// What the driving predicate leaves stands in its index in the page's order, and is read and tested until it is full.
    Stream(Predicate),
}

/// How many accounts each predicate leaves, no further than one more than are gathered.
#[derive(Debug, Clone, Default)]
pub struct RowEstimates {
    each: Vec<(Predicate, i64)>,
    gather: i64,
}

/// So many rows are always gathered; in a large table, one account in [`SHARE`]. Where a predicate leaves more, a page in
/// order is full after 3,200 accounts on average.
const FEW: i64 = COUNT_LIMIT;
const SHARE: u64 = 64;

/// How many rows may be gathered for a page of a list of so many accounts. A power of two: the number stands in the text of
/// statements, which are kept prepared.
pub fn gathered_for_page(accounts: i64) -> i64 {
    let share = u64::try_from(accounts).unwrap_or_default() / SHARE;
    i64::try_from(share.next_power_of_two()).map_or(i64::MAX / 2, |share| share.max(FEW))
}

impl RowEstimates {
    pub fn of(conn: &mut DbConnection, criteria: &Criteria, gather: i64) -> Result<Self, Error> {
        #[derive(QueryableByName)]
        struct Estimate {
            #[diesel(sql_type = BigInt)]
            place: i64,
            #[diesel(sql_type = BigInt)]
            n: i64,
        }
        let indexed: Vec<Predicate> = criteria.predicates().into_iter().filter(|one| criteria.is_indexed(*one)).collect();
        if indexed.is_empty() {
            return Ok(Self { each: Vec::new(), gather });
        }
        let mut sql = Sql::default();
        for (place, predicate) in indexed.iter().enumerate() {
            sql.push(if place == 0 { "" } else { " UNION ALL " });
            sql.push(&format!("SELECT CAST({place} AS BIGINT) AS place, (SELECT count(*) FROM ("));
            criteria.found_by(*predicate, true, &mut sql);
            sql.limit(gather.max(COUNT_LIMIT) + 1).push(") s) AS n");
        }
        let found = |row: Estimate| Some((*indexed.get(usize::try_from(row.place).ok()?)?, row.n));
        Ok(Self { each: sql.load::<Estimate>(conn)?.into_iter().filter_map(found).collect(), gather })
    }

    /// The plan of a statement, whose rows are to come `by_name` or in another order.
    pub fn plan(&self, by_name: bool) -> QueryPlan {
        let driving = self.each.iter().min_by_key(|(_, rows)| *rows).filter(|(_, rows)| *rows <= self.gather);
        let by_index = self.each.iter().map(|(predicate, _)| *predicate).find(|predicate| predicate.is_by_name());
        match driving {
            Some((predicate, _)) if by_name && predicate.is_by_name() => QueryPlan::Stream(*predicate),
            Some((predicate, _)) => QueryPlan::Gather(*predicate),
            None => by_index.filter(|_| by_name).map_or(QueryPlan::InOrder, QueryPlan::Stream),
        }
    }
}

impl Criteria {
    /// How many match, no further than [`COUNT_LIMIT`].
    pub fn total(&self, conn: &mut DbConnection, estimates: &RowEstimates) -> Result<Total, Error> {
        let found = match (&self.predicates()[..], &estimates.each[..]) {
            ([_], [(_, rows)]) => *rows,
            _ => {
                let plan = estimates.plan(true);
                let mut sql = Sql::default();
                self.with(plan, &mut sql);
                sql.push("SELECT count(*) AS n FROM (SELECT 1");
                self.from(plan, Asked::InOrder(None), |_| {}, &mut sql);
                sql.limit(COUNT_LIMIT + 1).push(") s");
                sql.number(conn)?
            }
        };
        Ok(Total { count: found.min(COUNT_LIMIT), more: found > COUNT_LIMIT })
    }

    /// What comes before the SELECT.
    pub fn with(&self, plan: QueryPlan, sql: &mut Sql) {
        if let QueryPlan::Gather(predicate) = plan {
            with_picked(sql, |sql| self.found_by(predicate, false, sql));
        }
    }

    /// `FROM … WHERE …`; more conditions on `a` can follow. `inside` narrows and sorts the rows of a stream, `picked`.
    pub fn from(&self, plan: QueryPlan, asked: Asked, inside: impl FnOnce(&mut Sql), sql: &mut Sql) {
        let driving = match plan {
            QueryPlan::InOrder => {
                sql.push(" FROM accounts a WHERE ");
                self.of_kind("a", sql);
                None
            }
            QueryPlan::Gather(predicate) => {
                sql.push(" FROM picked");
                look_up(self.engine, sql);
                Some(predicate)
            }
            QueryPlan::Stream(predicate) => {
                sql.push(" FROM (SELECT picked.id, picked.name_key FROM (");
                self.found_by(predicate, false, sql);
                sql.push(") picked WHERE TRUE");
                inside(sql);
                sql.push(") picked");
                look_up(self.engine, sql);
                Some(predicate)
            }
        };
        self.tests(driving, asked, sql);
    }

    /// Every predicate but the driving one.
    pub fn tests(&self, driving: Option<Predicate>, asked: Asked, sql: &mut Sql) {
        self.predicates().into_iter().filter(|one| driving != Some(*one)).for_each(|one| self.test(one, asked, sql));
    }
}
