//! A new value is shown once, at an address: reload and Back are harmless, and nothing on the way holds it.

use diesel::prelude::*;
use muster::clock;
use muster::schema::sealed_secrets;
use muster::tokens::value::Access;

use crate::pages::html::{LIST, at, make_token, token_value};
use crate::support::app::{Answer, Client, PASSWORD, TestApp};

const FIELDS: [(&str, &str); 3] = [("name", "deploy"), ("access", "write"), ("expires", "30")];

/// How many values wait for their page.
fn waiting(app: &TestApp) -> i64 {
    app.read(|conn| Ok(sealed_secrets::table.count().get_result(conn)?))
}

fn shows_none(answer: &Answer) {
    assert_eq!((answer.status, answer.header("cache-control")), (200, "no-store, no-transform"), "{}", answer.text());
    assert!(answer.text().contains("A value is shown once"), "{}", answer.text());
    assert!(!regex::Regex::new("mst[rw]_[0-9A-Za-z]{12}_").unwrap().is_match(&answer.body), "{}", answer.body);
}

/// Makes a token and gives its page's address.
fn made(client: &Client, path: &str, fields: &[(&str, &str)]) -> String {
    let answer = client.post(path, fields);
    assert_eq!((answer.status, answer.body.as_str()), (303, ""), "{}", answer.text());
    let location = answer.location().to_owned();
    assert!(location.ends_with("/value"), "{location}");
    for (name, value) in &answer.headers {
        assert!(!value.contains("mstw_") && !value.contains("mstr_"), "{name}: {value}");
    }
    location
}

#[test]
fn a_new_value_is_shown_once() {
    let app = TestApp::start();
    let admin = app.admin();
    let id = app.add_account("robot");
    let page = made(&admin, &at(&id, "/tokens"), &FIELDS);
    // Looking at it without seeing it takes nothing away.
    assert_eq!(admin.send("HEAD", &page, &[], &[]).status, 200);
    // Neither does a browser that fetches ahead use it up.
    assert_eq!(admin.send("GET", &page, &[("Sec-Purpose", "prefetch;prerender")], &[]).status, 200);
    let kept: String = app.read(|conn| Ok(sealed_secrets::table.select(sealed_secrets::sealed).first(conn)?));
    let value = token_value(&admin.get(&page));
    assert_eq!(app.verify(&value).status, 200);
    for part in [&value[..], &value[18..40], &value[5..17]] {
        assert!(!kept.contains(part), "{kept}");
    }
    assert_eq!(waiting(&app), 0);
    shows_none(&admin.get(&page));
    // The same after a regeneration, with and without an overlap.
    for (overlap, told) in [("0", "stopped working just now"), ("24h", "works until")] {
        let token = page.split('/').nth(5).unwrap();
        let again = admin.post(&at(&id, &format!("/tokens/{token}/regeneration")), &[("overlap", overlap)]);
        let newest = if again.status == 303 { again.location().to_owned() } else { break };
        let shown = admin.get(&newest);
        assert!(shown.text().contains(told), "{}", shown.text());
        assert_eq!(app.verify(&token_value(&shown)).status, 200);
        shows_none(&admin.get(&newest));
    }
    // And for the first token of a new account.
    let page = made(&admin, LIST, &[("name", "second"), ("token", "rw-90")]);
    assert_eq!(app.verify(&token_value(&admin.get(&page))).status, 200);
    shows_none(&admin.get(&page));
}

#[test]
fn another_session_neither_sees_a_value_nor_uses_it_up() {
    let app = TestApp::start();
    let admin = app.admin();
    let id = app.add_account("robot");
    let page = made(&admin, &at(&id, "/tokens"), &FIELDS);
    // The same person in another browser, and another administrator.
    let elsewhere = app.anonymous();
    assert_eq!(elsewhere.post("/login", &[("email", "maya.lindqvist@example.test"), ("password", PASSWORD)]).status, 303);
    let other = app.user("Priya Sandoval", &[muster::roles::predefined::ADMINISTRATOR.into()]);
    for stranger in [&elsewhere, &other] {
        shows_none(&stranger.get(&page));
    }
    assert_eq!(app.viewer().get(&page).status, 403);
    assert_eq!(app.anonymous().get(&page).status, 303);
    token_value(&admin.get(&page));
    shows_none(&admin.get(&page));
}

