//! Keeps `first_expiry_at`, the expiry that the list shows for an account, in the account's own row, so that the list can
//! be sorted and filtered by it without reading tokens.
//!
//! Every change to a token updates it, but time passing changes no row. So each instance looks every few seconds for tokens
//! that have expired since the last look, and moves their accounts on to the next expiry. Until then such an account keeps
//! its place in the list and doesn't count as expiring soon.
//!
//! Clocks differ, and are sometimes set back. So each look starts a little earlier than the last one ended, and also
//! repeats what an instance with a clock ahead has done: accounts that it moved too far are moved back.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{NaiveDateTime, TimeDelta};

use super::queries;
use crate::clock;
use crate::database::Database;
use crate::error::Error;
use crate::id::Id;
use crate::settings;

/// Nobody sorts a list by seconds.
const PERIOD: Duration = Duration::from_secs(10);
/// The setting that says up to when expired tokens have been processed. The first look writes it.
pub const SEEN_UNTIL: &str = "expiries_seen_until";
/// How far back each look starts: more than the clocks of instances differ.
const BACK: TimeDelta = TimeDelta::minutes(5);
/// The setting is written at least this often, even if nothing expires.
const KEPT_FOR: TimeDelta = TimeDelta::hours(1);
/// Tokens read by one statement, so that after a long downtime other writers don't wait long.
const PART: usize = 500;

/// Runs for as long as the process does.
pub async fn run(database: Database) {
    let mut failing = false;
    loop {
        let outcome = move_on(&database, clock::now()).await;
        match &outcome {
            Ok(0) => {}
            Ok(accounts) => log::debug!("updated the next token expiry of {accounts} accounts"),
            Err(error) if failing => log::debug!("expired tokens still cannot be processed: {error}"),
            Err(error) => log::warn!("expired tokens could not be processed, trying again later: {error}"),
        }
        failing = outcome.is_err();
        tokio::time::sleep(PERIOD).await;
    }
}

/// Updates the accounts whose tokens have expired since the last look on this database, up to `now`. Returns how many
/// changed. If none did, it writes only the setting: once an hour, and when the clock has gone back. After an error, what
/// has been done so far is kept.
pub async fn move_on(database: &Database, now: NaiveDateTime) -> Result<usize, Error> {
    let since = database.read(|conn| settings::moment(conn, SEEN_UNTIL)).await?.unwrap_or(clock::NEVER);
    // An instance with its clock ahead may have skipped what expired since then.
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
