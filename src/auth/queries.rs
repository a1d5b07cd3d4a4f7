//! The SQL of sign-in, and of what an actor may do.

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::principal::{ActorKind, Means, Origin, Principal};
use crate::accounts::model::Kind;
use crate::clock;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::schema::accounts;
use crate::text::email;
use crate::{roles, tokens};

pub mod links;
pub mod sealed;
pub mod sessions;

/// What signing in needs to know of a user.
#[derive(Debug, Clone)]
pub struct Login {
    pub id: Id,
    pub name: String,
    /// `None` until the user has set a password.
    pub password_hash: Option<String>,
    pub disabled: bool,
}

/// The user with this e-mail address, however it is written.
pub fn login(conn: &mut DbConnection, address: &str) -> Result<Option<Login>, Error> {
    // Nobody has such an address, and Postgres rejects NUL in text.
    if address.contains('\0') {
        return Ok(None);
    }
    login_where(conn, |query| query.filter(accounts::email_key.eq(email::key(address))))
}

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

pub fn has_users(conn: &mut DbConnection) -> Result<bool, Error> {
    let first: Option<Id> = accounts::table.filter(accounts::kind.eq("user")).select(accounts::id).first(conn).optional()?;
    Ok(first.is_some())
}

/// Records a sign-in if the account is enabled and its password hash is still `password_hash`. Returns whether it did. The
/// row stays locked until the transaction ends, so a change of password or a disablement comes before or after, and then
/// ends the session that starts in this transaction.
pub fn record_login(conn: &mut DbConnection, id: &Id, password_hash: &str, address: Option<&str>) -> Result<bool, Error> {
    let unchanged = accounts::table
        .filter(accounts::id.eq(id))
        .filter(accounts::disabled.eq(false))
        .filter(accounts::password_hash.eq(password_hash));
    let login = (accounts::last_login_at.eq(clock::now()), accounts::last_login_from.eq(address));
    Ok(diesel::update(unchanged).set(login).execute(conn)? > 0)
}

/// From where a user last signed in, and when they got the password that they have, as far as that is known.
pub fn ways_in(conn: &mut DbConnection, id: &Id) -> Result<(Option<String>, Option<NaiveDateTime>), Error> {
    let known = accounts::table.find(id).select((accounts::last_login_from, accounts::password_set_at));
    Ok(known.first(conn).optional()?.unwrap_or_default())
}

/// The user of a session, with their permissions. `None` if the account is disabled or deleted.
pub fn principal(conn: &mut DbConnection, account: &Id, session: Id, origin: Origin) -> Result<Option<Principal>, Error> {
    standing(conn, account, Kind::User, Means::Session(session), origin)
}

/// The actor of a request as they are now. Since the request began, the account may have been disabled, a role removed, the
/// session ended or the token revoked. Inside [`crate::database::Database::write`], no such change can come between
/// anymore.
///
/// # Errors
/// `Unauthenticated` if the actor can't sign in anymore.
pub fn present(conn: &mut DbConnection, actor: &Principal) -> Result<Principal, Error> {
    let (kind, account) = match (actor.kind, &actor.account) {
        (ActorKind::User, Some(account)) => (Kind::User, account),
        (ActorKind::System, Some(account)) => (Kind::System, account),
        _ => return Ok(actor.clone()),
    };
    let proven = match &actor.means {
        Means::Session(session) => sessions::is_live(conn, account, session)?,
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
