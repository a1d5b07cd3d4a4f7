//! Requests that stall halfway: each gets an answer or a closed connection, and none is in anybody else's way.
//!
//! The clients speak HTTP by hand: a library would not send half a request.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use muster::server::Deadlines;
use muster::tokens::value::Access;

use crate::support::app::TestApp;
use crate::support::process::Process;

/// Routes of every kind: pages that read a form, pages that refuse before they read, the gateway's check, the API, assets,
/// health checks, and an address that does not exist.
const ROUTES: [(&str, &str); 9] = [
    ("POST", "/login"),
    ("POST", "/settings/system-accounts/bulk"),
    ("GET", "/settings/system-accounts"),
    ("POST", "/auth/verify"),
    ("GET", "/auth/verify"),
    ("POST", "/oauth/introspect"),
    ("DELETE", "/tokens/current"),
    ("GET", "/healthz"),
    ("PUT", "/nowhere"),
];
const LENGTH: &str = "Content-Length: 100";
const CHUNKED: &str = "Transfer-Encoding: chunked";
const HOUR: Duration = Duration::from_secs(3600);

/// Deadlines that a test can wait for.
fn short() -> Deadlines {
    let moment = Duration::from_millis(300);
    Deadlines { head: moment, keep_alive: moment, body: moment, answer: moment, linger: moment, ..Deadlines::default() }
}

/// Deadlines that nobody lives to see, but for those of a stop.
fn long() -> Deadlines {
    Deadlines { head: HOUR, keep_alive: HOUR, body: HOUR, answer: HOUR, ..short() }
}

fn head(method: &str, path: &str, framing: &str) -> String {
    format!(
        "{method} {path} HTTP/1.1\r\nHost: muster.test\r\nSec-Fetch-Site: same-origin\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n{framing}\r\n\r\n"
    )
}

/// What is sent, and then nothing more: method x route x framing x where it stalls.
fn half_sent() -> Vec<(String, String)> {
    let mut all = Vec::new();
    for (method, path) in ROUTES {
        for (framing, parts) in [(LENGTH, ["", "email=maya"]), (CHUNKED, ["", "a\r\nemail=maya\r\n"])] {
            for part in parts {
                all.push((format!("{method} {path}, {framing}, after {part:?}"), head(method, path, framing) + part));
            }
        }
    }
    let whole = "GET /healthz HTTP/1.1\r\nHost: muster.test\r\n\r\n";
    let others = [
        ("nothing at all", String::new()),
        ("half a request line", "GET /hea".into()),
        ("half a head", "GET /healthz HTTP/1.1\r\nHost: mus".into()),
        ("half a second request line", format!("{whole}GET /hea")),
        ("half a second head", format!("{whole}GET /healthz HTTP/1.1\r\nHost: mus")),
        ("a second request without its body", whole.to_owned() + &head("POST", "/login", LENGTH)),
        ("half a chunk's length", head("POST", "/login", CHUNKED) + "a"),
        ("a chunk without its end", head("POST", "/login", CHUNKED) + "a\r\nemail=maya"),
        ("no last chunk's end", head("POST", "/login", CHUNKED) + "a\r\nemail=maya\r\n0\r\n"),
        ("half a trailer", head("GET", "/healthz", CHUNKED) + "0\r\nX-Trai"),
        ("a body that was asked for", head("POST", "/login", "Expect: 100-continue\r\nContent-Length: 100")),
        ("an upgrade", head("GET", "/auth/verify", "Connection: upgrade\r\nUpgrade: websocket")),
        ("HTTP/1.0 without an end", "POST /login HTTP/1.0\r\nContent-Length: 100\r\n\r\nemail".into()),
    ];
    all.extend(others.map(|(name, bytes)| (name.to_owned(), bytes)));
    all
}

fn connect(url: &str) -> TcpStream {
    let stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
    // Far beyond every deadline: a connection that is held for ever is a failure.
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream
}

/// What comes back until the server closes the connection; `None` where it does not.
fn until_closed(stream: &mut TcpStream) -> Option<String> {
    let (mut bytes, mut part) = (Vec::new(), [0; 4096]);
    loop {
        match stream.read(&mut part) {
            Ok(0) => return Some(String::from_utf8_lossy(&bytes).into_owned()),
            Ok(read) => bytes.extend_from_slice(&part[..read]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                return Some(String::from_utf8_lossy(&bytes).into_owned());
            }
            Err(_) => return None,
        }
    }
}

fn status(answer: &str) -> &str {
    answer.rsplit("HTTP/1.1 ").next().and_then(|rest| rest.get(..3)).unwrap_or("")
}

#[test]
fn every_half_sent_request_ends() {
    let app = TestApp::with_deadlines(short(), |config| config.metrics_listen = Some(([127, 0, 0, 1], 0).into()));
    let metrics = app.metrics_url.clone().unwrap().replace("/metrics", "");
    let mut all: Vec<(&str, String, String)> =
        half_sent().into_iter().map(|(name, bytes)| (app.url.as_str(), name, bytes)).collect();
    for framing in [LENGTH, CHUNKED] {
        all.push((&metrics, format!("the metrics, {framing}"), head("GET", "/metrics", framing)));
    }
    std::thread::scope(|scope| {
        let threads: Vec<_> = all
            .iter()
            .map(|(url, name, bytes)| {
                scope.spawn(move || {
                    let mut stream = connect(url);
                    stream.write_all(bytes.as_bytes()).unwrap();
                    let answer = until_closed(&mut stream).unwrap_or_else(|| panic!("{name}: held open"));
                    (name, answer)
                })
            })
            .collect();
        for thread in threads {
            let (name, answer) = thread.join().unwrap();
            println!("{name}: {}", status(&answer));
            // Who has sent a whole head is told something.
            let told = !name.starts_with("half a ") || name == "half a trailer";
            assert!(!told || name == "nothing at all" || !status(&answer).is_empty(), "{name}: no answer");
            assert!(!status(&answer).starts_with('5'), "{name}: {answer}");
            if name.starts_with("POST /login") {
                assert_eq!(status(&answer), "408", "{name}");
            }
        }
    });
}

