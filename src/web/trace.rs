//! One log line for each request: its id, method, route, status, time, and whose it was. The route and not the path is written, since a
//! path may hold the key of a one-time link.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};
use log::Level;

use super::assets;
use crate::auth::principal::Principal;
use crate::error::Error;
use crate::id::Id;

/// The id of a request: in its log line, its audit events, its answer and on an error page.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// Why a request ends in a 5xx, kept for its line where the answer itself no longer tells.
struct Cause(String);

const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The id that the caller has given its request, as it stands in a log line.
struct CallersId(String);

/// What a request is counted under: method, route, status. Each has few values, whatever is sent.
pub type RequestLabels = (&'static str, String, u16);

/// How many requests of each kind there were since the start. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Requests(Arc<Mutex<BTreeMap<RequestLabels, u64>>>);

impl Requests {
    fn count(&self, method: &Method, route: &str, status: StatusCode) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry((word(method), route.to_owned(), status.as_u16())).or_default() += 1;
    }

    /// The counts so far.
    pub fn counted(&self) -> BTreeMap<RequestLabels, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A client may send any method it likes.
fn word(method: &Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("other")
}

/// [`logged`], and counted for the metrics.
pub async fn requests(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let requests = request.app_data::<web::Data<Requests>>().cloned();
    let method = request.method().clone();
    let outcome = logged(request, next).await;
    if let Some(requests) = requests {
        match &outcome {
            Ok(answer) => requests.count(&method, &route(answer), answer.status()),
            Err(error) => requests.count(&method, "(failed)", error.as_response_error().status_code()),
        }
    }
    outcome
}

fn route(answer: &ServiceResponse) -> String {
    known_route(answer.request())
}

fn known_route(request: &HttpRequest) -> String {
    request.match_pattern().unwrap_or_else(|| "(no route)".into())
}

/// Gives a caller's own `X-Request-ID` back as it came, in the place of Muster's, whatever the answer is. Muster's stands in
/// the log beside it, and in the body of an error.
pub async fn echo(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let asked = request.request().clone();
    let given: Vec<HeaderValue> = request.headers().get_all(HEADER).cloned().collect();
    if let Some(first) = given.first() {
        request.extensions_mut().insert(CallersId(quoted(first.as_bytes())));
    }
    let mut answer = match next.call(request).await {
        Ok(answer) => answer.map_into_boxed_body(),
        Err(error) => ServiceResponse::from_err(error, asked),
    };
    for (at, id) in given.into_iter().enumerate() {
        let headers = answer.headers_mut();
        if at == 0 { drop(headers.insert(HEADER, id)) } else { headers.append(HEADER, id) }
    }
    Ok(answer)
}

/// The beginning of what a caller sent, in quotes and without anything that could be taken for the rest of a line.
fn quoted(sent: &[u8]) -> String {
    const LONGEST: usize = 64;
    format!("{:?}", String::from_utf8_lossy(sent).chars().take(LONGEST).collect::<String>())
}

/// Gives each request an id and writes its line; a second one, with the cause, where it ends in a 5xx.
pub async fn logged(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let began = Instant::now();
    let id = new_id();
    request.extensions_mut().insert(RequestId(id.clone()));
    let callers = request.extensions().get::<CallersId>().map_or_else(String::new, |CallersId(id)| format!(" for {id}"));
    let method = request.method().clone();
    let answer = next.call(request).await.map(ServiceResponse::map_into_boxed_body);
    let (route, status) = match &answer {
        Ok(answer) => (route(answer), answer.status()),
        Err(error) => ("(failed)".to_owned(), error.as_response_error().status_code()),
    };
    let elapsed = began.elapsed().as_secs_f64() * 1000.0;
    let by =
        answer.as_ref().ok().and_then(|answer| account_of(answer.request())).map_or_else(String::new, |by| format!(" by {by}"));
    // A page asks for a dozen of these.
    let level = if route.starts_with(assets::FOLDER) && !status.is_server_error() { Level::Debug } else { Level::Info };
    log::log!(level, "{id} {method} {route} {} {elapsed:.1}ms{by}{callers}", status.as_u16());
    if status.is_server_error() {
        let cause = match &answer {
            Ok(answer) => kept_cause(answer.request()).or_else(|| answer.response().error().map(cause_of)),
            Err(error) => Some(cause_of(error)),
        };
        log::error!("{id} {method} {route} {}: {}", status.as_u16(), cause.as_deref().unwrap_or("no cause was given"));
    }
    match answer {
        Ok(mut answer) => {
            tell(&id, answer.headers_mut());
            Ok(answer)
        }
        Err(error) => {
            let mut answer = error.error_response();
            tell(&id, answer.headers_mut());
            Err(InternalError::from_response(error, answer).into())
        }
    }
}

/// Keeps the cause of a 5xx for the request's line. Where no middleware writes one, the line is written here and the answer
/// gets an id.
pub fn blame(request: &HttpRequest, error: &Error, answer: &mut HttpResponse) {
    if request.extensions().contains::<RequestId>() {
        request.extensions_mut().insert(Cause(error.cause()));
        return;
    }
    let id = new_id();
    log::error!("{id} {} {} {}: {}", request.method(), known_route(request), answer.status().as_u16(), error.cause());
    tell(&id, answer.headers_mut());
}

/// Keeps the cause of an answer that is about to be replaced by another.
pub fn keep_cause(answer: &ServiceResponse) {
    if answer.status().is_server_error()
        && let Some(error) = answer.response().error()
    {
        let cause = cause_of(error);
        answer.request().extensions_mut().insert(Cause(cause));
    }
}

fn kept_cause(request: &HttpRequest) -> Option<String> {
    request.extensions().get::<Cause>().map(|cause| cause.0.clone())
}

fn cause_of(error: &actix_web::Error) -> String {
    // On one line: database errors have several.
    let cause = error.as_error::<Error>().map_or_else(|| error.to_string(), Error::cause);
    cause.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// With letters before it: a spreadsheet takes `73928e051234` for a number.
fn new_id() -> String {
    let digits: String = uuid::Uuid::new_v4().simple().to_string().chars().take(12).collect();
    format!("req_{digits}")
}

/// Who has asked, where that has been found out.
fn account_of(request: &HttpRequest) -> Option<Id> {
    request.extensions().get::<Arc<Principal>>().and_then(|principal| principal.account.clone())
}

fn tell(id: &str, headers: &mut HeaderMap) {
    if let Ok(value) = HeaderValue::from_str(id) {
        headers.insert(HEADER, value);
    }
}
