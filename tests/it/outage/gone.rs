//! The database cannot be asked: everybody is told so in a sentence, and it ends by itself.

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use muster::accounts::model::{Kind, Selection};
use muster::accounts::operations;
use muster::auth::principal::Principal;
use muster::database::manager;
use muster::tokens::value::Access;

use crate::support::app::{Answer, Client, PASSWORD, TestApp};
use crate::support::engine::Engine;
use crate::support::soon::{eventually, soon};

const LIST: &str = "/settings/system-accounts";
/// Nobody is left waiting for longer: three seconds for a connection, once for the session and once for the page, and what a
/// busy machine adds to it.
const TIMEOUT: Duration = Duration::from_secs(40);

fn timed(what: &str, ask: impl FnOnce() -> Answer) -> (Answer, Duration) {
    let began = Instant::now();
    let answer = ask();
    let took = began.elapsed();
    println!("{what}: {} after {took:?}", answer.status);
    (answer, took)
}

fn is_a_plain_503(what: &str, ask: impl FnOnce() -> Answer) {
    let (answer, took) = timed(what, ask);
    assert_eq!(answer.status, 503, "{what}: {}", answer.text());
    assert!(answer.text().contains("reach its database right now"), "{what}: {}", answer.text());
    assert!(!answer.header("retry-after").is_empty(), "{what}");
    for sign in ["SELECT", "INSERT", "FATAL", "diesel", "r2d2", "postgres", "sqlite", "locked", "panicked"] {
        assert!(!answer.body.contains(sign), "{what} tells {sign}: {}", answer.body);
    }
    assert!(took < TIMEOUT, "{what} took {took:?}");
    assert!(!answer.header("set-cookie").contains("Max-Age=0"), "{what} ends the session");
}

fn works_again(what: &str, ask: impl Fn() -> u16) {
    let began = Instant::now();
    eventually(what, || ask() == 200);
    println!("{what} works again after {:?}", began.elapsed());
}

fn verify(app: &TestApp, client: &Client, token: &str) -> Answer {
    client.get_with(&format!("{}/auth/verify", app.url), &[("Authorization", &format!("Bearer {token}"))])
}

#[test]
fn a_postgres_that_is_gone_is_told_and_comes_back() {
    if Engine::current() != Engine::Postgres {
        return;
    }
    let app = TestApp::start();
    let (admin, visitor) = (app.admin(), app.anonymous());
    let robot = app.add_account("robot");
    let token = app.add_token(&robot, Access::Write);
    works_again("the check", || verify(&app, &visitor, &token).status);
    for round in ["first", "second"] {
        app.home.take_away();
        println!("-- {round} outage");
        // What the check has in memory is good for less than a second more.
        let began = Instant::now();
        let (_, took) = timed("the check at once", || verify(&app, &visitor, &token));
        assert!(took < TIMEOUT);
        std::thread::sleep(Duration::from_secs(1).saturating_sub(began.elapsed()));
        is_a_plain_503("the check", || verify(&app, &visitor, &token));
        is_a_plain_503("the check of a wrong token", || {
            verify(&app, &visitor, muster::tokens::value::TokenValue::generate(Access::Read).unwrap().expose())
        });
        is_a_plain_503("the list", || admin.get(LIST));
        is_a_plain_503("an account", || admin.get(&format!("{LIST}/{robot}")));
        is_a_plain_503("a change", || admin.post(&format!("{LIST}/{robot}/disablement"), &[]));
        is_a_plain_503("readyz", || visitor.get("/readyz"));
        is_a_plain_503("signing in", || visitor.post("/login", &[("email", "m@example.test"), ("password", PASSWORD)]));
        assert_eq!(visitor.get("/healthz").status, 200);
        assert_eq!(visitor.get("/login").status, 200);
        // Many who wait at once do not wait for one another.
        let began = Instant::now();
        let slowest = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..40)
                .map(|_| {
                    scope.spawn(|| {
                        let began = Instant::now();
                        assert_eq!(admin.clone().get(LIST).status, 503);
                        began.elapsed()
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).max().unwrap()
        });
        println!("40 at once: the slowest after {slowest:?}");
        assert!(began.elapsed() < TIMEOUT * 2, "{slowest:?}");
        app.home.bring_back();
        works_again("the check", || verify(&app, &visitor, &token).status);
        works_again("readyz", || visitor.get("/readyz").status);
        works_again("the list", || admin.get(LIST).status);
        // The change that was refused has not been made.
        assert_eq!(app.totals(), (1, 0));
        assert_eq!(admin.get(&format!("{LIST}/{robot}")).status, 200);
    }
    assert_eq!(admin.post(&format!("{LIST}/{robot}/disablement"), &[]).status, 303);
    assert_eq!(verify(&app, &visitor, &token).status, 401);
}

