//! The API's own description, OpenAPI 3.1, made from the routes and the types of their bodies.

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use serde_json::{Map, Value, json};

use super::operation::{Media, Operation, Parameter, ParameterKind, ResponseDoc, Schemas, Shape};
use super::{PROBLEM, Problem};

/// An endpoint, as the routes have it.
pub struct Endpoint {
    pub method: &'static str,
    pub path: &'static str,
    /// One of these is needed.
    pub permissions: &'static [&'static str],
    pub operation: &'static Operation,
}

/// The description as it is served, and as the help page shows it.
pub struct Description {
    pub value: Value,
    text: web::Bytes,
}

/// Where it is served.
pub const PATH: &str = "/openapi.json";

impl Description {
    pub fn new(endpoints: &[Endpoint], base: &str) -> Self {
        let value = document(endpoints, base);
        let text = web::Bytes::from(value.to_string());
        Self { value, text }
    }
}

/// `GET /openapi.json`
pub async fn serve(description: web::Data<Description>) -> HttpResponse {
    let mut answer = HttpResponse::Ok();
    answer.insert_header((header::CONTENT_TYPE, "application/json")).insert_header((header::CACHE_CONTROL, "no-cache"));
    answer.body(description.text.clone())
}

const INTRODUCTION: &str = "Send an API token with each call, as `Authorization: Bearer TOKEN`. Session cookies are ignored. \
                            Read-only tokens can only read. Unknown fields are ignored, duplicate keys are refused. Times are \
                            in UTC (RFC 3339). Fields without a value are left out, not null. Every error is a problem document \
                            (RFC 9457).";

fn document(endpoints: &[Endpoint], base: &str) -> Value {
    let mut schemas = Schemas::new();
    let problem = (Shape::plain::<Problem>().schema)(&mut schemas);
    let mut paths: Map<String, Value> = Map::new();
    for endpoint in endpoints {
        let described = operation(endpoint, &mut schemas);
        let item = paths.entry(endpoint.path.to_owned()).or_insert_with(|| json!({}));
        item[endpoint.method.to_lowercase()] = described;
    }
    let schemas: Map<String, Value> =
        schemas.into_iter().map(|(name, schema)| (name, serde_json::to_value(schema).unwrap_or_default())).collect();
    let error = json!({ "description": "The call did not succeed.", "content": { PROBLEM: { "schema": problem } } });
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Muster", "version": env!("CARGO_PKG_VERSION"), "description": INTRODUCTION },
        "servers": [{ "url": base }],
        "security": [{ "token": [] }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": { "Error": error },
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer" },
                "basic": { "type": "http", "scheme": "basic", "description": "The account's UUID, and its token as the password." },
            },
        },
    })
}

fn operation(endpoint: &Endpoint, schemas: &mut Schemas) -> Value {
    let Endpoint { method, path, permissions, operation } = endpoint;
    let needed: Vec<String> = permissions.iter().map(|permission| format!("`{permission}`")).collect();
    let needs = match needed.as_slice() {
        [] => String::new(),
        [only] => format!("\n\nNeeds {only}."),
        several => format!("\n\nNeeds one of {}.", several.join(", ")),
    };
    let names = parameters_of(path);
    let parameters: Vec<Value> = names.iter().map(|name| in_path(name)).chain(operation.query.iter().map(in_query)).collect();
    let mut described = json!({
        "tags": [operation.group],
        "summary": operation.summary,
        "description": format!("{}{needs}", operation.text),
        "operationId": format!("{} {path}", method.to_lowercase()),
        "x-permissions": permissions,
        "responses": responses(endpoint, schemas),
    });
    if !parameters.is_empty() {
        described["parameters"] = parameters.into();
    }
    if let Some(body) = &operation.body {
        let media = if operation.media == Media::Form { "application/x-www-form-urlencoded" } else { "application/json" };
        described["requestBody"] = json!({ "required": !operation.optional_body, "content": { media: content(body, schemas) } });
    }
    if operation.media == Media::Form {
        described["security"] = json!([{ "token": [] }, { "basic": [] }]);
    }
    described
}

/// The statuses that are listed, and those that every endpoint of its kind may answer.
fn responses(endpoint: &Endpoint, schemas: &mut Schemas) -> Value {
    let operation = endpoint.operation;
    let mut responses: Map<String, Value> = Map::new();
    let error = |text: &str| json!({ "description": text, "content": { PROBLEM: { "schema": { "$ref": "#/components/schemas/Problem" } } } });
    let mut common = vec![
        (401, "The call has no token, or one that can't be used."),
        (429, "Too many rejected tokens from this address."),
        (503, "Muster can't reach its database. Nothing was changed, unless `detail` says otherwise."),
    ];
    if !endpoint.permissions.is_empty() {
        common.push((403, "The caller lacks the permission, or the token is read-only."));
    }
    if endpoint.path.contains('{') {
        common.push((
            404,
            "What the path names does not exist. Of a role or a team that was deleted, `detail` says by whom and when.",
        ));
    }
    if operation.body.is_some() || !operation.query.is_empty() {
        common.push((400, "The request is wrong. `errors` names the fields."));
    }
    if operation.body.is_some() {
        common.push((413, "The body is larger than 2 MiB."));
    }
    for (status, text) in common {
        responses.insert(status.to_string(), error(text));
    }
    for ResponseDoc { status, text, shape } in operation.answers {
        let media = if operation.media == Media::Hal { "application/hal+json" } else { "application/json" };
        let described = match shape {
            Some(shape) => json!({ "description": text, "content": { media: content(shape, schemas) } }),
            None if *status < 400 || operation.media == Media::Bare => json!({ "description": text }),
            None => error(text),
        };
        responses.insert(status.to_string(), described);
    }
    responses.insert("default".into(), json!({ "$ref": "#/components/responses/Error" }));
    responses.into()
}

fn content(shape: &Shape, schemas: &mut Schemas) -> Value {
    json!({ "schema": (shape.schema)(schemas), "example": (shape.example)() })
}

/// The names between braces.
fn parameters_of(path: &str) -> Vec<&str> {
    path.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect()
}

fn in_path(name: &str) -> Value {
    let (schema, text) = match name {
        "token" => (json!({ "type": "string", "pattern": "^[0-9A-Za-z]{12}$" }), "The token's public id."),
        _ => (json!({ "type": "string", "format": "uuid" }), "A UUID."),
    };
    json!({ "name": name, "in": "path", "required": true, "schema": schema, "description": text })
}

fn in_query(parameter: &Parameter) -> Value {
    let schema = match parameter.kind {
        ParameterKind::Text => json!({ "type": "string" }),
        ParameterKind::Short(most) => json!({ "type": "string", "maxLength": most }),
        ParameterKind::Moment => json!({ "type": "string", "format": "date-time" }),
        ParameterKind::Uuid => json!({ "type": "string", "format": "uuid" }),
        ParameterKind::Flag => json!({ "type": "boolean" }),
        ParameterKind::Number(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
        ParameterKind::Word(words) => json!({ "type": "string", "enum": words }),
    };
    let (name, text) = (parameter.name, parameter.text);
    json!({ "name": name, "in": "query", "allowEmptyValue": true, "schema": schema, "description": text })
}
