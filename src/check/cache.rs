//! What the check keeps in memory: every token with its account, roles and teams, so that an accepted call costs no query.
//!
//! **Why an answer is never older than the promise.** Every change of an administrator writes, in its own transaction, a
//! row of `revisions` (`audit::begin`). Such transactions never overlap (`Database::write`), so the numbers are in the
//! order of the commits, and whoever has read up to a number has missed nothing before it.
//! - *This instance:* `Database::write` does not return before [`Cache::catch_up`] has read the revision that it made. So
//!   when a change has been answered, the memory knows it.
//! - *Another instance, or another process on the same SQLite file:* each asks for new revisions every [`POLL_INTERVAL`]. The
//!   moment at which it last began to ask, successfully, is remembered; when that lies further back than [`MAX_STALENESS`], the
//!   memory is not used, and the token is looked up in the database itself. So a change is known elsewhere after
//!   [`MAX_STALENESS`] at the latest, however late a question is asked or answered. There is no notification that could be lost.
//! - *An instance that has lost its database* cannot ask. From the first question that fails on, or that stays without an
//!   answer for [`LOST_AFTER`], it accepts nothing (503), and begins again by itself with the first that succeeds. A question
//!   that is only late does not count as lost: meanwhile tokens are looked up one by one.
//! - *Expiry* needs no news: the moment is compared at every call.
//!
//! **Why a good token is never refused because it is new.** Nobody is refused on the memory's word alone, where another
//! instance may have changed it for the better: whoever would be waits for a catch-up that began after they asked
//! ([`Cache::refresh`]). All who wait share one, and there are at most five hundred in a second, so made-up tokens cost the
//! database next to nothing, however many they are.
//!
//! What is remembered is replaced by account: a change names the accounts that it touched, in its audit events, and those
//! are read again. That an account was disabled or enabled, or was given a role or lost one, the event itself says, so that
//! a change to a hundred thousand needs no reading. A change to anything else (a role's permissions) has everything read again.
//!
//! - [`credential`]: a token and its account, as they are kept.
//! - [`grants`]: what accounts have in common.
//! - [`memory`]: what is remembered, and what changes it.
//! - [`reading`]: from the database.
//! - [`named`]: from the database, those whom a question names.
//! - [`table`]: where the check finds a token.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::subjects::{Bearer, Subject};
use crate::database::Database;
use crate::error::Error;
use crate::tokens::value::TokenId;

mod credential;
mod grants;
mod memory;
mod named;
mod reading;
mod table;

pub use credential::{CachedAccount, CachedToken, Credential};
pub use grants::{Grants, Membership};
use memory::Memory;
pub use named::look_up_all;
pub use reading::look_up;
use table::TokenTable;

/// How often an instance asks for what others have changed.
pub const POLL_INTERVAL: Duration = Duration::from_millis(200);
/// How long ago the last successful poll may have begun for the cache to be used. Below the promised second, with time left to
/// answer.
pub const MAX_STALENESS: Duration = Duration::from_millis(800);

/// How long a call waits for the database. A gateway holds it meanwhile.
pub const QUERY_TIMEOUT: Duration = Duration::from_secs(1);

/// How long a query may go unanswered before the database counts as lost.
pub const LOST_AFTER: Duration = Duration::from_secs(3);

/// How long a query about subjects waits for a catch-up that is under way.
const CATCH_UP_TIMEOUT: Duration = Duration::from_millis(100);

/// The least time between two catch-ups that calls have asked for.
const REFRESH_INTERVAL: Duration = Duration::from_millis(2);

/// The result of looking up a public id.
pub enum CacheLookup {
    Token(Credential),
    /// No token has this id.
    Nothing,
    /// The cache is stale: ask the database.
    Stale,
    /// The database is unreachable, so nothing may be accepted.
    Unavailable,
}

/// What is answered while the database is unreachable.
pub fn unreachable() -> Error {
    Error::unavailable("the last polls for changes got no answer")
}

/// The cache of an instance. Cheap to clone.
#[derive(Clone)]
pub struct Cache(Arc<CacheState>);

struct CacheState {
    database: Database,
    tokens: Arc<TokenTable>,
    /// Held while changes are read, so that they are applied in order.
    memory: Arc<tokio::sync::Mutex<Memory>>,
    began: Instant,
    /// When the last successful question began, in milliseconds after `began`, plus one; zero for "not yet".
    confirmed: AtomicU64,
    failing: AtomicBool,
    /// The number of the catch-up that began last, and of the one that ended last, well or not.
    begun: AtomicU64,
    ended: AtomicU64,
    /// Who holds it catches up for all who wait for it, and leaves in it when that began.
    refreshing: tokio::sync::Mutex<Option<Instant>>,
    stop: tokio::sync::Notify,
}

impl Cache {
    /// An empty cache of this database.
    pub fn new(database: Database) -> Self {
        let memory = Memory::default();
        Self(Arc::new(CacheState {
            database,
            tokens: memory.tokens(),
            memory: Arc::new(tokio::sync::Mutex::new(memory)),
            began: Instant::now(),
            confirmed: AtomicU64::new(0),
            failing: AtomicBool::new(false),
            begun: AtomicU64::new(0),
            ended: AtomicU64::new(0),
            refreshing: tokio::sync::Mutex::default(),
            stop: tokio::sync::Notify::new(),
        }))
    }

    /// Looks up a public id.
    pub fn find(&self, id: &TokenId) -> CacheLookup {
        if self.0.failing.load(Ordering::Acquire) {
            return CacheLookup::Unavailable;
        }
        if !self.is_fresh() {
            return CacheLookup::Stale;
        }
        self.0.tokens.find(id).map_or(CacheLookup::Nothing, CacheLookup::Token)
    }

