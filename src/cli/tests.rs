use chrono::TimeDelta;

use super::system_account::SystemAccountCommand;
use super::token::{Lifetime, TokenCommand};
use super::user::UserCommand;
use super::*;
use crate::gateway::recipes::Gateway;
use crate::tokens::value::Access;

fn read(line: &str) -> Result<Invocation, String> {
    Invocation::read(line.split(' ')).map_err(|error| error.to_string())
}

fn server(line: &str) -> Config {
    match read(line) {
        Ok(Invocation::Serve(config)) => config,
        other => panic!("{line}: {other:?}"),
    }
}

fn command(line: &str) -> Command {
    match read(line) {
        Ok(Invocation::Run(command, _)) => command,
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn the_command_tree_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn serving_is_the_default() {
    for line in ["muster --listen 127.0.0.1:9", "muster serve --listen 127.0.0.1:9"] {
        let config = server(line);
        assert_eq!((config.listen.port(), config.demo), (9, false));
    }
    for line in ["muster --demo", "muster serve --demo"] {
        assert!(server(line).demo);
    }
}

#[test]
fn the_database_stands_anywhere() {
    for line in [
        "muster --database-url postgres://h/d",
        "muster serve --database-url postgres://h/d",
        "muster --database-url postgres://h/d migrate",
        "muster migrate --database-url postgres://h/d",
        "muster token revoke abc --database-url postgres://h/d",
        "muster user add --email a@b.example --name A --database-url postgres://h/d",
    ] {
        let (Invocation::Serve(config) | Invocation::Run(_, config)) = read(line).unwrap();
        assert_eq!(config.database_url, DatabaseUrl::Postgres("postgres://h/d".to_owned()), "{line}");
    }
    for line in ["muster migrate --database-url mysql://u:secret@h/d", "muster --database-url mysql://u:secret@h/d"] {
        let refused = read(line).unwrap_err();
        assert!(refused.contains("--database-url") && !refused.contains("secret"), "{refused}");
    }
    assert!(!format!("{:?}", read("muster --database-url postgres://u:secret@h/d")).contains("secret"));
}

#[test]
fn a_flag_before_the_command_is_not_lost() {
    let refused = read("muster --listen 127.0.0.1:9 serve").unwrap_err();
    assert!(refused.contains("muster serve --listen"), "{refused}");
    assert!(read("muster --demo migrate").unwrap_err().contains("--demo"));
    for line in ["muster --demo --database-url a.db", "muster serve --demo --database-url a.db"] {
        assert!(read(line).err().unwrap_or_default().contains("temporary database"), "{line}");
    }
}

#[test]
fn users_are_added() {
    let line = "muster user add --email a@b.example --name Ada --admin --role Read-Only --role Viewer --password-stdin";
    let Command::User(UserCommand::Add(user)) = command(line) else { panic!() };
    assert_eq!((user.email.as_str(), user.name.as_str()), ("a@b.example", "Ada"));
    assert!(user.admin && user.password_stdin);
    assert_eq!(user.roles, ["Read-Only", "Viewer"]);
    assert!(read("muster user add --name Ada").unwrap_err().contains("--email"));
    assert!(read("muster user").is_err());
}

#[test]
fn system_accounts_are_added() {
    let line = "muster system-account add --name ci --description Builds --role CI/CD";
    let Command::SystemAccount(SystemAccountCommand::Add(account)) = command(line) else { panic!() };
    assert_eq!((account.name.as_str(), account.description.as_deref()), ("ci", Some("Builds")));
    assert_eq!(account.roles, ["CI/CD"]);
}

#[test]
fn tokens_are_added_and_revoked() {
    let line = "muster token add --account ci --name deploy --access write --expires-in 90d";
    let Command::Token(TokenCommand::Add(token)) = command(line) else { panic!() };
    assert_eq!((token.account.as_str(), token.name.as_str(), token.access), ("ci", "deploy", Access::Write));
    assert_eq!(token.expires_in, Some(Lifetime::For(TimeDelta::days(90))));
    let Command::Token(TokenCommand::Add(token)) =
        command("muster token add --account ci --name x --access read --expires-in never")
    else {
        panic!()
    };
    assert_eq!(token.expires_in, Some(Lifetime::Never));
    assert!(read("muster token add --account ci --name x --access admin").unwrap_err().contains("read or write"));
    assert!(read("muster token add --account ci --name x --access read --expires-in 90").unwrap_err().contains("--expires-in"));
    let Command::Token(TokenCommand::Revoke(token)) = command("muster token revoke 0123456789AB") else { panic!() };
    assert_eq!(token.id, "0123456789AB");
}

#[test]
fn the_doctor_is_asked_for() {
    let line = "muster doctor https://api.example.org/ --echo-path /echo?x=1 --gateway nginx --role Viewer";
    let Command::Doctor(doctor) = command(line) else { panic!() };
    assert_eq!((doctor.url.as_str(), doctor.echo_path.as_str()), ("https://api.example.org", "/echo?x=1"));
    assert_eq!((doctor.gateway, doctor.roles), (Some(Gateway::Nginx), vec!["Viewer".to_owned()]));
    for wrong in ["api.example.org", "ftp://a", "https://", "https://u:p@a", "https://a?b"] {
        assert!(read(&format!("muster doctor {wrong} --echo-path /echo")).unwrap_err().contains("http://"), "{wrong}");
    }
    assert!(read("muster doctor https://a").unwrap_err().contains("--echo-path"));
    assert!(read("muster doctor https://a --echo-path echo").unwrap_err().contains("slash"));
    assert!(read("muster doctor https://a --echo-path /e --role a --account b").is_err());
}

#[test]
fn help_names_every_variable_and_no_secret() {
    let help = read("muster serve --help").unwrap_err();
    for variable in [
        "MUSTER_LISTEN",
        "DATABASE_URL",
        "MUSTER_PUBLIC_URL",
        "MUSTER_ORGANISATION",
        "MUSTER_PLAN_NAME",
        "MUSTER_PLAN_LIMIT",
        "MUSTER_POLICY_LINK",
        "MUSTER_MAX_TOKEN_LIFETIME",
        "MUSTER_TRUSTED_PROXIES",
        "MUSTER_WORKERS",
        "MUSTER_ACTIVITY_INTERVAL",
        "MUSTER_REFUSAL_LIMIT",
        "MUSTER_METRICS_LISTEN",
        "MUSTER_LOG",
    ] {
        assert!(help.contains(variable), "{variable}");
    }
}

#[test]
fn one_thing_is_named_by_the_words_after_the_verb() {
    for line in [
        "muster user list",
        "muster user disable ida@example.org",
        "muster user enable ida@example.org",
        "muster user reset-password ida@example.org",
        "muster user set-roles ida@example.org --role User --role Viewer",
        "muster system-account list",
        "muster system-account disable ci",
        "muster system-account enable ci",
        "muster system-account delete ci",
        "muster team add --name Platform",
        "muster team list",
        "muster role add --name Refunds --permission payments:refund --permission team:read:*",
        "muster role list",
    ] {
        assert!(read(line).is_ok(), "{line}");
    }
    for line in
        ["muster user disable", "muster user set-roles ida@example.org", "muster system-account delete", "muster team add"]
    {
        assert!(read(line).is_err(), "{line}");
    }
}

#[test]
fn every_command_says_what_it_does() {
    fn walk(command: &clap::Command) {
        for one in command.get_subcommands() {
            assert!(one.get_about().is_some(), "{}", one.get_name());
            walk(one);
        }
    }
    walk(&Cli::command());
}
