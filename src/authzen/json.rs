//! Questions and answers as JSON. Questions are read by [`super::question`], which says what absent, null and wrong means.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::web::api::operation::Example;

/// May this subject do this to this resource?
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Evaluation {
    pub subject: Entity,
    pub action: ActionJson,
    pub resource: Entity,
    /// Changes nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub context: Option<Map<String, Value>>,
}

/// A subject or a resource.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Entity {
    /// Of a subject: `user`, `system_account`, `account`, `identity` or `token`. Of a resource: the first word of the permission.
    pub r#type: String,
    /// Of a subject: the account's UUID, a user's e-mail address, a token's public id or the whole token.
    pub id: String,
    /// Changes nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub properties: Option<Map<String, Value>>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Action)]
pub struct ActionJson {
    /// The second word of the permission, in any case.
    pub name: String,
    /// Changes nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub properties: Option<Map<String, Value>>,
}

/// Many questions. What stands on top is the default of each item; a key of an item replaces it whole.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Evaluations {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub subject: Option<Entity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub action: Option<ActionJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub resource: Option<Entity>,
    /// Changes nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub context: Option<Map<String, Value>>,
    /// Objects like a single question, at most 1,000. Absent or empty: what stands on top is one question, answered as such.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>, max_items = 1000, required = false)]
    pub evaluations: Vec<Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub options: Option<Options>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Options {
    /// Where the answer ends: `execute_all`, which is usual, `deny_on_first_deny` or `permit_on_first_permit`.
    #[schema(pattern = "^(execute_all|deny_on_first_deny|permit_on_first_permit)$")]
    pub evaluations_semantic: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Decision {
    pub decision: bool,
}

/// A decision for each question, in their order, up to where the answer ends.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Decisions {
    pub evaluations: Vec<Decision>,
}

/// An answer to many questions, or to one.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(untagged)]
pub enum Answer {
    Many(Decisions),
    One(Decision),
}

fn ida() -> Entity {
    Entity { r#type: "user".into(), id: "ida@example.org".into(), properties: None }
}

impl Example for Evaluation {
    fn example() -> Self {
        let resource = Entity { r#type: "record".into(), id: "record-1".into(), properties: None };
        Self { subject: ida(), action: ActionJson { name: "read".into(), properties: None }, resource, context: None }
    }
}

impl Example for Evaluations {
    fn example() -> Self {
        let item = |id: &str| {
            let resource = serde_json::json!({ "type": "record", "id": id });
            Map::from_iter([("resource".to_owned(), resource)])
        };
        Self {
            subject: Some(ida()),
            action: Some(ActionJson { name: "read".into(), properties: None }),
            resource: None,
            context: None,
            evaluations: vec![item("record-1"), item("record-2")],
            options: None,
        }
    }
}

impl Example for Decision {
    fn example() -> Self {
        Self { decision: true }
    }
}

impl Example for Answer {
    fn example() -> Self {
        Self::Many(Decisions { evaluations: vec![Decision { decision: true }, Decision { decision: false }] })
    }
}
