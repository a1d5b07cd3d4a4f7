//! Which accounts are meant: a selection becomes the `FROM … WHERE …` of a statement.
//!
//! Neither planner can be trusted to know how many accounts a filter leaves over: SQLite keeps no statistics until it is
//! told to, and Postgres guesses badly when it stops early. So each filter is counted first, no further than
//! [`COUNT_LIMIT`]. The one that leaves the fewest drives the statement (as a materialised common table expression,
//! which both engines evaluate first); where all leave many, the accounts are read in order and tested one by one, which
//! soon fills a page.

use crate::accounts::model::{Activity, COUNT_LIMIT, Filter, SOON_DAYS, Selection, Total, UNUSED_DAYS};
use crate::clock;
use crate::database::sql::Sql;
use crate::database::{DbConnection, Engine};
use crate::error::Error;
use crate::id::Id;
use crate::text::like_anywhere;
use chrono::{NaiveDateTime, TimeDelta};

/// A selection that has been looked at and is ready to be put into statements as `accounts a`.
#[derive(Debug, Clone)]
pub enum Target {
    /// These accounts, of this kind.
    Accounts(crate::accounts::model::Kind, Vec<Id>),
    /// What matches, and by which filter it is found.
    Matching(Matching),
}

/// A filter with the way it is carried out.
#[derive(Debug, Clone)]
pub struct Matching {
    filter: Filter,
    driver: Option<Condition>,
    engine: Engine,
    now: NaiveDateTime,
}

/// A filter that an index answers by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Condition {
    Search,
    Role,
    Team,
    Expiring,
    Activity,
    Colleagues,
}

/// What a statement wants with the accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// All of them, joined with more.
    Change,
    /// To show or to count them.
    Page,
    /// To show the first of them in another order than the filters' own.
    OrderedPage,
}

/// Counting what deserves attention stops here: beyond it the number changes nothing for who reads it.
const ATTENTION_LIMIT: i64 = 1_000;
/// A trigram index finds three letters or more.
const INDEXED_LETTERS: usize = 3;

impl Matching {
    /// Counts what each filter leaves over and chooses the one that drives. One statement for each filter that is set.
    ///
    /// # Errors
    /// The database's.
    pub fn plan(conn: &mut DbConnection, filter: &Filter) -> Result<Self, Error> {
        let engine = match conn {
            DbConnection::Sqlite(_) => Engine::Sqlite,
            DbConnection::Postgres(_) => Engine::Postgres,
        };
        let mut matching = Self { filter: filter.clone(), driver: None, engine, now: clock::now() };
        let mut fewest = COUNT_LIMIT + 1;
        for condition in matching.conditions() {
            if condition == Condition::Search && filter.search.chars().count() < INDEXED_LETTERS {
                continue;
            }
            let mut sql = Sql::new("SELECT ");
            let guessed = condition == Condition::Search && engine == Engine::Postgres;
            if guessed {
                matching.guess(&mut sql);
            }
            sql.push("(SELECT count(*) FROM (");
            matching.found_by(condition, &mut sql);
            sql.push(" LIMIT ").bind(COUNT_LIMIT + 1).push(") s)").push(if guessed { " END AS n" } else { " AS n" });
            let found = sql.number(conn)?;
            if found < fewest {
                fewest = found;
                matching.driver = Some(condition);
            }
        }
        Ok(matching)
    }

    /// Whether a word is common is guessed first in Postgres: its trigram index gathers all that match before it gives the
    /// first, a million for a word that all have. Where a fifth of some pages matches, it is not asked. A small table gives
    /// too few pages to guess by, and its index answers soon.
    fn guess(&self, sql: &mut Sql) {
        sql.push("CASE WHEN (SELECT count(*) >= 200 AND 5 * count(CASE WHEN f.search_text LIKE ");
        sql.bind(like_anywhere(&self.filter.search));
        sql.push(" THEN 1 END) >= count(*) FROM accounts f TABLESAMPLE SYSTEM (0.1)) THEN ").bind(COUNT_LIMIT + 1).push(" ELSE ");
    }

