//! Security headers for every answer.

use actix_web::Error;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;

use crate::config::Config;
use crate::web::visit::registered;

/// Everything comes from Muster itself: no inline script or style, no frame around the pages, no form that posts elsewhere.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const ALWAYS: [(HeaderName, HeaderValue); 6] = [
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY)),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    // Not the clipboard: the copy buttons write to it.
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ),
];

/// Middleware for `from_fn`: adds them to every answer. `Cache-Control: no-store` and `Referrer-Policy: same-origin` stand unless
/// the handler has said otherwise;
/// `Strict-Transport-Security` only where the public URL is https.
pub async fn security_headers(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let https = registered::<Config>(request.request())?.is_https();
    match next.call(request).await {
        Ok(mut response) => {
            add(response.headers_mut(), https);
            Ok(response.map_into_boxed_body())
        }
        Err(error) => {
            let mut response = error.error_response();
            add(response.headers_mut(), https);
            Err(InternalError::from_response(error, response).into())
        }
    }
}

fn add(headers: &mut HeaderMap, https: bool) {
    for (name, value) in ALWAYS {
        headers.insert(name, value);
    }
    for (name, usual) in [(header::CACHE_CONTROL, "no-store"), (header::REFERRER_POLICY, "same-origin")] {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(usual));
        }
    }
    if https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::middleware::from_fn;
    use actix_web::test::{TestRequest, call_service, init_service, try_call_service};
    use actix_web::{App, HttpResponse, web};
    use clap::Parser;

    fn config(public_url: &str) -> web::Data<Config> {
        web::Data::new(Config::try_parse_from(["muster", "--public-url", public_url]).unwrap())
    }

    #[actix_web::test]
    async fn every_answer_has_them() {
        let app = App::new()
            .app_data(config("https://muster.example"))
            .wrap(from_fn(security_headers))
            .route("/", web::get().to(HttpResponse::Ok))
            .route("/kept", web::get().to(async || HttpResponse::Ok().insert_header(("cache-control", "max-age=60")).finish()));
        let app = init_service(app).await;
        for (path, cached) in [("/", "no-store"), ("/kept", "max-age=60"), ("/missing", "no-store")] {
            let response = call_service(&app, TestRequest::with_uri(path).to_request()).await;
            let headers = response.headers();
            for (name, value) in ALWAYS {
                assert_eq!(headers.get(&name), Some(&value), "{path} {name}");
            }
            assert_eq!(headers.get("cache-control").unwrap(), cached);
            assert_eq!(headers.get("strict-transport-security").unwrap(), "max-age=31536000");
        }
    }

    #[actix_web::test]
    async fn plain_http_promises_no_https() {
        let app = App::new().app_data(config("http://localhost:8080")).wrap(from_fn(security_headers));
        let app = init_service(app).await;
        let response = call_service(&app, TestRequest::default().to_request()).await;
        assert!(!response.headers().contains_key("strict-transport-security"));
    }

    #[actix_web::test]
    async fn an_error_from_inside_has_them_too() {
        async fn fail(_: ServiceRequest, _: Next<BoxBody>) -> Result<ServiceResponse<BoxBody>, Error> {
            Err(actix_web::error::ErrorServiceUnavailable("later"))
        }
        let app = App::new().app_data(config("https://muster.example")).wrap(from_fn(fail)).wrap(from_fn(security_headers));
        let app = init_service(app).await;
        let error = try_call_service(&app, TestRequest::default().to_request()).await.unwrap_err();
        let response = error.error_response();
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers().get("x-frame-options").unwrap(), "DENY");
    }
}
