//! Revoking a token, and the old value of a regenerated one with it.

use chrono::NaiveDateTime;

use super::{event, own, within_reach};
use crate::accounts::model::{Account, Kind, Right};
use crate::accounts::operations::{may_begin, may_handle};
use crate::audit::{self, Change, verbs};
use crate::auth::principal::Principal;
use crate::clock;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::tokens::model::Token;
use crate::tokens::queries;
use crate::tokens::queries::expiry::keep_first_expiry;

/// Revokes a token, and an old value of it that still works. This also removes an expired token from the page.
///
/// # Errors
/// `Conflict` if it is already revoked.
pub fn revoke(conn: &mut DbConnection, actor: &Principal, account: &Id, token: &str) -> Result<Token, Error> {
    revoke_of(conn, actor, Kind::System, account, token)
}

/// [`revoke`] by public ID alone, for accounts of either kind. The command line uses it.
pub fn revoke_by_id(conn: &mut DbConnection, actor: &Principal, token: &str) -> Result<Token, Error> {
    let begin = |kind| may_begin(actor, kind, Right::ManageTeam);
    begin(Kind::System).or_else(|refused| begin(Kind::User).map_err(|_| refused))?;
    let (account, kind) = queries::owner(conn, token)?;
    revoke_of(conn, actor, kind, &account, token)
}

/// [`revoke`], of an account of this kind.
pub fn revoke_of(conn: &mut DbConnection, actor: &Principal, kind: Kind, account: &Id, token: &str) -> Result<Token, Error> {
    let account = within_reach(conn, actor, kind, account)?;
    may_handle(conn, actor, &account)?;
    let token = queries::find(conn, &account.id, token)?;
    end(conn, actor, &account, token)
}

/// Revokes the token that the actor authenticated with. It needs no permission.
///
/// # Errors
/// `Conflict` if it has been revoked meanwhile.
pub fn revoke_own(conn: &mut DbConnection, actor: &Principal) -> Result<Token, Error> {
    let (account, token) = own(conn, actor)?;
    end(conn, actor, &account, token)
}

pub(super) fn end(conn: &mut DbConnection, actor: &Principal, account: &Account, token: Token) -> Result<Token, Error> {
    if token.revoked_at.is_some() {
        return Err(Error::Conflict(format!("The token {} has been revoked already.", token.name)));
    }
    let now = clock::now();
    let change = audit::begin(conn, actor)?;
    stop(conn, &change, account, &token, now)?;
    stop_predecessors(conn, &change, account, &token.id, now)?;
    keep_first_expiry(conn, &account.id)?;
    Ok(token)
}

/// Stops the old values that a token replaced and that still work. Returns how many.
pub(super) fn stop_predecessors(
    conn: &mut DbConnection,
    change: &Change,
    account: &Account,
    token: &str,
    now: NaiveDateTime,
) -> Result<usize, Error> {
    let living = queries::living_predecessors(conn, &account.id, token, now)?;
    living.iter().try_for_each(|old| stop(conn, change, account, old, now))?;
    Ok(living.len())
}

fn stop(conn: &mut DbConnection, change: &Change, account: &Account, token: &Token, now: NaiveDateTime) -> Result<(), Error> {
    queries::revoke(conn, &token.id, now)?;
    let detail = serde_json::json!({
        "access": token.access.as_str(),
        "expires_at": token.expires_at.map(clock::written),
        "replaced": token.replaced_by.is_some(),
    });
    change.record(conn, &event(verbs::TOKEN_REVOKED, account, token, detail))
}
