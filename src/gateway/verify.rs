//! `/auth/verify`: for nginx `auth_request`, Caddy `forward_auth`, Traefik ForwardAuth, HAProxy and Envoy.
//!
//! Everything that could be misread is read to the caller's disadvantage:
//! - A `require=` that is no permission, a role that nobody has, and on `/auth/verify` itself a query parameter that does
//!   not exist (`required=`, say) are requirements that no token meets: 403, and a warning in the log. They are mistakes in
//!   a gateway's configuration, and must not open the door. Behind `/auth/verify/…` the query may be that of the
//!   original call (Envoy appends it); parameters of other names mean nothing there, and those of ours can only ask for more.
//! - A read-only token passes if every method that the forwarding headers name is one that only reads. Gateways set one
//!   of the two headers and pass on what a client claims in the other.
//! - Two `Authorization` headers are not a token: the API behind the gateway might read the other one.
//!
//! An address that has sent too many refused tokens gets 429 in the place of 401 for a while. The token is judged first all
//! the same, so that a good one passes whoever else stands behind its address, and pays nothing for this. A call without a
//! token does not count: browsers and probes come so, and it guesses nothing.

use std::borrow::Cow;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::activity::Recorder;
use crate::auth::bearer;
use crate::clock;
use crate::config::Config;
use crate::error::Error;
use crate::id::Id;
use crate::roles::permission::Permission;
use crate::text::fold;
use crate::tokens::check::{Check, Verdict};
use crate::tokens::mirror::Credential;
use crate::tokens::tally::Outcome;
use crate::tokens::value::{Access, Credentials, TokenValue};
use crate::web::api::INVALID_TOKEN;
use crate::web::client;
use crate::web::throttle::seconds;

/// The endpoint without anything appended.
const PATH: &str = "/auth/verify";
/// Seconds after which a gateway may ask again when the database could not be asked.
const RETRY_AFTER: u32 = 2;

/// Answers whether the call that a gateway holds may pass: `contracts/gateway.md`.
pub async fn verify(
    request: HttpRequest,
    check: web::Data<Check>,
    recorder: web::Data<Recorder>,
    config: web::Data<Config>,
) -> HttpResponse {
    let mut call = check.tally().begin();
    let value = match bearer::credentials(request.headers()) {
        Credentials::None => {
            call.was(Outcome::NoToken);
            return unauthenticated(&request, false);
        }
        Credentials::Malformed => None,
        Credentials::Token(value) => Some(value),
    };
    let (verdict, lacking) = match judge(&request, &check, value.as_ref()).await {
        Ok(judged) => judged,
        Err(error) => {
            call.was(Outcome::Unavailable);
            return unavailable(&request, &error);
        }
    };
    call.was(Outcome::from(&verdict));
    let now = clock::now();
    match verdict {
        Verdict::Refused { reason, known } => {
            if let Some(token) = known {
                recorder.refused(token.id(), &token.account.id, reason.as_str(), now);
            }
            match bearer::too_many_refusals(&request) {
                Some(wait) => {
                    call.was(Outcome::Throttled);
                    throttled(&request, wait)
                }
                None => unauthenticated(&request, true),
            }
        }
        Verdict::Accepted(holder) => match lacking {
            Some(scope) => {
                call.was(Outcome::InsufficientScope);
                recorder.refused(holder.id(), &holder.account.id, bearer::INSUFFICIENT, now);
                insufficient(&request, &scope)
            }
            None => {
                let address = client::of_request(&request, &config.trusted_proxies);
                let agent = request.headers().get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
                recorder.accepted(holder.id(), &holder.account.id, address, agent, now);
                accepted(&holder)
            }
        },
    }
}

/// Judges a token, and says what a good one lacks. That is judged twice: another instance may have given it just now.
async fn judge(request: &HttpRequest, check: &Check, value: Option<&TokenValue>) -> Result<(Verdict, Option<String>), Error> {
    let lacking = |verdict: &Verdict| match verdict {
        Verdict::Accepted(holder) => missing(request, holder),
        Verdict::Refused { .. } => None,
    };
    let mut verdict = check.judge(value).await?;
    let mut scope = lacking(&verdict);
    if scope.is_some() {
        verdict = check.judge_again(value).await?;
        scope = lacking(&verdict);
    }
    Ok((verdict, scope))
}

