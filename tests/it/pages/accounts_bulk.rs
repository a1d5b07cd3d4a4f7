//! Actions on many: what they say, what asks first, and what "all that match" means.

use diesel::prelude::*;
use muster::id::Id;
use muster::roles::predefined;
use muster::schema::audit_events;
use muster::tokens::value::Access;

use super::html::{
    LIST, answer_question, at, borrowed, bulk, bulk_flash, error, find_undo_url, href, matching, names, row, ticked, undo_url,
    value,
};
use crate::support::app::{Answer, Client, TestApp};

pub(super) fn made(app: &TestApp, n: usize) -> Vec<Id> {
    (1..=n).map(|number| app.add_account(&format!("robot {number}"))).collect()
}

pub(super) fn refs(ids: &[Id]) -> Vec<&Id> {
    ids.iter().collect()
}

pub(super) fn list(client: &Client, query: &str) -> Answer {
    client.get(&format!("{LIST}{query}"))
}

/// The names that the audit log keeps for events of a verb, in order.
pub(super) fn targets(app: &TestApp, verb: &str) -> Vec<String> {
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
    assert_eq!(one.flash(), "Disabled robot 1.");
    assert_eq!(app.verify(&token).status, 401);
    assert!(undo_url(&one).starts_with("/settings/changes/"));
    assert_eq!(bulk_flash(&admin, "disable", &refs(&ids[..2]), &[]).flash(), "Disabled robot 2. robot 1 was already disabled.");
    assert_eq!(
        bulk_flash(&admin, "disable", &refs(&ids[..4]), &[]).flash(),
        "Disabled 2 system accounts. 2 were already disabled."
    );
    let none = bulk_flash(&admin, "disable", &refs(&ids[..4]), &[]);
    assert_eq!(none.flash(), "No change: they were already disabled.");
    assert_eq!(find_undo_url(&none), None);
    assert_eq!(bulk_flash(&admin, "disable", &[&ids[0]], &[]).flash(), "No change: it was already disabled.");
    assert_eq!(app.totals(), (1, 4));
    assert_eq!(bulk_flash(&admin, "enable", &refs(&ids), &[]).flash(), "Enabled 4 system accounts. robot 5 was already enabled.");
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
    assert_eq!(add(&ids[..1], &[&viewer]), "Added Read-Only to robot 1.");
    assert_eq!(add(&ids[..3], &[&viewer]), "Added Read-Only to 2 system accounts. robot 1 already had it.");
    assert_eq!(add(&ids[..3], &[&viewer]), "No change: they already had Read-Only.");
    assert_eq!(add(&ids, &[&viewer, &user]), "Added Read-Only and User to 4 system accounts.");
    assert_eq!(add(&ids, &[&viewer, &user]), "No change: they already had Read-Only and User.");
    assert!(row(&list(&admin, ""), "robot 4").contains("+2 more: Read-Only, User"), "{}", row(&list(&admin, ""), "robot 4"));
    assert_eq!(remove(&ids[..1], &[&viewer]), "Removed Read-Only from robot 1.");
    assert_eq!(remove(&ids, &[&viewer]), "Removed Read-Only from 3 system accounts. robot 1 didn't have it.");
    assert_eq!(remove(&ids, &[&viewer]), "No change: none of them had Read-Only.");
    assert_eq!(remove(&ids[..2], &[&viewer, &user]), "Removed User from 2 system accounts.");
    // Nothing chosen, a role that is none, one that cannot be given.
    let none = bulk_flash(&admin, "add_role", &refs(&ids), &[]);
    assert_eq!(none.flash(), "Choose at least one role.");
    assert_eq!(ticked(&none, "id").len(), 4);
    let unknown = bulk_flash(&admin, "add_role", &refs(&ids), &[("add_role", Id::new().as_str())]);
    assert_eq!(unknown.flash(), "One of these roles no longer exists.");
    assert_eq!(bulk_flash(&admin, "add_role", &refs(&ids), &[("add_role", "x")]).flash(), "One of these does not exist.");
    let derived = predefined::TEAM_ADMINISTRATOR.to_string();
    let derived = bulk_flash(&admin, "add_role", &refs(&ids), &[("add_role", &derived)]);
    assert!(derived.flash().starts_with("Team Administrator can't be given"), "{}", derived.flash());
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
    assert!(question.text().contains("Make 2 system accounts administrators?"), "{}", question.text());
    assert!(question.text().contains("Anyone with one of their tokens will pass every permission check."));
    assert_eq!(names(&question), ["robot 1", "robot 2"]);
    assert!(!row(&list(&admin, ""), "robot 1").contains("Remove Administrator"));
    let done = answer_question(&admin, &question, "");
    assert_eq!(done.status, 303);
    let after = admin.get(done.location());
    assert_eq!(after.flash(), "Made 2 system accounts administrators.");
    assert!(row(&after, "robot 1").contains("Administrator CI/CD"), "{}", row(&after, "robot 1"));
    // By way of Add Role, together with another role.
    let roles = [("add_role", administrator.as_str()), ("add_role", &predefined::READ_ONLY.to_string())];
    let question = bulk(&admin, "add_role", &[&ids[2]], &roles);
    assert!(question.text().contains("Make robot 3 an administrator?"), "{}", question.text());
    let done = answer_question(&admin, &question, "");
    assert_eq!(admin.get(done.location()).flash(), "Added Administrator and Read-Only to robot 3.");
    let taken = bulk_flash(&admin, "remove_administrator", &refs(&ids), &[]);
    assert_eq!(taken.flash(), "3 system accounts are no longer administrators.");
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
    assert_eq!(names(&question), ["robot 1", "robot 2"]);
    assert!(href(&question, "Cancel").starts_with(&format!("{back}&selection=")));
    assert!(question.text().contains("1 token") && question.text().contains("no tokens"));
    for typed in ["", "1", "3", "two", "2 accounts"] {
        let wrong = answer_question(&admin, &question, typed);
        assert_eq!(wrong.status, 422, "{typed}");
        assert_eq!((error(&wrong, "typed"), value(&wrong, "confirm")), ("Type 2 to confirm.".into(), typed.into()));
        assert_eq!(names(&wrong).len(), 2);
    }
    assert_eq!(app.totals(), (3, 0));
    let done = answer_question(&admin, &question, " 2 ");
    assert_eq!(done.status, 303);
    assert!(done.location().starts_with(&back), "{}", done.location());
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
    // What is gone is named, and the rest is done.
    let gone = bulk_flash(&admin, "disable", &refs(&ids), &[]);
    assert_eq!(gone.flash(), "Disabled robot 3. robot 1 and robot 2 were deleted in the meantime.");
    assert_eq!(app.totals(), (0, 1));
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
    let print = value(&question, "print");
    let path = super::html::all(&question.body, "class=\"form guard\" method=\"post\" action=\"", "\"")[0];
    let disabled = admin.post_and_follow(path, &[("do", "disable"), ("confirm", ""), ("print", &print)]);
    assert_eq!(disabled.flash(), "Disabled 2 system accounts.");
}

