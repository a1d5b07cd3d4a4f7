//! Administrators who can sign in: at least one must remain, and they are whom others ask.

use crate::database::DbConnection;
use crate::database::sql::Sql;
use crate::error::Error;
use crate::roles::permission::Permission;

/// Whether there was an administrator before a change. Where there was none, a change can't take the last one away.
#[derive(Debug, Clone, Copy)]
pub struct Administrators {
    before: bool,
}

impl Administrators {
    pub fn before(conn: &mut DbConnection) -> Result<Self, Error> {
        Ok(Self { before: has_administrator(conn)? })
    }

    /// For a change that can't take one away.
    pub fn untouched() -> Self {
        Self { before: false }
    }

    /// Whether there was one, and the change has left none.
    pub fn are_gone(self, conn: &mut DbConnection) -> Result<bool, Error> {
        Ok(self.before && !has_administrator(conn)?)
    }
}

/// Whether anybody at all can administer Muster: an enabled user with a password who holds the three permissions that
/// the last administrator may not lose.
pub fn has_administrator(conn: &mut DbConnection) -> Result<bool, Error> {
    let mut sql = administrators("1");
    sql.push(" LIMIT 1");
    let mut counted = Sql::new("SELECT count(*) AS n FROM (");
    counted.append(sql).push(") s");
    Ok(counted.number(conn)? > 0)
}

/// The names of up to `limit` administrators, for "ask …".
pub fn administrator_names(conn: &mut DbConnection, limit: i64) -> Result<Vec<String>, Error> {
    let mut sql = administrators("a.name AS name");
    sql.push(" ORDER BY a.name_key, a.id LIMIT ").bind(limit);
    sql.names(conn)
}

/// Begins at the permissions, which few roles hold, and not at the accounts, of which there are many.
fn administrators(columns: &str) -> Sql {
    let mut sql = Sql::new("SELECT ");
    sql.push(columns);
    sql.push(" FROM accounts a WHERE a.kind = 'user' AND a.disabled = FALSE AND a.password_hash IS NOT NULL");
    for permission in ["user:manage:*", "role:manage:*", "system_account:manage:*"] {
        let covering = Permission::parse(permission).map(|needed| needed.covering_texts()).unwrap_or_default();
        sql.push(
            " AND a.id IN (SELECT ar.account_id FROM role_permissions p JOIN account_roles ar ON ar.role_id = p.role_id \
             WHERE p.permission IN ",
        );
        sql.bind_row(covering.iter().map(String::as_str)).push(")");
    }
    sql
}
