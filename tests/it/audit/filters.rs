//! What each filter finds, what stands at a field that cannot be understood, and which index answers.

use muster::audit::queries::log::{self, LogDirection};
use muster::audit::{filter::LogQuery, model::LogPosition};
use muster::database::sql::Sql;
use muster::roles::predefined;

use super::events::{LOG, disable, moved, past, rows};
use crate::support::app::TestApp;
use crate::support::engine::Engine;
use crate::support::snapshot::lines;

#[test]
fn each_filter_finds_its_events_and_no_others() {
    let app = TestApp::start();
    let admin = app.admin();
    let robot = app.add_account("Robot Å");
    let other = app.add_account("other");
    let role = app.add_role("Release Manager", &["payments:refund"]);
    let team = app.add_team("Platform", &[]);
    let page = format!("/settings/system-accounts/{robot}");
    let roles = [("role", role.as_str()), ("role", predefined::CI_CD.to_string().as_str())].map(|(a, b)| (a, b.to_owned()));
    let fields: Vec<(&str, &str)> = roles.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(admin.post(&format!("{page}/roles"), &fields).status, 303);
    assert_eq!(admin.post(&format!("{page}/teams"), &[("team", team.as_str())]).status, 303);
    disable(&app, &[robot.clone(), other.clone()]);
    let maya = admin.account.clone().unwrap();
    let found = |query: &str| rows(&admin.get(&format!("{LOG}?{query}")));
    let count = |query: &str| found(query).len();
    for (query, expected) in [
        (format!("target={robot}"), 5),
        (format!("target={}", robot.to_string().to_uppercase()), 5),
        ("target=Robot+%C3%85".into(), 5),
        // Names of today are folded as everywhere, those of then only in ASCII.
        ("target=robot+%C3%A5".into(), 5),
        ("target=rObOt+%C3%85".into(), 5),
        ("target=robot".into(), 0),
        (format!("target={role}"), 1),
        ("target=release+manager".into(), 1),
        ("concerned=Platform".into(), 1),
        (format!("concerned={team}&target={robot}"), 1),
        (format!("concerned={team}&target={other}"), 0),
        (format!("actor={maya}&kind=roles"), 1),
        ("actor=maya+lindqvist&kind=teams".into(), 1),
        ("actor=Command+line&kind=account.disabled".into(), 2),
        ("kind=account.disabled&target=other".into(), 1),
        ("address=127.0.0.1&kind=roles".into(), 1),
        ("address=192.0.2.9".into(), 0),
        ("kind=roles&period=7".into(), 4),
        ("kind=roles&to=2020-01-01".into(), 0),
    ] {
        assert_eq!(count(&query), expected, "{query}: {:?}", found(&query));
    }
    let value = app.add_token(&robot, muster::tokens::value::Access::Write);
    let (shown, id) = (&value[..17], &value[5..17]);
    assert_eq!([count(&format!("target={shown}")), count(&format!("target={id}"))], [1, 1]);
    assert!(found("kind=sign-ins").iter().all(|row| row.contains("Signed in")));
}

#[test]
fn days_are_whole_days_in_utc() {
    let app = TestApp::start();
    let admin = app.admin();
    for (name, at) in [
        ("first", "2026-03-05T00:00:00.000"),
        ("last", "2026-03-05T23:59:59.999999"),
        ("next", "2026-03-06T00:00:00.000"),
        ("spring", "2026-03-29T01:30:00.000"),
        ("autumn", "2026-10-25T23:59:59.999"),
    ] {
        app.add_account(name);
        moved(&app, name, at.parse().unwrap());
    }
    let names = |query: &str| {
        let page = admin.get(&format!("{LOG}?kind=accounts&{query}"));
        assert_eq!(page.status, 200);
        ["first", "last", "next", "spring", "autumn"]
            .into_iter()
            .filter(|name| rows(&page).iter().any(|row| row.contains(&format!(" {name} "))))
            .collect::<Vec<_>>()
    };
    assert_eq!(names("from=2026-03-05&to=2026-03-05"), ["first", "last"]);
    assert_eq!(names("to=2026-03-05"), ["first", "last"]);
    assert_eq!(names("from=2026-03-06&to=2026-03-29"), ["next", "spring"]);
    assert_eq!(names("from=2026-03-29&to=2026-03-29"), ["spring"]);
    assert_eq!(names("from=2026-10-25&to=2026-10-25"), ["autumn"]);
    // Today is in "to today" and in the last seven days.
    let today = muster::clock::now().date().to_string();
    app.add_account("today");
    for query in [format!("from={today}&to={today}"), "period=7".into(), "period=30".into()] {
        let page = admin.get(&format!("{LOG}?target=today&{query}"));
        // Made, and given its role.
        assert_eq!(rows(&page).len(), 2, "{query}");
    }
    assert!(admin.get(LOG).text().contains("Days in UTC, both included"));
}

