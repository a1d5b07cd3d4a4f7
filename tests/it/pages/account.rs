//! The page of one system account, and the actions on one.

use diesel::prelude::*;
use muster::id::Id;
use muster::roles::predefined;
use muster::schema::audit_events;
use muster::tokens::value::Access;

use super::html::{LIST, answer_question, at, error, find_href, find_undo_url, href, ticked, undo_url, value};
use crate::support::app::TestApp;

// S14, S15, S4
#[test]
fn the_page_tells_all_about_the_account() {
    let app = TestApp::start();
    let admin = app.admin();
    let id = app.add_account_with("payments deploy", &[predefined::CI_CD.into(), predefined::READ_ONLY.into()]);
    let own = admin.account.clone().unwrap();
    app.add_team("Platform", &[&id, &own]);
    let value = app.add_token(&id, Access::Write);
    let page = admin.get(&at(&id, ""));
    assert_eq!(page.status, 200);
    let text = page.text();
    for part in [
        "Local account, not connected to social or single sign-on",
        "Platform 1 user, 1 system account",
        "by Command line",
        "test token Read-write",
        "created this system account",
        "added role CI/CD",
        "created token test token",
        id.as_str(),
        &value[..17],
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!page.body.contains(&value[18..]));
    assert_eq!(href(&page, "CI/CD"), format!("/settings/roles#role-{}", predefined::CI_CD));
    assert_eq!(ticked(&page, "role").len(), 2);
    // A reader sees no details of tokens, and nothing to act with.
    let viewer = app.viewer();
    let seen = viewer.get(&at(&id, ""));
    assert!(seen.text().contains("Only administrators can change it. Ask Maya Lindqvist."), "{}", seen.text());
    assert!(seen.text().contains("Platform") && seen.text().contains("CI/CD"));
    for trace in [&value[..17], "<dialog", "Danger zone", "Edit Roles", "API tokens", "/disablement"] {
        assert!(!seen.body.contains(trace), "{trace}");
    }
    let own: Vec<&str> = seen.body.matches("method=\"post\"").collect();
    assert_eq!(own.len(), 1, "only the menu of one's own");
}

#[test]
fn a_page_that_is_not_there_is_not_found() {
    let app = TestApp::start();
    let admin = app.admin();
    let user = admin.account.clone().unwrap();
    for id in [Id::new().to_string(), user.to_string(), "x".into(), "%00".into(), "..%2f..".into(), format!("{user}x")] {
        for path in ["", "/deletion", "/promotion"] {
            assert_eq!(admin.get(&format!("{LIST}/{id}{path}")).status, 404, "GET {id}{path}");
        }
        for path in ["", "/disablement", "/enablement", "/demotion", "/promotion", "/deletion", "/roles", "/teams", "/tokens"] {
            let fields = [("name", "x"), ("confirm", "1"), ("access", "read"), ("expires", "never")];
            assert_eq!(admin.post(&format!("{LIST}/{id}{path}"), &fields).status, 404, "POST {id}{path}");
        }
    }
}

// S5: every form of the page, posted by one who may only look.
#[test]
fn a_viewer_may_post_none_of_its_forms() {
    let app = TestApp::start();
    let id = app.add_account("robot");
    let viewer = app.viewer();
    for path in ["", "/disablement", "/enablement", "/demotion", "/promotion", "/deletion", "/roles", "/teams", "/tokens"] {
        let refused = viewer.post(&at(&id, path), &[("name", "x"), ("confirm", "1")]);
        assert_eq!(refused.status, 403, "{path}");
        assert!(refused.text().contains("system_account:manage:*"), "{path}: {}", refused.text());
        assert!(refused.text().contains("Request ID"));
    }
    for path in ["/deletion", "/promotion"] {
        assert_eq!(viewer.get(&at(&id, path)).status, 403);
    }
    assert_eq!(app.totals(), (1, 0));
    let refusals: i64 = app
        .read(|conn| Ok(audit_events::table.filter(audit_events::event_type.eq("access.refused")).count().get_result(conn)?));
    assert_eq!(refusals, 11);
}

