//! Another site cannot make a signed-in browser act here: requests that change something must come from Muster's own pages.
//!
//! Browsers say where a request comes from, so forms need no hidden token. This belongs around the pages only. The gateway
//! receives a copy of headers that were meant for another host, and the API looks at no cookie.

use std::fmt;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderName};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage};

use super::trace::RequestId;
use crate::config::{Config, url};
use crate::error::Error::CrossSite;
use crate::web::visit::registered;

/// Name of the cookie that carries a session's key.
pub const SESSION_COOKIE: &str = "muster_session";

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Middleware for `from_fn`: answers 403 to a request that [`judge`] refuses.
pub async fn same_origin(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let config = registered::<Config>(request.request())?;
    let public = config.public_url.as_deref();
    let came = Came::read(&request);
    if judge(request.method(), &came, public) || has_the_key(&request, &came) {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    log::warn!(
        "{} refused {} {} from another site: {came}, public URL {}",
        request.extensions().get::<RequestId>().map_or("", |id| id.0.as_str()),
        request.method(),
        request.match_pattern().unwrap_or_default(),
        public.unwrap_or("not set"),
    );
    Ok(request.error_response(CrossSite))
}

/// The page of a one-time link names nobody its address, and so its form does not say where it comes from, either: over http
/// browsers send `Origin: null` then. Whoever posts it knows the link's key, and acts by nothing else.
fn has_the_key(request: &ServiceRequest, came: &Came) -> bool {
    let of_link = ["/set-password/", "/setup/"].iter().any(|path| request.path().starts_with(path));
    of_link && came.site.is_none() && came.origin.as_deref() == Some("null")
}

/// What a request says about where it comes from.
#[derive(Debug, Clone, Default)]
pub struct Came {
    site: Option<String>,
    origin: Option<String>,
    host: Option<String>,
    has_session: bool,
}

impl Came {
    fn read(request: &ServiceRequest) -> Self {
        // A value that is not text counts as given, and as wrong.
        let text = |name: HeaderName| request.headers().get(name).map(|value| value.to_str().unwrap_or("?").to_owned());
        Self {
            site: text(SEC_FETCH_SITE),
            origin: text(header::ORIGIN),
            // HTTP/2 has no Host header: the host stands in the request's address.
            host: text(header::HOST).or_else(|| request.uri().authority().map(|authority| authority.as_str().to_owned())),
            has_session: request.cookie(SESSION_COOKIE).is_some(),
        }
    }
}

/// The refusal as the log shows it.
impl fmt::Display for Came {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = |value: &Option<String>| value.as_ref().map_or("none".to_owned(), |value| value.chars().take(200).collect());
        let (site, origin, host) = (said(&self.site), said(&self.origin), said(&self.host));
        write!(formatter, "Sec-Fetch-Site {site}, Origin {origin}, Host {host}")
    }
}

/// Whether a request may go on. `public` is the configured public URL, where there is one.
///
/// Safe methods may. Otherwise `Sec-Fetch-Site` decides, which browsers send over https and to localhost. Without it `Origin`
/// must be the public URL: a proxy may have changed the host, and the page of an https installation is not the same as one
/// that came over http. Where no public URL is configured, `Origin` must name the host that was asked. Without both it is no
/// browser, and only one that brings no session may go on.
pub fn judge(method: &Method, came: &Came, public: Option<&str>) -> bool {
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE) {
        return true;
    }
    match (came.site.as_deref(), came.origin.as_deref()) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => is_own(origin, came.host.as_deref(), public),
        (None, None) => !came.has_session,
    }
}

