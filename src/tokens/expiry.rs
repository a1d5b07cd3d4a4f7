//! The expiry that the list names for an account stands in the account's own row (`first_expiry_at`), so that the list is
//! sorted and narrowed by it without a look at any token.
//!
//! Every change to a token keeps it, but the passing of time changes no row. So each instance looks every few seconds
//! whether an account's token has expired since somebody last looked, and moves the account on to its next expiry. Until
//! then it stands in the list where it stood, and is not among those whose tokens expire soon.
//!
//! Clocks differ, and go back when they are set right. So a look reaches back a little, and also over whatever a clock that was
//! ahead has seen to: whom it has moved too far comes back.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{NaiveDateTime, TimeDelta};

use super::queries;
use crate::clock;
use crate::database::Database;
use crate::error::Error;
use crate::id::Id;
use crate::settings;

/// How often it is looked: nobody sorts a list by seconds.
const PERIOD: Duration = Duration::from_secs(10);
/// The setting that says up to when expired tokens have been seen to; the first look writes it.
pub const SEEN_UNTIL: &str = "expiries_seen_until";
/// How far back a look reaches: more than the clocks of instances differ.
const BACK: TimeDelta = TimeDelta::minutes(5);
/// How old the setting may become where nothing expires.
const KEPT_FOR: TimeDelta = TimeDelta::hours(1);
/// Tokens looked at in one statement, so that after a long stop nobody waits long for the writer.
const PART: usize = 500;

/// Looks again and again, as long as the process lives.
pub async fn run(database: Database) {
    let mut failing = false;
    loop {
        let outcome = move_on(&database, clock::now()).await;
        match &outcome {
            Ok(0) => {}
            Ok(accounts) => log::debug!("{accounts} accounts have moved on to the next expiry of their tokens"),
            Err(error) if failing => log::debug!("expired tokens still wait to be seen to: {error}"),
            Err(error) => log::warn!("expired tokens could not be seen to, and wait for the next time: {error}"),
        }
        failing = outcome.is_err();
        tokio::time::sleep(PERIOD).await;
    }
}

/// Sees to the tokens that have expired, up to `now`, since this was last done on this database. Returns the number of
/// accounts whose expiry was another. Where there are none it writes no more than that it has looked: once an hour, and
/// where the clock has gone back.
///
/// # Errors
/// The database's. What has been done until then is kept.
pub async fn move_on(database: &Database, now: NaiveDateTime) -> Result<usize, Error> {
    let since = database.read(|conn| settings::moment(conn, SEEN_UNTIL)).await?.unwrap_or(clock::NEVER);
    // A clock that was ahead may have hidden from the others what expired meanwhile.
    let from = if since > now { now - (since - now) } else { since } - BACK;
    let until = since.max(now);
    let (mut place, mut moved) = ((from, String::new()), 0);
    loop {
        let after = place.clone();
        let part = database.read(move |conn| queries::expiry::expired(conn, &after, until, now, PART)).await?;
        let Some(last) = part.last() else { break };
        place = (last.expires_at, last.account.to_string());
        let is_last = part.len() < PART;
        let outdated: BTreeSet<Id> = part.into_iter().filter(|token| token.outdated).map(|token| token.account).collect();
        if !outdated.is_empty() {
            moved += outdated.len();
            database.write(move |conn| queries::expiry::keep_first_expiries(conn, outdated, now)).await?;
        }
        if is_last {
            break;
        }
    }
    if moved > 0 || now < since || now - since > KEPT_FOR {
        database.write(move |conn| settings::set_moment(conn, SEEN_UNTIL, now)).await?;
    }
    Ok(moved)
}
