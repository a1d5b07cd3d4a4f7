//! The forms of an account's page: name, roles, teams.

use diesel::prelude::*;
use muster::id::Id;
use muster::roles::predefined;
use muster::schema::audit_events;

use super::html::{LIST, at, error, find_undo_url, ticked, undo_url, value};
use crate::support::app::TestApp;

#[test]
fn renaming_checks_as_creating_does_and_keeps_what_was_typed() {
    let app = TestApp::start();
    let admin = app.admin();
    let id = app.add_account("robot");
    app.add_account("Taken");
    let rename = |name: &str, description: &str| admin.post(&at(&id, ""), &[("name", name), ("description", description)]);
    let done = rename("  Robot two ", "Builds <b>things</b>");
    assert_eq!((done.status, done.location()), (303, at(&id, "").as_str()));
    let page = admin.get(done.location());
    assert_eq!(page.flash(), "Saved name and description.");
    assert!(page.body.contains("<h1><bdi>Robot two</bdi></h1>"));
    assert!(page.text().contains("renamed it from robot to Robot two"), "{}", page.text());
    for (name, message) in [
        ("", "Enter a name."),
        ("TAKEN", "An enabled system account already has this name."),
        ("a\tb", "Line breaks and other control characters are not allowed."),
    ] {
        let again = rename(name, "kept");
        assert_eq!((again.status, error(&again, "rename-name")), (422, message.into()), "{name}");
        assert!(again.body.contains("id=\"rename\" aria-labelledby=\"rename-title\" closedby=\"any\" open data-error"));
        assert!(
            again
                .body
                .contains("id=\"rename-description\" name=\"description\" maxlength=\"200\" autocomplete=\"off\" value=\"kept\"")
        );
        assert!(again.body.contains("<h1><bdi>Robot two</bdi></h1>"));
    }
    let again = rename("Robot two", &"x".repeat(201));
    assert_eq!(error(&again, "rename-description"), "At most 200 characters.");
    // Another case of its own name is free to it; no change is no event.
    assert_eq!(rename("ROBOT TWO", "Builds <b>things</b>").status, 303);
    assert_eq!(rename("ROBOT TWO", "Builds <b>things</b>").status, 303);
    assert_eq!(rename("ROBOT TWO", "Other").status, 303);
    let page = admin.get(&at(&id, ""));
    assert!(page.text().contains("changed the description"));
    let events: i64 = app
        .read(|conn| Ok(audit_events::table.filter(audit_events::event_type.eq("account.renamed")).count().get_result(conn)?));
    assert_eq!(events, 3);
}

// S9
#[test]
fn edit_roles_sets_all_roles_in_one_form() {
    let app = TestApp::start();
    let admin = app.admin();
    let id = app.add_account("robot");
    let [ci_cd, viewer, user] = [predefined::CI_CD, predefined::READ_ONLY, predefined::USER].map(|role| role.to_string());
    let set = |roles: &[&str]| {
        let fields: Vec<(&str, &str)> = roles.iter().map(|role| ("role", *role)).collect();
        admin.post_and_follow(&at(&id, "/roles"), &fields)
    };
    let page = set(&[&viewer, &user]);
    assert_eq!(page.flash(), "Added Read-Only and User to robot. Removed CI/CD from robot.");
    assert_eq!(ticked(&page, "role").len(), 2);
    let page = set(&[&viewer, &user]);
    assert_eq!((page.flash(), find_undo_url(&page)), ("No changes to roles.".into(), None));
    assert_eq!(set(&[&ci_cd, &viewer, &user]).flash(), "Added CI/CD to robot.");
    assert_eq!(set(&[]).flash(), "Removed CI/CD, Read-Only and User from robot.");
    assert!(ticked(&admin.get(&at(&id, "")), "role").is_empty());
    let unknown = admin.post(&at(&id, "/roles"), &[("role", Id::new().as_str()), ("role", &viewer)]);
    assert_eq!((unknown.status, error(&unknown, "edit-roles")), (422, "One of these roles no longer exists.".into()));
    assert_eq!(ticked(&unknown, "role"), [viewer]);
    assert!(unknown.body.contains("id=\"edit-roles\" aria-labelledby=\"edit-roles-title\" closedby=\"any\" open data-error"));
    assert_eq!(admin.post(&at(&id, "/roles"), &[("role", "x")]).status, 422);
}

