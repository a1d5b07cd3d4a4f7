//! Who may ask, what is read, and what every answer carries.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use muster::roles::predefined;
use muster::tokens::value::Access;
use serde_json::{Value, json};

use super::{MANY, ONE, Stage, asker, decision, problem, question, record, user};
use crate::support::app::{Answer, Client, TestApp};
use crate::support::process::Process;

const METADATA: &str = "/.well-known/authzen-configuration";

fn post(client: &Client, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    client.send_body("POST", path, headers, body)
}

// 8.6
#[test]
fn only_who_may_ask_about_others_gets_an_answer() {
    let stage = Stage::new();
    let app = &stage.app;
    let (admin, _) = app.add_user("Maya Lindqvist", &[predefined::ADMINISTRATOR.into()]);
    let asked = question(&user(&admin), "manage", &json!({ "type": "user", "id": "x" })).to_string();
    let json = ("Content-Type", "application/json");
    let robot = app.add_account("pipeline");
    let pipeline = format!("Bearer {}", app.add_token(&robot, Access::Write));
    let wide = asker(app, "wide", &["token:manage:*", "audit:read:*"], Access::Write);
    for path in [ONE, MANY] {
        let answer = post(&stage.client, path, &[json], &asked);
        assert_eq!((answer.status, answer.header("www-authenticate")), (401, r#"Bearer realm="muster""#));
        problem(&answer);
        for bad in ["Bearer nonsense", "Bearer ", "Basic YTpi", &format!("{pipeline}x")] {
            let answer = post(&stage.client, path, &[json, ("Authorization", bad)], &asked);
            assert_eq!(answer.status, 401, "{bad}");
            assert!(!answer.header("www-authenticate").is_empty(), "{bad}");
            problem(&answer);
        }
        for lacking in [&pipeline, &wide] {
            let answer = post(&stage.client, path, &[json, ("Authorization", lacking)], &asked);
            assert_eq!(answer.status, 403, "{}", answer.body);
            assert!(answer.header("www-authenticate").contains(r#"scope="token:introspect""#));
            assert_eq!(problem(&answer)["permission"], "token:introspect");
            // Whatever is asked, and however wrong it is.
            assert_eq!(post(&stage.client, path, &[("Authorization", lacking)], "").status, 403);
        }
        for access in [Access::Read, Access::Write] {
            let name = format!("asks {path} {access:?}");
            let asker = asker(app, &name, &["token:introspect"], access);
            assert!(decision(&post(&stage.client, path, &[json, ("Authorization", &asker)], &asked), &json!(name)));
        }
        // A session is worth nothing here.
        let signed_in = app.user(&format!("Una {}", path.len()), &[predefined::ADMINISTRATOR.into()]);
        assert_eq!(post(&signed_in, path, &[json], &asked).status, 401);
    }
}

// 8.5
#[test]
fn what_is_no_json_object_is_400_and_nothing_else() {
    let stage = Stage::new();
    let good = question(&user(&stage.alice), "read", &record("record-1")).to_string();
    for path in [ONE, MANY] {
        let send = |kind: Option<&str>, body: &str| {
            let mut headers = vec![("Authorization", stage.asker.as_str())];
            headers.extend(kind.map(|kind| ("Content-Type", kind)));
            post(&stage.client, path, &headers, body)
        };
        let good_types =
            ["application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8", "application/json ;x=y"];
        for kind in good_types {
            assert!(decision(&send(Some(kind), &good), &json!(kind)));
        }
        for kind in
            ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", "application/hal+json", "json", "*/*", ""]
        {
            let answer = send(Some(kind), &good);
            assert_eq!(answer.status, 400, "{kind}: {}", answer.body);
            problem(&answer);
        }
        assert_eq!(send(None, &good).status, 400);
        assert_eq!(send(None, "").status, 400);
        let deep = format!(r#"{{"context":{}{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
        for body in ["", " ", r#"{"subject":"#, "[]", "null", "7", r#""x""#, "{}{}", "{'a':1}", "\u{feff}{}", &deep] {
            let answer = send(Some("application/json"), body);
            assert_eq!(answer.status, 400, "{body:.50}: {}", answer.body);
            problem(&answer);
        }
        // Twice, or no text.
        for (from, to) in [
            (r#""action":"#, r#""action":{"name":"write"},"action":"#),
            (r#""action":"#, r#""\u0061ction":{"name":"write"},"action":"#),
            (r#""name":"#, r#""name":"write","name":"#),
            (r#""action":"#, r#""context":{"a":{"b":1,"b":1}},"action":"#),
            (r#""action":"#, r#""x":[{"y":1,"y":2}],"action":"#),
            ("record-1", r"\ud800"),
            ("record-1", r"\udc00\ud800"),
        ] {
            let body = good.replacen(from, to, 1);
            assert_ne!(body, good);
            let answer = send(Some("application/json"), &body);
            assert_eq!(answer.status, 400, "{body}: {}", answer.body);
            problem(&answer);
        }
        let raw = raw(&stage, path, "", b"{\"a\":\"\xff\xfe\"}");
        assert!(raw.starts_with("HTTP/1.1 400 "), "{raw}");
    }
}

#[test]
fn other_methods_are_told_which_one_it_is() {
    let stage = Stage::new();
    for path in [ONE, MANY] {
        for method in ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"] {
            let answer = stage.client.send_body(method, path, &[("Authorization", &stage.asker)], "");
            assert_eq!((answer.status, answer.header("allow")), (405, "POST"), "{method} {path}");
            if method != "HEAD" {
                problem(&answer);
            }
        }
    }
}

#[test]
fn a_body_of_a_mebibyte_is_read_and_no_larger_one() {
    let stage = Stage::new();
    let of = |size: usize| {
        let mut asked = question(&user(&stage.alice), "read", &record("record-1"));
        asked["context"] = json!({ "x": "" });
        let length = asked.to_string().len();
        asked["context"]["x"] = "x".repeat(size - length).into();
        asked.to_string()
    };
    for path in [ONE, MANY] {
        assert!(decision(&stage.send(path, &of(1024 * 1024)), &json!("the largest")));
        let answer = stage.send(path, &of(1024 * 1024 + 1));
        assert_eq!(answer.status, 413, "{}", answer.body);
        assert!(problem(&answer)["error"]["message"].as_str().unwrap().contains("1 MiB"));
    }
}

/// The whole answer to a request with this header, as it came.
fn raw(stage: &Stage, path: &str, headers: &str, body: &[u8]) -> String {
    let host = stage.app.url.strip_prefix("http://").unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nAuthorization: {}\r\nContent-Type: application/json\r\n\
         {headers}Content-Length: {}\r\n\r\n",
        stage.asker,
        body.len()
    );
    let mut socket = TcpStream::connect(host).unwrap();
    socket.write_all(head.as_bytes()).unwrap();
    socket.write_all(body).unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).unwrap();
    String::from_utf8(answer).unwrap()
}

// 8.9
#[test]
fn a_callers_request_id_comes_back_on_every_answer() {
    let stage = Stage::new();
    let good = question(&user(&stage.alice), "read", &record("record-1")).to_string();
    let json = ("Content-Type", "application/json");
    let robot = stage.app.add_account("pipeline");
    let pipeline = format!("Bearer {}", stage.app.add_token(&robot, Access::Write));
    let large = "x".repeat(1024 * 1024 + 1);
    let long = "x".repeat(2_000);
    for path in [ONE, MANY] {
        for id in ["a", "01J9-x", &long, "with  spaces and \"quotes\"", "' OR 1=1 --", "%0d%0aSet-Cookie: a=b"] {
            let own = ("X-Request-ID", id);
            let ask = |method: &str, authorization: &str, body: &str| {
                let headers = [json, own, ("Authorization", authorization)];
                stage.client.send_body(method, path, &headers, body)
            };
            for (answer, status) in [
                (ask("POST", &stage.asker, &good), 200),
                (ask("POST", &stage.asker, "{"), 400),
                (ask("POST", &stage.asker, "{}"), 400),
                (ask("POST", "Bearer nonsense", &good), 401),
                (ask("POST", &pipeline, &good), 403),
                (ask("GET", &stage.asker, ""), 405),
                (ask("POST", &stage.asker, &large), 413),
            ] {
                assert_eq!((answer.status, answer.header("x-request-id")), (status, id), "{path}");
                if status != 200 {
                    let reference = problem(&answer)["reference"].as_str().unwrap().to_owned();
                    assert!(reference.starts_with("req_") && reference != id, "Muster's own id is the reference: {reference}");
                }
            }
        }
        // Without one it is Muster's.
        let answer = post(&stage.client, path, &[json, ("Authorization", &stage.asker)], "{}");
        assert_eq!(problem(&answer)["reference"], answer.header("x-request-id"));
        // Bytes that are no ASCII, and two of them.
        let answer = raw(&stage, path, "X-Request-ID: Zoë-東京\r\n", good.as_bytes());
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("x-request-id: Zoë-東京\r\n"), "{answer}");
        let answer = raw(&stage, path, "X-Request-ID: one\r\nX-Request-ID: two\r\n", b"{}");
        assert!(answer.contains("x-request-id: one\r\n") && answer.contains("x-request-id: two\r\n"), "{answer}");
        assert_eq!(answer.matches("x-request-id").count(), 2, "{answer}");
    }
}

#[test]
fn a_callers_request_id_is_cut_and_quoted_in_the_log() {
    let app = TestApp::start();
    let asker = asker(&app, "asker", &["token:introspect"], Access::Read);
    let process = Process::serve(&app.database_url, &[("MUSTER_LOG", "info")]);
    let id = format!("a\" INFO 200\t{}", "x".repeat(100));
    let headers = [("Authorization", asker.as_str()), ("X-Request-ID", &id)];
    let answer = post(&Client::new(&process.url), ONE, &headers, "{}");
    assert_eq!((answer.status, answer.header("x-request-id")), (400, id.as_str()));
    let reference = problem(&answer)["reference"].as_str().unwrap().to_owned();
    let expected = format!(r#"for "a\" INFO 200\t{}""#, "x".repeat(64 - 12));
    let begun = Instant::now();
    let line = loop {
        let output = process.output();
        if let Some(line) = output.lines().find(|line| line.contains(&reference) && line.contains("POST")) {
            break line.to_owned();
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{output}");
        std::thread::sleep(Duration::from_millis(10));
    };
    assert!(line.contains(&expected) && line.ends_with(&expected), "{line}");
}

// 8.10
#[test]
fn the_metadata_are_of_the_public_url_alone() {
    for (url, expected) in [
        (Some("https://muster.example.org"), Some("https://muster.example.org")),
        (Some("https://muster.example.org:8443"), Some("https://muster.example.org:8443")),
        (Some("http://muster.example.org"), None),
        (None, None),
    ] {
        // With a slash at the end it is the same.
        for slash in ["", "/"] {
            let url = url.map(|url| muster::config::url::origin(&format!("{url}{slash}")).unwrap());
            let app = TestApp::start_with(|config| config.public_url = url.clone());
            let headers = [("Host", "other.example"), ("X-Forwarded-Host", "evil.example"), ("X-Request-ID", "own")];
            let answer = app.anonymous().get_with(METADATA, &headers);
            let Some(expected) = expected else {
                assert_eq!(answer.status, 404, "{url:?}: {}", answer.body);
                problem(&answer);
                continue;
            };
            assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
            assert!(answer.header("cache-control").contains("max-age="), "{:?}", answer.headers);
            assert_eq!(answer.header("set-cookie"), "");
            assert_eq!(
                serde_json::from_str::<Value>(&answer.body).unwrap(),
                json!({
                    "policy_decision_point": expected,
                    "access_evaluation_endpoint": format!("{expected}{ONE}"),
                    "access_evaluations_endpoint": format!("{expected}{MANY}"),
                })
            );
        }
    }
}
