//! Which accounts are meant: a selection becomes the `FROM … WHERE …` of a statement.
//!
//! Neither planner can be trusted to know how many accounts a filter leaves over: SQLite keeps no statistics until it is
//! told to, and Postgres guesses badly when it stops early. So each filter is counted first, no further than some limit.
//! The one that leaves the fewest drives the statement (as a materialised common table expression, which both engines
//! evaluate first); where all leave many, the accounts are read and tested one by one. A page of the list has more ways,
//! which [`super::list`] chooses from.
//!
//! To count what is common costs much where an index has no order (a word's) or tells only half (one filter of several).
//! So in a large table the whole filter is first tried on a sample ([`sample`]); what is common there is not counted at all.

use crate::accounts::model::{Activity, COUNT_LIMIT, Filter, Order, SOON_DAYS, Selection, Total, UNUSED_DAYS};
use crate::clock;
use crate::database::sql::Sql;
use crate::database::{DbConnection, Engine};
use crate::error::Error;
use crate::id::Id;
use crate::text::like_anywhere;
use chrono::{NaiveDateTime, TimeDelta};

mod sample;

use sample::Sample;

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
    /// The condition that leaves the fewest. None where each leaves more than the limit, or cannot be counted.
    driver: Option<Driver>,
    /// The condition in whose index a page by name is read from the beginning: the driver, or where there is none, one that
    /// leaves out enough.
    by_name: Option<Condition>,
    /// How many match, no further than [`COUNT_LIMIT`] and one, where the choice of the driver has told, or the sample that
    /// there are more.
    counted: Option<i64>,
    pub(super) engine: Engine,
    now: NaiveDateTime,
}

/// A condition that is looked up first, because it leaves few.
#[derive(Debug, Clone, Copy)]
struct Driver {
    condition: Condition,
    /// How many it leaves; `None` of a word that no sample has shown to be common.
    found: Option<i64>,
}

/// A filter that an index answers by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    Search,
    Role,
    Team,
    Expiring,
    Activity,
    Colleagues,
}

impl Condition {
    /// Whether its index has the accounts in the order of their names.
    fn is_by_name(self) -> bool {
        matches!(self, Self::Role | Self::Team)
    }
}

/// How the rows of a page are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// The accounts are read in the page's order and tested one by one.
    InOrder,
    /// All that a condition leaves are gathered, tested and sorted.
    Gathered(Condition),
    /// What a condition leaves stands in its index in the page's order; it is read and tested one by one.
    Streamed(Condition),
}

/// Of which accounts it is asked whether a condition holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// Of those that have been found, or of all.
    OfFound,
    /// Of those that an index is to give in this order.
    InOrder(Order),
    /// Of the few of a sample, and no further than some of them have answered.
    OfSample,
}

/// Counting what deserves attention stops here: beyond it the number changes nothing for who reads it.
const ATTENTION_LIMIT: i64 = 200;
/// So many accounts, the first by name, are looked at for how dense a condition is.
const NEAR: i64 = 1_000;
/// In place of a count: the sample says that there are many, and perhaps that a condition whose index has the order leaves so
/// few that to look each up costs less than to read all accounts; or that there are not many, which is enough.
const COMMON: i64 = -1;
const COMMON_AND_NARROWED: i64 = -2;
const UNCOUNTED: i64 = 0;
/// A trigram index finds three letters or more.
const INDEXED_LETTERS: usize = 3;
/// Of several conditions, and for what reads all that match to the end, one that leaves no more than this drives. To gather
/// and test so many costs less than to read all accounts.
const DRIVER_LIMIT: i64 = 20_000;
/// Where one account in so many matches, a page is full before the gathering of all that match would have begun. Not less:
/// those that match may all stand at the end.
const DENSE: i64 = 20;
/// The same where several conditions must hold, of which only one has been counted.
const DENSE_OF_SEVERAL: i64 = 2;

impl Matching {
    fn new(conn: &DbConnection, filter: Filter) -> Self {
        let engine = match conn {
            DbConnection::Sqlite(_) => Engine::Sqlite,
            DbConnection::Postgres(_) => Engine::Postgres,
        };
        Self { filter, driver: None, by_name: None, counted: None, engine, now: clock::now() }
    }

    /// For a page of the list of `crowd` accounts, which needs the first of them and how many there are. At most one statement for
    /// each filter that is set, and one.
    ///
    /// # Errors
    /// The database's.
    pub fn for_page(conn: &mut DbConnection, filter: &Filter, crowd: i64) -> Result<Self, Error> {
        let matching = Self::new(conn, filter.clone());
        let limit = if matching.is_single() { COUNT_LIMIT } else { DRIVER_LIMIT };
        matching.driven(conn, limit, (crowd, COUNT_LIMIT))
    }

