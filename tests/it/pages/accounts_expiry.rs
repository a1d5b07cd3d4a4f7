//! The expiry that a row is sorted by, as time passes. Without a server, whose own look at the real time would come in between.

use chrono::{NaiveDateTime, TimeDelta};
use diesel::prelude::*;
use muster::accounts::model::{AccountFilter, Kind, Sort, Window};
use muster::accounts::operations::{self, AccountCreation, Plan};
use muster::accounts::queries::list::list;
use muster::auth::principal::Principal;
use muster::clock;
use muster::config::DatabaseUrl;
use muster::database::{Database, DbConnection, migrations};
use muster::roles::predefined;
use muster::schema::{accounts, tokens};
use muster::tokens::model::Expiry;
use muster::tokens::value::Access;
use muster::tokens::{expiry, operations as tokens_operations};

use crate::support::app::seed;
use crate::support::engine::TestDatabase;

// The expiry that a row is sorted by is the one that its cell names, also when time has passed and nobody has touched a token.
// Without a server, whose own look at the real time would come in between.
#[test]
fn an_expired_token_gives_its_place_to_the_next() {
    let (_home, database) = without_a_server();
    let shell = Principal::shell();
    let account = |name: &str, days: &[i64]| {
        let form = AccountCreation { name: name.into(), roles: vec![predefined::CI_CD.into()], ..AccountCreation::default() };
        let made = database.write_now(|conn| {
            let id = operations::create_system_account(conn, &shell, &Plan::unlimited(), &form)?;
            for day in days {
                let end = Ok(Expiry::In(TimeDelta::days(*day) + TimeDelta::hours(1)));
                let form = tokens_operations::TokenCreation { name: "deploy".into(), access: Some(Access::Read), expiry: end };
                tokens_operations::create(conn, &shell, &id, &form, None)?;
            }
            Ok(())
        });
        made.unwrap();
    };
    account("both", &[6, 12]);
    account("one", &[9]);
    account("none", &[]);
    let shown = |sort: &str, expiring: bool| {
        let filter = AccountFilter { expiring, ..AccountFilter::all(Kind::System) };
        let page = |conn: &mut DbConnection| list(conn, &filter, Sort::parse(sort), &Window::Skip(0), 25);
        database.read_now(page).unwrap().rows.into_iter().map(|row| row.name).collect::<Vec<_>>()
    };
    let after = |days: i64| seen_to(&database, clock::now() + TimeDelta::days(days) + TimeDelta::hours(2));
    assert_eq!(shown("expiry", false), ["both", "one", "none"]);
    assert_eq!(shown("name", true), ["both", "one"]);
    assert_eq!(after(3), 0);
    assert_eq!(shown("expiry", false), ["both", "one", "none"]);
    assert_eq!(after(6), 1, "the first of two has expired");
    assert_eq!(shown("expiry", false), ["one", "both", "none"]);
    assert_eq!(after(6), 0, "it is done once");
    assert_eq!(after(9), 0, "the only one has expired: nothing is to come, and the row names what has passed");
    let statements = database.statements();
    assert_eq!(after(9), 0);
    assert_eq!(database.statements() - statements, 2, "what is there to write?");
    assert_eq!(shown("expiry", false), ["one", "both", "none"]);
    assert_eq!(after(5), 1, "a clock that was ahead has been set right");
    assert_eq!(shown("expiry", false), ["both", "one", "none"]);
    assert_eq!(after(13), 1, "and after a long stop");
    assert_eq!(shown("-expiry", false), ["none", "both", "one"]);
}

/// More accounts than are moved on in one transaction.
#[test]
fn a_long_stop_is_made_up_for_in_parts() {
    let (_home, database) = without_a_server();
    seed(&database, 1_900);
    let (past, soon) = (clock::now() - TimeDelta::hours(3), clock::now() + TimeDelta::days(3));
    let made = database.write_now(|conn| {
        diesel::update(tokens::table).set(tokens::expires_at.eq(past)).execute(conn)?;
        let mut second = muster::database::sql::Sql::new(
            "INSERT INTO tokens (id, account_id, name, access, digest, created_at, created_by_name, expires_at) \
             SELECT 'x' || id, account_id, name, access, digest, created_at, created_by_name, ",
        );
        second.bind(soon).push(" FROM tokens");
        second.execute(conn)?;
        // As a version that went by the first of all left it.
        Ok(diesel::update(accounts::table).set(accounts::first_expiry_at.eq(past)).execute(conn)?)
    });
    assert_eq!(made, Ok(1_900));
    let expiring = || {
        let filter = AccountFilter { expiring: true, ..AccountFilter::all(Kind::System) };
        database.read_now(|conn| list(conn, &filter, Sort::parse("name"), &Window::Skip(0), 25)).unwrap().total.count
    };
    assert_eq!(expiring(), 0);
    assert_eq!(seen_to(&database, clock::now()), 950);
    assert_eq!(expiring(), 950);
    assert_eq!(seen_to(&database, clock::now()), 0);
}

fn without_a_server() -> (TestDatabase, Database) {
    let home = TestDatabase::empty();
    let url: DatabaseUrl = home.url().parse().unwrap();
    migrations::migrate(&url).unwrap();
    let database = Database::connect(url, 1).unwrap();
    (home, database)
}

/// The number of accounts that move on when expired tokens are seen to, at a time.
fn seen_to(database: &Database, now: NaiveDateTime) -> usize {
    let database = database.clone();
    actix_web::rt::System::new().block_on(async move { expiry::move_on(&database, now).await.unwrap() })
}
