//! One-time links: made for one person, used once, dead for everybody after that.

use muster::accounts::model::{Kind, Selection};
use muster::accounts::operations::{self, Plan};
use muster::auth::principal::Principal;
use muster::id::Id;
use muster::roles::predefined;

use super::{USERS, accept, accept_with, id_of, invite, link_of, links, new_link};
use crate::pages::html::{error, row};
use crate::support::app::{Client, PASSWORD, TestApp};
use crate::support::snapshot::{assert_unchanged, lines, snapshot};

fn enable(app: &TestApp, id: &Id) {
    let one = Selection::Accounts(vec![id.clone()]);
    app.write(move |conn| operations::enable(conn, &Principal::shell(), &Plan::unlimited(), Kind::User, &one));
}

fn reset(client: &Client, id: &Id) -> String {
    new_link(client, &format!("{USERS}/{id}/password-link"))
}

fn is_dead(app: &TestApp, link: &str) {
    let unknown = app.anonymous().get(&format!("/set-password/{}", "0".repeat(64)));
    let (seen, posted) = (app.anonymous().get(link), accept(&app.anonymous(), link, "Eve"));
    assert_eq!((seen.status, posted.status), (404, 404), "{}", seen.text());
    let told = "This link has been used or has expired.";
    assert!(unknown.text().contains(told) && seen.text().contains(told) && posted.text().contains(told));
}

#[test]
fn looking_at_a_link_uses_nothing_up() {
    let app = TestApp::start();
    let admin = app.admin();
    let link = link_of(&invite(&admin, "Bo <bo@example.org>", &[]));
    let (bea, _) = app.add_user("Bea", &[]);
    for link in [link, reset(&admin, &bea)] {
        let before = snapshot(&app);
        let somebody = app.anonymous();
        for headers in [&[][..], &[("Sec-Purpose", "prefetch")], &[("User-Agent", "Slackbot-LinkExpanding 1.0")]] {
            assert_eq!(somebody.send("HEAD", &link, headers, &[]).status, 200);
            let page = somebody.get_with(&link, headers);
            assert_eq!((page.status, page.header("set-cookie")), (200, ""));
            assert_eq!((page.header("referrer-policy"), page.header("cache-control")), ("no-referrer", "no-store, no-transform"));
            assert!(!page.body.contains("http://") && !page.body.contains("https://"), "nothing from outside: {}", page.body);
        }
        assert_unchanged(&app, &before, "looking");
        let short = accept_with(&somebody, &link, "", "abc");
        assert_eq!((short.status, error(&short, "password").as_str()), (422, "At least 12 characters."));
        assert_eq!(short.header("referrer-policy"), "no-referrer");
        assert_unchanged(&app, &before, "a password that is too short");
        assert_eq!(accept(&somebody, &link, "").status, 303);
        is_dead(&app, &link);
    }
}

