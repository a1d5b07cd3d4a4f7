//! Deleting events that are older than the installation keeps them.

use chrono::NaiveDateTime;
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Text, Timestamp};

use crate::database::DbConnection;
use crate::database::sql::Sql;
use crate::error::Error;

/// The oldest events before a moment, about to be deleted.
#[derive(Debug, QueryableByName)]
pub struct Old {
    #[diesel(sql_type = BigInt)]
    seq: i64,
    #[diesel(sql_type = Timestamp)]
    pub at: NaiveDateTime,
    #[diesel(sql_type = Text)]
    change_id: String,
}

/// The latest change stays: instances that keep accounts in memory may still have to read it.
fn before(sql: &mut Sql, moment: NaiveDateTime) {
    sql.push(" FROM audit_events WHERE at < ").bind(moment);
    sql.push(" AND change_id <> coalesce((SELECT change_id FROM revisions ORDER BY revision DESC LIMIT 1), '')");
}

/// How many events go that are older than `moment`.
pub fn count(conn: &mut DbConnection, moment: NaiveDateTime) -> Result<i64, Error> {
    let mut sql = Sql::new("SELECT count(*) AS n");
    before(&mut sql, moment);
    sql.number(conn)
}

/// The oldest of them.
pub fn oldest(conn: &mut DbConnection, moment: NaiveDateTime, limit: i64) -> Result<Vec<Old>, Error> {
    let mut sql = Sql::new("SELECT seq, at, change_id");
    before(&mut sql, moment);
    sql.push(" ORDER BY at, seq").limit(limit);
    sql.load(conn)
}

/// Deletes them, and the changes that are empty then.
pub fn delete(conn: &mut DbConnection, events: &[Old]) -> Result<(), Error> {
    let mut changes: Vec<&str> = events.iter().map(|event| event.change_id.as_str()).collect();
    changes.sort_unstable();
    changes.dedup();
    let mut sql = Sql::new("DELETE FROM audit_events WHERE seq IN ");
    sql.bind_list(events.iter().map(|event| event.seq));
    sql.execute(conn)?;
    for (table, column) in [("revisions", "change_id"), ("audit_changes", "id")] {
        let mut sql = Sql::new(&format!("DELETE FROM {table} WHERE {column} IN "));
        sql.bind_list(changes.iter().copied());
        sql.push(&format!(" AND NOT EXISTS (SELECT 1 FROM audit_events e WHERE e.change_id = {table}.{column})"));
        sql.execute(conn)?;
    }
    Ok(())
}
