//! The extractor and the answers of the admin API's handlers.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::{StatusCode, header};
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use serde::Serialize;

use super::params::QueryParams;
use crate::auth::access::Actor;
use crate::auth::principal::Principal;
use crate::config::{BaseUrl, Config};
use crate::database::{Database, DbConnection};
use crate::error::Error;
use crate::id::Id;
use crate::web::visit::registered;

/// The media type of every answer that is a success: clients compare it to the letter.
pub const HAL: &str = "application/hal+json;charset=utf-8";

/// A call by a token. The actor is the token's account.
pub struct Call {
    pub actor: Actor,
    pub database: web::Data<Database>,
    pub config: web::Data<Config>,
    pub request: HttpRequest,
    base: web::Data<BaseUrl>,
}

impl FromRequest for Call {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let mut call = || {
            Ok(Self {
                actor: Actor::from_request(request, payload).into_inner()?,
                database: registered(request)?,
                config: registered(request)?,
                base: registered(request)?,
                request: request.clone(),
            })
        };
        ready(call())
    }
}

impl Call {
    pub async fn read<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut DbConnection) -> Result<T, Error> + Send + 'static,
    {
        self.database.read(work).await
    }

    /// Changes something on the actor's behalf, see [`Actor::write`].
    pub async fn write<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut DbConnection, &Principal) -> Result<T, Error> + Send + 'static,
    {
        self.actor.write(&self.database, work).await
    }

    /// The identity in the path. What is no UUID names nothing.
    pub fn id(&self, parameter: &str, noun: &'static str) -> Result<Id, Error> {
        self.request.match_info().get(parameter).and_then(Id::parse).ok_or(Error::NotFound(noun))
    }

    /// Any other part of the path, decoded.
    pub fn segment(&self, parameter: &str) -> String {
        self.request.match_info().get(parameter).unwrap_or_default().to_owned()
    }

    /// The configured URL, without a slash at the end: links begin with it, whatever the Host header says.
    pub fn base(&self) -> String {
        self.base.0.clone()
    }

    pub fn params(&self) -> QueryParams {
        QueryParams::of(&self.request, self.base())
    }
}

/// A success with a body.
pub fn hal(status: StatusCode, body: &impl Serialize) -> Result<HttpResponse, Error> {
    let text = serde_json::to_string(body).map_err(|error| Error::Internal(format!("writing JSON: {error}")))?;
    let mut answer = HttpResponse::build(status);
    Ok(answer.insert_header((header::CONTENT_TYPE, HAL)).insert_header((header::CACHE_CONTROL, "no-store")).body(text))
}

/// 200 with a body.
pub fn ok(body: &impl Serialize) -> Result<HttpResponse, Error> {
    hal(StatusCode::OK, body)
}

/// 204.
pub fn nothing() -> HttpResponse {
    HttpResponse::NoContent().insert_header((header::CACHE_CONTROL, "no-store")).finish()
}
