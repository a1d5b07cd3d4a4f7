//! Drawing pages: the shell around them, flashes, redirects, and the page that an error becomes.

use std::sync::Arc;

use actix_session::Session;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::cookie::Cookie;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::{Method, StatusCode, Uri, header};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpRequest, HttpResponse, ResponseError, web};
use askama::Template;

use super::assets;
use super::compress;
use super::markup::without_indentation;
use super::navigation::{Item, Navigation};
use super::trace::{self, RequestId};
use super::view::address::address;
use super::view::error::ErrorPage;
use super::view::words::joined;
use super::view::{Contact, Flash, Head, Theme};
use crate::accounts::queries;
use crate::auth::access;
use crate::auth::principal::Principal;
use crate::database::{Database, DbConnection};
use crate::error::{Error, Outage};
use crate::settings::current::Current;
use crate::settings::general::{BannerPlacement, General};

/// The cookie of the theme.
pub const THEME_COOKIE: &str = "theme";
/// The session entry of the flash.
const FLASH: &str = "flash";

/// Style sheet, script, icon and the visitor's theme.
pub fn head(request: &HttpRequest) -> Head {
    let theme = request.cookie(THEME_COOKIE).map_or(Theme::System, |cookie: Cookie<'_>| Theme::parse(cookie.value()));
    let banner = known(request).and_then(|settings| settings.banner_on(BannerPlacement::EveryPage));
    Head { css: assets::css_url().into(), js: assets::js_url().into(), icon: assets::favicon_url().into(), theme, banner }
}

/// The settings as this instance knows them; none where the application has none.
fn known(request: &HttpRequest) -> Option<Arc<General>> {
    request.app_data::<web::Data<Current>>().map(|current| current.known())
}

/// Whether the next page has something to say.
pub fn has_flash(session: &Session) -> bool {
    session.contains_key(FLASH)
}

/// The flash, which is gone from the session then. Only a session that holds one is touched: each change is a write.
pub fn taken_flash(request: &HttpRequest, session: &Session) -> Option<Flash> {
    // Nobody has seen the answer to HEAD.
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
///
/// # Errors
/// `Internal` where the session cannot hold it.
pub fn flash(session: &Session, flash: &Flash) -> Result<(), Error> {
    session.insert(FLASH, flash).map_err(|error| Error::Internal(error.to_string()))
}

/// Draws a page.
pub fn html(status: StatusCode, page: &impl Template) -> Result<HttpResponse, Error> {
    let body = page.render().map_err(|error| Error::Internal(format!("drawing a page: {error}")))?;
    Ok(HttpResponse::build(status).content_type("text/html; charset=utf-8").body(without_indentation(&body)))
}

/// Draws a page that shows a secret, such as a new token or a one-time link. It is not compressed.
pub fn html_with_secret(status: StatusCode, page: &impl Template) -> Result<HttpResponse, Error> {
    let mut answer = html(status, page)?;
    answer.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static(compress::SECRET));
    Ok(answer)
}

/// Draws the page of a one-time link, or one that shows such links: its address is named to nobody, either.
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

/// A place to return to that came with a form: only a path on this host is followed.
pub fn local(next: &str) -> Option<&str> {
    let path = next.strip_prefix('/')?;
    let plain = !path.starts_with(['/', '\\']) && !next.chars().any(|letter| letter.is_control() || letter == '\\');
    plain.then_some(next)
}

/// Whom to ask for what one may not do oneself: whoever the settings name, or "Maya Lindqvist, Tomas Okafor or Priya
/// Sandoval".
pub fn whom_to_ask(conn: &mut DbConnection, settings: &General) -> Result<Option<Contact>, Error> {
    if !settings.ask.is_empty() {
        let href = Some(settings.ask_link.clone()).filter(|link| !link.is_empty());
        return Ok(Some(Contact { name: settings.ask.clone(), href }));
    }
    let names = queries::administrator_names(conn, 3)?;
    Ok((!names.is_empty()).then(|| Contact { name: joined(&names, "or"), href: None }))
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

/// Draws errors as pages, for everything below it.
///
/// # Errors
/// The page for a session that cannot be read or written: it has no request any more to belong to.
pub async fn errors(
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

/// The request's id, as in its log line.
pub fn request_id(request: &HttpRequest) -> String {
    request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default()
}

fn is_html(answer: &ServiceResponse) -> bool {
    let kind = answer.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("text/html"))
}

/// Another answer in place of one, with its cookies and its Retry-After.
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

/// After signing in one is back where one was; what was posted meanwhile is not done, and the sign-in page says so.
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
    navigation.home(request.extensions().get::<Arc<Principal>>()?)
}

async fn ask(request: &HttpRequest) -> Option<Contact> {
    let database = request.app_data::<web::Data<Database>>()?;
    let settings = known(request).unwrap_or_default();
    database.read(move |conn| whom_to_ask(conn, &settings)).await.ok().flatten()
}
