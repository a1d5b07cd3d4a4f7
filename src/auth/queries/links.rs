//! The SQL of one-time links.

use chrono::TimeDelta;
use diesel::prelude::*;

use crate::clock;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::schema::one_time_links;

/// A link that has not expired.
#[derive(Debug, Clone)]
pub struct StoredLink {
    /// Whom it is for: nobody yet, where it is for the first administrator.
    pub account: Option<Id>,
    /// Who made it; nobody but the command line where there is none.
    pub by: Option<Id>,
}

pub fn insert(
    conn: &mut DbConnection,
    digest: &[u8],
    purpose: &str,
    (account, by): (Option<&Id>, Option<&Id>),
    life: TimeDelta,
) -> Result<(), Error> {
    let now = clock::now();
    diesel::insert_into(one_time_links::table)
        .values((
            one_time_links::digest.eq(digest),
            one_time_links::purpose.eq(purpose),
            one_time_links::account_id.eq(account.map(Id::as_str)),
            one_time_links::created_by.eq(by.map(Id::as_str)),
            one_time_links::created_at.eq(now),
            one_time_links::expires_at.eq(now + life),
        ))
        .execute(conn)?;
    Ok(())
}

/// The link of this digest.
pub fn find(conn: &mut DbConnection, digest: &[u8], purpose: &str) -> Result<Option<StoredLink>, Error> {
    let row: Option<(Option<Id>, Option<Id>)> = one_time_links::table
        .filter(one_time_links::digest.eq(digest))
        .filter(one_time_links::purpose.eq(purpose))
        .filter(one_time_links::expires_at.gt(clock::now()))
        .select((one_time_links::account_id, one_time_links::created_by))
        .first(conn)
        .optional()?;
    Ok(row.map(|(account, by)| StoredLink { account, by }))
}

/// Deletes the link of this digest. Returns whether there still was one.
pub fn take(conn: &mut DbConnection, digest: &[u8], purpose: &str) -> Result<bool, Error> {
    let link = one_time_links::table
        .filter(one_time_links::digest.eq(digest))
        .filter(one_time_links::purpose.eq(purpose))
        .filter(one_time_links::expires_at.gt(clock::now()));
    Ok(diesel::delete(link).execute(conn)? > 0)
}

/// Deletes all links of a purpose, or those of one account.
pub fn delete(conn: &mut DbConnection, purpose: &str, account: Option<&Id>) -> Result<(), Error> {
    let links = one_time_links::table.filter(one_time_links::purpose.eq(purpose.to_owned()));
    match account {
        Some(account) => diesel::delete(links.filter(one_time_links::account_id.eq(account.as_str()))).execute(conn)?,
        None => diesel::delete(links).execute(conn)?,
    };
    Ok(())
}
