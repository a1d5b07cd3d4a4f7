//! The token policy: whether new tokens can be created. The maximum lifetime is a setting (`config`).

use chrono::{DateTime, NaiveDateTime};
use serde::{Deserialize, Serialize};

use crate::accounts::model::{Kind, Right};
use crate::audit::{self, Event, verbs};
use crate::auth::principal::Principal;
use crate::database::DbConnection;
use crate::error::Error;
use crate::text::{merged, tidy};
use crate::{clock, settings};

/// In characters.
pub const MESSAGE_LIMIT: usize = 200;

const SETTING: &str = "token_creation_stopped";
const NAME: &str = "Token creation";

/// Token creation is paused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// Shown to anyone who tries; may be empty.
    pub message: String,
    /// The name of whoever paused it, as it was then.
    pub by: String,
    /// Seconds since 1970.
    at: i64,
}

impl Stop {
    pub fn at(&self) -> NaiveDateTime {
        DateTime::from_timestamp(self.at, 0).unwrap_or_default().naive_utc()
    }

    /// The message for anyone who tries to create a token, also shown in place of the form.
    pub fn sentence(&self) -> String {
        let sentence = format!("Token creation is paused (by {}).", self.by);
        if self.message.is_empty() { sentence } else { format!("{sentence} {}", self.message) }
    }
}

/// Whether token creation is paused.
///
/// # Errors
/// `Internal` if the setting can't be parsed: then nobody knows what was decided.
pub fn stopped(conn: &mut DbConnection) -> Result<Option<Stop>, Error> {
    let Some(text) = settings::get(conn, SETTING)? else { return Ok(None) };
    serde_json::from_str(&text).map(Some).map_err(|error| Error::Internal(format!("the setting {SETTING}: {error}")))
}

/// Fails while token creation is paused. Call it in the transaction that creates the token.
pub fn must_be_open(conn: &mut DbConnection) -> Result<(), Error> {
    match stopped(conn)? {
        Some(stop) => Err(Error::Conflict(stop.sentence())),
        None => Ok(()),
    }
}

/// Pauses token creation on all instances, or changes the message. Returns whether it was already paused. `shown` is the message
/// that the form was drawn with: one that someone else has set meanwhile is not replaced without a word.
pub fn stop(conn: &mut DbConnection, actor: &Principal, message: &str, shown: Option<&str>) -> Result<bool, Error> {
    may_decide(actor)?;
    let fault = |sentence: String| Error::field("message", sentence);
    let before = stopped(conn)?;
    let message = match &before {
        Some(stop) => merged(message, shown, &stop.message).map_err(fault)?,
        None => message,
    };
    let message = tidy(message, MESSAGE_LIMIT).map_err(fault)?;
    if before.as_ref().is_some_and(|stop| stop.message == message) {
        return Ok(true);
    }
    let stop = Stop { message, by: actor.name.clone(), at: clock::now().and_utc().timestamp() };
    let text = serde_json::to_string(&stop).map_err(|error| Error::Internal(error.to_string()))?;
    settings::set(conn, SETTING, &text)?;
    record(conn, actor, verbs::TOKEN_CREATION_STOPPED, before.as_ref(), Some(&stop))?;
    Ok(before.is_some())
}

/// Resumes token creation. Returns whether it was paused.
pub fn resume(conn: &mut DbConnection, actor: &Principal) -> Result<bool, Error> {
    may_decide(actor)?;
    let Some(before) = stopped(conn)? else { return Ok(false) };
    settings::remove(conn, SETTING)?;
    record(conn, actor, verbs::TOKEN_CREATION_RESUMED, Some(&before), None)?;
    Ok(true)
}

fn may_decide(actor: &Principal) -> Result<(), Error> {
    actor.require(Kind::System.permission(Right::Manage), "Only administrators can pause or resume token creation.")
}

/// No token changes, so the check's cache need not reload anything.
fn record(
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
