//! Every setting: its flag, its environment variable, its default and what it means.
//!
//! A value is checked when it is read, so a [`Config`] is always right and a wrong value stops the start with a sentence.

use std::net::SocketAddr;
use std::time::Duration;

use chrono::TimeDelta;
use clap::Args;

mod network;
pub mod url;

pub use self::url::DatabaseUrl;
pub use network::Network;

/// Days that stand for "for ever" where a duration is asked: a hundred years.
const MAX_DAYS: i64 = 36_500;

/// The settings of `muster serve` as flags and variables. [`Config`] is what the server works with.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Server")]
pub struct ServeOptions {
    /// Address and port to listen on; port 0 picks a free one
    #[arg(long, env = "MUSTER_LISTEN", value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080", value_parser = listen)]
    pub listen: SocketAddr,

    /// URL where people reach Muster, without a path; https makes cookies Secure [default: http:// and the listen address]
    #[arg(long, env = "MUSTER_PUBLIC_URL", value_name = "URL", value_parser = public_url)]
    pub public_url: Option<String>,

    /// Name of the organisation, shown in the side bar
    #[arg(long, env = "MUSTER_ORGANISATION", value_name = "NAME", default_value = "Your organisation", value_parser = organisation)]
    pub organisation: String,

    /// Name of the plan that limits the system accounts; shown only with a limit
    #[arg(long, env = "MUSTER_PLAN_NAME", value_name = "NAME", default_value = "Team", value_parser = plan_name)]
    pub plan_name: String,

    /// Maximum number of enabled system accounts [default: no limit]
    #[arg(long, env = "MUSTER_PLAN_LIMIT", value_name = "COUNT", value_parser = plan_limit)]
    pub plan_limit: Option<u32>,

    /// Link to your policy on system accounts [default: no link]
    #[arg(long, env = "MUSTER_POLICY_LINK", value_name = "URL", value_parser = policy_link)]
    pub policy_link: Option<String>,

    /// Maximum lifetime of an API token, such as 365d or 12h [default: no maximum]
    #[arg(long, env = "MUSTER_MAX_TOKEN_LIFETIME", value_name = "DURATION", value_parser = max_token_lifetime)]
    pub max_token_lifetime: Option<TimeDelta>,

    /// Proxies whose X-Forwarded-For is trusted: addresses or networks such as 10.0.0.0/8, separated by commas [default: none]
    #[arg(long, env = "MUSTER_TRUSTED_PROXIES", value_name = "NETWORKS", value_delimiter = ',', value_parser = trusted_proxy)]
    pub trusted_proxies: Vec<Network>,

    /// Number of worker threads [default: one per processor]
    #[arg(long, env = "MUSTER_WORKERS", value_name = "COUNT", value_parser = workers)]
    pub workers: Option<usize>,

    /// Seconds between two writes of token activity, from 1 to 3600; a crash loses at most that much of it
    #[arg(long, env = "MUSTER_ACTIVITY_INTERVAL", value_name = "SECONDS", default_value = "60", value_parser = activity_interval)]
    pub activity_interval: Duration,

    /// Rejected tokens allowed per address before 429; refills by a tenth per second; 0 for no limit
    #[arg(long, env = "MUSTER_REFUSAL_LIMIT", value_name = "COUNT", default_value = "100", value_parser = refusal_limit)]
    pub refusal_limit: u32,
    /// Address and port that serves only /metrics, for Prometheus; anyone who can reach it can read them [default: none]
    #[arg(long, env = "MUSTER_METRICS_LISTEN", value_name = "ADDRESS:PORT", value_parser = metrics_listen)]
    pub metrics_listen: Option<SocketAddr>,

    /// What to log: error, warn, info, debug, trace, or by module such as info,muster=debug [default: RUST_LOG, else info]
    #[arg(long, env = "MUSTER_LOG", value_name = "FILTER", value_parser = log_filter)]
    pub log: Option<String>,

    /// Run with a temporary database and sample data, and print how to sign in
    #[arg(long)]
    pub demo: bool,
}

