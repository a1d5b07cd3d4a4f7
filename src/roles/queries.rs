//! Reading roles, and putting the predefined ones in place.

use std::collections::HashMap;

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::model::{Badge, Role};
use super::permission::{Permission, PermissionSet};
use super::predefined;
use crate::clock;
use crate::database::DbConnection;
use crate::database::sql::Sql;
use crate::error::Error;
use crate::id::Id;
use crate::schema::{account_roles, role_permissions, roles, team_administrators};
use crate::text::fold;

mod changes;
mod holders;
mod impact;
pub mod wanted;

pub use changes::{delete, insert, set_permissions, update};
pub use holders::{OnlyHolder, RoleHolders, holders, of_role, only_holders};
pub use impact::{Difference, differences};

/// Writes the predefined roles that are not there yet. What an administrator has edited since is left alone; what nobody can
/// edit (a locked role) is brought in line with this version of Muster. Belongs in a transaction: half a role is worse than
/// none.
pub fn install_predefined(conn: &mut DbConnection) -> Result<(), Error> {
    for role in predefined::PREDEFINED {
        let id: Id = role.uuid.into();
        let mut insert =
            Sql::new("INSERT INTO roles (id, name, name_key, description, predefined, locked, assignable, created_at) SELECT ");
        insert.bind(&id).push(", ").bind(role.name).push(", ").bind(fold(role.name)).push(", ");
        insert.bind(role.description).push(", ").bind(true).push(", ").bind(role.locked).push(", ");
        insert.bind(role.assignable).push(", ").bind(clock::now());
        insert.push(" WHERE NOT EXISTS (SELECT 1 FROM roles WHERE id = ").bind(&id).push(")");
        if insert.execute(conn)? > 0 || (role.locked && has_other_permissions(conn, role, &id)?) {
            diesel::delete(role_permissions::table.filter(role_permissions::role_id.eq(&id))).execute(conn)?;
            for permission in role.permissions {
                diesel::insert_into(role_permissions::table)
                    .values((role_permissions::role_id.eq(&id), role_permissions::permission.eq(*permission)))
                    .execute(conn)?;
            }
        }
    }
    Ok(())
}

fn has_other_permissions(conn: &mut DbConnection, role: &predefined::PredefinedRole, id: &Id) -> Result<bool, Error> {
    let mut stored: Vec<String> =
        role_permissions::table.filter(role_permissions::role_id.eq(id)).select(role_permissions::permission).load(conn)?;
    stored.sort_unstable();
    Ok(stored != role.permissions)
}

type RoleColumns = (Id, String, String, bool, bool, bool, NaiveDateTime);

const COLUMNS: (
    roles::id,
    roles::name,
    roles::description,
    roles::predefined,
    roles::locked,
    roles::assignable,
    roles::created_at,
) = (roles::id, roles::name, roles::description, roles::predefined, roles::locked, roles::assignable, roles::created_at);

/// All roles, by name, each with what it grants. Two statements.
pub fn all(conn: &mut DbConnection) -> Result<Vec<Role>, Error> {
    let rows: Vec<RoleColumns> = roles::table.order((roles::name_key, roles::id)).select(COLUMNS).load(conn)?;
    let mut granted = granted_by(conn, None)?;
    Ok(rows.into_iter().map(|row| role(row, &mut granted)).collect())
}

/// The roles of `ids` that exist, by name. Two statements.
pub fn find(conn: &mut DbConnection, ids: &[Id]) -> Result<Vec<Role>, Error> {
    let rows: Vec<RoleColumns> = roles::table
        .filter(roles::id.eq_any(ids.iter().map(Id::as_str)))
        .order((roles::name_key, roles::id))
        .select(COLUMNS)
        .load(conn)?;
    let mut granted = granted_by(conn, Some(ids))?;
    Ok(rows.into_iter().map(|row| role(row, &mut granted)).collect())
}

/// One role. Two statements.
pub fn get(conn: &mut DbConnection, id: &Id) -> Result<Role, Error> {
    find(conn, std::slice::from_ref(id))?.into_iter().next().ok_or(Error::NotFound("role"))
}

/// The role of this name, in any case, or of this UUID.
pub fn find_named(conn: &mut DbConnection, name_or_id: &str) -> Result<Option<Role>, Error> {
    let id: Option<Id> = match Id::parse(name_or_id) {
        Some(id) => Some(id),
        None => roles::table.filter(roles::name_key.eq(fold(name_or_id.trim()))).select(roles::id).first(conn).optional()?,
    };
    match id {
        Some(id) => Ok(find(conn, &[id])?.into_iter().next()),
        None => Ok(None),
    }
}

/// Whether a role goes by this folded name.
pub fn is_taken(conn: &mut DbConnection, name_key: &str) -> Result<bool, Error> {
    let first: Option<Id> = roles::table.filter(roles::name_key.eq(name_key)).select(roles::id).first(conn).optional()?;
    Ok(first.is_some())
}

fn granted_by(conn: &mut DbConnection, only: Option<&[Id]>) -> Result<HashMap<Id, Vec<Permission>>, Error> {
    let rows: Vec<(Id, String)> = match only {
        Some(ids) => role_permissions::table
            .filter(role_permissions::role_id.eq_any(ids.iter().map(Id::as_str)))
            .select((role_permissions::role_id, role_permissions::permission))
            .load(conn)?,
        None => role_permissions::table.select((role_permissions::role_id, role_permissions::permission)).load(conn)?,
    };
    let mut granted: HashMap<Id, Vec<Permission>> = HashMap::new();
    for (id, permission) in rows {
        // What is stored was parsed when it was written; a line from elsewhere that does not parse grants nothing.
        if let Ok(permission) = Permission::parse(&permission) {
            granted.entry(id).or_default().push(permission);
        }
    }
    Ok(granted)
}

