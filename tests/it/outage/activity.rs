//! Activity of more tokens than one transaction writes.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use chrono::NaiveDateTime;
use muster::accounts::operations::{self, AccountCreation, Plan};
use muster::activity::{self, Recorder};
use muster::auth::principal::Principal;
use muster::clock;
use muster::database::Database;
use muster::database::sql::Sql;
use muster::id::Id;
use muster::roles::predefined;
use muster::tokens;
use muster::tokens::model::Expiry;
use muster::tokens::value::Access;

use super::load::open;
use super::under_load::fresh;
use crate::support::engine::{Engine, TestDatabase};
use crate::support::snapshot::lines;

/// More than two chunks, of accounts that are gone.
const MANY: usize = 6_500;

struct House {
    home: TestDatabase,
    database: Database,
    account: Id,
    token: String,
    now: NaiveDateTime,
}

impl House {
    fn new() -> Self {
        let home = fresh();
        let database = Database::connect(home.url().parse().unwrap(), 4).unwrap();
        let actor = Principal::shell();
        let form = AccountCreation { name: "ci".into(), roles: vec![predefined::CI_CD.into()], ..AccountCreation::default() };
        let account = database.write_now(|conn| operations::create_system_account(conn, &actor, &Plan::unlimited(), &form));
        let account = account.unwrap();
        let form = tokens::operations::TokenCreation { name: "t".into(), access: Some(Access::Read), expiry: Ok(Expiry::Never) };
        let made = database.write_now(|conn| tokens::operations::create(conn, &actor, &account, &form, None));
        let token = made.unwrap().0.id;
        Self { home, database, account, token, now: clock::now() }
    }

    /// What an instance has seen: the use of the token and three refusals of it, and the use of many that are gone.
    fn crowd(&self) -> Recorder {
        let recorder = Recorder::default();
        for number in 0..MANY {
            recorder.accepted(&format!("{number:012}"), &Id::new(), None, None, self.now);
        }
        let address: IpAddr = "2001:db8::7".parse().unwrap();
        recorder.accepted(&self.token, &self.account, Some(address), Some("curl"), self.now);
        for _ in 0..3 {
            recorder.refused(&self.token, &self.account, "revoked", self.now);
        }
        recorder
    }

    fn line(&self, sql: &str) -> String {
        lines(&mut open(self.home.url()), &format!("SELECT {sql} AS line")).concat()
    }

