//! People again, by other ways: the API, many clients at once, other fields, other spellings.

use muster::accounts::model::Kind;
use muster::id::Id;
use muster::roles::predefined::{self, PREDEFINED};
use muster::tokens::value::Access;
use serde_json::json;

use super::{USERS, accept, new_link};
use crate::api::Caller;
use crate::pages::html::{make_token, token_value, undo_url};
use crate::support::app::{Client, PASSWORD, TestApp};
use crate::support::snapshot::{assert_unchanged, lines, snapshot};

const NEW: &str = "a fresh and longer secret";

fn sign_in(app: &TestApp, email: &str) -> Client {
    let client = app.anonymous();
    assert_eq!(client.post("/login", &[("email", email), ("password", PASSWORD)]).status, 303);
    client
}

fn email_of(app: &TestApp, id: &Id) -> String {
    app.read(|conn| Ok(lines(conn, &format!("SELECT email AS line FROM accounts WHERE id = '{id}'")))).remove(0)
}

fn is_in(client: &Client) -> bool {
    client.get("/profile").status == 200
}

fn sessions(app: &TestApp, id: &Id) -> String {
    let sql = format!("SELECT CAST(count(*) AS TEXT) AS line FROM sessions WHERE account_id = '{id}'");
    app.read(|conn| Ok(lines(conn, &sql))).remove(0)
}

// 2.1: every call of the API that handles a person, and those of the pages that wear the protection away.
#[test]
fn no_call_handles_who_can_do_more() {
    let app = TestApp::start();
    app.admin();
    let role = app.add_role("Helpdesk", &["user:manage:*"]);
    let caller = Caller::with_roles(&app, "helpdesk", std::slice::from_ref(&role), Access::Write);
    let helper = app.user("Hanna Desk", std::slice::from_ref(&role));
    let administrator = predefined::ADMINISTRATOR.to_string();
    let (ada, _) = app.add_user("Ada Admin", &[predefined::ADMINISTRATOR.into()]);
    // What only a gateway knows counts as well, and what follows from administering a team.
    let (cleo, _) = app.add_user("Cleo Gateway", &[app.add_role("Refunds", &["payments:refund"])]);
    let (dora, _) = app.add_user("Dora Team", &[]);
    let blue = app.add_team("Blue", &[&dora]);
    app.write(|conn| {
        let shell = muster::auth::principal::Principal::shell();
        muster::teams::operations::administrators::appoint(conn, &shell, &blue, std::slice::from_ref(&dora))
    });
    let before = snapshot(&app);
    for id in [&ada, &cleo, &dora] {
        let path = format!("/admin/users/{id}");
        for change in [
            json!({ "email": "hanna+x@example.test" }),
            json!({ "name": "Renamed" }),
            json!({ "active": false }),
            json!({ "name": "Renamed", "email": "hanna+x@example.test", "active": false }),
        ] {
            let refused = caller.put(&path, &change);
            assert_eq!(refused.status, 403, "{change}: {}", refused.body);
            assert!(refused.body["permission"].is_string(), "{}", refused.body);
        }
        assert_eq!(caller.delete(&path).status, 403);
        assert_eq!(helper.post(&format!("{USERS}/{id}/sessions/end"), &[]).status, 403);
        assert_eq!(helper.post(&format!("{USERS}/{id}/password-link"), &[]).status, 403);
        assert_eq!(helper.post(&format!("{USERS}/{id}/email"), &[("email", "hanna+x@example.test")]).status, 403);
        assert_unchanged(&app, &before, "handled");
    }
    for id in [&cleo, &dora] {
        assert_eq!(caller.put(&format!("/admin/users/{id}/roles/{administrator}"), &json!({})).status, 403);
    }
    for id in [&ada, &cleo] {
        assert_eq!(caller.put(&format!("/admin/users/{id}/roles"), &json!({ "roles": [] })).status, 403);
    }
    assert_eq!(caller.delete(&format!("/admin/users/{ada}/role/admin")).status, 403);
    assert_eq!(caller.delete(&format!("/admin/users/{ada}/roles/{administrator}")).status, 403);
    // All that match, weaker ones among them: all or nothing.
    let (vera, _) = app.add_user("Vera Weak", &[]);
    let before = snapshot(&app);
    let matching = helper.post_and_follow(&format!("{USERS}/bulk"), &[("do", "select_matching"), ("q", "e")]);
    let id = crate::pages::html::value(&matching, "selection");
    let refused = helper.post(&format!("{USERS}/bulk"), &[("selection", &id), ("shown", "0"), ("do", "disable")]);
    assert_eq!(refused.status, 403, "{}", refused.text());
    assert_unchanged(&app, &before, "all that match");
    // Who can do less is handled.
    assert_eq!(caller.put(&format!("/admin/users/{vera}"), &json!({ "email": "vera@example.org" })).status, 200);
    assert_eq!(caller.delete(&format!("/admin/users/{vera}")).status, 204);
}

