//! The commands beside `muster serve`: the same operations as the screens, under the same rules and with the same audit
//! events, by somebody with a shell on Muster's machine. Each brings the database up to date first, as a start does.

use std::io::{BufRead, Write};

use crate::accounts::model::Kind;
use crate::accounts::operations::{self, Creation, Plan, UserCreation};
use crate::accounts::queries::{self as accounts, find_named};
use crate::auth::links::{self, Purpose};
use crate::auth::password;
use crate::auth::principal::Principal;
use crate::cli::{AddSystemAccount, AddToken, AddUser, Command, RevokeToken, SystemAccountCommand, TokenCommand, UserCommand};
use crate::config::{Config, DatabaseUrl};
use crate::database::{Database, DbConnection, migrations};
use crate::error::Error;
use crate::id::Id;
use crate::roles::{self, predefined};
use crate::tokens;
use crate::tokens::model::Expiry;
use crate::tokens::value::ID_LENGTH;

/// Does what a command says. `config` holds the installation's settings, as its variables give them.
///
/// # Errors
/// A sentence for the person at the shell. Nothing has been changed then.
pub fn run(command: Command, config: &Config) -> Result<(), String> {
    let found = match &config.database_url {
        DatabaseUrl::Sqlite(path) => std::path::Path::new(path).exists(),
        DatabaseUrl::Postgres(_) => true,
    };
    // Somebody in the wrong folder, perhaps in a hurry: of what is not there, no token can be revoked.
    if let (Command::Token(_), false, DatabaseUrl::Sqlite(path)) = (&command, found, &config.database_url) {
        return Err(format!("There is no database {path} here. Go to its folder, or name it with DATABASE_URL."));
    }
    let applied = migrations::migrate(&config.database_url)?;
    if let (false, DatabaseUrl::Sqlite(path)) = (found, &config.database_url) {
        // In the wrong folder one would otherwise wonder where the accounts are. Not among the output, which scripts read.
        eprintln!("There was no database: made a new one, {path}.");
    }
    let database = Database::connect(config.database_url.clone(), 1).map_err(|error| sentence(&error))?;
    match command {
        Command::Serve(_) | Command::Doctor(_) => Err("This is not among the commands that end by themselves.".into()),
        Command::Migrate => report(&applied),
        Command::User(UserCommand::Add(words)) => add_user(&database, config, &words),
        Command::SystemAccount(SystemAccountCommand::Add(words)) => add_system_account(&database, config, &words),
        Command::Token(TokenCommand::Add(words)) => add_token(&database, config, &words),
        Command::Token(TokenCommand::Revoke(words)) => revoke_token(&database, &words),
    }
}

/// Writes a line to the standard output.
///
/// # Errors
/// A sentence, where nobody reads there any more.
pub fn say(line: &str) -> Result<(), String> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{line}").and_then(|()| output.flush()).map_err(|error| format!("Nothing could be printed: {error}."))
}

/// The refusals of fields under the names of the flags that they came by.
pub fn sentence(error: &Error) -> String {
    let Error::Invalid(fields) = error else { return error.to_string() };
    let flagged = |field: &crate::error::FieldError| match field.field {
        "password" => format!("The password: {}", field.message),
        "expires" => format!("--expires-in: {}", field.message),
        name => format!("--{name}: {}", field.message),
    };
    fields.iter().map(flagged).collect::<Vec<_>>().join(" ")
}

fn report(applied: &[String]) -> Result<(), String> {
    if applied.is_empty() {
        return say("The database is up to date.");
    }
    applied.iter().try_for_each(|name| say(&format!("Ran migration {name}.")))
}

fn add_user(database: &Database, config: &Config, words: &AddUser) -> Result<(), String> {
    let password_hash = if words.password_stdin { Some(hash_from_stdin()?) } else { None };
    let invited = password_hash.is_none();
    let outcome = database.write_now(|conn| {
        let mut roles = roles_named(conn, &words.roles)?;
        if words.admin {
            roles.push(predefined::ADMINISTRATOR.into());
        } else if roles.is_empty() {
            roles.push(predefined::USER.into());
        }
        let form = UserCreation { name: words.name.clone(), email: words.email.clone(), password_hash, roles };
        let id = operations::create_user(conn, &Principal::shell(), &form)?;
        if invited { links::create(conn, Purpose::Password, Some(&id)).map(Some) } else { Ok(None) }
    });
    let base = config.base_url(config.listen);
    match outcome.map_err(|error| sentence(&error))? {
        Some(key) => say(&format!("Open {base}/set-password/{key} to choose the password. The link works once, for three days.")),
        None => say(&format!("Added {}, who signs in at {base}/login", words.email)),
    }
}

