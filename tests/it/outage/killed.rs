//! kill -9 in the middle of a stream of changes, and SIGTERM.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Mutex;
use std::time::Duration;

use muster::accounts::operations::{self, UserCreation};
use muster::auth::principal::Principal;
use muster::database::{DbConnection, manager};
use muster::roles::predefined;

use crate::support::app::{Client, PASSWORD};
use crate::support::engine::TestDatabase;
use crate::support::process::Process;
use crate::support::snapshot::{lines, wrong_copies};
use crate::support::soon::eventually;

const LIST: &str = "/settings/system-accounts";
const EMAIL: &str = "maya@example.test";

fn database_with_an_administrator() -> TestDatabase {
    let home = TestDatabase::fresh(|url| {
        muster::database::migrations::migrate(&url.parse().unwrap()).unwrap();
    });
    let form = UserCreation {
        name: "Maya".into(),
        email: EMAIL.into(),
        password_hash: Some(muster::auth::password::hash(PASSWORD).unwrap()),
        roles: vec![predefined::ADMINISTRATOR.into()],
    };
    diesel::Connection::transaction::<_, muster::error::Error, _>(&mut open(&home), |conn| {
        operations::create_user(conn, &Principal::shell(), &form)
    })
    .unwrap();
    home
}

fn open(home: &TestDatabase) -> DbConnection {
    manager::open(&home.url().parse().unwrap()).unwrap()
}

fn signed_in(url: &str) -> Client {
    let client = Client::new(url);
    assert_eq!(client.post("/login", &[("email", EMAIL), ("password", PASSWORD)]).status, 303);
    client
}

/// What an account was last answered to be; `None` where the last question about it got no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Enabled,
    Disabled,
    Deleted,
}

/// A change to one account: what it is called, where and what is posted, and what the account is then.
type Step<'a> = (&'a str, String, Vec<(&'a str, &'a str)>, Option<State>);

/// Creates, changes and deletes until nobody answers any more. Returns what was answered last of each account.
fn stream(client: &Client, worker: usize, round: usize, answered: &Mutex<u32>) -> HashMap<String, Option<State>> {
    let mut known: HashMap<String, Option<State>> = HashMap::new();
    let administrator = predefined::ADMINISTRATOR.to_string();
    for at in 0.. {
        let name = format!("round {round} worker {worker} number {at}");
        let Some(made) = client.try_post(LIST, &[("name", &name), ("role", &predefined::CI_CD.to_string())]) else {
            return known;
        };
        assert_eq!(made.status, 303, "{}", made.text());
        let id = made.location().rsplit('/').next().unwrap().to_owned();
        known.insert(id.clone(), Some(State::Enabled));
        let of = format!("{LIST}/{id}");
        let steps: [Step<'_>; 5] = [
            ("roles", format!("{of}/roles"), vec![("role", &administrator)], Some(State::Enabled)),
            ("disable", format!("{of}/disablement"), vec![], Some(State::Disabled)),
            ("enable", format!("{of}/enablement"), vec![], Some(State::Enabled)),
            ("bulk", format!("{LIST}/bulk"), vec![("id", &id), ("do", "disable")], Some(State::Disabled)),
            ("delete", format!("{of}/deletion"), vec![("confirm", &name)], Some(State::Deleted)),
        ];
        for (what, path, fields, state) in steps.into_iter().take(1 + (at + worker) % 5) {
            let before = known.insert(id.clone(), None);
            let Some(answer) = client.try_post(&path, &fields) else {
                // Whether it was made is open where it would have changed the state, and settled where it would not.
                if before == Some(state) {
                    known.insert(id.clone(), state);
                }
                return known;
            };
            assert_eq!(answer.status, 303, "{what}: {}", answer.text());
            known.insert(id.clone(), state);
            *answered.lock().unwrap() += 1;
        }
    }
    known
}

