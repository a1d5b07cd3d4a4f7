//! The SQL of secrets that wait, sealed, for the page that shows them.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::database::DbConnection;
use crate::error::Error;
use crate::schema::sealed_secrets;

pub fn insert(conn: &mut DbConnection, id: &str, sealed: &str, until: NaiveDateTime) -> Result<(), Error> {
    let row = (sealed_secrets::id.eq(id), sealed_secrets::sealed.eq(sealed), sealed_secrets::expires_at.eq(until));
    diesel::insert_into(sealed_secrets::table).values(row).execute(conn)?;
    Ok(())
}

pub fn find(conn: &mut DbConnection, id: &str, now: NaiveDateTime) -> Result<Option<String>, Error> {
    let kept = sealed_secrets::table.find(id).filter(sealed_secrets::expires_at.gt(now));
    Ok(kept.select(sealed_secrets::sealed).first(conn).optional()?)
}

pub fn forget(conn: &mut DbConnection, id: &str) -> Result<(), Error> {
    diesel::delete(sealed_secrets::table.find(id)).execute(conn)?;
    Ok(())
}

/// Forgets all that were kept until `now` at most.
pub fn forget_old(conn: &mut DbConnection, now: NaiveDateTime) -> Result<(), Error> {
    diesel::delete(sealed_secrets::table.filter(sealed_secrets::expires_at.le(now))).execute(conn)?;
    Ok(())
}
