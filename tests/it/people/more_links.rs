//! Links again, by other ways: another verb, another page, another spelling, the API, bulk, Undo.

use std::sync::Barrier;

use muster::id::Id;
use serde_json::json;

use super::{INVITE, USERS, accept, accept_with, id_of, invite, link_of, links, new_link};
use crate::api::Caller;
use crate::pages::html::{names, undo_url};
use crate::support::app::{Answer, Client, PASSWORD, TestApp};
use crate::support::snapshot::{assert_unchanged, lines, snapshot};

fn reset(client: &Client, id: &Id) -> String {
    new_link(client, &format!("{USERS}/{id}/password-link"))
}

fn is_dead(app: &TestApp, link: &str) {
    assert_eq!(app.anonymous().get(link).status, 404);
    assert_eq!(accept(&app.anonymous(), link, "Eve").status, 404);
}

/// Two things at the same moment.
fn both(one: impl FnOnce() -> Answer + Send, other: impl FnOnce() -> Answer + Send) -> (Answer, Answer) {
    let start = Barrier::new(2);
    std::thread::scope(|scope| {
        let first = scope.spawn(|| {
            start.wait();
            one()
        });
        start.wait();
        let second = other();
        (first.join().unwrap(), second)
    })
}

// 1.1: the link of the first administrator, other signs of a preview, and methods that a scanner tries.
#[test]
fn no_method_but_the_persons_post_uses_a_link_up() {
    let app = TestApp::start();
    let setup = app.setup_link.clone().unwrap();
    let setup = setup.strip_prefix(&app.url).unwrap_or(&setup).to_owned();
    let stranger = app.anonymous();
    let looks = [
        &[("Purpose", "prefetch")][..],
        &[("X-Moz", "prefetch")],
        &[("X-Purpose", "preview")],
        &[("Range", "bytes=0-10")],
        &[("If-None-Match", "*")],
        &[("User-Agent", "Microsoft Office/16.0 (SafeLinks)")],
    ];
    let look = |link: &str| {
        for headers in looks {
            let page = stranger.get_with(link, headers);
            assert_eq!((page.status, page.header("set-cookie")), (200, ""), "{headers:?}");
            assert!(!page.body.contains("http-equiv") && !page.body.contains("onload") && !page.body.contains("data-autosubmit"));
        }
        for method in ["PUT", "PATCH", "DELETE", "OPTIONS"] {
            let answer = stranger.send(method, link, &[("Sec-Fetch-Site", "same-origin")], &[("password", PASSWORD)]);
            assert_eq!(answer.status, 405, "{method}");
        }
    };
    let before = snapshot(&app);
    look(&setup);
    assert_unchanged(&app, &before, "the first administrator's link");
    let first = [("name", "Maya Lindqvist"), ("email", "maya@example.org"), ("password", PASSWORD), ("password_again", PASSWORD)];
    let admin = app.anonymous();
    // Twenty at once: one administrator.
    let start = Barrier::new(20);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let post = |_| {
            let (start, admin, setup, first) = (&start, admin.clone(), &setup, &first);
            scope.spawn(move || {
                start.wait();
                admin.post(setup, first).status
            })
        };
        (0..20).map(post).collect::<Vec<_>>().into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 303 | 404 | 503)), "{statuses:?}");
    let users = "SELECT name AS line FROM accounts WHERE kind = 'user'";
    assert_eq!(app.read(|conn| Ok(lines(conn, users))), ["Maya Lindqvist"]);
    assert_eq!(app.anonymous().get(&setup).status, 404);
    let maya = app.anonymous();
    assert_eq!(maya.post("/login", &[("email", "maya@example.org"), ("password", PASSWORD)]).status, 303);
    let link = link_of(&invite(&maya, "Bo <bo@example.org>", &[]));
    let before = snapshot(&app);
    look(&link);
    assert_unchanged(&app, &before, "an invitation");
    assert_eq!(accept(&app.anonymous(), &link, "").status, 303);
}