    /// How many accounts of a kind deserve attention, among those that `filter` shows when it is cleared: with tokens that
    /// expire soon, unused, never used. One statement; counting stops at [`ATTENTION_LIMIT`].
    ///
    /// # Errors
    /// The database's.
    pub fn attention(conn: &mut DbConnection, filter: &Filter) -> Result<[Total; 3], Error> {
        #[derive(diesel::QueryableByName)]
        struct Row {
            #[diesel(sql_type = diesel::sql_types::BigInt)]
            expiring: i64,
            #[diesel(sql_type = diesel::sql_types::BigInt)]
            unused: i64,
            #[diesel(sql_type = diesel::sql_types::BigInt)]
            never: i64,
        }
        let cleared =
            Filter { disabled: filter.disabled, colleagues_of: filter.colleagues_of.clone(), ..Filter::all(filter.kind) };
        let matching = |activity| Self {
            filter: Filter { activity, ..cleared.clone() },
            driver: None,
            engine: Engine::Sqlite,
            now: clock::now(),
        };
        let mut sql =
            Sql::new("SELECT (SELECT count(*) FROM (SELECT DISTINCT f.account_id FROM tokens f CROSS JOIN accounts a WHERE ");
        let expiring = matching(None);
        expiring.expires_soon(&mut sql);
        sql.push(" AND a.id = f.account_id AND a.kind = ");
        expiring.of_kind(false, &mut sql);
        for (name, activity) in [("expiring", Activity::Unused), ("unused", Activity::Never)] {
            sql.push(" LIMIT ").bind(ATTENTION_LIMIT + 1).push(") s) AS ").push(name);
            sql.push(", (SELECT count(*) FROM (SELECT 1 FROM accounts a WHERE a.kind = ");
            matching(Some(activity)).of_kind(false, &mut sql);
        }
        sql.push(" LIMIT ").bind(ATTENTION_LIMIT + 1).push(") s) AS never");
        let total = |n: i64| Total { count: n.min(ATTENTION_LIMIT), more: n > ATTENTION_LIMIT };
        let row = sql.load::<Row>(conn)?.into_iter().next();
        Ok(row.map_or([total(0); 3], |row| [total(row.expiring), total(row.unused), total(row.never)]))
    }

    /// The value of `a.kind = `, and the conditions that no index finds by itself.
    fn of_kind(&self, in_order: bool, sql: &mut Sql) {
        sql.bind(self.filter.kind.as_str());
        if !self.filter.disabled {
            sql.push(" AND a.disabled = FALSE");
        }
        for condition in self.conditions() {
            if self.driver != Some(condition) {
                self.holds(condition, in_order, sql);
            }
        }
    }

    fn conditions(&self) -> Vec<Condition> {
        let Filter { kind: _, search, role, team, activity, expiring, disabled: _, colleagues_of } = &self.filter;
        [
            (!search.is_empty(), Condition::Search),
            (role.is_some(), Condition::Role),
            (team.is_some(), Condition::Team),
            (*expiring, Condition::Expiring),
            (activity.is_some(), Condition::Activity),
            (colleagues_of.is_some(), Condition::Colleagues),
        ]
        .into_iter()
        .filter_map(|(set, condition)| set.then_some(condition))
        .collect()
    }

