//! The SQL of new values that wait, sealed, for the page that shows them.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::database::DbConnection;
use crate::error::Error;
use crate::schema::token_values;

pub fn insert(conn: &mut DbConnection, token: &str, sealed: &str, until: NaiveDateTime) -> Result<(), Error> {
    let row = (token_values::token_id.eq(token), token_values::sealed.eq(sealed), token_values::expires_at.eq(until));
    diesel::insert_into(token_values::table).values(row).execute(conn)?;
    Ok(())
}

pub fn find(conn: &mut DbConnection, token: &str, now: NaiveDateTime) -> Result<Option<String>, Error> {
    let kept = token_values::table.find(token).filter(token_values::expires_at.gt(now));
    Ok(kept.select(token_values::sealed).first(conn).optional()?)
}

pub fn forget(conn: &mut DbConnection, token: &str) -> Result<(), Error> {
    diesel::delete(token_values::table.find(token)).execute(conn)?;
    Ok(())
}

/// Forgets all that were kept until `now` at most.
pub fn forget_old(conn: &mut DbConnection, now: NaiveDateTime) -> Result<(), Error> {
    diesel::delete(token_values::table.filter(token_values::expires_at.le(now))).execute(conn)?;
    Ok(())
}