#[test]
fn what_was_changed_during_an_outage_holds_when_it_ends() {
    if Engine::current() != Engine::Postgres {
        return;
    }
    // Cut off from its database is this instance alone: another makes the change meanwhile.
    let app = TestApp::start();
    let visitor = app.anonymous();
    let robot = app.add_account("robot");
    let token = app.add_token(&robot, Access::Write);
    works_again("the check", || verify(&app, &visitor, &token).status);
    app.home.take_away();
    std::thread::sleep(Duration::from_millis(300));
    app.home.bring_back();
    let mut other = manager::open(&app.database_url.parse().unwrap()).unwrap();
    let one = Selection::Accounts(vec![robot]);
    diesel::Connection::transaction::<_, muster::error::Error, _>(&mut other, |conn| {
        operations::disable(conn, &Principal::shell(), Kind::System, &one)
    })
    .unwrap();
    soon("the change", || match verify(&app, &visitor, &token).status {
        503 => None,
        status => Some(status == 401),
    });
}

#[test]
fn a_sqlite_file_that_somebody_else_writes_to_is_told_and_comes_back() {
    if Engine::current() != Engine::Sqlite {
        return;
    }
    let app = TestApp::start();
    let (admin, visitor) = (app.admin(), app.anonymous());
    let robot = app.add_account("robot");
    let token = app.add_token(&robot, Access::Write);
    works_again("the check", || verify(&app, &visitor, &token).status);
    for lock in ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"] {
        // A page that takes a flash out of the session writes, and would wait.
        assert_eq!(admin.get(LIST).status, 200);
        let mut other = manager::open(&app.database_url.parse().unwrap()).unwrap();
        other.batch_execute(lock).unwrap();
        println!("-- {lock}");
        std::thread::scope(|scope| {
            let change =
                scope.spawn(|| is_a_plain_503("a change", || admin.clone().post(&format!("{LIST}/{robot}/disablement"), &[])));
            // Readers are answered meanwhile: the lock stays until all of them are.
            while !change.is_finished() {
                for path in [LIST, "/settings/roles", "/readyz", "/healthz"] {
                    assert_eq!(timed(path, || admin.get(path)).0.status, 200, "{path}");
                }
                assert_eq!(verify(&app, &visitor, &token).status, 200);
                std::thread::sleep(Duration::from_millis(500));
            }
            change.join().unwrap();
        });
        is_a_plain_503("signing in", || {
            visitor.post("/login", &[("email", "maya.lindqvist@example.test"), ("password", PASSWORD)])
        });
        other.batch_execute("ROLLBACK").unwrap();
        assert_eq!(app.totals(), (1, 0));
        assert_eq!(admin.post(&format!("{LIST}/{robot}/disablement"), &[]).status, 303);
        assert_eq!(admin.post(&format!("{LIST}/{robot}/enablement"), &[]).status, 303);
        assert_eq!(verify(&app, &visitor, &token).status, 200);
    }
    // A lock that is gone within the busy time is waited for. (On a busy machine it may be gone before anybody came.)
    let mut other = manager::open(&app.database_url.parse().unwrap()).unwrap();
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    std::thread::scope(|scope| {
        let change = scope.spawn(|| admin.clone().post(&format!("{LIST}/{robot}/disablement"), &[]).status);
        std::thread::sleep(Duration::from_millis(500));
        other.batch_execute("COMMIT").unwrap();
        assert_eq!(change.join().unwrap(), 303);
    });
}
