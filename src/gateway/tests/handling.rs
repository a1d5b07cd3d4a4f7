//! Tokens in the hands of people: made, regenerated, revoked and listed.

use chrono::TimeDelta;

use super::home::{HALF_YEAR, Home, person};
use crate::auth::principal::Principal;
use crate::check::Reason;
use crate::clock;
use crate::error::Error;
use crate::id::Id;
use crate::roles::predefined;
use crate::tokens::model::{Expiry, Overlap};
use crate::tokens::operations::{self, TokenCreation};
use crate::tokens::queries;
use crate::tokens::value::Access;

#[actix_web::test]
async fn tokens_are_for_those_who_may_handle_them() {
    let home = Home::new();
    let (account, other) = (home.account("ci"), home.account("other"));
    let colleague = person(&home, "team@x.example", &["system_account:manage:team", "system_account:read:*"]);
    let manager = person(&home, "all@x.example", &["system_account:manage:*"]);
    let viewer = person(&home, "viewer@x.example", &["system_account:read:*"]);
    home.batch(&format!(
        "INSERT INTO teams (id, name, name_key, created_at) VALUES ('0f9619ff-8b86-4011-b42d-00cf4fc964ff', 'Ops', 'ops', '2026-01-01 00:00:00');
         INSERT INTO team_members (team_id, account_id, kind, disabled, name_key)
             SELECT '0f9619ff-8b86-4011-b42d-00cf4fc964ff', id, kind, disabled, name_key FROM accounts WHERE id IN ('{account}', '{}');",
        colleague.account.as_ref().unwrap()
    ));
    let form = TokenCreation { name: " ".into(), access: None, expiry: Expiry::parse("soon", "") };
    let good = TokenCreation { name: "deploy".into(), access: Some(Access::Write), expiry: Ok(Expiry::Never) };
    let make = |actor: &Principal, account: &Id, form: &TokenCreation, days: Option<i64>| {
        home.database.write_now(|conn| operations::create(conn, actor, account, form, days.map(TimeDelta::days)))
    };
    // Permission first, then what was typed, all of it at once.
    assert!(matches!(make(&viewer, &account, &form, None), Err(Error::Forbidden { .. })));
    let Err(Error::Invalid(fields)) = make(&colleague, &account, &form, None) else { panic!("accepted") };
    assert_eq!(fields.iter().map(|field| field.field).collect::<Vec<_>>(), ["name", "access", "expires"]);
    let Err(Error::Invalid(fields)) = make(&manager, &account, &good, Some(90)) else { panic!("accepted") };
    assert_eq!(fields[0].field, "expires");
    let (token, _) = make(&colleague, &account, &good, None).unwrap();
    assert_eq!((token.created_by_name.as_str(), token.name.as_str()), ("team@x.example", "deploy"));
    assert!(matches!(make(&colleague, &other, &good, None), Err(Error::Forbidden { message, .. }) if message.contains("teams")));
    assert!(make(&manager, &other, &good, None).is_ok());
    assert!(matches!(make(&manager, &Id::new(), &good, None), Err(Error::NotFound(_))));
    assert!(matches!(make(&manager, viewer.account.as_ref().unwrap(), &good, None), Err(Error::NotFound(_))));

    // Another account's token is nobody's.
    let astray = home.database.write_now(|conn| operations::revoke(conn, &manager, &other, &token.id));
    assert_eq!(astray.unwrap_err(), Error::NotFound("API token"));
    let revoke = |actor: &Principal| home.database.write_now(|conn| operations::revoke_by_id(conn, actor, &token.id));
    assert!(matches!(revoke(&viewer), Err(Error::Forbidden { .. })));
    assert!(home.database.write_now(|conn| operations::revoke_by_id(conn, &manager, "nothing")).is_err());
    assert_eq!(home.find(&token).revoked_at, None);

    // A token of an account that rules over Muster would make its bearer rule as well.
    home.database.write_now(|conn| crate::roles::queries::give(conn, &account, &predefined::ADMINISTRATOR.into())).unwrap();
    for actor in [&colleague, &manager] {
        assert!(matches!(make(actor, &account, &good, None), Err(Error::Forbidden { .. })));
        let regenerated =
            home.database.write_now(|conn| operations::regenerate(conn, actor, &account, &token.id, Overlap::Now, None));
        assert!(matches!(regenerated, Err(Error::Forbidden { .. })));
    }
    assert!(make(&Principal::shell(), &account, &good, None).is_ok());
    assert!(revoke(&colleague).is_ok());
}

