//! The tokens of a system account: created, shown once, regenerated, stopped.

use chrono::{NaiveDateTime, TimeDelta};
use diesel::prelude::*;
use muster::auth::principal::Principal;
use muster::clock;
use muster::id::Id;
use muster::schema::tokens;
use muster::tokens::model::Expiry;
use muster::tokens::operations::{self, TokenCreation};
use muster::tokens::value::Access;
use sha2::{Digest, Sha256};

use super::html::{all, at, error, make_token, token_value, value};
use crate::support::app::{Answer, Client, TestApp};

fn create(client: &Client, id: &Id, fields: &[(&str, &str)]) -> Answer {
    make_token(client, &at(id, "/tokens"), fields)
}

/// The public id of a value.
fn public(value: &str) -> &str {
    &value[5..17]
}

fn expiry(app: &TestApp, value: &str) -> Option<NaiveDateTime> {
    let id = public(value).to_owned();
    app.read(move |conn| Ok(tokens::table.find(id).select(tokens::expires_at).first(conn)?))
}

/// A token whose time is over.
fn short_lived(app: &TestApp, id: &Id) -> String {
    let life = TimeDelta::milliseconds(50);
    let form = TokenCreation { name: "test token".into(), access: Some(Access::Write), expiry: Ok(Expiry::In(life)) };
    let id = id.clone();
    let (_, value) = app.write(move |conn| operations::create(conn, &Principal::shell(), &id, &form, None));
    std::thread::sleep(std::time::Duration::from_millis(60));
    value.expose().to_owned()
}

#[test]
fn a_token_is_made_with_each_access_and_expiry() {
    let app = TestApp::start();
    let admin = app.admin();
    let id = app.add_account("robot");
    let tomorrow = (clock::now() + TimeDelta::days(1)).date();
    let spelled = tomorrow.format("%Y-%m-%d").to_string();
    for (access, expires, on, days) in [
        ("read", "30", "", Some(30)),
        ("write", "90", "", Some(90)),
        ("read", "365", "", Some(365)),
        ("write", "never", "", None),
        ("read", "date", &*spelled, Some(1)),
    ] {
        let name = format!("{access} {expires}");
        let page = create(&admin, &id, &[("name", &name), ("access", access), ("expires", expires), ("expires_on", on)]);
        let value = token_value(&page);
        assert_eq!(page.header("cache-control"), "no-store, no-transform");
        assert!(page.body.contains("<h1>Copy your new token</h1>"));
        assert_eq!(&value[..5], if access == "write" { "mstw_" } else { "mstr_" });
        assert_eq!(app.verify(&value).status, 200, "{expires}");
        match (days, expiry(&app, &value)) {
            (None, None) => {}
            (Some(1), Some(at)) => assert_eq!(at, tomorrow.and_hms_opt(23, 59, 59).unwrap()),
            (Some(days), Some(at)) => {
                let off = at - clock::now() - TimeDelta::days(days);
                assert!(off.num_minutes().abs() < 5, "{expires}: {off}");
            }
            other => panic!("{expires}: {other:?}"),
        }
        let digest: Vec<u8> = app.read(|conn| Ok(tokens::table.find(public(&value)).select(tokens::digest).first(conn)?));
        assert_eq!(digest, Sha256::digest(value.as_bytes()).to_vec());
        let account = admin.get(&at(&id, ""));
        assert!(account.body.contains(&value[..17]) && !account.body.contains(&value[17..]), "{expires}");
    }
    let page = admin.get(&at(&id, ""));
    assert!(page.text().contains("Maya Lindqvist created token write never"), "{}", page.text());
    assert!(page.text().contains("by Maya Lindqvist"));
    assert!(page.text().contains("Expires tomorrow"), "{}", page.text());
    // Several may share a name; a reload of the page that showed it shows no value.
    let again = create(&admin, &id, &[("name", "read 30"), ("access", "read"), ("expires", "30")]);
    token_value(&again);
    assert_eq!(admin.get(&at(&id, "/tokens")).status, 405);
}

