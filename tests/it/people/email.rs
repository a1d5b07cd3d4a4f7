//! E-mail addresses: what people sign in with.

use muster::roles::predefined;

use super::{INVITE, USERS, accept, id_of, invite, link_of, new_link};
use crate::pages::html::error;
use crate::support::app::{Answer, Client, PASSWORD, TestApp};
use crate::support::snapshot::{assert_unchanged, lines, snapshot};

fn sign_in(app: &TestApp, email: &str) -> Client {
    let client = app.anonymous();
    let answer = client.post("/login", &[("email", email), ("password", PASSWORD)]);
    assert_eq!(answer.status, 303, "{email}: {}", answer.text());
    client
}

fn change_own(client: &Client, email: &str, current: &str) -> Answer {
    client.post("/profile/email", &[("email", email), ("current", current)])
}

#[test]
fn an_address_is_changed_only_by_who_can_do_as_much() {
    let app = TestApp::start();
    let admin = app.admin();
    let helpdesk = app.add_role("Helpdesk", &["user:manage:*"]);
    let helper = app.user("Hanna Desk", &[helpdesk]);
    let (ada, _) = app.add_user("Ada Admin", &[predefined::ADMINISTRATOR.into()]);
    let (bo, old) = app.add_user("Bo", &[]);
    let before = snapshot(&app);
    let refused = helper.post(&format!("{USERS}/{ada}/email"), &[("email", "hanna.desk+ada@example.test")]);
    assert_eq!(refused.status, 403);
    assert!(refused.text().contains("Ada Admin can do more than you"), "{}", refused.text());
    assert_unchanged(&app, &before, "another's address");
    let link = new_link(&admin, &format!("{USERS}/{bo}/password-link"));
    let done = helper.post_and_follow(&format!("{USERS}/{bo}/email"), &[("email", " Bo.New@Bücher.example. ")]);
    assert_eq!(done.flash(), "Changed the e-mail address. Links made for the old one no longer work.");
    assert!(done.text().contains("Bo.New@Bücher.example"), "{}", done.text());
    assert_eq!(app.anonymous().get(&link).status, 404);
    assert_eq!(app.anonymous().post("/login", &[("email", &old), ("password", PASSWORD)]).status, 422);
    sign_in(&app, "bo.new@xn--bcher-kva.example");
    // Found by it, and no longer by the old one.
    assert!(admin.get(&format!("{USERS}?q=bo.new")).body.contains("<bdi>Bo</bdi>"));
    assert!(!admin.get(&format!("{USERS}?q={old}")).body.contains("<bdi>Bo</bdi>"));
    let told = "SELECT detail AS line FROM audit_events WHERE type = 'account.email_changed'";
    let told = app.read(|conn| Ok(lines(conn, told)));
    assert_eq!(told, [format!("{{\"after\":{{\"email\":\"Bo.New@Bücher.example\"}},\"before\":{{\"email\":\"{old}\"}}}}")]);
    assert!(admin.get(&format!("{USERS}/{bo}")).text().contains("changed the e-mail address"), "in recent activity");
    for wrong in ["", "nonsense", "a b@example.org", "a\0@example.org"] {
        let answer = helper.post(&format!("{USERS}/{bo}/email"), &[("email", wrong)]);
        assert_eq!(answer.status, 422, "{wrong:?}");
        error(&answer, "new-email");
    }
    // Exactly one text, wherever an address is taken.
    let twice = [("email", "a@b.example"), ("email", "c@d.example"), ("current", PASSWORD), ("password", PASSWORD)];
    for path in [format!("{USERS}/{bo}/email"), "/profile/email".into(), "/login".into()] {
        assert_eq!(admin.post(&path, &twice).status, 400, "{path}");
    }
}

