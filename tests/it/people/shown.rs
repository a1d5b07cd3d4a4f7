//! New links are shown once, at an address: reload and Back are harmless, and nothing on the way holds one.

use diesel::prelude::*;
use muster::clock;
use muster::database::DbConnection;
use muster::id::Id;
use muster::people::operations::Pending;
use muster::people::queries::sent;
use muster::roles::predefined;
use muster::schema::sealed_secrets;

use super::{INVITE, LINKS, USERS, accept, follow, id_of, invite, links};
use crate::pages::html::{href, names, value};
use crate::support::app::{Answer, Client, PASSWORD, TestApp};
use crate::support::snapshot::{assert_unchanged, lines, snapshot};
use crate::support::statements::Recorded;

/// Posts, and gives the address of the page with the links.
fn made(client: &Client, path: &str, fields: &[(&str, &str)]) -> String {
    let answer = client.post(path, fields);
    assert_eq!((answer.status, answer.body.as_str()), (303, ""), "{}", answer.text());
    for (name, value) in &answer.headers {
        assert!(!value.contains("set-password"), "{name}: {value}");
    }
    let location = answer.location().to_owned();
    assert!(Id::parse(location.strip_prefix(LINKS).unwrap()).is_some(), "{location}");
    location
}

fn shows_none(answer: &Answer) {
    let headers = (answer.header("referrer-policy"), answer.header("cache-control"));
    assert_eq!((answer.status, headers), (200, ("no-referrer", "no-store, no-transform")), "{}", answer.text());
    assert!(answer.text().contains("Links are shown once"), "{}", answer.text());
    assert!(!answer.body.contains("set-password/") && links(answer).is_empty(), "{}", answer.body);
}

fn waiting(app: &TestApp) -> i64 {
    app.read(|conn| Ok(sealed_secrets::table.count().get_result(conn)?))
}

#[test]
fn every_new_link_is_shown_once() {
    let app = TestApp::start();
    let admin = app.admin();
    let (bea, _) = app.add_user("Bea", &[]);
    let invited = made(&admin, INVITE, &[("addresses", "Bo <bo@example.org>\ncleo@example.org")]);
    let pages = [
        // Bo's is ended by the next one.
        (invited, &[404, 200][..]),
        (made(&admin, &format!("{USERS}/{}/invitation", id_of(&app, "bo@example.org")), &[]), &[200]),
        (made(&admin, &format!("{USERS}/{bea}/password-link"), &[]), &[200]),
    ];
    let before = snapshot(&app);
    for (page, statuses) in &pages {
        // Looking at it without seeing it takes nothing away.
        assert_eq!(admin.send("HEAD", page, &[], &[]).status, 200);
        assert_eq!(admin.get_with(page, &[("Sec-Purpose", "prefetch;prerender")]).status, 200);
        let kept = "SELECT sealed AS line FROM sealed_secrets";
        let kept = app.read(|conn| Ok(lines(conn, kept)));
        let shown = admin.get(page);
        let made = links(&shown);
        assert_eq!((shown.header("referrer-policy"), shown.header("cache-control")), ("no-referrer", "no-store, no-transform"));
        let found: Vec<u16> = made.iter().map(|link| app.anonymous().get(link).status).collect();
        assert_eq!(found, *statuses, "{}", shown.text());
        for link in made {
            let key = link.rsplit('/').next().unwrap();
            assert!(kept.iter().all(|sealed| !sealed.contains(key) && !sealed.contains(&key[54..])), "{kept:?}");
        }
        // Reload, and Back.
        shows_none(&admin.get(page));
        shows_none(&admin.get(page));
        assert_unchanged(&app, &before, page);
    }
    assert_eq!(waiting(&app), 0);
    // An address that never was says no more than one that was.
    shows_none(&admin.get(&format!("{LINKS}{}", Id::new())));
    assert_eq!(admin.get(&format!("{LINKS}nonsense")).status, 404);
}

