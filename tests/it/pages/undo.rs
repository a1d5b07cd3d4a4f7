//! Undo: takes back exactly what a change changed, and says what it left.

use muster::id::Id;
use muster::roles::predefined;
use muster::tokens::value::Access;

use super::html::{LIST, answer_question, at, borrowed, bulk, bulk_flash, matching, row, ticked, undo_url};
use crate::support::app::{Answer, Client, TestApp};

fn made(app: &TestApp, n: usize) -> Vec<Id> {
    (1..=n).map(|number| app.add_account(&format!("robot {number}"))).collect()
}

fn refs(ids: &[Id]) -> Vec<&Id> {
    ids.iter().collect()
}

fn undo(client: &Client, done: &Answer) -> Answer {
    client.post_and_follow(&undo_url(done), &[("next", &format!("{LIST}?disabled=1"))])
}

fn roles(client: &Client, id: &Id) -> Vec<String> {
    ticked(&client.get(&at(id, "")), "role")
}

// S7
#[test]
fn disabling_and_enabling_are_taken_back() {
    let app = TestApp::start();
    let admin = app.admin();
    let ids = made(&app, 3);
    let token = app.add_token(&ids[1], Access::Read);
    bulk_flash(&admin, "disable", &[&ids[0]], &[]);
    let done = bulk_flash(&admin, "disable", &refs(&ids), &[]);
    assert_eq!(done.flash(), "Disabled 2 system accounts. robot 1 was already disabled.");
    assert_eq!(app.verify(&token).status, 401);
    let back = undo(&admin, &done);
    assert_eq!(back.flash(), "Undone: 2 system accounts enabled.");
    assert_eq!(app.totals(), (2, 1));
    assert!(row(&back, "robot 1").contains("Disabled") && row(&back, "robot 2").contains("Active"));
    assert_eq!(app.verify(&token).status, 200);
    let done = bulk_flash(&admin, "enable", &refs(&ids), &[]);
    assert_eq!(undo(&admin, &done).flash(), "Undone: robot 1 disabled.");
    assert_eq!(app.totals(), (2, 1));
    // One alone, from its page.
    let done = admin.post_and_follow(&at(&ids[1], "/disablement"), &[]);
    let next = at(&ids[1], "");
    let back = admin.post(&undo_url(&done), &[("next", &next)]);
    assert_eq!((back.status, back.location()), (303, next.as_str()));
    assert_eq!(admin.get(&next).flash(), "Undone: robot 2 enabled.");
    assert_eq!(app.totals(), (2, 1));
}

// S10, S6, S9
#[test]
fn roles_are_taken_back_only_from_those_who_got_them() {
    let app = TestApp::start();
    let admin = app.admin();
    let ids = made(&app, 3);
    let [ci_cd, viewer, administrator] =
        [predefined::CI_CD, predefined::READ_ONLY, predefined::ADMINISTRATOR].map(|role| role.to_string());
    bulk_flash(&admin, "add_role", &[&ids[0]], &[("add_role", &viewer)]);
    let done = bulk_flash(&admin, "add_role", &refs(&ids), &[("add_role", &viewer)]);
    assert_eq!(undo(&admin, &done).flash(), "Undone: Read-Only removed from 2 system accounts.");
    assert!(roles(&admin, &ids[0]).contains(&viewer) && !roles(&admin, &ids[1]).contains(&viewer));
    let done = bulk_flash(&admin, "remove_role", &refs(&ids), &[("remove_role", &viewer)]);
    assert_eq!(undo(&admin, &done).flash(), "Undone: Read-Only added to robot 1.");
    assert!(roles(&admin, &ids[0]).contains(&viewer) && !roles(&admin, &ids[1]).contains(&viewer));
    let question = bulk(&admin, "make_administrator", &refs(&ids), &[]);
    let done = answer_question(&admin, &question, "");
    let done = admin.get(done.location());
    assert_eq!(undo(&admin, &done).flash(), "Undone: Administrator removed from 3 system accounts.");
    assert!(ids.iter().all(|id| !roles(&admin, id).contains(&administrator)));
    admin.post(&at(&ids[0], "/promotion"), &[]);
    let done = bulk_flash(&admin, "remove_administrator", &refs(&ids), &[]);
    assert_eq!(undo(&admin, &done).flash(), "Undone: Administrator added to robot 1.");
    assert!(roles(&admin, &ids[0]).contains(&administrator));
    // Edit Roles gave one and took one; both come back.
    let done = admin.post_and_follow(&at(&ids[1], "/roles"), &[("role", &viewer)]);
    assert_eq!(roles(&admin, &ids[1]), [viewer.as_str()]);
    assert_eq!(undo(&admin, &done).flash(), "Undone: CI/CD added to robot 2; Read-Only removed from robot 2.");
    assert_eq!(roles(&admin, &ids[1]), [ci_cd]);
    // One alone.
    let done = admin.post_and_follow(&at(&ids[0], "/demotion"), &[]);
    undo(&admin, &done);
    assert!(roles(&admin, &ids[0]).contains(&administrator));
}

