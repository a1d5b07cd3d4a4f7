//! The commands, each in a process of its own.

use std::path::Path;
use std::process::{Command, Output};

use muster::accounts::model::Kind;
use muster::auth;

use crate::support::app::{PASSWORD, TestApp};

mod machines;

fn muster(database: &str, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_muster")).args(arguments).env("DATABASE_URL", database).output().unwrap()
}

fn out(output: &Output) -> String {
    assert!(output.status.success(), "{}", err(output));
    String::from_utf8(output.stdout.clone()).unwrap().trim().to_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap().trim().to_owned()
}

fn said(app: &TestApp, arguments: &[&str]) -> String {
    out(&muster(&app.database_url, arguments))
}

fn refused(app: &TestApp, arguments: &[&str]) -> String {
    let output = muster(&app.database_url, arguments);
    assert!(!output.status.success() && output.stdout.is_empty(), "{arguments:?}");
    err(&output)
}

fn events(app: &TestApp, verb: &str) -> i64 {
    use diesel::prelude::*;
    use muster::schema::audit_events;
    app.read(|conn| Ok(audit_events::table.filter(audit_events::event_type.eq(verb)).count().get_result(conn)?))
}

#[test]
fn users_are_managed() {
    let app = TestApp::start();
    app.admin();
    let (id, email) = app.add_user("Ida Holm", &[muster::roles::predefined::USER.into()]);
    let client = app.anonymous();
    assert_eq!(client.post("/login", &[("email", &email), ("password", PASSWORD)]).status, 303);
    let list = said(&app, &["user", "list"]);
    let line = list.lines().find(|line| line.contains(&email)).unwrap();
    let fields: Vec<&str> = line.split('\t').collect();
    assert_eq!((fields.len(), fields[0], fields[2], fields[4]), (6, id.as_str(), "Ida Holm", "enabled"), "{list}");

    assert_eq!(said(&app, &["user", "set-roles", &email, "--role", "Viewer"]), "Roles of Ida Holm: Viewer.");
    assert!(said(&app, &["user", "set-roles", &email, "--role", "viewer"]).starts_with("No change:"));
    assert!(refused(&app, &["user", "set-roles", &email, "--role", "Nothing"]).contains("There is no role Nothing."));

    let disabled = said(&app, &["user", "disable", &email.to_uppercase()]);
    assert_eq!(disabled, "Disabled Ida Holm and signed them out everywhere.");
    assert_eq!(client.get("/profile").status, 303);
    assert_eq!(said(&app, &["user", "disable", id.as_str()]), "No change: Ida Holm was already disabled.");
    assert!(refused(&app, &["user", "reset-password", &email]).contains("is disabled"));
    assert_eq!(said(&app, &["user", "enable", &email]), "Enabled Ida Holm.");
    assert_eq!((events(&app, "account.disabled"), events(&app, "account.enabled")), (1, 1));

    // The rules of the screens: an administrator remains.
    let maya = "maya.lindqvist@example.test";
    refused(&app, &["user", "disable", maya]);
    refused(&app, &["user", "set-roles", maya, "--role", "User"]);
    assert_eq!(refused(&app, &["user", "enable", "nobody@example.test"]), "There is no user nobody@example.test.");
    let robot = app.add_account("robot");
    assert!(refused(&app, &["user", "disable", robot.as_str()]).starts_with("There is no user"));
}

#[test]
fn a_new_link_for_a_password_ends_the_older_one_and_leads_to_the_server() {
    let app = TestApp::start();
    app.admin();
    let (_, email) = app.add_user("Ida Holm", &[]);
    let link = || {
        let line = said(&app, &["user", "reset-password", &email]);
        line.split_whitespace().find(|word| word.starts_with(&app.url)).unwrap_or_else(|| panic!("{line}")).to_owned()
    };
    let (first, second) = (link(), link());
    assert_eq!(events(&app, "password.link_created"), 2);
    let visitor = app.anonymous();
    assert_eq!([&first, &second].map(|link| visitor.get(link).status), [404, 200]);
    let new = "a fresh and longer secret";
    assert_eq!(visitor.post(&second, &[("password", new), ("password_again", new)]).status, 303);
    assert_eq!(visitor.get("/profile").status, 200);
    // A password set in the profile ends what is still open.
    let third = link();
    let fields = [("current", new), ("password", PASSWORD), ("password_again", PASSWORD)];
    assert_eq!(visitor.post("/profile/password", &fields).status, 303);
    assert_eq!(visitor.get(&third).status, 404);
}