// S7
#[test]
fn one_is_disabled_and_enabled_with_its_tokens() {
    let app = TestApp::start();
    let admin = app.admin();
    let id = app.add_account("robot");
    let token = app.add_token(&id, Access::Read);
    let page = admin.post_and_follow(&at(&id, "/disablement"), &[]);
    assert_eq!(page.flash(), "Disabled robot.");
    assert!(page.text().contains("Its tokens do not work until it is enabled again."), "{}", page.text());
    assert!(page.text().contains("Not counted while disabled"));
    assert_eq!(app.verify(&token).status, 401);
    assert!(find_undo_url(&page).is_some());
    let again = admin.post_and_follow(&at(&id, "/disablement"), &[]);
    assert_eq!((again.flash(), find_undo_url(&again)), ("No change: it was already disabled.".into(), None));
    assert_eq!(admin.post_and_follow(&at(&id, "/enablement"), &[]).flash(), "Enabled robot.");
    assert_eq!(admin.post_and_follow(&at(&id, "/enablement"), &[]).flash(), "No change: it was already enabled.");
    assert_eq!(app.verify(&token).status, 200);
    // The row's menu returns to the list, and nowhere else.
    let next = format!("{LIST}?disabled=1&q=rob");
    assert_eq!(admin.post(&at(&id, "/disablement"), &[("next", &next)]).location(), next);
    for evil in ["https://evil.test", "//evil.test", "/\\evil.test", "evil"] {
        assert_eq!(admin.post(&at(&id, "/enablement"), &[("next", evil)]).location(), at(&id, ""), "{evil}");
    }
}

// S6
#[test]
fn one_is_made_administrator_after_a_question_and_taken_back() {
    let app = TestApp::start();
    let admin = app.admin();
    let id = app.add_account("robot");
    let page = admin.get(&at(&id, ""));
    assert_eq!(href(&page, "Make Administrator"), at(&id, "/promotion"));
    let question = admin.get(&at(&id, "/promotion"));
    assert!(question.text().contains("Make robot an administrator?"), "{}", question.text());
    assert_eq!(href(&question, "Cancel"), at(&id, ""));
    let done = answer_question(&admin, &question, "");
    assert_eq!(done.status, 303);
    let page = admin.get(done.location());
    assert_eq!(page.flash(), "Made robot an administrator.");
    assert_eq!(find_href(&page, "Make Administrator"), None);
    assert!(page.text().contains("Remove Administrator"));
    assert_eq!(admin.post_and_follow(&at(&id, "/promotion"), &[]).flash(), "No change: it was already an administrator.");
    let taken = admin.post_and_follow(&at(&id, "/demotion"), &[]);
    assert_eq!(taken.flash(), "robot is no longer an administrator.");
    assert!(find_undo_url(&taken).is_some());
    assert_eq!(admin.post_and_follow(&at(&id, "/demotion"), &[]).flash(), "No change: it was not an administrator.");
    // Who is no administrator makes none.
    let keeper = app.add_role("Keeper", &["system_account:manage:*"]);
    let keeper = app.user("Kim Keeper", &[keeper]);
    assert_eq!(keeper.post(&at(&id, "/promotion"), &[]).status, 403);
    admin.post(&at(&id, "/promotion"), &[]);
    assert_eq!(keeper.post(&at(&id, "/demotion"), &[]).status, 403);
    let role = predefined::ADMINISTRATOR.to_string();
    assert_eq!(keeper.post(&at(&id, "/roles"), &[]).status, 403, "taking it by Edit Roles");
    assert!(ticked(&admin.get(&at(&id, "")), "role").contains(&role));
}

