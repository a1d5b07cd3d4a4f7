//! A person's own tokens.

use muster::id::Id;
use muster::roles::predefined;
use muster::tokens::value::Access;

use crate::pages::html::{all, error, make_token, token_value, value};
use crate::support::app::{Answer, Client, TestApp};

const OWN: &str = "/settings/api-tokens";

fn create(client: &Client, access: &str) -> Answer {
    make_token(client, OWN, &[("name", "laptop"), ("access", access), ("expires", "30")])
}

fn public(value: &str) -> &str {
    &value[5..17]
}

/// The events about an account, as `type object`.
fn events(app: &TestApp, account: &Id) -> Vec<String> {
    let sql = format!(
        "SELECT type || ' ' || target_kind || ' ' || coalesce(object_name, '') AS line FROM audit_events \
         WHERE target_id = '{account}' AND type LIKE 'token.%' ORDER BY seq"
    );
    app.read(|conn| Ok(crate::support::snapshot::lines(conn, &sql)))
}

#[test]
fn one_creates_regenerates_and_revokes_ones_own() {
    let app = TestApp::start();
    let ines = app.viewer();
    let account = ines.account.clone().unwrap();
    let page = ines.get(OWN);
    assert!(page.text().contains("You have no API tokens."), "{}", page.text());
    assert!(page.body.contains(&format!("id=\"base-url\" readonly value=\"{}\"", app.url)), "{}", page.body);
    assert!(page.body.contains("data-copy=\"base-url\""));
    let first = token_value(&create(&ines, "write"));
    // It acts as the person.
    let checked = app.verify(&first);
    assert_eq!((checked.status, checked.header("muster-account")), (200, account.as_str()));
    let page = ines.get(OWN);
    assert!(page.body.contains(&first[..17]) && !page.body.contains(&first[18..]));
    assert!(!page.text().contains("by Ines Calloway"), "nobody else makes them: {}", page.text());
    let regenerated = make_token(&ines, &format!("{OWN}/{}/regeneration", public(&first)), &[("overlap", "24h")]);
    let second = token_value(&regenerated);
    assert_eq!([&first, &second].map(|value| app.verify(value).status), [200, 200]);
    let page = ines.post_and_follow(&format!("{OWN}/{}/finish", public(&second)), &[]);
    assert_eq!(page.flash(), "The old value has stopped working.");
    assert_eq!([&first, &second].map(|value| app.verify(value).status), [401, 200]);
    let page = ines.post_and_follow(&format!("{OWN}/{}/revocation", public(&second)), &[]);
    assert_eq!(page.flash(), "Revoked laptop.");
    assert_eq!(app.verify(&second).status, 401);
    let again = ines.post(&format!("{OWN}/{}/revocation", public(&second)), &[]);
    assert_eq!((again.status, again.flash()), (409, "The token laptop has been revoked already.".into()));
    let expected = ["created", "regenerated", "revoked", "revoked"].map(|verb| format!("token.{verb} user laptop"));
    assert_eq!(events(&app, &account), expected);
}

#[test]
fn what_is_wrong_comes_back_as_the_dialog_and_a_form_makes_one_token() {
    let app = TestApp::start();
    let ines = app.viewer();
    let refused = create(&ines, "admin");
    assert_eq!((refused.status, error(&refused, "token-access")), (422, "Choose read-only or read-write.".into()));
    assert!(refused.body.contains("id=\"new-token\" aria-labelledby=\"new-token-title\" closedby=\"any\" open data-error"));
    assert_eq!(value(&refused, "name"), "laptop");
    let first = token_value(&create(&ines, "read"));
    for overlap in ["", "2h"] {
        let refused = ines.post(&format!("{OWN}/{}/regeneration", public(&first)), &[("overlap", overlap)]);
        assert_eq!((refused.status, error(&refused, "overlap")), (422, "Choose when the old value stops.".into()));
    }
    let form = value(&ines.get(OWN), "form");
    let fields = [("name", "twice"), ("access", "read"), ("expires", "30"), ("form", form.as_str())];
    // Of a double click the browser follows the second answer: both lead to the one token's page.
    let [one, other] = [(); 2].map(|()| ines.post(OWN, &fields));
    assert_eq!((one.status, one.location()), (303, other.location()), "{}", other.text());
    token_value(&ines.get(other.location()));
    assert_eq!(ines.get(OWN).body.matches("class=\"token\"").count(), 2);
}

