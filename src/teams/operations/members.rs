//! Who belongs to a team.

use super::{managed, reach};
use crate::accounts::model::{Kind, Right};
use crate::accounts::queries::changes::{self, MEMBERSHIP};
use crate::audit::{self, verbs};
use crate::auth::principal::Principal;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::teams::{Team, queries};

/// What a change to a team's members or administrators did.
#[derive(Debug, Clone)]
pub struct Changed {
    pub team: Team,
    pub accounts: i64,
    /// The name, where it was one.
    pub only: Option<String>,
    /// Absent where nothing had to be changed.
    pub change: Option<Id>,
}

impl Changed {
    pub(super) fn nothing(team: Team) -> Self {
        Self { team, accounts: 0, only: None, change: None }
    }

    pub(super) fn told(
        conn: &mut DbConnection,
        team: Team,
        change: &audit::Change,
        verb: &str,
        accounts: i64,
    ) -> Result<Self, Error> {
        let only = if accounts == 1 { Some(changes::first_name(conn, change, verb)?) } else { None };
        Ok(Self { team, accounts, only, change: Some(change.id.clone()) })
    }
}

/// Somebody must be chosen.
pub(super) fn some(accounts: &[Id]) -> Result<(), Error> {
    if accounts.is_empty() { Err(Error::field("account", "Choose at least one.")) } else { Ok(()) }
}

/// Adds accounts to a team.
///
/// # Errors
/// `Forbidden`, `NotFound`, `Invalid` (field `account`).
pub fn add(conn: &mut DbConnection, actor: &Principal, team: &Id, accounts: &[Id]) -> Result<Changed, Error> {
    let team = managed(conn, actor, team)?;
    some(accounts)?;
    in_sight(conn, actor, accounts)?;
    let change = audit::begin(conn, actor)?;
    let added = changes::note_teams(conn, &change, (MEMBERSHIP, true), Some(accounts), std::slice::from_ref(&team.id))?;
    if added == 0 {
        change.discard(conn)?;
        return Ok(Changed::nothing(team));
    }
    changes::add_memberships(conn, &change, verbs::TEAM_ADDED)?;
    reach::stays(conn, actor, &team, &change)?;
    Changed::told(conn, team, &change, verbs::TEAM_ADDED, added)
}

/// Removes accounts from a team. Its administrators stay what they are.
///
/// # Errors
/// `Forbidden`, `NotFound`, `Invalid` (field `account`).
pub fn remove(conn: &mut DbConnection, actor: &Principal, team: &Id, accounts: &[Id]) -> Result<Changed, Error> {
    let team = managed(conn, actor, team)?;
    some(accounts)?;
    let change = audit::begin(conn, actor)?;
    let removed = changes::note_teams(conn, &change, (MEMBERSHIP, false), Some(accounts), std::slice::from_ref(&team.id))?;
    if removed == 0 {
        change.discard(conn)?;
        return Ok(Changed::nothing(team));
    }
    changes::remove_memberships(conn, &change, verbs::TEAM_REMOVED)?;
    Changed::told(conn, team, &change, verbs::TEAM_REMOVED, removed)
}

/// What the actor cannot see is not there for them.
fn in_sight(conn: &mut DbConnection, actor: &Principal, accounts: &[Id]) -> Result<(), Error> {
    let kinds = [Kind::User, Kind::System].map(|kind| (kind, actor.may(kind.permission(Right::Read))));
    let seen: Vec<&str> = kinds.iter().filter(|(_, may)| *may).map(|(kind, _)| kind.as_str()).collect();
    let wanted: std::collections::HashSet<&Id> = accounts.iter().collect();
    if queries::members::existing(conn, accounts, &seen)? < i64::try_from(wanted.len()).unwrap_or(i64::MAX) {
        return Err(Error::field("account", "One of these accounts no longer exists. Nothing was changed."));
    }
    Ok(())
}
