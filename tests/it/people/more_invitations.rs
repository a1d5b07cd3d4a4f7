//! Invitations again, by other ways: other letters, other spellings of a role, other doors.

use muster::id::Id;
use muster::roles::predefined;
use serde_json::json;

use super::{USERS, accept, id_of, invite, link_of};
use crate::api::Caller;
use crate::pages::html::{error, names, row};
use crate::support::app::{PASSWORD, TestApp};
use crate::support::snapshot::{assert_unchanged, snapshot};

// 1.7: other letters for the same, in the list, on two engines and at the sign-in.
#[test]
fn one_address_is_one_person_however_it_is_written() {
    let app = TestApp::start();
    let admin = app.admin();
    let before = snapshot(&app);
    for (first, second) in [
        ("ida.holm@example.org", "ｉｄａ.ｈｏｌｍ@example.org"),
        ("ida.holm@example.org", "Ida Holm <ida.ho\u{ad}lm@EXAMPLE.org.>"),
        ("zoë@example.org", "ZOE\u{308}@example.org"),
        ("σοφός@example.org", "ΣΟΦΌΣ@example.org"),
        ("ida@straße.example", "IDA@xn--strae-oqa.example"),
        ("mailbox@example.org", "mailbox@example。org"),
    ] {
        let wrong = invite(&admin, &format!("{first}\n{second}"), &[]);
        assert_eq!(wrong.status, 422, "{first} {second}: {}", wrong.text());
        assert!(error(&wrong, "line-2").contains("Also on line 1."), "{first} {second}: {}", wrong.text());
        assert_unchanged(&app, &before, second);
    }
    // By the API in one list, and after another.
    let caller = Caller::administrator(&app);
    let list =
        json!({ "users": [{ "name": "a", "email": "zoë@example.org" }, { "name": "b", "email": "ZOE\u{308}@example.org" }] });
    assert_eq!(caller.post("/admin/users/invite-users", &list).status, 400);
    let link = link_of(&invite(&admin, "Zoë <ZOE\u{308}@Example.org>", &[]));
    let again = caller.post("/admin/users/invite-user", &json!({ "name": "x", "email": "zoë@example.org" }));
    assert_eq!(
        (again.status, again.body["uuid"].as_str()),
        (200, Some(id_of(&app, "ZOË@Example.org").as_str())),
        "{}",
        again.body
    );
    assert_eq!(accept(&app.anonymous(), &link, "").status, 303);
    let signed_in = app.anonymous().post("/login", &[("email", "ｚｏë@EXAMPLE.org."), ("password", PASSWORD)]);
    assert_eq!(signed_in.status, 303, "{}", signed_in.text());
}

// 1.8: other spellings of the role, and teams that are typed.
#[test]
fn no_spelling_of_a_role_or_a_team_gets_round_the_inviters_ceiling() {
    let app = TestApp::start();
    app.admin();
    let inviter = app.add_role("Helpdesk", &["user:invite"]);
    let helper = app.user("Hanna Desk", &[inviter]);
    let blue = app.add_team("Blue", &[]);
    let administrator = predefined::ADMINISTRATOR.to_string();
    let before = snapshot(&app);
    for role in
        [administrator.to_uppercase(), format!("{{{administrator}}}"), administrator.replace('-', ""), "Administrator".into()]
    {
        let answer = invite(&helper, "bo@example.org", &[("role", &role), ("administrator", "1")]);
        assert!(matches!(answer.status, 403 | 422), "{role}: {}", answer.text());
        assert_unchanged(&app, &before, &role);
    }
    // Among others, and twice.
    let fields = [("role", administrator.as_str()), ("role", administrator.as_str()), ("administrator", "1")];
    assert_eq!(invite(&helper, "bo@example.org", &fields).status, 403);
    // A team that is typed is not there for who could not choose it, whatever its name.
    for name in ["Blue", " bLUE ", "No such team"] {
        let answer = invite(&helper, "bo@example.org", &[("other_teams", name)]);
        assert_eq!(answer.status, 422, "{}", answer.text());
        assert!(answer.text().contains(&format!("No team is called “{}”.", name.trim())), "{}", answer.text());
        assert!(answer.body.contains("bo@example.org"), "what was typed stays");
        assert_unchanged(&app, &before, name);
    }
    assert_eq!(invite(&helper, "bo@example.org", &[("team", blue.as_str())]).status, 403);
    assert_unchanged(&app, &before, "team");
}

