//! Both engines show the same pages for the same data, byte for byte.
#![cfg(feature = "installed-tests")]

use chrono::{Duration, NaiveDateTime, TimeDelta};
use diesel::prelude::*;
use muster::accounts::queries::search_text;
use muster::auth::password;
use muster::clock;
use muster::id::Id;
use muster::roles::predefined;
use muster::schema::{account_totals, accounts, deleted_accounts, settings, teams, tokens};
use muster::text::fold;

use super::names::NAMES;
use crate::support::app::{Client, PASSWORD, TestApp, join_team};
use crate::support::engine::{Engine, TestDatabase};

const LIST: &str = "/settings/system-accounts";

fn uuid(kind: u8, number: usize) -> Id {
    Id::parse(&format!("{kind:08x}-0000-7000-8000-{number:012}")).unwrap()
}

fn moment(text: &str) -> NaiveDateTime {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").unwrap()
}

/// The same rows in whichever database.
fn fill(app: &TestApp, now: NaiveDateTime) {
    let born = moment("2024-05-06 07:08:09.123456");
    let hash = password::hash(PASSWORD).unwrap();
    app.write(|conn| {
        let mut insert = |id: &Id, kind: &str, name: &str, description: &str, email: Option<&str>, n: usize| {
            let day = TimeDelta::days(i64::try_from(n).unwrap());
            diesel::insert_into(accounts::table)
                .values((
                    accounts::id.eq(id),
                    accounts::kind.eq(kind),
                    accounts::name.eq(name),
                    accounts::name_key.eq(fold(name)),
                    accounts::description.eq(description),
                    accounts::search_text.eq(search_text(name, description, None)),
                    accounts::email.eq(email),
                    accounts::email_key.eq(email.map(fold)),
                    accounts::password_hash.eq(email.map(|_| hash.as_str())),
                    accounts::disabled.eq(kind == "system" && n % 7 == 3),
                    accounts::created_at.eq(born),
                    accounts::created_by_name.eq("Import"),
                    accounts::updated_at.eq(born),
                    accounts::last_login_at.eq(if n.is_multiple_of(4) { born + day / 2 } else { clock::NEVER }),
                    accounts::last_used_at.eq(if n.is_multiple_of(3) { born + day } else { clock::NEVER }),
                ))
                .execute(conn)
        };
        insert(&uuid(1, 1), "user", "Maya Lindqvist", "", Some("maya@example.test"), 1)?;
        insert(&uuid(1, 2), "user", "Sten Ravnsborg", "", Some("sten@example.test"), 2)?;
        for (n, name) in NAMES.iter().enumerate() {
            let description = format!("{} & co, number {n}", NAMES[(n * 7) % NAMES.len()]);
            insert(&uuid(2, n), "system", name, &description, None, n)?;
        }
        diesel::update(accounts::table.find(uuid(1, 2))).set(accounts::disabled.eq(true)).execute(conn)?;
        let gone = (deleted_accounts::id.eq(uuid(1, 3)), deleted_accounts::kind.eq("user"), deleted_accounts::name.eq("Ärne"));
        diesel::insert_into(deleted_accounts::table).values((gone, deleted_accounts::deleted_at.eq(born))).execute(conn)?;
        for n in (0..NAMES.len()).filter(|n| n % 4 > 0) {
            let owner = uuid(1, n % 4).to_string();
            diesel::update(accounts::table.find(uuid(2, n))).set(accounts::owner_id.eq(owner)).execute(conn)?;
        }
        let disabled = i64::try_from((0..NAMES.len()).filter(|n| n % 7 == 3).count()).unwrap();
        let all = i64::try_from(NAMES.len()).unwrap();
        for (kind, state, total) in
            [("user", false, 1), ("user", true, 1), ("system", false, all - disabled), ("system", true, disabled)]
        {
            diesel::update(account_totals::table.find((kind, state))).set(account_totals::total.eq(total)).execute(conn)?;
        }
        for (n, name) in ["Ops", "ops & dev", "Ökonomie", "zoo"].into_iter().enumerate() {
            diesel::insert_into(teams::table)
                .values((
                    teams::id.eq(uuid(3, n)),
                    teams::name.eq(name),
                    teams::name_key.eq(fold(name)),
                    teams::created_at.eq(born),
                ))
                .execute(conn)?;
        }
        let mut role = |account: &Id, role: uuid::Uuid| muster::roles::queries::give(conn, account, &role.into());
        role(&uuid(1, 1), predefined::ADMINISTRATOR)?;
        for n in 0..NAMES.len() {
            role(&uuid(2, n), predefined::CI_CD)?;
            if n % 3 == 1 {
                role(&uuid(2, n), predefined::READ_ONLY)?;
            }
        }
        for n in 0..NAMES.len() {
            join_team(conn, &uuid(3, n % 4), &uuid(2, n))?;
            let end = match n % 5 {
                0 => Some(born + Duration::days(20_000) + Duration::days(i64::try_from(n).unwrap())),
                1 => Some(now + Duration::days(5) + Duration::hours(12)),
                2 => Some(born + Duration::days(1)),
                _ => None,
            };
            diesel::insert_into(tokens::table)
                .values((
                    tokens::id.eq(format!("token{n:07}")),
                    tokens::account_id.eq(uuid(2, n)),
                    tokens::name.eq("deploy"),
                    tokens::access.eq("write"),
                    tokens::digest.eq(vec![7_u8; 32]),
                    tokens::created_at.eq(born),
                    tokens::created_by_name.eq("Import"),
                    tokens::expires_at.eq(end),
                ))
                .execute(conn)?;
            muster::tokens::queries::expiry::keep_first_expiry(conn, &uuid(2, n))?;
        }
        diesel::update(settings::table.filter(settings::name.eq("tracked_since")))
            .set(settings::value.eq("2024-05-06T07:08:09Z"))
            .execute(conn)?;
        Ok(())
    });
}

