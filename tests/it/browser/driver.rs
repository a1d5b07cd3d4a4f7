//! A person at a browser: a real, headless Chromium driven through chromedriver.
//!
//! Every method waits until what it needs is there, and panics with a sentence when it does not come; nothing sleeps for
//! a fixed time. One [`Browser`] is one window with its own cookies; open two for two people. Its calls block, so a test
//! is a plain `#[test] fn`.
//!
//! `MUSTER_TEST_CHROMEDRIVER` names a running chromedriver (`tests/run` starts one); without it each browser starts its
//! own. `MUSTER_TEST_AXE` is the path of axe-core's `axe.min.js`, which [`Browser::axe`] needs.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

mod chromedriver;
mod hands;
mod judge;
mod sight;
mod target;
mod way;
mod wire;

pub use target::{Target, button, field, link};

use chromedriver::{Chromedriver, capabilities};
use wire::{command, save_picture, string};

/// How long a condition may take to come true. Generous: it is only ever spent by a test that fails.
const TIMEOUT: Duration = Duration::from_secs(20);
/// How often a condition is looked at.
const GLANCE: Duration = Duration::from_millis(20);

/// The window to open.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Of the page itself, in CSS pixels.
    pub width: u32,
    pub height: u32,
    /// Off: scripts of the page do not run, as when a person has turned them off.
    pub javascript: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { width: 1280, height: 800, javascript: true }
    }
}

impl Options {
    /// A phone in portrait.
    pub fn phone() -> Self {
        Self { width: 390, height: 844, ..Self::default() }
    }

    /// The same with scripts turned off.
    pub fn without_javascript(self) -> Self {
        Self { javascript: false, ..self }
    }
}

/// One window of one person.
pub struct Browser {
    agent: ureq::Agent,
    /// `http://…/session/ID`
    session: String,
    javascript: bool,
    _profile: TempDir,
    _driver: Option<Chromedriver>,
}

impl Browser {
    /// Opens a window on an empty page.
    pub fn open(options: Options) -> Self {
        let (driver, address) = match std::env::var("MUSTER_TEST_CHROMEDRIVER") {
            Ok(address) => (None, address.trim_end_matches('/').to_owned()),
            Err(_) => {
                let (driver, port) = Chromedriver::start();
                (Some(driver), format!("http://127.0.0.1:{port}"))
            }
        };
        let profile = TempDir::with_prefix("muster-chromium-").expect("a temporary folder for the browser's profile");
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(90)))
            .build()
            .into();
        let started =
            command(&agent, "POST", &format!("{address}/session"), &capabilities(profile.path())).unwrap_or_else(|refusal| {
                panic!("Chromium does not start: {}. Is it installed? apt-get install chromium chromium-driver", refusal.message)
            });
        let id = started["sessionId"].as_str().expect("chromedriver names the session it started");
        let browser = Self {
            session: format!("{address}/session/{id}"),
            agent,
            javascript: options.javascript,
            _profile: profile,
            _driver: driver,
        };
        browser.prepare(options);
        browser
    }

    fn prepare(&self, options: Options) {
        self.resize(options.width, options.height);
        self.prefer_dark(false);
        if !options.javascript {
            // Stops the page's scripts, timers and handlers and makes `scripting: none` true, while what WebDriver itself
            // evaluates still runs.
            self.devtools("Emulation.setScriptExecutionDisabled", &json!({ "value": true }));
        }
    }

    /// Makes the page another size, in CSS pixels, without loading it again.
    pub fn resize(&self, width: u32, height: u32) {
        // The window itself cannot be narrower than 500 pixels; this sets the page's width whatever the window's.
        self.devtools(
            "Emulation.setDeviceMetricsOverride",
            &json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false }),
        );
    }

    /// Has the system prefer dark colours, or light ones.
    pub fn prefer_dark(&self, dark: bool) {
        let scheme = if dark { "dark" } else { "light" };
        // Without motion there is no moment in which a colour or a place is not yet the final one.
        self.devtools(
            "Emulation.setEmulatedMedia",
            &json!({ "features": [
                { "name": "prefers-color-scheme", "value": scheme },
                { "name": "prefers-reduced-motion", "value": "reduce" },
            ] }),
        );
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let test = std::thread::current().name().unwrap_or("test").replace("::", "-");
            let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{test}.png"));
            let picture = self.command("GET", "/screenshot", &Value::Null).map(string).unwrap_or_default();
            if save_picture(&picture, &file).is_ok() {
                eprintln!("what the browser showed: {}", file.display());
            }
        }
        let _ = self.command("DELETE", "", &Value::Null);
    }
}
