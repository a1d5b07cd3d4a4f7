//! The SQL of sessions, sign-in and one-time links.

use chrono::{NaiveDateTime, TimeDelta};
use diesel::prelude::*;

use super::principal::{ActorKind, Means, Origin, Principal};
use crate::accounts::model::Kind;
use crate::clock;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::schema::{accounts, one_time_links, sessions};
use crate::text::email;
use crate::{roles, tokens};

/// A user who may try to sign in.
#[derive(Debug, Clone)]
pub struct Login {
    /// The account.
    pub id: Id,
    /// Name.
    pub name: String,
    /// Password hash, absent until the user has chosen one.
    pub password_hash: Option<String>,
    /// Whether the account is disabled.
    pub disabled: bool,
}

/// The user of this e-mail address, in any spelling.
///
/// # Errors
/// The database's.
pub fn login(conn: &mut DbConnection, address: &str) -> Result<Option<Login>, Error> {
    // Nobody has such an address, and Postgres takes a NUL in no text.
    if address.contains('\0') {
        return Ok(None);
    }
    login_where(conn, |query| query.filter(accounts::email_key.eq(email::key(address))))
}

/// The user of this identity.
///
/// # Errors
/// The database's.
pub fn login_by_id(conn: &mut DbConnection, id: &Id) -> Result<Option<Login>, Error> {
    login_where(conn, |query| query.filter(accounts::id.eq(id.clone())))
}

type Boxed = accounts::BoxedQuery<'static, crate::database::Backend>;

fn login_where(conn: &mut DbConnection, narrow: impl FnOnce(Boxed) -> Boxed) -> Result<Option<Login>, Error> {
    let users = accounts::table.filter(accounts::kind.eq("user")).into_boxed();
    let row: Option<(Id, String, Option<String>, bool)> = narrow(users)
        .select((accounts::id, accounts::name, accounts::password_hash, accounts::disabled))
        .first(conn)
        .optional()?;
    Ok(row.map(|(id, name, password_hash, disabled)| Login { id, name, password_hash, disabled }))
}

/// Whether there is any user yet.
///
/// # Errors
/// The database's.
pub fn has_users(conn: &mut DbConnection) -> Result<bool, Error> {
    let first: Option<Id> = accounts::table.filter(accounts::kind.eq("user")).select(accounts::id).first(conn).optional()?;
    Ok(first.is_some())
}

/// Notes that a user signs in now, if the account is enabled and its password hash is still `password_hash`. Returns whether
/// it was so. The row stays locked until the transaction ends: a change of the password or a disablement comes before or
/// after, and then finds the session that is begun in this one.
///
/// # Errors
/// The database's.
pub fn note_login(conn: &mut DbConnection, id: &Id, password_hash: &str) -> Result<bool, Error> {
    let unchanged = accounts::table
        .filter(accounts::id.eq(id))
        .filter(accounts::disabled.eq(false))
        .filter(accounts::password_hash.eq(password_hash));
    Ok(diesel::update(unchanged).set(accounts::last_login_at.eq(clock::now())).execute(conn)? > 0)
}

/// The enabled user behind a session, with everything that they may do. `None` where the account is disabled or gone.
///
/// # Errors
/// The database's.
pub fn principal(conn: &mut DbConnection, account: &Id, session: Id, origin: Origin) -> Result<Option<Principal>, Error> {
    standing(conn, account, Kind::User, Means::Session(session), origin)
}

/// The actor of a request as they are at this moment. Between the door and here the account may have been disabled, a role
/// taken, the session ended or the token revoked; inside [`crate::database::Database::write`] no administrator's change to
/// it can come between any more.
///
/// # Errors
/// `Unauthenticated` for an actor who would not be let in any more; the database's.
pub fn present(conn: &mut DbConnection, actor: &Principal) -> Result<Principal, Error> {
    let (kind, account) = match (actor.kind, &actor.account) {
        (ActorKind::User, Some(account)) => (Kind::User, account),
        (ActorKind::System, Some(account)) => (Kind::System, account),
        _ => return Ok(actor.clone()),
    };
    let proven = match &actor.means {
        Means::Session(session) => is_live(conn, account, session)?,
        Means::Token(token) => match tokens::queries::find(conn, account, token) {
            Ok(token) => token.is_living(clock::now()),
            Err(Error::NotFound(_)) => false,
            Err(error) => return Err(error),
        },
        Means::Trusted => true,
    };
    let found = if proven { standing(conn, account, kind, actor.means.clone(), actor.origin.clone())? } else { None };
    found.ok_or(Error::Unauthenticated)
}

