//! A database with many accounts, and what a real one has besides: teams, roles, tokens, activity, a history.

use diesel::connection::SimpleConnection;
use muster::database::Engine;
use muster::id::Id;
use muster::roles::predefined;

use crate::support::app::TestApp;

/// The permission-less role that every hundredth account has.
pub const RARE_ROLE: &str = "0000aaaa-0000-7000-8000-000000000001";
/// A team of every two hundredth account.
pub const TEAM: &str = "0000bbbb-0000-7000-8000-000000000001";

/// `bulk-000001` and so on.
pub fn id(number: usize) -> Id {
    Id::parse(&format!("00000000-0000-7000-8000-000000{number:06}")).unwrap()
}

/// A server with `n` system accounts, a tenth of them disabled.
pub fn with(n: usize) -> TestApp {
    let app = TestApp::start();
    app.add_many(n);
    let viewer = predefined::VIEWER;
    let (number, later) = match app.database.engine() {
        Engine::Sqlite => {
            ("CAST(substr(name, 6) AS INTEGER)", "strftime('%Y-%m-%d %H:%M:%f000', 'now', '+' || (i % 9 + 1) || ' days')")
        }
        Engine::Postgres => ("CAST(substr(name, 6) AS INTEGER)", "(now() AT TIME ZONE 'UTC' + (i % 9 + 1) * interval '1 day')"),
    };
    let ago = match app.database.engine() {
        Engine::Sqlite => "strftime('%Y-%m-%d %H:%M:%f000', 'now', '-' || (i % 200) || ' days')",
        Engine::Postgres => "(now() AT TIME ZONE 'UTC' - (i % 200) * interval '1 day')",
    };
    let numbered = format!("(SELECT id, {number} AS i FROM accounts WHERE created_by_name = 'seed') s");
    let statements = [
        format!("INSERT INTO roles (id, name, name_key, created_at) VALUES ('{RARE_ROLE}', 'Rare', 'rare', '2026-01-01 00:00:00')"),
        format!("INSERT INTO account_roles (account_id, role_id) SELECT id, '{RARE_ROLE}' FROM {numbered} WHERE i % 100 = 1"),
        format!("INSERT INTO account_roles (account_id, role_id) SELECT id, '{viewer}' FROM {numbered} WHERE i % 3 = 1"),
        // Two hundred teams; every other account is in one.
        "INSERT INTO teams (id, name, name_key, created_at) SELECT '0000bbbb' || substr(id, 9), 'Team ' || substr(name, 6), \
         'team ' || substr(name, 6), '2026-01-01 00:00:00' FROM accounts WHERE created_by_name = 'seed' ORDER BY id LIMIT 200"
            .into(),
        format!(
            "INSERT INTO team_members (team_id, account_id) SELECT t.id, s.id FROM {numbered} \
             JOIN teams t ON CAST(substr(t.name, 6) AS INTEGER) = (s.i % 200) + 1 WHERE s.i % 2 = 0 OR s.i = 1"
        ),
        // A thousandth of the tokens ends soon; the others in a year, or never.
        format!(
            "UPDATE tokens SET expires_at = (SELECT CASE WHEN i % 1000 = 2 THEN {later} ELSE '2099-01-01 00:00:00' END \
             FROM (SELECT CAST(substr(tokens.id, 7) AS INTEGER) AS i) s) WHERE CAST(substr(id, 7) AS INTEGER) % 4 = 2"
        )
        .replace("ELSE '2099-01-01 00:00:00'", match app.database.engine() {
            Engine::Sqlite => "ELSE '2099-01-01 00:00:00'",
            Engine::Postgres => "ELSE '2099-01-01 00:00:00'::timestamp",
        }),
        "UPDATE accounts SET first_expiry_at = COALESCE((SELECT min(expires_at) FROM tokens WHERE account_id = accounts.id), \
         first_expiry_at)"
            .into(),
        format!(
            "UPDATE accounts SET last_used_at = (SELECT {ago} FROM (SELECT {number} AS i) s), last_login_at = \
             (SELECT {ago} FROM (SELECT {number} AS i) s) WHERE created_by_name = 'seed' AND {number} % 3 = 0"
        ),
        format!("UPDATE accounts SET disabled = TRUE WHERE created_by_name = 'seed' AND {number} % 10 = 0"),
        format!("UPDATE account_totals SET total = total - {} WHERE kind = 'system' AND disabled = FALSE", n / 10),
        format!("UPDATE account_totals SET total = total + {} WHERE kind = 'system' AND disabled = TRUE", n / 10),
        // A history: each account was created.
        "INSERT INTO audit_changes (id, at, actor_kind, actor_name) VALUES ('seed', '2026-01-01 00:00:00', 'shell', 'Command line')"
            .into(),
        "INSERT INTO audit_events (change_id, type, target_kind, target_id, target_name) SELECT 'seed', 'account.created', kind, id, \
         name FROM accounts WHERE created_by_name = 'seed'"
            .into(),
    ];
    app.write(|conn| {
        for statement in &statements {
            conn.batch_execute(statement).unwrap_or_else(|error| panic!("{statement}: {error}"));
        }
        Ok(())
    });
    if app.database.engine() == Engine::Postgres {
        app.read(|conn| Ok(conn.batch_execute("ANALYZE")?));
    }
    app
}
