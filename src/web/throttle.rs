//! Guessing passwords is made slow: attempts to sign in are limited per address and per account.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{NotUntil, Quota, RateLimiter};
use sha2::{Digest, Sha256};

/// Attempts that one address may make at once, and how long until it gets another.
const PER_ADDRESS: (NonZeroU32, Duration) = (NonZeroU32::MIN.saturating_add(29), Duration::from_secs(10));
/// The same for one account. Lower, since many addresses may try one account.
const PER_ACCOUNT: (NonZeroU32, Duration) = (NonZeroU32::MIN.saturating_add(9), Duration::from_secs(30));
/// Attempts between two clean-ups. Both quotas are full again after five minutes, and then forgotten.
const CLEAN_UP_EVERY: u32 = 1024;

type Limiter<K, C> = RateLimiter<K, DashMapStateStore<K>, C, StateInformationMiddleware>;

/// Counts the attempts of one server. Share it between the workers.
pub struct Throttle<C: Clock = DefaultClock> {
    addresses: Limiter<IpAddr, C>,
    accounts: Limiter<[u8; 32], C>,
    attempts: AtomicU32,
    clock: C,
}

impl Throttle {
    /// A throttle that has seen nothing yet.
    pub fn new() -> Throttle {
        Throttle::with_clock(DefaultClock::default())
    }
}

impl Default for Throttle {
    fn default() -> Throttle {
        Throttle::new()
    }
}

impl<C: Clock + Clone> Throttle<C> {
    fn with_clock(clock: C) -> Throttle<C> {
        Throttle {
            addresses: limiter(PER_ADDRESS, &clock),
            accounts: limiter(PER_ACCOUNT, &clock),
            attempts: AtomicU32::new(0),
            clock,
        }
    }

    /// Counts an attempt to sign in, before the password is looked at. Gives how many more are left at this moment, or else how
    /// long to wait. An unknown e-mail address counts like a known one, so that the answer tells nothing.
    ///
    /// # Errors
    /// The time until the next attempt is allowed, when there were too many.
    pub fn attempt(&self, address: IpAddr, email: &str) -> Result<u32, Duration> {
        if self.attempts.fetch_add(1, Ordering::Relaxed) % CLEAN_UP_EVERY == CLEAN_UP_EVERY - 1 {
            self.clean_up();
        }
        let by_address = self.addresses.check_key(&neighbourhood(address)).map_err(|refused| self.wait(&refused))?;
        let by_account = self.accounts.check_key(&account_key(email)).map_err(|refused| self.wait(&refused))?;
        Ok(by_address.remaining_burst_capacity().min(by_account.remaining_burst_capacity()))
    }

    /// Never nothing: who is told to wait no time at all would be refused again.
    fn wait(&self, refused: &NotUntil<C::Instant>) -> Duration {
        refused.wait_time_from(self.clock.now()).max(Duration::from_secs(1))
    }

    fn clean_up(&self) {
        self.addresses.retain_recent();
        self.addresses.shrink_to_fit();
        self.accounts.retain_recent();
        self.accounts.shrink_to_fit();
    }
}

impl<C: Clock> std::fmt::Debug for Throttle<C> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Throttle").finish_non_exhaustive()
    }
}

fn limiter<K: std::hash::Hash + Eq + Clone, C: Clock + Clone>(
    (burst, period): (NonZeroU32, Duration),
    clock: &C,
) -> Limiter<K, C> {
    // `with_period` refuses only a period of zero.
    let quota = Quota::with_period(period).unwrap_or(Quota::per_minute(burst)).allow_burst(burst);
    RateLimiter::new(quota, DashMapStateStore::default(), clock.clone())
}

/// One household or server has a whole /64 of IPv6, so that counts as one address.
fn neighbourhood(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64))),
    }
}

/// A digest, because the text comes from outside and may be of any length.
fn account_key(email: &str) -> [u8; 32] {
    Sha256::digest(email.trim().to_lowercase()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use governor::clock::FakeRelativeClock;

    fn throttle() -> (Throttle<FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        (Throttle::with_clock(clock.clone()), clock)
    }

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn one_account_is_tried_ten_times_from_anywhere() {
        let (throttle, clock) = throttle();
        for attempt in 0..10 {
            assert_eq!(throttle.attempt(address(attempt), "Maya@Example.org"), Ok(9 - u32::from(attempt)));
        }
        assert_eq!(throttle.attempt(address(99), " maya@example.ORG "), Err(Duration::from_secs(30)));
        assert!(throttle.attempt(address(99), "other@example.org").is_ok());
        clock.advance(Duration::from_secs(30));
        assert_eq!(throttle.attempt(address(99), "maya@example.org"), Ok(0));
        assert!(throttle.attempt(address(99), "maya@example.org").is_err());
    }

    #[test]
    fn one_address_tries_thirty_times_whatever_the_account() {
        let (throttle, clock) = throttle();
        for attempt in 0..30 {
            assert!(throttle.attempt(address(1), &format!("{attempt}@example.org")).is_ok());
        }
        assert_eq!(throttle.attempt(address(1), "new@example.org"), Err(Duration::from_secs(10)));
        assert!(throttle.attempt(address(2), "new@example.org").is_ok());
        clock.advance(Duration::from_secs(10));
        assert!(throttle.attempt(address(1), "new@example.org").is_ok());
    }

    #[test]
    fn a_block_of_ipv6_is_one_address() {
        let (throttle, _) = throttle();
        for host in 0..30u16 {
            let address = IpAddr::from([0x2001, 0xdb8, 0, 7, 0, 0, 0, host]);
            assert!(throttle.attempt(address, &format!("{host}@example.org")).is_ok());
        }
        assert!(throttle.attempt(IpAddr::from([0x2001, 0xdb8, 0, 7, 9, 9, 9, 9]), "a@example.org").is_err());
        assert!(throttle.attempt(IpAddr::from([0x2001, 0xdb8, 0, 8, 0, 0, 0, 1]), "a@example.org").is_ok());
    }

    #[test]
    fn what_is_long_past_is_forgotten() {
        let (throttle, clock) = throttle();
        for attempt in 0..CLEAN_UP_EVERY - 1 {
            let address = IpAddr::from(attempt.to_be_bytes());
            assert!(throttle.attempt(address, &format!("{attempt}@example.org")).is_ok());
        }
        assert_eq!(throttle.accounts.len(), CLEAN_UP_EVERY as usize - 1);
        clock.advance(Duration::from_secs(600));
        assert!(throttle.attempt(address(1), "last@example.org").is_ok());
        assert_eq!((throttle.addresses.len(), throttle.accounts.len()), (1, 1));
    }
}
