//! Answers are as fresh as a gateway's, all of one state, cost the same however many are asked, and leave nothing behind.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use muster::accounts::model::{Kind, Selection};
use muster::accounts::operations::{self, ActionParams};
use muster::auth::principal::Principal;
use muster::database::DbConnection;
use muster::error::Error;
use muster::id::Id;
use muster::roles::operations::{RoleDraft, RoleEdit};
use muster::tokens::value::Access;
use serde_json::{Value, json};

use super::{MANY, ONE, Stage, question, record, user};
use crate::support::engine::Engine;
use crate::support::snapshot::lines;

fn set_permissions(conn: &mut DbConnection, role: &Id, name: &str, permissions: &[&str]) -> Result<bool, Error> {
    let permissions = permissions.iter().map(ToString::to_string).collect();
    let wanted = RoleDraft { name: name.into(), description: String::new(), permissions };
    muster::roles::operations::update(conn, &Principal::shell(), role, &RoleEdit { shown: None, wanted })
}

fn set_role(conn: &mut DbConnection, kind: Kind, account: &Id, role: Option<&Id>) -> Result<(), Error> {
    let edit = role.map_or_else(ActionParams::default, |role| ActionParams::exactly([role.clone()]));
    operations::set_roles(conn, &Principal::shell(), kind, account, &edit).map(drop)
}

/// A system account with a token, which the cache knows, and a user without one, whom it does not.
fn both(stage: &Stage, role: &Id) -> Vec<(Kind, Id, Value)> {
    let robot = stage.app.add_account_with("robot", std::slice::from_ref(role));
    stage.app.add_token(&robot, Access::Write);
    let (person, _) = stage.app.add_user("person", std::slice::from_ref(role));
    let subject = json!({ "type": "system_account", "id": robot.as_str() });
    vec![(Kind::System, robot, subject), (Kind::User, person.clone(), user(&person))]
}

#[test]
fn a_change_that_was_answered_counts_at_once() {
    let stage = Stage::new();
    let role = stage.app.add_role("Refunder", &["payments:refund:*"]);
    for (kind, id, subject) in both(&stage, &role) {
        let ask = || stage.one(&question(&subject, "refund", &json!({ "type": "payments", "id": "4711" })));
        for _ in 0..5 {
            assert!(ask(), "{subject}");
            stage.app.write(|conn| set_role(conn, kind, &id, None));
            assert!(!ask(), "{subject}");
            stage.app.write(|conn| set_role(conn, kind, &id, Some(&role)));
            assert!(ask(), "{subject}");
            stage.app.write(|conn| set_permissions(conn, &role, "Refunder", &["payments:read:*"]));
            assert!(!ask(), "{subject}");
            stage.app.write(|conn| set_permissions(conn, &role, "Refunder", &["payments:refund:*"]));
        }
    }
}

/// What another instance has granted is known at once, and what it has taken within the promised second.
#[test]
fn a_change_elsewhere_counts_within_the_second() {
    let stage = Stage::new();
    let role = stage.app.add_role("Refunder", &["payments:refund:*"]);
    // Another process on the same database.
    let aside = muster::database::Database::connect(stage.app.database_url.parse().unwrap(), 1).unwrap();
    for (kind, id, subject) in both(&stage, &role) {
        let ask = || stage.one(&question(&subject, "refund", &json!({ "type": "payments", "id": "4711" })));
        for _ in 0..5 {
            assert!(ask(), "{subject}");
            aside.write_now(|conn| set_role(conn, kind, &id, None)).unwrap();
            let answered = Instant::now();
            loop {
                let begun = Instant::now();
                if !ask() {
                    break;
                }
                assert!(begun < answered + Duration::from_secs(1), "{subject}");
            }
            aside.write_now(|conn| set_role(conn, kind, &id, Some(&role))).unwrap();
            assert!(ask(), "{subject}");
            aside.write_now(|conn| set_permissions(conn, &role, "Refunder", &["other:thing"])).unwrap();
            aside.write_now(|conn| set_permissions(conn, &role, "Refunder", &["payments:refund:*"])).unwrap();
            assert!(ask(), "{subject}");
        }
    }
}

#[test]
fn all_answers_of_a_request_are_of_one_state() {
    let stage = Stage::new();
    let role = stage.app.add_role("Refunder", &["payments:refund:*"]);
    let subjects = both(&stage, &role);
    let payment = json!({ "type": "payments", "id": "4711" });
    // Each subject alone, and both together: from the cache, and from the database.
    let batches: Vec<Value> = [vec![0, 0, 0], vec![1, 1, 1], vec![0, 1, 0, 1]]
        .map(|order| {
            let items: Vec<Value> = order.iter().map(|at| question(&subjects[*at].2, "refund", &payment)).collect();
            json!({ "evaluations": items })
        })
        .to_vec();
    let over = AtomicBool::new(false);
    let seen = std::thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let mut seen = [0, 0];
            while !over.load(Ordering::Relaxed) {
                for batch in &batches {
                    let decisions = stage.many(batch);
                    assert!(decisions.iter().all(|decision| *decision == decisions[0]), "{decisions:?}");
                    seen[usize::from(decisions[0])] += 1;
                }
            }
            seen
        });
        for at in 0..60 {
            let permissions = if at % 2 == 0 { ["payments:read:*"] } else { ["payments:refund:*"] };
            stage.app.write(|conn| set_permissions(conn, &role, "Refunder", &permissions));
        }
        over.store(true, Ordering::Relaxed);
        asking.join().unwrap()
    });
    assert!(seen[0] + seen[1] > 30, "{seen:?}");
}

