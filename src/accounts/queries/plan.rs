//! How a statement finds the accounts that match.
//!
//! Neither planner knows how many accounts a filter leaves: SQLite keeps no statistics until it is told to, and PostgreSQL
//! guesses badly when it stops early. So each predicate is counted by its index, no further than what may be gathered.

use diesel::QueryableByName;
use diesel::sql_types::BigInt;

use super::hints::{look_up, plan_each_time};
use super::list::PagePosition;
use super::predicates::AccountCriteria;
use crate::accounts::model::{COUNT_LIMIT, Total};
use crate::database::DbConnection;
use crate::database::sql::Sql;
use crate::error::Error;

/// The number is that of the driving predicate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueryPlan {
    /// All accounts are read in the page's order and tested, until it is full.
    InOrder,
    /// What the driving predicate leaves is found first, then tested and sorted.
    Gather(usize),
    /// What the driving predicate leaves stands in its index in the page's order, and is read and tested until it is full.
    Stream(usize),
}

/// How many accounts each predicate with an index leaves, no further than one more than are gathered.
#[derive(Debug, Clone, Default)]
pub struct RowEstimates {
    each: Vec<(usize, i64)>,
    gather: i64,
}

/// How many rows may be gathered for a page of a list of so many accounts: in a large one more than a 64th, so that a page in
/// order is full after some 3,200 accounts. A power of two: the number stands in the text of statements, which are kept prepared.
pub fn gathered_for_page(accounts: i64) -> i64 {
    (1 << (i64::BITS - (accounts / 64).leading_zeros())).max(COUNT_LIMIT)
}

impl RowEstimates {
    pub fn of(conn: &mut DbConnection, criteria: &AccountCriteria, gather: i64) -> Result<Self, Error> {
        #[derive(QueryableByName)]
        struct Estimate {
            #[diesel(sql_type = BigInt)]
            predicate: i64,
            #[diesel(sql_type = BigInt)]
            n: i64,
        }
        let mut sql = Sql::default();
        for (at, predicate) in criteria.predicates.iter().enumerate() {
            let Some(found) = predicate.found.clone() else { continue };
            sql.push(if sql.is_empty() { "" } else { " UNION ALL " });
            sql.push(&format!("SELECT CAST({at} AS BIGINT) AS predicate, (SELECT count(*) FROM (")).append(found);
            sql.limit(gather.max(COUNT_LIMIT) + 1).push(") s) AS n");
        }
        if !criteria.filter.search.is_empty() {
            plan_each_time(criteria.engine, &mut sql);
        }
        let rows = if sql.is_empty() { Vec::new() } else { sql.load::<Estimate>(conn)? };
        let each = rows.into_iter().filter_map(|row| Some((usize::try_from(row.predicate).ok()?, row.n))).collect();
        Ok(Self { each, gather })
    }

    /// The plan of a statement whose rows are to come by name, or in another order.
    pub fn plan(&self, criteria: &AccountCriteria, by_name: bool) -> QueryPlan {
        let streams = |at: &usize| by_name && criteria.predicates[*at].is_by_name;
        match self.each.iter().min_by_key(|(_, rows)| *rows).filter(|(_, rows)| *rows <= self.gather) {
            Some((at, _)) if streams(at) => QueryPlan::Stream(*at),
            Some((at, _)) => QueryPlan::Gather(*at),
            None => self.each.iter().map(|(at, _)| *at).find(streams).map_or(QueryPlan::InOrder, QueryPlan::Stream),
        }
    }

    /// How many match, no further than [`COUNT_LIMIT`].
    pub fn total(&self, conn: &mut DbConnection, criteria: &AccountCriteria) -> Result<Total, Error> {
        let found = match (&criteria.predicates[..], &self.each[..]) {
            ([_], [(_, rows)]) => *rows,
            _ => {
                let plan = self.plan(criteria, true);
                let mut sql = Sql::default();
                criteria.with(plan, &mut sql);
                criteria.from(plan, None, sql.push("SELECT count(*) AS n FROM (SELECT 1"));
                sql.limit(COUNT_LIMIT + 1).push(") s");
                sql.number(conn)?
            }
        };
        Ok(Total { count: found.min(COUNT_LIMIT), more: found > COUNT_LIMIT })
    }
}

impl AccountCriteria {
    fn found(&self, at: usize) -> Sql {
        self.predicates[at].found.clone().unwrap_or_default()
    }

    /// What comes before the SELECT: what is gathered, found once. SQLite would evaluate it again for each account, and
    /// PostgreSQL merge it.
    pub fn with(&self, plan: QueryPlan, sql: &mut Sql) {
        if let QueryPlan::Gather(at) = plan {
            sql.push("WITH picked (id, name_key) AS MATERIALIZED (").append(self.found(at)).push(") ");
        }
    }

    /// `FROM … WHERE …` of all that match, or of those at a place of the list.
    pub fn from(&self, plan: QueryPlan, place: Option<PagePosition<'_>>, sql: &mut Sql) {
        match plan {
            QueryPlan::InOrder => drop(sql.push(" FROM accounts a WHERE ").append(self.of_kind("a"))),
            QueryPlan::Gather(_) => drop(sql.push(" FROM picked").push(look_up(self.engine))),
            QueryPlan::Stream(at) => {
                sql.push(" FROM (SELECT picked.id, picked.name_key FROM (").append(self.found(at)).push(") picked WHERE TRUE");
                place.iter().for_each(|place| place.stream(self.engine, sql));
                sql.push(") picked").push(look_up(self.engine));
            }
        }
        self.tests(plan, place, sql);
        match (place, plan) {
            (Some(place), QueryPlan::Stream(_)) => place.order(sql, "picked"),
            (Some(place), _) => place.write(sql),
            (None, _) => {}
        }
    }

    /// Every predicate but the driving one. In the order of an index that has it, a range begins and ends the reading.
    pub fn tests(&self, plan: QueryPlan, place: Option<PagePosition<'_>>, sql: &mut Sql) {
        let order = place.filter(|_| plan == QueryPlan::InOrder).map(|place| place.sort.by);
        for (at, predicate) in self.predicates.iter().enumerate() {
            if !matches!(plan, QueryPlan::Gather(driving) | QueryPlan::Stream(driving) if driving == at) {
                let range = predicate.range.as_ref().filter(|(by, _)| order == Some(*by)).map(|(_, range)| range);
                sql.push(" AND ").append(range.unwrap_or(&predicate.test).clone());
            }
        }
    }
}
