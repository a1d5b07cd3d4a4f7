//! What people do with the log itself.

use super::model::{Event, verbs};
use super::{queries, record_alone};
use crate::auth::principal::Principal;
use crate::database::DbConnection;
use crate::error::Error;

/// Whoever holds it reads the log, and takes copies of it.
pub const READ: &str = "audit:read:*";

/// Notes an export of what a filter's address says, and gives what the database is to be asked for.
pub fn begin_export(
    conn: &mut DbConnection,
    actor: &Principal,
    filter: &super::model::Filter,
    (format, address): (&str, &str),
) -> Result<queries::log::Criteria, Error> {
    actor.require(READ, "You don't have permission to export the audit log.")?;
    let criteria = queries::log::criteria(conn, filter)?;
    let event = Event {
        verb: verbs::LOG_EXPORTED,
        target_kind: "policy",
        target_id: None,
        target_name: "Audit log",
        object: None,
        detail: serde_json::json!({ "format": format, "filter": address }),
    };
    record_alone(conn, actor, &event)?;
    Ok(criteria)
}
