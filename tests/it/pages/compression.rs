//! What is compressed on its way, and what must not be.

use muster::id::Id;
use muster::tokens::value::Access;

use super::html::{LIST, all, at};
use crate::support::app::{Answer, Client, TestApp};

const BROWSER: &str = "gzip, deflate, br, zstd";

fn asked(client: &Client, path: &str, accept: &str) -> Answer {
    client.get_with(path, &[("Accept-Encoding", accept)])
}

fn encoding(answer: &Answer) -> &str {
    answer.header("content-encoding")
}

#[test]
fn pages_travel_in_the_encoding_that_the_browser_takes() {
    let app = TestApp::start();
    app.add_many(30);
    let admin = app.admin();
    for path in [LIST, "/settings/roles", "/profile", "/settings/token-policy", "/nothing-here"] {
        let plain = admin.get(path);
        assert_eq!((encoding(&plain), plain.header("vary")), ("", "Accept-Encoding"), "{path}");
        for (accept, chosen) in [(BROWSER, "br"), ("gzip, deflate", "gzip"), ("br;q=0.1, gzip", "gzip")] {
            let answer = asked(&admin, path, accept);
            assert_eq!((encoding(&answer), answer.header("vary")), (chosen, "Accept-Encoding"), "{path}");
            assert_eq!(answer.status, plain.status, "{path}");
            assert!(answer.header("content-length").parse::<usize>().unwrap() < plain.body.len() / 2, "{path}");
            assert!(answer.body.ends_with("</html>") || answer.body.ends_with("</html>\n"), "{path}: whole");
        }
        for accept in ["identity", "gzip;q=0", "deflate", "", "nonsense;;"] {
            assert_eq!(encoding(&asked(&admin, path, accept)), "", "{path}: {accept}");
        }
        let head = admin.send("HEAD", path, &[("Accept-Encoding", BROWSER)], &[]);
        assert_eq!((encoding(&head), head.body.as_str()), ("br", ""), "{path}");
    }
}

#[test]
fn a_form_that_comes_back_in_error_is_compressed_too() {
    let app = TestApp::start();
    let headers = [("Accept-Encoding", BROWSER), ("Sec-Fetch-Site", "same-origin")];
    let refused = app.admin().send("POST", LIST, &headers, &[("name", "")]);
    assert_eq!((refused.status, encoding(&refused)), (422, "br"));
}

#[test]
fn a_page_with_a_secret_travels_as_it_is() {
    let app = TestApp::start();
    let setup = app.setup_link.clone().unwrap();
    let stranger = app.anonymous();
    let headers = [("Accept-Encoding", BROWSER), ("Sec-Fetch-Site", "same-origin")];
    let set_up = asked(&stranger, &setup, BROWSER);
    let refused = stranger.send("POST", &setup, &headers, &[("name", "")]);
    let admin = app.admin();
    let id = app.add_account("robot");
    let created = admin.send("POST", &at(&id, "/tokens"), &headers, &[("name", "a"), ("access", "read"), ("expires", "30")]);
    let created = asked(&admin, created.location(), BROWSER);
    assert!(created.body.contains("mstr_"), "{}", created.text());
    let token = all(&admin.get(&at(&id, "")).body, "id=\"regenerate-", "\"")[0].to_owned();
    let regenerated = admin.send("POST", &at(&id, &format!("/tokens/{token}/regeneration")), &headers, &[("overlap", "0")]);
    let regenerated = asked(&admin, regenerated.location(), BROWSER);
    let pages =
        [("set up", set_up), ("set up, refused", refused), ("token created", created), ("token regenerated", regenerated)];
    for (name, page) in pages {
        assert!(page.body.len() > 1_024, "{name}: {}", page.text());
        assert_eq!((encoding(&page), page.header("cache-control")), ("", "no-store, no-transform"), "{name}");
    }
}

#[test]
fn the_check_is_never_compressed() {
    let app = TestApp::start();
    let token = app.add_token(&app.add_account("robot"), Access::Read);
    let bearer = format!("Bearer {token}");
    for (authorization, status) in [(bearer.as_str(), 200), ("Bearer nothing", 401)] {
        let headers = [("Authorization", authorization), ("Accept-Encoding", BROWSER)];
        let answer = app.anonymous().get_with("/auth/verify", &headers);
        assert_eq!((answer.status, encoding(&answer), answer.header("vary")), (status, "", ""));
    }
}

#[test]
fn assets_travel_compressed() {
    let app = TestApp::start();
    let page = app.anonymous().get("/login").body;
    let linked = all(&page, "href=\"/static/", "\"").into_iter().chain(all(&page, "src=\"/static/", "\""));
    let mut seen = 0;
    for name in linked {
        let path = format!("/static/{name}");
        let plain = app.anonymous().get(&path);
        for (accept, chosen) in [(BROWSER, "br"), ("gzip", "gzip")] {
            let answer = asked(&app.anonymous(), &path, accept);
            assert_eq!((encoding(&answer), answer.header("vary")), (chosen, "Accept-Encoding"), "{path}");
            assert_eq!(answer.body, plain.body, "{path}");
        }
        seen += 1;
    }
    assert_eq!(seen, 3, "icon, style sheet and script: {page}");
}

/// Fifty rows as people have them: names, descriptions, teams, roles, tokens, moments, owners.
#[test]
fn a_list_of_fifty_is_light() {
    let app = TestApp::start();
    app.add_many(60);
    let teams: Vec<Id> = (0..13).map(|n| app.add_team(&format!("Team number {n}"), &[])).collect();
    app.write(|conn| {
        use diesel::connection::SimpleConnection;
        for (n, team) in teams.iter().enumerate() {
            conn.batch_execute(&format!(
                "INSERT INTO team_members (team_id, account_id, kind, disabled, name_key) SELECT '{team}', id, kind, disabled, name_key \
                 FROM accounts WHERE kind = 'system' AND substr(id, 36, 1) = '{}'",
                n % 10
            ))?;
        }
        Ok(())
    });
    let admin = app.admin();
    let owner = admin.account.clone().unwrap();
    app.write(|conn| {
        let mut sql = muster::database::sql::Sql::new("UPDATE accounts SET owner_id = ");
        sql.bind(&owner).push(" WHERE kind = 'system'");
        sql.execute(conn)
    });
    let list = format!("{LIST}?size=50");
    let plain = admin.get(&list);
    assert_eq!(plain.body.matches("name=\"id\"").count(), 50);
    assert!(plain.body.len() <= 90 * 1024, "{} bytes", plain.body.len());
    assert!(!plain.body.contains("\n "), "indentation");
    for accept in [BROWSER, "gzip"] {
        let travelled = asked(&admin, &list, accept).header("content-length").parse::<usize>().unwrap();
        assert!(travelled <= 14_000, "{accept}: {travelled} bytes");
    }
}
