//! The database engine that this run tests, and a database of its own for each test.
//!
//! SQLite unless the variable `MUSTER_TEST_ENGINE` is `postgres`; then `MUSTER_TEST_POSTGRES` is the URL of a server on
//! which databases may be created (`tests/run` starts one and sets both).
//! SQLite's files are in the folder that `MUSTER_TEST_FILES` names, or where temporary files are.
//! The first test of a process has a template migrated; every database after that is a copy of it.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use tempfile::TempDir;

/// What a test calls to bring the empty database at a URL to the current schema.
/// It must have closed its connections when it returns.
pub type Migrate = fn(&str);

/// The engine under test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    /// The engine that the environment names.
    pub fn current() -> Self {
        match std::env::var("MUSTER_TEST_ENGINE").as_deref() {
            Err(_) | Ok("" | "sqlite") => Self::Sqlite,
            Ok("postgres") => Self::Postgres,
            Ok(other) => panic!("MUSTER_TEST_ENGINE is {other:?}; it may be sqlite or postgres"),
        }
    }
}

/// A database that belongs to one test and ends with it.
pub struct TestDatabase {
    url: String,
    home: Home,
}

enum Home {
    Folder(TempDir),
    Server { name: String },
}

impl TestDatabase {
    /// A migrated database, empty of everything that migrations do not put there.
    pub fn fresh(migrate: Migrate) -> Self {
        Self::fresh_on(Engine::current(), migrate)
    }

    /// The same on a given engine, for the tests that compare the two.
    pub fn fresh_on(engine: Engine, migrate: Migrate) -> Self {
        match engine {
            Engine::Sqlite => {
                let database = Self::empty_file();
                std::fs::write(database.file(), sqlite_template(migrate)).expect("a copy of the template database");
                database
            }
            Engine::Postgres => Self::on_server(postgres_template(migrate)),
        }
    }

    /// A database without a single table, for the tests of a first start.
    pub fn empty() -> Self {
        match Engine::current() {
            Engine::Sqlite => Self::empty_file(),
            Engine::Postgres => Self::on_server("template0"),
        }
    }

    /// The URL to give to Muster.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Takes the database away from whoever uses it, as an outage does, until [`Self::bring_back`].
    /// Postgres only: an open SQLite file cannot be taken away.
    pub fn take_away(&self) {
        let Home::Server { name } = &self.home else { panic!("only a Postgres database can be taken away") };
        administer(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"));
        administer(&format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"));
    }

    /// Ends the outage that [`Self::take_away`] began.
    pub fn bring_back(&self) {
        let Home::Server { name } = &self.home else { panic!("only a Postgres database can be taken away") };
        administer(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true"));
    }

    fn empty_file() -> Self {
        let folder = sqlite_folder();
        let url = sqlite_url(&folder.path().join("muster.db"));
        Self { url, home: Home::Folder(folder) }
    }

    fn file(&self) -> PathBuf {
        let Home::Folder(folder) = &self.home else { unreachable!("asked for the file of a server's database") };
        folder.path().join("muster.db")
    }

    fn on_server(template: &str) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(1);
        let name = format!("muster_test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        administer(&format!("CREATE DATABASE {name} TEMPLATE {template}"));
        Self { url: postgres_url(&name), home: Home::Server { name } }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        // Without asking `administer`, which panics: a test that is failing already must be able to finish.
        if let Home::Server { name } = &self.home
            && let Ok(mut server) = PgConnection::establish(&server_url())
        {
            let _ = server.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}

fn sqlite_folder() -> TempDir {
    let parent = std::env::var_os("MUSTER_TEST_FILES").map_or_else(std::env::temp_dir, PathBuf::from);
    TempDir::with_prefix_in("muster-test-", parent).expect("a temporary folder")
}

fn sqlite_url(file: &Path) -> String {
    format!("sqlite:{}", file.display())
}

/// The bytes of a migrated database file.
fn sqlite_template(migrate: Migrate) -> &'static [u8] {
    static TEMPLATE: OnceLock<Vec<u8>> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let folder = sqlite_folder();
        let file = folder.path().join("template.db");
        migrate(&sqlite_url(&file));
        // The last connection to close moves the journal into the file.
        let journal = std::fs::metadata(folder.path().join("template.db-wal")).map_or(0, |journal| journal.len());
        assert_eq!(journal, 0, "the migration of the template left a connection open");
        std::fs::read(&file).expect("the template database")
    })
}

fn postgres_template(migrate: Migrate) -> &'static str {
    static TEMPLATE: OnceLock<String> = OnceLock::new();
    TEMPLATE.get_or_init(|| {
        let name = format!("muster_template_{}", std::process::id());
        administer(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        administer(&format!("CREATE DATABASE {name} TEMPLATE template0"));
        migrate(&postgres_url(&name));
        // A copy is refused while anyone is connected to the original.
        administer(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"));
        administer(&format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"));
        name
    })
}

/// The URL of the server's own database, for statements about databases.
fn server_url() -> String {
    std::env::var("MUSTER_TEST_POSTGRES").unwrap_or_else(|_| {
        panic!(
            "These tests need a PostgreSQL server and MUSTER_TEST_POSTGRES does not name one. \
             Run tests/run, which starts one (or: apt-get install postgresql, start it and set \
             MUSTER_TEST_POSTGRES=postgres://user@host:port/postgres)."
        )
    })
}

/// The server's URL with another database in place of its own.
fn postgres_url(database: &str) -> String {
    let server = server_url();
    let (base, query) = server.split_once('?').map_or((server.as_str(), None), |(base, query)| (base, Some(query)));
    let (host, _) = base.rsplit_once('/').expect("MUSTER_TEST_POSTGRES ends with /DATABASE");
    match query {
        Some(query) => format!("{host}/{database}?{query}"),
        None => format!("{host}/{database}"),
    }
}

/// Runs a statement about databases. Dropping, copying and ending connections happen in the background of the server,
/// so a refusal that time can cure is tried again.
fn administer(statement: &str) {
    let mut server = PgConnection::establish(&server_url())
        .unwrap_or_else(|error| panic!("The PostgreSQL server of MUSTER_TEST_POSTGRES does not answer: {error}"));
    for attempt in 1.. {
        match server.batch_execute(statement) {
            Ok(()) => return,
            Err(error) if attempt < 50 && error.to_string().contains("being accessed by other users") => {
                std::thread::sleep(Duration::from_millis(100));
            }
            Err(error) => panic!("PostgreSQL refused {statement:?}: {error}"),
        }
    }
}
