//! Two windows on one thing: the second is told what changed, and nothing is silently lost.

use muster::id::Id;
use muster::roles::predefined;

use super::USERS;
use crate::pages::html::{LIST, answer_question, at, bulk, error, plain, value, values};
use crate::support::app::{Answer, Client, PASSWORD, TestApp};
use crate::support::snapshot::{assert_unchanged, lines, snapshot};

/// The fields of a dialog as it was drawn, its text areas included, with others in their place.
fn filled(page: &Answer, dialog: &str, typed: &[(&'static str, &str)]) -> Vec<(String, String)> {
    let (_, rest) = page.body.split_once(&format!("<dialog class=\"dialog\" id=\"{dialog}\"")).unwrap();
    let part = Answer { body: rest.split("</dialog>").next().unwrap().into(), ..page.clone() };
    let mut names: Vec<String> = Vec::new();
    for tag in part.body.split("name=\"").skip(1) {
        names.push(tag.split('"').next().unwrap().to_owned());
    }
    let mut fields = Vec::new();
    for name in names {
        let own = typed.iter().find(|(typed, _)| *typed == name).map(|(_, value)| (*value).to_owned());
        fields.push((name.clone(), own.unwrap_or_else(|| values(&part, &name).pop().unwrap_or_default())));
    }
    fields
}

fn send(client: &Client, path: &str, fields: &[(String, String)]) -> Answer {
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    client.post(path, &fields)
}

fn stored(app: &TestApp, column: &str, id: &Id) -> String {
    let sql = format!("SELECT coalesce({column}, '') AS line FROM accounts WHERE id = '{id}'");
    app.read(|conn| Ok(lines(conn, &sql))).remove(0)
}

#[test]
fn names_and_descriptions_of_two_windows_are_kept_apart() {
    let app = TestApp::start();
    let admin = app.admin();
    let robot = app.add_account("robot");
    let (bo, _) = app.add_user("Bo", &[]);
    let path = at(&robot, "");
    let drawn = admin.get(&path);
    // One changes the name, the other the description: both stay.
    assert_eq!(send(&admin, &path, &filled(&drawn, "rename", &[("name", "robot one")])).status, 303);
    assert_eq!(send(&admin, &path, &filled(&drawn, "rename", &[("description", "Builds")])).status, 303);
    assert_eq!((stored(&app, "name", &robot), stored(&app, "description", &robot)), ("robot one".into(), "Builds".into()));
    // Both change the same: the second is told, and saves again knowingly.
    for (path, id) in [(path, robot), (format!("{USERS}/{bo}"), bo)] {
        let drawn = admin.get(&path);
        let own = format!("first of {id}").chars().take(30).collect::<String>();
        assert_eq!(send(&admin, &path, &filled(&drawn, "rename", &[("name", &own)])).status, 303);
        let before = snapshot(&app);
        let told = send(&admin, &path, &filled(&drawn, "rename", &[("name", "second")]));
        assert_eq!(told.status, 422, "{}", told.text());
        let sentence = format!("This was changed to “{own}” while you were editing. Save again to overwrite it.");
        assert_eq!(plain(&error(&told, "rename-name")), sentence);
        assert_unchanged(&app, &before, "second window");
        let mended = filled(&told, "rename", &[]);
        assert!(mended.contains(&("name".into(), "second".into())), "what was typed stays: {mended:?}");
        assert_eq!(send(&admin, &path, &mended).status, 303);
        assert_eq!(stored(&app, "name", &id), "second");
        // The same text in both is no conflict.
        let drawn = admin.get(&path);
        for _ in 0..2 {
            assert_eq!(send(&admin, &path, &filled(&drawn, "rename", &[("name", "third")])).status, 303);
        }
    }
}

#[test]
fn an_address_that_another_window_has_changed_is_told() {
    let app = TestApp::start();
    let admin = app.admin();
    let (bo, _) = app.add_user("Bo", &[]);
    let path = format!("{USERS}/{bo}");
    let drawn = admin.get(&path);
    let post = |page: &Answer, email: &str| send(&admin, &format!("{path}/email"), &filled(page, "email", &[("email", email)]));
    assert_eq!(post(&drawn, "bo.one@example.test").status, 303);
    let before = snapshot(&app);
    let told = post(&drawn, "bo.two@example.test");
    assert_eq!(told.status, 422, "{}", told.text());
    assert!(
        plain(&error(&told, "new-email")).contains("changed to “bo.one@example.test” while you were editing"),
        "{}",
        told.text()
    );
    assert_unchanged(&app, &before, "second window");
    assert_eq!(post(&told, "bo.two@example.test").status, 303);
    assert_eq!(stored(&app, "email", &bo), "bo.two@example.test");
}

#[test]
fn an_owner_that_another_window_has_set_is_told_for_one_and_for_many() {
    let app = TestApp::start();
    let admin = app.admin();
    let other = app.user("Priya Sandoval", &[predefined::ADMINISTRATOR.into()]);
    app.add_user("Tomas Okafor", &[]);
    app.add_user("Ida Holm", &[]);
    let robots: Vec<Id> = ["robot 1", "robot 2", "robot 3"].iter().map(|name| app.add_account(name)).collect();
    let owner = |id: &Id| {
        let sql = format!(
            "SELECT coalesce(o.name, '') AS line FROM accounts a LEFT JOIN accounts o ON o.id = a.owner_id WHERE a.id = '{id}'"
        );
        app.read(|conn| Ok(lines(conn, &sql))).remove(0)
    };
    let elsewhere = |id: &Id, who: &str| assert_eq!(other.post(&at(id, "/owner"), &[("owner", who)]).status, 303);
    let one = &robots[0];
    let page = admin.get(&at(one, "/owner"));
    elsewhere(one, "Tomas Okafor");
    let before = snapshot(&app);
    let fields = |page: &Answer| [("owner".to_owned(), "Ida Holm".to_owned()), ("print".to_owned(), value(page, "print"))];
    let told = send(&admin, &at(one, "/owner"), &fields(&page));
    assert_eq!(told.status, 303);
    let again = admin.get(told.location());
    assert!(again.flash().contains("Someone has changed an owner while you were reviewing this."), "{}", again.text());
    assert!(again.text().contains("Set owner of robot 1") && again.text().contains("Owner: Tomas Okafor"), "{}", again.text());
    assert_unchanged(&app, &before, "one");
    assert_eq!(send(&admin, &at(one, "/owner"), &fields(&again)).status, 303);
    assert_eq!(owner(one), "Ida Holm");
    // Many that are ticked, and all that match.
    let ids: Vec<&Id> = robots.iter().collect();
    let matching = |client: &Client| {
        let selected = client.post_and_follow(&format!("{LIST}/bulk"), &[("do", "select_matching"), ("q", "robot")]);
        let id = value(&selected, "selection");
        client.post_and_follow(&format!("{LIST}/bulk"), &[("selection", &id), ("shown", "0"), ("do", "set_owner")])
    };
    for question in [bulk(&admin, "set_owner", &ids, &[]), matching(&admin)] {
        assert!(question.text().contains("Set owner of 3 system accounts"), "{}", question.text());
        let next = if owner(&robots[2]) == "Tomas Okafor" { "Priya Sandoval" } else { "Tomas Okafor" };
        elsewhere(&robots[2], next);
        let before = snapshot(&app);
        let again = admin.get(answer_question(&admin, &question, "Maya Lindqvist").location());
        assert!(again.flash().contains("Someone has changed an owner"), "{}", again.text());
        assert!(again.text().contains(&format!("Owner: {next}")), "{}", again.text());
        assert_unchanged(&app, &before, "many");
        let done = admin.get(answer_question(&admin, &again, "Maya Lindqvist").location());
        assert!(done.flash().starts_with("Maya Lindqvist is now the owner of 3 system accounts."), "{}", done.flash());
        robots.iter().for_each(|robot| elsewhere(robot, "Ida Holm"));
    }
}

#[test]
fn the_applications_of_a_team_are_merged() {
    let app = TestApp::start();
    let admin = app.admin();
    let team = app.add_team("Blue", &[]);
    let path = format!("/settings/teams/{team}");
    let post = |page: &Answer, typed: &str| {
        let fields = filled(page, "edit-applications", &[("applications", typed)]);
        send(&admin, &format!("{path}/applications"), &fields)
    };
    assert_eq!(post(&admin.get(&path), "ledger\r\npayouts\r\nold").status, 303);
    let drawn = admin.get(&path);
    // One adds, the other adds something else and removes.
    assert_eq!(post(&drawn, "ledger\npayouts\nold\nfraud").status, 303);
    let saved = post(&drawn, "ledger\npayouts\nrisk");
    assert_eq!(saved.status, 303);
    let told = admin.get(&path);
    let sentence = "Saved the applications of Blue. Someone else has changed them meanwhile; that was kept.";
    assert_eq!(told.flash(), sentence);
    let stored = app.read(|conn| muster::teams::queries::applications::of_team(conn, &team));
    assert_eq!(stored, ["fraud", "ledger", "payouts", "risk"]);
    // Without a note of what was shown, as the API sets them: these and no others.
    assert_eq!(admin.post(&format!("{path}/applications"), &[("applications", "only")]).status, 303);
    assert_eq!(app.read(|conn| muster::teams::queries::applications::of_team(conn, &team)), ["only"]);
}

#[test]
fn ones_own_address_that_another_window_has_changed_is_told() {
    let app = TestApp::start();
    let own = app.user("Ines Calloway", &[]);
    let post = |page: &Answer, email: &str, current: &str| {
        let fields = [("email", email), ("current", current), ("shown", &value(page, "shown"))];
        own.post("/profile/email", &fields)
    };
    let drawn = own.get("/profile");
    assert_eq!(post(&drawn, "ines.one@example.test", PASSWORD).status, 303);
    let before = snapshot(&app);
    // A wrong password first: what was shown is not forgotten over it.
    let wrong = post(&drawn, "ines.two@example.test", "guess");
    assert_eq!(error(&wrong, "email-password"), "That is not your current password.");
    let told = post(&wrong, "ines.two@example.test", PASSWORD);
    assert_eq!(told.status, 422, "{}", told.text());
    assert!(
        plain(&error(&told, "new-email")).contains("changed to “ines.one@example.test” while you were editing"),
        "{}",
        told.text()
    );
    assert_unchanged(&app, &before, "second window");
    assert_eq!(post(&told, "ines.two@example.test", PASSWORD).status, 303);
    let id = own.account.clone().unwrap();
    assert_eq!(stored(&app, "email", &id), "ines.two@example.test");
}

#[test]
fn the_roles_of_an_invitation_are_merged() {
    let app = TestApp::start();
    let admin = app.admin();
    let roles = ["One", "Two", "Three"].map(|name| app.add_role(name, &["payments:refund"]).to_string());
    assert_eq!(super::invite(&admin, "Bo <bo@example.org>", &[("role", &roles[0])]).status, 200);
    let path = format!("{USERS}/{}", super::id_of(&app, "bo@example.org"));
    let shown = value(&admin.get(&path), "shown");
    // One window adds, the other takes the first and adds another: all three changes are kept.
    let one = [("role", roles[0].as_str()), ("role", &roles[1]), ("shown", &shown)];
    assert_eq!(admin.post(&format!("{path}/roles"), &one).status, 303);
    let second = admin.post_and_follow(&format!("{path}/roles"), &[("role", &roles[2]), ("shown", &shown)]);
    assert_eq!(second.flash(), "Added Three to Bo. Removed One from Bo.");
    assert_eq!(crate::pages::html::ticked(&second, "role"), [roles[2].as_str(), &roles[1]]);
    // Accepted or cancelled in the one, the other is told.
    assert_eq!(admin.post(&format!("{path}/invitation/cancellation"), &[]).status, 303);
    for (door, fields) in
        [("/roles", &one[..1]), ("/invitation", &[]), ("", &[("name", "Bo Berg")]), ("/email", &[("email", "b@example.org")])]
    {
        let gone = admin.post(&format!("{path}{door}"), fields);
        assert_eq!(gone.status, 404, "{door}: {}", gone.text());
    }
}

#[test]
fn the_reset_of_a_role_holds_for_what_was_shown() {
    let app = TestApp::start();
    let admin = app.admin();
    let path = format!("/settings/roles/{}", predefined::CI_CD);
    let save = |more: &str| assert_eq!(admin.post(&path, &[("name", "CI/CD"), ("more", more)]).status, 303);
    save("payments:refund");
    let question = admin.get(&format!("{path}/reset"));
    save("payments:refund\npayments:void");
    let before = snapshot(&app);
    let was = value(&question, "was");
    for was in [was.clone(), was.replace('\n', "\r\n")] {
        let told = admin.post(&format!("{path}/reset"), &[("was", &was)]);
        assert_eq!(told.status, 409, "{}", told.text());
        assert!(
            told.text().contains("Someone changed this role while you were reviewing it. Nothing was reset."),
            "{}",
            told.text()
        );
        assert!(told.text().contains("payments:void"), "shown again as it is now: {}", told.text());
        assert_unchanged(&app, &before, "second window");
    }
    let told = admin.post(&format!("{path}/reset"), &[("was", &was)]);
    let again = admin.post_and_follow(&format!("{path}/reset"), &[("was", &value(&told, "was").replace('\n', "\r\n"))]);
    assert_eq!(again.flash(), "Reset the permissions of CI/CD.");
}

#[test]
fn a_token_that_another_window_has_ended_is_told() {
    let app = TestApp::start();
    let admin = app.admin();
    let robot = app.add_account("robot");
    let path = |token: &str, door: &str| at(&robot, &format!("/tokens/{token}/{door}"));
    let public = || app.add_token(&robot, muster::tokens::value::Access::Read)[5..17].to_owned();
    // Regenerated in one window; the other regenerates, revokes.
    let token = public();
    assert_eq!(admin.post(&path(&token, "regeneration"), &[("overlap", "24h")]).status, 303);
    let before = snapshot(&app);
    let again = admin.post(&path(&token, "regeneration"), &[("overlap", "0")]);
    assert!(matches!(again.status, 303 | 409), "{}", again.text());
    let again = if again.status == 303 { admin.get(again.location()) } else { again };
    assert!(again.text().contains("already"), "{}", again.text());
    assert_unchanged(&app, &before, "regenerated twice");
    // Revoked in one, regenerated or finished in the other.
    let token = public();
    assert_eq!(admin.post(&path(&token, "revocation"), &[]).status, 303);
    let before = snapshot(&app);
    for door in ["regeneration", "finish", "revocation"] {
        let late = admin.post(&path(&token, door), &[("overlap", "0")]);
        assert!(matches!(late.status, 303 | 404 | 409), "{door}: {}", late.text());
        assert_unchanged(&app, &before, door);
    }
}
