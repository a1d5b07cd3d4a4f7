//! The command line. A command calls the same operations as the screens, under the same rules and with the same audit
//! events, as whoever has a shell on Muster's machine.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::builder::Resettable;
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::config::{Config, DatabaseUrl};
use crate::database::{Database, migrations};

pub mod doctor;
pub mod help;
pub mod output;
pub mod role;
pub mod system_account;
pub mod team;
pub mod token;
pub mod user;

pub use output::{say, sentence};

/// Manage your organisation's machine accounts and API tokens
///
/// Without a command, runs the server.
#[derive(Debug, Parser)]
#[command(name = "muster", version, max_term_width = 110)]
pub struct Cli {
    #[command(flatten)]
    config: Config,

    #[command(subcommand)]
    command: Option<TopCommand>,
}

#[derive(Debug, Subcommand)]
enum TopCommand {
    /// Run the server
    Serve(Box<Config>),
    #[command(flatten)]
    Other(Command),
}

/// Everything but running the server.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Migrate the database and exit
    Migrate,
    /// Manage users
    #[command(subcommand)]
    User(user::UserCommand),
    /// Manage system accounts
    #[command(subcommand)]
    SystemAccount(system_account::SystemAccountCommand),
    /// Manage API tokens
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Manage teams
    #[command(subcommand)]
    Team(team::TeamCommand),
    /// Manage roles
    #[command(subcommand)]
    Role(role::RoleCommand),
    /// Check that your gateway lets nothing through that it shouldn't
    ///
    /// Sends what an attacker or a careless configuration would: no token, malformed, wrong, revoked and read-only ones, forged
    /// Muster-* headers, two Authorization headers, a forged method. Prints what got through, and which lines of the gateway's
    /// configuration fix it.
    ///
    /// Needs a path behind the gateway, protected like your API, that answers any method with 200 and the request headers it
    /// received, as text or JSON; and DATABASE_URL: it creates a system account with tokens that last ten minutes, and deletes
    /// it afterwards. The audit log shows both under "Command line (doctor)".
    ///
    /// Exit status: 0 nothing got through, 1 something did, 2 it could not be tested.
    Doctor(doctor::Doctor),
    /// Print a help page as text
    HelpPage(help::HelpPageArgs),
    /// Print a systemd unit for the server
    SystemdUnit,
}

/// A command line that has been parsed.
#[derive(Debug)]
pub enum Invocation {
    Serve(Config),
    /// The settings come from the variables: a command keeps to the installation's plan and limits too.
    Run(Command, Config),
}

impl Invocation {
    /// Parses the arguments, of which the first is the program's own name, and the environment variables. An empty variable
    /// counts as not set. `--help` and `--version` come back as errors; `clap::Error::exit` prints them with status 0.
    pub fn read<I, T>(arguments: I) -> Result<Self, clap::Error>
    where
        I: IntoIterator<Item = T>,
        T: Into<OsString> + Clone,
    {
        let matches = without_empty_variables(Cli::command()).try_get_matches_from(arguments)?;
        let cli = Cli::from_arg_matches(&matches)?;
        if let (Some(_), Some(flag)) = (matches.subcommand_name(), misplaced_flag(&matches)) {
            let sentence = format!("--{flag} goes after the command: muster serve --{flag} …");
            return Err(Cli::command().error(ErrorKind::ArgumentConflict, sentence));
        }
        let config = match cli.command {
            Some(TopCommand::Other(command)) => return Ok(Self::Run(command, cli.config)),
            Some(TopCommand::Serve(config)) => *config,
            None => cli.config,
        };
        if config.demo && matches.value_source("database_url") == Some(ValueSource::CommandLine) {
            let sentence = "--demo uses a temporary database of its own. Leave out --database-url, or --demo.";
            return Err(Cli::command().error(ErrorKind::ArgumentConflict, sentence));
        }
        Ok(Self::Serve(config))
    }
}

fn without_empty_variables(command: clap::Command) -> clap::Command {
    let is_empty = |arg: &clap::Arg| arg.get_env().and_then(std::env::var_os).is_some_and(|value| value.is_empty());
    let command = command.mut_args(|arg| if is_empty(&arg) { arg.env(Resettable::Reset) } else { arg });
    command.mut_subcommands(without_empty_variables)
}

/// A flag of the server before the name of a command, which would silently ignore it.
fn misplaced_flag(matches: &ArgMatches) -> Option<String> {
    let written = |id: &&clap::Id| matches.value_source(id.as_str()) == Some(ValueSource::CommandLine);
    let is_value = |id: &&clap::Id| id.as_str() != "database_url" && matches.try_contains_id(id.as_str()).is_ok();
    let groups = ["Config", "Cli"];
    let misplaced = matches.ids().filter(is_value).filter(written).find(|id| !groups.contains(&id.as_str()));
    misplaced.map(|id| id.as_str().replace('_', "-"))
}

/// Runs a command. An error is the sentence to print; nothing has been changed then.
pub fn run(command: Command, config: &Config) -> Result<ExitCode, String> {
    match command {
        Command::Migrate => migrate(config)?,
        Command::User(command) => user::run(command, config)?,
        Command::SystemAccount(command) => system_account::run(command, config)?,
        Command::Token(command) => token::run(command, config)?,
        Command::Team(command) => team::run(command, config)?,
        Command::Role(command) => role::run(command, config)?,
        Command::Doctor(words) => return Ok(doctor::run(words, config)),
        Command::HelpPage(page) => help::print(&page, config)?,
        Command::SystemdUnit => say(crate::help::UNIT.trim_end())?,
    }
    Ok(ExitCode::SUCCESS)
}

fn migrate(config: &Config) -> Result<(), String> {
    let applied = create_or_migrate(&config.database_url)?;
    if applied.is_empty() {
        return say("The database is up to date.");
    }
    applied.iter().try_for_each(|name| say(&format!("Ran migration {name}.")))
}

/// Opens a database that exists: a command in the wrong folder must not create a new one.
fn open(config: &Config) -> Result<Database, String> {
    must_exist(&config.database_url)?;
    open_or_create(config)
}

fn open_or_create(config: &Config) -> Result<Database, String> {
    create_or_migrate(&config.database_url)?;
    Database::connect(config.database_url.clone(), 1).map_err(|error| sentence(&error))
}

fn must_exist(url: &DatabaseUrl) -> Result<(), String> {
    match url {
        DatabaseUrl::Sqlite(path) if !std::path::Path::new(path).exists() => {
            Err(format!("There is no database {path} here. Go to its folder, or name it with DATABASE_URL."))
        }
        _ => Ok(()),
    }
}

fn create_or_migrate(url: &DatabaseUrl) -> Result<Vec<String>, String> {
    let is_new = must_exist(url).is_err();
    let applied = migrations::migrate(url)?;
    if let (true, DatabaseUrl::Sqlite(path)) = (is_new, url) {
        // In the wrong folder, this says why the accounts are missing.
        output::note(&format!("Created a new database, {path}."));
    }
    Ok(applied)
}

#[cfg(test)]
mod tests;
