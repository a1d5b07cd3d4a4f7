//! Who administers a team: they rename it and choose its members. They need not be members.

use super::members::{Changed, some};
use super::{MANAGE, managed};
use crate::accounts::queries::changes::{self, ADMINISTRATION};
use crate::audit;
use crate::auth::principal::Principal;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::teams::queries;

/// Makes users administrators of a team.
///
/// # Errors
/// `Forbidden`, `NotFound`, `Invalid` (field `account`).
pub fn appoint(conn: &mut DbConnection, actor: &Principal, team: &Id, users: &[Id]) -> Result<Changed, Error> {
    actor.require(MANAGE, "Only administrators can choose the administrators of a team.")?;
    let team = queries::find_one(conn, team)?;
    some(users)?;
    if let Some(name) = queries::members::who_cannot_sign_in(conn, users)? {
        return Err(Error::field(
            "account",
            format!("{name} can't be an administrator of a team: only enabled users can. Nothing was changed."),
        ));
    }
    let change = audit::begin(conn, actor)?;
    let added = changes::note_teams(conn, &change, (ADMINISTRATION, true), Some(users), std::slice::from_ref(&team.id))?;
    if added == 0 {
        change.discard(conn)?;
        return Ok(Changed::nothing(team));
    }
    changes::add_administrations(conn, &change)?;
    Changed::told(conn, team, &change, ADMINISTRATION.added, added)
}

/// Takes the administration of a team from users; those who are members stay members. An administrator of the team may give up
/// their own.
///
/// # Errors
/// `Forbidden`, `NotFound`, `Invalid` (field `account`).
pub fn dismiss(conn: &mut DbConnection, actor: &Principal, team: &Id, users: &[Id]) -> Result<Changed, Error> {
    if !users.iter().all(|user| actor.is(user)) {
        actor.require(MANAGE, "Only administrators can choose the administrators of a team.")?;
    }
    let team = managed(conn, actor, team)?;
    some(users)?;
    let change = audit::begin(conn, actor)?;
    let removed = changes::note_teams(conn, &change, (ADMINISTRATION, false), Some(users), std::slice::from_ref(&team.id))?;
    if removed == 0 {
        change.discard(conn)?;
        return Ok(Changed::nothing(team));
    }
    changes::remove_administrations(conn, &change)?;
    Changed::told(conn, team, &change, ADMINISTRATION.removed, removed)
}