    /// For what reads all of them to the end. At most one statement for each filter that is set, and two.
    ///
    /// # Errors
    /// The database's.
    pub fn for_all(conn: &mut DbConnection, filter: &Filter) -> Result<Self, Error> {
        let matching = Self::new(conn, filter.clone());
        let totals = super::totals(conn, filter.kind)?;
        matching.driven(conn, DRIVER_LIMIT, (totals.0 + totals.1, DRIVER_LIMIT))
    }

    /// Counts what each filter leaves over, no further than `limit` and one and than the fewest before, and chooses the one that
    /// drives; unless a sample of the `crowd` says that more than `many` match, so that none has to.
    fn driven(mut self, conn: &mut DbConnection, limit: i64, (crowd, many): (i64, i64)) -> Result<Self, Error> {
        let conditions = self.conditions();
        let is_word = conditions == [Condition::Search];
        let mut sample = if is_word || conditions.len() > 1 { Sample::of(conn, self.engine, crowd, many)? } else { None };
        let mut fewest = limit + 1;
        for condition in conditions {
            if !self.is_indexed(condition) {
                continue;
            }
            let mut sql = Sql::new("SELECT ");
            let sampled = sample.take();
            if let Some(sample) = sampled {
                sql.push("CASE WHEN ");
                self.is_common(sample, &mut sql);
                sql.push(" THEN ");
                self.common_and_narrowed(&mut sql);
                sql.push(" ELSE ");
            }
            // A word that is not common drives in any case, and is counted when it is gathered.
            let uncounted = is_word && sampled.is_some();
            if uncounted {
                sql.push(&format!("CAST({UNCOUNTED} AS BIGINT)"));
            } else {
                // A power of two: each limit is a statement of its own, and kept prepared.
                let enough = u64::try_from(fewest).map_or(0, u64::next_power_of_two);
                self.count(condition, i64::try_from(enough).map_or(limit, |enough| enough.min(limit + 1)), &mut sql);
            }
            sql.push(if sampled.is_some() { " END AS n" } else { " AS n" });
            let found = sql.number(conn)?;
            if found == COMMON || found == COMMON_AND_NARROWED {
                self.counted = Some(COUNT_LIMIT + 1);
                self.by_name = self.first_by_name().filter(|_| found == COMMON_AND_NARROWED);
                return Ok(self);
            }
            if found < fewest {
                fewest = found;
                self.driver = Some(Driver { condition, found: Some(found).filter(|_| !uncounted) });
            }
            if self.is_single() && !uncounted {
                self.counted = Some(found.min(COUNT_LIMIT + 1));
            }
        }
        self.by_name = match self.driver {
            Some(driver) => Some(driver.condition).filter(|condition| condition.is_by_name()),
            None => self.first_by_name(),
        };
        Ok(self)
    }

    /// Whether an index finds what a condition leaves.
    fn is_indexed(&self, condition: Condition) -> bool {
        condition != Condition::Search || self.filter.search.chars().count() >= INDEXED_LETTERS
    }

    /// How many accounts a condition leaves, no further than `limit`, as an expression.
    fn count(&self, condition: Condition, limit: i64, sql: &mut Sql) {
        sql.push("(SELECT count(*) FROM (");
        self.found_by(condition, sql);
        sql.limit(limit).push(") s)");
    }

    /// A condition whose index gives the accounts in the order of their names.
    fn first_by_name(&self) -> Option<Condition> {
        self.conditions().into_iter().find(|condition| condition.is_by_name())
    }

