//! What Prometheus is told, by HTTP.

use std::collections::HashMap;

use chrono::TimeDelta;
use muster::accounts::model::{Kind, Selection};
use muster::accounts::operations as accounts;
use muster::auth::principal::Principal;
use muster::id::Id;
use muster::tokens::model::{Expiry, Overlap};
use muster::tokens::operations::{self, TokenCreation};
use muster::tokens::value::Access;

use crate::support::app::{Answer, TestApp};
use crate::support::soon::eventually;

fn app() -> TestApp {
    TestApp::start_with(|config| {
        config.metrics_listen = Some(([127, 0, 0, 1], 0).into());
        config.plan_limit = Some(40);
    })
}

fn scrape(app: &TestApp) -> Answer {
    let answer = app.anonymous().get(app.metrics_url.as_deref().unwrap());
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer
}

/// Every series with its value. Comments and the order of the lines are checked on the way.
fn series(text: &str) -> HashMap<String, f64> {
    assert!(text.ends_with("# EOF\n"), "{text}");
    let mut all = HashMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        assert!(name.starts_with("muster_"), "{line}");
        assert!(all.insert(name.to_owned(), value.parse().unwrap()).is_none(), "twice: {line}");
    }
    all
}

fn token(app: &TestApp, account: &Id, days: i64) -> (String, String) {
    let form = TokenCreation { name: "job".into(), access: Some(Access::Write), expiry: Ok(Expiry::In(TimeDelta::days(days))) };
    let account = account.clone();
    let (token, value) = app.write(move |conn| operations::create(conn, &Principal::shell(), &account, &form, None));
    (token.id, value.expose().to_owned())
}

#[test]
fn metrics_are_off_unless_they_are_asked_for_and_never_on_the_main_address() {
    let off = TestApp::start();
    assert_eq!(off.metrics_url, None);
    let on = app();
    for app in [&off, &on] {
        assert_eq!(app.admin().get("/metrics").status, 404);
        assert_eq!(app.anonymous().get("/metrics").status, 404);
    }
    let address = on.metrics_url.clone().unwrap().replace("/metrics", "");
    for path in ["/", "/login", "/auth/verify", "/healthz", "/settings/system-accounts", "/metrics/"] {
        assert_eq!(on.anonymous().get(&format!("{address}{path}")).status, 404, "{path}");
    }
    let posted = on.anonymous().post(on.metrics_url.as_deref().unwrap(), &[]);
    assert!([404, 405].contains(&posted.status), "{}", posted.status);
}

#[test]
fn every_answer_of_the_check_is_counted_by_its_result() {
    let app = app();
    let account = app.add_account("payments deploy");
    let (writes, reads) = (app.add_token(&account, Access::Write), app.add_token(&account, Access::Read));
    let (_, revoked) = token(&app, &account, 30);
    let id = revoked.split('_').nth(1).unwrap().to_owned();
    app.write(move |conn| operations::revoke_by_id(conn, &Principal::shell(), &id).map(drop));
    let other = app.add_account("other");
    let disabled = app.add_token(&other, Access::Write);
    app.write(move |conn| {
        accounts::disable(conn, &Principal::shell(), Kind::System, &Selection::Accounts(vec![other.clone()])).map(drop)
    });
    for _ in 0..3 {
        assert_eq!(app.verify(&writes).status, 200);
    }
    let bearer = format!("Bearer {reads}");
    let posted = [("Authorization", bearer.as_str()), ("X-Original-Method", "POST")];
    assert_eq!(app.anonymous().get_with("/auth/verify", &posted).status, 403);
    assert_eq!(app.anonymous().get_with("/auth/verify/-/some/call", &posted).status, 403);
    assert_eq!(app.anonymous().get("/auth/verify").status, 401);
    for bad in [&revoked, &disabled, "nonsense"] {
        assert_eq!(app.verify(bad).status, 401);
    }
    let found = series(&scrape(&app).body);
    let count = |name: &str| found.get(name).copied().unwrap_or_else(|| panic!("{name}: {found:#?}"));
    for (result, number) in [
        ("accepted", 3.0),
        ("insufficient_scope", 2.0),
        ("no_token", 1.0),
        ("revoked", 1.0),
        ("disabled", 1.0),
        ("malformed", 1.0),
        ("unknown", 0.0),
        ("mismatch", 0.0),
        ("expired", 0.0),
        ("throttled", 0.0),
        ("unavailable", 0.0),
        ("abandoned", 0.0),
    ] {
        assert_eq!(count(&format!("muster_checks_total{{result=\"{result}\"}}")), number, "{result}");
    }
    for (status, number) in [(200, 3.0), (401, 4.0), (403, 2.0)] {
        let name = format!("muster_http_requests_total{{method=\"any\",route=\"/auth/verify\",status=\"{status}\"}}");
        assert_eq!(count(&name), number, "{status}");
    }
    assert_eq!(count("muster_check_duration_seconds_count"), 9.0);
    assert_eq!(count("muster_check_duration_seconds_bucket{le=\"+Inf\"}"), 9.0);
    let sum = count("muster_check_duration_seconds_sum");
    assert!(sum > 0.0 && sum < 60.0, "{sum}");
    let mut before = 0.0;
    for bound in ["0.000005", "0.00005", "0.001", "0.1", "1.0"] {
        let now = count(&format!("muster_check_duration_seconds_bucket{{le=\"{bound}\"}}"));
        assert!(now >= before, "{bound}: {now} after {before}");
        before = now;
    }
    assert_eq!(count("muster_tokens_in_memory"), 4.0);
    assert_eq!(count("muster_promise_kept"), 1.0);
    assert!((0.0..0.8).contains(&count("muster_revocation_lag_seconds")));
    assert_eq!(count("muster_activity_queue_tokens"), 4.0, "those that were seen, and nothing has been written yet");
    assert_eq!(count("muster_activity_dropped_calls_total"), 0.0);
}