    /// The query that finds the accounts of a condition by its index.
    fn found_by(&self, condition: Condition, sql: &mut Sql) {
        let filter = &self.filter;
        match condition {
            Condition::Search if self.engine == Engine::Sqlite => {
                let phrase = format!("\"{}\"", filter.search.replace('"', "\"\""));
                sql.push("SELECT f.id FROM accounts_search s CROSS JOIN accounts f WHERE s.accounts_search MATCH ").bind(phrase);
                sql.push(" AND f.search_id = s.rowid");
            }
            Condition::Search => {
                sql.push("SELECT f.id FROM accounts f WHERE f.search_text LIKE ").bind(like_anywhere(&filter.search));
            }
            Condition::Role => {
                sql.push("SELECT f.account_id AS id FROM account_roles f WHERE f.role_id = ");
                sql.bind(filter.role.as_ref().map_or("", Id::as_str));
            }
            Condition::Team => {
                sql.push("SELECT f.account_id AS id FROM team_members f WHERE f.team_id = ");
                sql.bind(filter.team.as_ref().map_or("", Id::as_str));
            }
            Condition::Expiring => {
                sql.push("SELECT DISTINCT f.account_id AS id FROM tokens f WHERE ");
                self.expires_soon(sql);
            }
            Condition::Activity => {
                sql.push("SELECT f.id FROM accounts f WHERE f.kind = ").bind(filter.kind.as_str());
                self.used(sql, "f");
            }
            Condition::Colleagues => {
                sql.push(
                    "SELECT DISTINCT f.account_id AS id FROM team_members mine JOIN team_members f ON f.team_id = mine.team_id \
                     WHERE mine.account_id = ",
                );
                sql.bind(filter.colleagues_of.as_ref().map_or("", Id::as_str));
            }
        }
    }

    /// The same condition, asked of one account at a time.
    fn holds(&self, condition: Condition, in_order: bool, sql: &mut Sql) {
        let filter = &self.filter;
        match condition {
            Condition::Search => {
                sql.push(" AND a.search_text LIKE ").bind(like_anywhere(&filter.search)).push(" ESCAPE '\\'");
            }
            Condition::Role => {
                sql.push(" AND EXISTS (SELECT 1 FROM account_roles f WHERE f.account_id = a.id AND f.role_id = ");
                sql.bind(filter.role.as_ref().map_or("", Id::as_str)).push(")");
            }
            Condition::Team => {
                sql.push(" AND EXISTS (SELECT 1 FROM team_members f WHERE f.account_id = a.id AND f.team_id = ");
                sql.bind(filter.team.as_ref().map_or("", Id::as_str)).push(")");
            }
            Condition::Expiring => {
                sql.push(" AND EXISTS (SELECT 1 FROM tokens f WHERE f.account_id = a.id AND ");
                self.expires_soon(sql);
                sql.push(")");
            }
            // SQLite would take any range that an index has, and sort all that is in it: the sign keeps it from that.
            Condition::Activity if in_order && self.engine == Engine::Sqlite => self.used(sql, "+a"),
            Condition::Activity => self.used(sql, "a"),
            Condition::Colleagues => {
                sql.push(
                    " AND EXISTS (SELECT 1 FROM team_members f JOIN team_members mine ON mine.team_id = f.team_id \
                     WHERE f.account_id = a.id AND mine.account_id = ",
                );
                sql.bind(filter.colleagues_of.as_ref().map_or("", Id::as_str)).push(")");
            }
        }
    }

    fn expires_soon(&self, sql: &mut Sql) {
        sql.push("f.expires_at > ").bind(self.now).push(" AND f.expires_at <= ");
        sql.bind(self.now + TimeDelta::days(SOON_DAYS)).push(" AND f.revoked_at IS NULL AND f.replaced_by IS NULL");
    }

    fn used(&self, sql: &mut Sql, table: &str) {
        let mut compare = |operator: &str, moment: NaiveDateTime| {
            sql.push(" AND ").push(table).push(".last_used_at ").push(operator).bind(moment);
        };
        match self.filter.activity {
            Some(Activity::Recent) => compare(">= ", self.now - TimeDelta::days(30)),
            Some(Activity::Unused) => {
                compare("> ", clock::NEVER);
                compare("< ", self.now - TimeDelta::days(UNUSED_DAYS));
            }
            Some(Activity::Never) => compare("= ", clock::NEVER),
            None => {}
        }
    }
}

impl Target {
    /// Looks at a selection. The number of statements depends on the filters that are set, never on what they find.
    ///
    /// # Errors
    /// The database's.
    pub fn resolve(conn: &mut DbConnection, kind: crate::accounts::model::Kind, selection: &Selection) -> Result<Self, Error> {
        Ok(match selection {
            Selection::Accounts(ids) => {
                let mut ids = ids.clone();
                ids.sort_unstable();
                ids.dedup();
                Self::Accounts(kind, ids)
            }
            Selection::Matching(filter) => Self::Matching(Matching::plan(conn, filter)?),
        })
    }

