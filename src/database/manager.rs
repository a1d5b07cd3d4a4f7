//! Opens connections by the scheme of the database URL, and sets each one up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use diesel::Connection;
use diesel::connection::{SimpleConnection, TransactionManager, TransactionManagerStatus};
use diesel::pg::PgConnection;
use diesel::sqlite::SqliteConnection;

use super::file::{DatabaseFile, JournalIdentity};
use super::sql::Sql;
use super::{DbConnection, StatementCounter};
use crate::config::DatabaseUrl;
use crate::error::{Error, Outage};

/// Which of the two engines keeps the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// One file beside the binary.
    Sqlite,
    /// A server, for several instances.
    Postgres,
}

/// Readers do not wait for the writer (WAL) and an answered change survives a power cut (FULL). Each connection keeps 1.5 MB
/// of the file, about what a page of the list asks for: there are several, and the operating system keeps the file as well.
const SQLITE_SETUP: &str = "PRAGMA busy_timeout = 5000; PRAGMA synchronous = FULL; \
    PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -1500;";

/// The same patience as `busy_timeout`.
const BUSY: Duration = Duration::from_secs(5);

/// Times without a zone are UTC here, and nothing waits for ever. Each statement sees what was committed before it, whatever
/// the server's default: under a stricter level a change that waited for another would fail. The planner takes an index wherever
/// there is one, also before it has statistics (a new installation, thousands of accounts made at once) and where it guesses
/// that a filter leaves many: a page of the list then costs the same whatever the size of the tables.
const POSTGRES_SETUP: &str = "SET TIME ZONE 'UTC'; SET default_transaction_isolation = 'read committed'; SET lock_timeout = '20s'; SET statement_timeout = '120s'; \
    SET idle_in_transaction_session_timeout = '60s'; SET jit = off; SET enable_seqscan = off";

/// A connection that has been asked whether it still works is not asked again for so long: the question is a round trip, and
/// a page asks for a connection three times. One that has failed is asked in any case.
const CHECKED_FOR: Duration = Duration::from_secs(1);

/// A connection of the pool.
pub struct CheckedConnection {
    /// The connection.
    pub conn: DbConnection,
    /// When it was last found to work; `None` where there is reason to ask.
    checked: Option<Instant>,
    /// What SQLite had beside the file when it was opened.
    pub beside: Option<JournalIdentity>,
}

impl CheckedConnection {
    /// Has it asked whether it works before it is used again.
    pub fn doubt(&mut self) {
        self.checked = None;
    }
}

/// Makes and checks the pool's connections.
pub struct Manager {
    url: DatabaseUrl,
    statements: Arc<AtomicU64>,
    file: Arc<Option<DatabaseFile>>,
}

impl Manager {
    /// A manager whose connections add to `statements`, all of them to the same `file`.
    pub fn new(url: DatabaseUrl, statements: Arc<AtomicU64>, file: Arc<Option<DatabaseFile>>) -> Self {
        Self { url, statements, file }
    }
}

/// Opens and sets up one connection.
pub fn open(url: &DatabaseUrl) -> Result<DbConnection, diesel::ConnectionError> {
    let set_up = |error| diesel::ConnectionError::CouldntSetupConfiguration(error);
    match url {
        DatabaseUrl::Sqlite(path) => {
            let mut sqlite = SqliteConnection::establish(path)?;
            sqlite.batch_execute(SQLITE_SETUP).map_err(set_up)?;
            begin_wal(&mut sqlite).map_err(set_up)?;
            Ok(DbConnection::Sqlite(sqlite))
        }
        DatabaseUrl::Postgres(address) => {
            let mut postgres = PgConnection::establish(&with_time_outs(address))?;
            postgres.batch_execute(POSTGRES_SETUP).map_err(set_up)?;
            Ok(DbConnection::Postgres(postgres))
        }
    }
}

/// SQLite does not wait for its `busy_timeout` where the first connection to a new file turns it to WAL while others open it.
fn begin_wal(sqlite: &mut SqliteConnection) -> diesel::QueryResult<()> {
    let began = Instant::now();
    loop {
        match sqlite.batch_execute("PRAGMA journal_mode = WAL") {
            Err(error) if error.to_string().contains("locked") && began.elapsed() < BUSY => {
                std::thread::sleep(Duration::from_millis(5));
            }
            outcome => return outcome,
        }
    }
}

/// A server that has vanished without a word would hold a request for minutes: libpq waits for ever unless it is told.
/// What the operator has set in the URL stays.
fn with_time_outs(address: &str) -> String {
    const TIME_OUTS: [&str; 5] =
        ["connect_timeout=3", "tcp_user_timeout=10000", "keepalives_idle=10", "keepalives_interval=3", "keepalives_count=3"];
    TIME_OUTS.iter().fold(address.to_owned(), |address, setting| {
        let name = setting.split('=').next().unwrap_or_default();
        if address.contains(&format!("{name}=")) {
            return address;
        }
        format!("{address}{}{setting}", if address.contains('?') { '&' } else { '?' })
    })
}

