//! Tokens again, by other ways: other texts around them, bytes that are no text, other doors for a wrong secret, other searches.

use std::io::{Read, Write};
use std::net::TcpStream;

use muster::roles::predefined;
use muster::tokens::value::{Access, TokenValue};
use serde_json::json;

use super::list::{TOKENS, public, revoke};
use crate::api::Caller;
use crate::audit::export::session;
use crate::pages::html::{LIST, at, names, values};
use crate::support::app::{Answer, Client, TestApp};
use crate::support::snapshot::{assert_unchanged, snapshot};

const USERS: &str = "/settings/users";

fn paste(client: &Client, text: &str) -> Answer {
    let headers = [("Sec-Fetch-Site", "same-origin"), ("Content-Type", "text/plain")];
    let answer = client.send_body("POST", &format!("{TOKENS}/find"), &headers, &format!("text={text}"));
    if answer.status == 303 { client.get(answer.location()) } else { answer }
}

// 6.1: in a link, in JSON, in code, one directly after another, at both ends, and with what an editor puts before a text.
#[test]
fn a_token_is_found_whatever_stands_around_it() {
    let app = TestApp::start();
    let admin = app.admin();
    let id = app.add_account("robot");
    let [one, two] = [(); 2].map(|()| app.add_token(&id, Access::Write));
    for text in [
        format!("https://x:{one}@api.example/v1?token={two}&x=1#y"),
        format!("{{\"a\":\"{one}\",\"b\":[\"{two}\"]}}"),
        format!("{one}{two}"),
        format!("{one}\u{0}{two}"),
        format!("\u{feff}{one}\r\n{two}"),
        format!("export A='{one}';B=\\\"{two}\\\""),
        format!("<{one}>,({two})..."),
        format!("mstw_mstw_{one} mstr_{two}"),
        format!("é{one}é日本{two}語"),
        format!("{}\n{one}\n{}{two}", "mstw_".repeat(1_000), "mstr_".repeat(13_000)),
    ] {
        let found = paste(&admin, &text);
        assert_eq!(found.status, 200, "{text:.80}: {}", found.text());
        let mut ids = values(&found, "id");
        ids.sort();
        let mut expected = [public(&one).to_owned(), public(&two).to_owned()];
        expected.sort();
        assert_eq!(ids, expected, "{text:.80}");
    }
}

// 6.3: an id with another secret, wherever a token is taken.
#[test]
fn a_wrong_secret_is_as_good_as_none_by_every_door() {
    let app = TestApp::start();
    let admin = app.admin();
    let id = app.add_account_with("robot", &[predefined::ADMINISTRATOR.into()]);
    let value = app.add_token(&id, Access::Write);
    let made_up = super::pasted::with_other_secret(&value);
    let strange = TokenValue::generate(Access::Write).unwrap().expose().to_owned();
    let asker = format!("Bearer {}", Caller::administrator(&app).token);
    let before = snapshot(&app);
    let answers = |token: &str| -> Vec<(u16, String)> {
        let bearer = format!("Bearer {token}");
        let own = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        let mut found: Vec<(u16, String)> = Vec::new();
        for (method, path) in [
            ("GET", "/auth/verify"),
            ("GET", "/user"),
            ("DELETE", "/tokens/current"),
            ("POST", "/tokens/current/regenerate"),
            ("GET", "/settings/tokens"),
        ] {
            let answer = app.anonymous().send_body(method, path, &own, "");
            found.push((answer.status, answer.header("www-authenticate").to_owned()));
        }
        let asked = json!({ "subject": { "type": "token", "id": token }, "action": { "name": "read" }, "resource": { "type": "record", "id": "1" } });
        let asks = [("Authorization", asker.as_str()), ("Content-Type", "application/json")];
        let answer = app.anonymous().send_body("POST", "/access/v1/evaluation", &asks, &asked.to_string());
        found.push((answer.status, answer.body));
        found
    };
    assert_eq!(answers(&made_up), answers(&strange));
    assert_unchanged(&app, &before, "a wrong secret");
    assert_eq!(app.verify(&value).status, 200);
    // Of several in a text only those that are whole are revoked.
    let other = app.add_token(&id, Access::Read);
    let page = paste(&admin, &format!("{made_up} {other} {}", &value[..40]));
    assert_eq!(values(&page, "id"), [public(&other)]);
    revoke(&admin, &page);
    assert_eq!([&value, &other].map(|value| app.verify(value).status), [200, 401]);
}

