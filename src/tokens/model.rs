//! The types of tokens. No SQL, no HTTP.

use chrono::{NaiveDateTime, TimeDelta};

use super::value::Access;
use crate::id::Id;
use crate::text::tidy;

mod expiry;
pub mod listing;

pub use expiry::{Expiry, in_words, usual_lifetime};

/// In characters.
pub const NAME_LIMIT: usize = 80;

/// A valid name: 1 to 80 characters, trimmed, without control characters. Several tokens may share one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenName(String);

impl TokenName {
    pub fn parse(text: &str) -> Result<Self, String> {
        let name = tidy(text, NAME_LIMIT)?;
        if name.is_empty() { Err("Enter a name.".into()) } else { Ok(Self(name)) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A stored token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The public ID: 12 base62 characters.
    pub id: String,
    pub account: Id,
    pub name: String,
    pub access: Access,
    pub created_at: NaiveDateTime,
    /// The name of whoever created it, as it was then.
    pub created_by_name: String,
    /// `None`: it never expires.
    pub expires_at: Option<NaiveDateTime>,
    pub revoked_at: Option<NaiveDateTime>,
    /// The public ID of the token that replaced it when it was regenerated.
    pub replaced_by: Option<String>,
    pub last_used_at: Option<NaiveDateTime>,
    pub last_used_from: Option<String>,
    pub last_used_agent: Option<String>,
}

impl Token {
    /// The part of its value that is not secret.
    pub fn begins_with(&self) -> String {
        let letter = match self.access {
            Access::Read => 'r',
            Access::Write => 'w',
        };
        format!("mst{letter}_{}", self.id)
    }

    pub fn is_expired(&self, now: NaiveDateTime) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }

    /// Whether it is accepted at `now`, provided that its account is enabled.
    pub fn is_living(&self, now: NaiveDateTime) -> bool {
        self.revoked_at.is_none() && !self.is_expired(now)
    }

    /// The time from its creation to its expiry; `None` if it never expires.
    pub fn lifetime(&self) -> Option<TimeDelta> {
        self.expires_at.map(|end| end - self.created_at)
    }
}

/// A token on its account's page, with the one it replaced for as long as that one still works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedToken {
    pub token: Token,
    /// The old value, if it was given an overlap and still works.
    pub predecessor: Option<Token>,
}

/// Summary of an account's tokens, for a row of the list. Revoked and replaced tokens don't count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TokenSummary {
    /// Active tokens.
    pub live: i64,
    /// Expired tokens that nobody has removed.
    pub expired: i64,
    /// When the first of the `live` tokens expires.
    pub next_expiry: Option<NaiveDateTime>,
    /// When the last of the `expired` tokens expired.
    pub last_expired: Option<NaiveDateTime>,
    pub last_used: Option<NaiveDateTime>,
}

/// How long the old value keeps working after a token is regenerated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overlap {
    /// The old value stops immediately.
    Now,
    Hour,
    Day,
    Week,
}

impl From<Overlap> for TimeDelta {
    fn from(overlap: Overlap) -> Self {
        overlap.length()
    }
}

impl Overlap {
    /// In the order of the form.
    pub const ALL: [Self; 4] = [Self::Now, Self::Hour, Self::Day, Self::Week];

    /// What the audit log says where the old value expires before its overlap ends.
    pub const UNTIL_EXPIRY: &'static str = "until expiry";

    /// Parses `0`, `1h`, `24h` or `7d`.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|overlap| overlap.as_str() == text)
    }

    /// The form that [`Overlap::parse`] reads. The audit log uses it too.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Now => "0",
            Self::Hour => "1h",
            Self::Day => "24h",
            Self::Week => "7d",
        }
    }

    pub fn length(self) -> TimeDelta {
        match self {
            Self::Now => TimeDelta::zero(),
            Self::Hour => TimeDelta::hours(1),
            Self::Day => TimeDelta::hours(24),
            Self::Week => TimeDelta::days(7),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        assert_eq!(TokenName::parse("  release pipeline ").unwrap().as_str(), "release pipeline");
        assert!(TokenName::parse(&"ä".repeat(80)).is_ok());
        for wrong in ["", "  ", "a\u{7}b", "a\nb", &"x".repeat(81)] {
            assert!(TokenName::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn overlaps_have_one_spelling() {
        for overlap in Overlap::ALL {
            assert_eq!(Overlap::parse(overlap.as_str()), Some(overlap));
        }
        assert_eq!(Overlap::parse("1d"), None);
        assert_eq!(Overlap::Week.length(), TimeDelta::days(7));
    }
}
