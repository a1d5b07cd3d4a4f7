//! `muster role`.

use clap::{Args, Subcommand};

use super::open;
use super::output::{note, row, say, sentence};
use crate::auth::principal::Principal;
use crate::config::Config;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::roles::operations::{self, RoleDraft};
use crate::roles::permission::Permission;
use crate::roles::queries;

#[derive(Debug, Subcommand)]
pub enum RoleCommand {
    /// Add a role, and print its UUID
    Add(AddRoleArgs),
    /// List all roles: UUID, name, number of users and of system accounts, permissions
    List,
}

#[derive(Args, Debug)]
pub struct AddRoleArgs {
    /// Name, unique among the roles
    #[arg(long)]
    pub name: String,
    /// What it is for
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub description: String,
    /// A permission such as payments:refund or team:read:*; may be repeated
    #[arg(long = "permission", value_name = "PERMISSION")]
    pub permissions: Vec<String>,
}

pub fn run(command: RoleCommand, config: &Config) -> Result<(), String> {
    let database = open(config)?;
    match command {
        RoleCommand::Add(words) => {
            let form = RoleDraft { name: words.name, description: words.description, permissions: words.permissions };
            let made = database.write_now(|conn| operations::create(conn, &Principal::shell(), &form));
            let id = made.map_err(|error| sentence(&error))?;
            note(&format!("Added the role {}.", form.name.trim()));
            say(id.as_str())
        }
        RoleCommand::List => {
            let found = database.read_now(|conn| Ok((queries::all(conn)?, queries::holders(conn)?)));
            let (roles, holders) = found.map_err(|error| sentence(&error))?;
            row(&["UUID", "NAME", "USERS", "SYSTEM ACCOUNTS", "PERMISSIONS"])?;
            roles.iter().try_for_each(|role| {
                let (machines, users) = holders.get(&role.id).copied().unwrap_or_default();
                let permissions: Vec<&str> = role.permissions.iter().map(Permission::as_str).collect();
                let counts = [users.to_string(), machines.to_string()];
                row(&[role.id.as_str(), &role.name, &counts[0], &counts[1], &permissions.join(" ")])
            })
        }
    }
}

/// Finds roles by name or UUID.
pub fn roles_named(conn: &mut DbConnection, names: &[String]) -> Result<Vec<Id>, Error> {
    let mut found = Vec::new();
    for name in names {
        let role = queries::find_named(conn, name)?;
        found.push(role.ok_or_else(|| Error::field("role", format!("There is no role {name}.")))?.id);
    }
    Ok(found)
}
