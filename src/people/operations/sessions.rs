//! Signing somebody else out.

use crate::accounts::model::{Kind, Right};
use crate::accounts::operations::may_handle;
use crate::accounts::queries as accounts;
use crate::audit::{self, Event, verbs};
use crate::auth::principal::Principal;
use crate::auth::queries::sessions;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;

/// Ends one session of a user, or all of them; of the actor's own the current one stays. Returns how many ended.
///
/// # Errors
/// `Forbidden`, `NotFound` also for a session that has ended already.
pub fn end_sessions(conn: &mut DbConnection, actor: &Principal, id: &Id, only: Option<&Id>) -> Result<usize, Error> {
    actor.require(Kind::User.permission(Right::Manage), "Only administrators can sign users out.")?;
    let account = accounts::find(conn, Kind::User, id)?;
    may_handle(conn, actor, &account)?;
    let ended = match only {
        Some(session) if sessions::end(conn, id, session)? => 1,
        Some(_) => return Err(Error::NotFound("session")),
        None => sessions::end_others(conn, id, actor.session())?,
    };
    if ended > 0 {
        let event = Event {
            verb: verbs::SESSIONS_ENDED,
            target_kind: Kind::User.as_str(),
            target_id: Some(id),
            target_name: &account.name,
            object: None,
            detail: serde_json::json!({ "count": ended }),
        };
        audit::record_alone(conn, actor, &event)?;
    }
    Ok(ended)
}
