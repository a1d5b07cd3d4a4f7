//! Guessing is made slow: attempts to sign in are limited per address and per account, refused API tokens per address.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use dashmap::DashSet;
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{NotUntil, Quota, RateLimiter};
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::text::fold;

/// Attempts that one address may make at once, and how long until it gets another.
const PER_ADDRESS: (NonZeroU32, Duration) = (NonZeroU32::MIN.saturating_add(29), Duration::from_secs(10));
/// The same for one account from one address.
const PER_PAIR: (NonZeroU32, Duration) = (NonZeroU32::MIN.saturating_add(9), Duration::from_secs(30));
/// The same for one account from everywhere. Higher, since whoever guesses from elsewhere must not lock its owner out; still
/// no more than 1,300 guesses an hour.
const PER_ACCOUNT: (NonZeroU32, Duration) = (NonZeroU32::MIN.saturating_add(99), Duration::from_secs(3));
/// Pairs of address and account that are remembered, a few megabytes of them; beyond that memory begins anew.
const WELCOME: usize = 50_000;
/// How often an address that is refused again and again is worth a note.
const PER_NOTE: (NonZeroU32, Duration) = (NonZeroU32::MIN, Duration::from_secs(300));
/// Attempts between two clean-ups. All quotas are full again after five minutes, and then forgotten.
const CLEAN_UP_EVERY: u32 = 1024;

type Limiter<K, C> = RateLimiter<K, DashMapStateStore<K>, C, StateInformationMiddleware>;

/// Counts the attempts of one server. Share it between the workers.
pub struct Throttle<C: Clock = DefaultClock> {
    addresses: Limiter<IpAddr, C>,
    pairs: Limiter<(IpAddr, [u8; 32]), C>,
    accounts: Limiter<[u8; 32], C>,
    /// From where whom the right password has come, so that guesses from elsewhere do not lock them out.
    welcome: DashSet<(IpAddr, [u8; 32])>,
    notes: Limiter<IpAddr, C>,
    attempts: AtomicU32,
    clock: C,
}

/// There were too many attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMany {
    /// The time until the next attempt is allowed, at least a second.
    pub wait: Duration,
    /// Whether it is the first in five minutes that is refused to this address, and so worth a note.
    pub first: bool,
}

impl From<TooMany> for Error {
    fn from(refusal: TooMany) -> Self {
        Self::Throttled(seconds(refusal.wait))
    }
}

/// Whole seconds for `Retry-After`, rounded up.
pub fn seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
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
            pairs: limiter(PER_PAIR, &clock),
            accounts: limiter(PER_ACCOUNT, &clock),
            welcome: DashSet::new(),
            notes: limiter(PER_NOTE, &clock),
            attempts: AtomicU32::new(0),
            clock,
        }
    }

    /// Counts an attempt to prove to be somebody by a password, before the password is looked at. Gives how many more are
    /// left at this moment. An unknown name (an e-mail address, in any case) counts like a known one, so that the answer
    /// tells nothing.
    ///
    /// # Errors
    /// How long to wait, when there were too many.
    pub fn attempt(&self, address: IpAddr, name: &str) -> Result<u32, TooMany> {
        if self.attempts.fetch_add(1, Ordering::Relaxed) % CLEAN_UP_EVERY == CLEAN_UP_EVERY - 1 {
            self.clean_up();
        }
        let (address, account) = (neighbourhood(address), account_key(name));
        // The account's own count comes last: what one address is refused for must not use up what others have.
        let checks = [self.addresses.check_key(&address), self.pairs.check_key(&(address, account))];
        let mut left = u32::MAX;
        for check in checks {
            left = left.min(check.map_err(|refused| self.refusal(address, &refused))?.remaining_burst_capacity());
        }
        if self.welcome.contains(&(address, account)) {
            return Ok(left);
        }
        let everywhere = self.accounts.check_key(&account).map_err(|refused| self.refusal(address, &refused))?;
        Ok(left.min(everywhere.remaining_burst_capacity()))
    }

    /// Says that an attempt brought the right password: from this address, the account's count no longer stands in the way.
    pub fn succeeded(&self, address: IpAddr, name: &str) {
        if self.welcome.len() >= WELCOME {
            self.welcome.clear();
        }
        self.welcome.insert((neighbourhood(address), account_key(name)));
    }

    /// Never no time at all: who is told that would be refused again.
    fn refusal(&self, address: IpAddr, refused: &NotUntil<C::Instant>) -> TooMany {
        let wait = refused.wait_time_from(self.clock.now()).max(Duration::from_secs(1));
        TooMany { wait, first: self.notes.check_key(&address).is_ok() }
    }

    fn clean_up(&self) {
        swept(&self.addresses);
        swept(&self.pairs);
        swept(&self.accounts);
        swept(&self.notes);
    }
}

