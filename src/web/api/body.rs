//! The JSON in a call's body, read into a type. The Content-Type is not looked at: clients leave it out, or send it with
//! everything.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::error::InternalError;
use actix_web::{FromRequest, HttpRequest, ResponseError};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::error::Error;
use crate::web::form::{FormError, RawBody};
use crate::web::{api, json};

/// The value in the body. An empty body counts as an empty object.
#[derive(Clone, Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, actix_web::Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let body = RawBody::from_request(&request, payload);
        Box::pin(async move {
            match body.await {
                Ok(RawBody(bytes)) => Ok(Self(read(&bytes)?)),
                Err(error) => {
                    let sentence = match error {
                        FormError::TooLarge(_) => "The body is too large. The limit is 2 MiB.",
                        _ => "The request body was incomplete. Send it again.",
                    };
                    let refusal = api::problem(&request, error.status_code(), sentence);
                    Err(InternalError::from_response(error, refusal).into())
                }
            }
        })
    }
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    let value = if bytes.iter().all(u8::is_ascii_whitespace) { Value::Object(Map::new()) } else { json::parse(bytes)? };
    json::typed(&value)
}
