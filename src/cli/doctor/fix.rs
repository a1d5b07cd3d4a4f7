//! What a finding means, and the lines of a recipe that fix it.

use crate::gateway::recipes::{Gateway, Values};

/// A hole in the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// Calls with a rejected token get through.
    OpenDoor,
    /// These headers reach the API unchanged.
    Identity(Vec<&'static str>),
    /// Headers with an underscore instead of a hyphen reach the API.
    Underscores,
    /// The API gets an `Authorization` header that Muster hasn't checked.
    SecondAuthorization,
    /// Muster isn't told the method.
    MethodMissing,
    /// Muster is told a method that the client made up.
    MethodForged,
    /// Responses are cached.
    Cached,
}

/// Removes duplicate findings.
pub fn merged(findings: impl Iterator<Item = Finding>) -> Vec<Finding> {
    let mut all: Vec<Finding> = Vec::new();
    for finding in findings {
        if !all.contains(&finding) {
            all.push(finding);
        }
    }
    all
}

/// What an attacker could do, and how to fix it.
pub fn meaning(finding: &Finding) -> String {
    match finding {
        Finding::OpenDoor => "Callers without a valid token reach the API. Ask Muster before every call to this path:".into(),
        Finding::Identity(names) => format!(
            "Anyone with a valid token can pretend to be another account: {} arrived as the client sent {}. Replace {} with \
             Muster's answer:",
            names.join(", "),
            if names.len() == 1 { "it" } else { "them" },
            if names.len() == 1 { "it" } else { "them" },
        ),
        Finding::Underscores => {
            "The gateway lets Muster_Account through, which an API that runs behind CGI, WSGI, PHP or Rack reads as \
             Muster-Account. Remove headers with underscores:"
                .into()
        }
        Finding::SecondAuthorization => {
            "The API gets an Authorization header that Muster has not checked, and may trust it. Remove it after the check, or \
             refuse calls with two of them:"
                .into()
        }
        Finding::MethodMissing => "Read-only tokens can write, because Muster isn't told the method of the call. Send it:".into(),
        Finding::MethodForged => {
            "Read-only tokens can write, because Muster is told the method that the client claims. Overwrite both headers:".into()
        }
        Finding::Cached => {
            "A revoked token still works after more than a second, because an answer is cached. Ask Muster every time:".into()
        }
    }
}

/// The finding's name in the recipes.
fn fault(finding: &Finding) -> &'static str {
    match finding {
        Finding::OpenDoor => "door",
        Finding::Identity(_) => "identity",
        Finding::Underscores => "underscores",
        Finding::SecondAuthorization => "authorization",
        Finding::MethodMissing => "method",
        Finding::MethodForged => "forged-method",
        Finding::Cached => "cache",
    }
}

/// The lines of this gateway's recipe that fix it, under their file names.
pub fn lines(finding: &Finding, gateway: Gateway, values: &Values) -> Vec<String> {
    let files = gateway.lines(fault(finding), values);
    if files.is_empty() {
        return vec![format!(
            "{}: compare your configuration with the recipe. It does this without a line of its own.",
            gateway.name()
        )];
    }
    let mut lines = Vec::new();
    for (file, all) in files {
        let about = about(finding, &all);
        lines.push(format!("{}, {file}:", gateway.name()));
        lines.extend(about.into_iter().map(|line| format!("    {}", line.trim())));
    }
    lines
}

/// If a recipe has a line per header, those of the affected headers.
fn about(finding: &Finding, lines: &[String]) -> Vec<String> {
    let Finding::Identity(names) = finding else { return lines.to_vec() };
    let names_one = |line: &&String| {
        let line = line.to_lowercase().replace('_', "-");
        names.iter().any(|name| line.split_whitespace().any(|word| word.trim_matches(['$', ';']) == name.to_lowercase()))
    };
    let some: Vec<String> = lines.iter().filter(names_one).cloned().collect();
    if some.is_empty() { lines.to_vec() } else { some }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finding_has_a_fix_for_every_gateway() {
        let values = Values::example(([10, 20, 0, 5], 8080).into());
        for finding in [
            Finding::OpenDoor,
            Finding::Identity(vec!["Muster-Roles", "Muster-Token-Expires"]),
            Finding::Underscores,
            Finding::SecondAuthorization,
            Finding::MethodMissing,
            Finding::MethodForged,
            Finding::Cached,
        ] {
            assert!(meaning(&finding).ends_with(':'));
            for gateway in Gateway::ALL {
                let lines = lines(&finding, gateway, &values);
                assert!(lines.iter().all(|line| !line.trim().is_empty()) && !lines.is_empty(), "{finding:?} {gateway:?}");
            }
        }
    }

    #[test]
    fn a_header_that_arrived_is_mended_by_its_own_lines() {
        let found = Finding::Identity(vec!["Muster-Token-Expires"]);
        let lines = lines(&found, Gateway::Nginx, &Values::example(([10, 20, 0, 5], 8080).into()));
        assert_eq!(
            lines[..3],
            [
                "nginx, muster-identity.conf:",
                "    auth_request_set $muster_token_expires $upstream_http_muster_token_expires;",
                "    proxy_set_header Muster-Token-Expires  $muster_token_expires;"
            ]
        );
    }
}
