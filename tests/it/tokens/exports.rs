//! Copies of the lists of accounts and of tokens.

use std::io::{Read, Write};
use std::net::TcpStream;

use muster::roles::predefined;
use muster::tokens::value::Access;

use super::list::{TOKENS, named, public};
use crate::audit::export::records;
use crate::pages::html::{LIST, at, find_href};
use crate::support::app::{Client, TestApp};

const USERS: &str = "/settings/users";

/// The rows of an export: for each its cells by their column.
fn rows(client: &Client, path: &str) -> Vec<std::collections::HashMap<String, String>> {
    let answer = client.get(path);
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, "text/csv; charset=utf-8; header=present"),
        "{}",
        answer.text()
    );
    let mut found = records(&answer.body).into_iter();
    let head = found.next().unwrap();
    found.map(|row| head.iter().cloned().zip(row).collect()).collect()
}

#[test]
fn the_lists_are_exported_with_their_filters() {
    let app = TestApp::start();
    let admin = app.admin();
    let one = app.add_account_with("=1+1", &[predefined::CI_CD.into(), predefined::READ_ONLY.into()]);
    let other = app.add_account_with("Zoë \"Å\"; a, b", &[]);
    let hers = app.add_user("+ops", &[predefined::VIEWER.into()]).0;
    app.add_team("@Team", &[&one, &hers]);
    let value = named(&app, &one, "-5", Access::Write);
    app.verify(&value);
    admin.post(&at(&other, "/disablement"), &[]);
    let found = rows(&admin, &format!("{LIST}/export"));
    assert_eq!(found.len(), 1, "disabled ones are hidden: {found:?}");
    let row = &found[0];
    assert_eq!([&row["id"], &row["name"], &row["status"]], [one.as_str(), "'=1+1", "enabled"]);
    assert_eq!([&row["teams"], &row["roles"], &row["active_tokens"]], ["'@Team", "CI/CD; Read-Only", "1"]);
    let names =
        |query: &str| rows(&admin, &format!("{LIST}/export?{query}")).iter().map(|row| row["name"].clone()).collect::<Vec<_>>();
    assert_eq!(names("disabled=1"), ["'=1+1", "Zoë \"Å\"; a, b"]);
    assert_eq!(names("disabled=1&q=zo%C3%AB"), ["Zoë \"Å\"; a, b"]);
    assert_eq!(names("q=nothing"), Vec::<String>::new());
    // The link on the list keeps what is set.
    let link = |page: &str| find_href(&admin.get(page), "Export as CSV").unwrap();
    assert_eq!(link(&format!("{LIST}?q=zo%C3%AB&disabled=1")), format!("{LIST}/export?q=zo%C3%AB&disabled=1"));
    assert_eq!(link(USERS), format!("{USERS}/export"));
    assert_eq!(link(&format!("{TOKENS}?access=write")), format!("{TOKENS}/export?access=write"));
    let people = rows(&admin, &format!("{USERS}/export"));
    let person = people.iter().find(|row| row["id"] == hers.as_str()).unwrap();
    assert_eq!([&person["name"], &person["email"], &person["teams"]], ["'+ops", "'+ops@example.test", "'@Team"]);
    let tokens = rows(&admin, &format!("{TOKENS}/export?access=write"));
    assert_eq!([&tokens[0]["prefix"], &tokens[0]["name"], &tokens[0]["account"]], [&value[..17], "'-5", "'=1+1"]);
    assert!(!admin.get(&format!("{TOKENS}/export")).body.contains(&value[18..]));
    // HEAD names the file and makes none.
    let head = admin.send("HEAD", &format!("{LIST}/export"), &[], &[]);
    assert!(head.header("content-disposition").starts_with("attachment; filename=\"system-accounts-"), "{:?}", head.headers);
}

#[test]
fn an_export_holds_each_row_once_and_what_its_reader_sees() {
    let app = TestApp::start();
    let admin = app.admin();
    app.add_many(1_300);
    let mut ids: Vec<String> = rows(&admin, &format!("{LIST}/export")).into_iter().map(|row| row["id"].clone()).collect();
    let (count, sorted) = (ids.len(), ids.is_sorted());
    ids.sort();
    ids.dedup();
    assert_eq!((count, ids.len(), sorted), (1_300, 1_300, true));
    assert_eq!(rows(&admin, &format!("{LIST}/export?q=bulk-0013")).len(), 1);
    assert_eq!(rows(&admin, &format!("{TOKENS}/export")).len(), 650);
    // A team's manager gets those of the team.
    let role = app.add_role("Team", &["system_account:manage:team"]);
    let keeper = app.user("Kim Keeper", &[role]);
    let mine = app.add_account_with("mine", &[]);
    app.add_team("Blue", &[&mine, keeper.account.as_ref().unwrap()]);
    let value = app.add_token(&mine, Access::Read);
    assert_eq!(rows(&keeper, &format!("{LIST}/export")).len(), 1);
    let tokens = rows(&keeper, &format!("{TOKENS}/export"));
    assert_eq!((tokens.len(), tokens[0]["prefix"].as_str()), (1, &value[..17]));
    assert_eq!(rows(&keeper, &format!("{TOKENS}/export?q={}", public("mstr_seed00000002_"))).len(), 0);
    assert_eq!(keeper.get(&format!("{USERS}/export")).status, 403);
    assert_eq!(app.user("Nobody Special", &[]).get(&format!("{LIST}/export")).status, 403);
    let viewer = app.viewer();
    assert_eq!((viewer.get(&format!("{TOKENS}/export")).status, rows(&viewer, &format!("{LIST}/export")).len()), (403, 1_301));
}

#[test]
fn readers_that_read_nothing_stop_nobody() {
    let app = TestApp::start();
    let admin = app.admin();
    app.add_many(6_000);
    let login =
        app.anonymous().post("/login", &[("email", "maya.lindqvist@example.test"), ("password", crate::support::app::PASSWORD)]);
    let cookie = login.header("set-cookie").split(';').next().unwrap().to_owned();
    let host = app.url.strip_prefix("http://").unwrap();
    let open = || {
        let mut socket = TcpStream::connect(host).unwrap();
        write!(socket, "GET {LIST}/export HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\n\r\n").unwrap();
        let mut first = [0; 15];
        socket.read_exact(&mut first).unwrap();
        (socket, String::from_utf8_lossy(&first).into_owned())
    };
    let resting: Vec<_> = (0..muster::audit::exports::MOST).map(|_| open()).collect();
    assert!(resting.iter().all(|(_, status)| status == "HTTP/1.1 200 OK"), "{resting:?}");
    // Each kind of export counts; pages and the check go on.
    let refused = admin.get(&format!("{TOKENS}/export"));
    assert_eq!((refused.status, refused.header("content-disposition")), (503, ""));
    assert!(refused.text().contains("Too many exports are running."), "{}", refused.text());
    assert_eq!(admin.get(LIST).status, 200);
    drop(resting);
}
