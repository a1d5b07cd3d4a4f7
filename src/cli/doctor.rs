//! `muster doctor`: checks that a gateway lets nothing through that it shouldn't.
//!
//! [`probe`] is the account whose tokens are tried, [`gateway`] sends the requests, [`examination`] knows which requests to
//! send and what an answer means, [`fix`] has the lines of a recipe that fix a finding.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::rt::signal::unix::{SignalKind, signal};
use clap::Args;

use super::must_exist;
use super::output::{note, say};
use crate::config::{Config, url};
use crate::database::{Database, migrations};
use crate::gateway::recipes::{Gateway, Values};

mod examination;
mod fix;
mod gateway;
mod probe;

use examination::{ProbeResult, ProbeVerdict};

/// Exit status if something got through.
const FINDINGS: u8 = 1;
/// Exit status if it couldn't be tested.
const UNKNOWN: u8 = 2;

/// The arguments of `muster doctor`.
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

fn gateway_url(text: &str) -> Result<String, String> {
    let fits = url::http(text).is_some_and(|uri| uri.query().is_none()) && !text.contains(['@', '#']);
    let refused = || "URL must be http:// or https:// and a host, such as https://api.example.org".to_owned();
    fits.then(|| text.trim_end_matches('/').to_owned()).ok_or_else(refused)
}

fn echo_path(text: &str) -> Result<String, String> {
    let fits = text.starts_with('/') && text.parse::<actix_web::http::Uri>().is_ok() && !text.contains('#');
    if fits { Ok(text.to_owned()) } else { Err("PATH must begin with a slash, such as /echo".to_owned()) }
}

/// Tests the gateway and prints the findings.
pub fn run(words: Doctor, config: &Config) -> ExitCode {
    if let Err(sentence) = must_exist(&config.database_url) {
        note(&sentence);
        return ExitCode::from(UNKNOWN);
    }
    let config = config.clone();
    let stop = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&stop);
    let outcome = actix_web::rt::System::new().block_on(async move {
        // An interrupt must not leave the probe account behind.
        for kind in [SignalKind::interrupt(), SignalKind::terminate()] {
            let told = Arc::clone(&told);
            if let Ok(mut asked) = signal(kind) {
                actix_web::rt::spawn(async move {
                    asked.recv().await;
                    told.store(true, Ordering::Relaxed);
                });
            }
        }
        actix_web::web::block(move || examine(&words, &config, &stop)).await
    });
    match outcome {
        Ok(Ok(0)) => ExitCode::SUCCESS,
        Ok(Ok(_)) => ExitCode::from(FINDINGS),
        Ok(Err(sentence)) => {
            note(&sentence);
            ExitCode::from(UNKNOWN)
        }
        Err(_) => ExitCode::from(UNKNOWN),
    }
}

/// Returns the number of findings.
fn examine(words: &Doctor, config: &Config, stop: &AtomicBool) -> Result<usize, String> {
    migrations::migrate(&config.database_url)?;
    let database = Database::connect(config.database_url.clone(), 1).map_err(|error| error.to_string())?;
    let probe = probe::ProbeAccount::new(database, config, words)?;
    say(&format!("Testing {}{} with the system account {}.", words.url, words.echo_path, probe.name))?;
    let gateway = gateway::GatewayClient::new(&words.url, &words.echo_path, stop);
    let found = examination::examine(&gateway, &probe, &mut report);
    // The account is deleted whatever was found.
    let cleaned = probe.remove();
    let found = match (found, cleaned) {
        (Ok(found), Ok(())) => found,
        (Err(sentence), Ok(())) => return Err(sentence),
        (Ok(_), Err(left)) => return Err(left),
        (Err(sentence), Err(left)) => return Err(format!("{sentence}\n{left}")),
    };
    conclude(words, config, &found)
}

fn report(attempt: &ProbeResult) -> Result<(), String> {
    let sign = match &attempt.verdict {
        ProbeVerdict::Good => "ok  ",
        ProbeVerdict::Note(_) => "note",
        ProbeVerdict::Found(_) => "FAIL",
    };
    say(&format!("{sign}  {}: {}", attempt.asked, attempt.said))?;
    match &attempt.verdict {
        ProbeVerdict::Note(note) => say(&format!("      {note}")),
        ProbeVerdict::Good | ProbeVerdict::Found(_) => Ok(()),
    }
}

fn conclude(words: &Doctor, config: &Config, attempts: &[ProbeResult]) -> Result<usize, String> {
    let findings = fix::merged(attempts.iter().filter_map(|attempt| match &attempt.verdict {
        ProbeVerdict::Found(finding) => Some(finding.clone()),
        _ => None,
    }));
    if findings.is_empty() {
        say("\nNothing got through that shouldn't.")?;
        return Ok(0);
    }
    let values = Values::example(config.listen);
    let gateways: Vec<Gateway> = Gateway::ALL.into_iter().filter(|one| words.gateway.is_none_or(|only| only == *one)).collect();
    for finding in &findings {
        say(&format!("\n{}", fix::meaning(finding)))?;
        for gateway in &gateways {
            fix::lines(finding, *gateway, &values).iter().try_for_each(|line| say(&format!("  {line}")))?;
        }
    }
    let pages: Vec<String> = gateways.iter().map(|gateway| format!("muster help-page {}", gateway.slug())).collect();
    say(&format!("\n{} The whole recipe: {}", counted(findings.len()), pages.join(", ")))?;
    Ok(findings.len())
}

fn counted(findings: usize) -> String {
    if findings == 1 { "1 finding.".to_owned() } else { format!("{findings} findings.") }
}
