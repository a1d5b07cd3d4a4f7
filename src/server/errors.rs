//! Errors become pages: what went wrong, what to do next, whom to ask.

use std::sync::Arc;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::{StatusCode, Uri, header};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpRequest, HttpResponse, ResponseError, web};

use crate::accounts::view::ask::whom_to_ask;
use crate::auth::access;
use crate::auth::principal::Principal;
use crate::database::Database;
use crate::error::{Error, Outage};
use crate::web::navigation::{Item, Navigation};
use crate::web::page::{here, html, local, request_id, see_other};
use crate::web::trace;
use crate::web::view::address::address;
use crate::web::view::error::ErrorPage;
use crate::web::view::{Contact, Head};
use crate::web::visit::{general, head};

/// Middleware for `from_fn`: renders errors as pages.
///
/// # Errors
/// The error page when the session store fails: that error has lost its request.
pub async fn pages(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let (head, id) = (head(request.request()), request_id(request.request()));
    let answer = match next.call(request).await {
        Ok(answer) => answer.map_into_boxed_body(),
        Err(error) => return Err(without_session(head, id, error)),
    };
    let status = answer.status();
    if !status.is_client_error() && !status.is_server_error() || is_html(&answer) {
        return Ok(answer);
    }
    let error = answer.response().error().and_then(|error| error.as_error::<Error>()).cloned();
    if error == Some(Error::Unauthenticated) {
        return Ok(replaced(answer, to_sign_in));
    }
    if let Some(permission) = error.as_ref().and_then(Error::lacking) {
        access::record_refusal(answer.request(), permission).await;
    }
    trace::keep_cause(&answer);
    let page = page_for(answer.request(), status, error).await;
    Ok(replaced(answer, |_| html(status, &page).unwrap_or_else(|error| error.error_response())))
}

/// What fails below without an answer of its own is the session's store: the database is gone. Whatever the request was to
/// do has been done by then or not; the page does not say which.
fn without_session(head: Head, id: String, error: actix_web::Error) -> actix_web::Error {
    let mut page = ErrorPage::new(head, StatusCode::SERVICE_UNAVAILABLE.as_u16(), id);
    page.text = "Muster can't reach its database, so it can't check your session. Try again shortly.".into();
    page.looks_again = true;
    let mut answer = html(StatusCode::SERVICE_UNAVAILABLE, &page).unwrap_or_else(|error| error.error_response());
    answer.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
    InternalError::from_response(error, answer).into()
}

fn is_html(answer: &ServiceResponse) -> bool {
    let kind = answer.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("text/html"))
}

/// Replaces an answer by another with the same cookies and headers that say when and how to try again.
fn replaced(answer: ServiceResponse, make: impl FnOnce(&HttpRequest) -> HttpResponse) -> ServiceResponse {
    let (request, old) = answer.into_parts();
    let mut new = make(&request);
    for name in [header::SET_COOKIE, header::RETRY_AFTER, header::ALLOW] {
        for value in old.headers().get_all(&name) {
            new.headers_mut().append(name.clone(), value.clone());
        }
    }
    ServiceResponse::new(request, new)
}

/// After signing in, people return to where they were. A form that they had posted was not processed, and the sign-in page says
/// so.
fn to_sign_in(request: &HttpRequest) -> HttpResponse {
    let (next, notice) = if request.method().is_safe() {
        (request.uri().path_and_query().map_or("", |path| path.as_str()).to_owned(), "")
    } else {
        (came_from(request).unwrap_or_default(), "ended")
    };
    let next = if next == "/" { String::new() } else { next };
    see_other(&address("/login", &[("next", next), ("notice", notice.to_owned())]))
}

/// The page on which a form stood, as the browser names it. Its host does not matter: only the path is followed, here.
fn came_from(request: &HttpRequest) -> Option<String> {
    let page: Uri = request.headers().get(header::REFERER)?.to_str().ok()?.parse().ok()?;
    page.path_and_query().and_then(|path| local(path.as_str())).map(str::to_owned)
}

async fn page_for(request: &HttpRequest, status: StatusCode, error: Option<Error>) -> ErrorPage {
    let mut page = ErrorPage::new(head(request), status.as_u16(), request_id(request));
    if let Some(home) = home(request) {
        page.back_href = home.href.to_owned();
        page.back_label = format!("Back to {}", home.label);
    }
    match error {
        Some(Error::Forbidden { permission, message }) => {
            page.text = message;
            page.permission = (!permission.is_empty()).then_some(permission);
            page.ask = ask(request).await;
        }
        Some(Error::Internal(_)) | None if status.is_server_error() && !request.method().is_safe() => {
            page.text = "Muster ran into a problem. Check whether your change was saved before you try again. If it happens \
                         again, send your administrator the request ID."
                .into();
        }
        Some(Error::Internal(_)) | None => {}
        Some(error @ Error::Unavailable(outage, _)) => {
            page.text = error.message();
            let uncertain = outage == Outage::Uncertain;
            if let Some(place) = if uncertain { came_from(request) } else { None } {
                (page.back_href, page.back_label) = (place, "Check now".into());
            } else if request.method().is_safe() {
                (page.back_href, page.back_label) = (here(request, "/"), "Try again".into());
            }
            page.looks_again = uncertain || request.method().is_safe();
        }
        Some(error) => {
            if matches!(error, Error::NotFound("link")) {
                page.title = "This link no longer works".into();
            }
            page.text = error.message();
        }
    }
    page
}

fn home(request: &HttpRequest) -> Option<&'static Item> {
    let navigation = request.app_data::<web::Data<Navigation>>()?;
    let extensions = request.extensions();
    let actor = extensions.get::<Arc<Principal>>()?;
    navigation.above(actor, request.path()).or_else(|| navigation.home(actor))
}

async fn ask(request: &HttpRequest) -> Option<Contact> {
    let database = request.app_data::<web::Data<Database>>()?;
    let settings = general(request).unwrap_or_default();
    database.read(move |conn| whom_to_ask(conn, &settings)).await.ok().flatten()
}