#[test]
fn users_are_invited_as_far_as_there_are_seats() {
    let app = TestApp::start();
    app.admin();
    let limited = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_muster"));
        command.args(arguments).env("DATABASE_URL", &app.database_url).env("MUSTER_USER_LIMIT", "2").output().unwrap()
    };
    let ida = ["user", "add", "--name", "Ida Holm", "--email", "ida@example.org"];
    let invited = limited(&ida);
    let line = out(&invited);
    assert!(line.ends_with(" to set the password. The link works once and expires in 7 days."), "{line} {}", err(&invited));
    let first = line.split_whitespace().find(|word| word.starts_with(&app.url)).unwrap().to_owned();
    assert!(said(&app, &["user", "list"]).contains("\tIda Holm\tUser\tinvited\tnever"));
    for arguments in [&ida[..], &["user", "add", "--name", "Bo", "--email", "IDA@example.org."]] {
        assert_eq!(err(&limited(arguments)), "--email: Ida Holm has already been invited.");
    }
    let bo = ["user", "add", "--name", "Bo", "--email", "bo@example.org"];
    assert!(err(&limited(&bo)).contains("This installation allows 2 users, invited ones included, and all are in use."));
    // A new link for who has not come yet is a new invitation.
    let renewed = out(&limited(&["user", "reset-password", "ida@example.org"]));
    assert!(renewed.ends_with("expires in 7 days."), "{renewed}");
    let second = renewed.split_whitespace().find(|word| word.starts_with(&app.url)).unwrap();
    assert_eq!([first.as_str(), second].map(|link| app.anonymous().get(link).status), [404, 200]);
    assert!(out(&limited(&["user", "disable", "ida@example.org"])).starts_with("Disabled Ida Holm"));
    assert!(out(&limited(&bo)).contains("expires in 7 days."));
    assert!(err(&limited(&["user", "enable", "ida@example.org"])).contains("allows 2 users"));
}

#[test]
fn system_accounts_are_managed_by_name_or_uuid() {
    let app = TestApp::with_plan(2);
    let added = muster(&app.database_url, &["system-account", "add", "--name", "ci"]);
    let id = out(&added);
    assert_eq!(err(&added), "Added ci.");
    assert!(said(&app, &["system-account", "list"]).contains(&format!("{id}\tci\tCI/CD\tenabled\tnever")));
    assert_eq!(said(&app, &["system-account", "disable", "ci"]), "Disabled ci. Its tokens no longer work.");
    let token = muster(&app.database_url, &["token", "add", "--account", "ci", "--name", "deploy", "--access", "read"]);
    assert_eq!(app.verify(&out(&token)).status, 401);
    assert!(err(&token).contains("Created the token deploy for ci. It expires on ") && err(&token).contains("ci is disabled"));
    assert_eq!(said(&app, &["system-account", "disable", &id]), "No change: ci was already disabled.");
    assert_eq!(said(&app, &["system-account", "enable", &id]), "Enabled ci. Its unexpired tokens work again.");
    let value = out(&token);
    let public = value.split('_').nth(1).unwrap();
    assert_eq!(said(&app, &["token", "revoke", public]), "Revoked the token deploy of ci.");
    assert_eq!(said(&app, &["system-account", "delete", "ci"]), "Deleted ci and its tokens.");
    assert_eq!(refused(&app, &["system-account", "delete", "ci"]), "There is no system account ci.");
    assert_eq!(refused(&app, &["system-account", "enable", &id]), format!("There is no system account {id}."));
}

#[test]
fn teams_and_roles_are_added_once() {
    let app = TestApp::start();
    let team = said(&app, &["team", "add", "--name", " Platform "]);
    assert!(said(&app, &["team", "list"]).contains(&format!("{team}\tPlatform\t0\t0")));
    for name in ["PLATFORM", "", "a\nb"] {
        assert!(refused(&app, &["team", "add", "--name", name]).starts_with("--name: "), "{name}");
    }
    let refunds = ["role", "add", "--name", "Refunds", "--permission", "payments:refund", "--permission", "team:read:*"];
    let role = said(&app, &refunds);
    assert!(said(&app, &["role", "list"]).contains(&format!("{role}\tRefunds\t0\t0\tpayments:refund team:read:*")));
    assert_eq!(refused(&app, &["role", "add", "--name", "refunds"]), "--name: A role already has this name.");
    assert_eq!(refused(&app, &["role", "add", "--name", "viewer"]), "--name: A role already has this name.");
    assert!(refused(&app, &["role", "add", "--name", "x", "--permission", "nonsense"]).starts_with("--permission: "));
    assert_eq!((events(&app, "team.created"), events(&app, "role.created")), (1, 1));
    let account = said(&app, &["system-account", "add", "--name", "shop", "--role", "Refunds"]);
    assert!(said(&app, &["system-account", "list"]).contains(&format!("{account}\tshop\tRefunds")));
}

#[test]
fn a_token_has_the_lifetime_of_the_browsers_form() {
    let app = TestApp::start();
    app.add_account("ci");
    let expiry = |more: &[&str], maximum: &str| {
        let add = ["token", "add", "--account", "ci", "--name", "x", "--access", "read"];
        let mut command = Command::new(env!("CARGO_BIN_EXE_muster"));
        command.args(add).args(more).env("DATABASE_URL", &app.database_url).env("MUSTER_MAX_TOKEN_LIFETIME", maximum);
        let output = command.output().unwrap();
        out(&output);
        err(&output)
    };
    let day = |days: i64| (muster::clock::now() + chrono::TimeDelta::days(days)).format("%-d %b %Y").to_string();
    let (today, later) = (day(0), day(90));
    assert!(expiry(&[], "").contains(&later) || expiry(&[], "").contains(&day(90)));
    let short = expiry(&[], "30m");
    assert!(short.contains(&today) || short.contains(&day(0)), "{short}");
    assert!(expiry(&["--expires-in", "never"], "").contains("It never expires."));
}