#[test]
fn a_fault_stands_at_its_field_and_nothing_is_found() {
    let app = TestApp::start();
    let admin = app.admin();
    let value = app.add_token(&app.add_account("robot"), muster::tokens::value::Access::Read);
    for (query, name, said) in [
        ("from=2026-03-05&to=2026-03-04".to_owned(), "to", "before the first day"),
        ("from=5+March".into(), "from", "Enter a date"),
        ("address=localhost".into(), "address", "Enter an IP address"),
        ("kind=everything".into(), "kind", "Choose a kind"),
        ("actor=a%00b".into(), "actor", "control characters"),
        ("concerned=a%1Fb".into(), "concerned", "control characters"),
        (format!("target={value}"), "target", "This is a whole token"),
    ] {
        let page = admin.get(&format!("{LOG}?{query}"));
        assert_eq!(page.status, 422, "{query}");
        assert!(page.text().contains(said), "{query}: {}", page.text());
        assert!(page.body.contains(&format!("aria-describedby=\"{name}-error\"")), "{query}");
        assert!(rows(&page).is_empty(), "{query}");
        assert!(!page.body.contains(&value), "a token is not shown again");
        let export = admin.get(&format!("{LOG}/export?format=csv&{query}"));
        assert_eq!(export.status, 422, "{query}");
        assert_eq!(export.header("content-disposition"), "", "an error is no file");
    }
}

/// Whatever is asked for, no engine sorts, and none reads all events.
#[test]
fn each_filter_alone_is_answered_by_an_index_in_its_order() {
    let app = TestApp::start();
    app.admin();
    let robot = app.add_account("robot");
    past(&app, 20_000, "2026-01-01 00:00:00");
    let postgres = Engine::current() == Engine::Postgres;
    if postgres {
        use diesel::connection::SimpleConnection;
        app.read(|conn| Ok(conn.batch_execute("ANALYZE audit_events; ANALYZE audit_changes")?));
    }
    let cursor = LogPosition { at: "2026-01-03T00:00:00".parse().unwrap(), seq: 7 };
    for query in [
        LogQuery::default(),
        LogQuery::of(robot.as_str()),
        LogQuery::of("account 17"),
        LogQuery::by(robot.as_str()),
        LogQuery::by("Command line"),
        LogQuery { concerned: predefined::CI_CD.to_string(), ..LogQuery::default() },
        LogQuery { kind: "account.disabled".into(), ..LogQuery::default() },
        LogQuery { kind: "settings".into(), ..LogQuery::default() },
        LogQuery::from_address("127.0.0.1"),
        LogQuery { from: "2026-01-02".into(), to: "2026-01-02".into(), ..LogQuery::default() },
    ] {
        let filter = query.filter(muster::clock::now().date()).unwrap();
        for way in [LogDirection::Older(None), LogDirection::Older(Some(cursor)), LogDirection::Newer(cursor)] {
            let plan = app.read(|conn| {
                let criteria = log::criteria(conn, &filter)?;
                let mut explain = Sql::new(if postgres { "EXPLAIN " } else { "EXPLAIN QUERY PLAN " });
                explain.append(log::page_sql(&criteria, way, 51));
                Ok(explain_lines(conn, explain, postgres))
            });
            // To walk through them in order of time is to read all of them, where something else is asked for.
            let walks = query == LogQuery::default() || !query.from.is_empty();
            let reads_all = |line: &str| {
                line.contains("Seq Scan on audit_events") || line.contains("SCAN e") && !(walks && line.contains("USING"))
            };
            assert!(!plan.iter().any(|line| reads_all(line)), "{query:?} {way:?}: {plan:#?}");
            let leads: Vec<&String> = plan.iter().filter(|line| line.contains("audit_events_by_")).collect();
            assert!(!leads.is_empty(), "{query:?} {way:?}: {plan:#?}");
        }
    }
    // One page's events are read and no more, however many there are.
    let page = app.read(|conn| {
        let criteria = log::criteria(conn, &Default::default())?;
        log::page(conn, &criteria, LogDirection::Older(None), 51)
    });
    assert_eq!(page.len(), 51);
    assert_eq!(
        app.read(|conn| Ok(lines(conn, "SELECT count(*) || '' AS line FROM audit_events WHERE at < '1980-01-01'"))),
        ["0"]
    );
}

fn explain_lines(conn: &mut muster::database::DbConnection, sql: Sql, postgres: bool) -> Vec<String> {
    use diesel::QueryableByName;
    use diesel::sql_types::Text;
    #[derive(QueryableByName)]
    struct Sqlite {
        #[diesel(sql_type = Text)]
        detail: String,
    }
    #[derive(QueryableByName)]
    struct Postgres {
        #[diesel(sql_type = Text, column_name = "QUERY PLAN")]
        plan: String,
    }
    if postgres {
        sql.load::<Postgres>(conn).unwrap().into_iter().map(|row| row.plan).collect()
    } else {
        sql.load::<Sqlite>(conn).unwrap().into_iter().map(|row| row.detail).collect()
    }
}