#[test]
fn edit_teams_sets_all_teams_in_one_form() {
    let app = TestApp::start();
    let admin = app.admin();
    let id = app.add_account("robot");
    assert!(admin.get(&at(&id, "")).text().contains("Not in a team."));
    let [alpha, beta, gamma] = ["Alpha", "Beta", "Gamma"].map(|name| app.add_team(name, &[]));
    let set = |teams: &[&Id]| {
        let fields: Vec<(&str, &str)> = teams.iter().map(|team| ("team", team.as_str())).collect();
        admin.post_and_follow(&at(&id, "/teams"), &fields)
    };
    let first = set(&[&alpha, &beta]);
    assert_eq!(first.flash(), "Added robot to Alpha and Beta.");
    assert_eq!(set(&[&beta, &gamma]).flash(), "Added robot to Gamma. Removed robot from Alpha.");
    assert_eq!(set(&[&beta, &gamma]).flash(), "No changes to teams.");
    let page = set(&[]);
    assert_eq!(page.flash(), "Removed robot from Beta and Gamma.");
    let back = admin.post_and_follow(&undo_url(&page), &[("next", &at(&id, ""))]);
    assert_eq!(back.flash(), "Undone: robot added to Beta and Gamma.");
    assert_eq!(ticked(&back, "team").len(), 2);
    let unknown = admin.post(&at(&id, "/teams"), &[("team", Id::new().as_str())]);
    assert_eq!((unknown.status, error(&unknown, "edit-teams")), (422, "One of these teams no longer exists.".into()));
}

#[test]
fn what_another_window_has_changed_since_stays_so() {
    let app = TestApp::start();
    let admin = app.admin();
    let id = app.add_account("robot");
    let teams = ["Design", "Platform", "Quality"].map(|name| app.add_team(name, &[]).to_string());
    let roles = [predefined::CI_CD, predefined::USER, predefined::READ_ONLY].map(|role| Id::from(role).to_string());
    let shown = value(&admin.get(&at(&id, "")), "shown");
    assert_eq!(shown, roles[0]);
    // One window adds User; the other, drawn before, takes CI/CD and adds Read-Only.
    admin.post(&at(&id, "/roles"), &[("role", &roles[0]), ("role", &roles[1]), ("shown", &shown)]);
    let second = admin.post_and_follow(&at(&id, "/roles"), &[("role", &roles[2]), ("shown", &shown)]);
    assert_eq!(second.flash(), "Added Read-Only to robot. Removed CI/CD from robot.");
    assert_eq!(ticked(&second, "role"), [roles[2].as_str(), &roles[1]]);
    for team in &teams[..2] {
        admin.post(&at(&id, "/teams"), &[("team", team), ("shown", "")]);
    }
    let page = admin.get(&at(&id, ""));
    assert_eq!(ticked(&page, "team"), [teams[0].as_str(), &teams[1]]);
    let gone = admin.post_and_follow(&at(&id, "/teams"), &[("shown", &format!("{},{}", teams[0], teams[2]))]);
    assert_eq!(gone.flash(), "Removed robot from Design.");
    // A refused form comes back with what it showed at first.
    let refused = admin.post(&at(&id, "/roles"), &[("role", "nonsense"), ("shown", &shown)]);
    assert_eq!((refused.status, value(&refused, "shown")), (422, shown));
}

#[test]
fn a_role_that_one_cannot_give_can_be_taken_but_for_administrator() {
    let app = TestApp::start();
    let keeper = app.user("Kim Keeper", &[app.add_role("Keeper", &["system_account:manage:*", "system_account:read:*"])]);
    let page = keeper.get(LIST);
    app.add_account("robot");
    let page = if page.body.contains("pick-add") { page } else { keeper.get(LIST) };
    let picker = |id: &str| super::html::all(&page.body, &format!("id=\"{id}\""), "</form>")[0].to_owned();
    let disabled = |picker: &str| {
        let boxes = super::html::all(picker, "<input type=\"checkbox\"", "</label>");
        boxes.into_iter().filter(|tag| tag.split('>').next().unwrap().contains(" disabled")).count()
    };
    let (add, remove) = (picker("pick-add_role"), picker("pick-remove_role"));
    assert!(disabled(&add) > 3, "{add}");
    assert_eq!(disabled(&remove), 1, "{remove}");
    assert!(remove.contains("Only administrators can remove the role Administrator."), "{remove}");
}
