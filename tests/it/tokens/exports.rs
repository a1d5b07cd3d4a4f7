//! Copies of the lists of accounts and of tokens.

use muster::roles::predefined;
use muster::tokens::value::Access;

use super::list::{TOKENS, named, public};
use crate::audit::export::{begun, is_idle, records, session};
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

/// The events of copies, the newest first: of what, and how.
fn copies(client: &Client) -> Vec<(String, String)> {
    let file = client.get("/settings/audit-log/export?format=csv&kind=list.exported");
    let mut found = records(&file.body).into_iter();
    let head = found.next().unwrap();
    let column = |name: &str| head.iter().position(|column| column == name).unwrap();
    found.map(|row| (row[column("target")].clone(), row[column("details")].clone())).collect()
}

#[test]
fn every_copy_of_a_list_is_an_event_with_its_filter_and_its_number() {
    let app = TestApp::start();
    let admin = app.admin();
    app.add_many(1_300);
    let role = predefined::CI_CD;
    for (list, query, title, told) in [
        (LIST, "", "System Accounts", "CSV, 1,300 rows".to_owned()),
        (LIST, "?q=bulk-0013&sort=-name&size=50", "System Accounts", "CSV, 1 row, q: bulk-0013".to_owned()),
        (
            LIST,
            &format!("?role={role}&disabled=1&q=none"),
            "System Accounts",
            format!("CSV, 0 rows, q: none, role: {role}, disabled: 1"),
        ),
        (USERS, "", "Users", "CSV, 1 row".to_owned()),
        (TOKENS, "?access=read", "Tokens", "CSV, 650 rows, access: read".to_owned()),
    ] {
        let path = format!("{list}/export{query}");
        admin.send("HEAD", &path, &[], &[]);
        let before = copies(&admin).len();
        let number = rows(&admin, &path).len();
        let after = copies(&admin);
        assert_eq!((after.len(), &after[0]), (before + 1, &(title.to_owned(), told.clone())), "{path}");
        assert!(told.contains(&muster::text::grouped(number as i64)), "{path}: {number}");
    }
    // A token that somebody pastes into the search is no more in the log than in the address.
    let value = named(&app, &app.add_account("robot"), "deploy", Access::Write);
    rows(&admin, &format!("{TOKENS}/export?q={value}"));
    let (_, told) = copies(&admin).swap_remove(0);
    assert!(told.starts_with("CSV, 1 row, q: mstw_") && !told.contains(&value[18..]), "{told}");
    // It is told on the log's page and on the person's, and whoever is refused a copy has taken none.
    let page = admin.get("/settings/audit-log?kind=list.exported").text();
    assert!(page.contains("Exported list") && page.contains("CSV, 650 rows, access: read"), "{page}");
    let before = copies(&admin).len();
    assert_eq!(app.viewer().get(&format!("{TOKENS}/export")).status, 403);
    assert_eq!(copies(&admin).len(), before);
}

#[test]
fn readers_that_read_nothing_stop_nobody() {
    let app = TestApp::start();
    let admin = app.admin();
    app.add_many(6_000);
    let long = "x".repeat(2_000);
    app.write(|conn| {
        let mut sql = muster::database::sql::Sql::new("UPDATE accounts SET description = ");
        sql.bind(long).push(" WHERE kind = 'system'");
        sql.execute(conn)
    });
    let cookie = session(&app);
    let most = muster::web::exports::MOST;
    // The first are of the long list; where they are is room for no other, of whatever kind.
    let paths = |at: usize| match at % 4 {
        _ if at < most => format!("{LIST}/export"),
        0 => format!("{LIST}/export?q=bulk"),
        1 => format!("{TOKENS}/export"),
        2 => format!("{USERS}/export"),
        _ => "/settings/audit-log/export?format=csv".to_owned(),
    };
    let resting: Vec<_> = (0..20).map(|at| begun(&app.url, &paths(at), &cookie)).collect();
    let statuses: Vec<&str> = resting.iter().map(|(_, status)| status.as_str()).collect();
    assert_eq!(
        (&statuses[..most], statuses[most..].iter().all(|status| *status == "503")),
        (&["200"; 3][..], true),
        "{statuses:?}"
    );
    let refused = admin.get(&format!("{TOKENS}/export"));
    assert_eq!((refused.status, refused.header("content-disposition")), (503, ""));
    assert!(refused.text().contains("Too many exports are running."), "{}", refused.text());
    // No connection is held by them, so everything else goes on.
    is_idle(&app);
    let value = named(&app, &app.add_account("robot"), "deploy", Access::Write);
    assert_eq!((app.verify(&value).status, admin.get(LIST).status), (200, 200));
    app.user("Newly Here", &[]);
    drop(resting);
}
