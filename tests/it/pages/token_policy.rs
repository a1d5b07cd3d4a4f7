//! The page of the token policy, and the switch that stops the creation of tokens, at each door.

use std::process::Command;

use chrono::TimeDelta;
use diesel::prelude::*;
use muster::auth::principal::Principal;
use muster::error::Error;
use muster::id::Id;
use muster::schema::{audit_events, tokens};
use muster::tokens::model::{Expiry, Overlap};
use muster::tokens::operations::{self, TokenCreation};
use muster::tokens::value::Access;

use super::html::{LIST, all, at, error, links, make_token, token_value};
use crate::support::app::{Answer, Client, TestApp};

const POLICY: &str = "/settings/token-policy";
const MESSAGE: &str = "Ask <Maya> after the audit.";

fn stop(admin: &Client, message: &str) -> Answer {
    admin.post_and_follow(&format!("{POLICY}/stop"), &[("message", message)])
}

fn token(app: &TestApp, account: &Id, name: &str, expiry: Expiry, maximum: Option<i64>) -> String {
    let form = TokenCreation { name: name.into(), access: Some(Access::Write), expiry: Ok(expiry) };
    let account = account.clone();
    let maximum = maximum.map(TimeDelta::days);
    app.write(move |conn| operations::create(conn, &Principal::shell(), &account, &form, maximum)).0.id
}

fn tokens_of(app: &TestApp) -> i64 {
    app.read(|conn| Ok(tokens::table.count().get_result(conn)?))
}

fn creation(name: &str) -> Vec<(&str, &str)> {
    vec![("name", name), ("access", "read"), ("expires", "30")]
}

#[test]
fn the_page_names_the_maximum_and_lists_what_lives_beyond_it() {
    let app = TestApp::start_with(|config| config.max_token_lifetime = Some(TimeDelta::days(90)));
    let admin = app.admin();
    let none = admin.get(POLICY);
    assert!(none.text().contains("Maximum lifetime 90 days"), "{}", none.text());
    assert!(none.text().contains("All active tokens are within the maximum."));
    let (one, two) = (app.add_account("payments deploy"), app.add_account("nightly <b>"));
    token(&app, &one, "just ninety", Expiry::In(TimeDelta::days(90)), Some(90));
    token(&app, &one, "a year", Expiry::In(TimeDelta::days(365)), None);
    token(&app, &two, "for ever", Expiry::Never, None);
    token(&app, &two, "a day more", Expiry::In(TimeDelta::days(91)), None);
    let revoked = token(&app, &two, "revoked", Expiry::Never, None);
    app.write(move |conn| operations::revoke_by_id(conn, &Principal::shell(), &revoked));
    let expired = token(&app, &two, "expired", Expiry::In(TimeDelta::days(365)), None);
    let rotated = token(&app, &two, "rotated", Expiry::Never, None);
    let account = two.clone();
    app.write(move |conn| {
        let long_ago = muster::clock::now() - TimeDelta::days(500);
        let old = tokens::table.filter(tokens::id.eq(&expired));
        let past = (tokens::created_at.eq(long_ago), tokens::expires_at.eq(long_ago + TimeDelta::days(400)));
        diesel::update(old).set(past).execute(conn)?;
        let maximum = Some(TimeDelta::days(90));
        operations::regenerate(conn, &Principal::shell(), &account, &rotated, Overlap::Week, maximum)
    });
    admin.post(&at(&two, "/disablement"), &[]);
    let page = admin.get(POLICY);
    let rows: Vec<String> = all(&page.body, "data-label=\"Token\"><bdi>", "</bdi></td>").into_iter().map(str::to_owned).collect();
    assert_eq!(rows, ["for ever", "a year", "a day more"], "{}", page.text());
    assert!(page.text().contains("Never") && page.text().contains("nightly &#60;b&#62;"), "{}", page.body);
    assert_eq!(page.body.matches("badge\">Disabled").count(), 2, "its tokens work again when it is enabled");
    let (_, href) = links(&page).into_iter().find(|(text, _)| text.contains("payments deploy")).unwrap();
    let account_page = admin.get(href.split('#').next().unwrap());
    assert_eq!(account_page.status, 200);
    assert!(account_page.body.contains(&format!("id=\"{}\"", href.split('#').nth(1).unwrap())), "{href}");
}

