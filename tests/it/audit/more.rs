//! The log again, by other ways: many events, other moments, other texts, the lists' copies, secrets of the API.

use muster::accounts::model::{Kind, Selection};
use muster::accounts::operations;
use muster::audit::retention;
use muster::auth::principal::Principal;
use muster::database::sql::Sql;
use muster::id::Id;
use muster::roles::predefined;
use serde_json::json;

use super::events::{LOG, delete, first_event, moved, past, rows, step};
use super::export::records;
use crate::api::Caller;
use crate::support::app::{Client, PASSWORD, TestApp};
use crate::support::snapshot::lines;

const RETENTION: &str = "/settings/audit-log/retention";

fn number(app: &TestApp, sql: &str) -> i64 {
    app.read(|conn| Sql::new(sql).number(conn))
}

/// All rows of the log, from its first page to the last, and back again.
fn there_and_back(client: &Client, query: &str) -> (Vec<String>, Vec<String>) {
    let mut page = client.get(&format!("{LOG}?{query}"));
    let mut there = rows(&page);
    while let Some(older) = step(&page, "Older") {
        page = client.get(&older);
        there.extend(rows(&page));
    }
    let mut back = rows(&page);
    while let Some(newer) = step(&page, "Newer") {
        page = client.get(&newer);
        back = [rows(&page), back].concat();
    }
    (there, back)
}

// 5.1: the events of one change, by other verbs, read as pages there and back, with a filter and without.
#[test]
fn one_changes_events_are_all_reached_whatever_changed() {
    let app = TestApp::start();
    let admin = app.admin();
    app.add_many(130);
    let all = Selection::Matching(muster::accounts::model::AccountFilter::all(Kind::System));
    let role = app.add_role("Clerk", &["payments:refund"]);
    app.write(|conn| operations::add_roles(conn, &Principal::shell(), Kind::System, &all, std::slice::from_ref(&role)));
    let team = app.add_team("Blue", &[]);
    let ids: Vec<Id> = (1..=130).map(|n| Id::parse(&format!("00000000-0000-7000-8000-000000{n:06}")).unwrap()).collect();
    app.write(|conn| muster::teams::operations::members::add(conn, &Principal::shell(), &team, &ids));
    app.write(move |conn| operations::delete(conn, &Principal::shell(), Kind::System, &all));
    for query in
        [format!("concerned={role}"), format!("concerned={team}"), "kind=account.deleted".into(), "actor=Command+line".into()]
    {
        let (there, back) = there_and_back(&admin, &query);
        assert!(there.len() >= 130, "{query}: {}", there.len());
        assert_eq!(there, back, "{query}");
        let mut names: Vec<&String> = there.iter().collect();
        names.sort();
        names.dedup();
        assert!(names.len() >= 130, "{query}: {}", names.len());
    }
}