#[test]
fn statements_do_not_grow_with_the_questions() {
    let stage = Stage::new();
    let role = stage.app.add_role("Refunder", &["payments:refund:*"]);
    let people: Vec<Value> =
        (0..50).map(|n| user(&stage.app.add_user(&format!("person {n}"), std::slice::from_ref(&role)).0)).collect();
    let machines: Vec<Value> = (0..50)
        .map(|n| {
            let robot = stage.app.add_account_with(&format!("robot {n}"), std::slice::from_ref(&role));
            json!({ "type": "token", "id": stage.app.add_token(&robot, Access::Write) })
        })
        .collect();
    let cost = |subjects: &[Value], times: usize| {
        let items: Vec<Value> = subjects
            .iter()
            .cycle()
            .take(subjects.len() * times)
            .map(|subject| question(subject, "refund", &json!({ "type": "payments", "id": "4711" })))
            .collect();
        let body = json!({ "evaluations": items });
        let mut least = u64::MAX;
        for _ in 0..8 {
            let before = stage.app.database.statements();
            assert!(stage.many(&body).into_iter().all(|decision| decision));
            least = least.min(stage.app.database.statements() - before);
        }
        least
    };
    assert_eq!((cost(&machines[..1], 1), cost(&machines, 20)), (0, 0), "the cache knows whoever has a token");
    let one = cost(&people[..1], 1);
    assert_eq!((cost(&people, 1), cost(&people, 20)), (one, one), "the database is asked alike");
    assert!(one <= 8, "{one}");
    let mixed: Vec<Value> = people.iter().chain(&machines).cloned().collect();
    assert!(cost(&mixed, 10) <= one + 1);
}

#[test]
fn a_question_is_no_use_of_the_subject_and_no_event() {
    let stage = Stage::new();
    let reader = stage.app.add_role("Machine reader", &["record:read:*"]);
    let robot = stage.app.add_account_with("robot", &[reader]);
    let token = stage.app.add_token(&robot, Access::Read);
    let events = || stage.app.read(|conn| Ok(lines(conn, "SELECT type AS line FROM audit_events ORDER BY seq")));
    let before = events();
    for subject in
        [json!({ "type": "token", "id": token }), json!({ "type": "system_account", "id": robot.as_str() }), user(&stage.alice)]
    {
        assert!(stage.one(&question(&subject, "read", &record("record-1"))));
        assert!(!stage.one(&question(&subject, "delete", &record("record-1"))));
        stage.many(&json!({ "evaluations": [question(&subject, "read", &record("record-1")), {}] }));
    }
    assert_eq!(events(), before);
    let admin = stage.app.admin();
    let used = |name: &str| {
        let list = admin.get(&format!("/settings/system-accounts?q={name}"));
        assert_eq!(list.status, 200);
        list.text().contains("just now")
    };
    assert!(used("asker"), "the caller's own token was used");
    assert!(!used("robot"), "the subject's was not");
}

#[test]
fn without_the_database_there_is_no_decision() {
    let stage = Stage::new();
    let role = stage.app.add_role("Refunder", &["payments:refund:*"]);
    let subjects = both(&stage, &role);
    match Engine::current() {
        Engine::Sqlite => {
            let file = stage.app.database_url.strip_prefix("sqlite:").unwrap();
            std::fs::rename(file, format!("{file}.away")).unwrap();
        }
        Engine::Postgres => stage.app.home.take_away(),
    }
    let payment = json!({ "type": "payments", "id": "4711" });
    for (_, _, subject) in &subjects {
        let one = question(subject, "refund", &payment).to_string();
        let many = json!({ "evaluations": [question(subject, "refund", &payment)] }).to_string();
        for (path, body) in [(ONE, &one), (MANY, &many)] {
            let begun = Instant::now();
            let answer = loop {
                let answer = stage.send(path, body);
                if answer.status != 200 {
                    break answer;
                }
                assert!(begun.elapsed() < Duration::from_secs(30), "it still decides");
            };
            assert_eq!(answer.status, 503, "{}", answer.body);
            assert!(!answer.header("retry-after").is_empty());
            super::problem(&answer);
        }
    }
}

#[test]
fn who_is_deleted_is_unknown_at_once() {
    let stage = Stage::new();
    let role = stage.app.add_role("Refunder", &["payments:refund:*"]);
    for (kind, id, subject) in both(&stage, &role) {
        let asked = question(&subject, "refund", &json!({ "type": "payments", "id": "4711" }));
        assert!(stage.one(&asked));
        let one = Selection::Accounts(vec![id]);
        stage.app.write(move |conn| operations::delete(conn, &Principal::shell(), kind, &one));
        assert!(!stage.one(&asked), "{subject}");
    }
}
