//! No event holds a secret, whatever was done.

use muster::auth::links::{self, Purpose};
use muster::tokens::value::Access;

use super::events::LOG;
use crate::support::app::{PASSWORD, TestApp};

#[test]
fn no_event_holds_a_secret_of_the_run() {
    let app = TestApp::start();
    let admin = app.admin();
    let (bo, email) = app.add_user("Bo Newcomer", &[]);
    let key = app.write(|conn| links::create(conn, Purpose::Password, Some(&bo)));
    let chosen = "a password nobody would guess";
    let set = app.anonymous().post(&format!("/set-password/{key}"), &[("password", chosen), ("password_again", chosen)]);
    assert_eq!(set.status, 303);
    // The wrong field, and the wrong link.
    app.anonymous().post("/login", &[("email", chosen), ("password", &email)]);
    app.anonymous().post("/login", &[("email", email.as_str()), ("password", "a wrong password")]);
    app.anonymous().get(&format!("/set-password/{key}"));
    let changed =
        [("current", PASSWORD), ("password", "another password of mine"), ("password_again", "another password of mine")];
    assert_eq!(admin.post("/profile/password", &changed).status, 303);
    let robot = app.add_account("robot");
    let value = app.add_token(&robot, Access::Write);
    let id = value.split('_').nth(1).unwrap();
    let page = format!("/settings/system-accounts/{robot}/tokens");
    let made = admin.post_and_follow(&page, &[("name", "deploy"), ("access", "write"), ("expires", "30")]).body;
    let again = admin.post_and_follow(&format!("{page}/{id}/regeneration"), &[("overlap", "24h")]).body;
    admin.get(&format!("{LOG}?target={value}"));
    admin.get(&format!("{LOG}/export?format=csv&target={value}"));
    admin.post(&format!("{page}/{value}/revocation"), &[]);
    let shown = |body: &str| {
        let start = body.find("mstw_").or_else(|| body.find("mst_")).unwrap_or_else(|| panic!("no token in {body}"));
        body[start..].split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').next().unwrap().to_owned()
    };
    // A link for somebody new, a token of one's own, pasted text, another address, and a search that is a token.
    let link = admin.post_and_follow("/settings/users/invite", &[("addresses", "Kaja Lie <kaja@example.test>")]);
    let link = link.body.split("/set-password/").nth(1).unwrap().split(['"', '<', '&']).next().unwrap().to_owned();
    let own = [("name", "laptop"), ("access", "write"), ("expires", "30")];
    let own = admin.post_and_follow("/settings/api-tokens", &own).body;
    let pasted = admin.post("/settings/tokens/find", &[("text", &format!("a note of mine {value}"))]);
    let chosen_path = pasted.location().to_owned();
    assert_eq!(admin.post(&format!("{chosen_path}/revocation"), &[("id", id)]).status, 303);
    let moved = [("email", "maya@elsewhere.test"), ("current", "another password of mine")];
    assert_eq!(admin.post("/profile/email", &moved).status, 303);
    admin.get(&format!("/settings/tokens/export?q={value}"));
    admin.get(&format!("/settings/system-accounts/export?q={value}"));
    let secrets = [
        link,
        shown(&own),
        "a note of mine".into(),
        key,
        value.clone(),
        shown(&made),
        shown(&again),
        chosen.into(),
        PASSWORD.into(),
        "another password".into(),
        "a wrong password".into(),
    ];
    let events = app.read(|conn| {
        Ok(crate::support::snapshot::lines(
            conn,
            "SELECT e.type || ' ' || e.target_name || ' ' || coalesce(e.target_id, '') || ' ' || coalesce(e.object_name, '') || ' ' || \
             coalesce(e.object_id, '') || ' ' || e.detail || ' ' || e.actor_name || ' ' || coalesce(c.user_agent, '') || ' ' || \
             coalesce(c.session_id, '') AS line FROM audit_events e JOIN audit_changes c ON c.id = e.change_id",
        ))
    });
    assert!(events.len() > 15, "{}", events.len());
    let export = admin.get(&format!("{LOG}/export?format=jsonl")).body;
    for secret in &secrets {
        assert!(secret.len() > 10);
        // Neither the whole nor its secret end.
        let end = &secret[secret.len() - 10..];
        for line in events.iter().map(String::as_str).chain(export.lines()) {
            assert!(!line.contains(secret.as_str()) && !line.contains(end), "{secret} in {line}");
        }
    }
}
