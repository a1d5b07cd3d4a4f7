//! Whether answers are what `/openapi.json` says of them.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock};

use jsonschema::Validator;
use muster::web::api::operation::Schemas;
use serde_json::{Map, Value, json};

use super::{Caller, Reply};
use crate::support::app::TestApp;

/// The description, with every object closed: a field that it does not name must not be in an answer.
fn description() -> &'static Value {
    static CLOSED: OnceLock<Value> = OnceLock::new();
    CLOSED.get_or_init(|| {
        let mut value = muster::routes::api::description("https://muster.example").value;
        let schemas = value["components"]["schemas"].as_object().unwrap().clone();
        let closed: Map<String, Value> = schemas.iter().map(|(name, schema)| (name.clone(), closed(schema, &schemas))).collect();
        value["components"]["schemas"] = closed.into();
        value
    })
}

/// An object of several parts as one, without further fields.
fn closed(schema: &Value, all: &Map<String, Value>) -> Value {
    let mut whole = schema.clone();
    if let Some(parts) = schema["allOf"].as_array() {
        whole = json!({"type": "object", "properties": {}, "required": []});
        for part in parts {
            let referred = part["$ref"].as_str().map(|reference| &all[reference.rsplit('/').next().unwrap()]);
            let part = closed(referred.unwrap_or(part), all);
            for (name, property) in part["properties"].as_object().into_iter().flatten() {
                whole["properties"][name] = property.clone();
            }
            let required = part["required"].as_array().cloned().unwrap_or_default();
            whole["required"].as_array_mut().unwrap().extend(required);
        }
    }
    if whole.get("properties").is_some() && whole.get("additionalProperties").is_none() {
        whole["additionalProperties"] = json!(false);
    }
    whole
}

/// A document that leaves nothing open: answers have no other status than those that are named, and their objects no other field.
#[cfg(feature = "installed-tests")]
pub fn strict(mut document: Value) -> Value {
    let all = document["components"]["schemas"].as_object().unwrap().clone();
    let mut sent = Vec::new();
    for item in document["paths"].as_object_mut().unwrap().values_mut() {
        for operation in item.as_object_mut().unwrap().values_mut() {
            operation["responses"].as_object_mut().unwrap().remove("default");
            references(&operation["requestBody"], &mut sent);
        }
    }
    let name = |reference: &String| reference.rsplit('/').next().unwrap().to_owned();
    let mut at = 0;
    while let Some(schema) = sent.get(at).map(|reference| &all[&name(reference)]) {
        at += 1;
        let mut below = Vec::new();
        references(schema, &mut below);
        sent.extend(below);
    }
    let is_sent = |schema: &String| sent.iter().any(|reference| name(reference) == *schema);
    let schemas =
        all.iter().map(|(name, schema)| (name.clone(), if is_sent(name) { schema.clone() } else { closed(schema, &all) }));
    document["components"]["schemas"] = schemas.collect::<Map<String, Value>>().into();
    document
}

/// Where a value refers to.
fn references(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            into.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|field| references(field, into));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, into)),
        _ => {}
    }
}

fn faults(schema: &Value, body: &Value) -> Vec<String> {
    static KNOWN: OnceLock<Mutex<HashMap<String, &'static Validator>>> = OnceLock::new();
    let known = KNOWN.get_or_init(Mutex::default);
    let text = schema.to_string();
    let validator = *known.lock().unwrap().entry(text).or_insert_with(|| {
        let root = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "components": description()["components"],
            "allOf": [schema],
        });
        Box::leak(Box::new(jsonschema::validator_for(&root).unwrap()))
    });
    validator.iter_errors(body).map(|fault| format!("{fault} at {}", fault.instance_path())).collect()
}

/// Whether a path is one of this form.
fn fits(form: &str, path: &str) -> bool {
    let (form, path): (Vec<&str>, Vec<&str>) = (form.split('/').collect(), path.split('/').collect());
    form.len() == path.len() && form.iter().zip(&path).all(|(part, given)| part.starts_with('{') || part == given)
}

