//! Activity of more tokens than are written at once, whose instance ends in the middle.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use chrono::NaiveDateTime;
use muster::accounts::operations::{self, Creation, Plan};
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
use crate::support::engine::TestDatabase;
use crate::support::snapshot::lines;

/// More than two parts.
const MANY: usize = 6_500;
/// Two intervals of none, and a minute.
const PATIENCE: u64 = 60;

struct House {
    home: TestDatabase,
    database: Database,
    account: Id,
    token: String,
    now: NaiveDateTime,
    began: Instant,
}

impl House {
    fn new() -> Self {
        let home = fresh();
        let database = Database::connect(home.url().parse().unwrap(), 4).unwrap();
        let actor = Principal::shell();
        let form = Creation { name: "ci".into(), roles: vec![predefined::CI_CD.into()], ..Creation::default() };
        let account = database.write_now(|conn| operations::create_system_account(conn, &actor, &Plan::unlimited(), &form));
        let account = account.unwrap();
        let form = tokens::operations::Creation { name: "t".into(), access: Some(Access::Read), expiry: Ok(Expiry::Never) };
        let made = database.write_now(|conn| tokens::operations::create(conn, &actor, &account, &form, None));
        let token = made.unwrap().0.id;
        Self { home, database, account, token, now: clock::now(), began: Instant::now() }
    }

    /// What an instance has seen: the use of the token and three refusals of it, and the refusals of many that are gone.
    fn crowd(&self) -> Recorder {
        let recorder = Recorder::default();
        // The token's id is drawn, and its place among the others with it.
        (0..MANY).for_each(|number| self.refuse(&recorder, number));
        let address: IpAddr = "2001:db8::7".parse().unwrap();
        recorder.accepted(&self.token, &self.account, Some(address), Some("curl"), self.now);
        for _ in 0..3 {
            recorder.refused(&self.token, &self.account, "revoked", self.now);
        }
        recorder
    }

    fn refuse(&self, recorder: &Recorder, number: usize) {
        recorder.refused(&format!("{number:012}"), &self.account, "mismatch", self.now);
    }

    /// Ticks of a clock that leaves time for one part only, until it has been written: the time after another is for others.
    async fn tick(&self, recorder: &Recorder) {
        let before = self.refused();
        while self.refused() == before {
            actix_web::rt::time::sleep(Duration::from_millis(50)).await;
            recorder.flush_at(&self.database, self.now, Duration::ZERO, false).await.unwrap();
        }
    }

    async fn take_over(&self, recorder: &Recorder, after: u64) {
        let (seen, hour) = (self.began + Duration::from_secs(after), Duration::from_secs(3600));
        recorder.take_over(&self.database, seen, hour).await.unwrap();
    }

    fn line(&self, sql: &str) -> String {
        lines(&mut open(self.home.url()), &format!("SELECT {sql} AS line")).concat()
    }

    fn execute(&self, sql: &str) {
        self.database.write_now(|conn| Sql::new(sql).execute(conn)).unwrap();
    }

    fn noted(&self) -> usize {
        self.line("CAST((SELECT count(*) FROM activity_backlog) AS TEXT)").parse().unwrap()
    }

    fn refused(&self) -> usize {
        self.line("CAST((SELECT coalesce(sum(refused), 0) FROM account_days) AS TEXT)").parse().unwrap()
    }

    /// Everything in its place, and once.
    fn assert_whole(&self, refused: usize) {
        assert_eq!((self.refused(), self.noted()), (refused, 0));
        assert_eq!(self.line("CAST((SELECT sum(accepted) FROM account_days) AS TEXT)"), "1");
        let used = "(SELECT last_used_from || ' ' || last_used_agent FROM tokens WHERE last_used_at IS NOT NULL)";
        assert_eq!(self.line(used), "2001:db8::7 curl");
        assert_eq!(
            self.line("(SELECT detail FROM audit_events WHERE type = 'token.refused')"),
            r#"{"count":3,"reason":"revoked"}"#
        );
    }
}

