//! What a team's administrator has changed of its members, they can take back.

use muster::roles::predefined;

use super::{at, belonging, make_administrator};
use crate::pages::html::{find_undo_url, undo_url};
use crate::support::app::TestApp;

#[test]
fn a_team_administrator_takes_back_what_they_added_and_removed() {
    let app = TestApp::start();
    let lead = app.user("Lea Lead", &[predefined::USER.into()]);
    let [ida, bo] = ["Ida Holm", "Bo Berg"].map(|name| app.add_user(name, &[predefined::USER.into()]).0);
    let robot = app.add_account("robot");
    let (team, other) = (app.add_team("Blue", &[&ida, &bo, &robot]), app.add_team("Red", &[&bo]));
    make_administrator(&app, &team, &lead);
    let before = belonging(&app, "team_members", &team);
    let both = [("account", ida.as_str()), ("account", bo.as_str())];
    let removed = lead.post_and_follow(&at(&team, "/members/removal"), &both);
    assert_eq!(removed.flash(), "Removed 2 users from Blue.");
    let undo = undo_url(&removed);
    // By nobody else, and not by way of another team.
    let admin = app.admin();
    assert_eq!(admin.post(&undo, &[]).status, 404);
    make_administrator(&app, &other, &lead);
    assert_eq!(lead.post(&undo.replace(team.as_str(), other.as_str()), &[]).status, 404);
    let undone = lead.post_and_follow(&undo, &[]);
    assert_eq!(undone.flash(), "Undone: 2 users added to Blue.");
    assert_eq!(belonging(&app, "team_members", &team), before);
    // Once is enough.
    assert_eq!(lead.post_and_follow(&undo, &[]).flash(), "This change has already been undone.");
    let mixed = [("account", ida.as_str()), ("account", robot.as_str())];
    let removed = lead.post_and_follow(&at(&team, "/members/removal"), &mixed);
    assert_eq!(removed.flash(), "Removed 1 user and 1 system account from Blue.");
    let added = lead.post_and_follow(&at(&team, "/members"), &[("account", ida.as_str())]);
    assert_eq!(added.flash(), "Added Ida Holm to Blue.");
    assert_eq!(lead.post_and_follow(&undo_url(&added), &[]).flash(), "Undone: Ida Holm removed from Blue.");
    // What others have changed since stays as they left it.
    let undone = lead.post_and_follow(&undo_url(&removed), &[]);
    assert!(undone.flash().starts_with("Undone: robot added to Blue."), "{}", undone.flash());
    assert!(undone.flash().contains("1 change was left alone"), "{}", undone.flash());
}

#[test]
fn an_administrator_takes_back_the_same_and_nothing_says_accounts() {
    let app = TestApp::start();
    let admin = app.admin();
    let [ida, bo] = ["Ida Holm", "Bo Berg"].map(|name| app.add_user(name, &[]).0);
    let team = app.add_team("Blue", &[]);
    let both = [("account", ida.as_str()), ("account", bo.as_str())];
    let added = admin.post_and_follow(&at(&team, "/members"), &both);
    assert_eq!(added.flash(), "Added 2 users to Blue.");
    let undone = admin.post_and_follow(&undo_url(&added), &[]);
    assert_eq!((undone.flash(), find_undo_url(&undone)), ("Undone: 2 users removed from Blue.".into(), None));
    let appointed = admin.post_and_follow(&at(&team, "/administrators"), &both);
    assert_eq!(appointed.flash(), "Made 2 users administrators of Blue.");
    let none = admin.post_and_follow(&at(&team, "/members/removal"), &[]);
    assert_eq!(none.flash(), "Select at least one account.");
}

// A right that one cannot give back to oneself is not given up by one click.
#[test]
fn who_gives_up_their_team_is_asked_first() {
    let app = TestApp::start();
    let lead = app.user("Lea Lead", &[predefined::USER.into()]);
    let team = app.add_team("Blue", &[]);
    make_administrator(&app, &team, &lead);
    let page = lead.get(&at(&team, "")).body;
    let (before, dialog) = page.split_once("<dialog class=\"dialog\" id=\"leave\"").expect("a question");
    assert!(before.contains("href=\"#leave\" data-dialog") && !before.contains("/administrators/removal"));
    assert!(dialog.contains("/administrators/removal") && dialog.contains("You can't undo this yourself."));
    // Who can appoint themselves again is not asked.
    assert!(!app.admin().get(&at(&team, "")).body.contains("id=\"leave\""));
}
