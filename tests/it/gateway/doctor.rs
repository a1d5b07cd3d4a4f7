//! `muster doctor`, as a process, before gateways that are right and gateways that are not.

use std::process::{Command, Stdio};
use std::time::Duration;

use diesel::prelude::*;
use muster::accounts::model::Kind;
use muster::accounts::queries;
use muster::auth::principal::Principal;
use muster::schema::{accounts, audit_changes, audit_events, tokens};
use muster::tokens::policy;

use crate::support::app::TestApp;
use crate::support::echo::Api;

/// What it printed, and how it ended.
pub struct Told {
    pub code: Option<i32>,
    pub text: String,
}

impl Told {
    /// What it found, by what was asked.
    pub fn lines(&self, sign: &str) -> Vec<String> {
        let lines = self.text.lines().filter_map(|line| line.strip_prefix(sign));
        lines.map(|line| line.trim().to_owned()).collect()
    }
}

fn command(app: &TestApp, url: &str, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_muster"));
    command.args(["doctor", url, "--echo-path", "/echo"]).args(more).env("DATABASE_URL", &app.database_url);
    command
}

pub fn doctor(app: &TestApp, url: &str, more: &[&str]) -> Told {
    let output = command(app, url, more).output().unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let token = regex::Regex::new("mst[rw]_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}").unwrap();
    assert!(!token.is_match(&text), "a token was printed");
    Told { code: output.status.code(), text }
}

/// Nothing is left of the trial but what the audit log says.
pub fn nothing_is_left(app: &TestApp) {
    let left: Vec<String> =
        app.read(|conn| Ok(accounts::table.filter(accounts::name.like("muster doctor%")).select(accounts::name).load(conn)?));
    assert_eq!(left, Vec::<String>::new());
    let living: i64 = app.read(|conn| {
        let own = tokens::table.filter(tokens::name.like("doctor,%")).filter(tokens::revoked_at.is_null());
        Ok(own.count().get_result(conn)?)
    });
    assert_eq!(living, 0);
}

fn events(app: &TestApp) -> Vec<String> {
    app.read(|conn| {
        let by = audit_changes::actor_name.eq("Command line (doctor)");
        let joined = audit_events::table.inner_join(audit_changes::table).filter(by).order(audit_events::seq);
        Ok(joined.select(audit_events::event_type).load(conn)?)
    })
}

#[test]
fn an_api_without_a_gateway_is_open_in_every_way() {
    let app = TestApp::start();
    let api = Api::start();
    let told = doctor(&app, &format!("http://{}", api.address), &[]);
    assert_eq!(told.code, Some(1), "{}", told.text);
    // Whatever the log is told to write: no request with its token, not even in hexadecimal.
    let mut loud = command(&app, &format!("http://{}", api.address), &[]);
    let loud = loud.env("MUSTER_LOG", "trace,ureq=trace,ureq_proto=trace").output().unwrap();
    let loud = String::from_utf8_lossy(&loud.stderr).into_owned();
    assert!(loud.contains("TRACE") && !loud.to_lowercase().contains("6d73 74") && !loud.contains("/echo HTTP"), "{loud}");
    assert!(!loud.contains("authoriz") && !loud.contains("Use pooled"), "{loud}");
    for hole in [
        "Whoever has no good token reaches the API.",
        "somebody can pass for another account: Muster-Account, Muster-Account-Name, Muster-Account-Type, Muster-Roles, \
         Muster-Teams, Muster-Permissions, Muster-Token, Muster-Access, Muster-Token-Expires arrived",
        "Muster_Account is another header to the gateway",
        "another Authorization header than the one that Muster judged",
        "Muster is not told the method of the call",
        "A revoked token is still accepted",
    ] {
        assert!(told.text.contains(hole), "{hole}: {}", told.text);
    }
    assert!(told.text.contains("\n6 holes.") && told.lines("HOLE").len() > 10, "{}", told.text);
    for line in [
        "auth_request /_muster;",
        "forward_auth 127.0.0.1:8080",
        "authResponseHeaders: [Muster-Account, ",
        "del-header muster- -m beg",
    ] {
        assert!(told.text.contains(line), "{line}");
    }
    assert!(told.lines("note")[0].starts_with("a good token"), "{}", told.text);
    nothing_is_left(&app);
    assert_eq!(
        events(&app)[6..],
        ["account.created", "token.created", "token.created", "token.created", "token.revoked", "account.deleted"]
    );
    let one = doctor(&app, &format!("http://{}", api.address), &["--gateway", "caddy"]);
    assert!(one.text.contains("request_header -Muster_*") && !one.text.contains("auth_request /_muster"), "{}", one.text);
}

