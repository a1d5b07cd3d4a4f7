//! The command line: which command, with which words. What a command does stands elsewhere.

use std::ffi::OsString;

use chrono::TimeDelta;
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::config::{DatabaseUrl, ServeOptions, parse_duration};
use crate::gateway::recipes::Gateway;
use crate::tokens::value::Access;

/// The place where an organisation keeps its machine accounts
///
/// Without a command, Muster serves.
// No `Debug`: the database URL may hold a password.
#[derive(Parser)]
#[command(name = "muster", version, max_term_width = 110)]
pub struct Cli {
    /// sqlite:PATH, a path that ends in .db, or postgres://USER:PASSWORD@HOST/DATABASE
    // Checked later and not shown: an error or a help page that repeats it would show its password.
    #[arg(
        long,
        env = "DATABASE_URL",
        value_name = "URL",
        default_value = "sqlite:muster.db",
        global = true,
        hide_env_values = true
    )]
    database_url: String,

    #[command(flatten)]
    serve: ServeOptions,

    #[command(subcommand)]
    command: Option<Command>,
}

/// What to do. Serving is the default.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve pages, API and gateway
    Serve(ServeOptions),
    /// Bring the database to this version's schema, and end
    Migrate,
    /// Handle the people who sign in
    #[command(subcommand)]
    User(UserCommand),
    /// Handle the accounts of machines
    #[command(subcommand)]
    SystemAccount(SystemAccountCommand),
    /// Handle API tokens
    #[command(subcommand)]
    Token(TokenCommand),
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
    Doctor(Doctor),
}

/// The words of `muster doctor`.
#[derive(Args, Clone, Debug)]
pub struct Doctor {
    /// Address of the gateway, such as https://api.example.org
    #[arg(value_parser = gateway_url)]
    pub url: String,
    /// Path behind the gateway that answers with the request headers it received
    #[arg(long, value_name = "PATH", value_parser = echo_path)]
    pub echo_path: String,
    /// Show fixes for this gateway only
    #[arg(long, value_enum)]
    pub gateway: Option<Gateway>,
    /// Name or UUID of a role that the path requires; may be repeated
    #[arg(long = "role", value_name = "ROLE", conflicts_with = "account")]
    pub roles: Vec<String>,
    /// Use this system account (UUID or name) instead of a new one, such as when the plan is full
    #[arg(long, value_name = "ACCOUNT")]
    pub account: Option<String>,
}

/// What to do with users.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Add a user, and print a link that sets the password once
    Add(AddUser),
}

/// The words of `muster user add`.
#[derive(Args, Debug)]
pub struct AddUser {
    /// E-mail address, which is also the name to sign in with
    #[arg(long, value_name = "ADDRESS")]
    pub email: String,
    /// Full name
    #[arg(long)]
    pub name: String,
    /// Give the role Administrator
    #[arg(long)]
    pub admin: bool,
    /// Name or UUID of a role to give; may be repeated [default: User]
    #[arg(long = "role", value_name = "ROLE")]
    pub roles: Vec<String>,
    /// Read the password from the first line of the standard input instead of printing a link
    #[arg(long)]
    pub password_stdin: bool,
}

/// What to do with system accounts.
#[derive(Debug, Subcommand)]
pub enum SystemAccountCommand {
    /// Add a system account, and print its UUID
    Add(AddSystemAccount),
}

/// The words of `muster system-account add`.
#[derive(Args, Debug)]
pub struct AddSystemAccount {
    /// Name, unique among the enabled system accounts
    #[arg(long)]
    pub name: String,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,
    /// Name or UUID of a role to give; may be repeated [default: CI/CD]
    #[arg(long = "role", value_name = "ROLE")]
    pub roles: Vec<String>,
}

/// What to do with tokens.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Add an API token, and print its value, which is shown only this once
    Add(AddToken),
    /// Revoke an API token at once
    Revoke(RevokeToken),
}

/// The words of `muster token add`.
#[derive(Args, Debug)]
pub struct AddToken {
    /// UUID or name of the account that the token is for
    #[arg(long, value_name = "ACCOUNT")]
    pub account: String,
    /// What the token is for
    #[arg(long)]
    pub name: String,
    /// What the token may do: read or write
    #[arg(long, value_parser = access)]
    pub access: Access,
    /// How long the token is good, such as 90d [default: until it is revoked]
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub expires_in: Option<TimeDelta>,
}

/// The words of `muster token revoke`.
#[derive(Args, Debug)]
pub struct RevokeToken {
    /// Public id of the token: the 12 characters after its first underscore
    pub id: String,
}