fn standing(conn: &mut DbConnection, account: &Id, kind: Kind, means: Means, origin: Origin) -> Result<Option<Principal>, Error> {
    let name: Option<String> = accounts::table
        .filter(accounts::id.eq(account))
        .filter(accounts::kind.eq(kind.as_str()))
        .filter(accounts::disabled.eq(false))
        .select(accounts::name)
        .first(conn)
        .optional()?;
    let Some(name) = name else { return Ok(None) };
    let (badges, permissions) = roles::queries::of_account(conn, account)?;
    Ok(Some(Principal {
        account: Some(account.clone()),
        name,
        kind: match kind {
            Kind::User => ActorKind::User,
            Kind::System => ActorKind::System,
        },
        roles: badges.into_iter().map(|badge| badge.name).collect(),
        permissions,
        means,
        origin,
    }))
}

/// A session as its owner sees it.
#[derive(Debug, Clone)]
pub struct SessionRow {
    /// Its public identity: not what the cookie holds.
    pub id: Id,
    /// When it began.
    pub created_at: NaiveDateTime,
    /// When it was last seen, to five minutes.
    pub last_seen_at: NaiveDateTime,
    /// From where it was last seen.
    pub address: Option<String>,
    /// With which program.
    pub user_agent: Option<String>,
}

/// How long a session lives after it was last seen.
pub const SESSION_LIFE: TimeDelta = TimeDelta::days(14);
/// How long a session lives at most, however often it is seen.
const SESSION_LIMIT: TimeDelta = TimeDelta::days(90);

type Sessions = sessions::BoxedQuery<'static, crate::database::Backend>;

/// The sessions whose time is not over.
fn live_sessions() -> Sessions {
    sessions::table.filter(sessions::expires_at.gt(clock::now())).into_boxed()
}

fn is_live(conn: &mut DbConnection, account: &Id, session: &Id) -> Result<bool, Error> {
    let own =
        live_sessions().filter(sessions::account_id.eq(account.as_str().to_owned())).filter(sessions::id.eq(session.clone()));
    Ok(own.select(sessions::id).first::<Id>(conn).optional()?.is_some())
}

/// A stored session's state and when it was last seen.
///
/// # Errors
/// The database's.
pub fn load_session(conn: &mut DbConnection, digest: &[u8]) -> Result<Option<(Id, String, NaiveDateTime)>, Error> {
    Ok(live_sessions()
        .filter(sessions::digest.eq(digest.to_vec()))
        .select((sessions::id, sessions::state, sessions::last_seen_at))
        .first(conn)
        .optional()?)
}

/// Stores a new session. Sessions that have ended meanwhile are swept away on this occasion.
///
/// # Errors
/// The database's.
pub fn insert_session(
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
            sessions::expires_at.eq(now + SESSION_LIFE),
            sessions::address.eq(origin.address.as_deref()),
            sessions::user_agent.eq(origin.user_agent.as_deref()),
        ))
        .execute(conn)?;
    Ok(())
}

/// Gives a session that has begun its key, by the key's digest, and its state. Returns whether the session is still there.
///
/// # Errors
/// The database's.
pub fn give_key(conn: &mut DbConnection, id: &Id, digest: &[u8], state: &str) -> Result<bool, Error> {
    let begun = diesel::update(sessions::table.filter(sessions::id.eq(id)));
    Ok(begun.set((sessions::digest.eq(digest), sessions::state.eq(state))).execute(conn)? > 0)
}

/// Stores another state of a session. Returns whether the session is still there.
///
/// # Errors
/// The database's.
pub fn update_session(conn: &mut DbConnection, digest: &[u8], state: &str) -> Result<bool, Error> {
    let rows =
        diesel::update(sessions::table.filter(sessions::digest.eq(digest))).set(sessions::state.eq(state)).execute(conn)?;
    Ok(rows > 0)
}

