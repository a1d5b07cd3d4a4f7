//! Limits how many exports run at once. An export may take as long as its reader; an idle one makes room for another.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

/// Exports at once, of all people on one instance.
pub const MOST: usize = 3;
/// How long a reader may be idle before another export may take its place.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// A running export.
#[derive(Debug)]
pub struct Export {
    began: Instant,
    /// When its reader last took something, in milliseconds since it began.
    read: AtomicU64,
    ended: AtomicBool,
}

impl Export {
    /// Records that the reader takes more. `false` where its place has been given away.
    pub fn goes_on(&self) -> bool {
        let past = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.read.store(past, Ordering::Relaxed);
        !self.ended.load(Ordering::Relaxed)
    }

    fn rests_since(&self) -> Instant {
        self.began + Duration::from_millis(self.read.load(Ordering::Relaxed))
    }
}

/// The exports that run. Share it between the workers.
#[derive(Debug, Default)]
pub struct Exports(Mutex<Vec<Weak<Export>>>);

impl Exports {
    /// A place for one more, which is free again when it is dropped; `None` where all are taken.
    pub fn begin(&self, now: Instant) -> Option<Arc<Export>> {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        running.retain(|export| export.strong_count() > 0);
        if running.len() >= MOST {
            let rests = |export: &Weak<Export>| {
                export.upgrade().is_none_or(|export| now.saturating_duration_since(export.rests_since()) > IDLE_TIMEOUT)
            };
            let resting = running.iter().position(rests)?;
            if let Some(export) = running.swap_remove(resting).upgrade() {
                export.ended.store(true, Ordering::Relaxed);
            }
        }
        let export = Arc::new(Export { began: now, read: AtomicU64::new(0), ended: AtomicBool::new(false) });
        running.push(Arc::downgrade(&export));
        Some(export)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_run_at_once_and_who_reads_nothing_gives_way() {
        let (exports, now) = (Exports::default(), Instant::now());
        let mut running: Vec<_> = (0..MOST).map(|_| exports.begin(now).unwrap()).collect();
        assert!(exports.begin(now).is_none());
        running.pop();
        running.push(exports.begin(now).unwrap());
        assert!(exports.begin(now + IDLE_TIMEOUT / 2).is_none());
        // Nobody has read for long: the first gives way, and is told.
        let last = exports.begin(now + IDLE_TIMEOUT * 2).unwrap();
        assert_eq!(running.iter().filter(|export| !export.goes_on()).count(), 1);
        assert!(last.goes_on());
    }
}