/// A command line that has been read: what to do, on which database, and under which settings.
#[derive(Debug)]
pub struct Invocation {
    /// The database of the command.
    pub database_url: DatabaseUrl,
    /// The settings as the variables give them: the command line keeps to the installation's plan and limits too.
    pub settings: ServeOptions,
    /// What to do.
    pub command: Command,
}

impl Invocation {
    /// Reads the words of a command line, the first being the program's own name, and the variables that stand in for
    /// flags.
    ///
    /// # Errors
    /// A message for the person at the shell; `--help` and `--version` come this way too. `clap::Error::exit` prints it and
    /// ends the program with the right status.
    pub fn read<I, T>(arguments: I) -> Result<Invocation, clap::Error>
    where
        I: IntoIterator<Item = T>,
        T: Into<OsString> + Clone,
    {
        let matches = Cli::command().try_get_matches_from(arguments)?;
        let cli = Cli::from_arg_matches(&matches)?;
        if let (Some(_), Some(flag)) = (matches.subcommand_name(), misplaced_flag(&matches)) {
            let sentence = format!("--{flag} belongs after the command: muster serve --{flag} …");
            return Err(Cli::command().error(ErrorKind::ArgumentConflict, sentence));
        }
        let database_url =
            cli.database_url.parse().map_err(|sentence| Cli::command().error(ErrorKind::ValueValidation, sentence))?;
        let settings = cli.serve;
        let command = cli.command.unwrap_or_else(|| Command::Serve(settings.clone()));
        let is_demo = matches!(&command, Command::Serve(options) if options.demo);
        if is_demo && matches.value_source("database_url") == Some(ValueSource::CommandLine) {
            let sentence = "--demo makes a temporary database of its own: leave out --database-url, or --demo.";
            return Err(Cli::command().error(ErrorKind::ArgumentConflict, sentence));
        }
        Ok(Invocation { database_url, settings, command })
    }
}

/// A flag of serving that was written before another command's name, where it would be ignored without a word.
fn misplaced_flag(matches: &ArgMatches) -> Option<String> {
    let written = |id: &&clap::Id| matches.value_source(id.as_str()) == Some(ValueSource::CommandLine);
    let is_value = |id: &&clap::Id| id.as_str() != "database_url" && matches.try_contains_id(id.as_str()).is_ok();
    let groups = ["ServeOptions", "Cli"];
    let misplaced = matches.ids().filter(is_value).filter(written).find(|id| !groups.contains(&id.as_str()));
    misplaced.map(|id| id.as_str().replace('_', "-"))
}

fn gateway_url(text: &str) -> Result<String, String> {
    let refused = || "URL must be http:// or https:// and a host, such as https://api.example.org".to_owned();
    let uri: actix_web::http::Uri = text.parse().map_err(|_| refused())?;
    let plain = uri.query().is_none() && !text.contains(['@', '#']);
    let has_host = uri.host().is_some_and(|host| !host.is_empty());
    let known = matches!(uri.scheme_str(), Some("http" | "https"));
    if plain && has_host && known { Ok(text.trim_end_matches('/').to_owned()) } else { Err(refused()) }
}

fn echo_path(text: &str) -> Result<String, String> {
    let fits = text.starts_with('/') && text.parse::<actix_web::http::Uri>().is_ok() && !text.contains('#');
    if fits { Ok(text.to_owned()) } else { Err("PATH must begin with a slash, such as /echo".to_owned()) }
}

