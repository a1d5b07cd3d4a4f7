//! Actions on many: what they say, what asks first, and what "all that match" means.

use diesel::prelude::*;
use muster::id::Id;
use muster::roles::predefined;
use muster::schema::audit_events;
use muster::tokens::value::Access;

use super::html::{
    LIST, answer_question, at, bulk, bulk_flash, error, find_undo_url, href, names, row, ticked, undo_url, value, values,
};
use crate::support::app::{Answer, Client, TestApp};

fn made(app: &TestApp, n: usize) -> Vec<Id> {
    (1..=n).map(|number| app.add_account(&format!("robot {number}"))).collect()
}

fn refs(ids: &[Id]) -> Vec<&Id> {
    ids.iter().collect()
}

fn list(client: &Client, query: &str) -> Answer {
    client.get(&format!("{LIST}{query}"))
}

/// The names that the audit log keeps for events of a verb, in order.
fn targets(app: &TestApp, verb: &str) -> Vec<String> {
    let verb = verb.to_owned();
    app.read(move |conn| {
        Ok(audit_events::table
            .filter(audit_events::event_type.eq(verb))
            .order(audit_events::target_name)
            .select(audit_events::target_name)
            .load(conn)?)
    })
}

// S7
#[test]
fn disabling_and_enabling_say_how_many_and_how_many_already_were() {
    let app = TestApp::start();
    let admin = app.admin();
    let ids = made(&app, 5);
    let token = app.add_token(&ids[0], Access::Read);
    assert_eq!(app.verify(&token).status, 200);
    let one = bulk_flash(&admin, "disable", &[&ids[0]], &[]);
    assert_eq!(one.flash(), "Disabled 1 system account.");
    assert_eq!(app.verify(&token).status, 401);
    assert!(undo_url(&one).starts_with("/settings/changes/"));
    assert_eq!(
        bulk_flash(&admin, "disable", &refs(&ids[..2]), &[]).flash(),
        "Disabled 1 system account. 1 was already disabled."
    );
    assert_eq!(
        bulk_flash(&admin, "disable", &refs(&ids[..4]), &[]).flash(),
        "Disabled 2 system accounts. 2 were already disabled."
    );
    let none = bulk_flash(&admin, "disable", &refs(&ids[..4]), &[]);
    assert_eq!(none.flash(), "Nothing to change. 4 were already disabled.");
    assert_eq!(find_undo_url(&none), None);
    assert_eq!(bulk_flash(&admin, "disable", &[&ids[0]], &[]).flash(), "Nothing to change. 1 was already disabled.");
    assert_eq!(app.totals(), (1, 4));
    assert_eq!(bulk_flash(&admin, "enable", &refs(&ids), &[]).flash(), "Enabled 4 system accounts. 1 was already enabled.");
    assert_eq!(app.verify(&token).status, 200);
    assert_eq!(app.totals(), (5, 0));
    assert_eq!(targets(&app, "account.disabled"), ["robot 1", "robot 2", "robot 3", "robot 4"]);
}

