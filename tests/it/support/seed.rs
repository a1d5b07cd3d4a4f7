//! Many accounts at once.

use muster::database::Database;
use muster::roles::predefined;

/// `n` more system accounts by set-based SQL, with totals, a role each, and a token for every other one.
pub fn seed(database: &Database, n: usize) {
    use diesel::connection::SimpleConnection;
    let ci_cd = predefined::CI_CD;
    let (numbers, pad, blob) = match database.engine() {
        muster::database::Engine::Sqlite => (
            format!("WITH RECURSIVE s (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < {n})"),
            "printf('%06d', i)",
            "randomblob(32)",
        ),
        muster::database::Engine::Postgres => {
            (format!("WITH s (i) AS (SELECT generate_series(1, {n}))"), "lpad(i::text, 6, '0')", "sha256(i::text::bytea)")
        }
    };
    let accounts = format!(
        "INSERT INTO accounts (id, kind, name, name_key, description, search_text, created_at, created_by_name, updated_at, \
         last_used_at) {numbers} SELECT '00000000-0000-7000-8000-000000' || {pad}, 'system', 'bulk-' || {pad}, 'bulk-' || {pad}, \
         'Number ' || i, 'bulk-' || {pad} || '\nnumber ' || i, '2026-01-01 00:00:00', 'seed', '2026-01-01 00:00:00', \
         CASE WHEN i % 3 = 0 THEN '1970-01-01 00:00:00' ELSE '2026-02-01 00:00:00' END{} FROM s",
        if database.engine() == muster::database::Engine::Postgres { "::timestamp" } else { "" },
    );
    let roles = format!(
        "INSERT INTO account_roles (account_id, role_id, kind, disabled, name_key) SELECT id, '{ci_cd}', kind, disabled, name_key \
         FROM accounts WHERE created_by_name = 'seed' \
         AND id NOT IN (SELECT account_id FROM account_roles)"
    );
    let tokens = format!(
        "INSERT INTO tokens (id, account_id, name, access, digest, created_at, created_by_name) {numbers} \
         SELECT 'seed00' || {pad}, '00000000-0000-7000-8000-000000' || {pad}, 'seeded', 'read', {blob}, '2026-01-01 00:00:00', \
         'seed' FROM s WHERE i % 2 = 0"
    );
    let expiries =
        "UPDATE accounts SET first_expiry_at = '9999-12-30 00:00:00' WHERE id IN (SELECT account_id FROM tokens)".to_owned();
    let totals = format!("UPDATE account_totals SET total = total + {n} WHERE kind = 'system' AND disabled = FALSE");
    database
        .write_now(|conn| {
            for statement in [accounts, roles, tokens, expiries, totals] {
                conn.batch_execute(&statement)?;
            }
            Ok(())
        })
        .unwrap();
    if database.engine() == muster::database::Engine::Postgres {
        database.read_now(|conn| Ok(conn.batch_execute("ANALYZE")?)).unwrap();
    }
}