fn swept<K: std::hash::Hash + Eq + Clone, C: Clock>(limiter: &Limiter<K, C>) {
    limiter.retain_recent();
    limiter.shrink_to_fit();
}

impl<C: Clock> std::fmt::Debug for Throttle<C> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Throttle").finish_non_exhaustive()
    }
}

/// Time in which a used-up quota of refused tokens is full again.
const REFUSALS_RETURN_IN: Duration = Duration::from_secs(10);
/// Addresses whose refusals are counted apart, some 20 MB of them. Those that come when there are more share one count.
const REFUSED_ADDRESSES: usize = 200_000;

/// Counts refused API tokens by the client's address. It is asked only when a token has been refused already, so a good
/// one passes whatever else comes from its address, and at no cost. Share it between the workers.
pub struct Refusals<C: Clock = DefaultClock> {
    /// `None` where nothing is limited.
    addresses: Option<Limiter<IpAddr, C>>,
    counted: AtomicU32,
    crowded: AtomicBool,
    clock: C,
}

impl Refusals {
    /// `limit` refusals at once, of which a tenth comes back each second; zero for no limit.
    pub fn new(limit: u32) -> Refusals {
        Refusals::with_clock(limit, DefaultClock::default())
    }
}

impl<C: Clock + Clone> Refusals<C> {
    fn with_clock(limit: u32, clock: C) -> Refusals<C> {
        let addresses = NonZeroU32::new(limit).map(|burst| limiter((burst, REFUSALS_RETURN_IN / limit), &clock));
        Refusals { addresses, counted: AtomicU32::new(0), crowded: AtomicBool::new(false), clock }
    }

    /// Counts a refused token.
    ///
    /// # Errors
    /// The time until its address will be answered as usual, when there were too many.
    pub fn count(&self, address: Option<IpAddr>) -> Result<(), Duration> {
        let (Some(addresses), Some(address)) = (&self.addresses, address) else { return Ok(()) };
        if self.counted.fetch_add(1, Ordering::Relaxed) % CLEAN_UP_EVERY == CLEAN_UP_EVERY - 1 {
            swept(addresses);
            self.crowded.store(addresses.len() >= REFUSED_ADDRESSES, Ordering::Relaxed);
        }
        let key = if self.crowded.load(Ordering::Relaxed) { EVERYBODY } else { neighbourhood(address) };
        match addresses.check_key(&key) {
            Ok(_) => Ok(()),
            Err(refused) => Err(refused.wait_time_from(self.clock.now()).max(Duration::from_secs(1))),
        }
    }
}

/// No client has this address.
const EVERYBODY: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

impl<C: Clock> std::fmt::Debug for Refusals<C> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Refusals").finish_non_exhaustive()
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

