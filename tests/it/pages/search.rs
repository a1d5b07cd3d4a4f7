//! The search of the list: words in any order, a UUID, the prefix of a token.

use diesel::prelude::*;
use muster::accounts::model::{AccountFilter, AccountName, Kind, Sort, Window};
use muster::accounts::queries::{self, list::list};
use muster::accounts::search::Search;
use muster::roles::predefined;
use muster::schema::accounts;
use muster::tokens::value::Access;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::html::{LIST, names};
use crate::support::app::{Client, TestApp};

/// The names of those that are found.
fn found(client: &Client, search: &str) -> Vec<String> {
    let answer = client.get(&format!("{LIST}?q={}", utf8_percent_encode(search, NON_ALPHANUMERIC)));
    assert_eq!(answer.status, 200, "{search}");
    names(&answer)
}

#[test]
fn words_are_found_in_any_order_and_however_they_are_set_apart() {
    let app = TestApp::start();
    let viewer = app.viewer();
    for name in ["payments deploy", "payments test", "search deploy"] {
        app.add_account(name);
    }
    for (search, names) in [
        ("deploy payments", &["payments deploy"][..]),
        ("DEP   pay", &["payments deploy"]),
        ("pay\tdeploy", &["payments deploy"]),
        (" \u{a0}pay  ", &["payments deploy", "payments test"]),
        ("pay arch", &[]),
        ("de pl y", &["payments deploy", "search deploy"]),
    ] {
        assert_eq!(found(&viewer, search), names, "{search:?}");
    }
}

#[test]
fn a_uuid_finds_its_account_and_the_beginning_of_a_token_too() {
    let app = TestApp::start();
    let (admin, viewer) = (app.admin(), app.viewer());
    let [deploy, test, _] = ["payments deploy", "payments test", "search deploy"].map(|name| app.add_account(name));
    let token = app.add_token(&test, Access::Write);
    let (prefix, id) = (&token[..10], token.split('_').nth(1).unwrap());
    for client in [&admin, &viewer] {
        assert_eq!(found(client, deploy.as_str()), ["payments deploy"]);
        assert_eq!(found(client, &deploy.as_str().to_uppercase()), ["payments deploy"]);
    }
    // Two that were made at once begin alike.
    for begins in [&test.as_str()[..30], &test.as_str().replace('-', "")[..28]] {
        assert_eq!(found(&viewer, begins), ["payments test"], "{begins}");
    }
    assert!(found(&viewer, &test.as_str()[..8]).contains(&"payments test".to_owned()));
    let shown = format!("{prefix}…");
    for search in [prefix, &shown, &token[..17], id] {
        assert_eq!(found(&admin, search), ["payments test"], "{search}");
        // Who may not see tokens learns nothing by them.
        assert!(found(&viewer, search).is_empty(), "{search}");
    }
    assert!(found(&admin, "mstw_zzzzzzzzzzzz").is_empty());
    assert!(found(&admin, &id.to_lowercase()).is_empty() || id == id.to_lowercase());
}

#[test]
fn a_team_manager_finds_the_tokens_of_their_teams_only() {
    let app = TestApp::start();
    let role = app.add_role("Operator", &["system_account:manage:team"]);
    let [own, other] = ["payments deploy", "payments test"].map(|name| app.add_account(name));
    let client = app.user("Bo", &[role]);
    app.add_team("Payments", &[&own, client.account.as_ref().unwrap()]);
    let tokens = [&own, &other].map(|account| app.add_token(account, Access::Read));
    assert_eq!(found(&client, &tokens[0][..17]), ["payments deploy"]);
    assert!(found(&client, &tokens[1][..17]).is_empty());
    assert!(found(&client, other.as_str()).is_empty());
}

#[test]
fn the_secret_of_a_token_that_was_searched_for_stays_in_no_address() {
    let app = TestApp::start();
    let (admin, viewer) = (app.admin(), app.viewer());
    let account = app.add_account("payments deploy");
    let token = app.add_token(&account, Access::Write);
    for client in [&admin, &viewer] {
        for search in [token.clone(), format!("ci%20{token}"), format!("%09{token}%0A")] {
            let answer = client.get(&format!("{LIST}?disabled=1&q={search}"));
            assert_eq!(answer.status, 303, "{search}");
            let next = answer.header("location");
            assert!(next.contains(&token[..17]) && next.contains("disabled=1"), "{next}");
            assert!(!next.contains(&token[18..]), "{next}");
        }
    }
    assert_eq!(found(&admin, &token[..17]), ["payments deploy"]);
}

#[test]
fn users_are_found_by_their_address_also_after_another_name() {
    let app = TestApp::start();
    let (id, email) = app.add_user("Maya Lindqvist", &[predefined::USER.into()]);
    app.add_user("Bo Ek", &[predefined::USER.into()]);
    let names = |search: &str| {
        let filter = AccountFilter { search: Search::from(search), ..AccountFilter::all(Kind::User) };
        app.read(|conn| list(conn, &filter, Sort::parse("name"), &Window::Skip(0), 25))
            .rows
            .into_iter()
            .map(|row| row.name)
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&email.to_uppercase()), ["Maya Lindqvist"]);
    let part = &email[..email.len() - 3];
    assert_eq!(names(&format!("maya {part}")), ["Maya Lindqvist"]);
    app.write(|conn| queries::rename(conn, &id, &AccountName::parse("Maja").unwrap(), "works here"));
    assert_eq!((names(&email), names("works maja")), (vec!["Maja".to_owned()], vec!["Maja".to_owned()]));
    let texts: Vec<String> =
        app.read(|conn| Ok(accounts::table.filter(accounts::id.eq(&id)).select(accounts::search_text).load(conn)?));
    assert_eq!(texts, [format!("maja\nworks here\n{email}")]);
}
