//! Drawing pages: flashes, redirects, and the status and plain form of an error.

use actix_session::Session;
use actix_web::http::{Method, StatusCode, header};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, ResponseError};
use askama::Template;

use super::compress;
use super::markup::without_indentation;
use super::trace::RequestId;
use super::view::Flash;
use crate::error::Error;

/// The cookie of the theme.
pub const THEME_COOKIE: &str = "theme";
/// The session entry of the flash.
const FLASH: &str = "flash";

/// Whether a flash is waiting for the next page.
pub fn has_flash(session: &Session) -> bool {
    session.contains_key(FLASH)
}

/// The flash, which is gone from the session then. Only a session that holds one is touched: each change is a write.
pub fn taken_flash(request: &HttpRequest, session: &Session) -> Option<Flash> {
    // A HEAD request shows nothing to anyone.
    if request.method() == Method::HEAD || !session.contains_key(FLASH) {
        return None;
    }
    session.remove_as::<Flash>(FLASH).and_then(Result::ok)
}

/// Path and query of a request to look at something; where an action was asked for, the page that it belongs to.
pub fn here(request: &HttpRequest, place: &str) -> String {
    if request.method().is_safe() {
        return request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
    }
    place.to_owned()
}

/// Keeps a flash for the next page.
pub fn flash(session: &Session, flash: &Flash) -> Result<(), Error> {
    session.insert(FLASH, flash).map_err(|error| Error::Internal(error.to_string()))
}

/// Renders a page.
pub fn html(status: StatusCode, page: &impl Template) -> Result<HttpResponse, Error> {
    let body = page.render().map_err(|error| Error::Internal(format!("drawing a page: {error}")))?;
    Ok(HttpResponse::build(status).content_type("text/html; charset=utf-8").body(without_indentation(&body)))
}

/// Renders a page that shows a secret, such as a new token or a one-time link. It is not compressed.
pub fn html_with_secret(status: StatusCode, page: &impl Template) -> Result<HttpResponse, Error> {
    let mut answer = html(status, page)?;
    answer.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static(compress::SECRET));
    Ok(answer)
}

/// Renders the page of a one-time link, or one that shows such links. Its address is not sent as a referrer either.
pub fn html_of_link(status: StatusCode, page: &impl Template) -> Result<HttpResponse, Error> {
    let mut answer = html_with_secret(status, page)?;
    answer.headers_mut().insert(header::REFERRER_POLICY, header::HeaderValue::from_static("no-referrer"));
    Ok(answer)
}

/// A form that comes back with an error which is not about its fields, and with when to try again.
pub fn refused(error: &Error, page: Result<HttpResponse, Error>) -> Result<HttpResponse, Error> {
    let mut answer = page?;
    *answer.status_mut() = error.status();
    if let Some(seconds) = error.retry_after() {
        answer.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    Ok(answer)
}

/// Sends the browser on after a POST.
pub fn see_other(location: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, location)).finish()
}

/// A return address from a form, if it is a path on this host.
pub fn local(next: &str) -> Option<&str> {
    let path = next.strip_prefix('/')?;
    let plain = !path.starts_with(['/', '\\']) && !next.chars().any(|letter| letter.is_control() || letter == '\\');
    plain.then_some(next)
}

impl Error {
    fn status(&self) -> StatusCode {
        match self {
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::NotFound(_) | Self::OutOfReach { .. } | Self::Deleted(_) => StatusCode::NOT_FOUND,
            Self::Forbidden { .. } | Self::CrossSite => StatusCode::FORBIDDEN,
            Self::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Gone(_) => StatusCode::GONE,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::BadRequest(_) | Self::InvalidAt(_) => StatusCode::BAD_REQUEST,
            Self::Throttled(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy(_) | Self::Occupied(_) | Self::Unavailable(..) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    /// The plain form, for callers that no page is drawn for.
    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status());
        if let Some(seconds) = self.retry_after() {
            response.insert_header((header::RETRY_AFTER, seconds));
        }
        response.content_type("text/plain; charset=utf-8").body(self.message())
    }
}

/// The request's id, as in its log line.
pub fn request_id(request: &HttpRequest) -> String {
    request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default()
}