fn access(text: &str) -> Result<Access, String> {
    Access::parse(text).ok_or_else(|| "A token's access is read or write.".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Invocation, String> {
        Invocation::read(line.split(' ')).map_err(|error| error.to_string())
    }

    #[test]
    fn the_command_tree_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn serving_is_the_default() {
        for line in ["muster --listen 127.0.0.1:9", "muster serve --listen 127.0.0.1:9"] {
            let Command::Serve(options) = read(line).unwrap().command else { panic!("{line}") };
            assert_eq!((options.listen.port(), options.demo), (9, false));
        }
        for line in ["muster --demo", "muster serve --demo"] {
            let Command::Serve(options) = read(line).unwrap().command else { panic!("{line}") };
            assert!(options.demo);
        }
    }

    #[test]
    fn the_database_stands_anywhere() {
        for line in [
            "muster --database-url postgres://h/d",
            "muster serve --database-url postgres://h/d",
            "muster --database-url postgres://h/d migrate",
            "muster migrate --database-url postgres://h/d",
            "muster token revoke abc --database-url postgres://h/d",
            "muster user add --email a@b.example --name A --database-url postgres://h/d",
        ] {
            assert_eq!(read(line).unwrap().database_url, DatabaseUrl::Postgres("postgres://h/d".to_owned()), "{line}");
        }
        let refused = read("muster migrate --database-url mysql://u:secret@h/d").unwrap_err();
        assert!(refused.contains("--database-url") && !refused.contains("secret"));
    }

    #[test]
    fn a_flag_before_the_command_is_not_lost() {
        let refused = read("muster --listen 127.0.0.1:9 serve").unwrap_err();
        assert!(refused.contains("muster serve --listen"), "{refused}");
        assert!(read("muster --demo migrate").unwrap_err().contains("--demo"));
        for line in ["muster --demo --database-url a.db", "muster serve --demo --database-url a.db"] {
            assert!(read(line).err().unwrap_or_default().contains("temporary database"), "{line}");
        }
    }

    #[test]
    fn users_are_added() {
        let line = "muster user add --email a@b.example --name Ada --admin --role Read-Only --role Viewer --password-stdin";
        let Command::User(UserCommand::Add(user)) = read(line).unwrap().command else { panic!() };
        assert_eq!((user.email.as_str(), user.name.as_str()), ("a@b.example", "Ada"));
        assert!(user.admin && user.password_stdin);
        assert_eq!(user.roles, ["Read-Only", "Viewer"]);
        assert!(read("muster user add --name Ada").unwrap_err().contains("--email"));
        assert!(read("muster user").is_err());
    }

    #[test]
    fn system_accounts_are_added() {
        let line = "muster system-account add --name ci --description Builds --role CI/CD";
        let Command::SystemAccount(SystemAccountCommand::Add(account)) = read(line).unwrap().command else { panic!() };
        assert_eq!((account.name.as_str(), account.description.as_deref()), ("ci", Some("Builds")));
        assert_eq!(account.roles, ["CI/CD"]);
    }

    #[test]
    fn tokens_are_added_and_revoked() {
        let line = "muster token add --account ci --name deploy --access write --expires-in 90d";
        let Command::Token(TokenCommand::Add(token)) = read(line).unwrap().command else { panic!() };
        assert_eq!((token.account.as_str(), token.name.as_str(), token.access), ("ci", "deploy", Access::Write));
        assert_eq!(token.expires_in, Some(TimeDelta::days(90)));
        assert!(read("muster token add --account ci --name x --access admin").unwrap_err().contains("read or write"));
        assert!(
            read("muster token add --account ci --name x --access read --expires-in 90").unwrap_err().contains("--expires-in")
        );
        let Command::Token(TokenCommand::Revoke(token)) = read("muster token revoke 0123456789AB").unwrap().command else {
            panic!()
        };
        assert_eq!(token.id, "0123456789AB");
    }

    #[test]
    fn the_doctor_is_asked_for() {
        let line = "muster doctor https://api.example.org/ --echo-path /echo?x=1 --gateway nginx --role Viewer";
        let Command::Doctor(doctor) = read(line).unwrap().command else { panic!() };
        assert_eq!((doctor.url.as_str(), doctor.echo_path.as_str()), ("https://api.example.org", "/echo?x=1"));
        assert_eq!((doctor.gateway, doctor.roles), (Some(Gateway::Nginx), vec!["Viewer".to_owned()]));
        for wrong in ["api.example.org", "ftp://a", "https://", "https://u:p@a", "https://a?b"] {
            assert!(read(&format!("muster doctor {wrong} --echo-path /echo")).unwrap_err().contains("http://"), "{wrong}");
        }
        assert!(read("muster doctor https://a").unwrap_err().contains("--echo-path"));
        assert!(read("muster doctor https://a --echo-path echo").unwrap_err().contains("slash"));
        assert!(read("muster doctor https://a --echo-path /e --role a --account b").is_err());
    }

    #[test]
    fn help_names_every_variable_and_no_secret() {
        let help = read("muster serve --help").unwrap_err();
        for variable in [
            "MUSTER_LISTEN",
            "DATABASE_URL",
            "MUSTER_PUBLIC_URL",
            "MUSTER_ORGANISATION",
            "MUSTER_PLAN_NAME",
            "MUSTER_PLAN_LIMIT",
            "MUSTER_POLICY_LINK",
            "MUSTER_MAX_TOKEN_LIFETIME",
            "MUSTER_TRUSTED_PROXIES",
            "MUSTER_WORKERS",
            "MUSTER_ACTIVITY_INTERVAL",
            "MUSTER_REFUSAL_LIMIT",
            "MUSTER_METRICS_LISTEN",
            "MUSTER_LOG",
        ] {
            assert!(help.contains(variable), "{variable}");
        }
    }
}