#[test]
fn what_somebody_changed_since_is_left_alone_and_counted() {
    let app = TestApp::start();
    let admin = app.admin();
    let other = app.user("Tomas Okafor", &[predefined::ADMINISTRATOR.into()]);
    let ids = made(&app, 5);
    let done = bulk_flash(&admin, "disable", &refs(&ids), &[]);
    // Tomas has enabled one, enabled and disabled another, and deleted a third; renaming is no word about this.
    bulk_flash(&other, "enable", &refs(&ids[..2]), &[]);
    bulk_flash(&other, "disable", &[&ids[1]], &[]);
    answer_question(&other, &bulk(&other, "delete", &[&ids[2]], &[]), "robot 3");
    other.post(&at(&ids[3], ""), &[("name", "renamed")]);
    let back = undo(&admin, &done);
    assert_eq!(back.flash(), "Undone: 2 system accounts enabled. 3 changes were left alone: someone has changed them since.");
    assert!(row(&back, "robot 1").contains("Active") && row(&back, "robot 2").contains("Disabled"));
    assert!(row(&back, "renamed").contains("Active") && row(&back, "robot 5").contains("Active"));
    assert_eq!(app.totals(), (3, 1));
    let viewer = predefined::READ_ONLY.to_string();
    let user = predefined::USER.to_string();
    let pair = [("add_role", viewer.as_str()), ("add_role", user.as_str())];
    let done = bulk_flash(&admin, "add_role", &[&ids[0], &ids[4]], &pair);
    bulk_flash(&other, "remove_role", &[&ids[0]], &[("remove_role", &viewer)]);
    let back = undo(&admin, &done);
    assert_eq!(
        back.flash(),
        "Undone: Read-Only and User removed from 2 system accounts. 1 change was left alone: someone has changed it since."
    );
    // All of it changed since: nothing to take back.
    let done = bulk_flash(&admin, "disable", &[&ids[0]], &[]);
    bulk_flash(&other, "enable", &[&ids[0]], &[]);
    let refused = admin.post_and_follow(&undo_url(&done), &[]);
    assert!(refused.text().contains("Couldn't undo: someone has changed this system account since."), "{}", refused.text());
}

#[test]
fn a_change_is_taken_back_once_and_only_by_who_made_it() {
    let app = TestApp::start();
    let admin = app.admin();
    let other = app.user("Tomas Okafor", &[predefined::ADMINISTRATOR.into()]);
    let ids = made(&app, 2);
    let done = bulk_flash(&admin, "disable", &refs(&ids), &[]);
    assert_eq!(other.post(&undo_url(&done), &[]).status, 404);
    assert_eq!(app.viewer().post(&undo_url(&done), &[]).status, 403);
    assert_eq!(app.anonymous().post(&undo_url(&done), &[]).location(), "/login?notice=ended");
    assert_eq!(app.totals(), (0, 2));
    undo(&admin, &done);
    assert_eq!(app.totals(), (2, 0));
    let twice = admin.post_and_follow(&undo_url(&done), &[("next", &at(&ids[0], ""))]);
    assert!(twice.body.contains("<h1><bdi>robot 1</bdi></h1>"), "it is told where the button was");
    assert!(twice.text().contains("This change has already been undone."), "{}", twice.text());
    assert_eq!(app.totals(), (2, 0));
    for id in ["x", Id::new().as_str(), "%00"] {
        assert_eq!(admin.post(&format!("/settings/changes/{id}/undo"), &[]).status, 404, "{id}");
    }
    // Where Undo returns to is a page of this host.
    let done = bulk_flash(&admin, "disable", &refs(&ids), &[]);
    assert_eq!(admin.post(&undo_url(&done), &[("next", "//evil.test")]).location(), LIST);
}

// S2
#[test]
fn undo_keeps_the_plan_and_does_nothing_by_halves() {
    let app = TestApp::with_plan(3);
    let admin = app.admin();
    let ids = made(&app, 3);
    let done = bulk_flash(&admin, "disable", &refs(&ids[..2]), &[]);
    let url = undo_url(&done);
    app.add_account("newcomer");
    let refused = admin.post_and_follow(&url, &[]);
    assert!(refused.text().contains("allows 3 system accounts, and 2 are in use, so 2 more don't fit."), "{}", refused.text());
    assert_eq!(app.totals(), (2, 2));
    // Once there is room, it can still be taken back.
    bulk_flash(&admin, "disable", &[&ids[2]], &[]);
    assert_eq!(admin.post_and_follow(&url, &[]).flash(), "Undone: 2 system accounts enabled.");
    assert_eq!(app.totals(), (3, 1));
}

#[test]
fn undo_gives_no_name_back_that_is_taken_meanwhile() {
    let app = TestApp::start();
    let admin = app.admin();
    let ids = made(&app, 2);
    let done = bulk_flash(&admin, "disable", &refs(&ids), &[]);
    app.add_account("Robot 2");
    let refused = admin.post_and_follow(&undo_url(&done), &[]);
    assert!(refused.text().contains("An enabled system account is already named robot 2."), "{}", refused.text());
    assert_eq!(app.totals(), (1, 2));
}

#[test]
fn all_that_match_are_taken_back_whatever_their_number() {
    let app = TestApp::start();
    let admin = app.admin();
    app.add_many(1500);
    let done = bulk_flash(&admin, "disable", &[], &borrowed(&matching(&admin, &[("q", "bulk")]), &[]));
    assert_eq!(done.flash(), "Disabled 1,500 system accounts.");
    assert_eq!(undo(&admin, &done).flash(), "Undone: 1,500 system accounts enabled.");
    assert_eq!(app.totals(), (1500, 0));
}

#[test]
fn teams_are_taken_back() {
    let app = TestApp::start();
    let admin = app.admin();
    let id = app.add_account("robot");
    let team = app.add_team("Platform", &[]);
    let done = admin.post_and_follow(&at(&id, "/teams"), &[("team", team.as_str())]);
    undo(&admin, &done);
    assert!(ticked(&admin.get(&at(&id, "")), "team").is_empty());
}
