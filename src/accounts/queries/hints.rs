//! What the engines' planners have to be told. Everything else is theirs to decide.
//!
//! Measured with 100,000 accounts and fresh statistics. Without statistics (a new installation, a SQLite file that nobody has
//! analysed) the planners guess worse: the tests of the scale ask them there.

use crate::database::Engine;
use crate::database::sql::Sql;

/// A condition that is tested row by row, whatever index there may be for it. Both planners prefer an index of the condition
/// and a sort of all that it finds to the index that has the page's order, although a page ends after 50 rows. A twentieth that
/// was used of late, by name: SQLite 0.5 ms without this and 0.1 with it, PostgreSQL 0.28 and 0.22; what it sorts grows with the
/// table.
pub fn opaque(condition: Sql) -> Sql {
    let mut sql = Sql::new("CASE WHEN ");
    sql.append(condition).push(" THEN TRUE END");
    sql
}

/// The end of a subquery that is to be evaluated as it stands, for each row. PostgreSQL would turn it into a join, for which
/// it may read all that have a role; with fresh statistics it does not (0.05 ms either way).
pub fn fence(engine: Engine) -> &'static str {
    if engine == Engine::Postgres { " OFFSET 0" } else { "" }
}

/// The account of each row of `picked`, in that direction: neither planner knows how few rows there are, and either may read
/// all accounts beside them. With fresh statistics it makes no difference (a team of ten 0.04 ms, one of ten thousand 0.1 s).
pub fn look_up(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => " CROSS JOIN accounts a WHERE a.id = picked.id",
        Engine::Postgres => " CROSS JOIN LATERAL (SELECT * FROM accounts x WHERE x.id = picked.id OFFSET 0) a WHERE TRUE",
    }
}

/// PostgreSQL is to see the word that is sought whenever it plans: by its statistics it knows whether to begin with the index of
/// words, which has to be read to its end first, or with the accounts. For a word that all have 19 ms without this, 1.8 with it.
pub fn plan_each_time(engine: Engine, sql: &mut Sql) {
    if engine == Engine::Postgres {
        sql.once();
    }
}