    /// Those whom a question names, as they are remembered together: no change is applied meanwhile. `None` where the memory
    /// does not know all of them (it knows accounts with a token), or cannot be trusted at this moment.
    ///
    /// # Errors
    /// `Unavailable` where the database cannot be asked, and so nothing may be answered.
    pub async fn known(&self, subjects: &[Subject]) -> Result<Option<Vec<Option<Bearer>>>, Error> {
        let Ok(memory) = tokio::time::timeout(CATCH_UP_TIMEOUT, self.0.memory.lock()).await else { return Ok(None) };
        if self.0.failing.load(Ordering::Acquire) {
            return Err(unreachable());
        }
        let known = subjects.iter().map(|subject| memory.find(&subject.name).map(Some));
        Ok(if self.is_fresh() { known.collect() } else { None })
    }

    fn is_fresh(&self) -> bool {
        self.lag().is_some_and(|lag| lag <= MAX_STALENESS)
    }

    /// How long ago the last successful poll began; `None` before the first.
    pub fn lag(&self) -> Option<Duration> {
        let confirmed = self.0.confirmed.load(Ordering::Acquire).checked_sub(1)?;
        Some(self.0.began.elapsed().saturating_sub(Duration::from_millis(confirmed)))
    }

    /// Whether the answers of this instance are as fresh as promised: its database is reachable, and it has polled it recently.
    pub fn keeps_promise(&self) -> bool {
        !self.0.failing.load(Ordering::Acquire) && self.is_fresh()
    }

    /// How many tokens are cached.
    pub fn len(&self) -> usize {
        self.0.tokens.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads what has been changed since the last time, and remembers it. When it returns, everything that was committed
    /// before it was called is known, or nothing is accepted any more. Callers that wait for each other share one question.
    pub async fn catch_up(&self) {
        let asked = self.0.last_begun();
        let asking = async {
            let mut memory = Arc::clone(&self.0.memory).lock_owned().await;
            if self.0.has_ended_since(asked) {
                return Ok(());
            }
            let began = self.0.began.elapsed();
            let number = self.0.begun.fetch_add(1, Ordering::AcqRel) + 1;
            let state = Arc::clone(&self.0);
            // It runs to its end and records the result even if nobody waits for it any more.
            let asked = self.0.database.read(move |conn| {
                match memory.catch_up(conn) {
                    Ok(()) => state.succeeded(began),
                    Err(error) => state.failed(&error),
                }
                state.ended.store(number, Ordering::Release);
                Ok(())
            });
            asked.await
        };
        if let Err(error) = self.unless_it_hangs(asking).await {
            self.0.failed(&error);
        }
    }

    /// For a call that the cache would refuse: returns after a successful catch-up that began after this was called. All
    /// waiting calls share one catch-up.
    ///
    /// # Errors
    /// `Unavailable` where that cannot be had in time.
    pub async fn refresh(&self) -> Result<(), Error> {
        let asked = self.0.last_begun();
        let waiting = async {
            let mut last = self.0.refreshing.lock().await;
            if self.0.has_ended_since(asked) || self.0.failing.load(Ordering::Acquire) {
                return;
            }
            if let Some(last) = *last {
                tokio::time::sleep(REFRESH_INTERVAL.saturating_sub(last.elapsed())).await;
            }
            *last = Some(Instant::now());
            self.catch_up().await;
        };
        let waited = tokio::time::timeout(QUERY_TIMEOUT, waiting).await;
        let failing = self.0.failing.load(Ordering::Acquire);
        if waited.is_ok() && !failing && self.0.has_ended_since(asked) {
            Ok(())
        } else {
            Err(Error::unavailable("catching up with the database took too long"))
        }
    }

    /// Reading everything may take long, but a single statement rarely does. If no statement has been sent for this long, the
    /// last one is presumably stuck. It is not cancelled: its answer is still welcome.
    async fn unless_it_hangs(&self, asking: impl Future<Output = Result<(), Error>>) -> Result<(), Error> {
        let mut asking = std::pin::pin!(asking);
        // Once the database is known to be lost, a shorter wait is enough.
        let limit = if self.0.failing.load(Ordering::Acquire) { QUERY_TIMEOUT } else { LOST_AFTER };
        let mut sent = self.0.database.statements();
        loop {
            if let Ok(asked) = tokio::time::timeout(limit, &mut asking).await {
                return asked;
            }
            let before = std::mem::replace(&mut sent, self.0.database.statements());
            if sent == before {
                return Err(Error::unavailable("a poll for changes got no answer"));
            }
        }
    }

    /// Catches up every [`POLL_INTERVAL`], until [`Cache::stop`].
    pub async fn run(self) {
        loop {
            self.catch_up().await;
            if tokio::time::timeout(POLL_INTERVAL, self.0.stop.notified()).await.is_ok() {
                return;
            }
        }
    }

    /// Ends [`Cache::run`].
    pub fn stop(&self) {
        self.0.stop.notify_one();
    }
}

impl CacheState {
    /// A read-modify-write sees the latest value, so an earlier catch-up never counts as a later one.
    fn last_begun(&self) -> u64 {
        self.begun.fetch_add(0, Ordering::AcqRel)
    }

    fn has_ended_since(&self, asked: u64) -> bool {
        self.ended.load(Ordering::Acquire) > asked
    }

    fn succeeded(&self, began: Duration) {
        let at = u64::try_from(began.as_millis()).unwrap_or(u64::MAX).saturating_add(1);
        self.confirmed.store(at, Ordering::Release);
        if self.failing.swap(false, Ordering::AcqRel) {
            log::info!("the check accepts tokens again");
        }
    }

    fn failed(&self, error: &Error) {
        if !self.failing.swap(true, Ordering::AcqRel) {
            log::warn!("the check accepts no token until the database answers: {error}");
        }
    }
}