// 5.3: the days at the ends of months and years, today by both ends, and days that do not exist.
#[test]
fn the_last_day_is_whole_in_every_month() {
    let app = TestApp::start();
    let admin = app.admin();
    for (name, at) in [
        ("leap day", "2024-02-29T23:59:59.999999"),
        ("after leap", "2024-03-01T00:00:00.000"),
        ("year's end", "2025-12-31T23:59:59.999"),
        ("new year", "2026-01-01T00:00:00.000"),
        ("old", "1999-12-31T12:00:00.000"),
    ] {
        app.add_account(name);
        moved(&app, name, at.parse().unwrap());
    }
    let names = |query: &str| {
        let page = admin.get(&format!("{LOG}?kind=account.created&{query}"));
        assert_eq!(page.status, 200, "{query}: {}", page.text());
        let all = ["leap day", "after leap", "year's end", "new year", "old"];
        all.into_iter().filter(|name| rows(&page).iter().any(|row| row.contains(&format!(" {name} ")))).collect::<Vec<_>>()
    };
    assert_eq!(names("from=2024-02-29&to=2024-02-29"), ["leap day"]);
    assert_eq!(names("from=2024-03-01&to=2025-12-31"), ["after leap", "year's end"]);
    assert_eq!(names("to=1999-12-31"), ["old"]);
    assert_eq!(names("from=2026-01-01&to=2026-01-01"), ["new year"]);
    let file = |query: &str| admin.get(&format!("{LOG}/export?format=csv&kind=account.created&{query}"));
    assert_eq!(records(&file("from=2024-02-29&to=2024-02-29").body).len(), 2, "the export has the same days");
    for (query, name) in [
        ("from=2025-02-29", "from"),
        ("to=2026-13-01", "to"),
        ("to=2026-04-31", "to"),
        ("from=05.03.2026", "from"),
        ("from=2026-3-5x", "from"),
        ("from=2026-01-02&to=2026-01-01", "to"),
        ("from=%E2%91%A0026-01-01", "from"),
    ] {
        let page = admin.get(&format!("{LOG}?{query}"));
        assert_eq!(page.status, 422, "{query}");
        assert!(page.body.contains(&format!("aria-describedby=\"{name}-error\"")), "{query}");
        assert_eq!(file(query).status, 422, "{query}");
    }
}

// 5.4, 5.5, 5.6: in every copy, for other columns, and files of nothing.
#[test]
fn every_copy_is_safe_marked_and_exact() {
    let app = TestApp::start();
    let admin = app.admin();
    let evil = ["＋cmd", "－5", "＠SUM(1)", "=cmd|' /C calc'!A0", "@x", "+1-1"];
    for name in evil {
        let robot = app.add_account(name);
        assert_eq!(
            admin.post(&format!("/settings/system-accounts/{robot}"), &[("name", name), ("description", name)]).status,
            303
        );
        let role = app.add_role(name, &[]);
        app.write(|conn| muster::roles::queries::give(conn, &robot, &role));
        app.add_team(name, &[&robot]);
        let fields = [("name", name), ("access", "read"), ("expires", "30")];
        assert_eq!(admin.post(&format!("/settings/system-accounts/{robot}/tokens"), &fields).status, 303);
    }
    app.write(|conn| Sql::new("UPDATE audit_changes SET request_id = '12345678e012', token_id = '00000000e123'").execute(conn));
    for path in [
        format!("{LOG}/export?format=csv"),
        "/settings/system-accounts/export".into(),
        "/settings/users/export".into(),
        "/settings/tokens/export".into(),
    ] {
        let answer = admin.get(&path);
        assert_eq!(answer.status, 200, "{path}");
        assert!(answer.body.starts_with('\u{feff}') && !answer.body.contains("sep="), "{path}");
        assert!(answer.body.ends_with("\r\n"), "{path}");
        for record in records(&answer.body) {
            for cell in record {
                assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']), "{path}: {cell}");
            }
        }
    }
    let log = admin.get(&format!("{LOG}/export?format=csv")).body;
    assert!(log.contains("req_12345678e012") && log.contains("tok_00000000e123"), "{log}");
    let exact = admin.get(&format!("{LOG}/export?format=jsonl")).body;
    assert!(!exact.starts_with('\u{feff}') && exact.contains("\"＋cmd\"") && exact.contains("=cmd|' /C calc'!A0"), "as it is");
    // A head and nothing else, in each.
    for path in
        ["/settings/system-accounts/export?q=nothing", "/settings/users/export?q=nothing", "/settings/tokens/export?q=nothing"]
    {
        let empty = admin.get(path);
        assert_eq!((empty.status, records(&empty.body).len()), (200, 1), "{path}");
    }
}

