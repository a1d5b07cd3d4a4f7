//! The rules that every change to a role keeps, whichever way it comes by: page, API or shell.

use crate::accounts::queries::administrators::Administrators;
use crate::auth::principal::Principal;
use crate::database::DbConnection;
use crate::error::Error;
use crate::roles::model::Role;
use crate::roles::permission::{Permission, PermissionSet};
use crate::roles::predefined;
use crate::settings;

/// Nobody grants what they do not have, without this change: `actor` was read before it. Nor does anybody take what they do not
/// have, since who has less is less protected (a user's reset link may be made by whoever has all that the user has). Both are
/// judged as the check judges: what `before` covered already is not given, what `after` still covers is not taken.
///
/// # Errors
/// `Forbidden` with the first permission in the way.
pub fn may_change(actor: &Principal, before: &PermissionSet, after: &PermissionSet) -> Result<(), Error> {
    if actor.is_administrator() {
        return Ok(());
    }
    let beyond = |permission: &&Permission| !actor.permissions.allows(permission);
    if let Some(given) = after.iter().filter(|permission| !before.allows(permission)).find(beyond) {
        let sentence = format!("You can't add {given} to a role, because you don't have it yourself.");
        return Err(Error::forbidden(given.to_string(), sentence));
    }
    if let Some(taken) = before.iter().filter(|permission| !after.allows(permission)).find(beyond) {
        let sentence = format!("You can't remove {taken} from a role, because you don't have it yourself.");
        return Err(Error::forbidden(taken.to_string(), sentence));
    }
    Ok(())
}

pub fn is_unlocked(role: &Role) -> Result<(), Error> {
    if !role.locked {
        return Ok(());
    }
    Err(Error::Conflict(format!("{} is locked and can't be changed. Duplicate it to make a role of your own.", role.name)))
}

/// A role that comes with Muster stays, and so does one that new accounts begin with.
///
/// # Errors
/// `Conflict` with the sentence for the actor.
pub fn may_delete(conn: &mut DbConnection, role: &Role) -> Result<(), Error> {
    if role.predefined {
        return Err(Error::Conflict(format!("{} comes with Muster and can't be deleted.", role.name)));
    }
    let Some(accounts) = settings::general::read(conn)?.begin_with(&role.id) else { return Ok(()) };
    Err(Error::Conflict(format!(
        "{} is the default role of new {accounts}. Choose another default role under Settings first.",
        role.name
    )))
}

pub fn defaults(role: &Role) -> Result<PermissionSet, Error> {
    let missing = || Error::Conflict(format!("{} doesn't come with Muster, so it has no defaults to go back to.", role.name));
    predefined::default_permissions(&role.id).ok_or_else(missing)
}

/// Refuses a change that has left nobody who can administer Muster.
pub fn an_administrator_remains(conn: &mut DbConnection, administrators: Administrators) -> Result<(), Error> {
    if !administrators.are_gone(conn)? {
        return Ok(());
    }
    Err(Error::Conflict(
        "This would leave nobody who can sign in and administer Muster. Make someone an administrator first.".into(),
    ))
}
