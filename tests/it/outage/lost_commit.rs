//! The connection to Postgres dies while a change is being committed: what is answered is true.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::under_load::fresh;
use crate::support::app::{Client, TestApp};
use crate::support::engine::Engine;
use crate::support::soon::eventually;

const LIST: &str = "/settings/system-accounts";
/// Everything is passed on.
const PASS: u8 = 0;
/// The next commit of a change is carried out, and its answer lost.
const LOSE_ANSWER: u8 = 1;
/// The next commit of a change is lost itself.
const LOSE_COMMIT: u8 = 2;
/// As `LOSE_ANSWER`, and the database is gone afterwards.
const LOSE_ALL: u8 = 3;
/// Nobody is let in.
const GONE: u8 = 4;

/// Stands between Muster and Postgres.
struct Proxy {
    port: u16,
    state: Arc<State>,
}

struct State {
    mode: AtomicU8,
    cut: AtomicUsize,
    open: Mutex<Vec<TcpStream>>,
    /// What the change that is meant holds: Muster makes changes of its own, too.
    sign: Mutex<String>,
}

impl State {
    /// Ends the connections of Muster; what they have sent is carried out.
    fn close_all(&self) {
        for stream in self.open.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Proxy {
    fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State {
            mode: AtomicU8::new(PASS),
            cut: AtomicUsize::new(0),
            open: Mutex::new(Vec::new()),
            sign: Mutex::default(),
        });
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if shared.mode.load(Ordering::SeqCst) == GONE {
                    continue;
                }
                let Ok(upstream) = TcpStream::connect(&server) else { continue };
                shared.open.lock().unwrap().push(client.try_clone().unwrap());
                let back = (upstream.try_clone().unwrap(), client.try_clone().unwrap());
                std::thread::spawn(move || copy(back.0, back.1));
                let state = Arc::clone(&shared);
                std::thread::spawn(move || forward(client, upstream, &state));
            }
        });
        Self { port, state }
    }

    /// From now on, for the change that holds this.
    fn lose(&self, mode: u8, sign: &str) {
        sign.clone_into(&mut self.state.sign.lock().unwrap());
        self.set(mode);
    }

    fn set(&self, mode: u8) {
        self.state.mode.store(mode, Ordering::SeqCst);
    }

    fn cuts(&self) -> usize {
        self.state.cut.load(Ordering::SeqCst)
    }
}