fn hash_from_stdin() -> Result<String, String> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(|error| format!("The password could not be read: {error}."))?;
    let text = line.trim_end_matches(['\r', '\n']);
    password::check_new(text, text).and_then(|()| password::hash(text)).map_err(|error| sentence(&error))
}

fn add_system_account(database: &Database, config: &Config, words: &AddSystemAccount) -> Result<(), String> {
    let plan = Plan::from(config);
    let id = database.write_now(|conn| {
        let mut roles = roles_named(conn, &words.roles)?;
        if roles.is_empty() {
            roles.push(predefined::CI_CD.into());
        }
        let description = words.description.clone().unwrap_or_default();
        let form = Creation { name: words.name.clone(), description, roles, ..Creation::default() };
        operations::create_system_account(conn, &Principal::shell(), &plan, &form)
    });
    say(id.map_err(|error| sentence(&error))?.as_str())
}

fn add_token(database: &Database, config: &Config, words: &AddToken) -> Result<(), String> {
    let made = database.write_now(|conn| {
        let account = account_named(conn, &words.account)?;
        let expiry = words.expires_in.map_or(Expiry::Never, Expiry::In);
        let form = tokens::operations::Creation { name: words.name.clone(), access: Some(words.access), expiry: Ok(expiry) };
        let made = tokens::operations::create(conn, &Principal::shell(), &account, &form, config.max_token_lifetime)?;
        Ok((made, accounts::find(conn, Kind::System, &account)?))
    });
    let ((_, value), account) = made.map_err(|error| sentence(&error))?;
    if account.disabled {
        // Not among what a script reads.
        eprintln!("The system account {} is disabled. This token works once the account is enabled.", account.name);
    }
    say(value.expose())
}

fn revoke_token(database: &Database, words: &RevokeToken) -> Result<(), String> {
    // Pages show the id with the four characters and the underscore that the token begins with.
    let id = match words.id.split_once('_') {
        Some(("mstr" | "mstw", id)) => id,
        _ => words.id.as_str(),
    };
    if id.len() != ID_LENGTH {
        return Err(format!("A token's public id has {ID_LENGTH} characters: those after its first underscore, up to the next."));
    }
    let revoked = database.write_now(|conn| {
        let token = tokens::operations::revoke_by_id(conn, &Principal::shell(), id)?;
        let (account, kind) = tokens::queries::owner(conn, &token.id)?;
        Ok((token.name, accounts::find(conn, kind, &account)?.name))
    });
    let (token, account) = revoked.map_err(|error| sentence(&error))?;
    say(&format!("Revoked the token {token} of {account}."))
}

/// The system account of this UUID or name.
///
/// # Errors
/// `Conflict` with a sentence where no name, or more than one, fits.
pub fn account_named(conn: &mut DbConnection, text: &str) -> Result<Id, Error> {
    match Id::parse(text) {
        Some(id) => Ok(id),
        None => find_named(conn, text).map_err(|error| named(error, text)),
    }
}

fn named(error: Error, name: &str) -> Error {
    match error {
        Error::NotFound(noun) => Error::Conflict(format!("There is no {noun} named {name}.")),
        other => other,
    }
}

/// The roles of these names or UUIDs.
///
/// # Errors
/// `Invalid` on the field `role` for one that there is not.
pub fn roles_named(conn: &mut DbConnection, names: &[String]) -> Result<Vec<Id>, Error> {
    let mut found = Vec::new();
    for name in names {
        let role = roles::queries::find_named(conn, name)?;
        found.push(role.ok_or_else(|| Error::field("role", format!("There is no role {name}.")))?.id);
    }
    Ok(found)
}