/// Everything in the database agrees with everything else.
fn assert_whole(conn: &mut DbConnection) {
    for (what, sql) in [
        (
            "totals that differ from the rows",
            "SELECT t.kind || ' ' || CAST(t.total AS TEXT) AS line FROM account_totals t WHERE t.total <> \
             (SELECT count(*) FROM accounts a WHERE a.kind = t.kind AND a.disabled = t.disabled)",
        ),
        (
            "accounts whose last event says otherwise",
            "SELECT a.name AS line FROM accounts a JOIN audit_events e ON e.target_id = a.id \
             WHERE e.type IN ('account.disabled', 'account.enabled') AND a.disabled <> (e.type = 'account.disabled') \
             AND NOT EXISTS (SELECT 1 FROM audit_events l WHERE l.target_id = a.id AND l.seq > e.seq \
             AND l.type IN ('account.disabled', 'account.enabled'))",
        ),
        (
            "accounts without an event of their creation",
            "SELECT a.name AS line FROM accounts a WHERE NOT EXISTS (SELECT 1 FROM audit_events e WHERE e.target_id = a.id \
             AND e.type = 'account.created')",
        ),
        (
            "created accounts that are neither there nor among the deleted",
            "SELECT e.target_name AS line FROM audit_events e WHERE e.type = 'account.created' \
             AND NOT EXISTS (SELECT 1 FROM accounts a WHERE a.id = e.target_id) \
             AND NOT EXISTS (SELECT 1 FROM deleted_accounts d WHERE d.id = e.target_id)",
        ),
        (
            "deleted accounts that are still there, or whose deletion has no event",
            "SELECT d.name AS line FROM deleted_accounts d WHERE EXISTS (SELECT 1 FROM accounts a WHERE a.id = d.id) \
             OR NOT EXISTS (SELECT 1 FROM audit_events e WHERE e.target_id = d.id AND e.type = 'account.deleted')",
        ),
        (
            "roles that no event gave",
            "SELECT a.name || ' ' || r.role_id AS line FROM account_roles r JOIN accounts a ON a.id = r.account_id \
             WHERE NOT EXISTS (SELECT 1 FROM audit_events e WHERE e.target_id = r.account_id AND e.object_id = r.role_id \
             AND e.type = 'account.role_added')",
        ),
        (
            "roles whose last event says otherwise",
            "SELECT e.target_name || ' ' || e.type AS line FROM audit_events e JOIN accounts a ON a.id = e.target_id \
             WHERE e.type IN ('account.role_added', 'account.role_removed') AND NOT EXISTS (SELECT 1 FROM audit_events l \
             WHERE l.target_id = e.target_id AND l.object_id = e.object_id AND l.seq > e.seq \
             AND l.type IN ('account.role_added', 'account.role_removed')) AND (e.type = 'account.role_added') <> \
             EXISTS (SELECT 1 FROM account_roles r WHERE r.account_id = e.target_id AND r.role_id = e.object_id)",
        ),
        (
            "changes without an event",
            "SELECT c.id AS line FROM audit_changes c WHERE NOT EXISTS (SELECT 1 FROM audit_events e WHERE e.change_id = c.id)",
        ),
        (
            "events without a change",
            "SELECT e.target_name AS line FROM audit_events e WHERE NOT EXISTS \
             (SELECT 1 FROM audit_changes c WHERE c.id = e.change_id)",
        ),
    ] {
        let found = lines(conn, sql);
        assert!(found.is_empty(), "{what}: {found:?}");
    }
    assert_eq!(wrong_copies(conn).unwrap(), Vec::<String>::new());
}