// S8
#[test]
fn one_is_deleted_after_its_name_is_typed() {
    let app = TestApp::start();
    let admin = app.admin();
    let id = app.add_account("robot");
    let token = app.add_token(&id, Access::Read);
    let question = admin.get(&at(&id, "/deletion"));
    assert!(question.text().contains("Delete robot?"), "{}", question.text());
    for typed in ["", "1", "Robot 2"] {
        let wrong = answer_question(&admin, &question, typed);
        assert_eq!(
            (wrong.status, error(&wrong, "typed"), value(&wrong, "confirm")),
            (422, "Type the name, robot, to confirm.".into(), typed.into())
        );
    }
    assert_eq!(app.verify(&token).status, 200);
    let done = answer_question(&admin, &question, " robot ");
    assert_eq!((done.status, done.location()), (303, LIST));
    let list = admin.get(LIST);
    assert_eq!((list.flash(), find_undo_url(&list)), ("Deleted robot.".into(), None));
    assert_eq!(admin.get(&at(&id, "")).status, 404);
    assert_eq!(app.verify(&token).status, 401);
    let kept: Vec<(String, Option<String>)> = app.read(|conn| {
        Ok(audit_events::table
            .filter(audit_events::target_id.eq(id.as_str()))
            .filter(audit_events::event_type.eq("account.deleted"))
            .select((audit_events::target_name, audit_events::target_id))
            .load(conn)?)
    });
    assert_eq!(kept, [("robot".to_owned(), Some(id.to_string()))]);
    // One of the same name gets nothing of the old one's.
    let heir = app.add_account_with("robot", &[]);
    assert_ne!(heir, id);
    assert_eq!(app.verify(&token).status, 401);
    let page = admin.get(&at(&heir, ""));
    assert!(page.text().contains("No tokens, so nothing can call with this account."), "{}", page.text());
    assert!(page.text().contains("No roles. It can't do anything yet."));
}

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
fn a_flash_is_shown_once() {
    let app = TestApp::start();
    let admin = app.admin();
    let id = app.add_account("robot");
    admin.post(&at(&id, "/disablement"), &[]);
    assert_eq!(admin.get(LIST).flash(), "Disabled robot.");
    assert_eq!(admin.get(LIST).flash(), "");
    // Of two, the last is shown; another's are not.
    admin.post(&at(&id, "/enablement"), &[]);
    admin.post(&at(&id, "/disablement"), &[]);
    assert_eq!(app.viewer().get(LIST).flash(), "");
    let page = admin.get("/settings/roles");
    assert_eq!(page.flash(), "Disabled robot.");
    assert!(page.body.contains("role=\"status\" tabindex=\"-1\" autofocus"));
    assert_eq!(admin.get(&at(&id, "")).flash(), "");
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

// Only Undo's next page may take it: nobody has seen the answer to HEAD.
#[test]
fn the_result_of_an_action_waits_for_a_page_that_is_seen() {
    let app = TestApp::start();
    let admin = app.admin();
    let id = app.add_account("robot");
    admin.post(&at(&id, "/disablement"), &[]);
    assert_eq!(admin.send("HEAD", &at(&id, ""), &[], &[]).status, 200);
    assert_eq!(admin.get(&at(&id, "")).flash(), "Disabled robot.");
    assert_eq!(admin.get(&at(&id, "")).flash(), "");
}

#[test]
fn viewers_see_changes_that_stand_behind_many_about_tokens() {
    let app = TestApp::start();
    let (admin, viewer) = (app.admin(), app.viewer());
    let id = app.add_account("robot");
    for _ in 0..14 {
        app.add_token(&id, Access::Read);
    }
    let seen = viewer.get(&at(&id, "")).text();
    assert!(seen.contains("created this system account") && !seen.contains("created token"), "{seen}");
    let newest = admin.get(&at(&id, "")).text();
    assert!(newest.contains("created token") && !newest.contains("created this system account"), "{newest}");
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
