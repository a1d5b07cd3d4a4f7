//! The admin API, as its clients speak it.

use muster::id::Id;
use muster::roles::predefined;
use muster::tokens::value::Access;
use serde_json::Value;

use crate::support::app::{Answer, Client, TestApp};

mod accounts;
mod audit;
mod base;
mod bodies;
mod deleted;
mod described;
mod empty;
#[cfg(feature = "installed-tests")]
mod fuzzed;
mod grants;
mod invited;
mod lists;
mod many;
mod members;
mod role_rules;
mod roles;
mod team_rights;
mod teams;
mod terraform;
mod together;
mod tokens;

/// Somebody who calls with a token.
#[derive(Clone)]
pub struct Caller {
    client: Client,
    pub token: String,
    pub account: Id,
}

/// An answer of the API, whose form has been looked at.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    /// Null where there is no body.
    pub body: Value,
    pub answer: Answer,
}

impl Caller {
    /// A system account with these roles, and a token of it.
    pub fn with_roles(app: &TestApp, name: &str, roles: &[Id], access: Access) -> Self {
        let account = app.add_account_with(name, roles);
        Self::of(app, account, access)
    }

    pub fn of(app: &TestApp, account: Id, access: Access) -> Self {
        Self { client: app.anonymous(), token: app.add_token(&account, access), account }
    }

    /// An account that may do everything.
    pub fn administrator(app: &TestApp) -> Self {
        Self::with_roles(app, "terraform", &[predefined::ADMINISTRATOR.into()], Access::Write)
    }

    /// One with a role of these permissions.
    pub fn holding(app: &TestApp, name: &str, permissions: &[&str]) -> Self {
        let role = app.add_role(name, permissions);
        Self::with_roles(app, name, &[role], Access::Write)
    }

    pub fn get(&self, path: &str) -> Reply {
        self.bare("GET", path, &[])
    }

    pub fn delete(&self, path: &str) -> Reply {
        self.bare("DELETE", path, &[])
    }

    /// Without a body, with these headers.
    pub fn bare(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Reply {
        let authorization = format!("Bearer {}", self.token);
        let headers: Vec<_> = [("Authorization", authorization.as_str())].into_iter().chain(headers.iter().copied()).collect();
        let answer = match method {
            "GET" | "HEAD" => self.client.send(method, path, &headers, &[]),
            _ => self.client.send_body(method, path, &headers, ""),
        };
        looked_at((method, path), "", answer)
    }

    /// With a body as it is.
    pub fn text(&self, method: &str, path: &str, body: &str) -> Reply {
        let authorization = format!("Bearer {}", self.token);
        let headers = [("Authorization", authorization.as_str()), ("Content-Type", "application/json")];
        looked_at((method, path), body, self.client.send_body(method, path, &headers, body))
    }

    pub fn send(&self, method: &str, path: &str, body: &Value) -> Reply {
        self.text(method, path, &body.to_string())
    }

    pub fn post(&self, path: &str, body: &Value) -> Reply {
        self.send("POST", path, body)
    }

    pub fn put(&self, path: &str, body: &Value) -> Reply {
        self.send("PUT", path, body)
    }
}

/// Every success is HAL, and every error is a problem document with what the provider shows.
fn looked_at((method, path): (&str, &str), sent: &str, answer: Answer) -> Reply {
    let what = format!("{method} {path} {sent:.200}");
    let body: Value = if answer.body.is_empty() { Value::Null } else { serde_json::from_str(&answer.body).unwrap_or_default() };
    assert!(body.is_object() || answer.body.is_empty(), "{what}: {}", answer.body);
    assert_eq!(answer.header("cache-control"), "no-store", "{what}");
    if answer.status >= 400 {
        assert_eq!(answer.header("content-type"), "application/problem+json", "{what}");
        if !body.is_null() {
            let sentence = body["detail"].as_str().unwrap();
            assert!(sentence.ends_with('.'), "{what}: {sentence}");
            assert_eq!((&body["error"]["message"], &body["status"]), (&body["detail"], &answer.status.into()), "{what}");
            assert_eq!(body["reference"].as_str(), Some(answer.header("x-request-id")), "{what}");
            for (path, sentences) in body["errors"].as_object().into_iter().flatten() {
                let all: Vec<&str> = sentences.as_array().unwrap().iter().map(|sentence| sentence.as_str().unwrap()).collect();
                assert!(all.iter().all(|sentence| sentence.contains(path.as_str())), "{what}: {all:?} do not name {path}");
            }
        }
    } else if answer.status == 204 {
        assert_eq!(answer.body, "", "{what}");
    } else {
        assert_eq!(answer.header("content-type"), "application/hal+json;charset=utf-8", "{what}");
    }
    let reply = Reply { status: answer.status, body, answer };
    described::check(method, path, &reply);
    reply
}

/// The names of objects in a list.
pub fn names(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
}

/// The status of an error, and the fields that it names.
pub fn problem(reply: &Reply) -> (u16, Vec<&str>) {
    (reply.status, reply.body["errors"].as_object().into_iter().flatten().map(|(path, _)| path.as_str()).collect())
}
