//! What the log still knows of something that is no more.

use chrono::NaiveDateTime;
use diesel::QueryableByName;
use diesel::sql_types::{Text, Timestamp};

use crate::database::DbConnection;
use crate::database::sql::Sql;
use crate::error::Error;
use crate::id::Id;

#[derive(Debug, QueryableByName)]
pub struct Deletion {
    /// Its name at that moment.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Who deleted it.
    #[diesel(sql_type = Text)]
    pub by: String,
    #[diesel(sql_type = Timestamp)]
    pub at: NaiveDateTime,
}

/// The event of this verb about what had this identity.
pub fn find(conn: &mut DbConnection, verb: &'static str, id: &Id) -> Result<Option<Deletion>, Error> {
    let mut sql = Sql::new("SELECT e.target_name AS name, e.actor_name AS \"by\", e.at FROM audit_events e WHERE e.target_id = ");
    sql.bind(id).push(" AND e.type = ").bind(verb).push(" ORDER BY e.seq DESC LIMIT 1");
    Ok(sql.load(conn)?.into_iter().next())
}
