//! How to put Muster in front of an API, gateway by gateway: the one source of the help pages, of the doctor's advice and of
//! the tests that start these gateways.
//!
//! A recipe is a text with placeholders. A line that a fault of the configuration is about ends in `%%` and the faults' names:
//! what the doctor prints, and what its tests leave out.

use std::net::{Ipv6Addr, SocketAddr};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::roles::permission::Permission;

/// The gateways that there is a recipe for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Gateway {
    Nginx,
    Caddy,
    Traefik,
    Haproxy,
    Envoy,
}

/// A file of a recipe: what to call it, and its text.
type RecipeFile = (&'static str, &'static str);

impl Gateway {
    pub const ALL: [Self; 5] = [Self::Nginx, Self::Caddy, Self::Traefik, Self::Haproxy, Self::Envoy];

    /// As its makers write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Caddy => "Caddy",
            Self::Traefik => "Traefik",
            Self::Haproxy => "HAProxy",
            Self::Envoy => "Envoy",
        }
    }

    /// In addresses and on the command line.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Caddy => "caddy",
            Self::Traefik => "traefik",
            Self::Haproxy => "haproxy",
            Self::Envoy => "envoy",
        }
    }

    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|gateway| gateway.slug() == slug)
    }

    /// What to know before using the recipe.
    pub fn note(self) -> &'static str {
        match self {
            Self::Nginx => {
                "Put the first two files beside `nginx.conf`, add the third to your server, and reload nginx. nginx drops headers \
                 with underscores and replaces the nine `Muster-` headers; it can't remove others that begin the same way. \
                 Muster's tests run this recipe with nginx 1.22."
            }
            Self::Caddy => {
                "The order matters, so everything is in `route` blocks: Caddy first removes what the client claims, then asks. \
                 Removing `Connection` also turns WebSockets off. Muster's tests run this recipe with Caddy 2.6."
            }
            Self::Traefik => {
                "This belongs in a file that Traefik watches. Leave `trustForwardHeader` off unless another proxy of yours is in \
                 front. Removing `Connection` also turns WebSockets off. Muster's tests don't run Traefik, so try it with the doctor."
            }
            Self::Haproxy => "Needs HAProxy 2.5 or newer, built with Lua. Muster's tests run this recipe with HAProxy 2.6.",
            Self::Envoy => {
                "Put the parts where your configuration has them, and check the filter names against your version. Envoy asks with the \
                 original method and appends the original path to `path_prefix`; Muster reads nothing after the `-`. Muster's tests \
                 don't run Envoy, so try it with the doctor."
            }
        }
    }

    fn sources(self) -> &'static [RecipeFile] {
        match self {
            Self::Nginx => &[
                ("muster-check.conf", include_str!("recipes/nginx-check.conf")),
                ("muster-identity.conf", include_str!("recipes/nginx-identity.conf")),
                ("Your server", include_str!("recipes/nginx-server.conf")),
            ],
            Self::Caddy => &[("Caddyfile", include_str!("recipes/Caddyfile"))],
            Self::Traefik => &[("Dynamic configuration", include_str!("recipes/traefik.yml"))],
            Self::Haproxy => {
                &[("muster.lua", include_str!("recipes/haproxy.lua")), ("haproxy.cfg", include_str!("recipes/haproxy.cfg"))]
            }
            Self::Envoy => &[("Envoy configuration", include_str!("recipes/envoy.yml"))],
        }
    }

    /// The recipe: its files, each with a title.
    pub fn files(self, values: &Values) -> Vec<(&'static str, String)> {
        let text = |source: &str| source.lines().map(|line| values.fill(untagged(line).0) + "\n").collect();
        self.sources().iter().map(|(title, source)| (*title, text(source))).collect()
    }

    /// The lines that a fault is about, by file.
    pub fn lines(self, fault: &str, values: &Values) -> Vec<(&'static str, Vec<String>)> {
        let about = |source: &str| -> Vec<String> {
            let lines = source.lines().map(untagged).filter(|(_, faults)| faults.split(',').any(|name| name == fault));
            lines.map(|(line, _)| values.fill(line)).collect()
        };
        let all = self.sources().iter().map(|(title, source)| (*title, about(source)));
        all.filter(|(_, lines)| !lines.is_empty()).collect()
    }
}

/// A line, and the names of the faults that it is about.
fn untagged(line: &str) -> (&str, &str) {
    line.rsplit_once(" %%").unwrap_or((line, ""))
}

/// What stands in the place of a recipe's placeholders. All of it has been checked: a recipe is pasted into a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Values {
    muster: String,
    api: String,
    path: String,
    permission: String,
}

/// How an address must be written.
const ADDRESS: &str = "Enter http://, a host and a port, such as http://10.20.0.5:8080.";

impl Values {
    /// Muster where it listens, and an example of everything else.
    pub fn example(listen: SocketAddr) -> Self {
        let muster = match listen.port() {
            0 => "127.0.0.1:8080".into(),
            port if listen.ip().is_unspecified() => format!("127.0.0.1:{port}"),
            _ => listen.to_string(),
        };
        Self { muster, api: "127.0.0.1:9000".into(), path: "/refunds".into(), permission: "payments:refund".into() }
    }

    pub fn set_muster(&mut self, url: &str) -> Result<(), String> {
        address(url).map(|address| self.muster = address)
    }

    pub fn set_api(&mut self, url: &str) -> Result<(), String> {
        address(url).map(|address| self.api = address)
    }

    pub fn set_path(&mut self, path: &str) -> Result<(), String> {
        let is_word =
            |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        let words = path.strip_prefix('/').filter(|words| path.len() <= 200 && words.split('/').all(is_word));
        words.ok_or("Enter a path such as /refunds, of letters, digits, - and _.")?;
        path.clone_into(&mut self.path);
        Ok(())
    }

