//! What subjects may do that a query only names, without a token. Answered from the cache if it knows all of them, otherwise
//! from the database; either way from one consistent state.

use std::sync::Arc;

use chrono::NaiveDateTime;

use super::cache::{self, CachedAccount, Credential, Grants, QUERY_TIMEOUT};
use super::verdict::{Check, unusable};
use crate::accounts::model::Kind;
use crate::clock;
use crate::error::Error;
use crate::id::Id;
use crate::tokens::value::{Access, TokenId, digests_match};

/// Whom a query is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Subject {
    pub name: SubjectName,
    /// Which kind the account has to be of; `None` for any.
    pub kind: Option<Kind>,
}

/// How a query names its subject.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SubjectName {
    Account(Id),
    /// A user's e-mail address, as addresses are compared.
    Email(String),
    Token(TokenId),
    /// A whole token: its public id, and the digest that it must have.
    Secret(TokenId, [u8; 32]),
}

/// What bears a name.
#[derive(Debug, Clone)]
pub enum Bearer {
    Account(Arc<CachedAccount>),
    Token(Credential),
}

/// What a subject may do.
#[derive(Debug, Clone)]
pub struct SubjectRights {
    pub grants: Arc<Grants>,
    /// Of a read-only token, [`Access::Read`].
    pub access: Access,
}

impl Check {
    /// Has `judge` answer for these subjects, all as they were at one moment. It gets nothing for a subject that is unknown,
    /// disabled, expired or revoked, and says beside its answer whether it refused nobody: what the memory refuses is looked at
    /// a second time, since another instance may have given it just now.
    pub async fn ask<T>(&self, subjects: &[Subject], judge: impl Fn(&[Option<SubjectRights>]) -> (T, bool)) -> Result<T, Error> {
        let standings = |bearers: Vec<Option<Bearer>>| -> Vec<Option<SubjectRights>> {
            let now = clock::now();
            subjects.iter().zip(bearers).map(|(subject, bearer)| standing(subject, bearer?, now)).collect()
        };
        if let Some(known) = self.cache.known(subjects).await? {
            let (answer, refuses_nobody) = judge(&standings(known));
            if refuses_nobody {
                return Ok(answer);
            }
            self.cache.refresh().await?;
            if let Some(known) = self.cache.known(subjects).await? {
                return Ok(judge(&standings(known)).0);
            }
        }
        let wanted = subjects.to_vec();
        let looking = self.database.read(move |conn| cache::look_up_all(conn, &wanted));
        let found = tokio::time::timeout(QUERY_TIMEOUT, looking).await;
        let found = found.map_err(|_| Error::unavailable("a look-up of subjects got no answer"))??;
        Ok(judge(&standings(found)).0)
    }
}

fn standing(subject: &Subject, bearer: Bearer, now: NaiveDateTime) -> Option<SubjectRights> {
    let (account, access) = match (&subject.name, &bearer) {
        (SubjectName::Token(_), Bearer::Token(token)) if unusable(token, now).is_none() => (&token.account, token.access),
        (SubjectName::Secret(_, digest), Bearer::Token(token))
            if digests_match(&token.digest, digest) && unusable(token, now).is_none() =>
        {
            (&token.account, token.access)
        }
        (SubjectName::Account(_) | SubjectName::Email(_), Bearer::Account(account)) if !account.is_disabled() => {
            (account, Access::Write)
        }
        _ => return None,
    };
    let fits = subject.kind.is_none_or(|kind| kind == account.kind);
    fits.then(|| SubjectRights { grants: Arc::clone(&account.grants), access })
}