#[test]
fn only_some_commands_make_a_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new.db");
    let url = format!("sqlite:{}", path.display());
    for arguments in [
        &["system-account", "add", "--name", "ci"][..],
        &["system-account", "list"],
        &["user", "list"],
        &["user", "reset-password", "a@b.example"],
        &["token", "revoke", "0123456789AB"],
        &["team", "add", "--name", "x"],
        &["role", "list"],
        &["doctor", "http://127.0.0.1:9", "--echo-path", "/echo"],
    ] {
        let output = muster(&url, arguments);
        assert!(!output.status.success(), "{arguments:?}");
        assert!(err(&output).starts_with("There is no database ") && !path.exists(), "{arguments:?}: {}", err(&output));
    }
    // Nor does a user whose password is refused.
    let short = with_password(&url, &[], "short\n");
    assert!(err(&short).contains("The password must have at least 12 characters."), "{}", err(&short));
    assert!(!path.exists());
    let migrated = muster(&url, &["migrate"]);
    assert!(out(&migrated).contains("Ran migration") && err(&migrated).starts_with("Created a new database, "));
}

fn with_password(url: &str, variables: &[(&str, &str)], typed: &str) -> Output {
    use std::io::Write;
    let mut child = Command::new(env!("CARGO_BIN_EXE_muster"))
        .args(["user", "add", "--email", "ida@example.org", "--name", "Ida", "--admin", "--password-stdin"])
        .env("DATABASE_URL", url)
        .envs(variables.iter().copied())
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn a_reader_that_has_read_enough_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("muster.db").display());
    assert!(muster(&url, &["migrate"]).status.success());
    for number in 0..3 {
        assert!(muster(&url, &["system-account", "add", "--name", &format!("robot {number}")]).status.success());
    }
    let mut child = Command::new(env!("CARGO_BIN_EXE_muster"))
        .args(["system-account", "list"])
        .env("DATABASE_URL", &url)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // As `head -0` does.
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert!(ended.status.success() && err(&ended).is_empty(), "{}: {}", ended.status, err(&ended));
}

fn verified(path: &Path, password: &str) -> bool {
    let url = format!("sqlite:{}", path.display()).parse().unwrap();
    let database = muster::database::Database::connect(url, 1).unwrap();
    let login = database.read_now(|conn| auth::queries::login(conn, "ida@example.org")).unwrap().unwrap();
    auth::password::verify(password, login.password_hash.as_deref())
}

#[test]
fn a_password_from_standard_input_is_what_was_typed() {
    for typed in ["\u{feff}correct horse battery\r\n", "correct horse battery\nmore\n", "correct horse battery"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("muster.db");
        let added = with_password(&format!("sqlite:{}", path.display()), &[("MUSTER_LISTEN", "127.0.0.1:4711")], typed);
        assert_eq!(out(&added), "Added ida@example.org. Sign in at http://127.0.0.1:4711/login");
        assert!(verified(&path, "correct horse battery"), "{typed:?}");
    }
}

#[test]
fn an_empty_variable_is_not_set() {
    let folder = tempfile::tempdir().unwrap();
    let empty = ["LISTEN", "PUBLIC_URL", "PLAN_LIMIT", "TRUSTED_PROXIES", "LOG", "WORKERS", "MAX_TOKEN_LIFETIME", "ORGANISATION"];
    let mut command = Command::new(env!("CARGO_BIN_EXE_muster"));
    command.args(["migrate"]).current_dir(folder.path()).env("DATABASE_URL", "").env("RUST_LOG", "");
    for name in empty {
        command.env(format!("MUSTER_{name}"), "");
    }
    let output = command.output().unwrap();
    assert!(out(&output).contains("Ran migration"));
    assert!(folder.path().join("muster.db").exists());
    // A wrong one is still refused.
    let wrong = Command::new(env!("CARGO_BIN_EXE_muster")).arg("migrate").env("MUSTER_PLAN_LIMIT", "many").output().unwrap();
    assert_eq!(wrong.status.code(), Some(2));
}

#[test]
fn nobody_is_left_without_a_way_in() {
    let fresh = TestApp::start();
    let visitor = fresh.anonymous();
    for path in ["/", "/settings/system-accounts", "/profile"] {
        let to = visitor.get(path);
        assert_eq!(to.status, 303, "{path}");
        let page = visitor.get(to.location());
        assert!(page.text().contains("waiting for its first administrator"), "{}", page.text());
        assert!(!page.body.contains("/setup/") && !page.body.contains("type=\"password\""), "the link itself stays where it is");
    }
    fresh.admin();
    assert!(fresh.anonymous().get("/login").body.contains("type=\"password\""));
    assert_eq!(fresh.read(|conn| Ok(muster::accounts::queries::totals(conn, Kind::User)?.0)), 1);
}
