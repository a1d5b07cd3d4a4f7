//! `POST /access/v1/evaluation` and `/access/v1/evaluations`, and where they are found. A refusal is an answer, with status 200.
//! Asking counts as the use of the caller's token, and not of the subject's; no event is written.

use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::{StatusCode, header};
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::operations::{decide, up_to};
use super::question::{self, Asked};
use crate::check::Check;
use crate::config::Config;
use crate::error::Error;
use crate::web::api::operation::{Example, Operation, answers};
use crate::web::{api, form, json};

pub const EVALUATION: &str = "/access/v1/evaluation";
pub const EVALUATIONS: &str = "/access/v1/evaluations";
pub const CONFIGURATION: &str = "/.well-known/authzen-configuration";

/// Bytes of a body, at most.
const BODY_LIMIT: usize = 1024 * 1024;

/// The JSON object of a request. Whatever else was sent is 400, whatever it was said to be.
pub struct Body(Map<String, Value>);

impl FromRequest for Body {
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

pub static ONE: Operation = Operation::new(
    "Gateway",
    "Ask whether something is allowed (AuthZEN)",
    "A refusal is an answer with status 200. `/help/authzen` says how a question becomes a permission. A read-only token may ask.",
    &[answers::<Decision>(200, "The decision.")],
)
.with_body::<Question>()
.plain();

pub static SEVERAL: Operation = Operation::new(
    "Gateway",
    "Ask whether several things are allowed (AuthZEN)",
    "Each item of `evaluations` replaces whole objects of the question around it. Without items, the answer is a single decision.",
    &[answers::<Decisions>(200, "The decisions, in the order of the questions.")],
)
.with_body::<Questions>()
.plain();

/// An entity of a question, or what is to be done: objects of AuthZEN.
type Entity = serde_json::Map<String, Value>;

/// A question. The objects may carry `properties`.
#[derive(Serialize, ToSchema)]
pub struct Question {
    /// Who asks: `type` and `id`.
    #[schema(value_type = Object)]
    subject: Entity,
    /// What is to be done: `name`.
    #[schema(value_type = Object)]
    action: Entity,
    /// To what: `type` and `id`.
    #[schema(value_type = Object)]
    resource: Entity,
}

/// Questions, and what they have in common.
#[derive(Serialize, ToSchema)]
pub struct Questions {
    #[schema(value_type = Object)]
    subject: Entity,
    /// `subject`, `action`, `resource`, each as a whole in the place of the one above.
    #[schema(value_type = Vec<Object>)]
    evaluations: Vec<Entity>,
}

#[derive(Serialize, ToSchema)]
pub struct Decision {
    decision: bool,
}

#[derive(Serialize, ToSchema)]
pub struct Decisions {
    evaluations: Vec<Decision>,
}

fn entity(fields: Value) -> Entity {
    fields.as_object().cloned().unwrap_or_default()
}

fn somebody() -> Entity {
    entity(json!({ "type": "account", "id": "0193a4c2-7d10-7c3e-9a52-1f0e6b8c2d41" }))
}

impl Example for Question {
    fn example() -> Self {
        let resource = entity(json!({ "type": "contract_data", "id": "*" }));
        Self { subject: somebody(), action: entity(json!({ "name": "read" })), resource }
    }
}

impl Example for Questions {
    fn example() -> Self {
        let item = |action| entity(json!({ "action": { "name": action }, "resource": { "type": "contract_data", "id": "*" } }));
        Self { subject: somebody(), evaluations: vec![item("read"), item("manage")] }
    }
}

impl Example for Decision {
    fn example() -> Self {
        Self { decision: true }
    }
}

impl Example for Decisions {
    fn example() -> Self {
        Self { evaluations: vec![Decision { decision: true }, Decision { decision: false }] }
    }
}

/// `POST /access/v1/evaluation`
///
/// # Errors
/// `BadRequest`, `Invalid`; `Unavailable` when the database cannot be asked.
pub async fn evaluation(body: Body, check: web::Data<Check>) -> Result<HttpResponse, Error> {
    answer_one(&check, question::one(&body.0)?).await
}

/// `POST /access/v1/evaluations`
///
/// # Errors
/// As for one.
pub async fn evaluations(body: Body, check: web::Data<Check>) -> Result<HttpResponse, Error> {
    match question::several(&body.0)? {
        Asked::One(question) => answer_one(&check, question).await,
        Asked::Many(questions, semantic) => {
            let decisions = up_to(semantic, decide(&check, &questions).await?);
            let evaluations = decisions.into_iter().map(|decision| Decision { decision }).collect();
            Ok(HttpResponse::Ok().json(Decisions { evaluations }))
        }
    }
}

async fn answer_one(check: &Check, question: question::Question) -> Result<HttpResponse, Error> {
    let decision = decide(check, &[Some(question)]).await?.first().copied().unwrap_or_default();
    Ok(HttpResponse::Ok().json(Decision { decision }))
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
