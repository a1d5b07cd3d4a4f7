//! The one pool, for both engines: [`Database::read`] for looking, [`Database::write`] for changing what is decided and
//! counted, [`Database::record`] for what is only noted beside it (sessions, sign-ins, refusals).

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use diesel::connection::{AnsiTransactionManager, Instrumentation, InstrumentationEvent, SimpleConnection, TransactionManager};
use tokio::sync::Semaphore;

use crate::config::DatabaseUrl;
use crate::error::Error;

pub mod connection;
pub mod constraint;
pub mod manager;
pub mod migrations;
pub mod sql;

pub use connection::DbConnection;
pub use manager::Engine;

/// The database type that queries are generic over when they must name it.
pub type Backend = <DbConnection as diesel::Connection>::Backend;

/// Serialises changes among all instances on one Postgres: the number is Muster's own choice, the lock is advisory.
const WRITE_LOCK: &str = "SELECT pg_advisory_xact_lock(7310579)";

/// How long a request waits for a free connection before it answers 503.
const CHECKOUT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long it waits for work that has not begun. The pool gives up before, but not where it tries a connection on which
/// nobody answers: a server may hang, and take every question without a word.
const BEGIN_TIMEOUT: Duration = Duration::from_millis(3500);
/// How long it waits for work that only reads. Nobody waits longer for a page.
const READ_TIMEOUT: Duration = Duration::from_secs(10);
/// How long it waits for any other: longer than a statement is given by the server.
const WORK_TIMEOUT: Duration = Duration::from_secs(150);

/// The installation's database.
#[derive(Clone)]
pub struct Database {
    pool: r2d2::Pool<manager::Manager>,
    engine: Engine,
    statements: Arc<AtomicU64>,
    /// As many as the pool has connections. Who waits for one waits here and not in a thread: a thread for each request of
    /// a busy moment would cost more memory than everything else.
    turns: Arc<Semaphore>,
    after_write: Arc<OnceLock<AfterWrite>>,
    longest_read: Duration,
}

/// What is to be done after each change, before its answer.
type AfterWrite = Box<dyn Fn() -> Pin<Box<dyn Future<Output = ()>>> + Send + Sync>;

impl Database {
    /// Opens a pool of at most `size` connections. Does not wait for the database: a server may start before it.
    ///
    /// # Errors
    /// `Internal` when the pool cannot be made.
    pub fn connect(url: DatabaseUrl, size: u32) -> Result<Self, Error> {
        let engine = match &url {
            DatabaseUrl::Sqlite(_) => Engine::Sqlite,
            DatabaseUrl::Postgres(_) => Engine::Postgres,
        };
        let statements = Arc::new(AtomicU64::new(0));
        let pool = r2d2::Pool::builder()
            .max_size(size)
            .min_idle(Some(1))
            .connection_timeout(CHECKOUT_TIMEOUT)
            .error_handler(Box::new(manager::LogOnce::default()))
            .build_unchecked(manager::Manager::new(url.clone(), Arc::clone(&statements)));
        let turns = Arc::new(Semaphore::new(usize::try_from(size).unwrap_or(Semaphore::MAX_PERMITS)));
        Ok(Self { pool, engine, statements, turns, after_write: Arc::default(), longest_read: READ_TIMEOUT })
    }

    /// The same for who reads much at once, and lets nobody wait for it.
    pub fn reading_at_length(self) -> Self {
        Self { longest_read: WORK_TIMEOUT, ..self }
    }

    /// Which engine this is.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// How many connections the pool has, how many of them are idle, and how many it may have.
    pub fn connections(&self) -> (u32, u32, u32) {
        let state = self.pool.state();
        (state.connections, state.idle_connections, self.pool.max_size())
    }

    /// How many SQL statements have been sent through this pool since it was opened.
    pub fn statements(&self) -> u64 {
        self.statements.load(Ordering::Relaxed)
    }

