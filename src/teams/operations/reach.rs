//! Joining a team may give power: who holds `system_account:manage:team` handles the tokens of the system accounts in their own
//! teams. So nobody brings the two together where an account can do more than they can themselves.

use crate::accounts::model::{Kind, Right};
use crate::accounts::queries::changes;
use crate::audit::{Change, verbs};
use crate::auth::principal::Principal;
use crate::database::DbConnection;
use crate::error::Error;
use crate::roles::permission::PermissionSet;
use crate::roles::{self, Role};
use crate::teams::queries::members::{self, Held};
use crate::teams::{Team, queries};

/// Whether these permissions reach the accounts of one's own teams, and no others.
fn into_teams(permissions: &PermissionSet, kind: Kind) -> bool {
    permissions.allows_str(kind.permission(Right::ManageTeam)) && !permissions.allows_str(kind.permission(Right::Manage))
}

/// Looks at what was carried out of `change`: nobody in the team came to power over an account that can do more than the actor.
///
/// # Errors
/// `Forbidden`, with the permission that the actor lacks.
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
    for kind in [Kind::System, Kind::User] {
        let reaching = |held: &[Held]| {
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
        let of_kind = |role: &&Role| weighed.iter().any(|held| held.role == role.id && held.kind == kind.as_str());
        let missing = |role: &Role| role.permissions.iter().find(|one| !actor.permissions.allows(one)).map(ToString::to_string);
        let Some((role, lacked)) = all.iter().filter(of_kind).find_map(|role| Some((role, missing(role)?))) else { continue };
        let who = changes::first_in_the_way(conn, change, verbs::TEAM_ADDED, |sql| {
            if newcomers {
                sql.push(" AND EXISTS (SELECT 1 FROM account_roles r WHERE r.account_id = a.id AND r.role_id = ");
                sql.bind(&role.id).push(")");
            }
        })?;
        let (who, name) = (who.unwrap_or_default(), &team.name);
        return Err(Error::forbidden(
            lacked,
            if newcomers {
                format!(
                    "You can't add {who}: it can do more than you, and members of {name} could manage it. Ask an administrator."
                )
            } else {
                format!(
                    "You can't add {who} to {name}: they could manage members who can do more than you. Ask an administrator."
                )
            },
        ));
    }
    Ok(())
}
