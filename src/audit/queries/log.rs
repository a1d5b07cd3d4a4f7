//! Reading the audit log, newest first. Order and cursor are the same tuple (at, seq); whatever one filter asks for, an
//! index gives in this order, so that a page costs the same at any number of events.

use std::collections::HashSet;

use chrono::NaiveDateTime;
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamp};

use crate::audit::model::{AuditFilter, LogEntry, LogPosition};
use crate::database::DbConnection;
use crate::database::sql::Sql;
use crate::error::Error;
use crate::id::Id;
use crate::text::fold;

const COLUMNS: &str = "SELECT e.seq, e.id, e.change_id, e.at, e.type AS verb, e.target_kind, e.target_id, e.target_name, \
     e.object_id, e.object_name, e.detail, c.actor_kind, c.actor_id, c.actor_name, c.session_id, c.token_id, c.address, \
     c.user_agent, c.request_id FROM ";

/// As many characters of a name as its index holds.
const NAME_LENGTH: usize = 80;
/// Accounts, roles and teams of one name that are looked at.
const NAMESAKES: i64 = 10;

#[derive(Debug, QueryableByName)]
struct EntryRow {
    #[diesel(sql_type = BigInt)]
    seq: i64,
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    change_id: String,
    #[diesel(sql_type = Timestamp)]
    at: NaiveDateTime,
    #[diesel(sql_type = Text)]
    verb: String,
    #[diesel(sql_type = Text)]
    target_kind: String,
    #[diesel(sql_type = Nullable<Text>)]
    target_id: Option<String>,
    #[diesel(sql_type = Text)]
    target_name: String,
    #[diesel(sql_type = Nullable<Text>)]
    object_id: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    object_name: Option<String>,
    #[diesel(sql_type = Text)]
    detail: String,
    #[diesel(sql_type = Text)]
    actor_kind: String,
    #[diesel(sql_type = Nullable<Text>)]
    actor_id: Option<String>,
    #[diesel(sql_type = Text)]
    actor_name: String,
    #[diesel(sql_type = Nullable<Text>)]
    session_id: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    token_id: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    address: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    user_agent: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    request_id: Option<String>,
}

impl From<EntryRow> for LogEntry {
    fn from(row: EntryRow) -> Self {
        Self {
            position: LogPosition { at: row.at, seq: row.seq },
            id: row.id,
            change: row.change_id,
            verb: row.verb,
            actor_kind: row.actor_kind,
            actor_id: row.actor_id,
            actor_name: row.actor_name,
            session: row.session_id,
            token: row.token_id,
            address: row.address,
            user_agent: row.user_agent,
            request: row.request_id.map(whole),
            target_kind: row.target_kind,
            target_id: row.target_id,
            target_name: row.target_name,
            object_id: row.object_id,
            object_name: row.object_name,
            detail: serde_json::from_str(&row.detail).unwrap_or_default(),
        }
    }
}

/// An indexed expression and the text that it must equal.
type Term = (&'static str, String);

/// A filter as the database is asked: each part holds where any of its terms does.
#[derive(Debug, Clone, Default)]
pub struct LogCriteria {
    parts: Vec<Vec<Term>>,
    from: Option<NaiveDateTime>,
    until: Option<NaiveDateTime>,
}

const TARGET_ID: &str = "e.target_id";
const OBJECT_ID: &str = "e.object_id";
const ACTOR_ID: &str = "e.actor_id";
const TARGET_NAME: &str = "lower(substr(e.target_name, 1, 80))";
/// Said with what its index holds, which SQLite does not conclude by itself.
const OBJECT_NAME: &str = "e.object_name IS NOT NULL AND lower(substr(e.object_name, 1, 80))";
const ACTOR_NAME: &str = "lower(substr(e.actor_name, 1, 80))";

/// Looks up whose names a filter says: a name stands for what bears it now, and for every event in which it was borne.
pub fn criteria(conn: &mut DbConnection, filter: &AuditFilter) -> Result<LogCriteria, Error> {
    let mut parts = Vec::new();
    // The narrowest first: it leads.
    if let Some(change) = &filter.change {
        parts.push(vec![("e.change_id", change.to_string())]);
    }
    for text in [&filter.target, &filter.concerned].into_iter().flatten() {
        parts.push(any_of(conn, text, &[TARGET_ID, OBJECT_ID], &[TARGET_NAME, OBJECT_NAME])?);
    }
    if let Some(text) = &filter.actor {
        parts.push(any_of(conn, text, &[ACTOR_ID], &[ACTOR_NAME])?);
    }
    if let Some(address) = &filter.address {
        parts.push(vec![("e.address", address.clone())]);
    }
    if !filter.verbs.is_empty() {
        parts.push(filter.verbs.iter().map(|verb| ("e.type", (*verb).to_owned())).collect());
    }
    Ok(LogCriteria { parts, from: filter.from, until: filter.until })
}

fn any_of(conn: &mut DbConnection, text: &str, ids: &[&'static str], names: &[&'static str]) -> Result<Vec<Term>, Error> {
    let by_id = |id: &str| ids.iter().map(|column| (*column, id.to_owned())).collect::<Vec<Term>>();
    if let Some(id) = Id::parse(text) {
        return Ok(by_id(id.as_str()));
    }
    let key = fold(text);
    let mut sql = Sql::new("SELECT id FROM (SELECT id FROM accounts WHERE kind IN ('user', 'system') AND name_key = ");
    sql.bind(key.as_str()).push(" UNION SELECT id FROM accounts WHERE kind = 'user' AND email_key = ").bind(key.as_str());
    sql.push(" UNION SELECT id FROM roles WHERE name_key = ").bind(key.as_str());
    sql.push(" UNION SELECT id FROM teams WHERE name_key = ").bind(key).push(") namesakes").limit(NAMESAKES);
    let mut terms: Vec<Term> = sql.ids(conn)?.iter().flat_map(|id| by_id(id.as_str())).collect();
    let then: String = text.chars().take(NAME_LENGTH).collect::<String>().to_ascii_lowercase();
    terms.extend(names.iter().map(|name| (*name, then.clone())));
    // A token's public id.
    terms.extend(ids.iter().filter(|column| **column == OBJECT_ID).map(|column| (*column, text.to_owned())));
    Ok(terms)
}

/// Which way a page is read from its cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogDirection {
    /// From the cursor on, or from the newest.
    Older(Option<LogPosition>),
    /// Back from the cursor.
    Newer(LogPosition),
}