// 1.9: the inviter is deleted, or loses the right by one role among several; and what is given meanwhile by somebody else.
#[test]
fn an_invitation_lives_only_as_long_as_its_inviter_could_make_it() {
    let app = TestApp::start();
    let admin = app.admin();
    let (invites, reads) = (app.add_role("Inviter", &["user:invite"]), app.add_role("Reader", &["team:read:*", "user:read:*"]));
    let ada = app.user("Ada", &[invites.clone(), reads.clone()]);
    let own = ada.account.clone().unwrap();
    let invited = |name: &str| {
        let fields = [("role", reads.as_str())];
        link_of(&invite(&ada, &format!("{name} <{name}@example.org>"), &fields))
    };
    let links: Vec<String> = ["bo", "cleo"].into_iter().map(invited).collect();
    let is_open = |at: usize, wanted: bool| {
        assert_eq!(app.anonymous().get(&links[at]).status, if wanted { 200 } else { 404 }, "{at}");
    };
    let roles = |of: &Id, held: &[&Id]| {
        let fields: Vec<(&str, &str)> = held.iter().map(|role| ("role", role.as_str())).collect();
        assert_eq!(admin.post(&format!("{USERS}/{of}/roles"), &fields).status, 303);
    };
    // One of the two is taken, and given back.
    for left in [&invites, &reads] {
        roles(&own, &[left]);
        is_open(0, false);
        roles(&own, &[&invites, &reads]);
        is_open(0, true);
    }
    // Somebody gives the invited more than Ada has: by a role, or a team to administer.
    let bo = id_of(&app, "bo@example.org");
    roles(&bo, &[&reads, &app.add_role("Payments", &["payments:refund"])]);
    is_open(0, false);
    assert!(row(&admin.get(USERS), "bo").contains("link no longer works"), "{}", row(&admin.get(USERS), "bo"));
    let cleo = id_of(&app, "cleo@example.org");
    let blue = app.add_team("Blue", &[]);
    assert_eq!(admin.post(&format!("/settings/teams/{blue}/administrators"), &[("account", cleo.as_str())]).status, 303);
    is_open(1, false);
    assert_eq!(admin.post(&format!("/settings/teams/{blue}/administrators/removal"), &[("account", cleo.as_str())]).status, 303);
    is_open(1, true);
    // Changing a pending invitation is a grant, for the page and for the API.
    let helper = app.user("Hugo", &[app.add_role("Users", &["user:manage:*"])]);
    let caller = Caller::holding(&app, "people", &["user:manage:*"]);
    let before = snapshot(&app);
    let administrator = predefined::ADMINISTRATOR.to_string();
    assert_eq!(helper.post(&format!("{USERS}/{cleo}/roles"), &[("role", &administrator)]).status, 403);
    assert_eq!(caller.put(&format!("/admin/users/{cleo}/roles"), &json!({ "roles": [administrator] })).status, 403);
    assert_eq!(caller.put(&format!("/admin/users/{cleo}/roles/{}", predefined::USER), &json!({})).status, 403);
    assert_unchanged(&app, &before, "changing an invitation");
    // The inviter is gone.
    assert_eq!(admin.post(&format!("{USERS}/{own}/deletion"), &[("confirm", "Ada")]).status, 303);
    is_open(1, false);
    assert_eq!(accept(&app.anonymous(), &links[1], "").status, 404);
}

// 1.11: enabling, the API and the shell count the same seats.
#[test]
fn seats_are_counted_the_same_by_every_door() {
    let app = TestApp::start_with(|config| config.user_limit = Some(3));
    let admin = app.admin();
    let caller = Caller::administrator(&app);
    let body = |name: &str| json!({ "name": name, "email": format!("{name}@example.org") });
    assert_eq!(caller.post("/admin/users", &body("bo")).status, 201);
    let link = link_of(&invite(&admin, "cleo@example.org", &[]));
    for path in ["/admin/users", "/admin/users/invite-user"] {
        assert_eq!(caller.post(path, &body("dora")).status, 409, "{path}");
    }
    assert_eq!(invite(&admin, "dora@example.org", &[]).status, 409);
    // Disabled, the invited holds no seat; enabled again they need one.
    let cleo = id_of(&app, "cleo@example.org");
    assert_eq!(caller.put(&format!("/admin/users/{cleo}"), &json!({ "active": false })).status, 200);
    assert_eq!(caller.post("/admin/users", &body("dora")).status, 201);
    let full = caller.put(&format!("/admin/users/{cleo}"), &json!({ "active": true }));
    assert_eq!(full.status, 409, "{}", full.body);
    assert_eq!(accept(&app.anonymous(), &link, "Cleo").status, 404);
    assert_eq!(names(&admin.get(&format!("{USERS}?disabled=1"))).len(), 4);
}

// 1.12, 1.13: what an address book or a spreadsheet puts on a line.
#[test]
fn a_line_from_elsewhere_is_one_person_or_a_fault() {
    let app = TestApp::start();
    let admin = app.admin();
    let before = snapshot(&app);
    for wrong in [
        "ida@example.org;bo@example.org",
        "ida@example.org\tbo@example.org",
        "Ida <ida@example.org> Bo <bo@example.org>",
        "Ida (work) ida@example.org",
        "mailto:ida@example.org bo@example.org",
        "ida@example.org <bo@example.org>",
        "@example.org",
        "ida@",
        "ida holm@example.org",
        "Ida <ida@example.org",
        "ida@exa mple.org",
    ] {
        let answer = invite(&admin, &format!("good@example.org\n{wrong}\nalso.good@example.org"), &[]);
        assert_eq!(answer.status, 422, "{wrong}: {}", answer.text());
        error(&answer, "line-2");
        assert_unchanged(&app, &before, wrong);
    }
    let sent =
        invite(&admin, "'Holm, Ida' <ida@example.org>,\r\n\u{feff}Bo\u{a0}Ek <bo@example.org>;\n<cleo@example.org> ,", &[]);
    assert_eq!(sent.status, 200, "{}", sent.text());
    assert_eq!(names(&admin.get(USERS)), ["Bo Ek", "cleo@example.org", "Holm, Ida", "Maya Lindqvist"]);
}
