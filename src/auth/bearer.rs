//! The guard of Muster's own API: a route says what it requires, and nobody gets in without it. Callers authenticate with
//! an API token. Session cookies are ignored, so no other site can act for anyone.
//!
//! The token comes as `Bearer`, or as `Basic` with the account's UUID as the user name and the token as the password (RFC
//! 6749 client authentication, which RFC 7662 callers use). A user name that doesn't match the token is refused: it is
//! probably a mistake. Too many rejected tokens from one address get 429, as at the gateway.

use std::sync::Arc;
use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};

use super::access;
use super::principal::{ActorKind, Means, Principal};
use crate::accounts::model::Kind;
use crate::activity::Recorder;
use crate::check::cache::Credential;
use crate::check::{Check, Reason, Verdict};
use crate::clock;
use crate::error::Error;
use crate::id::Id;
use crate::tokens::value::Access;
use crate::tokens::value::authorization::{Credentials, basic_user, parse_authorization};
use crate::web::throttle::{self, TokenRefusals};
use crate::web::visit::registered;
use crate::web::{api, trace};

/// The audit log's word for a valid token that lacks a permission.
pub const INSUFFICIENT: &str = "insufficient scope";

/// The challenge for a caller without a token (RFC 6750, section 3).
pub const CHALLENGE: &str = r#"Bearer realm="muster""#;
pub const SEND_ONE: &str = "Send an API token: Authorization: Bearer <token>.";
const ANOTHER_USER: &str = "With Basic authentication, the user name must be the UUID of the token's account.";

/// What an API route requires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiAccess {
    /// Any valid token, even read-only, for any method: what a token does with itself.
    AnyToken,
    /// A valid token, even read-only, of an account with one of these permissions: a POST that only reads.
    Asks(&'static [&'static str]),
    /// A valid token of an account with one of these permissions. It must be read-write unless the method only reads.
    AnyOf(&'static [&'static str]),
    /// The same with this permission (`team:manage:*`), for everything or for what the path's `{uuid}` names.
    ForOne(&'static str),
    /// The same with this permission (`team:read:*`), for everything or for one thing at least.
    ForSome(&'static str),
}

/// The token in a request's headers. Two `Authorization` headers count as malformed: the API might read the other one.
pub fn credentials(headers: &HeaderMap) -> Credentials {
    let mut given = headers.get_all(header::AUTHORIZATION);
    match (given.next(), given.next()) {
        (None, _) => Credentials::None,
        (Some(only), None) => only.to_str().map_or(Credentials::Malformed, parse_authorization),
        (Some(_), Some(_)) => Credentials::Malformed,
    }
}

/// Whether a request comes with an API token, or with what is meant as one. What a proxy or a browser sends by itself, such as
/// another service's Basic password, is neither.
fn is_presented(headers: &HeaderMap) -> bool {
    let is_bearer = |value: &HeaderValue| value.as_bytes().get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"bearer"));
    match credentials(headers) {
        Credentials::Token(_) => true,
        Credentials::Malformed => headers.get_all(header::AUTHORIZATION).any(is_bearer),
        Credentials::None => false,
    }
}

/// Whether a request is from a client of the API: it comes with a token, or as no browser does, without any cookie and without
/// asking for HTML.
pub fn is_from_client(headers: &HeaderMap) -> bool {
    let asks_for_page =
        || headers.get_all(header::ACCEPT).any(|kinds| kinds.to_str().is_ok_and(|kinds| kinds.contains("text/html")));
    is_presented(headers) || !(headers.contains_key(header::COOKIE) || asks_for_page())
}

/// Counts a rejected token against its address. Returns how long to wait if there were too many. Requests without a token
/// don't count: browsers and probes send none.
pub fn too_many_refusals(request: &HttpRequest) -> Result<Option<Duration>, Error> {
    Ok(registered::<TokenRefusals>(request)?.count(access::address(request)?).err())
}

/// Lets a request through that meets `access`, with its [`Principal`] for the handler. A refusal is a response: a problem
/// document.
pub async fn enforce(
    access: ApiAccess,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    match identify(access, request.request()).await {
        Ok(principal) => {
            request.extensions_mut().insert(Arc::new(principal));
            Ok(next.call(request).await?.map_into_boxed_body())
        }
        Err(refusal) => Ok(request.into_response(refusal)),
    }
}

