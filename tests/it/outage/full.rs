//! A disk that takes no more: it is told with its reason, what can be read is still read, and it ends by itself.

use diesel::connection::SimpleConnection;
use muster::database::{Database, DbConnection};
use muster::tokens::value::Access;

use crate::support::app::{Client, PASSWORD, TestApp};
use crate::support::engine::Engine;
use crate::support::process::Process;
use crate::support::soon::eventually;

const LIST: &str = "/settings/system-accounts";
const TEAMS: &str = "/settings/teams";

/// What everybody is told while no change can be written: `sentence` by a page, 503 by readiness. Checks go on.
fn is_told(url: &str, admin: &Client, (account, token): (&str, &str), sentence: &str) {
    let (visitor, bearer) = (Client::new(url), format!("Bearer {token}"));
    let id = &token[5..17];
    let paths =
        [format!("{LIST}/{account}/disablement"), format!("{LIST}/{account}/tokens/{id}/revocation"), LIST.into(), TEAMS.into()];
    for path in paths {
        let refused = admin.post(&path, &[("name", "another")]);
        assert!(refused.status == 503 && refused.text().contains(sentence), "{path}: {} {}", refused.status, refused.text());
        assert!(refused.text().contains("Nothing was changed."), "{}", refused.text());
    }
    eventually("readyz that says so", || visitor.get("/readyz").status == 503);
    assert!(visitor.get("/readyz").body.contains(sentence), "{}", visitor.get("/readyz").body);
    assert_eq!(visitor.get("/healthz").status, 200);
    assert_eq!(admin.get(LIST).status, 200);
    assert_eq!(visitor.get_with("/auth/verify", &[("Authorization", &bearer)]).status, 200);
}

/// It ends without anybody's doing, and what was refused can be done.
fn has_ended(app: &TestApp, url: &str, admin: &Client, account: &str) {
    assert_eq!(app.totals(), (1, 0), "what was refused was done");
    eventually("readyz", || Client::new(url).get("/readyz").status == 200);
    let again = admin.post(&format!("{LIST}/{account}/disablement"), &[]);
    assert_eq!(again.status, 303, "{}", again.text());
    assert_eq!(app.totals(), (0, 1));
    let probes = app.read(|conn| {
        muster::database::sql::Sql::new("SELECT count(*) AS n FROM settings WHERE name = 'write_probe'").number(conn)
    });
    assert_eq!(probes, 0, "something was left behind");
}

/// A real process whose writes the operating system refuses, as it does beyond a quota.
#[test]
fn a_disk_that_refuses_writes_is_told_and_used_again() {
    if Engine::current() != Engine::Sqlite {
        return;
    }
    let app = TestApp::start();
    let (_, email) = app.add_user("Maya Lindqvist", &[muster::roles::predefined::ADMINISTRATOR.into()]);
    let robot = app.add_account("robot");
    let token = app.add_token(&robot, Access::Read);
    let process = Process::serve_with_limits(&app.database_url, &[("MUSTER_LOG", "info")]);
    let admin = Client::new(&process.url);
    assert_eq!(admin.post("/login", &[("email", &email), ("password", PASSWORD)]).status, 303);
    eventually("readyz", || admin.get("/readyz").status == 200);
    process.let_write(Some(0));
    is_told(&process.url, &admin, (robot.as_str(), &token), "refuses writes");
    // Nobody signs in without a session that is stored.
    let refused = Client::new(&process.url).post("/login", &[("email", &email), ("password", PASSWORD)]);
    assert!(refused.status == 503 && refused.text().contains("refuses writes"), "{} {}", refused.status, refused.text());
    process.let_write(None);
    has_ended(&app, &process.url, &admin, robot.as_str());
    let said = process.stop_and_read();
    let lines = said.lines().filter(|line| line.contains("changes cannot be written")).count();
    assert!(lines == 1 && said.contains("disk I/O error"), "{said}");
}

/// Every connection of a pool at once, and what is done to each.
fn on_all(database: &Database, work: &dyn Fn(&mut DbConnection)) {
    fn deeper(database: &Database, left: u32, work: &dyn Fn(&mut DbConnection)) {
        if left > 0 {
            let done = database.read_now(|conn| {
                work(conn);
                deeper(database, left - 1, work);
                Ok(())
            });
            done.unwrap();
        }
    }
    deeper(database, database.connections().2, work);
}

/// Has the engine itself say that there is no room. SQLite: no page more than there are. Postgres: by what a trigger says.
fn fill_up(app: &TestApp, is_full: bool) {
    match Engine::current() {
        Engine::Sqlite => {
            let most = if is_full { 1 } else { 1_000_000_000 };
            on_all(&app.database, &|conn| conn.batch_execute(&format!("PRAGMA max_page_count = {most}")).unwrap());
        }
        Engine::Postgres if is_full => {
            let full = "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION \
                        'could not extend file \"base/1/2\": No space left on device' USING ERRCODE = 'disk_full'; END $$;";
            let on = |table: &str| format!("CREATE TRIGGER no_room BEFORE INSERT ON {table} EXECUTE FUNCTION no_room();");
            let sql = full.to_owned() + &on("settings") + &on("audit_changes") + &on("audit_events");
            app.read(|conn| Ok(conn.batch_execute(&sql)?));
        }
        Engine::Postgres => app.read(|conn| Ok(conn.batch_execute("DROP FUNCTION no_room CASCADE")?)),
    }
}

#[test]
fn a_full_disk_is_told_and_used_again() {
    let app = TestApp::start();
    let admin = app.admin();
    eventually("readyz", || admin.get("/readyz").status == 200);
    fill_up(&app, true);
    let create = |number: usize| admin.post(LIST, &[("name", &*format!("robot {number}")), ("description", &"y".repeat(200))]);
    // What is there may still have room for some.
    let (made, refused) = (0..).map(|number| (number, create(number))).find(|(_, answer)| answer.status != 303).unwrap();
    assert!(refused.status == 503 && refused.text().contains("is full"), "{} {}", refused.status, refused.text());
    eventually("readyz that says so", || admin.get("/readyz").status == 503);
    assert!(admin.get("/readyz").body.contains("The disk of Muster's database is full."));
    assert!(create(made).text().contains("Nothing was changed."));
    assert_eq!((admin.get(LIST).status, app.totals().0), (200, made as i64));
    fill_up(&app, false);
    eventually("readyz", || admin.get("/readyz").status == 200);
    assert_eq!(create(made).status, 303);
    assert_eq!(app.totals().0, made as i64 + 1);
}