#[test]
fn without_a_maximum_the_page_says_so() {
    let app = TestApp::start();
    let id = app.add_account("robot");
    token(&app, &id, "for ever", Expiry::Never, None);
    let page = app.admin().get(POLICY);
    assert!(page.text().contains("No maximum") && page.text().contains("No maximum is set."), "{}", page.text());
    assert!(!page.body.contains("for ever"));
}

#[test]
fn a_long_list_has_pages() {
    let app = TestApp::start_with(|config| config.max_token_lifetime = Some(TimeDelta::days(90)));
    app.add_many(250);
    let admin = app.admin();
    let first = admin.get(POLICY);
    assert!(first.text().contains("1–50 of 125"), "{}", first.text());
    let mut seen = std::collections::BTreeSet::new();
    for page in 1..=3 {
        let answer = admin.get(&format!("{POLICY}?page={page}"));
        seen.extend(all(&answer.body, "#token-", "\"").into_iter().map(str::to_owned));
    }
    assert_eq!(seen.len(), 125);
    for odd in ["0", "-1", "x", "99999999999999999999", "4", "100000"] {
        assert_eq!(admin.get(&format!("{POLICY}?page={odd}")).status, 200, "{odd}");
    }
}

#[test]
fn only_who_may_manage_everything_sees_it_and_has_the_link() {
    let app = TestApp::start();
    let manager = app.add_role("Machine manager", &["system_account:manage:*", "system_account:read:*"]);
    let team = app.add_role("Team manager", &["system_account:manage:team"]);
    let admin = app.admin();
    for (client, sees) in [
        (admin.clone(), true),
        (app.user("Ada Manager", &[manager]), true),
        (app.viewer(), false),
        (app.user("Tom Team", &[team]), false),
    ] {
        let page = client.get("/profile");
        assert_eq!(page.body.contains("href=\"/settings/token-policy\""), sees);
        assert_eq!(client.get(POLICY).status, if sees { 200 } else { 403 });
        let done = client.post(&format!("{POLICY}/stop"), &[("message", "")]);
        assert_eq!(done.status, if sees { 303 } else { 403 });
        let done = client.post(&format!("{POLICY}/resumption"), &[]);
        assert_eq!(done.status, if sees { 303 } else { 403 });
    }
    assert!(admin.get(POLICY).body.contains("href=\"/settings/token-policy\" aria-current=\"page\""));
    // Also past the routes.
    let nobody = Principal { permissions: Default::default(), ..Principal::shell() };
    let refused = app.database.write_now(|conn| muster::tokens::policy::stop(conn, &nobody, "", None));
    assert!(matches!(refused, Err(Error::Forbidden { .. })));
}

