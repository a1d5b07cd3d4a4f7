//! A transaction, and what is known of it when its end gets lost.

use diesel::connection::{AnsiTransactionManager, TransactionManager};
use diesel::deserialize::QueryableByName;
use diesel::sql_types::Text;
use diesel::{RunQueryDsl, sql_query};

use super::DbConnection;
use crate::error::{Error, Outage};

/// Serialises changes among all instances on one Postgres: the number is Muster's own choice, the lock is advisory. The
/// transaction's number answers later whether it was committed.
const LOCK: &str = "SELECT CAST(pg_current_xact_id() AS TEXT) AS text FROM pg_advisory_xact_lock(7310579)";

/// How work on a connection ended.
pub enum Ended<T> {
    /// As it says.
    Known(Result<T, Error>),
    /// The connection was lost during the commit: `value` is right if the transaction of this number was committed.
    Lost { value: T, number: Option<String>, cause: String },
}

impl<T> Ended<T> {
    /// The outcome where nobody can ask for the transaction.
    pub fn settled(self) -> Result<T, Error> {
        match self {
            Self::Known(outcome) => outcome,
            Self::Lost { cause, .. } => Err(Error::Unavailable(Outage::Uncertain, cause)),
        }
    }
}

#[derive(QueryableByName)]
struct StatusLine {
    #[diesel(sql_type = Text)]
    text: String,
}

/// SQLite takes its write lock at once (a transaction that reads first would fail when another wrote meanwhile), Postgres
/// an advisory lock where `exclusive` asks for it.
pub fn run<T>(conn: &mut DbConnection, exclusive: bool, work: impl FnOnce(&mut DbConnection) -> Result<T, Error>) -> Ended<T> {
    let begun = match conn {
        DbConnection::Sqlite(sqlite) => AnsiTransactionManager::begin_transaction_sql(sqlite, "BEGIN IMMEDIATE"),
        DbConnection::Postgres(postgres) => AnsiTransactionManager::begin_transaction(postgres),
    };
    if let Err(error) = begun {
        return Ended::Known(Err(error.into()));
    }
    let locked = lock(conn, exclusive);
    let (number, outcome) = match locked {
        Ok(number) => (number, work(conn)),
        Err(error) => (None, Err(error)),
    };
    let ended = match (&mut *conn, outcome.is_ok()) {
        (DbConnection::Sqlite(sqlite), true) => AnsiTransactionManager::commit_transaction(sqlite),
        (DbConnection::Sqlite(sqlite), false) => AnsiTransactionManager::rollback_transaction(sqlite),
        (DbConnection::Postgres(postgres), true) => AnsiTransactionManager::commit_transaction(postgres),
        (DbConnection::Postgres(postgres), false) => AnsiTransactionManager::rollback_transaction(postgres),
    };
    match (outcome, ended.map_err(Error::from)) {
        (Ok(value), Err(Error::Unavailable(Outage::Unreachable, cause))) if matches!(conn, DbConnection::Postgres(_)) => {
            Ended::Lost { value, number, cause }
        }
        (Ok(value), Ok(())) => Ended::Known(Ok(value)),
        (Ok(_), Err(error)) | (Err(error), _) => Ended::Known(Err(error)),
    }
}

/// Has everything that `work` reads be as it was at one moment. It cannot write.
pub fn at_one_moment<T>(conn: &mut DbConnection, work: impl FnOnce(&mut DbConnection) -> Result<T, Error>) -> Result<T, Error> {
    match conn {
        DbConnection::Sqlite(sqlite) => AnsiTransactionManager::begin_transaction_sql(sqlite, "BEGIN"),
        DbConnection::Postgres(postgres) => {
            AnsiTransactionManager::begin_transaction_sql(postgres, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        }
    }?;
    let outcome = work(conn);
    let ended = match conn {
        DbConnection::Sqlite(sqlite) => AnsiTransactionManager::rollback_transaction(sqlite),
        DbConnection::Postgres(postgres) => AnsiTransactionManager::rollback_transaction(postgres),
    };
    let read = outcome?;
    ended?;
    Ok(read)
}

fn lock(conn: &mut DbConnection, exclusive: bool) -> Result<Option<String>, Error> {
    match conn {
        DbConnection::Postgres(postgres) if exclusive => Ok(Some(sql_query(LOCK).get_result::<StatusLine>(postgres)?.text)),
        _ => Ok(None),
    }
}

/// What the server says of a transaction: committed, aborted, or still going on (`None`).
pub fn was_committed(conn: &mut DbConnection, number: &str) -> Result<Option<bool>, Error> {
    let DbConnection::Postgres(postgres) = conn else { return Ok(None) };
    let status = sql_query("SELECT coalesce(pg_xact_status(CAST($1 AS xid8)), '') AS text").bind::<Text, _>(number);
    Ok(match status.get_result::<StatusLine>(postgres)?.text.as_str() {
        "committed" => Some(true),
        "aborted" => Some(false),
        _ => None,
    })
}
