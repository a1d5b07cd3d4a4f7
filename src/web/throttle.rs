//! Guessing is made slow: attempts to sign in are limited by address and by account, refused API tokens by address.
//!
//! Whoever guesses must not keep others out:
//! - A browser that the account's owner has signed in with before is counted by itself, whatever comes from elsewhere
//!   (`auth::browser` knows it again). A link from an administrator (`muster user reset-password`) makes a new browser
//!   such a one.
//! - Behind a proxy that is not trusted everybody has the proxy's address. When somebody has used up its quota, an account
//!   that was not tried from there lately still gets an attempt, though only one each two seconds for all of them.
//! - A successful attempt costs nothing.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::id::Id;
use crate::text::email;

mod quota;
mod refusals;

use quota::{Left, Quotas};
pub use refusals::TokenRefusals;

/// Attempts that one address may make at once, and how long until it gets another.
const PER_ADDRESS: (u32, Duration) = (30, Duration::from_secs(10));
/// The same for one account from one address, and for one browser that is known.
const PER_PAIR: (u32, Duration) = (10, Duration::from_secs(30));
/// The same for one account from everywhere. Higher, since whoever guesses from elsewhere must not lock its owner out; still
/// no more than 1,300 guesses an hour.
const PER_ACCOUNT: (u32, Duration) = (100, Duration::from_secs(3));
/// The same for accounts that were not tried lately from an address whose own quota is used up.
const SPARE: (u32, Duration) = (3, Duration::from_secs(2));
/// How often an address that is refused again and again is worth a note.
const PER_NOTE: (u32, Duration) = (1, Duration::from_secs(300));
/// Attempts between two clean-ups. All quotas are full again after five minutes, and then forgotten.
const CLEAN_UP_EVERY: u32 = 1024;

type AccountDigest = [u8; 32];

/// Counts the attempts of one server. Share it between the workers.
pub struct Throttle {
    addresses: Quotas<IpAddr>,
    spare: Quotas<IpAddr>,
    pairs: Quotas<(IpAddr, AccountDigest)>,
    accounts: Quotas<AccountDigest>,
    known: Quotas<Id>,
    notes: Quotas<IpAddr>,
    attempts: AtomicU32,
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

/// An attempt that has been counted.
#[derive(Debug)]
pub struct Attempt {
    counts: CountedBy,
    /// How many more are left at this moment.
    pub left: u32,
    /// How long until there is one more, where none is left.
    pub wait: Duration,
}

#[derive(Debug)]
enum CountedBy {
    Known(Id),
    Stranger { address: IpAddr, account: AccountDigest, spare: bool },
}

impl Default for Throttle {
    fn default() -> Throttle {
        Throttle {
            addresses: Quotas::new(PER_ADDRESS),
            spare: Quotas::new(SPARE),
            pairs: Quotas::new(PER_PAIR),
            accounts: Quotas::new(PER_ACCOUNT),
            known: Quotas::new(PER_PAIR),
            notes: Quotas::new(PER_NOTE),
            attempts: AtomicU32::new(0),
        }
    }
}

impl Throttle {
    /// Counts an attempt to prove to be somebody by a password, before the password is looked at. An unknown name (an e-mail
    /// address, in any spelling) counts like a known one, so that the answer tells nothing.
    pub fn attempt(&self, address: IpAddr, name: &str) -> Result<Attempt, TooMany> {
        self.attempt_at(Instant::now(), address, name)
    }

    /// The same where the browser or the session has proved before whose it is: it is counted by itself.
    pub fn attempt_of_known(&self, address: IpAddr, known: &Id) -> Result<Attempt, TooMany> {
        self.attempt_of_known_at(Instant::now(), address, known)
    }

    /// Takes an attempt back: it was successful, or was never looked at.
    pub fn give_back(&self, attempt: &Attempt) {
        match &attempt.counts {
            CountedBy::Known(known) => self.known.give_back(known),
            CountedBy::Stranger { address, account, spare } => {
                if *spare { &self.spare } else { &self.addresses }.give_back(address);
                self.pairs.give_back(&(*address, *account));
                self.accounts.give_back(account);
            }
        }
    }

    fn attempt_of_known_at(&self, now: Instant, address: IpAddr, known: &Id) -> Result<Attempt, TooMany> {
        self.clean_up_at_times(now);
        let left = self.known.take(known, now).map_err(|wait| self.too_many(now, neighbourhood(address), wait))?;
        Ok(Attempt { counts: CountedBy::Known(known.clone()), left: left.count, wait: left.wait })
    }

    fn attempt_at(&self, now: Instant, address: IpAddr, name: &str) -> Result<Attempt, TooMany> {
        self.clean_up_at_times(now);
        let (address, account) = (neighbourhood(address), account_key(name));
        let pair = (address, account);
        let of_pair = self.pairs.take(&pair, now).map_err(|wait| self.too_many(now, address, wait))?;
        let is_new = of_pair.count == PER_PAIR.0 - 1;
        let (of_address, spare) = match self.addresses.take(&address, now) {
            Ok(left) => (left, false),
            Err(_) if is_new && self.spare.take(&address, now).is_ok() => (Left { count: 0, wait: PER_ADDRESS.1 }, true),
            Err(wait) => {
                self.pairs.give_back(&pair);
                return Err(self.too_many(now, address, wait));
            }
        };
        // The account's own count comes last: what one address is refused for must not use up what others have.
        let of_account = self.accounts.take(&account, now).map_err(|wait| {
            self.pairs.give_back(&pair);
            if spare { &self.spare } else { &self.addresses }.give_back(&address);
            self.too_many(now, address, wait)
        })?;
        let least = [of_address, of_account]
            .into_iter()
            .fold(of_pair, |least, other| Left { count: least.count.min(other.count), wait: least.wait.max(other.wait) });
        Ok(Attempt { counts: CountedBy::Stranger { address, account, spare }, left: least.count, wait: least.wait })
    }

    fn too_many(&self, now: Instant, address: IpAddr, wait: Duration) -> TooMany {
        TooMany { wait, first: self.notes.take(&address, now).is_ok() }
    }

    fn clean_up_at_times(&self, now: Instant) {
        if self.attempts.fetch_add(1, Ordering::Relaxed) % CLEAN_UP_EVERY == CLEAN_UP_EVERY - 1 {
            self.addresses.sweep(now);
            self.spare.sweep(now);
            self.pairs.sweep(now);
            self.accounts.sweep(now);
            self.known.sweep(now);
            self.notes.sweep(now);
        }
    }
}

impl std::fmt::Debug for Throttle {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Throttle").finish_non_exhaustive()
    }
}

/// A /48 of IPv6 counts as one address: that is what a site is given (RFC 6177), and what anybody gets for nothing from a
/// tunnel broker, with 65,536 networks in it. Providers who give their customers less put some of them under one count.
fn neighbourhood(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 80))),
    }
}

/// In the form in which accounts' addresses are compared, or one account would have as many counts as its address has
/// spellings. A digest, because the text comes from outside and may be of any length.
fn account_key(name: &str) -> AccountDigest {
    Sha256::digest(email::key(name)).into()
}

#[cfg(test)]
mod tests;
