//! The limit on users: disabled ones do not count.

use muster::accounts::model::{Kind, Selection};
use muster::accounts::operations;
use muster::auth::principal::Principal;
use muster::id::Id;

use crate::support::app::TestApp;

const USERS: &str = "/settings/users";

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
        "This installation allows 3 users, invited ones included, and all are in use. Disable or delete one first. Nothing was \
         changed."
    );
    disable(&app, &second);
    let bulk =
        admin.post_and_follow(&format!("{USERS}/bulk"), &[("id", second.as_str()), ("id", third.as_str()), ("do", "enable")]);
    assert!(bulk.flash().contains("and all are in use"), "{}", bulk.flash());
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
fn machines_and_people_do_not_share_their_limits() {
    let app = TestApp::start_with(|config| config.user_limit = Some(1));
    let admin = app.admin();
    for name in ["one", "two"] {
        assert_eq!(admin.post("/settings/system-accounts", &[("name", name)]).status, 303);
    }
    assert!(admin.get("/settings/system-accounts").text().contains("2 enabled"));
}
