//! A cookie recognises browsers that a user has signed in with, so that other people's guesses don't lock users out of
//! their own accounts (`web::throttle`). It grants nothing: the password is still required.

use actix_web::body::MessageBody;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, CookieJar, Key, SameSite};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpRequest};
use sha2::{Digest, Sha256};

use crate::id::Id;
use crate::text::email;

const COOKIE: &str = "muster_browser";
const DAYS: i64 = 180;

/// The browser's ID, if its cookie says that the owner of this e-mail address has signed in with it.
pub fn known(request: &HttpRequest, key: &Key, owner: &str) -> Option<Id> {
    let mut jar = CookieJar::new();
    jar.add_original(Cookie::new(COOKIE, request.cookie(COOKIE)?.value().to_owned()));
    let cookie = jar.signed(key).get(COOKIE)?;
    let (id, digest) = cookie.value().split_once('.')?;
    (digest == owner_digest(owner)).then(|| Id::parse(id)).flatten()
}

/// Prepares a cookie for the response; [`cookies`] adds it.
pub fn remember(request: &HttpRequest, key: &Key, owner: &str, known: Option<Id>, https: bool) {
    let value = format!("{}.{}", known.unwrap_or_else(Id::new), owner_digest(owner));
    let mut jar = CookieJar::new();
    let cookie = Cookie::build(COOKIE, value).path("/login").http_only(true).same_site(SameSite::Lax).secure(https);
    jar.signed_mut(key).add(cookie.max_age(Duration::days(DAYS)).finish());
    if let Some(cookie) = jar.get(COOKIE).cloned() {
        request.extensions_mut().insert(Remembered(cookie));
    }
}

struct Remembered(Cookie<'static>);

/// Middleware for `from_fn`. It wraps the session's middleware, so that the session's cookie comes first.
pub async fn cookies(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let mut answer = next.call(request).await?;
    let remembered = answer.request().extensions_mut().remove::<Remembered>();
    if let Some(Remembered(cookie)) = remembered {
        // Without the cookie, the browser counts as unknown.
        let _ = answer.response_mut().add_cookie(&cookie);
    }
    Ok(answer)
}

/// The cookie must not reveal the user to whoever uses the browser next.
fn owner_digest(owner: &str) -> String {
    Sha256::digest(email::key(owner)).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn remembered(key: &Key, owner: &str, known: Option<Id>) -> Cookie<'static> {
        let request = TestRequest::default().to_http_request();
        remember(&request, key, owner, known, true);
        let Remembered(cookie) = request.extensions_mut().remove().unwrap();
        cookie
    }

    fn with(cookie: Cookie<'static>) -> HttpRequest {
        TestRequest::default().cookie(cookie).to_http_request()
    }

    #[test]
    fn a_browser_is_known_to_its_owner_alone() {
        let key = Key::generate();
        let cookie = remembered(&key, "Maya@Bücher.example", None);
        assert!(cookie.secure() == Some(true) && cookie.http_only() == Some(true) && !cookie.value().contains("maya"));
        let request = with(cookie.clone());
        let id = known(&request, &key, "maya@xn--bcher-kva.example").unwrap();
        assert_eq!(known(&request, &key, "tomas@example.org"), None);
        assert_eq!(known(&request, &Key::generate(), "maya@bücher.example"), None);
        let forged = Cookie::new(COOKIE, cookie.value().replace(id.as_str(), Id::new().as_str()));
        assert_eq!(known(&with(forged), &key, "maya@bücher.example"), None);
        assert_eq!(known(&TestRequest::default().to_http_request(), &key, "maya@bücher.example"), None);
        let again = remembered(&key, "maya@bücher.example", Some(id.clone()));
        assert_eq!(known(&with(again), &key, "maya@bücher.example"), Some(id));
    }
}
