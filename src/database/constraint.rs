//! What a database error means to the one who asked. SQLite names columns in a violation, Postgres the constraint.

use diesel::result::{DatabaseErrorKind, Error as Diesel};

use crate::error::{Error, Outage};

/// A system account of that name is enabled already.
pub const NAME_TAKEN: &str = "An enabled system account already has this name.";
/// A user of that address exists already.
pub const EMAIL_TAKEN: &str = "Another user has this e-mail address.";

/// A team of that name exists already.
pub const TEAM_TAKEN: &str = "A team already has this name.";

/// A form came twice: a double click, or a reload of the answer.
pub const SENT_BEFORE: &str = "The form was sent twice but carried out once.";

impl From<Diesel> for Error {
    fn from(error: Diesel) -> Self {
        explain(&error)
    }
}

/// Turns a database error into the domain's.
pub fn explain(error: &Diesel) -> Error {
    match error {
        Diesel::DatabaseError(DatabaseErrorKind::UniqueViolation, info) => {
            unique(info.constraint_name().unwrap_or_default(), info.message()).unwrap_or_else(|| internal(error))
        }
        Diesel::DatabaseError(DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand, _)
        | Diesel::BrokenTransactionManager => Error::unavailable(error.to_string()),
        Diesel::RollbackErrorOnCommit { commit_error, .. } => explain(commit_error),
        Diesel::DatabaseError(_, info) => match outage(info.message()) {
            Some(outage) => Error::Unavailable(outage, info.message().to_owned()),
            None => internal(error),
        },
        _ => internal(error),
    }
}

fn internal(error: &Diesel) -> Error {
    Error::Internal(error.to_string())
}

fn unique(constraint: &str, message: &str) -> Option<Error> {
    let is = |index: &str, column: &str| constraint == index || message.contains(column);
    if is("accounts_system_name", "accounts.name_key") {
        return Some(Error::field("name", NAME_TAKEN));
    }
    if is("accounts_user_email", "accounts.email_key") {
        return Some(Error::field("email", EMAIL_TAKEN));
    }
    if is("teams_name_key_key", "teams.name_key") {
        return Some(Error::field("name", TEAM_TAKEN));
    }
    if is("audit_changes_undoes_key", "audit_changes.undoes") {
        return Some(Error::Conflict("This change has already been undone.".into()));
    }
    if is("audit_changes_pkey", "audit_changes.id") {
        return Some(Error::Conflict(SENT_BEFORE.into()));
    }
    None
}

/// The texts of both engines for "not now": a full disk, a database that takes no writes, a lost server, a locked file.
fn outage(message: &str) -> Option<Outage> {
    const DISK_FULL: [&str; 3] = ["database or disk is full", "No space left on device", "could not extend file"];
    const READ_ONLY: [&str; 3] = ["readonly database", "read-only transaction", "during recovery"];
    const DISK_FAILS: [&str; 1] = ["disk I/O error"];
    const UNREACHABLE: [&str; 16] = [
        "database is locked",
        "database table is locked",
        "unable to open database",
        "terminating connection",
        "server closed the connection",
        "connection to server",
        "could not connect",
        "no connection to the server",
        "the database system is",
        "SSL connection has been closed",
        "could not receive data",
        "could not send data",
        "lock timeout",
        "statement timeout",
        "could not serialize access",
        "deadlock detected",
    ];
    let has = |signs: &[&str]| signs.iter().any(|sign| message.contains(sign));
    match () {
        () if has(&DISK_FULL) => Some(Outage::DiskFull),
        () if has(&DISK_FAILS) => Some(Outage::DiskFails),
        () if has(&READ_ONLY) => Some(Outage::ReadOnly),
        () if has(&UNREACHABLE) => Some(Outage::Unreachable),
        () => None,
    }
}
