//! Nobody is refused because what makes them good is new: a token, its successor, an enabling and a role, made by somebody else
//! than the instance that is asked, which learns of it only when it looks. A hundred thousand questions are asked about what is
//! new in both tests together, all of them while nobody but its maker knows it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Barrier, Mutex};

use muster::accounts::model::{Kind, Selection};
use muster::accounts::operations::{self, Plan};
use muster::auth::principal::Principal;
use muster::database::{Database, DbConnection};
use muster::error::Error;
use muster::id::Id;
use muster::tokens;
use muster::tokens::model::{Expiry, Overlap};
use muster::tokens::value::{Access, TokenValue};

use crate::outage::load::Over;
use crate::support::app::{Client, TestApp};
use crate::support::pipeline::Pipeline;

const VERIFY: &str = "/auth/verify";
const REFUNDS: &str = "/auth/verify?require=payments:refund";
const NOBODY: [u16; 0] = [];
const ASKERS: usize = 8;
const ROUNDS: usize = 50;
/// Each asker asks so often about what is new in a round, without waiting for an answer: 100,800 times in seven kinds of news.
const ASKED: usize = 36;

/// A pool of its own on the app's database: to the server, another process.
fn aside(app: &TestApp) -> Database {
    Database::connect(app.database_url.parse().unwrap(), 2).unwrap()
}

fn new_token(conn: &mut DbConnection, account: &Id) -> Result<TokenValue, Error> {
    let form = tokens::operations::TokenCreation { name: "new".into(), access: Some(Access::Write), expiry: Ok(Expiry::Never) };
    Ok(tokens::operations::create(conn, &Principal::shell(), account, &form, None)?.1)
}

fn bearer(value: &str) -> String {
    format!("Bearer {value}")
}

/// What `news` makes is asked about by all askers at once, in each round, at `url`. Gives the statuses that were not 200.
fn wrongly_refused(url: &str, path: &str, mut news: impl FnMut(usize) -> String + Send) -> Vec<u16> {
    let (next, refused) = (Mutex::new(String::new()), Mutex::new(Vec::new()));
    let (begin, end) = (Barrier::new(ASKERS + 1), Barrier::new(ASKERS + 1));
    std::thread::scope(|scope| {
        for _ in 0..ASKERS {
            scope.spawn(|| {
                for _ in 0..ROUNDS {
                    begin.wait();
                    let authorization = bearer(&next.lock().unwrap());
                    // What is new may take longer to make than a connection lasts.
                    let statuses = Pipeline::to(url).ask(path, &authorization, ASKED);
                    refused.lock().unwrap().extend(statuses.into_iter().filter(|status| *status != 200));
                    end.wait();
                }
            });
        }
        for round in 0..ROUNDS {
            *next.lock().unwrap() = news(round);
            begin.wait();
            end.wait();
        }
    });
    refused.into_inner().unwrap()
}

/// Made-up tokens, well-formed and unknown, until it is over.
fn made_up(url: &str, over: &AtomicBool, sent: &AtomicUsize) {
    let client = Client::new(url);
    while !over.load(Ordering::Relaxed) {
        let value = TokenValue::generate(Access::Write).unwrap();
        let status = client.get_with("/auth/verify", &[("Authorization", &bearer(value.expose()))]).status;
        assert!(matches!(status, 401 | 429), "{status}");
        sent.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn what_another_process_has_made_good_is_never_refused() {
    let app = TestApp::start_with(|config| config.refusal_limit = 100);
    let database = aside(&app);
    let role = app.add_role("Refunder", &["payments:refund"]);
    let (account, off, poor) = (app.add_account("ci"), app.add_account("off"), app.add_account("poor"));
    let write = |work: &mut dyn FnMut(&mut DbConnection) -> Result<TokenValue, Error>| {
        database.write_now(|conn| work(conn)).unwrap().expose().to_owned()
    };
    let (over, sent) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| made_up(&app.url, &over, &sent));
        // Also where this panics, or the flood would go on and nobody hear of it.
        let _over = Over(&over);
        let refused = wrongly_refused(&app.url, VERIFY, |_| write(&mut |conn| new_token(conn, &account)));
        assert_eq!(refused, NOBODY, "created");
        let refused = wrongly_refused(&app.url, VERIFY, |_| {
            let old = write(&mut |conn| new_token(conn, &account));
            write(&mut |conn| {
                let shell = Principal::shell();
                Ok(tokens::operations::regenerate(conn, &shell, &account, &old[5..17], Overlap::Now, None)?.value)
            })
        });
        assert_eq!(refused, NOBODY, "regenerated");
        let one = Selection::Accounts(vec![off.clone()]);
        let of_off = app.add_token(&off, Access::Write);
        let refused = wrongly_refused(&app.url, VERIFY, |_| {
            database.write_now(|conn| operations::disable(conn, &Principal::shell(), Kind::System, &one)).unwrap();
            until_it_is(401, &app, VERIFY, &of_off);
            let plan = Plan::unlimited();
            database.write_now(|conn| operations::enable(conn, &Principal::shell(), &plan, Kind::System, &one)).unwrap();
            of_off.clone()
        });
        assert_eq!(refused, NOBODY, "enabled");
        let of_poor = app.add_token(&poor, Access::Write);
        let refused = wrongly_refused(&app.url, REFUNDS, |_| {
            let set = |edit: operations::ActionParams| {
                database.write_now(|conn| operations::set_roles(conn, &Principal::shell(), Kind::System, &poor, &edit)).unwrap();
            };
            set(operations::ActionParams::default());
            until_it_is(403, &app, REFUNDS, &of_poor);
            set(operations::ActionParams::exactly([role.clone()]));
            of_poor.clone()
        });
        assert_eq!(refused, NOBODY, "given a role");
    });
    assert!(sent.into_inner() > 100, "there was no flood");
}

