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

/// The actor of what a person does before a session knows them.
fn stranger(name: &str, id: Option<Id>, origin: Origin) -> Principal {
    Principal {
        account: id,
        name: name.into(),
        kind: ActorKind::User,
        roles: Vec::new(),
        permissions: PermissionSet::default(),
        means: Means::Trusted,
        origin,
    }
}

/// Notes that somebody was refused at the door. The address that was typed is not written down: people type passwords into
/// the wrong field.
///
/// # Errors
/// The database's.
pub fn note_refused(conn: &mut DbConnection, login: Option<queries::Login>, origin: Origin) -> Result<(), Error> {
    let (name, id) = login.map_or(("Somebody unknown".into(), None), |login| (login.name, Some(login.id)));
    session_event(conn, &stranger(&name, id, origin), verbs::SIGN_IN_FAILED)
}

/// Notes that a user signed in, or out.
///
/// # Errors
/// The database's.
pub fn note_signed_in(conn: &mut DbConnection, account: &Id, session: &Id, origin: &Origin) -> Result<(), Error> {
    let Some(login) = queries::login_by_id(conn, account)? else { return Err(Error::NotFound("user")) };
    queries::note_login(conn, account)?;
    let mut actor = stranger(&login.name, Some(account.clone()), origin.clone());
    actor.means = Means::Session(session.clone());
    session_event(conn, &actor, verbs::SIGNED_IN)
}

/// Writes an event about the actor's own session.
///
/// # Errors
/// The database's.
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

/// Makes the set-up link where there is no user yet, and returns its key.
///
/// # Errors
/// The database's.
pub fn offer_setup(conn: &mut DbConnection) -> Result<Option<String>, Error> {
    if queries::has_users(conn)? { Ok(None) } else { links::create(conn, Purpose::Setup, None).map(Some) }
}

/// Whether a set-up link is good: the key is right, and there is no user yet.
///
/// # Errors
/// `NotFound` otherwise.
pub fn check_setup(conn: &mut DbConnection, key: &str) -> Result<(), Error> {
    match links::find(conn, Purpose::Setup, key)? {
        Some(_) if !queries::has_users(conn)? => Ok(()),
        _ => Err(Error::NotFound("link")),
    }
}

/// Creates the first administrator, and uses up the link.
///
/// # Errors
/// `NotFound` for a link that is not good, `Invalid` for the fields.
pub fn set_up(
    conn: &mut DbConnection,
    key: &str,
    name: &str,
    email: &str,
    password_hash: String,
    origin: &Origin,
) -> Result<Id, Error> {
    check_setup(conn, key)?;
    let mut actor = Principal::muster();
    actor.origin = origin.clone();
    let form = UserCreation {
        name: name.into(),
        email: email.into(),
        password_hash: Some(password_hash),
        roles: vec![predefined::ADMINISTRATOR.into()],
    };
    let id = create_user(conn, &actor, &form)?;
    links::use_up(conn, Purpose::Setup, None)?;
    Ok(id)
}

/// The user who may choose a password by this link: name and e-mail address.
///
/// # Errors
/// `NotFound` for a link that is not good.
pub fn check_invitation(conn: &mut DbConnection, key: &str) -> Result<(Id, crate::accounts::model::Account), Error> {
    match links::find(conn, Purpose::Password, key)? {
        Some(Some(id)) => {
            let account = accounts::find(conn, crate::accounts::model::Kind::User, &id)?;
            if account.disabled { Err(Error::NotFound("link")) } else { Ok((id, account)) }
        }
        _ => Err(Error::NotFound("link")),
    }
}

/// Gives the user of a link their password, and uses up their links.
///
/// # Errors
/// `NotFound` for a link that is not good.
pub fn accept_invitation(conn: &mut DbConnection, key: &str, hash: &str, origin: &Origin) -> Result<Id, Error> {
    let (id, account) = check_invitation(conn, key)?;
    accounts::set_password(conn, &id, hash)?;
    links::use_up(conn, Purpose::Password, Some(&id))?;
    queries::end_other_sessions(conn, &id, None)?;
    session_event(conn, &stranger(&account.name, Some(id.clone()), origin.clone()), verbs::PASSWORD_CHANGED)?;
    Ok(id)
}

/// Changes the actor's own password and ends their other sessions. Returns how many ended.
///
/// # Errors
/// `Unauthenticated` without an account.
pub fn change_password(conn: &mut DbConnection, actor: &Principal, hash: &str) -> Result<usize, Error> {
    let own = actor.account.as_ref().ok_or(Error::Unauthenticated)?;
    accounts::set_password(conn, own, hash)?;
    let kept = match &actor.means {
        Means::Session(session) => Some(session),
        _ => None,
    };
    let ended = queries::end_other_sessions(conn, own, kept)?;
    session_event(conn, actor, verbs::PASSWORD_CHANGED)?;
    Ok(ended)
}
