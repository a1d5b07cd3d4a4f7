//! The one pool, for both engines: [`Database::read`] for looking, [`Database::write`] for changing what is decided and
//! counted, [`Database::record`] for what is only noted beside it (sessions, sign-ins, refusals).

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use diesel::connection::{Instrumentation, InstrumentationEvent};
use tokio::sync::Semaphore;

use crate::config::DatabaseUrl;
use crate::error::{Error, Outage};

pub mod connection;
pub mod constraint;
mod file;
pub mod manager;
pub mod migrations;
mod pooler;
pub mod sql;
mod transaction;

pub use connection::DbConnection;
use file::DatabaseFile;
pub use manager::Engine;
use transaction::Ended;
pub use transaction::at_one_moment;

/// The database type that queries are generic over when they must name it.
pub type Backend = <DbConnection as diesel::Connection>::Backend;

/// How long a request waits for a free connection before it answers 503.
const CHECKOUT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long it waits for work that has not begun. The pool gives up before, but not where it tries a connection on which
/// nobody answers: a server may hang, and take every question without a word.
const BEGIN_TIMEOUT: Duration = Duration::from_millis(3500);
/// How long it waits for reads. Nobody waits longer for a page.
const READ_TIMEOUT: Duration = Duration::from_secs(10);
/// How long it waits for writes: longer than the server lets a statement run.
const WORK_TIMEOUT: Duration = Duration::from_secs(150);
/// How long to look for a change whose commit went unanswered.
const LOOK_UP_TIMEOUT: Duration = Duration::from_secs(8);
/// The pause between two attempts.
const LOOK_UP_PAUSE: Duration = Duration::from_millis(100);

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
    file: Arc<Option<DatabaseFile>>,
    /// Why the last change could not be written, if the reason was the disk or a database that takes no writes.
    unwritable: Arc<Mutex<Option<Error>>>,
}

/// What runs after each change, before the answer is sent.
type AfterWrite = Box<dyn Fn() -> Pin<Box<dyn Future<Output = ()>>> + Send + Sync>;

impl Database {
    /// Opens a pool of at most `size` connections. Does not wait for the database: a server may start before it.
    pub fn connect(url: DatabaseUrl, size: u32) -> Result<Self, Error> {
        let engine = match &url {
            DatabaseUrl::Sqlite(_) => Engine::Sqlite,
            DatabaseUrl::Postgres(_) => Engine::Postgres,
        };
        let statements = Arc::new(AtomicU64::new(0));
        let file = Arc::new(DatabaseFile::of(&url));
        let pool = r2d2::Pool::builder()
            .max_size(size)
            .min_idle(Some(1))
            .connection_timeout(CHECKOUT_TIMEOUT)
            .error_handler(Box::new(manager::LogOnce::new(url.clone())))
            .build_unchecked(manager::Manager::new(url, Arc::clone(&statements), Arc::clone(&file)));
        let turns = Arc::new(Semaphore::new(usize::try_from(size).unwrap_or(Semaphore::MAX_PERMITS)));
        Ok(Self {
            pool,
            engine,
            statements,
            turns,
            after_write: Arc::default(),
            longest_read: READ_TIMEOUT,
            file,
            unwritable: Arc::default(),
        })
    }

