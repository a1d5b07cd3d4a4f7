//! What was seen, in parts: by the tokens of some accounts each.

use std::ops::{Bound, RangeBounds};

use uuid::Uuid;

use super::seen::Seen;
use crate::tokens::value::TokenId;

/// What was seen of some tokens.
pub type Taken = Vec<(TokenId, Seen)>;

/// A token by its account. Who are made together are used and stand in the tables together: what is written in this order
/// changes few pages, and each once.
pub type Key = (Uuid, TokenId);

/// The key of a token by what was seen of it.
pub fn key(token: &TokenId, seen: &Seen) -> Key {
    (seen.account, *token)
}

/// The tokens from one key, or the first, to another that is not among them, or the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// The first of them.
    pub from: Option<Key>,
    /// The first behind them.
    pub to: Option<Key>,
}

impl Part {
    /// All tokens.
    pub const ALL: Self = Self { from: None, to: None };

    /// Whether a token is one of them.
    pub fn holds(&self, key: &Key) -> bool {
        (self.from.map_or(Bound::Unbounded, Bound::Included), self.to.map_or(Bound::Unbounded, Bound::Excluded)).contains(key)
    }

    /// Parts alike in size that leave nothing out. `of` are some of the keys that they are made for, taken evenly, and `size` is how
    /// many of them come into one part. The parts follow each other, with the one of `first` at the beginning; behind the last one
    /// comes the first of all.
    pub fn alike(mut of: Vec<Key>, size: usize, first: Option<Key>) -> Vec<Self> {
        of.sort_unstable();
        let ends = of.into_iter().step_by(size).skip(1).map(Some).chain([None]);
        let mut from = None;
        let mut parts: Vec<Self> = ends.map(|to| Self { from: std::mem::replace(&mut from, to), to }).collect();
        let before = parts.partition_point(|part| first.zip(part.to).is_some_and(|(first, to)| to <= first));
        parts.rotate_left(before);
        parts
    }
}
