//! The limit on users: disabled ones do not count.

use muster::accounts::model::{Kind, Selection};
use muster::accounts::operations;
use muster::auth::principal::Principal;
use muster::id::Id;

use super::{USERS, accept, id_of, invite, link_of};
use crate::support::app::TestApp;

pub fn disable(app: &TestApp, id: &Id) {
    let one = Selection::Accounts(vec![id.clone()]);
    app.write(move |conn| operations::disable(conn, &Principal::shell(), Kind::User, &one));
}

#[test]
fn enabling_needs_a_seat_by_every_door() {
    let app = TestApp::start_with(|config| config.user_limit = Some(3));
    let admin = app.admin();
    let (first, _) = app.add_user("First", &[]);
    let (second, _) = app.add_user("Second", &[]);
    disable(&app, &first);
    let list = admin.get(USERS);
    assert!(list.text().contains("2 of 3 users"), "{}", list.text());
    let (third, _) = app.add_user("Third", &[]);
    disable(&app, &third);
    let done = admin.post_and_follow(&format!("{USERS}/{first}/enablement"), &[]);
    assert_eq!(done.flash(), "Enabled First.");
    let refused = admin.post_and_follow(&format!("{USERS}/{third}/enablement"), &[]);
    assert_eq!(
        refused.flash(),
        "This installation allows 3 users, invited ones included, and all are in use. Disable or delete one first."
    );
    disable(&app, &second);
    let bulk =
        admin.post_and_follow(&format!("{USERS}/bulk"), &[("id", second.as_str()), ("id", third.as_str()), ("do", "enable")]);
    assert!(bulk.flash().contains("and 2 are in use, so 2 more don't fit. Disable or delete one first."), "{}", bulk.flash());
    // By Undo: somebody else has taken the seat meanwhile.
    assert_eq!(admin.post(&format!("{USERS}/{first}/disablement"), &[]).status, 303);
    let undo = crate::pages::html::undo_url(&admin.get(&format!("{USERS}/{first}")));
    for id in [&second, &third] {
        let one = Selection::Accounts(vec![id.clone()]);
        app.write(move |conn| operations::enable(conn, &Principal::shell(), &operations::Plan::unlimited(), Kind::User, &one));
    }
    let undone = admin.post_and_follow(&undo, &[("next", USERS)]);
    assert!(undone.flash().contains("allows 3 users"), "{}", undone.flash());
}

#[test]
fn an_invitation_holds_a_seat_until_it_is_cancelled() {
    let app = TestApp::start_with(|config| config.user_limit = Some(3));
    let admin = app.admin();
    app.add_user("Second", &[]);
    let sent = invite(&admin, "bo@example.org", &[]);
    let list = admin.get(USERS);
    assert!(list.text().contains("3 of 3 users") && list.text().contains("All seats are in use."), "{}", list.text());
    let full = invite(&admin, "cleo@example.org", &[]);
    assert_eq!(full.status, 409);
    assert!(
        full.text().contains("This installation allows 3 users, invited ones included, and all are in use."),
        "{}",
        full.text()
    );
    assert!(full.body.contains("cleo@example.org"), "what was typed stays");
    // The last seat is taken by who holds it already, also where the limit was lowered meanwhile.
    let lowered = TestApp::on(std::sync::Arc::clone(&app.home), |config| config.user_limit = Some(2));
    let key = link_of(&sent).rsplit_once('/').unwrap().1.to_owned();
    assert_eq!(accept(&lowered.anonymous(), &format!("/set-password/{key}"), "Bo").status, 303);
    // What is cancelled gives its seat back.
    let bo = id_of(&app, "bo@example.org");
    disable(&app, &bo);
    assert_eq!(invite(&admin, "cleo@example.org", &[]).status, 200);
    let cleo = id_of(&app, "cleo@example.org");
    assert_eq!(admin.post(&format!("{USERS}/{cleo}/invitation/cancellation"), &[]).status, 303);
    assert_eq!(invite(&admin, "dora@example.org", &[]).status, 200);
    assert_eq!(app.read(|conn| muster::accounts::queries::totals(conn, Kind::User)), (3, 1));
}

#[test]
fn fifty_invitations_to_the_last_seat_yield_one() {
    let app = TestApp::start_with(|config| config.user_limit = Some(3));
    let admin = app.admin();
    app.add_user("Second", &[]);
    let start = std::sync::Barrier::new(50);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..50)
            .map(|at| {
                let (start, admin) = (&start, admin.clone());
                scope.spawn(move || {
                    start.wait();
                    invite(&admin, &format!("p{at}@example.org"), &[]).status
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let of = |status: u16| statuses.iter().filter(|one| **one == status).count();
    // Too many at once are put off.
    assert_eq!((of(200), of(409) + of(503)), (1, 49), "{statuses:?}");
    assert_eq!(app.read(|conn| muster::accounts::queries::totals(conn, Kind::User)), (3, 0));
}

#[test]
fn machines_and_people_do_not_share_their_limits() {
    let app = TestApp::start_with(|config| config.user_limit = Some(1));
    let admin = app.admin();
    for name in ["one", "two"] {
        assert_eq!(admin.post("/settings/system-accounts", &[("name", name)]).status, 303);
    }
    assert!(admin.get("/settings/system-accounts").text().contains("2 enabled"));
}