// S10
#[test]
fn adding_and_removing_roles_counts_who_already_had_them() {
    let app = TestApp::start();
    let admin = app.admin();
    let ids = made(&app, 4);
    let [viewer, user] = [predefined::READ_ONLY.to_string(), predefined::USER.to_string()];
    let add = |ids: &[Id], roles: &[&str]| {
        let roles: Vec<(&str, &str)> = roles.iter().map(|role| ("add_role", *role)).collect();
        bulk_flash(&admin, "add_role", &refs(ids), &roles).flash()
    };
    let remove = |ids: &[Id], roles: &[&str]| {
        let roles: Vec<(&str, &str)> = roles.iter().map(|role| ("remove_role", *role)).collect();
        bulk_flash(&admin, "remove_role", &refs(ids), &roles).flash()
    };
    assert_eq!(add(&ids[..1], &[&viewer]), "Added Read-Only to 1.");
    assert_eq!(add(&ids[..3], &[&viewer]), "Added Read-Only to 2. 1 already had it.");
    assert_eq!(add(&ids[..3], &[&viewer]), "Nothing to change. 3 already had it.");
    assert_eq!(add(&ids, &[&viewer, &user]), "Added Read-Only and User to 4.");
    assert_eq!(add(&ids, &[&viewer, &user]), "Nothing to change. 4 already had them.");
    assert!(row(&list(&admin, ""), "robot 4").contains("+2 more: Read-Only, User"), "{}", row(&list(&admin, ""), "robot 4"));
    assert_eq!(remove(&ids[..1], &[&viewer]), "Removed Read-Only from 1.");
    assert_eq!(remove(&ids, &[&viewer]), "Removed Read-Only from 3. 1 did not have it.");
    assert_eq!(remove(&ids, &[&viewer]), "Nothing to change. 4 did not have it.");
    assert_eq!(remove(&ids[..2], &[&viewer, &user]), "Removed Read-Only and User from 2.");
    // Nothing chosen, a role that is none, one that cannot be given.
    let none = bulk(&admin, "add_role", &refs(&ids), &[]);
    assert_eq!((none.status, none.flash()), (422, "Choose at least one role.".into()));
    assert_eq!(ticked(&none, "id").len(), 4);
    let unknown = bulk(&admin, "add_role", &refs(&ids), &[("add_role", Id::new().as_str())]);
    assert_eq!((unknown.status, unknown.flash()), (422, "One of these roles no longer exists.".into()));
    assert_eq!(bulk(&admin, "add_role", &refs(&ids), &[("add_role", "x")]).status, 422);
    let derived = predefined::TEAM_ADMINISTRATOR.to_string();
    let derived = bulk(&admin, "add_role", &refs(&ids), &[("add_role", &derived)]);
    assert_eq!(derived.status, 422);
    assert!(derived.flash().starts_with("Team Administrator cannot be given"), "{}", derived.flash());
}

// S6: on one and on many; asked first, also by way of Add Role.
#[test]
fn make_administrator_asks_first() {
    let app = TestApp::start();
    let admin = app.admin();
    let ids = made(&app, 3);
    let administrator = predefined::ADMINISTRATOR.to_string();
    let question = bulk(&admin, "make_administrator", &refs(&ids[..2]), &[]);
    assert_eq!(question.status, 200);
    assert!(question.text().contains("Make 2 system accounts Administrator?"), "{}", question.text());
    assert!(question.text().contains("Whoever holds one of their tokens may then do everything"));
    assert_eq!(names(&question), ["robot 1", "robot 2"]);
    assert!(!row(&list(&admin, ""), "robot 1").contains("Remove Administrator"));
    let done = answer_question(&admin, &question, "");
    assert_eq!(done.status, 303);
    let after = admin.get(done.location());
    assert_eq!(after.flash(), "Added Administrator to 2.");
    assert!(row(&after, "robot 1").contains("Administrator CI/CD"), "{}", row(&after, "robot 1"));
    // By way of Add Role, together with another role.
    let roles = [("add_role", administrator.as_str()), ("add_role", &predefined::READ_ONLY.to_string())];
    let question = bulk(&admin, "add_role", &[&ids[2]], &roles);
    assert!(question.text().contains("Make robot 3 Administrator?"), "{}", question.text());
    let done = answer_question(&admin, &question, "");
    assert_eq!(admin.get(done.location()).flash(), "Added Administrator and Read-Only to 1.");
    let taken = bulk_flash(&admin, "remove_administrator", &refs(&ids), &[]);
    assert_eq!(taken.flash(), "Removed Administrator from 3.");
    assert!(find_undo_url(&taken).is_some());
}

