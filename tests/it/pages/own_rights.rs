//! What one does to one's own rights: said before, and not the last page that one sees.

use muster::id::Id;
use muster::roles::predefined;

use super::html::{answer_question, find_href, find_undo_url, href, value};
use crate::support::app::{Answer, Client, TestApp};

const USERS: &str = "/settings/users";

fn own(client: &Client) -> Id {
    client.account.clone().unwrap()
}

/// The page at the end of all redirects.
fn end(client: &Client, answer: &Answer) -> Answer {
    let mut answer = answer.clone();
    for _ in 0..5 {
        if answer.status != 303 {
            break;
        }
        answer = client.get(answer.location());
    }
    answer
}

/// The question says what is lost; saying yes ends on a page that may be seen and says what was done, saying no changes nothing.
fn asks_first(client: &Client, answer: &Answer, done: &str) {
    let path = format!("{USERS}/{}", own(client));
    assert!(answer.status == 303 && answer.location().starts_with("/settings/selections/"), "{}", answer.text());
    let question = client.get(answer.location());
    assert_eq!(question.status, 200);
    let said = question.text();
    assert!(said.contains("You'll lose") && said.contains("Manage users") && said.contains("user:manage:*"), "{said}");
    assert_eq!(client.get(&path).status, 200, "nothing is done yet");
    assert_eq!(client.get(&href(&question, "Cancel")).status, 200);
    let last = end(client, &answer_question(client, &question, ""));
    assert_eq!(last.status, 200, "{}", last.text());
    assert!(last.flash().contains(done), "{}", last.flash());
    assert_eq!(find_undo_url(&last), None, "it takes somebody else to undo it");
    assert_eq!(client.get(&path).status, 403);
}

#[test]
fn removing_ones_own_administrator_says_what_is_lost_and_ends_on_a_page() {
    let app = TestApp::start();
    app.admin();
    let administrator: Id = predefined::ADMINISTRATOR.into();
    // By the menu of the list or the account's page, by the bar above the list, by its role there, and by Edit Roles.
    let one = app.user("Tomas Okafor", std::slice::from_ref(&administrator));
    let answer = one.post(&format!("{USERS}/{}/demotion", own(&one)), &[("next", USERS)]);
    asks_first(&one, &answer, "Tomas Okafor is no longer an administrator.");
    let two = app.user("Ines Beck", std::slice::from_ref(&administrator));
    let answer = two.post(&format!("{USERS}/bulk"), &[("id", own(&two).as_str()), ("do", "remove_administrator")]);
    asks_first(&two, &answer, "Ines Beck is no longer an administrator.");
    let three = app.user("Ada Brandt", std::slice::from_ref(&administrator));
    let fields = [("id", own(&three).to_string()), ("do", "remove_role".into()), ("remove_role", administrator.to_string())];
    let answer = three.post(&format!("{USERS}/bulk"), &fields.each_ref().map(|(name, value)| (*name, value.as_str())));
    asks_first(&three, &answer, "Removed Administrator from Ada Brandt.");
    let clerk = app.add_role("Clerk", &["payments:refund"]);
    let four = app.user("Bo Lind", &[administrator, clerk.clone()]);
    let form = four.get(&format!("{USERS}/{}", own(&four)));
    let fields = [("shown", value(&form, "shown")), ("role", clerk.to_string())];
    let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
    let answer = four.post(&format!("{USERS}/{}/roles", own(&four)), &fields);
    asks_first(&four, &answer, "Removed Administrator from Bo Lind.");
}

#[test]
fn what_takes_nothing_from_oneself_asks_nothing() {
    let app = TestApp::start();
    let admin = app.admin();
    let role = predefined::READ_ONLY.to_string();
    let path = format!("{USERS}/{}", own(&admin));
    let add = [("id", own(&admin).to_string()), ("do", "add_role".into()), ("add_role", role.clone())];
    let add = add.each_ref().map(|(name, value)| (*name, value.as_str()));
    assert_eq!(admin.post_and_follow(&format!("{USERS}/bulk"), &add).flash(), "Added Read-Only to Maya Lindqvist.");
    // Administrator grants all of it.
    let remove = [("id", own(&admin).to_string()), ("do", "remove_role".into()), ("remove_role", role)];
    let remove = remove.each_ref().map(|(name, value)| (*name, value.as_str()));
    let removed = admin.post_and_follow(&format!("{USERS}/bulk"), &remove);
    assert_eq!(removed.flash(), "Removed Read-Only from Maya Lindqvist.");
    assert!(find_undo_url(&removed).is_some());
    // What a rule refuses is refused before anything is asked.
    let refused = admin.post_and_follow(&format!("{path}/demotion"), &[]);
    assert!(refused.flash().contains("last administrator who can sign in"), "{}", refused.flash());
    // Nobody else is asked for.
    let (tomas, _) = app.add_user("Tomas Okafor", &[predefined::ADMINISTRATOR.into()]);
    let done = admin.post_and_follow(&format!("{USERS}/{tomas}/demotion"), &[]);
    assert_eq!(done.flash(), "Tomas Okafor is no longer an administrator.");
}

/// A change that ends the right to look at its own page leads to the first page that is left, with what was said of it.
#[test]
fn a_result_that_may_not_be_looked_at_is_told_elsewhere() {
    let app = TestApp::start();
    let admin = app.admin();
    let one = app.user("Tomas Okafor", &[predefined::ADMINISTRATOR.into()]);
    admin.post(&format!("{USERS}/{}/demotion", own(&one)), &[]);
    // Refused without a message of one's own: the page that says so.
    let refused = one.get(USERS);
    assert_eq!(refused.status, 403);
    assert!(find_href(&refused, "Back to").is_some());
    let nobody = app.user("Nobody", &[]);
    nobody.post("/profile/sessions/end-others", &[]);
    let last = end(&nobody, &nobody.get(USERS));
    assert_eq!((last.status, last.flash().is_empty()), (200, false), "{}", last.text());
    // Signing in leads to a page that one may see.
    let email = "nobody@example.test";
    let again = app.anonymous();
    let entered = again.post("/login", &[("email", email), ("password", crate::support::app::PASSWORD)]);
    assert_eq!(end(&again, &entered).status, 200);
}
