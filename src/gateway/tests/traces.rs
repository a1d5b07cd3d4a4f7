//! What a call leaves behind: use, counts by day, and refusals in the audit log.

use std::net::IpAddr;

use chrono::{NaiveDateTime, TimeDelta};
use diesel::QueryableByName;

use super::home::{Home, bearer, forged};
use crate::accounts::model::{Kind, Selection};
use crate::accounts::operations as accounts;
use crate::activity::Recorder;
use crate::auth::principal::Principal;
use crate::clock;
use crate::database::Engine;
use crate::database::sql::Sql;
use crate::id::Id;
use crate::tokens::model::Expiry;
use crate::tokens::value::Access;

#[actix_web::test]
async fn the_gateway_leaves_its_traces() {
    let home = Home::new();
    let account = home.account("ci");
    let (token, value) = home.token(&account, Access::Read, Expiry::Never);
    let recorder = Recorder::default();
    let request = || {
        bearer("/auth/verify", &value)
            .peer_addr("10.0.0.1:4711".parse().unwrap())
            .insert_header(("x-forwarded-for", "6.6.6.6, 203.0.113.24"))
            .insert_header(("user-agent", format!("curl/{}", "8".repeat(300))))
    };
    let before = clock::now();
    assert_eq!(home.ask(&recorder, request()).await.status(), 200);
    assert_eq!(home.ask(&recorder, request().insert_header(("x-original-method", "POST"))).await.status(), 403);
    assert_eq!(home.ask(&recorder, bearer("/auth/verify", &forged(&value))).await.status(), 401);
    recorder.flush(&home.database).await.unwrap();
    let used = home.find(&token);
    assert!(used.last_used_at.is_some_and(|at| at >= before && at <= clock::now()));
    assert_eq!(used.last_used_from.as_deref(), Some("203.0.113.24"));
    assert_eq!(used.last_used_agent.unwrap().len(), 200);
    assert_eq!(home.number("SELECT accepted * 10 + refused AS n FROM account_days"), 11);
    assert_eq!(home.number("SELECT count(*) AS n FROM accounts WHERE last_used_at > '2026-01-01 00:00:00'"), 1);
    let refusals = home.database.read_now(|conn| crate::audit::queries::log::recent(conn, &account, &[], 10)).unwrap();
    let mut reasons: Vec<String> = refusals
        .iter()
        .filter(|event| event.verb == "token.refused")
        .map(|event| {
            format!(
                "{} {} {} {}",
                event.actor_name,
                event.object_name.as_deref().unwrap(),
                event.detail["reason"],
                event.detail["count"]
            )
        })
        .collect();
    reasons.sort();
    // Whoever has only its public id causes nothing in its name.
    assert_eq!(reasons, ["Muster release pipeline \"insufficient scope\" 1"]);
}

