//! What permissions over the accounts of one's own teams reach. Who holds `system_account:manage:team` handles the tokens of the
//! system accounts in their teams, and so can do all that these can. Nobody gives that, or makes themself somebody who has it,
//! where they could do less themselves.

use std::collections::HashMap;

use crate::accounts::model::{Kind, Right};
use crate::auth::principal::{Principal, lacks};
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::roles::permission::{Permission, PermissionSet};
use crate::roles::{Role, queries};
use crate::teams::queries::members::{self, HeldRole};

pub const KINDS: [Kind; 2] = [Kind::System, Kind::User];

/// Whether these permissions reach the accounts of one's own teams, and no others.
pub fn into_teams(permissions: &PermissionSet, kind: Kind) -> bool {
    permissions.allows_str(kind.permission(Right::ManageTeam)) && !permissions.allows_str(kind.permission(Right::Manage))
}

/// The first of the permissions of accounts of a kind that whoever holds `held` cannot have by handling those accounts. Who
/// handles all of the kind gets hold of what the API behind the gateway asks for by any of their tokens.
pub fn beyond<'a>(held: &PermissionSet, kind: Kind, wanted: impl IntoIterator<Item = &'a Permission>) -> Option<&'a Permission> {
    let everywhere = held.allows_str(kind.permission(Right::Manage));
    lacks(held, wanted.into_iter().filter(|one| !everywhere || one.administers()))
}

/// The first role of accounts of a kind that grants something [`beyond`] the actor, with that.
pub fn role_beyond<'a>(actor: &Principal, kind: Kind, all: &'a [Role], held: &[HeldRole]) -> Option<(&'a Role, &'a Permission)> {
    let of_kind = |role: &&Role| held.iter().any(|held| held.role == role.id && held.kind == kind.as_str());
    all.iter().filter(of_kind).find_map(|role| Some((role, beyond(&actor.permissions, kind, &role.permissions)?)))
}

/// What the accounts can do that some others handle in their teams.
#[derive(Debug, Default)]
pub struct Reached(HashMap<Id, Vec<(Kind, PermissionSet)>>);

impl Reached {
    /// What these accounts reach, of which it is known what they may do themselves. Three statements, or none where nobody
    /// handles accounts of their teams.
    pub fn by(conn: &mut DbConnection, accounts: &HashMap<Id, PermissionSet>) -> Result<Self, Error> {
        let kinds_of = |held: &PermissionSet| KINDS.into_iter().filter(|kind| into_teams(held, *kind)).collect::<Vec<_>>();
        let reaching: HashMap<&Id, Vec<Kind>> =
            accounts.iter().map(|(id, held)| (id, kinds_of(held))).filter(|(_, kinds)| !kinds.is_empty()).collect();
        if reaching.is_empty() {
            return Ok(Self::default());
        }
        let ids: Vec<Id> = reaching.keys().map(|id| (*id).clone()).collect();
        let (beside, all) = (members::roles_beside_each(conn, &ids)?, queries::all(conn)?);
        let reached = |id: &Id, kind: Kind| -> PermissionSet {
            let here = |role: &&Role| beside.iter().any(|one| one.is(id, kind, &role.id));
            all.iter().filter(here).flat_map(|role| role.permissions.iter().cloned()).collect()
        };
        let of =
            |(id, kinds): (&&Id, &Vec<Kind>)| ((*id).clone(), kinds.iter().map(|kind| (*kind, reached(id, *kind))).collect());
        Ok(Self(reaching.iter().map(of).collect()))
    }

    /// The first permission within an account's reach that whoever holds `held` does not have.
    pub fn beyond(&self, held: &PermissionSet, account: &Id) -> Option<&Permission> {
        self.0.get(account)?.iter().find_map(|(kind, reached)| beyond(held, *kind, reached))
    }
}

/// Looks at a role that has come to grant what it is now: nobody who has it came to power over accounts of their teams that can
/// do more than the actor.
pub fn stays_by_role(conn: &mut DbConnection, actor: &Principal, before: &Role, after: &PermissionSet) -> Result<(), Error> {
    if actor.is_administrator() {
        return Ok(());
    }
    for kind in KINDS {
        let right = kind.permission(Right::ManageTeam);
        if !into_teams(after, kind) || before.permissions.allows_str(right) {
            continue;
        }
        let (beside, all) = (members::roles_beside_holders(conn, &before.id)?, queries::all(conn)?);
        if let Some((_, lacked)) = role_beyond(actor, kind, &all, &beside) {
            let sentence = format!(
                "You can't add {right} to {}: people with this role could then manage team members who can do more \
                 than you. Ask an administrator.",
                before.name
            );
            return Err(Error::forbidden(lacked.to_string(), sentence));
        }
    }
    Ok(())
}
