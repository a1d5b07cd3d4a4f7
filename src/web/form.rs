//! Extractors for forms and query strings.
//!
//! actix-web's own cannot read a key that repeats (`id=1&id=2`), which every list of checkboxes sends.

use std::fmt;
use std::future::{Future, Ready, ready};
use std::io::ErrorKind;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::StatusCode;
use actix_web::http::header::ContentType;
use actix_web::{FromRequest, HttpRequest, HttpResponse, ResponseError, web};
use serde::de::DeserializeOwned;

use crate::error::Error;
use crate::id::Id;

/// Largest form that is read, in bytes: room for some fifty thousand ticked rows.
pub const BODY_LIMIT: usize = 2 * 1024 * 1024;

/// Most fields of a form, and of a query string: each may become a value in a statement, and SQLite takes 32,766.
const MOST_FIELDS: usize = 5_000;
const MOST_QUERY_FIELDS: usize = 500;

/// The fields of a posted form. A repeated key fills a `Vec` (with `#[serde(default)]` for none at all).
#[derive(Clone, Debug)]
pub struct Form<T>(pub T);

/// The fields of a query string, read like a [`Form`].
#[derive(Clone, Debug)]
pub struct Query<T>(pub T);

/// Why a form or a query string could not be read. People rarely see this: their browser sends what the page has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormError {
    /// The body is not `application/x-www-form-urlencoded`: 415.
    UnsupportedType,
    /// The body is longer than this: 413.
    TooLarge(usize),
    /// It has more fields than are read: 413.
    TooMany,
    /// The connection ended before the body did: 400.
    Incomplete,
    /// The body took longer than the server waits for one: 408.
    TooSlow,
    /// A field is missing or holds a value of the wrong kind: 400. The text is for the log; it may repeat what was sent.
    Invalid(String),
}

impl fmt::Display for FormError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            FormError::UnsupportedType => "This address reads forms only: send application/x-www-form-urlencoded.",
            FormError::TooLarge(limit) => {
                return write!(formatter, "The request is too large. The limit is {} MiB.", limit / (1024 * 1024));
            }
            FormError::TooMany => "The form has too many fields. The limit is 5,000. Choose fewer at a time.",
            FormError::Incomplete => "The form was incomplete. Go back and try again.",
            FormError::TooSlow => "The request took too long to arrive. Send it again.",
            FormError::Invalid(_) => "The request could not be read: a field is missing or has a value of the wrong kind.",
        })
    }
}

impl std::error::Error for FormError {}

impl ResponseError for FormError {
    fn status_code(&self) -> StatusCode {
        match self {
            FormError::UnsupportedType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            FormError::TooLarge(_) | FormError::TooMany => StatusCode::PAYLOAD_TOO_LARGE,
            FormError::TooSlow => StatusCode::REQUEST_TIMEOUT,
            FormError::Incomplete | FormError::Invalid(_) => StatusCode::BAD_REQUEST,
        }
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status_code()).content_type(ContentType::plaintext()).body(self.to_string())
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for Form<T> {
    type Error = FormError;
    type Future = Pin<Box<dyn Future<Output = Result<Form<T>, FormError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let is_form = has_type(request, "application/x-www-form-urlencoded");
        let body = RawBody::from_request(request, payload);
        Box::pin(async move {
            if !is_form {
                return Err(FormError::UnsupportedType);
            }
            let RawBody(bytes) = body.await?;
            read(&bytes, MOST_FIELDS).map(Form)
        })
    }
}

/// The bytes of a request's body, whatever they are.
pub struct RawBody(pub web::Bytes);

impl FromRequest for RawBody {
    type Error = FormError;
    type Future = Pin<Box<dyn Future<Output = Result<RawBody, FormError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = body(request, payload, BODY_LIMIT);
        Box::pin(async move { body.await.map(RawBody) })
    }
}

/// Reads a body of at most `limit` bytes.
pub fn body(
    request: &HttpRequest,
    payload: &mut Payload,
    limit: usize,
) -> impl Future<Output = Result<web::Bytes, FormError>> + use<> {
    let body = web::Payload::from_request(request, payload);
    async move {
        let body = body.await.map_err(|_| FormError::Incomplete)?;
        let bytes = body.to_bytes_limited(limit).await.map_err(|_| FormError::TooLarge(limit))?;
        bytes.map_err(|error| match error.as_error() {
            Some(PayloadError::Io(error)) if error.kind() == ErrorKind::TimedOut => FormError::TooSlow,
            _ => FormError::Incomplete,
        })
    }
}

