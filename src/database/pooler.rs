//! Finds out whether a pooler between Muster and Postgres gives each transaction another connection. Muster's connections
//! carry settings, prepared statements and the lock of a start, which would end up with somebody else.

use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::deserialize::QueryableByName;
use diesel::pg::PgConnection;
use diesel::sql_types::Integer;
use diesel::{RunQueryDsl, sql_query};

use super::{DbConnection, manager};
use crate::config::DatabaseUrl;

/// A pooler hands out the connection that was used last, unless another client takes it meanwhile.
const TRIES: usize = 3;

/// Makes sure that a connection is one session, by looking whether a second one gets the same process of the server.
pub fn refuse_shared(url: &DatabaseUrl, first: &mut PgConnection) -> Result<(), String> {
    let Ok(DbConnection::Postgres(mut second)) = manager::open(url) else { return Ok(()) };
    for _ in 0..TRIES {
        let one = in_transaction(first, |_| ())?.0;
        // While the first is between two transactions, nothing is its own any more.
        let (other, again) = in_transaction(&mut second, |_| in_transaction(first, |_| ()).map(|(process, ())| process))?;
        if one == other || one != again? {
            return Err("The database URL leads to a connection pooler that shares connections between transactions, such as \
                        PgBouncer with pool_mode = transaction. Muster needs a connection of its own for each session: set \
                        pool_mode = session for Muster's database, or connect to PostgreSQL directly."
                .into());
        }
    }
    Ok(())
}

/// The server's process in a transaction, and what `inside` returns. Statements without a name: a pooler may mix up others.
fn in_transaction<T>(conn: &mut PgConnection, inside: impl FnOnce(&mut PgConnection) -> T) -> Result<(i32, T), String> {
    #[derive(QueryableByName)]
    struct Process {
        #[diesel(sql_type = Integer)]
        id: i32,
    }
    let failed = |error: diesel::result::Error| format!("The database cannot be asked: {error}");
    AnsiTransactionManager::begin_transaction(conn).map_err(failed)?;
    let process: Result<Process, _> = sql_query("SELECT pg_backend_pid() AS id").get_result(conn);
    let value = inside(conn);
    AnsiTransactionManager::commit_transaction(conn).map_err(failed)?;
    Ok((process.map_err(failed)?.id, value))
}
