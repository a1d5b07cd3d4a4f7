//! A database of an earlier version, with activity that was not in its place yet.

use diesel::connection::SimpleConnection;
use diesel_migrations::{FileBasedMigrations, MigrationHarness};
use muster::database::{DbConnection, migrations};

use super::load::open;
use crate::support::engine::{Engine, TestDatabase};
use crate::support::snapshot::lines;

/// The last migration of the version that noted activity down.
const LAST: &str = "2026-11-27-090000";

/// A row that that version wrote: of the token `0123456789AB`, 3 + 1 calls and 1 refused on 25 November, 70,000 calls on the
/// next day, a last use from 2001:db8::7 at 09:46:47, a login, and refusals for two reasons; of `BA9876543210` and
/// `000000000000` one call each, the latter from an unknown address; and of `GONE00000000`, of an account that is gone, nothing.
const CONTENT: &str = "303132333435363738394142000000000000700080000000000000010182bf9bc9d6c5b006010120010db80000000000000000\
    000000070100076375726c20c3a40182ada7c7d6c5b00603d2a95a0100d2a95a0301d4a95af0a2040002077265766f6b6564080765787069726564044241\
    39383736353433323130000000000000700080000000000000010182affab9d6c5b0060100c00002010101000001d2a95a0100003030303030303030303030\
    3000000000000070008000000000000001018289bfc3d6c5b00600000001d2a95a010000474f4e45303030303030303000000000000000000000000000000000\
    00000000";
const ACCOUNT: &str = "00000000-0000-7000-8000-000000000001";

/// Runs the migrations up to [`LAST`].
fn migrate_to_last(conn: &mut DbConnection) {
    fn run<DB: diesel::backend::Backend>(harness: &mut impl MigrationHarness<DB>, engine: &str) {
        let folder = format!("{}/migrations/{engine}", env!("CARGO_MANIFEST_DIR"));
        let source = FileBasedMigrations::from_path(folder).unwrap();
        for migration in harness.pending_migrations(source).unwrap() {
            if migration.name().to_string().as_str() < "2026-11-27-090001" {
                harness.run_migration(&migration).unwrap();
            }
        }
    }
    match conn {
        DbConnection::Sqlite(sqlite) => run(sqlite, "sqlite"),
        DbConnection::Postgres(postgres) => run(postgres, "postgres"),
    }
}

/// A database of that version, with an account of one known day and three tokens, and this in `activity_backlog`.
fn earlier(rows: &[(i32, &str)]) -> TestDatabase {
    let home = TestDatabase::empty();
    let mut conn = open(home.url());
    migrate_to_last(&mut conn);
    let (digest, hex): (_, fn(&str) -> String) = match Engine::current() {
        Engine::Sqlite => ("randomblob(32)", |hex| format!("x'{hex}'")),
        Engine::Postgres => ("sha256('x')", |hex| format!("'\\x{hex}'")),
    };
    let mut sql = format!(
        "INSERT INTO accounts (id, kind, name, name_key, search_text, created_at, created_by_name, updated_at) \
         VALUES ('{ACCOUNT}', 'system', 'ci', 'ci', 'ci', '2026-01-01 00:00:00', 'x', '2026-01-01 00:00:00'); \
         INSERT INTO account_days (account_id, day, accepted, refused) VALUES ('{ACCOUNT}', '2026-11-25', 10, 20);"
    );
    // One of the tokens has been used since.
    for (token, used) in [("0123456789AB", "NULL"), ("BA9876543210", "'2026-11-26 00:00:00'"), ("000000000000", "NULL")] {
        sql += &format!(
            "INSERT INTO tokens (id, account_id, name, access, digest, created_at, created_by_name, last_used_at) \
             VALUES ('{token}', '{ACCOUNT}', 't', 'read', {digest}, '2026-01-01 00:00:00', 'x', {used});"
        );
    }
    for (at, (format, content)) in rows.iter().enumerate() {
        let content = hex(&content.replace(char::is_whitespace, ""));
        sql += &format!(
            "INSERT INTO activity_backlog (id, instance, patience, format, content) VALUES ('{at}', 'x', 70, {format}, {content});"
        );
    }
    conn.batch_execute(&sql).unwrap();
    home
}

fn migrate(home: &TestDatabase) -> DbConnection {
    let applied = migrations::migrate(&home.url().parse().unwrap()).unwrap();
    assert!(applied.iter().all(|name| name.as_str() > LAST) && !applied.is_empty(), "{applied:?}");
    open(home.url())
}

#[test]
fn what_was_noted_down_comes_to_its_place() {
    let home = earlier(&[(1, CONTENT)]);
    let mut conn = migrate(&home);
    let days = "CAST(day AS TEXT) || ' ' || CAST(accepted AS TEXT) || ' ' || CAST(refused AS TEXT) AS line FROM account_days ORDER BY day";
    assert_eq!(lines(&mut conn, &format!("SELECT {days}")), ["2026-11-25 16 21", "2026-11-26 70000 0"]);
    let tokens = "substr(CAST(last_used_at AS TEXT), 1, 19) || ' ' || coalesce(last_used_from, '-') || ' ' \
         || coalesce(last_used_agent, '-') AS line FROM tokens ORDER BY id";
    assert_eq!(
        lines(&mut conn, &format!("SELECT {tokens}")),
        ["2026-11-25 09:46:41 - -", "2026-11-25 09:46:47 2001:db8::7 curl \u{e4}", "2026-11-26 00:00:00 - -"]
    );
    let account =
        "substr(CAST(last_used_at AS TEXT), 1, 19) || ' ' || substr(CAST(last_login_at AS TEXT), 1, 19) AS line FROM accounts";
    assert_eq!(lines(&mut conn, &format!("SELECT {account}")), ["2026-11-25 09:46:47 2026-11-25 09:46:45"]);
    // It has tokens, and none that expires.
    let expiry = "SELECT substr(CAST(first_expiry_at AS TEXT), 1, 10) AS line FROM accounts";
    assert_eq!(lines(&mut conn, expiry), ["9999-12-30"]);
    let events = "e.detail || ' ' || e.object_id || ' ' || c.actor_kind AS line FROM audit_events e JOIN audit_changes c \
         ON c.id = e.change_id WHERE e.type = 'token.refused' ORDER BY e.seq";
    assert_eq!(
        lines(&mut conn, &format!("SELECT {events}")),
        [r#"{"count":4,"reason":"revoked"} 0123456789AB muster"#, r#"{"count":2,"reason":"expired"} 0123456789AB muster"#]
    );
    drop(home);
}

/// Nothing, what cannot be read, and what another version wrote are no reason not to start.
#[test]
fn what_cannot_be_read_does_not_keep_anybody_from_starting() {
    let broken = &CONTENT[..120];
    for rows in [&[][..], &[(1, "")], &[(1, broken), (1, "ff")], &[(2, CONTENT)]] {
        let home = earlier(rows);
        let mut conn = migrate(&home);
        let days =
            "CAST(sum(accepted) AS TEXT) || ' ' || CAST((SELECT count(*) FROM audit_changes) AS TEXT) AS line FROM account_days";
        assert_eq!(lines(&mut conn, &format!("SELECT {days}")), ["10 0"], "{rows:?}");
        drop(home);
    }
}
