//! How long a session lasts, and what comes after it.

use std::time::{Duration, Instant};

use diesel::prelude::*;
use muster::auth;
use muster::auth::principal::Origin;
use muster::id::Id;
use muster::schema::sessions;

use crate::support::app::TestApp;

// SQLite has one writer: whoever only looks must not stand behind it, however often they look.
#[test]
fn pages_do_not_wait_for_a_writer_to_note_that_they_were_seen() {
    let app = TestApp::start();
    let viewer = app.viewer();
    let long_ago = muster::clock::now() - chrono::TimeDelta::hours(3);
    app.write(move |conn| Ok(diesel::update(sessions::table).set(sessions::last_seen_at.eq(long_ago)).execute(conn)?));
    let seen = || app.read(|conn| Ok(sessions::table.select(sessions::last_seen_at).first::<chrono::NaiveDateTime>(conn)?));
    let fastest = app.database.write_now(|_| {
        let ask = |_| {
            let began = Instant::now();
            assert_eq!(viewer.get("/settings/roles").status, 200);
            began.elapsed()
        };
        // More requests than the pool has connections. Each would wait for five seconds; a busy machine slows only some.
        Ok((0..30).map(ask).min().unwrap())
    });
    let fastest = fastest.unwrap();
    assert!(fastest < Duration::from_secs(4), "each page waited for the writer: {fastest:?}");
    // It is noted once the writer has ended.
    let end = Instant::now() + Duration::from_secs(20);
    while seen() == long_ago {
        assert!(Instant::now() < end, "it was never noted");
        assert_eq!(viewer.get("/settings/roles").status, 200);
    }
}

#[test]
fn a_session_ends_after_ninety_days_however_often_it_is_seen() {
    let app = TestApp::start();
    let viewer = app.viewer();
    let answer = viewer.get("/settings/roles");
    assert_eq!(answer.status, 200);
    assert!(answer.header("set-cookie").contains("Max-Age=31536000"), "{}", answer.header("set-cookie"));
    let touched = |days: i64| {
        let began = muster::clock::now() - chrono::TimeDelta::days(days);
        app.write(move |conn| {
            diesel::update(sessions::table).set(sessions::created_at.eq(began)).execute(conn)?;
            let id: Id = sessions::table.select(sessions::id).first(conn)?;
            auth::queries::sessions::touch(conn, &id, &Origin::default())?;
            Ok(sessions::table.select(sessions::expires_at).first::<chrono::NaiveDateTime>(conn)? - muster::clock::now())
        })
    };
    assert_eq!((touched(10) + chrono::TimeDelta::minutes(1)).num_days(), 14);
    assert_eq!((touched(89) + chrono::TimeDelta::minutes(1)).num_days(), 1);
    assert_eq!(viewer.get("/settings/roles").status, 200);
    touched(91);
    assert_eq!(viewer.get("/settings/roles").status, 303);
}

#[test]
fn a_form_that_came_after_the_sessions_end_is_told_of() {
    let app = TestApp::start();
    app.add_user("Maya Lindqvist", &[]);
    let robot = app.add_account("robot");
    let page = format!("/settings/system-accounts/{robot}");
    let headers = [("Sec-Fetch-Site", "same-origin"), ("Referer", &*format!("{}{page}?x=1", app.url))];
    let sent = app.anonymous().send("POST", &format!("{page}/disablement"), &headers, &[]);
    let back = format!("/login?next=%2Fsettings%2Fsystem-accounts%2F{robot}%3Fx%3D1&notice=ended");
    assert_eq!((sent.status, sent.location()), (303, back.as_str()));
    let login = app.anonymous().get(&back);
    assert!(login.text().contains("Your session has ended."), "{}", login.text());
    assert!(login.body.contains(&format!("value=\"{page}?x=1\"")), "{}", login.body);
    assert_eq!(app.totals(), (1, 0));
    for strange in ["", "https://other.example//evil.example", "not an address"] {
        let headers = [("Sec-Fetch-Site", "same-origin"), ("Referer", strange)];
        let sent = app.anonymous().send("POST", &format!("{page}/disablement"), &headers, &[]);
        assert_eq!(sent.location(), "/login?notice=ended", "{strange}");
    }
}