#[test]
fn requests_are_counted_by_route_and_status_and_no_path_shows() {
    let app = app();
    let account = app.add_account("payments deploy");
    let admin = app.admin();
    assert_eq!(admin.get(&format!("/settings/system-accounts/{account}")).status, 200);
    assert_eq!(admin.get(&format!("/settings/system-accounts/{}", Id::new())).status, 404);
    assert_eq!(admin.get("/no/such/page-secret").status, 404);
    assert_eq!(app.anonymous().get("/setup/guessed-key-of-a-link").status, 404);
    assert_eq!(app.anonymous().send("TRACE", "/login", &[], &[]).status, 405);
    let text = scrape(&app).body;
    let found = series(&text);
    let route = "/settings/system-accounts/{id}";
    for status in [200, 404] {
        let name = format!("muster_http_requests_total{{method=\"GET\",route=\"{route}\",status=\"{status}\"}}");
        assert_eq!(found.get(&name), Some(&1.0), "{text}");
    }
    assert!(found.keys().any(|name| name.contains("method=\"other\"")), "{text}");
    for hidden in ["page-secret", "guessed-key", account.as_str(), "TRACE"] {
        assert!(!text.contains(hidden), "{hidden}: {text}");
    }
}

#[test]
fn accounts_stand_beside_the_plan_and_expiries_are_near_ones_only() {
    let app = app();
    let (near, nearest, far, odd) =
        (app.add_account("near"), app.add_account("nearest"), app.add_account("far"), app.add_account("odd \"name\" \\ ä"));
    token(&app, &near, 13);
    token(&app, &nearest, 9);
    let (first, value) = token(&app, &nearest, 2);
    token(&app, &far, 30);
    token(&app, &odd, 1);
    let off = app.add_account("off");
    token(&app, &off, 3);
    app.write(move |conn| {
        accounts::disable(conn, &Principal::shell(), Kind::System, &Selection::Accounts(vec![off.clone()])).map(drop)
    });
    let text = scrape(&app).body;
    let found = series(&text);
    let seconds = |id: &Id| {
        let name = found.keys().find(|name| name.starts_with(&format!("muster_token_expiry_seconds{{account=\"{id}\"")))?;
        found.get(name).copied()
    };
    let days = |id: &Id| seconds(id).map(|seconds| (seconds / 86_400.0).round());
    assert_eq!([days(&near), days(&nearest), days(&far), days(&odd)], [Some(13.0), Some(2.0), None, Some(1.0)], "{text}");
    assert!(text.contains(r#"name="odd \"name\" \\ ä""#), "{text}");
    assert_eq!(found.keys().filter(|name| name.starts_with("muster_token_expiry_seconds")).count(), 3);
    for (labels, number) in
        [("system\",state=\"enabled", 4.0), ("system\",state=\"disabled", 1.0), ("user\",state=\"enabled", 0.0)]
    {
        assert_eq!(found.get(&format!("muster_accounts{{kind=\"{labels}\"}}")), Some(&number), "{labels}");
    }
    assert_eq!(found.get("muster_plan_system_accounts_limit"), Some(&40.0));
    assert_eq!(found.get("muster_database_up"), Some(&1.0));
    assert!(found["muster_database_statements_total"] > 10.0 && found["muster_database_connections_max"] >= 2.0);
    assert!(!text.contains(&value) && !text.contains(value.rsplit('_').next().unwrap()), "no secret in any label");
    // A regenerated token's old value ends on purpose: the successor counts.
    let account = nearest.clone();
    app.write(move |conn| operations::regenerate(conn, &Principal::shell(), &account, &first, Overlap::Hour, None).map(drop));
    let found = series(&scrape(&app).body);
    let name = found.keys().find(|name| name.contains(nearest.as_str())).unwrap();
    assert_eq!((found[name] / 86_400.0).round(), 2.0);
}

#[test]
fn a_thousand_series_at_most() {
    let app = app();
    app.add_many(3000);
    app.write(|conn| {
        use diesel::connection::SimpleConnection;
        let soon = (muster::clock::now() + TimeDelta::days(3)).format("%Y-%m-%d %H:%M:%S");
        Ok(conn.batch_execute(&format!("UPDATE tokens SET expires_at = '{soon}'"))?)
    });
    let found = series(&scrape(&app).body);
    assert_eq!(found.keys().filter(|name| name.starts_with("muster_token_expiry_seconds")).count(), 1000);
}

#[test]
fn readiness_is_told_as_long_as_promises_are_kept() {
    let app = app();
    eventually("readyz", || app.anonymous().get("/readyz").status == 200);
    if app.database.engine() != muster::database::Engine::Postgres {
        return;
    }
    app.home.take_away();
    eventually("readyz that says so", || app.anonymous().get("/readyz").status == 503);
    // A page that fails may be the first to notice; the check's memory asks five times a second.
    let mut found = HashMap::new();
    eventually("metrics that say so", || {
        found = series(&scrape(&app).body);
        (found["muster_database_up"], found["muster_promise_kept"]) == (0.0, 0.0)
    });
    assert!(!found.contains_key("muster_accounts{kind=\"system\",state=\"enabled\"}"));
    app.home.bring_back();
}
