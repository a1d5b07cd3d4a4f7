//! The page of one system account, and the actions on one.

use diesel::prelude::*;
use muster::id::Id;
use muster::roles::predefined;
use muster::schema::audit_events;
use muster::tokens::value::Access;

use super::html::{LIST, answer_question, at, error, find_href, find_undo_url, href, ticked, value};
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
        "Platform 1 user , 1 system account",
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
    assert!(seen.text().contains("Only administrators can make changes. Ask Maya Lindqvist."), "{}", seen.text());
    assert!(seen.text().contains("Platform") && seen.text().contains("CI/CD"));
    for trace in [&value[..17], "<dialog", "Danger zone", "Edit Roles", "API tokens</h2>", "/disablement"] {
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
    assert!(page.text().contains("Its tokens don't work until it's enabled again."), "{}", page.text());
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
    assert!(page.text().contains("No tokens yet. Create one to use this account."), "{}", page.text());
    assert!(page.text().contains("No roles. It can't do anything yet."));
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
