//! The database goes away while files are being read.

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;

use crate::audit::export::{begun, is_cut_off, long_past, session};
use crate::support::app::TestApp;
use crate::support::engine::Engine;
use crate::support::process::Process;

#[test]
fn an_export_that_loses_its_database_is_cut_off_and_logged_with_the_cause() {
    let app = TestApp::start();
    long_past(&app);
    app.add_many(12_000);
    let long = if Engine::current() == Engine::Sqlite { "hex(zeroblob(1000))" } else { "repeat('0', 2000)" };
    app.write(|conn| {
        Ok(conn.batch_execute(&format!(
            "UPDATE accounts SET description = {long} WHERE kind = 'system'; UPDATE tokens SET created_by_name = {long}"
        ))?)
    });
    let cookie = session(&app);
    let process = Process::serve(&app.database_url, &[]);
    let exports = [
        ("audit-log", "/settings/audit-log/export?format=jsonl"),
        ("system-accounts", "/settings/system-accounts/export"),
        ("tokens", "/settings/tokens/export"),
    ];
    let mut sockets = exports.map(|(_, path)| {
        let (socket, status) = begun(&process.url, path, &cookie);
        assert_eq!(status, "200", "{path}");
        socket
    });
    let file = app.database_url.strip_prefix("sqlite:").unwrap_or_default().to_owned();
    let cause = if Engine::current() == Engine::Postgres {
        // Every server process that works for this database ends.
        app.home.take_away();
        "database unavailable"
    } else {
        std::fs::rename(&file, format!("{file}.away")).unwrap();
        "removed or replaced"
    };
    sockets.iter_mut().for_each(is_cut_off);
    let began = Instant::now();
    for (name, _) in exports {
        let said = format!("the export of {name} broke off: ");
        let lines = || -> Vec<String> {
            process.output().lines().filter(|line| line.contains(&said) && line.contains(" ERROR ")).map(str::to_owned).collect()
        };
        while lines().is_empty() {
            assert!(began.elapsed() < Duration::from_secs(30), "nothing about {name}:\n{}", process.output());
            std::thread::sleep(Duration::from_millis(10));
        }
        assert!(lines().len() == 1 && lines()[0].contains(cause), "{:?}", lines());
    }
    if Engine::current() == Engine::Postgres {
        app.home.bring_back();
    } else {
        std::fs::rename(format!("{file}.away"), &file).unwrap();
    }
}