    /// A pool for bulk reads that nobody waits for.
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
        self.away(self.longest_read, Outage::Unreachable, |conn| Ended::Known(work(conn))).await
    }

    /// Runs `work` in one transaction that no other `write` overlaps, on this instance or another: what a rule reads
    /// (places left on the plan, administrators left) is still true when the change is committed.
    ///
    /// # Errors
    /// `Unavailable` when the database cannot be reached, and whatever `work` returns; then nothing has changed, unless the
    /// error is [`Outage::Uncertain`].
    pub async fn write<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut DbConnection) -> Result<T, Error> + Send + 'static,
    {
        let outcome = self.away(WORK_TIMEOUT, Outage::Uncertain, |conn| transaction::run(conn, true, work)).await;
        self.record_writable(&outcome);
        if let Some(after) = self.after_write.get() {
            // Even after a failure: a commit whose answer was lost may have succeeded.
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
    pub async fn record<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut DbConnection) -> Result<T, Error> + Send + 'static,
    {
        let outcome = self.away(WORK_TIMEOUT, Outage::Uncertain, |conn| transaction::run(conn, false, work)).await;
        self.record_writable(&outcome);
        outcome
    }

    /// [`Database::read`] for a thread that may block: the command line, and work that is already away.
    pub fn read_now<T>(&self, work: impl FnOnce(&mut DbConnection) -> Result<T, Error>) -> Result<T, Error> {
        self.on_a_line(|conn| Ended::Known(work(conn)))
    }

    /// [`Database::write`] for a thread that may block.
    pub fn write_now<T>(&self, work: impl FnOnce(&mut DbConnection) -> Result<T, Error>) -> Result<T, Error> {
        self.on_a_line(|conn| transaction::run(conn, true, work))
    }

    /// [`Database::record`] for a thread that may block.
    pub fn record_now<T>(&self, work: impl FnOnce(&mut DbConnection) -> Result<T, Error>) -> Result<T, Error> {
        self.on_a_line(|conn| transaction::run(conn, false, work))
    }

    /// Whether changes can be written, as far as is known without making one: asked by the readiness check.
    pub async fn writable(&self) -> Result<(), Error> {
        if let Some(file) = self.file.as_ref() {
            file.check_writable()?;
        }
        match self.unwritable() {
            None => self.read(manager::takes_writes).await,
            // Only a successful change shows that the cause is gone.
            Some(_) => {
                self.record(manager::try_a_write).await?;
                self.record(manager::forget_the_try).await
            }
        }
    }

    fn unwritable(&self) -> Option<Error> {
        self.unwritable.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Remembers why a change could not be written, until one can.
    fn record_writable<T>(&self, outcome: &Result<T, Error>) {
        let reason = match outcome {
            Ok(_) => None,
            Err(error @ Error::Unavailable(Outage::DiskFull | Outage::DiskFails | Outage::ReadOnly, _)) => Some(error.clone()),
            Err(_) => return,
        };
        let mut held = self.unwritable.lock().unwrap_or_else(PoisonError::into_inner);
        if let (None, Some(reason)) = (held.as_ref(), &reason) {
            log::error!("changes cannot be written: {}", reason.cause());
        }
        *held = reason;
    }

    /// Runs `work` on a thread that may block, as soon as it is its turn, and waits no longer than `limit` for it. What has
    /// been given up before it began never will begin; what had begun may still come to its end, which is what `late` says.
    async fn away<T, F>(&self, limit: Duration, late: Outage, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut DbConnection) -> Ended<T> + Send + 'static,
    {
        let waiting = tokio::time::timeout(CHECKOUT_TIMEOUT, Arc::clone(&self.turns).acquire_owned());
        let Ok(Ok(turn)) = waiting.await else {
            return Err(Error::unavailable("all connections are in use"));
        };
        // The thread takes it once it has a connection, or the caller takes it back.
        let offered = Arc::new(Mutex::new(Some(work)));
        let (database, taking) = (self.clone(), Arc::clone(&offered));
        // The turn comes back with the answer, when the thread is free for who is next; if nobody waits, it ends with the work.
        let thread = actix_web::web::block(move || {
            let outcome = database.on_a_line(|conn| match taken(&taking) {
                Some(work) => work(conn),
                None => Ended::Known(Err(Error::unavailable("gave up waiting before it started"))),
            });
            (outcome, turn)
        });
        let mut thread = std::pin::pin!(thread);
        let mut done = tokio::time::timeout(BEGIN_TIMEOUT.min(limit), &mut thread).await;
        if done.is_err() && taken(&offered).is_none() {
            done = tokio::time::timeout(limit.saturating_sub(BEGIN_TIMEOUT), thread).await;
            if done.is_err() {
                return Err(Error::Unavailable(late, "it started but did not finish in time".into()));
            }
        }
        match done {
            Ok(Ok((outcome, _turn))) => outcome,
            Ok(Err(_)) => Err(Error::Internal("the blocking pool is gone".into())),
            Err(_) => Err(Error::unavailable("no answer in time")),
        }
    }

    fn on_a_line<T>(&self, work: impl FnOnce(&mut DbConnection) -> Ended<T>) -> Result<T, Error> {
        if let Some(file) = self.file.as_ref() {
            file.check()?;
        }
        let mut line = self.line()?;
        if let (Some(file), Some(beside)) = (self.file.as_ref(), line.beside) {
            file.check_beside(beside)?;
        }
        match work(&mut line.conn) {
            Ended::Known(outcome) => {
                if outcome.is_err() {
                    line.doubt();
                }
                outcome
            }
            Ended::Lost { value, number, cause } => {
                line.doubt();
                drop(line);
                self.look_up(value, number, cause)
            }
        }
    }

    fn line(&self) -> Result<r2d2::PooledConnection<manager::Manager>, Error> {
        self.pool.get().map_err(|error| Error::unavailable(format!("no connection: {error}")))
    }

    /// Finds out whether a transaction whose commit got lost was committed, as soon as the database is back.
    fn look_up<T>(&self, value: T, number: Option<String>, cause: String) -> Result<T, Error> {
        let uncertain = Err(Error::Unavailable(Outage::Uncertain, cause.clone()));
        let Some(number) = number else { return uncertain };
        let begun = Instant::now();
        while begun.elapsed() < LOOK_UP_TIMEOUT {
            let found = self.line().and_then(|mut line| {
                let found = transaction::was_committed(&mut line.conn, &number);
                if found.is_err() {
                    line.doubt();
                }
                found
            });
            match found {
                Ok(Some(true)) => {
                    log::warn!("the answer to a commit got lost; the change was saved ({cause})");
                    return Ok(value);
                }
                Ok(Some(false)) => return Err(Error::unavailable(cause)),
                Ok(None) | Err(_) => std::thread::sleep(LOOK_UP_PAUSE),
            }
        }
        uncertain
    }
}

fn taken<F>(work: &Mutex<Option<F>>) -> Option<F> {
    work.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// The transaction of [`Database::write`] on a connection that one holds, without what follows each write.
pub fn write_on<T>(conn: &mut DbConnection, work: impl FnOnce(&mut DbConnection) -> Result<T, Error>) -> Result<T, Error> {
    transaction::run(conn, true, work).settled()
}

/// A statement as it is logged: its values may be secrets, or what somebody typed into the wrong field.
fn without_values(query: &str) -> &str {
    query.split_once(" -- binds: ").map_or(query, |(text, _)| text)
}

/// Counts the statements that a connection sends.
struct StatementCounter(Arc<AtomicU64>);

impl Instrumentation for StatementCounter {
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
