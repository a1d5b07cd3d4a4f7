//! The one question "is this token, this account, usable now", answered here for the gateway, for introspection and for
//! Muster's own API alike.
//!
//! A token has been recognised by its form and check digits before it gets here (`tokens::value`). Here it is looked up by
//! its public id, its digest is compared in constant time, and only then does its state count: whoever does not have the
//! whole secret learns and causes nothing. To the caller all refusals look the same; the reason is for the audit log and
//! the metrics.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use chrono::NaiveDateTime;

use super::mirror::{self, Credential, Known, Mirror, PATIENCE};
use super::tally::{Outcome, Tally};
use super::value::{TokenId, TokenValue, digests_match};
use crate::clock;
use crate::database::Database;
use crate::error::Error;

/// Why a token is not usable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// What was given cannot be a token.
    Malformed,
    /// No token has this public id: it was never issued, or its account has been deleted.
    Unknown,
    /// The public id is known, and the rest of the token is wrong.
    Mismatch,
    /// Revoked.
    Revoked,
    /// Expired.
    Expired,
    /// The account is disabled.
    Disabled,
}

impl Reason {
    /// Its word in the audit log and the metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Unknown => "unknown",
            Self::Mismatch => "mismatch",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::Disabled => "disabled",
        }
    }
}

/// What the check says of a token.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// Usable now.
    Accepted(Credential),
    /// Not usable.
    Refused {
        /// Why. Never told to the caller.
        reason: Reason,
        /// The token of this public id, where there is one.
        known: Option<Credential>,
    },
}

impl From<&Verdict> for Outcome {
    fn from(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Accepted(_) => Self::Accepted,
            Verdict::Refused { reason, .. } => Self::Refused(*reason),
        }
    }
}

/// Public ids that the memory does not know and that are looked up in the database all the same, between two times that
/// the memory is brought up to date: another instance may have made them just now. Whoever sends more of them makes
/// nothing up.
const SECOND_LOOKS: u32 = 50;

/// Answers the question. Cheap to clone.
#[derive(Clone)]
pub struct Check {
    database: Database,
    mirror: Mirror,
    second_looks: Arc<AtomicU32>,
    tally: Arc<Tally>,
}

impl Check {
    /// A check on this database, with a memory that is brought up to date elsewhere ([`Mirror::run`]).
    pub fn new(database: Database, mirror: Mirror) -> Self {
        Self { database, mirror, second_looks: Arc::default(), tally: Arc::default() }
    }

    /// The memory that it looks tokens up in.
    pub fn mirror(&self) -> &Mirror {
        &self.mirror
    }

    /// Where the gateway's answers are counted.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Judges a token; `None` stands for something that cannot be one, which costs no look-up.
    ///
    /// # Errors
    /// `Unavailable` when the database cannot be asked. An error never means acceptance.
    pub async fn judge(&self, value: Option<&TokenValue>) -> Result<Verdict, Error> {
        let Some(value) = value else { return Ok(Verdict::Refused { reason: Reason::Malformed, known: None }) };
        let Ok(id) = TokenId::try_from(value.id().as_bytes()) else {
            return Ok(Verdict::Refused { reason: Reason::Malformed, known: None });
        };
        match self.mirror.find(&id) {
            Known::Token(credential) => Ok(verdict(Some(credential), &value.digest(), clock::now())),
            Known::Nothing if !self.may_look_again() => Ok(verdict(None, &[0; 32], clock::now())),
            Known::Unavailable => Err(Error::Unavailable),
            Known::Nothing | Known::Stale => {
                let digest = value.digest();
                let looking = self.database.read(move |conn| mirror::look_up(conn, &id));
                let found = tokio::time::timeout(PATIENCE, looking).await.map_err(|_| Error::Unavailable)??;
                Ok(verdict(found, &digest, clock::now()))
            }
        }
    }

    fn may_look_again(&self) -> bool {
        let round = self.mirror.rounds();
        let spent = self.second_looks.load(Ordering::Relaxed);
        // The upper half holds the round that the looks in the lower half belong to.
        let (in_round, looks) = (spent >> 16, spent & 0xffff);
        if in_round != round & 0xffff {
            self.second_looks.store(((round & 0xffff) << 16) + 1, Ordering::Relaxed);
            return true;
        }
        looks < SECOND_LOOKS && {
            self.second_looks.fetch_add(1, Ordering::Relaxed);
            true
        }
    }
}

fn verdict(found: Option<Credential>, digest: &[u8; 32], now: NaiveDateTime) -> Verdict {
    match found {
        None => Verdict::Refused { reason: Reason::Unknown, known: None },
        Some(credential) => match objection(&credential, digest, now) {
            Some(reason) => Verdict::Refused { reason, known: Some(credential) },
            None => Verdict::Accepted(credential),
        },
    }
}

/// What stands in the way of a token at `now`. The digest comes first: nothing is said of a token to who does not have it.
fn objection(found: &Credential, digest: &[u8; 32], now: NaiveDateTime) -> Option<Reason> {
    if !digests_match(&found.digest, digest) {
        Some(Reason::Mismatch)
    } else if found.revoked {
        Some(Reason::Revoked)
    } else if found.expires_at().is_some_and(|end| end <= now) {
        Some(Reason::Expired)
    } else if found.account.is_disabled() {
        Some(Reason::Disabled)
    } else {
        None
    }
}