// 6.4: bytes that are no text, and a body that is cut off or says that it is longer than it is.
#[test]
fn bytes_that_are_no_text_are_looked_through_and_repeated_nowhere() {
    let app = TestApp::start();
    let id = app.add_account("robot");
    let value = app.add_token(&id, Access::Write);
    let cookie = session(&app);
    let host = app.url.strip_prefix("http://").unwrap().to_owned();
    let send = |body: &[u8], length: usize, kind: &str| {
        let mut socket = TcpStream::connect(&host).unwrap();
        write!(
            socket,
            "POST {TOKENS}/find HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\nSec-Fetch-Site: same-origin\r\nContent-Type: {kind}\r\n\
             Content-Length: {length}\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let _ = socket.write_all(body);
        let _ = socket.shutdown(std::net::Shutdown::Write);
        let mut answer = Vec::new();
        let _ = socket.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    };
    let mut body = b"text=\xff\xfe\x80the-rest\xc3\x28 ".to_vec();
    body.extend(value.as_bytes());
    body.extend(b"\xf0\x28\x8c\x28\r\n");
    for kind in ["text/plain", "application/octet-stream", "text/plain; charset=iso-8859-1"] {
        let answer = send(&body, body.len(), kind);
        assert!(answer.starts_with("HTTP/1.1 303"), "{kind}: {answer}");
        assert!(!answer.contains("the-rest") && !answer.contains(&value[18..]), "{answer}");
    }
    let cut = send(&body, body.len() + 100, "text/plain");
    assert!(!cut.contains("the-rest") && !cut.contains(&value[18..]) && !cut.starts_with("HTTP/1.1 5"), "{cut}");
    assert_eq!(app.verify(&value).status, 200);
}

// 6.5: by the lists of accounts, their copies, the API and the log, for those who may not see the token.
#[test]
fn no_search_tells_a_foreign_token_from_one_that_nobody_has() {
    let app = TestApp::start();
    app.admin();
    let id = app.add_account("payments deploy");
    let value = app.add_token(&id, Access::Write);
    let (known, nobody) = (public(&value).to_owned(), "AbCdEfGhIjKl".to_owned());
    let keeps = app.add_role("Keeper", &["system_account:manage:team", "system_account:read:*"]);
    let readers = [
        app.viewer(),
        app.user("Rae Reader", &[predefined::READ_ONLY.into()]),
        app.user("Kim Keeper", &[keeps]),
        app.user("Pia People", &[app.add_role("People", &["user:manage:*", "system_account:read:*", "audit:read:*"])]),
    ];
    for reader in &readers {
        for path in [
            format!("{LIST}?q="),
            format!("{LIST}?q=mstw_"),
            format!("{LIST}/export?q="),
            format!("{USERS}?q="),
            format!("{TOKENS}?q="),
            format!("{TOKENS}/export?q="),
        ] {
            let [of_it, of_none] = [&known, &nobody].map(|id| {
                let answer = reader.get(&format!("{path}{id}"));
                (answer.status, answer.text().replace(id, "…").split("Request ID").next().unwrap().to_owned())
            });
            assert_eq!(of_it, of_none, "{path}");
        }
        assert!(names(&reader.get(&format!("{LIST}?q={known}"))).is_empty());
        // Its own address below its account.
        for door in ["regeneration", "revocation", "finish"] {
            let [of_it, of_none] = [&known, &nobody].map(|token| {
                let answer = reader.post(&at(&id, &format!("/tokens/{token}/{door}")), &[("overlap", "0")]);
                (answer.status, answer.text().replace(token.as_str(), "…").split("Request ID").next().unwrap().to_owned())
            });
            assert_eq!(of_it, of_none, "{door}");
        }
    }
    let weak = Caller::holding(&app, "weak", &["system_account:read:*", "user:read:*"]);
    let found = |id: &str| weak.get(&format!("/admin/users?q={id}")).body["users"].clone();
    assert_eq!(found(&known), found(&nobody));
    assert_eq!(app.verify(&value).status, 200);
}
