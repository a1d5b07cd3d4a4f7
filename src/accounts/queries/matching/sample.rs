//! Whether a filter leaves many accounts of a large table, told by a look at few of them: see [`Sample`].

use super::{Asked, Matching, fence};
use crate::database::sql::Sql;
use crate::database::{DbConnection, Engine};
use crate::error::Error;

/// A look at few accounts in many places of the table, which says whether a filter leaves more than a limit. It errs on one
/// side only: what it calls common is, but for a rare chance where nearly so many match; what it does not may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    /// In how many places is looked.
    places: i64,
    /// In how many of them one must match. Many in few places say little: accounts of like names were often made together.
    needed: i64,
}

impl Sample {
    /// About how many accounts are looked at: a hundredth of the accounts is seen to be more than a thousandth.
    const ACCOUNTS: i64 = 2_000;
    /// In how many places one must match, at the least: by chance that happens seldom.
    const FEWEST: i64 = 9;
    /// In a smaller table all is counted sooner.
    const LEAST: i64 = 20_000;

    /// A sample that tells whether more than `limit` of the `crowd` accounts that may be shown match.
    ///
    /// # Errors
    /// The database's.
    pub(super) fn of(conn: &mut DbConnection, engine: Engine, crowd: i64, limit: i64) -> Result<Option<Self>, Error> {
        use diesel::prelude::*;
        // Asked also where it is not needed: a page costs as many statements at a hundred accounts as at a hundred thousand.
        let totals: Vec<i64> = crate::schema::account_totals::table.select(crate::schema::account_totals::total).load(conn)?;
        let table = totals.into_iter().sum::<i64>().max(crowd).max(1);
        // If just so many match, so many of them are looked at, in as many places at the most: a Poisson distribution, whose
        // spread is the root of it.
        let expected = Self::ACCOUNTS as f64 * limit as f64 / table as f64;
        let needed = ((expected + 4.5 * expected.sqrt()).ceil() as i64).max(Self::FEWEST);
        let places = Self::ACCOUNTS / Self::size(engine);
        Ok((crowd >= Self::LEAST && needed <= places).then_some(Self { places, needed }))
    }

    /// How many accounts stand together in a place: in Postgres it is a page, which has room for about so many.
    fn size(engine: Engine) -> i64 {
        match engine {
            Engine::Sqlite => 20,
            Engine::Postgres => 40,
        }
    }

    /// A part of it: where none matches there, it is taken that few do. That is wrong of one filter in some fifteen of those that
    /// leave just enough to be common, and costs a count.
    fn part(self) -> Self {
        Self { places: self.places / 4, ..self }
    }

    /// A table `place` of where the places start: before a number of SQLite's accounts, or at a page of Postgres' table. They are
    /// spread by the golden section, which no regularity of the table repeats, and always the same: so is the answer, and the
    /// pages are at hand.
    fn places(self, engine: Engine, sql: &mut Sql) {
        let millionths = (0..self.places).map(|number| (number * 618_033 % 1_000_000).to_string()).collect::<Vec<_>>().join(",");
        match engine {
            Engine::Sqlite => sql
                .push("(SELECT value * (SELECT max(search_id) FROM accounts) / 1000000 AS start FROM json_each('[' || ")
                .bind(millionths)
                .push(" || ']')) place"),
            Engine::Postgres => sql
                .push("(SELECT value::bigint * (SELECT pg_relation_size('accounts') / current_setting('block_size')::bigint)")
                .push(" / 1000000 AS start FROM unnest(string_to_array(")
                .bind(millionths)
                .push(", ',')) value OFFSET 0) place"),
        };
    }
}

impl Matching {
    /// Whether a sample says that the whole filter leaves many, as an expression: one of accounts that stand together in the
    /// table; or one of accounts that stand together by name, where the table may say little. (What has been written anew, such as
    /// those that are used of late, stands side by side in Postgres' table.)
    pub(super) fn is_common(&self, sample: Sample, sql: &mut Sql) {
        self.is_common_by_place(sample, sql);
        if !self.is_single() && (self.filter.activity.is_some() || self.filter.expiring) {
            sql.push(" OR ");
            self.is_common_by_name(sample, sql);
        }
    }

    /// Most words are rare, and are seen to be by a part of the sample.
    fn is_common_by_place(&self, sample: Sample, sql: &mut Sql) {
        sql.push("(EXISTS (");
        self.hits(sample.part(), sql);
        sql.push(") AND (SELECT count(*) FROM (");
        self.hits(sample, sql);
        sql.push(" LIMIT ").bind(sample.needed).push(") s) >= ").bind(sample.needed).push(")");
    }

    /// A row for each place of the sample where an account matches.
    fn hits(&self, sample: Sample, sql: &mut Sql) {
        sql.push("SELECT 1 FROM ");
        sample.places(self.engine, sql);
        sql.push(" WHERE EXISTS (SELECT 1 FROM ");
        self.standing_in_place("a", Sample::size(self.engine), sql);
        sql.push(" AND CASE WHEN ");
        self.of_kind("a", " AND ", sql);
        self.tests(None, Asked::OfSample, sql);
        // No test becomes a join, nor the place another way to the accounts.
        sql.push(" THEN TRUE END").push(fence(self.engine)).push(")");
    }

    fn is_common_by_name(&self, sample: Sample, sql: &mut Sql) {
        sql.push("(SELECT count(*) FROM (SELECT 1 FROM ");
        sample.places(self.engine, sql);
        // Places among those that are not shown would all look at the same few that are.
        match self.engine {
            Engine::Sqlite => {
                sql.push(" CROSS JOIN ");
                self.standing_in_place("f", 1, sql);
                sql.push(" AND ");
                self.of_kind("f", " AND ", sql);
                sql.push(" AND ");
            }
            Engine::Postgres => {
                sql.push(" CROSS JOIN LATERAL (SELECT f.name_key, f.id FROM ");
                self.standing_in_place("f", 1, sql);
                sql.push(" AND CASE WHEN ");
                self.of_kind("f", " AND ", sql);
                sql.push(" THEN TRUE END LIMIT 1) f WHERE ");
            }
        }
        sql.push("EXISTS (SELECT 1 FROM (SELECT *");
        self.all(sql);
        sql.push(" AND (a.name_key, a.id) > (f.name_key, f.id) ORDER BY a.name_key, a.id");
        sql.limit(Sample::size(self.engine)).push(") a WHERE TRUE");
        self.tests(None, Asked::OfSample, sql);
        sql.push(") LIMIT ").bind(sample.needed).push(") s) >= ").bind(sample.needed);
    }

    /// `accounts … WHERE …` of those that stand in a place of a sample: in SQLite so many of the first, in Postgres all of a page.
    fn standing_in_place(&self, table: &str, of_sqlite: i64, sql: &mut Sql) {
        match self.engine {
            Engine::Sqlite => sql.push(&format!(
                "accounts {table} NOT INDEXED WHERE {table}.search_id > place.start AND {table}.search_id <= place.start + {of_sqlite}"
            )),
            Engine::Postgres => sql.push(&format!(
                "accounts {table} WHERE {table}.ctid >= ('(' || place.start || ',0)')::tid \
                 AND {table}.ctid < ('(' || place.start + 1 || ',0)')::tid"
            )),
        };
    }
}
