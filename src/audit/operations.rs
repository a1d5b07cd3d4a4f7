//! Exports of the log and of lists.

use super::model::{Event, verbs};
use super::record_alone;
use crate::auth::principal::Principal;
use crate::database::DbConnection;
use crate::error::Error;

/// Whoever holds it reads the log, and takes copies of it.
pub const READ: &str = "audit:read:*";
/// What the log is called as the target of an event.
pub const LOG_NAME: &str = "Audit log";

/// A copy that somebody takes.
#[derive(Debug, Clone)]
pub struct Copied {
    /// The log or a list, by its title.
    pub of: &'static str,
    pub format: &'static str,
    /// What it is narrowed to, as its address says.
    pub filter: String,
    pub count: Option<i64>,
}

/// Records that someone exports a list. Its route and its filter have made sure that they may see what is in it.
pub fn record_export(conn: &mut DbConnection, actor: &Principal, copied: &Copied) -> Result<(), Error> {
    let event = Event {
        verb: if copied.of == LOG_NAME { verbs::LOG_EXPORTED } else { verbs::LIST_EXPORTED },
        target_kind: "policy",
        target_id: None,
        target_name: copied.of,
        object: None,
        detail: serde_json::json!({ "format": copied.format, "filter": copied.filter, "count": copied.count }),
    };
    record_alone(conn, actor, &event)
}