#[actix_web::test]
async fn batches_add_up_and_use_moves_forward() {
    let home = Home::new();
    let (account, gone) = (home.account("ci"), home.account("gone"));
    let (token, _) = home.token(&account, Access::Read, Expiry::Never);
    let (lost, _) = home.token(&gone, Access::Read, Expiry::Never);
    let (one, other) = (Recorder::default(), Recorder::default());
    let noon = NaiveDateTime::parse_from_str("2026-11-24 12:00:00", "%Y-%m-%d %H:%M:%S").unwrap();
    let address: IpAddr = "2001:db8::7".parse().unwrap();
    for minute in [5, 1, 3] {
        one.accepted(&token.id, &account, Some(address), Some("later"), noon + TimeDelta::minutes(minute));
    }
    other.accepted(&token.id, &account, None, Some("earlier"), noon);
    other.accepted(&token.id, &account, None, None, noon - TimeDelta::days(1));
    other.accepted(&lost.id, &gone, None, None, noon);
    other.refused(&lost.id, &gone, "mismatch", noon);
    let one_account = Selection::Accounts(vec![gone]);
    home.write(|conn| accounts::delete(conn, &Principal::shell(), Kind::System, &one_account));
    let statements = home.database.statements();
    one.flush(&home.database).await.unwrap();
    one.flush(&home.database).await.unwrap();
    let spent = home.database.statements() - statements;
    assert!(spent <= 9, "{spent} statements");
    other.flush(&home.database).await.unwrap();
    let used = home.find(&token);
    assert_eq!(used.last_used_at, Some(noon + TimeDelta::minutes(5)));
    assert_eq!((used.last_used_from.as_deref(), used.last_used_agent.as_deref()), (Some("2001:db8::7"), Some("later")));
    assert_eq!(
        home.number("SELECT CAST(sum(accepted) * 100 + sum(refused) * 10 + count(*) AS BIGINT) AS n FROM account_days"),
        502
    );
    assert_eq!(home.number("SELECT accepted AS n FROM account_days WHERE day = '2026-11-24'"), 4);
    assert_eq!(home.number("SELECT count(*) AS n FROM audit_events WHERE type = 'token.refused'"), 0);
    let used = |home: &Home| {
        home.database.read_now(|conn| crate::accounts::queries::find(conn, Kind::System, &account)).unwrap().last_used_at
    };
    assert_eq!(used(&home), Some(noon + TimeDelta::minutes(5)));
    // The account's moves on when it is five minutes old, the token's each time.
    for (seconds, of_account) in [(330, 300), (599, 300), (601, 601)] {
        one.accepted(&token.id, &account, None, None, noon + TimeDelta::seconds(seconds));
        one.flush(&home.database).await.unwrap();
        assert_eq!(used(&home), Some(noon + TimeDelta::seconds(of_account)), "after {seconds} s");
        assert_eq!(home.find(&token).last_used_at, Some(noon + TimeDelta::seconds(seconds)));
    }
}

#[actix_web::test]
async fn the_activity_of_many_is_written_in_parts_each_of_them_once() {
    const MANY: usize = 25_000;
    let home = Home::new();
    let account = home.account("ci");
    let (token, _) = home.token(&account, Access::Read, Expiry::Never);
    let recorder = Recorder::default();
    // Tokens that have been deleted meanwhile count all the same, and accounts that have been do not.
    let accounts: Vec<Id> = (0..10).map(|number| home.account(&format!("ci {number}"))).collect();
    for number in 0..MANY {
        recorder.refused(&format!("{number:012}"), &accounts[number % 10], "revoked", clock::now());
    }
    recorder.accepted(&format!("{MANY:012}"), &Id::new(), None, None, clock::now());
    recorder.accepted(&token.id, &account, None, None, clock::now());
    let (fill, empty) = match home.database.engine() {
        Engine::Sqlite => (
            "CREATE TRIGGER is_full BEFORE INSERT ON account_days WHEN (SELECT count(*) FROM account_days) > 6 \
             BEGIN SELECT RAISE(ABORT, 'full'); END",
            "DROP TRIGGER is_full",
        ),
        Engine::Postgres => (
            "CREATE FUNCTION is_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             IF (SELECT count(*) FROM account_days) > 6 THEN RAISE 'full'; END IF; RETURN NEW; END $$; \
             CREATE TRIGGER is_full BEFORE INSERT ON account_days FOR EACH ROW EXECUTE FUNCTION is_full()",
            "DROP TRIGGER is_full ON account_days",
        ),
    };
    home.batch(fill);
    // Who stops does not rest between the parts.
    recorder.stop();
    assert!(recorder.flush(&home.database).await.is_err());
    let refused = || usize::try_from(home.number("SELECT CAST(sum(refused) AS BIGINT) AS n FROM account_days")).unwrap();
    assert!((5_000..=17_500).contains(&refused()), "{} of the first chunks", refused());
    // The one of the token is in the first chunks or in another.
    assert!((MANY..=MANY + 2).contains(&(recorder.waiting() + refused())));
    home.batch(empty);
    recorder.flush(&home.database).await.unwrap();
    assert_eq!((refused(), recorder.waiting()), (MANY, 0));
    assert_eq!(home.number("SELECT count(*) AS n FROM account_days"), 11);
    assert!(home.find(&token).last_used_at.is_some());
}

