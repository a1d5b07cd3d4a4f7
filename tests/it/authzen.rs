//! AuthZEN Authorization API 1.0: `POST /access/v1/evaluation` and `/access/v1/evaluations`, and where clients find them.

mod batch;
mod fresh;
mod gateway;
mod single;
mod subjects;
mod transport;

use muster::id::Id;
use muster::roles::predefined;
use muster::tokens::value::Access;
use serde_json::{Value, json};

use crate::support::app::{Answer, Client, TestApp};

const ONE: &str = "/access/v1/evaluation";
const MANY: &str = "/access/v1/evaluations";

/// Alice reads every record and writes record-1; Bob reads every record.
struct Stage {
    app: TestApp,
    client: Client,
    alice: Id,
    bob: Id,
    /// The `Authorization` of a system account that may ask.
    asker: String,
}

impl Stage {
    fn new() -> Self {
        Self::on(TestApp::start())
    }

    fn on(app: TestApp) -> Self {
        // Somebody who remains, whoever is changed.
        app.add_user("Root", &[predefined::ADMINISTRATOR.into()]);
        let reader = app.add_role("Reader", &["record:read:*"]);
        let writer = app.add_role("Writer of one", &["record:write:record-1"]);
        let (alice, _) = app.add_user("alice", &[reader.clone(), writer]);
        let (bob, _) = app.add_user("bob", &[reader]);
        let asker = asker(&app, "asker", &["token:introspect"], Access::Read);
        Self { client: app.anonymous(), alice, bob, asker, app }
    }

    fn send(&self, path: &str, body: &str) -> Answer {
        let headers = [("Authorization", self.asker.as_str()), ("Content-Type", "application/json")];
        self.client.send_body("POST", path, &headers, body)
    }

    /// The decision, which is all that the answer says.
    fn one(&self, question: &Value) -> bool {
        decision(&self.send(ONE, &question.to_string()), question)
    }

    /// The decisions, and that the answer says nothing else.
    fn many(&self, question: &Value) -> Vec<bool> {
        let answer = self.send(MANY, &question.to_string());
        assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"), "{question}: {}", answer.body);
        let said: Value = serde_json::from_str(&answer.body).unwrap();
        let decisions: Vec<bool> =
            said["evaluations"].as_array().unwrap().iter().map(|one| one["decision"].as_bool().unwrap()).collect();
        let only: Vec<Value> = decisions.iter().map(|decision| json!({ "decision": decision })).collect();
        assert_eq!(said, json!({ "evaluations": only }), "{question}");
        decisions
    }

    /// That the question cannot be read: 400 in the API's form of errors, with the field where there is one.
    fn unread(&self, path: &str, body: &str, field: &str) -> String {
        let answer = self.send(path, body);
        assert_eq!(answer.status, 400, "{body:.200}: {}", answer.body);
        let said = problem(&answer);
        let fields: Vec<&String> = said["errors"].as_object().map(|fields| fields.keys().collect()).unwrap_or_default();
        assert_eq!(fields, if field.is_empty() { vec![] } else { vec![field] }, "{body:.200}: {said}");
        said["error"]["message"].as_str().unwrap().to_owned()
    }
}

fn asker(app: &TestApp, name: &str, permissions: &[&str], access: Access) -> String {
    let role = app.add_role(&format!("Role of {name}"), permissions);
    let account = app.add_account_with(name, &[role]);
    format!("Bearer {}", app.add_token(&account, access))
}

fn decision(answer: &Answer, what: &Value) -> bool {
    let (status, kind) = (answer.status, answer.header("content-type"));
    assert_eq!((status, kind, answer.header("cache-control")), (200, "application/json", "no-store"), "{what}: {}", answer.body);
    match answer.body.as_str() {
        r#"{"decision":true}"# => true,
        r#"{"decision":false}"# => false,
        other => panic!("{what}: {other}"),
    }
}

/// An error as the whole API has them.
fn problem(answer: &Answer) -> Value {
    assert_eq!(answer.header("content-type"), "application/problem+json", "{}", answer.body);
    let said: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(said["status"], answer.status);
    assert!(said["error"]["message"].is_string() && said["reference"].is_string() && said.get("decision").is_none(), "{said}");
    said
}

fn user(id: &Id) -> Value {
    json!({ "type": "user", "id": id.as_str() })
}

fn record(id: &str) -> Value {
    json!({ "type": "record", "id": id })
}

fn question(subject: &Value, action: &str, resource: &Value) -> Value {
    json!({ "subject": subject, "action": { "name": action }, "resource": resource })
}