#[actix_web::test]
async fn what_an_instance_leaves_behind_is_written_by_another_once() {
    let house = House::new();
    let ended = house.crowd();
    house.tick(&ended).await;
    assert_eq!(house.noted(), 2);
    let first = house.refused();
    assert!((1_250..=3_753).contains(&first), "{first}");
    // What comes now is noted down with the next interval, which replaces what the one before had noted.
    house.refuse(&ended, 0);
    house.tick(&ended).await;
    assert!((first + 1_250..=first + 3_753).contains(&house.refused()), "{}", house.refused());
    // The last of them, and the one that came, which stands before where it goes on.
    assert_eq!(house.noted(), 2);
    drop(ended);
    let next = Recorder::default();
    // Not while the other may still come.
    for seconds in [0, PATIENCE - 1] {
        house.take_over(&next, seconds).await;
    }
    assert_eq!(house.noted(), 2);
    house.take_over(&next, PATIENCE).await;
    house.assert_whole(MANY + 4);
}

#[actix_web::test]
async fn the_writer_looks_for_what_others_have_left_behind() {
    let house = House::new();
    house.tick(&house.crowd()).await;
    house.execute("UPDATE activity_backlog SET patience = 0");
    let next = Recorder::default();
    let writer = actix_web::rt::spawn(activity::run(next.clone(), house.database.clone(), Duration::from_millis(10)));
    let began = Instant::now();
    while house.noted() > 0 {
        assert!(began.elapsed() < Duration::from_secs(60), "nobody comes");
        actix_web::rt::time::sleep(Duration::from_millis(10)).await;
    }
    next.stop();
    writer.await.unwrap();
    house.assert_whole(MANY + 3);
}

#[actix_web::test]
async fn two_who_take_over_at_a_time_write_it_once() {
    let house = House::new();
    house.tick(&house.crowd()).await;
    let (one, other) = (Recorder::default(), Recorder::default());
    for seconds in [0, PATIENCE] {
        tokio::join!(house.take_over(&one, seconds), house.take_over(&other, seconds));
    }
    house.assert_whole(MANY + 3);
}

#[actix_web::test]
async fn who_was_only_late_goes_on_where_it_was() {
    let house = House::new();
    let (late, other) = (house.crowd(), Recorder::default());
    house.tick(&late).await;
    house.take_over(&other, 0).await;
    // It comes back, and its rows with it: those that were seen are not there any more.
    house.tick(&late).await;
    house.take_over(&other, PATIENCE).await;
    assert_eq!(house.noted(), 2);
    // Who stops does not rest between the parts.
    late.stop();
    late.flush(&house.database).await.unwrap();
    house.assert_whole(MANY + 3);
}

#[actix_web::test]
async fn what_a_write_that_was_given_up_has_left_goes_with_the_last_part() {
    let house = House::new();
    let recorder = house.crowd();
    house.tick(&recorder).await;
    house.execute(
        "INSERT INTO activity_backlog (id, instance, patience, format, content) \
         SELECT 'late', instance, patience, format, content FROM activity_backlog LIMIT 1",
    );
    recorder.stop();
    recorder.flush(&house.database).await.unwrap();
    house.assert_whole(MANY + 3);
}

#[actix_web::test]
async fn what_cannot_be_read_goes_and_what_another_version_reads_stays() {
    let house = House::new();
    for format in [1, 2] {
        house.execute(&format!(
            "INSERT INTO activity_backlog (id, instance, patience, format, content) VALUES ('{}', 'x', 0, {format}, 'other')",
            Id::new()
        ));
    }
    house.take_over(&Recorder::default(), 0).await;
    assert_eq!((house.noted(), house.refused()), (1, 0));
    assert_eq!(house.line("(SELECT CAST(format AS TEXT) FROM activity_backlog)"), "2");
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
