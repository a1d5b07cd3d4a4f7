//! `muster doctor`, as a process, before gateways that are right and gateways that are not.

use std::process::{Command, Stdio};

use diesel::prelude::*;
use muster::accounts::model::Kind;
use muster::accounts::queries;
use muster::auth::principal::Principal;
use muster::schema::{accounts, audit_changes, audit_events, tokens};
use muster::tokens::policy;

use crate::support::app::TestApp;
use crate::support::echo::Api;
use crate::support::soon::eventually;

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
        "Callers without a valid token reach the API.",
        "Anyone with a valid token can pretend to be another account: Muster-Account, Muster-Account-Name, Muster-Account-Type, Muster-Roles, \
         Muster-Teams, Muster-Permissions, Muster-Token, Muster-Access, Muster-Token-Expires arrived",
        "The gateway lets Muster_Account through",
        "an Authorization header that Muster has not checked",
        "Muster isn't told the method of the call",
        "A revoked token still works",
    ] {
        assert!(told.text.contains(hole), "{hole}: {}", told.text);
    }
    assert!(told.text.contains("\n6 findings.") && told.lines("FAIL").len() > 10, "{}", told.text);
    for line in [
        "auth_request /_muster;",
        "forward_auth 127.0.0.1:8080",
        "authResponseHeadersRegex: ",
        "del-header muster -m beg",
        "path_prefix: /auth/verify/-",
        "muster help-page envoy",
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
    assert!(one.text.contains("request_header -Muster*") && !one.text.contains("auth_request /_muster"), "{}", one.text);
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
    app.write(|conn| policy::stop(conn, &Principal::shell(), "Until Monday.", None));
    let told = doctor(&app, &url, &["--account", "robot"]);
    assert!(told.code == Some(2) && told.text.contains("Until Monday."), "{}", told.text);
}

#[test]
fn a_trial_that_is_interrupted_leaves_nothing() {
    let app = TestApp::start();
    for signal in ["INT", "TERM"] {
        let (told, is_told) = std::sync::mpsc::channel::<()>();
        let api = Api::start_after(move || is_told.recv().unwrap_or_default());
        let mut child = command(&app, &format!("http://{}", api.address), &[]);
        let child = child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let before = app.totals().0;
        // In the middle: the account is there, and the first question waits for its answer.
        eventually("the account", || app.totals().0 != before);
        assert!(Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status().unwrap().success());
        drop(told);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stdout));
        assert!(String::from_utf8_lossy(&output.stderr).contains("Interrupted"));
        nothing_is_left(&app);
    }
}

#[cfg(feature = "installed-tests")]
mod with_gateways {
    use muster::gateway::recipes::Gateway::{self, Caddy, Haproxy, Nginx};

    use super::*;
    use crate::support::proxy::{Proxy, RUN};

    const OPEN: &str = "Callers without a valid token reach the API.";
    const PRETEND: &str = "can pretend to be another account: ";
    const UNDERSCORES: &str = "The gateway lets Muster_Account through";
    const METHOD: &str = "Muster isn't told the method of the call";
    const CLAIMED: &str = "Muster is told the method that the client claims";
    const CACHED: &str = "A revoked token still works";

    /// Texts of a recipe with what stands in their place, and what the doctor says of it.
    type Fault = (&'static [(&'static str, &'static str)], &'static str);

    const OF_NGINX: [Fault; 8] = [
        (&[("auth_request /_muster;", "")], OPEN),
        (
            &[
                (
                    "auth_request /_muster;",
                    "error_page 418 = @open; if ($request_method = OPTIONS) { return 418; } auth_request /_muster;",
                ),
                ("location @muster_failed {", "location @open { proxy_pass http://API; }\n    location @muster_failed {"),
            ],
            OPEN,
        ),
        (
            &[
                ("include muster-identity.conf;", "error_page 500 = @muster_failed;"),
                ("add_header Retry-After $muster_retry always;", ""),
                ("if ($muster_status = 429) { return 429; }", ""),
            ],
            PRETEND,
        ),
        (
            &[("proxy_set_header Muster-Token-Expires  $muster_token_expires;", "")],
            "another account: Muster-Token-Expires arrived",
        ),
        (&[("underscores_in_headers off;", "")], UNDERSCORES),
        (&[("proxy_set_header X-Original-Method $request_method;", "")], METHOD),
        (
            &[
                ("X-Original-Method $request_method", "X-Original-Method $claimed"),
                (
                    "upstream muster {",
                    "map $http_x_original_method $claimed { '' $request_method; default $http_x_original_method; }\nupstream muster {",
                ),
            ],
            CLAIMED,
        ),
        (
            &[(
                "proxy_cache off;",
                "proxy_cache answers; proxy_cache_key $http_authorization$request_method; proxy_cache_valid 200 1m; \
                 proxy_ignore_headers Cache-Control;",
            )],
            CACHED,
        ),
    ];

