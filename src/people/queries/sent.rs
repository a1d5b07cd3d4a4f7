//! The pending invitations of one inviter, to users who are not disabled.

use crate::accounts::queries::owners::NamedUser;
use crate::database::DbConnection;
use crate::database::sql::Sql;
use crate::error::Error;
use crate::id::Id;

fn of(sql: &mut Sql, by: &Id) {
    sql.push(" FROM invitations i JOIN accounts a ON a.id = i.account_id WHERE a.disabled = FALSE AND i.invited_by = ").bind(by);
}

pub fn count(conn: &mut DbConnection, by: &Id) -> Result<i64, Error> {
    let mut sql = Sql::new("SELECT count(*) AS n");
    of(&mut sql, by);
    sql.number(conn)
}

pub fn page(conn: &mut DbConnection, by: &Id, limit: i64, offset: i64) -> Result<Vec<NamedUser>, Error> {
    let mut sql = Sql::new("SELECT a.id, a.name, a.email");
    of(&mut sql, by);
    sql.push(" ORDER BY a.name_key, a.id").limit(limit).push(" OFFSET ").bind(offset);
    sql.load(conn)
}
