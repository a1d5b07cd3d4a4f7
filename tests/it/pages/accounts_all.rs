//! "All that match": the set that was shown, and nothing else.

use muster::id::Id;
use muster::roles::predefined;

use super::accounts_bulk::{list, made, refs};
use super::html::{answer_question, borrowed, bulk, bulk_flash, matching, names, ticked, value};
use crate::support::app::{Answer, TestApp};

/// What is said where the set is no longer the one that was shown.
const CHANGED: &str = "The list changed while you were reviewing it. Nothing was changed. Check it again below.";

// "All N that match" is the filter, not the ids.
#[test]
fn all_that_match_are_selected_by_their_filter() {
    let app = TestApp::start();
    let admin = app.admin();
    let ids = made(&app, 3);
    app.add_many(60);
    let page = list(&admin, "?q=bulk&size=25");
    assert!(page.text().contains("Select all 60 that match"), "{}", page.text());
    let selected = bulk_flash(&admin, "select_matching", &[], &[("q", "bulk")]);
    assert_eq!(selected.status, 200);
    assert_eq!(ticked(&selected, "id").len(), 25);
    assert!(selected.text().contains("All 60 selected"), "{}", selected.text());
    let selection = value(&selected, "selection");
    assert_eq!(value(&selected, "shown"), "25");
    assert!(selected.body.contains("<input type=\"hidden\" name=\"q\" value=\"bulk\">"));
    let shown: Vec<Id> = ticked(&selected, "id").iter().map(|id| Id::parse(id).unwrap()).collect();
    let scope = [("selection", selection.as_str()), ("shown", "25"), ("q", "bulk")];
    // A row was unticked where no script could end the scope: only the ticked ones are meant.
    let fewer = bulk_flash(&admin, "disable", &refs(&shown[1..]), &scope);
    assert_eq!((fewer.flash(), app.totals()), ("Disabled 24 system accounts.".into(), (39, 24)));
    // That was another set: the page that still shows sixty is told so, and what is selected then is what there is.
    let changed = bulk_flash(&admin, "disable", &refs(&shown), &scope);
    assert_eq!(changed.flash(), CHANGED);
    assert_eq!(app.totals(), (39, 24));
    assert!(changed.text().contains("All 36 selected"), "{}", changed.text());
    let scope = matching(&admin, &[("q", "bulk")]);
    let all = bulk_flash(&admin, "disable", &[], &borrowed(&scope, &[]));
    assert_eq!((all.flash(), app.totals()), ("Disabled 36 system accounts.".into(), (3, 60)));
    assert_eq!(names(&list(&admin, "")), ["robot 1", "robot 2", "robot 3"]);
    // With the disabled ones displayed the scope has them too.
    let back = bulk_flash(&admin, "enable", &[], &borrowed(&matching(&admin, &[("disabled", "1")]), &[]));
    assert_eq!(back.flash(), "Enabled 60 system accounts. 3 were already enabled.");
    let role = predefined::READ_ONLY.to_string();
    let added = bulk_flash(&admin, "add_role", &[], &borrowed(&matching(&admin, &[("q", "robot")]), &[("add_role", &role)]));
    assert_eq!(added.flash(), "Added Read-Only to 3 system accounts.");
    let by_role = bulk_flash(&admin, "disable", &[], &borrowed(&matching(&admin, &[("role", &role)]), &[]));
    assert_eq!(by_role.flash(), "Disabled 3 system accounts.");
    assert_eq!(ids.len(), 3);
    let none = bulk_flash(&admin, "disable", &[], &[("selection", Id::new().as_str()), ("shown", "0")]);
    assert_eq!(none.flash(), "This selection has expired. Select the accounts again. Nothing was changed.");
}

#[test]
fn a_confirmation_holds_for_the_set_that_was_shown() {
    let app = TestApp::start();
    let admin = app.admin();
    made(&app, 3);
    app.add_account("other");
    let scope = matching(&admin, &[("q", "robot")]);
    let question = bulk(&admin, "delete", &[], &borrowed(&scope, &[]));
    assert!(question.text().contains("Delete 3 system accounts?"), "{}", question.text());
    // Another one matches meanwhile.
    app.add_account("robot 4");
    let again = answer_question(&admin, &question, "3");
    assert_eq!(again.status, 422, "what is to be typed is what there is: {}", again.text());
    let again = answer_question(&admin, &question, "4");
    assert_eq!(again.status, 303);
    let again = admin.get(again.location());
    assert_eq!(again.flash(), CHANGED);
    assert!(again.text().contains("Delete 4 system accounts?"));
    assert_eq!(app.totals(), (5, 0));
    // As many as before, but not the same.
    let (four, first) = (names(&again), value(&again, "print"));
    let gone = Id::parse(super::html::all(&again.body, "class=\"who-name\" href=\"/settings/system-accounts/", "\"")[0]).unwrap();
    bulk_flash(&admin, "disable", &[&gone], &[]);
    app.add_account("robot 5");
    let again = answer_question(&admin, &again, "4");
    let again = admin.get(again.location());
    assert_eq!(again.flash(), CHANGED);
    assert_ne!((names(&again), value(&again, "print")), (four, first));
    assert_eq!(app.totals(), (5, 1));
    let done = answer_question(&admin, &again, "4");
    assert_eq!((done.status, admin.get(done.location()).flash()), (303, "Deleted 4 system accounts.".into()));
    assert_eq!(names(&list(&admin, "?disabled=1")), ["other", "robot 1"]);
    // The same for Make Administrator.
    let scope = matching(&admin, &[("disabled", "1")]);
    let question = bulk(&admin, "make_administrator", &[], &borrowed(&scope, &[]));
    assert!(question.text().contains("Make 2 system accounts administrators?"), "{}", question.text());
    app.add_account("robot 6");
    let again = answer_question(&admin, &question, "");
    let again = admin.get(again.location());
    assert_eq!(again.flash(), CHANGED);
    assert!(again.text().contains("Make 3 system accounts administrators?"));
    let done = answer_question(&admin, &again, "");
    assert_eq!(admin.get(done.location()).flash(), "Made 3 system accounts administrators.");
}

// "Disable instead" stands on the page that shows the set, so it means that set.
#[test]
fn disabling_instead_holds_for_the_set_that_was_shown() {
    let app = TestApp::start();
    let admin = app.admin();
    made(&app, 2);
    let scope = matching(&admin, &[("q", "robot")]);
    let question = bulk(&admin, "delete", &[], &borrowed(&scope, &[]));
    let path = super::html::all(&question.body, "class=\"form guard\" method=\"post\" action=\"", "\"")[0].to_owned();
    let instead = |page: &Answer| admin.post_and_follow(&path, &[("do", "disable"), ("print", &value(page, "print"))]);
    app.add_account("robot 3");
    let again = instead(&question);
    assert_eq!(again.flash(), CHANGED);
    assert_eq!(app.totals(), (3, 0));
    assert_eq!(instead(&again).flash(), "Disabled 3 system accounts.");
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
