//! The list of events, page by page, and the page of one.

use std::collections::HashSet;

use muster::accounts::model::{AccountFilter, Kind, Selection};
use muster::accounts::operations;
use muster::audit::model;
use muster::audit::queries::log::{self, LogDirection};
use muster::auth::principal::Principal;
use muster::database::sql::Sql;
use muster::roles::predefined;

use super::events::{LOG, disable, first_event, past, rows, step};
use crate::support::app::TestApp;

/// All of them bear one moment, so that the moment alone leads nowhere.
#[test]
fn every_event_of_one_moment_is_reached_both_ways() {
    let app = TestApp::start();
    app.add_many(10_000);
    let all = Selection::Matching(AccountFilter::all(Kind::System));
    app.write(move |conn| operations::disable(conn, &Principal::shell(), Kind::System, &all));
    app.read(|conn| {
        let criteria = log::criteria(conn, &model::AuditFilter { verbs: vec!["account.disabled"], ..Default::default() })?;
        let (mut way, mut there) = (LogDirection::Older(None), Vec::new());
        loop {
            let page = log::page(conn, &criteria, way, 50)?;
            let Some(last) = page.last() else { break };
            way = LogDirection::Older(Some(last.position));
            there.extend(page.into_iter().map(|entry| (entry.position, entry.id)));
        }
        let different: HashSet<&String> = there.iter().map(|(_, id)| id).collect();
        assert_eq!((there.len(), different.len()), (10_000, 10_000));
        let (mut way, mut back) = (LogDirection::Newer(there.last().unwrap().0), Vec::new());
        loop {
            let mut page = log::page(conn, &criteria, way, 50)?;
            let Some(first) = page.first() else { break };
            way = LogDirection::Newer(first.position);
            page.reverse();
            back.extend(page.into_iter().map(|entry| entry.id));
        }
        let mut expected: Vec<String> = there.into_iter().map(|(_, id)| id).collect();
        expected.pop();
        expected.reverse();
        assert_eq!(back, expected);
        Ok(())
    });
}

#[test]
fn newer_and_older_lead_through_the_log_and_back() {
    let app = TestApp::start();
    let admin = app.admin();
    past(&app, 120, "2026-01-01 00:00:00");
    let path = format!("{LOG}?kind=account.disabled");
    let first = admin.get(&path);
    assert_eq!(rows(&first).len(), 50);
    assert!(rows(&first)[0].contains("account 120"), "{}", rows(&first)[0]);
    assert_eq!(step(&first, "Newer"), None);
    let second = admin.get(&step(&first, "Older").unwrap());
    assert!(rows(&second)[0].contains("account 70 "), "{}", rows(&second)[0]);
    let third = admin.get(&step(&second, "Older").unwrap());
    assert_eq!((rows(&third).len(), step(&third, "Older")), (20, None));
    // The filter goes along.
    assert!(step(&third, "Newer").unwrap().contains("kind=account.disabled"));
    let back = admin.get(&step(&third, "Newer").unwrap());
    assert_eq!(rows(&back), rows(&second));
    let top = admin.get(&step(&back, "Newer").unwrap());
    assert_eq!((rows(&top), step(&top, "Newer")), (rows(&first), None));
    // A cursor that nobody can read is none.
    assert_eq!(rows(&admin.get(&format!("{path}&before=garbage"))), rows(&first));
    assert!(!first.body.contains("Page 1"), "no page numbers");
}