#[test]
fn what_is_wrong_with_a_token_comes_back_as_its_dialog() {
    let app = TestApp::start();
    let admin = app.admin();
    let id = app.add_account("robot");
    let yesterday = (clock::now() - TimeDelta::days(2)).format("%Y-%m-%d").to_string();
    let refused = |fields: &[(&str, &str)], at: &str, message: &str| {
        let again = create(&admin, &id, fields);
        assert_eq!((again.status, error(&again, at)), (422, message.into()), "{fields:?}");
        assert!(again.body.contains("id=\"new-token\" aria-labelledby=\"new-token-title\" closedby=\"any\" open data-error"));
        again
    };
    let again = refused(&[("name", ""), ("access", "write"), ("expires", "365")], "token-name", "Enter a name.");
    assert!(again.body.contains("value=\"write\" checked") && again.body.contains("<option value=\"365\" selected>"));
    let date = |on| [("name", "nightly"), ("access", "read"), ("expires", "date"), ("expires_on", on)];
    let again = refused(&date(&yesterday), "token-expires-on", "That date has passed. Choose today or later.");
    assert!(again.body.contains(&format!("name=\"expires_on\" value=\"{yesterday}\"")), "{}", again.body);
    assert!(again.body.contains("value=\"nightly\""));
    refused(&date(""), "token-expires-on", "Choose a date.");
    refused(&date("31.01.2027"), "token-expires-on", "Enter the date as YYYY-MM-DD, such as 2027-01-31.");
    refused(&date("9999-12-31"), "token-expires-on", "Too far ahead. Tokens can last at most a hundred years.");
    refused(&[("name", "x"), ("access", "read"), ("expires", "31")], "token-expires", "Choose when the token expires.");
    refused(&[("name", "x"), ("access", "admin"), ("expires", "30")], "token-access", "Choose read-only or read-write.");
    refused(&[("name", "x"), ("expires", "30")], "token-access", "Choose read-only or read-write.");
    refused(
        &[("name", "a\nb"), ("access", "read"), ("expires", "30")],
        "token-name",
        "Line breaks and other control characters are not allowed.",
    );
    // All at once.
    let again = create(&admin, &id, &[]);
    for field in ["token-name", "token-access", "token-expires"] {
        error(&again, field);
    }
    let none: i64 = app.read(|conn| Ok(tokens::table.count().get_result(conn)?));
    assert_eq!(none, 0);
}

#[test]
fn the_installations_longest_life_is_offered_and_kept() {
    let app = TestApp::start_with(|config| config.max_token_lifetime = Some(TimeDelta::days(60)));
    let admin = app.admin();
    let id = app.add_account("robot");
    let page = admin.get(&at(&id, ""));
    let select = all(&page.body, "<select id=\"token-expires\"", "</select>")[0];
    assert!(select.contains("value=\"30\"") && select.contains("value=\"date\""), "{select}");
    assert!(!select.contains("value=\"90\"") && !select.contains("value=\"365\"") && !select.contains("value=\"never\""));
    let refused = |expires: &str| create(&admin, &id, &[("name", "x"), ("access", "read"), ("expires", expires)]);
    assert_eq!(error(&refused("90"), "token-expires"), "Tokens can last at most 60 days.");
    assert_eq!(error(&refused("never"), "token-expires"), "Every token expires here. The maximum is 60 days.");
    let late = (clock::now() + TimeDelta::days(70)).format("%Y-%m-%d").to_string();
    let again = create(&admin, &id, &[("name", "x"), ("access", "read"), ("expires", "date"), ("expires_on", &late)]);
    assert!(error(&again, "token-expires-on").starts_with("Tokens can last at most 60 days. Choose "));
    token_value(&refused("30"));
}

#[test]
fn a_regenerated_token_leaves_its_old_value_alive_as_long_as_was_chosen() {
    let app = TestApp::start();
    let admin = app.admin();
    for (overlap, length) in [("0", 0), ("1h", 1), ("24h", 24), ("7d", 7 * 24)] {
        let id = app.add_account(&format!("robot {overlap}"));
        let old = app.add_token(&id, Access::Write);
        let page = make_token(&admin, &at(&id, &format!("/tokens/{}/regeneration", public(&old))), &[("overlap", overlap)]);
        let new = token_value(&page);
        assert_eq!(page.header("cache-control"), "no-store, no-transform");
        assert_ne!(new, old);
        assert_eq!(&new[..5], "mstw_");
        assert_eq!(app.verify(&new).status, 200);
        let account = admin.get(&at(&id, ""));
        if length == 0 {
            assert!(page.text().contains("stopped working just now"), "{}", page.text());
            assert_eq!(app.verify(&old).status, 401);
            assert!(!account.body.contains(&old[..17]));
            continue;
        }
        assert!(page.text().contains("works until"), "{}", page.text());
        assert_eq!(app.verify(&old).status, 200, "{overlap}");
        let left = expiry(&app, &old).unwrap() - clock::now() - TimeDelta::hours(length);
        assert!(left.num_minutes().abs() < 5, "{overlap}: {left}");
        assert_eq!(expiry(&app, &new), None);
        assert!(account.text().contains(&format!("The old value {} works until", &old[..17])), "{}", account.text());
        assert!(account.text().contains("Stop it now"));
        // Regenerating the old value once more is refused, with the reason.
        let twice = admin.post(&at(&id, &format!("/tokens/{}/regeneration", public(&old))), &[("overlap", overlap)]);
        assert_eq!(twice.status, 409);
        assert!(twice.flash().contains("has been regenerated already"), "{}", twice.flash());
        let finished = admin.post_and_follow(&at(&id, &format!("/tokens/{}/finish", public(&new))), &[]);
        assert_eq!(finished.flash(), "The old value has stopped working.");
        assert!(!finished.text().contains("Stop it now"));
        assert_eq!((app.verify(&old).status, app.verify(&new).status), (401, 200));
        let again = admin.post(&at(&id, &format!("/tokens/{}/finish", public(&new))), &[]);
        assert_eq!(again.status, 409);
        assert!(again.flash().contains("has stopped working already"), "{}", again.flash());
    }
    let id = app.add_account("robot");
    let value = app.add_token(&id, Access::Read);
    for overlap in ["", "2h", "now"] {
        let path = at(&id, &format!("/tokens/{}/regeneration", public(&value)));
        let again = admin.post(&path, &[("overlap", overlap)]);
        assert_eq!((again.status, error(&again, "overlap")), (422, "Choose when the old value stops.".into()), "{overlap}");
    }
    assert_eq!(app.verify(&value).status, 200);
}

