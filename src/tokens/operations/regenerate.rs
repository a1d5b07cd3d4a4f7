//! Regenerating a token: it gets a successor, and its old value stops now or after an overlap.

use chrono::{NaiveDateTime, TimeDelta};

use super::revoke::stop_predecessors;
use super::{event, make, may_hold_value, own, within_reach};
use crate::accounts::model::{Account, Kind};
use crate::audit::{self, verbs};
use crate::auth::principal::{Means, Principal};
use crate::clock;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::tokens::model::{Overlap, Token};
use crate::tokens::queries;
use crate::tokens::queries::expiry::keep_first_expiry;
use crate::tokens::value::TokenValue;

/// A regenerated token: the old one and the new one.
#[derive(Debug)]
pub struct Successor {
    pub old: Token,
    pub new: Token,
    pub value: TokenValue,
}

impl Successor {
    /// Until when the old value works; `None` if it has stopped.
    pub fn old_until(&self) -> Option<NaiveDateTime> {
        self.old.expires_at.filter(|_| self.old.revoked_at.is_none())
    }
}

/// Replaces a token with one of the same name, access and lifetime (up to `maximum`), and stops the old value after
/// `overlap`. A value that the old token had itself replaced stops immediately. This works while token creation is paused,
/// too: it must always be possible to replace a leaked value, and the number of tokens stays the same.
///
/// # Errors
/// `Conflict` if the token is revoked, expired or already regenerated, `Throttled` if it is too new for a token to do that.
pub fn regenerate(
    conn: &mut DbConnection,
    actor: &Principal,
    account: &Id,
    token: &str,
    overlap: impl Into<TimeDelta>,
    maximum: Option<TimeDelta>,
) -> Result<Successor, Error> {
    let account = within_reach(conn, actor, Kind::System, account)?;
    may_hold_value(conn, actor, &account)?;
    let old = queries::find(conn, &account.id, token)?;
    succeed(conn, actor, &account, old, overlap.into(), maximum)
}

/// The minimum age at which a token may regenerate one that replaced another, itself included. Nobody rotates faster on
/// purpose, and each time leaves an audit event. A person who does it in the browser or a shell does it by hand.
const MIN_AGE: TimeDelta = TimeDelta::minutes(1);
/// How many replaced tokens an account keeps, so that late uses of them are recognised. Without a limit, a machine that
/// rotates its own token would leave rows forever.
const KEPT_PREDECESSORS: i64 = 100;

/// Regenerates the token that the actor authenticated with, like [`regenerate`]. It needs no
/// permission: whoever has the value can do everything the new one can.
pub fn regenerate_own(
    conn: &mut DbConnection,
    actor: &Principal,
    overlap: TimeDelta,
    maximum: Option<TimeDelta>,
) -> Result<Successor, Error> {
    let (account, old) = own(conn, actor)?;
    succeed(conn, actor, &account, old, overlap, maximum)
}

/// How the audit log writes an overlap; one that the token's own expiry cuts short is told as that.
fn said(overlap: TimeDelta, cut: bool) -> String {
    if cut {
        return Overlap::UNTIL_EXPIRY.to_owned();
    }
    let preset = Overlap::ALL.into_iter().find(|preset| preset.length() == overlap);
    preset.map_or_else(|| format!("{}s", overlap.num_seconds()), |preset| preset.as_str().into())
}

pub(super) fn succeed(
    conn: &mut DbConnection,
    actor: &Principal,
    account: &Account,
    old: Token,
    overlap: TimeDelta,
    maximum: Option<TimeDelta>,
) -> Result<Successor, Error> {
    let now = clock::now();
    may_be_regenerated(&old, now)?;
    let age = now - old.created_at;
    if matches!(actor.means, Means::Token(_)) && age < MIN_AGE && queries::is_successor(conn, &account.id, &old.id)? {
        return Err(Error::Throttled((MIN_AGE - age).num_seconds().unsigned_abs() + 1));
    }
    let lifetime = match (old.lifetime(), maximum) {
        (Some(own), Some(maximum)) => Some(own.min(maximum)),
        (own, maximum) => own.or(maximum),
    };
    let expires_at = lifetime.map(|length| now + length);
    let (new, value) = make(conn, actor, account, &old.name, old.access, now, expires_at)?;
    let change = audit::begin(conn, actor)?;
    queries::replace(conn, &old.id, &new.id)?;
    let end = now + overlap;
    let expires_first = old.expires_at.is_some_and(|own| own < end);
    if overlap.is_zero() {
        queries::revoke(conn, &old.id, now)?;
    } else if !expires_first {
        queries::expire(conn, &old.id, end)?;
    }
    let detail = serde_json::json!({
        "access": old.access.as_str(),
        "expires_at": expires_at.map(clock::written),
        "overlap": said(overlap, expires_first),
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
    Err(Error::Conflict(format!("The token {} {why}.", token.name)))
}

/// Stops the old value of a regenerated token before its overlap ends. `token` is the new one.
///
/// # Errors
/// `Conflict` if no old value works anymore.
pub fn finish(conn: &mut DbConnection, actor: &Principal, account: &Id, token: &str) -> Result<(), Error> {
    let account = within_reach(conn, actor, Kind::System, account)?;
    finish_of(conn, actor, &account, token)
}

pub(super) fn finish_of(conn: &mut DbConnection, actor: &Principal, account: &Account, token: &str) -> Result<(), Error> {
    let token = queries::find(conn, &account.id, token)?;
    let change = audit::begin(conn, actor)?;
    if stop_predecessors(conn, &change, account, &token.id, clock::now())? == 0 {
        return Err(Error::Conflict(format!("The old value of the token {} has stopped working already.", token.name)));
    }
    keep_first_expiry(conn, &account.id)
}