    const OF_CADDY: [Fault; 2] = [
        (&[("@refunds path", "@never method NEVER\n\t@refunds path"), ("forward_auth ", "forward_auth @never ")], OPEN),
        (&[("request_header -Muster*", "")], UNDERSCORES),
    ];

    const OF_HAPROXY: [Fault; 4] = [
        (&[("http-request return", "# ")], OPEN),
        (&[("http-request del-header muster -m beg", "")], UNDERSCORES),
        (&[("headers[\"x-original-method\"] = { txn.f:method() }", "")], METHOD),
        (
            &[("{ txn.f:method() }", "{ given[\"x-original-method\"] and given[\"x-original-method\"][0] or txn.f:method() }")],
            CLAIMED,
        ),
    ];

    fn examine(gateway: Gateway, changes: &[(&str, &str)]) -> Told {
        let app = TestApp::start();
        let api = Api::start();
        let found = std::cell::Cell::new(0);
        let proxy = Proxy::start_changed(gateway, &app.url, api.address, |text| {
            changes.iter().fold(text, |text, (from, to)| {
                found.set(found.get() + usize::from(text.contains(from)));
                text.replace(from, &to.replace("API", &api.address.to_string()))
            })
        });
        assert_eq!(found.get(), changes.len(), "the recipe has no such text: {changes:?}");
        let told = doctor(&app, &proxy.url, &["--gateway", gateway.slug()]);
        nothing_is_left(&app);
        told
    }

    #[test]
    fn a_recipe_as_it_stands_has_no_hole() {
        for gateway in RUN {
            let told = examine(gateway, &[]);
            assert_eq!(told.code, Some(0), "{}", told.text);
            assert!(told.lines("FAIL").is_empty() && told.lines("note").is_empty(), "{}", told.text);
            assert_eq!(told.lines("ok").len(), 21, "{}", told.text);
            assert!(told.text.contains("Nothing got through that shouldn't."), "{}", told.text);
        }
    }

    fn each_is_found_and_nothing_else(gateway: Gateway, faults: &[Fault]) {
        for (changes, says) in faults {
            let told = examine(gateway, changes);
            assert_eq!(told.code, Some(1), "{changes:?}: {}", told.text);
            // Where nothing is asked at all, neither the method nor a revocation is heard of.
            let unasked = told.lines("FAIL").iter().any(|line| line.starts_with("no token: "));
            let number = if unasked { "\n3 findings." } else { "\n1 finding." };
            assert!(told.text.contains(says) && told.text.contains(number), "{changes:?}: {}", told.text);
            // The advice is the recipe's own text, which was changed.
            let advice = told.text.split_once(says).map(|(_, after)| after).unwrap_or_default();
            assert!(advice.contains(gateway.name()), "{changes:?}: {}", told.text);
        }
    }

    #[test]
    fn each_line_left_out_of_nginx_is_found() {
        each_is_found_and_nothing_else(Nginx, &OF_NGINX);
    }

    #[test]
    fn each_line_left_out_of_caddy_is_found() {
        each_is_found_and_nothing_else(Caddy, &OF_CADDY);
    }

    #[test]
    fn each_line_left_out_of_haproxy_is_found() {
        each_is_found_and_nothing_else(Haproxy, &OF_HAPROXY);
    }

    #[test]
    fn a_path_that_asks_for_a_permission_is_tried_with_a_role() {
        let app = TestApp::start();
        let api = Api::start();
        app.add_role("Refunder", &["payments:refund"]);
        let proxy = Proxy::start_changed(Nginx, &app.url, api.address, |text| {
            text.replace("/auth/verify;", "/auth/verify?require=payments:refund;")
        });
        let told = doctor(&app, &proxy.url, &[]);
        assert!(told.code == Some(2) && told.text.contains("--role"), "{}", told.text);
        let told = doctor(&app, &proxy.url, &["--role", "refunder"]);
        assert_eq!(told.code, Some(0), "{}", told.text);
        nothing_is_left(&app);
    }
}
