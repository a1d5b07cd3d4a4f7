//! One log line for each request: its id, method, route, status and time. The route and not the path is written, since a
//! path may hold the key of a one-time link.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, web};

/// The id of a request: in its log line, its audit events, its answer and on an error page.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// What a request is counted under: method, route, status. Each has few values, whatever is sent.
pub type Kind = (&'static str, String, u16);

/// How many requests of each kind there were since the start. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Requests(Arc<Mutex<BTreeMap<Kind, u64>>>);

impl Requests {
    fn count(&self, method: &Method, route: &str, status: StatusCode) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry((word(method), route.to_owned(), status.as_u16())).or_default() += 1;
    }

    /// The counts so far.
    pub fn counted(&self) -> BTreeMap<Kind, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A client may make up any method that it likes.
fn word(method: &Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("other")
}

/// [`logged`], and counted for the metrics.
///
/// # Errors
/// Those of the handler.
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
    answer.request().match_pattern().unwrap_or_else(|| "(no route)".into())
}

/// Gives each request an id and writes its line.
///
/// # Errors
/// Those of the handler.
pub async fn logged(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let began = Instant::now();
    let id: String = uuid::Uuid::new_v4().simple().to_string().chars().take(12).collect();
    request.extensions_mut().insert(RequestId(id.clone()));
    let method = request.method().clone();
    let mut answer = match next.call(request).await {
        Ok(answer) => answer.map_into_boxed_body(),
        Err(error) => {
            let mut answer = error.error_response();
            let (status, elapsed) = (answer.status().as_u16(), began.elapsed());
            log::info!("{id} {method} (failed) {status} {:.1}ms", elapsed.as_secs_f64() * 1000.0);
            if let Ok(value) = HeaderValue::from_str(&id) {
                answer.headers_mut().insert(HEADER, value);
            }
            return Err(InternalError::from_response(error, answer).into());
        }
    };
    let route = route(&answer);
    let (status, elapsed) = (answer.status(), began.elapsed());
    log::info!("{id} {method} {route} {} {:.1}ms", status.as_u16(), elapsed.as_secs_f64() * 1000.0);
    if let Some(error) = answer.response().error()
        && status.is_server_error()
    {
        log::error!("{id} {error}");
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        answer.headers_mut().insert(HEADER, value);
    }
    Ok(answer)
}
