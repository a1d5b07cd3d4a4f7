//! Gathers what is seen of tokens, and writes it from time to time.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::ops::{Bound, RangeBounds};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{NaiveDate, NaiveDateTime, TimeDelta};

use super::queries;
use super::seen::{Gathered, Seen, Texts};
use crate::audit;
use crate::auth::principal::Principal;
use crate::clock;
use crate::database::{Database, DbConnection};
use crate::error::Error;
use crate::id::Id;
use crate::tokens::value::TokenId;
use uuid::Uuid;

/// The longest User-Agent that is kept, in characters.
const AGENT_LIMIT: usize = 200;
/// Workers seldom wait for each other when the tokens are spread over this many locks.
const SHARDS: usize = 16;
/// Tokens that are remembered while the database cannot be written to; some 50 MB at the very worst.
const TOKEN_LIMIT: usize = 320_000;
/// Tokens whose activity is written in one transaction, about: what is being written is in memory twice, and other writers wait
/// meanwhile.
const PART: usize = 10_000;
/// Where the parts are parted is chosen by one token in so many.
const SAMPLED: usize = 16;
/// After each part, so many times as long as it took belongs to others.
const REST: u32 = 7;
/// However long a part took, which may have waited for others. So the activity of as many tokens as there may be is written
/// within a minute.
const LONGEST_REST: Duration = Duration::from_secs(1);
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

/// What was seen of some tokens.
type Taken = Vec<(TokenId, Seen)>;
/// A token by its account. Who are made together are used and stand in the tables together: what is written in this order
/// changes few pages, and each once.
type Key = (Uuid, TokenId);
/// The tokens whose activity is written in one transaction: those between two keys.
type Part = (Bound<Key>, Bound<Key>);

