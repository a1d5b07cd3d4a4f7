//! What the database holds, as text: a refused request must leave it as it was.

use diesel::QueryableByName;
use diesel::sql_types::Text;
use muster::database::DbConnection;
use muster::database::sql::Sql;
use muster::error::Error;

use super::app::TestApp;

/// One line of text from a query.
#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// The lines of `SELECT … AS line`.
pub fn lines(conn: &mut DbConnection, sql: &str) -> Vec<String> {
    Sql::new(sql).load::<Line>(conn).unwrap().into_iter().map(|row| row.line).collect()
}

/// Everything that somebody without a right to it could want to change. Sign-ins that were refused, and refusals, are not
/// in it, nor copies that were taken: to note them is right. Neither is the moment at which a session was last seen.
pub fn snapshot(app: &TestApp) -> Vec<String> {
    const ROWS: [&str; 16] = [
        "SELECT 'account ' || id || ' ' || name || ' ' || description || ' ' || CAST(disabled AS TEXT) || ' ' || \
         coalesce(password_hash, '-') || ' ' || coalesce(owner_id, '-') || ' ' || coalesce(email, '-') || ' ' || CAST(first_expiry_at AS TEXT) \
         AS line FROM accounts ORDER BY id",
        "SELECT 'total ' || kind || ' ' || CAST(disabled AS TEXT) || ' ' || CAST(total AS TEXT) AS line FROM account_totals \
         ORDER BY kind, disabled",
        "SELECT 'deleted ' || id AS line FROM deleted_accounts ORDER BY id",
        "SELECT 'role of ' || account_id || ' ' || role_id AS line FROM account_roles ORDER BY account_id, role_id",
        "SELECT 'role ' || id || ' ' || name || ' ' || description AS line FROM roles ORDER BY id",
        "SELECT 'grants ' || role_id || ' ' || permission AS line FROM role_permissions ORDER BY role_id, permission",
        "SELECT 'member ' || team_id || ' ' || account_id AS line FROM team_members ORDER BY team_id, account_id",
        "SELECT 'team ' || id || ' ' || name AS line FROM teams ORDER BY id",
        "SELECT 'application of ' || team_id || ' ' || name AS line FROM team_applications ORDER BY team_id, name",
        "SELECT 'setting ' || name || ' ' || value AS line FROM settings \
         WHERE name IN ('general', 'audit_retention_days', 'token_creation_stopped') ORDER BY name",
        "SELECT 'administers ' || team_id || ' ' || account_id AS line FROM team_administrators ORDER BY team_id, account_id",
        "SELECT 'token ' || id || ' ' || account_id || ' ' || coalesce(CAST(revoked_at AS TEXT), '-') || ' ' || \
         coalesce(CAST(expires_at AS TEXT), '-') || ' ' || coalesce(replaced_by, '-') AS line FROM tokens ORDER BY id",
        "SELECT 'session ' || id AS line FROM sessions WHERE account_id IS NOT NULL ORDER BY id",
        "SELECT 'link ' || purpose || ' ' || CAST(expires_at AS TEXT) AS line FROM one_time_links ORDER BY purpose, expires_at",
        "SELECT 'invitation ' || account_id || ' ' || coalesce(digest, '-') || ' ' || CAST(expires_at AS TEXT) AS line \
         FROM invitations ORDER BY account_id",
        "SELECT 'event ' || type || ' ' || target_name AS line FROM audit_events \
         WHERE type NOT IN ('access.refused', 'session.refused', 'token.refused', 'list.exported') ORDER BY seq",
    ];
    app.read(|conn| Ok(ROWS.iter().flat_map(|sql| lines(conn, sql)).collect()))
}

/// Panics with what differs.
pub fn assert_unchanged(app: &TestApp, before: &[String], what: &str) {
    let after = snapshot(app);
    let gone: Vec<_> = before.iter().filter(|line| !after.contains(line)).collect();
    let new: Vec<_> = after.iter().filter(|line| !before.contains(line)).collect();
    assert!(gone.is_empty() && new.is_empty() && before.len() == after.len(), "{what}: gone {gone:?}, new {new:?}");
}

/// Roles and memberships whose copies of `kind`, `disabled` and `name_key` are not what their accounts say.
pub fn wrong_copies(conn: &mut DbConnection) -> Result<Vec<String>, Error> {
    let mut wrong = Vec::new();
    for table in ["account_roles", "team_members"] {
        let sql = format!(
            "SELECT a.name || ' in {table}' AS line FROM {table} c JOIN accounts a ON a.id = c.account_id \
             WHERE c.kind <> a.kind OR c.disabled <> a.disabled OR c.name_key <> a.name_key"
        );
        wrong.extend(Sql::new(&sql).load::<Line>(conn)?.into_iter().map(|row| row.line));
    }
    Ok(wrong)
}
