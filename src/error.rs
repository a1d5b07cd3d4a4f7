//! The domain's one error. Pages and the API each draw it in their own way (`web::page`, `web::api`).

use std::fmt;

/// A message for one field of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The field's name in the form.
    pub field: &'static str,
    /// A sentence for the person who filled it in.
    pub message: String,
}

/// Why the database cannot do what is asked of it now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outage {
    /// It does not answer, or not in time. Nothing was changed.
    Unreachable,
    /// Its disk is full. Nothing was changed.
    DiskFull,
    /// Its disk refuses writes: a quota, a limit, or a fault. Nothing was changed.
    DiskFails,
    /// It takes no writes. Nothing was changed.
    ReadOnly,
    /// The SQLite file was removed or replaced. Nothing was changed.
    Replaced,
    /// The connection was lost while a change was being committed: it may have been saved or not.
    Uncertain,
}

impl Outage {
    fn sentence(self) -> &'static str {
        match self {
            Self::Unreachable => "Muster can't reach its database right now. Nothing was changed. Try again shortly.",
            Self::DiskFull => {
                "The disk of Muster's database is full. Nothing was changed. Ask whoever runs Muster to free some space."
            }
            Self::DiskFails => {
                "The disk of Muster's database refuses writes. Nothing was changed. Ask whoever runs Muster to check the disk \
                 and its quota."
            }
            Self::ReadOnly => "Muster's database is read-only at the moment. Nothing was changed. Ask whoever runs Muster.",
            Self::Replaced => {
                "Muster's database file was moved or replaced while Muster was running. Nothing was changed. Ask whoever runs \
                 Muster to restart it."
            }
            Self::Uncertain => {
                "Muster lost its database while saving. Your change may or may not have been saved. Check before you try again."
            }
        }
    }
}

