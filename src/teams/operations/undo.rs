//! Undo of a change to who belongs to a team, for whoever may choose its members.

use super::managed;
use super::members::{Touched, apply};
use crate::accounts::queries::changes::{self, MEMBERSHIP, Of, Reversal};
use crate::audit::{self, verbs};
use crate::auth::principal::Principal;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::teams::{Team, queries};

const TEAMS: Of = Of::Table("teams");
/// What takes back what.
const REVERSALS: [Reversal; 2] = [
    Reversal { event: MEMBERSHIP.added, by: MEMBERSHIP.removed, of: TEAMS },
    Reversal { event: MEMBERSHIP.removed, by: MEMBERSHIP.added, of: TEAMS },
];

/// What Undo did.
#[derive(Debug, Clone)]
pub struct MembersUndone {
    pub team: Team,
    pub joined: Touched,
    pub left: Touched,
    /// Changes left alone because somebody has made others since.
    pub alone: i64,
}

/// Takes back what a change of the actor's own did to the members of a team, as far as nobody has changed it since.
///
/// # Errors
/// `NotFound` for a change of somebody else's, and for one that did anything else; `Conflict` for one that has been undone.
pub fn undo(conn: &mut DbConnection, actor: &Principal, team: &Id, undone: &Id) -> Result<MembersUndone, Error> {
    let team = managed(conn, actor, team)?;
    if !audit::queries::is_by(conn, undone, actor)? || !queries::members::is_change_of(conn, undone, &team.id)? {
        return Err(Error::NotFound("change"));
    }
    let change = audit::begin_undo(conn, actor, undone)?;
    let alone = changes::record_opposites(conn, &change, undone, &REVERSALS)?;
    let joined = Touched::read(conn, &change, verbs::TEAM_ADDED)?;
    let left = Touched::read(conn, &change, verbs::TEAM_REMOVED)?;
    let some = (!joined.kinds.is_empty(), !left.kinds.is_empty());
    if some == (false, false) {
        return Err(Error::Conflict("Couldn't undo: someone has changed these since.".into()));
    }
    apply(conn, actor, &team, &change, some)?;
    Ok(MembersUndone { team, joined, left, alone })
}