    /// [`COMMON_AND_NARROWED`] where such a condition leaves at most a tenth of the first [`NEAR`] accounts, or else [`COMMON`], as
    /// an expression.
    fn common_and_narrowed(&self, sql: &mut Sql) {
        let Some(condition) = self.first_by_name().filter(|_| !self.is_single()) else {
            sql.push(&COMMON.to_string());
            return;
        };
        sql.push("CASE WHEN (SELECT count(*) FROM (SELECT 1 FROM (");
        self.found_by(condition, sql);
        sql.push(") near WHERE near.name_key <= (SELECT a.name_key");
        self.all(sql);
        sql.push(&format!(" ORDER BY a.name_key, a.id LIMIT 1 OFFSET {}) ORDER BY near.name_key", NEAR - 1));
        sql.limit(NEAR / 10 + 1);
        sql.push(&format!(") s) <= {} THEN {COMMON_AND_NARROWED} ELSE {COMMON} END", NEAR / 10));
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
        let mut matching = Self::new(conn, cleared);
        let mut sql = Sql::new("SELECT ");
        for (name, condition, activity) in [
            ("expiring, ", Condition::Expiring, None),
            ("unused, ", Condition::Activity, Some(Activity::Unused)),
            ("never", Condition::Activity, Some(Activity::Never)),
        ] {
            matching.filter.activity = activity;
            sql.push("(SELECT count(*) FROM (SELECT 1 FROM (");
            matching.found_by(condition, &mut sql);
            sql.push(") a WHERE TRUE");
            if matching.filter.colleagues_of.is_some() {
                matching.holds(Condition::Colleagues, Asked::OfFound, &mut sql);
            }
            sql.limit(ATTENTION_LIMIT + 1).push(") s) AS ").push(name);
        }
        let total = |n: i64| Total { count: n.min(ATTENTION_LIMIT), more: n > ATTENTION_LIMIT };
        let row = sql.load::<Row>(conn)?.into_iter().next();
        Ok(row.map_or([total(0); 3], |row| [total(row.expiring), total(row.unused), total(row.never)]))
    }

    /// Whether one condition says it all.
    pub(super) fn is_single(&self) -> bool {
        self.conditions().len() == 1
    }

    /// How many match, no further than [`COUNT_LIMIT`] and one, where it has become known by the way.
    pub(super) fn counted(&self) -> Option<i64> {
        self.counted
    }

    /// Whether that is known, or needs no counting: of all accounts there is a total.
    pub(super) fn is_counted(&self) -> bool {
        self.counted.is_some() || self.filter.is_plain()
    }

    /// The same as an expression.
    pub(super) fn count_to_limit(&self, sql: &mut Sql) {
        sql.push("(");
        let driver = self.driver.map(|driver| driver.condition);
        let from = driver.or(self.by_name);
        if let Some(condition) = driver {
            self.with(condition, sql);
        }
        sql.push("SELECT count(*) FROM (SELECT 1");
        if let Some(condition) = from {
            sql.push(" FROM ");
            self.picked(condition, driver.is_some(), sql);
            self.look_up("picked", sql);
        } else {
            self.all(sql);
        }
        self.tests(from, Asked::OfFound, sql);
        sql.limit(COUNT_LIMIT + 1).push(") s)");
    }

    /// How a page is read, `by_name` or in another order, where `crowd` accounts would be read in order and tested.
    pub(super) fn way(&self, by_name: bool, crowd: i64) -> Way {
        let dense = if self.is_single() { DENSE } else { DENSE_OF_SEVERAL };
        match (self.by_name, self.driver) {
            (Some(condition), _) if by_name => Way::Streamed(condition),
            (_, Some(Driver { condition, found })) if found.is_none_or(|found| found.saturating_mul(dense) < crowd) => {
                Way::Gathered(condition)
            }
            _ => Way::InOrder,
        }
    }

    /// The rows of a condition, evaluated before anything else.
    pub(super) fn with(&self, condition: Condition, sql: &mut Sql) {
        sql.push("WITH picked (id, name_key) AS MATERIALIZED (");
        self.found_by(condition, sql);
        sql.push(") ");
    }

    /// Of the condition on a word, the numbers by which SQLite finds accounts, likewise evaluated before anything else. To set a number
    /// aside and to look its account up a second time costs less than to set identity and name aside.
    pub(super) fn with_numbers(&self, sql: &mut Sql) {
        sql.push("WITH picked (search_id) AS MATERIALIZED (");
        self.found_by_word("f.search_id", sql);
        sql.push(") ");
    }

    /// What stands in a FROM for the rows of a condition, under the name `picked`: gathered by [`Matching::with`] before, or read
    /// from the index as far as they are asked for.
    pub(super) fn picked(&self, condition: Condition, gathered: bool, sql: &mut Sql) {
        if !gathered {
            sql.push("(");
            self.found_by(condition, sql);
            sql.push(") ");
        }
        sql.push("picked");
    }

    /// `FROM … WHERE …` of all accounts of the kind and state.
    pub(super) fn all(&self, sql: &mut Sql) {
        sql.push(" FROM accounts a WHERE ");
        self.of_kind("a", " AND ", sql);
    }

