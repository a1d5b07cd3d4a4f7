//! `muster system-account`.

use clap::{Args, Subcommand};

use super::open;
use super::output::{note, pages, row, say, sentence};
use super::role::roles_named;
use super::team::teams_named;
use crate::accounts::model::{Account, Kind, Selection};
use crate::accounts::operations::{self, AccountCreation, Plan};
use crate::accounts::queries::{self, roster};
use crate::auth::principal::Principal;
use crate::config::Config;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::roles::predefined;

#[derive(Debug, Subcommand)]
pub enum SystemAccountCommand {
    /// Add a system account, and print its UUID
    Add(AddSystemAccount),
    /// List all system accounts: UUID, name, roles, status, last used
    List,
    /// Disable a system account; its tokens stop working immediately
    Disable(SystemAccount),
    /// Enable a system account; its unexpired tokens work again
    Enable(SystemAccount),
    /// Permanently delete a system account and its tokens
    Delete(SystemAccount),
}

#[derive(Args, Debug)]
pub struct AddSystemAccount {
    /// Name, unique among the enabled system accounts
    #[arg(long)]
    pub name: String,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,
    /// Name or UUID of a role; may be repeated [default: CI/CD]
    #[arg(long = "role", value_name = "ROLE")]
    pub roles: Vec<String>,
    /// Name or UUID of a team; may be repeated
    #[arg(long = "team", value_name = "TEAM")]
    pub teams: Vec<String>,
    /// E-mail address, name or UUID of the user to contact about it
    #[arg(long, value_name = "USER")]
    pub owner: Option<String>,
}

#[derive(Args, Debug)]
pub struct SystemAccount {
    /// Name or UUID of the system account
    pub account: String,
}

#[derive(Clone, Copy)]
enum SystemAccountVerb {
    Disable,
    Enable,
    Delete,
}

pub fn run(command: SystemAccountCommand, config: &Config) -> Result<(), String> {
    match command {
        SystemAccountCommand::Add(words) => add(config, &words),
        SystemAccountCommand::List => list(config),
        SystemAccountCommand::Disable(words) => act(config, &words.account, SystemAccountVerb::Disable),
        SystemAccountCommand::Enable(words) => act(config, &words.account, SystemAccountVerb::Enable),
        SystemAccountCommand::Delete(words) => act(config, &words.account, SystemAccountVerb::Delete),
    }
}

fn add(config: &Config, words: &AddSystemAccount) -> Result<(), String> {
    let (database, plan) = (open(config)?, Plan::from(config));
    let id = database.write_now(|conn| {
        let mut roles = roles_named(conn, &words.roles)?;
        if roles.is_empty() {
            roles.push(predefined::CI_CD.into());
        }
        let description = words.description.clone().unwrap_or_default();
        let teams = teams_named(conn, &words.teams)?;
        let form = AccountCreation { name: words.name.clone(), description, roles, teams, ..AccountCreation::default() };
        let id = operations::create_system_account(conn, &Principal::shell(), &plan, &form)?;
        if let Some(owner) = &words.owner {
            operations::set_owner(conn, &Principal::shell(), &id, owner)?;
        }
        Ok(id)
    });
    let id = id.map_err(|error| sentence(&error))?;
    note(&format!("Added {}.", words.name.trim()));
    say(id.as_str())
}

fn list(config: &Config) -> Result<(), String> {
    let database = open(config)?;
    row(&["UUID", "NAME", "ROLES", "STATUS", "LAST USED"])?;
    pages(|after| {
        let lines = database.read_now(|conn| roster::page(conn, Kind::System, after)).map_err(|error| sentence(&error))?;
        for line in &lines {
            row(&[line.id.as_str(), &line.name, &line.roles.join(", "), line.status(), &line.last_used()])?;
        }
        Ok(lines.last().map(roster::RosterRow::place))
    })
}

fn act(config: &Config, account: &str, verb: SystemAccountVerb) -> Result<(), String> {
    let (database, plan) = (open(config)?, Plan::from(config));
    let done = database.write_now(|conn| {
        let account = system_account_named(conn, account)?;
        let (actor, one) = (Principal::shell(), Selection::Accounts(vec![account.id.clone()]));
        let done = match verb {
            SystemAccountVerb::Disable => operations::disable(conn, &actor, Kind::System, &one)?,
            SystemAccountVerb::Enable => operations::enable(conn, &actor, &plan, Kind::System, &one)?,
            SystemAccountVerb::Delete => operations::delete(conn, &actor, Kind::System, &one)?,
        };
        Ok((account.name, done.outcome.changed > 0))
    });
    say(&match (done.map_err(|error| sentence(&error))?, verb) {
        ((name, true), SystemAccountVerb::Disable) => format!("Disabled {name}. Its tokens no longer work."),
        ((name, true), SystemAccountVerb::Enable) => format!("Enabled {name}. Its unexpired tokens work again."),
        ((name, false), SystemAccountVerb::Disable) => format!("No change: {name} was already disabled."),
        ((name, false), SystemAccountVerb::Enable) => format!("No change: {name} was already enabled."),
        ((name, _), SystemAccountVerb::Delete) => format!("Deleted {name} and its tokens."),
    })
}

fn system_account_named(conn: &mut DbConnection, text: &str) -> Result<Account, Error> {
    let id = account_named(conn, text)?;
    queries::find(conn, Kind::System, &id).map_err(|error| named(error, text))
}

/// Finds a system account by UUID or name.
///
/// # Errors
/// `Conflict` if there is none, or several have that name.
pub fn account_named(conn: &mut DbConnection, text: &str) -> Result<Id, Error> {
    match Id::parse(text) {
        Some(id) => Ok(id),
        None => queries::find_named(conn, text).map_err(|error| named(error, text)),
    }
}

fn named(error: Error, name: &str) -> Error {
    match error {
        Error::NotFound(noun) => Error::Conflict(format!("There is no {noun} {name}.")),
        other => other,
    }
}
