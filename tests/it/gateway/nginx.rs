//! A real nginx with `auth_request`, as the README configures it, between clients and an API that tells what reached it.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use muster::auth::principal::Principal;
use muster::tokens;
use muster::tokens::value::Access;

use crate::support::app::{Answer, Client, TestApp};
use crate::support::echo::Api;

/// nginx on a port of its own, with everything that it writes in a folder of its own.
pub struct Nginx {
    child: Child,
    /// `http://127.0.0.1:PORT`.
    pub url: String,
    folder: tempfile::TempDir,
}

/// What the upstream gets in the place of what a client says of itself.
const IDENTITY: [&str; 9] = [
    "Muster-Account",
    "Muster-Account-Name",
    "Muster-Account-Type",
    "Muster-Roles",
    "Muster-Teams",
    "Muster-Permissions",
    "Muster-Token",
    "Muster-Access",
    "Muster-Token-Expires",
];

impl Nginx {
    fn start(muster: &str, api: SocketAddr) -> Self {
        Self::start_as(|folder, port| configuration(folder, port, muster, api))
    }

    /// With another configuration, made for a folder and a port.
    pub fn start_as(configuration: impl Fn(&str, u16) -> String) -> Self {
        let binary = std::env::var("MUSTER_TEST_NGINX").expect("MUSTER_TEST_NGINX names no nginx: run tests/run");
        let folder = tempfile::TempDir::with_prefix("muster-nginx-").unwrap();
        for _ in 0..10 {
            // Free at this moment; where somebody else is faster, the next may do.
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let file = folder.path().join("nginx.conf");
            std::fs::write(&file, configuration(folder.path().to_str().unwrap(), port)).unwrap();
            let mut command = Command::new(&binary);
            command.arg("-p").arg(folder.path()).arg("-c").arg(&file).arg("-e").arg(folder.path().join("error.log"));
            let mut child = command.stdin(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            let end = Instant::now() + Duration::from_secs(10);
            while Instant::now() < end && child.try_wait().unwrap().is_none() {
                if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                    return Self { child, url: format!("http://127.0.0.1:{port}"), folder };
                }
                std::thread::sleep(Duration::from_millis(20));
            }
            let _ = child.kill();
            let _ = child.wait();
        }
        panic!("nginx does not start: {}", std::fs::read_to_string(folder.path().join("error.log")).unwrap_or_default());
    }

    /// A call by a client that has never called before.
    fn call(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        Client::new(&self.url).send(method, path, headers, &[("amount", "12")])
    }

    fn get(&self, path: &str, token: &str) -> Answer {
        self.call("GET", path, &[("Authorization", &format!("Bearer {token}"))])
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("{}", std::fs::read_to_string(self.folder.path().join("error.log")).unwrap_or_default());
        }
    }
}

/// The README's recipe, in a frame that lets it run for whoever runs the tests.
fn configuration(folder: &str, port: u16, muster: &str, api: SocketAddr) -> String {
    let muster = muster.trim_start_matches("http://");
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|kind| format!("    {kind}_temp_path {folder}/{kind};\n"))
        .collect();
    let variable = |name: &str| format!("$_{}", name.to_lowercase().replace('-', "_"));
    let identity: String = IDENTITY
        .iter()
        .map(|name| {
            let (own, upstream) = (variable(name), format!("$upstream_http_{}", name.to_lowercase().replace('-', "_")));
            format!("        auth_request_set {own} {upstream};\n        proxy_set_header {name} {own};\n")
        })
        .collect();
    let guarded = |path: &str, check: &str| {
        format!(
            "    location {path} {{
        auth_request {check};
{identity}        proxy_set_header Authorization \"\";
        auth_request_set $muster_status $upstream_status;
        auth_request_set $muster_retry $upstream_http_retry_after;
        error_page 500 = @muster_failed;
        proxy_pass http://api;
    }}
"
        )
    };
    let check = |path: &str, query: &str| {
        format!(
            "    location = {path} {{
        internal;
        proxy_pass http://muster/auth/verify{query};
        proxy_pass_request_body off;
        proxy_set_header Content-Length \"\";
        proxy_set_header X-Original-Method $request_method;
        proxy_set_header X-Original-URI $request_uri;
        proxy_set_header X-Forwarded-Method \"\";
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_http_version 1.1;
        proxy_set_header Connection \"\";
    }}
