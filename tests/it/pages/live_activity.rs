//! The pages show a call at once, although it is written an hour later.

use chrono::TimeDelta;
use diesel::prelude::*;
use muster::clock;
use muster::id::Id;
use muster::schema::{accounts, tokens};
use muster::tokens::value::Access;

use crate::support::app::{Answer, TestApp};

const LIST: &str = "/settings/system-accounts";

/// When the account and its tokens were last used, as far as the database knows.
fn set_used(app: &TestApp, account: &Id, minutes: i64) {
    let at = clock::now() - TimeDelta::minutes(minutes);
    app.write(|conn| {
        diesel::update(accounts::table.find(account)).set(accounts::last_used_at.eq(at)).execute(conn)?;
        let of_account = tokens::table.filter(tokens::account_id.eq(account));
        Ok(diesel::update(of_account).set(tokens::last_used_at.eq(at)).execute(conn)?)
    });
}

fn call(app: &TestApp, token: &str, agent: &str) -> Answer {
    let value = format!("Bearer {token}");
    app.anonymous().get_with("/auth/verify", &[("Authorization", &value), ("User-Agent", agent)])
}

#[test]
fn a_call_shows_on_the_list_and_the_account_at_once() {
    let app = TestApp::start();
    let admin = app.admin();
    let [busy, idle] = ["busy", "idle"].map(|name| app.add_account(name));
    let [used, unused] = [(); 2].map(|()| app.add_token(&busy, Access::Read));
    app.add_token(&idle, Access::Read);
    set_used(&app, &busy, 200);
    set_used(&app, &idle, 200);
    let page = |path: &str| admin.get(path).text();
    assert_eq!(page(LIST).matches("3 hours ago").count(), 2);
    assert_eq!((call(&app, &used, "curl/9").status, call(&app, &used, "curl/9").status), (200, 200));
    let list = page(LIST);
    assert_eq!((list.matches("just now").count(), list.matches("3 hours ago").count()), (1, 1), "{list}");
    let account = page(&format!("{LIST}/{busy}"));
    assert!(account.contains("Token activity just now") && account.contains("curl/9"), "{account}");
    assert!(account.contains("3 hours ago"), "the other token keeps its own: {account}");
    assert!(account.contains("2 calls") || account.contains("Busiest day: 2 on"), "{account}");
    // What is refused counts on its day, and is no use.
    let id = unused.split('_').nth(1).unwrap();
    assert_eq!(admin.post(&format!("{LIST}/{busy}/tokens/{id}/revocation"), &[]).status, 303);
    assert_eq!(call(&app, &unused, "old/1").status, 401);
    let account = page(&format!("{LIST}/{busy}"));
    assert!(account.contains("1 refused") && !account.contains("old/1"), "{account}");
    // The other account has seen nothing.
    assert!(!page(&format!("{LIST}/{idle}")).contains("Token activity just now"));
}

#[test]
fn an_account_row_that_lags_behind_its_tokens_shows_what_they_say() {
    let app = TestApp::start();
    let admin = app.admin();
    let account = app.add_account("busy");
    app.add_token(&account, Access::Read);
    set_used(&app, &account, 200);
    let at = clock::now() - TimeDelta::minutes(2);
    app.write(|conn| Ok(diesel::update(tokens::table).set(tokens::last_used_at.eq(at)).execute(conn)?));
    assert!(admin.get(LIST).text().contains("2 min ago"));
}