#[test]
fn the_links_of_a_form_that_was_sent_twice_are_shown() {
    let app = TestApp::start();
    let admin = app.admin();
    let form = value(&admin.get(INVITE), "form");
    let fields = [("addresses", "bo@example.org\ncleo@example.org"), ("form", form.as_str())];
    // The browser has dropped the first answer.
    let (first, second) = (made(&admin, INVITE, &fields), made(&admin, INVITE, &fields));
    assert_eq!(first, second);
    assert_eq!(links(&admin.get(&second)).len(), 2);
    shows_none(&admin.get(&first));
    assert_eq!(names(&admin.get(USERS)).len(), 3);
    // Somebody else's form finds nothing.
    let other = app.user("Priya Sandoval", &[predefined::ADMINISTRATOR.into()]);
    let answer = other.post(INVITE, &[("addresses", "dora@example.org"), ("form", form.as_str())]);
    assert!(matches!(answer.status, 303 | 409), "{}", answer.text());
    assert!(links(&follow(&other, answer)).len() < 2);
}

#[test]
fn another_session_neither_sees_links_nor_uses_them_up() {
    let app = TestApp::start();
    let beside = app.beside();
    let admin = app.admin();
    let page = made(&admin, INVITE, &[("addresses", "bo@example.org")]);
    let elsewhere = app.anonymous();
    assert_eq!(elsewhere.post("/login", &[("email", "maya.lindqvist@example.test"), ("password", PASSWORD)]).status, 303);
    let other = app.user("Priya Sandoval", &[predefined::ADMINISTRATOR.into()]);
    for stranger in [&elsewhere, &other] {
        shows_none(&stranger.get(&page));
    }
    assert_eq!(app.viewer().get(&page).status, 403);
    assert_eq!(app.anonymous().get(&page).status, 303);
    // Cookies know no ports: another instance opens it as well.
    let shown = admin.get(&format!("{}{page}", beside.url));
    assert_eq!(links(&shown).len(), 1, "{}", shown.text());
    shows_none(&admin.get(&page));
}

#[test]
fn links_that_nobody_looks_at_are_forgotten_and_a_page_that_fails_uses_none_up() {
    let app = TestApp::start();
    let admin = app.admin();
    let page = made(&admin, INVITE, &[("addresses", "bo@example.org")]);
    let rename = |sql: &str| app.write(|conn| muster::database::sql::Sql::new(sql).execute(conn));
    rename("ALTER TABLE account_totals RENAME TO hidden_totals");
    assert_eq!(admin.get(&page).status, 500);
    rename("ALTER TABLE hidden_totals RENAME TO account_totals");
    app.write(|conn| Ok(diesel::update(sealed_secrets::table).set(sealed_secrets::expires_at.eq(clock::now())).execute(conn)?));
    shows_none(&admin.get(&page));
    assert_eq!(waiting(&app), 1);
    // The next one sweeps up.
    let next = made(&admin, INVITE, &[("addresses", "cleo@example.org")]);
    assert_eq!((waiting(&app), links(&admin.get(&next)).len()), (1, 1));
}

