//! Writes from time to time what the recorder has gathered.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::NaiveDateTime;

use super::queries;
use super::recorder::Recorder;
use super::refusals::{RefusalCounts, RefusalLog};
use super::usage::Chunk;
use crate::clock;
use crate::database::Database;
use crate::error::Error;

/// After a chunk, so many times as long as it took belongs to others: the writer works a tenth of the time at most.
const REST: u32 = 9;

/// What the writer remembers, of which there is one at a time.
#[derive(Default)]
pub struct WriterState {
    refusals: RefusalLog,
    /// Until then the database belongs to others.
    resting_until: Option<Instant>,
}

impl Recorder {
    /// Writes all that has been gathered, in chunks of one transaction each. A chunk that fails goes back, so each is written
    /// once; only a connection that breaks while the commit is being answered can make one count twice.
    pub async fn flush(&self, database: &Database) -> Result<(), Error> {
        self.flush_at(database, clock::now(), false).await
    }

    /// When `closing`, it does not rest, and reports the refusals whose hour is not over yet.
    async fn flush_at(&self, database: &Database, now: NaiveDateTime, closing: bool) -> Result<(), Error> {
        let mut state = self.0.state.lock().await;
        let mut accounts = self.accounts().into_iter();
        let mut in_haste = closing;
        while accounts.len() > 0 {
            if !in_haste && let Some(until) = state.resting_until {
                in_haste = self.rest(until.saturating_duration_since(Instant::now())).await;
            }
            let began = Instant::now();
            let chunk = self.take(&mut accounts);
            let outcome = state.write(database, &chunk, refusals(&chunk), now, closing).await;
            self.finish(chunk, outcome.is_ok());
            outcome?;
            state.resting_until = Some(Instant::now() + REST * began.elapsed());
        }
        // Whose hour is over by now.
        let unreported = state.refusals.unreported();
        state.write(database, &Arc::default(), unreported, now, closing).await
    }

    /// Waits, but not once the server is stopping, and says whether it is.
    async fn rest(&self, time: Duration) -> bool {
        let stopping = tokio::time::timeout(time, self.0.stop.notified()).await.is_ok();
        if stopping {
            // The call was for [`run`], which hears it when this write is done.
            self.0.stop.notify_one();
        }
        stopping
    }
}

impl WriterState {
    /// Writes a chunk, and those refusals that are due, in one transaction.
    async fn write(
        &mut self,
        database: &Database,
        chunk: &Arc<Chunk>,
        refusals: RefusalCounts,
        now: NaiveDateTime,
        closing: bool,
    ) -> Result<(), Error> {
        let reports = Arc::new(self.refusals.due(&refusals, now, closing));
        if !chunk.is_empty() || !reports.is_empty() {
            let (written, reported) = (Arc::clone(chunk), Arc::clone(&reports));
            // Under the lock of changes (`write`), and not beside them: both touch many accounts, in different orders.
            database.write(move |conn| queries::write(conn, &written, &reported)).await?;
            self.refusals.settle(&refusals, &reports, now);
        }
        Ok(())
    }
}

fn refusals(chunk: &Chunk) -> RefusalCounts {
    let tokens = chunk.iter().flat_map(|(_, usage)| &usage.tokens);
    tokens.flat_map(|token| token.refusals.iter().map(|(reason, count)| ((token.id, *reason), *count))).collect()
}

/// Writes what `recorder` gathers, every `interval`, until [`Recorder::stop`]; then once more, and returns.
pub async fn run(recorder: Recorder, database: Database, interval: Duration) {
    let (mut failing, mut told, mut wait) = (false, 0, interval);
    loop {
        let stopping = tokio::time::timeout(wait, recorder.0.stop.notified()).await.is_ok();
        let began = Instant::now();
        let outcome = recorder.flush_at(&database, clock::now(), stopping).await;
        wait = interval.saturating_sub(began.elapsed());
        match &outcome {
            Ok(()) if failing => log::info!("token activity is being written again"),
            Ok(()) => {}
            Err(error) if stopping => log::error!("the last token activity is lost: {error}"),
            Err(error) if failing => log::debug!("token activity still cannot be written: {error}"),
            Err(error) => log::warn!("token activity could not be written, trying again in {} s: {error}", interval.as_secs()),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn a_stop_ends_a_rest_and_is_still_heard_by_the_writer() {
        let recorder = Recorder::default();
        assert!(!recorder.rest(Duration::ZERO).await);
        recorder.stop();
        let day = Duration::from_secs(86_400);
        assert!(recorder.rest(day).await);
        assert!(recorder.rest(day).await, "the call is still there");
    }
}
