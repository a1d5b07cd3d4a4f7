//! The connection type of both engines.

use diesel::pg::PgConnection;
use diesel::sqlite::SqliteConnection;

use super::Engine;

/// A connection to either engine. Queries are written once, in the SQL that both speak; where they differ, a `match` on
/// this stands in the feature's `queries.rs`.
#[derive(diesel::MultiConnection)]
pub enum DbConnection {
    /// SQLite, in the process.
    Sqlite(SqliteConnection),
    /// Postgres, over a socket.
    Postgres(PgConnection),
}

impl DbConnection {
    pub fn engine(&self) -> Engine {
        match self {
            Self::Sqlite(_) => Engine::Sqlite,
            Self::Postgres(_) => Engine::Postgres,
        }
    }
}