#[test]
fn while_creation_is_stopped_every_door_says_why() {
    let app = TestApp::start();
    let admin = app.admin();
    let (one, two) = (app.add_account("robot"), app.add_account("other"));
    let old = token(&app, &one, "old", Expiry::Never, None);
    let page = stop(&admin, &format!("  {MESSAGE} "));
    assert!(page.flash().contains("Token creation paused."), "{}", page.flash());
    assert!(page.text().contains("Paused by Maya Lindqvist just now"), "{}", page.text());
    assert_eq!(stop(&admin, "Another message.").flash(), "Saved the message.");
    stop(&admin, MESSAGE);
    let before = tokens_of(&app);
    let sentence = "Token creation is paused (by Maya Lindqvist). Ask &#60;Maya&#62; after the audit.";
    // The account's page: the message in the place of the form, and the form all the same.
    let account = admin.get(&at(&one, ""));
    assert!(account.text().contains(sentence), "{}", account.text());
    assert!(!account.body.contains(&format!("action=\"{}\"", at(&one, "/tokens"))));
    assert!(!account.text().contains("New token"));
    let refused = admin.post(&at(&one, "/tokens"), &creation("sneaky"));
    assert_eq!(refused.status, 409);
    assert!(refused.flash().contains(sentence), "{}", refused.flash());
    // A new account with its first token: neither of them.
    let form = admin.get(&format!("{LIST}/new"));
    assert!(form.text().contains(sentence) && !form.body.contains("name=\"token\""), "{}", form.text());
    let refused = admin.post(LIST, &[("name", "new one"), ("token", "rw-90")]);
    assert_eq!(refused.status, 409);
    assert!(refused.text().contains(sentence), "{}", refused.text());
    assert_eq!(app.totals().0, 2);
    assert_eq!(admin.post(LIST, &[("name", "new one")]).status, 303, "an account alone can be created");
    // Who manages the account's team.
    let team_manager = app.add_role("Team manager", &["system_account:manage:team"]);
    let manager = app.user("Tom Team", &[team_manager]);
    app.add_team("Platform", &[manager.account.as_ref().unwrap(), &two]);
    assert!(manager.get(&at(&two, "")).text().contains(sentence));
    assert_eq!(manager.post(&at(&two, "/tokens"), &creation("sneaky")).status, 409);
    // The command line, in a process of its own.
    let told = Command::new(env!("CARGO_BIN_EXE_muster"))
        .args(["token", "add", "--account", "robot", "--name", "sneaky", "--access", "read"])
        .env("DATABASE_URL", &app.database_url)
        .output()
        .unwrap();
    assert!(!told.status.success() && told.stdout.is_empty());
    assert!(String::from_utf8_lossy(&told.stderr).contains(MESSAGE), "{}", String::from_utf8_lossy(&told.stderr));
    assert_eq!(tokens_of(&app), before);
    // Who may not make tokens is told that first.
    let viewer = app.viewer();
    assert_eq!(viewer.post(&at(&one, "/tokens"), &creation("sneaky")).status, 403);
    assert!(!viewer.get(&at(&one, "")).text().contains(sentence));
    // Rotation goes on.
    let regenerated = make_token(&admin, &at(&one, &format!("/tokens/{old}/regeneration")), &[("overlap", "0")]);
    let value = token_value(&regenerated);
    assert_eq!(app.verify(&value).status, 200);
    // And back.
    let page = admin.post_and_follow(&format!("{POLICY}/resumption"), &[]);
    assert!(page.flash().contains("Token creation resumed.") && page.text().contains("Token creation On"), "{}", page.text());
    assert!(admin.get(&at(&one, "")).text().contains("New token"));
    token_value(&make_token(&admin, &at(&one, "/tokens"), &creation("welcome")));
}

#[test]
fn the_message_is_optional_short_and_can_be_changed() {
    let app = TestApp::start();
    let admin = app.admin();
    for (wrong, said) in [
        ("x".repeat(201), "At most 200 characters."),
        ("a\nb".into(), "Line breaks and other control characters are not allowed."),
    ] {
        let again = admin.post(&format!("{POLICY}/stop"), &[("message", &wrong)]);
        assert_eq!((again.status, error(&again, "message")), (422, said.into()));
        assert!(again.text().contains("Token creation On"));
    }
    let page = stop(&admin, "");
    assert!(page.text().contains("Token creation Paused") && !page.text().contains("People see:"), "{}", page.text());
    let id = app.add_account("robot");
    let text = admin.get(&at(&id, "")).text();
    assert!(text.contains("Token creation is paused (by Maya Lindqvist). No tokens"), "{text}");
    let page = stop(&admin, &"ä".repeat(200));
    assert!(page.text().contains(&"ä".repeat(200)));
    stop(&admin, &"ä".repeat(200));
    admin.post(&format!("{POLICY}/resumption"), &[]);
    admin.post(&format!("{POLICY}/resumption"), &[]);
    let events: Vec<(String, String, String)> = app.read(|conn| {
        Ok(audit_events::table
            .filter(audit_events::target_kind.eq("policy"))
            .order(audit_events::seq)
            .select((audit_events::event_type, audit_events::target_name, audit_events::detail))
            .load(conn)?)
    });
    let verbs: Vec<&str> = events.iter().map(|(verb, ..)| verb.as_str()).collect();
    assert_eq!(verbs, ["token_creation.stopped", "token_creation.stopped", "token_creation.resumed"], "{events:?}");
    let detail: serde_json::Value = serde_json::from_str(&events[1].2).unwrap();
    assert_eq!((detail["before"].as_str(), detail["after"].as_str()), (Some(""), Some("ä".repeat(200).as_str())));
}