#[actix_web::test]
async fn regenerating_stops_the_old_value_or_lets_it_overlap() {
    let home = Home::new();
    let account = home.account("ci");
    let (first, first_value) = home.token(&account, Access::Write, HALF_YEAR);
    assert_eq!(home.first_expiry(&account), first.expires_at);

    let (second, second_value) = home.regenerate(&first, Overlap::Now).unwrap();
    assert_eq!((second.name.as_str(), second.access), ("release pipeline", Access::Write));
    assert_eq!(second.lifetime(), Some(TimeDelta::days(180)));
    assert_eq!((home.judge(first_value.expose()).await, home.judge(second_value.expose()).await), (Some(Reason::Revoked), None));
    assert!(matches!(home.regenerate(&first, Overlap::Now), Err(Error::Conflict(sentence)) if sentence.contains("already")));

    let (third, third_value) = home.regenerate(&second, Overlap::Day).unwrap();
    assert_eq!((home.judge(second_value.expose()).await, home.judge(third_value.expose()).await), (None, None));
    let old = home.find(&second);
    assert_eq!(old.replaced_by.as_deref(), Some(third.id.as_str()));
    assert!(old.expires_at.is_some_and(|end| end > clock::now() + TimeDelta::hours(23)));
    assert_eq!(home.first_expiry(&account), third.expires_at);
    let listed = home.database.read_now(|conn| queries::of_account(conn, &account)).unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].predecessor.as_ref().map(|old| old.id.as_str()), Some(second.id.as_str()));
    let summary = home.database.read_now(|conn| queries::summary(conn, std::slice::from_ref(&account))).unwrap();
    assert_eq!((summary[&account].live, summary[&account].next_expiry), (1, third.expires_at));

    // Again, while the value before still works: only one old value is left.
    let (fourth, fourth_value) = home.regenerate(&third, Overlap::Week).unwrap();
    assert_eq!(home.judge(second_value.expose()).await, Some(Reason::Revoked));
    assert_eq!((home.judge(third_value.expose()).await, home.judge(fourth_value.expose()).await), (None, None));
    let shell = Principal::shell();
    home.write(|conn| operations::finish(conn, &shell, &account, &fourth.id));
    assert_eq!((home.judge(third_value.expose()).await, home.judge(fourth_value.expose()).await), (Some(Reason::Revoked), None));
    let twice = home.database.write_now(|conn| operations::finish(conn, &shell, &account, &fourth.id));
    assert!(matches!(twice, Err(Error::Conflict(_))));

    let (_, fifth_value) = home.regenerate(&fourth, Overlap::Hour).unwrap();
    home.write(|conn| operations::revoke_by_id(conn, &shell, fifth_value.id()));
    assert_eq!(home.judge(fourth_value.expose()).await, Some(Reason::Revoked));
    assert_eq!(home.judge(fifth_value.expose()).await, Some(Reason::Revoked));
    assert_eq!(home.first_expiry(&account), None);
    assert_eq!(home.number("SELECT count(*) AS n FROM audit_events WHERE type = 'token.regenerated'"), 4);
    assert_eq!(home.number("SELECT count(*) AS n FROM audit_events WHERE type = 'token.revoked'"), 4);
    let secrets = [&first_value, &second_value, &third_value, &fourth_value, &fifth_value];
    for value in secrets {
        let secret = &value.expose()[18..];
        assert_eq!(home.number(&format!("SELECT count(*) AS n FROM audit_events WHERE detail LIKE '%{secret}%'")), 0);
    }
}

#[actix_web::test]
async fn only_a_living_token_is_regenerated_and_no_longer_than_allowed() {
    let home = Home::new();
    let account = home.account("ci");
    let (endless, _) = home.token(&account, Access::Read, Expiry::Never);
    let (next, _) = home.regenerate(&endless, Overlap::Day).unwrap();
    assert_eq!(next.lifetime(), Some(TimeDelta::days(365)));
    assert!(home.find(&endless).expires_at.is_some_and(|end| end < clock::now() + TimeDelta::hours(25)));
    let unlimited = home.write(|conn| {
        let form = TokenCreation { name: "x".into(), access: Some(Access::Read), expiry: Ok(Expiry::Never) };
        let (token, _) = operations::create(conn, &Principal::shell(), &account, &form, None)?;
        operations::regenerate(conn, &Principal::shell(), &account, &token.id, Overlap::Hour, None)
    });
    assert_eq!(unlimited.new.expires_at, None);

    let (soon, soon_value) = home.token(&account, Access::Read, Expiry::In(TimeDelta::minutes(10)));
    home.regenerate(&soon, Overlap::Week).unwrap();
    assert_eq!(home.find(&soon).expires_at, soon.expires_at);
    assert_eq!(home.judge(soon_value.expose()).await, None);

    let (expired, _) = home.token(&account, Access::Read, HALF_YEAR);
    home.write(|conn| queries::expire(conn, &expired.id, clock::now()));
    assert!(matches!(home.regenerate(&expired, Overlap::Now), Err(Error::Conflict(sentence)) if sentence.contains("expired")));
    home.write(|conn| operations::revoke(conn, &Principal::shell(), &account, &expired.id));
    assert!(matches!(home.regenerate(&expired, Overlap::Now), Err(Error::Conflict(sentence)) if sentence.contains("revoked")));
    let revoked = home.database.write_now(|conn| operations::revoke(conn, &Principal::shell(), &account, &expired.id));
    assert!(matches!(revoked, Err(Error::Conflict(_))));
}