fn copy(mut from: TcpStream, mut to: TcpStream) {
    let mut part = [0; 65536];
    while let Ok(read @ 1..) = from.read(&mut part) {
        if to.write_all(&part[..read]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}

/// From Muster to Postgres. A change is known by the lock that it takes.
fn forward(mut client: TcpStream, mut server: TcpStream, state: &State) {
    let contains = |bytes: &[u8], sign: &[u8]| !sign.is_empty() && bytes.windows(sign.len()).any(|part| part == sign);
    let (mut part, mut changes, mut meant) = ([0; 65536], false, false);
    while let Ok(read @ 1..) = client.read(&mut part) {
        let bytes = &part[..read];
        changes |= contains(bytes, b"7310579");
        meant |= contains(bytes, state.sign.lock().unwrap().as_bytes());
        if contains(bytes, b"COMMIT\0") {
            match state.mode.load(Ordering::SeqCst) {
                _ if !(changes && meant) => {}
                LOSE_COMMIT => {
                    state.mode.store(PASS, Ordering::SeqCst);
                    state.cut.fetch_add(1, Ordering::SeqCst);
                    let _ = server.shutdown(Shutdown::Both);
                    return state.close_all();
                }
                mode @ (LOSE_ANSWER | LOSE_ALL) => {
                    state.mode.store(if mode == LOSE_ALL { GONE } else { PASS }, Ordering::SeqCst);
                    state.cut.fetch_add(1, Ordering::SeqCst);
                    // The way back is closed before the commit is sent, and the commit is carried out nevertheless.
                    let _ = client.shutdown(Shutdown::Both);
                    // Nobody can be asked in between, either.
                    if mode == LOSE_ALL {
                        state.close_all();
                    }
                    let _ = server.write_all(bytes);
                    let _ = server.shutdown(Shutdown::Write);
                    return;
                }
                _ => {}
            }
            (changes, meant) = (false, false);
        }
        if server.write_all(bytes).is_err() {
            break;
        }
    }
    let _ = server.shutdown(Shutdown::Both);
}

struct Stage {
    app: TestApp,
    proxy: Proxy,
    admin: Client,
}

fn stage() -> Stage {
    let home = fresh();
    let (scheme, rest) = home.url().split_once("://").unwrap();
    let (authority, name) = rest.split_once('/').unwrap();
    let (user, server) = authority.split_once('@').unwrap();
    let proxy = Proxy::to(server.to_owned());
    let url = format!("{scheme}://{user}@127.0.0.1:{}/{name}", proxy.port);
    let app = TestApp::on(home, |config| config.database_url = url.parse().unwrap());
    let admin = app.admin();
    Stage { app, proxy, admin }
}

#[test]
fn a_commit_whose_answer_is_lost_is_looked_up() {
    if Engine::current() != Engine::Postgres {
        return;
    }
    let Stage { app, proxy, admin } = stage();
    let robot = app.add_account("robot");
    for (verb, totals) in [("disablement", (0, 1)), ("enablement", (1, 0))] {
        let before = proxy.cuts();
        proxy.lose(LOSE_ANSWER, robot.as_str());
        let answer = admin.post(&format!("{LIST}/{robot}/{verb}"), &[]);
        assert_eq!(answer.status, 303, "{verb}: {}", answer.text());
        assert_eq!((app.totals(), proxy.cuts()), (totals, before + 1), "{verb}");
    }
}

#[test]
fn a_commit_that_is_lost_changes_nothing_and_says_so() {
    if Engine::current() != Engine::Postgres {
        return;
    }
    let Stage { app, proxy, admin } = stage();
    let robot = app.add_account("robot");
    proxy.lose(LOSE_COMMIT, robot.as_str());
    let answer = admin.post(&format!("{LIST}/{robot}/disablement"), &[]);
    assert_eq!((answer.status, proxy.cuts()), (503, 1));
    assert!(answer.text().contains("Nothing was changed"), "{}", answer.text());
    assert_eq!(app.totals(), (1, 0));
}

#[test]
fn a_commit_that_nobody_can_ask_for_is_not_called_undone_and_its_form_finds_it() {
    if Engine::current() != Engine::Postgres {
        return;
    }
    let Stage { app, proxy, admin } = stage();
    let page = admin.get(&format!("{LIST}/new"));
    assert_eq!(page.status, 200);
    let field = page.body.split("name=\"form\"").nth(1).unwrap();
    let form = field.split("value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let fields = [("name", "robot"), ("form", form.as_str())];
    proxy.lose(LOSE_ALL, "robot");
    let from = format!("{}{LIST}/new", app.url);
    let answer = admin.send("POST", LIST, &[("Sec-Fetch-Site", "same-origin"), ("Referer", &from)], &fields);
    assert_eq!((answer.status, proxy.cuts()), (503, 1), "{}", answer.text());
    // It looks by itself once the database is back, on the page that the form stood on.
    assert!(answer.body.contains("data-retry"), "{}", answer.body);
    let said = answer.text();
    assert!(said.contains("may or may not have been saved") && !said.contains("Nothing was changed"), "{said}");
    proxy.set(PASS);
    eventually("the database", || app.anonymous().get("/readyz").status == 200);
    assert_eq!(app.totals(), (1, 0));
    // Sent again, the form finds what it did, and does it once.
    let again = admin.post(LIST, &fields);
    assert!([303, 409].contains(&again.status), "{} {}", again.status, again.text());
    assert_eq!(app.totals(), (1, 0));
}
