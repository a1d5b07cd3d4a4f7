//! The program `muster`: parses the command line, sets up logging, and runs the server or a command.

use std::io::Write as _;
use std::process::ExitCode;

use log::LevelFilter;
use muster::cli::{self, Invocation};
use muster::config::Config;
use muster::demo::Demo;
use muster::server::Server;

/// Gives memory back to the system after a peak, also what SQLite, libpq and OpenSSL ask for (`override`), and asks for no
/// huge pages (`no_thp`), of which each thread would hold some that it hardly uses.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let invocation = Invocation::read(std::env::args_os()).unwrap_or_else(|error| error.exit());
    match run(invocation) {
        Ok(code) => code,
        Err(sentence) => {
            // A database's own words come on several lines.
            eprintln!("{}", sentence.split_whitespace().collect::<Vec<_>>().join(" "));
            ExitCode::FAILURE
        }
    }
}

fn run(invocation: Invocation) -> Result<ExitCode, String> {
    match invocation {
        Invocation::Run(command, config) => {
            // A command prints its own error, so it logs only what it is told to log.
            log_to_stderr(config.log.as_deref().unwrap_or("off"));
            cli::run(command, &config)
        }
        Invocation::Serve(config) => {
            log_to_stderr(&config.server_log());
            if config.demo {
                serve_demo(config)?
            } else {
                serve(Server::bind(config)?, "")?
            };
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn serve_demo(config: Config) -> Result<(), String> {
    let demo = Demo::prepare(config)?;
    let server = Server::bind(demo.config())?;
    let how_to_sign_in = demo.introduction(&server.base_url());
    serve(server, &how_to_sign_in)
}

/// What is printed here goes to the terminal and not into the log, for it may hold a secret.
fn serve(server: Server, more: &str) -> Result<(), String> {
    cli::say(&format!("Muster is listening on {}", server.base_url()))?;
    if let Some(url) = server.metrics_url() {
        cli::say(&format!("Metrics are at {url}"))?;
    }
    if let Some(link) = server.setup_link() {
        cli::say(&format!("Open {link} to create the first administrator."))?;
    }
    if !more.is_empty() {
        cli::say(more)?;
    }
    actix_web::rt::System::new().block_on(server.run()).map_err(|error| format!("The server stopped: {error}."))
}

fn log_to_stderr(filter: &str) {
    env_logger::Builder::new()
        // That it starts and stops is said in Muster's own words, unless somebody asks for it.
        .filter_module("actix_server", LevelFilter::Warn)
        .parse_filters(filter)
        // It would write down whole requests, with the doctor's tokens.
        .filter_module("ureq", LevelFilter::Off)
        .filter_module("ureq_proto", LevelFilter::Off)
        .format(|line, record| writeln!(line, "{} {} {}", line.timestamp_millis(), record.level(), record.args()))
        .init();
}