// S8
#[test]
fn deleting_asks_for_the_number_and_is_for_good() {
    let app = TestApp::start();
    let admin = app.admin();
    let ids = made(&app, 3);
    let token = app.add_token(&ids[0], Access::Write);
    let back = format!("{LIST}?sort=-name");
    let question = bulk(&admin, "delete", &refs(&ids[..2]), &[("next", &back)]);
    assert_eq!(question.status, 200);
    assert!(question.text().contains("Delete 2 system accounts?"), "{}", question.text());
    assert_eq!((names(&question), href(&question, "Cancel")), (vec!["robot 1".into(), "robot 2".into()], back.clone()));
    assert!(question.text().contains("1 token") && question.text().contains("no tokens"));
    for typed in ["", "1", "3", "two", "2 accounts"] {
        let wrong = answer_question(&admin, &question, typed);
        // An empty answer is asked again; what does not fit is refused beside its field.
        assert_eq!(wrong.status, if typed.is_empty() { 200 } else { 422 }, "{typed}");
        if !typed.is_empty() {
            assert_eq!((error(&wrong, "typed"), value(&wrong, "confirm")), ("Type 2 to confirm.".into(), typed.into()));
            assert_eq!(values(&wrong, "id").len(), 2);
        }
    }
    assert_eq!(app.totals(), (3, 0));
    let done = answer_question(&admin, &question, " 2 ");
    assert_eq!((done.status, done.location()), (303, back.as_str()));
    let after = admin.get(done.location());
    assert_eq!((after.flash(), names(&after)), ("Deleted 2 system accounts.".into(), vec!["robot 3".into()]));
    assert_eq!(find_undo_url(&after), None);
    for path in ["", "/deletion", "/promotion"] {
        assert_eq!(admin.get(&at(&ids[0], path)).status, 404, "{path}");
    }
    for path in ["", "/roles", "/enablement", "/disablement", "/tokens"] {
        assert_eq!(admin.post(&at(&ids[0], path), &[("name", "again")]).status, 404, "{path}");
    }
    assert_eq!(app.verify(&token).status, 401);
    assert_eq!(targets(&app, "account.deleted"), ["robot 1", "robot 2"]);
    assert_eq!(app.totals(), (1, 0));
    // Nothing of it is left to select.
    let gone = bulk(&admin, "disable", &refs(&ids), &[]);
    assert_eq!((gone.status, app.totals()), (404, (1, 0)));
}

#[test]
fn a_recent_use_is_warned_of_and_disabling_is_offered_instead() {
    use muster::schema::accounts;
    let app = TestApp::start();
    let admin = app.admin();
    let ids = made(&app, 2);
    let used = ids[0].clone();
    app.write(move |conn| {
        let at = muster::clock::now() - chrono::TimeDelta::hours(9);
        diesel::update(accounts::table.find(&used)).set(accounts::last_used_at.eq(at)).execute(conn)?;
        Ok(())
    });
    let question = bulk(&admin, "delete", &refs(&ids), &[]);
    assert!(question.text().contains("robot 1 made a call 9 hours ago."), "{}", question.text());
    assert!(question.body.contains("name=\"do\" value=\"disable\" formnovalidate>Disable instead"));
    let disabled = bulk_flash(&admin, "disable", &refs(&ids), &[("confirm", ""), ("next", LIST)]);
    assert_eq!(disabled.flash(), "Disabled 2 system accounts.");
}

#[test]
fn what_cannot_be_meant_is_refused_and_changes_nothing() {
    let app = TestApp::start();
    let admin = app.admin();
    let ids = made(&app, 2);
    let none = bulk(&admin, "disable", &[], &[("sort", "-name")]);
    assert_eq!((none.status, none.flash()), (422, "Select at least one system account.".into()));
    assert_eq!(names(&none), ["robot 2", "robot 1"]);
    assert_eq!(bulk(&admin, "explode", &refs(&ids), &[]).status, 400);
    assert_eq!(bulk(&admin, "", &refs(&ids), &[]).status, 400);
    // One guessed id, or one of a user, and nothing is done to the others.
    let stranger = admin.account.clone().unwrap();
    for wrong in [&Id::new(), &stranger] {
        for verb in ["disable", "delete", "make_administrator", "remove_administrator"] {
            assert_eq!(bulk(&admin, verb, &[&ids[0], wrong], &[("confirm", "2")]).status, 404, "{verb}");
        }
    }
    assert_eq!(admin.post(&format!("{LIST}/bulk"), &[("do", "disable"), ("id", "x"), ("id", ids[0].as_str())]).status, 422);
    assert_eq!(app.totals(), (2, 0));
    // The same id twice is one account.
    assert_eq!(bulk_flash(&admin, "disable", &[&ids[0], &ids[0]], &[]).flash(), "Disabled 1 system account.");
    // S5: no right, no change.
    let viewer = app.viewer();
    let refused = bulk(&viewer, "disable", &[&ids[1]], &[]);
    assert_eq!(refused.status, 403);
    assert!(refused.text().contains("system_account:manage:*"), "{}", refused.text());
    assert_eq!(bulk(&viewer, "", &[], &[("select", "matching")]).status, 403);
    assert_eq!(app.totals(), (1, 1));
}

