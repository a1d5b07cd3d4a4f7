//! What holds for all tokens of the installation: whether new ones may be made. The longest life is a setting of the
//! process (`config`).

use chrono::{DateTime, NaiveDateTime};
use serde::{Deserialize, Serialize};

use crate::accounts::model::{Kind, Right};
use crate::audit::{self, Event, verbs};
use crate::auth::principal::Principal;
use crate::database::DbConnection;
use crate::error::Error;
use crate::text::tidy;
use crate::{clock, settings};

/// The longest message, in characters.
pub const MESSAGE_LIMIT: usize = 200;

const SETTING: &str = "token_creation_stopped";
const NAME: &str = "Token creation";

/// That no tokens are made at the moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// For whoever is refused; may be empty.
    pub message: String,
    /// Who stopped it, by their name at that moment.
    pub by: String,
    /// When, in seconds since 1970.
    at: i64,
}

impl Stop {
    /// When it was stopped.
    pub fn at(&self) -> NaiveDateTime {
        DateTime::from_timestamp(self.at, 0).unwrap_or_default().naive_utc()
    }

    /// What is said wherever a creation is refused, and in the place of its form.
    pub fn sentence(&self) -> String {
        let sentence = format!("Token creation is paused (by {}).", self.by);
        if self.message.is_empty() { sentence } else { format!("{sentence} {}", self.message) }
    }
}

/// Whether the creation of tokens is stopped.
///
/// # Errors
/// The database's; `Internal` for a setting that cannot be read: nobody knows then what was decided.
pub fn stopped(conn: &mut DbConnection) -> Result<Option<Stop>, Error> {
    let Some(text) = settings::get(conn, SETTING)? else { return Ok(None) };
    serde_json::from_str(&text).map(Some).map_err(|error| Error::Internal(format!("the setting {SETTING}: {error}")))
}

/// Refuses while the creation of tokens is stopped. Whoever creates one asks this in the same transaction.
///
/// # Errors
/// `Conflict` with the sentence.
pub fn must_be_open(conn: &mut DbConnection) -> Result<(), Error> {
    match stopped(conn)? {
        Some(stop) => Err(Error::Conflict(stop.sentence())),
        None => Ok(()),
    }
}

/// Stops the creation of tokens at every door of every instance, from the next one on. Again, to change the message.
/// Returns whether it had been stopped before.
///
/// # Errors
/// `Forbidden`, `Invalid` (field `message`).
pub fn stop(conn: &mut DbConnection, actor: &Principal, message: &str) -> Result<bool, Error> {
    may_decide(actor)?;
    let message = tidy(message, MESSAGE_LIMIT).map_err(|sentence| Error::field("message", sentence))?;
    let before = stopped(conn)?;
    if before.as_ref().is_some_and(|stop| stop.message == message) {
        return Ok(true);
    }
    let stop = Stop { message, by: actor.name.clone(), at: clock::now().and_utc().timestamp() };
    let text = serde_json::to_string(&stop).map_err(|error| Error::Internal(error.to_string()))?;
    settings::set(conn, SETTING, &text)?;
    note(conn, actor, verbs::TOKEN_CREATION_STOPPED, before.as_ref(), Some(&stop))?;
    Ok(before.is_some())
}

/// Lets tokens be created again. Nothing happens where they can be.
///
/// # Errors
/// `Forbidden`.
pub fn resume(conn: &mut DbConnection, actor: &Principal) -> Result<(), Error> {
    may_decide(actor)?;
    let Some(before) = stopped(conn)? else { return Ok(()) };
    settings::remove(conn, SETTING)?;
    note(conn, actor, verbs::TOKEN_CREATION_RESUMED, Some(&before), None)
}

fn may_decide(actor: &Principal) -> Result<(), Error> {
    actor.require(Kind::System.permission(Right::Manage), "Only administrators can pause or resume token creation.")
}

/// No token changes by it, so the check's memory is not asked to read anything again.
fn note(
    conn: &mut DbConnection,
    actor: &Principal,
    verb: &'static str,
    before: Option<&Stop>,
    after: Option<&Stop>,
) -> Result<(), Error> {
    let message = |stop: Option<&Stop>| stop.map(|stop| stop.message.clone());
    let detail = serde_json::json!({ "before": message(before), "after": message(after) });
    let event = Event { verb, target_kind: "policy", target_id: None, target_name: NAME, object: None, detail };
    audit::record_alone(conn, actor, &event)
}
