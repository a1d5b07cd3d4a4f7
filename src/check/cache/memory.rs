//! What is cached by account, and how changes are applied to it and to the table of tokens.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use uuid::Uuid;

use super::credential::{CachedAccount, Holding};
use super::grants::{Names, SharedGrants};
use super::reading;
use super::table::TokenTable;
use crate::check::subjects::{Bearer, SubjectName};
use crate::database::DbConnection;
use crate::error::Error;
use crate::tokens::queries::credentials::{self, RoleChange};
use crate::tokens::value::TokenId;

/// The accounts behind the tokens, and up to which revision they are known.
#[derive(Default)]
pub struct Memory {
    /// The last revision that has been applied; `None` before everything was read once.
    revision: Option<i64>,
    accounts: HashMap<Uuid, KnownAccount>,
    shared: SharedGrants,
    tokens: Arc<TokenTable>,
}

/// An account, and which tokens it has.
struct KnownAccount {
    account: Arc<CachedAccount>,
    /// Sorted: a machine that rotates its own token may have very many.
    tokens: Vec<TokenId>,
}

impl Memory {
    /// The tokens of the accounts that are remembered.
    pub fn tokens(&self) -> Arc<TokenTable> {
        Arc::clone(&self.tokens)
    }

    /// The cached subject of this name.
    pub fn find(&self, name: &SubjectName) -> Option<Bearer> {
        match name {
            SubjectName::Account(id) => self.accounts.get(&id.uuid()).map(|held| Bearer::Account(Arc::clone(&held.account))),
            SubjectName::Token(id) | SubjectName::Secret(id, _) => self.tokens.find(id).map(Bearer::Token),
            SubjectName::Email(_) => None,
        }
    }

    /// Reads what has been changed since the last time, and remembers it. Where that fails half way, what is remembered
    /// is neither old nor new and must not be used; the next call reads the same again.
    ///
    /// What is read may be newer than the revision that was asked for. What happened in between is then applied once more
    /// the next time: that an account is disabled or has a role comes out the same, for the last word counts.
    pub fn catch_up(&mut self, conn: &mut DbConnection) -> Result<(), Error> {
        let Some(since) = self.revision else { return self.read_everything(conn) };
        let Some(changed) = credentials::changed_since(conn, since)? else { return Ok(()) };
        if changed.everything {
            return self.read_everything(conn);
        }
        if !changed.accounts.is_empty() || !changed.roles.is_empty() {
            let names = Names::read(conn)?;
            for part in changed.accounts.chunks(reading::PART) {
                let mut gone: HashSet<Uuid> = part.iter().map(crate::id::Id::uuid).collect();
                for holding in reading::accounts(conn, part, &names, &mut self.shared)? {
                    gone.remove(&holding.0.id.uuid());
                    self.put(holding);
                }
                gone.iter().for_each(|account| self.forget(account));
            }
            changed.roles.iter().for_each(|change| self.give_or_take(change, &names));
        }
        for (account, disabled) in changed.states {
            if let Some(held) = self.accounts.get(&account.uuid()) {
                held.account.disabled.store(disabled, Ordering::Release);
            }
        }
        self.revision = Some(changed.revision);
        Ok(())
    }

    fn read_everything(&mut self, conn: &mut DbConnection) -> Result<(), Error> {
        // The revision is read first: what is committed while the rest is read will be read again, so nothing is missed.
        let revision = credentials::last_revision(conn)?;
        let names = Names::read(conn)?;
        self.shared = SharedGrants::default();
        let mut present = HashSet::new();
        let mut after = None;
        loop {
            let part = credentials::holders(conn, after.as_ref(), reading::PART)?;
            let Some(last) = part.last() else { break };
            after = Some(last.clone());
            for holding in reading::accounts(conn, &part, &names, &mut self.shared)? {
                present.insert(holding.0.id.uuid());
                self.put(holding);
            }
        }
        let gone: Vec<Uuid> = self.accounts.keys().filter(|id| !present.contains(*id)).copied().collect();
        gone.iter().for_each(|account| self.forget(account));
        self.revision = Some(revision);
        Ok(())
    }

    fn put(&mut self, (account, tokens): Holding) {
        let account = Arc::new(account);
        let mut ids: Vec<TokenId> = tokens.iter().map(|token| token.id).collect();
        ids.sort_unstable();
        tokens.into_iter().for_each(|token| self.tokens.put(&account, token));
        let id = account.id.uuid();
        let before = self.accounts.remove(&id);
        let gone = before.iter().flat_map(|before| &before.tokens).filter(|token| ids.binary_search(token).is_err());
        gone.for_each(|token| self.tokens.remove(token));
        self.accounts.insert(id, KnownAccount { account, tokens: ids });
    }

    fn forget(&mut self, account: &Uuid) {
        for token in self.accounts.remove(account).iter().flat_map(|before| &before.tokens) {
            self.tokens.remove(token);
        }
    }

    /// An account without tokens is not cached; its roles are read with its first token.
    fn give_or_take(&mut self, change: &RoleChange, names: &Names) {
        if let Some(held) = self.accounts.get_mut(&change.account.uuid()) {
            let grants = self.shared.grants_after(&held.account.grants, &change.role, change.held, names);
            held.account = Arc::new(held.account.granted(grants));
            held.tokens.iter().for_each(|token| self.tokens.give(token, &held.account));
        }
    }
}
