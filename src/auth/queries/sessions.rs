//! The SQL of browser sessions.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::auth::principal::Origin;
use crate::clock;
use crate::database::sql::Sql;
use crate::database::{Backend, DbConnection};
use crate::error::Error;
use crate::id::Id;
use crate::schema::sessions;
use crate::settings::general::{self, Limits};

/// A session on its owner's profile page.
#[derive(Debug, Clone)]
pub struct SessionRow {
    /// Its public ID, not the cookie's key.
    pub id: Id,
    pub created_at: NaiveDateTime,
    /// Accurate to five minutes.
    pub last_seen_at: NaiveDateTime,
    pub address: Option<String>,
    pub user_agent: Option<String>,
}

type Sessions = sessions::BoxedQuery<'static, Backend>;

fn live() -> Sessions {
    sessions::table.filter(sessions::expires_at.gt(clock::now())).into_boxed()
}

pub(super) fn is_live(conn: &mut DbConnection, account: &Id, session: &Id) -> Result<bool, Error> {
    let own = live().filter(sessions::account_id.eq(account.as_str().to_owned())).filter(sessions::id.eq(session.clone()));
    Ok(own.select(sessions::id).first::<Id>(conn).optional()?.is_some())
}

/// ID, state and last-seen time of the session with this key.
pub fn load(conn: &mut DbConnection, digest: &[u8]) -> Result<Option<(Id, String, NaiveDateTime)>, Error> {
    Ok(live()
        .filter(sessions::digest.eq(digest.to_vec()))
        .select((sessions::id, sessions::state, sessions::last_seen_at))
        .first(conn)
        .optional()?)
}

/// Inserts a session, and deletes all expired ones.
pub fn insert(
    conn: &mut DbConnection,
    id: &Id,
    digest: &[u8],
    account: Option<&Id>,
    state: &str,
    origin: &Origin,
) -> Result<(), Error> {
    let now = clock::now();
    diesel::delete(sessions::table.filter(sessions::expires_at.le(now))).execute(conn)?;
    diesel::insert_into(sessions::table)
        .values((
            sessions::id.eq(id),
            sessions::digest.eq(digest),
            sessions::account_id.eq(account.map(Id::as_str)),
            sessions::state.eq(state),
            sessions::created_at.eq(now),
            sessions::last_seen_at.eq(now),
            sessions::expires_at.eq(ends(general::read(conn)?.limits(), now, now)),
            sessions::address.eq(origin.address.as_deref()),
            sessions::user_agent.eq(origin.user_agent.as_deref()),
        ))
        .execute(conn)?;
    Ok(())
}

/// Sets the key of a new session, by its hash, and its state. Returns whether the session still exists.
pub fn give_key(conn: &mut DbConnection, id: &Id, digest: &[u8], state: &str) -> Result<bool, Error> {
    let begun = diesel::update(sessions::table.filter(sessions::id.eq(id)));
    Ok(begun.set((sessions::digest.eq(digest), sessions::state.eq(state))).execute(conn)? > 0)
}

/// Changes a session's state. Returns whether the session still exists.
pub fn update(conn: &mut DbConnection, digest: &[u8], state: &str) -> Result<bool, Error> {
    let rows =
        diesel::update(sessions::table.filter(sessions::digest.eq(digest))).set(sessions::state.eq(state)).execute(conn)?;
    Ok(rows > 0)
}

/// Deletes the session with this key.
pub fn delete(conn: &mut DbConnection, digest: &[u8]) -> Result<(), Error> {
    diesel::delete(sessions::table.filter(sessions::digest.eq(digest))).execute(conn)?;
    Ok(())
}

/// When a session ends that began and was last seen then.
fn ends(limits: Limits, began: NaiveDateTime, seen: NaiveDateTime) -> NaiveDateTime {
    (seen + limits.inactivity).min(began + limits.length)
}

/// Brings living sessions within the limits: those that are over end with the commit. None lives longer for it.
pub fn shorten(conn: &mut DbConnection, limits: Limits) -> Result<(), Error> {
    let (length, inactivity) = (limits.length.num_seconds(), limits.inactivity.num_seconds());
    let (least, began, seen) = match conn {
        DbConnection::Sqlite(_) => {
            let after = |column, seconds| format!("strftime('%Y-%m-%d %H:%M:%f', {column}, '+{seconds} seconds')");
            ("min", after("created_at", length), after("last_seen_at", inactivity))
        }
        DbConnection::Postgres(_) => {
            let after = |column, seconds| format!("{column} + make_interval(secs => {seconds})");
            ("least", after("created_at", length), after("last_seen_at", inactivity))
        }
    };
    Sql::new(&format!("UPDATE sessions SET expires_at = {least}(expires_at, {began}, {seen})")).execute(conn).map(drop)
}

/// Records that a session was seen, and extends it up to the limit.
pub fn touch(conn: &mut DbConnection, id: &Id, origin: &Origin) -> Result<(), Error> {
    let now = clock::now();
    let own = sessions::table.filter(sessions::id.eq(id));
    let began: Option<NaiveDateTime> = own.select(sessions::created_at).first(conn).optional()?;
    let Some(began) = began else { return Ok(()) };
    diesel::update(own)
        .set((
            sessions::last_seen_at.eq(now),
            sessions::expires_at.eq(ends(general::read(conn)?.limits(), began, now)),
            sessions::address.eq(origin.address.as_deref()),
            sessions::user_agent.eq(origin.user_agent.as_deref()),
        ))
        .execute(conn)?;
    Ok(())
}

/// A user's active sessions, most recently seen first.
pub fn of_account(conn: &mut DbConnection, account: &Id) -> Result<Vec<SessionRow>, Error> {
    type SessionColumns = (Id, NaiveDateTime, NaiveDateTime, Option<String>, Option<String>);
    let rows: Vec<SessionColumns> = live()
        .filter(sessions::account_id.eq(account.as_str().to_owned()))
        .order((sessions::last_seen_at.desc(), sessions::id))
        .select((sessions::id, sessions::created_at, sessions::last_seen_at, sessions::address, sessions::user_agent))
        .load(conn)?;
    Ok(rows
        .into_iter()
        .map(|(id, created_at, last_seen_at, address, user_agent)| SessionRow {
            id,
            created_at,
            last_seen_at,
            address,
            user_agent,
        })
        .collect())
}

/// Deletes one session of a user. Returns whether it existed.
pub fn end(conn: &mut DbConnection, account: &Id, id: &Id) -> Result<bool, Error> {
    let own = sessions::table.filter(sessions::account_id.eq(account.as_str())).filter(sessions::id.eq(id));
    Ok(diesel::delete(own).execute(conn)? > 0)
}

/// Deletes all sessions of a user except one. Returns how many.
pub fn end_others(conn: &mut DbConnection, account: &Id, kept: Option<&Id>) -> Result<usize, Error> {
    let others = sessions::table
        .filter(sessions::account_id.eq(account.as_str()))
        .filter(sessions::id.ne(kept.map_or("", Id::as_str).to_owned()));
    Ok(diesel::delete(others).execute(conn)?)
}
