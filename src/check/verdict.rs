//! Decides whether a token and its account are usable now: for the gateway, for introspection and for Muster's own API.
//!
//! A token has been recognised by its form and check digits before it gets here (`tokens::value`). Here it is looked up by
//! its public id, its digest is compared in constant time, and only then does its state count: whoever does not have the
//! whole secret learns and causes nothing. To the caller all refusals look the same; the reason is for the audit log and
//! the metrics.

use std::sync::Arc;

use chrono::NaiveDateTime;
use tokio::sync::Semaphore;

use super::cache::{self, Cache, CacheLookup, Credential, QUERY_TIMEOUT};
use super::counters::{CallOutcome, Counters};
use crate::clock;
use crate::database::Database;
use crate::error::Error;
use crate::tokens::value::{TokenId, TokenValue, digests_match};

/// Why a token is not usable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Not a token by its form or check digits.
    Malformed,
    /// No token has this public id: it was never issued, or its account has been deleted.
    Unknown,
    /// The public id is known, and the rest of the token is wrong.
    Mismatch,
    Revoked,
    Expired,
    Disabled,
}

impl Reason {
    /// The name used in the audit log and the metrics.
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
        /// The token, where the caller has the whole of it.
        known: Option<Credential>,
    },
}

impl From<&Verdict> for CallOutcome {
    fn from(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Accepted(_) => Self::Accepted,
            Verdict::Refused { reason, .. } => Self::Refused(*reason),
        }
    }
}

/// How many lookups may go to the database at once while the cache is stale: others need the pool, too.
const LOOK_UPS: usize = 4;

/// Answers the question. Cheap to clone.
#[derive(Clone)]
pub struct Check {
    pub(super) database: Database,
    pub(super) cache: Cache,
    look_ups: Arc<Semaphore>,
    counters: Arc<Counters>,
}

impl Check {
    /// A check on this database. [`Cache::run`] keeps its cache up to date.
    pub fn new(database: Database, cache: Cache) -> Self {
        Self { database, cache, look_ups: Arc::new(Semaphore::new(LOOK_UPS)), counters: Arc::default() }
    }

    /// The cache that tokens are looked up in.
    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    /// Where the gateway's answers are counted.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Judges a token; `None` stands for something that cannot be one and needs no lookup. Before a token is refused, the cache
    /// catches up: another instance may have just made it valid.
    ///
    /// # Errors
    /// `Unavailable` when the database cannot be asked. An error never means acceptance.
    pub async fn judge(&self, value: Option<&TokenValue>) -> Result<Verdict, Error> {
        let Some((value, id)) = value.and_then(|value| Some((value, value.id().as_bytes().try_into().ok()?))) else {
            return Ok(Verdict::Refused { reason: Reason::Malformed, known: None });
        };
        match self.cache.find(&id) {
            CacheLookup::Token(credential) => match verdict(Some(credential), &value.digest(), clock::now()) {
                Verdict::Refused { reason: Reason::Disabled, .. } => self.judge_afresh(value, &id).await,
                verdict => Ok(verdict),
            },
            CacheLookup::Nothing => self.judge_afresh(value, &id).await,
            CacheLookup::Stale => self.look_up(value, id).await,
            CacheLookup::Unavailable => Err(cache::unreachable()),
        }
    }

    /// Judges an accepted token again after a catch-up, when its account seems to lack a permission: another instance may have
    /// just granted it.
    pub async fn judge_again(&self, value: Option<&TokenValue>) -> Result<Verdict, Error> {
        self.cache.refresh().await?;
        self.judge(value).await
    }

    async fn judge_afresh(&self, value: &TokenValue, id: &TokenId) -> Result<Verdict, Error> {
        self.cache.refresh().await?;
        match self.cache.find(id) {
            CacheLookup::Token(credential) => Ok(verdict(Some(credential), &value.digest(), clock::now())),
            CacheLookup::Nothing => Ok(verdict(None, &[0; 32], clock::now())),
            CacheLookup::Stale => self.look_up(value, *id).await,
            CacheLookup::Unavailable => Err(cache::unreachable()),
        }
    }

    async fn look_up(&self, value: &TokenValue, id: TokenId) -> Result<Verdict, Error> {
        let looking = async {
            let _turn = self.look_ups.acquire().await.map_err(|_| Error::unavailable("token look-ups have ended"))?;
            self.database.read(move |conn| cache::look_up(conn, &id)).await
        };
        let found = tokio::time::timeout(QUERY_TIMEOUT, looking)
            .await
            .map_err(|_| Error::unavailable("a token look-up got no answer"))??;
        Ok(verdict(found, &value.digest(), clock::now()))
    }
}

fn verdict(found: Option<Credential>, digest: &[u8; 32], now: NaiveDateTime) -> Verdict {
    match found {
        None => Verdict::Refused { reason: Reason::Unknown, known: None },
        Some(credential) => match objection(&credential, digest, now) {
            // A caller without the whole secret must not cause events about the token.
            Some(reason @ Reason::Mismatch) => Verdict::Refused { reason, known: None },
            Some(reason) => Verdict::Refused { reason, known: Some(credential) },
            None => Verdict::Accepted(credential),
        },
    }
}

/// Why a token is not usable at `now`, if so. The hash is compared first, so that nothing about a token is revealed to a caller
/// who does not have it.
fn objection(found: &Credential, digest: &[u8; 32], now: NaiveDateTime) -> Option<Reason> {
    if digests_match(&found.digest, digest) { unusable(found, now) } else { Some(Reason::Mismatch) }
}

/// Why a token is not usable, whoever presents it.
pub(super) fn unusable(found: &Credential, now: NaiveDateTime) -> Option<Reason> {
    if found.revoked {
        Some(Reason::Revoked)
    } else if found.expires_at().is_some_and(|end| end <= now) {
        Some(Reason::Expired)
    } else if found.account.is_disabled() {
        Some(Reason::Disabled)
    } else {
        None
    }
}