#[test]
fn a_body_that_trickles_ends() {
    let app = TestApp::with_deadlines(short(), |_| {});
    for (framing, part) in [("Content-Length: 1000000", "a"), (CHUNKED, "1\r\na\r\n")] {
        for (method, path) in [("POST", "/login"), ("GET", "/auth/verify"), ("GET", "/healthz")] {
            let mut stream = connect(&app.url);
            stream.write_all(head(method, path, framing).as_bytes()).unwrap();
            let mut reader = stream.try_clone().unwrap();
            let answer = std::thread::spawn(move || until_closed(&mut reader));
            while !answer.is_finished() && stream.write_all(part.as_bytes()).is_ok() {
                std::thread::sleep(Duration::from_millis(10));
            }
            let answer = answer.join().unwrap().expect("an end");
            assert!(!answer.is_empty(), "{method} {path}, {framing}: no answer");
        }
    }
}

#[test]
fn a_form_that_is_slow_but_steady_arrives() {
    // Each byte extends the deadline by a second: far more than even a busy machine needs. Without that, the first pause would
    // be too long already.
    let deadlines = Deadlines { body_rate: 1, ..short() };
    let app = TestApp::with_deadlines(deadlines, |_| {});
    let form = "email=maya%40example.test&password=wrong&next=%2Fsettings%2Fsystem-accounts";
    let (first, rest) = form.split_at(40);
    let mut stream = connect(&app.url);
    let framing = format!("Connection: close\r\nContent-Length: {}", form.len());
    // One packet, so that it earns its time before anybody waits.
    stream.write_all((head("POST", "/login", &framing) + first).as_bytes()).unwrap();
    for part in rest.as_bytes().chunks(20) {
        std::thread::sleep(deadlines.body * 3);
        stream.write_all(part).unwrap();
    }
    let answer = until_closed(&mut stream).unwrap();
    assert_ne!(status(&answer), "408", "{answer}");
    assert!(answer.contains("text/html"), "{answer}");
}

#[test]
fn a_connection_whose_answers_nobody_reads_ends() {
    let app = TestApp::with_deadlines(short(), |_| {});
    let mut stream = connect(&app.url);
    stream.set_nonblocking(true).unwrap();
    let ask = "GET /login HTTP/1.1\r\nHost: muster.test\r\n\r\n".repeat(100);
    loop {
        match stream.write(ask.as_bytes()) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::sleep(Duration::from_millis(20)),
            Err(error) => {
                println!("{error}");
                return;
            }
        }
    }
}

#[test]
fn a_connection_that_is_used_again_stays() {
    let app = TestApp::with_deadlines(long(), |_| {});
    let mut stream = connect(&app.url);
    let whole = [
        head("POST", "/login", "Content-Length: 10") + "email=maya",
        head("POST", "/login", CHUNKED) + "a\r\nemail=maya\r\n0\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: muster.test\r\n\r\n".into(),
    ];
    for request in whole.iter().cycle().take(9) {
        stream.write_all(request.as_bytes()).unwrap();
        let (mut bytes, mut part) = (Vec::new(), [0; 65536]);
        loop {
            let read = stream.read(&mut part).unwrap();
            assert!(read > 0, "the connection was closed after {}", String::from_utf8_lossy(&bytes));
            bytes.extend_from_slice(&part[..read]);
            let text = String::from_utf8_lossy(&bytes).to_lowercase();
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
            if body.len() >= length.unwrap().parse::<usize>().unwrap() {
                break;
            }
        }
    }
}

#[test]
fn a_process_may_have_as_many_files_open_as_the_system_lets_it() {
    let app = TestApp::start();
    let (soft, hard) = Process::serve_with_limits(&app.database_url, &[]).open_files();
    assert!(soft == hard && soft != "256", "{soft} of {hard}");
}

#[test]
fn hundreds_of_half_sent_requests_are_in_nobodys_way_and_delay_no_stop() {
    let mut app = TestApp::with_deadlines(long(), |_| {});
    let robot = app.add_account("robot");
    let token = app.add_token(&robot, Access::Read);
    let kinds = [head("POST", "/login", CHUNKED), head("POST", "/login", LENGTH) + "email", "GET /auth/verify HTT".into()];
    let mut held: Vec<(&String, TcpStream)> = kinds
        .iter()
        .cycle()
        .take(450)
        .map(|bytes| {
            let mut stream = connect(&app.url);
            stream.write_all(bytes.as_bytes()).unwrap();
            (bytes, stream)
        })
        .collect();
    for _ in 0..20 {
        assert_eq!(app.verify(&token).status, 200);
        assert_eq!(app.anonymous().get("/login").status, 200);
    }
    app.stop();
    for (bytes, stream) in &mut held {
        let answer = until_closed(stream).expect("an end");
        // An answer says that the server did not wait until it had to cut everybody off.
        if bytes.starts_with("POST") {
            assert_eq!(status(&answer), "408", "{bytes}");
        }
    }
}
