//! Setting a password by a link: of an invitation, or made to reset one.

use super::{backed, invites, manages};
use crate::accounts::model::{Account, AccountName, Kind};
use crate::accounts::queries as accounts;
use crate::audit::{self, Event, verbs};
use crate::auth::links::{self, Purpose, digest_of};
use crate::auth::operations::{Begun, begin_session, newcomer};
use crate::auth::principal::Origin;
use crate::auth::queries::sessions;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::people::queries;

/// A link that can be used.
#[derive(Debug, Clone)]
pub struct OpenLink {
    pub account: Account,
    /// Whether it is of an invitation.
    pub invites: bool,
    /// Whether the person's name has still to be asked for.
    pub asks_name: bool,
}

/// The link of this key. Whoever made it must still be able to: what they have lost since, or the other has gained, ends it.
///
/// # Errors
/// `NotFound`, the same for every reason; the database's.
pub fn open(conn: &mut DbConnection, key: &str) -> Result<OpenLink, Error> {
    let dead = || Error::NotFound("link");
    let (id, by, invitation) = match queries::by_link(conn, &digest_of(key))? {
        Some(invitation) => (invitation.account.clone(), invitation.by.clone(), Some(invitation)),
        None => {
            let link = links::find(conn, Purpose::Password, key)?.ok_or_else(dead)?;
            (link.account.ok_or_else(dead)?, link.by, None)
        }
    };
    let has_right = if invitation.is_some() { invites } else { manages };
    let account = accounts::find(conn, Kind::User, &id).map_err(|error| error.or_missing(dead()))?;
    let backed = backed(conn, &[(&id, by.as_ref())], has_right)?;
    if account.disabled || backed.get(&id) != Some(&true) {
        return Err(dead());
    }
    let asks_name = invitation.as_ref().is_some_and(|invitation| !invitation.named);
    Ok(OpenLink { account, invites: invitation.is_some(), asks_name })
}

/// Uses a link up, sets the password of its user, ends their other links and sessions, and signs them in.
///
/// # Errors
/// `NotFound` for a dead link; `Invalid` (field `name`), which leaves it alive.
pub fn set_password(conn: &mut DbConnection, key: &str, name: &str, hash: &str, origin: &Origin) -> Result<Begun, Error> {
    let link = open(conn, key)?;
    let OpenLink { account, .. } = &link;
    let name = match link.asks_name {
        true => Some(AccountName::parse(name).map_err(|message| Error::field("name", message))?),
        false => None,
    };
    let taken = match link.invites {
        true => queries::take(conn, &digest_of(key))?,
        false => links::take(conn, Purpose::Password, key)?,
    };
    if !taken {
        return Err(Error::NotFound("link"));
    }
    accounts::set_password(conn, &account.id, hash)?;
    links::use_up(conn, Purpose::Password, Some(&account.id))?;
    sessions::end_others(conn, &account.id, None)?;
    if let Some(name) = &name {
        accounts::rename(conn, &account.id, name, &account.description)?;
    }
    record(conn, &link, name.as_ref(), origin)?;
    begin_session(conn, &account.id, hash, origin)
}

fn record(conn: &mut DbConnection, link: &OpenLink, name: Option<&AccountName>, origin: &Origin) -> Result<(), Error> {
    let account = &link.account;
    let named = name.map_or(account.name.as_str(), AccountName::as_str);
    let id: &Id = &account.id;
    let event = Event {
        verb: if link.invites { verbs::INVITATION_ACCEPTED } else { verbs::PASSWORD_CHANGED },
        target_kind: Kind::User.as_str(),
        target_id: Some(id),
        target_name: named,
        object: None,
        detail: match name {
            Some(name) => serde_json::json!({"before": {"name": account.name}, "after": {"name": name.as_str()}}),
            None => serde_json::json!({}),
        },
    };
    let actor = newcomer(named, id, origin);
    audit::begin(conn, &actor)?.record(conn, &event)
}
