//! An event as machines get it: from the API, a line of an export, and on its page.

use chrono::SecondsFormat;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::model::LogEntry;

/// Names and texts are exactly as they were written.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Event)]
pub struct EventJson {
    pub uuid: String,
    /// As exactly as it is kept: microseconds, in UTC.
    pub timestamp: String,
    /// What happened, such as `account.created`.
    pub r#type: String,
    pub actor: ActorJson,
    pub target: TargetJson,
    /// What was given, taken or made, where it was something else than the target.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub object: Option<Thing>,
    /// Before and after, where they matter.
    #[schema(value_type = Object)]
    pub payload: Value,
    /// Events of one change have the same.
    pub change: String,
    pub session: Option<String>,
    pub address: Option<String>,
    pub user_agent: Option<String>,
    /// The id of the request, as in Muster's log.
    pub request: Option<String>,
}

/// Who did it, by their name at that moment.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Actor)]
pub struct ActorJson {
    /// Null for the command line and for Muster itself.
    pub uuid: Option<String>,
    pub name: String,
    /// `user`, `system_account`, `shell` or `muster`.
    pub r#type: String,
    /// The public id of the token that was used.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub token_id: Option<String>,
}

/// What it happened to, by its name at that moment.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Target)]
pub struct TargetJson {
    pub uuid: Option<String>,
    pub name: String,
    pub r#type: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Thing {
    pub id: Option<String>,
    pub name: Option<String>,
}

/// A kind as the API names it.
fn kind(kind: &str) -> String {
    if kind == "system" { "system_account".into() } else { kind.into() }
}

pub fn event(entry: &LogEntry) -> EventJson {
    let actor = ActorJson {
        uuid: entry.actor_id.clone(),
        name: entry.actor_name.clone(),
        r#type: kind(&entry.actor_kind),
        token_id: entry.token.clone(),
    };
    let target = TargetJson { uuid: entry.target_id.clone(), name: entry.target_name.clone(), r#type: kind(&entry.target_kind) };
    let has_object = entry.object_id.is_some() || entry.object_name.is_some();
    EventJson {
        uuid: entry.id.clone(),
        timestamp: timestamp(entry),
        r#type: entry.verb.clone(),
        actor,
        target,
        object: has_object.then(|| Thing { id: entry.object_id.clone(), name: entry.object_name.clone() }),
        payload: entry.detail.clone(),
        change: entry.change.clone(),
        session: entry.session.clone(),
        address: entry.address.clone(),
        user_agent: entry.user_agent.clone(),
        request: entry.request.clone(),
    }
}

/// The moment as exactly as it is kept.
pub fn timestamp(entry: &LogEntry) -> String {
    entry.position.at.and_utc().to_rfc3339_opts(SecondsFormat::Micros, true)
}
