//! Quotas that refill steadily (the generic cell rate algorithm), one for each key, and into which what was taken can be
//! given back.

use std::hash::Hash;
use std::time::{Duration, Instant};

use dashmap::DashMap;

/// `burst` at once for each key, of which one comes back each `period`.
pub struct Quotas<K> {
    burst: u32,
    period: Duration,
    /// When all of a key's quota will be there again. A key whose moment has passed can be forgotten.
    full_at: DashMap<K, Instant>,
}

/// What is left of a quota after something was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// How many more can be taken now.
    pub count: u32,
    /// How long until one more can be taken: nothing while `count` is not 0.
    pub wait: Duration,
}

impl<K: Hash + Eq + Clone> Quotas<K> {
    pub fn new((burst, period): (u32, Duration)) -> Self {
        Self { burst, period, full_at: DashMap::new() }
    }

    /// Takes one.
    ///
    /// # Errors
    /// How long until there is one, at least a second: whoever is told no time at all would be refused again.
    pub fn take(&self, key: &K, now: Instant) -> Result<Left, Duration> {
        let whole = self.period * self.burst;
        let mut full_at = self.full_at.entry(key.clone()).or_insert(now);
        let after = (*full_at).max(now) + self.period;
        let missing = after - now;
        if missing > whole {
            return Err((missing - whole).max(Duration::from_secs(1)));
        }
        *full_at = after;
        let count = (whole - missing).as_nanos() / self.period.as_nanos();
        let count = u32::try_from(count).unwrap_or(self.burst);
        Ok(Left { count, wait: (missing + self.period).saturating_sub(whole) })
    }

    /// Gives back one that was taken.
    pub fn give_back(&self, key: &K) {
        if let Some(mut full_at) = self.full_at.get_mut(key)
            && let Some(before) = full_at.checked_sub(self.period)
        {
            *full_at = before;
        }
    }

    /// Forgets the keys whose quota is full again.
    pub fn sweep(&self, now: Instant) {
        self.full_at.retain(|_, full_at| *full_at > now);
        self.full_at.shrink_to_fit();
    }

    /// How many keys are remembered.
    pub fn len(&self) -> usize {
        self.full_at.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_runs_out_and_comes_back() {
        let (quotas, now) = (Quotas::new((3, Duration::from_secs(10))), Instant::now());
        let taken = [1, 1, 1].map(|key| quotas.take(&key, now).unwrap());
        assert_eq!(taken.map(|left| left.count), [2, 1, 0]);
        assert_eq!(taken.map(|left| left.wait.as_secs()), [0, 0, 10]);
        assert_eq!(quotas.take(&1, now), Err(Duration::from_secs(10)));
        assert!(quotas.take(&2, now).is_ok());
        let later = now + Duration::from_millis(9_500);
        assert_eq!(quotas.take(&1, later), Err(Duration::from_secs(1)));
        assert_eq!(quotas.take(&1, now + Duration::from_secs(10)).map(|left| left.count), Ok(0));
    }

    #[test]
    fn what_is_given_back_can_be_taken_again() {
        let (quotas, now) = (Quotas::new((2, Duration::from_secs(10))), Instant::now());
        for _ in 0..100 {
            assert_eq!(quotas.take(&1, now).map(|left| left.count), Ok(1));
            quotas.give_back(&1);
        }
        quotas.give_back(&2);
        quotas.sweep(now);
        assert_eq!(quotas.len(), 0);
    }
}