"
        )
    };
    format!(
        "daemon off;
master_process off;
pid {folder}/nginx.pid;
events {{}}
http {{
    access_log off;
{temporary}
    upstream muster {{ server {muster}; keepalive 16; }}
    upstream api {{ server {api}; }}
    server {{
    listen 127.0.0.1:{port};
{}{}{}{}
    location @muster_failed {{
        add_header Retry-After $muster_retry always;
        if ($muster_status = 429) {{ return 429; }}
        return 503;
    }}
    }}
}}
",
        guarded("/", "/_muster"),
        guarded("/refunds", "/_muster/refunds"),
        check("/_muster", ""),
        check("/_muster/refunds", "?require=payments:refund"),
    )
}

/// The values of a header as the API got them.
fn got(answer: &Answer, name: &str) -> Vec<String> {
    let lines = answer.body.lines().filter_map(|line| line.split_once(':'));
    // CGI and its heirs do not tell a hyphen from an underscore.
    let same = |other: &str| other.replace('_', "-").eq_ignore_ascii_case(name);
    lines.filter(|(other, _)| same(other)).map(|(_, value)| value.trim().to_owned()).collect()
}

#[test]
fn only_who_may_pass_reaches_the_api() {
    let mut app = TestApp::start();
    let api = Api::start();
    let nginx = Nginx::start(&app.url, api.address);
    let account = app.add_account("Zürich builds");
    let (write, read) = (app.add_token(&account, Access::Write), app.add_token(&account, Access::Read));

    for refused in [&[][..], &[("Authorization", "Bearer nonsense")], &[("Authorization", "Digest x")]] {
        let answer = nginx.call("GET", "/orders", refused);
        assert_eq!((answer.status, answer.header("www-authenticate").starts_with("Bearer")), (401, true), "{refused:?}");
    }
    let bearer = format!("Bearer {write}");
    let two = [("Authorization", bearer.as_str()), ("Authorization", "Bearer other")];
    assert_ne!(nginx.call("GET", "/orders", &two).status, 200);
    assert_eq!(api.reached.load(Ordering::SeqCst), 0);

    let answer = nginx.get("/orders?page=2", &write);
    assert_eq!(answer.status, 200);
    assert!(answer.body.starts_with("GET /orders?page=2 "), "{}", answer.body);
    assert_eq!(got(&answer, "Muster-Account"), [account.as_str()]);
    assert_eq!(got(&answer, "Muster-Account-Name"), ["Z%C3%BCrich%20builds"]);
    assert_eq!(got(&answer, "Muster-Account-Type"), ["system"]);
    assert_eq!(got(&answer, "Muster-Roles"), ["CI/CD"]);
    assert_eq!(got(&answer, "Muster-Token"), [&write[5..17]]);
    assert_eq!(got(&answer, "Muster-Access"), ["write"]);
    assert!(got(&answer, "Muster-Permissions")[0].contains("contract_data:read:*"));
    assert!(got(&answer, "Authorization").is_empty());
    for scheme in ["bearer", "BEARER"] {
        assert_eq!(nginx.call("GET", "/", &[("Authorization", &format!("{scheme} {write}"))]).status, 200);
    }

    assert_eq!((nginx.get("/", &read).status, nginx.call("POST", "/", &[("Authorization", &bearer)]).status), (200, 200));
    let reads = format!("Bearer {read}");
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        for more in ["X-Nothing", "X-Original-Method", "X-Forwarded-Method", "X-HTTP-Method-Override", "X_Original_Method"] {
            let answer = nginx.call(method, "/", &[("Authorization", &reads), (more, "GET")]);
            assert_eq!(answer.status, 403, "{method} {more}");
        }
    }

    // The check itself is no place for clients.
    for path in ["/_muster", "/_muster/refunds"] {
        assert_eq!(nginx.get(path, &write).status, 404);
    }

    app.write(|conn| tokens::operations::revoke(conn, &Principal::shell(), &account, &write[5..17]));
    assert_eq!((nginx.get("/", &write).status, nginx.get("/", &read).status), (401, 200));

    app.stop();
    let reached = api.reached.load(Ordering::SeqCst);
    for _ in 0..5 {
        assert_eq!(nginx.get("/", &read).status, 503);
    }
    assert_eq!(api.reached.load(Ordering::SeqCst), reached);
}