#[test]
fn an_action_returns_to_the_list_it_was_on_and_to_no_other_site() {
    let app = TestApp::start();
    let admin = app.admin();
    let ids = made(&app, 2);
    let here = format!("{LIST}?q=robot&page=1");
    let done = bulk(&admin, "disable", &[&ids[0]], &[("next", &here), ("q", "robot")]);
    assert_eq!(done.location(), here);
    for evil in ["https://evil.test/", "//evil.test", "/\\evil.test", "/profile", "javascript:alert(1)"] {
        let done = bulk(&admin, "enable", &[&ids[0]], &[("next", evil), ("q", "robot")]);
        assert_eq!(done.location(), format!("{LIST}?q=robot"), "{evil}");
    }
}

// "All N that match" is the filter, not the ids.
#[test]
fn all_that_match_are_selected_by_their_filter() {
    let app = TestApp::start();
    let admin = app.admin();
    let ids = made(&app, 3);
    app.add_many(60);
    let page = list(&admin, "?q=bulk&size=25");
    assert!(page.text().contains("Select all 60 that match"), "{}", page.text());
    let selected = bulk(&admin, "", &[], &[("select", "matching"), ("q", "bulk"), ("shown", "25")]);
    assert_eq!(selected.status, 200);
    assert_eq!(ticked(&selected, "id").len(), 25);
    assert!(selected.text().contains("All 60 selected"), "{}", selected.text());
    assert_eq!((value(&selected, "scope"), value(&selected, "shown")), ("matching".into(), "25".into()));
    assert!(selected.body.contains("<input type=\"hidden\" name=\"q\" value=\"bulk\">"));
    let shown: Vec<Id> = ticked(&selected, "id").iter().map(|id| Id::parse(id).unwrap()).collect();
    let scope = [("scope", "matching"), ("shown", "25"), ("q", "bulk")];
    // A row was unticked where no script could end the scope: only the ticked ones are meant.
    let fewer = bulk_flash(&admin, "disable", &refs(&shown[1..]), &scope);
    assert_eq!((fewer.flash(), app.totals()), ("Disabled 24 system accounts.".into(), (39, 24)));
    let all = bulk_flash(&admin, "disable", &refs(&shown), &scope);
    assert_eq!((all.flash(), app.totals()), ("Disabled 36 system accounts.".into(), (3, 60)));
    assert_eq!(names(&list(&admin, "")), ["robot 1", "robot 2", "robot 3"]);
    // With the disabled ones displayed the scope has them too.
    let back = bulk_flash(&admin, "enable", &[], &[("scope", "matching"), ("disabled", "1")]);
    assert_eq!(back.flash(), "Enabled 60 system accounts. 3 were already enabled.");
    let role = predefined::READ_ONLY.to_string();
    let added = bulk_flash(&admin, "add_role", &[], &[("scope", "matching"), ("q", "robot"), ("add_role", &role)]);
    assert_eq!(added.flash(), "Added Read-Only to 3.");
    let by_role = bulk_flash(&admin, "disable", &[], &[("scope", "matching"), ("role", &role)]);
    assert_eq!(by_role.flash(), "Disabled 3 system accounts.");
    assert_eq!(ids.len(), 3);
    let none = bulk_flash(&admin, "disable", &[], &[("scope", "matching"), ("q", "zzz")]);
    assert_eq!(none.flash(), "Nothing to change.");
}

