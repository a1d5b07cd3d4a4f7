//! Gathers what is seen of tokens, and writes it from time to time.

use std::collections::{BTreeMap, HashMap};
use std::mem;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{NaiveDate, NaiveDateTime, TimeDelta};

use super::queries;
use crate::audit;
use crate::auth::principal::Principal;
use crate::clock;
use crate::database::{Database, DbConnection};
use crate::error::Error;
use crate::id::Id;
use uuid::Uuid;

/// The longest User-Agent that is kept, in characters.
const AGENT_LIMIT: usize = 200;
/// Workers seldom wait for each other when the tokens are spread over this many locks.
const SHARDS: usize = 16;
/// Tokens that are remembered while the database cannot be written to; some 100 MB at the very worst.
const TOKEN_LIMIT: usize = 320_000;
/// Refusals of one token for one reason become one audit event in this time, with their number.
const REPORT_EVERY: TimeDelta = TimeDelta::hours(1);

/// Where the check leaves what it saw. Cheap to clone; all clones share one memory.
#[derive(Clone, Default)]
pub struct Recorder(Arc<Memory>);

#[derive(Default)]
struct Memory {
    shards: [Mutex<Shard>; SHARDS],
    /// Calls that were forgotten because the memory was full.
    dropped: AtomicU64,
    /// Held while a batch is being written, so that there is one at a time.
    writing: tokio::sync::Mutex<Ledger>,
    stop: tokio::sync::Notify,
}

#[derive(Default)]
struct Shard {
    gathered: Gathered,
    texts: Texts,
}

/// The last few User-Agents that were seen.
#[derive(Default)]
struct Texts(Vec<Arc<str>>);

impl Texts {
    const KEPT: usize = 8;

    fn shared(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.iter().find(|known| &***known == text) {
            return Arc::clone(known);
        }
        if self.0.len() == Self::KEPT {
            self.0.remove(0);
        }
        let new: Arc<str> = text.into();
        self.0.push(Arc::clone(&new));
        new
    }
}

/// What was seen since the last write, by the token's public id.
type Gathered = HashMap<Box<str>, Seen>;