#[test]
fn what_cannot_be_meant_is_refused_and_changes_nothing() {
    let app = TestApp::start();
    let admin = app.admin();
    let ids = made(&app, 2);
    let none = bulk_flash(&admin, "disable", &[], &[("sort", "-name")]);
    assert_eq!(none.flash(), "Select at least one system account.");
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
    let nonsense = admin.post_and_follow(&format!("{LIST}/bulk"), &[("do", "disable"), ("id", "x"), ("id", ids[0].as_str())]);
    assert_eq!(nonsense.flash(), "One of these does not exist.");
    assert_eq!(app.totals(), (2, 0));
    // The same id twice is one account.
    assert_eq!(bulk_flash(&admin, "disable", &[&ids[0], &ids[0]], &[]).flash(), "Disabled robot 1.");
    // S5: no right, no change.
    let viewer = app.viewer();
    let refused = bulk(&viewer, "disable", &[&ids[1]], &[]);
    assert_eq!(refused.status, 403);
    assert!(refused.text().contains("system_account:manage:*"), "{}", refused.text());
    assert_eq!(bulk(&viewer, "select_matching", &[], &[]).status, 403);
    assert_eq!(app.totals(), (1, 1));
}

#[test]
fn an_action_returns_to_the_list_it_was_on_and_to_no_other_site() {
    let app = TestApp::start();
    let admin = app.admin();
    let ids = made(&app, 2);
    let here = format!("{LIST}?q=robot&page=1");
    let done = bulk(&admin, "disable", &[&ids[0]], &[("next", &here), ("q", "robot")]);
    assert!(done.location().starts_with(&format!("{here}&selection=")), "{}", done.location());
    for evil in ["https://evil.test/", "//evil.test", "/\\evil.test", "/profile", "javascript:alert(1)"] {
        let done = bulk(&admin, "enable", &[&ids[0]], &[("next", evil), ("q", "robot")]);
        assert!(done.location().starts_with(&format!("{LIST}?q=robot&selection=")), "{evil}: {}", done.location());
    }
}

