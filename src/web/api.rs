//! Answers of Muster's own API that are no success: one JSON object that is a problem document (RFC 9457) and also holds
//! what published clients of the API look for: `error.message`, `errors` by field and `reference`, the request's id.

use std::collections::BTreeMap;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{StatusCode, header};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpRequest, HttpResponse, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;

use super::form::FormError;
use super::trace::{self, RequestId};
use crate::auth::access;
use crate::error::Error;

pub mod body;
pub mod call;
pub mod document;
pub mod operation;
pub mod params;

/// The media type of a problem document.
pub const PROBLEM: &str = "application/problem+json";

/// How many faults one answer names: a body may hold hundreds of thousands.
const MOST_FAULTS: usize = 100;

/// What a caller whose token cannot be used is told (RFC 6750, section 3).
pub const INVALID_TOKEN: &str = r#"Bearer realm="muster", error="invalid_token""#;
/// The same as a sentence.
pub const UNUSABLE: &str = "This token cannot be used.";
/// What a caller is told who sent something else than a token, or a token in another form.
pub const MALFORMED: &str = "This is not a Muster API token. Send one header, Authorization: Bearer <token>. With Basic \
                             authentication, send the token as the password.";

/// Why a call did not succeed: a problem document (RFC 9457) that also holds what published clients of this API show.
#[derive(Serialize, ToSchema)]
pub struct Problem {
    #[schema(example = "about:blank")]
    r#type: &'static str,
    /// The status in words.
    title: &'static str,
    status: u16,
    /// What went wrong and what to do next.
    detail: String,
    error: Message,
    /// Sentences by the path of the field in the body or query, such as `users[1].email`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    errors: BTreeMap<String, Vec<String>>,
    /// The permission that is lacking, where that is the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    permission: Option<String>,
    /// The request's id, also in Muster's log and in the header X-Request-Id.
    reference: String,
}

#[derive(Serialize, ToSchema)]
pub struct Message {
    /// The same as `detail`.
    message: String,
}

/// A problem document with a sentence.
pub fn problem(request: &HttpRequest, status: StatusCode, detail: &str) -> HttpResponse {
    document(request, status, detail, None)
}

/// The problem document that an error becomes. What a person's form would get as 422 is 400 here, as clients expect it.
pub fn problem_of(request: &HttpRequest, error: &Error) -> HttpResponse {
    if *error == Error::Unauthenticated {
        // The token was good at the door, and is so no more.
        let mut response = document(request, StatusCode::UNAUTHORIZED, UNUSABLE, None);
        response.headers_mut().insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static(INVALID_TOKEN));
        return response;
    }
    let status = match error {
        Error::Invalid(_) => StatusCode::BAD_REQUEST,
        other => other.status_code(),
    };
    let mut response = document(request, status, &error.message(), Some(error));
    let wait = match error {
        Error::Throttled(seconds) | Error::Busy(seconds) => *seconds,
        Error::Unavailable(..) => 1,
        _ => return response,
    };
    response.headers_mut().insert(header::RETRY_AFTER, wait.into());
    response
}

fn document(request: &HttpRequest, status: StatusCode, detail: &str, error: Option<&Error>) -> HttpResponse {
    let faults: Vec<(&str, &str)> = match error {
        Some(Error::Invalid(fields)) => fields.iter().map(|wrong| (wrong.field, wrong.message.as_str())).collect(),
        Some(Error::InvalidAt(fields)) => fields.iter().map(|(path, message)| (path.as_str(), message.as_str())).collect(),
        _ => Vec::new(),
    };
    let detail = faults.first().map_or_else(|| detail.to_owned(), |(path, message)| naming(path, message));
    let mut errors: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (path, message) in faults.into_iter().take(MOST_FAULTS) {
        errors.entry(path.to_owned()).or_default().push(naming(path, message));
    }
    let permission = match error {
        Some(Error::Forbidden { permission, .. }) => Some(permission.clone()).filter(|text| !text.is_empty()),
        _ => None,
    };
    let body = Problem {
        r#type: "about:blank",
        title: status.canonical_reason().unwrap_or("Error"),
        status: status.as_u16(),
        error: Message { message: detail.clone() },
        detail,
        errors,
        permission,
        reference: request.extensions().get::<RequestId>().map_or_else(String::new, |id| id.0.clone()),
    };
    let mut response = HttpResponse::build(status);
    response.content_type(PROBLEM).insert_header((header::CACHE_CONTROL, "no-store"));
    response.body(serde_json::to_string(&body).unwrap_or_default())
}

/// A field's sentence with the field's name in it: some clients show the sentences alone.
fn naming(path: &str, message: &str) -> String {
    let mut words = message.split(|letter: char| !(letter.is_alphanumeric() || "_.[]".contains(letter)));
    let named = words.any(|word| word.trim_end_matches('.') == path);
    if named { message.to_owned() } else { format!("{path}: {message}") }
}

/// Middleware for `from_fn`: makes a problem document of everything below that is no success and not one already. A refusal
/// for lack of permission by an operation is written to the audit log, as the pages do.
pub async fn errors(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let asked = request.request().clone();
    let answer = match next.call(request).await {
        Ok(answer) => answer.map_into_boxed_body(),
        Err(error) => ServiceResponse::from_err(error, asked),
    };
    let status = answer.status();
    if !status.is_client_error() && !status.is_server_error() || is_problem(&answer) {
        return Ok(answer);
    }
    let cause = answer.response().error();
    let known = cause.and_then(|error| error.as_error::<Error>()).cloned();
    let unread = cause.and_then(|error| error.as_error::<FormError>()).map(ToString::to_string);
    if let Some(permission) = known.as_ref().and_then(Error::lacking) {
        access::record_refusal(answer.request(), permission).await;
    }
    trace::keep_cause(&answer);
    let (request, old) = answer.into_parts();
    let mut new = match (known, unread) {
        (Some(error), _) => problem_of(&request, &error),
        (None, Some(sentence)) => problem(&request, status, &sentence),
        (None, None) => problem(&request, status, sentence(status)),
    };
    for name in [header::RETRY_AFTER, header::ALLOW, header::WWW_AUTHENTICATE] {
        if new.headers().contains_key(&name) {
            continue;
        }
        for value in old.headers().get_all(&name) {
            new.headers_mut().append(name.clone(), value.clone());
        }
    }
    Ok(ServiceResponse::new(request, new))
}

/// What answers an address of the API where nothing is.
pub async fn nowhere(request: HttpRequest) -> HttpResponse {
    problem(&request, StatusCode::NOT_FOUND, "Nothing was found at this address.")
}

fn is_problem(answer: &ServiceResponse) -> bool {
    answer.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(PROBLEM.as_bytes()))
}

fn sentence(status: StatusCode) -> &'static str {
    match status {
        StatusCode::METHOD_NOT_ALLOWED => "This address doesn't support this method.",
        StatusCode::PAYLOAD_TOO_LARGE => "The body is too large.",
        _ if status.is_server_error() => {
            "Something went wrong in Muster. Check whether your change was saved before you try again."
        }
        _ => "The request could not be read.",
    }
}
