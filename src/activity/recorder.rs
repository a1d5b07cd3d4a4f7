//! Gathers what is seen of tokens, and writes it from time to time.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::NaiveDateTime;

use super::backlog::{self, Overdue, Packer};
use super::batch::{self, Batch};
use super::ledger::Ledger;
use super::parts::{Index, Key, Part, Taken, key};
use super::queries;
use super::seen::{Gathered, Seen, Texts};
use crate::clock;
use crate::database::Database;
use crate::error::Error;
use crate::id::Id;
use crate::tokens::value::{TokenId, spread};

/// The longest User-Agent that is kept, in characters.
const AGENT_LIMIT: usize = 200;
/// Workers seldom wait for each other when the tokens are spread over this many locks.
const SHARDS: usize = 32;
/// Tokens that are remembered while the database cannot be written to: some 35 MB, and 70 where all are refused, or come from
/// addresses of IPv6.
const TOKEN_LIMIT: usize = 320_000;
/// Tokens whose activity is written in one transaction, about: what is being written is in memory twice, and other writers wait
/// meanwhile.
const PART: usize = 2_500;
/// From so many on it does not rest: what is forgotten is lost.
const CROWD: usize = TOKEN_LIMIT / 4 * 3;
/// Parts that are made ready at a time to be noted down while they wait; an eighth of a megabyte each.
const PACKED: usize = 40;
/// Where the parts are parted is chosen by one token in so many.
const SAMPLED: usize = 8;
/// After each part, so many times as long as it took belongs to others: what waits has been noted down, and may. Where the
/// processors are busy a part takes longer, and the rest is longer too.
const REST: u32 = 80;
/// However long a part took, which may have waited for others. So the activity of 200,000 tokens is in its place within eight
/// minutes, where a part takes no longer than a second.
const LONGEST_REST: Duration = Duration::from_secs(5);

/// Where the check leaves what it saw. Cheap to clone; all clones share one memory.
#[derive(Clone, Default)]
pub struct Recorder(Arc<Memory>);

#[derive(Default)]
struct Memory {
    shards: [Mutex<Shard>; SHARDS],
    /// Calls that were forgotten because the memory was full.
    dropped: AtomicU64,
    /// Held while something is being written, so that there is one writer at a time.
    books: tokio::sync::Mutex<Books>,
    stop: tokio::sync::Notify,
}

/// On cache lines of its own: every call changes the lock before it.
#[derive(Default)]
#[repr(align(128))]
struct Shard {
    gathered: Gathered,
    texts: Texts,
}

/// What the writer knows, who is one at a time.
struct Books {
    /// By it others tell this instance's rows of what waits.
    instance: Id,
    /// Whether there may be such rows.
    are_noted: bool,
    /// Where it goes on.
    next: Option<Key>,
    /// Until then the time belongs to others.
    quiet_until: Instant,
    ledger: Ledger,
    overdue: Overdue,
}

impl Default for Books {
    fn default() -> Self {
        Self {
            instance: Id::new(),
            are_noted: false,
            next: None,
            quiet_until: Instant::now(),
            ledger: Ledger::default(),
            overdue: Overdue::default(),
        }
    }
}

/// What one transaction writes.
struct Work {
    row: Option<Row>,
    taken: Taken,
    reports: Vec<queries::Report>,
}

/// Which rows of what waits it makes good.
enum Row {
    Own(Id),
    AllOwn,
    Others(Id),
}

impl Books {
    /// Says whether it was written, and not by another before.
    async fn write(&mut self, database: &Database, work: &Arc<Work>, now: NaiveDateTime) -> Result<bool, Error> {
        let (written, instance) = (Arc::clone(work), self.instance.clone());
        // Under the lock of changes (`write`), and not beside them: both touch many accounts, in different orders.
        let was_written = database
            .write(move |conn| {
                match &written.row {
                    Some(Row::Others(row)) if !queries::remove_backlog(conn, row)? => return Ok(false),
                    Some(Row::Own(row)) => drop(queries::remove_backlog(conn, row)?),
                    Some(Row::AllOwn) => queries::remove_backlog_of(conn, &instance)?,
                    Some(Row::Others(_)) | None => {}
                }
                Batch::new(&written.taken).write(conn)?;
                batch::report(conn, &written.reports)?;
                Ok(true)
            })
            .await?;
        if was_written {
            self.ledger.settle(&work.taken, &work.reports, now);
        }
        Ok(was_written)
    }