#[test]
fn an_old_value_dies_with_its_own_expiry_and_the_length_of_life_is_kept() {
    let app = TestApp::start();
    let admin = app.admin();
    let id = app.add_account("robot");
    let old = token_value(&create(&admin, &id, &[("name", "x"), ("access", "read"), ("expires", "30")]));
    let soon = clock::now() + TimeDelta::hours(2);
    // Made 30 days less two hours ago.
    let public_id = public(&old).to_owned();
    app.write(move |conn| {
        let made = soon - TimeDelta::days(30);
        diesel::update(tokens::table.find(public_id))
            .set((tokens::expires_at.eq(soon), tokens::created_at.eq(made)))
            .execute(conn)?;
        Ok(())
    });
    let regenerate = |token: &str, overlap: &str| {
        let path = at(&id, &format!("/tokens/{}/regeneration", public(token)));
        token_value(&make_token(&admin, &path, &[("overlap", overlap)]))
    };
    let new = regenerate(&old, "7d");
    assert_eq!(expiry(&app, &old), Some(soon));
    let off = expiry(&app, &new).unwrap() - clock::now() - TimeDelta::days(30);
    assert!(off.num_minutes().abs() < 5, "{off}");
    // A third generation stops the first at once.
    let third = regenerate(&new, "1h");
    assert_eq!([&old, &new, &third].map(|value| app.verify(value).status), [401, 200, 200]);
    // Revoking the newest stops what it replaced, too.
    admin.post(&at(&id, &format!("/tokens/{}/revocation", public(&third))), &[]);
    assert_eq!([&old, &new, &third].map(|value| app.verify(value).status), [401, 401, 401]);
}

#[test]
fn a_revoked_token_stops_at_once_and_an_expired_one_is_removed() {
    let app = TestApp::start();
    let admin = app.admin();
    let id = app.add_account("robot");
    let value = app.add_token(&id, Access::Read);
    let path = at(&id, &format!("/tokens/{}/revocation", public(&value)));
    let page = admin.post_and_follow(&path, &[]);
    assert_eq!(page.flash(), "Revoked test token.");
    assert!(!page.body.contains(&value[..17]));
    assert!(page.text().contains("revoked token test token"), "{}", page.text());
    assert_eq!(app.verify(&value).status, 401);
    let again = admin.post(&path, &[]);
    assert_eq!(again.status, 409);
    assert_eq!(again.flash(), "The token test token has been revoked already.");
    let gone = admin.post(&at(&id, &format!("/tokens/{}/regeneration", public(&value))), &[("overlap", "1h")]);
    assert_eq!(gone.status, 409);
    assert!(gone.flash().contains("has been revoked: create a new token"), "{}", gone.flash());
    // Expired: told in red, no Regenerate, and it can be removed.
    let expired = short_lived(&app, &id);
    assert_eq!(app.verify(&expired).status, 401);
    let page = admin.get(&at(&id, ""));
    assert!(page.text().contains("Expired"), "{}", page.text());
    assert!(page.body.contains("data-state=\"expired\""));
    assert!(!page.body.contains("/regeneration"));
    assert!(page.text().contains("Remove test token"));
    let late = admin.post(&at(&id, &format!("/tokens/{}/regeneration", public(&expired))), &[("overlap", "1h")]);
    assert_eq!(late.status, 409);
    assert!(late.flash().contains("has expired: create a new token"), "{}", late.flash());
    let page = admin.post_and_follow(&at(&id, &format!("/tokens/{}/revocation", public(&expired))), &[]);
    assert!(!page.body.contains(&expired[..17]));
    assert!(page.flash().ends_with("test token."), "{}", page.flash());
}

