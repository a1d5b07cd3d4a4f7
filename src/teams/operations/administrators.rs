//! Who administers a team: they rename it and choose its members. They need not be members.

use super::members::{MembersChange, all_exist, some};
use super::{MANAGE, managed};
use crate::accounts::queries::changes::{self, ADMINISTRATION, Whom};
use crate::audit;
use crate::auth::principal::Principal;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::teams::{Team, queries};

const CHOOSE: &str = "Only administrators can choose the administrators of a team.";

/// Makes enabled accounts administrators of a team.
pub fn appoint(conn: &mut DbConnection, actor: &Principal, team: &Id, accounts: &[Id]) -> Result<MembersChange, Error> {
    actor.require(MANAGE, CHOOSE)?;
    let team = queries::find_one(conn, team)?;
    some(accounts)?;
    if let Some(name) = queries::members::who_is_not_enabled(conn, accounts)? {
        return Err(Error::field("account", format!("{name} can't be an administrator of a team: only enabled accounts can.")));
    }
    add(conn, actor, team, accounts)
}

/// Makes these accounts the administrators of a team, and nobody else. A disabled one may be among them: it does not count as one
/// until it is enabled. Nobody but the administrators of Muster may change who they are.
pub fn replace(conn: &mut DbConnection, actor: &Principal, team: &Id, wanted: &[Id]) -> Result<(), Error> {
    let team = managed(conn, actor, team)?;
    let present = queries::members::administrator_ids(conn, &team.id)?;
    let added: Vec<Id> = wanted.iter().filter(|id| !present.contains(id)).cloned().collect();
    let removed: Vec<Id> = present.iter().filter(|id| !wanted.contains(id)).cloned().collect();
    if !added.is_empty() {
        actor.require(MANAGE, CHOOSE)?;
        all_exist(conn, &added)?;
        add(conn, actor, team.clone(), &added)?;
    }
    if !removed.is_empty() {
        dismiss(conn, actor, &team.id, &removed)?;
    }
    Ok(())
}

fn add(conn: &mut DbConnection, actor: &Principal, team: Team, users: &[Id]) -> Result<MembersChange, Error> {
    let change = audit::begin(conn, actor)?;
    let added = changes::record_teams(conn, &change, (ADMINISTRATION, true), Whom::These(users), std::slice::from_ref(&team.id))?;
    if added == 0 {
        change.discard(conn)?;
        return Ok(MembersChange::nothing(team));
    }
    changes::add_administrations(conn, &change)?;
    MembersChange::told(conn, team, &change, ADMINISTRATION.added)
}

/// Takes the administration of a team from users; those who are members stay members. An administrator of the team may give up
/// their own.
pub fn dismiss(conn: &mut DbConnection, actor: &Principal, team: &Id, users: &[Id]) -> Result<MembersChange, Error> {
    if !users.iter().all(|user| actor.is(user)) {
        actor.require(MANAGE, CHOOSE)?;
    }
    let team = managed(conn, actor, team)?;
    some(users)?;
    let change = audit::begin(conn, actor)?;
    let removed =
        changes::record_teams(conn, &change, (ADMINISTRATION, false), Whom::These(users), std::slice::from_ref(&team.id))?;
    if removed == 0 {
        change.discard(conn)?;
        return Ok(MembersChange::nothing(team));
    }
    changes::remove_administrations(conn, &change)?;
    MembersChange::told(conn, team, &change, ADMINISTRATION.removed)
}
