//! Gathers in memory what was seen of tokens. See [`super::writer`] for how it gets to the database.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::NaiveDateTime;
use dashmap::DashMap;
use uuid::Uuid;

use super::usage::{AccountUsage, Chunk, LastUse, LastUses, TokenUsage};
use super::writer::WriterState;
use crate::id::Id;
use crate::tokens::value::TokenId;

/// The longest User-Agent that is kept, in characters.
const AGENT_LIMIT: usize = 200;
/// Requests seldom wait for each other, or for a walk through one shard.
const SHARDS: usize = 64;
/// Tokens that are remembered while the database cannot be written to: some 80 MB.
const TOKEN_LIMIT: usize = 320_000;
/// From so many tokens of one account on, room is made for more of them in advance.
const MANY: usize = 4;
/// Tokens in one transaction, about: other writers wait meanwhile.
pub(super) const CHUNK: usize = 2_500;

/// Where the check leaves what it saw. Cheap to clone; all clones share one memory.
#[derive(Clone, Default)]
pub struct Recorder(pub(super) Arc<UsageBuffer>);

pub(super) struct UsageBuffer {
    accounts: DashMap<Uuid, AccountUsage>,
    /// Tokens in `accounts`.
    waiting: AtomicUsize,
    /// Calls that were forgotten because the memory was full.
    dropped: AtomicU64,
    /// What is being written now, and is in `accounts` no more. Who needs both locks takes this one first.
    writing: Mutex<Arc<Chunk>>,
    /// Held while something is being written: there is one writer at a time.
    pub(super) state: tokio::sync::Mutex<WriterState>,
    pub(super) stop: tokio::sync::Notify,
}

impl Default for UsageBuffer {
    fn default() -> Self {
        Self {
            accounts: DashMap::with_shard_amount(SHARDS),
            waiting: AtomicUsize::new(0),
            dropped: AtomicU64::new(0),
            writing: Mutex::default(),
            state: tokio::sync::Mutex::default(),
            stop: tokio::sync::Notify::new(),
        }
    }
}

impl Recorder {
    /// Records that a token was accepted. `agent` is the client's User-Agent.
    pub fn accepted(&self, token: &str, account: &Id, address: Option<IpAddr>, agent: Option<&str>, now: NaiveDateTime) {
        let agent = agent.map(cut);
        self.record(token, account, |usage, at| {
            match &mut usage.tokens[at].last {
                // The usual call allocates nothing.
                Some(last) if last.at <= now && last.agent.as_deref() == agent => (last.at, last.address) = (now, address),
                _ => usage.tokens[at].accept(LastUse { at: now, address, agent: agent.map(Into::into) }),
            }
            usage.count(now.date(), 1, 0);
        });
    }

    /// Records that an account called Muster's own API with a token: that is a machine's login.
    pub fn logged_in(&self, token: &str, account: &Id, now: NaiveDateTime) {
        self.record(token, account, |usage, _| usage.last_login = usage.last_login.max(Some(now)));
    }

    /// Records that a token that Muster knows was refused. `reason` is a word for the audit log.
    pub fn refused(&self, token: &str, account: &Id, reason: &'static str, now: NaiveDateTime) {
        self.record(token, account, |usage, at| {
            usage.count(now.date(), 0, 1);
            usage.tokens[at].refuse(reason, 1);
        });
    }

    fn record(&self, token: &str, account: &Id, record: impl FnOnce(&mut AccountUsage, usize)) {
        let Ok(token) = TokenId::try_from(token.as_bytes()) else { return };
        let memory = &*self.0;
        let is_full = memory.waiting.load(Ordering::Relaxed) >= TOKEN_LIMIT;
        let known = if is_full {
            memory.accounts.get_mut(&account.uuid())
        } else {
            Some(memory.accounts.entry(account.uuid()).or_default())
        };
        let Some(mut usage) = known.filter(|usage| !is_full || usage.find(&token).is_ok()) else {
            memory.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        };
        let at = usage.find(&token).unwrap_or_else(|at| {
            memory.waiting.fetch_add(1, Ordering::Relaxed);
            if usage.tokens.len() < MANY {
                // Most accounts have one or two tokens, and a vector would make room for four.
                usage.tokens.reserve_exact(1);
            }
            usage.tokens.insert(at, TokenUsage::new(token));
            at
        });
        record(&mut usage, at);
    }