/// Kept small: at worst there is one for each token.
struct Seen {
    account: Uuid,
    last: Option<Use>,
    /// When the account last called Muster's own API by it.
    login: Option<NaiveDateTime>,
    days: Vec<Day>,
    refusals: Vec<(&'static str, i64)>,
}

struct Use {
    at: NaiveDateTime,
    address: Option<IpAddr>,
    /// Clients of one kind are many: they share the text.
    agent: Option<Arc<str>>,
}

struct Day {
    date: NaiveDate,
    accepted: i64,
    refused: i64,
}

/// Which refusals have become audit events, and when: by token and reason.
type Ledger = HashMap<(String, &'static str), Reported>;

struct Reported {
    at: NaiveDateTime,
    /// Refusals since that have been counted for the day, but have no event yet.
    since: i64,
}

impl Recorder {
    /// Notes that a token was accepted. `agent` is the client's User-Agent.
    pub fn accepted(&self, token: &str, account: &Id, address: Option<IpAddr>, agent: Option<&str>, now: NaiveDateTime) {
        let agent = agent.map(cut);
        self.note(token, account, |seen, texts| {
            seen.day(now.date()).accepted += 1;
            match &mut seen.last {
                Some(last) if last.at > now => {}
                Some(last) => {
                    last.at = now;
                    last.address = address;
                    if last.agent.as_deref() != agent {
                        last.agent = agent.map(|agent| texts.shared(agent));
                    }
                }
                None => seen.last = Some(Use { at: now, address, agent: agent.map(|agent| texts.shared(agent)) }),
            }
        });
    }

    /// Notes that a token's account proved itself to Muster's own API by it: that is a machine's login.
    pub fn logged_in(&self, token: &str, account: &Id, now: NaiveDateTime) {
        self.note(token, account, |seen, _| seen.login = seen.login.max(Some(now)));
    }

    /// Notes that a token that Muster knows was refused. `reason` is a word for the audit log.
    pub fn refused(&self, token: &str, account: &Id, reason: &'static str, now: NaiveDateTime) {
        self.note(token, account, |seen, _| {
            seen.day(now.date()).refused += 1;
            seen.refuse(reason, 1);
        });
    }

    /// The usual call finds its token there already and allocates nothing.
    fn note(&self, token: &str, account: &Id, note: impl FnOnce(&mut Seen, &mut Texts)) {
        let mut shard = self.shard(token);
        let Shard { gathered, texts } = &mut *shard;
        if let Some(seen) = gathered.get_mut(token) {
            return note(seen, texts);
        }
        if gathered.len() >= TOKEN_LIMIT / SHARDS {
            self.0.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        note(gathered.entry(token.into()).or_insert_with(|| Seen::of(account.uuid())), texts);
    }

    fn shard(&self, token: &str) -> MutexGuard<'_, Shard> {
        let at = token.bytes().fold(0, |sum: usize, byte| sum.wrapping_mul(31).wrapping_add(byte.into())) % SHARDS;
        locked(&self.0.shards[at])
    }

    /// Writes what has been gathered, in one transaction. Where that fails it is kept for the next time, so a batch is
    /// written once; only a connection that breaks while the commit is being answered can make it count twice.
    ///
    /// # Errors
    /// `Unavailable` when the database cannot be reached, and the database's.
    pub async fn flush(&self, database: &Database) -> Result<(), Error> {
        self.flush_at(database, clock::now(), false).await
    }

    /// `closing` writes the audit events whose hour is not over yet, because nobody will remember them.
    async fn flush_at(&self, database: &Database, now: NaiveDateTime, closing: bool) -> Result<(), Error> {
        let mut ledger = self.0.writing.lock().await;
        let gathered = self.take();
        let reports = due(&ledger, &gathered, now, closing);
        if gathered.iter().all(HashMap::is_empty) && reports.is_empty() {
            return Ok(());
        }
        let batch = Arc::new((gathered, reports));
        let work = Arc::clone(&batch);
        // Under the lock of changes (`write`), and not beside them: both touch many accounts, in different orders.
        let outcome = database
            .write(move |conn| {
                // One part after the other: written out, a token takes several times the memory that it does here.
                work.0.iter().try_for_each(|part| Batch::new(part).write(conn))?;
                report(conn, &work.1)
            })
            .await;
        match outcome {
            Ok(()) => settle(&mut ledger, &batch.0, &batch.1, now),
            // Nobody else holds what the work was about, unless it was given up in the middle: then it may yet be written.
            Err(_) => self.put_back(Arc::into_inner(batch).map(|(gathered, _)| gathered).unwrap_or_default()),
        }
        outcome
    }

    fn take(&self) -> Vec<Gathered> {
        self.0.shards.iter().map(|shard| mem::take(&mut locked(shard).gathered)).collect()
    }

    fn put_back(&self, gathered: Vec<Gathered>) {
        for (token, seen) in gathered.into_iter().flatten() {
            let mut shard = self.shard(&token);
            if let Some(newer) = shard.gathered.get_mut(&token) {
                newer.add(seen);
            } else if shard.gathered.len() < TOKEN_LIMIT / SHARDS {
                shard.gathered.insert(token, seen);
            } else {
                let calls: i64 = seen.days.iter().map(|day| day.accepted + day.refused).sum();
                self.0.dropped.fetch_add(calls.unsigned_abs(), Ordering::Relaxed);
            }
        }
    }

    /// How many tokens have activity that waits to be written.
    pub fn waiting(&self) -> usize {
        self.0.shards.iter().map(|shard| locked(shard).gathered.len()).sum()
    }

    /// Calls whose activity has been forgotten since the start, because too many tokens were waiting.
    pub fn dropped(&self) -> u64 {
        self.0.dropped.load(Ordering::Relaxed)
    }

    /// Ends [`run`], which writes what is left. Call it when no request is being answered any more.
    pub fn stop(&self) {
        self.0.stop.notify_one();
    }
}

/// Writes what `recorder` gathers, every `interval`, until [`Recorder::stop`]; then once more, and returns.
pub async fn run(recorder: Recorder, database: Database, interval: Duration) {
    let (mut failing, mut told) = (false, 0);
    loop {
        let stopping = tokio::time::timeout(interval, recorder.0.stop.notified()).await.is_ok();
        let outcome = recorder.flush_at(&database, clock::now(), stopping).await;
        match &outcome {
            Ok(()) if failing => log::info!("token activity is being written again"),
            Ok(()) => {}
            Err(error) if stopping => log::error!("the last token activity is lost: {error}"),
            Err(error) if failing => log::debug!("token activity still waits: {error}"),
            Err(error) => log::warn!("token activity could not be written and waits for the next time: {error}"),
        }
        failing = outcome.is_err();
        let dropped = recorder.dropped() - told;
        told += dropped;
        if dropped > 0 {
            log::warn!("the activity of {dropped} calls was dropped: too many tokens wait to be written");
        }
        if stopping {
            return;
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing in here can be left half done by a panic: counting goes on.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn cut(agent: &str) -> &str {
    agent.char_indices().nth(AGENT_LIMIT).map_or(agent, |(end, _)| &agent[..end])
}

impl Seen {
    fn of(account: Uuid) -> Self {
        Self { account, last: None, login: None, days: Vec::with_capacity(1), refusals: Vec::new() }
    }

    fn day(&mut self, date: NaiveDate) -> &mut Day {
        let at = self.days.iter().position(|day| day.date == date).unwrap_or_else(|| {
            self.days.push(Day { date, accepted: 0, refused: 0 });
            self.days.len() - 1
        });
        &mut self.days[at]
    }

    fn refuse(&mut self, reason: &'static str, times: i64) {
        match self.refusals.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, count)) => *count += times,
            None => self.refusals.push((reason, times)),
        }
    }

    fn add(&mut self, older: Self) {
        for day in older.days {
            let own = self.day(day.date);
            own.accepted += day.accepted;
            own.refused += day.refused;
        }
        for (reason, count) in older.refusals {
            self.refuse(reason, count);
        }
        self.login = self.login.max(older.login);
        let own = self.last.as_ref().map(|last| last.at);
        if older.last.as_ref().map(|last| last.at) > own {
            self.last = older.last;
        }
    }
}

/// What is to be reported now: at once what has not been reported within the hour, the rest when its hour is over.
fn due(ledger: &Ledger, gathered: &[Gathered], now: NaiveDateTime, closing: bool) -> Vec<queries::Report> {
    let mut counts: BTreeMap<(&str, &'static str), i64> = BTreeMap::new();
    for (token, seen) in gathered.iter().flatten() {
        for (reason, count) in &seen.refusals {
            *counts.entry((token, reason)).or_default() += count;
        }
    }
    for ((token, reason), reported) in ledger.iter().filter(|(_, reported)| reported.since > 0) {
        *counts.entry((token, reason)).or_default() += reported.since;
    }
    counts
        .into_iter()
        .map(|((token, reason), count)| queries::Report { token: token.to_owned(), reason, count })
        .filter(|report| {
            let before = ledger.get(&(report.token.clone(), report.reason));
            closing || before.is_none_or(|reported| now - reported.at >= REPORT_EVERY)
        })
        .collect()
}

/// Writes down what has been reported, after it has.
fn settle(ledger: &mut Ledger, gathered: &[Gathered], reports: &[queries::Report], now: NaiveDateTime) {
    for (token, seen) in gathered.iter().flatten() {
        for (reason, count) in &seen.refusals {
            let reported = ledger.entry((token.to_string(), reason)).or_insert(Reported { at: now, since: 0 });
            reported.since += count;
        }
    }
    for report in reports {
        ledger.insert((report.token.clone(), report.reason), Reported { at: now, since: 0 });
    }
    ledger.retain(|_, reported| reported.since > 0 || now - reported.at < REPORT_EVERY);
}

/// What one write says, added up by the rows that it goes to.
struct Batch {
    uses: Vec<queries::LastUse>,
    accounts: Vec<(Id, NaiveDateTime)>,
    logins: Vec<(Id, NaiveDateTime)>,
    days: Vec<queries::DayCount>,
}

impl Batch {
    fn new(gathered: &Gathered) -> Self {
        let mut uses = Vec::new();
        let mut accounts: BTreeMap<Uuid, NaiveDateTime> = BTreeMap::new();
        let mut logins: BTreeMap<Uuid, NaiveDateTime> = BTreeMap::new();
        let mut days: BTreeMap<(NaiveDate, Uuid), (i64, i64)> = BTreeMap::new();
        for (token, seen) in gathered {
            for day in &seen.days {
                let sum = days.entry((day.date, seen.account)).or_default();
                sum.0 += day.accepted;
                sum.1 += day.refused;
            }
            if let Some(at) = seen.login {
                let latest = logins.entry(seen.account).or_insert(at);
                *latest = at.max(*latest);
            }
            if let Some(last) = &seen.last {
                let latest = accounts.entry(seen.account).or_insert(last.at);
                *latest = last.at.max(*latest);
                let address = last.address.map(|address| address.to_string());
                uses.push(queries::LastUse {
                    token: token.to_string(),
                    at: last.at,
                    address,
                    agent: last.agent.as_deref().map(str::to_owned),
                });
            }
        }
        let counted = |((day, account), (accepted, refused)): ((NaiveDate, Uuid), (i64, i64))| queries::DayCount {
            account: account.into(),
            day,
            accepted,
            refused,
        };
        let owned =
            |moments: BTreeMap<Uuid, NaiveDateTime>| moments.into_iter().map(|(account, at)| (account.into(), at)).collect();
        Self { uses, accounts: owned(accounts), logins: owned(logins), days: days.into_iter().map(counted).collect() }
    }

    fn write(&self, conn: &mut DbConnection) -> Result<(), Error> {
        queries::move_token_use(conn, &self.uses)?;
        queries::move_account_use(conn, &self.accounts)?;
        queries::move_account_login(conn, &self.logins)?;
        queries::add_to_days(conn, &self.days)
    }
}

fn report(conn: &mut DbConnection, reports: &[queries::Report]) -> Result<(), Error> {
    if reports.is_empty() {
        return Ok(());
    }
    let change = audit::begin_note(conn, &Principal::muster())?;
    if queries::report_refusals(conn, &change.id, reports)? == 0 {
        change.discard(conn)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "0123456789AB";

    fn at(minute: i64) -> NaiveDateTime {
        clock::NEVER + TimeDelta::minutes(minute)
    }

    /// A flush that succeeds at that minute, after so many refusals; returns the number in the report, if there is one.
    fn flush(ledger: &mut Ledger, minute: i64, refusals: i64, closing: bool) -> Option<i64> {
        let mut gathered = Gathered::new();
        if refusals > 0 {
            let mut seen = Seen::of(Id::new().uuid());
            seen.refuse("revoked", refusals);
            gathered.insert(TOKEN.into(), seen);
        }
        let gathered = [gathered];
        let reports = due(ledger, &gathered, at(minute), closing);
        settle(ledger, &gathered, &reports, at(minute));
        reports.first().map(|report| report.count)
    }

    #[test]
    fn a_refusal_is_reported_at_once_and_then_by_the_hour() {
        let mut ledger = Ledger::new();
        assert_eq!(flush(&mut ledger, 0, 3, false), Some(3));
        assert_eq!(flush(&mut ledger, 1, 5, false), None);
        assert_eq!(flush(&mut ledger, 30, 7, false), None);
        assert_eq!(flush(&mut ledger, 59, 0, false), None);
        assert_eq!(flush(&mut ledger, 60, 0, false), Some(12));
        assert_eq!(flush(&mut ledger, 61, 1, false), None);
        assert_eq!(flush(&mut ledger, 62, 0, true), Some(1));
        assert_eq!(flush(&mut ledger, 130, 0, false), None);
        assert!(ledger.is_empty());
        assert_eq!(flush(&mut ledger, 131, 2, false), Some(2));
    }

    #[test]
    fn reasons_and_tokens_are_told_apart() {
        let recorder = Recorder::default();
        let account = Id::new();
        for reason in ["revoked", "expired", "revoked"] {
            recorder.refused(TOKEN, &account, reason, at(0));
        }
        recorder.refused("another token", &account, "revoked", at(0));
        let reports = due(&Ledger::new(), &recorder.take(), at(0), false);
        let said: Vec<_> = reports.iter().map(|report| (report.token.as_str(), report.reason, report.count)).collect();
        assert_eq!(said, [(TOKEN, "expired", 1), (TOKEN, "revoked", 2), ("another token", "revoked", 1)]);
    }

    #[test]
    fn memory_has_an_end() {
        let recorder = Recorder::default();
        let account = Id::new();
        for number in 0..TOKEN_LIMIT + 40_000 {
            recorder.refused(&format!("{number:012}"), &account, "revoked", at(0));
        }
        recorder.refused(&format!("{:012}", 7), &account, "revoked", at(0));
        let dropped = recorder.0.dropped.load(Ordering::Relaxed);
        let kept = recorder.take();
        assert!(kept.iter().map(HashMap::len).sum::<usize>() <= TOKEN_LIMIT && dropped >= 40_000);
        let seven = format!("{:012}", 7);
        let found = kept.iter().find_map(|part| part.get(seven.as_str())).unwrap();
        assert_eq!(found.refusals, [("revoked", 2)]);
        recorder.put_back(kept);
        assert_eq!(recorder.0.dropped.load(Ordering::Relaxed), dropped);
    }

    #[test]
    fn what_is_put_back_adds_up_with_what_came_since() {
        let recorder = Recorder::default();
        let account = Id::new();
        recorder.accepted(TOKEN, &account, None, Some("before"), at(5));
        let failed = recorder.take();
        recorder.accepted(TOKEN, &account, None, Some("since"), at(2));
        recorder.accepted(TOKEN, &account, None, None, at(60 * 24));
        recorder.put_back(failed);
        let seen = recorder.take().iter_mut().find_map(|part| part.remove(TOKEN)).unwrap();
        assert_eq!(seen.days.iter().map(|day| day.accepted).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(seen.last.map(|last| (last.at, last.agent)), Some((at(60 * 24), None)));
    }

    #[test]
    fn user_agents_are_cut_and_shared() {
        let mut texts = Texts::default();
        let first = texts.shared("curl");
        assert!(Arc::ptr_eq(&first, &texts.shared("curl")));
        for number in 0..Texts::KEPT {
            texts.shared(&number.to_string());
        }
        assert_eq!(texts.0.len(), Texts::KEPT);
        assert_eq!(cut(&"ä".repeat(AGENT_LIMIT + 1)), "ä".repeat(AGENT_LIMIT));
    }
}
