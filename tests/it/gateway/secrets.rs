//! No secret is in a log, whatever the level, nor readable in the database.

use muster::tokens::value::{Access, TokenValue};

use crate::support::app::{Client, PASSWORD};
use crate::support::engine::{Engine, TestDatabase};
use crate::support::process::Process;
use crate::support::snapshot::lines;

const LIST: &str = "/settings/system-accounts";

fn cookie(answer: &crate::support::app::Answer) -> String {
    let set = answer.header("set-cookie");
    set.split("muster_session=").nth(1).unwrap().split(';').next().unwrap().to_owned()
}

#[test]
fn no_secret_is_in_a_log_or_in_the_database() {
    let home = TestDatabase::fresh(|url| {
        muster::database::migrations::migrate(&url.parse().unwrap()).unwrap();
    });
    let process = Process::serve(home.url(), &[("MUSTER_LOG", "trace"), ("MUSTER_ACTIVITY_INTERVAL", "1")]);
    let visitor = Client::new(&process.url);
    let link = process.setup_link.clone().unwrap();
    let setup_key = link.rsplit('/').next().unwrap().to_owned();
    let wrong_password = "not the right password";
    let second_password = "another horse battery";
    let fields = [("name", "Maya"), ("email", "maya@example.test"), ("password", PASSWORD), ("password_again", PASSWORD)];
    assert_eq!(visitor.get(&link).status, 200);
    let set_up = visitor.post(&link, &fields);
    assert_eq!(set_up.status, 303, "{}", set_up.text());
    let first_cookie = cookie(&set_up);
    assert_eq!(visitor.post("/logout", &[]).status, 303);
    // The password in the wrong field, a wrong password, and the right one.
    let sign_in = |email: &str, password: &str| visitor.post("/login", &[("email", email), ("password", password)]);
    assert_eq!(sign_in(PASSWORD, PASSWORD).status, 422);
    assert_eq!(sign_in("maya@example.test", wrong_password).status, 422);
    let signed_in = sign_in("maya@example.test", PASSWORD);
    assert_eq!(signed_in.status, 303);
    let second_cookie = cookie(&signed_in);
    let change = [("current", PASSWORD), ("password", second_password), ("password_again", second_password)];
    assert_eq!(visitor.post("/profile/password", &change).status, 303);
    // Tokens: one that comes with an account, one made, one regenerated.
    let rule = regex::Regex::new("mst[rw]_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}").unwrap();
    let value = |page: &crate::support::app::Answer| rule.find(&page.body).unwrap().as_str().to_owned();
    let created = visitor.post_and_follow(LIST, &[("name", "robot"), ("token", "rw-90")]);
    assert_eq!(created.status, 200, "{}", created.text());
    let first = value(&created);
    let id = regex::Regex::new("system-accounts/([0-9a-f-]{36})").unwrap();
    let id = id.captures(&created.body).unwrap()[1].to_owned();
    let fields = [("name", "deploy"), ("access", "read"), ("expires", "30")];
    let second = value(&visitor.post_and_follow(&format!("{LIST}/{id}/tokens"), &fields));
    let public = |token: &str| token.split('_').nth(1).unwrap().to_owned();
    let regeneration = format!("{LIST}/{id}/tokens/{}/regeneration", public(&second));
    let third = value(&visitor.post_and_follow(&regeneration, &[("overlap", "1h")]));
    // One-time links, made and opened.
    let link = |page: crate::support::app::Answer| {
        let key = regex::Regex::new("/set-password/([0-9a-f]{64})").unwrap();
        key.captures(&page.body).unwrap()[1].to_owned()
    };
    let users = "/settings/users";
    let invitation = link(visitor.post_and_follow(&format!("{users}/invite"), &[("addresses", "bo@example.test")]));
    let stranger = Client::new(&process.url);
    assert_eq!(stranger.get(&format!("/set-password/{invitation}")).status, 200);
    let fields = [("name", "Bo"), ("password", PASSWORD), ("password_again", PASSWORD)];
    assert_eq!(stranger.post(&format!("/set-password/{invitation}"), &fields).status, 303);
    let bo = regex::Regex::new("users/([0-9a-f-]{36})").unwrap();
    let bo = bo.captures(&visitor.get(&format!("{users}?q=bo")).body).unwrap()[1].to_owned();
    let reset = link(visitor.post_and_follow(&format!("{users}/{bo}/password-link"), &[]));
    let made_up = TokenValue::generate(Access::Write).unwrap().expose().to_owned();
    let mut broken = first.clone();
    broken.replace_range(30..31, if &first[30..31] == "A" { "B" } else { "A" });
    let verify = |header: &str| visitor.get_with("/auth/verify", &[("Authorization", header)]).status;
    for token in [&first, &second, &third] {
        assert_eq!(verify(&format!("Bearer {token}")), 200);
    }
    let basic = {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(format!("{id}:{first}"))
    };
    assert_eq!(verify(&format!("Basic {basic}")), 200);
    assert_eq!(verify(&format!("Bearer {made_up}")), 401);
    assert_eq!(verify(&format!("Bearer {broken}")), 401);
    assert_eq!(verify(&first), 401, "without a scheme");
    assert_eq!(verify(&format!("Token {first}")), 401, "under a wrong scheme");
    // A token in the wrong place.
    assert_eq!(visitor.get(&format!("/auth/verify?require={first}")).status, 401);
    assert_eq!(
        visitor.get_with(&format!("/auth/verify?token={second}"), &[("Authorization", &format!("Bearer {first}"))]).status,
        403
    );
    assert_eq!(visitor.get(&format!("/nothing/{third}")).status, 404);
    // Pasted, too much of it, in an address, and as a search that is exported.
    let find = "/settings/tokens/find";
    assert_eq!(visitor.post(find, &[("text", &format!("{first} {made_up}"))]).status, 303);
    assert_eq!(visitor.post(find, &[("text", &format!("{}{second}", "x ".repeat(600_000)))]).status, 413);
    assert_eq!(visitor.get(&format!("{find}?text={third}")).status, 200);
    for list in [LIST, "/settings/users", "/settings/tokens"] {
        assert_eq!(visitor.get(&format!("{list}/export?q={third}")).status, 200, "{list}");
    }
    let output = process.stop_and_read();
    assert!(output.contains("POST /setup/{key}"), "the log was on: {output}");
    let log: String = output.lines().filter(|line| !line.starts_with("Open ")).collect::<Vec<_>>().join("\n");
    let secret_of = |token: &str| token.split('_').nth(2).unwrap()[..43].to_owned();
    let (master, hash) = {
        let mut conn = muster::database::manager::open(&home.url().parse().unwrap()).unwrap();
        let master = lines(&mut conn, "SELECT value AS line FROM settings WHERE name = 'session_key'").remove(0);
        let hash = lines(&mut conn, "SELECT password_hash AS line FROM accounts WHERE kind = 'user'").remove(0);
        (master, hash)
    };
    let percent = |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    let plus = |text: &str| text.replace(' ', "+");
    let mut secrets = vec![
        ("set-up key".to_owned(), setup_key),
        ("session cookie".into(), first_cookie),
        ("second session cookie".into(), second_cookie.clone()),
        ("the Basic header".into(), basic),
        ("link of an invitation".into(), invitation[54..].to_owned()),
        ("link for a password".into(), reset[54..].to_owned()),
    ];
    // The signed value: signature and key.
    let decoded = percent_encoding::percent_decode_str(&second_cookie).decode_utf8().unwrap().into_owned();
    secrets.push(("session key".into(), decoded.chars().rev().take(64).collect::<Vec<_>>().into_iter().rev().collect()));
    secrets.push(("session key, decoded".into(), decoded));
    for password in [PASSWORD, wrong_password, second_password] {
        secrets.push((format!("password {password}"), password.to_owned()));
        secrets.push((format!("password {password}, encoded"), percent(password)));
        secrets.push((format!("password {password}, as a form has it"), plus(password)));
    }
    for (what, token) in [("first", &first), ("second", &second), ("third", &third), ("made-up", &made_up), ("broken", &broken)] {
        secrets.push((format!("secret of the {what} token"), secret_of(token)));
    }
    let mut found: Vec<String> = Vec::new();
    let in_log_only = [("key that signs cookies".to_owned(), master), ("hash of the password".into(), hash)];
    for (what, secret) in secrets.iter().chain(&in_log_only) {
        if let Some(line) = log.lines().find(|line| line.contains(secret.as_str())) {
            found.push(format!("{what} in the log: {}", line.chars().take(300).collect::<String>()));
        }
    }
    for (what, secret) in &secrets {
        if in_database(&home, secret) {
            found.push(format!("{what} in the database"));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Whether a text is anywhere in the database: in its files, or in any row of any table.
fn in_database(home: &TestDatabase, text: &str) -> bool {
    match Engine::current() {
        Engine::Sqlite => {
            let file = home.url().strip_prefix("sqlite:").unwrap();
            ["", "-wal"].iter().any(|end| {
                let bytes = std::fs::read(format!("{file}{end}")).unwrap_or_default();
                bytes.windows(text.len()).any(|window| window == text.as_bytes())
            })
        }
        Engine::Postgres => {
            let mut conn = muster::database::manager::open(&home.url().parse().unwrap()).unwrap();
            let tables =
                lines(&mut conn, "SELECT table_name::text AS line FROM information_schema.tables WHERE table_schema = 'public'");
            assert!(tables.len() > 10);
            tables.iter().any(|table| {
                lines(&mut conn, &format!("SELECT t::text AS line FROM {table} t")).iter().any(|row| row.contains(text))
            })
        }
    }
}
