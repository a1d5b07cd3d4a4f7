//! The users' screen: the same pages as those of system accounts.

use muster::id::Id;
use muster::roles::predefined;

use super::html::{all, answer_question, href, names, row, row_html, ticked, value};
use crate::support::app::{Answer, Client, TestApp};

const USERS: &str = "/settings/users";

fn bulk(client: &Client, verb: &str, ids: &[&Id], more: &[(&str, &str)]) -> Answer {
    let mut fields: Vec<(&str, &str)> = ids.iter().map(|id| ("id", id.as_str())).collect();
    fields.push(("do", verb));
    fields.extend(more);
    client.post_and_follow(&format!("{USERS}/bulk"), &fields)
}

#[test]
fn users_are_listed_with_their_addresses_and_oneself_is_marked() {
    let app = TestApp::start();
    let admin = app.admin();
    app.add_user("Tomas Okafor", &[predefined::USER.into()]);
    app.add_account("a machine");
    let list = admin.get(USERS);
    assert_eq!(names(&list), ["Maya Lindqvist", "Tomas Okafor"]);
    assert!(list.body.contains("<h1>Users</h1>"));
    assert!(row(&list, "Tomas Okafor").contains("tomas.okafor@example.test"), "{}", row(&list, "Tomas Okafor"));
    let own = row_html(&list, "Maya Lindqvist");
    // The row says its state to the menu, whose entries say the states that they fit.
    let state = |row: &str| all(row, "data-is=\"", "\"").first().map_or("0".to_owned(), ToString::to_string);
    let fits = |to: &str, row: &str| {
        let states = all(&list.body, &format!("data-to=\"{to}\" data-fits=\""), "\"")[0].to_owned();
        states.split(' ').any(|one| one == state(row))
    };
    assert!(own.contains("(you)") && !fits("disablement", &own) && !fits("deletion", &own), "{own}");
    let other = row_html(&list, "Tomas Okafor");
    assert!(!other.contains("(you)") && fits("disablement", &other) && fits("deletion", &other));
    // In the side bar, with its number.
    assert!(list.text().contains("Users 2"), "{}", list.text());
    assert_eq!(names(&admin.get(&format!("{USERS}?q=tomas.okafor"))), ["Tomas Okafor"]);
    // Who may look sees no boxes.
    let viewer = app.viewer();
    let seen = viewer.get(USERS);
    assert_eq!((seen.status, seen.body.contains("name=\"id\"")), (200, false));
    assert_eq!(viewer.post(&format!("{USERS}/bulk"), &[("do", "disable")]).status, 403);
    let nobody = app.user("Nobody", &[]);
    assert_eq!(nobody.get(USERS).status, 403);
    // The two kinds do not mix.
    let machine = app.add_account("another machine");
    assert_eq!(admin.get(&format!("{USERS}/{machine}")).status, 404);
    let fields = [("id", machine.as_str()), ("do", "disable")];
    assert_eq!(admin.post(&format!("{USERS}/bulk"), &fields).status, 404);
}

#[test]
fn the_verbs_act_on_users_and_say_so() {
    let app = TestApp::start();
    let admin = app.admin();
    let (tomas, _) = app.add_user("Tomas Okafor", &[predefined::USER.into()]);
    let (ines, _) = app.add_user("Ines Beck", &[predefined::USER.into()]);
    let both = [&tomas, &ines];
    assert_eq!(bulk(&admin, "disable", &both, &[("disabled", "1")]).flash(), "Disabled 2 users.");
    let done = bulk(&admin, "enable", &both, &[]);
    assert_eq!(done.flash(), "Enabled 2 users.");
    let role = predefined::READ_ONLY.to_string();
    assert_eq!(bulk(&admin, "add_role", &both, &[("add_role", &role)]).flash(), "Added Read-Only to 2 users.");
    assert_eq!(bulk(&admin, "remove_role", &[&tomas], &[("remove_role", &role)]).flash(), "Removed Read-Only from Tomas Okafor.");
    let question = bulk(&admin, "make_administrator", &both, &[]);
    assert!(question.text().contains("Make 2 users administrators?"), "{}", question.text());
    assert!(question.text().contains("can manage users, roles and system accounts"));
    let made = admin.get(answer_question(&admin, &question, "").location());
    assert_eq!(made.flash(), "Made 2 users administrators.");
    let page = admin.get(&format!("{USERS}/{tomas}"));
    assert!(page.text().contains("Tomas Okafor") && page.text().contains("tomas.okafor@example.test"), "{}", page.text());
    assert!(!page.body.contains("New token") && !page.text().contains("Plan"));
    assert_eq!(href(&page, "Users"), USERS);
    let taken = admin.post_and_follow(&format!("{USERS}/{tomas}/demotion"), &[]);
    assert_eq!(taken.flash(), "Tomas Okafor is no longer an administrator.");
    let question = admin.get(&format!("{USERS}/{tomas}/deletion"));
    assert!(question.text().contains("Delete Tomas Okafor?"), "{}", question.text());
    assert_eq!(answer_question(&admin, &question, "Ines Beck").status, 422);
    let gone = admin.get(answer_question(&admin, &question, "Tomas Okafor").location());
    assert_eq!(gone.flash(), "Deleted Tomas Okafor.");
    let form = admin.get(&format!("{USERS}/{ines}"));
    let fields = [("role", role.as_str()), ("shown", &value(&form, "shown"))];
    let edited = admin.post_and_follow(&format!("{USERS}/{ines}/roles"), &fields);
    assert_eq!(ticked(&edited, "role"), [role]);
}