/// Why something asked of Muster did not happen. Nothing is half done when one of these is returned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// Nobody is signed in, or the session has ended.
    Unauthenticated,
    /// What was asked about does not exist, or not for the one who asks. Holds its name in a sentence ("system account").
    NotFound(&'static str),
    /// What was asked about exists, but the actor is not to know: they read the same as for [`Error::NotFound`], and the audit
    /// log notes a refusal.
    OutOfReach {
        /// Its name in a sentence.
        noun: &'static str,
        /// The permission that would be needed.
        permission: &'static str,
    },
    /// The actor lacks a permission; holds the permission's text.
    Forbidden {
        /// The permission that would be needed, such as `system_account:manage:*`.
        permission: String,
        /// What was refused, as a sentence.
        message: String,
    },
    /// The input breaks a rule; one message for each field in the way.
    Invalid(Vec<FieldError>),
    /// The same of what a call of the API holds: paths such as `users[1].email`, each with a sentence.
    InvalidAt(Vec<(String, String)>),
    /// The account that was asked about has been deleted; holds a sentence that says by whom and when.
    Gone(String),
    /// The same of a role or a team, which clients know as not found.
    Deleted(String),
    /// A rule of the whole installation stands in the way: the plan's limit, a taken name, the last administrator.
    Conflict(String),
    /// The request itself cannot be understood.
    BadRequest(String),
    /// The request came from another site's page.
    CrossSite,
    /// Too many attempts; holds the seconds to wait.
    Throttled(u64),
    /// More is asked of the processors than they can do at the moment; holds the seconds to wait.
    Busy(u64),
    /// As much of it runs as Muster does at once; holds the sentence.
    Occupied(&'static str),
    /// The database cannot do this at the moment. The text is the cause, for the log.
    Unavailable(Outage, String),
    /// A fault of Muster's own. The text goes to the log and never to the caller.
    Internal(String),
}

impl Error {
    /// A refusal of one field.
    pub fn field(field: &'static str, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError { field, message: message.into() }])
    }

    /// A refusal of something in a call of the API.
    pub fn at(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self::InvalidAt(vec![(path.into(), message.into())])
    }

    /// The same error with the API's names for the fields of a form.
    pub fn with_paths(self, path: impl Fn(&str) -> String) -> Self {
        match self {
            Self::Invalid(fields) => {
                Self::InvalidAt(fields.into_iter().map(|wrong| (path(wrong.field), wrong.message)).collect())
            }
            other => other,
        }
    }

    /// `other` where something was not found; what is wrong with the database stays as it is.
    pub fn or_missing(self, other: Self) -> Self {
        if matches!(self, Self::NotFound(_)) { other } else { self }
    }

    /// Turns the fault of a field that is this sentence into a conflict: what was sent is well formed, and taken.
    pub fn conflict_if(self, sentence: &str) -> Self {
        match self {
            Self::Invalid(faults) if faults.iter().any(|fault| fault.message == sentence) => Self::Conflict(sentence.into()),
            other => other,
        }
    }

    /// A refusal for lack of a permission, with the sentence that a person reads.
    pub fn forbidden(permission: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Forbidden { permission: permission.into(), message: message.into() }
    }

    /// The database cannot be reached; with the cause, for the log.
    pub fn unavailable(cause: impl Into<String>) -> Self {
        Self::Unavailable(Outage::Unreachable, cause.into())
    }

    /// What the log says of this error, which is more than the one who asked may know.
    pub fn cause(&self) -> String {
        match self {
            Self::Internal(cause) => format!("internal: {cause}"),
            Self::Unavailable(outage, cause) => format!("database unavailable ({outage:?}): {cause}"),
            other => other.message(),
        }
    }

    /// The permission for the lack of which this was refused: such refusals are written to the audit log.
    pub fn lacking(&self) -> Option<&str> {
        match self {
            Self::Forbidden { permission, .. } => Some(permission),
            Self::OutOfReach { permission, .. } => Some(permission),
            _ => None,
        }
    }

    /// After how many seconds it may be asked again.
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Throttled(seconds) | Self::Busy(seconds) => Some(*seconds),
            Self::Unavailable(..) => Some(1),
            Self::Occupied(_) => Some(60),
            _ => None,
        }
    }

    /// The messages of several errors about one form, each beside its field; the first that is not about a field alone.
    pub fn joined(errors: impl IntoIterator<Item = Self>) -> Result<(), Self> {
        let mut fields = Vec::new();
        for error in errors {
            match error {
                Self::Invalid(wrong) => fields.extend(wrong),
                other => return Err(other),
            }
        }
        if fields.is_empty() { Ok(()) } else { Err(Self::Invalid(fields)) }
    }

    /// The sentence for the one who asked. Never holds SQL, a secret or a stack trace.
    pub fn message(&self) -> String {
        match self {
            Self::Unauthenticated => "Sign in to continue.".into(),
            Self::NotFound("link") => {
                "This link has been used or has expired. Sign in, or ask an administrator for a new one.".into()
            }
            Self::NotFound(what) | Self::OutOfReach { noun: what, .. } => {
                format!("This {what} does not exist or has been deleted.")
            }
            Self::Forbidden { message, .. }
            | Self::Gone(message)
            | Self::Deleted(message)
            | Self::Conflict(message)
            | Self::BadRequest(message) => message.clone(),
            Self::Invalid(fields) => fields.first().map_or_else(String::new, |first| first.message.clone()),
            Self::InvalidAt(fields) => fields.first().map_or_else(String::new, |(_, message)| message.clone()),
            Self::CrossSite => "This request came from another site, so it was refused.".into(),
            Self::Occupied(message) => (*message).into(),
            Self::Throttled(seconds) => format!("Too many attempts. Try again in {}.", wait_in_words(*seconds)),
            Self::Busy(seconds) => {
                format!("Muster is busy right now. Try again in {}.", wait_in_words(*seconds))
            }
            Self::Unavailable(outage, _) => outage.sentence().into(),
            Self::Internal(_) => {
                "Something went wrong in Muster. Check whether your change was saved before you try again.".into()
            }
        }
    }
}

pub fn wait_in_words(seconds: u64) -> String {
    match seconds {
        0..=1 => "a second".into(),
        2..=90 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // The person at a shell is the one who reads the log.
            Self::Unavailable(Outage::Unreachable, cause) => write!(f, "Muster can't reach its database: {cause}"),
            Self::Internal(cause) => write!(f, "internal: {cause}"),
            other => f.write_str(&other.message()),
        }
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_not_found_is_called_missing() {
        let gone = Error::field("team", "This team no longer exists.");
        assert_eq!(Error::NotFound("team").or_missing(gone.clone()), gone);
        let outage = Error::unavailable("connection refused");
        assert_eq!(outage.clone().or_missing(gone), outage);
    }
}
