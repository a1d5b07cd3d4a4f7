//! Every 5xx has one line in the log that says why, under the id that the answer shows.

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use muster::tokens::value::Access;

use crate::support::app::{Answer, Client, PASSWORD, TestApp};
use crate::support::engine::Engine;
use crate::support::process::Process;

const LIST: &str = "/settings/system-accounts";

fn error_lines(process: &Process, id: &str) -> Vec<String> {
    process.output().lines().filter(|line| line.contains(id) && line.contains(" ERROR ")).map(str::to_owned).collect()
}

fn is_logged_once(process: &Process, what: &str, answer: &Answer, cause: &str) {
    assert!(answer.status >= 500, "{what}: {} {}", answer.status, answer.text());
    let id = answer.header("x-request-id");
    assert!(!id.is_empty(), "{what}: no id");
    let begun = Instant::now();
    while error_lines(process, id).is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(30), "{what}: nothing in the log for {id}\n{}", process.output());
        std::thread::sleep(Duration::from_millis(10));
    }
    // What is logged after the answer is logged by now.
    assert_eq!(Client::new(&process.url).get("/healthz").status, 200);
    let lines = error_lines(process, id);
    assert!(lines.len() == 1 && lines[0].contains(cause), "{what}: {lines:?}");
}

struct Stage {
    app: TestApp,
    process: Process,
    admin: Client,
    token: String,
    robot: String,
}

fn stage(log: &str) -> Stage {
    let app = TestApp::start();
    let (_, email) = app.add_user("Maya Lindqvist", &[muster::roles::predefined::ADMINISTRATOR.into()]);
    let robot = app.add_account("robot");
    let token = app.add_token(&robot, Access::Write);
    let process = Process::serve(&app.database_url, &[("MUSTER_LOG", log), ("MUSTER_REFUSAL_LIMIT", "0")]);
    let admin = Client::new(&process.url);
    assert_eq!(admin.post("/login", &[("email", &email), ("password", PASSWORD)]).status, 303);
    let stage = Stage { app, process, admin, token: format!("Bearer {token}"), robot: robot.to_string() };
    assert_eq!(stage.verify().status, 200);
    stage
}

impl Stage {
    fn verify(&self) -> Answer {
        Client::new(&self.process.url).get_with("/auth/verify", &[("Authorization", &self.token)])
    }
}

fn outage_is_logged(log: &str) {
    let stage = stage(log);
    let cause = match Engine::current() {
        Engine::Sqlite => {
            let file = stage.app.database_url.strip_prefix("sqlite:").unwrap();
            std::fs::rename(file, format!("{file}.away")).unwrap();
            "removed or replaced"
        }
        Engine::Postgres => {
            stage.app.home.take_away();
            "database unavailable (Unreachable): "
        }
    };
    let begun = Instant::now();
    while stage.verify().status == 200 {
        assert!(begun.elapsed() < Duration::from_secs(30));
    }
    let (process, admin, visitor) = (&stage.process, &stage.admin, Client::new(&stage.process.url));
    let change = format!("{LIST}/{}/disablement", stage.robot);
    is_logged_once(process, "the check", &stage.verify(), "");
    is_logged_once(process, "a page", &admin.get(LIST), cause);
    is_logged_once(process, "a change", &admin.post(&change, &[]), cause);
    is_logged_once(process, "readyz", &visitor.get("/readyz"), cause);
    is_logged_once(process, "signing in", &visitor.post("/login", &[("email", "m@x.test"), ("password", PASSWORD)]), cause);
    is_logged_once(process, "signing out", &admin.post("/logout", &[]), "");
    let own = visitor.send("DELETE", "/tokens/current", &[("Authorization", &stage.token)], &[]);
    is_logged_once(process, "the API", &own, "");
    let asked = visitor.send("POST", "/oauth/introspect", &[("Authorization", &stage.token)], &[("token", "x")]);
    is_logged_once(process, "introspection", &asked, "");
}

#[test]
fn an_outage_is_one_line_for_each_answer() {
    outage_is_logged("info");
}

#[test]
fn an_outage_is_one_line_where_the_gateways_calls_are_logged_too() {
    outage_is_logged("debug");
}

/// A page's files are not worth a line; who has asked is.
#[test]
fn a_line_says_whose_the_request_was() {
    let stage = stage("info");
    let page = stage.admin.get(LIST);
    let style = page.body.split('"').find(|part| part.starts_with("/static/muster-")).unwrap().to_owned();
    assert_eq!(stage.admin.get(&style).status, 200);
    let visitor = Client::new(&stage.process.url);
    let unknown = visitor.get("/login");
    let id = stage.admin.account.clone();
    assert!(page.header("x-request-id").starts_with("req_"), "{}", page.header("x-request-id"));
    let (_, email) = stage.app.add_user("Ines Calloway", &[]);
    assert_eq!(visitor.post("/login", &[("email", &email), ("password", "a wrong password")]).status, 422);
    let ids = stage.app.read(|conn| {
        Ok(crate::support::snapshot::lines(conn, "SELECT id AS line FROM accounts WHERE kind = 'user' ORDER BY name"))
    });
    assert_eq!(id, None);
    let said = stage.process.stop_and_read();
    let line = |id: &str| said.lines().find(|line| line.contains(id)).unwrap_or_else(|| panic!("no {id}: {said}")).to_owned();
    assert!(line(page.header("x-request-id")).ends_with(&format!(" by {}", ids[1])), "{said}");
    assert!(!line(unknown.header("x-request-id")).contains(" by "), "{said}");
    assert!(said.contains(&format!("a sign-in to {} from 127.0.0.1 was refused: no match", ids[0])), "{said}");
    assert!(!said.contains("/static/") && !said.contains("Actix") && !said.contains("starting service"), "{said}");
}

#[test]
fn a_fault_is_one_line_with_its_cause() {
    let stage = stage("info");
    stage.app.read(|conn| Ok(conn.batch_execute("DROP TABLE audit_events")?));
    let change = stage.admin.post(&format!("{LIST}/{}/disablement", stage.robot), &[]);
    is_logged_once(&stage.process, "a change", &change, "audit_events");
    assert!(!change.body.contains("audit_events"));
    let own = Client::new(&stage.process.url).send("DELETE", "/tokens/current", &[("Authorization", &stage.token)], &[]);
    is_logged_once(&stage.process, "the API", &own, "audit_events");
    assert!(!own.body.contains("audit_events"));
}
