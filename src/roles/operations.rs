//! The verbs that a person would say of roles. Each asks for permission first, then reads the role as it is, lets the rules look at
//! before and after, and writes the change with its event, all in the caller's one transaction (`Database::write`).

use serde_json::{Value, json};

use super::model::Role;
use super::permission::{Permission, PermissionSet};
use super::predefined;
use super::queries::{self, RoleHolders};
use crate::accounts::queries::administrators::Administrators;
use crate::audit::{self, Event, verbs};
use crate::auth::principal::Principal;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::text::fold;

mod draft;
pub mod reach;
mod rules;

pub use draft::{MOST_PERMISSIONS, RoleDraft, Terms, too_many};
pub use rules::{may_change, may_delete};

const MANAGE: &str = "role:manage:*";

/// What is said of a name that another role has.
pub const NAME_TAKEN: &str = "A role already has this name.";

/// Creates a role that grants no more than the actor has, and returns its identity.
pub fn create(conn: &mut DbConnection, actor: &Principal, draft: &RoleDraft) -> Result<Id, Error> {
    actor.require(MANAGE, "You don't have permission to create roles.")?;
    let terms = draft.check()?;
    rules::may_change(actor, &PermissionSet::default(), &terms.permissions)?;
    name_is_free(conn, &terms.name)?;
    let id = Id::new();
    queries::insert(conn, &id, &terms.name, &terms.description, &terms.permissions)?;
    let detail = json!({ "description": terms.description, "permissions": texts(&terms.permissions) });
    audit::record_alone(conn, actor, &event(verbs::ROLE_CREATED, &id, &terms.name, detail))?;
    Ok(id)
}

/// What a role is to become.
#[derive(Debug, Clone, Default)]
pub struct RoleEdit {
    /// What it was when the form was drawn, if the form says so. Where it has become something else since, nothing is saved.
    pub shown: Option<RoleDraft>,
    pub wanted: RoleDraft,
}

/// Gives a role another name, description and permissions. Returns whether that changed anything.
///
/// # Errors
/// `Forbidden`, `NotFound`, `Invalid` (fields `name`, `description`, `permission`); `Conflict` for a locked role, one that
/// somebody else has changed, or where no administrator would remain.
pub fn update(conn: &mut DbConnection, actor: &Principal, id: &Id, edit: &RoleEdit) -> Result<bool, Error> {
    actor.require(MANAGE, "You don't have permission to change roles.")?;
    let before = queries::get(conn, id)?;
    rules::is_unlocked(&before)?;
    if edit.shown.as_ref().is_some_and(|shown| !shown.describes(&before)) {
        return Err(Error::Conflict(format!("{} was changed while you were editing it. Nothing was saved.", before.name)));
    }
    let after = edit.wanted.check()?;
    if before.predefined && after.name != before.name {
        return Err(Error::field("name", "A role that comes with Muster keeps its name."));
    }
    if fold(&after.name) != fold(&before.name) {
        name_is_free(conn, &after.name)?;
    }
    change(conn, actor, verbs::ROLE_UPDATED, &before, &after)
}

/// Gives a predefined role the permissions that it comes with. Returns whether that changed anything.
///
/// # Errors
/// `Forbidden`, `NotFound`; `Conflict` for any other role, or where no administrator would remain.
pub fn reset(conn: &mut DbConnection, actor: &Principal, id: &Id, shown: Option<&str>) -> Result<bool, Error> {
    actor.require(MANAGE, "You don't have permission to reset roles.")?;
    let before = queries::get(conn, id)?;
    rules::is_unlocked(&before)?;
    let permissions = rules::defaults(&before)?;
    if shown.is_some_and(|shown| shown != written(&before)) {
        return Err(Error::Conflict(
            "Someone changed this role while you were reviewing it. Nothing was reset. Check it again below.".into(),
        ));
    }
    let after = Terms { name: before.name.clone(), description: before.description.clone(), permissions };
    change(conn, actor, verbs::ROLE_RESET, &before, &after)
}