#[test]
fn an_address_that_another_has_is_refused_with_their_name() {
    let app = TestApp::start();
    let admin = app.admin();
    let (bo, _) = app.add_user("Bo", &[]);
    let (ida, _) = app.add_user("Ida Holm", &[]);
    let (left, _) = app.add_user("Left Ago", &[]);
    super::seats::disable(&app, &left);
    let link = link_of(&invite(&admin, "Kaja <kaja@example.org>", &[]));
    let robot = app.add_account("robot");
    let before = snapshot(&app);
    for (taken, who) in [
        ("IDA.HOLM@example.test", "Ida Holm already has"),
        ("ida.holm@example.test.", "Ida Holm already has"),
        ("left.ago@example.test", "Left Ago (disabled) already has"),
        ("kaja@EXAMPLE.org", "Kaja (invited) already has"),
    ] {
        let answer = admin.post(&format!("{USERS}/{bo}/email"), &[("email", taken)]);
        assert_eq!(answer.status, 409, "{taken}: {}", answer.text());
        assert!(error(&answer, "new-email").contains(who), "{}", error(&answer, "new-email"));
        assert_unchanged(&app, &before, taken);
    }
    // In two windows, and twenty at once: one gets it.
    let (start, users) = (std::sync::Barrier::new(20), [&bo, &ida]);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..20)
            .map(|at| {
                let (start, admin, id) = (&start, admin.clone(), users[at % 2]);
                scope.spawn(move || {
                    start.wait();
                    admin.post(&format!("{USERS}/{id}/email"), &[("email", "wanted@example.org")]).status
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 10, "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 303 | 409)), "{statuses:?}");
    // Another spelling of one's own is no other address. Machines have no address to change.
    let own = id_of(&app, "wanted@example.org");
    assert_eq!(admin.post(&format!("{USERS}/{own}/email"), &[("email", "Wanted@Example.org")]).status, 303);
    assert_eq!(admin.post(&format!("{USERS}/{robot}/email"), &[("email", "robot@example.org")]).status, 404);
    // The link of an invitation to another address is for nobody.
    let kaja = id_of(&app, "kaja@example.org");
    assert_eq!(admin.post(&format!("{USERS}/{kaja}/email"), &[("email", "kaja.h@example.org")]).status, 303);
    assert_eq!(accept(&app.anonymous(), &link, "").status, 404);
    assert_eq!(admin.get(INVITE).status, 200);
}

#[test]
fn ones_own_address_takes_ones_own_password() {
    let app = TestApp::start();
    app.admin();
    let (_, old) = app.add_user("Bo", &[]);
    app.add_user("Ida Holm", &[]);
    let [own, other] = [(); 2].map(|()| sign_in(&app, &old));
    let before = snapshot(&app);
    for current in ["", "guess"] {
        let answer = change_own(&own, "bo.new@example.test", current);
        assert_eq!((answer.status, error(&answer, "email-password").as_str()), (422, "That is not your current password."));
        assert!(answer.body.contains("bo.new@example.test") && !answer.body.contains(PASSWORD));
        assert_unchanged(&app, &before, "without the password");
    }
    assert_eq!(
        error(&change_own(&own, "nonsense", PASSWORD), "new-email"),
        "Enter a valid e-mail address, such as name@example.com."
    );
    // Who may not see users learns no name.
    let taken = change_own(&own, "ida.holm@example.test", PASSWORD);
    assert_eq!(taken.status, 409);
    assert!(error(&taken, "new-email").starts_with("Another user already has"), "{}", taken.text());
    assert_unchanged(&app, &before, "taken");
    assert_eq!(change_own(&own, "bo.new@example.test", PASSWORD).status, 303);
    assert_eq!(own.get("/profile").flash(), "E-mail address changed. Signed out of 1 other session.");
    assert_eq!((own.get("/profile").status, other.get("/profile").status), (200, 303));
    assert_eq!(app.anonymous().post("/login", &[("email", &old), ("password", PASSWORD)]).status, 422);
    sign_in(&app, "bo.new@example.test");
    assert_eq!(app.anonymous().post("/profile/email", &[("email", "x@example.org")]).status, 303);
}
