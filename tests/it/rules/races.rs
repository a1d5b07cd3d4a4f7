//! What must hold when many act at the same moment, on one instance or on two.

use std::sync::Barrier;

use muster::accounts::model::{AccountFilter, Kind, Selection};
use muster::accounts::operations::{self, Done};
use muster::accounts::queries;
use muster::auth::principal::{Origin, Principal};
use muster::database::{Database, DbConnection};
use muster::error::Error;
use muster::id::Id;
use muster::roles::predefined;

use crate::support::app::{Client, TestApp};
use crate::support::process::Process;

const LIST: &str = "/settings/system-accounts";

/// Does `work` on `n` threads at the same moment, and returns what each gave.
fn at_once<T: Send>(n: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let (start, work) = (Barrier::new(n), &work);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..n)
            .map(|at| {
                let start = &start;
                scope.spawn(move || {
                    start.wait();
                    work(at)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

fn count(statuses: &[u16], wanted: u16) -> usize {
    statuses.iter().filter(|status| **status == wanted).count()
}

/// The totals that are kept, and the rows themselves.
fn assert_totals(app: &TestApp, enabled: i64, disabled: i64) {
    assert_eq!(app.totals(), (enabled, disabled));
    let counted = app.read(|conn| {
        let of = |state: &str| format!("SELECT count(*) AS n FROM accounts WHERE kind = 'system' AND disabled = {state}");
        let mut number = |sql: String| muster::database::sql::Sql::new(&sql).number(conn);
        Ok((number(of("FALSE"))?, number(of("TRUE"))?))
    });
    assert_eq!(counted, (enabled, disabled));
}

#[test]
fn fifty_creations_on_the_last_place_yield_one() {
    let app = TestApp::with_plan(3);
    let admin = app.admin();
    app.add_account("one");
    app.add_account("two");
    let second = Process::serve(&app.database_url, &[("MUSTER_PLAN_NAME", "Team"), ("MUSTER_PLAN_LIMIT", "3")]);
    let answers = at_once(50, |at| {
        let host = if at % 2 == 0 { &app.url } else { &second.url };
        admin.clone().post(&format!("{host}{LIST}"), &[("name", &format!("racer {at}"))])
    });
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!((count(&statuses, 303), count(&statuses, 409)), (1, 49), "{statuses:?}");
    let refused = answers.iter().find(|answer| answer.status == 409).unwrap();
    assert!(refused.text().contains("The Team plan allows 3 system accounts"), "{}", refused.text());
    assert_totals(&app, 3, 0);
}

#[test]
fn fifty_enablements_on_the_last_place_yield_one() {
    let app = TestApp::with_plan(3);
    let admin = app.admin();
    app.add_account("one");
    app.add_account("two");
    let ids: Vec<Id> = (0..50)
        .map(|at| {
            let id = app.add_account(&format!("racer {at}"));
            let one = Selection::Accounts(vec![id.clone()]);
            app.write(|conn| operations::disable(conn, &Principal::shell(), Kind::System, &one));
            id
        })
        .collect();
    let statuses = at_once(50, |at| admin.clone().post(&format!("{LIST}/{}/enablement", ids[at]), &[]).status);
    assert_eq!(count(&statuses, 303), 50, "the refusal is told on the next page: {statuses:?}");
    assert_totals(&app, 3, 49);
    // Several at once: all or nothing.
    let mut fields = vec![("do", "enable")];
    fields.extend(ids.iter().map(|id| ("id", id.as_str())));
    let refused = admin.post_and_follow(&format!("{LIST}/bulk"), &fields);
    assert!(refused.flash().starts_with("The Team plan allows 3 system accounts"), "{}", refused.flash());
    assert_totals(&app, 3, 49);
}

#[test]
fn one_name_is_given_once() {
    let app = TestApp::start();
    let admin = app.admin();
    let second = Process::serve(&app.database_url, &[]);
    for name in ["the name", "Straße", "İstanbul"] {
        let statuses = at_once(20, |at| {
            let host = if at % 2 == 0 { &app.url } else { &second.url };
            let written = if at % 3 == 0 { name.to_owned() } else { format!("  {name} ") };
            admin.clone().post(&format!("{host}{LIST}"), &[("name", &written)]).status
        });
        assert_eq!((count(&statuses, 303), count(&statuses, 422)), (1, 19), "{name}: {statuses:?}");
    }
    assert_totals(&app, 3, 0);
}

fn principal(database: &Database, id: &Id) -> Principal {
    database.read_now(|conn| muster::auth::queries::principal(conn, id, Id::new(), Origin::default())).unwrap().unwrap()
}

type Remove = fn(&mut DbConnection, &Principal, &Selection) -> Result<Done, Error>;

const WAYS: [(&str, Remove); 4] = [
    ("disable", |conn, actor, whom| operations::disable(conn, actor, Kind::User, whom)),
    ("delete", |conn, actor, whom| operations::delete(conn, actor, Kind::User, whom)),
    ("remove administrator", |conn, actor, whom| operations::remove_administrator(conn, actor, Kind::User, whom)),
    ("remove role", |conn, actor, whom| {
        operations::remove_roles(conn, actor, Kind::User, whom, &[predefined::ADMINISTRATOR.into()])
    }),
];

#[test]
fn two_administrators_who_remove_each_other_leave_one() {
    let app = TestApp::start();
    // Two instances: each with a pool of its own.
    let instances = [0, 1].map(|_| Database::connect(app.database_url.parse().unwrap(), 2).unwrap());
    let (mut left, _) = app.add_user("Admin 0", &[predefined::ADMINISTRATOR.into()]);
    let viewers: Vec<Id> = (0..5).map(|at| app.add_user(&format!("Viewer {at}"), &[predefined::USER.into()]).0).collect();
    let mut round = 0;
    for mixed in [false, true] {
        for many in [false, true] {
            for (name, remove) in WAYS {
                // Different ways against one another as well.
                let other_way = if mixed { WAYS[(round + 1) % WAYS.len()] } else { (name, remove) };
                for _ in 0..4 {
                    round += 1;
                    let (right, _) = app.add_user(&format!("Admin {round}"), &[predefined::ADMINISTRATOR.into()]);
                    let pair = [left.clone(), right.clone()];
                    let actors = [0, 1].map(|at| principal(&instances[at], &pair[at]));
                    let outcomes = at_once(2, |at| {
                        let mut whom = vec![pair[1 - at].clone()];
                        // Viewers of the loser's kind are touched only where that does not remove them for later rounds.
                        if many {
                            whom.extend(viewers.iter().take(if name.starts_with("remove") && !mixed { 5 } else { 0 }).cloned());
                            whom.push(pair[1 - at].clone());
                        }
                        let way = if at == 0 { remove } else { other_way.1 };
                        instances[at].write_now(|conn| way(conn, &actors[at], &Selection::Accounts(whom)))
                    });
                    let done = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
                    assert_eq!(done, 1, "{name} against {}, many: {many}: {outcomes:?}", other_way.0);
                    let refusal = outcomes.iter().find_map(|outcome| outcome.as_ref().err()).unwrap();
                    let Error::Conflict(sentence) = refusal else { panic!("{name}: {refusal:?}") };
                    assert!(sentence.contains("is the last administrator who can sign in"), "{sentence}");
                    assert!(app.read(queries::administrators::has_administrator));
                    left = if outcomes[0].is_ok() { left } else { right };
                }
            }
        }
    }
}

#[test]
fn all_that_match_never_removes_the_last_administrator() {
    let app = TestApp::start();
    let instances = [0, 1].map(|_| Database::connect(app.database_url.parse().unwrap(), 2).unwrap());
    let (mut left, _) = app.add_user("Admin 0", &[predefined::ADMINISTRATOR.into()]);
    for round in 1..=12 {
        let (right, _) = app.add_user(&format!("Admin {round}"), &[predefined::ADMINISTRATOR.into()]);
        let pair = [left.clone(), right.clone()];
        let actors = [0, 1].map(|at| principal(&instances[at], &pair[at]));
        // Everybody who has the role: oneself among them.
        let everybody =
            AccountFilter { role: Some(predefined::ADMINISTRATOR.into()), disabled: true, ..AccountFilter::all(Kind::User) };
        let everybody = Selection::Matching(everybody);
        let (name, remove) = WAYS[round % WAYS.len()];
        let outcomes = at_once(2, |at| instances[at].write_now(|conn| remove(conn, &actors[at], &everybody)));
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Err(Error::Conflict(_)))), "{name}: {outcomes:?}");
        // One of them by the filter, the other by name.
        let searched = AccountFilter { search: format!("Admin {round}").as_str().into(), ..AccountFilter::all(Kind::User) };
        let whom = [Selection::Matching(searched), Selection::Accounts(vec![left.clone()])];
        let outcomes = at_once(2, |at| instances[at].write_now(|conn| remove(conn, &actors[at], &whom[at])));
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{name}: {outcomes:?}");
        assert!(app.read(queries::administrators::has_administrator));
        left = if outcomes[0].is_ok() { left } else { right };
    }
}

#[test]
fn nobody_disables_or_deletes_themselves() {
    let app = TestApp::start();
    let (own, _) = app.add_user("Maya Lindqvist", &[predefined::ADMINISTRATOR.into()]);
    app.add_user("Tomas Okafor", &[predefined::ADMINISTRATOR.into()]);
    let actor = principal(&app.database, &own);
    for (name, remove) in &WAYS[..2] {
        let all = AccountFilter { disabled: true, ..AccountFilter::all(Kind::User) };
        for whom in [Selection::Accounts(vec![own.clone()]), Selection::Matching(all)] {
            let refused = app.database.write_now(|conn| remove(conn, &actor, &whom));
            let Err(Error::Conflict(sentence)) = refused else { panic!("{name}: {refused:?}") };
            assert!(sentence.contains("you're signed in with"), "{sentence}");
        }
    }
}

#[test]
fn the_same_change_is_undone_once() {
    let app = TestApp::start();
    let admin: Client = app.admin();
    let id = app.add_account("robot");
    assert_eq!(admin.post(&format!("{LIST}/{id}/disablement"), &[]).status, 303);
    let change = app.read(|conn| {
        let sql = "SELECT change_id AS line FROM audit_events WHERE type = 'account.disabled'";
        Ok(crate::support::snapshot::lines(conn, sql))
    });
    let statuses = at_once(10, |_| admin.clone().post(&format!("/settings/changes/{}/undo", change[0]), &[]).status);
    assert_eq!(count(&statuses, 303), 10, "{statuses:?}");
    assert_totals(&app, 1, 0);
    let undone = app.read(|conn| {
        let sql = "SELECT change_id AS line FROM audit_events WHERE type = 'account.enabled'";
        Ok(crate::support::snapshot::lines(conn, sql))
    });
    assert_eq!(undone.len(), 1);
}
