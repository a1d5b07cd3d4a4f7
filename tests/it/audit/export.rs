//! Copies of the log: what is in them, and what a slow reader, a full house and a lost database do.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use muster::database::sql::Sql;

use super::events::{LOG, past, rows};
use crate::support::app::{Answer, Client, PASSWORD, TestApp};
use crate::support::engine::Engine;

fn csv(client: &Client, query: &str) -> Answer {
    let answer = client.get(&format!("{LOG}/export?format=csv&{query}"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer
}

/// The records of a CSV file, read as a spreadsheet reads them.
pub fn records(file: &str) -> Vec<Vec<String>> {
    let (mut records, mut record, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut letters = file.strip_prefix('\u{feff}').unwrap().chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => cell.push(letters.next().unwrap()),
            '"' => quoted = !quoted,
            ',' if !quoted => record.push(std::mem::take(&mut cell)),
            '\r' if !quoted => {
                assert_eq!(letters.next(), Some('\n'));
                record.push(std::mem::take(&mut cell));
                records.push(std::mem::take(&mut record));
            }
            _ => cell.push(letter),
        }
    }
    assert!(cell.is_empty() && record.is_empty() && !quoted);
    records
}

#[test]
fn a_csv_file_is_safe_to_open() {
    let app = TestApp::start();
    let admin = app.admin();
    let agent = [("User-Agent", "@SUM(1)"), ("Sec-Fetch-Site", "same-origin")];
    for name in ["=1+1", "-5", "＝1", "Zoë \"Å\"; a, b", "+ops@example.org"] {
        let answer =
            admin.send("POST", "/settings/system-accounts", &agent, &[("name", name), ("description", "\t=HYPERLINK(\"x\")")]);
        assert_eq!(answer.status, 303, "{}", answer.text());
    }
    app.write(|conn| {
        Sql::new("UPDATE audit_changes SET request_id = '73928e051234' WHERE user_agent = '@SUM(1)'").execute(conn)?;
        Sql::new("UPDATE audit_changes SET token_id = '123456789012' WHERE user_agent = '@SUM(1)'").execute(conn)
    });
    let answer = csv(&admin, "kind=account.created");
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8; header=present");
    let today = muster::clock::now().date();
    assert_eq!(
        answer.header("content-disposition"),
        format!("attachment; filename=\"audit-log-{today}.csv\"; filename*=UTF-8''Halden%20Freight%20audit-log-{today}.csv")
    );
    let found = records(&answer.body);
    assert_eq!(found[0][..4], ["time", "type", "action", "actor"]);
    let column = |name: &str| found[0].iter().position(|column| column == name).unwrap();
    let mut names: Vec<&str> = found[1..].iter().map(|row| row[column("target")].as_str()).collect();
    names.sort_unstable();
    for name in ["'=1+1", "'-5", "'＝1", "Zoë \"Å\"; a, b", "'+ops@example.org"] {
        assert!(names.contains(&name), "{names:?}");
    }
    let row = found.iter().find(|row| row[column("target")] == "'=1+1").unwrap();
    assert_eq!(row[column("user_agent")], "'@SUM(1)");
    assert_eq!((row[column("request_id")].as_str(), row[column("token_id")].as_str()), ("req_73928e051234", "tok_123456789012"));
    // A moment and an id are what they are.
    assert!(row[column("time")].starts_with("20") && row[column("time")].ends_with('Z'));
    // Nothing found is still a file with a head.
    let none = csv(&admin, "target=nothing+like+it");
    assert_eq!(records(&none.body), [found[0].clone()]);
}

#[test]
fn json_lines_are_true_to_the_byte_and_end_with_their_number() {
    let app = TestApp::start();
    let admin = app.admin();
    for name in ["=1+1", "Zoë \"Å\"", "a\\b"] {
        app.add_account(name);
    }
    past(&app, 1_200, "2026-01-01 00:00:00");
    let answer = admin.get(&format!("{LOG}/export?format=jsonl&kind=accounts"));
    assert_eq!(answer.header("content-type"), "application/jsonl; charset=utf-8");
    let lines: Vec<serde_json::Value> = answer.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (last, events) = lines.split_last().unwrap();
    // The administrator, three accounts, and the past, of which no part is missing between two reads.
    assert_eq!((last["count"].as_u64(), events.len()), (Some(1_204), 1_204));
    let names: Vec<&str> = events.iter().filter_map(|event| event["target"]["name"].as_str()).collect();
    for name in ["=1+1", "Zoë \"Å\"", "a\\b", "account 1", "account 1200"] {
        assert_eq!(names.iter().filter(|found| **found == name).count(), 1, "{name}");
    }
    let times: Vec<&str> = events.iter().filter_map(|event| event["timestamp"].as_str()).collect();
    assert!(times.windows(2).all(|pair| pair[0] >= pair[1]), "newest first");
    assert!(answer.body.ends_with("{\"count\":1204}\n"));
}

#[test]
fn an_export_is_an_event_itself_and_not_in_its_own_file() {
    let app = TestApp::start();
    let admin = app.admin();
    let first = csv(&admin, "kind=settings");
    assert_eq!(records(&first.body).len(), 1);
    let second = csv(&admin, "kind=settings");
    assert_eq!(records(&second.body).len(), 2);
    assert!(second.body.contains("CSV, kind: settings"), "{}", second.body);
    let page = admin.get(&format!("{LOG}?kind=audit.exported"));
    assert_eq!(rows(&page).len(), 2);
    // Asking for the head alone copies nothing.
    let path = format!("{LOG}/export?format=csv");
    let head = admin.send("HEAD", &path, &[], &[]);
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert_eq!(rows(&admin.get(&format!("{LOG}?kind=audit.exported"))).len(), 2);
    assert_eq!(admin.get(&format!("{LOG}/export")).status, 400);
    assert_eq!(admin.get(&format!("{LOG}/export?format=xlsx")).status, 400);
}

/// A past that no buffer of the system swallows whole.
pub fn long_past(app: &TestApp) {
    past(app, 20_000, "2026-01-01 00:00:00");
    let long = if Engine::current() == Engine::Sqlite { "hex(zeroblob(1000))" } else { "repeat('0', 2000)" };
    app.write(|conn| {
        Sql::new(&format!("UPDATE audit_events SET detail = '{{\"note\":\"' || {long} || '\"}}' WHERE target_id IS NULL"))
            .execute(conn)
    });
}

/// An export that has begun, and of which nobody reads more than the first byte; and the answer's status.
pub fn begun(url: &str, path: &str, cookie: &str) -> (TcpStream, String) {
    let host = url.strip_prefix("http://").unwrap();
    let mut socket = TcpStream::connect(host).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    write!(socket, "GET {path} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\n\r\n").unwrap();
    let (mut head, mut byte) = (Vec::new(), [0; 1]);
    while !head.ends_with(b"\r\n\r\n") {
        socket.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    socket.read_exact(&mut byte).unwrap();
    (socket, String::from_utf8_lossy(&head[9..12]).into_owned())
}

/// The cookie of another administrator.
pub fn session(app: &TestApp) -> String {
    let (_, email) = app.add_user("Ada Exporter", &[muster::roles::predefined::ADMINISTRATOR.into()]);
    let answer = app.anonymous().post("/login", &[("email", email.as_str()), ("password", PASSWORD)]);
    let cookies = answer.header("set-cookie").to_owned();
    let start = cookies.find("muster_session=").unwrap();
    cookies[start..].split(';').next().unwrap().to_owned()
}

/// Every connection comes back to the pool.
pub fn is_idle(app: &TestApp) {
    let until = std::time::Instant::now() + Duration::from_secs(60);
    loop {
        let (open, idle, _) = app.database.connections();
        if open == idle {
            return;
        }
        assert!(std::time::Instant::now() < until, "{idle} of {open} connections are idle");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn slow_readers_hold_no_connection_and_there_are_only_so_many() {
    let app = TestApp::start();
    let admin = app.admin();
    long_past(&app);
    let cookie = session(&app);
    let path = format!("{LOG}/export?format=jsonl");
    let slow: Vec<_> = (0..muster::web::exports::MOST).map(|_| begun(&app.url, &path, &cookie)).collect();
    let refused = admin.get(&format!("{LOG}/export?format=csv"));
    assert_eq!(refused.status, 503);
    assert!(refused.text().contains("Too many exports are running"), "{}", refused.text());
    assert_eq!((refused.header("content-disposition"), refused.header("retry-after")), ("", "60"));
    is_idle(&app);
    assert_eq!(admin.get(LOG).status, 200);
    drop(slow);
    // Their places are free as soon as the server has seen that they are gone.
    let until = std::time::Instant::now() + Duration::from_secs(60);
    loop {
        let answer = admin.get(&format!("{LOG}/export?format=csv&target=nothing"));
        if answer.status == 200 {
            break;
        }
        assert!(std::time::Instant::now() < until, "{}", answer.text());
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_statement_that_fails_in_the_middle_breaks_the_connection_off() {
    let app = TestApp::start();
    long_past(&app);
    let (mut socket, _) = begun(&app.url, &format!("{LOG}/export?format=jsonl"), &session(&app));
    app.database.write_now(|conn| Sql::new("ALTER TABLE audit_changes RENAME TO audit_changes_gone").execute(conn)).unwrap();
    is_cut_off(&mut socket);
    app.database.write_now(|conn| Sql::new("ALTER TABLE audit_changes_gone RENAME TO audit_changes").execute(conn)).unwrap();
}

/// Reads to the end: nothing there says that this is all.
pub fn is_cut_off(socket: &mut TcpStream) {
    let mut rest = Vec::new();
    let ended = socket.read_to_end(&mut rest);
    let text = String::from_utf8_lossy(&rest);
    assert!(rest.len() > 10_000, "it had begun: {text}");
    assert!(!text.contains("{\"count\":"), "no line says that it is whole");
    assert!(ended.is_err() || !rest.ends_with(b"0\r\n\r\n"), "no last chunk");
}