/// The checked settings of a server.
#[derive(Clone, Debug)]
pub struct Config {
    /// Address and port to listen on. Port 0 stands for any free one.
    pub listen: SocketAddr,
    /// The database to use.
    pub database_url: DatabaseUrl,
    /// Where people reach Muster, without a slash at the end. Use [`Config::base_url`], which knows the default.
    pub public_url: Option<String>,
    /// The organisation's name, for the side bar.
    pub organisation: String,
    /// The limit on system accounts, if there is one.
    pub plan: Option<Plan>,
    /// An http or https address for the notice on what system accounts are for.
    pub policy_link: Option<String>,
    /// No token may expire later than this after its creation, nor never. `None`: no maximum.
    pub max_token_lifetime: Option<TimeDelta>,
    /// The proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// Worker threads; `None` leaves it to the number of processors.
    pub workers: Option<usize>,
    /// Time between two writes of token activity.
    pub activity_interval: Duration,
    /// Refused tokens that one address may send at once, of which a tenth comes back each second; 0 for no limit. A call
    /// without any token does not count, and a good token always passes.
    pub refusal_limit: u32,
    /// Address and port of the metrics, apart from everything else. `None`: no metrics.
    pub metrics_listen: Option<SocketAddr>,
    /// Filter for the log, in `env_logger`'s language.
    pub log: String,
}

/// The URL that links and snippets begin with.
#[derive(Debug, Clone)]
pub struct BaseUrl(pub String);

/// A limit on system accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What the installation calls it.
    pub name: String,
    /// How many enabled system accounts there may be; at least 1.
    pub limit: u32,
}

impl Config {
    /// The settings from their flags and variables, and the database of the whole command line.
    pub fn new(options: &ServeOptions, database_url: DatabaseUrl) -> Config {
        let options = options.clone();
        Config {
            listen: options.listen,
            database_url,
            public_url: options.public_url,
            organisation: options.organisation,
            plan: options.plan_limit.map(|limit| Plan { name: options.plan_name, limit }),
            policy_link: options.policy_link,
            max_token_lifetime: options.max_token_lifetime,
            trusted_proxies: options.trusted_proxies,
            workers: options.workers,
            activity_interval: options.activity_interval,
            refusal_limit: options.refusal_limit,
            metrics_listen: options.metrics_listen,
            log: options
                .log
                .or_else(|| std::env::var("RUST_LOG").ok().filter(|filter| !filter.is_empty()))
                .unwrap_or_else(|| "info".to_owned()),
        }
    }

    /// Where people reach Muster, without a slash at the end. `bound` is the address that the listener really got, which
    /// matters where no public URL is set.
    pub fn base_url(&self, bound: SocketAddr) -> String {
        match &self.public_url {
            Some(url) => url.clone(),
            // A browser cannot open the address that stands for all.
            None if bound.ip().is_unspecified() => format!("http://localhost:{}", bound.port()),
            None => format!("http://{bound}"),
        }
    }

    /// Whether people come over https: then cookies are `Secure`, and browsers are told to stay with https.
    pub fn is_https(&self) -> bool {
        self.public_url.as_ref().is_some_and(|url| url.starts_with("https://"))
    }
}

/// Reads a whole number of days, hours or minutes: `90d`, `12h`, `30m`.
///
/// # Errors
/// A sentence when it is anything else, zero, or more than a hundred years.
pub fn parse_duration(text: &str) -> Result<TimeDelta, String> {
    let refused = || "Use a whole number of days, hours or minutes, such as 90d, 12h or 30m.".to_owned();
    let unit = text.chars().next_back().ok_or_else(refused)?;
    let number = &text[..text.len() - unit.len_utf8()];
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(refused());
    }
    let number: i64 = number.parse().map_err(|_| refused())?;
    let duration = match unit {
        'd' => TimeDelta::try_days(number),
        'h' => TimeDelta::try_hours(number),
        'm' => TimeDelta::try_minutes(number),
        _ => return Err(refused()),
    };
    let possible = TimeDelta::minutes(1)..=TimeDelta::days(MAX_DAYS);
    let duration = duration.filter(|duration| possible.contains(duration));
    duration.ok_or_else(|| format!("Use a duration from 1m to {MAX_DAYS}d."))
}

