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

/// Finds the part that holds a token among some that do not overlap.
pub struct Places<'a>(Vec<(usize, &'a Part)>);

impl<'a> Places<'a> {
    /// For these parts, in whichever order they are.
    pub fn of(parts: &'a [Part]) -> Self {
        let mut places: Vec<_> = parts.iter().enumerate().collect();
        places.sort_unstable_by_key(|(_, part)| part.from);
        Self(places)
    }

    /// The place of the part that holds it.
    pub fn find(&self, key: &Key) -> Option<usize> {
        let behind = self.0.partition_point(|(_, part)| part.from.is_none_or(|from| from <= *key));
        let (at, part) = self.0.get(behind.checked_sub(1)?)?;
        part.holds(key).then_some(*at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u128) -> Key {
        (Uuid::from_u128(number), *b"0123456789AB")
    }

    #[test]
    fn each_token_has_one_place_or_none() {
        let mut parts = Part::alike((0..100).map(key).collect(), 10, Some(key(42)));
        for number in 0..100 {
            let holding: Vec<_> = (0..parts.len()).filter(|at| parts[*at].holds(&key(number))).collect();
            assert_eq!(Places::of(&parts).find(&key(number)).as_slice(), holding);
        }
        assert_eq!((parts.len(), parts[0].from), (10, Some(key(40))));
        // Of some only, none may hold it.
        parts.retain(|part| part.from.is_some_and(|from| from >= key(30)) && part.to != Some(key(60)));
        for (number, place) in [(0, None), (29, None), (30, Some(5)), (49, Some(0)), (55, None), (60, Some(1)), (99, Some(4))] {
            assert_eq!(Places::of(&parts).find(&key(number)), place, "{number}");
        }
        assert_eq!(Places::of(&[]).find(&key(0)), None);
    }
}
