//! The program that drives Chromium, where no other one is named.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

/// A chromedriver of this process, ended with the browser that started it.
pub(super) struct Chromedriver {
    process: Child,
    /// Held open: chromedriver would end at its next line without a reader.
    _output: BufReader<ChildStdout>,
}

impl Chromedriver {
    pub(super) fn start() -> (Self, u16) {
        let mut process = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("chromedriver does not start ({error}). Install it: apt-get install chromium chromium-driver")
            });
        let mut output = BufReader::new(process.stdout.take().expect("chromedriver's output"));
        let mut line = String::new();
        while output.read_line(&mut line).is_ok_and(|read| read > 0) {
            // "ChromeDriver was started successfully on port 12345."
            if let Some((_, port)) = line.split_once("successfully on port ")
                && let Ok(port) = port.trim().trim_end_matches('.').parse()
            {
                return (Self { process, _output: output }, port);
            }
            line.clear();
        }
        let _ = process.kill();
        let _ = process.wait();
        panic!("chromedriver ended before it said on which port it listens")
    }
}

impl Drop for Chromedriver {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub(super) fn capabilities(profile: &Path) -> Value {
    let arguments = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--hide-scrollbars",
        "--lang=en-GB",
        &format!("--user-data-dir={}", profile.display()),
    ];
    json!({ "capabilities": { "alwaysMatch": {
        "browserName": "chrome",
        "goog:loggingPrefs": { "browser": "ALL" },
        "goog:chromeOptions": { "args": arguments },
    } } })
}
