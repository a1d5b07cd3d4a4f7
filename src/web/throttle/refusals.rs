//! Refused API tokens, counted by the client's address.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::quota::Quotas;
use super::{CLEAN_UP_EVERY, neighbourhood};

/// Time in which a used-up quota of refused tokens is full again.
const RETURN_IN: Duration = Duration::from_secs(10);
/// Addresses whose refusals are counted apart, some 20 MB of them. Those that come when there are more share one count.
const MOST_ADDRESSES: usize = 200_000;
/// No client has this address.
const EVERYBODY: IpAddr = IpAddr::V6(std::net::Ipv6Addr::UNSPECIFIED);

/// Counts refused API tokens by the client's address. It is asked only when a token has been refused already, so a good
/// one passes whatever else comes from its address, and at no cost. Share it between the workers.
pub struct TokenRefusals {
    /// `None` where nothing is limited.
    addresses: Option<Quotas<IpAddr>>,
    counted: AtomicU32,
    full: AtomicBool,
}

impl TokenRefusals {
    /// `limit` refusals at once, of which a tenth comes back each second; zero for no limit.
    pub fn new(limit: u32) -> TokenRefusals {
        let addresses = (limit > 0).then(|| Quotas::new((limit, RETURN_IN / limit)));
        TokenRefusals { addresses, counted: AtomicU32::new(0), full: AtomicBool::new(false) }
    }

    /// Counts a refused token.
    ///
    /// # Errors
    /// The time until its address will be answered as usual, when there were too many.
    pub fn count(&self, address: Option<IpAddr>) -> Result<(), Duration> {
        self.count_at(Instant::now(), address)
    }

    fn count_at(&self, now: Instant, address: Option<IpAddr>) -> Result<(), Duration> {
        let (Some(addresses), Some(address)) = (&self.addresses, address) else { return Ok(()) };
        if self.counted.fetch_add(1, Ordering::Relaxed) % CLEAN_UP_EVERY == CLEAN_UP_EVERY - 1 {
            addresses.sweep(now);
            self.full.store(addresses.len() >= MOST_ADDRESSES, Ordering::Relaxed);
        }
        let key = if self.full.load(Ordering::Relaxed) { EVERYBODY } else { neighbourhood(address) };
        addresses.take(&key, now).map(drop)
    }
}

impl std::fmt::Debug for TokenRefusals {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("TokenRefusals").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([192, 0, 2, last]))
    }

    #[test]
    fn refused_tokens_have_a_quota_by_address_that_comes_back() {
        let (refusals, now) = (TokenRefusals::new(100), Instant::now());
        assert!((0..100).all(|_| refusals.count_at(now, address(1)).is_ok()));
        assert_eq!(refusals.count_at(now, address(1)), Err(Duration::from_secs(1)));
        assert_eq!(refusals.count_at(now, address(2)), Ok(()));
        let later = now + Duration::from_secs(1);
        assert_eq!((0..20).filter(|_| refusals.count_at(later, address(1)).is_ok()).count(), 10);
        let unlimited = TokenRefusals::new(0);
        assert!((0..1000).all(|_| unlimited.count_at(now, address(1)).is_ok()));
        assert!((0..1000).all(|_| refusals.count_at(now, None).is_ok()));
    }

    #[test]
    fn refused_addresses_do_not_fill_the_memory() {
        let (refusals, now) = (TokenRefusals::new(100), Instant::now());
        let from = |now: Instant, number: u32| {
            let [high, low] = [(number >> 16) as u16, number as u16];
            refusals.count_at(now, Some(IpAddr::from([0x2001, high, low, 0, 0, 0, 0, 1])))
        };
        for number in 0..300_000 {
            let _ = from(now, number);
        }
        let kept = || refusals.addresses.as_ref().map_or(0, Quotas::len);
        assert!(kept() <= MOST_ADDRESSES + CLEAN_UP_EVERY as usize, "{}", kept());
        for number in 0..2 * CLEAN_UP_EVERY {
            let _ = from(now + Duration::from_secs(60), number);
        }
        assert!(kept() <= 2 * CLEAN_UP_EVERY as usize);
    }
}
