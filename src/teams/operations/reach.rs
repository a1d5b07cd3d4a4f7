//! Joining a team, or getting a role, may give power over the accounts of a team (see [`crate::roles::operations::reach`]). So
//! nobody brings the two together where an account can do more than they can themselves.

use crate::accounts::model::Kind;
use crate::accounts::queries::changes;
use crate::accounts::queries::conditions::Condition;
use crate::audit::{Change, verbs};
use crate::auth::principal::Principal;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::roles::operations::reach::{KINDS, into_teams, role_beyond};
use crate::roles::{self, Role};
use crate::teams::queries::members::{self, HeldRole};
use crate::teams::{Team, queries};

/// Looks at what was carried out of `change`: nobody in the team came to power over an account that can do more than the actor.
pub fn stays(conn: &mut DbConnection, actor: &Principal, team: &Team, change: &Change) -> Result<(), Error> {
    if actor.is_administrator() {
        return Ok(());
    }
    stays_in_one(conn, actor, team, change)
}

/// The same for every team that `change` adds somebody to.
pub fn stays_in_all(conn: &mut DbConnection, actor: &Principal, change: &Change) -> Result<(), Error> {
    if actor.is_administrator() {
        return Ok(());
    }
    let teams = members::teams_joined(conn, &change.id)?;
    queries::find(conn, &teams)?.iter().try_for_each(|team| stays_in_one(conn, actor, team, change))
}

fn stays_in_one(conn: &mut DbConnection, actor: &Principal, team: &Team, change: &Change) -> Result<(), Error> {
    let members = members::roles_of_team(conn, &team.id)?;
    let added = members::roles_of_added(conn, &change.id)?;
    let all = roles::queries::all(conn)?;
    for kind in KINDS {
        let reaching = |held: &[HeldRole]| {
            let reaches = |role: &&Role| into_teams(&role.permissions, kind);
            all.iter().filter(reaches).any(|role| held.iter().any(|held| held.role == role.id))
        };
        let (weighed, newcomers) = if reaching(&added) {
            (&members, false)
        } else if reaching(&members) || into_teams(&actor.permissions, kind) {
            (&added, true)
        } else {
            continue;
        };
        let Some((role, lacked)) = role_beyond(actor, kind, &all, weighed) else { continue };
        let condition = if newcomers { Condition::HasRole(&role.id) } else { Condition::Any };
        let who = changes::first_with(conn, change, verbs::TEAM_ADDED, condition)?;
        let (who, name) = (who.unwrap_or_default(), &team.name);
        return Err(Error::forbidden(
            lacked.to_string(),
            if newcomers {
                format!("You can't add {who}: it can do more than you, and members of {name} could manage it.")
            } else {
                format!("You can't add {who} to {name}: they could manage members who can do more than you.")
            },
        ));
    }
    Ok(())
}

/// Looks at the roles that `change` has given: nobody came by them to power over fellow members who can do more than the actor.
pub fn stays_by_roles(conn: &mut DbConnection, actor: &Principal, change: &Change) -> Result<(), Error> {
    if actor.is_administrator() {
        return Ok(());
    }
    let given = members::roles_given(conn, &change.id)?;
    let given = roles::queries::find(conn, &given)?;
    for kind in KINDS {
        let reaching: Vec<Id> =
            given.iter().filter(|role| into_teams(&role.permissions, kind)).map(|role| role.id.clone()).collect();
        if !reaching.is_empty() {
            weigh_beside(conn, actor, change, (kind, &reaching))?;
        }
    }
    Ok(())
}

fn weigh_beside(
    conn: &mut DbConnection,
    actor: &Principal,
    change: &Change,
    (kind, reaching): (Kind, &[Id]),
) -> Result<(), Error> {
    let (beside, all) = (members::roles_beside_given(conn, &change.id, reaching)?, roles::queries::all(conn)?);
    let Some((role, lacked)) = role_beyond(actor, kind, &all, &beside) else { return Ok(()) };
    let who = changes::first_with(conn, change, verbs::ROLE_ADDED, Condition::HasRoleInTeam(kind, &role.id))?;
    let who = who.unwrap_or_default();
    let sentence = format!("You can't give {who} this role: they could manage members of their teams who can do more than you.");
    Err(Error::forbidden(lacked.to_string(), sentence))
}
