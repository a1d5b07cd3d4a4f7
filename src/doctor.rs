//! `muster doctor`: whether the operator's real gateway lets anything through that it should not.
//!
//! [`patient`] is the account that the trial is made with, [`gateway`] asks as a client does, [`examination`] knows what to
//! ask and what an answer means, [`remedy`] the lines that close a hole.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::rt::signal::unix::{SignalKind, signal};

use crate::cli::Doctor;
use crate::commands::say;
use crate::config::Config;
use crate::database::{Database, migrations};

mod examination;
mod gateway;
mod patient;
mod remedy;

use examination::{Finding, Verdict};

/// Something got through.
const HOLES: u8 = 1;
/// It could not be found out.
const UNKNOWN: u8 = 2;

/// Examines, says what it found, and how the command is to end.
pub fn run(words: Doctor, config: &Config) -> ExitCode {
    let config = config.clone();
    let stop = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&stop);
    let outcome = actix_web::rt::System::new().block_on(async move {
        // The trial's account is to be removed also when somebody has had enough.
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
        Ok(Ok(_)) => ExitCode::from(HOLES),
        Ok(Err(sentence)) => {
            eprintln!("{sentence}");
            ExitCode::from(UNKNOWN)
        }
        Err(_) => ExitCode::from(UNKNOWN),
    }
}

/// Returns how many holes there are.
fn examine(words: &Doctor, config: &Config, stop: &AtomicBool) -> Result<usize, String> {
    migrations::migrate(&config.database_url)?;
    let database = Database::connect(config.database_url.clone(), 1).map_err(|error| error.to_string())?;
    let patient = patient::Patient::new(database, config, words)?;
    say(&format!("Trying {}{} with the system account {}.", words.url, words.echo_path, patient.name))?;
    let gateway = gateway::Gateway::new(&words.url, &words.echo_path, stop);
    let found = examination::examine(&gateway, &patient, &mut report);
    // First of all the account goes, whatever was found.
    let cleaned = patient.remove();
    let found = match (found, cleaned) {
        (Ok(found), Ok(())) => found,
        (Err(sentence), Ok(())) => return Err(sentence),
        (Ok(_), Err(left)) => return Err(left),
        (Err(sentence), Err(left)) => return Err(format!("{sentence}\n{left}")),
    };
    conclude(words, &found)
}

fn report(finding: &Finding) -> Result<(), String> {
    let sign = match &finding.verdict {
        Verdict::Good => "ok  ",
        Verdict::Remark(_) => "note",
        Verdict::Hole(_) => "HOLE",
    };
    say(&format!("{sign}  {}: {}", finding.asked, finding.said))?;
    match &finding.verdict {
        Verdict::Remark(remark) => say(&format!("      {remark}")),
        Verdict::Good | Verdict::Hole(_) => Ok(()),
    }
}

fn conclude(words: &Doctor, found: &[Finding]) -> Result<usize, String> {
    let holes = remedy::merged(found.iter().filter_map(|finding| match &finding.verdict {
        Verdict::Hole(hole) => Some(hole.clone()),
        _ => None,
    }));
    if holes.is_empty() {
        say("\nNothing got through that should not.")?;
        return Ok(0);
    }
    for hole in &holes {
        say(&format!("\n{}", remedy::meaning(hole)))?;
        for (gateway, lines) in remedy::lines(hole) {
            if words.gateway.is_some_and(|only| only != gateway) {
                continue;
            }
            say(&format!("  {}", remedy::heading(gateway)))?;
            lines.iter().try_for_each(|line| say(&format!("      {line}")))?;
        }
    }
    let number = holes.len();
    say(&format!("\n{number} {}.", if number == 1 { "hole" } else { "holes" }))?;
    Ok(number)
}
