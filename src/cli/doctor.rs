//! `muster doctor`: its words. What it does stands in [`crate::doctor`].

use std::process::ExitCode;

use clap::Args;

use super::{must_exist, output};
use crate::config::{Config, url};
use crate::gateway::recipes::Gateway;

/// It could not be found out.
const UNKNOWN: u8 = 2;

/// The words of `muster doctor`.
#[derive(Args, Clone, Debug)]
pub struct Doctor {
    /// Address of the gateway, such as https://api.example.org
    #[arg(value_parser = gateway_url)]
    pub url: String,
    /// Path behind the gateway that answers with the request headers it received
    #[arg(long, value_name = "PATH", value_parser = echo_path)]
    pub echo_path: String,
    /// Show fixes for this gateway only
    #[arg(long, value_enum)]
    pub gateway: Option<Gateway>,
    /// Name or UUID of a role that the path requires; may be repeated
    #[arg(long = "role", value_name = "ROLE", conflicts_with = "account")]
    pub roles: Vec<String>,
    /// Use this system account (UUID or name) instead of a new one, such as when the plan is full
    #[arg(long, value_name = "ACCOUNT")]
    pub account: Option<String>,
}

pub fn run(words: Doctor, config: &Config) -> ExitCode {
    match must_exist(&config.database_url) {
        Ok(()) => crate::doctor::run(words, config),
        Err(sentence) => {
            output::note(&sentence);
            ExitCode::from(UNKNOWN)
        }
    }
}

fn gateway_url(text: &str) -> Result<String, String> {
    let fits = url::http(text).is_some_and(|uri| uri.query().is_none()) && !text.contains(['@', '#']);
    let refused = || "URL must be http:// or https:// and a host, such as https://api.example.org".to_owned();
    fits.then(|| text.trim_end_matches('/').to_owned()).ok_or_else(refused)
}

fn echo_path(text: &str) -> Result<String, String> {
    let fits = text.starts_with('/') && text.parse::<actix_web::http::Uri>().is_ok() && !text.contains('#');
    if fits { Ok(text.to_owned()) } else { Err("PATH must begin with a slash, such as /echo".to_owned()) }
}