/// A machine that replaces its own token leaves no rows for ever.
#[actix_web::test]
async fn ended_predecessors_are_not_all_kept() {
    let home = Home::new();
    let (account, other) = (home.account("ci"), home.account("other"));
    let (revoked, _) = home.token(&account, Access::Read, Expiry::Never);
    home.write(|conn| operations::revoke(conn, &Principal::shell(), &account, &revoked.id));
    let (overlapping, overlapping_value) = home.token(&account, Access::Read, Expiry::Never);
    home.regenerate(&overlapping, Overlap::Week).unwrap();
    let (others, _) = home.token(&other, Access::Read, Expiry::Never);
    home.regenerate(&others, Overlap::Now).unwrap();
    let (mut token, first) = home.token(&account, Access::Read, Expiry::Never);
    let mut spent = Vec::new();
    for _ in 0..120 {
        let before = home.database.statements();
        token = home.regenerate(&token, Overlap::Now).unwrap().0;
        spent.push(home.database.statements() - before);
    }
    // The pool itself asks a connection now and then whether it is alive.
    assert!(spent.iter().all(|statements| *statements <= spent[0] + 2), "{spent:?}");
    let ended = format!("FROM tokens WHERE account_id = '{account}' AND revoked_at IS NOT NULL AND replaced_by IS NOT NULL");
    assert_eq!(home.number(&format!("SELECT count(*) AS n {ended}")), 100);
    // Its last predecessor is there, and so is what is not of its kind.
    assert_eq!(home.number(&format!("SELECT count(*) AS n {ended} AND replaced_by = '{}'", token.id)), 1);
    assert!(home.find(&revoked).revoked_at.is_some() && home.find(&others).replaced_by.is_some());
    assert_eq!(home.judge(overlapping_value.expose()).await, None);
    assert_eq!(home.judge(first.expose()).await, Some(Reason::Unknown));
}

#[actix_web::test]
async fn a_row_of_the_list_says_what_an_account_has() {
    let home = Home::new();
    let ids: Vec<Id> = (0..40).map(|number| home.account(&format!("a{number}"))).collect();
    let (near, _) = home.token(&ids[0], Access::Read, Expiry::In(TimeDelta::days(25)));
    home.token(&ids[0], Access::Read, Expiry::Never);
    let (over, _) = home.token(&ids[1], Access::Read, HALF_YEAR);
    let then = clock::now() - TimeDelta::days(51);
    home.write(|conn| {
        queries::expire(conn, &over.id, then)?;
        queries::expiry::keep_first_expiry(conn, &ids[1])
    });
    home.token(&ids[2], Access::Read, Expiry::Never);
    let (summary, statements) = home
        .database
        .read_now(|conn| {
            let before = home.database.statements();
            Ok((queries::summary(conn, &ids)?, home.database.statements() - before))
        })
        .unwrap();
    assert_eq!(statements, 1);
    let of = |at: usize| summary[&ids[at]].clone();
    assert_eq!((of(0).live, of(0).expired, of(0).next_expiry), (2, 0, near.expires_at));
    assert_eq!((of(1).live, of(1).expired, of(1).next_expiry, of(1).last_expired), (0, 1, None, Some(then)));
    assert_eq!((of(2).live, of(2).next_expiry), (1, None));
    assert!(!summary.contains_key(&ids[3]));
    assert_eq!(home.first_expiry(&ids[0]), near.expires_at);
    assert_eq!((home.first_expiry(&ids[1]), home.first_expiry(&ids[2])), (Some(then), None));
    assert_eq!(home.database.read_now(|conn| queries::summary(conn, &[])).unwrap().len(), 0);
}
