//! A database with many accounts, and what a real one has besides: teams, roles, tokens, activity, a history.

use diesel::connection::SimpleConnection;
use muster::database::Engine;
use muster::id::Id;
use muster::roles::predefined;

use crate::support::app::TestApp;

/// The role without permissions that every hundredth account has.
pub const RARE_ROLE: &str = "0000aaaa-0000-7000-8000-000000000001";
/// A team of every two hundredth account.
pub const TEAM: &str = "0000bbbb-0000-7000-8000-000000000001";
/// The large one among the teams: a fifth of the accounts.
pub const LARGE_TEAM: &str = "0000bbbb-0000-7000-8000-000000000100";

/// The account `bulk-000001` and so on.
pub fn id(number: usize) -> Id {
    Id::parse(&format!("00000000-0000-7000-8000-000000{number:06}")).unwrap()
}

/// A server with `n` system accounts, a tenth of them disabled, a third of them used in the last 200 days, all with the
/// role CI/CD, half of them with a token and in one of 200 teams, a fifth in a large team.
pub fn with(n: usize) -> TestApp {
    let app = TestApp::start();
    let sqlite = app.database.engine() == Engine::Sqlite;
    let (numbers, digest) = if sqlite {
        (format!("WITH RECURSIVE s (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < {n})"), "randomblob(32)")
    } else {
        (format!("WITH s (i) AS (SELECT generate_series(1, {n}))"), "sha256(i::text::bytea)")
    };
    let padded = |i: &str| if sqlite { format!("printf('%06d', {i})") } else { format!("lpad(({i})::text, 6, '0')") };
    let pad = padded("i");
    let moment = |text: &str| if sqlite { format!("'{text}'") } else { format!("'{text}'::timestamp") };
    let shifted = |days: &str| {
        if sqlite {
            format!("strftime('%Y-%m-%d %H:%M:%S', 'now', ({days}) || ' days')")
        } else {
            format!("(now() AT TIME ZONE 'UTC' + ({days}) * interval '1 day')")
        }
    };
    let account = format!("'00000000-0000-7000-8000-000000' || {pad}");
    let (ago, soon, later) = (shifted("-(i % 200)"), shifted("i % 9 + 1"), moment("2099-01-01 00:00:00"));
    let expiry = format!("CASE WHEN i % 1000 = 2 THEN {soon} WHEN i % 4 = 2 THEN {later} END");
    let used = format!("CASE WHEN i % 3 = 0 THEN {ago} ELSE {} END", moment("1970-01-01 00:00:00"));
    let (cicd, viewer, disabled) = (predefined::CI_CD, predefined::READ_ONLY, n / 10);
    let copied = "(account_id, role_id, kind, disabled, name_key)";
    let copies = format!("'system', i % 10 = 0, 'bulk-' || {pad}");
    let statements = [
        format!(
            "INSERT INTO accounts (id, kind, name, name_key, description, search_text, disabled, created_at, created_by_name, \
             updated_at, last_used_at, last_login_at, first_expiry_at) {numbers} SELECT {account}, 'system', 'bulk-' || {pad}, \
             'bulk-' || {pad}, 'Number ' || i, 'bulk-' || {pad} || '\nnumber ' || i, i % 10 = 0, {0}, 'seed', {0}, {used}, {used}, \
             coalesce({expiry}, CASE WHEN i % 2 = 0 THEN {1} ELSE {2} END) FROM s",
            moment("2026-01-01 00:00:00"),
            moment("9999-12-30 00:00:00"),
            moment("9999-12-31 00:00:00"),
        ),
        format!("INSERT INTO roles (id, name, name_key, created_at) VALUES ('{RARE_ROLE}', 'Rare', 'rare', '2026-01-01 00:00:00')"),
        format!("INSERT INTO account_roles {copied} {numbers} SELECT {account}, '{cicd}', {copies} FROM s"),
        format!("INSERT INTO account_roles {copied} {numbers} SELECT {account}, '{RARE_ROLE}', {copies} FROM s WHERE i % 100 = 1"),
        format!("INSERT INTO account_roles {copied} {numbers} SELECT {account}, '{viewer}', {copies} FROM s WHERE i % 3 = 1"),
        format!(
            "INSERT INTO teams (id, name, name_key, created_at) {numbers} SELECT '0000bbbb-0000-7000-8000-000000' || {pad}, \
             'Team ' || {pad}, 'team ' || {pad}, {} FROM s WHERE i <= 200",
            moment("2026-01-01 00:00:00")
        ),
        format!(
            "INSERT INTO team_members (team_id, account_id, kind, disabled, name_key) {numbers} SELECT t.id, {account}, {copies} FROM s JOIN teams t \
             ON t.name = 'Team ' || {} WHERE i % 2 = 0 OR i = 1",
            padded("CASE WHEN i = 1 THEN 1 ELSE i % 200 + 1 END")
        ),
        // One large team among the small ones
        format!(
            "INSERT INTO team_members (team_id, account_id, kind, disabled, name_key) {numbers} SELECT t.id, {account}, {copies} FROM s JOIN teams t \
             ON t.name = 'Team 000100' WHERE i % 5 = 3 AND i % 200 <> 99"
        ),
        format!(
            "INSERT INTO tokens (id, account_id, name, access, digest, created_at, created_by_name, expires_at) {numbers} \
             SELECT 'seed00' || {pad}, {account}, 'seeded', 'read', {digest}, {}, 'seed', {expiry} FROM s WHERE i % 2 = 0",
            moment("2026-01-01 00:00:00")
        ),
        format!("UPDATE account_totals SET total = total + {} WHERE kind = 'system' AND disabled = FALSE", n - disabled),
        format!("UPDATE account_totals SET total = total + {disabled} WHERE kind = 'system' AND disabled = TRUE"),
        format!(
            "INSERT INTO account_days (account_id, day, accepted, refused) {numbers} SELECT {account}, {}, 7, 1 FROM s",
            if sqlite { "date('now')" } else { "current_date" }
        ),
        // A history: each account was created.
        "INSERT INTO audit_changes (id, at, actor_kind, actor_name) VALUES ('seed', '2026-01-01 00:00:00', 'shell', 'Command line')"
            .into(),
        "INSERT INTO audit_events (change_id, at, actor_name, type, target_kind, target_id, target_name) SELECT 'seed', \
         '2026-01-01 00:00:00', 'Command line', 'account.created', kind, id, name FROM accounts WHERE created_by_name = 'seed'"
            .into(),
    ];
    app.write(|conn| {
        for statement in &statements {
            conn.batch_execute(statement).unwrap_or_else(|error| panic!("{statement}: {error}"));
        }
        Ok(())
    });
    if !sqlite {
        // What autovacuum does within minutes.
        app.read(|conn| Ok(conn.batch_execute("VACUUM ANALYZE")?));
    }
    app
}
