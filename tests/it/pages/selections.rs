//! What is selected and asked about: under an address of its own, for the set that was shown, once.

use diesel::prelude::*;
use muster::id::Id;
use muster::roles::predefined;
use muster::schema::audit_events;

use super::html::{LIST, answer_question, at, borrowed, bulk, bulk_flash, find_undo_url, href, matching, names, ticked, value};
use crate::support::app::{Client, TestApp};
use crate::support::snapshot::{assert_unchanged, snapshot};

const CHANGED: &str = "The list changed while you were reviewing it. Nothing was changed. Check it again below.";

fn made(app: &TestApp, n: usize) -> Vec<Id> {
    (1..=n).map(|number| app.add_account(&format!("robot {number}"))).collect()
}

fn refs(ids: &[Id]) -> Vec<&Id> {
    ids.iter().collect()
}

/// Posts the form around the list, and where it leads.
fn posted(client: &Client, fields: &[(&str, &str)]) -> String {
    let answer = client.post(&format!("{LIST}/bulk"), fields);
    assert_eq!(answer.status, 303, "{}", answer.text());
    answer.location().to_owned()
}

fn events(app: &TestApp, verb: &str) -> i64 {
    let verb = verb.to_owned();
    app.read(move |conn| Ok(audit_events::table.filter(audit_events::event_type.eq(verb)).count().get_result(conn)?))
}

/// What is ticked in another picker, closed or not, goes along with nothing.
#[test]
fn a_verb_takes_what_its_own_picker_has() {
    let app = TestApp::start();
    let admin = app.admin();
    let id = made(&app, 1).remove(0);
    let (read_only, viewer) = (predefined::READ_ONLY.to_string(), predefined::VIEWER.to_string());
    let both = [("id", id.as_str()), ("add_role", &*read_only), ("remove_role", &*viewer)];
    let roles = || ticked(&admin.get(&at(&id, "")), "role").len();
    let before = events(&app, "account.role_added");
    posted(&admin, &[&both[..], &[("do", "add_role")]].concat());
    assert_eq!((roles(), events(&app, "account.role_added")), (2, before + 1));
    posted(&admin, &[&both[..], &[("do", "remove_role")]].concat());
    assert_eq!((roles(), events(&app, "account.role_removed")), (2, 0));
    posted(&admin, &[&both[..], &[("do", "disable")]].concat());
    assert_eq!((roles(), app.totals()), (2, (0, 1)));
}

#[test]
fn all_that_match_are_those_that_were_shown_for_every_verb() {
    let app = TestApp::start();
    let admin = app.admin();
    made(&app, 3);
    let role = predefined::READ_ONLY.to_string();
    let verbs = ["disable", "enable", "add_role", "remove_role", "make_administrator", "remove_administrator", "delete"];
    for (at, verb) in verbs.into_iter().enumerate() {
        let scope = matching(&admin, &[("q", "robot")]);
        app.add_account(&format!("robot of a colleague {at}"));
        let before = snapshot(&app);
        let roles = [("add_role", role.as_str()), ("remove_role", role.as_str())];
        let told = bulk_flash(&admin, verb, &[], &borrowed(&scope, &roles));
        assert_eq!(told.flash(), CHANGED, "{verb}");
        assert_unchanged(&app, &before, verb);
        // It is shown again, all of it selected.
        assert_eq!(ticked(&told, "id").len(), 4 + at, "{verb}");
        assert!(told.body.contains(&format!("All {} selected", 4 + at)), "{verb}: {}", told.text());
    }
    // One fewer is another set as well.
    let scope = matching(&admin, &[("q", "colleague")]);
    let gone = Id::parse(&ticked(&admin.get(&format!("{LIST}?q=colleague&selection={}", scope[0].1)), "id")[0]).unwrap();
    bulk_flash(&admin, "disable", &[&gone], &[]);
    assert_eq!(bulk_flash(&admin, "add_role", &[], &borrowed(&scope, &[("add_role", &role)])).flash(), CHANGED);
}