#[test]
fn what_a_client_says_of_itself_does_not_reach_the_api() {
    let app = TestApp::start();
    let api = Api::start();
    let nginx = Nginx::start(&app.url, api.address);
    // Without roles and teams there is nothing to put in the place of what the client claims.
    let account = app.add_account_with("bare", &[app.add_role("Nothing", &[])]);
    let token = app.add_token(&account, Access::Read);
    app.write(|conn| {
        let kind = muster::accounts::model::Kind::System;
        muster::accounts::operations::set_roles(
            conn,
            &Principal::shell(),
            kind,
            &account,
            &muster::accounts::operations::Edit::default(),
        )
    });
    let bearer = format!("Bearer {token}");
    for name in IDENTITY {
        for spelled in [name.to_owned(), name.to_lowercase(), name.to_uppercase(), name.replace('-', "_")] {
            let forged = [("Authorization", bearer.as_str()), (&spelled, "forged"), (&spelled, "twice")];
            let answer = nginx.call("GET", "/", &forged);
            assert_eq!(answer.status, 200, "{}", answer.body);
            let reached = got(&answer, name);
            assert!(reached.len() <= 1 && !answer.body.contains("forged") && !answer.body.contains("twice"), "{}", answer.body);
        }
    }
    // Nor can a client have what Muster says of it taken away, as a header of the connection.
    let hop = [("Authorization", bearer.as_str()), ("Connection", "close, Muster-Account, Muster-Access")];
    for headers in [&hop[..1], &hop] {
        let answer = nginx.call("GET", "/", headers);
        assert_eq!(got(&answer, "Muster-Account"), [account.as_str()]);
        assert_eq!(got(&answer, "Muster-Access"), ["read"]);
    }
    let answer = nginx.call("GET", "/", &hop[..1]);
    assert_eq!((got(&answer, "Muster-Roles"), got(&answer, "Muster-Permissions")), (Vec::<String>::new(), Vec::new()));
}

#[test]
fn a_location_asks_for_its_permission() {
    let app = TestApp::start();
    let api = Api::start();
    let nginx = Nginx::start(&app.url, api.address);
    let role = app.add_role("Refunder", &["payments:refund"]);
    let (may, may_not) = (app.add_account_with("tills", &[role]), app.add_account("builds"));
    let (good, other) = (app.add_token(&may, Access::Write), app.add_token(&may_not, Access::Write));
    assert_eq!((nginx.get("/orders", &good).status, nginx.get("/orders", &other).status), (200, 200));
    assert_eq!(nginx.get("/refunds/7", &good).status, 200);
    let reached = api.reached.load(Ordering::SeqCst);
    for path in [
        "/refunds/7",
        "/refunds",
        "/%72efunds/7",
        "//refunds/7",
        "/orders/../refunds/7",
        "/refunds/7?require=contract_data:read:*",
    ] {
        assert_eq!(nginx.get(path, &other).status, 403, "{path}");
    }
    assert_eq!(api.reached.load(Ordering::SeqCst), reached);
}

#[test]
fn who_is_told_to_wait_hears_it_through_the_gateway() {
    let app = TestApp::start_with(|config| config.refusal_limit = 10);
    let api = Api::start();
    let nginx = Nginx::start(&app.url, api.address);
    let account = app.add_account("builds");
    let token = app.add_token(&account, Access::Read);
    let told = (0..40).map(|_| nginx.get("/", "nonsense")).find(|answer| answer.status != 401).unwrap();
    assert_eq!((told.status, told.header("retry-after").is_empty()), (429, false));
    assert_eq!((nginx.get("/", &token).status, api.reached.load(Ordering::SeqCst)), (200, 1));
}
