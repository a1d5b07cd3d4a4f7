//! The parsers of the settings' values. Each error names the variable; clap adds the flag.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use chrono::TimeDelta;
use ipnet::IpNet;

use super::url;

/// A hundred years.
const MAX_DAYS: i64 = 36_500;

/// Parses a whole number of days, hours or minutes: `90d`, `12h`, `30m`.
pub fn parse_duration(text: &str) -> Result<TimeDelta, String> {
    // The parser also accepts seconds, months and years, which screens can't show as whole days, hours or minutes.
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"dhm".contains(&byte));
    let parsed = humantime::parse_duration(text).ok().filter(|_| is_plain);
    let length = parsed.ok_or("Use a whole number of days, hours or minutes, such as 90d, 12h or 30m.")?;
    let possible = TimeDelta::minutes(1)..=TimeDelta::days(MAX_DAYS);
    let length = TimeDelta::from_std(length).ok().filter(|length| possible.contains(length));
    length.ok_or_else(|| format!("Use a duration from 1m to {MAX_DAYS}d."))
}

pub fn listen(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "must be an IP address and a port, such as 127.0.0.1:8080 (MUSTER_LISTEN)".to_owned())
}

pub fn metrics_listen(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "must be an IP address and a port, such as 127.0.0.1:9090 (MUSTER_METRICS_LISTEN)".to_owned())
}

pub fn public_url(text: &str) -> Result<String, String> {
    url::origin(text).ok_or_else(|| {
        "must be http:// or https:// and a host, without a path: clients of the API expect it there (MUSTER_PUBLIC_URL)"
            .to_owned()
    })
}

pub fn policy_link(text: &str) -> Result<String, String> {
    let refused = || "must be an http:// or https:// address (MUSTER_POLICY_LINK)".to_owned();
    url::http(text).map(|_| text.to_owned()).ok_or_else(refused)
}

/// Stricter than `env_logger`, which takes a mistyped level for a module's name.
pub fn log_filter(text: &str) -> Result<String, String> {
    let is_level = |level: &str| level.trim().parse::<log::LevelFilter>().is_ok();
    let fits = |part: &str| match part.split_once('=') {
        Some((module, level)) => !module.trim().is_empty() && is_level(level),
        None => is_level(part),
    };
    if text.split(',').all(fits) {
        return Ok(text.to_owned());
    }
    Err("must be a level (off, error, warn, info, debug, trace), or levels by module such as info,muster=debug (MUSTER_LOG)"
        .to_owned())
}

pub fn organisation(text: &str) -> Result<String, String> {
    name("MUSTER_ORGANISATION", text)
}

pub fn plan_name(text: &str) -> Result<String, String> {
    name("MUSTER_PLAN_NAME", text)
}

fn name(variable: &str, text: &str) -> Result<String, String> {
    let trimmed = text.trim();
    let fits = (1..=80).contains(&trimmed.chars().count()) && !trimmed.chars().any(char::is_control);
    if fits { Ok(trimmed.to_owned()) } else { Err(format!("must have 1 to 80 characters ({variable})")) }
}

pub fn plan_limit(text: &str) -> Result<u32, String> {
    limit(text, "MUSTER_PLAN_LIMIT")
}

pub fn user_limit(text: &str) -> Result<u32, String> {
    limit(text, "MUSTER_USER_LIMIT")
}

fn limit(text: &str, variable: &str) -> Result<u32, String> {
    let limit = text.parse().ok().filter(|limit| (1..=1_000_000).contains(limit));
    limit.ok_or_else(|| format!("must be a whole number from 1 to 1000000 ({variable})"))
}

pub fn max_token_lifetime(text: &str) -> Result<TimeDelta, String> {
    parse_duration(text).map_err(|_| format!("must be a duration such as 365d, at most {MAX_DAYS}d (MUSTER_MAX_TOKEN_LIFETIME)"))
}

pub fn trusted_proxy(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    let address = text.parse::<IpAddr>().map(IpNet::from);
    address
        .or_else(|_| text.parse::<IpNet>())
        .map_err(|_| "must be addresses or networks such as 10.0.0.0/8, separated by commas (MUSTER_TRUSTED_PROXIES)".to_owned())
}

pub fn workers(text: &str) -> Result<usize, String> {
    let count = text.parse().ok().filter(|count| (1..=1024).contains(count));
    count.ok_or_else(|| "must be a whole number from 1 to 1024 (MUSTER_WORKERS)".to_owned())
}

pub fn activity_interval(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|seconds| (1..=3600).contains(seconds));
    let refused = || "must be a whole number of seconds from 1 to 3600 (MUSTER_ACTIVITY_INTERVAL)".to_owned();
    seconds.map(Duration::from_secs).ok_or_else(refused)
}

pub fn refusal_limit(text: &str) -> Result<u32, String> {
    let count = text.parse().ok().filter(|count| *count <= 1_000_000);
    count.ok_or_else(|| "must be a whole number from 0 to 1000000 (MUSTER_REFUSAL_LIMIT)".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations_are_parsed() {
        for (text, length) in [
            ("90d", TimeDelta::days(90)),
            ("365d", TimeDelta::days(365)),
            ("12h", TimeDelta::hours(12)),
            ("30m", TimeDelta::minutes(30)),
            ("0030m", TimeDelta::minutes(30)),
            ("36500d", TimeDelta::days(36_500)),
        ] {
            assert_eq!(parse_duration(text), Ok(length), "{text}");
        }
        for wrong in [
            "",
            "d",
            "90",
            "0",
            "0d",
            "-1d",
            "+1d",
            "1.5d",
            "1 d",
            "1w",
            "1M",
            "1y",
            "90s",
            "1days",
            "36501d",
            "99999999999999999999d",
            "9223372036854775807m",
            "1é",
        ] {
            assert!(parse_duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_trusted_proxy_is_an_address_or_a_network() {
        for (text, network) in [
            ("10.0.0.0/8", "10.0.0.0/8"),
            (" 10.1.2.3/8 ", "10.1.2.3/8"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("192.0.2.1", "192.0.2.1/32"),
            ("fd00::/8", "fd00::/8"),
            ("::1", "::1/128"),
        ] {
            assert_eq!(trusted_proxy(text).map(|network| network.to_string()).as_deref(), Ok(network), "{text}");
        }
        for wrong in [
            "",
            "/",
            "10.0.0.0/",
            "10.0.0.0/33",
            "10.0.0.0/+8",
            "10.0.0.0/256",
            "::/129",
            "10.0.0/8",
            "localhost",
            "10.0.0.0/8/8",
        ] {
            assert!(trusted_proxy(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_or_refused(text in ".*") {
            let _ = parse_duration(&text);
            let _ = trusted_proxy(&text);
            let _ = policy_link(&text);
        }
    }
}