#[test]
fn where_it_cannot_be_found_out_the_doctor_says_why_and_leaves_nothing() {
    let app = TestApp::with_plan(1);
    // Nobody there.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let told = doctor(&app, &format!("http://{free}"), &[]);
    assert_eq!(told.code, Some(2), "{}", told.text);
    assert!(told.text.contains("does not answer"), "{}", told.text);
    nothing_is_left(&app);
    assert_eq!(app.totals(), (0, 0));
    // Muster itself has no echo.
    let told = doctor(&app, &app.url, &[]);
    assert_eq!(told.code, Some(2));
    assert!(told.text.contains("There is nothing at the echo path."), "{}", told.text);
    nothing_is_left(&app);
    // A role that there is not.
    let told = doctor(&app, &app.url, &["--role", "No such role"]);
    assert!(told.code == Some(2) && told.text.contains("There is no role No such role."), "{}", told.text);
    // A full plan, and the way round it.
    let api = Api::start();
    let url = format!("http://{}", api.address);
    let id = app.add_account("robot");
    let mut full = command(&app, &url, &[]);
    let full = full.env("MUSTER_PLAN_LIMIT", "1").output().unwrap();
    let said = String::from_utf8_lossy(&full.stderr).into_owned();
    assert!(full.status.code() == Some(2) && said.contains("--account"), "{said}");
    let told = doctor(&app, &url, &["--account", "robot"]);
    assert_eq!(told.code, Some(1), "{}", told.text);
    nothing_is_left(&app);
    let kept = app.read(move |conn| queries::find(conn, Kind::System, &id)).name;
    assert_eq!((kept.as_str(), app.totals()), ("robot", (1, 0)));
    // No tokens at the moment.
    app.write(|conn| policy::stop(conn, &Principal::shell(), "Until Monday."));
    let told = doctor(&app, &url, &["--account", "robot"]);
    assert!(told.code == Some(2) && told.text.contains("Until Monday."), "{}", told.text);
}

#[test]
fn a_trial_that_is_interrupted_leaves_nothing() {
    let app = TestApp::start();
    let api = Api::start();
    for signal in ["INT", "TERM"] {
        let mut child = command(&app, &format!("http://{}", api.address), &[]);
        let child = child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let before = app.totals().0;
        let end = std::time::Instant::now() + Duration::from_secs(20);
        // In the middle: the account is there.
        while app.totals().0 == before {
            assert!(std::time::Instant::now() < end, "no account was made");
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(Duration::from_millis(100));
        assert!(Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status().unwrap().success());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stdout));
        assert!(String::from_utf8_lossy(&output.stderr).contains("Interrupted"));
        nothing_is_left(&app);
    }
}

#[cfg(feature = "installed-tests")]
mod with_nginx {
    use super::*;
    use crate::gateway::nginx::Nginx;

