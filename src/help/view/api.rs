//! The page about the API, drawn from its own description.

use askama::Template;
use serde_json::Value;

use super::document::{Block, Document, pieces};
use crate::web::api::document::Description;
use crate::web::view::{Shell, Text};

/// Everything that the API answers, by groups.
#[derive(Template)]
#[template(path = "help/api.html")]
pub struct ApiPage {
    pub shell: Shell,
    /// The public URL.
    pub url: String,
    pub q: String,
    pub groups: Vec<EndpointGroup>,
}

/// The same for a terminal.
#[derive(Template)]
#[template(path = "help/api.md", escape = "none")]
pub struct ApiText {
    pub url: String,
    pub groups: Vec<EndpointGroup>,
}

impl ApiPage {
    pub fn finds_something(&self) -> bool {
        self.groups.iter().any(EndpointGroup::is_shown)
    }
}

pub struct EndpointGroup {
    pub id: String,
    pub title: String,
    pub endpoints: Vec<EndpointHelp>,
}

impl EndpointGroup {
    /// Whether the search finds some of it.
    pub fn is_shown(&self) -> bool {
        self.endpoints.iter().any(|endpoint| !endpoint.hidden)
    }
}

pub struct EndpointHelp {
    pub id: String,
    pub method: String,
    pub path: String,
    pub summary: String,
    pub text: Vec<Block>,
    pub permissions: Vec<String>,
    /// Parameters of the query and fields of the body.
    pub fields: Vec<FieldHelp>,
    pub curl: String,
    /// The status of the success, and its body.
    pub answer: Option<(String, String)>,
    /// What else may be answered.
    pub others: Vec<(String, Meaning)>,
    /// What the search looks through, in lower case.
    pub words: String,
    /// Whether the search leaves it out.
    pub hidden: bool,
    /// The description as it was written.
    pub source: String,
}

pub struct FieldHelp {
    pub name: String,
    pub kind: String,
    pub meaning: Meaning,
}

/// A sentence as it was written, with code between backticks.
pub struct Meaning(String);

impl Meaning {
    pub fn pieces(&self) -> Vec<Text> {
        pieces(&self.0)
    }
}

impl std::fmt::Display for Meaning {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl EndpointHelp {
    /// Whether it changes something.
    pub fn writes(&self) -> bool {
        self.method != "GET"
    }

    pub fn deletes(&self) -> bool {
        self.method == "DELETE"
    }

    fn is_found(&self, q: &str) -> bool {
        q.to_lowercase().split_whitespace().all(|word| self.words.contains(word))
    }
}

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// The endpoints by groups in the order of the routes; those that the search does not find are hidden, for a script to show.
pub fn groups(description: &Description, url: &str, q: &str) -> Vec<EndpointGroup> {
    let document = &description.value;
    let mut groups: Vec<EndpointGroup> = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for method in METHODS {
            let Some(operation) = item.get(method) else { continue };
            let mut endpoint = endpoint(document, (method, path, url), operation);
            endpoint.hidden = !endpoint.is_found(q);
            let title = text(&operation["tags"][0]);
            match groups.iter_mut().find(|group| group.title == title) {
                Some(group) => group.endpoints.push(endpoint),
                None => groups.push(EndpointGroup { id: slug(&title), title, endpoints: vec![endpoint] }),
            }
        }
    }
    groups
}

fn endpoint(document: &Value, (method, path, url): (&str, &str, &str), operation: &Value) -> EndpointHelp {
    let responses = operation["responses"].as_object();
    let is_success = |status: &str| status.starts_with('2');
    let success = responses.into_iter().flatten().find(|(status, _)| is_success(status));
    let body = |response: &Value| response["content"].as_object().and_then(|content| content.values().next()).cloned();
    let answer = success.map(|(status, response)| {
        let example = body(response).map(|media| pretty(&media["example"])).unwrap_or_default();
        (status.clone(), example)
    });
    let others = responses.into_iter().flatten().filter(|(status, _)| !is_success(status) && *status != "default");
    let request = body(&operation["requestBody"]);
    let method = method.to_uppercase();
    let source = text(&operation["description"]);
    let (summary, permissions) = (text(&operation["summary"]), list(&operation["x-permissions"]));
    let fields: Vec<FieldHelp> = parameters(operation).chain(fields(document, request.as_ref())).collect();
    let words = [&method, path, &summary, &source].into_iter().chain(permissions.iter().map(String::as_str));
    let words = words.chain(fields.iter().flat_map(|field| [&*field.name, &*field.meaning.0]));
    EndpointHelp {
        words: words.collect::<Vec<_>>().join(" ").to_lowercase(),
        hidden: false,
        id: slug(&format!("{method} {path}")),
        curl: curl(&method, &format!("{url}{path}"), request.as_ref().map(|media| &media["example"]), operation),
        path: path.to_owned(),
        summary,
        text: Document::parse(&format!("## x\n{source}"))
            .sections
            .into_iter()
            .next()
            .map(|section| section.blocks)
            .unwrap_or_default(),
        permissions,
        fields,
        answer,
        others: others.map(|(status, response)| (status.clone(), meaning(&response["description"]))).collect(),
        method,
        source,
    }
}

fn curl(method: &str, url: &str, example: Option<&Value>, operation: &Value) -> String {
    let method = if method == "GET" { String::new() } else { format!("-X {method} ") };
    let mut lines = vec![format!("curl {method}'{url}'"), "-H 'Authorization: Bearer TOKEN'".to_owned()];
    let is_form = operation["requestBody"]["content"].get("application/x-www-form-urlencoded").is_some();
    match example {
        Some(example) if is_form => {
            let fields = example.as_object().into_iter().flatten();
            lines.extend(fields.map(|(name, value)| format!("-d '{name}={}'", value.as_str().unwrap_or_default())));
        }
        Some(example) => {
            lines.push("-H 'Content-Type: application/json'".to_owned());
            lines.push(format!("-d '{example}'"));
        }
        None => {}
    }
    lines.join(" \\\n  ")
}

fn parameters(operation: &Value) -> impl Iterator<Item = FieldHelp> + '_ {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    parameters.map(|parameter| FieldHelp {
        name: text(&parameter["name"]),
        kind: format!("in the {}", text(&parameter["in"])),
        meaning: meaning(&parameter["description"]),
    })
}

/// The fields of a body that is an object.
fn fields(document: &Value, media: Option<&Value>) -> Vec<FieldHelp> {
    let Some(reference) = media.and_then(|media| media["schema"]["$ref"].as_str()) else { return Vec::new() };
    let schema = &document["components"]["schemas"][reference.rsplit('/').next().unwrap_or_default()];
    let required = list(&schema["required"]);
    let properties = schema["properties"].as_object().into_iter().flatten();
    let field = |(name, property): (&String, &Value)| {
        let kind = kind(property);
        let kind = if required.contains(name) { kind } else { format!("{kind}, optional") };
        FieldHelp { name: name.clone(), kind, meaning: meaning(&property["description"]) }
    };
    properties.map(field).collect()
}

/// The type of a field in a word.
fn kind(property: &Value) -> String {
    let types = property["type"].as_str().map_or_else(|| list(&property["type"]), |one| vec![one.to_owned()]);
    let named = types.iter().find(|name| *name != "null").map_or("object", String::as_str);
    match named {
        "string" => "text",
        "boolean" => "true or false",
        "integer" => "whole number",
        "array" => "list",
        other => other,
    }
    .to_owned()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn meaning(value: &Value) -> Meaning {
    Meaning(text(value))
}

fn list(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(text).collect()
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

fn slug(title: &str) -> String {
    let words = title.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-")
}