#[test]
fn a_confirmation_holds_for_the_set_that_was_shown() {
    let app = TestApp::start();
    let admin = app.admin();
    made(&app, 3);
    app.add_account("other");
    let scope = [("scope", "matching"), ("q", "robot")];
    let question = bulk(&admin, "delete", &[], &scope);
    assert!(question.text().contains("Delete 3 system accounts?"), "{}", question.text());
    // Another one matches meanwhile.
    app.add_account("robot 4");
    let again = answer_question(&admin, &question, "3");
    assert_eq!(again.status, 409, "{}", again.text());
    assert!(again.text().contains("The set has changed since you looked. Nothing was done."), "{}", again.text());
    assert!(again.text().contains("Delete 4 system accounts?"));
    assert_eq!(app.totals(), (5, 0));
    // As many as before, but not the same.
    let four = names(&again);
    let first = value(&again, "expected");
    let gone = Id::parse(super::html::all(&again.body, "class=\"who-name\" href=\"/settings/system-accounts/", "\"")[0]).unwrap();
    bulk_flash(&admin, "disable", &[&gone], &[]);
    app.add_account("robot 5");
    let again = answer_question(&admin, &again, "4");
    assert_eq!(again.status, 409);
    assert_ne!((names(&again), value(&again, "expected")), (four, first));
    assert_eq!(app.totals(), (5, 1));
    let done = answer_question(&admin, &again, "4");
    assert_eq!((done.status, admin.get(done.location()).flash()), (303, "Deleted 4 system accounts.".into()));
    assert_eq!(names(&list(&admin, "?disabled=1")), ["other", "robot 1"]);
    // The same for Make Administrator.
    let question = bulk(&admin, "make_administrator", &[], &[("scope", "matching"), ("disabled", "1")]);
    assert!(question.text().contains("Make 2 system accounts Administrator?"), "{}", question.text());
    app.add_account("robot 6");
    let again = answer_question(&admin, &question, "");
    assert_eq!(again.status, 409, "{}", again.text());
    assert!(again.text().contains("Make 3 system accounts Administrator?"));
    let done = answer_question(&admin, &again, "");
    assert_eq!(admin.get(done.location()).flash(), "Added Administrator to 3.");
}

// "Disable instead" stands on the page that shows the set, so it means that set.
#[test]
fn disabling_instead_holds_for_the_set_that_was_shown() {
    let app = TestApp::start();
    let admin = app.admin();
    made(&app, 2);
    let scope = [("scope", "matching"), ("q", "robot")];
    let expected = value(&bulk(&admin, "delete", &[], &scope), "expected");
    let instead = [scope[0], scope[1], ("expected", &expected)];
    app.add_account("robot 3");
    let again = bulk(&admin, "disable", &[], &instead);
    assert_eq!(again.status, 409, "{}", again.text());
    assert!(again.text().contains("The set has changed since you looked. Nothing was done."), "{}", again.text());
    assert_eq!(app.totals(), (3, 0));
    let expected = value(&again, "expected");
    let done = bulk_flash(&admin, "disable", &[], &[scope[0], scope[1], ("expected", &expected)]);
    assert_eq!(done.flash(), "Disabled 3 system accounts.");
}

// S2: bulk enable past the limit is refused as a whole, with the sentence.
#[test]
fn enabling_more_than_the_plan_has_places_for_is_refused_as_a_whole() {
    let app = TestApp::with_plan(3);
    let admin = app.admin();
    let ids = made(&app, 3);
    bulk_flash(&admin, "disable", &refs(&ids[..2]), &[]);
    app.add_account("robot 9");
    let refused = bulk(&admin, "enable", &refs(&ids), &[("disabled", "1")]);
    assert_eq!(refused.status, 409);
    assert_eq!(
        refused.flash(),
        "The Team plan has room for 3 system accounts, and this would make 4. Disable or delete some first. Nothing was changed."
    );
    assert_eq!(ticked(&refused, "id").len(), 3);
    assert_eq!(app.totals(), (2, 2));
    let single = admin.post(&at(&ids[0], "/enablement"), &[]);
    assert_eq!(single.status, 303);
    let single = admin.post(&at(&ids[1], "/enablement"), &[]);
    assert_eq!(single.status, 409);
    assert!(
        single.flash().starts_with("The Team plan has room for 3 system accounts, and this would make 4."),
        "{}",
        single.text()
    );
    assert_eq!(app.totals(), (3, 1));
}