async fn identify(access: ApiAccess, request: &HttpRequest) -> Result<Principal, HttpResponse> {
    let (Some(check), Some(recorder)) = (request.app_data::<web::Data<Check>>(), request.app_data::<web::Data<Recorder>>())
    else {
        return Err(broken(request, &Error::Internal("no check in the application".into())));
    };
    let value = match credentials(request.headers()) {
        Credentials::None => return Err(unauthenticated(request, None)),
        Credentials::Malformed => None,
        Credentials::Token(value) => Some(value),
    };
    let lacking = |verdict: &Verdict| match verdict {
        Verdict::Accepted(holder) => lacking(access, request, holder),
        Verdict::Refused { .. } => None,
    };
    let mut verdict = check.judge(value.as_ref()).await.map_err(|error| broken(request, &error))?;
    if lacking(&verdict).is_some() {
        // Another instance may have granted it just now.
        verdict = check.judge_again(value.as_ref()).await.map_err(|error| broken(request, &error))?;
    }
    let lacks = lacking(&verdict);
    let now = clock::now();
    let holder = match verdict {
        Verdict::Accepted(holder) if is_named(request.headers(), &holder.account.id) => holder,
        Verdict::Accepted(_) => return Err(unauthenticated(request, Some(ANOTHER_USER))),
        Verdict::Refused { reason, known } => {
            if let Some(token) = known {
                recorder.refused(token.id(), &token.account.id, reason.as_str(), now);
            }
            return Err(unauthenticated(request, Some(if reason == Reason::Malformed { api::MALFORMED } else { api::UNUSABLE })));
        }
    };
    if let Some(lacking) = lacks {
        recorder.refused(holder.id(), &holder.account.id, INSUFFICIENT, now);
        let refused = principal(request, &holder).map_err(|error| broken(request, &error))?;
        request.extensions_mut().insert(Arc::new(refused));
        access::record_refusal(request, lacking).await;
        return Err(insufficient(request, lacking));
    }
    let address = access::address(request).map_err(|error| broken(request, &error))?;
    let agent = request.headers().get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    recorder.accepted(holder.id(), &holder.account.id, address, agent, now);
    if holder.account.kind == Kind::System {
        recorder.logged_in(holder.id(), &holder.account.id, now);
    }
    principal(request, &holder).map_err(|error| broken(request, &error))
}

/// Whether the Basic user name, if any, is the token's account.
fn is_named(headers: &HeaderMap, account: &Id) -> bool {
    let user = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(basic_user);
    user.is_none_or(|user| Id::parse(&user).as_ref() == Some(account))
}

/// The scope that a valid token lacks.
fn lacking(access: ApiAccess, request: &HttpRequest, holder: &Credential) -> Option<&'static str> {
    let only_reads = [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    let may_write = holder.access == Access::Write || only_reads;
    let has = |wanted: &str| holder.account.grants.permissions.allows_str(wanted);
    match access {
        ApiAccess::AnyToken => None,
        ApiAccess::AnyOf(_) | ApiAccess::ForOne(_) | ApiAccess::ForSome(_) if !may_write => Some(WRITE),
        // A route without permissions is closed to everyone.
        ApiAccess::Asks(permissions) | ApiAccess::AnyOf(permissions) => {
            let held = permissions.iter().any(|wanted| has(wanted));
            if held { None } else { Some(permissions.first().copied().unwrap_or("nothing")) }
        }
        ApiAccess::ForSome(everywhere) if holder.account.grants.permissions.allows_some(everywhere) => None,
        ApiAccess::ForSome(everywhere) => Some(everywhere),
        ApiAccess::ForOne(everywhere) => {
            let one = request.match_info().get("uuid").and_then(Id::parse);
            let held = one.is_some_and(|one| has(&format!("{}{one}", everywhere.trim_end_matches('*'))));
            if held || has(everywhere) { None } else { Some(everywhere) }
        }
    }
}

/// The scope that a read-only token lacks.
const WRITE: &str = "write";

fn principal(request: &HttpRequest, holder: &Credential) -> Result<Principal, Error> {
    let account = &holder.account;
    Ok(Principal {
        account: Some(account.id.clone()),
        name: account.name.to_string(),
        kind: match account.kind {
            Kind::User => ActorKind::User,
            Kind::System => ActorKind::System,
        },
        roles: account.grants.roles.iter().map(|role| role.name.clone()).collect(),
        permissions: account.grants.permissions.clone(),
        means: Means::Token(holder.id().to_owned()),
        origin: access::origin(request)?,
    })
}

/// `refusal` says why, if a token was sent.
fn unauthenticated(request: &HttpRequest, refusal: Option<&str>) -> HttpResponse {
    let tried = refusal.is_some();
    match if tried { too_many_refusals(request) } else { Ok(None) } {
        Ok(None) => {}
        Ok(Some(wait)) => return api::problem_of(request, &Error::Throttled(throttle::seconds(wait))),
        Err(error) => return broken(request, &error),
    }
    let scheme = request.headers().get(header::AUTHORIZATION).and_then(|value| value.as_bytes().get(..6));
    let challenge = match (tried, scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"basic "))) {
        (true, true) => r#"Basic realm="muster""#,
        (true, false) => api::INVALID_TOKEN,
        (false, _) => CHALLENGE,
    };
    challenged(api::problem(request, StatusCode::UNAUTHORIZED, refusal.unwrap_or(SEND_ONE)), challenge)
}

fn insufficient(request: &HttpRequest, lacking: &'static str) -> HttpResponse {
    let error = if lacking == WRITE {
        Error::forbidden("", "This token is read-only.")
    } else {
        Error::forbidden(lacking, format!("This needs the permission {lacking}."))
    };
    let challenge = format!(r#"Bearer realm="muster", error="insufficient_scope", scope="{lacking}""#);
    challenged(api::problem_of(request, &error), &challenge)
}

fn challenged(mut response: HttpResponse, challenge: &str) -> HttpResponse {
    if let Ok(value) = header::HeaderValue::from_str(challenge) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, value);
    }
    response
}

fn broken(request: &HttpRequest, error: &Error) -> HttpResponse {
    let mut answer = api::problem_of(request, error);
    trace::blame(request, error, &mut answer);
    answer
}