#[test]
fn another_instance_shows_what_this_one_made() {
    let app = TestApp::start();
    let beside = app.beside();
    let admin = app.admin();
    let id = app.add_account("robot");
    let page = made(&admin, &at(&id, "/tokens"), &FIELDS);
    // Cookies know no ports.
    let value = token_value(&admin.get(&format!("{}{page}", beside.url)));
    assert_eq!(beside.verify(&value).status, 200);
    shows_none(&admin.get(&page));
}

#[test]
fn a_value_that_nobody_looks_at_is_forgotten() {
    let app = TestApp::start();
    let admin = app.admin();
    let id = app.add_account("robot");
    let page = made(&admin, &at(&id, "/tokens"), &FIELDS);
    app.write(|conn| Ok(diesel::update(sealed_secrets::table).set(sealed_secrets::expires_at.eq(clock::now())).execute(conn)?));
    shows_none(&admin.get(&page));
    assert_eq!(waiting(&app), 1);
    // The next one sweeps up. What belonged to a deleted token is shown no more.
    let next = made(&admin, &at(&id, "/tokens"), &FIELDS);
    assert_eq!(waiting(&app), 1);
    assert_eq!(admin.post(&at(&id, "/deletion"), &[("confirm", "robot")]).status, 303);
    assert_eq!(admin.get(&next).status, 404);
}

#[test]
fn regenerating_says_that_an_older_value_stops() {
    let app = TestApp::start();
    let admin = app.admin();
    let id = app.add_account("robot");
    let first = app.add_token(&id, Access::Write);
    let regenerate = |token: &str| {
        let path = at(&id, &format!("/tokens/{}/regeneration", &token[5..17]));
        token_value(&make_token(&admin, &path, &[("overlap", "24h")]))
    };
    let dialog = |page: &Answer, token: &str| {
        let (_, rest) = page.body.split_once(&format!("id=\"regenerate-{}\"", &token[5..17])).unwrap();
        Answer { body: rest.split("</dialog>").next().unwrap().into(), ..page.clone() }.text()
    };
    let said = |token: &str| format!("Its previous value, {} , still works and will stop immediately.", &token[..17]);
    let before = dialog(&admin.get(&at(&id, "")), &first);
    assert!(!before.contains("Its previous value"), "{before}");
    let second = regenerate(&first);
    let text = dialog(&admin.get(&at(&id, "")), &second);
    assert!(text.contains(&said(&first)), "{text}");
    let third = regenerate(&second);
    assert_eq!([&first, &second, &third].map(|value| app.verify(value).status), [401, 200, 200]);
    let page = admin.get(&at(&id, "")).text();
    assert!(page.contains("Maya Lindqvist stopped the old value of test token"), "{page}");
    assert!(!page.contains("revoked token"), "{page}");
    // Revoking it stops the old value by that name, too.
    admin.post(&at(&id, &format!("/tokens/{}/revocation", &third[5..17])), &[]);
    let page = admin.get(&at(&id, "")).text();
    assert_eq!(page.matches("stopped the old value of test token").count(), 2, "{page}");
    assert_eq!(page.matches("revoked token test token").count(), 1, "{page}");
}

#[test]
fn a_page_that_cannot_be_drawn_uses_no_value_up() {
    let app = TestApp::start();
    let admin = app.admin();
    let id = app.add_account("robot");
    let pages = [made(&admin, &at(&id, "/tokens"), &FIELDS), made(&admin, "/settings/api-tokens", &FIELDS)];
    let rename = |sql: &str| app.write(|conn| muster::database::sql::Sql::new(sql).execute(conn));
    rename("ALTER TABLE account_totals RENAME TO hidden_totals");
    for page in &pages {
        assert_eq!(admin.get(page).status, 500, "{page}");
    }
    rename("ALTER TABLE hidden_totals RENAME TO account_totals");
    for page in &pages {
        assert_eq!(app.verify(&token_value(&admin.get(page))).status, 200, "{page}");
        shows_none(&admin.get(page));
    }
}