/// Does something several times at once.
fn at_once<T: Send>(n: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let start = std::sync::Barrier::new(n);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..n)
            .map(|at| {
                let (start, work) = (&start, &work);
                scope.spawn(move || {
                    start.wait();
                    work(at)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn fifty_posts_of_one_link_make_one_session() {
    let app = TestApp::start();
    let admin = app.admin();
    let invited = link_of(&invite(&admin, "Bo <bo@example.org>", &[]));
    let (bea, email) = app.add_user("Bea", &[]);
    for (link, email) in [(invited, "bo@example.org"), (reset(&admin, &bea), email.as_str())] {
        let clients: Vec<Client> = (0..50).map(|_| app.anonymous()).collect();
        let password = |at: usize| format!("correct horse battery {at}");
        let statuses = at_once(50, |at| accept_with(&clients[at], &link, "", &password(at)).status);
        let of = |status: u16| statuses.iter().filter(|one| **one == status).count();
        // Too many passwords at once are put off.
        assert_eq!((of(303), of(404) + of(503)), (1, 49), "{statuses:?}");
        let id = id_of(&app, email);
        let sql = format!("SELECT id AS line FROM sessions WHERE account_id = '{id}'");
        assert_eq!(app.read(|conn| Ok(lines(conn, &sql))).len(), 1);
        // The password is that of the one that was told so.
        let winner = statuses.iter().position(|status| *status == 303).unwrap();
        let signed_in = app.anonymous().post("/login", &[("email", email), ("password", &password(winner))]);
        assert_eq!(signed_in.status, 303, "{}", signed_in.text());
        is_dead(&app, &link);
    }
}

#[test]
fn of_links_that_are_made_at_once_one_lives() {
    let app = TestApp::start();
    let admin = app.admin();
    assert_eq!(invite(&admin, "Bo <bo@example.org>", &[]).status, 200);
    let (bea, _) = app.add_user("Bea", &[]);
    for path in [format!("{USERS}/{}/invitation", id_of(&app, "bo@example.org")), format!("{USERS}/{bea}/password-link")] {
        let made = at_once(5, |_| new_link(&admin, &path));
        let living: Vec<&String> = made.iter().filter(|link| app.anonymous().get(link).status == 200).collect();
        assert_eq!(living.len(), 1, "{path}");
        // Cancelled or accepted: whichever comes first, the other is told.
        let statuses = at_once(2, |at| match at {
            0 => accept(&app.anonymous(), living[0], "").status,
            _ => admin.post(&format!("{path}/cancellation"), &[]).status,
        });
        if path.ends_with("invitation") {
            assert!(matches!(statuses[..], [303, 409] | [404, 303]), "{statuses:?}");
        }
    }
}

#[test]
fn the_link_of_who_is_deleted_is_dead() {
    let app = TestApp::start();
    let admin = app.admin();
    let (bea, _) = app.add_user("Bea", &[]);
    let link = reset(&admin, &bea);
    assert_eq!(admin.post(&format!("{USERS}/{bea}/deletion"), &[("confirm", "Bea")]).status, 303);
    is_dead(&app, &link);
}

#[test]
fn a_newer_link_and_any_password_end_the_older_links() {
    let app = TestApp::start();
    let admin = app.admin();
    let (bo, email) = app.add_user("Bo", &[]);
    let (first, second) = (reset(&admin, &bo), reset(&admin, &bo));
    is_dead(&app, &first);
    let browser = app.anonymous();
    assert_eq!(browser.post("/login", &[("email", &email), ("password", PASSWORD)]).status, 303);
    assert_eq!(accept_with(&app.anonymous(), &second, "", "a fresh and longer secret").status, 303);
    assert_eq!(browser.get("/profile").status, 303, "the other session has ended");
    // Changed on the profile.
    let third = reset(&admin, &bo);
    assert_eq!(browser.post("/login", &[("email", &email), ("password", "a fresh and longer secret")]).status, 303);
    let fields = [("current", "a fresh and longer secret"), ("password", PASSWORD), ("password_again", PASSWORD)];
    assert_eq!(browser.post("/profile/password", &fields).status, 303);
    is_dead(&app, &third);
}

#[test]
fn a_disabled_users_links_are_dead_and_stay_so() {
    let app = TestApp::start();
    let admin = app.admin();
    let (bea, _) = app.add_user("Bea", &[]);
    let invited = link_of(&invite(&admin, "Bo <bo@example.org>", &[]));
    let bo = id_of(&app, "bo@example.org");
    for (link, id) in [(invited, bo.clone()), (reset(&admin, &bea), bea)] {
        super::seats::disable(&app, &id);
        is_dead(&app, &link);
        assert_eq!(admin.post(&format!("{USERS}/{id}/password-link"), &[]).status, 409);
        enable(&app, &id);
        is_dead(&app, &link);
    }
    assert!(row(&admin.get(USERS), "Bo").contains("Invited link no longer works"), "{}", row(&admin.get(USERS), "Bo"));
    assert!(admin.get(&format!("{USERS}/{bo}")).text().contains("The link stopped working when the account was disabled."));
    let renewed = new_link(&admin, &format!("{USERS}/{bo}/invitation"));
    assert_eq!(accept(&app.anonymous(), &renewed, "").status, 303);
    // Deleted, and expired.
    let gone = link_of(&invite(&admin, "cleo@example.org", &[]));
    assert_eq!(admin.post(&format!("{USERS}/{}/invitation/cancellation", id_of(&app, "cleo@example.org")), &[]).status, 303);
    is_dead(&app, &gone);
    let late = link_of(&invite(&admin, "dora@example.org", &[]));
    app.write(|conn| {
        let mut sql = muster::database::sql::Sql::new("UPDATE invitations SET expires_at = ");
        sql.bind(muster::clock::now());
        sql.execute(conn)
    });
    is_dead(&app, &late);
    assert!(row(&admin.get(USERS), "dora@example.org").contains("Invited link has expired"));
}

#[test]
fn renewing_replaces_and_cancelling_asks_what_has_happened() {
    let app = TestApp::start();
    let admin = app.admin();
    let first = link_of(&invite(&admin, "Bo <bo@example.org>", &[]));
    let bo = id_of(&app, "bo@example.org");
    let of = format!("{USERS}/{bo}/invitation");
    let page = admin.get(&format!("{USERS}/{bo}"));
    assert!(page.text().contains("New invitation link") && page.text().contains("Cancel invitation"), "{}", page.text());
    assert!(page.text().contains("Invited by Maya Lindqvist"));
    let second = new_link(&admin, &of);
    is_dead(&app, &first);
    assert_eq!(accept(&app.anonymous(), &second, "").status, 303);
    // In another window it is still the page of somebody invited.
    let before = snapshot(&app);
    for stale in [of.clone(), format!("{of}/cancellation")] {
        let answer = admin.post(&stale, &[]);
        assert_eq!(answer.status, 409, "{}", answer.text());
        assert!(answer.flash().contains("Bo has already accepted the invitation."), "{}", answer.text());
        assert!(links(&answer).is_empty());
    }
    assert_unchanged(&app, &before, "stale windows");
    // A link for a password is not made for who was only invited.
    let sent = invite(&admin, "Cleo <cleo@example.org>", &[]);
    assert_eq!(sent.status, 200);
    let cleo = id_of(&app, "cleo@example.org");
    let answer = admin.post(&format!("{USERS}/{cleo}/password-link"), &[]);
    assert_eq!(answer.status, 409);
    assert!(answer.text().contains("hasn't accepted the invitation yet"), "{}", answer.text());
    let done = admin.post_and_follow(&format!("{USERS}/{cleo}/invitation/cancellation"), &[]);
    assert_eq!(done.flash(), "Cancelled the invitation of Cleo. The link no longer works.");
    assert_eq!(admin.post(&format!("{USERS}/{cleo}/invitation/cancellation"), &[]).status, 404);
    // The address is free again.
    assert_eq!(invite(&admin, "cleo@example.org", &[]).status, 200);
}

#[test]
fn an_invitation_is_judged_again_when_it_is_accepted() {
    let app = TestApp::start();
    let admin = app.admin();
    let ada = app.user("Ada", &[predefined::ADMINISTRATOR.into()]);
    let role = app.add_role("Reader", &["team:read:*"]);
    let link = link_of(&invite(&ada, "Bo <bo@example.org>", &[("role", role.as_str())]));
    let ada_id = ada.account.clone().unwrap();
    let demote = |roles: &[Id]| {
        let (id, edit) = (ada_id.clone(), muster::accounts::operations::ActionParams::exactly(roles.to_vec()));
        app.write(|conn| operations::set_roles(conn, &Principal::shell(), Kind::User, &id, &edit));
    };
    assert_eq!(app.anonymous().get(&link).status, 200);
    demote(&[predefined::VIEWER.into()]);
    is_dead(&app, &link);
    assert!(row(&admin.get(USERS), "Bo").contains("Invited link no longer works"));
    let told = admin.get(&format!("{USERS}/{}", id_of(&app, "bo@example.org")));
    assert!(told.text().contains("Ada can no longer grant everything that this invitation gives."), "{}", told.text());
    // Back to where she may: it works again. What grows beyond her ends it.
    let inviter = app.add_role("Inviter", &["user:invite", "team:read:*"]);
    demote(std::slice::from_ref(&inviter));
    assert_eq!(app.anonymous().get(&link).status, 200);
    app.write(|conn| {
        let mut sql = muster::database::sql::Sql::new("INSERT INTO role_permissions (role_id, permission) VALUES (");
        sql.bind(&role).push(", 'user:manage:*')");
        sql.execute(conn)
    });
    is_dead(&app, &link);
    // Somebody who has all of it answers for a new link.
    let renewed = new_link(&admin, &format!("{USERS}/{}/invitation", id_of(&app, "bo@example.org")));
    super::seats::disable(&app, &ada_id);
    assert_eq!(app.anonymous().get(&renewed).status, 200);
    assert_eq!(accept(&app.anonymous(), &renewed, "").status, 303);
}

#[test]
fn a_reset_link_is_made_and_used_only_by_right() {
    let app = TestApp::start();
    app.admin();
    let helpdesk = app.add_role("Helpdesk", &["user:manage:*"]);
    let helper = app.user("Hanna Desk", &[helpdesk]);
    let (ada, _) = app.add_user("Ada Admin", &[predefined::ADMINISTRATOR.into()]);
    let (bo, _) = app.add_user("Bo Viewer", &[]);
    let before = snapshot(&app);
    let refused = helper.post(&format!("{USERS}/{ada}/password-link"), &[]);
    assert_eq!(refused.status, 403);
    assert!(refused.text().contains("Ada Admin can do more than you: you don't have audit:read:*."), "{}", refused.text());
    assert_unchanged(&app, &before, "reset link");
    // Kept until the other has gained more, it is worth nothing.
    let link = reset(&helper, &bo);
    let id = bo.clone();
    app.write(move |conn| muster::roles::queries::give(conn, &id, &predefined::ADMINISTRATOR.into()));
    is_dead(&app, &link);
    // Neither is the link of who has been demoted, or of who is gone.
    let (cleo, _) = app.add_user("Cleo", &[]);
    let link = reset(&helper, &cleo);
    super::seats::disable(&app, helper.account.as_ref().unwrap());
    is_dead(&app, &link);
}

#[test]
fn the_secret_of_a_link_stands_in_no_event_and_decides_alone_whose_password_is_set() {
    let app = TestApp::start();
    let admin = app.admin();
    let (ada, ada_email) = app.add_user("Ada", &[predefined::ADMINISTRATOR.into()]);
    let link = link_of(&invite(&admin, "Bo <bo@example.org>", &[]));
    let fields = [
        ("password", "a fresh and longer secret"),
        ("password_again", "a fresh and longer secret"),
        ("id", ada.as_str()),
        ("user", ada.as_str()),
        ("account_id", ada.as_str()),
        ("email", ada_email.as_str()),
    ];
    for twice in [("password", "another and longer one"), ("name", "a")] {
        let doubled = [&fields[..], &[twice, ("name", "b")]].concat();
        assert_eq!(app.anonymous().post(&link, &doubled).status, 400);
    }
    assert_eq!(app.anonymous().post(&link, &fields).status, 303);
    assert_eq!(app.anonymous().post("/login", &[("email", &ada_email), ("password", PASSWORD)]).status, 303);
    let own = app.anonymous().post("/login", &[("email", "bo@example.org"), ("password", "a fresh and longer secret")]);
    assert_eq!(own.status, 303);
    let secret = &link[link.len() - 10..];
    let events =
        app.read(|conn| Ok(lines(conn, "SELECT detail || target_name || coalesce(object_name, '') AS line FROM audit_events")));
    assert!(events.iter().all(|event| !event.contains(secret)));
}

#[test]
fn a_page_over_http_may_post_without_saying_where_it_comes_from() {
    let app = TestApp::start();
    let admin = app.admin();
    let link = link_of(&invite(&admin, "Bo <bo@example.org>", &[]));
    let fields = [("password", PASSWORD), ("password_again", PASSWORD)];
    assert_eq!(app.anonymous().send("POST", &link, &[("Origin", "https://evil.example")], &fields).status, 403);
    assert_eq!(app.anonymous().send("POST", &link, &[("Sec-Fetch-Site", "cross-site"), ("Origin", "null")], &fields).status, 403);
    assert_eq!(app.anonymous().send("POST", &link, &[("Origin", "null")], &fields).status, 303);
    assert_eq!(app.anonymous().send("POST", "/login", &[("Origin", "null")], &fields).status, 403);
}

#[test]
fn who_only_invites_learns_of_nobody_else() {
    let app = TestApp::start();
    let admin = app.admin();
    let inviter = app.add_role("Inviter", &["user:invite"]);
    let inviter = app.user("Hanna Desk", &[inviter]);
    let (ada, _) = app.add_user("Ada Admin", &[predefined::ADMINISTRATOR.into()]);
    let (vera, _) = app.add_user("Vera Viewer", &[]);
    let before = snapshot(&app);
    for door in ["invitation", "invitation/cancellation"] {
        let nobody = inviter.post(&format!("{USERS}/{}/{door}", Id::new()), &[]);
        for id in [&ada, &vera] {
            let answer = inviter.post(&format!("{USERS}/{id}/{door}"), &[]);
            assert_eq!((answer.status, answer.text().contains("Admin")), (404, false), "{}", answer.text());
            assert_eq!(answer.text().split("Request").next(), nobody.text().split("Request").next());
        }
        assert_eq!(admin.post(&format!("{USERS}/{ada}/{door}"), &[]).status, 409);
    }
    assert_unchanged(&app, &before, "looking for names");
    // Those whom they may invite they handle.
    assert_eq!(invite(&inviter, "Bo <bo@example.org>", &[]).status, 200);
    let bo = id_of(&app, "bo@example.org");
    assert_eq!(inviter.post(&format!("{USERS}/{bo}/invitation"), &[]).status, 303);
    assert_eq!(inviter.post(&format!("{USERS}/{bo}/invitation/cancellation"), &[]).status, 303);
}