    /// Runs `work`, which only reads, on a connection of the pool, away from the threads that answer requests.
    ///
    /// # Errors
    /// `Unavailable` when the database cannot be reached, and whatever `work` returns.
    pub async fn read<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut DbConnection) -> Result<T, Error> + Send + 'static,
    {
        self.away(self.longest_read, work).await
    }

    /// Runs `work` in one transaction that no other `write` overlaps, on this instance or another: what a rule reads
    /// (places left on the plan, administrators left) is still true when the change is committed.
    ///
    /// # Errors
    /// `Unavailable` when the database cannot be reached, and whatever `work` returns; then nothing has changed.
    pub async fn write<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut DbConnection) -> Result<T, Error> + Send + 'static,
    {
        let outcome = self.away(WORK_TIMEOUT, |conn| in_transaction(conn, true, work)).await;
        if let Some(after) = self.after_write.get() {
            // Also where it failed: a commit whose answer was lost may have happened.
            after().await;
        }
        outcome
    }

    /// Has `after` done after each [`Database::write`], before its caller goes on: what this instance keeps in memory
    /// must not be older than what it has answered. Can be set once.
    pub fn after_each_write(&self, after: impl Fn() -> Pin<Box<dyn Future<Output = ()>>> + Send + Sync + 'static) {
        if self.after_write.set(Box::new(after)).is_err() {
            log::error!("what follows each write has been set twice");
        }
    }

    /// Runs `work` in a transaction that on Postgres does not wait for administrators' changes. (SQLite has one writer.)
    ///
    /// # Errors
    /// As [`Database::write`].
    pub async fn record<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut DbConnection) -> Result<T, Error> + Send + 'static,
    {
        self.away(WORK_TIMEOUT, |conn| in_transaction(conn, false, work)).await
    }

    /// [`Database::read`] for a thread that may block: the command line, and work that is already away.
    ///
    /// # Errors
    /// As [`Database::read`].
    pub fn read_now<T>(&self, work: impl FnOnce(&mut DbConnection) -> Result<T, Error>) -> Result<T, Error> {
        self.on_a_line(work)
    }

    /// [`Database::write`] for a thread that may block.
    ///
    /// # Errors
    /// As [`Database::write`].
    pub fn write_now<T>(&self, work: impl FnOnce(&mut DbConnection) -> Result<T, Error>) -> Result<T, Error> {
        self.on_a_line(|conn| in_transaction(conn, true, work))
    }

    /// [`Database::record`] for a thread that may block.
    ///
    /// # Errors
    /// As [`Database::write`].
    pub fn record_now<T>(&self, work: impl FnOnce(&mut DbConnection) -> Result<T, Error>) -> Result<T, Error> {
        self.on_a_line(|conn| in_transaction(conn, false, work))
    }

    /// Runs `work` on a thread that may block, as soon as it is its turn, and waits no longer than `limit` for it. What has
    /// been given up before it began never will begin; what had begun may still come to its end.
    async fn away<T, F>(&self, limit: Duration, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut DbConnection) -> Result<T, Error> + Send + 'static,
    {
        let waiting = tokio::time::timeout(CHECKOUT_TIMEOUT, Arc::clone(&self.turns).acquire_owned());
        let Ok(Ok(turn)) = waiting.await else {
            log::warn!("no database connection: all are in use");
            return Err(Error::Unavailable);
        };
        // The thread takes it when it has a connection, or who waits takes it back.
        let offered = Arc::new(Mutex::new(Some(work)));
        let (database, taking) = (self.clone(), Arc::clone(&offered));
        // The turn comes back with the answer, when the thread is free for who is next; if nobody waits, it ends with the work.
        let thread = actix_web::web::block(move || {
            let outcome = database.on_a_line(|conn| match taken(&taking) {
                Some(work) => work(conn),
                None => Err(Error::Unavailable),
            });
            (outcome, turn)
        });
        let mut thread = std::pin::pin!(thread);
        let mut done = tokio::time::timeout(BEGIN_TIMEOUT.min(limit), &mut thread).await;
        if done.is_err() && taken(&offered).is_none() {
            done = tokio::time::timeout(limit.saturating_sub(BEGIN_TIMEOUT), thread).await;
        }
        match done {
            Ok(Ok((outcome, _turn))) => outcome,
            Ok(Err(_)) => Err(Error::Internal("the blocking pool is gone".into())),
            Err(_) => {
                log::warn!("the database does not answer");
                Err(Error::Unavailable)
            }
        }
    }

    fn on_a_line<T>(&self, work: impl FnOnce(&mut DbConnection) -> Result<T, Error>) -> Result<T, Error> {
        let mut line = self.pool.get().map_err(|error| {
            log::warn!("no database connection: {error}");
            Error::Unavailable
        })?;
        let outcome = work(&mut line.conn);
        if outcome.is_err() {
            line.doubt();
        }
        outcome
    }
}

fn taken<F>(work: &Mutex<Option<F>>) -> Option<F> {
    work.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// The transaction of [`Database::write`] on a connection that one holds, without what follows each write.
///
/// # Errors
/// What `work` returns, and the database's; then nothing has changed.
pub fn write_on<T>(conn: &mut DbConnection, work: impl FnOnce(&mut DbConnection) -> Result<T, Error>) -> Result<T, Error> {
    in_transaction(conn, true, work)
}

/// SQLite takes its write lock at once (a transaction that reads first would fail when another wrote meanwhile), Postgres
/// an advisory lock where `exclusive` asks for it.
fn in_transaction<T>(
    conn: &mut DbConnection,
    exclusive: bool,
    work: impl FnOnce(&mut DbConnection) -> Result<T, Error>,
) -> Result<T, Error> {
    match conn {
        DbConnection::Sqlite(sqlite) => AnsiTransactionManager::begin_transaction_sql(sqlite, "BEGIN IMMEDIATE")?,
        DbConnection::Postgres(postgres) => AnsiTransactionManager::begin_transaction(postgres)?,
    }
    let outcome = lock(conn, exclusive).and_then(|()| work(conn));
    let ended = match (conn, outcome.is_ok()) {
        (DbConnection::Sqlite(sqlite), true) => AnsiTransactionManager::commit_transaction(sqlite),
        (DbConnection::Sqlite(sqlite), false) => AnsiTransactionManager::rollback_transaction(sqlite),
        (DbConnection::Postgres(postgres), true) => AnsiTransactionManager::commit_transaction(postgres),
        (DbConnection::Postgres(postgres), false) => AnsiTransactionManager::rollback_transaction(postgres),
    };
    match (outcome, ended) {
        (Ok(value), Ok(())) => Ok(value),
        (Ok(_), Err(error)) => Err(error.into()),
        (Err(error), _) => Err(error),
    }
}

fn lock(conn: &mut DbConnection, exclusive: bool) -> Result<(), Error> {
    match conn {
        DbConnection::Postgres(postgres) if exclusive => Ok(postgres.batch_execute(WRITE_LOCK)?),
        _ => Ok(()),
    }
}

/// A statement as it is logged: its values may be secrets, or what somebody typed into the wrong field.
fn without_values(query: &str) -> &str {
    query.split_once(" -- binds: ").map_or(query, |(text, _)| text)
}

/// Counts the statements that a connection sends.
struct Count(Arc<AtomicU64>);

impl Instrumentation for Count {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            self.0.fetch_add(1, Ordering::Relaxed);
            if log::log_enabled!(target: "muster::sql", log::Level::Trace) {
                let query = query.to_string();
                log::trace!(target: "muster::sql", "{}", without_values(&query));
            }
        }
    }
}