// 1.2: an error in the middle, passwords that are refused for another reason, and a form without any.
#[test]
fn what_fails_leaves_the_link_alive() {
    let app = TestApp::start();
    let admin = app.admin();
    let (bea, _) = app.add_user("Bea", &[]);
    for link in [link_of(&invite(&admin, "cleo@example.org", &[])), reset(&admin, &bea)] {
        let somebody = app.anonymous();
        let before = snapshot(&app);
        for (password, again) in [("", ""), ("correct horse battery", "correct horse batterie"), (&*"x".repeat(10_000), "")] {
            let refused = somebody.post(&link, &[("name", "Cleo"), ("password", password), ("password_again", again)]);
            assert_eq!(refused.status, 422, "{}", refused.text());
        }
        assert_eq!(somebody.post(&link, &[]).status, 422);
        // The event cannot be written, so nothing of it is done.
        let rename = |sql: &str| app.write(|conn| muster::database::sql::Sql::new(sql).execute(conn));
        rename("ALTER TABLE audit_changes RENAME TO hidden_changes");
        assert_eq!(accept(&somebody, &link, "Cleo").status, 500);
        rename("ALTER TABLE hidden_changes RENAME TO audit_changes");
        assert_unchanged(&app, &before, "an error in the middle");
        assert_eq!(accept(&somebody, &link, "Cleo").status, 303);
        is_dead(&app, &link);
    }
}

// 1.3, 1.5: by the API, in bulk and by Undo; and an invitation whose account is enabled again from the invite page.
#[test]
fn no_way_back_to_an_enabled_account_revives_a_link() {
    let app = TestApp::start();
    let admin = app.admin();
    let caller = Caller::administrator(&app);
    let (bo, _) = app.add_user("Bo", &[]);
    let pending = |name: &str| {
        let link = link_of(&invite(&admin, &format!("{name} <{name}@example.org>"), &[]));
        (link, id_of(&app, &format!("{name}@example.org")))
    };
    // By the API.
    for (link, id) in [pending("api"), (reset(&admin, &bo), bo.clone())] {
        let path = format!("/admin/users/{id}");
        for active in [false, true] {
            assert_eq!(caller.put(&path, &json!({ "active": active })).status, 200);
            is_dead(&app, &link);
        }
    }
    // In bulk, and by Undo.
    let (link, id) = pending("bulk");
    let second = reset(&admin, &bo);
    let fields = [("id", id.as_str()), ("id", bo.as_str()), ("do", "disable")];
    let done = admin.post_and_follow(&format!("{USERS}/bulk"), &fields);
    let undone = admin.post_and_follow(&undo_url(&done), &[("next", USERS)]);
    assert!(undone.flash().starts_with("Undone"), "{}", undone.flash());
    for link in [&link, &second] {
        is_dead(&app, link);
    }
    // Another address by the API ends them as well; another name does not.
    let third = reset(&admin, &bo);
    assert_eq!(caller.put(&format!("/admin/users/{bo}"), &json!({ "name": "Bo Berg" })).status, 200);
    assert_eq!(app.anonymous().get(&third).status, 200);
    assert_eq!(caller.put(&format!("/admin/users/{bo}"), &json!({ "email": "bo.berg@example.org" })).status, 200);
    is_dead(&app, &third);
    let (link, id) = pending("deleted");
    assert_eq!(caller.delete(&format!("/admin/users/{id}")).status, 204);
    is_dead(&app, &link);
}

// 1.14: other headers that name a host, and the other link.
#[test]
fn no_header_makes_a_link_lead_elsewhere() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let public = format!("http://localhost:{}", free.port());
    let app = TestApp::start_with(|config| {
        (config.listen, config.public_url) = (free, Some(public.clone()));
        config.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
    });
    let admin = app.admin();
    let (bea, _) = app.add_user("Bea", &[]);
    let headers = [
        ("Sec-Fetch-Site", "same-origin"),
        ("Forwarded", "host=evil.example;proto=https"),
        ("X-Original-Host", "evil.example"),
        ("X-Host", "evil.example"),
        ("X-Forwarded-Server", "evil.example"),
        ("X-Forwarded-Port", "666"),
        ("X-Forwarded-Prefix", "/evil"),
    ];
    for (path, fields) in
        [(INVITE.to_owned(), &[("addresses", "bo@example.org")][..]), (format!("{USERS}/{bea}/password-link"), &[])]
    {
        let made = admin.send("POST", &path, &headers, fields);
        assert_eq!(made.status, 303, "{}", made.text());
        assert!(made.location().starts_with("/settings/users/links/"), "{}", made.location());
        let shown = admin.get_with(made.location(), &headers);
        assert!(links(&shown)[0].starts_with(&format!("{public}/set-password/")), "{:?}", links(&shown));
        assert!(!shown.body.contains("evil") && !shown.body.contains("666"), "{}", shown.body);
    }
}

