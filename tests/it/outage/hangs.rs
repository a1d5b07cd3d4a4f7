//! A Postgres that takes every question and answers none: its processes are frozen, and connections to them stay. Nothing
//! that is sent to it fails, so it is for Muster to give up.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::load::{Load, Outage, Over, PROMISE, alone, open, signed_in, wait};
use super::under_load::{serve, stop};
use crate::support::app::{Answer, Client};
use crate::support::cluster::Cluster;
use crate::support::engine::Engine;

const LIST: &str = "/settings/system-accounts";
/// How long a page may leave somebody waiting: three seconds for each of two connections, or ten for what has begun.
const PAGES: Duration = Duration::from_secs(12);
/// The same and what a busy machine adds to it.
const PATIENCE: Duration = Duration::from_secs(45);

fn timed(what: &str, ask: impl FnOnce() -> Answer) {
    let began = Instant::now();
    let answer = ask();
    let took = began.elapsed();
    println!("{what}: {} after {took:?}", answer.status);
    assert_eq!(answer.status, 503, "{what}: {}", answer.text());
    assert!(took < PATIENCE, "{what} took {took:?}");
}

#[test]
fn a_postgres_that_hangs_is_told_and_comes_back() {
    if Engine::current() != Engine::Postgres {
        return;
    }
    let _alone = alone();
    let cluster = Cluster::start();
    let url = cluster.url();
    let load = Load::prepare(&url);
    let process = serve(&url);
    let (admin, visitor) = (signed_in(&process.url), Client::new(&process.url));
    let account = format!("{LIST}/{}", load.spared());
    let mut outage = None;
    // Somebody is in the middle of a page when it happens.
    let (pages, over) = (Mutex::new(Vec::new()), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for path in [LIST, "/settings/roles", account.as_str()] {
            let (admin, pages, over) = (admin.clone(), &pages, &over);
            scope.spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    let start = Instant::now();
                    let status = admin.get(path).status;
                    pages.lock().unwrap().push((path, start, Instant::now(), status));
                    std::thread::sleep(Duration::from_millis(5));
                }
            });
        }
        let _over = Over(&over);
        load.run(&[&process.url], || {
            load.wait_for_changes(40);
            let from = Instant::now();
            cluster.freeze();
            load.wait_for(&[0], 200, 503, from + PROMISE);
            timed("the list", || admin.get(LIST));
            timed("a change", || admin.post(&format!("{account}/disablement"), &[]));
            timed("signing in", || visitor.post("/login", &[("email", "maya@example.test"), ("password", "wrong")]));
            timed("readyz", || visitor.get("/readyz"));
            assert_eq!(visitor.get("/healthz").status, 200);
            // Those who were in the middle of a page have been told by now.
            wait("an answer for everybody", || {
                let pages = pages.lock().unwrap();
                pages.iter().filter(|(_, start, ..)| *start < from).count() > 0 && from.elapsed() > PAGES
            });
            let until = Instant::now();
            cluster.thaw();
            load.wait_for(&[0], 200, 200, until);
            load.wait_for_changes(40);
            wait("the pages", || admin.get(LIST).status == 200);
            outage = Some(Outage { from, until });
        });
    });
    let outage = outage.unwrap();
    load.report("hanging", outage, 0);
    let pages = pages.into_inner().unwrap();
    let slowest = pages.iter().map(|(_, start, end, _)| *end - *start).max().unwrap();
    println!("{} pages, the slowest after {slowest:?}", pages.len());
    for (path, start, end, status) in &pages {
        let disturbed = *end > outage.from && *start < outage.until + super::load::RECOVERY;
        assert!(*status == 200 || (*status == 503 && disturbed), "{path}: {status}");
        assert!(*end - *start < PATIENCE, "{path} took {:?}", *end - *start);
    }
    stop(process);
    load.assert_right(&[outage], |_| false);
    // What could not be written meanwhile was kept: no commit is in doubt where no connection broke.
    load.activity(&mut open(&url), 0, 1).assert_complete();
    // The change that was refused has not been made.
    let sql = format!("SELECT CAST(disabled AS TEXT) AS line FROM accounts WHERE id = '{}'", load.spared());
    assert_eq!(crate::support::snapshot::lines(&mut open(&url), &sql), ["false"]);
}