/// What stands between this call and an accepted token, as a `scope`; `None` lets it pass.
fn missing(request: &HttpRequest, holder: &Credential) -> Option<String> {
    if holder.access == Access::Read && !only_reads(request) {
        return Some("write".into());
    }
    let requirements = Requirements::parse(request.query_string());
    if request.path() == PATH && !requirements.unknown.is_empty() {
        warn_of_configuration();
        return Some(scope(requirements.unknown.iter().map(String::as_str)));
    }
    requirements.missing_of(holder)
}

/// Whether the original call only reads, by every header that tells its method and by this request's own: a gateway that
/// asks with the original method itself may pass on what a client claims in those headers.
fn only_reads(request: &HttpRequest) -> bool {
    let headers = request.headers();
    let mut told = ["x-original-method", "x-forwarded-method"].into_iter().flat_map(|name| headers.get_all(name));
    [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method())
        && told.all(|method| matches!(method.as_bytes(), b"GET" | b"HEAD" | b"OPTIONS"))
}

/// What a gateway's configuration asks of a token, beyond being usable.
#[derive(Debug, Default, PartialEq, Eq)]
struct Requirements {
    /// Permissions; all are needed.
    permissions: Vec<String>,
    /// Names or UUIDs of roles; any suffices.
    roles: Vec<String>,
    /// The names of parameters that do not exist.
    unknown: Vec<String>,
}

impl Requirements {
    fn parse(query: &str) -> Self {
        let mut requirements = Self::default();
        let pairs: Vec<(String, String)> = match serde_html_form::from_str(query) {
            Ok(pairs) => pairs,
            Err(_) => return Self { permissions: vec![query.to_owned()], ..requirements },
        };
        for (name, value) in pairs {
            match name.as_str() {
                "require" => requirements.permissions.push(value),
                "role" => requirements.roles.push(value),
                _ => requirements.unknown.push(name),
            }
        }
        requirements
    }

    fn missing_of(&self, holder: &Credential) -> Option<String> {
        let lacking: Vec<&String> = self.permissions.iter().filter(|wanted| !is_allowed(wanted, holder)).collect();
        let role_is_lacking = !self.roles.is_empty() && !self.roles.iter().any(|wanted| has_role(wanted, holder));
        if lacking.is_empty() && !role_is_lacking {
            return None;
        }
        let roles: Vec<String> = self.roles.iter().filter(|_| role_is_lacking).map(|role| format!("role:{role}")).collect();
        Some(scope(lacking.into_iter().chain(&roles).map(String::as_str)))
    }
}

fn is_allowed(wanted: &str, holder: &Credential) -> bool {
    match Permission::parse(wanted) {
        Ok(wanted) => holder.account.grants.permissions.allows(&wanted),
        Err(_) => {
            warn_of_configuration();
            false
        }
    }
}

/// Once a minute at most, and without what was asked: it may be part of a client's URL. The answer's `scope` repeats it.
fn warn_of_configuration() {
    static LAST: AtomicI64 = AtomicI64::new(0);
    let now = clock::now().and_utc().timestamp();
    let last = LAST.load(Ordering::Relaxed);
    if now - last >= 60 && LAST.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
        log::warn!("{PATH} is asked for what no token can have: check require= and the parameters' names in the gateway");
    }
}

fn has_role(wanted: &str, holder: &Credential) -> bool {
    let folded = fold(wanted.trim());
    let id = Id::parse(wanted);
    holder.account.grants.roles.iter().any(|role| fold(&role.name) == folded || Some(&role.id) == id.as_ref())
}

/// What no header shows as it is: all outside visible ASCII, and the sign of the encoding itself.
const IN_TEXT: &AsciiSet = &CONTROLS.add(b' ').add(b'%');
/// In a list also what separates its items.
const IN_LIST: &AsciiSet = &IN_TEXT.add(b',');
/// A scope stands between quotation marks, its items apart by spaces (RFC 6749, appendix A.4).
const IN_SCOPE: &AsciiSet = &IN_TEXT.add(b'"').add(b'\\');

fn scope<'a>(items: impl Iterator<Item = &'a str>) -> String {
    joined(items, " ", IN_SCOPE)
}

fn joined<'a>(items: impl Iterator<Item = &'a str>, separator: &str, set: &'static AsciiSet) -> String {
    let mut text = String::new();
    for (at, item) in items.enumerate() {
        text.push_str(if at == 0 { "" } else { separator });
        text.extend(utf8_percent_encode(item, set));
    }
    text
}

