//! Bodies that are no bodies: each is refused with a sentence, and changes nothing.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::json;

use super::{Caller, problem};
use crate::support::app::TestApp;
use crate::support::snapshot::{assert_unchanged, snapshot};

#[test]
fn what_cannot_be_read_is_refused_with_a_reason() {
    let app = TestApp::start();
    let caller = Caller::administrator(&app);
    let account = app.add_account("builds");
    let user = format!("/admin/users/{account}");
    let before = snapshot(&app);
    let deep = format!(r#"{{"name":"x","more":{}{}}}"#, "[".repeat(5000), "]".repeat(5000));
    for (method, path) in [
        ("POST", "/admin/system-accounts"),
        ("POST", "/admin/system-accounts/bulk"),
        ("PUT", user.as_str()),
        ("PUT", &format!("{user}/roles")),
        ("POST", &format!("/admin/system-accounts/{account}/tokens")),
    ] {
        for (body, word) in [
            ("{", "not JSON"),
            ("name=x", "not JSON"),
            (r#"{"name":"x"}{"name":"x"}"#, "not JSON"),
            (r#"{"name":"\ud800"}"#, "not JSON"),
            ("\u{feff}{}", "not JSON"),
            (r#"{"active":true,"\u0061ctive":false}"#, "same key twice"),
            (r#"{"roles":[],"roles":[]}"#, "same key twice"),
            (r#"{"_embedded":{"a":1,"a":1}}"#, "same key twice"),
            (&deep, "nested too deeply"),
            ("[]", "must be an object"),
            (r#"["x"]"#, "must be an object"),
            ("null", "must be an object"),
            (r#""x""#, "must be an object"),
            ("7", "must be an object"),
            ("{\"a\u{0}\":1}", "not JSON"),
            (r#"{"a\u0000":1}"#, "U+0000"),
        ] {
            let reply = caller.text(method, path, body);
            let detail = reply.body["detail"].as_str().unwrap();
            assert!(reply.status == 400 && detail.contains(word), "{method} {path} {:.60}: {detail}", body);
        }
        let large = format!(r#"{{"name":"{}"}}"#, "x".repeat(2 * 1024 * 1024));
        assert_eq!(problem(&caller.text(method, path, &large)), (413, vec![]), "{method} {path}");
    }
    assert_unchanged(&app, &before, "bodies");
}

/// A request as bytes, and its answer.
fn raw(app: &TestApp, caller: &Caller, head: &str, body: &[u8]) -> String {
    let address = app.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!(
        "{head}\r\nAuthorization: Bearer {}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        caller.token,
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8(answer).unwrap()
}

#[test]
fn bytes_types_and_hosts_of_any_kind() {
    let app = TestApp::start();
    let caller = Caller::administrator(&app);
    let post = "POST /admin/system-accounts HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: evil.example";
    let answer = raw(&app, &caller, post, b"{\"name\":\"a\xffb\"}");
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("not JSON"), "{answer}");
    // Whatever the body is said to be, it is read as JSON; links begin with the configured URL.
    for (at, kind) in
        ["", "\r\nContent-Type: application/json; charset=utf-8", "\r\nContent-Type: text/plain", "\r\nContent-Type: x"]
            .into_iter()
            .enumerate()
    {
        let body = json!({"name": format!("ci {at}")}).to_string();
        let answer = raw(&app, &caller, &format!("{post}{kind}"), body.as_bytes());
        assert!(answer.starts_with("HTTP/1.1 201 "), "{kind}: {answer}");
        assert!(answer.to_lowercase().contains(&format!("location: {}/admin/system-accounts/", app.url)), "{kind}: {answer}");
        assert!(!answer.contains("evil.example"), "{kind}: {answer}");
    }
    let headers = [("Content-Type", "application/json"), ("Accept", "application/json")];
    assert_eq!(caller.bare("GET", "/admin/users", &headers).status, 200);
    let account = app.add_account("builds");
    assert_eq!(caller.bare("DELETE", &format!("/admin/users/{account}"), &headers).status, 204);
}
