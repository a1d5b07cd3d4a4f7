//! Undo: the opposite of what a change did.

use super::rules::{self, Plan};
use super::{Happened, carry_out, happened};
use crate::accounts::actions::Effect;
use crate::accounts::model::{Kind, Right};
use crate::accounts::queries::changes::{self, Tally};
use crate::audit;
use crate::auth::principal::Principal;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;

/// What Undo did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undone {
    pub kind: Kind,
    /// What it did to take the change back, one for each kind of event.
    pub happened: Vec<Happened>,
    /// Things left alone because somebody changed them since, or because they are gone.
    pub left: i64,
}

/// Takes back exactly what `undone` changed, as far as nobody has changed it since.
///
/// # Errors
/// `NotFound` for a change of somebody else's and for one that cannot be taken back, such as a creation; `Conflict` for one
/// that has been undone; and whatever the opposite change would be refused for.
pub fn undo(conn: &mut DbConnection, actor: &Principal, plan: &Plan, undone: &Id) -> Result<Undone, Error> {
    if !audit::queries::is_by(conn, undone, actor)? {
        return Err(Error::NotFound("change"));
    }
    let kind = kind_of(conn, undone)?;
    rules::may_begin(actor, kind, Right::ManageTeam)?;
    let change = audit::begin_undo(conn, actor, undone)?;
    let left = changes::record_opposites(conn, &change, undone, &Effect::reversals())?;
    let selected = changes::touched(conn, &change)?;
    let tallies = carry_out(conn, actor, plan, &change, selected)?;
    if tallies.is_empty() {
        let these = if left == 1 { format!("this {}", kind.noun()) } else { format!("these {}", kind.plural()) };
        return Err(Error::Conflict(format!("Couldn't undo: someone has changed {these} since.")));
    }
    Ok(Undone { kind, happened: happened(conn, &change, &tallies)?, left })
}

/// Which kind of accounts a change is about, all of which can be taken back.
fn kind_of(conn: &mut DbConnection, change: &Id) -> Result<Kind, Error> {
    let tallies = changes::tally(conn, change)?;
    let reversible = |tally: &Tally| Effect::of(&tally.verb).is_ok_and(|effect| effect.reversal.is_some());
    let kind = tallies.first().filter(|_| tallies.iter().all(reversible)).and_then(|tally| Kind::parse(&tally.kind));
    kind.ok_or(Error::NotFound("change"))
}
