//! The two limits of a session, and what counts as activity.

use muster::database::sql::Sql;

use super::{save, unnamed};
use crate::support::app::{Client, TestApp};
use crate::support::soon::eventually;

/// Makes a session older, or silent for longer.
fn age(app: &TestApp, client: &Client, column: &str, minutes: i64) {
    let id = client.account.clone().unwrap();
    let at = muster::clock::now() - chrono::TimeDelta::minutes(minutes);
    app.write(move |conn| {
        let mut sql = Sql::new(&format!("UPDATE sessions SET {column} = "));
        sql.bind(at).push(" WHERE account_id = ").bind(&id);
        sql.execute(conn)
    });
}

fn is_signed_in(client: &Client) -> bool {
    client.get("/profile").status == 200
}

fn last_seen(app: &TestApp, client: &Client) -> String {
    let id = client.account.clone().unwrap();
    let sql = format!("SELECT CAST(last_seen_at AS TEXT) AS line FROM sessions WHERE account_id = '{id}'");
    app.read(|conn| Ok(crate::support::snapshot::lines(conn, &sql))).remove(0)
}

#[test]
fn a_shorter_limit_ends_sessions_that_are_over_it() {
    let app = unnamed();
    let admin = app.admin();
    let (old, silent, fresh) = (app.user("Olaf Old", &[]), app.user("Sina Silent", &[]), app.user("Frida Fresh", &[]));
    age(&app, &old, "created_at", 120);
    age(&app, &silent, "last_seen_at", 45);
    assert!([&old, &silent, &fresh].iter().all(|client| is_signed_in(client)));
    age(&app, &silent, "last_seen_at", 45);
    save(&app, &admin, &[("session_length", "1h")]);
    assert!(!is_signed_in(&old) && is_signed_in(&fresh));
    age(&app, &silent, "last_seen_at", 45);
    save(&app, &admin, &[("inactivity", "30m")]);
    assert!(!is_signed_in(&silent) && is_signed_in(&fresh));
    // What is over stays over.
    save(&app, &admin, &[("session_length", "30d"), ("inactivity", "7d")]);
    assert!(!is_signed_in(&old) && !is_signed_in(&silent) && is_signed_in(&fresh));
    // A session that begins now has the limits of now, and its end never passes the length.
    save(&app, &admin, &[("session_length", "1h"), ("inactivity", "2h")]);
    let next = app.user("Nora Next", &[]);
    let id = next.account.clone().unwrap();
    let sql = format!(
        "SELECT CAST(count(*) AS TEXT) AS line FROM sessions WHERE account_id = '{id}' AND expires_at < '{}'",
        (muster::clock::now() + chrono::TimeDelta::minutes(61)).format("%Y-%m-%d %H:%M:%S")
    );
    assert_eq!(app.read(|conn| Ok(crate::support::snapshot::lines(conn, &sql))), ["1"]);
}

#[test]
fn what_a_script_or_a_browser_fetches_by_itself_is_no_activity() {
    let app = unnamed();
    let admin = app.admin();
    save(&app, &admin, &[("inactivity", "1m")]);
    let user = app.user("Ines Calloway", &[muster::roles::predefined::USER.into()]);
    let seconds_ago = |seconds: i64| {
        let id = user.account.clone().unwrap();
        let at = muster::clock::now() - chrono::TimeDelta::seconds(seconds);
        app.write(move |conn| {
            let mut sql = Sql::new("UPDATE sessions SET last_seen_at = ");
            sql.bind(at).push(" WHERE account_id = ").bind(&id);
            sql.execute(conn)
        });
    };
    seconds_ago(30);
    let before = last_seen(&app, &user);
    for headers in [&[("Sec-Fetch-Dest", "empty")][..], &[("Sec-Fetch-Dest", "document"), ("Sec-Purpose", "prefetch")][..]] {
        assert_eq!(user.get_with("/settings/system-accounts?q=a", headers).status, 200);
    }
    assert_eq!((user.get("/healthz").status, user.get("/favicon.ico").status, user.get("/auth/verify").status), (200, 200, 401));
    // A page that somebody opens is noted, beside the answer; by then the others would have been, too.
    eventually("a note of a page that somebody opens", || {
        assert_eq!(user.get_with("/settings/system-accounts", &[("Sec-Fetch-Dest", "document")]).status, 200);
        last_seen(&app, &user) != before
    });
    seconds_ago(30);
    let before = last_seen(&app, &user);
    assert_eq!(user.get_with("/settings/system-accounts?q=a", &[("Sec-Fetch-Dest", "empty")]).status, 200);
    assert_eq!(last_seen(&app, &user), before);
}