    /// Everything in its place, and once.
    fn assert_whole(&self) {
        let calls = "(SELECT CAST(sum(accepted) AS TEXT) || ' ' || CAST(sum(refused) AS TEXT) FROM account_days)";
        assert_eq!(self.line(calls), "1 3");
        let used = "(SELECT last_used_from || ' ' || last_used_agent FROM tokens WHERE last_used_at IS NOT NULL)";
        assert_eq!(self.line(used), "2001:db8::7 curl");
        let refused = "(SELECT detail FROM audit_events WHERE type = 'token.refused')";
        assert_eq!(self.line(refused), r#"{"count":3,"reason":"revoked"}"#);
    }
}

#[actix_web::test]
async fn a_stop_writes_every_chunk_without_a_rest() {
    let house = House::new();
    let recorder = house.crowd();
    assert_eq!(recorder.waiting(), MANY + 1);
    let hour = Duration::from_secs(3600);
    let writer = actix_web::rt::spawn(activity::run(recorder.clone(), house.database.clone(), hour));
    recorder.stop();
    writer.await.unwrap();
    assert_eq!(recorder.waiting(), 0);
    house.assert_whole();
}

#[actix_web::test]
async fn a_chunk_that_fails_goes_back_and_is_shown_all_the_while() {
    let house = House::new();
    let recorder = house.crowd();
    let hide = |from: &str, to: &str| {
        let sql = Sql::new(&format!("ALTER TABLE {from} RENAME TO {to}"));
        house.database.write_now(|conn| sql.execute(conn)).unwrap();
    };
    hide("account_days", "hidden");
    for _ in 0..2 {
        assert!(recorder.flush(&house.database).await.is_err());
        assert_eq!(recorder.waiting(), MANY + 1);
        let pending = recorder.pending(&house.account);
        assert_eq!((pending.days[0].accepted, pending.days[0].refused), (1, 3));
        assert_eq!(recorder.pending_uses(&house.account).used, Some(house.now));
    }
    hide("hidden", "account_days");
    recorder.stop();
    recorder.flush(&house.database).await.unwrap();
    assert_eq!(recorder.pending(&house.account), activity::AccountUsage::default());
    house.assert_whole();
}

/// While another holds the lock of changes, what is being written is neither in the map nor in the database.
#[actix_web::test]
async fn what_is_being_written_is_shown() {
    let house = House::new();
    let recorder = house.crowd();
    recorder.stop();
    let mut other = open(house.home.url());
    let lock = match Engine::current() {
        Engine::Sqlite => "BEGIN IMMEDIATE",
        Engine::Postgres => "BEGIN; LOCK TABLE tokens IN EXCLUSIVE MODE",
    };
    diesel::connection::SimpleConnection::batch_execute(&mut other, lock).unwrap();
    let (writing, database) = (recorder.clone(), house.database.clone());
    let writer = actix_web::rt::spawn(async move { writing.flush(&database).await });
    let began = Instant::now();
    while recorder.waiting() > MANY - 2_000 {
        assert!(began.elapsed() < Duration::from_secs(60), "nothing is being written");
        actix_web::rt::time::sleep(Duration::from_millis(5)).await;
    }
    // Whichever chunk it is in.
    assert_eq!(recorder.pending_uses(&house.account).used, Some(house.now));
    assert_eq!(recorder.pending(&house.account).last_use(&house.token).unwrap().agent.as_deref(), Some("curl"));
    diesel::connection::SimpleConnection::batch_execute(&mut other, "ROLLBACK").unwrap();
    writer.await.unwrap().unwrap();
    house.assert_whole();
}

#[test]
fn memory_has_an_end() {
    const LIMIT: usize = 320_000;
    let recorder = Recorder::default();
    let (account, other) = (Id::new(), Id::new());
    let accounts: Vec<Id> = (0..1_000).map(|_| Id::new()).collect();
    let refuse = |number: usize, account: &Id| recorder.refused(&format!("{number:012}"), account, "revoked", clock::NEVER);
    refuse(0, &account);
    (1..LIMIT + 5).for_each(|number| refuse(number, &accounts[number % 1_000]));
    assert_eq!((recorder.waiting(), recorder.dropped()), (LIMIT, 5));
    // Who is known goes on to be counted; neither another token of a known account nor another account is.
    refuse(0, &account);
    refuse(LIMIT + 7, &account);
    refuse(LIMIT + 8, &other);
    assert_eq!((recorder.waiting(), recorder.dropped()), (LIMIT, 7));
    assert_eq!(recorder.pending(&account).tokens[0].refusals, [("revoked", 2)]);
    assert_eq!(recorder.pending(&other), activity::AccountUsage::default());
}

#[test]
fn user_agents_are_cut() {
    let (recorder, account) = (Recorder::default(), Id::new());
    recorder.accepted("0123456789AB", &account, None, Some(&"ä".repeat(201)), clock::NEVER);
    recorder.accepted("not an id of a token", &account, None, None, clock::NEVER);
    let usage = recorder.pending(&account);
    assert_eq!(usage.tokens.len(), 1);
    assert_eq!(usage.last_use("0123456789AB").unwrap().agent.as_deref(), Some("ä".repeat(200).as_str()));
}

#[actix_web::test]
async fn statements_that_are_kept_prepared_keep_nothing_of_each_other() {
    let house = House::new();
    // Two full statements and one of a single row, by id.
    let ids: Vec<String> = (0..501).map(|number| format!("{number:012}")).collect();
    let copy = |id: &String| {
        let mut sql = Sql::new("INSERT INTO tokens (id, account_id, name, access, digest, created_at, created_by_name) SELECT ");
        sql.bind(id.as_str()).push(", account_id, name, access, digest, created_at, created_by_name FROM tokens WHERE id = ");
        sql.bind(house.token.as_str());
        sql
    };
    house.database.write_now(|conn| ids.iter().try_for_each(|id| copy(id).execute(conn).map(drop))).unwrap();
    let recorder = Recorder::default();
    for id in &ids {
        let is_known = id.as_str() < "000000000250" || !id.ends_with('7');
        let address = is_known.then(|| "192.0.2.7".parse().unwrap());
        recorder.accepted(id, &house.account, address, is_known.then_some("curl"), house.now);
    }
    recorder.flush(&house.database).await.unwrap();
    let tokens = |condition: &str| {
        house.line(&format!("CAST((SELECT count(*) FROM tokens WHERE last_used_at IS NOT NULL AND {condition}) AS TEXT)"))
    };
    assert_eq!(tokens("TRUE"), "501");
    assert_eq!(tokens("last_used_from = '192.0.2.7' AND last_used_agent = 'curl'"), "476");
    let unknown = "last_used_from IS NULL AND last_used_agent IS NULL AND id >= '000000000250' AND id LIKE '%7'";
    assert_eq!(tokens(unknown), "25");
}