// 2.6: whichever way a password is set, the other sessions end and the tokens stay; so it is with another address.
#[test]
fn sessions_end_and_tokens_stay_whichever_way_a_password_is_set() {
    let app = TestApp::start();
    let admin = app.admin();
    let (bo, email) = app.add_user("Bo", &[predefined::USER.into()]);
    let token = app.add_token_of_user(&bo);
    let shell = || {
        let key = app.write(|conn| muster::auth::links::create(conn, muster::auth::links::Purpose::Password, Some(&bo)));
        format!("/set-password/{key}")
    };
    let own = sign_in(&app, &email);
    for way in ["link", "shell", "address", "profile"] {
        let email = if way == "profile" { "bo@elsewhere.example" } else { email.as_str() };
        let own = if is_in(&own) { own.clone() } else { sign_in(&app, email) };
        let others = [(); 2].map(|()| sign_in(&app, email));
        let set = match way {
            "link" => accept(&app.anonymous(), &new_link(&admin, &format!("{USERS}/{bo}/password-link")), ""),
            "shell" => accept(&app.anonymous(), &shell(), ""),
            "profile" => own.post("/profile/password", &[("current", PASSWORD), ("password", NEW), ("password_again", NEW)]),
            _ => own.post("/profile/email", &[("email", "bo@elsewhere.example"), ("current", PASSWORD)]),
        };
        assert_eq!(set.status, 303, "{way}: {}", set.text());
        assert!(!others.iter().any(is_in), "{way}");
        assert_eq!(is_in(&own), matches!(way, "profile" | "address"), "{way}");
        assert_eq!(sessions(&app, &bo), "1", "{way}");
        assert_eq!(app.verify(&token).status, 200, "{way}");
    }
    assert!(admin.get(&format!("{USERS}/{bo}")).text().contains("API tokens keep working"));
}

// 2.8: disabled by the API, in bulk, from the shell, and enabled again by each and by Undo.
#[test]
fn no_way_of_enabling_brings_a_session_back() {
    let app = TestApp::start();
    let admin = app.admin();
    let caller = Caller::administrator(&app);
    let (bo, email) = app.add_user("Bo", &[predefined::USER.into()]);
    let own = [("name", "laptop"), ("access", "write"), ("expires", "30")];
    let token = token_value(&make_token(&sign_in(&app, &email), "/settings/api-tokens", &own));
    let api = |active: bool| assert_eq!(caller.put(&format!("/admin/users/{bo}"), &json!({ "active": active })).status, 200);
    let bulk = |verb: &str| admin.post_and_follow(&format!("{USERS}/bulk"), &[("id", bo.as_str()), ("do", verb)]);
    for way in ["api", "bulk", "undo", "shell"] {
        let clients = [(); 2].map(|()| sign_in(&app, &email));
        let undo = match way {
            "api" => {
                api(false);
                String::new()
            }
            "shell" => {
                super::seats::disable(&app, &bo);
                String::new()
            }
            _ => undo_url(&bulk("disable")),
        };
        assert_eq!((sessions(&app, &bo).as_str(), app.verify(&token).status), ("0", 401), "{way}: deleted, not only ignored");
        match way {
            "undo" => assert_eq!(admin.post(&undo, &[("next", USERS)]).status, 303),
            "bulk" => assert!(bulk("enable").flash().starts_with("Enabled Bo"), "{way}"),
            _ => api(true),
        }
        assert!(!clients.iter().any(is_in), "{way}");
        assert_eq!((sessions(&app, &bo).as_str(), app.verify(&token).status), ("0", 200), "{way}");
    }
}

// 2.9: by the API, where the only other administrators are invited, or hold it by a role of their own without a password.
#[test]
fn the_api_leaves_an_administrator_who_can_sign_in() {
    let app = TestApp::start();
    let caller = Caller::administrator(&app);
    let chiefs = app.add_role("Chiefs", PREDEFINED[0].permissions);
    let (chief, _) = app.add_user("Ada Chief", std::slice::from_ref(&chiefs));
    let invited = caller.post("/admin/users", &json!({ "name": "In Vited", "email": "in@example.org" }));
    let invited = invited.body["uuid"].as_str().unwrap().to_owned();
    assert_eq!(caller.put(&format!("/admin/users/{invited}/role/admin"), &json!({})).status, 200);
    let before = snapshot(&app);
    let role = format!("/admin/roles/{chiefs}");
    for scopes in [json!([]), json!([{ "scope": "role:manage:*" }, { "scope": "user:manage:*" }])] {
        let refused = caller.put(&role, &json!({ "name": "Chiefs", "permissions": scopes }));
        assert_eq!(refused.status, 409, "{}", refused.body);
    }
    assert_eq!(caller.delete(&role).status, 409);
    let user = format!("/admin/users/{chief}");
    assert_eq!(caller.delete(&format!("{user}/roles/{chiefs}")).status, 409);
    assert_eq!(caller.put(&format!("{user}/roles"), &json!({ "roles": [predefined::USER.to_string()] })).status, 409);
    assert_eq!(caller.put(&user, &json!({ "active": false })).status, 409);
    assert_eq!(caller.delete(&user).status, 409);
    assert_unchanged(&app, &before, "the last who can sign in");
}

