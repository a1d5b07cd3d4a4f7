//! Signing in and out, creating the first administrator, choosing and changing a password.

use super::links::{self, Purpose};
use super::principal::{ActorKind, Means, Origin, Principal};
use super::queries;
use crate::accounts::operations::{UserCreation, create_user};
use crate::accounts::queries as accounts;
use crate::audit::{self, Event, verbs};
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::roles::permission::PermissionSet;
use crate::roles::predefined;

/// The actor of what someone does before signing in.
fn visitor(name: &str, id: Option<Id>, means: Means, origin: Origin) -> Principal {
    Principal {
        account: id,
        name: name.into(),
        kind: ActorKind::User,
        roles: Vec::new(),
        permissions: PermissionSet::default(),
        means,
        origin,
    }
}

/// A person who acts by a link of theirs, before they are signed in.
pub fn newcomer(name: &str, id: &Id, origin: &Origin) -> Principal {
    visitor(name, Some(id.clone()), Means::Trusted, origin.clone())
}

/// Why a sign-in was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Wrong e-mail address or password, or the account can't sign in.
    Mismatch,
    /// Too many attempts.
    Throttled,
}

/// Writes an audit event for a refused sign-in, with the user whose e-mail address was used, if there is one. What was
/// typed is not recorded: people type passwords into the wrong field.
pub fn record_refused(
    conn: &mut DbConnection,
    refusal: Refusal,
    login: Option<&queries::Login>,
    origin: Origin,
) -> Result<(), Error> {
    let event = Event {
        verb: verbs::SIGN_IN_FAILED,
        target_kind: "user",
        target_id: login.map(|login| &login.id),
        target_name: login.map_or("Somebody unknown", |login| &login.name),
        object: None,
        detail: match refusal {
            Refusal::Mismatch => serde_json::json!({}),
            Refusal::Throttled => serde_json::json!({ "reason": "too many attempts" }),
        },
    };
    // Whoever was refused has not proved to be that user.
    audit::record_alone(conn, &visitor("Somebody unknown", None, Means::Trusted, origin), &event)
}

/// A new session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// Its public ID.
    pub session: Id,
    pub account: Id,
}

/// Starts a session for a user who has just proved to know the password behind `password_hash`, and records the sign-in.
/// The session has no key yet (`queries::sessions::give_key`).
///
/// # Errors
/// `Unauthenticated` if the password has changed meanwhile, or the account has been disabled.
pub fn begin_session(conn: &mut DbConnection, account: &Id, password_hash: &str, origin: &Origin) -> Result<Begun, Error> {
    if !queries::record_login(conn, account, password_hash, origin.address.as_deref())? {
        return Err(Error::Unauthenticated);
    }
    let login = queries::login_by_id(conn, account)?.ok_or(Error::Unauthenticated)?;
    let session = Id::new();
    queries::sessions::insert(conn, &session, session.as_str().as_bytes(), Some(account), "{}", origin)?;
    let means = Means::Session(session.clone());
    session_event(conn, &visitor(&login.name, Some(login.id), means, origin.clone()), verbs::SIGNED_IN)?;
    Ok(Begun { session, account: account.clone() })
}

/// Writes an audit event about the actor's own session.
pub fn session_event(conn: &mut DbConnection, actor: &Principal, verb: &'static str) -> Result<(), Error> {
    let event = Event {
        verb,
        target_kind: "user",
        target_id: actor.account.as_ref(),
        target_name: &actor.name,
        object: None,
        detail: serde_json::json!({}),
    };
    audit::record_alone(conn, actor, &event)
}

/// Creates the set-up link if there is no user yet, and returns its key.
pub fn offer_setup(conn: &mut DbConnection) -> Result<Option<String>, Error> {
    if queries::has_users(conn)? { Ok(None) } else { links::create(conn, Purpose::Setup, None).map(Some) }
}

/// Checks a set-up link: the key is right, and there is no user yet.
pub fn check_setup(conn: &mut DbConnection, key: &str) -> Result<(), Error> {
    match links::find(conn, Purpose::Setup, key)? {
        Some(_) if !queries::has_users(conn)? => Ok(()),
        _ => Err(Error::NotFound("link")),
    }
}

/// Creates the first administrator, deletes the link, and signs them in.
///
/// # Errors
/// `NotFound` for an invalid link.
pub fn set_up(
    conn: &mut DbConnection,
    key: &str,
    name: &str,
    email: &str,
    password_hash: &str,
    origin: &Origin,
) -> Result<Begun, Error> {
    check_setup(conn, key)?;
    let mut actor = Principal::muster();
    actor.origin = origin.clone();
    let form = UserCreation {
        name: name.into(),
        email: email.into(),
        password_hash: Some(password_hash.into()),
        roles: vec![predefined::ADMINISTRATOR.into()],
    };
    let id = create_user(conn, &actor, &form)?;
    links::use_up(conn, Purpose::Setup, None)?;
    begin_session(conn, &id, password_hash, origin)
}

pub fn not_the_current_password() -> Error {
    Error::field("current", "That is not your current password.")
}

/// Changes the actor's own password, whose hash was `known`, and signs them out everywhere else. Returns how many sessions
/// ended.
///
/// # Errors
/// `Invalid` (field `current`) if the password has changed meanwhile.
pub fn change_password(conn: &mut DbConnection, actor: &Principal, known: &str, hash: &str) -> Result<usize, Error> {
    let own = actor.account.as_ref().ok_or(Error::Unauthenticated)?;
    let stored = queries::login_by_id(conn, own)?.and_then(|login| login.password_hash);
    if stored.as_deref() != Some(known) {
        return Err(not_the_current_password());
    }
    accounts::set_password(conn, own, hash)?;
    links::use_up(conn, Purpose::Password, Some(own))?;
    let ended = queries::sessions::end_others(conn, own, actor.session())?;
    session_event(conn, actor, verbs::PASSWORD_CHANGED)?;
    Ok(ended)
}