fn listen(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "must be an IP address and a port, such as 127.0.0.1:8080 (MUSTER_LISTEN)".to_owned())
}

fn metrics_listen(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "must be an IP address and a port, such as 127.0.0.1:9090 (MUSTER_METRICS_LISTEN)".to_owned())
}

fn public_url(text: &str) -> Result<String, String> {
    self::url::origin(text).ok_or_else(|| {
        "must be http:// or https:// and a host, without a path: clients of the API expect it there (MUSTER_PUBLIC_URL)"
            .to_owned()
    })
}

fn policy_link(text: &str) -> Result<String, String> {
    let refused = || "must be an http:// or https:// address (MUSTER_POLICY_LINK)".to_owned();
    self::url::http(text).map(|_| text.to_owned()).ok_or_else(refused)
}

/// Stricter than `env_logger`, which would take a mistyped level for the name of a module.
fn log_filter(text: &str) -> Result<String, String> {
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

fn organisation(text: &str) -> Result<String, String> {
    name("MUSTER_ORGANISATION", text)
}

fn plan_name(text: &str) -> Result<String, String> {
    name("MUSTER_PLAN_NAME", text)
}

fn name(variable: &str, text: &str) -> Result<String, String> {
    let trimmed = text.trim();
    let fits = (1..=80).contains(&trimmed.chars().count()) && !trimmed.chars().any(char::is_control);
    if fits { Ok(trimmed.to_owned()) } else { Err(format!("must have 1 to 80 characters ({variable})")) }
}

fn plan_limit(text: &str) -> Result<u32, String> {
    let limit = text.parse().ok().filter(|limit| (1..=1_000_000).contains(limit));
    limit.ok_or_else(|| "must be a whole number from 1 to 1000000 (MUSTER_PLAN_LIMIT)".to_owned())
}

fn max_token_lifetime(text: &str) -> Result<TimeDelta, String> {
    parse_duration(text).map_err(|_| format!("must be a duration such as 365d, at most {MAX_DAYS}d (MUSTER_MAX_TOKEN_LIFETIME)"))
}

fn trusted_proxy(text: &str) -> Result<Network, String> {
    let refused = |_| "must be addresses or networks such as 10.0.0.0/8, separated by commas (MUSTER_TRUSTED_PROXIES)".to_owned();
    text.trim().parse().map_err(refused)
}

fn workers(text: &str) -> Result<usize, String> {
    let count = text.parse().ok().filter(|count| (1..=1024).contains(count));
    count.ok_or_else(|| "must be a whole number from 1 to 1024 (MUSTER_WORKERS)".to_owned())
}

fn activity_interval(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|seconds| (1..=3600).contains(seconds));
    let refused = || "must be a whole number of seconds from 1 to 3600 (MUSTER_ACTIVITY_INTERVAL)".to_owned();
    seconds.map(Duration::from_secs).ok_or_else(refused)
}

