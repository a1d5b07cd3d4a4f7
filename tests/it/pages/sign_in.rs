//! The set-up link, signing in and out, and one's own page.

use std::time::{Duration, Instant};

use diesel::prelude::*;
use muster::accounts::model::{Kind, Selection};
use muster::accounts::{operations, queries};
use muster::auth;
use muster::auth::principal::{Origin, Principal};
use muster::error::Error;
use muster::id::Id;
use muster::schema::{audit_changes, audit_events, sessions};

use crate::support::app::{Client, PASSWORD, TestApp};

#[test]
fn the_setup_link_creates_the_first_administrator_once() {
    let app = TestApp::start();
    let link = app.setup_link.clone().unwrap();
    let visitor = app.anonymous();
    assert_eq!(visitor.get(&link).status, 200);
    let fields = [("name", "Maya"), ("email", "maya@example.test"), ("password", PASSWORD), ("password_again", PASSWORD)];
    let created = visitor.post(&link, &fields);
    assert_eq!((created.status, created.location()), (303, "/"));
    let list = visitor.get("/settings/system-accounts");
    assert_eq!(list.status, 200);
    assert!(list.text().contains("New system account"), "{}", list.text());
    assert_eq!(app.anonymous().get(&link).status, 404);
    assert_eq!(app.anonymous().post(&link, &fields).status, 404);
}

#[test]
fn signing_in_leads_to_the_page_that_was_asked_for() {
    let app = TestApp::start();
    let (_, email) = app.add_user("Maya Lindqvist", &[muster::roles::predefined::ADMINISTRATOR.into()]);
    let visitor = app.anonymous();
    let asked = visitor.get("/settings/system-accounts?q=x");
    assert_eq!((asked.status, asked.location()), (303, "/login?next=%2Fsettings%2Fsystem-accounts%3Fq%3Dx"));
    let wrong = visitor.post("/login", &[("email", &email), ("password", "not the password")]);
    assert_eq!(wrong.status, 422);
    assert!(wrong.text().contains("Incorrect e-mail address or password."), "{}", wrong.text());
    let right = visitor.post("/login", &[("email", &email.to_uppercase()), ("password", PASSWORD), ("next", "/settings/roles")]);
    assert_eq!((right.status, right.location()), (303, "/settings/roles"));
    assert_eq!(visitor.get("/settings/roles").status, 200);
    assert_eq!(visitor.get("/profile").status, 200);
    let out = visitor.post("/logout", &[]);
    assert_eq!((out.status, out.location()), (303, "/login?notice=signed-out"));
    assert_eq!(visitor.get("/settings/roles").status, 303);
}

#[test]
fn a_system_account_has_no_way_to_sign_in() {
    let app = TestApp::start();
    let id = app.add_account("robot");
    let hash = muster::auth::password::hash(PASSWORD).unwrap();
    let refused = app.database.write_now(move |conn| muster::accounts::queries::set_password(conn, &id, &hash));
    assert!(refused.is_err());
    let answer = app.anonymous().post("/login", &[("email", "robot"), ("password", PASSWORD)]);
    assert_eq!(answer.status, 422);
}

/// Who was refused at the door, as whom, and why.
fn refused(app: &TestApp) -> Vec<(String, Option<String>, String, String)> {
    app.read(|conn| {
        Ok(audit_events::table
            .inner_join(audit_changes::table)
            .filter(audit_events::event_type.eq("session.refused"))
            .order(audit_events::seq)
            .select((audit_changes::actor_name, audit_changes::actor_id, audit_events::target_name, audit_events::detail))
            .load(conn)?)
    })
}

