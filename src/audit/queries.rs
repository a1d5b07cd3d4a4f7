//! Writing the audit log. What reads it has a file of its own.

pub mod deletions;
pub mod log;
pub mod purge;

use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::model::Event;
use crate::auth::principal::{Means, Principal};
use crate::clock;
use crate::database::DbConnection;
use crate::database::sql::{Sql, Value};
use crate::error::Error;
use crate::id::Id;
use crate::schema::{audit_changes, audit_events, revisions};

/// A change in the making: the header that its events refer to.
#[derive(Debug, Clone)]
pub struct Change {
    /// Its identity, which Undo names.
    pub id: Id,
    at: NaiveDateTime,
    actor_id: Option<String>,
    actor_name: String,
    address: Option<String>,
}

/// Begins a change by `actor` to accounts, roles, teams or tokens, inside [`crate::database::Database::write`]: there no
/// two changes overlap, so that the revision that it gets is in the order of the commits.
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
pub fn begin_alone(conn: &mut DbConnection, actor: &Principal) -> Result<Change, Error> {
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
    let change = Change {
        id,
        at: clock::now(),
        actor_id: actor.account.as_ref().map(Id::to_string),
        actor_name: actor.name.clone(),
        address: actor.origin.address.clone(),
    };
    diesel::insert_into(audit_changes::table)
        .values((
            audit_changes::id.eq(&change.id),
            audit_changes::at.eq(change.at),
            audit_changes::actor_kind.eq(actor.kind.as_str()),
            audit_changes::actor_id.eq(&change.actor_id),
            audit_changes::actor_name.eq(&change.actor_name),
            audit_changes::session_id.eq(session),
            audit_changes::token_id.eq(token),
            audit_changes::address.eq(&change.address),
            audit_changes::user_agent.eq(actor.origin.user_agent.as_deref()),
            audit_changes::request_id.eq(actor.origin.request_id.as_deref()),
            audit_changes::undoes.eq(undoes.map(Id::as_str)),
        ))
        .execute(conn)?;
    Ok(change)
}

/// Begins the statement that writes many events of a change: its columns, those that [`Change::select`] gives first.
pub fn into_events(columns: &str) -> Sql {
    Sql::new(&format!("INSERT INTO audit_events (change_id, at, actor_id, actor_name, address, {columns}) "))
}

impl Change {
    /// `SELECT ` and the change's own columns, after what [`into_events`] has begun.
    pub fn select<'s>(&self, sql: &'s mut Sql) -> &'s mut Sql {
        sql.push("SELECT ").bind(&self.id).push(", ").bind(self.at).push(", ").bind(Value::MaybeText(self.actor_id.clone()));
        sql.push(", ").bind(self.actor_name.as_str()).push(", ").bind(Value::MaybeText(self.address.clone())).push(", ")
    }

    /// Writes one event.
    pub fn record(&self, conn: &mut DbConnection, event: &Event<'_>) -> Result<(), Error> {
        diesel::insert_into(audit_events::table)
            .values((
                audit_events::change_id.eq(&self.id),
                audit_events::at.eq(self.at),
                audit_events::actor_id.eq(&self.actor_id),
                audit_events::actor_name.eq(&self.actor_name),
                audit_events::address.eq(&self.address),
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
    pub fn discard(self, conn: &mut DbConnection) -> Result<(), Error> {
        diesel::delete(revisions::table.filter(revisions::change_id.eq(&self.id))).execute(conn)?;
        diesel::delete(audit_changes::table.find(&self.id)).execute(conn)?;
        Ok(())
    }
}

/// Writes an event that changes nothing that anybody is permitted: a sign-in, a refusal. It may stand outside
/// [`crate::database::Database::write`].
pub fn record_alone(conn: &mut DbConnection, actor: &Principal, event: &Event<'_>) -> Result<(), Error> {
    begin_alone(conn, actor)?.record(conn, event)
}

/// Whether a change was made by this actor.
pub fn is_by(conn: &mut DbConnection, change: &Id, actor: &Principal) -> Result<bool, Error> {
    let by: Option<(String, Option<Id>)> =
        audit_changes::table.find(change).select((audit_changes::actor_kind, audit_changes::actor_id)).first(conn).optional()?;
    Ok(by.is_some_and(|(kind, id)| kind == actor.kind.as_str() && id == actor.account))
}

/// The target and the object of an event.
pub type About = (Option<Id>, Option<String>);

/// What an event of this type is about, if `form` has begun a change of this actor's before: what a form made that
/// is sent again.
pub fn made_before(conn: &mut DbConnection, actor: &Principal, form: Option<&Id>, verb: &str) -> Result<Option<About>, Error> {
    let Some(form) = form else { return Ok(None) };
    if !is_by(conn, form, actor)? {
        return Ok(None);
    }
    let events = audit_events::table.filter(audit_events::change_id.eq(form)).filter(audit_events::event_type.eq(verb));
    Ok(events.select((audit_events::target_id, audit_events::object_id)).first(conn).optional()?)
}

/// What a change gave and took: the verb and the name of each thing, in order of name.
pub fn objects(conn: &mut DbConnection, change: &Id) -> Result<Vec<(String, String)>, Error> {
    let rows: Vec<(String, Option<String>)> = audit_events::table
        .filter(audit_events::change_id.eq(change))
        .order((audit_events::object_name, audit_events::seq))
        .select((audit_events::event_type, audit_events::object_name))
        .load(conn)?;
    Ok(rows.into_iter().filter_map(|(verb, name)| Some((verb, name?))).collect())
}

/// The kind and the name of the account, team or role of this identity.
pub fn named(conn: &mut DbConnection, id: &Id) -> Result<Option<(String, String)>, Error> {
    #[derive(QueryableByName)]
    struct NamedThing {
        #[diesel(sql_type = diesel::sql_types::Text)]
        kind: String,
        #[diesel(sql_type = diesel::sql_types::Text)]
        name: String,
    }
    let mut sql = Sql::new("SELECT kind, name FROM accounts WHERE id = ");
    sql.bind(id).push(" UNION ALL SELECT 'team', name FROM teams WHERE id = ").bind(id);
    sql.push(" UNION ALL SELECT 'role', name FROM roles WHERE id = ").bind(id);
    Ok(sql.load::<NamedThing>(conn)?.pop().map(|named| (named.kind, named.name)))
}
