//! Starts: several at once on a new database, and one after another that broke off half-way.

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
use crate::support::snapshot::wrong_copies;

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
fn a_start_completes_the_roles_that_nobody_can_edit() {
    let app = TestApp::start();
    let permissions = |role: &Id| {
        app.read(|conn| {
            let all = role_permissions::table.filter(role_permissions::role_id.eq(role));
            Ok(all.select(role_permissions::permission).order(role_permissions::permission).load::<String>(conn)?)
        })
    };
    let (locked, edited): (Id, Id) = (predefined::ADMINISTRATOR.into(), predefined::VIEWER.into());
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
    assert!(before[1].0.contains("Select Zebra") && !before[0].0.contains("Select Zebra"));
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
    assert!(admin.get(&format!("{LIST}?team={team}")).text().contains("Select Zebra"));
}
