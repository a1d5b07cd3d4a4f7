//! How long events are kept.

use muster::audit::retention;
use muster::database::sql::Sql;
use muster::id::Id;

use super::events::{LOG, disable, past, rows, step};
use crate::support::app::{Answer, Client, TestApp};

const RETENTION: &str = "/settings/audit-log/retention";

fn number(app: &TestApp, sql: &str) -> i64 {
    app.read(|conn| Sql::new(sql).number(conn))
}

fn events(app: &TestApp) -> i64 {
    number(app, "SELECT count(*) AS n FROM audit_events")
}

fn hidden(page: &Answer, name: &str) -> String {
    let start = format!("<input type=\"hidden\" name=\"{name}\" value=\"");
    page.body.split("id=\"preview\"").nth(1).unwrap().split(&start).nth(1).unwrap().split('"').next().unwrap().to_owned()
}

fn save(client: &Client, page: &Answer) -> Answer {
    let fields = ["keep", "days", "shown", "from"].map(|name| (name, hidden(page, name)));
    client.post(RETENTION, &fields.iter().map(|(name, value)| (*name, value.as_str())).collect::<Vec<_>>())
}

/// Waits until nothing is left to delete and the run is over.
fn until_deleted(app: &TestApp) {
    for _ in 0..3_000 {
        if number(app, "SELECT count(*) AS n FROM audit_events WHERE type = 'audit.events_deleted'") == 1 {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    panic!("nothing was deleted");
}

#[test]
fn only_whole_days_are_taken() {
    let app = TestApp::start();
    let admin = app.admin();
    past(&app, 5, "2020-01-01 00:00:00");
    let before = events(&app);
    for days in ["0", "-1", "1e9", "", "30.5", "36501", "ten"] {
        let page = admin.get(&format!("{RETENTION}?keep=days&days={days}"));
        assert_eq!(page.status, 422, "{days}");
        assert!(page.text().contains("Enter a whole number of days, from 1 to 36,500."), "{days}: {}", page.text());
        assert!(!page.body.contains("id=\"preview\""), "{days}");
        let posted = admin.post(RETENTION, &[("keep", "days"), ("days", days), ("shown", "Forever"), ("from", "")]);
        assert_eq!(posted.status, 422, "{days}");
    }
    assert_eq!(admin.post(RETENTION, &[]).status, 422);
    let page = admin.get(&format!("{RETENTION}?keep=days&days=30+"));
    assert_eq!(hidden(&page, "days"), "30");
    assert_eq!(events(&app), before);
    assert_eq!(number(&app, "SELECT count(*) AS n FROM settings WHERE name LIKE 'audit%'"), 0);
}

#[test]
fn the_number_shown_is_the_number_deleted() {
    let app = TestApp::start();
    let admin = app.admin();
    past(&app, 1_700, "2020-01-01 00:00:00");
    let (first, all) = (admin.get(&format!("{LOG}?kind=account.disabled")), events(&app));
    let page_two = step(&first, "Older").unwrap();
    let page = admin.get(&format!("{RETENTION}?keep=days&days=30"));
    assert!(page.text().contains("This deletes 1,700 events from before"), "{}", page.text());
    assert_eq!(save(&admin, &page).status, 303);
    until_deleted(&app);
    // Two new ones: the setting, and the deletion with its range and number.
    assert_eq!(events(&app), all - 1_700 + 2);
    let log = admin.get(&format!("{LOG}?kind=settings")).text();
    assert!(log.contains("From forever to 30 days"), "{log}");
    assert!(log.contains("1,700 events, 2020-01-01T00:01:00Z to 2020-01-02T04:20:00Z"), "{log}");
    assert!(log.contains("Muster") && log.contains("Deleted old events"), "{log}");
    // Changes without events are gone as well, and nothing else.
    assert_eq!(
        number(
            &app,
            "SELECT count(*) AS n FROM audit_changes c WHERE NOT EXISTS (SELECT 1 FROM audit_events e WHERE e.change_id = c.id)"
        ),
        0
    );
    // A link to a page of then still leads into the log.
    let page = admin.get(&page_two);
    assert_eq!((page.status, rows(&page).len()), (200, 0));
    assert!(step(&page, "Newer").is_none());
    assert!(admin.get(LOG).text().contains("kept for 30 days"));
    // Forever is a choice of its own.
    let page = admin.get(&format!("{RETENTION}?keep=forever"));
    assert!(page.text().contains("No events are deleted now."), "{}", page.text());
    assert_eq!(save(&admin, &page).status, 303);
    assert!(admin.get(LOG).text().contains("kept forever"));
}

#[test]
fn two_windows_are_told_of_each_other() {
    let app = TestApp::start();
    let admin = app.admin();
    let page = admin.get(&format!("{RETENTION}?keep=days&days=400"));
    let other = admin.get(&format!("{RETENTION}?keep=days&days=90"));
    assert_eq!(save(&admin, &other).status, 303);
    let late = save(&admin, &page);
    assert_eq!(late.status, 409);
    assert!(late.text().contains("Someone else changed this in the meantime. Events are kept now: 90 days."), "{}", late.text());
    // Shown again as it is now, it can be saved.
    assert_eq!(save(&admin, &late).status, 303);
    assert!(admin.get(LOG).text().contains("kept for 400 days"));
    // A count of yesterday is counted again.
    let yesterday = admin.post(RETENTION, &[("keep", "days"), ("days", "30"), ("shown", "400 days"), ("from", "1 Jan 2020")]);
    assert_eq!(yesterday.status, 409);
}

/// What an instance that keeps accounts in memory has not read yet is not lost to it.
#[test]
fn instances_that_were_asleep_read_everything_again() {
    let app = TestApp::start();
    let robot = app.add_account("robot");
    let before = app.read(muster::tokens::queries::credentials::last_revision);
    disable(&app, std::slice::from_ref(&robot));
    app.add_account("another");
    let seen = app.read(|conn| muster::tokens::queries::credentials::changed_since(conn, before)).unwrap();
    assert!(!seen.everything);
    app.write(|conn| {
        Sql::new("UPDATE audit_events SET at = '2020-01-01 00:00:00'").execute(conn)?;
        muster::settings::set(conn, "audit_retention_days", "30")
    });
    let instance = Id::new();
    let run = retention::purge(&app.database, &instance, muster::clock::now());
    let deleted = actix_web::rt::System::new().block_on(run).unwrap();
    assert!(deleted >= 2);
    let seen = app.read(|conn| muster::tokens::queries::credentials::changed_since(conn, before)).unwrap();
    assert!(seen.everything);
    // The latest change is there still, or numbers would be given twice.
    assert_eq!(number(&app, "SELECT count(*) AS n FROM revisions"), 1);
}

#[test]
fn two_instances_write_one_event() {
    let app = TestApp::start();
    past(&app, 1_200, "2020-01-01 00:00:00");
    app.write(|conn| muster::settings::set(conn, "audit_retention_days", "30"));
    let (one, two) = (Id::new(), Id::new());
    let now = muster::clock::now();
    let both = async {
        let first = retention::purge(&app.database, &one, now);
        let second = retention::purge(&app.database, &two, now);
        tokio::join!(first, second)
    };
    let (first, second) = actix_web::rt::System::new().block_on(both);
    assert_eq!(first.unwrap() + second.unwrap(), 1_200);
    assert_eq!(number(&app, "SELECT count(*) AS n FROM audit_events WHERE type = 'audit.events_deleted'"), 1);
    assert_eq!(number(&app, "SELECT count(*) AS n FROM settings WHERE name = 'audit_retention_run'"), 0);
}
