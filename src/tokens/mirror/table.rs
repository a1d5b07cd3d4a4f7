//! The table that the check looks tokens up in.

use std::borrow::Borrow;
use std::collections::HashSet;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::credential::{Account, Credential, Token};
use crate::tokens::value::{TokenId, spread};

/// The check seldom waits for a change when the tokens are spread over this many locks.
const SHARDS: usize = 32;

/// Tokens by their public ids, each with its account. Read by the check while [`super::memory::Memory`] changes it.
#[derive(Default)]
pub struct Tokens([Shard; SHARDS]);

/// On a cache line of its own: every look changes the lock.
#[derive(Default)]
#[repr(align(128))]
struct Shard(RwLock<HashSet<Row>>);

/// A token is found by its public id, and stands where it is found.
struct Row(Credential);

impl Borrow<TokenId> for Row {
    fn borrow(&self) -> &TokenId {
        &self.0.token.id
    }
}

impl PartialEq for Row {
    fn eq(&self, other: &Self) -> bool {
        self.0.token.id == other.0.token.id
    }
}

impl Eq for Row {}

impl Hash for Row {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.token.id.hash(state);
    }
}

impl Tokens {
    /// The token of this public id.
    pub fn find(&self, id: &TokenId) -> Option<Credential> {
        self.reading(id).get(id).map(|row| row.0.clone())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        let lengths = self.0.iter().map(|shard| shard.0.read().unwrap_or_else(PoisonError::into_inner).len());
        lengths.sum()
    }

    /// Puts a token in, or another in the place of the one with its public id: there is no moment without it.
    pub fn put(&self, account: &Arc<Account>, token: Token) {
        self.writing(&token.id).replace(Row(Credential { account: Arc::clone(account), token }));
    }

    /// Says that the account of a token is this one now.
    pub fn give(&self, id: &TokenId, account: &Arc<Account>) {
        let mut shard = self.writing(id);
        if let Some(token) = shard.get(id).map(|row| row.0.token.clone()) {
            shard.replace(Row(Credential { account: Arc::clone(account), token }));
        }
    }

    /// Removes a token.
    pub fn remove(&self, id: &TokenId) {
        self.writing(id).remove(id);
    }

    fn shard(&self, id: &TokenId) -> &RwLock<HashSet<Row>> {
        &self.0[spread(id, SHARDS)].0
    }

    // Nothing in a shard can be left half done by a panic.
    fn reading(&self, id: &TokenId) -> RwLockReadGuard<'_, HashSet<Row>> {
        self.shard(id).read().unwrap_or_else(PoisonError::into_inner)
    }

    fn writing(&self, id: &TokenId) -> RwLockWriteGuard<'_, HashSet<Row>> {
        self.shard(id).write().unwrap_or_else(PoisonError::into_inner)
    }
}
