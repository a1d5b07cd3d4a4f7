//! Counts what the check answers and how long it takes, for the metrics.
//!
//! Every API call passes through here, so counting one costs three additions to numbers that no other thread touches: each
//! thread has its own counters, and readers add them up. There is no lock and no lookup.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use super::verdict::Reason;

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallOutcome {
    Accepted,
    /// No token was given.
    NoToken,
    /// A valid token without the permission.
    InsufficientScope,
    /// A token that is not usable.
    Refused(Reason),
    /// Refused, and too often before: 429.
    Throttled,
    /// The database could not be asked.
    Unavailable,
    /// The gateway went away before the answer.
    Abandoned,
}

impl CallOutcome {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Accepted,
        Self::NoToken,
        Self::InsufficientScope,
        Self::Refused(Reason::Malformed),
        Self::Refused(Reason::Unknown),
        Self::Refused(Reason::Mismatch),
        Self::Refused(Reason::Revoked),
        Self::Refused(Reason::Expired),
        Self::Refused(Reason::Disabled),
        Self::Throttled,
        Self::Unavailable,
        Self::Abandoned,
    ];

    /// The label used in the metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::NoToken => "no_token",
            Self::InsufficientScope => "insufficient_scope",
            Self::Refused(reason) => reason.as_str(),
            Self::Throttled => "throttled",
            Self::Unavailable => "unavailable",
            Self::Abandoned => "abandoned",
        }
    }

    /// The status that the gateway gets; `None` where nobody waited for one.
    pub fn status(self) -> Option<u16> {
        match self {
            Self::Accepted => Some(200),
            Self::NoToken | Self::Refused(_) => Some(401),
            Self::InsufficientScope => Some(403),
            Self::Throttled => Some(429),
            Self::Unavailable => Some(503),
            Self::Abandoned => None,
        }
    }

    const fn place(self) -> usize {
        match self {
            Self::Accepted => 0,
            Self::NoToken => 1,
            Self::InsufficientScope => 2,
            Self::Refused(Reason::Malformed) => 3,
            Self::Refused(Reason::Unknown) => 4,
            Self::Refused(Reason::Mismatch) => 5,
            Self::Refused(Reason::Revoked) => 6,
            Self::Refused(Reason::Expired) => 7,
            Self::Refused(Reason::Disabled) => 8,
            Self::Throttled => 9,
            Self::Unavailable => 10,
            Self::Abandoned => 11,
        }
    }
}

/// The upper bounds of the histogram's buckets in nanoseconds, from 5 µs to 1 s; what takes longer has a bucket of its own.
pub const BOUNDS: [u64; 16] = [
    5_000,
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    1_000_000_000,
];

/// Threads beyond these share counters, which stays correct and is only slightly slower.
const PLACES: usize = 32;

/// What one thread has counted, on cache lines that no other thread writes to.
#[derive(Debug, Default)]
#[repr(align(128))]
struct ThreadCounters {
    outcomes: [AtomicU64; CallOutcome::ALL.len()],
    buckets: [AtomicU64; BOUNDS.len() + 1],
    nanoseconds: AtomicU64,
}

#[derive(Debug, Default)]
pub struct Counters([ThreadCounters; PLACES]);

/// A call that is being answered; counted when it is dropped.
#[derive(Debug)]
pub struct CountedCall<'a> {
    counters: &'a Counters,
    began: Instant,
    outcome: CallOutcome,
}

/// The counts of all threads, added up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallCounts {
    /// Calls by outcome, in the order of [`CallOutcome::ALL`].
    pub outcomes: [u64; CallOutcome::ALL.len()],
    /// Calls by how long they took, in the order of [`BOUNDS`], each without those below it; then all that took longer.
    pub buckets: [u64; BOUNDS.len() + 1],
    /// How long all of them took together.
    pub nanoseconds: u64,
}

thread_local! {
    static PLACE: usize = {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        NEXT.fetch_add(1, Ordering::Relaxed) % PLACES
    };
}

/// This thread's number, which selects its counters. A thread that is being torn down has none and gets the first.
pub fn place() -> usize {
    PLACE.try_with(|place| *place).unwrap_or_default()
}

impl Counters {
    /// Begins a call. Until told otherwise, it ends as [`CallOutcome::Abandoned`].
    pub fn begin(&self) -> CountedCall<'_> {
        CountedCall { counters: self, began: Instant::now(), outcome: CallOutcome::Abandoned }
    }

    /// What has been counted so far.
    pub fn counted(&self) -> CallCounts {
        let mut sum = CallCounts::default();
        for place in &self.0 {
            for (all, own) in sum.outcomes.iter_mut().zip(&place.outcomes).chain(sum.buckets.iter_mut().zip(&place.buckets)) {
                *all += own.load(Ordering::Relaxed);
            }
            sum.nanoseconds += place.nanoseconds.load(Ordering::Relaxed);
        }
        sum
    }

    fn add(&self, outcome: CallOutcome, nanoseconds: u64) {
        let place = &self.0[place()];
        let bucket = BOUNDS.iter().position(|bound| nanoseconds <= *bound).unwrap_or(BOUNDS.len());
        place.outcomes[outcome.place()].fetch_add(1, Ordering::Relaxed);
        place.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        place.nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
    }
}

impl CountedCall<'_> {
    /// Sets how the call ended. The last value counts.
    pub fn was(&mut self, outcome: CallOutcome) {
        self.outcome = outcome;
    }
}

impl Drop for CountedCall<'_> {
    fn drop(&mut self) {
        self.counters.add(self.outcome, u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_outcome_has_a_place_of_its_own() {
        for (at, outcome) in CallOutcome::ALL.iter().enumerate() {
            assert_eq!(outcome.place(), at, "{outcome:?}");
        }
    }

    #[test]
    fn calls_of_many_threads_add_up() {
        let counters = Counters::default();
        std::thread::scope(|scope| {
            for _ in 0..PLACES + 8 {
                scope.spawn(|| {
                    for _ in 0..1000 {
                        counters.begin().was(CallOutcome::Accepted);
                    }
                    counters.add(CallOutcome::NoToken, 5_000);
                    counters.add(CallOutcome::Unavailable, u64::from(u32::MAX));
                    drop(counters.begin());
                });
            }
        });
        let counted = counters.counted();
        let threads = PLACES as u64 + 8;
        assert_eq!(counted.outcomes[CallOutcome::Accepted.place()], 1000 * threads);
        assert_eq!(counted.outcomes[CallOutcome::Abandoned.place()], threads);
        assert_eq!(counted.buckets.iter().sum::<u64>(), 1003 * threads);
        assert!(counted.buckets[0] >= threads && counted.buckets[BOUNDS.len()] == threads);
        assert!(counted.nanoseconds > threads * u64::from(u32::MAX));
    }
}
