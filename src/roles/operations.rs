//! The verbs that a person would say of roles.

use super::permission::{Permission, PermissionSet};
use super::queries;
use crate::audit::{self, Event, verbs};
use crate::auth::principal::Principal;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::text::{fold, tidy};

const NAME_LIMIT: usize = 80;
const DESCRIPTION_LIMIT: usize = 200;

/// A role as somebody describes it; nothing of it has been checked.
#[derive(Debug, Clone, Default)]
pub struct RoleCreation {
    pub name: String,
    pub description: String,
    pub permissions: Vec<String>,
}

/// Creates a role that grants no more than the actor has, and returns its identity.
///
/// # Errors
/// `Forbidden`, `Invalid` (fields `name`, `description`, `permission`).
pub fn create(conn: &mut DbConnection, actor: &Principal, form: &RoleCreation) -> Result<Id, Error> {
    actor.require("role:manage:*", "Only administrators can create roles.")?;
    let name = tidy(&form.name, NAME_LIMIT).map_err(|sentence| Error::field("name", sentence))?;
    let description = tidy(&form.description, DESCRIPTION_LIMIT).map_err(|sentence| Error::field("description", sentence))?;
    if name.is_empty() {
        return Err(Error::field("name", "Enter a name."));
    }
    let read = |text: &String| Permission::parse(text).map_err(|error| Error::field("permission", error.to_string()));
    let permissions = form.permissions.iter().map(read).collect::<Result<PermissionSet, Error>>()?;
    if !actor.may_grant(&permissions) {
        return Err(Error::forbidden("", "A role can't grant more than you have yourself."));
    }
    if queries::is_taken(conn, &fold(&name))? {
        return Err(Error::field("name", "A role already has this name."));
    }
    let id = Id::new();
    queries::insert(conn, &id, (&name, &description), &permissions)?;
    let granted: Vec<&str> = permissions.iter().map(Permission::as_str).collect();
    let event = Event {
        verb: verbs::ROLE_CREATED,
        target_kind: "role",
        target_id: Some(&id),
        target_name: &name,
        object: None,
        detail: serde_json::json!({ "description": description, "permissions": granted }),
    };
    audit::record_alone(conn, actor, &event)?;
    Ok(id)
}
