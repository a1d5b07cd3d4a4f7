//! Browser sessions, stored in the database so that they can be listed and ended. Only a hash of the cookie's key is
//! stored, so a copy of the database opens no session.

use std::collections::HashMap;

use actix_session::config::{CookieContentSecurity, PersistentSession, TtlExtensionPolicy};
use actix_session::storage::{LoadError, SaveError, SessionKey, SessionStore, UpdateError};
use actix_session::{Session, SessionMiddleware};
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Key, SameSite};
use chrono::NaiveDateTime;
use sha2::{Digest, Sha256};

use super::operations::Begun;
use super::principal::Origin;
use super::queries;
use crate::database::Database;
use crate::error::Error;
use crate::id::Id;
use crate::web::forgery::SESSION_COOKIE;

/// The longest that a session can last.
const LONGEST_DAYS: i64 = 365;
const ACCOUNT: &str = "account";
const ID: &str = "id";
/// When the session was last seen. The store adds it when loading.
const SEEN: &str = "seen";
/// Why the database couldn't be read: then pages answer 503, not "sign in".
const UNAVAILABLE: &str = "unavailable";

pub struct DatabaseSessions {
    database: Database,
}

pub fn middleware(database: Database, key: Key, https: bool) -> SessionMiddleware<DatabaseSessions> {
    // The database decides when a session ends, by the settings; the browser keeps its cookie for as long as that may take.
    let life = Duration::days(LONGEST_DAYS);
    SessionMiddleware::builder(DatabaseSessions { database }, key)
        .cookie_name(SESSION_COOKIE.into())
        .cookie_http_only(true)
        .cookie_same_site(SameSite::Lax)
        .cookie_secure(https)
        .cookie_content_security(CookieContentSecurity::Signed)
        .session_lifecycle(
            PersistentSession::default().session_ttl(life).session_ttl_extension_policy(TtlExtensionPolicy::OnEveryRequest),
        )
        .build()
}

fn digest(key: &SessionKey) -> Vec<u8> {
    Sha256::digest(key.as_ref().as_bytes()).to_vec()
}

type SessionEntries = HashMap<String, String>;

fn entry<T: serde::de::DeserializeOwned>(state: &SessionEntries, name: &str) -> Option<T> {
    state.get(name).and_then(|text| serde_json::from_str(text).ok())
}

fn failed(error: Error) -> anyhow::Error {
    anyhow::Error::new(error)
}

impl SessionStore for DatabaseSessions {
    async fn load(&self, key: &SessionKey) -> Result<Option<SessionEntries>, LoadError> {
        let digest = digest(key);
        match self.database.read(move |conn| queries::sessions::load(conn, &digest)).await {
            Ok(None) => Ok(None),
            Ok(Some((_, text, seen))) => {
                let mut state: SessionEntries =
                    serde_json::from_str(&text).map_err(|error| LoadError::Deserialization(error.into()))?;
                state.insert(SEEN.into(), serde_json::json!(seen.and_utc().timestamp()).to_string());
                Ok(Some(state))
            }
            Err(Error::Unavailable(_, cause)) => {
                Ok(Some(HashMap::from([(UNAVAILABLE.into(), serde_json::json!(cause).to_string())])))
            }
            Err(error) => Err(LoadError::Other(failed(error))),
        }
    }

    async fn save(&self, state: SessionEntries, _: &Duration) -> Result<SessionKey, SaveError> {
        use rand::distr::{Alphanumeric, SampleString};
        // 64 base62 characters are more than 256 bits, from a cryptographic generator.
        let key = SessionKey::try_from(Alphanumeric.sample_string(&mut rand::rng(), 64))
            .map_err(|error| SaveError::Other(error.into()))?;
        let (digest, id) = (digest(&key), entry::<Id>(&state, ID));
        let state = text(state).map_err(SaveError::Serialization)?;
        let kept = self.database.record(move |conn| match id {
            Some(id) => queries::sessions::give_key(conn, &id, &digest, &state).map(drop),
            // Without a user: it only holds a flash.
            None => queries::sessions::insert(conn, &Id::new(), &digest, None, &state, &Origin::default()),
        });
        if let Err(error) = kept.await {
            // The change itself is done. The key doesn't work, so the next page asks to sign in.
            log::warn!("a session could not be given its key: {error}");
        }
        Ok(key)
    }

    async fn update(&self, key: SessionKey, state: SessionEntries, _: &Duration) -> Result<SessionKey, UpdateError> {
        let digest = digest(&key);
        let text = text(state).map_err(UpdateError::Serialization)?;
        // A session that has ended stays ended: the state is dropped.
        let updated = self.database.record(move |conn| queries::sessions::update(conn, &digest, &text)).await;
        if let Err(error) = updated {
            // Only a flash is lost, and the change itself is done: the response must not report an error.
            log::warn!("a session's state could not be written: {error}");
        }
        Ok(key)
    }

    async fn update_ttl(&self, _: &SessionKey, _: &Duration) -> Result<(), anyhow::Error> {
        // `auth::access` extends sessions, every few minutes and not at each request.
        Ok(())
    }

    async fn delete(&self, key: &SessionKey) -> Result<(), anyhow::Error> {
        let digest = digest(key);
        self.database.record(move |conn| queries::sessions::delete(conn, &digest)).await.map_err(failed)
    }
}

fn text(mut state: SessionEntries) -> Result<String, anyhow::Error> {
    state.remove(SEEN);
    Ok(serde_json::to_string(&state)?)
}

/// The user in a request's session.
pub enum SessionUser {
    Nobody,
    /// The database couldn't be read, for this reason.
    Unavailable(String),
    /// Account, session, and when it was last seen.
    Account(Id, Id, Option<NaiveDateTime>),
}

pub fn find(session: &Session) -> SessionUser {
    let get = |name: &str| session.get::<Id>(name).ok().flatten();
    if let Some(cause) = session.get::<String>(UNAVAILABLE).ok().flatten() {
        return SessionUser::Unavailable(cause);
    }
    match (get(ACCOUNT), get(ID)) {
        (Some(account), Some(id)) => {
            let seen = session.get::<i64>(SEEN).ok().flatten();
            SessionUser::Account(
                account,
                id,
                seen.and_then(|at| chrono::DateTime::from_timestamp(at, 0)).map(|at| at.naive_utc()),
            )
        }
        _ => SessionUser::Nobody,
    }
}

/// Puts a new session into the browser's cookie, under a new key: one from before signing in must not work.
pub fn enter(session: &Session, begun: &Begun) -> Result<(), Error> {
    let failed = |error: actix_session::SessionInsertError| Error::Internal(error.to_string());
    session.clear();
    session.renew();
    session.insert(ACCOUNT, &begun.account).map_err(failed)?;
    session.insert(ID, &begun.session).map_err(failed)
}