    /// What somebody may do wrong. nginx refuses two Authorization headers by itself.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Fault {
        OptionsUnguarded,
        BearerByRegex,
        OneHeaderOnly,
        Underscores,
        NoMethod,
        ClientsMethod,
        Cached,
    }

    impl Fault {
        const ALL: [Self; 7] = [
            Self::OptionsUnguarded,
            Self::BearerByRegex,
            Self::OneHeaderOnly,
            Self::Underscores,
            Self::NoMethod,
            Self::ClientsMethod,
            Self::Cached,
        ];

        /// What the doctor must say of it.
        fn meaning(self) -> &'static str {
            match self {
                Self::OptionsUnguarded | Self::BearerByRegex => "Whoever has no good token reaches the API.",
                Self::OneHeaderOnly => {
                    "somebody can pass for another account: Muster-Account-Name, Muster-Account-Type, Muster-Roles, \
                     Muster-Teams, Muster-Permissions, Muster-Token, Muster-Access, Muster-Token-Expires arrived"
                }
                Self::Underscores => "Muster_Account is another header",
                Self::NoMethod => "Muster is not told the method of the call",
                Self::ClientsMethod => "Muster is told the method that the client claims",
                Self::Cached => "A revoked token is still accepted",
            }
        }
    }

    fn configuration(faults: &[Fault], folder: &str, port: u16, muster: &str, api: std::net::SocketAddr) -> String {
        let has = |fault: Fault| faults.contains(&fault);
        let on = |fault: Fault, text: &str, otherwise: &str| if has(fault) { text.to_owned() } else { otherwise.to_owned() };
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .iter()
            .map(|kind| format!("{kind}_temp_path {folder}/{kind};\n"))
            .collect();
        let names: &[&str] = if has(Fault::OneHeaderOnly) {
            &["Account"]
        } else {
            &["Account", "Account-Name", "Account-Type", "Roles", "Teams", "Permissions", "Token", "Access", "Token-Expires"]
        };
        let identity: String = names
            .iter()
            .map(|name| {
                let own = name.to_lowercase().replace('-', "_");
                format!("auth_request_set $m_{own} $upstream_http_muster_{own}; proxy_set_header Muster-{name} $m_{own};\n")
            })
            .collect();
        let open = "error_page 418 = @open;";
        let options = on(Fault::OptionsUnguarded, &format!("{open} if ($request_method = OPTIONS) {{ return 418; }}"), "");
        let regex = on(Fault::BearerByRegex, &format!("{open} if ($http_authorization ~ \"^bearer\") {{ return 418; }}"), "");
        let underscores = on(Fault::Underscores, "underscores_in_headers on;", "");
        let method = if has(Fault::NoMethod) {
            ""
        } else if has(Fault::ClientsMethod) {
            "proxy_set_header X-Original-Method $claimed;"
        } else {
            "proxy_set_header X-Original-Method $request_method;"
        };
        let cache = on(
            Fault::Cached,
            "proxy_cache answers; proxy_cache_key $http_authorization$request_method; proxy_cache_valid 200 1m; \
             proxy_ignore_headers Cache-Control;",
            "",
        );
        format!(
            "daemon off; master_process off; pid {folder}/nginx.pid;
events {{}}
http {{
    access_log off;
    {temporary}
    map $http_x_original_method $claimed {{ '' $request_method; default $http_x_original_method; }}
    proxy_cache_path {folder}/cache keys_zone=answers:1m;
    server {{
        listen 127.0.0.1:{port};
        {underscores}
        location / {{
            {options}
            {regex}
            auth_request /_muster;
            {identity}
            proxy_set_header Authorization '';
            proxy_pass http://{api};
        }}
        location @open {{ {identity} proxy_set_header Authorization ''; proxy_pass http://{api}; }}
        location = /_muster {{
            internal;
            proxy_pass http://{}/auth/verify;
            proxy_pass_request_body off;
            proxy_set_header Content-Length '';
            proxy_set_header X-Forwarded-Method '';
            {method}
            {cache}
        }}
    }}
}}
",
            muster.trim_start_matches("http://")
        )
    }

    fn examine(faults: &[Fault]) -> Told {
        let app = TestApp::start();
        let api = Api::start();
        let nginx = Nginx::start_as(|folder, port| configuration(faults, folder, port, &app.url, api.address));
        let told = doctor(&app, &nginx.url, &["--gateway", "nginx"]);
        nothing_is_left(&app);
        told
    }

    #[test]
    fn a_right_configuration_has_no_hole() {
        let told = examine(&[]);
        assert_eq!(told.code, Some(0), "{}", told.text);
        assert!(told.lines("HOLE").is_empty() && told.lines("note").is_empty(), "{}", told.text);
        assert_eq!(told.lines("ok").len(), 21, "{}", told.text);
        assert!(told.text.contains("Nothing got through that should not."));
    }

    #[test]
    fn each_fault_is_found_and_nothing_else() {
        for fault in Fault::ALL {
            let told = examine(&[fault]);
            assert_eq!(told.code, Some(1), "{fault:?}: {}", told.text);
            assert!(told.text.contains(fault.meaning()), "{fault:?}: {}", told.text);
            assert!(told.text.contains("\n1 hole."), "{fault:?}: {}", told.text);
        }
    }

    #[test]
    fn all_faults_are_found_at_once() {
        let told = examine(&Fault::ALL);
        assert_eq!(told.code, Some(1), "{}", told.text);
        for fault in Fault::ALL.into_iter().filter(|fault| *fault != Fault::ClientsMethod) {
            assert!(told.text.contains(fault.meaning()), "{fault:?}: {}", told.text);
        }
        // Where Muster is told no method, there is none to forge.
        assert!(told.text.contains("\n5 holes."), "{}", told.text);
    }

    #[test]
    fn a_path_that_asks_for_a_permission_is_tried_with_a_role() {
        let app = TestApp::start();
        let api = Api::start();
        app.add_role("Refunder", &["payments:refund"]);
        let nginx = Nginx::start_as(|folder, port| {
            configuration(&[], folder, port, &app.url, api.address)
                .replace("/auth/verify;", "/auth/verify?require=payments:refund;")
        });
        let told = doctor(&app, &nginx.url, &[]);
        assert!(told.code == Some(2) && told.text.contains("--role"), "{}", told.text);
        let told = doctor(&app, &nginx.url, &["--role", "refunder"]);
        assert_eq!(told.code, Some(0), "{}", told.text);
        nothing_is_left(&app);
    }
}
