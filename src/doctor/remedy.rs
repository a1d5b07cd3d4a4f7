//! The holes, and the lines that close them.

use super::examination::IDENTITY;
use crate::cli::Gateway;

/// A way past the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hole {
    /// Calls pass whose token Muster refuses.
    OpenDoor,
    /// These headers reach the API as the client wrote them.
    Identity(Vec<&'static str>),
    /// A header with an underscore in the place of the hyphen does.
    Underscores,
    /// The API gets an `Authorization` that Muster has not judged.
    SecondAuthorization,
    /// Muster is not told the method.
    MethodUntold,
    /// Muster is told a method that the client made up.
    MethodForged,
    /// An old answer of Muster's is used again.
    Remembered,
}

/// Each hole once, however often it was found.
pub fn merged(holes: impl Iterator<Item = Hole>) -> Vec<Hole> {
    let mut all: Vec<Hole> = Vec::new();
    for hole in holes {
        if !all.contains(&hole) {
            all.push(hole);
        }
    }
    all
}

/// What somebody could do with it.
pub fn meaning(hole: &Hole) -> String {
    match hole {
        Hole::OpenDoor => "Whoever has no good token reaches the API. Ask Muster before every call of this path:".into(),
        Hole::Identity(names) => {
            format!(
                "With any good token, somebody can pass for another account: {} arrived as the client wrote {}. Take what \
                 Muster says in its place:",
                names.join(", "),
                if names.len() == 1 { "it" } else { "them" }
            )
        }
        Hole::Underscores => {
            "Muster_Account is another header to the gateway, and the same one to an API that reads headers as CGI does \
             (Python's WSGI, PHP, Ruby's Rack). Keep underscores out:"
                .into()
        }
        Hole::SecondAuthorization => {
            "The API gets another Authorization header than the one that Muster judged, and may believe it. Let no call with \
             two of them pass, or take the header out behind the check:"
                .into()
        }
        Hole::MethodUntold => "Read-only tokens can write: Muster is not told the method of the call. Tell it:".into(),
        Hole::MethodForged => {
            "Read-only tokens can write: Muster is told the method that the client claims. Write over both headers:".into()
        }
        Hole::Remembered => {
            "A revoked token is still accepted more than a second later: an answer is kept somewhere. Ask Muster every time:"
                .into()
        }
    }
}

/// Where the lines belong.
pub fn heading(gateway: Gateway) -> &'static str {
    match gateway {
        Gateway::Nginx => "nginx (\"location = /_muster\" is the one that auth_request asks)",
        Gateway::Caddy => "Caddy, in a route { } with forward_auth",
        Gateway::Traefik => "Traefik, dynamic configuration (\"muster\" is the forwardAuth middleware)",
        Gateway::Haproxy => "HAProxy, in the frontend, with haproxy-auth-request",
        Gateway::Envoy => "Envoy, in the HTTP connection manager",
    }
}

/// The lines for each gateway.
pub fn lines(hole: &Hole) -> Vec<(Gateway, Vec<String>)> {
    let [nginx, caddy, traefik, haproxy, envoy] = match hole {
        Hole::Identity(names) => identity(names),
        other => fixed(other).map(|lines| lines.iter().map(ToString::to_string).collect()),
    };
    vec![
        (Gateway::Nginx, nginx),
        (Gateway::Caddy, caddy),
        (Gateway::Traefik, traefik),
        (Gateway::Haproxy, haproxy),
        (Gateway::Envoy, envoy),
    ]
}