#[test]
fn nobody_ends_themselves_or_is_the_last_to_go() {
    let app = TestApp::start();
    let admin = app.admin();
    let own = admin.account.clone().unwrap();
    let (tomas, _) = app.add_user("Tomas Okafor", &[predefined::USER.into()]);
    for verb in ["disable", "remove_role", "add_role"] {
        let role = if verb == "add_role" { predefined::READ_ONLY } else { predefined::USER }.to_string();
        bulk(&admin, "add_role", &[&own], &[("add_role", &predefined::USER.to_string())]);
        let refused = bulk(&admin, verb, &[&own, &tomas], &[("add_role", &role), ("remove_role", &role)]);
        assert!(refused.body.contains("flash-danger"), "{verb}: {}", refused.text());
        assert!(refused.flash().contains("Maya Lindqvist"), "{verb}: {}", refused.flash());
        assert_eq!(ticked(&refused, "id").len(), 2, "the selection stays");
    }
    let refused = admin.post_and_follow(&format!("{USERS}/{own}/disablement"), &[]);
    assert!(refused.flash().contains("signed in with"), "{}", refused.flash());
    let refused = admin.post_and_follow(&format!("{USERS}/{own}/demotion"), &[]);
    assert!(refused.flash().contains("last administrator who can sign in"), "{}", refused.flash());
    assert_eq!(admin.get(USERS).status, 200);
}

#[test]
fn nobodys_own_roles_change_among_others() {
    let app = TestApp::start();
    let admin = app.admin();
    let own = admin.account.clone().unwrap();
    let (tomas, _) = app.add_user("Tomas Okafor", &[predefined::READ_ONLY.into()]);
    // Tomas has it already: only one's own would change.
    let refused = bulk(&admin, "add_role", &[&own, &tomas], &[("add_role", &predefined::READ_ONLY.to_string())]);
    assert!(refused.flash().contains("Maya Lindqvist is you"), "{}", refused.flash());
    // One's own row alone, as all that match: what it would take away is asked first.
    app.add_user("Olga Sund", &[predefined::ADMINISTRATOR.into()]);
    let fields = super::html::matching_on(&admin, USERS, &[("q", "lindqvist")]);
    let fields = super::html::borrowed(&fields, &[("do", "remove_administrator")]);
    let question = admin.post_and_follow(&format!("{USERS}/bulk"), &fields);
    assert!(question.text().contains("You'll lose these permissions"), "{}", question.text());
}

/// Where nobody could administer Muster before, nobody stands in the way.
#[test]
fn before_the_first_administrator_users_can_be_disabled() {
    let app = TestApp::start();
    let (tomas, _) = app.add_user("Tomas Okafor", &[predefined::USER.into()]);
    let one = muster::accounts::model::Selection::Accounts(vec![tomas]);
    let shell = muster::auth::principal::Principal::shell();
    app.write(move |conn| {
        muster::accounts::operations::disable(conn, &shell, muster::accounts::model::Kind::User, &one).map(drop)
    });
}

#[test]
fn roles_are_links_for_those_who_may_open_them() {
    let app = TestApp::start();
    app.add_user("Ida Holm", &[predefined::USER.into()]);
    let chip = format!("href=\"/settings/roles#role-{}\"", predefined::USER);
    for (name, role, opens) in [("Una Reader", predefined::USER, true), ("Vi Viewer", predefined::VIEWER, false)] {
        let client = app.user(name, &[role.into()]);
        let page = client.get(USERS);
        assert!(row(&page, "Ida Holm").contains("User"), "{}", page.text());
        assert_eq!(row_html(&page, "Ida Holm").contains(&chip), opens, "{name}");
        assert_eq!(client.get("/settings/roles").status == 200, opens, "{name}");
    }
}

/// When somebody signs in is for those who may read the audit log, or manage users.
#[test]
fn who_may_only_look_does_not_see_when_others_come_and_go() {
    let app = TestApp::start();
    let (ines, email) = app.add_user("Ines Calloway", &[predefined::USER.into()]);
    let reader = app.user("Tomas Okafor", &[app.add_role("Reader", &["user:read:*"])]);
    let admin = app.admin();
    let visitor = app.anonymous();
    assert_eq!(visitor.post("/login", &[("email", &email), ("password", "a wrong password")]).status, 422);
    assert_eq!(visitor.post("/login", &[("email", &email), ("password", crate::support::app::PASSWORD)]).status, 303);
    assert_eq!(visitor.post("/logout", &[]).status, 303);
    assert_eq!(admin.post(&format!("/settings/users/{ines}/password-link"), &[]).status, 303);
    let changes = |client: &Client| {
        let page = client.get(&format!("/settings/users/{ines}"));
        all(&page.body, "<ul class=\"feed\"", "</ul>").iter().map(|feed| super::html::text_of(feed)).collect::<String>()
    };
    let (seen, told) = (changes(&reader), changes(&admin));
    for word in ["signed", "sign in", "password"] {
        assert!(!seen.to_lowercase().contains(word), "{seen}");
        assert!(told.to_lowercase().contains(word), "{told}");
    }
    assert!(seen.contains("added role User") || seen.contains("created"), "{seen}");
}
