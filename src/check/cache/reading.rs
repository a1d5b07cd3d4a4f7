//! Reads accounts with their tokens, roles and teams: the same four statements for one and for thousands.

use std::collections::HashMap;

use super::credential::{CachedAccount, CachedToken, Credential, Holding};
use super::grants::{Names, SharedGrants};
use crate::accounts::model::Kind;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::tokens::queries::credentials::{self, StoredCredential, StoredToken};
use crate::tokens::value::{Access, TokenId};
use crate::{roles, teams};

/// Accounts that are read at once: each is a value in the statements, and what is read of them is in memory twice.
pub const PART: usize = 2_000;

/// Those of `ids` that have a token.
pub fn accounts(conn: &mut DbConnection, ids: &[Id], names: &Names, shared: &mut SharedGrants) -> Result<Vec<Holding>, Error> {
    let mut stored = credentials::credentials(conn, ids)?;
    stored.sort_unstable_by(|one, other| one.account.cmp(&other.account));
    let roles_of = grouped(roles::queries::pairs(conn, ids)?);
    let teams_of = grouped(teams::queries::pairs(conn, ids)?);
    let administered_by = grouped(teams::queries::administrators(conn, ids)?);
    let of_account = |tokens: &[StoredCredential]| {
        let first = tokens.first()?;
        let of = |groups: &HashMap<Id, Vec<Id>>| groups.get(&first.account).cloned().unwrap_or_default();
        let account = CachedAccount {
            id: first.account.clone(),
            name: first.name.as_str().into(),
            kind: Kind::parse(&first.kind)?,
            grants: shared.grants(&of(&roles_of), &of(&administered_by), names),
            membership: shared.membership(&of(&teams_of), names),
            disabled: first.disabled.into(),
        };
        Some((account, tokens.iter().map(|stored| &stored.token).filter_map(token).collect()))
    };
    Ok(stored.chunk_by(|one, other| one.account == other.account).filter_map(of_account).collect())
}

/// A token as the check keeps it.
pub fn token(stored: &StoredToken) -> Option<CachedToken> {
    let (Ok(id), Some(access), Ok(digest)) =
        (TokenId::try_from(stored.id.as_bytes()), Access::parse(&stored.access), stored.digest.as_slice().try_into())
    else {
        log::error!("the token {} in the database is not one that Muster wrote, and is not accepted", stored.id);
        return None;
    };
    Some(CachedToken::new(id, digest, access, stored.revoked, stored.expires_at))
}

fn grouped(pairs: Vec<(Id, Id)>) -> HashMap<Id, Vec<Id>> {
    let mut groups: HashMap<Id, Vec<Id>> = HashMap::new();
    for (account, other) in pairs {
        groups.entry(account).or_default().push(other);
    }
    groups
}

/// The credential of one public id from the database, for when the cache is stale.
pub fn look_up(conn: &mut DbConnection, id: &TokenId) -> Result<Option<Credential>, Error> {
    let text = std::str::from_utf8(id).unwrap_or_default();
    let Some(account) = credentials::account_of(conn, text)? else { return Ok(None) };
    let names = Names::read(conn)?;
    let found = accounts(conn, std::slice::from_ref(&account), &names, &mut SharedGrants::default())?;
    let of_account = |(account, tokens): Holding| {
        let token = tokens.into_iter().find(|token| token.id == *id)?;
        Some(Credential { account: account.into(), token })
    };
    Ok(found.into_iter().find_map(of_account))
}
