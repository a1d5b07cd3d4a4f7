//! Writing and reading the audit log.

use diesel::prelude::*;

use super::model::{Event, FeedItem};
use crate::auth::principal::{Means, Principal};
use crate::clock;
use crate::database::DbConnection;
use crate::database::sql::Sql;
use crate::error::Error;
use crate::id::Id;
use crate::schema::{audit_changes, audit_events, revisions};

/// A change in the making: the header that its events refer to.
#[derive(Debug, Clone)]
pub struct Change {
    /// Its identity, which Undo names.
    pub id: Id,
}

/// Begins a change by `actor` to accounts, roles, teams or tokens, inside [`crate::database::Database::write`]: there no
/// two changes overlap, so that the revision that it gets is in the order of the commits.
///
/// # Errors
/// The database's.
pub fn begin(conn: &mut DbConnection, actor: &Principal) -> Result<Change, Error> {
    begin_once(conn, actor, None)
}

/// [`begin`] under the identity of the form that asks for it, if there is one: the database lets the same form begin one
/// change and no other. A browser that sends a form again (a reload, a double click) must not make a second token.
///
/// # Errors
/// `Conflict` where this form has begun a change already.
pub fn begin_once(conn: &mut DbConnection, actor: &Principal, form: Option<&Id>) -> Result<Change, Error> {
    begin_at_revision(conn, actor, form.cloned().unwrap_or_else(Id::new), None)
}

/// Begins a note of several events that change nothing that anybody is permitted.
///
/// # Errors
/// The database's.
pub fn begin_note(conn: &mut DbConnection, actor: &Principal) -> Result<Change, Error> {
    insert(conn, actor, Id::new(), None)
}

/// Begins a change that takes back `undone`. Each change can be taken back once: the database sees to it.
///
/// # Errors
/// `Conflict` where it has been undone already.
pub fn begin_undo(conn: &mut DbConnection, actor: &Principal, undone: &Id) -> Result<Change, Error> {
    begin_at_revision(conn, actor, Id::new(), Some(undone))
}

fn begin_at_revision(conn: &mut DbConnection, actor: &Principal, id: Id, undoes: Option<&Id>) -> Result<Change, Error> {
    let change = insert(conn, actor, id, undoes)?;
    let mut revision = Sql::new("INSERT INTO revisions (revision, change_id) SELECT coalesce(max(revision), 0) + 1, ");
    revision.bind(&change.id).push(" FROM revisions");
    revision.execute(conn)?;
    Ok(change)
}

fn insert(conn: &mut DbConnection, actor: &Principal, id: Id, undoes: Option<&Id>) -> Result<Change, Error> {
    let (session, token) = match &actor.means {
        Means::Session(session) => (Some(session.as_str()), None),
        Means::Token(token) => (None, Some(token.as_str())),
        Means::Trusted => (None, None),
    };
    diesel::insert_into(audit_changes::table)
        .values((
            audit_changes::id.eq(&id),
            audit_changes::at.eq(clock::now()),
            audit_changes::actor_kind.eq(actor.kind.as_str()),
            audit_changes::actor_id.eq(actor.account.as_ref().map(Id::as_str)),
            audit_changes::actor_name.eq(&actor.name),
            audit_changes::session_id.eq(session),
            audit_changes::token_id.eq(token),
            audit_changes::address.eq(actor.origin.address.as_deref()),
            audit_changes::user_agent.eq(actor.origin.user_agent.as_deref()),
            audit_changes::request_id.eq(actor.origin.request_id.as_deref()),
            audit_changes::undoes.eq(undoes.map(Id::as_str)),
        ))
        .execute(conn)?;
    Ok(Change { id })
}

impl Change {
    /// Writes one event.
    ///
    /// # Errors
    /// The database's.
    pub fn record(&self, conn: &mut DbConnection, event: &Event<'_>) -> Result<(), Error> {
        diesel::insert_into(audit_events::table)
            .values((
                audit_events::change_id.eq(&self.id),
                audit_events::event_type.eq(event.verb),
                audit_events::target_kind.eq(event.target_kind),
                audit_events::target_id.eq(event.target_id.map(Id::as_str)),
                audit_events::target_name.eq(event.target_name),
                audit_events::object_id.eq(event.object.map(|(id, _)| id)),
                audit_events::object_name.eq(event.object.map(|(_, name)| name)),
                audit_events::detail.eq(event.detail.to_string()),
            ))
            .execute(conn)?;
        Ok(())
    }

    /// Takes the header away again where nothing turned out to need changing.
    ///
    /// # Errors
    /// The database's.
    pub fn discard(self, conn: &mut DbConnection) -> Result<(), Error> {
        diesel::delete(revisions::table.filter(revisions::change_id.eq(&self.id))).execute(conn)?;
        diesel::delete(audit_changes::table.find(&self.id)).execute(conn)?;
        Ok(())
    }
}

/// Writes an event that changes nothing that anybody is permitted: a sign-in, a refusal. It may stand outside
/// [`crate::database::Database::write`].
///
/// # Errors
/// The database's.
pub fn record_alone(conn: &mut DbConnection, actor: &Principal, event: &Event<'_>) -> Result<(), Error> {
    begin_note(conn, actor)?.record(conn, event)
}

/// The newest `limit` events about an account, without those whose verb begins with `hidden` (nothing hides none).
///
/// # Errors
/// The database's.
pub fn recent(conn: &mut DbConnection, target: &Id, hidden: &str, limit: i64) -> Result<Vec<FeedItem>, Error> {
    type Row = (chrono::NaiveDateTime, String, Option<Id>, String, String, Option<String>, String);
    let mut about = audit_events::table.filter(audit_events::target_id.eq(target.as_str().to_owned())).into_boxed();
    if !hidden.is_empty() {
        about = about.filter(audit_events::event_type.not_like(format!("{hidden}%")));
    }
    let rows: Vec<Row> = about
        .inner_join(audit_changes::table)
        .order(audit_events::seq.desc())
        .limit(limit)
        .select((
            audit_changes::at,
            audit_changes::actor_kind,
            audit_changes::actor_id,
            audit_changes::actor_name,
            audit_events::event_type,
            audit_events::object_name,
            audit_events::detail,
        ))
        .load(conn)?;
    Ok(rows
        .into_iter()
        .map(|(at, actor_kind, actor_id, actor_name, verb, object_name, detail)| FeedItem {
            at,
            actor_kind,
            actor_id,
            actor_name,
            verb,
            object_name,
            detail: serde_json::from_str(&detail).unwrap_or_default(),
        })
        .collect())
}

/// Whether a change was made by this actor.
///
/// # Errors
/// The database's.
pub fn is_by(conn: &mut DbConnection, change: &Id, actor: &Principal) -> Result<bool, Error> {
    let by: Option<(String, Option<Id>)> =
        audit_changes::table.find(change).select((audit_changes::actor_kind, audit_changes::actor_id)).first(conn).optional()?;
    Ok(by.is_some_and(|(kind, id)| kind == actor.kind.as_str() && id == actor.account))
}

/// What a change gave and took: the verb and the name of each thing, in order of name.
///
/// # Errors
/// The database's.
pub fn objects(conn: &mut DbConnection, change: &Id) -> Result<Vec<(String, String)>, Error> {
    let rows: Vec<(String, Option<String>)> = audit_events::table
        .filter(audit_events::change_id.eq(change))
        .order((audit_events::object_name, audit_events::seq))
        .select((audit_events::event_type, audit_events::object_name))
        .load(conn)?;
    Ok(rows.into_iter().filter_map(|(verb, name)| Some((verb, name?))).collect())
}
