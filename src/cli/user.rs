//! `muster user`.

use std::io::BufRead;

use clap::{Args, Subcommand};

use super::output::{row, say, sentence};
use super::role::roles_named;
use super::{open, open_or_create};
use crate::accounts::model::{Account, AccountName, Email, Kind, Selection};
use crate::accounts::operations::{self, ActionParams, Plan, UserCreation};
use crate::accounts::queries::{self, roster};
use crate::auth::links::LinkKey;
use crate::auth::principal::Principal;
use crate::auth::{self, password};
use crate::config::Config;
use crate::database::{Database, DbConnection};
use crate::error::Error;
use crate::id::Id;
use crate::people::model::Invitee;
use crate::people::operations::{self as people, ExistingUserPolicy, Invitations, InviteFault, InviteOutcome};
use crate::people::queries as people_queries;
use crate::roles::predefined;
use crate::settings;

#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Add a user, and print a one-time link to set the password
    Add(AddUser),
    /// List all users: UUID, e-mail address, name, roles, status, last sign-in
    List,
    /// Disable a user, and sign them out everywhere
    Disable(UserArgs),
    /// Enable a user
    Enable(UserArgs),
    /// Print a one-time link to set a new password; older links stop working
    ResetPassword(UserArgs),
    /// Replace the roles of a user
    SetRoles(SetRoles),
}

#[derive(Args, Debug)]
pub struct AddUser {
    /// E-mail address, used to sign in
    #[arg(long, value_name = "ADDRESS")]
    pub email: String,
    /// Full name
    #[arg(long)]
    pub name: String,
    /// Make the user an administrator
    #[arg(long)]
    pub admin: bool,
    /// Name or UUID of a role; may be repeated [default: User]
    #[arg(long = "role", value_name = "ROLE")]
    pub roles: Vec<String>,
    /// Read the password from the first line of standard input instead of printing a link
    #[arg(long)]
    pub password_stdin: bool,
}

#[derive(Args, Debug)]
pub struct UserArgs {
    /// E-mail address or UUID of the user
    pub user: String,
}

#[derive(Args, Debug)]
pub struct SetRoles {
    /// E-mail address or UUID of the user
    pub user: String,
    /// Name or UUID of a role; may be repeated
    #[arg(long = "role", value_name = "ROLE", required = true)]
    pub roles: Vec<String>,
}

pub fn run(command: UserCommand, config: &Config) -> Result<(), String> {
    match command {
        UserCommand::Add(words) => add(config, &words),
        UserCommand::List => list(config),
        UserCommand::Disable(words) => switch(config, &words.user, false),
        UserCommand::Enable(words) => switch(config, &words.user, true),
        UserCommand::ResetPassword(words) => reset_password(config, &words.user),
        UserCommand::SetRoles(words) => set_roles(config, &words),
    }
}

fn add(config: &Config, words: &AddUser) -> Result<(), String> {
    // Before anything else: a password that is too short must not leave a new database behind.
    let password_hash = if words.password_stdin { Some(hash_from_stdin()?) } else { None };
    let (database, plan) = (open_or_create(config)?, Plan::from(config));
    let outcome = database.write_now(|conn| {
        let mut roles = roles_named(conn, &words.roles)?;
        if words.admin {
            roles.push(predefined::ADMINISTRATOR.into());
        } else if roles.is_empty() {
            roles.push(predefined::USER.into());
        }
        if password_hash.is_none() {
            return invite(conn, &plan, words, roles).map(Some);
        }
        let form = UserCreation { name: words.name.clone(), email: words.email.clone(), password_hash, roles };
        operations::create_user(conn, &Principal::shell(), &form)?;
        operations::plan_allows(conn, &plan, Kind::User, 1)?;
        Ok(None)
    });
    match outcome.map_err(|error| sentence(&error))? {
        Some(key) => print_link(config, &database, &key, "7 days"),
        None => say(&format!("Added {}. Sign in at {}/login", words.email, base_url(config, &database)?)),
    }
}

/// Invites one person, and returns the key of their link.
fn invite(conn: &mut DbConnection, plan: &Plan, words: &AddUser, roles: Vec<Id>) -> Result<LinkKey, Error> {
    let name = AccountName::parse(&words.name).map_err(|message| Error::field("name", message))?;
    let email = Email::parse(&words.email).map_err(|message| Error::field("email", message))?;
    let one = Invitations {
        people: vec![Ok(Invitee { name: Some(name), email })],
        roles,
        teams: Vec::new(),
        known: ExistingUserPolicy::Fault { enable: Vec::new() },
        form: None,
    };
    match people::invite(conn, &Principal::shell(), plan, &one)? {
        InviteOutcome::Faults(faults) => {
            Err(Error::field("email", faults.first().map_or_else(String::new, InviteFault::sentence)))
        }
        InviteOutcome::Invited(invited, _) => {
            let key = invited.into_iter().find_map(|one| one.key);
            key.ok_or_else(|| Error::Internal("somebody new without a link".into()))
        }
    }
}

fn print_link(config: &Config, database: &Database, key: &LinkKey, life: &str) -> Result<(), String> {
    let base = base_url(config, database)?;
    say(&format!("Open {base}/set-password/{} to set the password. The link works once and expires in {life}.", key.expose()))
}

