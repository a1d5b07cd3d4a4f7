//! The expiry that the list names for an account stands in the account's own row (`first_expiry_at`), so that the list is
//! sorted and narrowed by it without a look at any token.
//!
//! Every change to a token keeps it, but the passing of time changes no row. So each instance looks every few seconds
//! whether tokens have expired since somebody last looked, and moves their accounts on to the next expiry. Until then an
//! account one of whose tokens has just expired stands in the list where it stood.

use std::time::Duration;

use chrono::NaiveDateTime;

use super::queries;
use crate::clock;
use crate::database::Database;
use crate::error::Error;
use crate::settings;

/// How often it is looked: nobody sorts a list by seconds.
const PERIOD: Duration = Duration::from_secs(10);
/// The setting that says up to when expired tokens have been seen to.
const SEEN_UNTIL: &str = "expiries_seen_until";
const MOMENT: &str = "%Y-%m-%dT%H:%M:%S%.6f";

/// Looks again and again, as long as the process lives.
pub async fn run(database: Database) {
    loop {
        match move_on(&database, clock::now()).await {
            Ok(0) => {}
            Ok(accounts) => log::debug!("{accounts} accounts have moved on to their next token's expiry"),
            Err(error) => log::debug!("expired tokens are not seen to, and wait for the next time: {error}"),
        }
        tokio::time::sleep(PERIOD).await;
    }
}

/// Sees to the tokens that have expired, up to `now`, since this was last done on this database. Returns the number of their
/// accounts. Writes nothing where there are none.
///
/// # Errors
/// The database's.
pub async fn move_on(database: &Database, now: NaiveDateTime) -> Result<usize, Error> {
    let any = database.read(move |conn| {
        let since = seen_until(conn)?;
        queries::any_expired(conn, since, now)
    });
    if !any.await? {
        return Ok(0);
    }
    let moved = database.write(move |conn| {
        let since = seen_until(conn)?;
        let moved = queries::move_first_expiries_on(conn, since, now)?;
        settings::set(conn, SEEN_UNTIL, &since.max(now).format(MOMENT).to_string())?;
        Ok(moved)
    });
    moved.await
}

fn seen_until(conn: &mut crate::database::DbConnection) -> Result<NaiveDateTime, Error> {
    let text = settings::get(conn, SEEN_UNTIL)?;
    Ok(text.and_then(|text| NaiveDateTime::parse_from_str(&text, MOMENT).ok()).unwrap_or(clock::NEVER))
}