    /// Writes what a row of another instance says.
    async fn take_over(&mut self, database: &Database, row: Id) -> Result<(), Error> {
        let (id, now) = (row.clone(), clock::now());
        // Another instance may have been faster.
        let Some(content) = database.read(move |conn| queries::find_backlog(conn, &id)).await? else { return Ok(()) };
        let taken = backlog::unpacked(&content).unwrap_or_else(|| {
            log::error!("what an instance had left behind of the tokens' activity cannot be read and is lost");
            Taken::new()
        });
        let reports = self.ledger.due(&Part::ALL, &taken, now, false);
        let tokens = taken.len();
        if self.write(database, &Arc::new(Work { row: Some(Row::Others(row)), taken, reports }), now).await? {
            log::info!("the activity of {tokens} tokens was written that an instance had left behind");
        }
        Ok(())
    }
}

impl Recorder {
    /// Notes that a token was accepted. `agent` is the client's User-Agent.
    pub fn accepted(&self, token: &str, account: &Id, address: Option<IpAddr>, agent: Option<&str>, now: NaiveDateTime) {
        let agent = agent.map(cut);
        self.note(token, account, |seen, texts| seen.used(now, address, agent, texts));
    }

    /// Notes that a token's account proved itself to Muster's own API by it: that is a machine's login.
    pub fn logged_in(&self, token: &str, account: &Id, now: NaiveDateTime) {
        self.note(token, account, |seen, _| seen.logged_in(now));
    }

    /// Notes that a token that Muster knows was refused. `reason` is a word for the audit log.
    pub fn refused(&self, token: &str, account: &Id, reason: &'static str, now: NaiveDateTime) {
        self.note(token, account, |seen, _| {
            seen.count(now.date(), 0, 1);
            seen.refuse(reason.into(), 1);
        });
    }

    /// The usual call finds its token there already and allocates nothing.
    fn note(&self, token: &str, account: &Id, note: impl FnOnce(&mut Seen, &mut Texts)) {
        let Ok(token) = TokenId::try_from(token.as_bytes()) else { return };
        let mut shard = locked(&self.0.shards[spread(&token, SHARDS)]);
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
        self.flush_at(database, clock::now(), Duration::from_secs(3600), false).await
    }

