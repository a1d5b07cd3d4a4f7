//! To handle a person, an actor must hold every permission that the person holds. Whoever creates a link for somebody or changes
//! their address could sign in as them, and whoever ends their sessions or tokens, renames or disables them weakens what protects
//! them. The rule and its refusal are defined here only: for one account, and for all accounts of a change.

use std::collections::HashMap;

use crate::accounts::model::{Account, Kind};
use crate::accounts::queries::changes;
use crate::audit::Change;
use crate::auth::principal::Principal;
use crate::database::DbConnection;
use crate::error::Error;
use crate::roles;
use crate::roles::operations::reach::Reached;
use crate::roles::permission::{Permission, PermissionSet};

/// The rule for one account. Machines are handled by whoever manages machines.
pub fn may_handle(conn: &mut DbConnection, actor: &Principal, account: &Account) -> Result<(), Error> {
    if account.kind != Kind::User || actor.is_administrator() {
        return Ok(());
    }
    covers(actor, account, &roles::queries::of_account(conn, &account.id)?.1)
}

/// The stricter rule where the actor could sign in as the user: they also need all that the user can do by the accounts that the
/// user handles.
pub fn may_become(conn: &mut DbConnection, actor: &Principal, user: &Account) -> Result<(), Error> {
    if actor.is_administrator() {
        return Ok(());
    }
    let held = roles::queries::of_account(conn, &user.id)?.1;
    covers(actor, user, &held)?;
    let reached = Reached::by(conn, &HashMap::from([(user.id.clone(), held)]))?;
    let Some(lacked) = reached.beyond(&actor.permissions, &user.id) else { return Ok(()) };
    let sentence = format!("{} manages accounts that can do more than you: you don't have {lacked}.", user.name);
    Err(Error::forbidden(lacked.to_string(), sentence))
}

/// The rule for every user whom the events of a change are about.
pub fn may_handle_changed(conn: &mut DbConnection, actor: &Principal, change: &Change, event: &str) -> Result<(), Error> {
    if actor.is_administrator() {
        return Ok(());
    }
    let held = changes::held(conn, change, event)?;
    let Some(missing) = actor.lacks(&held) else { return Ok(()) };
    let name = changes::first_holder(conn, change, event, missing)?;
    Err(can_do_more(&name, missing))
}

fn covers(actor: &Principal, account: &Account, held: &PermissionSet) -> Result<(), Error> {
    actor.lacks(held).map_or(Ok(()), |missing| Err(can_do_more(&account.name, missing)))
}

fn can_do_more(name: &str, missing: &Permission) -> Error {
    let sentence = format!("{name} can do more than you: you don't have {missing}.");
    Error::forbidden(missing.to_string(), sentence)
}
