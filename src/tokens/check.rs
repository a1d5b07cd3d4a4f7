//! The one question "is this token, this account, usable now", answered here for the gateway, for introspection and for
//! Muster's own API alike.
//!
//! A token has been recognised by its form and check digits before it gets here (`tokens::value`). Here it is looked up by
//! its public id, its digest is compared in constant time, and only then does its state count: whoever does not have the
//! whole secret learns and causes nothing. To the caller all refusals look the same; the reason is for the audit log and
//! the metrics.

use chrono::NaiveDateTime;

use super::queries;
use super::value::{Access, TokenValue, digests_match};
use crate::accounts::model::Kind;
use crate::clock;
use crate::database::{Database, DbConnection};
use crate::error::Error;
use crate::id::Id;
use crate::roles::permission::PermissionSet;
use crate::roles::{self, Badge};
use crate::teams::{self, Team};

/// Who an accepted token stands for, and everything that a gateway may want to know of them.
#[derive(Debug, Clone)]
pub struct Holder {
    /// The account.
    pub account: Id,
    /// The account's name.
    pub name: String,
    /// Which kind of account.
    pub kind: Kind,
    /// Its roles, by name.
    pub roles: Vec<Badge>,
    /// Its teams, by name.
    pub teams: Vec<Team>,
    /// Everything that its roles and the administration of teams grant together.
    pub permissions: PermissionSet,
    /// The token's public id.
    pub token: String,
    /// What the token may do.
    pub access: Access,
    /// When it expires; `None` for never.
    pub expires_at: Option<NaiveDateTime>,
}

/// Why a token is not usable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// What was given cannot be a token.
    Malformed,
    /// No token has this public id: it was never issued, or its account has been deleted.
    Unknown,
    /// The public id is known, and the rest of the token is wrong.
    Mismatch,
    /// Revoked.
    Revoked,
    /// Expired.
    Expired,
    /// The account is disabled.
    Disabled,
}

impl Reason {
    /// Its word in the audit log and the metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Unknown => "unknown",
            Self::Mismatch => "mismatch",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::Disabled => "disabled",
        }
    }
}

/// What the check says of a token.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// Usable now, by this holder.
    Accepted(Box<Holder>),
    /// Not usable.
    Refused {
        /// Why. Never told to the caller.
        reason: Reason,
        /// The token's public id and its account, where the id is known.
        known: Option<(String, Id)>,
    },
}

/// Answers the question. Cheap to clone.
#[derive(Clone)]
pub struct Check {
    database: Database,
}

impl Check {
    /// A check that asks this database, for each token anew.
    pub fn new(database: Database) -> Self {
        Self { database }
    }

    /// Judges a token; `None` stands for something that cannot be one, which costs no look-up.
    ///
    /// # Errors
    /// `Unavailable` when the database cannot be asked. An error never means acceptance.
    pub async fn judge(&self, value: Option<&TokenValue>) -> Result<Verdict, Error> {
        let Some(value) = value else { return Ok(Verdict::Refused { reason: Reason::Malformed, known: None }) };
        let (id, digest) = (value.id().to_owned(), value.digest());
        self.database.read(move |conn| look_up(conn, &id, &digest)).await
    }
}

/// Five statements, each by an index, whatever the number of tokens; one for a token that is not usable.
fn look_up(conn: &mut DbConnection, id: &str, digest: &[u8; 32]) -> Result<Verdict, Error> {
    let Some(found) = queries::credential(conn, id)? else {
        return Ok(Verdict::Refused { reason: Reason::Unknown, known: None });
    };
    if let Some(reason) = objection(&found, digest, clock::now()) {
        return Ok(Verdict::Refused { reason, known: Some((id.to_owned(), found.account)) });
    }
    let (roles, permissions) = roles::queries::of_account(conn, &found.account)?;
    let teams = teams::queries::of_accounts(conn, std::slice::from_ref(&found.account))?.remove(&found.account);
    let kind = Kind::parse(&found.kind).ok_or_else(|| Error::Internal(format!("an account of kind {}", found.kind)))?;
    let access = Access::parse(&found.access).ok_or_else(|| Error::Internal(format!("a token to {}", found.access)))?;
    Ok(Verdict::Accepted(Box::new(Holder {
        account: found.account,
        name: found.name,
        kind,
        roles,
        teams: teams.unwrap_or_default(),
        permissions,
        token: id.to_owned(),
        access,
        expires_at: found.expires_at,
    })))
}

/// What stands in the way of a token at `now`. The digest comes first: nothing is said of a token to who does not have it.
fn objection(found: &queries::Credential, digest: &[u8; 32], now: NaiveDateTime) -> Option<Reason> {
    if !digests_match(&found.digest, digest) {
        Some(Reason::Mismatch)
    } else if found.revoked_at.is_some() {
        Some(Reason::Revoked)
    } else if found.expires_at.is_some_and(|end| end <= now) {
        Some(Reason::Expired)
    } else if found.disabled {
        Some(Reason::Disabled)
    } else {
        None
    }
}
