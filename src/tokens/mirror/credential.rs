//! A token and its account, as they are kept in memory: an account with its tokens is one piece.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::NaiveDateTime;
use smallvec::SmallVec;

use super::grants::{Grants, Membership};
use crate::accounts::model::Kind;
use crate::id::Id;
use crate::tokens::value::{Access, TokenId};

/// Whom tokens stand for.
#[derive(Debug)]
pub struct Account {
    /// The account.
    pub id: Id,
    /// Its name.
    pub name: String,
    /// Which kind.
    pub kind: Kind,
    /// What it may do.
    pub grants: Arc<Grants>,
    /// Its teams.
    pub membership: Arc<Membership>,
    pub(super) disabled: AtomicBool,
    /// In the order of their ids. Those of most accounts stand here and not elsewhere in memory: among hundreds of thousands, each
    /// place that a check looks at costs what it takes to fetch it.
    pub(super) tokens: SmallVec<[Token; 2]>,
}

impl Account {
    /// Whether it is disabled.
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
            tokens: self.tokens.clone(),
        }
    }
}

/// A token as the check sees it.
#[derive(Debug, Clone)]
pub struct Token {
    pub(super) id: TokenId,
    /// SHA-256 of the whole token.
    pub digest: [u8; 32],
    /// What it may do.
    pub access: Access,
    /// When it expires; `None` for never.
    pub expires_at: Option<NaiveDateTime>,
    /// Whether it has been revoked.
    pub revoked: bool,
}

impl Token {
    /// The public id, as text.
    pub fn id(&self) -> &str {
        // A public id is made of ASCII digits and letters alone.
        std::str::from_utf8(&self.id).unwrap_or_default()
    }
}

/// A token with its account.
#[derive(Debug, Clone)]
pub struct Credential {
    /// Whom it stands for.
    pub account: Arc<Account>,
    /// The token's place among those of the account.
    at: usize,
}

impl Credential {
    /// The token of this public id among those of `account`.
    pub(super) fn find(account: Arc<Account>, id: &TokenId) -> Option<Self> {
        let at = account.tokens.binary_search_by(|token| token.id.cmp(id)).ok()?;
        Some(Self { account, at })
    }
}

impl Deref for Credential {
    type Target = Token;

    fn deref(&self) -> &Token {
        &self.account.tokens[self.at]
    }
}