    /// Joins the account of each row of `rows`, one by one. Postgres' plan for any values would read all accounts beside a list
    /// of ten, as soon as one of the teams is large; OFFSET 0 keeps it from that.
    pub(super) fn look_up(&self, rows: &str, sql: &mut Sql) {
        match self.engine {
            Engine::Sqlite => sql.push(" CROSS JOIN accounts a WHERE a.id = ").push(rows).push(".id"),
            Engine::Postgres => sql
                .push(" CROSS JOIN LATERAL (SELECT * FROM accounts x WHERE x.id = ")
                .push(rows)
                .push(".id OFFSET 0) a WHERE TRUE"),
        };
    }

    /// Every condition but the one that has found the rows, asked of one account at a time: those first that its own row answers.
    pub(super) fn tests(&self, but: Option<Condition>, asked: Asked, sql: &mut Sql) {
        let (looked_up, own): (Vec<_>, Vec<_>) = self
            .conditions()
            .into_iter()
            .partition(|condition| matches!(condition, Condition::Role | Condition::Team | Condition::Colleagues));
        for condition in own.into_iter().chain(looked_up) {
            if but != Some(condition) {
                self.holds(condition, asked, sql);
            }
        }
    }

    fn of_kind(&self, table: &str, and: &str, sql: &mut Sql) {
        sql.push(table).push(".kind = ").bind(self.filter.kind.as_str());
        if !self.filter.disabled {
            sql.push(and).push(table).push(".disabled = FALSE");
        }
    }

    fn conditions(&self) -> Vec<Condition> {
        let Filter { kind: _, search, role, team, activity, expiring, disabled: _, colleagues_of } = &self.filter;
        // A word's index is the one that costs most to count.
        [
            (role.is_some(), Condition::Role),
            (team.is_some(), Condition::Team),
            (*expiring, Condition::Expiring),
            (activity.is_some(), Condition::Activity),
            (colleagues_of.is_some(), Condition::Colleagues),
            (!search.is_empty(), Condition::Search),
        ]
        .into_iter()
        .filter_map(|(set, condition)| set.then_some(condition))
        .collect()
    }

    /// The query that finds the accounts of a condition, of this kind and state, by its index: identity and `name_key`.
    fn found_by(&self, condition: Condition, sql: &mut Sql) {
        let filter = &self.filter;
        match condition {
            Condition::Search => return self.found_by_word("f.id, f.name_key", sql),
            Condition::Role => {
                sql.push("SELECT f.account_id AS id, f.name_key FROM account_roles f WHERE f.role_id = ")
                    .bind(text_of(filter.role.as_ref()));
            }
            Condition::Team => {
                sql.push("SELECT f.account_id AS id, f.name_key FROM team_members f WHERE f.team_id = ")
                    .bind(text_of(filter.team.as_ref()));
            }
            Condition::Activity | Condition::Expiring => {
                sql.push("SELECT f.id, f.name_key FROM accounts f WHERE TRUE");
                self.in_range(condition, "f", Sql::bind_unseen, sql);
            }
            Condition::Colleagues => {
                sql.push(
                    "SELECT DISTINCT f.account_id AS id, f.name_key FROM team_members mine CROSS JOIN team_members f \
                     WHERE f.team_id = mine.team_id AND mine.account_id = ",
                );
                sql.bind(text_of(filter.colleagues_of.as_ref()));
            }
        }
        sql.push(" AND ");
        // SQLite does not know how long a range is, and would take the index by state: the sign keeps it from that.
        let ranged = matches!(condition, Condition::Activity | Condition::Expiring) && self.engine == Engine::Sqlite;
        self.of_kind("f", if ranged { " AND +" } else { " AND " }, sql);
    }

    /// The same of the condition on a word: `columns` of `accounts f`.
    fn found_by_word(&self, columns: &str, sql: &mut Sql) {
        let word = &self.filter.search;
        sql.push("SELECT ").push(columns).push(" FROM ");
        match self.engine {
            Engine::Sqlite => sql
                .push("accounts_search s CROSS JOIN accounts f WHERE s.accounts_search MATCH ")
                .bind(format!("\"{}\"", word.replace('"', "\"\"")))
                .push(" AND f.search_id = s.rowid AND "),
            Engine::Postgres => sql.push("accounts f WHERE f.search_text LIKE ").bind_unseen(like_anywhere(word)).push(" AND "),
        };
        self.of_kind("f", " AND ", sql);
    }

