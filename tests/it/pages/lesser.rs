//! Who manages accounts without being an administrator is offered what they may do, and is told what they may not.

use muster::id::Id;
use muster::roles::predefined;

use super::html::{LIST, answer_question, at, bulk, find_undo_url, row_html};
use crate::support::app::{Client, TestApp};

const USERS: &str = "/settings/users";

fn manager(app: &TestApp, permissions: &[&str]) -> Client {
    let role = app.add_role("Manager", permissions);
    app.user("Kim Manager", &[role])
}

#[test]
fn no_administrator_is_offered_to_be_made() {
    let app = TestApp::start();
    let kim = manager(&app, &["system_account:read:*", "system_account:manage:*"]);
    let robot = app.add_account("robot");
    let (list, page) = (kim.get(LIST), kim.get(&at(&robot, "")));
    for (page, offered) in [(&list, "value=\"disable\""), (&page, "/disablement")] {
        assert!(page.body.contains(offered), "{}", page.text());
        for word in ["make_administrator", "remove_administrator", "promotion", "demotion"] {
            assert!(!page.body.contains(word), "{word}");
        }
    }
    assert_eq!(kim.get(&at(&robot, "/promotion")).status, 403);
    assert!(app.admin().get(LIST).body.contains("make_administrator"));
}

#[test]
fn the_token_of_a_stronger_account_is_not_offered() {
    let app = TestApp::start();
    let kim = manager(&app, &["system_account:read:*", "system_account:manage:*"]);
    let strong = app.add_account_with("strong", &[predefined::ADMINISTRATOR.into()]);
    app.add_token(&strong, muster::tokens::value::Access::Read);
    let page = kim.get(&at(&strong, ""));
    assert!(page.text().contains("strong can do more in Muster than you can"), "{}", page.text());
    for form in ["name=\"access\"", "/regeneration", "href=\"#new-token\""] {
        assert!(!page.body.contains(form), "{form}");
    }
    assert!(page.body.contains("/revocation"), "a leaked one can still be ended");
    assert!(app.admin().get(&at(&strong, "")).body.contains("/regeneration"));
}

#[test]
fn a_default_role_that_one_cannot_give_is_told() {
    let app = TestApp::start();
    let kim = manager(&app, &["system_account:read:*", "system_account:manage:*"]);
    let form = kim.get(&format!("{LIST}/new"));
    assert!(form.text().contains("You can't give the default role CI/CD."), "{}", form.text());
    assert!(!app.admin().get(&format!("{LIST}/new")).text().contains("You can't give the default role"));
}

#[test]
fn no_undo_is_offered_for_a_role_that_one_cannot_give_back() {
    let app = TestApp::start();
    let kim = manager(&app, &["system_account:read:*", "system_account:manage:*"]);
    let role = Id::from(predefined::CI_CD).to_string();
    let [one, two] = ["one", "two"].map(|name| app.add_account(name));
    let fields = [("remove_role", role.as_str()), ("next", LIST)];
    for (client, robot, offered) in [(&kim, &one, false), (&app.admin(), &two, true)] {
        let answer = bulk(client, "remove_role", &[robot], &fields);
        let list = client.get(answer.location());
        assert_eq!(find_undo_url(&list).is_some(), offered, "{}", list.text());
        assert_eq!(list.flash().contains("You can't undo this"), !offered, "{}", list.flash());
    }
}

#[test]
fn a_person_who_can_do_more_is_shown_and_nothing_offered() {
    let app = TestApp::start();
    let kim = manager(&app, &["user:read:*", "user:manage:*"]);
    let admin = app.admin();
    let strong = admin.account.clone().unwrap();
    let (weak, _) = app.add_user("Wim Weak", &[]);
    let page = kim.get(&format!("{USERS}/{strong}"));
    assert!(page.text().contains("Maya Lindqvist can do more than you."), "{}", page.text());
    for form in ["Edit Roles", "password-link", "/deletion", "/disablement", "/demotion", "id=\"rename\""] {
        assert!(!page.body.contains(form), "{form}");
    }
    assert!(kim.get(&format!("{USERS}/{weak}")).body.contains("password-link"));
    let list = kim.get(USERS);
    for (name, offered) in [("Maya Lindqvist", false), ("Wim Weak", true)] {
        let row = row_html(&list, name);
        assert_eq!((row.contains("row-more"), row.contains("name=\"id\"")), (offered, offered), "{name}");
    }
    // Their own page stays theirs.
    assert!(kim.get(&format!("{USERS}/{}", kim.account.as_ref().unwrap())).body.contains("id=\"rename\""));
}

// People are judged by when they signed in, not by tokens that most of them don't have.
#[test]
fn the_question_before_deletion_says_when_people_signed_in() {
    let app = TestApp::start();
    let admin = app.admin();
    let here = app.user("Ida Holm", &[]).account.unwrap();
    let (never, _) = app.add_user("Bo Berg", &[]);
    let asked = admin.post(&format!("{USERS}/bulk"), &[("id", here.as_str()), ("id", never.as_str()), ("do", "delete")]);
    let question = admin.get(asked.location());
    for said in ["Last login just now", "Never signed in"] {
        assert!(question.text().contains(said), "{said}: {}", question.text());
    }
    for said in ["Never used", "no tokens", "Last used"] {
        assert!(!question.text().contains(said), "{said}: {}", question.text());
    }
    let done = answer_question(&admin, &question, "2");
    assert!(done.status < 400, "{}", done.text());
    let robot = app.add_account("robot");
    let question = admin.get(&at(&robot, "/deletion"));
    assert!(
        question.text().contains("Never used no tokens") && question.text().contains("Delete system account"),
        "{}",
        question.text()
    );
    let (list, button) = question.body.split_once("value=\"delete\"").unwrap();
    assert!(list.contains("Never used") && !button.contains("Never used"), "the account stands above the button");
}
