//! The list of all tokens: whose are seen, which are asked for, and a row of it.

use chrono::NaiveDateTime;

use super::Token;
use crate::accounts::model::{ActivityFilter, Kind};
use crate::accounts::search::Search;
use crate::id::Id;
use crate::tokens::value::Access;

/// Whose tokens somebody may see and end: those in their reach, and their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenScope {
    pub systems: Reach,
    pub users: bool,
    pub own: Option<Id>,
}

/// Of which system accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    All,
    /// Those in the teams of [`TokenScope::own`].
    OwnTeams,
    None,
}

impl TokenScope {
    pub fn is_everybody(&self) -> bool {
        self.systems == Reach::All && self.users
    }
}

/// When a token expires, as a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expires {
    /// Within 14 days.
    Soon,
    Expired,
    Never,
}

impl Expires {
    pub const ALL: [Self; 3] = [Self::Soon, Self::Expired, Self::Never];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Soon => "soon",
            Self::Expired => "expired",
            Self::Never => "never",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|expires| expires.as_str() == word)
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::Soon => "Expires within 14 days",
            Self::Expired => "Expired",
            Self::Never => "Never expires",
        }
    }
}

/// Which tokens are asked for. Everything that is set must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TokenFilter {
    /// Words of the token's or the account's name, an account's UUID, a token's public ID or prefix.
    pub search: Search,
    pub expires: Option<Expires>,
    pub used: Option<ActivityFilter>,
    pub access: Option<Access>,
}

impl TokenFilter {
    /// Whether what expires first comes first; otherwise the newest does.
    pub fn is_by_expiry(&self) -> bool {
        matches!(self.expires, Some(Expires::Soon | Expires::Expired))
    }
}

/// A place in the list's order. It outlives the token that stood there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenPosition {
    pub at: NaiveDateTime,
    pub id: String,
}

/// Which rows are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenWindow {
    First,
    After(TokenPosition),
    Before(TokenPosition),
}

/// A token with its account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountToken {
    pub token: Token,
    pub kind: Kind,
    pub account_name: String,
    pub account_disabled: bool,
    /// Whether a text that was searched for tokens held its whole value.
    pub whole: bool,
}

impl AccountToken {
    /// Where it stands in the order of `filter`.
    pub fn position(&self, filter: &TokenFilter) -> TokenPosition {
        let at = if filter.is_by_expiry() { self.token.expires_at } else { None };
        TokenPosition { at: at.unwrap_or(self.token.created_at), id: self.token.id.clone() }
    }
}