fn role(row: RoleColumns, granted: &mut HashMap<Id, Vec<Permission>>) -> Role {
    let (id, name, description, predefined, locked, assignable, created_at) = row;
    let permissions = granted.remove(&id).unwrap_or_default().into_iter().collect();
    Role { id, name, description, predefined, locked, assignable, created_at, permissions }
}

/// What an account is: its roles by name and everything they grant together, the administration of its teams included.
/// Three statements.
pub fn of_account(conn: &mut DbConnection, account: &Id) -> Result<(Vec<Badge>, PermissionSet), Error> {
    let badges = badges(conn, std::slice::from_ref(account))?.remove(account).unwrap_or_default();
    let granted: Vec<String> = role_permissions::table
        .inner_join(account_roles::table.on(account_roles::role_id.eq(role_permissions::role_id)))
        .filter(account_roles::account_id.eq(account))
        .select(role_permissions::permission)
        .load(conn)?;
    let administers: Vec<Id> = team_administrators::table
        .filter(team_administrators::account_id.eq(account))
        .select(team_administrators::team_id)
        .load(conn)?;
    let permissions = granted
        .iter()
        .map(String::as_str)
        .filter_map(|permission| Permission::parse(permission).ok())
        .chain(of_administration(&administers))
        .collect();
    Ok((badges, permissions))
}

/// Everything that each of `accounts` may do, the administration of teams included. Two statements, whatever the number.
pub fn permissions(conn: &mut DbConnection, accounts: &[Id]) -> Result<HashMap<Id, PermissionSet>, Error> {
    let ids = || accounts.iter().map(Id::as_str);
    let granted: Vec<(Id, String)> = role_permissions::table
        .inner_join(account_roles::table.on(account_roles::role_id.eq(role_permissions::role_id)))
        .filter(account_roles::account_id.eq_any(ids()))
        .select((account_roles::account_id, role_permissions::permission))
        .load(conn)?;
    let administers: Vec<(Id, Id)> = team_administrators::table
        .filter(team_administrators::account_id.eq_any(ids()))
        .select((team_administrators::account_id, team_administrators::team_id))
        .load(conn)?;
    let mut held: HashMap<Id, Vec<Permission>> = HashMap::new();
    for (account, text) in granted {
        held.entry(account).or_default().extend(Permission::parse(&text));
    }
    for (account, team) in administers {
        held.entry(account).or_default().extend(of_administration(&[team]));
    }
    Ok(held.into_iter().map(|(account, permissions)| (account, permissions.into_iter().collect())).collect())
}

/// What follows from administering these teams.
pub fn of_administration(teams: &[Id]) -> impl Iterator<Item = Permission> + '_ {
    teams.iter().filter_map(|team| Permission::parse(&format!("team:manage:{{{team}}}")).ok())
}

/// Which of these accounts has which role.
pub fn pairs(conn: &mut DbConnection, of: &[Id]) -> Result<Vec<(Id, Id)>, Error> {
    Ok(account_roles::table
        .filter(account_roles::account_id.eq_any(of.iter().map(Id::as_str)))
        .select((account_roles::account_id, account_roles::role_id))
        .load(conn)?)
}

/// The roles of each of `accounts`, by name. One statement, whatever the number.
pub fn badges(conn: &mut DbConnection, accounts: &[Id]) -> Result<HashMap<Id, Vec<Badge>>, Error> {
    let rows: Vec<(Id, Id, String)> = account_roles::table
        .inner_join(roles::table)
        .filter(account_roles::account_id.eq_any(accounts.iter().map(Id::as_str)))
        .order((roles::name_key, roles::id))
        .select((account_roles::account_id, roles::id, roles::name))
        .load(conn)?;
    let mut badges: HashMap<Id, Vec<Badge>> = HashMap::new();
    for (account, id, name) in rows {
        badges.entry(account).or_default().push(Badge { id, name });
    }
    Ok(badges)
}

/// The roles of each of `accounts` as they are shown: Team Administrator stands among them for whoever administers a team. Two
/// statements.
pub fn shown(conn: &mut DbConnection, accounts: &[Id]) -> Result<HashMap<Id, Vec<Badge>>, Error> {
    #[derive(QueryableByName)]
    struct Administration {
        #[diesel(sql_type = diesel::sql_types::Text)]
        account: Id,
        #[diesel(sql_type = diesel::sql_types::Text)]
        name: String,
    }
    let mut badges = badges(conn, accounts)?;
    let role = Id::from(predefined::TEAM_ADMINISTRATOR);
    let mut sql =
        Sql::new("SELECT DISTINCT ta.account_id AS account, r.name FROM team_administrators ta CROSS JOIN roles r WHERE r.id = ");
    sql.bind(&role).push(" AND ta.account_id IN ").bind_page(accounts);
    for row in sql.load::<Administration>(conn)? {
        let shown = badges.entry(row.account).or_default();
        shown.push(Badge { id: role.clone(), name: row.name });
        shown.sort_by_cached_key(|badge| (fold(&badge.name), badge.id.clone()));
    }
    Ok(badges)
}

/// Gives an account a role without a change in the audit log: for an invented past, as the demo and the tests need it.
///
/// # Errors
/// `NotFound` for an account that does not exist; the database's where it has the role or there is no such role.
pub fn give(conn: &mut DbConnection, account: &Id, role: &Id) -> Result<(), Error> {
    let mut sql = Sql::new("INSERT INTO account_roles (account_id, role_id, kind, disabled, name_key) SELECT a.id, ");
    sql.bind(role).push(", a.kind, a.disabled, a.name_key FROM accounts a WHERE a.id = ").bind(account);
    if sql.execute(conn)? == 0 { Err(Error::NotFound("account")) } else { Ok(()) }
}
