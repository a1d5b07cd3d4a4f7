//! A token and its account, as they are kept in memory. Among hundreds of thousands each place in memory that a check looks at
//! costs what it takes to fetch it, so both are small.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::NaiveDateTime;

use super::grants::{Grants, Membership};
use crate::accounts::model::Kind;
use crate::clock;
use crate::id::Id;
use crate::tokens::value::{Access, TokenId};

/// Whom tokens stand for.
#[derive(Debug)]
pub struct CachedAccount {
    pub id: Id,
    pub name: Arc<str>,
    pub kind: Kind,
    pub grants: Arc<Grants>,
    pub membership: Arc<Membership>,
    pub(super) disabled: AtomicBool,
}

impl CachedAccount {
    pub fn is_disabled(&self) -> bool {
        self.disabled.load(Ordering::Acquire)
    }

    /// The same account with other rights.
    pub(super) fn granted(&self, grants: Arc<Grants>) -> Self {
        Self {
            id: self.id.clone(),
            name: self.name.clone(),
            kind: self.kind,
            grants,
            membership: Arc::clone(&self.membership),
            disabled: self.is_disabled().into(),
        }
    }
}

/// A token as the check sees it.
#[derive(Debug, Clone)]
pub struct CachedToken {
    pub(super) id: TokenId,
    /// SHA-256 of the whole token.
    pub digest: [u8; 32],
    pub access: Access,
    pub revoked: bool,
    /// In microseconds since 1970; none for [`NEVER`].
    expires: i64,
}

const NEVER: i64 = i64::MAX;

impl CachedToken {
    /// What is known of a token. One that does not expire has no `expires_at`.
    pub(super) fn new(id: TokenId, digest: [u8; 32], access: Access, revoked: bool, expires_at: Option<NaiveDateTime>) -> Self {
        let expires = expires_at.map_or(NEVER, clock::micros);
        Self { id, digest, access, revoked, expires }
    }

    /// The public id, as text.
    pub fn id(&self) -> &str {
        // A public id is made of ASCII digits and letters alone.
        std::str::from_utf8(&self.id).unwrap_or_default()
    }

    /// When it expires; `None` for never.
    pub fn expires_at(&self) -> Option<NaiveDateTime> {
        // All that is left out is the number that stands for "never", which is no moment.
        clock::of_micros(self.expires)
    }
}

/// An account with its tokens: few, mostly.
pub type Holding = (CachedAccount, Vec<CachedToken>);

/// A token with its account, as large as a cache line.
#[derive(Debug, Clone)]
pub struct Credential {
    pub account: Arc<CachedAccount>,
    pub(super) token: CachedToken,
}

impl Deref for Credential {
    type Target = CachedToken;

    fn deref(&self) -> &CachedToken {
        &self.token
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_small() {
        assert_eq!((size_of::<Credential>(), size_of::<CachedAccount>()), (64, 72));
    }

    #[test]
    fn a_moment_comes_out_as_it_went_in() {
        for moment in [None, Some(clock::now()), Some(clock::NEVER), Some(NaiveDateTime::MIN), Some(NaiveDateTime::MAX)] {
            let token = CachedToken::new(*b"0123456789AB", [0; 32], Access::Read, false, moment);
            assert_eq!(token.expires_at().map(clock::micros), moment.map(clock::micros));
        }
    }
}