#[test]
fn one_event_shows_before_and_after_and_the_change_that_it_belongs_to() {
    let app = TestApp::start();
    let admin = app.admin();
    let ids = [app.add_account("one"), app.add_account("two"), app.add_account("three")];
    let change = disable(&app, &ids);
    let list = admin.get(&format!("{LOG}?target=two"));
    let page = admin.get(&first_event(&list));
    assert_eq!(page.status, 200, "{}", page.text());
    let text = page.text();
    for said in
        ["Disabled", "two", "Status Enabled", "Command line changed these together (3 events).", "This event", "one", "three"]
    {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert!(text.contains(change.as_str()), "{text}");
    assert!(page.body.contains(&format!("href=\"/settings/system-accounts/{}\"", ids[1])), "the account's own page");
    // Undo is told as what it is, an event of its own; and an event of nothing is none.
    assert_eq!(admin.get(&format!("{LOG}/{}", ids[0])).status, 404);
    assert_eq!(admin.get(&format!("{LOG}/garbage")).status, 404);
    let whole = admin.get(&format!("{LOG}?change={change}"));
    assert_eq!(rows(&whole).len(), 3);
}

#[test]
fn a_verb_of_another_version_is_shown_all_the_same() {
    let app = TestApp::start();
    let admin = app.admin();
    let id = app.add_account("robot");
    app.write(|conn| {
        Sql::new("UPDATE audit_events SET type = 'account.badge_changed' WHERE target_name = 'robot'").execute(conn)
    });
    let list = admin.get(&format!("{LOG}?target={id}"));
    assert!(list.text().contains("Account badge changed"), "{}", list.text());
    assert!(admin.get(&first_event(&list)).text().contains("Account badge changed"));
    assert!(admin.get(&format!("{LOG}/export?format=csv")).body.contains("account.badge_changed,Account badge changed"));
    assert!(admin.get(&format!("/settings/system-accounts/{id}")).text().contains("Account badge changed"));
}

#[test]
fn recent_changes_are_five_and_lead_to_all() {
    let app = TestApp::start();
    let (admin, viewer) = (app.admin(), app.viewer());
    let id = app.add_account("robot");
    for n in 0..4 {
        let robot = format!("/settings/system-accounts/{id}");
        admin.post(&robot, &[("name", format!("robot {n}").as_str()), ("description", "")]);
        admin.post(&format!("{robot}/disablement"), &[]);
        admin.post(&format!("{robot}/enablement"), &[]);
    }
    let page = admin.get(&format!("/settings/system-accounts/{id}"));
    let feed = page.body.split("<ul class=\"feed\"").nth(1).unwrap().split("</ul>").next().unwrap().to_owned();
    assert_eq!(feed.matches("<li>").count(), 5);
    assert!(page.text().contains("Maya Lindqvist enabled this system account"), "{}", page.text());
    let all = format!("href=\"{LOG}?target={id}\"");
    assert!(page.body.contains(&all));
    assert!(!viewer.get(&format!("/settings/system-accounts/{id}")).body.contains(&all), "a viewer may not read the log");
    assert_eq!(rows(&admin.get(&format!("{LOG}?target={id}"))).len(), 14);
}

#[test]
fn a_token_that_was_finished_has_its_old_value_stopped() {
    let app = TestApp::start();
    let admin = app.admin();
    let id = app.add_account("robot");
    let old = app.add_token(&id, muster::tokens::value::Access::Read);
    let token = old.split('_').nth(1).unwrap().to_owned();
    let robot = format!("/settings/system-accounts/{id}");
    assert_eq!(admin.post(&format!("{robot}/tokens/{token}/regeneration"), &[("overlap", "24h")]).status, 303);
    let page = admin.get(&robot);
    let new = page.body.split("/finish\"").next().unwrap().rsplit("/tokens/").next().unwrap().to_owned();
    assert_eq!(admin.post(&format!("{robot}/tokens/{new}/finish"), &[]).status, 303);
    let list = rows(&admin.get(&format!("{LOG}?target={token}"))).join(" ");
    assert!(list.contains("Stopped old value") && !list.contains("Revoked token"), "{list}");
    let page = admin.get(&robot).text();
    assert!(page.contains("Maya Lindqvist stopped the old value of test token"), "{page}");
}

#[test]
fn who_may_read_the_log_and_who_may_not() {
    let app = TestApp::start();
    let auditor = app.add_role("Auditor", &["audit:read:*"]);
    let reader = app.user("Ada Auditor", &[auditor]);
    assert_eq!(reader.get(LOG).status, 200);
    assert!(reader.get(LOG).body.contains("href=\"/settings/audit-log\" aria-current=\"page\""));
    // Deleting is another matter.
    assert!(!reader.get(LOG).body.contains("/retention"));
    assert_eq!(reader.get(&format!("{LOG}/retention")).status, 403);
    let event = first_event(&reader.get(LOG));
    let guest = app.user("Gus Guest", &[predefined::VIEWER.into()]);
    for other in [app.viewer(), guest, app.user("Nobody", &[])] {
        for path in [LOG, &event, &format!("{LOG}/export?format=csv"), &format!("{LOG}/retention")] {
            assert_eq!(other.get(path).status, 403, "{path}");
        }
        assert!(!other.get("/profile").body.contains("/settings/audit-log"));
    }
    assert_eq!(app.anonymous().get(LOG).status, 303);
}

#[test]
fn a_page_costs_as_many_statements_however_many_events_it_has() {
    let app = TestApp::start();
    let admin = app.admin();
    let cost = |path: &str| {
        // Other work of the server may fall into one try.
        let of_one = |_| {
            let before = app.database.statements();
            assert_eq!(admin.get(path).status, 200, "{path}");
            app.database.statements() - before
        };
        (0..8).map(of_one).min().unwrap()
    };
    let ids: Vec<_> = (0..3).map(|n| app.add_account(&format!("robot {n}"))).collect();
    disable(&app, &ids);
    let paths = [
        LOG.to_owned(),
        format!("{LOG}?kind=accounts"),
        format!("{LOG}?target=robot+1"),
        format!("{LOG}?actor=Command+line&period=7"),
        first_event(&admin.get(&format!("{LOG}?kind=account.disabled"))),
    ];
    let few: Vec<u64> = paths.iter().map(|path| cost(path)).collect();
    past(&app, 300, "2026-01-01 00:00:00");
    let many: Vec<_> = (0..60).map(|n| app.add_account(&format!("more {n}"))).collect();
    disable(&app, &many);
    assert_eq!(paths.iter().map(|path| cost(path)).collect::<Vec<_>>(), few);
}

/// Events repeat of their change what the log is filtered by, whichever statement wrote them.
#[test]
fn what_an_event_repeats_of_its_change_is_the_same() {
    let app = TestApp::start();
    let (admin, viewer) = (app.admin(), app.viewer());
    let id = app.add_account("robot");
    let page = format!("/settings/system-accounts/{id}");
    let disabled = admin.post_and_follow(&format!("{page}/disablement"), &[]);
    let undo = disabled.body.split("action=\"/settings/changes/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert_eq!(admin.post(&format!("/settings/changes/{undo}"), &[]).status, 303);
    assert_eq!(admin.post(&format!("{page}/roles"), &[]).status, 303);
    viewer.post(&format!("{page}/disablement"), &[]);
    app.anonymous().post("/login", &[("email", "x@example.test"), ("password", "y")]);
    let differ = "SELECT count(*) AS n FROM audit_events e JOIN audit_changes c ON c.id = e.change_id WHERE e.at <> c.at OR \
                  e.actor_name <> c.actor_name OR coalesce(e.actor_id, '') <> coalesce(c.actor_id, '') OR \
                  coalesce(e.address, '') <> coalesce(c.address, '')";
    assert_eq!(app.read(|conn| Sql::new(differ).number(conn)), 0);
    let there = "SELECT count(*) AS n FROM audit_events WHERE address = '127.0.0.1' AND actor_id IS NOT NULL";
    assert!(app.read(|conn| Sql::new(there).number(conn)) >= 5);
}