    pub fn set_permission(&mut self, permission: &str) -> Result<(), String> {
        self.permission = Permission::parse(permission).map_err(|error| error.to_string())?.to_string();
        Ok(())
    }

    pub fn muster(&self) -> String {
        format!("http://{}", self.muster)
    }

    pub fn api(&self) -> String {
        format!("http://{}", self.api)
    }

    pub fn path(&self) -> &str {
        &self.path
    }

    pub fn permission(&self) -> &str {
        &self.permission
    }

    /// Whether the gateway runs on the machine that Muster runs on.
    pub fn is_local(&self) -> bool {
        ["127.", "localhost:", "[::1]:"].iter().any(|start| self.muster.starts_with(start))
    }

    fn fill(&self, line: &str) -> String {
        // In a URL, and never between what a gateway reads as its own: braces are a block in nginx and a placeholder in Caddy.
        const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b':').remove(b'*').remove(b'-').remove(b'_');
        let permission = utf8_percent_encode(&self.permission, KEPT).to_string();
        let name = self.path.trim_start_matches('/').replace('/', "-").to_lowercase();
        line.replace("<<muster>>", &self.muster)
            .replace("<<muster-socket>>", &socket(&self.muster))
            .replace("<<api>>", &self.api)
            .replace("<<api-socket>>", &socket(&self.api))
            .replace("<<path>>", &self.path)
            .replace("<<name>>", &name)
            .replace("<<permission>>", &permission)
    }
}

/// Host and port as Envoy writes them.
fn socket(address: &str) -> String {
    let (host, port) = address.rsplit_once(':').unwrap_or((address, "80"));
    format!("address: \"{}\", port_value: {port}", host.trim_matches(['[', ']']))
}

/// Host and port of a URL that the gateway reaches without TLS.
fn address(url: &str) -> Result<String, String> {
    let rest = url.trim().strip_prefix("http://").map(|rest| rest.trim_end_matches('/'));
    let (host, port) = match rest.map(|rest| (rest, rest.rsplit_once(':'))) {
        Some((_, Some((host, port)))) if !host.is_empty() && !port.ends_with(']') => (host, port),
        Some((host, _)) => (host, "80"),
        None => return Err(ADDRESS.into()),
    };
    let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let fits = match inner {
        Some(ip) => ip.parse::<Ipv6Addr>().is_ok(),
        None => {
            let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
            !host.is_empty() && host.len() <= 253 && host.bytes().all(is_letter)
        }
    };
    match port.parse::<u16>() {
        Ok(port) if fits && port > 0 => Ok(format!("{host}:{port}")),
        _ => Err(ADDRESS.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Values {
        Values::example(SocketAddr::from(([10, 20, 0, 5], 8080)))
    }

    #[test]
    fn a_recipe_is_filled_in_and_shows_no_marks() {
        let mut values = example();
        values.set_path("/v2/refunds").unwrap();
        values.set_permission("team:manage:{6f9619ff-8b86-4011-b42d-00cf4fc964ff}").unwrap();
        for gateway in Gateway::ALL {
            let text: String = gateway.files(&values).into_iter().map(|(_, text)| text).collect();
            for mark in ["%%", "<<", ">>", "{6f96"] {
                assert!(!text.contains(mark), "{gateway:?} {mark}: {text}");
            }
            for part in ["10.20.0.5:8080", "127.0.0.1", "9000", "/v2/refunds", "v2-refunds", "team:manage:%7B6f9619ff"] {
                assert!(text.contains(part), "{gateway:?} {part}: {text}");
            }
            assert_eq!(Gateway::from_slug(gateway.slug()), Some(gateway));
        }
    }

    #[test]
    fn every_recipe_has_lines_for_the_faults_that_the_doctor_finds() {
        let values = example();
        for gateway in Gateway::ALL {
            for fault in ["door", "identity", "underscores", "authorization", "forged-method"] {
                assert!(!gateway.lines(fault, &values).is_empty(), "{gateway:?} {fault}");
            }
        }
        assert_eq!(Gateway::Nginx.lines("cache", &values), [("muster-check.conf", vec!["proxy_cache off;".to_owned()])]);
    }

    #[test]
    fn nothing_gets_into_a_recipe_that_could_be_a_line_of_its_own() {
        let mut values = example();
        let before = values.clone();
        for url in [
            "",
            "https://a:1",
            "http://",
            "http://:80",
            "http://a:0",
            "http://a:99999",
            "http://a:1/x",
            "http://a b",
            "http://a;return 200",
            "http://a\nb",
            "http://u@a",
            "http://[::1",
            "http://[x]:1",
            "http://a{b}",
        ] {
            assert_eq!(values.set_muster(url), Err(ADDRESS.into()), "{url:?}");
            assert!(values.set_api(url).is_err(), "{url:?}");
        }
        for path in ["", "/", "refunds", "/a/", "//a", "/a b", "/a\n", "/a;", "/a{", "/ä", "/../a", "/a?b", "/a%2f"] {
            assert!(values.set_path(path).is_err(), "{path:?}");
        }
        for permission in ["", "a", "a:b c", "a:b\n", "a:b;c", "A:b"] {
            assert!(values.set_permission(permission).is_err(), "{permission:?}");
        }
        assert_eq!(values, before);
        for (url, kept) in
            [("http://muster_1:80/", "http://muster_1:80"), ("http://a", "http://a:80"), ("http://[::1]", "http://[::1]:80")]
        {
            values.set_muster(url).unwrap();
            assert_eq!(values.muster(), kept);
        }
    }
}