#[test]
fn a_question_has_an_address_that_only_who_asked_can_open() {
    let app = TestApp::start();
    let admin = app.admin();
    let other = app.user("Tomas Okafor", &[predefined::ADMINISTRATOR.into()]);
    let ids = made(&app, 2);
    let path = posted(&admin, &[("id", ids[0].as_str()), ("id", ids[1].as_str()), ("do", "delete")]);
    assert!(path.starts_with("/settings/selections/"), "{path}");
    for _ in 0..2 {
        let page = admin.get(&path);
        assert_eq!(page.status, 200);
        assert_eq!(names(&page), ["robot 1", "robot 2"]);
    }
    assert_eq!(other.get(&path).status, 404);
    assert_eq!(other.post(&path, &[("do", "delete"), ("confirm", "2")]).status, 404);
    assert_eq!(app.viewer().get(&path).status, 403);
    assert_eq!(app.anonymous().get(&path).status, 303);
    // Nor does another's selection tick anything.
    let list = format!("{LIST}?selection={}", path.rsplit('/').next().unwrap());
    assert_eq!((ticked(&admin.get(&list), "id").len(), ticked(&other.get(&list), "id").len()), (2, 0));
    assert_eq!(app.totals(), (2, 0));
    // What is over cannot be opened, and is cleaned up by the next.
    app.write(|conn| {
        let mut sql = muster::database::sql::Sql::new("UPDATE selections SET expires_at = ");
        sql.bind(muster::clock::now());
        sql.execute(conn)
    });
    assert_eq!(admin.get(&path).status, 404);
    assert!(ticked(&admin.get(&list), "id").is_empty());
    bulk_flash(&admin, "disable", &[&ids[0]], &[]);
    let kept = app.read(|conn| {
        let mut sql = muster::database::sql::Sql::new("SELECT count(*) AS n FROM selections WHERE id = ");
        sql.bind(path.rsplit('/').next().unwrap());
        sql.number(conn)
    });
    assert_eq!(kept, 0);
}

#[test]
fn a_form_that_is_sent_twice_finds_what_it_did() {
    let app = TestApp::start();
    let admin = app.admin();
    let ids = made(&app, 3);
    let form = value(&admin.get(LIST), "form");
    let fields = [("form", form.as_str()), ("id", ids[0].as_str()), ("id", ids[1].as_str()), ("do", "disable")];
    let first = admin.get(&posted(&admin, &fields));
    let second = admin.get(&posted(&admin, &fields));
    assert_eq!((first.flash(), second.flash()), ("Disabled 2 system accounts.".into(), first.flash()));
    assert_eq!(find_undo_url(&first), find_undo_url(&second));
    assert_eq!(events(&app, "account.disabled"), 2);
    // The same page with something else ticked is something else, and what has to be done again is done again.
    let other = [("form", form.as_str()), ("id", ids[2].as_str()), ("do", "disable")];
    assert_eq!(admin.get(&posted(&admin, &other)).flash(), "Disabled robot 3.");
    bulk_flash(&admin, "enable", &refs(&ids), &[]);
    assert_eq!(admin.get(&posted(&admin, &fields)).flash(), "Disabled 2 system accounts.");
    assert_eq!(events(&app, "account.disabled"), 5);
    // An answer likewise.
    let question = bulk(&admin, "delete", &refs(&ids), &[]);
    let first = admin.get(answer_question(&admin, &question, "3").location());
    let second = admin.get(answer_question(&admin, &question, "3").location());
    assert_eq!((first.flash(), second.flash()), ("Deleted 3 system accounts.".into(), "Deleted 3 system accounts.".into()));
    assert_eq!(events(&app, "account.deleted"), 3);
}

#[test]
fn those_that_are_gone_are_named_and_the_others_done() {
    let app = TestApp::start();
    let admin = app.admin();
    let ids = made(&app, 6);
    let delete = |id: &Id, name: &str| admin.post(&at(id, "/deletion"), &[("confirm", name)]);
    assert_eq!(delete(&ids[0], "robot 1").status, 303);
    let done = bulk_flash(&admin, "disable", &refs(&ids[..3]), &[]);
    assert_eq!(done.flash(), "Disabled 2 system accounts. robot 1 was deleted in the meantime.");
    // A question says so, too, and is about those that are left.
    let question = bulk(&admin, "delete", &refs(&ids[..3]), &[]);
    assert!(question.text().contains("robot 1 was deleted in the meantime."), "{}", question.text());
    assert_eq!(names(&question), ["robot 2", "robot 3"]);
    // One goes while it stands: the answer is done for the others.
    delete(&ids[1], "robot 2");
    let done = admin.get(answer_question(&admin, &question, "robot 3").location());
    assert_eq!(done.flash(), "Deleted robot 3. robot 1 and robot 2 were deleted in the meantime.");
    // All are gone: it is said, and nothing breaks.
    let none = bulk_flash(&admin, "enable", &refs(&ids[..3]), &[]);
    assert!(none.flash().ends_with("robot 1, robot 2 and robot 3 were deleted in the meantime."), "{}", none.flash());
    // One that never was is still nobody's.
    assert_eq!(bulk(&admin, "disable", &[&ids[3], &Id::new()], &[]).status, 404);
    assert_eq!(app.totals(), (3, 0));
}

