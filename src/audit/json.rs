//! An event as machines get it: a line of an export, and on its page.

use chrono::SecondsFormat;
use serde_json::{Value, json};

use super::model::Entry;

/// A kind as the API names it.
fn kind(kind: &str) -> &str {
    if kind == "system" { "system_account" } else { kind }
}

/// The event, with names and texts exactly as they were written.
pub fn event(entry: &Entry) -> Value {
    let mut actor = json!({ "uuid": entry.actor_id, "name": entry.actor_name, "type": kind(&entry.actor_kind) });
    if let Some(token) = &entry.token {
        actor["tokenId"] = json!(token);
    }
    let mut event = json!({
        "uuid": entry.id,
        "timestamp": timestamp(entry),
        "type": entry.verb,
        "actor": actor,
        "target": { "uuid": entry.target_id, "name": entry.target_name, "type": kind(&entry.target_kind) },
        "payload": entry.detail,
        "change": entry.change,
        "session": entry.session,
        "address": entry.address,
        "userAgent": entry.user_agent,
        "request": entry.request,
    });
    if entry.object_id.is_some() || entry.object_name.is_some() {
        event["object"] = json!({ "id": entry.object_id, "name": entry.object_name });
    }
    event
}

/// The moment as exactly as it is kept.
pub fn timestamp(entry: &Entry) -> String {
    entry.position.at.and_utc().to_rfc3339_opts(SecondsFormat::Micros, true)
}