/// Ends the session behind a cookie.
///
/// # Errors
/// The database's.
pub fn delete_session(conn: &mut DbConnection, digest: &[u8]) -> Result<(), Error> {
    diesel::delete(sessions::table.filter(sessions::digest.eq(digest))).execute(conn)?;
    Ok(())
}

/// Notes that a session was seen, and lets it live on from here, up to its limit.
///
/// # Errors
/// The database's.
pub fn touch_session(conn: &mut DbConnection, id: &Id, origin: &Origin) -> Result<(), Error> {
    let now = clock::now();
    let own = sessions::table.filter(sessions::id.eq(id));
    let began: Option<NaiveDateTime> = own.select(sessions::created_at).first(conn).optional()?;
    let Some(began) = began else { return Ok(()) };
    diesel::update(own)
        .set((
            sessions::last_seen_at.eq(now),
            sessions::expires_at.eq((now + SESSION_LIFE).min(began + SESSION_LIMIT)),
            sessions::address.eq(origin.address.as_deref()),
            sessions::user_agent.eq(origin.user_agent.as_deref()),
        ))
        .execute(conn)?;
    Ok(())
}

/// A user's live sessions, the most recently seen first.
///
/// # Errors
/// The database's.
pub fn sessions_of(conn: &mut DbConnection, account: &Id) -> Result<Vec<SessionRow>, Error> {
    type Row = (Id, NaiveDateTime, NaiveDateTime, Option<String>, Option<String>);
    let rows: Vec<Row> = live_sessions()
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

/// Ends one session of a user. Returns whether there was one.
///
/// # Errors
/// The database's.
pub fn end_session(conn: &mut DbConnection, account: &Id, id: &Id) -> Result<bool, Error> {
    let own = sessions::table.filter(sessions::account_id.eq(account.as_str())).filter(sessions::id.eq(id));
    Ok(diesel::delete(own).execute(conn)? > 0)
}

/// Ends all sessions of a user but one. Returns how many.
///
/// # Errors
/// The database's.
pub fn end_other_sessions(conn: &mut DbConnection, account: &Id, kept: Option<&Id>) -> Result<usize, Error> {
    let others = sessions::table
        .filter(sessions::account_id.eq(account.as_str()))
        .filter(sessions::id.ne(kept.map_or("", Id::as_str).to_owned()));
    Ok(diesel::delete(others).execute(conn)?)
}

/// Stores a one-time link.
///
/// # Errors
/// The database's.
pub fn insert_link(
    conn: &mut DbConnection,
    digest: &[u8],
    purpose: &str,
    account: Option<&Id>,
    life: TimeDelta,
) -> Result<(), Error> {
    let now = clock::now();
    diesel::insert_into(one_time_links::table)
        .values((
            one_time_links::digest.eq(digest),
            one_time_links::purpose.eq(purpose),
            one_time_links::account_id.eq(account.map(Id::as_str)),
            one_time_links::created_at.eq(now),
            one_time_links::expires_at.eq(now + life),
        ))
        .execute(conn)?;
    Ok(())
}

/// The account of a link that has not expired: `None` for no such link, `Some(None)` for one without an account.
///
/// # Errors
/// The database's.
pub fn find_link(conn: &mut DbConnection, digest: &[u8], purpose: &str) -> Result<Option<Option<Id>>, Error> {
    Ok(one_time_links::table
        .filter(one_time_links::digest.eq(digest))
        .filter(one_time_links::purpose.eq(purpose))
        .filter(one_time_links::expires_at.gt(clock::now()))
        .select(one_time_links::account_id)
        .first(conn)
        .optional()?)
}

/// Uses up all links of a purpose, or those of one account.
///
/// # Errors
/// The database's.
pub fn delete_links(conn: &mut DbConnection, purpose: &str, account: Option<&Id>) -> Result<(), Error> {
    let links = one_time_links::table.filter(one_time_links::purpose.eq(purpose.to_owned()));
    match account {
        Some(account) => diesel::delete(links.filter(one_time_links::account_id.eq(account.as_str()))).execute(conn)?,
        None => diesel::delete(links).execute(conn)?,
    };
    Ok(())
}