// 1.16: cancelled, deleted or given another address while somebody accepts; cancelled twice; made anew while it is cancelled.
#[test]
fn whatever_happens_while_somebody_accepts_one_thing_has_happened() {
    let app = TestApp::start();
    let admin = app.admin();
    let caller = Caller::administrator(&app);
    let doors = ["cancel", "delete", "disable", "email", "renew", "api"];
    for (at, door) in doors.iter().enumerate() {
        let email = format!("p{at}@example.org");
        let link = link_of(&invite(&admin, &format!("Person {at} <{email}>"), &[]));
        let id = id_of(&app, &email);
        let of = format!("{USERS}/{id}");
        let stranger = app.anonymous();
        let name = format!("Person {at}");
        let other = || match *door {
            "cancel" => admin.post(&format!("{of}/invitation/cancellation"), &[]),
            "delete" => admin.post(&format!("{of}/deletion"), &[("confirm", &name)]),
            "disable" => admin.post(&format!("{of}/disablement"), &[]),
            "email" => admin.post(&format!("{of}/email"), &[("email", &format!("q{at}@example.org"))]),
            "renew" => admin.post(&format!("{of}/invitation"), &[]),
            _ => caller.delete(&format!("/admin/users/{id}")).answer,
        };
        let (accepted, done) = both(|| accept(&stranger, &link, ""), other);
        assert!(matches!(accepted.status, 303 | 404), "{door}: {}", accepted.text());
        assert!(matches!(done.status, 303 | 204 | 409), "{door}: {} {}", done.status, done.text());
        // Refused, it was accepted before; in any other case the link is used up.
        assert!(done.status != 409 || accepted.status == 303, "{door}");
        is_dead(&app, &link);
        let sql = format!("SELECT CAST(count(*) AS TEXT) AS line FROM sessions WHERE account_id = '{id}'");
        let sessions = app.read(|conn| Ok(lines(conn, &sql))).remove(0);
        let stays = accepted.status == 303 && matches!(*door, "cancel" | "email" | "renew");
        assert_eq!(sessions, if stays { "1" } else { "0" }, "{door}: {} and {}", accepted.status, done.status);
    }
    // Cancelled twice, and made anew at the same moment.
    assert_eq!(invite(&admin, "Kaja <kaja@example.org>", &[]).status, 200);
    let of = format!("{USERS}/{}/invitation", id_of(&app, "kaja@example.org"));
    let cancel = || admin.post(&format!("{of}/cancellation"), &[]);
    let (one, other) = both(cancel, cancel);
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 404]);
    assert_eq!(invite(&admin, "Kaja <kaja@example.org>", &[]).status, 200);
    let of = format!("{USERS}/{}/invitation", id_of(&app, "kaja@example.org"));
    let (cancelled, renewed) = both(|| admin.post(&format!("{of}/cancellation"), &[]), || admin.post(&of, &[]));
    assert_eq!(cancelled.status, 303, "{}", cancelled.text());
    assert!(matches!(renewed.status, 303 | 404), "{}", renewed.text());
    assert!(!names(&admin.get(USERS)).contains(&"Kaja".to_owned()));
}

// A key is guessed by nobody: what differs from one that lives is as unknown as any.
#[test]
fn a_key_that_almost_fits_is_none() {
    let app = TestApp::start();
    let admin = app.admin();
    let (bea, _) = app.add_user("Bea", &[]);
    let (invited, password) = (link_of(&invite(&admin, "Bo <bo@example.org>", &[])), reset(&admin, &bea));
    for link in [&invited, &password] {
        let (head, key) = link.rsplit_once('/').unwrap();
        let last = if key.ends_with('0') { '1' } else { '0' };
        let digest = muster::auth::links::digest_of(key);
        for wrong in [
            key.to_uppercase(),
            format!("{}{last}", &key[..63]),
            key[..63].to_owned(),
            format!("{key}0"),
            digest,
            format!("{key}%00"),
        ] {
            let wrong = format!("{head}/{wrong}");
            if wrong == *link {
                continue;
            }
            assert_eq!(app.anonymous().get(&wrong).status, 404, "{wrong}");
            assert_eq!(accept_with(&app.anonymous(), &wrong, "Eve", PASSWORD).status, 404, "{wrong}");
        }
        // Of another kind of link: it opens nothing there.
        let path = link.rsplit_once("/set-password/").unwrap().1;
        assert_eq!(app.anonymous().get(&format!("/setup/{path}")).status, 404);
    }
    assert_ne!(invited.rsplit_once('/').unwrap().1[..32], password.rsplit_once('/').unwrap().1[..32]);
}
