//! What the installation keeps about itself: a name and a value in the `settings` table.

pub mod current;
pub mod general;
pub mod operations;
pub mod pages;
pub mod view;

use chrono::{NaiveDateTime, SubsecRound};
use diesel::prelude::*;

use crate::clock;
use crate::database::DbConnection;
use crate::error::Error;
use crate::schema::settings;

/// The value of a setting.
pub fn get(conn: &mut DbConnection, name: &str) -> Result<Option<String>, Error> {
    Ok(settings::table.find(name).select(settings::value).first(conn).optional()?)
}

/// Gives a setting a value.
pub fn set(conn: &mut DbConnection, name: &str, value: &str) -> Result<(), Error> {
    diesel::delete(settings::table.find(name)).execute(conn)?;
    diesel::insert_into(settings::table).values((settings::name.eq(name), settings::value.eq(value))).execute(conn)?;
    Ok(())
}

/// Forgets a setting.
pub fn remove(conn: &mut DbConnection, name: &str) -> Result<(), Error> {
    diesel::delete(settings::table.find(name)).execute(conn)?;
    Ok(())
}

/// The moment that a setting holds.
pub fn moment(conn: &mut DbConnection, name: &str) -> Result<Option<NaiveDateTime>, Error> {
    Ok(get(conn, name)?.and_then(|text| NaiveDateTime::parse_from_str(&text, MOMENT).ok()))
}

/// Gives a setting a moment.
pub fn set_moment(conn: &mut DbConnection, name: &str, at: NaiveDateTime) -> Result<(), Error> {
    set(conn, name, &at.format(MOMENT).to_string())
}

const SERVED_AT: &str = "served_at";

/// Where a server of this database last listened: the URL that its links begin with.
pub fn served_at(conn: &mut DbConnection) -> Result<Option<String>, Error> {
    get(conn, SERVED_AT)
}

/// Notes where a server listens.
pub fn serve_at(conn: &mut DbConnection, url: &str) -> Result<(), Error> {
    if get(conn, SERVED_AT)?.as_deref() == Some(url) { Ok(()) } else { set(conn, SERVED_AT, url) }
}

/// With as many digits of a second as there are.
const MOMENT: &str = "%Y-%m-%dT%H:%M:%S%.f";
const TRACKED_SINCE: &str = "tracked_since";

/// Since when use has been tracked: this installation's first start. Written down by the first call.
pub fn begin_tracking(conn: &mut DbConnection) -> Result<(), Error> {
    match get(conn, TRACKED_SINCE)? {
        Some(_) => Ok(()),
        None => set_moment(conn, TRACKED_SINCE, clock::now().trunc_subsecs(0)),
    }
}

/// Since when use has been tracked.
pub fn tracked_since(conn: &mut DbConnection) -> Result<NaiveDateTime, Error> {
    Ok(moment(conn, TRACKED_SINCE)?.unwrap_or_else(clock::now))
}