/// Folded as the accounts' addresses are, or one account would have as many counts as its address has spellings. A digest,
/// because the text comes from outside and may be of any length.
fn account_key(email: &str) -> [u8; 32] {
    Sha256::digest(fold(email.trim())).into()
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

    fn too_many(seconds: u64, first: bool) -> Result<u32, TooMany> {
        Err(TooMany { wait: Duration::from_secs(seconds), first })
    }

    #[test]
    fn one_account_is_tried_ten_times_from_one_address() {
        let (throttle, clock) = throttle();
        for attempt in 0..10 {
            assert_eq!(throttle.attempt(address(1), "Maya@Example.org"), Ok(9 - attempt));
        }
        assert_eq!(throttle.attempt(address(1), " maya@example.ORG "), too_many(30, true));
        assert_eq!(throttle.attempt(address(1), "maya@example.org"), too_many(30, false));
        assert!(throttle.attempt(address(1), "other@example.org").is_ok());
        // Its owner is somewhere else.
        assert_eq!(throttle.attempt(address(2), "maya@example.org"), Ok(9));
        clock.advance(Duration::from_secs(30));
        assert_eq!(throttle.attempt(address(1), "maya@example.org"), Ok(0));
        assert_eq!(throttle.attempt(address(1), "maya@example.org"), too_many(30, false));
        clock.advance(Duration::from_secs(300));
        assert!((0..10).all(|_| throttle.attempt(address(1), "maya@example.org").is_ok()));
        assert_eq!(throttle.attempt(address(1), "maya@example.org"), too_many(30, true));
    }

    #[test]
    fn one_account_is_tried_a_hundred_times_from_everywhere() {
        let (throttle, clock) = throttle();
        for attempt in 0..100 {
            assert!(throttle.attempt(address(attempt / 10), "maya@example.org").is_ok());
        }
        assert_eq!(throttle.attempt(address(99), "maya@example.org"), too_many(3, true));
        assert!(throttle.attempt(address(99), "other@example.org").is_ok());
        clock.advance(Duration::from_secs(3));
        assert_eq!(throttle.attempt(address(99), "maya@example.org"), Ok(0));
        // Who has been here before is not locked out by others, and has still only an own share.
        throttle.succeeded(address(50), "maya@example.org");
        assert!((0..10).all(|_| throttle.attempt(address(50), "maya@example.org").is_ok()));
        assert_eq!(throttle.attempt(address(50), "maya@example.org"), too_many(30, true));
        assert!(throttle.attempt(address(51), "maya@example.org").is_err());
    }

    #[test]
    fn one_account_has_one_count_however_it_is_spelled() {
        let (throttle, _) = throttle();
        let spellings = ["maya@example.org", "MAYA@example.org", "ｍaya@example.org", " maya＠example.org", "maya@ｅxample.org"];
        for spelling in spellings.iter().cycle().take(10) {
            assert!(throttle.attempt(address(1), spelling).is_ok(), "{spelling}");
        }
        for spelling in spellings {
            assert!(throttle.attempt(address(1), spelling).is_err(), "{spelling}");
        }
    }

    #[test]
    fn one_address_tries_thirty_times_whatever_the_account() {
        let (throttle, clock) = throttle();
        for attempt in 0..30 {
            assert!(throttle.attempt(address(1), &format!("{attempt}@example.org")).is_ok());
        }
        assert_eq!(throttle.attempt(address(1), "new@example.org"), too_many(10, true));
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
    fn refused_tokens_have_a_quota_by_address_that_comes_back() {
        let clock = FakeRelativeClock::default();
        let refusals = Refusals::with_clock(100, clock.clone());
        for _ in 0..100 {
            assert_eq!(refusals.count(Some(address(1))), Ok(()));
        }
        assert_eq!(refusals.count(Some(address(1))), Err(Duration::from_secs(1)));
        assert_eq!(refusals.count(Some(address(2))), Ok(()));
        clock.advance(Duration::from_secs(1));
        assert_eq!((0..20).filter(|_| refusals.count(Some(address(1))).is_ok()).count(), 10);
        let unlimited = Refusals::new(0);
        assert!((0..1000).all(|_| unlimited.count(Some(address(1))).is_ok()));
        assert!((0..1000).all(|_| refusals.count(None).is_ok()));
    }

    #[test]
    fn refused_addresses_do_not_fill_the_memory() {
        let clock = FakeRelativeClock::default();
        let refusals = Refusals::with_clock(100, clock.clone());
        let from =
            |number: u32| refusals.count(Some(IpAddr::from([0x2001, 0xdb8, (number >> 16) as u16, number as u16, 0, 0, 0, 1])));
        for number in 0..300_000 {
            let _ = from(number);
        }
        let kept = refusals.addresses.as_ref().map_or(0, RateLimiter::len);
        assert!(kept <= REFUSED_ADDRESSES + CLEAN_UP_EVERY as usize, "{kept}");
        clock.advance(Duration::from_secs(60));
        for number in 0..2 * CLEAN_UP_EVERY {
            let _ = from(number);
        }
        assert!(refusals.addresses.as_ref().map_or(0, RateLimiter::len) <= 2 * CLEAN_UP_EVERY as usize);
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
