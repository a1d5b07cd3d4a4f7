//! The table that the check looks tokens up in.

use std::sync::Arc;

use dashmap::DashMap;

use super::credential::{CachedAccount, CachedToken, Credential};
use crate::tokens::value::TokenId;

/// Tokens by their public ids, each with its account. Read by the check while [`super::memory::Memory`] changes it.
#[derive(Default)]
pub struct TokenTable(DashMap<TokenId, Credential>);

impl TokenTable {
    /// The token of this public id.
    pub fn find(&self, id: &TokenId) -> Option<Credential> {
        self.0.get(id).map(|found| found.clone())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Inserts a token, or replaces the one with its public id in one step.
    pub fn put(&self, account: &Arc<CachedAccount>, token: CachedToken) {
        self.0.insert(token.id, Credential { account: Arc::clone(account), token });
    }

    /// Replaces a token's account.
    pub fn give(&self, id: &TokenId, account: &Arc<CachedAccount>) {
        if let Some(mut held) = self.0.get_mut(id) {
            held.account = Arc::clone(account);
        }
    }

    /// Removes a token.
    pub fn remove(&self, id: &TokenId) {
        self.0.remove(id);
    }
}