impl<T: DeserializeOwned> Query<T> {
    /// The query string of a request.
    pub fn of(request: &HttpRequest) -> Result<Self, FormError> {
        read(request.query_string().as_bytes(), MOST_QUERY_FIELDS).map(Self)
    }
}

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = FormError;
    type Future = Ready<Result<Query<T>, FormError>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(Self::of(request))
    }
}

/// Whether the body is said to be of this media type, with whatever parameters.
pub fn has_type(request: &HttpRequest, media_type: &str) -> bool {
    let content_type = request.headers().get(actix_web::http::header::CONTENT_TYPE);
    let essence = content_type.and_then(|value| value.to_str().ok()).and_then(|value| value.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case(media_type))
}

fn read<T: DeserializeOwned>(bytes: &[u8], most: usize) -> Result<T, FormError> {
    if bytes.iter().filter(|byte| **byte == b'&').count() >= most {
        return Err(FormError::TooMany);
    }
    serde_html_form::from_bytes(bytes).map_err(|error| FormError::Invalid(error.to_string()))
}

/// The ids of a form's checkboxes. What is not a UUID cannot be one of ours.
pub fn ids(values: &[String], field: &'static str) -> Result<Vec<Id>, Error> {
    let parse = |value: &String| Id::parse(value).ok_or_else(|| Error::field(field, "One of these does not exist."));
    values.iter().filter(|value| !value.is_empty()).map(parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;
    use serde::Deserialize;

    #[derive(Debug, Deserialize, PartialEq)]
    struct SampleForm {
        #[serde(default)]
        id: Vec<u32>,
        page: Option<u32>,
        #[serde(default)]
        name: String,
    }

    async fn post(content_type: &str, body: impl Into<actix_web::web::Bytes>) -> Result<SampleForm, FormError> {
        let request = TestRequest::post().insert_header(("content-type", content_type)).set_payload(body);
        let (request, mut payload) = request.to_http_parts();
        Form::<SampleForm>::from_request(&request, &mut payload).await.map(|Form(fields)| fields)
    }

    const FORM: &str = "application/x-www-form-urlencoded";

    #[actix_web::test]
    async fn repeated_keys_and_empty_values_are_read() {
        let fields = post(FORM, "id=1&name=a+b%C3%A9&id=2&extra=x").await.unwrap();
        assert_eq!(fields, SampleForm { id: vec![1, 2], page: None, name: "a bé".to_owned() });
        let fields = post("Application/X-WWW-Form-URLencoded; charset=utf-8", "page=3&name=").await.unwrap();
        assert_eq!(fields, SampleForm { id: vec![], page: Some(3), name: String::new() });
        assert_eq!(post(FORM, "").await.unwrap().page, None);
    }

    #[actix_web::test]
    async fn what_is_no_form_is_refused_with_a_sentence() {
        let cases = [
            (post("application/json", "{}").await, 415),
            (post("", "id=1").await, 415),
            (post(FORM, "id=one").await, 400),
            (post(FORM, "name=a&name=b").await, 400),
            (post(FORM, vec![b'a'; BODY_LIMIT + 1]).await, 413),
        ];
        for (result, status) in cases {
            let error = result.unwrap_err();
            assert_eq!(error.error_response().status(), status);
            assert!(error.to_string().ends_with('.'));
            assert!(!error.to_string().contains("one"), "the sentence does not repeat what was sent");
        }
        assert!(post(FORM, vec![b'a'; BODY_LIMIT]).await.is_ok());
    }

    #[actix_web::test]
    async fn a_query_is_read_like_a_form() {
        let request = TestRequest::with_uri("/?id=7&id=8").to_http_request();
        let Query(fields) = Query::<SampleForm>::extract(&request).await.unwrap();
        assert_eq!((fields.id, fields.page), (vec![7, 8], None));
        let request = TestRequest::with_uri("/?page=x").to_http_request();
        assert!(Query::<SampleForm>::extract(&request).await.is_err());
    }
}
