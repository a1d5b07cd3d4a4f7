//! Reads those whom a question names from the database: the same six statements for one and for a thousand, on one state.

use std::collections::HashMap;
use std::sync::Arc;

use super::credential::{CachedAccount, CachedToken, Credential};
use super::grants::Grants;
use super::reading;
use crate::accounts::model::Kind;
use crate::check::subjects::{Bearer, Subject, SubjectName};
use crate::database::{DbConnection, at_one_moment};
use crate::error::Error;
use crate::id::Id;
use crate::roles::permission::PermissionSet;
use crate::tokens::queries::credentials::{self, NamedAccount};
use crate::tokens::value::TokenId;
use crate::{roles, teams};

/// What bears each of these names.
pub fn look_up_all(conn: &mut DbConnection, subjects: &[Subject]) -> Result<Vec<Option<Bearer>>, Error> {
    at_one_moment(conn, |conn| {
        let named = NamedSubjects::read(conn, subjects)?;
        Ok(subjects.iter().map(|subject| named.bearer(&subject.name)).collect())
    })
}

#[derive(Default)]
struct NamedSubjects {
    accounts: HashMap<Id, Arc<CachedAccount>>,
    by_email: HashMap<String, Id>,
    tokens: HashMap<TokenId, (Id, CachedToken)>,
}

impl NamedSubjects {
    fn read(conn: &mut DbConnection, subjects: &[Subject]) -> Result<Self, Error> {
        let (mut ids, mut emails, mut tokens) = (Vec::new(), Vec::new(), Vec::new());
        for subject in subjects {
            match &subject.name {
                SubjectName::Account(id) => ids.push(id.clone()),
                SubjectName::Email(email) => emails.push(email.as_str()),
                // A public id is made of ASCII digits and letters alone.
                SubjectName::Token(id) | SubjectName::Secret(id, _) => tokens.push(std::str::from_utf8(id).unwrap_or_default()),
            }
        }
        let mut named = Self::default();
        for stored in credentials::tokens(conn, &tokens)? {
            if let Some(token) = reading::token(&stored.token) {
                ids.push(stored.account.clone());
                named.tokens.insert(token.id, (stored.account, token));
            }
        }
        let accounts = credentials::named_accounts(conn, &ids, &emails)?;
        let ids: Vec<Id> = accounts.iter().map(|account| account.id.clone()).collect();
        let mut granted = granted(conn, &ids)?;
        for account in accounts {
            named.by_email.extend(account.email_key.clone().map(|email| (email, account.id.clone())));
            let permissions = granted.remove(&account.id).unwrap_or_default();
            named.accounts.extend(of_account(account, permissions));
        }
        Ok(named)
    }

    fn bearer(&self, name: &SubjectName) -> Option<Bearer> {
        let account = |id: &Id| self.accounts.get(id).cloned();
        match name {
            SubjectName::Account(id) => account(id).map(Bearer::Account),
            SubjectName::Email(email) => account(self.by_email.get(email)?).map(Bearer::Account),
            SubjectName::Token(id) | SubjectName::Secret(id, _) => {
                let (owner, token) = self.tokens.get(id)?;
                Some(Bearer::Token(Credential { account: account(owner)?, token: token.clone() }))
            }
        }
    }
}

fn of_account(stored: NamedAccount, permissions: PermissionSet) -> Option<(Id, Arc<CachedAccount>)> {
    let account = CachedAccount {
        id: stored.id.clone(),
        name: stored.name.into(),
        kind: Kind::parse(&stored.kind)?,
        grants: Arc::new(Grants::of(permissions)),
        membership: Arc::default(),
        disabled: stored.disabled.into(),
    };
    Some((stored.id, Arc::new(account)))
}

/// What the roles of each of these accounts, and the administration of teams, grant together.
fn granted(conn: &mut DbConnection, accounts: &[Id]) -> Result<HashMap<Id, PermissionSet>, Error> {
    let held = roles::queries::pairs(conn, accounts)?;
    let mut wanted: Vec<Id> = held.iter().map(|(_, role)| role.clone()).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let found = roles::queries::find(conn, &wanted)?;
    let roles: HashMap<&Id, &roles::Role> = found.iter().map(|role| (&role.id, role)).collect();
    let mut granted: HashMap<Id, Vec<roles::permission::Permission>> = HashMap::new();
    for (account, role) in held {
        let permissions = roles.get(&role).into_iter().flat_map(|role| role.permissions.iter().cloned());
        granted.entry(account).or_default().extend(permissions);
    }
    for (account, team) in teams::queries::administrators(conn, accounts)? {
        granted.entry(account).or_default().extend(roles::queries::of_administration(&[team]));
    }
    Ok(granted.into_iter().map(|(account, permissions)| (account, permissions.into_iter().collect())).collect())
}