#[test]
fn who_was_refused_is_nobody_and_whose_name_they_used_is_told() {
    let app = TestApp::start();
    let (_, email) = app.add_user("Maya Lindqvist", &[]);
    let visitor = app.anonymous();
    for email in [email.as_str(), "nobody@example.test"] {
        assert_eq!(visitor.post("/login", &[("email", email), ("password", "a wrong guess")]).status, 422);
    }
    let somebody = || "Somebody unknown".to_owned();
    let told =
        [(somebody(), None, "Maya Lindqvist".to_owned(), "{}".to_owned()), (somebody(), None, somebody(), "{}".to_owned())];
    assert_eq!(refused(&app), told);
    // Ten tries are one account's share from one address; that there were more is worth one note.
    for _ in 0..9 {
        assert_eq!(visitor.post("/login", &[("email", &email), ("password", "a wrong guess")]).status, 422);
    }
    for _ in 0..3 {
        let answer = visitor.post("/login", &[("email", &email), ("password", PASSWORD)]);
        assert_eq!((answer.status, answer.header("retry-after").is_empty()), (429, false));
        assert!(answer.text().contains("Too many attempts."), "{}", answer.text());
    }
    let told = refused(&app);
    assert_eq!(told.len(), 12);
    assert_eq!(told[11], (somebody(), None, "Maya Lindqvist".into(), r#"{"reason":"too many attempts"}"#.into()));
}

#[test]
fn a_session_begins_only_for_the_password_that_was_proved() {
    let app = TestApp::start();
    let (id, email) = app.add_user("Maya Lindqvist", &[]);
    let proved = app.read(|conn| auth::queries::login(conn, &email)).unwrap().password_hash.unwrap();
    let begin = || {
        let (id, proved) = (id.clone(), proved.clone());
        let begun = app.database.record_now(move |conn| auth::operations::begin_session(conn, &id, &proved, &Origin::default()));
        begun.map(|begun| begun.account == app.read(|conn| auth::queries::login(conn, &email)).unwrap().id)
    };
    assert_eq!(begin(), Ok(true));
    app.write(|conn| queries::set_password(conn, &id, "another hash"));
    assert_eq!(begin(), Err(Error::Unauthenticated));
    app.write(|conn| queries::set_password(conn, &id, &proved));
    let one = Selection::Accounts(vec![app.add_user("Other", &[]).0, id.clone()]);
    app.add_user("Last", &[muster::roles::predefined::ADMINISTRATOR.into()]);
    app.write(move |conn| operations::disable(conn, &Principal::shell(), Kind::User, &one));
    assert_eq!(begin(), Err(Error::Unauthenticated));
    let (kept, begun): (i64, i64) = app.read(|conn| {
        let begun = audit_events::table.filter(audit_events::event_type.eq("session.started"));
        Ok((sessions::table.count().get_result(conn)?, begun.count().get_result(conn)?))
    });
    assert_eq!((kept, begun), (0, 1), "the disablement ended the one that had begun");
}

fn try_to_sign_in(client: &Client, email: &str, password: &str) -> u16 {
    client.post("/login", &[("email", email), ("password", password)]).status
}

#[test]
fn what_can_be_created_can_sign_in() {
    let app = TestApp::start();
    app.admin();
    for (created, spellings) in [
        (
            "maya@bücher.example",
            &["MAYA@BÜCHER.example", "maya@xn--bcher-kva.example", "maya@XN--BCHER-KVA.EXAMPLE", "maya@bu\u{308}cher.example."][..],
        ),
        ("jörg@XN--MNCHEN-3YA.example.", &["Jo\u{308}rg@münchen.example", " jörg@xn--mnchen-3ya.example "]),
        ("Ops_Team@my_host.example", &["ops_team@MY_HOST.example"]),
        ("root@localhost", &["ROOT@localhost."]),
    ] {
        let add = |email: &str| {
            let form = operations::UserCreation {
                name: "Somebody".into(),
                email: email.into(),
                password_hash: Some(auth::password::hash(PASSWORD).unwrap()),
                ..Default::default()
            };
            app.database.write_now(move |conn| operations::create_user(conn, &Principal::shell(), &form))
        };
        add(created).unwrap();
        for spelling in spellings.iter().chain([&created]) {
            assert_eq!(try_to_sign_in(&app.anonymous(), spelling, PASSWORD), 303, "{spelling}");
            assert!(matches!(add(spelling), Err(Error::Invalid(_))), "{spelling} is taken");
        }
    }
    // It is shown in letters, and the browser lets it be typed.
    let client = app.anonymous();
    assert_eq!(try_to_sign_in(&client, "jörg@münchen.example", PASSWORD), 303);
    assert!(client.get("/profile").text().contains("jörg@münchen.example"));
    let fresh = TestApp::start();
    let setup = fresh.setup_link.clone().unwrap();
    for page in [app.anonymous().get("/login"), fresh.anonymous().get(&setup)] {
        assert!(!page.body.contains("type=\"email\"") && page.body.contains("inputmode=\"email\""), "{}", page.body);
    }
}

#[test]
fn addresses_of_an_older_version_get_their_form_at_the_start() {
    use diesel::dsl::update;
    use muster::schema::accounts;
    let app = TestApp::start();
    app.admin();
    let (one, email) = app.add_user("Ida Holm", &[]);
    let (two, _) = app.add_user("Bo", &[]);
    // As they were: folded as they had been typed, so that one host could be two.
    app.write(|conn| {
        for (id, address) in [(&one, "ida@bücher.example"), (&two, "ida@xn--bcher-kva.example")] {
            let row = accounts::table.filter(accounts::id.eq(id));
            update(row).set((accounts::email.eq(address), accounts::email_key.eq(address))).execute(conn)?;
        }
        muster::settings::remove(conn, "email_form")
    });
    assert_eq!(try_to_sign_in(&app.anonymous(), &email, PASSWORD), 422);
    muster::database::migrations::migrate(&app.database_url.parse().unwrap()).unwrap();
    let keys = || -> Vec<(Id, Option<String>)> {
        app.read(|conn| {
            let both = accounts::table.filter(accounts::id.eq_any([one.as_str(), two.as_str()]));
            Ok(both.order(accounts::created_at).select((accounts::id, accounts::email_key)).load(conn)?)
        })
    };
    // Bo had the form of this version already; Ida, who has the same address, keeps what she had.
    assert_eq!(keys()[0].1.as_deref(), Some("ida@bücher.example"));
    app.write(|conn| {
        let row = accounts::table.filter(accounts::id.eq(&two));
        update(row).set((accounts::email.eq("bo@b.example"), accounts::email_key.eq("bo@b.example"))).execute(conn)?;
        muster::settings::remove(conn, "email_form")
    });
    muster::database::migrations::migrate(&app.database_url.parse().unwrap()).unwrap();
    assert_eq!(keys()[0].1.as_deref(), Some("ida@xn--bcher-kva.example"));
    assert_eq!(try_to_sign_in(&app.anonymous(), "ida@bücher.example", PASSWORD), 303);
}

#[test]
fn a_password_is_the_same_on_every_keyboard() {
    let app = TestApp::start();
    let (_, email) = app.add_user("Ines Calloway", &[]);
    let (composed, decomposed) = ("Zoë mag Café 12", "Zoe\u{308} mag Cafe\u{301} 12");
    let client = app.anonymous();
    assert_eq!(try_to_sign_in(&client, &email, PASSWORD), 303);
    let change = |current: &str, new: &str, again: &str| {
        client.post("/profile/password", &[("current", current), ("password", new), ("password_again", again)]).status
    };
    assert_eq!(change(PASSWORD, decomposed, composed), 303);
    for typed in [composed, decomposed] {
        assert_eq!(try_to_sign_in(&app.anonymous(), &email, typed), 303);
    }
    assert_eq!(change(composed, PASSWORD, PASSWORD), 303);
}

#[test]
fn a_stranger_at_the_same_address_keeps_nobody_out() {
    let app = TestApp::start();
    let (_, maya) = app.add_user("Maya Lindqvist", &[]);
    let (_, tomas) = app.add_user("Tomas Okafor", &[]);
    let known = app.anonymous();
    assert_eq!(try_to_sign_in(&known, &maya, PASSWORD), 303);
    let stranger = app.anonymous();
    let refused = (0..60).filter(|n| try_to_sign_in(&stranger, &format!("nobody{n}@example.test"), "a guess") == 429);
    assert!(refused.count() > 0, "one address has its limit");
    // Who was here before, and who was not: neither is kept out for long.
    assert_eq!(try_to_sign_in(&known, &maya, PASSWORD), 303);
    let wait_until = Instant::now() + Duration::from_secs(30);
    while try_to_sign_in(&app.anonymous(), &tomas, PASSWORD) != 303 {
        assert!(Instant::now() < wait_until, "Tomas stays out");
    }
    // Nor by guesses at her own account.
    for _ in 0..20 {
        try_to_sign_in(&stranger, &maya, "a guess");
    }
    assert_eq!(try_to_sign_in(&known, &maya, PASSWORD), 303);
    assert_eq!(known.get("/profile").status, 200);
}

#[test]
fn signing_in_costs_no_attempt() {
    let app = TestApp::start();
    let (_, email) = app.add_user("Maya Lindqvist", &[]);
    for _ in 0..40 {
        assert_eq!(try_to_sign_in(&app.anonymous(), &email, PASSWORD), 303);
    }
    let client = app.anonymous();
    let refused = client.post("/login", &[("email", &email), ("password", "a guess")]);
    assert!(refused.text().contains("Incorrect e-mail address or password. 9 attempts left."), "{}", refused.text());
    for _ in 0..8 {
        assert_eq!(try_to_sign_in(&client, &email, "a guess"), 422);
    }
    let last = client.post("/login", &[("email", &email), ("password", "a guess")]);
    assert!(last.text().contains("No attempts left. Try again in "), "{}", last.text());
}

#[test]
fn a_flood_of_sign_ins_is_answered_and_leaves_the_rest_at_work() {
    let app = TestApp::start_with(|config| config.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()]);
    let viewer = app.viewer();
    let answers: Vec<(u16, String)> = std::thread::scope(|scope| {
        let one = |n: usize| {
            let app = &app;
            scope.spawn(move || {
                let from = format!("192.0.2.{n}");
                let headers = [("Sec-Fetch-Site", "same-origin"), ("X-Forwarded-For", from.as_str())];
                let fields = [("email", "nobody@example.test"), ("password", "a guess")];
                let answer = app.anonymous().send("POST", "/login", &headers, &fields);
                (answer.status, answer.header("retry-after").to_owned())
            })
        };
        let all: Vec<_> = (0..200).map(one).collect();
        assert_eq!(viewer.get("/settings/system-accounts").status, 200);
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    for (status, retry) in &answers {
        assert!(matches!(status, 422 | 429 | 503), "{status}");
        assert_eq!(*status == 422, retry.is_empty(), "{status} {retry}");
    }
    assert!(answers.iter().any(|(status, _)| *status == 422));
    app.user("Tomas Okafor", &[]);
}
