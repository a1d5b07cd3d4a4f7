//! A person's own tokens. Whoever holds one acts as that person: nobody else is ever given one. Creating and regenerating
//! them takes a permission; ending them takes none.

use chrono::TimeDelta;

use super::regenerate::{Successor, finish_of, succeed};
use super::revoke::end;
use super::{TokenCreation, create_for};
use crate::accounts;
use crate::accounts::model::{Account, Kind};
use crate::auth::principal::{ActorKind, Principal};
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::tokens::model::{Overlap, Token};
use crate::tokens::queries;
use crate::tokens::value::{Access, TokenValue};

/// Any token of one's own.
pub const MANAGE: &str = "token:manage:own";
/// Read-only ones.
pub const MANAGE_READ_ONLY: &str = "read_token:manage:own";

/// Whether the actor may have a new value of their own with this access.
pub fn may_have(actor: &Principal, access: Access) -> bool {
    actor.may(MANAGE) || (access == Access::Read && actor.may(MANAGE_READ_ONLY))
}

fn require(actor: &Principal, access: Access) -> Result<(), Error> {
    if may_have(actor, access) {
        return Ok(());
    }
    let sentence = match access {
        Access::Write if may_have(actor, Access::Read) => "Your roles let you have read-only tokens, not read-write ones.",
        _ => "Your roles don't let you have API tokens of your own.",
    };
    Err(Error::forbidden(MANAGE, sentence))
}

/// The actor's own account.
///
/// # Errors
/// `Forbidden` for whoever isn't a person.
pub fn account(conn: &mut DbConnection, actor: &Principal) -> Result<Account, Error> {
    match (&actor.account, actor.kind) {
        (Some(own), ActorKind::User) => accounts::queries::find(conn, Kind::User, own),
        _ => Err(Error::forbidden("", "Only users have API tokens of their own.")),
    }
}

/// Creates one. No token creates others, so this takes a session. `once` is the identity of the form.
///
/// # Errors
/// `Conflict` if the form has already created its token, and while token creation is paused.
pub fn create(
    conn: &mut DbConnection,
    actor: &Principal,
    form: &TokenCreation,
    maximum: Option<TimeDelta>,
    once: Option<&Id>,
) -> Result<(Token, TokenValue), Error> {
    let account = account(conn, actor)?;
    require(actor, form.access.unwrap_or(Access::Read))?;
    if actor.session().is_none() {
        return Err(Error::forbidden("", "A token can't create others. Sign in to create one."));
    }
    create_for(conn, actor, &account, form, maximum, once)
}

/// Replaces one, see [`super::regenerate`].
///
/// # Errors
/// `Conflict` if the token is revoked, expired or already regenerated.
pub fn regenerate(
    conn: &mut DbConnection,
    actor: &Principal,
    token: &str,
    overlap: Overlap,
    maximum: Option<TimeDelta>,
) -> Result<Successor, Error> {
    let account = account(conn, actor)?;
    let old = queries::find(conn, &account.id, token)?;
    require(actor, old.access)?;
    succeed(conn, actor, &account, old, overlap.length(), maximum)
}

/// Revokes one, and an old value of it that still works.
///
/// # Errors
/// `Conflict` if it is already revoked.
pub fn revoke(conn: &mut DbConnection, actor: &Principal, token: &str) -> Result<Token, Error> {
    let account = account(conn, actor)?;
    let token = queries::find(conn, &account.id, token)?;
    end(conn, actor, &account, token)
}

/// Stops the old value of one before its overlap ends. `token` is the new one.
///
/// # Errors
/// `Conflict` if no old value works anymore.
pub fn finish(conn: &mut DbConnection, actor: &Principal, token: &str) -> Result<(), Error> {
    let account = account(conn, actor)?;
    finish_of(conn, actor, &account, token)
}
