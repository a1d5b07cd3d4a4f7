//! What brings many machines in from a shell, and shows their tokens.

use super::{events, refused, said};
use crate::support::app::TestApp;

#[test]
fn a_system_account_comes_with_its_teams_and_its_owner() {
    let app = TestApp::start();
    app.admin();
    let (_, email) = app.add_user("Ida Holm", &[]);
    let (blue, red) = (said(&app, &["team", "add", "--name", "Blue"]), said(&app, &["team", "add", "--name", "Red"]));
    let before = events(&app, "account.created");
    let add = ["system-account", "add", "--name", "ci", "--team", "BLUE", "--team", &red, "--owner", &email];
    let id = said(&app, &add);
    let owner = "SELECT o.name || ' ' || a.name AS line FROM accounts a JOIN accounts o ON o.id = a.owner_id";
    let lines = |sql: &str| app.read(|conn| Ok(crate::support::snapshot::lines(conn, sql)));
    assert_eq!(lines(owner), ["Ida Holm ci"]);
    let list = said(&app, &["team", "list"]);
    assert!(list.contains(&format!("{blue}\tBlue\t0\t1")) && list.contains(&format!("{red}\tRed\t0\t1")), "{list}");
    assert_eq!((events(&app, "account.created"), events(&app, "account.owner_changed")), (before + 1, 1));
    // Nothing of it where something is wrong.
    for (more, sentence) in [
        (["--team", "Green"], "--team: There is no team Green."),
        (["--team", &id], "--team: "),
        (["--owner", "nobody@example.test"], "--owner: No enabled user is called nobody@example.test."),
        (["--owner", &id], "--owner: No enabled user is called"),
    ] {
        let words = [&["system-account", "add", "--name", "other"][..], &more].concat();
        assert!(refused(&app, &words).starts_with(sentence), "{more:?}: {}", refused(&app, &words));
    }
    assert_eq!(app.totals(), (1, 0));
}

#[test]
fn tokens_are_listed_as_on_their_page() {
    let app = TestApp::start();
    app.add_account("ci");
    let add = |name: &str, access: &str, expires: &str| {
        said(&app, &["token", "add", "--account", "ci", "--name", name, "--access", access, "--expires-in", expires])
    };
    let (first, second, third) = (add("deploy", "write", "never"), add("look", "read", "90d"), add("gone", "read", "1d"));
    said(&app, &["token", "revoke", &third[5..17]]);
    let other = app.add_account("off");
    app.add_token(&other, muster::tokens::value::Access::Read);
    said(&app, &["system-account", "disable", "off"]);
    let list = said(&app, &["token", "list"]);
    let rows: Vec<Vec<&str>> = list.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(rows[0], ["PREFIX", "NAME", "ACCOUNT", "ACCESS", "STATE", "EXPIRES", "LAST USED", "CREATED", "CREATED BY"]);
    assert_eq!(rows.len(), 4, "{list}");
    let of = |name: &str| rows.iter().find(|row| row[1] == name).unwrap_or_else(|| panic!("no {name}: {list}"));
    let deploy = of("deploy");
    assert_eq!((deploy[0], &deploy[2..7]), (&first[..17], &["ci", "write", "active", "never", "never"][..]));
    assert_eq!((of("look")[0], of("look")[3], of("look")[8]), (&second[..17], "read", "Command line"));
    assert_eq!((of("test token")[2], of("test token")[4]), ("off", "account disabled"));
    assert!(rows.iter().flatten().all(|field| !field.is_empty()) && !list.contains(&first), "{list}");
}
