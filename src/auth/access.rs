//! The guard of every page: a route says what it requires, and nobody gets in without it.

use std::future::{Ready, ready};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actix_session::SessionExt;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap};
use actix_web::middleware::Next;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use chrono::TimeDelta;

use super::principal::{Origin, Principal};
use super::queries;
use super::refusals::PermissionRefusals;
use super::session::{self, SessionUser};
use crate::clock;
use crate::config::Config;
use crate::database::{Database, DbConnection};
use crate::error::Error;
use crate::id::Id;
use crate::settings::current::Current;
use crate::text::secrets::without_secrets;
use crate::web::trace::RequestId;
use crate::web::visit::registered;
use crate::web::{client, page};

/// What a route requires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageAccess {
    /// Nothing, like the sign-in page.
    Public,
    /// A signed-in user.
    SignedIn,
    /// A signed-in user with one of these permissions.
    AnyOf(&'static [&'static str]),
    /// The same, who holds this (`team:read:*`) for everything, or for one thing at least.
    ForSome(&'static str),
    /// The same, who holds this (`team:manage`) for everything, or for what the path's `{id}` names.
    ForOne(&'static str),
}

/// Leads to the first page that the user may see.
pub const HOME: &str = "/";
/// A session's "last seen" is written at most this often: a page view should not cost a write.
const SEEN_EVERY: TimeDelta = TimeDelta::minutes(5);

/// Lets a request through that meets `access`, with its [`Principal`] for the handler. A refusal is a response, so that the
/// page middleware can render it.
pub async fn enforce(
    access: PageAccess,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    refresh_settings(request.request()).await?;
    let principal = match identify(&request).await {
        Ok(principal) => principal.map(Arc::new),
        Err(_) if access == PageAccess::Public => None,
        Err(error) => return Ok(request.error_response(error)),
    };
    if let Some(principal) = &principal {
        request.extensions_mut().insert(Arc::clone(principal));
    }
    let answer = match permit(access, principal.as_deref(), request.match_info().get("id")) {
        Ok(()) => next.call(request).await?.map_into_boxed_body(),
        Err(error) => request.error_response(error),
    };
    Ok(told_elsewhere(answer))
}

/// A change may end its author's right to look at the page that would tell what was done. Then another page does.
fn told_elsewhere(answer: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let (request, error) = (answer.request(), answer.response().error().and_then(|error| error.as_error::<Error>()));
    let refused = request.method() == Method::GET && error.is_some_and(|error| error.lacking().is_some());
    if refused && request.path() != HOME && page::has_flash(&request.get_session()) {
        return answer.into_response(page::see_other(HOME));
    }
    answer
}

/// Every page shows some of them, the sign-in page too.
async fn refresh_settings(request: &HttpRequest) -> Result<(), Error> {
    registered::<Current>(request)?.refresh(registered::<Database>(request)?.get_ref()).await;
    Ok(())
}

fn permit(access: PageAccess, principal: Option<&Principal>, id: Option<&str>) -> Result<(), Error> {
    match (access, principal) {
        (PageAccess::Public, _) | (PageAccess::SignedIn, Some(_)) => Ok(()),
        (_, None) => Err(Error::Unauthenticated),
        (PageAccess::AnyOf(permissions), Some(principal)) => {
            if permissions.iter().any(|permission| principal.may(permission)) {
                return Ok(());
            }
            Err(Error::forbidden(permissions.first().copied().unwrap_or_default(), "You don't have permission to do this."))
        }
        (PageAccess::ForSome(permission), Some(principal)) => {
            if principal.permissions.allows_some(permission) {
                return Ok(());
            }
            Err(Error::forbidden(permission, "You don't have permission to do this."))
        }
        (PageAccess::ForOne(permission), Some(principal)) => {
            let everywhere = format!("{permission}:*");
            let one = id.and_then(Id::parse).map(|id| format!("{permission}:{id}"));
            if principal.may(&everywhere) || one.is_some_and(|one| principal.may(&one)) {
                return Ok(());
            }
            Err(Error::forbidden(everywhere, "You don't have permission to do this."))
        }
    }
}

async fn identify(request: &ServiceRequest) -> Result<Option<Principal>, Error> {
    let session = request.get_session();
    let (account, id, seen) = match session::find(&session) {
        SessionUser::Nobody => return Ok(None),
        SessionUser::Unavailable(cause) => return Err(Error::unavailable(format!("the session could not be read: {cause}"))),
        SessionUser::Account(account, id, seen) => (account, id, seen),
    };
    let database = registered::<Database>(request.request())?;
    let origin = origin(request.request())?;
    let touched = (id.clone(), origin.clone());
    let principal = database.read(move |conn| queries::principal(conn, &account, id, origin)).await?;
    if principal.is_none() {
        session.purge();
    } else if is_by_a_person(request.headers()) && seen.is_none_or(|seen| clock::now() - seen > seen_every(request.request())) {
        let (id, origin) = touched;
        record_seen(request.request(), database, id, origin)?;
    }
    Ok(principal)
}

/// Whether somebody asked for it: what a page's script fetches by itself, and what a browser fetches ahead, keeps no session
/// alive.
pub fn is_by_a_person(headers: &HeaderMap) -> bool {
    !headers.contains_key("sec-purpose") && headers.get("sec-fetch-dest").is_none_or(|dest| dest != "empty")
}

/// Often enough for the limit of inactivity.
fn seen_every(request: &HttpRequest) -> TimeDelta {
    let known = registered::<Current>(request).map(|current| current.known().limits().inactivity);
    known.map_or(SEEN_EVERY, |inactivity| SEEN_EVERY.min(inactivity / 10))
}

/// Background writes about visitors. Share it between the workers.
#[derive(Debug, Default)]
pub struct Noting {
    /// Whether a write of "last seen" is running.
    seen: AtomicBool,
    refusals: Arc<PermissionRefusals>,
}

/// Records in the background that a session was seen: reading must not wait for writers. One at a time, so that they never
/// use more than one connection; sessions that are skipped are recorded at their next request.
fn record_seen(request: &HttpRequest, database: web::Data<Database>, id: Id, origin: Origin) -> Result<(), Error> {
    let noting = registered::<Noting>(request)?;
    if noting.seen.swap(true, Ordering::AcqRel) {
        return Ok(());
    }
    actix_web::rt::spawn(async move {
        if let Err(error) = database.record(move |conn| queries::sessions::touch(conn, &id, &origin)).await {
            log::warn!("that a session was seen could not be noted: {error}");
        }
        noting.seen.store(false, Ordering::Release);
    });
    Ok(())
}

/// Writes an audit event for a refusal. If that fails, the response stays the same.
pub async fn record_refusal(request: &HttpRequest, permission: &str) {
    let Some(principal) = request.extensions().get::<Arc<Principal>>().cloned() else { return };
    let (Ok(database), Ok(noting)) = (registered::<Database>(request), registered::<Noting>(request)) else { return };
    let route = format!("{} {}", request.method(), request.match_pattern().unwrap_or_default());
    let target = request.match_info().iter().find_map(|(_, part)| Id::parse(part));
    let refusals = Arc::clone(&noting.refusals);
    if let Err(error) = PermissionRefusals::record(refusals, database, principal, (route, target), permission).await {
        log::warn!("a refusal could not be written to the audit log: {error}");
    }
}

/// The client's address, behind the trusted proxies.
pub fn address(request: &HttpRequest) -> Result<Option<IpAddr>, Error> {
    Ok(client::of_request(request, &registered::<Config>(request)?.trusted_proxies))
}

/// Where a request comes from, for the audit log.
pub fn origin(request: &HttpRequest) -> Result<Origin, Error> {
    let agent = request.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    Ok(Origin {
        address: address(request)?.map(|address| address.to_string()),
        user_agent: agent.map(|agent| without_secrets(agent).chars().take(200).collect()),
        request_id: request.extensions().get::<RequestId>().map(|id| id.0.clone()),
    })
}

/// The signed-in user, put there by [`enforce`].
#[derive(Debug, Clone)]
pub struct Actor(pub Arc<Principal>);

impl std::ops::Deref for Actor {
    type Target = Principal;

    fn deref(&self) -> &Principal {
        &self.0
    }
}

impl Actor {
    /// Runs a change on the actor's behalf: [`Database::write`] with the actor read again inside the transaction. They may
    /// have lost a permission since the request began.
    ///
    /// # Errors
    /// `Unauthenticated` if the actor can't sign in anymore.
    pub async fn write<T, F>(&self, database: &Database, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut DbConnection, &Principal) -> Result<T, Error> + Send + 'static,
    {
        let Self(principal) = self.clone();
        database
            .write(move |conn| {
                let present = queries::present(conn, &principal)?;
                work(conn, &present)
            })
            .await
    }
}

impl FromRequest for Actor {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(request.extensions().get::<Arc<Principal>>().cloned().map(Self).ok_or(Error::Unauthenticated))
    }
}