#[test]
fn who_only_invites_has_a_list_of_their_own() {
    let app = TestApp::start();
    let admin = app.admin();
    let inviter = app.add_role("Inviter", &["user:invite"]);
    let helper = app.user("Hanna Desk", std::slice::from_ref(&inviter));
    // Signing in leads there, and the side bar too.
    assert_eq!(helper.get("/").location(), "/settings/invitations");
    let empty = helper.get("/settings/invitations");
    assert!(empty.text().contains("No pending invitations"), "{}", empty.text());
    assert_eq!((href(&empty, "Invitations"), href(&empty, "Invite users")), ("/settings/invitations".into(), INVITE.into()));
    assert!(!admin.get(USERS).body.contains("href=\"/settings/invitations\""), "who sees users has no need of it");
    // From the form, the links and what was cancelled one comes back to it.
    assert_eq!(invite(&admin, "Ada <ada@example.org>", &[]).status, 200);
    let form = helper.get(INVITE);
    assert_eq!(href(&form, "Cancel"), "/settings/invitations");
    let sent = invite(&helper, "Bo <bo@example.org>\ncleo@example.org", &[]);
    assert_eq!(links(&sent).len(), 2);
    assert_eq!(href(&sent, "Done, I've sent them"), "/settings/invitations");
    let list = helper.get("/settings/invitations");
    assert!(list.text().contains("Bo bo@example.org link expires in 7 days"), "{}", list.text());
    assert!(list.text().contains("cleo@example.org") && !list.text().contains("ada@example.org"), "{}", list.text());
    let (bo, cleo) = (id_of(&app, "bo@example.org"), id_of(&app, "cleo@example.org"));
    let again = follow(&helper, helper.post(&format!("{USERS}/{bo}/invitation"), &[]));
    assert_eq!((links(&again).len(), href(&again, "Done, I've sent it").as_str()), (1, "/settings/invitations"));
    let gone = helper.post_and_follow(&format!("{USERS}/{cleo}/invitation/cancellation"), &[]);
    assert_eq!(gone.flash(), "Cancelled the invitation of cleo@example.org. The link no longer works.");
    assert!(gone.text().contains("Your pending invitations"), "{}", gone.text());
    // What has come to give more than they have is not theirs any more.
    let id = bo.clone();
    app.write(move |conn| muster::roles::queries::give(conn, &id, &predefined::ADMINISTRATOR.into()));
    let list = helper.get("/settings/invitations");
    assert!(list.text().contains("link no longer works Ask an administrator to change it."), "{}", list.text());
    assert!(!list.body.contains("/cancellation"));
    app.write(move |conn| {
        let mut sql = muster::database::sql::Sql::new("DELETE FROM account_roles WHERE account_id = ");
        sql.bind(&bo);
        sql.execute(conn)
    });
    assert_eq!(accept(&app.anonymous(), &links(&again)[0], "").status, 303);
    assert!(helper.get("/settings/invitations").text().contains("No pending invitations"));
    // Someone else who invites sees none of it.
    let other = app.user("Otto Desk", &[inviter]);
    assert!(other.get("/settings/invitations").text().contains("No pending invitations"));
    assert_eq!(app.viewer().get("/settings/invitations").status, 403);
}

#[test]
fn many_invitations_are_paged_and_cost_no_more_statements() {
    let app = TestApp::start();
    app.admin();
    let inviter = app.add_role("Inviter", &["user:invite"]);
    let helper = app.user("Hanna Desk", &[inviter]);
    let (mut recorded, own) = (Recorded::open(&app.database_url), helper.account.clone().unwrap());
    let mut asked = || {
        let read = |conn: &mut DbConnection| {
            let rows = sent::page(conn, &own, 50, 0).unwrap();
            let ids: Vec<Id> = rows.into_iter().map(|row| row.id).collect();
            (sent::count(conn, &own).unwrap(), Pending::of(conn, &ids).unwrap())
        };
        recorded.during(read).1.len()
    };
    assert_eq!(invite(&helper, "a@example.org", &[]).status, 200);
    let one = asked();
    let many: Vec<String> = (100..160).map(|n| format!("p{n}@example.org")).collect();
    assert_eq!(invite(&helper, &many.join("\n"), &[]).status, 200);
    assert_eq!(asked(), one);
    let first = helper.get("/settings/invitations");
    assert!(first.text().contains("1–50 of 61") && !first.text().contains("p159@example.org"), "{}", first.text());
    for page in ["2", "99", "999999999999999999999", "-1"] {
        let found = helper.get(&format!("/settings/invitations?page={page}"));
        assert_eq!(found.text().contains("p159@example.org"), !page.starts_with(['-']) && page.len() < 10, "{page}");
    }
}
