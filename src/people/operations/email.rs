//! Another e-mail address: the name that a person signs in with. Whoever sets it for somebody could sign in as them by a reset
//! link, so they must be able to do all that the person can.

use super::{like_oneself, not_ones_own};
use crate::accounts::model::{Account, Email, Kind, Right};
use crate::accounts::queries as accounts;
use crate::audit::{self, Event, verbs};
use crate::auth::links::{self, Purpose};
use crate::auth::operations::not_the_current_password;
use crate::auth::principal::Principal;
use crate::auth::queries::{login_by_id, sessions};
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::people::queries;
use crate::text::merged;

/// Gives a user another address, in place of the one that was `shown`. Links that were made for the old one stop working.
/// Returns whether anything changed.
///
/// # Errors
/// `Forbidden`, `NotFound`, `Invalid` (field `email`), `Conflict` for oneself, and where another user has it.
pub fn change_email(
    conn: &mut DbConnection,
    actor: &Principal,
    id: &Id,
    (address, shown): (&str, Option<&str>),
) -> Result<bool, Error> {
    actor.require(Kind::User.permission(Right::Manage), "Only administrators can change e-mail addresses of users.")?;
    not_ones_own(actor, id, "e-mail address")?;
    let account = like_oneself(conn, actor, id)?;
    set(conn, actor, &account, (address, shown))
}

/// Gives the actor themself, whose password's hash was `known`, another address in place of the one that was `shown`, and signs
/// them out everywhere else. Returns how many sessions ended, or nothing where nothing changed.
///
/// # Errors
/// `Invalid` (fields `current`, `email`), `Conflict` where another user has it.
pub fn change_own_email(
    conn: &mut DbConnection,
    actor: &Principal,
    known: &str,
    (address, shown): (&str, Option<&str>),
) -> Result<Option<usize>, Error> {
    let own = actor.account.as_ref().ok_or(Error::Unauthenticated)?;
    if login_by_id(conn, own)?.and_then(|login| login.password_hash).as_deref() != Some(known) {
        return Err(not_the_current_password());
    }
    let account = accounts::find(conn, Kind::User, own)?;
    if !set(conn, actor, &account, (address, shown))? {
        return Ok(None);
    }
    sessions::end_others(conn, own, actor.session()).map(Some)
}

fn set(
    conn: &mut DbConnection,
    actor: &Principal,
    account: &Account,
    (address, shown): (&str, Option<&str>),
) -> Result<bool, Error> {
    let before = account.email.as_deref().unwrap_or_default();
    let address = merged(address, shown, before).map_err(|sentence| Error::field("email", sentence))?;
    let email = Email::parse(address).map_err(|message| Error::field("email", message))?;
    if before == email.as_str() {
        return Ok(false);
    }
    let known = queries::known(conn, std::slice::from_ref(&email))?;
    if let Some(other) = known.get(&email.key()).filter(|user| user.id != account.id) {
        let who = if actor.may(Kind::User.permission(Right::Read)) { other.name.as_str() } else { "Another user" };
        let how = match other {
            other if other.disabled => " (disabled)",
            other if other.invited => " (invited)",
            _ => "",
        };
        return Err(Error::Conflict(format!("{who}{how} already has the e-mail address {}.", email.as_str())));
    }
    queries::set_email(conn, account, &email)?;
    links::use_up(conn, Purpose::Password, Some(&account.id))?;
    queries::end_link(conn, &account.id)?;
    let changed = Event {
        verb: verbs::EMAIL_CHANGED,
        target_kind: Kind::User.as_str(),
        target_id: Some(&account.id),
        target_name: &account.name,
        object: None,
        detail: serde_json::json!({"before": {"email": before}, "after": {"email": email.as_str()}}),
    };
    audit::begin(conn, actor)?.record(conn, &changed)?;
    Ok(true)
}