// 5.10: a hundred thousand at once; what nobody can read deletes nothing; a longer time deletes nothing more.
#[test]
fn a_hundred_thousand_go_and_no_more_than_was_shown() {
    let app = TestApp::start();
    let admin = app.admin();
    past(&app, 100_000, "2020-01-01 00:00:00");
    let all = number(&app, "SELECT count(*) AS n FROM audit_events");
    for days in ["1e3", "٣٠", "+30", "0x1e", "3 0", "30d", "NaN", "-0", "99999999999999999999"] {
        let encoded: String = days.bytes().map(|byte| format!("%{byte:02X}")).collect();
        assert_eq!(admin.get(&format!("{RETENTION}?keep=days&days={encoded}")).status, 422, "{days}");
        assert_eq!(admin.post(RETENTION, &[("keep", "days"), ("days", days), ("shown", "Forever"), ("from", "")]).status, 422);
    }
    let run = || {
        let instance = Id::new();
        let run = retention::purge(&app.database, &instance, muster::clock::now());
        actix_web::rt::System::new().block_on(run).unwrap()
    };
    // A setting that was written by hand and is none.
    for wrong in ["0", "-5", "all", "1e9", ""] {
        app.write(|conn| muster::settings::set(conn, "audit_retention_days", wrong));
        assert_eq!(run(), 0, "{wrong}");
    }
    app.write(|conn| muster::settings::remove(conn, "audit_retention_days"));
    assert_eq!(number(&app, "SELECT count(*) AS n FROM audit_events"), all);
    let page = admin.get(&format!("{RETENTION}?keep=days&days=30"));
    assert!(page.text().contains("This deletes 100,000 events from before"), "{}", page.text());
    app.write(|conn| muster::settings::set(conn, "audit_retention_days", "30"));
    assert_eq!(run(), 100_000, "as many as were shown");
    let told = "SELECT detail AS line FROM audit_events WHERE type = 'audit.events_deleted'";
    let told = app.read(|conn| Ok(lines(conn, told)));
    assert!(told.len() == 1 && told[0].contains("\"count\":100000"), "{told:?}");
    assert_eq!(number(&app, "SELECT count(*) AS n FROM audit_events"), all - 100_000 + 1, "its own event stays");
    assert_eq!(run(), 0);
}

// 5.11: the page before, the page of an event that is gone, and the API's link.
#[test]
fn what_was_purged_leaves_no_broken_address() {
    let app = TestApp::start();
    let admin = app.admin();
    let caller = Caller::administrator(&app);
    past(&app, 130, "2020-01-01 00:00:00");
    let first = admin.get(&format!("{LOG}?kind=account.disabled"));
    let second = admin.get(&step(&first, "Older").unwrap());
    let (third, newer, event) = (step(&second, "Older").unwrap(), step(&second, "Newer").unwrap(), first_event(&second));
    let next = caller.get("/audit?pageSize=5").body["_links"]["next"]["href"].as_str().unwrap().to_owned();
    app.write(|conn| muster::settings::set(conn, "audit_retention_days", "30"));
    let instance = Id::new();
    let run = retention::purge(&app.database, &instance, muster::clock::now());
    assert_eq!(actix_web::rt::System::new().block_on(run).unwrap(), 130);
    for path in [&third, &newer] {
        let page = admin.get(path);
        assert_eq!((page.status, rows(&page).len()), (200, 0), "{path}: {}", page.text());
    }
    assert_eq!(admin.get(&event).status, 404);
    let rest = caller.get(&next);
    assert!(rest.status == 200 && !rest.body["events"].as_array().unwrap().is_empty(), "{}", rest.body);
}