/// Up to `limit` events, the newest first whichever way they are read.
pub fn page(conn: &mut DbConnection, criteria: &LogCriteria, way: LogDirection, limit: i64) -> Result<Vec<LogEntry>, Error> {
    let mut entries: Vec<LogEntry> =
        page_sql(criteria, way, limit).load::<EntryRow>(conn)?.into_iter().map(LogEntry::from).collect();
    if matches!(way, LogDirection::Newer(_)) {
        entries.reverse();
    }
    Ok(entries)
}

/// The statement of a page: for each term of the leading part the first rows of its index, of which the first make the page.
pub fn page_sql(criteria: &LogCriteria, way: LogDirection, limit: i64) -> Sql {
    let order = if matches!(way, LogDirection::Older(_)) { " DESC" } else { "" };
    let (leading, others) = criteria.parts.split_first().map_or((&[][..], &[][..]), |(first, rest)| (first.as_slice(), rest));
    let mut sql = Sql::new(COLUMNS);
    sql.push("(");
    let leads: Vec<Option<&Term>> = if leading.is_empty() { vec![None] } else { leading.iter().map(Some).collect() };
    for (at, lead) in leads.iter().enumerate() {
        sql.push(if at == 0 { "SELECT seq FROM (" } else { " UNION SELECT seq FROM (" });
        sql.push("SELECT e.seq FROM audit_events e WHERE ");
        match lead {
            Some((column, value)) => sql.push(column).push(" = ").bind(value.as_str()),
            None => sql.push("1 = 1"),
        };
        for part in others {
            // Not as the index has it: neither engine is to lead with this one.
            let columns = part.iter().enumerate();
            sql.push(" AND (");
            for (at, (column, value)) in columns {
                sql.push(if at == 0 { "" } else { " OR " }).push(column).push(" || '' = ").bind(value.as_str());
            }
            sql.push(")");
        }
        if let Some(from) = criteria.from {
            sql.push(" AND e.at >= ").bind(from);
        }
        if let Some(until) = criteria.until {
            sql.push(" AND e.at < ").bind(until);
        }
        if let LogDirection::Older(Some(cursor)) | LogDirection::Newer(cursor) = way {
            sql.push(if order.is_empty() { " AND (e.at, e.seq) > (" } else { " AND (e.at, e.seq) < (" });
            sql.bind(cursor.at).push(", ").bind(cursor.seq).push(")");
        }
        sql.push(&format!(" ORDER BY e.at{order}, e.seq{order}")).limit(limit).push(&format!(") lead{at}"));
    }
    // The join's order is given: SQLite would rather walk through all events in their order.
    sql.push(") w CROSS JOIN audit_events e JOIN audit_changes c ON c.id = e.change_id WHERE e.seq = w.seq");
    sql.push(&format!(" ORDER BY e.at{order}, e.seq{order}")).limit(limit);
    sql
}

/// Versions before December 2026 stored the ids of requests without what they begin with.
fn whole(request: String) -> String {
    if request.starts_with("req_") { request } else { format!("req_{request}") }
}

