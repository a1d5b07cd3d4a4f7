//! Another name and description for an account. One at a time and not to be taken back, so it is no `Verb`.

use super::{checked, may_handle};
use crate::accounts::model::{self, AccountName, Kind, Right};
use crate::accounts::queries;
use crate::audit::{self, Event, verbs};
use crate::auth::principal::Principal;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::text::merged;

/// Another name and description, and those that the form was drawn with, if it says so.
#[derive(Debug, Clone, Default)]
pub struct Renaming {
    pub name: String,
    pub description: String,
    pub shown_name: Option<String>,
    pub shown_description: Option<String>,
}

impl From<(&str, &str)> for Renaming {
    fn from((name, description): (&str, &str)) -> Self {
        Self { name: name.into(), description: description.into(), ..Self::default() }
    }
}

/// Gives an account another name and description. What a form has not touched stays as others have set it meanwhile.
///
/// # Errors
/// `Forbidden`, `NotFound`, `Invalid` (fields `name`, `description`).
pub fn rename(conn: &mut DbConnection, actor: &Principal, kind: Kind, id: &Id, wanted: impl Into<Renaming>) -> Result<(), Error> {
    let sentence = format!("Only administrators can rename {}.", kind.plural());
    actor.require(kind.permission(Right::Manage), &sentence)?;
    let (before, wanted) = (queries::find(conn, kind, id)?, wanted.into());
    let name = merged(&wanted.name, wanted.shown_name.as_deref(), &before.name);
    let description = merged(&wanted.description, wanted.shown_description.as_deref(), &before.description);
    let mut invalid = Vec::new();
    let name = checked(&mut invalid, "name", name.and_then(AccountName::parse));
    let description = checked(&mut invalid, "description", description.and_then(model::description));
    let (Some(name), Some(description)) = (name, description) else { return Err(Error::Invalid(invalid)) };
    if before.name == name.as_str() && before.description == description {
        return Ok(());
    }
    may_handle(conn, actor, &before)?;
    queries::rename(conn, id, &name, &description)?;
    let renamed = Event {
        verb: verbs::ACCOUNT_RENAMED,
        target_kind: kind.as_str(),
        target_id: Some(id),
        target_name: name.as_str(),
        object: None,
        detail: serde_json::json!({
            "before": {"name": before.name, "description": before.description},
            "after": {"name": name.as_str(), "description": description},
        }),
    };
    audit::begin(conn, actor)?.record(conn, &renamed)
}
