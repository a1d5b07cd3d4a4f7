//! What an actor may do is looked at when their change is made, and not only when their request arrived.

use std::time::{Duration, Instant};

use muster::accounts::model::{Kind, Selection};
use muster::accounts::operations::{self, ActionParams};
use muster::auth::principal::{ActorKind, Means, Origin, Principal};
use muster::auth::queries;
use muster::database::DbConnection;
use muster::error::Error;
use muster::id::Id;
use muster::roles::predefined;
use muster::settings;
use muster::tokens::expiry;
use muster::tokens::value::Access;

use crate::support::app::{Client, TestApp};

const LIST: &str = "/settings/system-accounts";

/// Has `request` wait for its turn to change something, does `meanwhile` before it, and returns the request's status.
fn overtaken(
    app: &TestApp,
    request: impl FnOnce() -> u16 + Send,
    meanwhile: impl FnOnce(&mut DbConnection) -> Result<(), Error>,
) -> u16 {
    // What a server writes when it starts would wait for the lock as well, and pass for the request.
    let end = Instant::now() + Duration::from_secs(20);
    while app.read(|conn| settings::moment(conn, expiry::SEEN_UNTIL)).is_none() {
        assert!(Instant::now() < end, "the server has not looked for expired tokens");
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::scope(|scope| {
        let mut waiting = None;
        let changed = app.database.write_now(|conn| {
            waiting = Some(scope.spawn(request));
            // The request is past the door once it holds a connection and asks for nothing but the lock. Were it not there
            // yet, it would be refused at the door, and the test would only prove less.
            let (mut quiet, end) = (0, Instant::now() + Duration::from_secs(20));
            while quiet < 20 && Instant::now() < end {
                let before = app.database.statements();
                std::thread::sleep(Duration::from_millis(5));
                let (connections, idle, _) = app.database.connections();
                quiet = if connections - idle == 2 && app.database.statements() == before { quiet + 1 } else { 0 };
            }
            assert_eq!(quiet, 20, "the request did not come to wait for the lock");
            meanwhile(conn)
        });
        changed.unwrap();
        waiting.unwrap().join().unwrap()
    })
}

fn second_administrator(app: &TestApp) -> Client {
    app.user("Tomas Okafor", &[predefined::ADMINISTRATOR.into()])
}

#[test]
fn a_change_that_was_overtaken_by_its_actors_end_is_refused() {
    let app = TestApp::start();
    let admin = app.admin();
    let robot = app.add_account("robot");
    type End = fn(&mut DbConnection, &Id) -> Result<(), Error>;
    let ends: [(&str, u16, End); 4] = [
        ("disabled", 303, |conn, id| {
            let one = Selection::Accounts(vec![id.clone()]);
            operations::disable(conn, &Principal::shell(), Kind::User, &one).map(drop)
        }),
        ("deleted", 303, |conn, id| {
            let one = Selection::Accounts(vec![id.clone()]);
            operations::delete(conn, &Principal::shell(), Kind::User, &one).map(drop)
        }),
        ("signed out", 303, |conn, id| queries::sessions::end_others(conn, id, None).map(drop)),
        ("no longer Administrator", 403, |conn, id| {
            let edit = ActionParams::exactly([Id::from(predefined::USER)]);
            operations::set_roles(conn, &Principal::shell(), Kind::User, id, &edit).map(drop)
        }),
    ];
    for (at, (what, status, end)) in ends.into_iter().enumerate() {
        let other = app.user(&format!("Tomas {at}"), &[predefined::ADMINISTRATOR.into()]);
        let id = other.account.clone().unwrap();
        let answer = overtaken(&app, || other.post(&format!("{LIST}/{robot}/disablement"), &[]).status, |conn| end(conn, &id));
        assert_eq!(answer, status, "{what}");
        let page = admin.get(&format!("{LIST}/{robot}"));
        assert!(!page.body.contains("data-state=\"disabled\""), "{what}: {}", page.text());
        assert_eq!(app.totals(), (1, 0), "{what}");
    }
    // Nobody overtakes this one.
    let other = second_administrator(&app);
    assert_eq!(overtaken(&app, || other.post(&format!("{LIST}/{robot}/disablement"), &[]).status, |_| Ok(())), 303);
    assert_eq!(app.totals(), (0, 1));
}

#[test]
fn a_token_that_was_revoked_meanwhile_changes_nothing() {
    let app = TestApp::start();
    let robot = app.add_account("robot");
    let value = app.add_token(&robot, Access::Write);
    let public = value.split('_').nth(1).unwrap().to_owned();
    let bearer = format!("Bearer {value}");
    let request =
        || app.anonymous().send("POST", "/tokens/current/regenerate", &[("Authorization", bearer.as_str())], &[]).status;
    let status =
        overtaken(&app, request, |conn| muster::tokens::operations::revoke(conn, &Principal::shell(), &robot, &public).map(drop));
    assert_eq!(status, 401);
    let ended = app.anonymous().send("DELETE", "/tokens/current", &[("Authorization", bearer.as_str())], &[]);
    assert_eq!((ended.status, ended.text().contains("This token cannot be used.")), (401, true));
    let tokens = app.read(|conn| muster::tokens::queries::of_account(conn, &robot));
    assert!(tokens.is_empty(), "{tokens:?}");
}

#[test]
fn the_present_rights_are_those_of_the_account() {
    let app = TestApp::start();
    let robot = app.add_account_with("robot", &[predefined::ADMINISTRATOR.into()]);
    let public = app.add_token(&robot, Access::Read).split('_').nth(1).unwrap().to_owned();
    let actor = Principal {
        account: Some(robot.clone()),
        name: "what it was called then".into(),
        kind: ActorKind::System,
        roles: Vec::new(),
        permissions: predefined::administrator_permissions(),
        means: Means::Token(public),
        origin: Origin { request_id: Some("r-1".into()), ..Origin::default() },
    };
    let present = |actor: &Principal| app.read(|conn| Ok(queries::present(conn, actor))).map(|found| (found.name, found.roles));
    assert_eq!(present(&actor), Ok(("robot".into(), vec!["Administrator".into()])));
    app.write(|conn| operations::set_roles(conn, &Principal::shell(), Kind::System, &robot, &ActionParams::default()));
    assert_eq!(present(&actor), Ok(("robot".into(), vec![])));
    let (found, kept) = (app.read(|conn| queries::present(conn, &actor)), Principal::shell());
    assert!(!found.may("system_account:read:*") && found.origin == actor.origin);
    assert!(app.read(|conn| queries::present(conn, &kept)).is_administrator());
    // A token of somebody else, and one that there is not
    let other = app.add_token(&app.add_account("other"), Access::Read).split('_').nth(1).unwrap().to_owned();
    for token in [other, "abcdefghijkl".into()] {
        assert_eq!(present(&Principal { means: Means::Token(token), ..actor.clone() }), Err(Error::Unauthenticated));
    }
    assert_eq!(present(&Principal { kind: ActorKind::User, ..actor.clone() }), Err(Error::Unauthenticated));
}

/// The ways to change something without a signed-in actor; everything else asks for one, inside the change.
#[test]
fn every_change_of_a_signed_in_actor_looks_at_them_again() {
    const ALLOWED: [(&str, usize); 4] = [
        ("src/auth/pages/setup.rs", 1),
        ("src/people/pages/set_password.rs", 1),
        ("src/auth/access.rs", 1),
        ("src/tokens/expiry.rs", 2),
    ];
    let places = ["src/auth", "src/accounts/pages", "src/tokens", "src/people", "src/roles", "src/gateway", "src/web"];
    let mut found: Vec<(String, usize)> = Vec::new();
    for place in places {
        let mut folders = vec![std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(place)];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let text: String = std::fs::read_to_string(&path).unwrap().split_whitespace().collect();
                let writes = text.matches("database.write(").count();
                let name = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().display().to_string();
                if writes > 0 && !name.contains("tests") {
                    found.push((name, writes));
                }
            }
        }
    }
    for (name, writes) in &found {
        let allowed = ALLOWED.iter().find(|(allowed, _)| allowed == name).map_or(0, |(_, most)| *most);
        assert!(*writes <= allowed, "{name} changes something by database.write: use Actor::write or Call::write");
    }
    assert_eq!(found.len(), ALLOWED.len(), "the rule no longer finds what it looks for: {found:?}");
}

#[test]
fn the_slower_of_two_calls_by_one_token_is_told_as_at_the_door() {
    let app = TestApp::start();
    let robot = app.add_account("robot");
    let value = app.add_token(&robot, Access::Write);
    let public = value.split('_').nth(1).unwrap().to_owned();
    let bearer = format!("Bearer {value}");
    let told = std::sync::Mutex::new(None);
    overtaken(
        &app,
        || {
            let answer = app.anonymous().send("DELETE", "/tokens/current", &[("Authorization", bearer.as_str())], &[]);
            let status = answer.status;
            *told.lock().unwrap() = Some(answer);
            status
        },
        |conn| muster::tokens::operations::revoke(conn, &Principal::shell(), &robot, &public).map(drop),
    );
    let told = told.into_inner().unwrap().unwrap();
    assert_eq!((told.status, told.header("content-type")), (401, "application/problem+json"));
    assert!(told.header("www-authenticate").contains("invalid_token"), "{told:?}");
    assert!(told.body.contains("This token cannot be used."), "{told:?}");
}