    /// What has been recorded of an account and is not in the database yet. Ask before reading the database: what is
    /// committed in between then shows twice in a day's count, and not for a moment not at all.
    pub fn pending(&self, account: &Id) -> AccountUsage {
        self.look_up(account, AccountUsage::clone, |mut older, newer| {
            older.merge(newer);
            older
        })
    }

    /// The same, of moments only.
    pub fn pending_uses(&self, account: &Id) -> LastUses {
        self.look_up(account, AccountUsage::last_uses, LastUses::max)
    }

    fn look_up<T: Default>(&self, account: &Id, read: impl Fn(&AccountUsage) -> T, merge: impl Fn(T, T) -> T) -> T {
        let key = account.uuid();
        let writing = locked(&self.0.writing);
        let older =
            writing.binary_search_by_key(&key, |(account, _)| *account).map(|at| read(&writing[at].1)).unwrap_or_default();
        match self.0.accounts.get(&key) {
            Some(newer) => merge(older, read(&newer)),
            None => older,
        }
    }

    /// The accounts that have something to be written. In this order those that were made together are written together: few
    /// pages of the tables change, and each once.
    pub(super) fn accounts(&self) -> Vec<Uuid> {
        let mut accounts: Vec<Uuid> = self.0.accounts.iter().map(|entry| *entry.key()).collect();
        accounts.sort_unstable();
        accounts
    }

    /// Takes the next accounts with some [`CHUNK`] tokens, to be written.
    pub(super) fn take(&self, accounts: &mut impl Iterator<Item = Uuid>) -> Arc<Chunk> {
        let mut writing = locked(&self.0.writing);
        let (mut chunk, mut tokens) = (Chunk::new(), 0);
        while tokens < CHUNK
            && let Some(account) = accounts.next()
        {
            if let Some((_, usage)) = self.0.accounts.remove(&account) {
                tokens += usage.tokens.len();
                chunk.push((account, usage));
            }
        }
        self.0.waiting.fetch_sub(tokens, Ordering::Relaxed);
        *writing = Arc::new(chunk);
        Arc::clone(&writing)
    }

    /// Ends the writing of a chunk. One that was not written goes back, unless the write was given up in the middle: then it
    /// may yet be carried out, and nothing may count twice.
    pub(super) fn finish(&self, chunk: Arc<Chunk>, written: bool) {
        let mut writing = locked(&self.0.writing);
        *writing = Arc::default();
        if written {
            return;
        }
        for (account, usage) in Arc::into_inner(chunk).into_iter().flatten() {
            let mut known = self.0.accounts.entry(account).or_default();
            let before = known.tokens.len();
            known.merge(usage);
            self.0.waiting.fetch_add(known.tokens.len() - before, Ordering::Relaxed);
        }
    }

    /// How many tokens have usage that waits to be written.
    pub fn waiting(&self) -> usize {
        self.0.waiting.load(Ordering::Relaxed)
    }

    /// Calls whose usage has been forgotten since the start, because too many tokens were waiting.
    pub fn dropped(&self) -> u64 {
        self.0.dropped.load(Ordering::Relaxed)
    }

    /// Ends [`super::run`], which writes what is left. Call it when no request is being answered any more.
    pub fn stop(&self) {
        self.0.stop.notify_one();
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing in here can be left half done by a panic: counting goes on.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn cut(agent: &str) -> &str {
    agent.char_indices().nth(AGENT_LIMIT).map_or(agent, |(end, _)| &agent[..end])
}
