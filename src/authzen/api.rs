//! `POST /access/v1/evaluation` and `/access/v1/evaluations`, and where they are found. A refusal is an answer, with status 200.
//! Asking counts as the use of the caller's token, and not of the subject's; no event is written.

use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::{StatusCode, header};
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use serde_json::{Map, Value, json};

use super::json::{Answer, Decision, Decisions, Evaluation, Evaluations};
use super::operations::{decide, up_to};
use super::question::{self, EvaluationRequest};
use crate::check::Check;
use crate::config::Config;
use crate::error::Error;
use crate::web::api::operation::{self, Operation, answers, says};
use crate::web::{api, form, json};

pub const EVALUATION: &str = "/access/v1/evaluation";
pub const EVALUATIONS: &str = "/access/v1/evaluations";
pub const CONFIGURATION: &str = "/.well-known/authzen-configuration";

/// Bytes of a body, at most.
const BODY_LIMIT: usize = 1024 * 1024;

/// The JSON object of a request. Whatever else was sent is 400, whatever it was said to be.
pub struct JsonObject(Map<String, Value>);

impl FromRequest for JsonObject {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, actix_web::Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let is_json = form::has_type(request, "application/json");
        let body = form::body(request, payload, BODY_LIMIT);
        Box::pin(async move {
            if !is_json {
                return Err(Error::BadRequest("Send JSON, with Content-Type: application/json.".into()).into());
            }
            match json::parse(&body.await?)? {
                Value::Object(object) => Ok(Self(object)),
                _ => Err(Error::BadRequest("The body is not a JSON object.".into()).into()),
            }
        })
    }
}

const METHOD: operation::ResponseDoc = says(405, "The method is not POST. `Allow` names it.");
const SIZE: operation::ResponseDoc = says(413, "The body is larger than 1 MiB.");

pub static ONE: Operation = Operation::new(
    "Gateway",
    "Ask whether something is allowed (AuthZEN)",
    "Asks for the permission `resource.type:action.name:resource.id` of the subject; `/help/authzen` says how. A refusal is an answer \
     with status 200. A body of another media type than `application/json`, a required field that is absent, null or no string, and \
     `properties` or `context` that are neither absent, null nor an object are 400. Other fields are ignored. A read-only token may ask.",
    &[answers::<Decision>(200, "The decision."), METHOD, SIZE],
)
.with_body::<Evaluation>()
.plain();

pub static SEVERAL: Operation = Operation::new(
    "Gateway",
    "Ask whether several things are allowed (AuthZEN)",
    "What stands on top is the default of each item of `evaluations`; a key of an item replaces it whole. An item that lacks \
     something even so is `false` by itself; a field of the wrong type is 400. All are answered on one state. Without items, the \
     body is one question and the answer a single decision.",
    &[answers::<Answer>(200, "The decisions, in the order of the questions."), METHOD, SIZE],
)
.with_body::<Evaluations>()
.plain();

/// `POST /access/v1/evaluation`
pub async fn evaluation(body: JsonObject, check: web::Data<Check>) -> Result<HttpResponse, Error> {
    Ok(HttpResponse::Ok().json(one(&check, question::one(&body.0)?).await?))
}

/// `POST /access/v1/evaluations`
pub async fn evaluations(body: JsonObject, check: web::Data<Check>) -> Result<HttpResponse, Error> {
    let answer = match question::several(&body.0)? {
        EvaluationRequest::One(question) => Answer::One(one(&check, question).await?),
        EvaluationRequest::Many(questions, semantic) => {
            let decisions = up_to(semantic, decide(&check, &questions).await?);
            let evaluations = decisions.into_iter().map(|decision| Decision { decision }).collect();
            Answer::Many(Decisions { evaluations })
        }
    };
    Ok(HttpResponse::Ok().json(answer))
}

async fn one(check: &Check, question: question::AccessQuestion) -> Result<Decision, Error> {
    let decision = decide(check, &[Some(question)]).await?.first().copied().unwrap_or_default();
    Ok(Decision { decision })
}

/// `GET /.well-known/authzen-configuration`: where the API is, by the configured public URL alone.
pub async fn configuration(request: HttpRequest, config: web::Data<Config>) -> HttpResponse {
    let Some(url) = config.public_url.as_ref().filter(|_| config.is_https()) else {
        return api::problem(&request, StatusCode::NOT_FOUND, "AuthZEN needs a public URL with https. Muster has none.");
    };
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "public, max-age=3600")).json(json!({
        "policy_decision_point": url,
        "access_evaluation_endpoint": format!("{url}{EVALUATION}"),
        "access_evaluations_endpoint": format!("{url}{EVALUATIONS}"),
    }))
}