/// The newest `limit` events about an account, without those whose verb begins with one of `hidden`.
pub fn recent(conn: &mut DbConnection, target: &Id, hidden: &[&str], limit: i64) -> Result<Vec<LogEntry>, Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.push("audit_events e JOIN audit_changes c ON c.id = e.change_id WHERE e.target_id = ").bind(target);
    for hidden in hidden {
        sql.push(" AND e.type NOT LIKE ").bind(format!("{hidden}%"));
    }
    sql.push(" ORDER BY e.at DESC, e.seq DESC").limit(limit);
    Ok(sql.load::<EntryRow>(conn)?.into_iter().map(LogEntry::from).collect())
}

/// The latest events of a person: what was done to them, and what they did.
pub fn recent_of_person(conn: &mut DbConnection, person: &Id, limit: i64) -> Result<Vec<LogEntry>, Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.push("audit_events e JOIN audit_changes c ON c.id = e.change_id WHERE e.seq IN (");
    for (at, column) in ["target_id", "actor_id"].into_iter().enumerate() {
        sql.push(if at == 0 { "" } else { " UNION " }).push("SELECT seq FROM (SELECT l.seq FROM audit_events l WHERE l.");
        sql.push(column).push(" = ").bind(person).push(" ORDER BY l.at DESC, l.seq DESC").limit(limit).push(&format!(") s{at}"));
    }
    sql.push(") ORDER BY e.at DESC, e.seq DESC").limit(limit);
    Ok(sql.load::<EntryRow>(conn)?.into_iter().map(LogEntry::from).collect())
}

/// One event.
pub fn find(conn: &mut DbConnection, id: &Id) -> Result<LogEntry, Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.push("audit_events e JOIN audit_changes c ON c.id = e.change_id WHERE e.id = ").bind(id);
    sql.load::<EntryRow>(conn)?.into_iter().next().map(LogEntry::from).ok_or(Error::NotFound("event"))
}

/// The first events of a change, in the order in which they were written, and how many there are.
pub fn of_change(conn: &mut DbConnection, change: &str, limit: i64) -> Result<(Vec<LogEntry>, i64), Error> {
    let mut sql = Sql::new(COLUMNS);
    sql.push("audit_events e JOIN audit_changes c ON c.id = e.change_id WHERE e.change_id = ").bind(change);
    sql.push(" ORDER BY e.seq").limit(limit);
    let entries = sql.load::<EntryRow>(conn)?.into_iter().map(LogEntry::from).collect();
    let mut count = Sql::new("SELECT count(*) AS n FROM audit_events WHERE change_id = ");
    count.bind(change);
    Ok((entries, count.number(conn)?))
}

/// The events just before and after a place in the log.
#[derive(Debug, Default)]
pub struct Neighbours {
    pub newer: Option<String>,
    pub older: Option<String>,
}

pub fn neighbours(conn: &mut DbConnection, place: LogPosition) -> Result<Neighbours, Error> {
    #[derive(QueryableByName)]
    struct Neighbour {
        #[diesel(sql_type = BigInt)]
        side: i64,
        #[diesel(sql_type = Text)]
        id: String,
    }
    let mut sql = Sql::default();
    for (side, sign, order) in [(0, ">", ""), (1, "<", " DESC")] {
        sql.push(if side == 0 { "" } else { " UNION ALL " });
        sql.push(&format!(
            "SELECT CAST({side} AS BIGINT) AS side, id FROM (SELECT id FROM audit_events WHERE (at, seq) {sign} ("
        ));
        sql.bind(place.at).push(", ").bind(place.seq).push(&format!(") ORDER BY at{order}, seq{order} LIMIT 1) side{side}"));
    }
    let mut found = Neighbours::default();
    for neighbour in sql.load::<Neighbour>(conn)? {
        *(if neighbour.side == 0 { &mut found.newer } else { &mut found.older }) = Some(neighbour.id);
    }
    Ok(found)
}

/// Which of the accounts, roles and teams that these events name are still there.
pub fn living(conn: &mut DbConnection, entries: &[LogEntry]) -> Result<HashSet<String>, Error> {
    let named = entries.iter().flat_map(|entry| [&entry.actor_id, &entry.target_id, &entry.object_id]);
    let ids: HashSet<Id> = named.flatten().filter_map(|id| Id::parse(id)).collect();
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let mut sql = Sql::default();
    let mut lead = "";
    for table in ["accounts", "roles", "teams"] {
        sql.push(&format!("{lead}SELECT id FROM {table} WHERE id IN ")).bind_list(&ids);
        lead = " UNION ALL ";
    }
    Ok(sql.ids(conn)?.into_iter().map(|id| id.to_string()).collect())
}
