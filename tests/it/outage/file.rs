//! The database under a running server is taken from it, or takes no more changes: it is noticed, told, and ends by itself.

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use muster::tokens::value::Access;

use crate::support::app::TestApp;
use crate::support::engine::Engine;

const LIST: &str = "/settings/system-accounts";

fn soon(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(30), "{what} does not come");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What happens to the file of `app`; then what is answered, and that putting it back ends it.
fn noticed(take: impl FnOnce(&str)) {
    let app = TestApp::start();
    let (admin, visitor) = (app.admin(), app.anonymous());
    let robot = app.add_account("robot");
    let token = app.add_token(&robot, Access::Read);
    assert_eq!((app.verify(&token).status, visitor.get("/readyz").status), (200, 200));
    let file = app.database_url.strip_prefix("sqlite:").unwrap();
    let aside = format!("{file}.aside");
    std::fs::copy(file, &aside).unwrap();
    take(file);
    soon("readyz that says so", || visitor.get("/readyz").status == 503);
    let change = admin.post(&format!("{LIST}/{robot}/disablement"), &[]);
    assert_eq!(change.status, 503);
    let page = admin.get(LIST);
    assert!(page.status == 503 && page.body.contains("data-retry"), "{}", page.text());
    // A token that another process revokes in the file that is there now must not be accepted from the one that is gone.
    soon("a check that says so", || app.verify(&token).status == 503);
    assert_eq!(visitor.get("/healthz").status, 200);
}

#[test]
fn a_file_that_is_removed_is_noticed() {
    if Engine::current() == Engine::Sqlite {
        noticed(|file| std::fs::remove_file(file).unwrap());
    }
}

#[test]
fn a_file_that_is_replaced_is_noticed() {
    if Engine::current() == Engine::Sqlite {
        noticed(|file| std::fs::rename(format!("{file}.aside"), file).unwrap());
    }
}

#[test]
fn a_file_that_comes_back_is_used_again() {
    if Engine::current() != Engine::Sqlite {
        return;
    }
    let app = TestApp::start();
    let (admin, visitor) = (app.admin(), app.anonymous());
    let robot = app.add_account("robot");
    let file = app.database_url.strip_prefix("sqlite:").unwrap();
    std::fs::rename(file, format!("{file}.away")).unwrap();
    soon("readyz that says so", || visitor.get("/readyz").status == 503);
    let refused = admin.post(&format!("{LIST}/{robot}/disablement"), &[]);
    assert_eq!(refused.status, 503);
    std::fs::rename(format!("{file}.away"), file).unwrap();
    soon("readyz", || visitor.get("/readyz").status == 200);
    assert_eq!(app.totals(), (1, 0));
    assert_eq!(admin.post(&format!("{LIST}/{robot}/disablement"), &[]).status, 303);
}

#[test]
fn a_database_that_takes_no_changes_is_told_and_ends() {
    let app = TestApp::start();
    let (admin, visitor) = (app.admin(), app.anonymous());
    let robot = app.add_account("robot");
    let read_only = |on: bool| match Engine::current() {
        Engine::Sqlite => {
            use std::os::unix::fs::PermissionsExt;
            let file = app.database_url.strip_prefix("sqlite:").unwrap();
            std::fs::set_permissions(file, std::fs::Permissions::from_mode(if on { 0o400 } else { 0o600 })).unwrap();
        }
        Engine::Postgres => {
            let name = app.database_url.rsplit('/').next().unwrap();
            // Each by itself: a transaction is read-only from its beginning.
            let ended = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
            app.read(|conn| {
                conn.batch_execute("SET default_transaction_read_only = off")?;
                conn.batch_execute(&format!("ALTER DATABASE {name} SET default_transaction_read_only = {on}"))?;
                conn.batch_execute(&format!("SELECT pg_terminate_backend(pid) {ended}"))?;
                Ok(conn.batch_execute(&format!("SET default_transaction_read_only = {on}"))?)
            });
        }
    };
    read_only(true);
    soon("readyz that says so", || visitor.get("/readyz").status == 503);
    if Engine::current() == Engine::Postgres {
        soon("a change that says so", || {
            let refused = admin.post(&format!("{LIST}/{robot}/disablement"), &[]);
            assert_eq!(refused.status, 503, "{}", refused.text());
            refused.text().contains("read-only")
        });
        assert_eq!(visitor.get("/readyz").status, 503);
    }
    read_only(false);
    soon("readyz", || visitor.get("/readyz").status == 200);
    soon("a change", || admin.post(&format!("{LIST}/{robot}/disablement"), &[]).status == 303);
    assert_eq!(app.totals(), (0, 1));
}
