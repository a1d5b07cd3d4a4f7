//! Who has a role. The rows of `account_roles` go with their accounts, so that only accounts that exist are counted.

use std::collections::BTreeMap;

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Text};

use crate::accounts::model::Kind;
use crate::database::DbConnection;
use crate::database::sql::Sql;
use crate::error::Error;
use crate::id::Id;
use crate::roles::predefined;

/// How many accounts have a role.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RoleHolders {
    pub system_accounts: i64,
    pub users: i64,
    /// Those of them that have no other role.
    pub only: i64,
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = Text)]
    id: Id,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// How many accounts of each kind have each role: role → (system accounts, users). Who administers a team has the role Team
/// Administrator.
pub fn holders(conn: &mut DbConnection) -> Result<BTreeMap<Id, (i64, i64)>, Error> {
    let mut sql = Sql::new("SELECT role_id AS id, kind, count(*) AS n FROM account_roles GROUP BY role_id, kind UNION ALL ");
    sql.push("SELECT r.id, a.kind, count(DISTINCT a.id) FROM team_administrators ta JOIN accounts a ON a.id = ta.account_id ");
    sql.push("CROSS JOIN roles r WHERE r.id = ").bind(&Id::from(predefined::TEAM_ADMINISTRATOR)).push(" GROUP BY r.id, a.kind");
    let rows: Vec<Counted> = sql.load(conn)?;
    let mut holders: BTreeMap<Id, (i64, i64)> = BTreeMap::new();
    for row in rows {
        let entry = holders.entry(row.id).or_default();
        if row.kind == "system" { entry.0 += row.n } else { entry.1 += row.n }
    }
    Ok(holders)
}

const NO_OTHER: &str =
    " AND NOT EXISTS (SELECT 1 FROM account_roles o WHERE o.account_id = h.account_id AND o.role_id <> h.role_id)";

/// Who has one role. Two statements at most.
pub fn of_role(conn: &mut DbConnection, role: &Id) -> Result<RoleHolders, Error> {
    if *role == predefined::TEAM_ADMINISTRATOR.into() {
        // Nobody is given it: it follows from administering a team.
        let (system_accounts, users) = holders(conn)?.remove(role).unwrap_or_default();
        return Ok(RoleHolders { system_accounts, users, only: 0 });
    }
    let (system_accounts, users) = lacking(conn, role, &[])?;
    let mut sql = Sql::new("SELECT count(*) AS n FROM account_roles h WHERE h.role_id = ");
    sql.bind(role).push(NO_OTHER);
    Ok(RoleHolders { system_accounts, users, only: sql.number(conn)? })
}

/// How many have `role` and none of the `others`: (system accounts, users).
pub fn lacking(conn: &mut DbConnection, role: &Id, others: &[Id]) -> Result<(i64, i64), Error> {
    let mut sql = Sql::new("SELECT h.role_id AS id, h.kind, count(*) AS n FROM account_roles h WHERE h.role_id = ");
    sql.bind(role);
    if !others.is_empty() {
        sql.push(" AND NOT EXISTS (SELECT 1 FROM account_roles o WHERE o.account_id = h.account_id AND o.role_id IN ");
        sql.bind_list(others).push(")");
    }
    sql.push(" GROUP BY h.role_id, h.kind");
    let (mut system_accounts, mut users) = (0, 0);
    for row in sql.load::<Counted>(conn)? {
        if row.kind == "system" { system_accounts += row.n } else { users += row.n }
    }
    Ok((system_accounts, users))
}

/// An account that has one role and no other.
#[derive(Debug, Clone, QueryableByName)]
pub struct OnlyHolder {
    #[diesel(sql_type = Text)]
    pub id: Id,
    #[diesel(sql_type = Text)]
    pub kind: String,
    #[diesel(sql_type = Text)]
    pub name: String,
}

/// The first of those of some kinds who have this role and no other, by name.
pub fn only_holders(conn: &mut DbConnection, role: &Id, kinds: &[Kind], limit: i64) -> Result<Vec<OnlyHolder>, Error> {
    let mut sql =
        Sql::new("SELECT a.id, a.kind, a.name FROM account_roles h JOIN accounts a ON a.id = h.account_id WHERE h.role_id = ");
    sql.bind(role).push(" AND h.kind IN ").bind_list(kinds.iter().map(|kind| kind.as_str())).push(NO_OTHER);
    sql.push(" ORDER BY h.name_key, h.account_id").limit(limit);
    sql.load(conn)
}
