//! Starts: several at once on a new database, and one after another that broke off half-way.

use std::process::Command;
use std::sync::Barrier;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use muster::config::DatabaseUrl;
use muster::database::{Database, Engine, migrations};
use muster::id::Id;
use muster::roles::{self, predefined};
use muster::schema::role_permissions;
use muster::server::Server;

use crate::support::app::{TestApp, test_config};
use crate::support::engine::TestDatabase;
use crate::support::snapshot::{lines, wrong_copies};

const LIST: &str = "/settings/system-accounts";

#[test]
fn several_first_starts_at_once_all_succeed() {
    const STARTS: usize = 8;
    let home = TestDatabase::empty();
    let url: DatabaseUrl = home.url().parse().unwrap();
    let start = Barrier::new(STARTS);
    let outcomes: Vec<Result<Option<String>, String>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..STARTS)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    Server::bind(test_config(url.clone())).map(|server| server.setup_link())
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for outcome in &outcomes {
        assert!(matches!(outcome, Ok(Some(_))), "{outcome:?}");
    }
    assert_eq!(migrations::migrate(&url), Ok(vec![]));
    if let DatabaseUrl::Sqlite(path) = &url {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "others may read the file");
    }
    let database = Database::connect(url, 1).unwrap();
    let all = database.read_now(roles::queries::all).unwrap();
    assert_eq!(all.len(), predefined::PREDEFINED.len());
    let administrator = all.iter().find(|role| role.id == predefined::ADMINISTRATOR.into()).unwrap();
    assert!(administrator.permissions.covers_all(&predefined::administrator_permissions()));
}

#[test]
fn a_command_on_tokens_makes_no_database() {
    let folder = tempfile::TempDir::new().unwrap();
    let run = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_muster"));
        command.args(words).current_dir(&folder).env("DATABASE_URL", "sqlite:elsewhere.db").output().unwrap()
    };
    for words in
        [&["token", "revoke", "0123456789AB"][..], &["token", "add", "--account", "ci", "--name", "t", "--access", "read"]]
    {
        let told = run(words);
        let sentence = String::from_utf8_lossy(&told.stderr);
        assert_eq!((told.status.code(), told.stdout.len()), (Some(1), 0), "{sentence}");
        assert!(sentence.contains("There is no database elsewhere.db here."), "{sentence}");
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    }
    let told = run(&["migrate"]);
    assert!(told.status.success() && String::from_utf8_lossy(&told.stderr).contains("Created a new database, elsewhere.db."));
    assert!(run(&["system-account", "add", "--name", "ci"]).status.success());
    assert!(run(&["token", "add", "--account", "ci", "--name", "t", "--access", "read"]).status.success());
}

#[test]
fn a_start_completes_the_roles_that_nobody_can_edit() {
    let app = TestApp::start();
    let permissions = |role: &Id| {
        app.read(|conn| {
            let all = role_permissions::table.filter(role_permissions::role_id.eq(role));
            Ok(all.select(role_permissions::permission).order(role_permissions::permission).load::<String>(conn)?)
        })
    };
    let (locked, edited): (Id, Id) = (predefined::ADMINISTRATOR.into(), predefined::READ_ONLY.into());
    let whole = permissions(&locked);
    app.write(|conn| {
        let some = role_permissions::table.filter(role_permissions::permission.like("%manage%"));
        diesel::delete(some.filter(role_permissions::role_id.eq(&locked))).execute(conn)?;
        let other = (role_permissions::role_id.eq(&locked), role_permissions::permission.eq("payments:refund"));
        diesel::insert_into(role_permissions::table).values(other).execute(conn)?;
        let one = role_permissions::table.filter(role_permissions::permission.eq("team:read:*"));
        Ok(diesel::delete(one.filter(role_permissions::role_id.eq(&edited))).execute(conn)?)
    });
    let left = permissions(&edited);
    assert_ne!(permissions(&locked), whole);
    migrations::migrate(&app.database_url.parse().unwrap()).unwrap();
    assert_eq!((permissions(&locked), permissions(&edited)), (whole, left));
}

