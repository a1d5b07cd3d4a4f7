//! The database under a running server is taken from it, or takes no more changes: it is noticed, told, and ends by itself.

use std::path::Path;

use diesel::connection::SimpleConnection;
use muster::tokens::value::Access;

use super::under_load::fresh;
use crate::support::app::{Client, PASSWORD, TestApp};
use crate::support::engine::Engine;
use crate::support::process::Process;
use crate::support::soon::eventually;

const LIST: &str = "/settings/system-accounts";

/// What happens to the file of a server; then what is answered. A copy of the file lies beside it.
fn noticed(take: impl FnOnce(&str)) {
    let app = TestApp::start();
    let file = app.database_url.strip_prefix("sqlite:").unwrap();
    std::fs::copy(file, format!("{file}.aside")).unwrap();
    is_noticed(&app, || take(file));
}

fn is_noticed(app: &TestApp, take: impl FnOnce()) {
    let (admin, visitor) = (app.admin(), app.anonymous());
    let robot = app.add_account("robot");
    let token = app.add_token(&robot, Access::Read);
    assert_eq!(app.verify(&token).status, 200);
    eventually("readyz", || visitor.get("/readyz").status == 200);
    take();
    eventually("readyz that says so", || visitor.get("/readyz").status == 503);
    let change = admin.post(&format!("{LIST}/{robot}/disablement"), &[]);
    assert_eq!(change.status, 503);
    let page = admin.get(LIST);
    assert!(page.status == 503 && page.body.contains("data-retry"), "{}", page.text());
    // A token that another process revokes in the file that is there now must not be accepted from the one that is gone.
    eventually("a check that says so", || app.verify(&token).status == 503);
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
fn a_journal_that_is_removed_or_replaced_is_noticed() {
    if Engine::current() == Engine::Sqlite {
        for ending in ["-wal", "-shm"] {
            noticed(|file| std::fs::remove_file(format!("{file}{ending}")).unwrap());
            noticed(|file| {
                std::fs::copy(format!("{file}{ending}"), format!("{file}.new")).unwrap();
                std::fs::rename(format!("{file}.new"), format!("{file}{ending}")).unwrap();
            });
        }
    }
}

/// What was answered before is in the file that the next start finds.
#[test]
fn a_journal_that_is_removed_costs_nothing_that_was_answered() {
    if Engine::current() != Engine::Sqlite {
        return;
    }
    let app = TestApp::start();
    let (_, email) = app.add_user("Maya Lindqvist", &[muster::roles::predefined::ADMINISTRATOR.into()]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("muster.db");
    let url = format!("sqlite:{}", file.display());
    // With an administrator, and nobody else who has it open.
    app.read(|conn| Ok(conn.batch_execute(&format!("VACUUM INTO '{}'", file.display()))?));
    let process = Process::serve(&url, &[("MUSTER_LOG", "error")]);
    let admin = Client::new(&process.url);
    assert_eq!(admin.post("/login", &[("email", &email), ("password", PASSWORD)]).status, 303);
    let create = |name: &str| admin.post(LIST, &[("name", name)]).status;
    assert_eq!((create("first"), create("second")), (303, 303));
    std::fs::remove_file(format!("{}-wal", file.display())).unwrap();
    assert_eq!([create("third"), create("third"), create("third")], [503; 3]);
    let said = process.stop_and_read();
    // Once for each of the server's pools, not with every request.
    assert!((1..=2).contains(&said.matches("restart Muster").count()), "{said}");
    let again = Process::serve(&url, &[("MUSTER_LOG", "error")]);
    let admin = Client::new(&again.url);
    assert_eq!(admin.post("/login", &[("email", &email), ("password", PASSWORD)]).status, 303);
    let list = admin.get(LIST).text();
    assert!(list.contains("first") && list.contains("second") && !list.contains("third"), "{list}");
}

/// A server whose file is at this path, in or by a new folder `data`.
fn elsewhere(folder: &Path, path: &Path) -> TestApp {
    std::fs::create_dir(folder.join("data")).unwrap();
    let url = format!("sqlite:{}", path.display());
    TestApp::on(fresh(), |config| config.database_url = url.parse().unwrap())
}

#[test]
fn a_folder_that_is_renamed_is_noticed() {
    if Engine::current() == Engine::Sqlite {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let app = elsewhere(folder.path(), &data.join("muster.db"));
        is_noticed(&app, || std::fs::rename(&data, folder.path().join("moved")).unwrap());
    }
}

#[test]
fn a_link_that_leads_elsewhere_is_noticed() {
    if Engine::current() == Engine::Sqlite {
        let folder = tempfile::tempdir().unwrap();
        let (data, link, other) = (folder.path().join("data"), folder.path().join("current"), folder.path().join("other"));
        std::os::unix::fs::symlink(&data, &link).unwrap();
        let app = elsewhere(folder.path(), &link.join("muster.db"));
        std::fs::create_dir(&other).unwrap();
        std::fs::copy(data.join("muster.db"), other.join("muster.db")).unwrap();
        is_noticed(&app, || {
            std::os::unix::fs::symlink(&other, folder.path().join("next")).unwrap();
            std::fs::rename(folder.path().join("next"), &link).unwrap();
        });
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
    eventually("readyz that says so", || visitor.get("/readyz").status == 503);
    let refused = admin.post(&format!("{LIST}/{robot}/disablement"), &[]);
    assert_eq!(refused.status, 503);
    std::fs::rename(format!("{file}.away"), file).unwrap();
    eventually("readyz", || visitor.get("/readyz").status == 200);
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
    eventually("readyz that says so", || visitor.get("/readyz").status == 503);
    if Engine::current() == Engine::Postgres {
        eventually("a change that says so", || {
            let refused = admin.post(&format!("{LIST}/{robot}/disablement"), &[]);
            assert_eq!(refused.status, 503, "{}", refused.text());
            refused.text().contains("read-only")
        });
        assert_eq!(visitor.get("/readyz").status, 503);
    }
    read_only(false);
    eventually("readyz", || visitor.get("/readyz").status == 200);
    eventually("a change", || admin.post(&format!("{LIST}/{robot}/disablement"), &[]).status == 303);
    assert_eq!(app.totals(), (0, 1));
}
