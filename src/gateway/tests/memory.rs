//! What the check remembers after changes, against what the database holds.

use super::home::Home;
use crate::accounts::model::{AccountFilter, Kind, Selection};
use crate::accounts::operations as accounts;
use crate::auth::principal::Principal;
use crate::check::cache::{Cache, CacheLookup};
use crate::check::{Check, Reason, Verdict};
use crate::database::Database;
use crate::error::Error;
use crate::id::Id;
use crate::roles::predefined;
use crate::tokens::model::Expiry;
use crate::tokens::value::{Access, TokenValue};

#[actix_web::test]
async fn roles_are_given_and_taken_in_memory_without_reading_the_accounts_again() {
    let home = Home::new();
    let ids: Vec<Id> = (0..3).map(|number| home.account(&format!("a{number}"))).collect();
    home.account("without a token");
    let team = Id::new();
    home.batch(&format!(
        "INSERT INTO teams (id, name, name_key, created_at) VALUES ('{team}', 'Ops', 'ops', '2026-01-01 00:00:00');
         INSERT INTO team_administrators (team_id, account_id) VALUES ('{team}', '{}');",
        ids[0]
    ));
    // Each has two, and both are seen as one.
    let tokens = |id: &Id| [(); 2].map(|()| home.token(id, Access::Read, Expiry::Never).1);
    let values: Vec<[TokenValue; 2]> = ids.iter().map(tokens).collect();
    let seen_by = |cache: &Cache, value: &TokenValue| match cache.find(value.id().as_bytes().try_into().unwrap()) {
        CacheLookup::Token(found) => {
            let grants = &found.account.grants;
            let roles: Vec<String> = grants.roles.iter().map(|role| role.name.clone()).collect();
            let permissions: Vec<String> = grants.permissions.iter().map(ToString::to_string).collect();
            assert_eq!(found.id(), value.id());
            (roles.join(", "), permissions, found.account.is_disabled(), found.account.name.to_string())
        }
        _ => panic!("the token is not known"),
    };
    let known = |cache: &Cache, at: usize| {
        let [one, other] = [0, 1].map(|token| seen_by(cache, &values[at][token]));
        assert_eq!(one, other);
        one
    };
    let cache = Cache::new(home.database.clone());
    cache.catch_up().await;
    let (viewer, cicd) = (Id::from(predefined::READ_ONLY), Id::from(predefined::CI_CD));
    let everybody = Selection::Matching(AccountFilter::all(Kind::System));
    let one = Selection::Accounts(vec![ids[1].clone()]);
    let shell = Principal::shell();
    let mut spent = Vec::new();
    for selection in [&one, &everybody] {
        home.write(|conn| accounts::add_roles(conn, &shell, Kind::System, selection, std::slice::from_ref(&viewer)));
        let before = home.database.statements();
        cache.catch_up().await;
        spent.push(home.database.statements() - before);
    }
    assert_eq!(spent, [6, 6], "the number, the events, whether all are there, the roles and the teams");
    assert_eq!(known(&cache, 0).0, "CI/CD, Read-Only");
    assert!(known(&cache, 0).1.contains(&format!("team:manage:{{{team}}}")));

    // Several changes at once: the last word counts, for each account and role by itself.
    home.write(|conn| accounts::remove_roles(conn, &shell, Kind::System, &everybody, &[viewer.clone(), cicd.clone()]));
    home.write(|conn| accounts::disable(conn, &shell, Kind::System, &one));
    home.write(|conn| accounts::add_roles(conn, &shell, Kind::System, &one, &[cicd]));
    home.write(|conn| accounts::add_roles(conn, &shell, Kind::System, &one, &[viewer]));
    home.write(|conn| accounts::rename(conn, &shell, Kind::System, &ids[2], ("another name", "")));
    cache.catch_up().await;
    let found: Vec<_> = (0..3).map(|at| known(&cache, at)).collect();
    assert_eq!(found.iter().map(|found| found.0.as_str()).collect::<Vec<_>>(), ["", "CI/CD, Read-Only", ""]);
    assert_eq!(found.iter().map(|found| found.2).collect::<Vec<_>>(), [false, true, false]);
    // It is what a memory that has read everything knows.
    let fresh = Cache::new(home.database.clone());
    fresh.catch_up().await;
    assert_eq!(found, (0..3).map(|at| known(&fresh, at)).collect::<Vec<_>>());
    assert_eq!((cache.len(), found[2].3.as_str()), (6, "another name"));
    home.write(|conn| accounts::delete(conn, &shell, Kind::System, &one));
    cache.catch_up().await;
    assert_eq!(cache.len(), 4);
    assert!(values[1].iter().all(|value| matches!(cache.find(value.id().as_bytes().try_into().unwrap()), CacheLookup::Nothing)));
}

async fn judged_at_once(check: &Check, values: Vec<TokenValue>) -> Vec<Result<Verdict, Error>> {
    let spawned = |value: TokenValue| {
        let check = check.clone();
        actix_web::rt::spawn(async move { check.judge(Some(&value)).await })
    };
    let tasks: Vec<_> = values.into_iter().map(spawned).collect();
    let mut verdicts = Vec::new();
    for task in tasks {
        verdicts.push(task.await.unwrap());
    }
    verdicts
}

/// All who are not known share one question: two for any number that comes at once, where the first has begun already.
#[actix_web::test]
async fn made_up_tokens_cost_one_question_for_all_of_them() {
    let home = Home::new();
    let account = home.account("ci");
    home.token(&account, Access::Read, Expiry::Never);
    let watch = Database::connect(home.url.clone(), 1).unwrap();
    let (cache, pages) = (Cache::new(watch.clone()), home.database.clone());
    let check = Check::new(pages.clone(), cache.clone());
    cache.catch_up().await;
    let values: Vec<TokenValue> = (0..3_000).map(|_| TokenValue::generate(Access::Read).unwrap()).collect();
    let before = (watch.statements(), pages.statements());
    let verdicts = judged_at_once(&check, values.clone()).await;
    assert!(verdicts.iter().all(|verdict| matches!(verdict, Ok(Verdict::Refused { reason: Reason::Unknown, known: None }))));
    let spent = (watch.statements() - before.0, pages.statements() - before.1);
    assert!(spent.0 <= 2 && spent.1 == 0, "{spent:?} statements");

    // One that has been made meanwhile is among them, and is found.
    let (_, new) = home.token(&account, Access::Read, Expiry::Never);
    let verdicts = judged_at_once(&check, [values, vec![new]].concat()).await;
    assert!(verdicts.last().is_some_and(|verdict| matches!(verdict, Ok(Verdict::Accepted(_)))));
}

/// Where the database cannot be asked, the unknown are not refused, and so not counted as guesses.
#[actix_web::test]
async fn without_news_nobody_is_refused() {
    let home = Home::new();
    let account = home.account("ci");
    let (_, value) = home.token(&account, Access::Read, Expiry::Never);
    let cache = Cache::new(home.database.clone());
    let check = Check::new(home.database.clone(), cache.clone());
    cache.catch_up().await;
    home.batch("ALTER TABLE revisions RENAME TO hidden");
    let unknown = TokenValue::generate(Access::Read).unwrap();
    assert!(matches!(check.judge(Some(&unknown)).await, Err(Error::Unavailable(..))));
    assert!(matches!(check.judge(Some(&value)).await, Err(Error::Unavailable(..))), "nothing is accepted any more either");
    home.batch("ALTER TABLE hidden RENAME TO revisions");
    cache.catch_up().await;
    assert!(matches!(check.judge(Some(&value)).await, Ok(Verdict::Accepted(_))));
}