    /// The same condition, asked of one account at a time.
    fn holds(&self, condition: Condition, asked: Asked, sql: &mut Sql) {
        let filter = &self.filter;
        // Postgres would read all that have the role, to look the few up in memory.
        let end = if asked == Asked::OfSample { fence(self.engine) } else { "" };
        match condition {
            Condition::Search if self.engine == Engine::Sqlite => {
                sql.push(" AND instr(a.search_text, ").bind(filter.search.clone()).push(") > 0");
            }
            // Postgres would take the trigram index for a bare LIKE, and sort all that it finds.
            Condition::Search => {
                sql.push(" AND CASE WHEN a.search_text LIKE ")
                    .bind(like_anywhere(&filter.search))
                    .push(" ESCAPE '\\' THEN TRUE END");
            }
            Condition::Role => {
                sql.push(" AND EXISTS (SELECT 1 FROM account_roles f WHERE f.account_id = a.id AND f.role_id = ");
                sql.bind(text_of(filter.role.as_ref())).push(end).push(")");
            }
            Condition::Team => {
                sql.push(" AND EXISTS (SELECT 1 FROM team_members f WHERE f.account_id = a.id AND f.team_id = ");
                sql.bind(text_of(filter.team.as_ref())).push(end).push(")");
            }
            // Both engines might take the range's own index, and sort all that is in it: a sign keeps SQLite from that, and CASE
            // Postgres, whose plan then is the same whatever the moments are.
            Condition::Activity | Condition::Expiring => {
                let own = if condition == Condition::Activity { Order::Used } else { Order::Expiry };
                let hides = matches!(asked, Asked::InOrder(order) if order != own);
                let (lead, table, end) = match self.engine {
                    Engine::Sqlite if hides => ("", "+a", ""),
                    Engine::Postgres if hides => (" AND CASE WHEN TRUE", "a", " THEN TRUE END"),
                    _ => ("", "a", ""),
                };
                sql.push(lead);
                self.in_range(condition, table, Sql::bind, sql);
                sql.push(end);
            }
            Condition::Colleagues => {
                sql.push(
                    " AND EXISTS (SELECT 1 FROM team_members f JOIN team_members mine ON mine.team_id = f.team_id \
                     WHERE f.account_id = a.id AND mine.account_id = ",
                );
                sql.bind(text_of(filter.colleagues_of.as_ref())).push(end).push(")");
            }
        }
    }

    /// The conditions on a moment in the account's row: last use, or the expiry to come.
    fn in_range(&self, condition: Condition, table: &str, bind: fn(&mut Sql, NaiveDateTime) -> &mut Sql, sql: &mut Sql) {
        let column = if condition == Condition::Activity { ".last_used_at " } else { ".first_expiry_at " };
        let mut compare = |operator: &str, moment: NaiveDateTime| {
            bind(sql.push(" AND ").push(table).push(column).push(operator), moment);
        };
        match (condition, self.filter.activity) {
            (Condition::Activity, Some(Activity::Recent)) => compare(">= ", self.now - TimeDelta::days(30)),
            (Condition::Activity, Some(Activity::Unused)) => {
                compare("> ", clock::NEVER);
                compare("< ", self.now - TimeDelta::days(UNUSED_DAYS));
            }
            (Condition::Activity, Some(Activity::Never)) => compare("= ", clock::NEVER),
            _ => {
                compare("> ", self.now);
                compare("<= ", self.now + TimeDelta::days(SOON_DAYS));
            }
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
            Selection::Matching(filter) => Self::Matching(Matching::for_all(conn, filter)?),
        })
    }

    /// What comes before the SELECT: the rows that drive it.
    pub fn with(&self, sql: &mut Sql) {
        if let Self::Matching(matching @ Matching { driver: Some(driver), .. }) = self {
            matching.with(driver.condition, sql);
        }
    }

    /// `FROM … WHERE …` of all that are meant; more conditions on `a` and more tables can follow.
    pub fn from(&self, sql: &mut Sql) {
        match self {
            Self::Accounts(kind, ids) => {
                sql.push(" FROM accounts a WHERE a.kind = ").bind(kind.as_str()).push(" AND a.id IN ").bind_list(ids);
            }
            Self::Matching(matching) => {
                let driver = matching.driver.map(|driver| driver.condition);
                match driver {
                    // A change looks at the account itself, and not only at what an index says of it.
                    Some(_) => {
                        sql.push(" FROM picked CROSS JOIN accounts a WHERE a.id = picked.id AND ");
                        matching.of_kind("a", " AND ", sql);
                    }
                    None => matching.all(sql),
                }
                matching.tests(driver, Asked::OfFound, sql);
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

/// What keeps Postgres from merging a subquery into what is around it, and so from reading whole tables for a few rows.
fn fence(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "",
        Engine::Postgres => " OFFSET 0",
    }
}

/// No account has the identity that is asked for where none is.
fn text_of(id: Option<&Id>) -> &str {
    id.map_or("", Id::as_str)
}
