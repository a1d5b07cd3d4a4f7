//! The pending invitations of one inviter.

use diesel::QueryableByName;
use diesel::sql_types::Text;

use crate::database::DbConnection;
use crate::database::sql::Sql;
use crate::error::Error;
use crate::id::Id;

/// Somebody whom the inviter has invited, and who is not disabled.
#[derive(Debug, Clone, QueryableByName)]
pub struct Sent {
    #[diesel(sql_type = Text)]
    pub id: Id,
    #[diesel(sql_type = Text)]
    pub name: String,
    #[diesel(sql_type = Text)]
    pub email: String,
}

fn of(sql: &mut Sql, by: &Id) {
    sql.push(" FROM invitations i JOIN accounts a ON a.id = i.account_id WHERE a.disabled = FALSE AND i.invited_by = ").bind(by);
}

pub fn count(conn: &mut DbConnection, by: &Id) -> Result<i64, Error> {
    let mut sql = Sql::new("SELECT count(*) AS n");
    of(&mut sql, by);
    sql.number(conn)
}

pub fn page(conn: &mut DbConnection, by: &Id, limit: i64, offset: i64) -> Result<Vec<Sent>, Error> {
    let mut sql = Sql::new("SELECT a.id, a.name, a.email");
    of(&mut sql, by);
    sql.push(" ORDER BY a.name_key, a.id").limit(limit).push(" OFFSET ").bind(offset);
    sql.load(conn)
}
