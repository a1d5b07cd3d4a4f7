//! Requests that ask for more than a database takes, and floods of those that cost it something.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use muster::id::Id;

use crate::support::app::TestApp;
use crate::support::soon::eventually;

const LIST: &str = "/settings/system-accounts";
/// More than SQLite takes in a statement.
const MANY: usize = 33_000;

#[test]
fn a_form_of_more_fields_than_a_statement_takes_is_refused() {
    let app = TestApp::start();
    let admin = app.admin();
    let robot = app.add_account("robot");
    let id = Id::new().to_string();
    let forms = [
        (LIST.to_owned(), "role"),
        (LIST.to_owned(), "team"),
        (format!("{LIST}/bulk"), "id"),
        (format!("{LIST}/bulk"), "role"),
        (format!("{LIST}/{robot}/roles"), "role"),
        ("/login".into(), "next"),
    ];
    for (path, field) in forms {
        let mut fields = vec![("name", "x"), ("action", "add-roles")];
        fields.resize(MANY, (field, id.as_str()));
        let answer = admin.post(&path, &fields);
        assert_eq!(answer.status, 413, "{path} {field}: {}", answer.text());
        // As many as are read are answered, too.
        let answer = admin.post(&path, &fields[..5_000]);
        assert!(answer.status < 500, "{path} {field}: {} {}", answer.status, answer.text());
    }
    let answer = admin.get(&format!("{LIST}?{}", "role=x&".repeat(3_000)));
    assert!(answer.status < 500, "{}", answer.text());
    assert_eq!(app.totals(), (1, 0));
}

#[test]
fn a_position_of_any_shape_is_no_fault() {
    let app = TestApp::start();
    let admin = app.admin();
    app.add_many(60);
    let moment = "2026-01-01T00:00:00.000000";
    let id = Id::new().to_string();
    let positions = [
        vec![],
        vec!["a"],
        vec!["a", &id],
        vec![moment, "a", &id],
        vec!["1", "a", &id],
        vec!["x", "a", &id],
        vec![moment, moment, "a", &id],
        vec!["", "", ""],
    ];
    for position in &positions {
        let packed = URL_SAFE_NO_PAD.encode(serde_json::json!([26, position]).to_string());
        for sort in ["", "-name", "last-login", "-last-login", "activity", "-activity", "expiry", "status", "-status"] {
            for way in ["after", "before"] {
                let answer = admin.get(&format!("{LIST}?sort={sort}&{way}={packed}"));
                assert_eq!(answer.status, 200, "{sort} {way} {position:?}: {}", answer.text());
            }
        }
    }
}

/// So many questions of strangers, on four connections.
fn flood(app: &TestApp, path: &str, many: u64, status: u16) {
    let visitor = app.anonymous();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let visitor = visitor.clone();
            scope.spawn(move || (0..many / 4).for_each(|_| assert_eq!(visitor.get(path).status, status, "{path}")));
        }
    });
}

#[test]
fn a_flood_of_readyz_asks_the_database_seldom() {
    let app = TestApp::start();
    let visitor = app.anonymous();
    eventually("readyz", || visitor.get("/readyz").status == 200);
    let (begun, before) = (std::time::Instant::now(), app.database.statements());
    const ASKED: u64 = 2_000;
    flood(&app, "/readyz", ASKED, 200);
    // A look is a few statements, five times a second at most; others of the server's own come to it.
    let looks = begun.elapsed().as_millis() / 200 + 1;
    let sent = app.database.statements() - before;
    println!("{sent} statements for {ASKED} questions, {looks} looks");
    assert!(u128::from(sent) <= looks * 10, "{sent} statements in {looks} looks");
}

/// What else strangers may ask of a server that has not got to know them.
#[test]
fn what_needs_no_database_asks_none() {
    let app = TestApp::start();
    app.admin();
    let visitor = app.anonymous();
    eventually("readyz", || visitor.get("/readyz").status == 200);
    for (path, status) in [("/healthz", 200), ("/favicon.ico", 200), ("/nowhere", 404), ("/auth/verify", 401)] {
        let (begun, before) = (std::time::Instant::now(), app.database.statements());
        flood(&app, path, 1_000, status);
        // What the server does by itself, such as asking for news, does not grow with the questions.
        let sent = app.database.statements() - before;
        let own = begun.elapsed().as_millis() / 50 + 20;
        println!("{path}: {sent} statements for 1,000 questions");
        assert!(u128::from(sent) <= own, "{path}: {sent} statements, {own} of the server's own");
    }
}

/// Prometheus is not alone: as many as ask for the metrics, they keep one connection.
#[test]
fn a_flood_of_metrics_keeps_one_connection() {
    let app = TestApp::start_with(|config| config.metrics_listen = Some(([127, 0, 0, 1], 0).into()));
    let admin = app.admin();
    let metrics = app.metrics_url.clone().unwrap();
    let most = std::sync::atomic::AtomicU32::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            let (visitor, metrics) = (app.anonymous(), &metrics);
            scope.spawn(move || (0..50).for_each(|_| assert_eq!(visitor.get(metrics).status, 200)));
        }
        for _ in 0..20 {
            assert_eq!(admin.get(LIST).status, 200);
            let (open, idle, _) = app.database.connections();
            most.fetch_max(open - idle, std::sync::atomic::Ordering::Relaxed);
        }
    });
    // One for the metrics, and those of the server's own work.
    assert!(most.into_inner() <= 4, "connections in use");
}