/// Always all nine headers: one that were absent would let the client's own through. The long values are made once
/// for each set of roles and of teams, and kept with what they were made of.
fn accepted(holder: &Credential) -> HttpResponse {
    let account = &holder.account;
    let of_grants = account.grants.rendered.get(|| {
        let roles = account.grants.roles.iter().map(|role| role.name.as_str());
        let permissions = account.grants.permissions.iter().map(Permission::as_str);
        Box::new([value(&joined(roles, ",", IN_LIST)), value(&joined(permissions, ",", IN_LIST))])
    });
    let of_teams = account.membership.rendered.get(|| {
        let teams = account.membership.teams.iter().map(|team| team.name.as_str());
        Box::new([value(&joined(teams, ",", IN_LIST))])
    });
    let mut response = answer(StatusCode::OK);
    response.insert_header((ACCOUNT, value(account.id.as_str())));
    response.insert_header((ACCOUNT_NAME, value(&Cow::from(utf8_percent_encode(&account.name, IN_TEXT)))));
    response.insert_header((ACCOUNT_TYPE, HeaderValue::from_static(account.kind.as_str())));
    for (name, value) in [ROLES, PERMISSIONS].into_iter().zip(of_grants).chain([TEAMS].into_iter().zip(of_teams)) {
        response.insert_header((name, value.clone()));
    }
    response.insert_header((TOKEN, value(holder.id())));
    response.insert_header((ACCESS, HeaderValue::from_static(holder.access.as_str())));
    let expires = holder.expires_at().map(|end| value(&clock::written(end)));
    response.insert_header((EXPIRES, expires.unwrap_or(HeaderValue::from_static(""))));
    response.finish()
}

const ACCOUNT: HeaderName = HeaderName::from_static("muster-account");
const ACCOUNT_NAME: HeaderName = HeaderName::from_static("muster-account-name");
const ACCOUNT_TYPE: HeaderName = HeaderName::from_static("muster-account-type");
const ROLES: HeaderName = HeaderName::from_static("muster-roles");
const TEAMS: HeaderName = HeaderName::from_static("muster-teams");
const PERMISSIONS: HeaderName = HeaderName::from_static("muster-permissions");
const TOKEN: HeaderName = HeaderName::from_static("muster-token");
const ACCESS: HeaderName = HeaderName::from_static("muster-access");
const EXPIRES: HeaderName = HeaderName::from_static("muster-token-expires");

/// What is put in has been encoded to visible ASCII.
fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""))
}

fn unauthenticated(request: &HttpRequest, tried: bool) -> HttpResponse {
    let mut response = answer(StatusCode::UNAUTHORIZED);
    if tried {
        response.insert_header((header::WWW_AUTHENTICATE, INVALID_TOKEN));
        sentence(request, &mut response, "This token cannot be used.\n")
    } else {
        response.insert_header((header::WWW_AUTHENTICATE, bearer::CHALLENGE));
        sentence(request, &mut response, "Send an API token: Authorization: Bearer <token>.\n")
    }
}

fn throttled(request: &HttpRequest, wait: Duration) -> HttpResponse {
    let mut response = answer(StatusCode::TOO_MANY_REQUESTS);
    response.insert_header((header::RETRY_AFTER, seconds(wait).to_string()));
    sentence(request, &mut response, "Too many tokens from your address were refused. Try again shortly.\n")
}

fn insufficient(request: &HttpRequest, scope: &str) -> HttpResponse {
    let mut response = answer(StatusCode::FORBIDDEN);
    let challenge = format!(r#"Bearer error="insufficient_scope", scope="{scope}""#);
    response.insert_header((header::WWW_AUTHENTICATE, challenge));
    sentence(request, &mut response, "This token may not do this.\n")
}

fn unavailable(request: &HttpRequest, error: &Error) -> HttpResponse {
    if *error != Error::Unavailable {
        log::error!("the check failed: {error}");
    }
    let mut response = answer(StatusCode::SERVICE_UNAVAILABLE);
    response.insert_header((header::RETRY_AFTER, RETRY_AFTER.to_string()));
    sentence(request, &mut response, "Muster cannot reach its database at the moment. Try again shortly.\n")
}

fn answer(status: StatusCode) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response.insert_header((header::CACHE_CONTROL, HeaderValue::from_static("no-store")));
    response
}

/// For a person at a shell; gateways have their own pages. The answer to HEAD has none.
fn sentence(request: &HttpRequest, response: &mut HttpResponseBuilder, text: &'static str) -> HttpResponse {
    if request.method() == Method::HEAD {
        return response.finish();
    }
    response.insert_header((header::CONTENT_TYPE, "text/plain; charset=utf-8")).body(text)
}