// 5.12: a token, an invitation and a user that are gone, found by what they were called, also by the API.
#[test]
fn what_is_gone_keeps_its_name_in_every_reading() {
    let app = TestApp::start();
    let admin = app.admin();
    let caller = Caller::administrator(&app);
    let robot = app.add_account("payments deploy");
    let page = format!("/settings/system-accounts/{robot}");
    assert_eq!(admin.post(&format!("{page}/tokens"), &[("name", "old key"), ("access", "read"), ("expires", "30")]).status, 303);
    assert_eq!(admin.post("/settings/users/invite", &[("addresses", "Kaja Lie <kaja@example.org>")]).status, 303);
    let kaja = app.read(|conn| Ok(lines(conn, "SELECT id AS line FROM accounts WHERE name = 'Kaja Lie'"))).remove(0);
    assert_eq!(admin.post(&format!("/settings/users/{kaja}/invitation/cancellation"), &[]).status, 303);
    let (bo, _) = app.add_user("Bo Before", &[]);
    assert_eq!(admin.post(&format!("/settings/users/{bo}"), &[("name", "Bo After")]).status, 303);
    delete(&app, Kind::System, &robot);
    delete(&app, Kind::User, &bo);
    for (query, said) in [
        (format!("target={kaja}"), "Kaja Lie"),
        ("target=kaja+lie".into(), "Cancelled"),
        ("target=Bo+Before".into(), "Bo Before"),
        ("target=bo+after".into(), "Bo After"),
        (format!("target={robot}"), "old key"),
    ] {
        let log = admin.get(&format!("{LOG}?{query}"));
        assert!(rows(&log).iter().any(|row| row.contains(said)), "{query}: {:?}", rows(&log));
        let file = admin.get(&format!("{LOG}/export?format=jsonl&{query}"));
        assert!(file.body.lines().count() > 1, "{query}");
    }
    let events = caller.get("/audit?sort=-timestamp&pageSize=1000").body["events"].clone();
    for name in ["Kaja Lie", "Bo After", "Bo Before", "payments deploy"] {
        assert!(events.as_array().unwrap().iter().any(|event| event["target"]["name"] == name), "{name}");
    }
}

// 5.13: secrets that the API and the first run have shown, and those of a session.
#[test]
fn no_event_holds_a_secret_of_the_api_or_of_the_first_run() {
    let app = TestApp::start();
    let setup = app.setup_link.clone().unwrap().rsplit_once('/').unwrap().1.to_owned();
    let first = [("name", "Maya"), ("email", "maya@example.org"), ("password", PASSWORD), ("password_again", PASSWORD)];
    let maya = app.anonymous();
    let made = maya.post(&format!("/setup/{setup}"), &first);
    assert_eq!(made.status, 303, "{}", made.text());
    let cookie = made.header("set-cookie").split("muster_session=").nth(1).unwrap().split(';').next().unwrap().to_owned();
    let caller = Caller::administrator(&app);
    let robot = app.add_account("robot");
    let tokens = format!("/admin/system-accounts/{robot}/tokens");
    let value = |body: &serde_json::Value| body["value"].as_str().unwrap().to_owned();
    let new = caller.post(&tokens, &json!({ "description": "deploy", "access": "write" })).body;
    let next = caller.post(&format!("{tokens}/{}/regenerate", &value(&new)[5..17]), &json!({ "overlapSeconds": 60 })).body;
    // A secret where none belongs: names, descriptions, addresses, permissions, and what is searched for.
    let leaked = value(&new);
    let refused = maya.post("/settings/system-accounts", &[("name", &leaked), ("description", &leaked)]);
    assert_eq!((refused.status, refused.text().matches("This contains an API token.").count()), (422, 2), "{}", refused.text());
    assert_eq!(maya.post("/settings/teams", &[("name", &format!("Team {leaked}"))]).status, 422);
    assert_eq!(maya.post("/settings/roles", &[("name", "Clerk"), ("description", &leaked)]).status, 422);
    assert_eq!(maya.post("/settings/token-policy/stop", &[("message", &format!("use {leaked}"))]).status, 422);
    let own = [("name", leaked.as_str()), ("access", "read"), ("expires", "30")];
    assert_eq!(maya.post("/settings/api-tokens", &own).status, 422);
    assert_eq!(caller.put(&format!("/admin/users/{robot}"), &json!({ "description": leaked })).status, 400);
    assert_eq!(caller.post("/admin/teams", &json!({ "name": "Blue", "pacticipantNames": [leaked] })).status, 400);
    assert_eq!(caller.post(&tokens, &json!({ "description": leaked, "access": "read" })).status, 400);
    let agent = [("User-Agent", leaked.as_str()), ("Sec-Fetch-Site", "same-origin")];
    assert_eq!(maya.send("POST", "/settings/teams", &agent, &[("name", "Blue")]).status, 303);
    caller.get(&format!("/admin/users?q={leaked}"));
    maya.get(&format!("/settings/users?q={leaked}"));
    maya.get(&format!("{LOG}?actor={leaked}&concerned={leaked}"));
    app.anonymous().post("/login", &[("email", &leaked), ("password", &leaked)]);
    app.anonymous().get_with(&format!("/auth/verify?require={leaked}"), &[("Authorization", &format!("Bearer {leaked}"))]);
    let secrets = [setup, cookie, value(&new), value(&next), caller.token.clone(), PASSWORD.into()];
    let log = maya.get(&format!("{LOG}/export?format=jsonl")).body;
    assert!(log.lines().count() > 8);
    for secret in &secrets {
        let end = &secret[secret.len() - 12..];
        let line = log.lines().find(|line| line.contains(end));
        assert!(line.is_none(), "{end} in {line:?}");
    }
}

