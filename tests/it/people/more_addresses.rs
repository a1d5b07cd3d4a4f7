//! Addresses again, by other ways: a token of one's own, many clients at once, other forms of a domain.

use std::sync::Barrier;

use muster::id::Id;
use muster::roles::predefined;
use muster::tokens::value::Access;
use serde_json::json;

use super::{USERS, accept, id_of, invite, link_of};
use crate::api::Caller;
use crate::pages::html::{make_token, token_value};
use crate::support::app::{PASSWORD, TestApp};
use crate::support::snapshot::{assert_unchanged, lines, snapshot};

fn user_of(app: &TestApp, email: &str) -> String {
    let sql = format!("SELECT name AS line FROM accounts WHERE kind = 'user' AND email_key = '{email}'");
    app.read(|conn| Ok(lines(conn, &sql))).join(" and ")
}

// 2.2: by a token of one's own, and with whatever stands in place of the current password.
#[test]
fn ones_own_address_is_changed_by_nothing_but_ones_password() {
    let app = TestApp::start();
    let admin = app.admin();
    let own = admin.account.clone().unwrap();
    let fields = [("name", "laptop"), ("access", "write"), ("expires", "30")];
    let own_token = token_value(&make_token(&admin, "/settings/api-tokens", &fields));
    let before = snapshot(&app);
    let headers = [("Authorization", &*format!("Bearer {own_token}")), ("Content-Type", "application/json")];
    for body in ["{\"email\":\"eve@example.org\"}", "{\"name\":\"Eve\",\"email\":\"eve@example.org\",\"active\":true}"] {
        let answer = app.anonymous().send_body("PUT", &format!("/admin/users/{own}"), &headers, body);
        assert_eq!(answer.status, 409, "{}", answer.body);
        assert_unchanged(&app, &before, body);
    }
    for current in ["", " ", &PASSWORD.to_uppercase(), &format!("{PASSWORD} "), "undefined", &own_token] {
        let answer = admin.post("/profile/email", &[("email", "eve@example.org"), ("current", current)]);
        assert_eq!(answer.status, 422, "{current:?}: {}", answer.text());
        assert_unchanged(&app, &before, current);
    }
    assert_eq!(admin.post("/profile/email", &[("email", "eve@example.org")]).status, 422);
    assert_eq!(admin.post("/profile/email", &[("email", "eve@example.org"), ("current_password", PASSWORD)]).status, 422);
    assert_unchanged(&app, &before, "no password");
    // A link made before ends with the change, as other sessions do.
    let link = app.write(|conn| muster::auth::links::create(conn, muster::auth::links::Purpose::Password, Some(&own)));
    assert_eq!(admin.post("/profile/email", &[("email", "maya@example.org"), ("current", PASSWORD)]).status, 303);
    assert_eq!(app.anonymous().get(&format!("/set-password/{link}")).status, 404);
}

