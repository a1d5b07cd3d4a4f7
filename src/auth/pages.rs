//! Signing in and out, and the theme.

use actix_session::Session;
use actix_web::cookie::{Cookie, SameSite, time::Duration};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::Deserialize;

use super::access::{Actor, HOME, origin};
use super::door::{Admitted, Closed, SignInGuard};
use super::hashing::QueuePlace;
use super::operations::{Begun, Refusal};
use super::principal::Origin;
use super::view::{LoginPage, WaitingPage};
use super::{operations, password, queries, session};
use crate::audit::verbs;
use crate::config::Config;
use crate::database::Database;
use crate::error::{Error, wait_in_words};
use crate::id::Id;
use crate::web::client;
use crate::web::form::{Form, Query};
use crate::web::page::{THEME_COOKIE, html, local, refused, see_other};
use crate::web::throttle::{self, TooMany};
use crate::web::view::Theme;
use crate::web::visit::{Visit, Visitor};

pub mod setup;

/// The minimum length of a password, for templates.
const MIN_LENGTH: u32 = password::MIN_LENGTH as u32;

/// `GET /` and `GET /settings`: the first page that they may see.
pub async fn home(visit: Visit) -> HttpResponse {
    see_other(visit.navigation.home(&visit.actor).map_or(super::profile::PROFILE, |item| item.href))
}

#[derive(Debug, Deserialize)]
pub struct LoginQuery {
    #[serde(default)]
    next: String,
    #[serde(default)]
    notice: String,
}

/// `GET /login`
pub async fn login(visitor: Visitor, query: Query<LoginQuery>, actor: Option<Actor>) -> Result<HttpResponse, Error> {
    let next = local(&query.0.next).unwrap_or_default().to_owned();
    if actor.is_some() {
        return Ok(see_other(if next.is_empty() { HOME } else { &next }));
    }
    let notice = match query.0.notice.as_str() {
        "signed-out" => Some("You have been signed out.".to_owned()),
        "ended" => Some("Your session has ended. Sign in to continue. Your last change was not saved.".to_owned()),
        _ => None,
    };
    // The form is there without the database, too: signing in says what is wrong.
    if !visitor.read(queries::has_users).await.unwrap_or(true) {
        return html(StatusCode::OK, &WaitingPage { head: visitor.head() });
    }
    html(StatusCode::OK, &LoginPage { head: visitor.sign_in_head(), notice, next, ..LoginPage::default() })
}

#[derive(Deserialize)]
pub struct LoginForm {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: String,
}

/// `POST /login`
pub async fn sign_in(visitor: Visitor, form: Form<LoginForm>) -> Result<HttpResponse, Error> {
    let (database, door) = (&visitor.database, visitor.data::<SignInGuard>()?);
    let LoginForm { email, password: typed, next } = form.0;
    let again = |error: String| {
        let mut page =
            LoginPage { head: visitor.sign_in_head(), email: email.clone(), next: next.clone(), ..LoginPage::default() };
        page.error = Some(error);
        html(StatusCode::UNPROCESSABLE_ENTITY, &page)
    };
    let Admitted { browser, attempt, place } = match door.open(&visitor.request, &email) {
        Ok(admitted) => admitted,
        Err(closed) => {
            if let Closed::TooMany(refusal) = &closed {
                record_throttled(&visitor, &email, refusal).await?;
            }
            let error = Error::from(closed);
            return refused(&error, again(error.message()));
        }
    };
    let origin = origin(&visitor.request)?;
    match authenticate(database, email.clone(), typed, place, origin.clone()).await {
        Ok(Ok(begun)) => {
            door.give_back(&attempt);
            session::enter(&visitor.session, &begun)?;
            door.remember(&visitor.request, &email, browser);
            Ok(see_other(local(&next).filter(|next| !next.is_empty()).unwrap_or(HOME)))
        }
        Ok(Err(login)) => {
            log_refused(&origin, login.as_ref().map(|login| &login.id), "no match");
            database.record(move |conn| operations::record_refused(conn, Refusal::Mismatch, login.as_ref(), origin)).await?;
            let left = match attempt.left {
                0 => format!("No attempts left. Try again in {}.", wait_in_words(throttle::seconds(attempt.wait))),
                1 => "1 attempt left.".to_owned(),
                left => format!("{left} attempts left."),
            };
            again(format!("Incorrect e-mail address or password. {left}"))
        }
        Err(error) => {
            door.give_back(&attempt);
            Err(error)
        }
    }
}

