//! Real gateways, configured by Muster's own recipes.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use muster::gateway::recipes::{Gateway, Values};

use super::app::{Answer, Client};

/// The gateways that the tests start.
pub const RUN: [Gateway; 3] = [Gateway::Nginx, Gateway::Caddy, Gateway::Haproxy];

/// A gateway on a port of its own, with everything that it writes in a folder of its own.
pub struct Proxy {
    child: Child,
    pub gateway: Gateway,
    /// `http://127.0.0.1:PORT`.
    pub url: String,
    folder: tempfile::TempDir,
}

impl Proxy {
    /// Configured exactly as the recipe says.
    pub fn start(gateway: Gateway, muster: &str, api: SocketAddr) -> Self {
        Self::start_changed(gateway, muster, api, |text| text)
    }

    /// With a change to the text of each of the recipe's files.
    pub fn start_changed(gateway: Gateway, muster: &str, api: SocketAddr, change: impl Fn(String) -> String) -> Self {
        let mut values = Values::example(api);
        values.set_muster(muster).unwrap();
        values.set_api(&format!("http://{api}")).unwrap();
        let files: Vec<(&str, String)> = gateway.files(&values).into_iter().map(|(title, text)| (title, change(text))).collect();
        let folder = tempfile::TempDir::with_prefix("muster-gateway-").unwrap();
        for _ in 0..10 {
            // Free at this moment; where somebody else is faster, the next may do.
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            for (title, text) in &files {
                std::fs::write(folder.path().join(title), placed(gateway, text, folder.path(), port)).unwrap();
            }
            let log = std::fs::File::create(folder.path().join("log")).unwrap();
            let mut command = command(gateway, folder.path());
            let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap();
            let end = Instant::now() + Duration::from_secs(20);
            while Instant::now() < end && child.try_wait().unwrap().is_none() {
                if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                    return Self { child, gateway, url: format!("http://127.0.0.1:{port}"), folder };
                }
                std::thread::sleep(Duration::from_millis(20));
            }
            let _ = child.kill();
            let _ = child.wait();
        }
        panic!("{} does not start: {}", gateway.name(), said(folder.path()));
    }

    /// A call by a client that has never called before.
    pub fn call(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        Client::new(&self.url).send(method, path, headers, &[("amount", "12")])
    }

    pub fn get(&self, path: &str, token: &str) -> Answer {
        self.call("GET", path, &[("Authorization", &format!("Bearer {token}"))])
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("{}: {}", self.gateway.name(), said(self.folder.path()));
        }
    }
}

fn said(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("log")).unwrap_or_default()
}

/// The text of a file, with the port and the folder of this run in the place of what a real installation has.
fn placed(gateway: Gateway, text: &str, folder: &Path, port: u16) -> String {
    let placed = match gateway {
        Gateway::Nginx => text.replace("listen 80;", &format!("listen 127.0.0.1:{port};")),
        Gateway::Haproxy => {
            text.replace("/etc/haproxy", folder.to_str().unwrap()).replace("bind :80", &format!("bind 127.0.0.1:{port}"))
        }
        Gateway::Caddy => {
            format!("{{\n\tadmin off\n\tauto_https off\n}}\n{}", text.replace("api.example.com", &format!("http://:{port}")))
        }
        Gateway::Traefik | Gateway::Envoy => text.to_owned(),
    };
    assert!(gateway != Gateway::Nginx || !placed.contains("listen 80"), "{placed}");
    placed
}

fn command(gateway: Gateway, folder: &Path) -> Command {
    let program = |variable: &str, name: &str| Command::new(std::env::var(variable).unwrap_or_else(|_| name.to_owned()));
    let mut command;
    match gateway {
        Gateway::Nginx => {
            let frame = folder.join("nginx.conf");
            std::fs::write(&frame, nginx_frame(folder.to_str().unwrap())).unwrap();
            command = program("MUSTER_TEST_NGINX", "nginx");
            command.arg("-p").arg(folder).arg("-c").arg(frame).args(["-e", "/dev/stderr"]);
        }
        Gateway::Haproxy => {
            command = program("MUSTER_TEST_HAPROXY", "haproxy");
            command.arg("-db").arg("-f").arg(folder.join("haproxy.cfg"));
        }
        Gateway::Caddy => {
            command = program("MUSTER_TEST_CADDY", "caddy");
            command.args(["run", "--adapter", "caddyfile", "--config"]).arg(folder.join("Caddyfile"));
            command.env("HOME", folder).env("XDG_DATA_HOME", folder).env("XDG_CONFIG_HOME", folder);
        }
        Gateway::Traefik | Gateway::Envoy => unreachable!("{} is not started by the tests", gateway.name()),
    }
    command
}

/// What a real nginx.conf has around the recipe, for whoever runs the tests. It lets underscores through, so that it is the
/// recipe that refuses them.
fn nginx_frame(folder: &str) -> String {
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|kind| format!("    {kind}_temp_path {folder}/{kind};\n"))
        .collect();
    format!(
        "daemon off;
master_process off;
pid {folder}/nginx.pid;
events {{}}
http {{
    access_log off;
    underscores_in_headers on;
    proxy_cache_path {folder}/cache keys_zone=answers:1m;
{temporary}
    include '{folder}/Your server';
}}
"
    )
}
