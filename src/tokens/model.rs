//! The types of tokens. No SQL, no HTTP.

use chrono::{NaiveDateTime, TimeDelta};

use super::value::Access;
use crate::id::Id;
use crate::text::tidy;

mod expiry;

pub use expiry::{Expiry, in_words, usual_lifetime};

/// The longest name, in characters.
pub const NAME_LIMIT: usize = 80;

/// A checked name: 1 to 80 characters, trimmed, without control characters. Several tokens may share one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenName(String);

impl TokenName {
    /// Checks a name from outside.
    ///
    /// # Errors
    /// A sentence for the person who typed it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let name = tidy(text, NAME_LIMIT)?;
        if name.is_empty() { Err("Enter a name.".into()) } else { Ok(Self(name)) }
    }

    /// As it is shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What Muster keeps of a token, its secret never among it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The public id: 12 base62 characters.
    pub id: String,
    /// Whose it is.
    pub account: Id,
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub access: Access,
    /// When it was made.
    pub created_at: NaiveDateTime,
    /// Who made it, by their name at that moment.
    pub created_by_name: String,
    /// From when it is refused; `None` for never.
    pub expires_at: Option<NaiveDateTime>,
    /// Since when it is revoked.
    pub revoked_at: Option<NaiveDateTime>,
    /// The public id of the successor that regenerating it made.
    pub replaced_by: Option<String>,
    /// When it was last accepted.
    pub last_used_at: Option<NaiveDateTime>,
    /// The address it was last used from.
    pub last_used_from: Option<String>,
    /// The User-Agent it was last used by.
    pub last_used_agent: Option<String>,
}

impl Token {
    /// How its text begins, as far as that is no secret.
    pub fn begins_with(&self) -> String {
        let letter = match self.access {
            Access::Read => 'r',
            Access::Write => 'w',
        };
        format!("mst{letter}_{}", self.id)
    }

    /// Whether its time is over at `now`.
    pub fn is_expired(&self, now: NaiveDateTime) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }

    /// Whether it would be accepted at `now` from an enabled account.
    pub fn is_living(&self, now: NaiveDateTime) -> bool {
        self.revoked_at.is_none() && !self.is_expired(now)
    }

    /// How long it lives from its creation to its expiry; `None` for ever.
    pub fn lifetime(&self) -> Option<TimeDelta> {
        self.expires_at.map(|end| end - self.created_at)
    }
}

/// A token on its account's page, with what it replaced for as long as that still works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedToken {
    /// The token.
    pub token: Token,
    /// The old value that regenerating left alive for a while.
    pub predecessor: Option<Token>,
}

/// An account's tokens in short, for a row of the list. Revoked tokens and old values of regenerated ones do not count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TokenSummary {
    /// Tokens that work.
    pub live: i64,
    /// Tokens that have expired and have not been removed.
    pub expired: i64,
    /// When the next of `live` expires.
    pub next_expiry: Option<NaiveDateTime>,
    /// When the latest of `expired` did.
    pub last_expired: Option<NaiveDateTime>,
    /// When one of them was last used.
    pub last_used: Option<NaiveDateTime>,
}

/// For how long the old value goes on working when a token is regenerated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overlap {
    /// Not at all: it stops with the change.
    Now,
    /// One hour.
    Hour,
    /// 24 hours.
    Day,
    /// Seven days.
    Week,
}

impl Overlap {
    /// All of them, the shortest first, as a form offers them.
    pub const ALL: [Self; 4] = [Self::Now, Self::Hour, Self::Day, Self::Week];

    /// Reads `0`, `1h`, `24h` or `7d`.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|overlap| overlap.as_str() == text)
    }

    /// The spelling that [`Overlap::parse`] reads, which is also the one in the audit log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Now => "0",
            Self::Hour => "1h",
            Self::Day => "24h",
            Self::Week => "7d",
        }
    }

    /// How long that is.
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
