//! Who belongs to a team.

use std::collections::HashSet;

use super::{managed, reach};
use crate::accounts::model::{Kind, Right};
use crate::accounts::queries::changes::{self, MEMBERSHIP, Whom};
use crate::audit::{self, verbs};
use crate::auth::principal::Principal;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::teams::{Team, queries};

/// What a change to a team's members or administrators did.
#[derive(Debug, Clone)]
pub struct MembersChange {
    pub team: Team,
    pub touched: Touched,
    /// Absent where nothing had to be changed.
    pub change: Option<Id>,
}

impl MembersChange {
    pub(super) fn nothing(team: Team) -> Self {
        Self { team, touched: Touched::default(), change: None }
    }

    pub(super) fn told(conn: &mut DbConnection, team: Team, change: &audit::Change, verb: &str) -> Result<Self, Error> {
        Ok(Self { team, touched: Touched::read(conn, change, verb)?, change: Some(change.id.clone()) })
    }
}

/// Whom a change was about.
#[derive(Debug, Clone, Default)]
pub struct Touched {
    /// How many of each kind.
    pub kinds: Vec<(Kind, i64)>,
    /// The name, where it was one.
    pub only: Option<String>,
}

impl Touched {
    pub(super) fn read(conn: &mut DbConnection, change: &audit::Change, verb: &str) -> Result<Self, Error> {
        let tallies = changes::tally(conn, &change.id)?;
        let of_verb = tallies.iter().filter(|tally| tally.verb == verb);
        // Users before system accounts, as everywhere.
        let kinds: Vec<(Kind, i64)> =
            of_verb.rev().filter_map(|tally| Some((Kind::parse(&tally.kind)?, tally.accounts))).collect();
        let only = match kinds.as_slice() {
            [(_, 1)] => Some(changes::first_name(conn, change, verb)?),
            _ => None,
        };
        Ok(Self { kinds, only })
    }
}

/// Somebody must be chosen.
pub(super) fn some(accounts: &[Id]) -> Result<(), Error> {
    if accounts.is_empty() { Err(Error::field("account", "Select at least one account.")) } else { Ok(()) }
}

/// Adds accounts to a team.
pub fn add(conn: &mut DbConnection, actor: &Principal, team: &Id, accounts: &[Id]) -> Result<MembersChange, Error> {
    let team = managed(conn, actor, team)?;
    some(accounts)?;
    in_sight(conn, actor, accounts)?;
    match carry_out(conn, actor, &team, (accounts, Whom::These(&[])))? {
        Some(change) => MembersChange::told(conn, team, &change, verbs::TEAM_ADDED),
        None => Ok(MembersChange::nothing(team)),
    }
}

/// Removes accounts from a team. Its administrators stay what they are.
pub fn remove(conn: &mut DbConnection, actor: &Principal, team: &Id, accounts: &[Id]) -> Result<MembersChange, Error> {
    let team = managed(conn, actor, team)?;
    some(accounts)?;
    match carry_out(conn, actor, &team, (&[], Whom::These(accounts)))? {
        Some(change) => MembersChange::told(conn, team, &change, verbs::TEAM_REMOVED),
        None => Ok(MembersChange::nothing(team)),
    }
}

/// Adds some accounts and removes others, all or none. Who is a member already, or is none, stays so.
pub fn adjust(conn: &mut DbConnection, actor: &Principal, team: &Id, added: &[Id], removed: &[Id]) -> Result<(), Error> {
    let team = managed(conn, actor, team)?;
    newcomers_in_sight(conn, actor, &team, added)?;
    all_exist(conn, removed)?;
    carry_out(conn, actor, &team, (added, Whom::These(removed))).map(drop)
}

/// Removes one account from a team. An administrator of the team who is no member is left alone.
///
/// # Errors
/// `Forbidden`; `NotFound`, also for an account that does not belong to the team.
pub fn remove_one(conn: &mut DbConnection, actor: &Principal, team: &Id, account: &Id) -> Result<(), Error> {
    let team = managed(conn, actor, team)?;
    let one = std::slice::from_ref(account);
    let left = carry_out(conn, actor, &team, (&[], Whom::These(one)))?;
    if left.is_some() || queries::members::administrator_ids(conn, &team.id)?.contains(account) {
        return Ok(());
    }
    Err(Error::NotFound("membership"))
}

/// Makes these accounts the members of a team, and nobody else.
pub fn replace(conn: &mut DbConnection, actor: &Principal, team: &Id, wanted: &[Id]) -> Result<(), Error> {
    let team = managed(conn, actor, team)?;
    newcomers_in_sight(conn, actor, &team, wanted)?;
    carry_out(conn, actor, &team, (wanted, Whom::AllBut(wanted))).map(drop)
}

/// The way of every change to who belongs to a team: events, statements, rule.
fn carry_out(
    conn: &mut DbConnection,
    actor: &Principal,
    team: &Team,
    (joining, leaving): (&[Id], Whom<'_>),
) -> Result<Option<audit::Change>, Error> {
    let change = audit::begin(conn, actor)?;
    let one = std::slice::from_ref(&team.id);
    let left = changes::record_teams(conn, &change, (MEMBERSHIP, false), leaving, one)?;
    let joined = changes::record_teams(conn, &change, (MEMBERSHIP, true), Whom::These(joining), one)?;
    if left + joined == 0 {
        change.discard(conn)?;
        return Ok(None);
    }
    apply(conn, actor, team, &change, (joined > 0, left > 0))?;
    Ok(Some(change))
}

/// Carries out the events of a change: who joins, who leaves.
pub(super) fn apply(
    conn: &mut DbConnection,
    actor: &Principal,
    team: &Team,
    change: &audit::Change,
    (joins, leaves): (bool, bool),
) -> Result<(), Error> {
    if leaves {
        changes::remove_memberships(conn, change, verbs::TEAM_REMOVED)?;
    }
    if joins {
        changes::add_memberships(conn, change, verbs::TEAM_ADDED)?;
        reach::stays(conn, actor, team, change)?;
    }
    Ok(())
}

/// Who is a member already need not be seen.
fn newcomers_in_sight(conn: &mut DbConnection, actor: &Principal, team: &Team, wanted: &[Id]) -> Result<(), Error> {
    let members = queries::members::among(conn, &team.id, wanted)?;
    let newcomers: Vec<Id> = wanted.iter().filter(|id| !members.contains(id)).cloned().collect();
    in_sight(conn, actor, &newcomers)
}

/// What the actor cannot see is not there for them.
fn in_sight(conn: &mut DbConnection, actor: &Principal, accounts: &[Id]) -> Result<(), Error> {
    let kinds = [Kind::User, Kind::System].map(|kind| (kind, actor.may(kind.permission(Right::Read))));
    let seen: Vec<&str> = kinds.iter().filter(|(_, may)| *may).map(|(kind, _)| kind.as_str()).collect();
    none_is_missing(&queries::members::existing(conn, accounts, &seen)?, accounts)
}

pub(super) fn all_exist(conn: &mut DbConnection, accounts: &[Id]) -> Result<(), Error> {
    let kinds = [Kind::User, Kind::System].map(Kind::as_str);
    none_is_missing(&queries::members::existing(conn, accounts, &kinds)?, accounts)
}

fn none_is_missing(found: &HashSet<Id>, accounts: &[Id]) -> Result<(), Error> {
    match accounts.iter().find(|id| !found.contains(id)) {
        None => Ok(()),
        Some(missing) => Err(Error::field("account", format!("The account {missing} no longer exists."))),
    }
}