// 2.10: one's own among the ids, and by every verb of the API that would end the caller.
#[test]
fn a_token_does_not_end_its_own_account_among_others() {
    let app = TestApp::start();
    app.admin();
    let caller = Caller::administrator(&app);
    let others: Vec<String> = ["one", "two"].iter().map(|name| app.add_account(name).to_string()).collect();
    let own = caller.account.to_string();
    let all = [others.clone(), vec![own.clone()]].concat();
    let before = snapshot(&app);
    for action in ["disable", "delete"] {
        for selection in [json!({ "uuids": all }), json!({ "filter": {} }), json!({ "uuids": [own] })] {
            let mut body = selection;
            body["action"] = action.into();
            let refused = caller.post("/admin/system-accounts/bulk", &body);
            assert_eq!(refused.status, 409, "{body}: {}", refused.body);
            assert_unchanged(&app, &before, action);
        }
    }
    for body in [
        json!({ "action": "removeAdministrator", "uuids": all }),
        json!({ "action": "removeRole", "role": predefined::ADMINISTRATOR.to_string(), "filter": {} }),
    ] {
        assert_eq!(caller.post("/admin/system-accounts/bulk", &body).status, 409, "{body}");
        assert_unchanged(&app, &before, "roles of one's own among others'");
    }
    assert_eq!(caller.put(&format!("/admin/users/{own}"), &json!({ "active": false })).status, 409);
    assert_eq!(caller.delete(&format!("/admin/users/{own}")).status, 409);
    assert_unchanged(&app, &before, "alone");
}

// 2.11: other ways to say who is meant, and other forms of the body.
#[test]
fn a_reset_takes_one_text_and_the_links_own_user() {
    let app = TestApp::start();
    let admin = app.admin();
    let (ada, ada_email) = app.add_user("Ada", &[predefined::ADMINISTRATOR.into()]);
    let (bo, _) = app.add_user("Bo", &[]);
    let link = new_link(&admin, &format!("{USERS}/{bo}/password-link"));
    let before = snapshot(&app);
    let secret = "a fresh and longer secret";
    let form = format!("password={secret}&password_again={secret}");
    for (kind, body) in [
        ("application/json", format!("{{\"password\":\"{secret}\",\"password_again\":\"{secret}\"}}")),
        ("application/json", format!("{{\"password\":[\"{secret}\"],\"password_again\":{{\"not\":null}}}}")),
        ("text/plain", form.clone()),
        ("application/x-www-form-urlencoded", format!("{form}&password={secret}")),
        ("application/x-www-form-urlencoded", format!("password[]={secret}&password_again[]={secret}")),
        ("application/x-www-form-urlencoded", format!("password[0]={secret}&password_again={secret}")),
        (
            "multipart/form-data; boundary=x",
            format!("--x\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\n{secret}\r\n--x--"),
        ),
    ] {
        let headers = [("Sec-Fetch-Site", "same-origin"), ("Content-Type", kind)];
        let answer = app.anonymous().send_body("POST", &link, &headers, &body);
        assert!((400..500).contains(&answer.status), "{kind} {body}: {}", answer.status);
        assert_unchanged(&app, &before, &body);
    }
    // Neither an address nor a cookie says whose it is.
    let signed_in = sign_in(&app, &ada_email);
    let fields = [("password", secret), ("password_again", secret)];
    let answer = signed_in.post(&format!("{link}?id={ada}&email={ada_email}&user={ada}"), &fields);
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert_eq!(app.anonymous().post("/login", &[("email", &ada_email), ("password", PASSWORD)]).status, 303);
    let bo_email = email_of(&app, &bo);
    assert_eq!(app.anonymous().post("/login", &[("email", &bo_email), ("password", secret)]).status, 303);
    // Two addresses at the API are two keys, or no text.
    let caller = Caller::administrator(&app);
    for body in [
        "{\"email\":\"a@example.org\",\"email\":\"b@example.org\"}",
        "{\"email\":\"a@example.org,b@example.org\"}",
        "{\"email\":\"a@example.org\\nb@example.org\"}",
    ] {
        assert_eq!(caller.text("PUT", &format!("/admin/users/{bo}"), body).status, 400, "{body}");
    }
    assert_eq!(app.read(|conn| muster::accounts::queries::totals(conn, Kind::User)), (3, 0));
}