/// The public URL, or else the address where this database's server last listened.
fn base_url(config: &Config, database: &Database) -> Result<String, String> {
    if config.public_url.is_none()
        && let Some(url) = database.read_now(settings::served_at).map_err(|error| sentence(&error))?
    {
        return Ok(url);
    }
    Ok(config.base_url(config.listen))
}

fn hash_from_stdin() -> Result<String, String> {
    let mut line = Vec::new();
    let cannot = |error: &dyn std::fmt::Display| format!("Cannot read the password: {error}.");
    std::io::stdin().lock().read_until(b'\n', &mut line).map_err(|error| cannot(&error))?;
    let text = std::str::from_utf8(&line).map_err(|error| cannot(&error))?;
    let text = first_line(text);
    password::check_new(text, text).and_then(|()| password::hash(text)).map_err(|error| sentence(&error))
}

/// Removes one line break, and the byte-order mark that PowerShell and editors add.
fn first_line(text: &str) -> &str {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}

fn list(config: &Config) -> Result<(), String> {
    let database = open(config)?;
    row(&["UUID", "E-MAIL", "NAME", "ROLES", "STATUS", "LAST SIGN-IN"])?;
    super::output::pages(|after| {
        let lines = database.read_now(|conn| roster::page(conn, Kind::User, after)).map_err(|error| sentence(&error))?;
        for line in &lines {
            let email = line.email.as_deref().unwrap_or_default();
            row(&[line.id.as_str(), email, &line.name, &line.roles.join(", "), line.status(), &line.last_login()])?;
        }
        Ok(lines.last().map(roster::RosterRow::place))
    })
}

fn switch(config: &Config, user: &str, enable: bool) -> Result<(), String> {
    let (database, plan) = (open(config)?, Plan::from(config));
    let done = database.write_now(|conn| {
        let account = user_named(conn, user)?;
        let one = Selection::Accounts(vec![account.id.clone()]);
        let actor = Principal::shell();
        let done = if enable {
            operations::enable(conn, &actor, &plan, Kind::User, &one)?
        } else {
            operations::disable(conn, &actor, Kind::User, &one)?
        };
        Ok((account.name, done.outcome.changed > 0))
    });
    say(&match (done.map_err(|error| sentence(&error))?, enable) {
        ((name, true), true) => format!("Enabled {name}."),
        ((name, true), false) => format!("Disabled {name} and signed them out everywhere."),
        ((name, false), true) => format!("No change: {name} was already enabled."),
        ((name, false), false) => format!("No change: {name} was already disabled."),
    })
}

fn reset_password(config: &Config, user: &str) -> Result<(), String> {
    let database = open(config)?;
    let made = database.write_now(|conn| {
        let (account, actor) = (user_named(conn, user)?, Principal::shell());
        // Who has not accepted the invitation yet gets a new one.
        let pending = people_queries::of_accounts(conn, std::slice::from_ref(&account.id))?;
        if pending.contains_key(&account.id) {
            return Ok((people::renew(conn, &actor, &account.id)?, "7 days"));
        }
        Ok((people::offer_password(conn, &actor, &account.id)?, "24 hours"))
    });
    let (offered, life) = made.map_err(|error| sentence(&error))?;
    print_link(config, &database, &offered.key, life)
}

fn set_roles(config: &Config, words: &SetRoles) -> Result<(), String> {
    let database = open(config)?;
    let done = database.write_now(|conn| {
        let account = user_named(conn, &words.user)?;
        let roles = roles_named(conn, &words.roles)?;
        let edit = ActionParams::exactly(roles);
        let done = operations::set_roles(conn, &Principal::shell(), Kind::User, &account.id, &edit)?;
        let held = crate::roles::queries::badges(conn, std::slice::from_ref(&account.id))?.remove(&account.id);
        let names: Vec<String> = held.unwrap_or_default().into_iter().map(|badge| badge.name).collect();
        Ok((account.name, names.join(", "), done.outcome.changed > 0))
    });
    let (name, roles, changed) = done.map_err(|error| sentence(&error))?;
    say(&if changed { format!("Roles of {name}: {roles}.") } else { format!("No change: {name} already has {roles}.") })
}

/// Finds a user by e-mail address or UUID.
fn user_named(conn: &mut DbConnection, text: &str) -> Result<Account, Error> {
    let id = match Id::parse(text) {
        Some(id) => Some(id),
        None => auth::queries::login(conn, text)?.map(|login| login.id),
    };
    let unknown = || Error::Conflict(format!("There is no user {text}."));
    match queries::find(conn, Kind::User, &id.ok_or_else(unknown)?) {
        Err(Error::NotFound(_)) => Err(unknown()),
        found => found,
    }
}

#[cfg(test)]
mod tests {
    use super::first_line;

    #[test]
    fn one_line_end_and_a_byte_order_mark_go() {
        for (text, line) in [
            ("secret", "secret"),
            ("secret\n", "secret"),
            ("secret\r\n", "secret"),
            ("\u{feff}secret\r\n", "secret"),
            (" secret \n", " secret "),
            ("secret\r\r\n", "secret\r"),
            ("\n", ""),
        ] {
            assert_eq!(first_line(text), line, "{text:?}");
        }
    }
}
