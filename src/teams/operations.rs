//! The verbs that a person would say of teams.

use super::queries;
use crate::audit::{self, Event, verbs};
use crate::auth::principal::Principal;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::text::{fold, tidy};

const NAME_LIMIT: usize = 80;

/// Creates a team without members, and returns its identity.
///
/// # Errors
/// `Forbidden`, `Invalid` (field `name`).
pub fn create(conn: &mut DbConnection, actor: &Principal, name: &str) -> Result<Id, Error> {
    actor.require("team:manage:*", "Only administrators can create teams.")?;
    let name = tidy(name, NAME_LIMIT).map_err(|sentence| Error::field("name", sentence))?;
    if name.is_empty() {
        return Err(Error::field("name", "Enter a name."));
    }
    if queries::is_taken(conn, &fold(&name))? {
        return Err(Error::field("name", "A team already has this name."));
    }
    let id = Id::new();
    queries::insert(conn, &id, &name)?;
    let event = Event {
        verb: verbs::TEAM_CREATED,
        target_kind: "team",
        target_id: Some(&id),
        target_name: &name,
        object: None,
        detail: serde_json::json!({}),
    };
    audit::record_alone(conn, actor, &event)?;
    Ok(id)
}
