//! The settings as command-line options.

use std::net::SocketAddr;
use std::time::Duration;

use chrono::TimeDelta;
use clap::Parser;
use ipnet::IpNet;

use super::url::{DatabaseUrl, DatabaseUrlParser};
use super::values;

/// The settings of an installation.
#[derive(Clone, Debug, Parser)]
#[command(next_help_heading = "Server")]
pub struct Config {
    /// sqlite:PATH, a path that ends in .db, or postgres://USER:PASSWORD@HOST/DATABASE
    // Not shown: its password would be.
    #[arg(
        long,
        env = "DATABASE_URL",
        value_name = "URL",
        default_value = "sqlite:muster.db",
        value_parser = DatabaseUrlParser,
        global = true,
        hide_env_values = true,
        help_heading = None::<&str>
    )]
    pub database_url: DatabaseUrl,

    /// Address and port to listen on; port 0 picks a free one
    #[arg(long, env = "MUSTER_LISTEN", value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080", value_parser = values::listen)]
    pub listen: SocketAddr,

    /// URL where people reach Muster, without a path; https makes cookies Secure [default: http:// and the listen address]
    #[arg(long, env = "MUSTER_PUBLIC_URL", value_name = "URL", value_parser = values::public_url)]
    pub public_url: Option<String>,

    /// Name of the organisation, shown in the side bar [default: as set under Settings]
    #[arg(long, env = "MUSTER_ORGANISATION", value_name = "NAME", value_parser = values::organisation)]
    pub organisation: Option<String>,

    /// Name of the plan that limits the system accounts; shown only with a limit
    #[arg(long, env = "MUSTER_PLAN_NAME", value_name = "NAME", default_value = "Team", value_parser = values::plan_name)]
    pub plan_name: String,

    /// Maximum number of enabled system accounts [default: no limit]
    #[arg(long, env = "MUSTER_PLAN_LIMIT", value_name = "COUNT", value_parser = values::plan_limit)]
    pub plan_limit: Option<u32>,

    /// Maximum number of enabled users, pending invitations included [default: no limit]
    #[arg(long, env = "MUSTER_USER_LIMIT", value_name = "COUNT", value_parser = values::user_limit)]
    pub user_limit: Option<u32>,

    /// Link to your policy on system accounts [default: no link]
    #[arg(long, env = "MUSTER_POLICY_LINK", value_name = "URL", value_parser = values::policy_link)]
    pub policy_link: Option<String>,

    /// Maximum lifetime of an API token, such as 365d or 12h [default: no maximum]
    #[arg(long, env = "MUSTER_MAX_TOKEN_LIFETIME", value_name = "DURATION", value_parser = values::max_token_lifetime)]
    pub max_token_lifetime: Option<TimeDelta>,

    /// Proxies whose X-Forwarded-For is trusted: addresses or networks such as 10.0.0.0/8, separated by commas [default: none]
    #[arg(long, env = "MUSTER_TRUSTED_PROXIES", value_name = "NETWORKS", value_delimiter = ',', value_parser = values::trusted_proxy)]
    pub trusted_proxies: Vec<IpNet>,

    /// Number of worker threads [default: one per processor]
    #[arg(long, env = "MUSTER_WORKERS", value_name = "COUNT", value_parser = values::workers)]
    pub workers: Option<usize>,

    /// How often to write token activity, in seconds from 1 to 3600; a crash loses at most that much
    #[arg(long, env = "MUSTER_ACTIVITY_INTERVAL", value_name = "SECONDS", default_value = "60", value_parser = values::activity_interval)]
    pub activity_interval: Duration,

    /// Rejected tokens allowed per address before 429; refills by a tenth per second; 0 for no limit
    #[arg(long, env = "MUSTER_REFUSAL_LIMIT", value_name = "COUNT", default_value = "100", value_parser = values::refusal_limit)]
    pub refusal_limit: u32,

    /// Address and port that serves only /metrics, for Prometheus; anyone who can reach it can read them [default: none]
    #[arg(long, env = "MUSTER_METRICS_LISTEN", value_name = "ADDRESS:PORT", value_parser = values::metrics_listen)]
    pub metrics_listen: Option<SocketAddr>,

    /// What to log: error, warn, info, debug, trace, or by module such as info,muster=debug [default: RUST_LOG, else info]
    #[arg(long, env = "MUSTER_LOG", value_name = "FILTER", value_parser = values::log_filter)]
    pub log: Option<String>,

    /// Run with a temporary database and sample data, and print how to sign in
    #[arg(long)]
    pub demo: bool,
}

impl Config {
    /// What to log in `env_logger`'s language. The server asks: a command logs nothing unless `--log` says so.
    pub fn server_log(&self) -> String {
        let inherited = || std::env::var("RUST_LOG").ok().filter(|filter| !filter.is_empty());
        self.log.clone().or_else(inherited).unwrap_or_else(|| "info,actix_server=warn".to_owned())
    }

    /// Where people reach Muster, without a slash at the end. `bound` is the address that the listener got, which is used
    /// where no public URL is set.
    pub fn base_url(&self, bound: SocketAddr) -> String {
        match &self.public_url {
            Some(url) => url.clone(),
            // A browser cannot open the unspecified address.
            None if bound.ip().is_unspecified() => format!("http://localhost:{}", bound.port()),
            None => format!("http://{bound}"),
        }
    }

    /// Whether people use https: then cookies are `Secure`, and browsers are told to stay with https.
    pub fn is_https(&self) -> bool {
        self.public_url.as_ref().is_some_and(|url| url.starts_with("https://"))
    }
}

#[cfg(test)]
mod tests;
