//! Taking a change back: the opposite of each of its events is written down, to be carried out like any other.

use super::changes::rows;
use crate::audit::{self, Change};
use crate::database::DbConnection;
use crate::database::sql::Sql;
use crate::error::Error;
use crate::id::Id;

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Of {
    /// The account itself.
    Account,
    /// What was given or taken, in this table.
    Table(&'static str),
    /// What took the place of another, in this field of the details.
    Field(&'static str),
}

/// What takes an event back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reversal {
    pub event: &'static str,
    pub by: &'static str,
    pub of: Of,
}

/// The details of an event whose object took the place of another: the names of both, and the identity of the one before.
pub fn replacement(conn: &DbConnection, field: &str, (before, before_id): (&str, &str), after: &str) -> String {
    let (object, whole) = match conn {
        DbConnection::Sqlite(_) => ("json_object", ""),
        DbConnection::Postgres(_) => ("json_build_object", "::text"),
    };
    let of = |name: &str| format!("{object}('{field}', {name})");
    format!("{object}('before', {}, 'after', {}, 'before_id', {before_id}){whole}", of(before), of(after))
}

/// A text of an event's details, by its path.
fn told(conn: &DbConnection, path: &[&str]) -> String {
    match conn {
        DbConnection::Sqlite(_) => format!("json_extract(e.detail, '$.{}')", path.join(".")),
        DbConnection::Postgres(_) => format!("(CAST(e.detail AS json) #>> '{{{}}}')", path.join(",")),
    }
}

/// Events of one kind and what takes them back: among these, the last one counts.
struct Pair {
    of: Of,
    events: String,
}

fn pairs(reversals: &[Reversal]) -> Vec<Pair> {
    let pair = |one: &Reversal| (one.of, one.event.min(one.by), one.event.max(one.by));
    let mut pairs: Vec<_> = reversals.iter().map(pair).collect();
    pairs.sort_unstable();
    pairs.dedup();
    pairs.into_iter().map(|(of, first, second)| Pair { of, events: format!("'{first}', '{second}'") }).collect()
}

/// Writes the opposite of what `undone` did, for everything that nobody has changed since and that is still there.
/// Returns how many events of `undone` were left.
pub fn record_opposites(conn: &mut DbConnection, change: &Change, undone: &Id, reversals: &[Reversal]) -> Result<i64, Error> {
    let opposites = reversals.iter().map(|one| format!("WHEN '{}' THEN '{}'", one.event, one.by)).collect::<Vec<_>>().join(" ");
    let reversible = reversals.iter().map(|one| format!("'{}'", one.event)).collect::<Vec<_>>().join(", ");
    let mut count = Sql::new("SELECT count(*) AS n FROM audit_events e WHERE e.change_id = ");
    count.bind(undone).push(&format!(" AND e.type IN ({reversible})"));
    let all = count.number(conn)?;
    let pairs = pairs(reversals);
    let mut sql = audit::into_events("type, target_kind, target_id, target_name, object_id, object_name, detail");
    change.select(&mut sql).push(&format!("CASE e.type {opposites} END, e.target_kind, a.id, a.name, "));
    let mut given = [("e.object_id", String::new()), ("e.object_name", String::new()), ("'{}'", String::new())];
    for Pair { of, events } in &pairs {
        // What took another's place gives it back.
        let Of::Field(field) = of else { continue };
        let (id, name) = (told(conn, &["before_id"]), told(conn, &["before", field]));
        let details = replacement(conn, field, ("e.object_name", "e.object_id"), &name);
        for ((_, cases), value) in given.iter_mut().zip([id, name, details]) {
            cases.push_str(&format!("WHEN e.type IN ({events}) THEN {value} "));
        }
    }
    let given = given.map(|(other, cases)| if cases.is_empty() { other.into() } else { format!("CASE {cases}ELSE {other} END") });
    sql.push(&given.join(", ")).push(" FROM audit_events e JOIN accounts a ON a.id = e.target_id WHERE e.change_id = ");
    sql.bind(undone).push(&format!(" AND e.type IN ({reversible})"));
    let mut newer = Vec::new();
    for Pair { of, events } in pairs {
        let mut same = format!("(e.type IN ({events}) AND l.type IN ({events})");
        // A role or team that is gone cannot come back.
        if let Of::Table(table) = of {
            sql.push(&format!(" AND (e.type NOT IN ({events}) OR EXISTS (SELECT 1 FROM {table} o WHERE o.id = e.object_id))"));
            same.push_str(" AND l.object_id = e.object_id");
        }
        newer.push(same + ")");
    }
    // A later event about the same thing is somebody's newer word.
    sql.push(" AND NOT EXISTS (SELECT 1 FROM audit_events l WHERE l.target_id = e.target_id AND l.seq > e.seq AND (");
    sql.push(&newer.join(" OR ")).push("))");
    Ok(all - rows(sql.execute(conn)?)?)
}
