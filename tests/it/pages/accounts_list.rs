//! The list: what it shows to whom.

use chrono::TimeDelta;
use diesel::prelude::*;
use muster::clock;
use muster::id::Id;
use muster::roles::predefined;
use muster::schema::{accounts, tokens};
use muster::tokens::value::Access;

use super::html::{LIST, bulk_flash, find_href, href, names, row, row_html};
use crate::support::app::{Answer, Client, TestApp};

pub(super) fn get(client: &Client, query: &str) -> Answer {
    let answer = client.get(&format!("{LIST}{query}"));
    assert_eq!(answer.status, 200, "{query}: {}", answer.text());
    answer
}

/// The menu that the script opens for each row.
fn text_of_menu(answer: &Answer) -> String {
    let menu = answer.body.split_once("id=\"row-menu\"").unwrap().1.split_once("</div>").unwrap().0;
    Answer { body: format!("<{menu}"), ..answer.clone() }.text()
}

pub(super) fn set_used(app: &TestApp, id: &Id, days_ago: i64) {
    let (id, at) = (id.clone(), clock::now() - TimeDelta::days(days_ago) + TimeDelta::minutes(5));
    app.write(move |conn| {
        diesel::update(accounts::table.find(&id)).set(accounts::last_used_at.eq(at)).execute(conn)?;
        Ok(())
    });
}

pub(super) fn set_login(app: &TestApp, id: &Id, days_ago: i64) {
    let (id, at) = (id.clone(), clock::now() - TimeDelta::days(days_ago));
    app.write(move |conn| {
        diesel::update(accounts::table.find(&id)).set(accounts::last_login_at.eq(at)).execute(conn)?;
        Ok(())
    });
}

/// A token that ends in so many days, and the account's first expiry with it.
pub(super) fn add_expiring(app: &TestApp, id: &Id, days: i64) {
    let value = app.add_token(id, Access::Read);
    let public = value[5..17].to_owned();
    let id = id.clone();
    app.write(move |conn| {
        let at = clock::now() + TimeDelta::days(days) + TimeDelta::minutes(5);
        diesel::update(tokens::table.find(&public)).set(tokens::expires_at.eq(at)).execute(conn)?;
        muster::tokens::queries::expiry::keep_first_expiry(conn, &id)
    });
}

