//! `muster team`.

use clap::{Args, Subcommand};

use super::open;
use super::output::{note, row, say, sentence};
use crate::auth::principal::Principal;
use crate::config::Config;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::teams::{operations, queries};
use crate::text::fold;

#[derive(Debug, Subcommand)]
pub enum TeamCommand {
    /// Add a team, and print its UUID
    Add(AddTeam),
    /// List all teams: UUID, name, number of users and of system accounts
    List,
}

#[derive(Args, Debug)]
pub struct AddTeam {
    /// Name, unique among the teams
    #[arg(long)]
    pub name: String,
}

pub fn run(command: TeamCommand, config: &Config) -> Result<(), String> {
    let database = open(config)?;
    match command {
        TeamCommand::Add(words) => {
            let id = database.write_now(|conn| operations::create(conn, &Principal::shell(), &words.name));
            let id = id.map_err(|error| sentence(&error))?;
            note(&format!("Added the team {}.", words.name.trim()));
            say(id.as_str())
        }
        TeamCommand::List => {
            let found = database.read_now(|conn| {
                let teams = queries::all(conn)?;
                let mut sizes = std::collections::HashMap::new();
                // A statement takes a limited number of values.
                for part in teams.chunks(1000) {
                    let ids: Vec<Id> = part.iter().map(|team| team.id.clone()).collect();
                    sizes.extend(queries::sizes(conn, &ids)?);
                }
                Ok((teams, sizes))
            });
            let (teams, sizes) = found.map_err(|error| sentence(&error))?;
            row(&["UUID", "NAME", "USERS", "SYSTEM ACCOUNTS"])?;
            teams.iter().try_for_each(|team| {
                let (users, machines) = sizes.get(&team.id).copied().unwrap_or_default();
                row(&[team.id.as_str(), &team.name, &users.to_string(), &machines.to_string()])
            })
        }
    }
}

/// Finds teams by name or UUID.
pub fn teams_named(conn: &mut DbConnection, names: &[String]) -> Result<Vec<Id>, Error> {
    let mut found = Vec::new();
    for name in names {
        let team = match Id::parse(name) {
            Some(id) => Some(id),
            None => queries::named(conn, &fold(name.trim()))?,
        };
        found.push(team.ok_or_else(|| Error::field("team", format!("There is no team {name}.")))?);
    }
    Ok(found)
}