/// What a role grants, as a form carries it along.
pub fn written(role: &Role) -> String {
    RoleDraft::from(role).permissions.join("\n")
}

/// Deletes a role; those who have it lose it. Where `shown` says who they were when that was confirmed, they must be as many.
///
/// # Errors
/// `Forbidden`, `NotFound`; `Conflict` for a predefined or default role, where others have it now, or where no administrator would remain.
pub fn delete(conn: &mut DbConnection, actor: &Principal, id: &Id, shown: Option<&RoleHolders>) -> Result<Role, Error> {
    actor.require(MANAGE, "You don't have permission to delete roles.")?;
    let role = queries::get(conn, id)?;
    rules::may_delete(conn, &role)?;
    rules::may_change(actor, &role.permissions, &PermissionSet::default())?;
    let holders = queries::of_role(conn, id)?;
    if shown.is_some_and(|shown| *shown != holders) {
        return Err(Error::Conflict(
            "The list changed while you were reviewing it. Nothing was deleted. Check it again below.".into(),
        ));
    }
    let administrators = Administrators::before(conn)?;
    let change = audit::begin(conn, actor)?;
    queries::delete(conn, &change, &role)?;
    rules::an_administrator_remains(conn, administrators)?;
    let counts = json!({ "system_accounts": holders.system_accounts, "users": holders.users });
    let detail = json!({ "before": described(&role.name, &role.description, &role.permissions), "holders": counts });
    change.record(conn, &event(verbs::ROLE_DELETED, id, &role.name, detail))?;
    Ok(role)
}

/// The way of every change to what a role says: rules, statements, event.
fn change(conn: &mut DbConnection, actor: &Principal, verb: &'static str, before: &Role, after: &Terms) -> Result<bool, Error> {
    if RoleDraft::from(after).describes(before) {
        return Ok(false);
    }
    rules::may_change(actor, &before.permissions, &after.permissions)?;
    let administrators = Administrators::before(conn)?;
    let change = audit::begin(conn, actor)?;
    queries::update(conn, &before.id, &after.name, &after.description)?;
    queries::set_permissions(conn, &before.id, &after.permissions)?;
    reach::stays_by_role(conn, actor, before, &after.permissions)?;
    rules::an_administrator_remains(conn, administrators)?;
    let detail = json!({
        "before": described(&before.name, &before.description, &before.permissions),
        "after": described(&after.name, &after.description, &after.permissions),
    });
    change.record(conn, &event(verb, &before.id, &after.name, detail))?;
    Ok(true)
}

fn name_is_free(conn: &mut DbConnection, name: &str) -> Result<(), Error> {
    if queries::is_taken(conn, &fold(name))? { Err(Error::field("name", NAME_TAKEN)) } else { Ok(()) }
}

fn event<'a>(verb: &'static str, id: &'a Id, name: &'a str, detail: Value) -> Event<'a> {
    Event { verb, target_kind: "role", target_id: Some(id), target_name: name, object: None, detail }
}

fn described(name: &str, description: &str, permissions: &PermissionSet) -> Value {
    json!({ "name": name, "description": description, "permissions": texts(permissions) })
}

fn texts(permissions: &PermissionSet) -> Vec<&str> {
    permissions.iter().map(Permission::as_str).collect()
}

/// The permissions that "Reset" gives back, for those who ask before they do it.
///
/// # Errors
/// `Conflict` for a role that is locked or does not come with Muster.
pub fn defaults(role: &Role) -> Result<PermissionSet, Error> {
    rules::is_unlocked(role)?;
    rules::defaults(role)
}

/// Whether a predefined role grants something else than it comes with.
pub fn differs_from_default(role: &Role) -> bool {
    predefined::default_permissions(&role.id).is_some_and(|default| default != role.permissions)
}