fn refusal_limit(text: &str) -> Result<u32, String> {
    let count = text.parse().ok().filter(|count| *count <= 1_000_000);
    count.ok_or_else(|| "must be a whole number from 0 to 1000000 (MUSTER_REFUSAL_LIMIT)".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use proptest::prelude::*;

    #[derive(Debug, Parser)]
    struct Only {
        #[command(flatten)]
        options: ServeOptions,
    }

    fn config(arguments: &[&str]) -> Result<Config, String> {
        let all = ["muster"].iter().chain(arguments);
        let only = Only::try_parse_from(all).map_err(|error| error.to_string())?;
        Ok(Config::new(&only.options, DatabaseUrl::Sqlite("muster.db".to_owned())))
    }

    #[test]
    fn the_defaults_are_good_for_a_first_start() {
        let config = config(&[]).unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(config.base_url(config.listen), "http://127.0.0.1:8080");
        assert_eq!(config.organisation, "Your organisation");
        assert_eq!((config.plan.clone(), config.policy_link.clone(), config.max_token_lifetime), (None, None, None));
        assert!(config.trusted_proxies.is_empty() && config.workers.is_none() && !config.is_https());
        assert_eq!((config.activity_interval, config.refusal_limit), (Duration::from_secs(60), 100));
    }

    #[test]
    fn every_flag_is_read() {
        let config = config(&[
            "--listen=[::]:9000",
            "--public-url=https://muster.example.org/",
            "--organisation= Halden ",
            "--plan-name=Business",
            "--plan-limit=50",
            "--policy-link=https://wiki.example.org/policy?x=1#machines",
            "--max-token-lifetime=365d",
            "--trusted-proxies=10.0.0.0/8, 192.0.2.1,fd00::/8",
            "--workers=2",
            "--activity-interval=1",
            "--refusal-limit=0",
            "--metrics-listen=127.0.0.1:9090",
            "--log=debug",
        ])
        .unwrap();
        assert_eq!(config.base_url(config.listen), "https://muster.example.org");
        assert!(config.is_https());
        assert_eq!(config.organisation, "Halden");
        assert_eq!(config.plan, Some(Plan { name: "Business".to_owned(), limit: 50 }));
        assert_eq!(config.policy_link.as_deref(), Some("https://wiki.example.org/policy?x=1#machines"));
        assert_eq!(config.max_token_lifetime, Some(TimeDelta::days(365)));
        assert!(config.trusted_proxies[1].contains([192, 0, 2, 1].into()) && config.trusted_proxies.len() == 3);
        assert_eq!((config.workers, config.activity_interval), (Some(2), Duration::from_secs(1)));
        assert_eq!((config.refusal_limit, config.log.as_str()), (0, "debug"));
        assert_eq!(config.metrics_listen, Some(([127, 0, 0, 1], 9090).into()));
    }

    #[test]
    fn a_wrong_value_is_named() {
        for wrong in [
            "--listen=here",
            "--metrics-listen=9090",
            "--public-url=ftp://a",
            "--public-url=https://a/muster",
            "--public-url=https://a?b",
            "--public-url=https://u:p@a",
            "--public-url=https://",
            "--public-url=muster.example",
            "--organisation= ",
            "--plan-name=",
            "--plan-limit=0",
            "--plan-limit=-1",
            "--plan-limit=many",
            "--refusal-limit=-1",
            "--policy-link=javascript:alert(1)",
            "--max-token-lifetime=365",
            "--trusted-proxies=10.0.0.0/33",
            "--trusted-proxies=proxy",
            "--workers=0",
            "--activity-interval=0",
            "--log=loud",
            "--log=info,muster=inof",
            "--log==debug",
            "--log=",
        ] {
            let said = config(&[wrong]).unwrap_err();
            let (flag, _) = wrong.split_once('=').unwrap();
            let variable = flag.trim_start_matches('-').replace('-', "_").to_uppercase();
            assert!(said.contains(flag) && said.contains(&format!("MUSTER_{variable}")), "{wrong}: {said}");
        }
    }

    #[test]
    fn an_address_for_all_is_shown_as_localhost() {
        let config = config(&["--listen=0.0.0.0:0"]).unwrap();
        assert_eq!(config.base_url("0.0.0.0:4711".parse().unwrap()), "http://localhost:4711");
    }

    #[test]
    fn durations_are_read() {
        assert_eq!(parse_duration("90d"), Ok(TimeDelta::days(90)));
        assert_eq!(parse_duration("12h"), Ok(TimeDelta::hours(12)));
        assert_eq!(parse_duration("30m"), Ok(TimeDelta::minutes(30)));
        for wrong in [
            "",
            "d",
            "90",
            "0d",
            "-1d",
            "+1d",
            "1.5d",
            "1 d",
            "1w",
            "36501d",
            "99999999999999999999d",
            "9223372036854775807m",
            "1é",
        ] {
            assert!(parse_duration(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn no_text_upsets_the_readers(text in ".*") {
            let _ = parse_duration(&text);
            let _ = text.parse::<Network>();
            let _ = policy_link(&text);
        }
    }
}