fn signed_in(app: &TestApp) -> Client {
    let client = app.anonymous();
    assert_eq!(client.post("/login", &[("email", "MAYA@example.test"), ("password", PASSWORD)]).status, 303);
    client
}

#[test]
fn both_engines_show_the_same_pages() {
    let now = clock::now();
    let [sqlite, postgres] = [Engine::Sqlite, Engine::Postgres].map(|engine| {
        let home = TestDatabase::fresh_on(engine, |url| {
            muster::database::migrations::migrate(&url.parse().unwrap()).unwrap();
        });
        let app = TestApp::on(home, |_| {});
        fill(&app, now);
        app
    });
    let [one, other] = [&sqlite, &postgres].map(signed_in);
    let mut compared = 0;
    let mut same = |path: &str| {
        let both = || {
            [(&one, &sqlite), (&other, &postgres)].map(|(client, app)| {
                let answer = client.get(path);
                assert_eq!(answer.status, 200, "{path}: {}", answer.text());
                without("name=\"form\" value=\"[0-9a-f-]{36}", &answer.body.replace(&app.url, "URL"))
            })
        };
        // A page tells the time: where a second has passed between the two, they are asked again.
        let [first, second] = (0..5).map(|_| both()).find(|[first, second]| first == second).unwrap_or_else(both);
        if first != second {
            let line = first.lines().zip(second.lines()).find(|(first, second)| first != second);
            panic!("{path} differs:\n{line:#?}");
        }
        compared += 1;
        first
    };
    let encoded = |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    let sorts = ["name", "-name", "login", "-login", "used", "-used", "expiry", "-expiry", "status", "-status"];
    for sort in sorts {
        for disabled in ["", "&disabled=1"] {
            let mut path = format!("{LIST}?sort={sort}{disabled}");
            for _ in 0..2 {
                same(&path);
                path = format!("{LIST}?sort={sort}{disabled}&page=2");
            }
            same(&format!("{LIST}?sort={sort}{disabled}&before=end"));
            same(&format!("{LIST}?sort={sort}{disabled}&size=100"));
        }
    }
    for search in [
        "alpha",
        "BETA",
        "ärz",
        "ÄRZ",
        "ZÜR",
        "zu",
        "stra",
        "straße",
        "STRASSE",
        "İst",
        "ist",
        "ILIK",
        "ΣΊΣ",
        "σίσυφος",
        "ЖУК",
        "日本",
        "日",
        "\u{1F680}",
        "50%",
        "50_",
        "%",
        "_",
        "%%%",
        "under_",
        "r_s",
        "it's",
        "\"hi\"",
        "\"",
        "'",
        "\\",
        "k\\s",
        "a-b",
        "a b",
        "-",
        "éclair",
        "e\u{301}cl",
        "\u{FF21}\u{FF22}\u{FF23}",
        "abc",
        "number 1",
        "& co",
        "nothing of it",
        "NEAR(a b)",
        "a* OR b",
        "%00",
        "alpha\nbeta",
        "two  ALPHA",
        "\tco\u{a0}beta ",
        "日 number 本",
        "00000002-0000-7000-8000-000000000007",
        "token0000007",
    ] {
        let page = same(&format!("{LIST}?disabled=1&size=100&q={}", encoded(search)));
        // What is found holds every word that was sought, for every script.
        let words: Vec<String> = search.split_whitespace().map(fold).collect();
        let holds = |n: usize, name: &str| {
            let text = search_text(name, &format!("{} & co, number {n}", NAMES[(n * 7) % NAMES.len()]), None);
            words.iter().all(|word| text.contains(word)) || search == uuid(2, n).as_str() || search == format!("token{n:07}")
        };
        let found: Vec<usize> = (0..NAMES.len()).filter(|n| holds(*n, NAMES[*n])).collect();
        for n in &found {
            assert!(page.contains(uuid(2, *n).as_str()), "{search} does not find {}", NAMES[*n]);
        }
        assert_eq!(page.matches("name=\"id\"").count(), found.len(), "{search}");
        same(&format!("{LIST}?sort=-used&q={}", encoded(search)));
    }
    let (cicd, viewer) = (predefined::CI_CD, predefined::READ_ONLY);
    for filter in [
        format!("role={cicd}"),
        format!("role={viewer}&disabled=1"),
        format!("team={}", uuid(3, 2)),
        "activity=30".into(),
        "activity=unused-90".into(),
        "activity=never".into(),
        "expiring=14".into(),
        "team=none&disabled=1".into(),
        "tokens=none".into(),
        "tokens=expired&sort=-used".into(),
        "owner=none&sort=used".into(),
        "owner=left".into(),
        "owner=left&tokens=expired&activity=unused-30&sort=-name".into(),
        format!("owner={}&disabled=1", uuid(1, 1)),
        format!("owner={}", uuid(1, 3)),
        format!("role={viewer}&team={}&activity=never&expiring=14&disabled=1&q=o", uuid(3, 1)),
        "q=%CE%91&role=nonsense&team=%27&sort=shoe&size=3&page=-1&after=x&before=y".into(),
    ] {
        same(&format!("{LIST}?{filter}"));
    }
    same("/settings/roles");
    same(&format!("{LIST}/new"));
    for n in [0, 1, 2, 3, 5, 24, 31, 39, 40] {
        same(&format!("{LIST}/{}", uuid(2, n)));
        same(&format!("{LIST}/{}/deletion", uuid(2, n)));
        same(&format!("{LIST}/{}/promotion", uuid(2, n)));
        same(&format!("{LIST}/{}/owner", uuid(2, n)));
    }
    println!("{compared} pages are the same on both engines");
    // What is refused is refused in the same words.
    for (path, fields) in [
        (LIST.to_owned(), vec![("name", "ALPHA")]),
        (LIST.to_owned(), vec![("name", "STRA\u{df}E")]),
        (LIST.to_owned(), vec![("name", "i\u{307}stanbul")]),
        (LIST.to_owned(), vec![("name", "éCLAIR")]),
        (LIST.to_owned(), vec![("name", "abC")]),
        (LIST.to_owned(), vec![("name", "")]),
        (LIST.to_owned(), vec![("name", "x\u{0}y")]),
        (format!("{LIST}/{}", uuid(2, 0)), vec![("name", "BETA")]),
        (format!("{LIST}/{}/enablement", uuid(2, 3)), vec![]),
        (format!("{LIST}/{}/roles", uuid(2, 0)), vec![("role", "00000000-0000-7000-8000-000000000000")]),
        (format!("{LIST}/bulk"), vec![("do", "disable")]),
    ] {
        let both = || {
            [&one, &other].map(|client| {
                let answer = client.post(&path, &fields);
                (answer.status, without(IDENTITIES, &answer.body))
            })
        };
        let [mut first, mut second] = both();
        // As above; what was refused can be asked again.
        for _ in 0..5 {
            if first != second && first.0 != 303 && second.0 != 303 {
                [first, second] = both();
            }
        }
        assert_eq!(first.0, second.0, "{path} {fields:?}");
        if first.0 != 303 {
            let differing = first.1.lines().zip(second.1.lines()).find(|(first, second)| first != second);
            assert!(first == second, "{path} {fields:?}: {differing:#?}");
        }
    }
}

/// A page without what is never the same twice.
fn without(pattern: &str, body: &str) -> String {
    regex::Regex::new(pattern).unwrap().replace_all(body, "ID").into_owned()
}

/// The identity of the request, which an error page shows, of a change, which Undo names, and of a form.
const IDENTITIES: &str = "(changes/[0-9a-f-]{36}|name=\"form\" value=\"[0-9a-f-]{36}|\\b[0-9a-f]{12}\\b)";