// 5.14: whoever tries to sign in with an address that nobody has, or mistypes a password for it, leaves no address in the log.
#[test]
fn what_is_typed_at_the_sign_in_is_kept_nowhere() {
    let app = TestApp::start();
    let admin = app.admin();
    for email in ["stranger@elsewhere.example", "maya.lindqvist@example.test", "hunter2hunter2"] {
        app.anonymous().post("/login", &[("email", email), ("password", "stranger's secret")]);
    }
    let file = admin.get(&format!("{LOG}/export?format=jsonl")).body;
    for typed in ["stranger", "elsewhere", "maya.lindqvist@", "hunter2"] {
        assert!(!file.contains(typed), "{typed}: {file}");
    }
    // Of an invitation that is cancelled its address goes as well.
    assert_eq!(admin.post("/settings/users/invite", &[("addresses", "Kaja <kaja@elsewhere.example>")]).status, 303);
    let kaja = app.read(|conn| Ok(lines(conn, "SELECT id AS line FROM accounts WHERE name = 'Kaja'"))).remove(0);
    assert_eq!(admin.post(&format!("/settings/users/{kaja}/invitation/cancellation"), &[]).status, 303);
    assert!(!admin.get(&format!("{LOG}/export?format=jsonl")).body.contains("kaja@elsewhere"));
}

// 5.15: other names of the organisation, in every copy; and an error is no file.
#[test]
fn no_name_of_an_organisation_breaks_a_file_name() {
    for name in [
        "Åkesson \"Nord\" & Söhne",
        "a\r\nSet-Cookie: x=1",
        &"ö".repeat(300),
        "東京/../etc",
        "%00;filename=evil",
        "\u{202e}gnp.exe",
    ] {
        let app = TestApp::start_with(|config| config.organisation = Some(name.to_owned()));
        let admin = app.user("Maya Lindqvist", &[predefined::ADMINISTRATOR.into()]);
        for path in [&format!("{LOG}/export?format=csv"), "/settings/users/export", "/settings/tokens/export"] {
            let answer = admin.get(path);
            assert_eq!(answer.status, 200, "{name:.20} {path}: {}", answer.text());
            let header = answer.header("content-disposition");
            assert!(header.is_ascii() && header.starts_with("attachment; filename=\""), "{header}");
            assert_eq!(
                (header.matches('"').count(), header.matches(" filename").count(), answer.header("set-cookie").contains("x=1")),
                (2, 2, false),
                "{header}"
            );
            assert!(header.len() < 700, "{header}");
        }
        let wrong = admin.get(&format!("{LOG}/export?format=csv&from=never"));
        assert_eq!((wrong.status, wrong.header("content-disposition")), (422, ""));
    }
}
