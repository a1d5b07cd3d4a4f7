//! The e-mail address that a system account may have, for whom to ask about it. Several may have the same: nobody signs in with it.

use super::checked;
use crate::accounts::model::{Email, Kind, Right};
use crate::accounts::queries;
use crate::audit::{self, Event, verbs};
use crate::auth::principal::Principal;
use crate::database::DbConnection;
use crate::error::{Error, FieldError};
use crate::id::Id;

/// Gives a system account an address, or takes it away where the text is empty.
pub fn set_contact(conn: &mut DbConnection, actor: &Principal, id: &Id, email: &str) -> Result<(), Error> {
    let kind = Kind::System;
    actor.require(kind.permission(Right::Manage), "Only administrators can edit system accounts.")?;
    let before = queries::find(conn, kind, id)?;
    let mut invalid = Vec::new();
    let Some(email) = contact(&mut invalid, email) else { return Err(Error::Invalid(invalid)) };
    let after = email.as_ref().map(Email::as_str);
    if before.email.as_deref() == after {
        return Ok(());
    }
    queries::set_email(conn, &before, email.as_ref())?;
    let edited = Event {
        verb: verbs::ACCOUNT_RENAMED,
        target_kind: kind.as_str(),
        target_id: Some(id),
        target_name: &before.name,
        object: None,
        detail: serde_json::json!({ "before": {"email": before.email}, "after": {"email": after} }),
    };
    audit::begin(conn, actor)?.record(conn, &edited)
}

/// The address of a form, if there is one; `None` where it is wrong.
pub(super) fn contact(invalid: &mut Vec<FieldError>, email: &str) -> Option<Option<Email>> {
    if email.trim().is_empty() { Some(None) } else { checked(invalid, "email", Email::parse(email)).map(Some) }
}