#[test]
fn another_accounts_token_is_not_found() {
    let app = TestApp::start();
    let admin = app.admin();
    let [mine, other] = ["mine", "other"].map(|name| app.add_account(name));
    let value = app.add_token(&other, Access::Read);
    for token in [public(&value), "aaaaaaaaaaaa", "x", "%00", "a%00b", "..%2F.."] {
        for verb in ["regeneration", "revocation", "finish"] {
            let answer = admin.post(&at(&mine, &format!("/tokens/{token}/{verb}")), &[("overlap", "0")]);
            assert_eq!(answer.status, 404, "{token} {verb}: {}", answer.text());
        }
    }
    assert_eq!(app.verify(&value).status, 200);
    let viewer = app.viewer();
    for verb in ["regeneration", "revocation", "finish"] {
        let path = at(&other, &format!("/tokens/{}/{verb}", public(&value)));
        assert_eq!(viewer.post(&path, &[("overlap", "0")]).status, 403, "{verb}");
    }
    assert_eq!(app.verify(&value).status, 200);
}

#[test]
fn a_disabled_account_may_be_given_a_token_that_works_once_it_is_enabled() {
    let app = TestApp::start();
    let admin = app.admin();
    let id = app.add_account("robot");
    admin.post(&at(&id, "/disablement"), &[]);
    let value = token_value(&create(&admin, &id, &[("name", "x"), ("access", "read"), ("expires", "30")]));
    assert_eq!(app.verify(&value).status, 401);
    admin.post(&at(&id, "/enablement"), &[]);
    assert_eq!(app.verify(&value).status, 200);
}

#[test]
fn html_in_a_tokens_name_is_text() {
    let app = TestApp::start();
    let admin = app.admin();
    let id = app.add_account("robot");
    let page = create(&admin, &id, &[("name", "<b onclick=x>nightly</b>"), ("access", "read"), ("expires", "30")]);
    let value = token_value(&page);
    let account = admin.get(&at(&id, ""));
    let revoked = admin.post_and_follow(&at(&id, &format!("/tokens/{}/revocation", public(&value))), &[]);
    for page in [&page, &account, &revoked] {
        assert!(!page.body.contains("<b onclick") && page.body.contains("&#60;b onclick=x&#62;nightly"), "{}", page.text());
    }
}

#[test]
fn a_form_that_is_sent_again_makes_no_second_token() {
    let app = TestApp::start();
    let admin = app.admin();
    let id = app.add_account("robot");
    let form = value(&admin.get(&at(&id, "")), "form");
    let fields = [("name", "nightly"), ("access", "read"), ("expires", "30"), ("form", form.as_str())];
    // What was refused has made nothing, so the same form may be sent again.
    assert_eq!(create(&admin, &id, &[("name", ""), ("access", "read"), ("form", &form)]).status, 422);
    // Of a double click the browser follows the second answer: both lead to the one token's page.
    let [one, other] = [(); 2].map(|()| admin.post(&at(&id, "/tokens"), &fields));
    assert_eq!((one.status, one.location()), (303, other.location()), "{}", other.text());
    let first = token_value(&admin.get(other.location()));
    let again = create(&admin, &id, &fields);
    assert!(again.text().contains("A value is shown once") && !again.body.contains(&first), "{}", again.text());
    // For another account it is none.
    let other = app.add_account("other");
    assert_eq!(create(&admin, &other, &fields).status, 409);
    let tokens = app.read(|conn| muster::tokens::queries::of_account(conn, &id));
    assert_eq!(tokens.len(), 1);
    // The page comes with another form.
    let next = value(&admin.get(&at(&id, "")), "form");
    assert_ne!(next, form);
    token_value(&create(&admin, &id, &[("name", "nightly"), ("access", "read"), ("expires", "30"), ("form", &next)]));
}

#[test]
fn the_end_of_an_old_value_is_its_own_where_that_is_earlier() {
    let app = TestApp::start();
    let admin = app.admin();
    let id = app.add_account("robot");
    let life = TimeDelta::minutes(90);
    let form = TokenCreation { name: "brief".into(), access: Some(Access::Write), expiry: Ok(Expiry::In(life)) };
    let account = id.clone();
    let (old, _) = app.write(move |conn| operations::create(conn, &Principal::shell(), &account, &form, None));
    let page = make_token(&admin, &at(&id, &format!("/tokens/{}/regeneration", old.id)), &[("overlap", "24h")]);
    token_value(&page);
    let end = old.expires_at.unwrap().format("%Y-%m-%dT%H:%M").to_string();
    assert!(page.body.contains(&format!("datetime=\"{end}")), "{end}: {}", page.text());
}