/// The operation that a call is of: the one with fewest parameters.
fn operation(method: &str, path: &str) -> Option<&'static Value> {
    let path = path.split('?').next().unwrap();
    let path = path.find("//").map_or(path, |at| &path[at + 2 + path[at + 2..].find('/').unwrap()..]);
    let method = if method == "HEAD" { "get".to_owned() } else { method.to_lowercase() };
    let items = description()["paths"].as_object().unwrap().iter().filter(|(form, _)| fits(form, path));
    let (_, item) = items.min_by_key(|(form, _)| form.matches('{').count())?;
    item.get(method)
}

/// The answer has a status that is described, and a body of its type.
pub fn check(method: &str, path: &str, reply: &Reply) {
    let Some(operation) = operation(method, path) else { return };
    let status = reply.status.to_string();
    let described = operation["responses"].get(&status);
    assert!(described.is_some() || reply.status >= 500, "{method} {path}: {status} is not described");
    let described = described.unwrap_or(&description()["components"]["responses"]["Error"]);
    let Some((_, content)) = described["content"].as_object().and_then(|content| content.iter().next()) else {
        assert_eq!(reply.body, Value::Null, "{method} {path}: {status} has no body");
        return;
    };
    if method != "HEAD" {
        let faults = faults(&content["schema"], &reply.body);
        assert!(faults.is_empty(), "{method} {path} {status}: {faults:#?}\n{:#}", reply.body);
    }
}

#[test]
fn routes_and_description_name_the_same() {
    let mut routed: Vec<(String, String)> =
        muster::routes::API.iter().map(|route| (route.path.to_owned(), route.method.to_lowercase())).collect();
    routed.push((muster::routes::GATEWAY[0].to_owned(), "get".into()));
    routed.sort();
    let mut named = Vec::new();
    for (path, item) in description()["paths"].as_object().unwrap() {
        named.extend(item.as_object().unwrap().keys().map(|method| (path.clone(), method.clone())));
    }
    named.sort();
    assert_eq!(routed, named);
    assert_eq!(description()["openapi"], "3.1.0");
}

#[test]
fn examples_are_of_their_types_and_nothing_is_left_unsaid() {
    let mut all = Vec::new();
    references(description(), &mut all);
    for reference in all {
        let at = reference.trim_start_matches('#');
        assert!(description().pointer(at).is_some(), "{reference} leads nowhere");
    }
    let mut ids = std::collections::BTreeSet::new();
    for (path, item) in description()["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let what = format!("{method} {path}");
            assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{what}");
            assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty() && !text.ends_with('.')), "{what}");
            let bodies = operation["responses"].as_object().unwrap().values().chain([&operation["requestBody"]]);
            for content in bodies.filter_map(|body| body["content"].as_object()).flat_map(Map::values) {
                if let Some(example) = content.get("example") {
                    let faults = faults(&content["schema"], example);
                    assert!(faults.is_empty(), "{what}: {faults:?}");
                }
            }
            let success = operation["responses"].as_object().unwrap().iter().any(|(status, _)| status.starts_with('2'));
            assert!(success, "{what} never succeeds");
        }
    }
}

#[test]
fn each_name_means_one_type() {
    let mut schemas = Schemas::new();
    for operation in muster::routes::API.iter().map(|route| route.operation) {
        for shape in operation.answers.iter().filter_map(|answer| answer.shape).chain(operation.body) {
            (shape.schema)(&mut schemas);
        }
    }
    let mut known = HashMap::new();
    for (name, schema) in schemas {
        let schema = serde_json::to_value(schema).unwrap();
        let first = known.entry(name.clone()).or_insert_with(|| schema.clone());
        assert_eq!(*first, schema, "{name} means two types");
    }
    assert!(known.len() > 40, "{}", known.len());
}

#[test]
fn the_description_is_served_to_anybody() {
    let app = TestApp::start();
    let answer = app.anonymous().get("/openapi.json");
    assert_eq!((answer.status, answer.header("content-type"), answer.header("set-cookie")), (200, "application/json", ""));
    let served: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(served["servers"], json!([{"url": app.url}]));
    assert_eq!(served["paths"], muster::routes::api::description(&app.url).value["paths"]);
    let caller = Caller::administrator(&app);
    assert_eq!(caller.get("/user").status, 200);
}
