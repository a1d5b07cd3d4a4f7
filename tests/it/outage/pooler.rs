//! A real PgBouncer between Muster and Postgres.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use diesel::{Connection, PgConnection};
use muster::server::Server;
use muster::tokens::value::Access;
use tempfile::TempDir;

use super::under_load::fresh;
use crate::support::app::{TestApp, test_config};
use crate::support::engine::{Engine, TestDatabase};

const LIST: &str = "/settings/system-accounts";

struct Pooler {
    child: Child,
    url: String,
    _folder: TempDir,
}

impl Pooler {
    fn start(home: &TestDatabase, mode: &str) -> Self {
        let program = std::env::var_os("MUSTER_TEST_PGBOUNCER").map(PathBuf::from);
        let program = program.expect("MUSTER_TEST_PGBOUNCER names no pgbouncer: run tests/run, or apt-get install pgbouncer");
        let (_, rest) = home.url().split_once("://").unwrap();
        let (authority, name) = rest.split_once('/').unwrap();
        let (user, server) = authority.split_once('@').unwrap();
        let (host, port) = server.split_once(':').unwrap();
        let own = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = TempDir::with_prefix("muster-pooler-").unwrap();
        let file = folder.path().join("pgbouncer.ini");
        let lines = format!(
            "[databases]\n* = host={host} port={port} user={user}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {own}\n\
             unix_socket_dir =\nauth_type = any\npool_mode = {mode}\ndefault_pool_size = 40\n"
        );
        std::fs::write(&file, lines).unwrap();
        // As root it refuses to run, and asks for the user to become, who must be able to read its file.
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let child = Command::new(program)
            .args(["--quiet", "--user", "nobody"])
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let pooler = Self { child, url: format!("postgres://{user}@127.0.0.1:{own}/{name}"), _folder: folder };
        let begun = Instant::now();
        while PgConnection::establish(&pooler.url).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(30), "pgbouncer does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        pooler
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_pooler_that_shares_connections_is_refused_with_what_is_needed() {
    if Engine::current() != Engine::Postgres {
        return;
    }
    let home = fresh();
    let pooler = Pooler::start(&home, "transaction");
    for _ in 0..3 {
        let refused = Server::bind(test_config(pooler.url.parse().unwrap())).err().unwrap();
        assert!(refused.contains("pool_mode = session"), "{refused}");
        let ran = Command::new(env!("CARGO_BIN_EXE_muster")).arg("migrate").env("DATABASE_URL", &pooler.url).output().unwrap();
        let said = String::from_utf8_lossy(&ran.stderr);
        assert!(!ran.status.success() && said.contains("pool_mode = session"), "{said}");
    }
}

#[test]
fn a_pooler_that_gives_sessions_works() {
    if Engine::current() != Engine::Postgres {
        return;
    }
    let home = fresh();
    let pooler = Pooler::start(&home, "session");
    let app = TestApp::on(home, |config| config.database_url = pooler.url.parse().unwrap());
    let admin = app.admin();
    let robot = app.add_account("robot");
    let token = app.add_token(&robot, Access::Read);
    assert_eq!(app.verify(&token).status, 200);
    for verb in ["disablement", "enablement", "disablement"] {
        assert_eq!(admin.post(&format!("{LIST}/{robot}/{verb}"), &[]).status, 303);
        assert_eq!(admin.get(LIST).status, 200);
    }
    assert_eq!((app.verify(&token).status, app.totals()), (401, (0, 1)));
}