impl r2d2::ManageConnection for Manager {
    type Connection = CheckedConnection;
    type Error = diesel::ConnectionError;

    fn connect(&self) -> Result<CheckedConnection, Self::Error> {
        let mut conn = open(&self.url)?;
        let beside = self.file.as_ref().as_ref().map(|file| {
            file.opened();
            file.beside()
        });
        conn.set_instrumentation(StatementCounter(Arc::clone(&self.statements)));
        Ok(CheckedConnection { conn, checked: Some(Instant::now()), beside })
    }

    fn is_valid(&self, line: &mut CheckedConnection) -> Result<(), Self::Error> {
        match &mut line.conn {
            // The engine is in this process: there is no line that could have been cut.
            DbConnection::Sqlite(_) => Ok(()),
            DbConnection::Postgres(_) if line.checked.is_some_and(|at| at.elapsed() < CHECKED_FOR) => Ok(()),
            DbConnection::Postgres(postgres) => {
                postgres.batch_execute("SELECT 1").map_err(diesel::ConnectionError::CouldntSetupConfiguration)?;
                line.checked = Some(Instant::now());
                Ok(())
            }
        }
    }

    fn has_broken(&self, line: &mut CheckedConnection) -> bool {
        std::thread::panicking() || in_open_transaction(&mut line.conn)
    }
}

fn in_open_transaction(conn: &mut DbConnection) -> bool {
    use diesel::connection::AnsiTransactionManager as Transactions;
    let status = match conn {
        DbConnection::Sqlite(sqlite) => Transactions::transaction_manager_status_mut(sqlite),
        DbConnection::Postgres(postgres) => Transactions::transaction_manager_status_mut(postgres),
    };
    match status {
        TransactionManagerStatus::Valid(status) => status.transaction_depth().is_some(),
        TransactionManagerStatus::InError => true,
    }
}

/// Whether the server takes writes: one that has failed over may not.
pub fn takes_writes(conn: &mut DbConnection) -> Result<(), Error> {
    if let DbConnection::Sqlite(_) = conn {
        return Ok(());
    }
    let only_reads = "SELECT CAST((current_setting('transaction_read_only') = 'on')::int AS BIGINT) AS n";
    match Sql::new(only_reads).number(conn)? {
        0 => Ok(()),
        _ => Err(Error::Unavailable(Outage::ReadOnly, "the server takes no writes".into())),
    }
}

/// A change needs about as much room.
const TRIED: usize = 64 * 1024;

/// Writes something that nobody reads, to be removed by [`forget_the_try`].
pub fn try_a_write(conn: &mut DbConnection) -> Result<(), Error> {
    forget_the_try(conn)?;
    let mut sql = Sql::new("INSERT INTO settings (name, value) VALUES ('write_probe', ");
    sql.bind("x".repeat(TRIED)).push(")");
    sql.execute(conn).map(drop)
}

/// Removes what [`try_a_write`] has written.
pub fn forget_the_try(conn: &mut DbConnection) -> Result<(), Error> {
    Sql::new("DELETE FROM settings WHERE name = 'write_probe'").execute(conn).map(drop)
}

/// Writes a failing connection to the log once, not on every try: the pool tries for as long as the outage lasts.
#[derive(Debug)]
pub struct LogOnce {
    url: DatabaseUrl,
    logged: AtomicBool,
}

impl LogOnce {
    /// For the connections to `url`.
    pub fn new(url: DatabaseUrl) -> Self {
        Self { url, logged: AtomicBool::new(false) }
    }
}

impl r2d2::HandleError<diesel::ConnectionError> for LogOnce {
    fn handle_error(&self, error: diesel::ConnectionError) {
        if !self.logged.swap(true, Ordering::Relaxed) {
            log::error!("the database cannot be reached: {}", self.url.redact(&error.to_string()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::with_time_outs;

    #[test]
    fn time_outs_are_added_where_there_are_none() {
        let plain = with_time_outs("postgres://m@db/muster");
        assert!(plain.starts_with("postgres://m@db/muster?connect_timeout=3&tcp_user_timeout=10000&"), "{plain}");
        let set = with_time_outs("postgres://m@db/muster?sslmode=require&connect_timeout=9");
        assert!(set.contains("sslmode=require&connect_timeout=9&tcp_user_timeout=10000"), "{set}");
        assert_eq!(set.matches("connect_timeout").count(), 1);
    }
}