fn ask(app: &TestApp, path: &str, token: &str) -> u16 {
    app.anonymous().get_with(path, &[("Authorization", &bearer(token))]).status
}

/// The server has to have seen what was taken away, or there is nothing that it could wrongly remember.
fn until_it_is(status: u16, app: &TestApp, path: &str, token: &str) {
    while ask(app, path, token) != status {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

#[test]
fn what_one_instance_has_answered_is_never_refused_by_another() {
    let app = TestApp::start_with(|config| config.refusal_limit = 100);
    let other = app.beside();
    let admin = app.admin();
    let account = app.add_account("ci");
    let own = format!("/settings/system-accounts/{account}");
    let rule = regex::Regex::new("mst[rw]_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}").unwrap();
    let made = |path: &str, fields: &[(&str, &str)]| {
        let page = admin.post_and_follow(path, fields);
        assert_eq!(page.status, 200, "{}", page.text());
        rule.find(&page.body).unwrap().as_str().to_owned()
    };
    let fields = [("name", "deploy"), ("access", "write"), ("expires", "30")];
    let create = || made(&format!("{own}/tokens"), &fields);
    assert_eq!(wrongly_refused(&other.url, VERIFY, |_| create()), NOBODY, "created");
    let first = create();
    let refused = wrongly_refused(&other.url, VERIFY, |_| {
        assert_eq!(admin.post(&format!("{own}/disablement"), &[]).status, 303);
        until_it_is(401, &other, VERIFY, &first);
        assert_eq!(admin.post(&format!("{own}/enablement"), &[]).status, 303);
        first.clone()
    });
    assert_eq!(refused, NOBODY, "enabled");
    // By the token itself, as a rotation job does it.
    let refused = wrongly_refused(&other.url, VERIFY, |_| {
        let current = create();
        let answer = other.anonymous().send("POST", "/tokens/current/regenerate", &[("Authorization", &bearer(&current))], &[]);
        assert_eq!(answer.status, 201, "{}", answer.body);
        let successor = rule.find(&answer.body).unwrap().as_str().to_owned();
        // What the other one made is asked about at the first.
        assert_eq!(app.verify(&successor).status, 200);
        successor
    });
    assert_eq!(refused, NOBODY, "regenerated");
    // Muster's own API goes by the same check.
    let asker = app.add_role("Introspector", &["token:introspect"]);
    let poor = app.add_account("poor");
    let of_poor = app.add_token(&poor, Access::Read);
    for (roles, status) in [(vec![], 403), (vec![("role", asker.as_str())], 200)].iter().cycle().take(20) {
        assert_eq!(admin.post(&format!("/settings/system-accounts/{poor}/roles"), roles).status, 303);
        let asked = [("Authorization", &*bearer(&of_poor))];
        let answer = other.anonymous().send("POST", "/oauth/introspect", &asked, &[("token", "x")]);
        // What has been taken away may be known a second later elsewhere; what has been given may not.
        assert!(answer.status == *status || *status == 403, "{}", answer.status);
    }
}
