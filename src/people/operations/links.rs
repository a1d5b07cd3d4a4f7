//! Making links and ending invitations. Whoever makes a link has seen it and could use it, so they must be able to do all that
//! its holder can.

use chrono::NaiveDateTime;

use super::invite::LIFE;
use super::{like_oneself, may_invite, not_ones_own};
use crate::accounts::model::{Account, Kind, Right};
use crate::accounts::operations::may_handle;
use crate::accounts::queries as accounts;
use crate::accounts::queries::changes;
use crate::audit::{self, Event, verbs};
use crate::auth::links::{self, LinkKey, Purpose};
use crate::auth::principal::Principal;
use crate::clock;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::people::queries;

/// A link that has just been made.
#[derive(Debug, Clone)]
pub struct Offered {
    pub account: Account,
    pub key: LinkKey,
    pub until: NaiveDateTime,
}

/// A user whom the actor may become by a link.
fn covered(conn: &mut DbConnection, actor: &Principal, id: &Id) -> Result<Account, Error> {
    let account = like_oneself(conn, actor, id)?;
    if account.disabled {
        return Err(Error::Conflict(format!("{} is disabled. Enable the user first.", account.name)));
    }
    Ok(account)
}

fn event<'a>(verb: &'static str, account: &'a Account) -> Event<'a> {
    Event {
        verb,
        target_kind: Kind::User.as_str(),
        target_id: Some(&account.id),
        target_name: &account.name,
        object: None,
        detail: serde_json::json!({}),
    }
}

/// Makes a link by which a user sets a new password. Older links stop working.
///
/// # Errors
/// `Forbidden`, `NotFound`, `Conflict` for oneself, and if the user is disabled or has not accepted their invitation yet.
pub fn offer_password(conn: &mut DbConnection, actor: &Principal, id: &Id) -> Result<Offered, Error> {
    actor.require(Kind::User.permission(Right::Manage), "Only administrators can reset passwords.")?;
    not_ones_own(actor, id, "password")?;
    let account = covered(conn, actor, id)?;
    if queries::of_accounts(conn, std::slice::from_ref(id))?.contains_key(id) {
        let sentence = format!("{} hasn't accepted the invitation yet. Make a new invitation link instead.", account.name);
        return Err(Error::Conflict(sentence));
    }
    links::use_up(conn, Purpose::Password, Some(id))?;
    let key = links::create_by(conn, Purpose::Password, Some(id), actor.account.as_ref())?;
    audit::record_alone(conn, actor, &event(verbs::PASSWORD_LINK_CREATED, &account))?;
    Ok(Offered { account, key, until: clock::now() + Purpose::Password.life() })
}

/// Makes a new link for a pending invitation, for which the actor answers from now on. The old one stops working.
///
/// # Errors
/// `Forbidden`, `NotFound`, `Conflict` if the invitation has been accepted, or the user is disabled.
pub fn renew(conn: &mut DbConnection, actor: &Principal, id: &Id) -> Result<Offered, Error> {
    may_invite(actor)?;
    pending(conn, actor, id)?;
    let account = covered(conn, actor, id)?;
    let (key, until) = (LinkKey::new()?, clock::now() + LIFE);
    queries::renew(conn, actor, &[(id, key.digest())], until)?;
    audit::record_alone(conn, actor, &event(verbs::INVITATION_RENEWED, &account))?;
    Ok(Offered { account, key, until })
}

/// A user whose invitation is pending. All others are there for those only who may see users.
fn pending(conn: &mut DbConnection, actor: &Principal, id: &Id) -> Result<Account, Error> {
    let account = accounts::find(conn, Kind::User, id)?;
    if queries::of_accounts(conn, std::slice::from_ref(id))?.contains_key(id) {
        return Ok(account);
    }
    if !actor.may(Kind::User.permission(Right::Read)) {
        return Err(Error::NotFound(Kind::User.noun()));
    }
    Err(Error::Conflict(format!("{} has already accepted the invitation.", account.name)))
}

/// Cancels a pending invitation: the account that it was for goes. Returns its name.
///
/// # Errors
/// `Forbidden`, `NotFound`, `Conflict` if the invitation has been accepted.
pub fn cancel(conn: &mut DbConnection, actor: &Principal, id: &Id) -> Result<String, Error> {
    may_invite(actor)?;
    let account = pending(conn, actor, id)?;
    may_handle(conn, actor, &account)?;
    queries::cancel(conn, id)?;
    let change = audit::begin(conn, actor)?;
    change.record(conn, &event(verbs::INVITATION_CANCELLED, &account))?;
    changes::delete(conn, &change, verbs::INVITATION_CANCELLED, Kind::User, 1)?;
    Ok(account.name)
}
