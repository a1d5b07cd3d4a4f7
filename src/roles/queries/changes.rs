//! Changes to a role: as many statements for a role that nobody has as for one that a hundred thousand have.

use diesel::prelude::*;

use crate::audit::{self, Change, verbs};
use crate::clock;
use crate::database::DbConnection;
use crate::database::sql::Sql;
use crate::error::Error;
use crate::id::Id;
use crate::roles::model::Role;
use crate::roles::permission::PermissionSet;
use crate::schema::{role_permissions, roles};
use crate::text::fold;

/// Writes a new role and what it grants.
pub fn insert(conn: &mut DbConnection, id: &Id, name: &str, description: &str, permissions: &PermissionSet) -> Result<(), Error> {
    diesel::insert_into(roles::table)
        .values((
            roles::id.eq(id),
            roles::name.eq(name),
            roles::name_key.eq(fold(name)),
            roles::description.eq(description),
            roles::created_at.eq(clock::now()),
        ))
        .execute(conn)?;
    add_permissions(conn, id, permissions)
}

/// Gives a role another name and description.
pub fn update(conn: &mut DbConnection, id: &Id, name: &str, description: &str) -> Result<(), Error> {
    diesel::update(roles::table.find(id))
        .set((roles::name.eq(name), roles::name_key.eq(fold(name)), roles::description.eq(description)))
        .execute(conn)?;
    Ok(())
}

/// Has a role grant these permissions and no others.
pub fn set_permissions(conn: &mut DbConnection, id: &Id, permissions: &PermissionSet) -> Result<(), Error> {
    diesel::delete(role_permissions::table.filter(role_permissions::role_id.eq(id))).execute(conn)?;
    add_permissions(conn, id, permissions)
}

fn add_permissions(conn: &mut DbConnection, id: &Id, permissions: &PermissionSet) -> Result<(), Error> {
    if permissions.is_empty() {
        return Ok(());
    }
    let mut sql = Sql::new("INSERT INTO role_permissions (role_id, permission) VALUES ");
    for (at, permission) in permissions.iter().enumerate() {
        sql.push(if at == 0 { "(" } else { ", (" }).bind(id).push(", ").bind(permission.as_str()).push(")");
    }
    sql.once();
    sql.execute(conn).map(drop)
}

/// Takes a role from all who have it, with an event for each, and deletes it.
pub fn delete(conn: &mut DbConnection, change: &Change, role: &Role) -> Result<(), Error> {
    let mut sql = audit::into_events("type, target_kind, target_id, target_name, object_id, object_name");
    change.select(&mut sql).bind(verbs::ROLE_REMOVED).push(", a.kind, a.id, a.name, ").bind(&role.id);
    sql.push(", ").bind(role.name.as_str());
    sql.push(" FROM account_roles ar JOIN accounts a ON a.id = ar.account_id WHERE ar.role_id = ").bind(&role.id);
    sql.execute(conn)?;
    diesel::delete(roles::table.find(&role.id)).execute(conn)?;
    Ok(())
}
