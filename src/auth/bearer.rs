//! The guard before Muster's own API: a route names what it asks for, and without an answer nobody passes. Callers prove
//! themselves by an API token; no session cookie is looked at, so no other site's page can act for anybody.
//!
//! The token comes as `Bearer`, or as `Basic` with the account's UUID as user and the token as password (RFC 6749's client
//! authentication, which RFC 7662 callers use). A Basic user that is another one is refused: two halves that do not belong
//! together are a mistake. Too many refused tokens of one address are answered with 429, as at the gateway's door.

use std::sync::Arc;
use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap};
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
use crate::tokens::value::Access as TokenAccess;
use crate::tokens::value::authorization::{Credentials, basic_user, parse_authorization};
use crate::web::throttle::{self, Refusals};
use crate::web::visit::registered;
use crate::web::{api, trace};

/// The word in the audit log for a good token that may not do this.
pub const INSUFFICIENT: &str = "insufficient scope";

/// What a caller without a token is told to send (RFC 6750, section 3).
pub const CHALLENGE: &str = r#"Bearer realm="muster""#;
/// The same as a sentence.
pub const SEND_ONE: &str = "Send an API token: Authorization: Bearer <token>.";
/// What a caller is told whose Basic user name and token do not belong together.
const ANOTHER_USER: &str = "With Basic authentication, the user name must be the UUID of the token's account.";

/// What a route of the API asks of those who come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// A usable token, also a read-only one, whatever the method: for what a token does with itself.
    AnyToken,
    /// A usable token, also a read-only one, of an account that holds one of these permissions: for a POST that only asks.
    Asks(&'static [&'static str]),
    /// A usable token of an account that holds one of these permissions; read-write, where the method is none that only reads.
    AnyOf(&'static [&'static str]),
}

/// The token in a request's headers. Two `Authorization` headers are none: whoever reads the other one would be deceived.
pub fn credentials(headers: &HeaderMap) -> Credentials {
    let mut given = headers.get_all(header::AUTHORIZATION);
    match (given.next(), given.next()) {
        (None, _) => Credentials::None,
        (Some(only), None) => only.to_str().map_or(Credentials::Malformed, parse_authorization),
        (Some(_), Some(_)) => Credentials::Malformed,
    }
}

/// Counts a refused token against its address; gives how long to wait where there were too many. Never asked for a good
/// one, nor where no token was sent: that is how a browser or a probe comes, and it tries no token.
pub fn too_many_refusals(request: &HttpRequest) -> Result<Option<Duration>, Error> {
    Ok(registered::<Refusals>(request)?.count(access::address(request)?).err())
}

/// Lets a request pass that fulfils `access`, with its [`Principal`] in the request for the handler.
///
/// # Errors
/// Those of the handler. Refusals are answers, as problem documents.
pub async fn enforce(
    access: Access,
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

async fn identify(access: Access, request: &HttpRequest) -> Result<Principal, HttpResponse> {
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
        Verdict::Accepted(holder) => lacking(access, request.method(), holder),
        Verdict::Refused { .. } => None,
    };
    let mut verdict = check.judge(value.as_ref()).await.map_err(|error| broken(request, &error))?;
    if lacking(&verdict).is_some() {
        // Another instance may have given it just now.
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

/// Whether a Basic user, where there is one, names the account that the token belongs to.
fn is_named(headers: &HeaderMap, account: &Id) -> bool {
    let user = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(basic_user);
    user.is_none_or(|user| Id::parse(&user).as_ref() == Some(account))
}

/// What a good token lacks, as a scope.
fn lacking(access: Access, method: &Method, holder: &Credential) -> Option<&'static str> {
    let permissions = match access {
        Access::AnyToken => return None,
        Access::Asks(permissions) => permissions,
        Access::AnyOf(permissions) => {
            let only_reads = [Method::GET, Method::HEAD, Method::OPTIONS].contains(method);
            if holder.access == TokenAccess::Read && !only_reads {
                return Some(WRITE);
            }
            permissions
        }
    };
    let held = permissions.iter().any(|wanted| holder.account.grants.permissions.allows_str(wanted));
    // A route that names no permission is open to nobody.
    if held { None } else { Some(permissions.first().copied().unwrap_or("nothing")) }
}

/// What a read-only token lacks, in the place of a permission.
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

/// `refusal` says why, where something was sent.
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
