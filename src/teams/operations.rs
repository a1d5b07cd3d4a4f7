//! The verbs that a person would say of teams.

use super::{Team, queries};
use crate::accounts::model::AccountName;
use crate::accounts::queries::changes::{self, ADMINISTRATION, MEMBERSHIP, Whom};
use crate::audit::{self, Event, verbs};
use crate::auth::principal::Principal;
use crate::database::DbConnection;
use crate::database::constraint::TEAM_TAKEN;
use crate::error::Error;
use crate::id::Id;
use crate::settings;

pub mod administrators;
pub mod applications;
pub mod members;
pub mod reach;
pub mod undo;

/// The right over all teams.
pub const MANAGE: &str = "team:manage:*";

/// The right over one team, which its administrators have.
pub fn manage(team: &Id) -> String {
    format!("team:manage:{team}")
}

/// A team that the actor may change. Asks for the permission before it looks.
fn managed(conn: &mut DbConnection, actor: &Principal, team: &Id) -> Result<Team, Error> {
    if !actor.may(&manage(team)) {
        return Err(Error::forbidden(MANAGE, "Only administrators of this team can change it."));
    }
    queries::find_one(conn, team)
}

/// A name that no other team has, by the rules for the names of accounts.
fn free_name(conn: &mut DbConnection, name: &str, own: Option<&Id>) -> Result<AccountName, Error> {
    let name = AccountName::parse(name).map_err(|sentence| Error::field("name", sentence))?;
    match queries::named(conn, &name.key())? {
        Some(other) if own != Some(&other) => Err(Error::field("name", TEAM_TAKEN)),
        _ => Ok(name),
    }
}

fn event<'a>(verb: &'static str, id: &'a Id, name: &'a str, detail: serde_json::Value) -> Event<'a> {
    Event { verb, target_kind: "team", target_id: Some(id), target_name: name, object: None, detail }
}

/// Creates a team without members, and returns its identity.
pub fn create(conn: &mut DbConnection, actor: &Principal, name: &str) -> Result<Id, Error> {
    actor.require(MANAGE, "Only administrators can create teams.")?;
    let name = free_name(conn, name, None)?;
    let id = Id::new();
    queries::insert(conn, &id, name.as_str())?;
    audit::record_alone(conn, actor, &event(verbs::TEAM_CREATED, &id, name.as_str(), serde_json::json!({})))?;
    Ok(id)
}

/// Gives a team another name. `shown` is the name that the form was drawn with.
///
/// # Errors
/// `Forbidden`, `NotFound`, `Invalid` (field `name`), also where somebody has renamed it since.
pub fn rename(conn: &mut DbConnection, actor: &Principal, id: &Id, (shown, name): (&str, &str)) -> Result<Team, Error> {
    let team = managed(conn, actor, id)?;
    let name = free_name(conn, name, Some(id))?;
    if team.name == name.as_str() {
        return Ok(team);
    }
    if !shown.is_empty() && shown != team.name {
        return Err(Error::field("name", format!("This team was renamed to {} in the meantime.", team.name)));
    }
    queries::rename(conn, id, &name)?;
    let detail = serde_json::json!({ "before": {"name": team.name}, "after": {"name": name.as_str()} });
    audit::begin(conn, actor)?.record(conn, &event(verbs::TEAM_RENAMED, id, name.as_str(), detail))?;
    Ok(Team { id: team.id, name: name.as_str().to_owned() })
}

/// What a team is to be, but for its members.
#[derive(Debug, Clone, Default)]
pub struct TeamDraft {
    pub name: String,
    pub applications: Vec<String>,
    pub administrators: Vec<Id>,
}

/// Creates a team with its applications and administrators, and returns its identity.
pub fn create_whole(conn: &mut DbConnection, actor: &Principal, draft: &TeamDraft) -> Result<Id, Error> {
    let id = create(conn, actor, &draft.name)?;
    applications::set(conn, actor, &id, (&draft.applications, None))?;
    administrators::replace(conn, actor, &id, &draft.administrators)?;
    Ok(id)
}

/// Gives a team another name, applications and administrators. Its members stay.
pub fn replace(conn: &mut DbConnection, actor: &Principal, id: &Id, draft: &TeamDraft) -> Result<(), Error> {
    rename(conn, actor, id, ("", &draft.name))?;
    applications::set(conn, actor, id, (&draft.applications, None))?;
    administrators::replace(conn, actor, id, &draft.administrators)
}

/// Why a team cannot be deleted: new accounts begin in it.
pub fn kept_as_default(conn: &mut DbConnection, id: &Id) -> Result<Option<String>, Error> {
    let is_default = settings::general::read(conn)?.begins_in(id);
    let sentence = "This is the default team of new accounts. Choose another default team under Settings first.";
    Ok(is_default.then(|| sentence.to_owned()))
}

/// Deletes a team. Its members stay, without what their roles allow for their teams; its administrators are none any more.
pub fn delete(conn: &mut DbConnection, actor: &Principal, id: &Id) -> Result<Team, Error> {
    actor.require(MANAGE, "Only administrators can delete teams.")?;
    let team = queries::find_one(conn, id)?;
    if let Some(sentence) = kept_as_default(conn, id)? {
        return Err(Error::Conflict(sentence));
    }
    let change = audit::begin(conn, actor)?;
    let one = std::slice::from_ref(id);
    let members = changes::record_teams(conn, &change, (MEMBERSHIP, false), Whom::All, one)?;
    let administrators = changes::record_teams(conn, &change, (ADMINISTRATION, false), Whom::All, one)?;
    let detail = serde_json::json!({ "members": members, "administrators": administrators });
    change.record(conn, &event(verbs::TEAM_DELETED, id, &team.name, detail))?;
    // Members and administrators go with the row, by their foreign keys.
    queries::delete(conn, id)?;
    Ok(team)
}