#[test]
fn a_creation_and_the_switch_never_overlap() {
    let app = TestApp::start();
    let admin = app.admin();
    let id = app.add_account("robot");
    let made: Vec<u16> = std::thread::scope(|scope| {
        let tries: Vec<_> = (0..20)
            .map(|n| {
                let (admin, id) = (admin.clone(), id.clone());
                scope.spawn(move || {
                    if n == 10 {
                        // A redirect, as a creation is.
                        admin.post(&format!("{POLICY}/stop"), &[]).status - 100
                    } else {
                        admin.post(&at(&id, "/tokens"), &creation("racer")).status
                    }
                })
            })
            .collect();
        tries.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let created = made.iter().filter(|status| **status == 303).count();
    assert!(made.iter().all(|status| [203, 303, 409].contains(status)), "{made:?}");
    assert_eq!(tokens_of(&app), i64::try_from(created).unwrap());
    // Everything that was made was made before the switch.
    let order: Vec<String> = app.read(|conn| {
        let relevant = audit_events::event_type.eq_any(["token.created", "token_creation.stopped"]);
        Ok(audit_events::table.filter(relevant).order(audit_events::seq).select(audit_events::event_type).load(conn)?)
    });
    assert_eq!(order.last().map(String::as_str), Some("token_creation.stopped"), "{order:?}");
}

// Return in the message's field presses the first button of its form.
#[test]
fn return_in_the_message_does_not_allow_creation() {
    let app = TestApp::start();
    let admin = app.admin();
    stop(&admin, MESSAGE);
    let page = admin.get(POLICY);
    let form = all(&page.body, "action=\"/settings/token-policy/stop\"", "</form>")[0].to_owned();
    let buttons: Vec<&str> = all(&form, "<button", "</button>").into_iter().filter(|button| !button.contains(" form=")).collect();
    assert!(matches!(buttons.as_slice(), [only] if only.ends_with("Save message")), "{form}");
    assert!(page.body.contains("form=\"resumption\""), "{form}");
}

/// Two windows: what a colleague has written meanwhile is shown before it is replaced.
#[test]
fn a_colleagues_message_is_not_lost() {
    let app = TestApp::start();
    let admin = app.admin();
    let send = |message: &str, shown: &str| admin.post(&format!("{POLICY}/stop"), &[("message", message), ("shown", shown)]);
    assert_eq!(send("Ask Maya.", "").status, 303);
    for shown in ["", "Until Monday."] {
        let refused = send("Ask Tomas.", shown);
        assert_eq!(refused.status, 422, "{}", refused.text());
        assert!(refused.text().contains("changed to “Ask Maya.” while you were editing"), "{}", refused.text());
        assert!(admin.get(POLICY).text().contains("People see: “Ask Maya.”"));
    }
    // What the form has not touched stays as it is now, and who has seen it may replace it.
    assert_eq!(send("Until Monday.", "Until Monday.").status, 303);
    assert!(admin.get(POLICY).text().contains("People see: “Ask Maya.”"));
    assert_eq!(send("Ask Tomas.", "Ask Maya.").status, 303);
    assert!(admin.get(POLICY).text().contains("People see: “Ask Tomas.”"));
}