// 2.3: twenty clients of the API and of the pages at the same moment, for two people, new ones and an invited one.
#[test]
fn an_address_that_many_ask_for_at_once_is_given_once() {
    let app = TestApp::start();
    let admin = app.admin();
    let administrator = [predefined::ADMINISTRATOR.into()];
    let caller = |n| Caller::with_roles(&app, &format!("terraform {n}"), &administrator, Access::Write);
    let callers: Vec<Caller> = (0..4).map(caller).collect();
    let people: Vec<Id> = ["Bo", "Ida", "Left"].iter().map(|name| app.add_user(name, &[]).0).collect();
    super::seats::disable(&app, &people[2]);
    assert_eq!(invite(&admin, "Kaja <kaja@example.org>", &[]).status, 200);
    let kaja = id_of(&app, "kaja@example.org");
    let robot = callers[0].post("/admin/system-accounts", &json!({ "name": "robot", "email": "wanted@example.org" }));
    assert_eq!(robot.status, 201, "a machine may have it all the same");
    let start = Barrier::new(20);
    let statuses: Vec<(usize, u16, String)> = std::thread::scope(|scope| {
        let ask = |at: usize| {
            let (start, caller, admin, people, kaja) = (&start, &callers[at % 4], admin.clone(), &people, &kaja);
            scope.spawn(move || {
                // Spelled differently by each, and each by another door.
                let email = ["wanted@example.org", "Wanted@Example.org", "wanted@example.org.", "WANTED@EXAMPLE.ORG"][at / 5];
                start.wait();
                let body = json!({ "name": "New", "email": email });
                let put = |id: &Id| caller.put(&format!("/admin/users/{id}"), &json!({ "email": email }));
                let (status, text) = match at % 5 {
                    0 => (put(&people[0]).status, String::new()),
                    1 => (put(&people[at / 10 + 1]).status, String::new()),
                    2 => (put(kaja).status, String::new()),
                    3 => {
                        let reply = caller.post("/admin/users", &body);
                        (reply.status, reply.body.to_string())
                    }
                    _ => {
                        let answer = admin.post(&format!("{USERS}/{}/email", people[1]), &[("email", email)]);
                        (answer.status, String::new())
                    }
                };
                (at, status, text)
            })
        };
        (0..20).map(ask).collect::<Vec<_>>().into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(statuses.iter().all(|(_, status, _)| matches!(status, 200 | 201 | 303 | 409)), "{statuses:?}");
    let owner = user_of(&app, "wanted@example.org");
    assert!(["Bo", "Ida", "Left", "Kaja", "New"].contains(&owner.as_str()), "one and no more: {owner:?}, {statuses:?}");
    // What was refused says who has it.
    let refused =
        callers[0].put(&format!("/admin/users/{}", admin.account.as_ref().unwrap()), &json!({ "email": "wanted@example.org" }));
    assert_eq!(refused.status, 409);
    let other = people.iter().chain([&kaja]).find(|id| **id != owner_id(&app)).unwrap();
    let refused = callers[0].put(&format!("/admin/users/{other}"), &json!({ "email": "wAnted@example.org" }));
    assert!(refused.status == 409 && refused.body["detail"].as_str().unwrap().starts_with(&owner), "{}", refused.body);
}

fn owner_id(app: &TestApp) -> Id {
    let sql = "SELECT id AS line FROM accounts WHERE kind = 'user' AND email_key = 'wanted@example.org'";
    Id::parse(&app.read(|conn| Ok(lines(conn, sql)))[0]).unwrap()
}

// 2.5: other forms of a domain, by the change of an address, by the API and at the sign-in.
#[test]
fn a_domain_has_one_form_by_every_door() {
    let app = TestApp::start();
    let admin = app.admin();
    let caller = Caller::administrator(&app);
    let link = link_of(&invite(&admin, "A <a@bücher.example>", &[]));
    let (bo, _) = app.add_user("Bo", &[]);
    let before = snapshot(&app);
    for spelling in
        ["a@BÜCHER.example", "a@bu\u{308}cher.example", "a@bücher。example", "A@Xn--Bcher-Kva.Example.", "a@ｂücher.example"]
    {
        assert_eq!(admin.post(&format!("{USERS}/{bo}/email"), &[("email", spelling)]).status, 409, "{spelling}");
        assert_eq!(caller.put(&format!("/admin/users/{bo}"), &json!({ "email": spelling })).status, 409, "{spelling}");
        assert_eq!(caller.post("/admin/users", &json!({ "name": "x", "email": spelling })).status, 409, "{spelling}");
        assert_unchanged(&app, &before, spelling);
    }
    assert_eq!(accept(&app.anonymous(), &link, "").status, 303);
    for spelling in ["a@bücher.example", "a@xn--bcher-kva.example", "A@BU\u{308}CHER.example."] {
        let signed_in = app.anonymous().post("/login", &[("email", spelling), ("password", PASSWORD)]);
        assert_eq!(signed_in.status, 303, "{spelling}");
    }
    assert!(admin.get(USERS).body.contains("a@bücher.example") && !admin.get(USERS).body.contains("xn--"));
}
