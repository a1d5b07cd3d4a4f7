//! What the engines' planners have to be told. Everything else is theirs to decide.
//!
//! Measured with 100,000 accounts and fresh statistics. Without statistics (a new installation, a SQLite file that nobody has
//! analysed) the planners guess worse: the tests of the scale ask them there.

use crate::database::Engine;
use crate::database::sql::Sql;

/// A condition that is tested row by row, whatever index there may be for it. Both planners prefer an index of the condition
/// and a sort of all that it finds to the index that has the page's order, although a page ends after 50 rows. A twentieth that was used of late, by name: SQLite
/// 0.5 ms without this and 0.1 with it, PostgreSQL 0.28 and 0.22; what it sorts grows with the table.
pub fn opaque(sql: &mut Sql, condition: impl FnOnce(&mut Sql)) {
    sql.push("CASE WHEN ");
    condition(sql);
    sql.push(" THEN TRUE END");
}

/// The end of a subquery that is to be evaluated as it stands, for each row. PostgreSQL would turn it into a join, for which
/// it may read all that have a role; with fresh statistics it does not (0.05 ms either way).
pub fn fence(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "",
        Engine::Postgres => " OFFSET 0",
    }
}

/// `WITH picked`: found first, and once. SQLite would evaluate it again for each account, and PostgreSQL merge it.
pub fn with_picked(sql: &mut Sql, found: impl FnOnce(&mut Sql)) {
    sql.push("WITH picked (id, name_key) AS MATERIALIZED (");
    found(sql);
    sql.push(") ");
}

/// The account of each row of `picked`, in that direction: neither planner knows how few rows there are, and either may read
/// all accounts beside them. With fresh statistics it makes no difference (a team of ten 0.04 ms, one of ten thousand 0.1 s).
pub fn look_up(engine: Engine, sql: &mut Sql) {
    match engine {
        Engine::Sqlite => sql.push(" CROSS JOIN accounts a WHERE a.id = picked.id"),
        Engine::Postgres => sql
            .push(" CROSS JOIN LATERAL (SELECT * FROM accounts x WHERE x.id = picked.id")
            .push(fence(engine))
            .push(") a WHERE TRUE"),
    };
}

/// The order of the rows of a stream: PostgreSQL keeps the index's order through the join only where it is said.
pub fn keep_order(engine: Engine, sql: &mut Sql, order: impl FnOnce(&mut Sql)) {
    if engine == Engine::Postgres {
        order(sql);
        sql.push(fence(engine));
    }
}

/// A value that PostgreSQL sees when it plans: by its statistics it knows whether to begin with the index of words, which has
/// to be read to its end first, or with the accounts: for a word that all have 19 ms without this, and 1.8 with it.
pub fn visible(sql: &mut Sql, value: String) -> &mut Sql {
    sql.once().bind(value)
}
