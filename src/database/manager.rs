//! Opens connections by the scheme of the database URL, and sets each one up.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use diesel::Connection;
use diesel::connection::{SimpleConnection, TransactionManager, TransactionManagerStatus};
use diesel::pg::PgConnection;
use diesel::sqlite::SqliteConnection;

use super::{Count, DbConnection};

/// Which of the two engines keeps the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// One file beside the binary.
    Sqlite,
    /// A server, for several instances.
    Postgres,
}

/// Where the database is. Its `Display` leaves out user and password.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// The path of the SQLite file.
    Sqlite(String),
    /// The connection URL of a Postgres server.
    Postgres(String),
}

impl Location {
    /// Reads a database URL: `sqlite:muster.db`, `sqlite:///var/lib/muster.db`, `postgres://…`, `postgresql://…`.
    ///
    /// # Errors
    /// A sentence that names what is wrong.
    pub fn parse(url: &str) -> Result<Self, String> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres(url.into()));
        }
        let path = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:"));
        match path.or_else(|| (!url.contains("://")).then_some(url)) {
            Some(path) if !path.is_empty() => Ok(Self::Sqlite(path.into())),
            Some(_) => Err("the database URL names no file: write sqlite:muster.db".into()),
            None => Err("the database URL begins with neither sqlite: nor postgres://".into()),
        }
    }

    /// The engine at this location.
    pub fn engine(&self) -> Engine {
        match self {
            Self::Sqlite(_) => Engine::Sqlite,
            Self::Postgres(_) => Engine::Postgres,
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "SQLite, {path}"),
            Self::Postgres(url) => {
                let shown = url.rsplit_once('@').map_or_else(|| url.split_once("://").map_or("", |(_, rest)| rest), |(_, host)| host);
                write!(f, "Postgres, {}", shown.split('?').next().unwrap_or_default())
            }
        }
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Readers do not wait for the writer (WAL), an answered change survives a power cut (FULL), and LIKE tells letters
/// apart as it does in Postgres: what is compared has been folded before it was stored.
const SQLITE_SETUP: &str = "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
    PRAGMA foreign_keys = ON; PRAGMA case_sensitive_like = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8000; \
    PRAGMA mmap_size = 268435456;";

/// Times without a zone are UTC here, and nothing waits for ever.
const POSTGRES_SETUP: &str = "SET TIME ZONE 'UTC'; SET lock_timeout = '20s'; SET statement_timeout = '120s'; \
    SET idle_in_transaction_session_timeout = '60s'; SET jit = off";

/// Makes and checks the pool's connections.
pub struct Manager {
    location: Location,
    statements: Arc<AtomicU64>,
}

impl Manager {
    /// A manager whose connections add to `statements`.
    pub fn new(location: Location, statements: Arc<AtomicU64>) -> Self {
        Self { location, statements }
    }
}

/// Opens and sets up one connection.
///
/// # Errors
/// The engine's own words, which may name a host but never a password.
pub fn open(location: &Location) -> Result<DbConnection, diesel::ConnectionError> {
    let set_up = |error| diesel::ConnectionError::CouldntSetupConfiguration(error);
    match location {
        Location::Sqlite(path) => {
            let mut sqlite = SqliteConnection::establish(path)?;
            sqlite.batch_execute(SQLITE_SETUP).map_err(set_up)?;
            Ok(DbConnection::Sqlite(sqlite))
        }
        Location::Postgres(url) => {
            let mut postgres = PgConnection::establish(url)?;
            postgres.batch_execute(POSTGRES_SETUP).map_err(set_up)?;
            Ok(DbConnection::Postgres(postgres))
        }
    }
}

impl r2d2::ManageConnection for Manager {
    type Connection = DbConnection;
    type Error = diesel::ConnectionError;

    fn connect(&self) -> Result<DbConnection, Self::Error> {
        let mut conn = open(&self.location)?;
        conn.set_instrumentation(Count(Arc::clone(&self.statements)));
        Ok(conn)
    }

    fn is_valid(&self, conn: &mut DbConnection) -> Result<(), Self::Error> {
        match conn {
            // The engine is in this process: there is no line that could have been cut.
            DbConnection::Sqlite(_) => Ok(()),
            DbConnection::Postgres(postgres) => {
                postgres.batch_execute("SELECT 1").map_err(diesel::ConnectionError::CouldntSetupConfiguration)
            }
        }
    }

    fn has_broken(&self, conn: &mut DbConnection) -> bool {
        std::thread::panicking() || in_open_transaction(conn)
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

/// Writes a failing connection to the log once, not on every try: the pool tries for as long as the outage lasts.
#[derive(Debug, Default)]
pub struct LogOnce(AtomicBool);

impl r2d2::HandleError<diesel::ConnectionError> for LogOnce {
    fn handle_error(&self, error: diesel::ConnectionError) {
        if !self.0.swap(true, Ordering::Relaxed) {
            log::error!("the database cannot be reached: {error}");
        }
    }
}