/// An opaque origin, sent as `null`, is nobody's.
fn is_own(origin: &str, host: Option<&str>, public: Option<&str>) -> bool {
    let Some(own) = url::origin(origin) else { return false };
    let asked = |scheme: &str| host.and_then(|host| url::origin(&format!("{scheme}://{host}")));
    match public {
        Some(public) => own == public,
        // Whether a proxy in front speaks https is not known.
        None => ["http", "https"].into_iter().filter_map(asked).any(|asked| asked == own),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::middleware::from_fn;
    use actix_web::test::{TestRequest, call_service, init_service, try_call_service};
    use actix_web::{App, web};
    use clap::Parser;

    const HOST: Option<&str> = Some("muster.example");

    fn came(site: Option<&str>, origin: Option<&str>, host: Option<&str>, has_session: bool) -> Came {
        let own = |text: Option<&str>| text.map(str::to_owned);
        Came { site: own(site), origin: own(origin), host: own(host), has_session }
    }

    fn post(site: Option<&str>, origin: Option<&str>, host: Option<&str>, session: bool) -> bool {
        judge(&Method::POST, &came(site, origin, host, session), None)
    }

    #[test]
    fn safe_methods_pass_whatever_they_bring() {
        let foreign = came(Some("cross-site"), Some("https://evil.example"), HOST, true);
        for method in [Method::GET, Method::HEAD, Method::OPTIONS, Method::TRACE] {
            assert!(judge(&method, &foreign, None));
        }
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::CONNECT] {
            assert!(!judge(&method, &came(Some("cross-site"), None, HOST, true), None));
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
            let own = came(Some(site), Some("https://muster.example"), HOST, false);
            assert!(!judge(&Method::POST, &own, Some("https://muster.example")), "{site}");
        }
    }

    #[test]
    fn the_public_url_is_the_origin() {
        let own = |origin: &str, host: &str, public: &str| {
            judge(&Method::POST, &came(None, Some(origin), Some(host), true), Some(public))
        };
        let (http, https) = ("http://muster.example", "https://muster.example");
        // Behind a proxy that speaks http and sends a host of its own choice.
        assert!(own(http, "10.0.0.5:8080", http));
        assert!(own("http://Muster.example:80", "backend", http));
        assert!(own(https, "127.0.0.1:8080", https));
        assert!(own("http://muster.example:8080", "muster.example:8080", "http://muster.example:8080"));
        // The host alone is not enough: neither of another name nor of another scheme or port.
        assert!(!own(http, "muster.example", https));
        assert!(!own(https, "muster.example", http));
        assert!(!own("http://10.0.0.5:8080", "10.0.0.5:8080", https));
        assert!(!own("http://muster.example:8081", "muster.example:8081", http));
        assert!(!own("http://evil.example", "evil.example", http));
        assert!(!own("null", "muster.example", http));
    }

    #[test]
    fn without_a_public_url_the_origin_must_name_the_host() {
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

    #[test]
    fn a_refusal_names_origin_and_host() {
        let said = came(None, Some(&"x".repeat(500)), Some("backend:8080"), false).to_string();
        assert!(said.contains("Host backend:8080") && said.contains("Origin xxx") && said.len() < 300, "{said}");
    }

    #[actix_web::test]
    async fn the_middleware_reads_the_request() {
        let config = web::Data::new(Config::parse_from(["muster"]));
        let app = App::new().app_data(config).wrap(from_fn(same_origin));
        let app = init_service(app.route("/", web::post().to(actix_web::HttpResponse::Ok))).await;
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

    #[actix_web::test]
    async fn without_a_configuration_every_request_fails() {
        let app = init_service(App::new().wrap(from_fn(same_origin)).wrap(from_fn(crate::web::headers::security_headers))).await;
        let error = try_call_service(&app, TestRequest::get().to_request()).await.unwrap_err();
        assert_eq!(error.as_response_error().status_code(), 500);
        let app = init_service(App::new().wrap(from_fn(same_origin))).await;
        let error = try_call_service(&app, TestRequest::get().to_request()).await.unwrap_err();
        assert_eq!(error.as_response_error().status_code(), 500);
    }

    #[actix_web::test]
    async fn the_middleware_knows_the_public_url() {
        let config = Config::parse_from(["muster", "--public-url", "HTTP://Muster.example/"]);
        let app = App::new().app_data(web::Data::new(config)).wrap(from_fn(same_origin));
        let app = init_service(app.route("/", web::post().to(actix_web::HttpResponse::Ok))).await;
        for (origin, status) in [("http://muster.example", 200), ("http://backend", 403)] {
            let sent = TestRequest::post().insert_header(("host", "backend")).insert_header(("origin", origin));
            assert_eq!(call_service(&app, sent.to_request()).await.status(), status, "{origin}");
        }
    }
}