#[test]
fn only_the_roles_of_the_pressed_picker_are_applied() {
    let app = TestApp::start();
    let admin = app.admin();
    let ids = made(&app, 1);
    let (reads, user) = (predefined::READ_ONLY.to_string(), predefined::USER.to_string());
    let both = [("add_role", reads.as_str()), ("remove_role", user.as_str())];
    let question = bulk(&admin, "make_administrator", &[&ids[0]], &both);
    assert!(!question.text().contains("Read-Only"), "{}", question.text());
    let done = admin.get(answer_question(&admin, &question, "").location());
    assert_eq!(done.flash(), "Made robot 1 an administrator.");
    let roles = ticked(&admin.get(&at(&ids[0], "")), "role");
    assert!(!roles.contains(&reads), "{roles:?}");
    // Where a question gives several, it names each.
    let administrator = predefined::ADMINISTRATOR.to_string();
    bulk_flash(&admin, "remove_administrator", &[&ids[0]], &[]);
    let several = [("add_role", reads.as_str()), ("add_role", administrator.as_str())];
    let question = bulk(&admin, "add_role", &[&ids[0]], &several);
    assert!(question.text().contains("Roles to add: Administrator and Read-Only"), "{}", question.text());
}

#[test]
fn what_was_selected_stays_selected() {
    let app = TestApp::start();
    let admin = app.admin();
    let ids = made(&app, 4);
    let next = format!("{LIST}?disabled=1&sort=-name");
    let fields = [("next", next.as_str()), ("disabled", "1"), ("sort", "-name")];
    let kept = |answer: &crate::support::app::Answer| {
        let mut boxes = ticked(answer, "id");
        boxes.sort();
        boxes
    };
    let mut both = vec![ids[1].to_string(), ids[2].to_string()];
    both.sort();
    let done = bulk_flash(&admin, "disable", &[&ids[1], &ids[2]], &fields);
    assert_eq!(kept(&done), both);
    // After nothing, a refusal, Cancel, and a reload.
    let none = bulk_flash(&admin, "disable", &[&ids[1], &ids[2]], &fields);
    assert!(none.body.contains("flash-neutral"), "nothing to change is not green");
    assert_eq!(kept(&none), both);
    let refused = bulk_flash(&admin, "add_role", &[&ids[1], &ids[2]], &fields);
    assert!(refused.body.contains("flash-danger"));
    assert_eq!(kept(&refused), both);
    let question = bulk(&admin, "delete", &[&ids[1], &ids[2]], &fields);
    let list = href(&question, "Cancel");
    assert!(list.starts_with(&format!("{next}&selection=")), "{list}");
    assert_eq!(kept(&admin.get(&list)), both);
    assert_eq!(kept(&admin.get(&list)), both);
    // What Enter presses keeps it, and does nothing.
    let before = snapshot(&app);
    assert_eq!(kept(&bulk_flash(&admin, "keep", &[&ids[1], &ids[2]], &fields)), both);
    assert_unchanged(&app, &before, "keep");
    // Only one selection is in an address.
    let again = bulk(&admin, "enable", &[&ids[1]], &[("next", &list)]);
    assert_eq!(again.location().matches("selection=").count(), 1, "{}", again.location());
    // What a page asks of one account leads back to the list it was opened from.
    let way_back = serde_html_form::to_string([("next", &next)]).unwrap();
    let question = admin.get(&format!("{}?{way_back}", at(&ids[1], "/deletion")));
    assert_eq!((question.status, href(&question, "Cancel")), (200, next.clone()));
    assert_eq!(href(&admin.get(&format!("{}?sort=-name&disabled=1", at(&ids[0], ""))), "System Accounts"), LIST);
}

