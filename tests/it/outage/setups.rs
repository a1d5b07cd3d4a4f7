//! Databases as others have set them up: a stricter isolation, a newer schema, a URL that cannot be read.

use std::process::Command;

use diesel::connection::SimpleConnection;
use muster::database::{Database, migrations};
use muster::server::Server;

use super::under_load::fresh;
use crate::support::app::{TestApp, test_config};
use crate::support::engine::Engine;
use crate::support::soon::eventually;

const LIST: &str = "/settings/system-accounts";
/// Every command, with words that would do something.
const COMMANDS: [&[&str]; 8] = [
    &["serve", "--listen", "127.0.0.1:0"],
    &["--listen", "127.0.0.1:0"],
    &["migrate"],
    &["user", "add", "--name", "Maya", "--email", "maya@example.test"],
    &["system-account", "add", "--name", "robot"],
    &["token", "add", "--account", "robot", "--name", "t", "--access", "read"],
    &["token", "revoke", "abcdefghijkl"],
    &["doctor", "http://127.0.0.1:9", "--echo-path", "/echo"],
];

const MORE_COMMANDS: [&[&str]; 9] = [
    &["user", "list"],
    &["user", "reset-password", "maya@example.test"],
    &["system-account", "list"],
    &["system-account", "delete", "robot"],
    &["token", "list"],
    &["team", "list"],
    &["team", "add", "--name", "Blue"],
    &["role", "list"],
    &["role", "add", "--name", "Clerk"],
];

fn run(words: &[&str], database_url: &str) -> (bool, String) {
    let ran = Command::new(env!("CARGO_BIN_EXE_muster")).args(words).env("DATABASE_URL", database_url).output().unwrap();
    let text = [ran.stdout, ran.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    (ran.status.success(), text)
}

#[test]
fn a_stricter_isolation_costs_no_change() {
    if Engine::current() != Engine::Postgres {
        return;
    }
    for level in ["repeatable read", "serializable"] {
        let home = fresh();
        let name = home.url().rsplit('/').next().unwrap().to_owned();
        let database = Database::connect(home.url().parse().unwrap(), 1).unwrap();
        let set = format!("ALTER DATABASE {name} SET default_transaction_isolation = '{level}'");
        database.read_now(|conn| Ok(conn.batch_execute(&set)?)).unwrap();
        let app = TestApp::on(home, |_| ());
        let admin = app.admin();
        let robots: Vec<_> = (0..8).map(|number| app.add_account(&format!("robot {number}"))).collect();
        std::thread::scope(|scope| {
            for robot in &robots {
                let admin = admin.clone();
                scope.spawn(move || {
                    for verb in ["disablement", "enablement", "disablement"] {
                        let answer = admin.post(&format!("{LIST}/{robot}/{verb}"), &[]);
                        assert_eq!(answer.status, 303, "{level}: {}", answer.text());
                    }
                });
            }
        });
        assert_eq!(app.totals(), (0, 8), "{level}");
    }
}

#[test]
fn an_older_binary_leaves_a_newer_database_alone() {
    let home = fresh();
    let database = Database::connect(home.url().parse().unwrap(), 1).unwrap();
    let seen = |sql: &str| database.read_now(|conn| Ok(crate::support::snapshot::lines(conn, sql))).unwrap();
    let add = "INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000'); \
               DELETE FROM role_permissions WHERE permission = 'account:read:own'";
    database.write_now(|conn| Ok(conn.batch_execute(add)?)).unwrap();
    let grants = "SELECT role_id || ' ' || permission AS line FROM role_permissions ORDER BY 1";
    let before = seen(grants);
    let refused = Server::bind(test_config(home.url().parse().unwrap())).err().unwrap();
    assert!(refused.contains("newer version of Muster") && refused.contains("29990101000000"), "{refused}");
    for words in COMMANDS {
        let (good, said) = run(words, home.url());
        assert!(!good && said.contains("newer version of Muster"), "{words:?}: {said}");
    }
    for words in MORE_COMMANDS {
        let (good, said) = run(words, home.url());
        assert!(!good && said.contains("newer version of Muster"), "{words:?}: {said}");
    }
    assert_eq!(seen(grants), before);
    assert_eq!(seen("SELECT name AS line FROM accounts"), Vec::<String>::new());
    database
        .write_now(|conn| Ok(conn.batch_execute("DELETE FROM __diesel_schema_migrations WHERE version = '29990101000000'")?))
        .unwrap();
    assert_eq!(migrations::migrate(&home.url().parse().unwrap()), Ok(Vec::new()));
}

/// Somebody starts the newer version beside this one, in spite of what README says.
#[test]
fn a_running_server_is_not_ready_once_a_newer_one_has_migrated() {
    let app = TestApp::start();
    let visitor = app.anonymous();
    eventually("readyz", || visitor.get("/readyz").status == 200);
    let migrated = |sql: &'static str| app.write(move |conn| Ok(conn.batch_execute(sql)?));
    migrated("INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000')");
    eventually("readyz that says so", || visitor.get("/readyz").status == 503);
    assert_eq!(visitor.get("/healthz").status, 200);
    // The older one again, after a restored backup; and one that is not migrated yet.
    migrated("DELETE FROM __diesel_schema_migrations WHERE version = '29990101000000'");
    eventually("readyz", || visitor.get("/readyz").status == 200);
    let newest = "(SELECT max(version) FROM __diesel_schema_migrations)";
    let version = app.read(|conn| Ok(crate::support::snapshot::lines(conn, &format!("SELECT {newest} AS line"))));
    app.write(move |conn| {
        Ok(conn.batch_execute(&format!("DELETE FROM __diesel_schema_migrations WHERE version = '{}'", version[0]))?)
    });
    eventually("readyz that says so", || visitor.get("/readyz").status == 503);
}

#[test]
fn no_command_repeats_a_password() {
    for url in [
        "postgres://u:se%kret@127.0.0.1:9/x",
        "postgres://u:se/kret@127.0.0.1:9/x",
        "postgres://u:se@kret@127.0.0.1:9/x",
        "postgres://u:se?kret@127.0.0.1:9/x",
        "postgres://u:se#kret@127.0.0.1:9/x",
        "postgres://u:se%25kret@127.0.0.1:9/x",
        "postgres://127.0.0.1:9/x?password=sekret",
        "postgres://127.0.0.1:9/x?password=se%kret",
        "mysql://u:sekret@127.0.0.1/x",
        "postgres:/u:sekret@127.0.0.1/x",
    ] {
        for words in COMMANDS {
            let (good, said) = run(words, url);
            assert!(!good && !said.contains("kret") && !said.contains("se%"), "{url} {words:?}: {said}");
        }
        let (good, said) = run(&["migrate", "--database-url", url], "sqlite:other.db");
        assert!(!good && !said.contains("kret"), "{url}: {said}");
    }
}
