//! `/auth/verify`: for nginx `auth_request`, Caddy `forward_auth`, Traefik ForwardAuth, HAProxy and Envoy.
//!
//! Everything that could be misread is read to the caller's disadvantage:
//! - What a gateway's configuration asks for and Muster does not understand is met by no token ([`super::requirements`]).
//! - A read-only token passes if every method that the forwarding headers name is one that only reads. Gateways set one
//!   of the two headers and pass on what a client claims in the other.
//! - Two `Authorization` headers are not a token: the API behind the gateway might read the other one.
//!
//! An address that has sent too many refused tokens gets 429 in the place of 401 for a while. The token is judged first all
//! the same, so that a good one passes whoever else stands behind its address, and pays nothing for this. A call without a
//! token does not count: browsers and probes come so, and it guesses nothing.

use std::time::Duration;

use actix_web::http::header::{self, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};

use super::headers;
use super::requirements::{Lack, Requirements};
use super::wanted::WantedPermissions;
use crate::activity::Recorder;
use crate::auth::bearer;
use crate::check::counters::CallOutcome;
use crate::check::{Check, Reason, Verdict};
use crate::clock;
use crate::config::Config;
use crate::database::Database;
use crate::error::Error;
use crate::tokens::value::TokenValue;
use crate::tokens::value::authorization::Credentials;
use crate::web::api::operation::{Operation, says};
use crate::web::api::{INVALID_TOKEN, MALFORMED, UNUSABLE};
use crate::web::throttle::seconds;
use crate::web::visit::registered;
use crate::web::{client, trace};

pub static VERIFY: Operation = Operation::new(
    "Gateway",
    "Check a call that a gateway holds",
    "Any method will do, and anything may follow the path. It checks the token in the request. `/help/gateways` says \
     how to configure a gateway for it.",
    &[
        says(200, "Let the call pass. The headers say who is calling."),
        says(401, "The call has no token, or one that can't be used."),
        says(403, "The account lacks the permission that the gateway requires, or the token is read-only."),
        says(429, "Too many rejected tokens from this address."),
        says(503, "Muster can't reach its database."),
    ],
)
.bare();

/// Seconds after which a gateway may ask again when the database could not be asked.
const RETRY_AFTER: u32 = 2;

/// Answers whether the call that a gateway holds may pass: `contracts/gateway.md`.
pub async fn verify(
    request: HttpRequest,
    check: web::Data<Check>,
    recorder: web::Data<Recorder>,
    config: web::Data<Config>,
) -> HttpResponse {
    let mut call = check.counters().begin();
    let value = match bearer::credentials(request.headers()) {
        Credentials::None => {
            call.was(CallOutcome::NoToken);
            return unauthenticated(&request, None);
        }
        Credentials::Malformed => None,
        Credentials::Token(value) => Some(value),
    };
    let requirements = Requirements::of(&request);
    let (verdict, lack) = match judge(&request, &requirements, &check, value.as_ref()).await {
        Ok(judged) => judged,
        Err(error) => {
            call.was(CallOutcome::Unavailable);
            return unavailable(&request, &error);
        }
    };
    call.was(CallOutcome::from(&verdict));
    let now = clock::now();
    match (verdict, lack) {
        (Verdict::Refused { reason, known }, _) => {
            if let Some(token) = known {
                recorder.refused(token.id(), &token.account.id, reason.as_str(), now);
            }
            match bearer::too_many_refusals(&request) {
                Ok(Some(wait)) => {
                    call.was(CallOutcome::Throttled);
                    throttled(&request, wait)
                }
                Ok(None) => unauthenticated(&request, Some(reason)),
                Err(error) => unavailable(&request, &error),
            }
        }
        (Verdict::Accepted(holder), Some(lack)) => {
            call.was(CallOutcome::InsufficientScope);
            recorder.refused(holder.id(), &holder.account.id, bearer::INSUFFICIENT, now);
            if let (Lack::Scope(scope), Ok(wanted), Ok(database)) =
                (&lack, registered::<WantedPermissions>(&request), registered::<Database>(&request))
            {
                wanted.record(&database, scope, now);
            }
            insufficient(&request, &lack)
        }
        (Verdict::Accepted(holder), None) => {
            let address = client::of_request(&request, &config.trusted_proxies);
            let agent = request.headers().get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
            recorder.accepted(holder.id(), &holder.account.id, address, agent, now);
            let mut response = answer(StatusCode::OK);
            headers::tell(&mut response, &holder, requirements.lists());
            response.finish()
        }
    }
}

/// Judges a token, and says what a good one lacks. A permission or role that is lacking is looked for a second time: another
/// instance may have given it just now.
async fn judge(
    request: &HttpRequest,
    requirements: &Requirements,
    check: &Check,
    value: Option<&TokenValue>,
) -> Result<(Verdict, Option<Lack>), Error> {
    let lacking = |verdict: &Verdict| match verdict {
        Verdict::Accepted(holder) => requirements.lacking(request, holder),
        Verdict::Refused { .. } => None,
    };
    let verdict = check.judge(value).await?;
    let lack = lacking(&verdict);
    if !matches!(lack, Some(Lack::Scope(_))) {
        return Ok((verdict, lack));
    }
    let verdict = check.judge_again(value).await?;
    let lack = lacking(&verdict);
    Ok((verdict, lack))
}

/// `refused` is why a token was, where one was sent.
fn unauthenticated(request: &HttpRequest, refused: Option<Reason>) -> HttpResponse {
    let mut response = answer(StatusCode::UNAUTHORIZED);
    let (challenge, text) = match refused {
        None => (bearer::CHALLENGE, bearer::SEND_ONE),
        Some(Reason::Malformed) => (INVALID_TOKEN, MALFORMED),
        Some(_) => (INVALID_TOKEN, UNUSABLE),
    };
    response.insert_header((header::WWW_AUTHENTICATE, challenge));
    sentence(request, &mut response, text)
}

fn throttled(request: &HttpRequest, wait: Duration) -> HttpResponse {
    let mut response = answer(StatusCode::TOO_MANY_REQUESTS);
    response.insert_header((header::RETRY_AFTER, seconds(wait).to_string()));
    sentence(request, &mut response, "Too many invalid tokens were sent from your address. Try again shortly.")
}

fn insufficient(request: &HttpRequest, lack: &Lack) -> HttpResponse {
    let (scope, text) = match lack {
        Lack::Write => ("write", "This token is read-only: it can make GET, HEAD and OPTIONS requests."),
        Lack::Scope(scope) => (scope.as_str(), "This token's account doesn't have the permission or role that this needs."),
        Lack::Configuration(scope) => {
            (scope.as_str(), "The gateway in front of this API is not configured correctly. Muster's log says more.")
        }
    };
    let mut response = answer(StatusCode::FORBIDDEN);
    let challenge = format!(r#"Bearer error="insufficient_scope", scope="{scope}""#);
    response.insert_header((header::WWW_AUTHENTICATE, challenge));
    sentence(request, &mut response, text)
}

fn unavailable(request: &HttpRequest, error: &Error) -> HttpResponse {
    let mut response = answer(StatusCode::SERVICE_UNAVAILABLE);
    response.insert_header((header::RETRY_AFTER, RETRY_AFTER.to_string()));
    let text = "Muster can't reach its database right now. Try again shortly.";
    let mut response = sentence(request, &mut response, text);
    trace::blame(request, error, &mut response);
    response
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
    response.insert_header((header::CONTENT_TYPE, "text/plain; charset=utf-8")).body(format!("{text}\n"))
}