#[test]
fn every_way_to_make_an_administrator_asks_first_and_is_taken_back() {
    let app = TestApp::start();
    let admin = app.admin();
    let id = app.add_account("robot");
    let administrator = predefined::ADMINISTRATOR.to_string();
    let ci_cd = predefined::CI_CD.to_string();
    let holds = || ticked(&admin.get(&at(&id, "")), "role").contains(&administrator);
    // Edit Roles
    let shown = value(&admin.get(&at(&id, "")), "shown");
    let fields = [("role", ci_cd.as_str()), ("role", administrator.as_str()), ("shown", shown.as_str())];
    let asked = admin.post(&at(&id, "/roles"), &fields);
    assert!(asked.location().starts_with("/settings/selections/"), "{}", asked.location());
    let question = admin.get(asked.location());
    assert!(question.text().contains("Make robot an administrator?"), "{}", question.text());
    assert!(question.text().contains("Anyone with one of its tokens will pass every permission check."));
    assert_eq!(href(&question, "Cancel"), at(&id, ""));
    assert!(!holds());
    let done = admin.get(answer_question(&admin, &question, "").location());
    assert_eq!(done.flash(), "Added Administrator to robot.");
    assert!(holds());
    let back = admin.post_and_follow(&find_undo_url(&done).unwrap(), &[("next", &at(&id, ""))]);
    assert_eq!(back.flash(), "Undone: Administrator removed from robot.");
    assert!(!holds());
    // Who has it already is asked nothing.
    admin.post(&at(&id, "/promotion"), &[]);
    let shown = format!("{administrator},{ci_cd}");
    let fields = [("role", administrator.as_str()), ("shown", shown.as_str())];
    assert_eq!(admin.post_and_follow(&at(&id, "/roles"), &fields).flash(), "Removed CI/CD from robot.");
    // New system account
    let fields = [("name", "chief"), ("role", administrator.as_str())];
    let asked = admin.post(LIST, &fields);
    assert_eq!(asked.status, 303, "{}", asked.text());
    let question = asked.location().to_owned();
    assert!(question.starts_with(&format!("{LIST}/new?name=chief&with_role=")), "{question}");
    // Reload and Back ask again, and change nothing.
    admin.get(&question);
    let asked = admin.get(&question);
    assert_eq!((ticked(&asked, "role"), ticked(&asked, "administrator")), (vec![administrator.clone()], vec![]));
    assert_eq!(href(&asked, "Cancel"), LIST);
    assert!(asked.text().contains("Anyone with one of its tokens will pass every permission check."), "{}", asked.text());
    assert_eq!(value(&asked, "name"), "chief");
    assert_eq!(app.totals(), (1, 0));
    let made = admin.post(LIST, &[fields[0], fields[1], ("administrator", "1")]);
    assert_eq!((made.status, app.totals()), (303, (2, 0)));
    // What is too long for an address is asked in its place.
    let roles: Vec<String> = (0..120).map(|n| app.add_role(&format!("Role {n}"), &["payments:refund"]).to_string()).collect();
    let many: Vec<(&str, &str)> = fields.into_iter().chain(roles.iter().map(|role| ("role", role.as_str()))).collect();
    let asked = admin.post(LIST, &many);
    assert_eq!((asked.status, ticked(&asked, "role").len()), (422, 121), "{}", asked.text());
    assert!(asked.text().contains("Make it an administrator") && app.totals() == (2, 0));
}

#[test]
fn undo_knows_no_creation() {
    let app = TestApp::start();
    let admin = app.admin();
    let form = Id::new().to_string();
    let fields = [("name", "robot"), ("form", form.as_str()), ("role", &predefined::CI_CD.to_string())];
    assert_eq!(admin.post(LIST, &fields).status, 303);
    let before = snapshot(&app);
    assert_eq!(admin.post(&format!("/settings/changes/{form}/undo"), &[]).status, 404);
    assert_unchanged(&app, &before, "undo of a creation");
    // Nor a deletion, nor the making of a token.
    let id = app.add_account("other");
    let token = Id::new().to_string();
    let fields = [("name", "t"), ("access", "read"), ("expires", "30"), ("form", token.as_str())];
    assert_eq!(admin.post(&at(&id, "/tokens"), &fields).status, 303);
    assert_eq!(admin.post(&format!("/settings/changes/{token}/undo"), &[]).status, 404);
}
