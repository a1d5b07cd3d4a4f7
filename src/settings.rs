//! What the installation keeps about itself: a name and a value in the `settings` table.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::clock;
use crate::database::DbConnection;
use crate::error::Error;
use crate::schema::settings;

/// The value of a setting.
///
/// # Errors
/// The database's.
pub fn get(conn: &mut DbConnection, name: &str) -> Result<Option<String>, Error> {
    Ok(settings::table.find(name).select(settings::value).first(conn).optional()?)
}

/// Gives a setting a value.
///
/// # Errors
/// The database's.
pub fn set(conn: &mut DbConnection, name: &str, value: &str) -> Result<(), Error> {
    diesel::delete(settings::table.find(name)).execute(conn)?;
    diesel::insert_into(settings::table).values((settings::name.eq(name), settings::value.eq(value))).execute(conn)?;
    Ok(())
}

/// Forgets a setting.
///
/// # Errors
/// The database's.
pub fn remove(conn: &mut DbConnection, name: &str) -> Result<(), Error> {
    diesel::delete(settings::table.find(name)).execute(conn)?;
    Ok(())
}

const TRACKED_SINCE: &str = "tracked_since";
const MOMENT: &str = "%Y-%m-%dT%H:%M:%S";

/// Since when use has been tracked: this installation's first start. Written down by the first call.
///
/// # Errors
/// The database's.
pub fn begin_tracking(conn: &mut DbConnection) -> Result<(), Error> {
    match get(conn, TRACKED_SINCE)? {
        Some(_) => Ok(()),
        None => set(conn, TRACKED_SINCE, &clock::now().format(MOMENT).to_string()),
    }
}

/// Since when use has been tracked.
///
/// # Errors
/// The database's.
pub fn tracked_since(conn: &mut DbConnection) -> Result<NaiveDateTime, Error> {
    let text = get(conn, TRACKED_SINCE)?;
    Ok(text.and_then(|text| NaiveDateTime::parse_from_str(&text, MOMENT).ok()).unwrap_or_else(clock::now))
}
