//! Which accounts an action is to change: a selection becomes the `FROM … WHERE …` of its statements.

use super::conditions::Condition;
use super::plan::{QueryPlan, RowEstimates};
use super::predicates::AccountCriteria;
use crate::accounts::model::{AccountFilter, ActivityFilter, Kind, OwnedBy, Selection, Total, UNUSED_DAYS};
use crate::database::DbConnection;
use crate::database::sql::Sql;
use crate::error::Error;
use crate::id::Id;

/// A selection that is ready to be put into statements as `accounts a`.
#[derive(Debug, Clone)]
pub enum Target {
    /// These accounts, of this kind.
    Accounts(Kind, Vec<Id>),
    /// What matches, and how it is found.
    Matching(Box<AccountCriteria>, QueryPlan),
    /// The system accounts that some users own.
    OwnedBy(Box<Target>),
}

/// What reads all that match gathers up to a quarter of the accounts: to look so many up costs less than to read all.
const GATHERED_SHARE: i64 = 4;

impl Target {
    /// Looks at a selection. The number of statements depends on the filters that are set, never on what they find.
    pub fn resolve(conn: &mut DbConnection, kind: Kind, selection: &Selection) -> Result<Self, Error> {
        Ok(match selection {
            Selection::Accounts(ids) => {
                let mut ids = ids.clone();
                ids.sort_unstable();
                ids.dedup();
                Self::Accounts(kind, ids)
            }
            Selection::Matching(filter) => {
                let (enabled, disabled) = super::totals(conn, filter.kind)?;
                let criteria = AccountCriteria::new(conn, filter);
                let gather = (enabled + disabled) / GATHERED_SHARE;
                let plan = RowEstimates::of(conn, &criteria, gather)?.plan(&criteria, false);
                Self::Matching(Box::new(criteria), plan)
            }
        })
    }

    /// What comes before the SELECT.
    pub fn with(&self, sql: &mut Sql) {
        match self {
            Self::Accounts(..) => {}
            Self::Matching(criteria, plan) => criteria.with(*plan, sql),
            Self::OwnedBy(users) => users.with(sql),
        }
    }

    /// `FROM … WHERE …` of all that are meant; more conditions on `a` and more tables can follow.
    pub fn from(&self, sql: &mut Sql) {
        match self {
            Self::Accounts(kind, ids) => {
                sql.push(" FROM accounts a WHERE a.kind = ").bind(kind.as_str()).push(" AND a.id IN ").bind_list(ids);
            }
            Self::Matching(criteria, plan @ QueryPlan::Gather(_)) => {
                // A change looks at the account itself, and not only at what an index says of it.
                sql.push(" FROM picked CROSS JOIN accounts a WHERE a.id = picked.id AND ").append(criteria.of_kind("a"));
                criteria.tests(*plan, None, sql);
            }
            Self::Matching(criteria, plan) => criteria.from(*plan, None, sql),
            Self::OwnedBy(users) => {
                sql.push(" FROM accounts a WHERE a.kind = 'system' AND a.owner_id IN (SELECT a.id");
                users.from(sql);
                sql.push(")");
            }
        }
    }

    /// How many accounts are meant, all of them counted.
    pub fn count(&self, conn: &mut DbConnection) -> Result<i64, Error> {
        let mut sql = Sql::default();
        self.with(&mut sql);
        sql.push("SELECT count(*) AS n");
        self.from(&mut sql);
        sql.number(conn)
    }

    /// Whether an account is one of them. Those that were named one by one need no look, whether they are still there or not.
    pub fn contains(&self, conn: &mut DbConnection, account: &Id) -> Result<bool, Error> {
        if let Self::Accounts(_, ids) = self {
            return Ok(ids.contains(account));
        }
        Ok(self.first_with(conn, Condition::Is(account))?.is_some())
    }

    /// The identities that are meant, in their own order.
    pub fn ids(&self, conn: &mut DbConnection) -> Result<Vec<Id>, Error> {
        let mut sql = Sql::default();
        self.with(&mut sql);
        sql.push("SELECT a.id AS id");
        self.from(&mut sql);
        sql.push(" ORDER BY a.id");
        sql.ids(conn)
    }

    /// The name of the first account, by name, among those that are meant for which `condition` holds.
    pub fn first_with(&self, conn: &mut DbConnection, condition: Condition<'_>) -> Result<Option<String>, Error> {
        let mut sql = Sql::default();
        self.with(&mut sql);
        sql.push("SELECT a.name AS name");
        self.from(&mut sql);
        condition.push(&mut sql);
        sql.push(" ORDER BY a.name_key, a.id LIMIT 1");
        sql.name(conn)
    }
}

/// Counting what deserves attention stops here: beyond it the number changes nothing for who reads it.
const ATTENTION_LIMIT: i64 = 200;

/// How many accounts of a kind deserve attention, among those that `filter` shows when it is cleared: with tokens that expire
/// soon, unused, never used, whose owner has left, who are invited. One statement.
pub fn attention(conn: &mut DbConnection, filter: &AccountFilter) -> Result<[Total; 5], Error> {
    #[derive(diesel::QueryableByName)]
    struct SelectionCounts {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        expiring: i64,
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        unused: i64,
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        never: i64,
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        left: i64,
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        invited: i64,
    }
    let cleared = AccountFilter {
        disabled: filter.disabled,
        colleagues_of: filter.colleagues_of.clone(),
        ..AccountFilter::all(filter.kind)
    };
    let mut sql = Sql::new("SELECT ");
    for (name, filter) in [
        ("expiring", AccountFilter { expiring: true, ..cleared.clone() }),
        ("unused", AccountFilter { activity: Some(ActivityFilter::Unused(UNUSED_DAYS)), ..cleared.clone() }),
        ("never", AccountFilter { activity: Some(ActivityFilter::Never), ..cleared.clone() }),
        ("left", AccountFilter { owner: Some(OwnedBy::Left), ..cleared.clone() }),
        ("invited", AccountFilter { invited: true, ..cleared }),
    ] {
        let criteria = AccountCriteria::new(conn, &filter);
        sql.push(if name == "expiring" { "" } else { ", " }).push("(SELECT count(*) FROM (");
        match &criteria.predicates[..] {
            [one] => drop(sql.append(one.found.clone().unwrap_or_default())),
            // Of a hundred thousand accounts a few are colleagues.
            [.., _] => {
                sql.push("SELECT 1");
                criteria.from(QueryPlan::Stream(criteria.predicates.len() - 1), None, &mut sql);
            }
            [] => {}
        }
        sql.limit(ATTENTION_LIMIT + 1).push(&format!(") s) AS \"{name}\""));
    }
    let total = |n: i64| Total { count: n.min(ATTENTION_LIMIT), more: n > ATTENTION_LIMIT };
    let counts = sql.load::<SelectionCounts>(conn)?.into_iter().next();
    Ok(counts.map_or([total(0); 5], |row| [row.expiring, row.unused, row.never, row.left, row.invited].map(total)))
}