#[test]
fn it_takes_a_permission_to_have_one_and_none_to_end_it() {
    let app = TestApp::start();
    let reader = app.user("Rae Reader", &[predefined::READ_ONLY.into()]);
    let page = reader.get(OWN);
    let choices = all(&page.body, "name=\"access\" value=\"write\"", ">");
    assert!(choices[0].contains("disabled"), "{}", page.body);
    let own = token_value(&create(&reader, "read"));
    assert!(own.starts_with("mstr_") && app.verify(&own).status == 200);
    let refused = create(&reader, "write");
    assert_eq!(refused.status, 403);
    assert!(refused.text().contains("token:manage:own"), "{}", refused.text());
    // Whoever may have none is told whom to ask.
    app.admin();
    let guest = app.user("Gus Guest", &[predefined::VIEWER.into()]);
    let page = guest.get(OWN);
    assert!(page.text().contains("Your roles don't let you create API tokens. Ask Maya Lindqvist."), "{}", page.text());
    assert!(!page.body.contains("id=\"new-token\""));
    for access in ["read", "write", ""] {
        assert_eq!(create(&guest, access).status, 403, "{access}");
    }
    // What one has from before can be ended, and not renewed.
    let account = reader.account.clone().unwrap();
    let viewer = muster::accounts::operations::ActionParams::exactly([predefined::VIEWER.into()]);
    app.write(|conn| {
        let (actor, kind) = (muster::auth::principal::Principal::shell(), muster::accounts::model::Kind::User);
        muster::accounts::operations::set_roles(conn, &actor, kind, &account, &viewer)
    });
    let page = reader.get(OWN);
    assert!(page.body.contains("/revocation\"") && !page.body.contains("/regeneration\""), "{}", page.body);
    let path = format!("{OWN}/{}", public(&own));
    assert_eq!(reader.post(&format!("{path}/regeneration"), &[("overlap", "0")]).status, 403);
    assert_eq!(reader.post_and_follow(&format!("{path}/revocation"), &[]).flash(), "Revoked laptop.");
}

#[test]
fn nobody_handles_anybody_elses_here() {
    let app = TestApp::start();
    let (admin, ines) = (app.admin(), app.viewer());
    let hers = token_value(&create(&ines, "write"));
    let robots = app.add_token(&app.add_account("robot"), Access::Write);
    for token in [public(&hers), public(&robots), "garbage", "%00"] {
        for verb in ["regeneration", "revocation", "finish"] {
            assert_eq!(admin.post(&format!("{OWN}/{token}/{verb}"), &[("overlap", "0")]).status, 404, "{token} {verb}");
        }
        assert_eq!(admin.get(&format!("{OWN}/{token}/value")).status, 404, "{token}");
    }
    assert_eq!(app.verify(&hers).status, 200);
    assert!(!admin.get(OWN).body.contains(public(&hers)));
}

#[test]
fn while_creation_is_paused_the_page_says_so() {
    let app = TestApp::start();
    let (admin, ines) = (app.admin(), app.viewer());
    let own = token_value(&create(&ines, "read"));
    assert_eq!(admin.post("/settings/token-policy/stop", &[("message", "Ask Maya.")]).status, 303);
    let page = ines.get(OWN);
    assert!(page.text().contains("Token creation is paused (by Maya Lindqvist). Ask Maya."), "{}", page.text());
    assert_eq!(create(&ines, "read").status, 409);
    token_value(&make_token(&ines, &format!("{OWN}/{}/regeneration", public(&own)), &[("overlap", "0")]));
}

#[test]
fn a_disabled_persons_tokens_stop() {
    let app = TestApp::start();
    let (admin, ines) = (app.admin(), app.viewer());
    let own = token_value(&create(&ines, "write"));
    let person = format!("/settings/users/{}", ines.account.as_ref().unwrap());
    assert_eq!(admin.post(&format!("{person}/disablement"), &[]).status, 303);
    assert_eq!(app.verify(&own).status, 401);
    assert_eq!(admin.post(&format!("{person}/enablement"), &[]).status, 303);
    assert_eq!(app.verify(&own).status, 200);
}