    /// Stops after an `interval`, with what then still waits noted down; the next one goes on where this one stopped. When
    /// `closing` it does not stop, and writes the audit events whose hour is not over yet, because nobody will remember them.
    /// Where there is much to write, most of the time belongs to others: the check, and administrators' changes.
    ///
    /// # Errors
    /// As [`Recorder::flush`].
    pub async fn flush_at(
        &self,
        database: &Database,
        now: NaiveDateTime,
        interval: Duration,
        closing: bool,
    ) -> Result<(), Error> {
        let mut books = self.0.books.lock().await;
        let began = Instant::now();
        let mut in_haste = closing;
        'anew: loop {
            let parts = self.parts(books.next);
            let rows = match parts.len() {
                1 => vec![],
                _ => match self.note_down(database, &mut books, &parts, interval).await {
                    // It may be its last chance: perhaps the parts themselves can be written.
                    Err(error) if closing => {
                        log::warn!("what waits could not be noted down: {error}");
                        vec![]
                    }
                    rows => rows?,
                },
            };
            for (at, part) in parts.iter().enumerate() {
                let is_last = at + 1 == parts.len();
                if parts.len() > 1 && !in_haste && self.waiting() < CROWD {
                    let left = interval.saturating_sub(began.elapsed());
                    in_haste = self.rest(left.min(books.quiet_until.saturating_duration_since(Instant::now()))).await;
                    if !in_haste && (Instant::now() < books.quiet_until || at > 0 && began.elapsed() >= interval) {
                        return Ok(());
                    }
                }
                // During the rests more is gathered.
                if at > 0 && self.has_grown(part) {
                    continue 'anew;
                }
                let row = match rows.get(at) {
                    Some(row) if !is_last => Some(Row::Own(row.clone())),
                    // With the last go those that were noted down by a write that had been given up.
                    _ => books.are_noted.then_some(Row::AllOwn),
                };
                let started = Instant::now();
                // Whatever becomes of it: one that fails must not keep the others from their turn.
                books.next = part.to;
                self.write_part(database, &mut books, part, row, now, closing).await?;
                books.quiet_until = Instant::now() + LONGEST_REST.min(REST * started.elapsed());
                if is_last {
                    books.are_noted = false;
                    break 'anew;
                }
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

    /// The parts of what has been gathered, the one with `first` before the others.
    fn parts(&self, first: Option<Key>) -> Vec<Part> {
        Part::alike(self.sampled(&Part::ALL), PART / SAMPLED, first)
    }

    /// Whether a part is far larger now than it should be.
    fn has_grown(&self, part: &Part) -> bool {
        self.sampled(part).len() > PART / SAMPLED * 5 / 4
    }

    /// One in [`SAMPLED`] of a part's tokens.
    fn sampled(&self, part: &Part) -> Vec<Key> {
        let mut keys = Vec::new();
        for shard in &self.0.shards {
            let shard = locked(shard);
            let sampled = shard.gathered.iter().step_by(SAMPLED).map(|(token, seen)| key(token, seen));
            keys.extend(sampled.filter(|key| part.holds(key)));
        }
        keys
    }

    /// What has been gathered of a part, in its order.
    fn take(&self, part: &Part) -> Taken {
        let mut taken = Taken::new();
        for shard in &self.0.shards {
            taken.extend(locked(shard).gathered.extract_if(|token, seen| part.holds(&key(token, seen))));
        }
        taken.sort_unstable_by_key(|(token, seen)| key(token, seen));
        taken
    }

    /// Packs what has been gathered of some parts, for a row of what waits each.
    fn pack(&self, parts: &[Part], packers: &mut [Packer]) {
        let index = Index::of(parts);
        for shard in &self.0.shards {
            for (token, seen) in &locked(shard).gathered {
                if let Some(at) = index.find(&key(token, seen)) {
                    packers[at].add(token, seen);
                }
            }
        }
    }

    /// Notes down what waits, in place of what did before. Returns the rows, one for each part.
    async fn note_down(
        &self,
        database: &Database,
        books: &mut Books,
        parts: &[Part],
        interval: Duration,
    ) -> Result<Vec<Id>, Error> {
        books.are_noted = true;
        let (memory, parts, instance) = (self.clone(), parts.to_vec(), books.instance.clone());
        let patience = backlog::patience(interval);
        // Beside the changes: nobody else touches these rows.
        database
            .record(move |conn| {
                queries::remove_backlog_of(conn, &instance)?;
                let mut rows = Vec::new();
                let mut packers: Vec<Packer> = parts.iter().take(PACKED).map(|_| Packer::of(PART)).collect();
                // All at once would take much memory, and one by one as many walks through all that was gathered.
                for parts in parts.chunks(PACKED) {
                    memory.pack(parts, &mut packers);
                    for (_, packer) in parts.iter().zip(&mut packers) {
                        rows.push(queries::add_to_backlog(conn, &instance, patience, packer.packed())?);
                        packer.clear();
                    }
                }
                Ok(rows)
            })
            .await
    }

    async fn write_part(
        &self,
        database: &Database,
        books: &mut Books,
        part: &Part,
        row: Option<Row>,
        now: NaiveDateTime,
        closing: bool,
    ) -> Result<(), Error> {
        let taken = self.take(part);
        let reports = books.ledger.due(part, &taken, now, closing);
        if taken.is_empty() && reports.is_empty() && row.is_none() {
            return Ok(());
        }
        let work = Arc::new(Work { row, taken, reports });
        let outcome = books.write(database, &work, now).await;
        if outcome.is_err() {
            // Nobody else holds what the work was about, unless it was given up in the middle: then it may yet be written.
            self.put_back(Arc::into_inner(work).map(|work| work.taken).unwrap_or_default());
        }
        outcome.map(drop)
    }

    /// Writes what instances have left behind that are no more: at least a row, and more while `time` lasts. `seen` is when
    /// this looks.
    ///
    /// # Errors
    /// As [`Recorder::flush`].
    pub async fn take_over(&self, database: &Database, seen: Instant, time: Duration) -> Result<(), Error> {
        let mut books = self.0.books.lock().await;
        let began = Instant::now();
        let instance = books.instance.clone();
        let rows = match database.read(move |conn| queries::backlog_of_others(conn, &instance)).await {
            Ok(rows) => rows,
            Err(error) => {
                books.overdue.forget();
                return Err(error);
            }
        };
        let (mut outcome, mut rest) = (Ok(()), Duration::ZERO);
        for (at, row) in books.overdue.abandoned(rows, seen).into_iter().enumerate() {
            let left = time.saturating_sub(began.elapsed());
            if at > 0 && (left.is_zero() || self.rest(left.min(rest)).await) {
                break;
            }
            let started = Instant::now();
            // One that fails must not keep the others from their turn.
            outcome = outcome.and(books.take_over(database, row).await);
            rest = LONGEST_REST.min(REST * started.elapsed());
        }
        outcome
    }

    /// While the database was away nobody was there to be late.
    async fn forget_who_is_late(&self) {
        self.0.books.lock().await.overdue.forget();
    }

    fn put_back(&self, taken: Taken) {
        for (token, seen) in taken {
            let mut shard = locked(&self.0.shards[spread(&token, SHARDS)]);
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
    let (mut failing, mut told, mut wait) = (false, 0, interval);
    loop {
        let stopping = tokio::time::timeout(wait, recorder.0.stop.notified()).await.is_ok();
        let began = Instant::now();
        let outcome = recorder.flush_at(&database, clock::now(), interval, stopping).await;
        if outcome.is_err() {
            recorder.forget_who_is_late().await;
        } else if !stopping
            && let Err(error) = recorder.take_over(&database, began, interval.saturating_sub(began.elapsed())).await
        {
            log::warn!("what an instance has left behind of the tokens' activity could not be written yet: {error}");
        }
        wait = interval.saturating_sub(began.elapsed());
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

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    const TOKEN: &str = "0123456789AB";
    const OTHER: &str = "BA9876543210";

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

    #[test]
    fn reasons_and_tokens_are_told_apart() {
        let recorder = Recorder::default();
        let account = Id::new();
        for reason in ["revoked", "expired", "revoked"] {
            recorder.refused(TOKEN, &account, reason, at(0));
        }
        recorder.refused(OTHER, &account, "revoked", at(0));
        recorder.refused("no id of a token", &account, "revoked", at(0));
        let reports = Ledger::default().due(&Part::ALL, &recorder.take(&Part::ALL), at(0), false);
        let said: Vec<_> = reports.iter().map(|report| (report.token, report.reason.as_ref(), report.count)).collect();
        assert_eq!(said, [(id(TOKEN), "expired", 1), (id(TOKEN), "revoked", 2), (id(OTHER), "revoked", 1)]);
    }

    #[test]
    fn the_next_hour_of_a_token_comes_with_its_own_part() {
        let recorder = Recorder::default();
        let account = Id::new();
        let mut ledger = Ledger::default();
        for minute in [0, 1, 60] {
            for token in [TOKEN, OTHER] {
                recorder.refused(token, &account, "revoked", at(minute));
            }
            if minute < 60 {
                let taken = recorder.take(&Part::ALL);
                let reports = ledger.due(&Part::ALL, &taken, at(minute), false);
                ledger.settle(&taken, &reports, at(minute));
            }
        }
        let between = Some((account.uuid(), id(OTHER)));
        let said = [Part { from: None, to: between }, Part { from: between, to: None }].map(|part| {
            let reports = ledger.due(&part, &recorder.take(&part), at(60), false);
            reports.iter().map(|report| report.count).collect::<Vec<_>>()
        });
        assert_eq!(said, [[2], [2]]);
    }

    #[test]
    fn parts_are_alike_in_size_and_leave_nothing_out() {
        let recorder = Recorder::default();
        assert_eq!(recorder.parts(None), [Part::ALL]);
        let accounts = [(); 5_000].map(|()| Id::new());
        let note = |number: usize| recorder.refused(&format!("{number:012}"), &accounts[number % 5_000], "revoked", at(0));
        (0..40_000).for_each(note);
        let parts = recorder.parts(None);
        assert!(parts.len() <= 18 && parts.iter().all(|part| !recorder.has_grown(part)), "{parts:?}");
        // What comes while it rests makes more parts, and none larger.
        (40_000..140_000).for_each(note);
        assert!(parts[1..4].iter().all(|part| recorder.has_grown(part)), "{parts:?}");
        let parts = recorder.parts(parts[1].to);
        assert!(parts.len() > 48 && parts.iter().all(|part| !recorder.has_grown(part)), "{parts:?}");
        let mut taken: Vec<Taken> = parts.iter().map(|part| recorder.take(part)).collect();
        let sizes: Vec<_> = taken.iter().map(Vec::len).collect();
        assert!(sizes.iter().all(|size| *size < PART + PART / 2), "{sizes:?}");
        assert_eq!((sizes.iter().sum::<usize>(), recorder.waiting()), (140_000, 0));
        // In order, but for the place where it begins.
        let begin = parts.iter().position(|part| part.from.is_none()).unwrap();
        taken.rotate_left(begin);
        assert!(begin > 0 && taken.iter().flatten().is_sorted_by_key(|(token, seen)| key(token, seen)));
    }

    #[test]
    fn packers_are_used_again_for_the_next_parts() {
        let recorder = Recorder::default();
        let account = Id::new();
        for token in [TOKEN, OTHER] {
            recorder.accepted(token, &account, None, Some("curl"), at(0));
        }
        let between = Some((account.uuid(), id(OTHER)));
        let mut packers = [Packer::of(1)];
        for (part, token) in [(Part { from: None, to: between }, TOKEN), (Part { from: between, to: None }, OTHER)] {
            recorder.pack(&[part], &mut packers);
            let found = backlog::unpacked(packers[0].packed()).unwrap();
            let agents = found.iter().map(|(token, seen)| (*token, seen.last().unwrap().agent.unwrap().as_str()));
            assert_eq!(agents.collect::<Vec<_>>(), [(id(token), "curl")]);
            packers[0].clear();
        }
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
        let kept = recorder.take(&Part::ALL);
        assert!(kept.len() <= TOKEN_LIMIT && dropped >= 40_000);
        let seven = id(&format!("{:012}", 7));
        let (_, found) = kept.iter().find(|(token, _)| *token == seven).unwrap();
        assert_eq!(found.refusals(), [("revoked".into(), 2)]);
        recorder.put_back(kept);
        assert_eq!(recorder.0.dropped.load(Ordering::Relaxed), dropped);
    }

    #[test]
    fn what_is_put_back_adds_up_with_what_came_since() {
        let recorder = Recorder::default();
        let account = Id::new();
        recorder.accepted(TOKEN, &account, None, Some("before"), at(5));
        let failed = recorder.take(&Part::ALL);
        recorder.accepted(TOKEN, &account, None, Some("since"), at(2));
        recorder.accepted(TOKEN, &account, None, None, at(60 * 24));
        recorder.put_back(failed);
        let (_, seen) = recorder.take(&Part::ALL).pop().unwrap();
        assert_eq!(seen.days().map(|day| day.accepted).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(seen.last().map(|last| (last.at, last.agent)), Some((at(60 * 24), None)));
    }

    #[test]
    fn user_agents_are_cut() {
        assert_eq!(cut(&"ä".repeat(AGENT_LIMIT + 1)), "ä".repeat(AGENT_LIMIT));
    }
}