    /// What comes before the SELECT: the rows that drive it.
    pub fn with(&self, sql: &mut Sql) {
        if let Self::Matching(matching @ Matching { driver: Some(driver), .. }) = self {
            sql.push("WITH picked (id) AS MATERIALIZED (");
            matching.found_by(*driver, sql);
            sql.push(") ");
        }
    }

    /// `FROM … WHERE …`; more conditions on `a` and more tables can follow.
    pub fn from(&self, sql: &mut Sql) {
        self.write_from(sql, Purpose::Change);
    }

    /// [`Target::from`] for a page: no other table follows. `in_order` says that the accounts are read in an order that is
    /// not the filters' own, and not to their end.
    pub fn page_from(&self, sql: &mut Sql, in_order: bool) {
        self.write_from(sql, if in_order { Purpose::OrderedPage } else { Purpose::Page });
    }

    fn write_from(&self, sql: &mut Sql, purpose: Purpose) {
        match self {
            Self::Accounts(kind, ids) => {
                sql.push(" FROM accounts a WHERE a.kind = ").bind(kind.as_str()).push(" AND a.id IN ").bind_list(ids);
            }
            Self::Matching(matching) => {
                match (matching.driver, matching.engine, purpose) {
                    (None, ..) => sql.push(" FROM accounts a WHERE a.kind = "),
                    // Account by account. Postgres' plan for any value would read all accounts beside a list of ten, as soon
                    // as one of the teams is large; OFFSET 0 keeps it from that.
                    (Some(_), Engine::Postgres, Purpose::Page | Purpose::OrderedPage) => sql.push(
                        " FROM picked CROSS JOIN LATERAL (SELECT * FROM accounts x WHERE x.id = picked.id OFFSET 0) a WHERE a.kind = ",
                    ),
                    (Some(_), ..) => sql.push(" FROM picked CROSS JOIN accounts a WHERE a.id = picked.id AND a.kind = "),
                };
                matching.of_kind(purpose == Purpose::OrderedPage, sql);
            }
        }
    }

    /// How many accounts are meant, all of them counted.
    ///
    /// # Errors
    /// The database's.
    pub fn count(&self, conn: &mut DbConnection) -> Result<i64, Error> {
        let mut sql = Sql::default();
        self.with(&mut sql);
        sql.push("SELECT count(*) AS n");
        self.from(&mut sql);
        sql.number(conn)
    }

    /// The same, but no further than [`COUNT_LIMIT`] and one.
    ///
    /// # Errors
    /// The database's.
    pub fn count_to_limit(&self, conn: &mut DbConnection) -> Result<i64, Error> {
        let mut sql = Sql::default();
        self.with(&mut sql);
        sql.push("SELECT count(*) AS n FROM (SELECT 1");
        self.page_from(&mut sql, false);
        sql.push(" LIMIT ").bind(COUNT_LIMIT + 1).push(") s");
        sql.number(conn)
    }

    /// The identities that are meant, in their own order.
    ///
    /// # Errors
    /// The database's.
    pub fn ids(&self, conn: &mut DbConnection) -> Result<Vec<Id>, Error> {
        let mut sql = Sql::default();
        self.with(&mut sql);
        sql.push("SELECT a.id AS id");
        self.from(&mut sql);
        sql.push(" ORDER BY a.id");
        sql.ids(conn)
    }

    /// The name of the first account, by name, among those that are meant for which `condition` (on `a`) holds.
    ///
    /// # Errors
    /// The database's.
    pub fn first_name(&self, conn: &mut DbConnection, condition: impl FnOnce(&mut Sql)) -> Result<Option<String>, Error> {
        let mut sql = Sql::default();
        self.with(&mut sql);
        sql.push("SELECT a.name AS name");
        self.from(&mut sql);
        condition(&mut sql);
        sql.push(" ORDER BY a.name_key, a.id LIMIT 1");
        sql.name(conn)
    }
}