/// A database from before roles and memberships carried copies gets them with the next start, and the lists are what they were.
#[test]
fn a_start_fills_the_copies_of_an_older_database() {
    const VERSION: &str = "20261124150000";
    let app = TestApp::start();
    let admin = app.admin();
    let (one, two) = (app.add_account("Zebra"), app.add_account("ant"));
    let team = app.add_team("Platform", &[&one, &two]);
    assert_eq!(admin.post(&format!("{LIST}/{one}/disablement"), &[]).status, 303);
    let pages = || {
        ["", "&disabled=1", "&sort=-name&disabled=1"].map(|more| {
            let of = |filter: String| admin.get(&format!("{LIST}?{filter}{more}")).text();
            (of(format!("team={team}")), of(format!("role={}", predefined::CI_CD)))
        })
    };
    // What was done is told once.
    assert!(admin.get(LIST).text().contains("Disabled Zebra"));
    let before = pages();
    assert!(before[1].0.contains("Zebra") && !before[0].0.contains("Zebra"));
    let down = match app.database.engine() {
        Engine::Sqlite => include_str!("../../../migrations/sqlite/2026-11-24-150000_lists_by_role_and_team/down.sql"),
        Engine::Postgres => include_str!("../../../migrations/postgres/2026-11-24-150000_lists_by_role_and_team/down.sql"),
    };
    app.write(|conn| {
        conn.batch_execute(&format!("{down}; DELETE FROM __diesel_schema_migrations WHERE version = '{VERSION}'"))?;
        Ok(())
    });
    assert!(app.database.read_now(wrong_copies).is_err(), "the copies are still there");
    assert_eq!(migrations::migrate(&app.database_url.parse().unwrap()), Ok(vec![VERSION.to_owned()]));
    assert_eq!(app.read(wrong_copies), Vec::<String>::new());
    assert!(pages() == before, "the lists have changed");
    // And they are kept from then on.
    assert_eq!(admin.post(&format!("{LIST}/{one}/enablement"), &[]).status, 303);
    assert!(admin.get(&format!("{LIST}?team={team}")).body.contains("Select Zebra"));
}

/// A new database has the accounts' columns of fixed length first, on Postgres; one that has accounts from before stays as it is,
/// and both are the same to whoever names the columns.
#[test]
fn an_older_database_with_accounts_is_left_as_it_is_and_works() {
    const VERSIONS: [&str; 2] = ["20261124000000", "20261124150000"];
    let home = TestDatabase::empty();
    let url: DatabaseUrl = home.url().parse().unwrap();
    let database = Database::connect(url.clone(), 1).unwrap();
    let (schema, foundation, lists, first) = match database.engine() {
        Engine::Sqlite => (
            "SELECT coalesce(sql, name) AS line FROM sqlite_master WHERE name NOT LIKE '%diesel%' ORDER BY name",
            include_str!("../../../migrations/sqlite/2026-11-24-000000_foundation/up.sql"),
            include_str!("../../../migrations/sqlite/2026-11-24-150000_lists_by_role_and_team/up.sql"),
            ["search_id", "search_id"],
        ),
        Engine::Postgres => (
            "SELECT concat_ws(' ', column_name, data_type, is_nullable, column_default, collation_name) AS line \
             FROM information_schema.columns WHERE table_name = 'accounts' \
             UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' \
             UNION ALL SELECT concat_ws(' ', conname, conrelid::regclass, pg_get_constraintdef(oid)) FROM pg_constraint \
             WHERE connamespace = 'public'::regnamespace \
             UNION ALL SELECT unnest(reloptions) FROM pg_class WHERE relname LIKE 'accounts%' ORDER BY line",
            include_str!("../../../migrations/postgres/2026-11-24-000000_foundation/up.sql"),
            include_str!("../../../migrations/postgres/2026-11-24-150000_lists_by_role_and_team/up.sql"),
            ["id", "last_used_at"],
        ),
    };
    let first_column = match database.engine() {
        Engine::Sqlite => "SELECT name AS line FROM pragma_table_info('accounts') WHERE cid = 0",
        Engine::Postgres => "SELECT attname::text AS line FROM pg_attribute WHERE attrelid = 'accounts'::regclass AND attnum = 1",
    };
    let seen = |database: &Database| {
        let seen = database.read_now(|conn| Ok((lines(conn, schema), lines(conn, first_column).remove(0))));
        seen.unwrap()
    };
    let versions = VERSIONS.map(|version| format!("('{version}')")).join(", ");
    database
        .write_now(|conn| {
            // As a start of that version left it, with an account.
            conn.batch_execute(foundation)?;
            conn.batch_execute(lists)?;
            conn.batch_execute(&format!(
                "CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL, \
                 run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP); \
                 INSERT INTO __diesel_schema_migrations (version) VALUES {versions}; \
                 INSERT INTO accounts (id, kind, name, name_key, search_text, created_at, created_by_name, updated_at) \
                 VALUES ('00000000-0000-7000-8000-000000000001', 'system', 'Zebra', 'zebra', 'zebra', '2026-11-25 12:00:00', 'Maya', \
                 '2026-11-25 12:00:00'); UPDATE account_totals SET total = 1 WHERE kind = 'system' AND NOT disabled"
            ))?;
            Ok(())
        })
        .unwrap();
    let all = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/sqlite")).unwrap().count();
    assert_eq!(migrations::migrate(&url).map(|applied| applied.len()), Ok(all - VERSIONS.len()));
    let (older, new) = (seen(&database), seen(&TestApp::start().database));
    assert_eq!([&older.1, &new.1], first.each_ref());
    assert_eq!(older.0, new.0);
    let app = TestApp::on(home, |_| ());
    let admin = app.admin();
    app.add_account("ant");
    let page = admin.get(&format!("{LIST}?q=zebr")).body;
    assert!(page.contains("Select Zebra") && !page.contains("Select ant"));
}