/// Which refusals have become audit events, and when: by token and reason.
type Ledger = HashMap<(TokenId, &'static str), Reported>;

struct Reported {
    /// The token's account.
    account: Uuid,
    at: NaiveDateTime,
    /// Refusals since that have been counted for the day, but have no event yet.
    since: i64,
}

impl Recorder {
    /// Notes that a token was accepted. `agent` is the client's User-Agent.
    pub fn accepted(&self, token: &str, account: &Id, address: Option<IpAddr>, agent: Option<&str>, now: NaiveDateTime) {
        let agent = agent.map(cut);
        self.note(token, account, |seen, texts| {
            seen.count(now.date(), 1, 0);
            seen.used(now, address, agent, texts);
        });
    }

    /// Notes that a token's account proved itself to Muster's own API by it: that is a machine's login.
    pub fn logged_in(&self, token: &str, account: &Id, now: NaiveDateTime) {
        self.note(token, account, |seen, _| seen.logged_in(now));
    }

    /// Notes that a token that Muster knows was refused. `reason` is a word for the audit log.
    pub fn refused(&self, token: &str, account: &Id, reason: &'static str, now: NaiveDateTime) {
        self.note(token, account, |seen, _| {
            seen.count(now.date(), 0, 1);
            seen.refuse(reason, 1);
        });
    }

    /// The usual call finds its token there already and allocates nothing.
    fn note(&self, token: &str, account: &Id, note: impl FnOnce(&mut Seen, &mut Texts)) {
        let Ok(token) = TokenId::try_from(token.as_bytes()) else { return };
        let mut shard = locked(&self.0.shards[place(&token)]);
        let Shard { gathered, texts } = &mut *shard;
        if let Some(seen) = gathered.get_mut(&token) {
            return note(seen, texts);
        }
        if gathered.len() >= TOKEN_LIMIT / SHARDS {
            self.0.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        note(gathered.entry(token).or_insert_with(|| Seen::of(account.uuid())), texts);
    }

    /// Writes what has been gathered, that of some [`PART`] tokens in one transaction. Where that fails it is kept for the
    /// next time, so each is written once; only a connection that breaks while the commit is being answered can make it
    /// count twice.
    ///
    /// # Errors
    /// `Unavailable` when the database cannot be reached, and the database's.
    pub async fn flush(&self, database: &Database) -> Result<(), Error> {
        self.flush_at(database, clock::now(), false).await
    }

    /// `closing` writes the audit events whose hour is not over yet, because nobody will remember them. Where there is much to
    /// write, most of the time belongs to others: the check, and administrators' changes.
    async fn flush_at(&self, database: &Database, now: NaiveDateTime, closing: bool) -> Result<(), Error> {
        let mut ledger = self.0.writing.lock().await;
        let mut in_haste = closing;
        let mut from = Bound::Unbounded;
        loop {
            let began = Instant::now();
            let part = self.part(from);
            let taken = self.take(&part);
            let reports = due(&ledger, &part, &taken, now, closing);
            self.write(database, &mut ledger, taken, reports, now).await?;
            let Bound::Excluded(end) = part.1 else { break };
            from = Bound::Included(end);
            if !in_haste {
                in_haste = self.rest(LONGEST_REST.min(REST * began.elapsed())).await;
            }
        }
        for shard in &self.0.shards {
            let gathered = &mut locked(shard).gathered;
            // A crowd that has been here once may not come again.
            if gathered.capacity() > 8 * gathered.len().max(SAMPLED) {
                gathered.shrink_to(2 * gathered.len());
            }
        }
        Ok(())
    }

    /// Waits, but not once it is to stop, and says whether it is.
    async fn rest(&self, time: Duration) -> bool {
        let stopping = tokio::time::timeout(time, self.0.stop.notified()).await.is_ok();
        if stopping {
            // The call was for [`run`], which hears it when this write is done.
            self.0.stop.notify_one();
        }
        stopping
    }

    /// The next [`PART`] tokens of what has been gathered, beginning with `from`. It is asked before each part: during the rests
    /// more is gathered.
    fn part(&self, from: Bound<Key>) -> Part {
        let all = (from, Bound::Unbounded);
        let mut keys: Vec<Key> = Vec::new();
        for shard in &self.0.shards {
            let shard = locked(shard);
            let sampled = shard.gathered.iter().step_by(SAMPLED).map(|(token, seen)| (seen.account, *token));
            keys.extend(sampled.filter(|key| all.contains(key)));
        }
        let wanted = PART / SAMPLED;
        if keys.len() <= wanted {
            return all;
        }
        (from, Bound::Excluded(*keys.select_nth_unstable(wanted).1))
    }

    /// What has been gathered of a part, in its order.
    fn take(&self, part: &Part) -> Taken {
        let mut taken = Taken::new();
        for shard in &self.0.shards {
            taken.extend(locked(shard).gathered.extract_if(|token, seen| part.contains(&(seen.account, *token))));
        }
        taken.sort_unstable_by_key(|(token, seen)| (seen.account, *token));
        taken
    }

    async fn write(
        &self,
        database: &Database,
        ledger: &mut Ledger,
        taken: Taken,
        reports: Vec<queries::Report>,
        now: NaiveDateTime,
    ) -> Result<(), Error> {
        if taken.is_empty() && reports.is_empty() {
            return Ok(());
        }
        let work = Arc::new((taken, reports));
        let written = Arc::clone(&work);
        // Under the lock of changes (`write`), and not beside them: both touch many accounts, in different orders.
        let outcome = database
            .write(move |conn| {
                Batch::new(&written.0).write(conn)?;
                report(conn, &written.1)
            })
            .await;
        match outcome {
            Ok(()) => settle(ledger, &work.0, &work.1, now),
            // Nobody else holds what the work was about, unless it was given up in the middle: then it may yet be written.
            Err(_) => self.put_back(Arc::into_inner(work).map(|(taken, _)| taken).unwrap_or_default()),
        }
        outcome
    }

    fn put_back(&self, taken: Taken) {
        for (token, seen) in taken {
            let mut shard = locked(&self.0.shards[place(&token)]);
            if let Some(newer) = shard.gathered.get_mut(&token) {
                newer.add(seen);
            } else if shard.gathered.len() < TOKEN_LIMIT / SHARDS {
                shard.gathered.insert(token, seen);
            } else {
                self.0.dropped.fetch_add(seen.calls(), Ordering::Relaxed);
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

/// Which lock a token belongs to.
fn place(token: &TokenId) -> usize {
    token.iter().fold(0, |sum: usize, byte| sum.wrapping_mul(31).wrapping_add((*byte).into())) % SHARDS
}

/// What is to be reported now of the tokens of a part: at once what has not been reported within the hour, the rest when its
/// hour is over.
fn due(ledger: &Ledger, part: &Part, taken: &[(TokenId, Seen)], now: NaiveDateTime, closing: bool) -> Vec<queries::Report> {
    let mut counts: BTreeMap<(TokenId, &'static str), i64> = BTreeMap::new();
    for (token, seen) in taken {
        for (reason, count) in seen.refusals() {
            *counts.entry((*token, reason)).or_default() += count;
        }
    }
    for ((token, reason), reported) in ledger {
        if reported.since > 0 && part.contains(&(reported.account, *token)) {
            *counts.entry((*token, reason)).or_default() += reported.since;
        }
    }
    counts
        .into_iter()
        .filter(|(key, _)| closing || ledger.get(key).is_none_or(|reported| now - reported.at >= REPORT_EVERY))
        .map(|((token, reason), count)| queries::Report { token, reason, count })
        .collect()
}

/// Writes down what has been reported, after it has.
fn settle(ledger: &mut Ledger, taken: &[(TokenId, Seen)], reports: &[queries::Report], now: NaiveDateTime) {
    for (token, seen) in taken {
        for (reason, count) in seen.refusals() {
            let new = || Reported { account: seen.account, at: now, since: 0 };
            ledger.entry((*token, reason)).or_insert_with(new).since += count;
        }
    }
    for report in reports {
        if let Some(reported) = ledger.get_mut(&(report.token, report.reason)) {
            (reported.at, reported.since) = (now, 0);
        }
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
    fn new(taken: &[(TokenId, Seen)]) -> Self {
        let mut uses = Vec::new();
        let mut accounts: BTreeMap<Uuid, NaiveDateTime> = BTreeMap::new();
        let mut logins: BTreeMap<Uuid, NaiveDateTime> = BTreeMap::new();
        let mut days: BTreeMap<(NaiveDate, Uuid), (i64, i64)> = BTreeMap::new();
        for (token, seen) in taken {
            for day in seen.days() {
                let sum = days.entry((day.date, seen.account)).or_default();
                sum.0 += i64::from(day.accepted);
                sum.1 += i64::from(day.refused);
            }
            if let Some(at) = seen.login() {
                let latest = logins.entry(seen.account).or_insert(at);
                *latest = at.max(*latest);
            }
            if let Some(last) = &seen.last {
                let latest = accounts.entry(seen.account).or_insert(last.at);
                *latest = last.at.max(*latest);
                let (address, agent) = (last.address, last.agent.as_deref().cloned());
                uses.push(queries::LastUse { token: *token, at: last.at, address, agent });
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
    const OTHER: &str = "BA9876543210";
    const ALL: Part = (Bound::Unbounded, Bound::Unbounded);

    fn id(text: &str) -> TokenId {
        text.as_bytes().try_into().unwrap()
    }

    #[actix_web::test]
    async fn a_stop_ends_a_rest_and_is_still_heard_by_the_writer() {
        let recorder = Recorder::default();
        assert!(!recorder.rest(Duration::ZERO).await);
        recorder.stop();
        let day = Duration::from_secs(86_400);
        assert!(recorder.rest(day).await);
        assert!(recorder.rest(day).await, "the call is still there");
    }

    fn at(minute: i64) -> NaiveDateTime {
        clock::NEVER + TimeDelta::minutes(minute)
    }

    /// A flush that succeeds at that minute, after so many refusals; returns the number in the report, if there is one.
    fn flush(ledger: &mut Ledger, minute: i64, refusals: i64, closing: bool) -> Option<i64> {
        let mut taken = Taken::new();
        if refusals > 0 {
            let mut seen = Seen::of(Uuid::nil());
            seen.refuse("revoked", refusals);
            taken.push((id(TOKEN), seen));
        }
        let reports = due(ledger, &ALL, &taken, at(minute), closing);
        settle(ledger, &taken, &reports, at(minute));
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
        recorder.refused(OTHER, &account, "revoked", at(0));
        recorder.refused("no id of a token", &account, "revoked", at(0));
        let reports = due(&Ledger::new(), &ALL, &recorder.take(&ALL), at(0), false);
        let said: Vec<_> = reports.iter().map(|report| (report.token, report.reason, report.count)).collect();
        assert_eq!(said, [(id(TOKEN), "expired", 1), (id(TOKEN), "revoked", 2), (id(OTHER), "revoked", 1)]);
    }

    #[test]
    fn the_next_hour_of_a_token_comes_with_its_own_part() {
        let recorder = Recorder::default();
        let account = Id::new();
        let mut ledger = Ledger::new();
        for token in [TOKEN, OTHER] {
            ledger.insert((id(token), "revoked"), Reported { account: account.uuid(), at: at(0), since: 2 });
            recorder.refused(token, &account, "revoked", at(60));
        }
        let between = (account.uuid(), id(OTHER));
        let parts = [(Bound::Unbounded, Bound::Excluded(between)), (Bound::Included(between), Bound::Unbounded)];
        let said = parts.map(|part| {
            let reports = due(&ledger, &part, &recorder.take(&part), at(60), false);
            reports.iter().map(|report| report.count).collect::<Vec<_>>()
        });
        assert_eq!(said, [[3], [3]]);
    }

    /// Takes one part after another; `rest` comes between them.
    fn all_parts(recorder: &Recorder, mut rest: impl FnMut()) -> Vec<Taken> {
        let (mut parts, mut from) = (Vec::new(), Bound::Unbounded);
        loop {
            let part = recorder.part(from);
            parts.push(recorder.take(&part));
            let Bound::Excluded(end) = part.1 else { return parts };
            from = Bound::Included(end);
            rest();
        }
    }

    #[test]
    fn parts_are_alike_in_size_and_leave_nothing_out() {
        let recorder = Recorder::default();
        assert_eq!(recorder.part(Bound::Unbounded), ALL);
        let accounts = [(); 5_000].map(|()| Id::new());
        let note = |number: usize| recorder.refused(&format!("{number:012}"), &accounts[number % 5_000], "revoked", at(0));
        (0..40_000).for_each(note);
        let parts = all_parts(&recorder, || ());
        assert!(parts.iter().flatten().is_sorted_by_key(|(token, seen)| (seen.account, *token)));
        let sizes: Vec<_> = parts.iter().map(Vec::len).collect();
        assert_eq!(sizes.iter().sum::<usize>(), 40_000);
        assert!(sizes.len() <= 5 && sizes.iter().all(|size| *size < PART + PART / 2), "{sizes:?}");
        assert_eq!(recorder.waiting(), 0);
        // What comes while it rests makes more parts, and none larger.
        (0..40_000).for_each(note);
        let mut more = (40_000..).step_by(10_000);
        let sizes: Vec<_> = all_parts(&recorder, || {
            let first = more.next().unwrap();
            (first..first + 10_000).filter(|_| first < 140_000).for_each(note);
        })
        .iter()
        .map(Vec::len)
        .collect();
        assert!(sizes.len() > 5 && sizes.iter().all(|size| *size < PART + PART / 2), "{sizes:?}");
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
        let parts = all_parts(&recorder, || ());
        assert!(parts.iter().all(|taken| taken.len() < PART + PART / 2));
        let kept: Taken = parts.into_iter().flatten().collect();
        assert!(kept.len() <= TOKEN_LIMIT && dropped >= 40_000);
        let seven = id(&format!("{:012}", 7));
        let (_, found) = kept.iter().find(|(token, _)| *token == seven).unwrap();
        assert_eq!(found.refusals(), [("revoked", 2)]);
        recorder.put_back(kept);
        assert_eq!(recorder.0.dropped.load(Ordering::Relaxed), dropped);
    }

    #[test]
    fn what_is_put_back_adds_up_with_what_came_since() {
        let recorder = Recorder::default();
        let account = Id::new();
        recorder.accepted(TOKEN, &account, None, Some("before"), at(5));
        let failed = recorder.take(&ALL);
        recorder.accepted(TOKEN, &account, None, Some("since"), at(2));
        recorder.accepted(TOKEN, &account, None, None, at(60 * 24));
        recorder.put_back(failed);
        let (_, seen) = recorder.take(&ALL).pop().unwrap();
        assert_eq!(seen.days().map(|day| day.accepted).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(seen.last.map(|last| (last.at, last.agent)), Some((at(60 * 24), None)));
    }

    #[test]
    fn user_agents_are_cut() {
        assert_eq!(cut(&"ä".repeat(AGENT_LIMIT + 1)), "ä".repeat(AGENT_LIMIT));
    }
}
