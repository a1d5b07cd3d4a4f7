//! Regenerating a token: it gets a successor, and its old value stops now or after an overlap.

use chrono::{NaiveDateTime, TimeDelta};

use super::revoke::stop_predecessors;
use super::{event, make, may_hold_value, own, within_reach};
use crate::accounts::model::{Account, Kind};
use crate::audit::{self, verbs};
use crate::auth::principal::Principal;
use crate::clock;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::tokens::model::{Overlap, Token};
use crate::tokens::queries;
use crate::tokens::queries::expiry::keep_first_expiry;
use crate::tokens::value::TokenValue;

/// A token that has taken the place of another.
#[derive(Debug)]
pub struct Successor {
    /// The old token, as it is now.
    pub old: Token,
    /// The new one.
    pub new: Token,
    /// The new one's value.
    pub value: TokenValue,
}

impl Successor {
    /// Until when the old value works; `None` where it has stopped.
    pub fn old_until(&self) -> Option<NaiveDateTime> {
        self.old.expires_at.filter(|_| self.old.revoked_at.is_none())
    }
}

/// Gives a token a successor of the same name, access and length of life (cut to `maximum`), and stops the old value after
/// `overlap`. What the old one had replaced in its turn stops at once. Also while the creation of tokens is stopped: a leaked
/// value must be replaceable at any time, and there are no more tokens than before.
///
/// # Errors
/// `Forbidden`, `NotFound`, `Conflict` for a token that is revoked, expired, or has a successor already.
pub fn regenerate(
    conn: &mut DbConnection,
    actor: &Principal,
    account: &Id,
    token: &str,
    overlap: Overlap,
    maximum: Option<TimeDelta>,
) -> Result<Successor, Error> {
    let account = within_reach(conn, actor, Kind::System, account)?;
    may_hold_value(conn, actor, &account)?;
    let old = queries::find(conn, &account.id, token)?;
    succeed(conn, actor, &account, old, (overlap.length(), overlap.as_str()), maximum)
}

/// How old a token has to be that has replaced another, to be replaced by its own doing. Nobody rotates so often on purpose.
const MIN_AGE: TimeDelta = TimeDelta::minutes(1);
/// Replaced tokens of an account that are kept when they have ended, so that a late use of one is still told apart. A machine
/// that replaces its own would leave rows for ever.
const KEPT_PREDECESSORS: i64 = 100;

/// The token that the actor has proved itself by gets a successor, on the terms of [`regenerate`] but for an overlap of any
/// length. It takes no permission: whoever has the value can do all that its successor can.
///
/// # Errors
/// `Forbidden` for an actor without a token, `Conflict` as [`regenerate`], `Throttled` for a successor that is too young.
pub fn regenerate_own(
    conn: &mut DbConnection,
    actor: &Principal,
    overlap: TimeDelta,
    maximum: Option<TimeDelta>,
) -> Result<Successor, Error> {
    let (account, old) = own(conn, actor)?;
    may_be_regenerated(&old, clock::now())?;
    let age = clock::now() - old.created_at;
    if age < MIN_AGE && queries::is_successor(conn, &account.id, &old.id)? {
        return Err(Error::Throttled((MIN_AGE - age).num_seconds().unsigned_abs() + 1));
    }
    let preset = Overlap::ALL.into_iter().find(|preset| preset.length() == overlap);
    let said = preset.map_or_else(|| format!("{}s", overlap.num_seconds()), |preset| preset.as_str().into());
    succeed(conn, actor, &account, old, (overlap, &said), maximum)
}

/// `overlap` with its word for the audit log.
fn succeed(
    conn: &mut DbConnection,
    actor: &Principal,
    account: &Account,
    old: Token,
    (overlap, said): (TimeDelta, &str),
    maximum: Option<TimeDelta>,
) -> Result<Successor, Error> {
    let now = clock::now();
    may_be_regenerated(&old, now)?;
    let lifetime = match (old.lifetime(), maximum) {
        (Some(own), Some(maximum)) => Some(own.min(maximum)),
        (own, maximum) => own.or(maximum),
    };
    let expires_at = lifetime.map(|length| now + length);
    let (new, value) = make(conn, actor, account, &old.name, old.access, now, expires_at)?;
    let change = audit::begin(conn, actor)?;
    queries::replace(conn, &old.id, &new.id)?;
    if overlap.is_zero() {
        queries::revoke(conn, &old.id, now)?;
    } else {
        let end = now + overlap;
        queries::expire(conn, &old.id, old.expires_at.map_or(end, |own| own.min(end)))?;
    }
    let detail = serde_json::json!({
        "access": old.access.as_str(),
        "expires_at": expires_at.map(clock::written),
        "overlap": said,
        "successor": new.id,
    });
    change.record(conn, &event(verbs::TOKEN_REGENERATED, account, &old, detail))?;
    stop_predecessors(conn, &change, account, &old.id, now)?;
    queries::forget_predecessors(conn, &account.id, now, KEPT_PREDECESSORS)?;
    keep_first_expiry(conn, &account.id)?;
    Ok(Successor { old: queries::find(conn, &account.id, &old.id)?, new, value })
}

fn may_be_regenerated(token: &Token, now: NaiveDateTime) -> Result<(), Error> {
    let why = if token.replaced_by.is_some() {
        "has been regenerated already: regenerate its successor"
    } else if token.revoked_at.is_some() {
        "has been revoked: create a new token"
    } else if token.is_expired(now) {
        "has expired: create a new token"
    } else {
        return Ok(());
    };
    Err(Error::Conflict(format!("The token {} {why}. Nothing was changed.", token.name)))
}

/// Stops the old value of a regenerated token before its overlap is over. `token` is the successor.
///
/// # Errors
/// `Forbidden`, `NotFound`, `Conflict` where no old value works any more.
pub fn finish(conn: &mut DbConnection, actor: &Principal, account: &Id, token: &str) -> Result<(), Error> {
    let account = within_reach(conn, actor, Kind::System, account)?;
    let token = queries::find(conn, &account.id, token)?;
    let change = audit::begin(conn, actor)?;
    if stop_predecessors(conn, &change, &account, &token.id, clock::now())? == 0 {
        return Err(Error::Conflict(format!("The old value of the token {} has stopped working already.", token.name)));
    }
    keep_first_expiry(conn, &account.id)
}
