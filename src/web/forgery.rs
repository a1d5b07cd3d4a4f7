//! Another site cannot make a signed-in browser act here: requests that change something must come from Muster's own pages.
//!
//! Browsers say where a request comes from, so forms need no hidden token. This belongs around the pages only. The gateway
//! receives a copy of headers that were meant for another host, and the API looks at no cookie.

use crate::error::Error::CrossSite;
use actix_web::Error;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderName};
use actix_web::middleware::Next;

/// Name of the cookie that carries a session's key.
pub const SESSION_COOKIE: &str = "muster_session";

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Middleware for `from_fn`: answers 403 to a request that [`judge`] refuses.
///
/// # Errors
/// Whatever the services inside give.
pub async fn same_origin(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if is_own(&request) {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    log::warn!("refused a {} of {} that came from another site", request.method(), request.match_pattern().unwrap_or_default());
    Ok(request.error_response(CrossSite))
}

fn is_own(request: &ServiceRequest) -> bool {
    // A value that is not text counts as given, and as wrong.
    let text = |name: HeaderName| request.headers().get(name).map(|value| value.to_str().unwrap_or("?"));
    judge(
        request.method(),
        text(SEC_FETCH_SITE),
        text(header::ORIGIN),
        // HTTP/2 has no Host header: the host stands in the request's address.
        text(header::HOST).or_else(|| request.uri().authority().map(|authority| authority.as_str())),
        request.cookie(SESSION_COOKIE).is_some(),
    )
}

/// Whether a request may go on.
///
/// Safe methods may. Otherwise `Sec-Fetch-Site` decides, which browsers send over https; without it `Origin` must name the
/// host that was asked; without both it is no browser, and only one that brings no session may go on.
pub fn judge(
    method: &Method,
    sec_fetch_site: Option<&str>,
    origin: Option<&str>,
    host: Option<&str>,
    has_session_cookie: bool,
) -> bool {
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE) {
        return true;
    }
    match (sec_fetch_site, origin) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => host.is_some_and(|host| names_host(origin, host)),
        (None, None) => !has_session_cookie,
    }
}

/// Whether an origin such as `http://muster.example:8080` is that of the host `muster.example:8080`. An opaque origin, sent
/// as `null`, is nobody's.
fn names_host(origin: &str, host: &str) -> bool {
    let (origin_host, default_port) = if let Some(rest) = origin.strip_prefix("http://") {
        (rest, ":80")
    } else if let Some(rest) = origin.strip_prefix("https://") {
        (rest, ":443")
    } else {
        return false;
    };
    let without_port = |host: &str| host.strip_suffix(default_port).unwrap_or(host).to_ascii_lowercase();
    !origin_host.is_empty() && without_port(origin_host) == without_port(host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::middleware::from_fn;
    use actix_web::test::{TestRequest, call_service, init_service};
    use actix_web::{App, web};

    const HOST: Option<&str> = Some("muster.example");

    fn post(site: Option<&str>, origin: Option<&str>, host: Option<&str>, session: bool) -> bool {
        judge(&Method::POST, site, origin, host, session)
    }

    #[test]
    fn safe_methods_pass_whatever_they_bring() {
        for method in [Method::GET, Method::HEAD, Method::OPTIONS, Method::TRACE] {
            assert!(judge(&method, Some("cross-site"), Some("https://evil.example"), HOST, true));
        }
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::CONNECT] {
            assert!(!judge(&method, Some("cross-site"), None, HOST, true));
        }
    }

    #[test]
    fn the_browsers_word_decides_first() {
        assert!(post(Some("same-origin"), None, HOST, true));
        assert!(post(Some("none"), None, HOST, true));
        // A proxy may have changed the host, so a matching word outweighs the origin.
        assert!(post(Some("same-origin"), Some("https://muster.example"), Some("10.0.0.5:8080"), true));
        for site in ["cross-site", "same-site", "", "?", "Same-Origin"] {
            assert!(!post(Some(site), Some("https://muster.example"), HOST, false), "{site}");
        }
    }

    #[test]
    fn without_it_the_origin_must_name_the_host() {
        assert!(post(None, Some("http://muster.example"), HOST, true));
        assert!(post(None, Some("https://MUSTER.example"), HOST, true));
        assert!(post(None, Some("http://muster.example"), Some("muster.example:80"), true));
        assert!(post(None, Some("https://muster.example"), Some("muster.example:443"), true));
        assert!(post(None, Some("http://[::1]:8080"), Some("[::1]:8080"), true));
        for origin in [
            "null",
            "",
            "http://",
            "muster.example",
            "http://muster.example:8080",
            "http://muster.example.evil.example",
            "http://evil.example/muster.example",
            "ftp://muster.example",
            "?",
        ] {
            assert!(!post(None, Some(origin), HOST, false), "{origin}");
        }
        assert!(!post(None, Some("https://muster.example"), Some("muster.example:80"), true));
        assert!(!post(None, Some("http://muster.example"), None, false));
        assert!(!post(None, Some("http://"), Some(""), false));
    }

    #[test]
    fn without_both_only_a_stranger_passes() {
        assert!(post(None, None, HOST, false));
        assert!(!post(None, None, HOST, true));
    }

    #[actix_web::test]
    async fn the_middleware_reads_the_request() {
        let app = App::new().wrap(from_fn(same_origin)).route("/", web::post().to(actix_web::HttpResponse::Ok));
        let app = init_service(app).await;
        let own = TestRequest::post().insert_header(("host", "a.example")).insert_header(("origin", "http://a.example"));
        assert_eq!(call_service(&app, own.to_request()).await.status(), 200);
        let foreign = TestRequest::post().insert_header(("host", "a.example")).insert_header(("origin", "http://b.example"));
        assert_eq!(call_service(&app, foreign.to_request()).await.status(), 403);
        let signed_in = TestRequest::post().insert_header(("cookie", "muster_session=x"));
        assert_eq!(call_service(&app, signed_in.to_request()).await.status(), 403);
        let not_text = TestRequest::post().insert_header(("sec-fetch-site", &b"\xff"[..]));
        assert_eq!(call_service(&app, not_text.to_request()).await.status(), 403);
        assert_eq!(call_service(&app, TestRequest::post().to_request()).await.status(), 200);
    }
}
