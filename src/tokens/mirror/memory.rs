//! What is remembered, by token for the check and by account for what changes it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use dashmap::DashMap;
use uuid::Uuid;

use super::credential::{Account, Credential};
use super::grants::{Names, Shared};
use super::reading;
use crate::database::DbConnection;
use crate::error::Error;
use crate::tokens::queries::{self, RoleChange};
use crate::tokens::value::TokenId;

/// The account of each token. Read by the check while [`Memory`] changes it.
#[derive(Default)]
pub struct Tokens(DashMap<TokenId, Arc<Account>>);

impl Tokens {
    /// The token of this public id.
    pub fn find(&self, id: &TokenId) -> Option<Credential> {
        let account = self.0.get(id).map(|found| Arc::clone(&found))?;
        Credential::find(account, id)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

/// The accounts behind the tokens, and up to which revision they are known.
#[derive(Default)]
pub struct Memory {
    /// The last revision that has been applied; `None` before everything was read once.
    revision: Option<i64>,
    accounts: HashMap<Uuid, Arc<Account>>,
    shared: Shared,
    tokens: Arc<Tokens>,
}

impl Memory {
    /// The tokens of the accounts that are remembered.
    pub fn tokens(&self) -> Arc<Tokens> {
        Arc::clone(&self.tokens)
    }

    /// Reads what has been changed since the last time, and remembers it. Where that fails half way, what is remembered
    /// is neither old nor new and must not be used; the next call reads the same again.
    ///
    /// What is read may be newer than the revision that was asked for. What happened in between is then applied once more
    /// the next time: that an account is disabled or has a role comes out the same, for the last word counts.
    ///
    /// # Errors
    /// The database's.
    pub fn catch_up(&mut self, conn: &mut DbConnection) -> Result<(), Error> {
        let Some(since) = self.revision else { return self.read_everything(conn) };
        let Some(changed) = queries::changed_since(conn, since)? else { return Ok(()) };
        if changed.everything {
            return self.read_everything(conn);
        }
        if !changed.accounts.is_empty() || !changed.roles.is_empty() {
            let names = Names::read(conn)?;
            for part in changed.accounts.chunks(reading::PART) {
                let mut gone: HashSet<Uuid> = part.iter().map(crate::id::Id::uuid).collect();
                for account in reading::accounts(conn, part, &names, &mut self.shared)? {
                    gone.remove(&account.id.uuid());
                    self.put(account);
                }
                gone.iter().for_each(|account| self.forget(account));
            }
            changed.roles.iter().for_each(|change| self.give_or_take(change, &names));
        }
        for (account, disabled) in changed.states {
            if let Some(account) = self.accounts.get(&account.uuid()) {
                account.disabled.store(disabled, Ordering::Release);
            }
        }
        self.revision = Some(changed.revision);
        Ok(())
    }

    fn read_everything(&mut self, conn: &mut DbConnection) -> Result<(), Error> {
        // The number first: what is committed while everything is read is then read once more, and nothing is missed.
        let revision = queries::last_revision(conn)?;
        let names = Names::read(conn)?;
        self.shared = Shared::default();
        let mut present = HashSet::new();
        let mut after = None;
        loop {
            let part = queries::holders(conn, after.as_ref(), reading::PART)?;
            let Some(last) = part.last() else { break };
            after = Some(last.clone());
            for account in reading::accounts(conn, &part, &names, &mut self.shared)? {
                present.insert(account.id.uuid());
                self.put(account);
            }
        }
        let gone: Vec<Uuid> = self.accounts.keys().filter(|id| !present.contains(*id)).copied().collect();
        gone.iter().for_each(|account| self.forget(account));
        self.revision = Some(revision);
        Ok(())
    }

    fn put(&mut self, account: Account) {
        let account = Arc::new(account);
        for token in &account.tokens {
            self.tokens.0.insert(token.id, Arc::clone(&account));
        }
        let before = self.accounts.insert(account.id.uuid(), Arc::clone(&account));
        for token in before.iter().flat_map(|before| &before.tokens) {
            if account.tokens.binary_search_by(|other| other.id.cmp(&token.id)).is_err() {
                self.tokens.0.remove(&token.id);
            }
        }
    }

    fn forget(&mut self, account: &Uuid) {
        for token in self.accounts.remove(account).iter().flat_map(|before| &before.tokens) {
            self.tokens.0.remove(&token.id);
        }
    }

    /// An account without tokens is not remembered, and its roles are read with its first one.
    fn give_or_take(&mut self, change: &RoleChange, names: &Names) {
        if let Some(account) = self.accounts.get(&change.account.uuid()) {
            let grants = self.shared.grants_after(&account.grants, &change.role, change.held, names);
            let account = account.granted(grants);
            self.put(account);
        }
    }
}