fn fixed(hole: &Hole) -> [&'static [&'static str]; 5] {
    match hole {
        Hole::OpenDoor => [
            &["auth_request /_muster;   # in the location itself, in no \"if\" and no \"limit_except\""],
            &["forward_auth 127.0.0.1:8080 { uri /auth/verify }   # before reverse_proxy, with no matcher that leaves calls out"],
            &["middlewares: [muster]   # in the router of this path"],
            &[
                "http-request lua.auth-request muster /auth/verify",
                "http-request deny deny_status 401 if !{ var(txn.auth_response_successful) -m bool }",
            ],
            &["failure_mode_allow: false   # and no per-route \"disabled: true\" of ext_authz"],
        ],
        Hole::Underscores => [
            &["underscores_in_headers off;   # in the server; it is the default"],
            &["request_header -Muster_*   # before forward_auth"],
            &["headers: { customRequestHeaders: { Muster_Account: \"\" } }   # a middleware before muster, for each of the nine"],
            &["http-request del-header muster_ -m beg"],
            &["common_http_protocol_options: { headers_with_underscores_action: REJECT_REQUEST }"],
        ],
        Hole::SecondAuthorization => [
            &["proxy_set_header Authorization \"\";   # in the location; nginx 1.22 refuses two of them by itself"],
            &["request_header -Authorization   # after forward_auth"],
            &["headers: { customRequestHeaders: { Authorization: \"\" } }   # a middleware after muster"],
            &["http-request deny deny_status 400 if { req.hdr_cnt(authorization) gt 1 }"],
            &["request_headers_to_remove: [authorization]   # in the route"],
        ],
        Hole::MethodUntold => [
            &["proxy_set_header X-Original-Method $request_method;   # in location = /_muster"],
            &[
                "header_up X-Forwarded-Method {method}   # in a reverse_proxy that stands in for forward_auth, which sets it itself",
            ],
            &["forwardAuth: { trustForwardHeader: false }   # Traefik tells the method itself"],
            &["http-request set-header X-Original-Method %[method]   # before lua.auth-request"],
            &["http_service: { … }   # ext_authz over HTTP asks with the method of the call; set no :method in headers_to_add"],
        ],
        Hole::MethodForged => [
            &[
                "proxy_set_header X-Original-Method $request_method;   # in location = /_muster",
                "proxy_set_header X-Forwarded-Method \"\";",
            ],
            &["request_header -X-Original-Method   # before forward_auth, which sets X-Forwarded-Method itself"],
            &[
                "headers: { customRequestHeaders: { X-Original-Method: \"\" } }   # a middleware before muster",
                "forwardAuth: { trustForwardHeader: false }",
            ],
            &[
                "http-request set-header X-Original-Method %[method]   # before lua.auth-request",
                "http-request del-header X-Forwarded-Method",
            ],
            &["disallowed_headers: { patterns: [{ exact: x-original-method }, { exact: x-forwarded-method }] }   # in ext_authz"],
        ],
        Hole::Remembered => [
            &["proxy_cache off;   # in location = /_muster, and in the location of the API"],
            &["forward_auth …   # before every cache"],
            &["middlewares: [muster, …]   # before every cache"],
            &["http-request lua.auth-request muster /auth/verify   # before http-request cache-use"],
            &["http_filters: ext_authz before envoy.filters.http.cache"],
        ],
        // Its lines name the headers.
        Hole::Identity(_) => [&[]; 5],
    }
}

fn identity(names: &[&'static str]) -> [Vec<String>; 5] {
    let nginx = names.iter().flat_map(|name| {
        let variable = name.to_lowercase().replace('-', "_");
        [format!("auth_request_set ${variable} $upstream_http_{variable};"), format!("proxy_set_header {name} ${variable};")]
    });
    let haproxy = names.iter().map(|name| {
        let variable = name.to_lowercase().replace('-', "_");
        format!("http-request set-header {name} %[var(req.auth_response_header.{variable})]   # after it")
    });
    let all = IDENTITY.join(", ");
    [
        nginx.collect(),
        vec![
            "request_header -Muster-*   # before forward_auth".into(),
            format!("copy_headers {}   # in forward_auth", IDENTITY.join(" ")),
        ],
        vec![format!("forwardAuth: {{ authResponseHeaders: [{all}] }}")],
        std::iter::once("http-request del-header muster- -m beg   # before lua.auth-request".to_owned()).chain(haproxy).collect(),
        vec!["authorization_response: { allowed_upstream_headers: { patterns: [{ prefix: muster- }] } }   # in ext_authz".into()],
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_hole_has_lines_for_every_gateway() {
        for hole in [
            Hole::OpenDoor,
            Hole::Identity(vec!["Muster-Roles", "Muster-Token-Expires"]),
            Hole::Underscores,
            Hole::SecondAuthorization,
            Hole::MethodUntold,
            Hole::MethodForged,
            Hole::Remembered,
        ] {
            assert!(meaning(&hole).ends_with(':'));
            for (gateway, lines) in lines(&hole) {
                assert!(!lines.is_empty() && lines.iter().all(|line| !line.is_empty()), "{hole:?} {gateway:?}");
            }
        }
        let (_, nginx) = &lines(&Hole::Identity(vec!["Muster-Token-Expires"]))[0];
        assert_eq!(nginx[0], "auth_request_set $muster_token_expires $upstream_http_muster_token_expires;");
        assert_eq!(nginx[1], "proxy_set_header Muster-Token-Expires $muster_token_expires;");
    }
}