#[test]
fn what_was_answered_before_a_kill_is_there_and_nothing_is_half_there() {
    let home = database_with_an_administrator();
    let answered = Mutex::new(0);
    let mut open_questions = 0;
    for round in 0..4 {
        let mut process = Process::serve(home.url(), &[("MUSTER_LOG", "error")]);
        let client = signed_in(&process.url);
        let known: Vec<HashMap<String, Option<State>>> = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..6)
                .map(|worker| {
                    let (client, answered) = (client.clone(), &answered);
                    scope.spawn(move || stream(&client, worker, round, answered))
                })
                .collect();
            let enough = *answered.lock().unwrap() + 25 + 10 * u32::try_from(round).unwrap();
            while *answered.lock().unwrap() < enough {
                std::thread::sleep(Duration::from_millis(1));
            }
            process.kill();
            workers.into_iter().map(|worker| worker.join().unwrap()).collect()
        });
        // The next start finds everything in order.
        let again = Process::serve(home.url(), &[("MUSTER_LOG", "error")]);
        let visitor = Client::new(&again.url);
        eventually("readyz after a kill", || visitor.get("/readyz").status == 200);
        let conn = &mut open(&home);
        assert_whole(conn);
        for (id, state) in known.into_iter().flatten() {
            let found =
                lines(conn, &format!("SELECT CASE WHEN disabled THEN 'D' ELSE 'E' END AS line FROM accounts WHERE id = '{id}'"));
            let is = match found.first().map(String::as_str) {
                Some("E") => State::Enabled,
                Some(_) => State::Disabled,
                None => State::Deleted,
            };
            match state {
                Some(state) => assert_eq!(is, state, "{id}"),
                None => open_questions += 1,
            }
        }
        // Signed in before the kill is signed in after it.
        assert_eq!(client.get(&format!("{}{LIST}", again.url)).status, 200);
    }
    let answered = *answered.lock().unwrap();
    println!("{answered} changes were answered in 4 rounds; {open_questions} were under way at a kill");
    assert!(answered > 40, "{answered}");
}

/// Has sent all that it takes to sign in, on a connection that the server knows.
fn signing_in(url: &str) -> TcpStream {
    let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: muster.test\r\n\r\n").unwrap();
    let (mut answer, mut part) = (Vec::new(), [0; 1024]);
    while !answer.ends_with(b"alive\n") {
        let read = stream.read(&mut part).unwrap();
        assert!(read > 0, "{}", String::from_utf8_lossy(&answer));
        answer.extend_from_slice(&part[..read]);
    }
    let body = serde_html_form::to_string([("email", EMAIL), ("password", PASSWORD)]).unwrap();
    let head = "POST /login HTTP/1.1\r\nHost: muster.test\r\nSec-Fetch-Site: same-origin\r\nConnection: close\r\n\
                Content-Type: application/x-www-form-urlencoded\r\nContent-Length:";
    stream.write_all(format!("{head} {}\r\n\r\n{body}", body.len()).as_bytes()).unwrap();
    stream
}

#[test]
fn a_graceful_stop_ends_what_is_under_way_and_writes_activity() {
    let home = database_with_an_administrator();
    let mut process = Process::serve(home.url(), &[("MUSTER_LOG", "error"), ("MUSTER_ACTIVITY_INTERVAL", "3600")]);
    let client = signed_in(&process.url);
    let made = client.post_and_follow(LIST, &[("name", "robot"), ("token", "rw-90")]);
    let rule = regex::Regex::new("mst[rw]_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}").unwrap();
    let token = format!("Bearer {}", rule.find(&made.body).unwrap().as_str());
    let visitor = Client::new(&process.url);
    let calls = 25;
    for _ in 0..calls {
        assert_eq!(visitor.get_with("/auth/verify", &[("Authorization", &token)]).status, 200);
    }
    // Signing in takes a while: those under way when the signal comes are answered all the same.
    let under_way: Vec<TcpStream> = (0..4).map(|_| signing_in(&process.url)).collect();
    process.ask_to_stop();
    assert!(process.wait(), "{}", process.output());
    for mut stream in under_way {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 303 "), "{answer}");
    }
    let conn = &mut open(&home);
    let sql = "SELECT CAST(sum(accepted) AS TEXT) AS line FROM account_days";
    assert_eq!(lines(conn, sql), [calls.to_string()]);
    let used =
        "SELECT CAST(count(*) AS TEXT) AS line FROM tokens WHERE last_used_at IS NOT NULL AND last_used_from = '127.0.0.1'";
    assert_eq!(lines(conn, used), ["1"]);
    assert_whole(conn);
}