/// Logs each refusal for too many attempts, and writes an audit event for some.
async fn record_throttled(visitor: &Visitor, email: &str, refusal: &TooMany) -> Result<(), Error> {
    let origin = origin(&visitor.request)?;
    log_refused(&origin, None, "too many attempts");
    if !refusal.first {
        return Ok(());
    }
    if client::comes_by_a_stranger(&visitor.request, &visitor.config.trusted_proxies) {
        let proxy = origin.ip();
        log::warn!("{proxy} is a proxy that is not trusted: all behind it count as one address. Set MUSTER_TRUSTED_PROXIES.");
    }
    let email = email.to_owned();
    let noted = visitor.database.record(move |conn| {
        let login = queries::login(conn, &email)?;
        operations::record_refused(conn, Refusal::Throttled, login.as_ref(), origin)
    });
    noted.await
}

/// For whoever watches the log for guesses. What was typed is left out: people type passwords into the wrong field.
fn log_refused(origin: &Origin, account: Option<&Id>, why: &str) {
    let id = origin.request_id.as_deref().unwrap_or_default();
    let account = account.map_or_else(String::new, |account| format!(" to {account}"));
    log::warn!("{id} a sign-in{account} from {} was refused: {why}", origin.ip());
}

/// Checks an e-mail address and a password, and starts a session if they match. `Err` if they don't, or if the account is
/// disabled or has no password; neither the result nor the time it takes tells which. No database connection is held while
/// the password is hashed, so a password that changes meanwhile is checked again.
async fn authenticate(
    database: &Database,
    email: String,
    secret: String,
    place: QueuePlace,
    origin: Origin,
) -> Result<Result<Begun, Option<queries::Login>>, Error> {
    let login = database.read(move |conn| queries::login(conn, &email)).await?;
    let work = move || {
        let right = password::verify(&secret, login.as_ref().and_then(|login| login.password_hash.as_deref()));
        Ok((login, right))
    };
    let (login, right) = place.work(work).await?;
    let Some((id, hash)) = login.clone().filter(|_| right).and_then(|login| Some((login.id, login.password_hash?))) else {
        return Ok(Err(login));
    };
    match database.record(move |conn| operations::begin_session(conn, &id, &hash, &origin)).await {
        Ok(begun) => Ok(Ok(begun)),
        Err(Error::Unauthenticated) => Ok(Err(login)),
        Err(error) => Err(error),
    }
}

/// `POST /logout`
pub async fn sign_out(session: Session, database: web::Data<Database>, actor: Option<Actor>) -> Result<HttpResponse, Error> {
    if let Some(Actor(principal)) = actor {
        database.record(move |conn| operations::session_event(conn, &principal, verbs::SIGNED_OUT)).await?;
    }
    session.purge();
    Ok(see_other("/login?notice=signed-out"))
}

#[derive(Debug, Deserialize)]
pub struct ThemeForm {
    theme: String,
    #[serde(default)]
    next: String,
}

/// `POST /preferences/theme`
pub async fn set_theme(config: web::Data<Config>, form: Form<ThemeForm>) -> HttpResponse {
    let theme = Theme::parse(&form.0.theme);
    let cookie = Cookie::build(THEME_COOKIE, theme.name())
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(config.is_https())
        .max_age(if theme.is_forced() { Duration::days(400) } else { Duration::ZERO })
        .finish();
    let mut answer = see_other(local(&form.0.next).unwrap_or("/"));
    // Without the cookie, the theme stays the same.
    let _ = answer.add_cookie(&cookie);
    answer
}