// S4, S15: name, teams, roles with a link to what each may do, last login, token activity; for those with read:* only.
#[test]
fn every_reader_sees_the_columns() {
    let app = TestApp::start();
    let viewer = app.viewer();
    let id = app.add_account_with("payments-api deploy", &[predefined::CI_CD.into(), predefined::READ_ONLY.into()]);
    app.add_team("Platform", &[&id]);
    app.add_team("SRE", &[&id]);
    set_used(&app, &id, 2);
    set_login(&app, &id, 40);
    add_expiring(&app, &id, 6);
    app.add_account_with("quiet", &[]);
    let list = get(&viewer, "");
    let text = row(&list, "payments-api deploy");
    for part in ["Platform , SRE", "CI/CD", "Read-Only", "1 month ago", "2 days ago", "1 token", "expires in 6 days"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let html = row_html(&list, "payments-api deploy");
    assert!(html.contains(&format!("/settings/roles#role-{}", predefined::CI_CD)), "{html}");
    let quiet = row(&list, "quiet");
    assert!(quiet.ends_with("None None Never Never used No tokens None"), "{quiet}");
    for heading in ["Name", "Teams", "Roles", "Last login", "Token activity", "Tokens", "Owner"] {
        assert!(list.text().contains(heading), "{heading}");
    }
    assert_eq!(list.body.matches("title=\"Recorded since ").count(), 2, "last login and token activity");
    // A column of its own where it can differ.
    assert!(!list.body.contains("data-label=\"Status\""));
    let with_disabled = get(&viewer, "?disabled=1");
    assert!(row(&with_disabled, "quiet").ends_with("No tokens Active"), "{}", row(&with_disabled, "quiet"));
    let nobody = app.user("Nobody Much", &[predefined::VIEWER.into()]);
    let refused = nobody.get(LIST);
    assert_eq!(refused.status, 403);
    assert!(refused.text().contains("system_account:read:*"), "{}", refused.text());
}

#[test]
fn more_than_two_teams_or_roles_are_counted_and_named_in_a_title() {
    let app = TestApp::start();
    let roles = [predefined::CI_CD, predefined::READ_ONLY, predefined::USER].map(Id::from);
    let id = app.add_account_with("busy", &roles);
    for team in ["Alpha", "Beta", "Gamma"] {
        app.add_team(team, &[&id]);
    }
    let list = get(&app.viewer(), "");
    let text = row(&list, "busy");
    // What a wide page spells out is there, too; the browser shows one of both.
    assert!(text.contains("Alpha , Beta , Gamma +2 more: Beta, Gamma"), "{text}");
    assert!(text.contains("CI/CD Read-Only User +2 more: Read-Only, User"), "{text}");
}

// S5, S11: those who may only look find nothing to act with, and are told whom to ask.
#[test]
fn a_viewer_sees_no_boxes_no_menus_no_buttons_and_whom_to_ask() {
    let app = TestApp::start();
    let admin = app.admin();
    app.add_account("robot");
    let viewer = app.viewer();
    let list = get(&viewer, "");
    for trace in ["name=\"id\"", "id=\"bulk\"", "class=\"row-more\"", "id=\"row-menu\"", "/new\"", "name=\"do\"", "id=\"row\""] {
        assert!(!list.body.contains(trace), "{trace}");
        assert!(get(&admin, "").body.contains(trace), "{trace}");
    }
    assert!(list.text().contains("Only administrators can change them. Ask Maya Lindqvist."), "{}", list.text());
    let seen = get(&admin, "");
    assert!(!seen.text().contains("Only administrators can change them"));
    // S11: a box and a menu for every row, and the same actions in both.
    for trace in ["name=\"id\"", "id=\"bulk\"", "class=\"row-more\""] {
        assert!(seen.body.contains(trace), "{trace}");
    }
    for action in ["Edit Roles", "Make Administrator", "Tokens", "Disable", "Delete"] {
        assert!(text_of_menu(&seen).contains(action), "{action}");
    }
    for action in ["add_role", "remove_role", "make_administrator", "remove_administrator", "disable", "enable", "delete"] {
        assert!(seen.body.contains(&format!("name=\"do\" value=\"{action}\"")), "{action}");
    }
}

// S3
#[test]
fn the_screen_says_that_system_accounts_do_not_stand_in_for_people() {
    let app = TestApp::start();
    app.add_account("robot");
    let list = get(&app.viewer(), "");
    assert!(list.text().contains("Don't use them in place of people"), "{}", list.text());
    assert_eq!(href(&list, "their own user account"), "https://example.test/policy");
    let bare = TestApp::start_with(|config| config.policy_link = None);
    let list = get(&bare.admin(), "");
    assert!(list.text().contains("everyone needs their own user account"));
    assert_eq!(find_href(&list, "their own user account"), None);
}

#[test]
fn without_any_account_the_first_steps_are_shown() {
    let app = TestApp::start();
    let admin = app.admin();
    let empty = get(&admin, "");
    assert!(empty.text().contains("No system accounts yet"), "{}", empty.text());
    assert_eq!(href(&empty, "New system account"), format!("{LIST}/new"));
    let viewer = get(&app.viewer(), "");
    assert!(viewer.text().contains("No system accounts yet") && !viewer.body.contains("New system account"));
    // All disabled is something else.
    let id = app.add_account("robot");
    bulk_flash(&admin, "disable", &[&id], &[]);
    let hidden = get(&admin, "");
    assert_eq!(href(&hidden, "Display disabled system accounts"), format!("{LIST}?disabled=1"));
    assert_eq!(names(&get(&admin, "?disabled=1")), ["robot"]);
}

// S2: the meter and the plan's name; full, the button says why it does nothing.
#[test]
fn the_plan_is_shown_and_a_full_one_says_so() {
    let app = TestApp::with_plan(2);
    let admin = app.admin();
    assert!(get(&admin, "").text().contains("0 of 2 on the Team plan"));
    let first = app.add_account("one");
    let list = get(&admin, "");
    assert!(list.text().contains("1 of 2 on the Team plan"), "{}", list.text());
    assert!(list.body.contains("<meter") && list.body.contains("max=\"2\""));
    assert_eq!(href(&list, "New system account"), format!("{LIST}/new"));
    app.add_account("two");
    let full = get(&admin, "");
    assert!(full.text().contains("2 of 2 on the Team plan"));
    assert!(full.text().contains("The Team plan is full. Disable or delete a system account first."), "{}", full.text());
    assert_eq!(find_href(&full, "New system account"), None);
    assert!(full.body.contains("aria-disabled=\"true\" aria-describedby=\"plan-full\""));
    let form = admin.get(&format!("{LIST}/new"));
    assert!(form.text().contains("The Team plan is full."), "{}", form.text());
    assert!(form.body.contains("<button class=\"button button-primary\" disabled>"));
    // Disabled ones do not count.
    bulk_flash(&admin, "disable", &[&first], &[]);
    assert!(get(&admin, "").text().contains("1 of 2 on the Team plan"));
    // Without a limit there is a plain count.
    let free = TestApp::start();
    free.add_account("one");
    let list = get(&free.admin(), "");
    assert!(!list.body.contains("<meter") && !list.text().contains("on the plan"), "{}", list.text());
    assert!(list.body.contains("class=\"plan\""), "{}", list.text());
}

#[test]
fn html_in_a_name_is_text() {
    let app = TestApp::start();
    let admin = app.admin();
    let name = "<script>alert(1)</script>\"'&";
    let id = app.add_account(name);
    app.add_team("<i>Team</i>", &[&id]);
    admin.post(&format!("{LIST}/{id}"), &[("name", name), ("description", "<img src=x onerror=alert(2)>")]);
    for path in [LIST.into(), format!("{LIST}/{id}"), format!("{LIST}/{id}/deletion"), format!("{LIST}/{id}/promotion")] {
        let page = admin.get(&path);
        assert_eq!(page.status, 200, "{path}");
        for trace in ["<script>alert", "<img src=x", "<i>Team"] {
            assert!(!page.body.contains(trace), "{path}: {trace}");
        }
    }
    assert_eq!(names(&get(&admin, "")), [name]);
    let flash = bulk_flash(&admin, "disable", &[&id], &[]);
    assert!(!flash.body.contains("<script>alert"));
    let single = admin.post_and_follow(&format!("{LIST}/{id}/enablement"), &[]);
    assert!(single.flash().contains("&#60;script&#62;"), "{}", single.flash());
}