// S2: bulk enable past the limit is refused as a whole, with the sentence.
#[test]
fn enabling_more_than_the_plan_has_places_for_is_refused_as_a_whole() {
    let app = TestApp::with_plan(3);
    let admin = app.admin();
    let ids = made(&app, 3);
    bulk_flash(&admin, "disable", &refs(&ids[..2]), &[]);
    app.add_account("robot 9");
    let refused = bulk_flash(&admin, "enable", &refs(&ids), &[("disabled", "1")]);
    let sentence = "The Team plan allows 3 system accounts, and 2 are in use, so 2 more don't fit. Disable or delete one first.";
    assert_eq!(refused.flash(), sentence);
    assert_eq!(ticked(&refused, "id").len(), 3);
    assert_eq!(app.totals(), (2, 2));
    let single = admin.post(&at(&ids[0], "/enablement"), &[]);
    assert_eq!(single.status, 303);
    let single = admin.post_and_follow(&at(&ids[1], "/enablement"), &[("next", LIST)]);
    assert!(single.body.contains("<h1>System Accounts</h1>"), "it is said where the button was");
    assert!(single.flash().starts_with("The Team plan allows 3 system accounts, and all are in use."), "{}", single.text());
    assert_eq!(app.totals(), (3, 1));
}

#[test]
fn enabling_one_whose_name_is_taken_is_refused_and_named() {
    let app = TestApp::start();
    let admin = app.admin();
    let ids = made(&app, 2);
    bulk_flash(&admin, "disable", &refs(&ids), &[]);
    app.add_account("ROBOT 2");
    let refused = bulk_flash(&admin, "enable", &refs(&ids), &[("disabled", "1")]);
    assert_eq!(refused.flash(), "An enabled system account is already named robot 2. Rename one of the two first.");
    assert_eq!(app.totals(), (1, 2));
    let single = admin.post_and_follow(&at(&ids[1], "/enablement"), &[]);
    assert!(single.flash().contains("is already named robot 2"), "{}", single.flash());
    // Two disabled ones of one name do not fit together either.
    let twin = app.add_account("twin");
    bulk_flash(&admin, "disable", &[&twin], &[]);
    let other = app.add_account("Twin");
    bulk_flash(&admin, "disable", &[&other], &[]);
    let refused = bulk_flash(&admin, "enable", &[&twin, &other], &[("disabled", "1")]);
    assert!(refused.flash().contains("already named"), "{}", refused.flash());
    assert_eq!(app.totals(), (1, 4));
}

#[test]
fn a_confirmation_names_a_hundred_and_counts_the_rest() {
    let app = TestApp::start();
    let admin = app.admin();
    app.add_many(1200);
    let question = bulk(&admin, "delete", &[], &borrowed(&matching(&admin, &[]), &[]));
    assert!(question.text().contains("Delete 1,200 system accounts?"), "{}", question.text());
    assert!(question.text().contains("and 1,100 more"));
    assert_eq!(names(&question).len(), 100);
    let done = answer_question(&admin, &question, "1200");
    assert_eq!(admin.get(done.location()).flash(), "Deleted 1,200 system accounts.");
    assert_eq!(app.totals(), (0, 0));
}

#[test]
fn four_thousand_can_be_ticked_and_no_more() {
    let app = TestApp::start();
    let admin = app.admin();
    app.add_many(4_001);
    let ids: Vec<Id> = (1..=4_001).map(|n| Id::parse(&format!("00000000-0000-7000-8000-000000{n:06}")).unwrap()).collect();
    let refused = bulk_flash(&admin, "disable", &refs(&ids), &[]);
    assert_eq!(refused.flash(), "You can select at most 4,000 one by one. Select all that match instead.");
    let done = bulk_flash(&admin, "disable", &refs(&ids[1..]), &[]);
    assert_eq!((done.flash(), app.totals()), ("Disabled 4,000 system accounts.".into(), (1, 4_000)));
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