#[test]
fn enabling_one_whose_name_is_taken_is_refused_and_named() {
    let app = TestApp::start();
    let admin = app.admin();
    let ids = made(&app, 2);
    bulk_flash(&admin, "disable", &refs(&ids), &[]);
    app.add_account("ROBOT 2");
    let refused = bulk(&admin, "enable", &refs(&ids), &[("disabled", "1")]);
    assert_eq!(refused.status, 409);
    assert_eq!(
        refused.flash(),
        "Another system account named robot 2 is in use. Rename one of the two first. Nothing was changed."
    );
    assert_eq!(app.totals(), (1, 2));
    let single = admin.post(&at(&ids[1], "/enablement"), &[]);
    assert_eq!(single.status, 409);
    assert!(single.flash().contains("named robot 2 is in use"), "{}", single.flash());
    // Two disabled ones of one name do not fit together either.
    let twin = app.add_account("twin");
    bulk_flash(&admin, "disable", &[&twin], &[]);
    let other = app.add_account("Twin");
    bulk_flash(&admin, "disable", &[&other], &[]);
    let refused = bulk(&admin, "enable", &[&twin, &other], &[("disabled", "1")]);
    assert_eq!((refused.status, app.totals()), (409, (1, 4)));
}

#[test]
fn a_confirmation_names_a_hundred_and_counts_the_rest() {
    let app = TestApp::start();
    let admin = app.admin();
    app.add_many(1200);
    let question = bulk(&admin, "delete", &[], &[("scope", "matching")]);
    assert!(question.text().contains("Delete 1,200 system accounts?"), "{}", question.text());
    assert!(question.text().contains("and 1,100 more"));
    assert_eq!(names(&question).len(), 100);
    let done = answer_question(&admin, &question, "1200");
    assert_eq!(admin.get(done.location()).flash(), "Deleted 1,200 system accounts.");
    assert_eq!(app.totals(), (0, 0));
}

#[test]
fn ten_thousand_can_be_ticked_and_no_more() {
    let app = TestApp::start();
    let admin = app.admin();
    app.add_many(10_001);
    let ids: Vec<Id> = (1..=10_001).map(|n| Id::parse(&format!("00000000-0000-7000-8000-000000{n:06}")).unwrap()).collect();
    let refused = bulk(&admin, "disable", &refs(&ids), &[]);
    assert_eq!(refused.status, 422);
    assert_eq!(refused.flash(), "At most 10,000 at once. Select all that match instead.");
    let done = bulk_flash(&admin, "disable", &refs(&ids[1..]), &[]);
    assert_eq!((done.flash(), app.totals()), ("Disabled 10,000 system accounts.".into(), (1, 10_000)));
}

#[test]
fn all_that_match_is_offered_only_where_the_page_does_not_show_them_all() {
    let app = TestApp::start();
    let admin = app.admin();
    app.add_many(25);
    assert!(!list(&admin, "").text().contains("that match"));
    app.add_account("one more");
    assert!(list(&admin, "").text().contains("Select all 26 that match"));
    assert!(!list(&admin, "?size=50").text().contains("that match"));
}

#[test]
fn every_change_is_in_the_audit_log_with_who_and_from_where() {
    use muster::schema::audit_changes;
    let app = TestApp::start();
    let admin = app.admin();
    let ids = made(&app, 2);
    let headers = [("Sec-Fetch-Site", "same-origin"), ("User-Agent", "Test/1")];
    let fields = [("id", ids[0].as_str()), ("id", ids[1].as_str()), ("do", "disable")];
    assert_eq!(admin.send("POST", &format!("{LIST}/bulk"), &headers, &fields).status, 303);
    type Row = (String, Option<Id>, String, Option<String>, Option<String>, Option<String>, Option<String>);
    let (kind, actor, name, session, address, agent, request): Row = app.read(|conn| {
        Ok(audit_changes::table
            .inner_join(audit_events::table)
            .filter(audit_events::event_type.eq("account.disabled"))
            .select((
                audit_changes::actor_kind,
                audit_changes::actor_id,
                audit_changes::actor_name,
                audit_changes::session_id,
                audit_changes::address,
                audit_changes::user_agent,
                audit_changes::request_id,
            ))
            .first(conn)?)
    });
    assert_eq!((kind.as_str(), actor, name.as_str()), ("user", admin.account.clone(), "Maya Lindqvist"));
    assert_eq!((address.as_deref(), agent.as_deref()), (Some("127.0.0.1"), Some("Test/1")));
    assert!(session.is_some() && request.is_some_and(|id| !id.is_empty()));
}
