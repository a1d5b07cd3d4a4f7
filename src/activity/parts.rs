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
    /// many of them come into one part. The parts follow each other and begin with `first`; behind the last of all comes the first
    /// of all.
    pub fn alike(mut of: Vec<Key>, size: usize, first: Option<Key>) -> Vec<Self> {
        if of.len() <= size {
            return vec![Self::ALL];
        }
        of.sort_unstable();
        let Some(first) = first else { return Self::cut(None, &of, size, None).collect() };
        let (before, behind) = of.split_at(of.partition_point(|key| *key < first));
        Self::cut(Some(first), behind, size, None).chain(Self::cut(None, before, size, Some(first))).collect()
    }

    /// The parts between two bounds.
    fn cut(from: Option<Key>, keys: &[Key], size: usize, to: Option<Key>) -> impl Iterator<Item = Self> {
        let ends = keys.iter().step_by(size).skip(1).copied().map(Some).chain([to]);
        ends.scan(from, |from, to| Some(Self { from: std::mem::replace(from, to), to }))
    }
}

/// Finds the part of a key among many.
pub struct Index<'a> {
    parts: &'a [Part],
    /// Their places, in the order in which they begin.
    order: Vec<usize>,
}

impl<'a> Index<'a> {
    /// An index of parts that have no token in common.
    pub fn of(parts: &'a [Part]) -> Self {
        let mut order: Vec<usize> = (0..parts.len()).collect();
        order.sort_unstable_by_key(|at| parts[*at].from);
        Self { parts, order }
    }

    /// The place of the part that holds a key.
    pub fn find(&self, key: &Key) -> Option<usize> {
        let begun = self.order.partition_point(|at| self.parts[*at].from.is_none_or(|from| from <= *key));
        self.order[..begun].last().copied().filter(|at| self.parts[*at].holds(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_begins_where_it_is_told_to_and_leaves_nothing_out() {
        let key = |number: u128| (Uuid::from_u128(number), *b"0123456789AB");
        let keys: Vec<Key> = (0..100).map(key).collect();
        for first in [None, Some(key(0)), Some(key(1)), Some(key(42)), Some(key(99)), Some(key(200))] {
            let parts = Part::alike(keys.clone(), 10, first);
            assert_eq!((parts[0].from, parts.last().unwrap().to), (first, first));
            assert!(parts.windows(2).all(|two| two[0].to == two[1].from), "{first:?}: {parts:?}");
            let held = parts.iter().map(|part| keys.iter().filter(|key| part.holds(key)).count());
            assert!(held.clone().all(|held| held <= 10) && held.sum::<usize>() == 100, "{first:?}: {parts:?}");
            assert!((10..=12).contains(&parts.len()));
            for parts in [&parts[..], &parts[3..7], &parts[..1]] {
                let index = Index::of(parts);
                let mut each = keys.iter().copied().chain([key(300)]);
                assert!(each.all(|key| index.find(&key) == parts.iter().position(|part| part.holds(&key))), "{parts:?}");
            }
        }
        assert_eq!(Part::alike(keys, 100, Some(key(42))), [Part::ALL]);
    }
}
