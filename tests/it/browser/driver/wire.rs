//! WebDriver, as chromedriver speaks it.

use std::path::Path;
use std::time::Instant;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::{Browser, GLANCE, TIMEOUT, Target};

/// The key under which WebDriver wraps the id of an element.
pub(super) const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Defines `find(kind, value, within)`, the list of elements that a person would call by that name.
const FINDER: &str = include_str!("../find.js");

/// What chromedriver answers when it cannot do something.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) code: String,
    pub(super) message: String,
}

impl Refusal {
    /// Whether the page may simply have been on its way to another state.
    pub(super) fn may_pass(&self) -> bool {
        ["stale element reference", "element not interactable", "element click intercepted", "no such element"]
            .contains(&self.code.as_str())
            || self.message.contains("Execution context was destroyed")
            || self.message.contains("context with specified id")
    }
}

impl Browser {
    /// The element of the target, once it is visible.
    pub(super) fn element(&self, target: &Target) -> String {
        let mut elements = self.wait_until(&target.to_string(), || match self.find(target) {
            Ok(elements) if elements.is_empty() => None,
            Ok(elements) => Some(elements),
            Err(refusal) if refusal.may_pass() => None,
            Err(refusal) => panic!("{target} cannot be looked for: {}", refusal.message),
        });
        assert!(
            target.kind == "css" || elements.len() == 1,
            "{} visible elements are {target} on {}; name the one with within(…)",
            elements.len(),
            self.url()
        );
        elements.swap_remove(0)
    }

    pub(super) fn find(&self, target: &Target) -> Result<Vec<String>, Refusal> {
        let arguments = [json!(target.kind), json!(target.value), json!(target.within)];
        let found = self.execute("return find(...arguments)", &arguments)?;
        let elements = found.as_array().into_iter().flatten();
        Ok(elements.filter_map(|element| element[ELEMENT].as_str().map(str::to_owned)).collect())
    }

    /// Does something to an element, again while the page is still on its way.
    pub(super) fn on_element(&self, target: &Target, act: impl Fn(&str) -> Result<Value, Refusal>) -> Value {
        let start = Instant::now();
        loop {
            let element = self.element(target);
            match act(&element) {
                Ok(answer) => return answer,
                Err(refusal) if refusal.may_pass() && start.elapsed() < TIMEOUT => std::thread::sleep(GLANCE),
                Err(refusal) => panic!("{target} on {}: {}", self.url(), refusal.message),
            }
        }
    }

    pub(super) fn execute(&self, script: &str, arguments: &[Value]) -> Result<Value, Refusal> {
        let body = json!({ "script": format!("{FINDER}\n{script}"), "args": arguments });
        self.command("POST", "/execute/sync", &body)
    }

    pub(super) fn devtools(&self, name: &str, parameters: &Value) -> Value {
        self.must("POST", "/goog/cdp/execute", &json!({ "cmd": name, "params": parameters }))
    }

    pub(super) fn must(&self, method: &str, path: &str, body: &Value) -> Value {
        self.command(method, path, body)
            .unwrap_or_else(|refusal| panic!("the browser refused {method} {path}: {}", refusal.message))
    }

    pub(super) fn command(&self, method: &str, path: &str, body: &Value) -> Result<Value, Refusal> {
        command(&self.agent, method, &format!("{}{path}", self.session), body)
    }
}

pub(super) fn command(agent: &ureq::Agent, method: &str, url: &str, body: &Value) -> Result<Value, Refusal> {
    let unreachable = |error: ureq::Error| Refusal { code: "unreachable".to_owned(), message: error.to_string() };
    let mut response = match method {
        "GET" => agent.get(url).call(),
        "DELETE" => agent.delete(url).call(),
        _ => agent.post(url).content_type("application/json").send(body.to_string()),
    }
    .map_err(unreachable)?;
    let answer = response.body_mut().with_config().limit(64 << 20).read_to_string().map_err(unreachable)?;
    let mut answer: Value = serde_json::from_str(&answer)
        .map_err(|error| Refusal { code: "unreadable".to_owned(), message: format!("{error}: {answer}") })?;
    let value = answer["value"].take();
    match value["error"].as_str() {
        Some(code) if !response.status().is_success() => Err(Refusal {
            code: code.to_owned(),
            // Only the first line is about the page; the rest is chromedriver's stack.
            message: value["message"].as_str().and_then(|text| text.lines().next()).unwrap_or(code).to_owned(),
        }),
        _ => Ok(value),
    }
}

pub(super) fn save_picture(base64: &str, file: &Path) -> std::io::Result<()> {
    let picture = BASE64_STANDARD.decode(base64).map_err(std::io::Error::other)?;
    std::fs::write(file, picture)
}

pub(super) fn reference(element: &str) -> Value {
    json!({ ELEMENT: element })
}

pub(super) fn string(value: Value) -> String {
    match value {
        Value::String(text) => text,
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
