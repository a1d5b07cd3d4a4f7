//! Hashes passwords, a few at a time, however many people ask. A hash takes tens of milliseconds of CPU and 19 MiB, and the
//! gateway's checks need the CPU too.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Semaphore, oneshot};

use crate::error::Error;

/// How many hashes may wait for their turn. The last waits about two seconds.
const WAITING: usize = 64;
/// More places for known browsers: others must not take the last ones.
const KEPT_FOR_KNOWN: usize = 16;
/// In seconds.
const RETRY_AFTER: u64 = 2;

/// The server's queue. Share it between the workers.
#[derive(Debug, Clone)]
pub struct Hashing {
    turns: Arc<Semaphore>,
    places: Arc<AtomicUsize>,
}

/// A place in the queue, freed when dropped.
#[derive(Debug)]
pub struct QueuePlace {
    turns: Arc<Semaphore>,
    places: Arc<AtomicUsize>,
}

impl Default for Hashing {
    /// Half of the processors, at most four, work at a time.
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self { turns: Arc::new(Semaphore::new((processors / 2).clamp(1, 4))), places: Arc::default() }
    }
}

impl Hashing {
    /// Takes a place in the queue.
    pub fn place(&self, known: bool) -> Result<QueuePlace, Error> {
        let most = if known { WAITING + KEPT_FOR_KNOWN } else { WAITING };
        let taken = self.places.fetch_update(Ordering::AcqRel, Ordering::Acquire, |taken| (taken < most).then_some(taken + 1));
        taken.map_err(|_| Error::Busy(RETRY_AFTER))?;
        Ok(QueuePlace { turns: Arc::clone(&self.turns), places: Arc::clone(&self.places) })
    }
}

impl QueuePlace {
    /// Runs `work` when its turn comes, in its own thread: its memory goes back to the system with the thread.
    pub async fn work<T: Send + 'static>(self, work: impl FnOnce() -> Result<T, Error> + Send + 'static) -> Result<T, Error> {
        let failed = |error: &dyn std::fmt::Display| Error::Internal(format!("hashing a password: {error}"));
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|error| failed(&error))?;
        let (send, receive) = oneshot::channel();
        let thread = std::thread::Builder::new().name("password".into());
        thread
            .spawn(move || {
                let done = work();
                // Not earlier, even if nobody is waiting for the result: until here it used a processor.
                drop((turn, self));
                let _ = send.send(done);
            })
            .map_err(|error| failed(&error))?;
        receive.await.map_err(|error| failed(&error))?
    }
}

impl Drop for QueuePlace {
    fn drop(&mut self) {
        self.places.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn a_full_queue_refuses_strangers_first_and_empties() {
        let hashing = Hashing::default();
        let mut places: Vec<QueuePlace> = (0..WAITING).map(|_| hashing.place(false).unwrap()).collect();
        assert!(matches!(hashing.place(false), Err(Error::Busy(_))));
        places.extend((0..KEPT_FOR_KNOWN).map(|_| hashing.place(true).unwrap()));
        assert!(matches!(hashing.place(true), Err(Error::Busy(_))));
        // Some give up before their turn, others finish.
        places.truncate(10);
        for place in places {
            assert_eq!(place.work(|| Ok(7)).await, Ok(7));
        }
        assert_eq!(hashing.places.load(Ordering::Acquire), 0);
    }

    #[actix_web::test]
    async fn no_more_than_a_few_run_at_a_time() {
        let (hashing, running) = (Hashing::default(), Arc::new(AtomicUsize::new(0)));
        let most = hashing.turns.available_permits();
        assert!((1..=4).contains(&most), "{most}");
        let all = (0..20).map(|_| {
            let (place, running) = (hashing.place(false).unwrap(), Arc::clone(&running));
            actix_web::rt::spawn(place.work(move || {
                let now = running.fetch_add(1, Ordering::AcqRel) + 1;
                std::thread::yield_now();
                running.fetch_sub(1, Ordering::AcqRel);
                Ok(now)
            }))
        });
        for one in all.collect::<Vec<_>>() {
            assert!(one.await.unwrap().unwrap() <= most);
        }
    }
}