#[actix_web::test]
async fn a_failed_write_is_made_up_for() {
    let home = Home::new();
    let account = home.account("ci");
    let (token, _) = home.token(&account, Access::Read, Expiry::Never);
    let recorder = Recorder::default();
    let now = clock::now();
    recorder.accepted(&token.id, &account, None, Some("before"), now);
    recorder.refused(&token.id, &account, "revoked", now);
    home.batch("ALTER TABLE account_days RENAME TO hidden");
    assert!(recorder.flush(&home.database).await.is_err());
    assert_eq!(home.find(&token).last_used_at, None);
    recorder.accepted(&token.id, &account, None, Some("after"), now + TimeDelta::seconds(1));
    recorder.refused(&token.id, &account, "revoked", now);
    assert!(recorder.flush(&home.database).await.is_err());
    home.batch("ALTER TABLE hidden RENAME TO account_days");
    recorder.flush(&home.database).await.unwrap();
    recorder.flush(&home.database).await.unwrap();
    assert_eq!(home.number("SELECT CAST(sum(accepted) * 10 + sum(refused) AS BIGINT) AS n FROM account_days"), 22);
    assert_eq!(home.find(&token).last_used_agent.as_deref(), Some("after"));
    let events = home.database.read_now(|conn| crate::audit::queries::log::recent(conn, &account, &[], 10)).unwrap();
    let counts: Vec<i64> = events
        .iter()
        .filter(|event| event.verb == "token.refused")
        .map(|event| event.detail["count"].as_i64().unwrap())
        .collect();
    assert_eq!(counts, [2]);
}

#[actix_web::test]
async fn the_writer_writes_what_is_left_when_it_is_stopped() {
    let home = Home::new();
    let account = home.account("ci");
    let (token, _) = home.token(&account, Access::Read, Expiry::Never);
    let recorder = Recorder::default();
    let writer =
        actix_web::rt::spawn(crate::activity::run(recorder.clone(), home.database.clone(), std::time::Duration::from_secs(3600)));
    recorder.accepted(&token.id, &account, None, None, clock::now());
    recorder.refused(&token.id, &account, "revoked", clock::now());
    recorder.flush(&home.database).await.unwrap();
    recorder.refused(&token.id, &account, "revoked", clock::now());
    recorder.flush(&home.database).await.unwrap();
    assert_eq!(home.number("SELECT count(*) AS n FROM audit_events WHERE type = 'token.refused'"), 1);
    recorder.stop();
    writer.await.unwrap();
    assert!(home.find(&token).last_used_at.is_some());
    assert_eq!(home.number("SELECT count(*) AS n FROM audit_events WHERE type = 'token.refused'"), 2);
}

/// The check and the batches find their rows by index, whatever the number of tokens.
#[actix_web::test]
async fn no_table_is_read_whole() {
    #[derive(QueryableByName)]
    struct PlanStep {
        #[diesel(sql_type = diesel::sql_types::Text)]
        detail: String,
    }
    let home = Home::new();
    if home.database.engine() != Engine::Sqlite {
        return;
    }
    for statement in [
        "WITH v (token, at) AS (VALUES ('a', '2026'), ('b', '2026')) UPDATE tokens SET last_used_at = v.at FROM v \
         WHERE tokens.id = v.token AND (tokens.last_used_at IS NULL OR tokens.last_used_at < v.at)",
        "WITH v (account, at, before) AS (VALUES ('a', '2026', '2025'), ('b', '2026', '2025')) UPDATE accounts SET last_used_at = v.at \
         FROM v WHERE accounts.id = v.account AND accounts.last_used_at < v.before",
        "WITH v (token, d) AS (VALUES ('a', '{}'), ('b', '{}')) SELECT a.id FROM v JOIN tokens t ON t.id = v.token \
         JOIN accounts a ON a.id = t.account_id",
        "SELECT * FROM tokens t JOIN accounts a ON a.id = t.account_id WHERE t.id = 'a'",
    ] {
        let steps: Vec<PlanStep> =
            home.database.read_now(|conn| Sql::new(&format!("EXPLAIN QUERY PLAN {statement}")).load(conn)).unwrap();
        for PlanStep { detail } in &steps {
            assert!(!detail.starts_with("SCAN") || detail == "SCAN v" || detail.contains("CONSTANT"), "{detail} in {statement}");
        }
    }
}
