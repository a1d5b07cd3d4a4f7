//! What can be said against a page: barriers, errors in the console, a width that does not fit.

use std::sync::OnceLock;

use serde_json::{Value, json};

use super::Browser;
use super::wire::string;

/// A barrier that axe-core found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// axe's name of the rule, such as `color-contrast`.
    pub rule: String,
    pub help: String,
    /// Selectors of the elements concerned, each with axe's explanation.
    pub elements: Vec<String>,
}

impl Browser {
    /// What axe-core finds on the page as it is now. Needs scripts on.
    pub fn axe(&self) -> Vec<Violation> {
        self.axe_with("")
    }

    /// The same of the rules for colours that axe-core looks at by itself, alone.
    pub fn axe_colours(&self) -> Vec<Violation> {
        self.axe_with(", runOnly: { type: 'rule', values: ['color-contrast', 'link-in-text-block'] }")
    }

    fn axe_with(&self, options: &str) -> Vec<Violation> {
        assert!(self.javascript, "axe-core needs a browser with JavaScript");
        if self.read("return !window.axe", &[]) == true {
            self.read(&format!("{};\nwindow.axe = axe", axe_core()), &[]);
        }
        let run = format!(
            "return axe.run(document, {{ resultTypes: ['violations']{options} }}).then(r => r.violations.map(v => ({{
            rule: v.id, help: v.help,
            elements: v.nodes.map(n => n.target.join(' ') + ': ' + n.failureSummary.replace(/\\s+/g, ' ')) }})))"
        );
        let found =
            self.execute(&run, &[]).unwrap_or_else(|refusal| panic!("axe-core failed on {}: {}", self.url(), refusal.message));
        let list = found.as_array().expect("axe-core gives a list");
        list.iter()
            .map(|violation| Violation {
                rule: string(violation["rule"].clone()),
                help: string(violation["help"].clone()),
                elements: violation["elements"].as_array().into_iter().flatten().cloned().map(string).collect(),
            })
            .collect()
    }

    /// The warnings and errors that the console received since the last call: errors of scripts, violations of the
    /// Content-Security-Policy, files that did not load. A page that answers 403, 404, 409 or 422 on purpose is not one.
    pub fn console_errors(&self) -> Vec<String> {
        let log = self.must("POST", "/se/log", &json!({ "type": "browser" }));
        let entries = log.as_array().into_iter().flatten();
        entries
            .filter(|entry| entry["level"] == "SEVERE" || entry["level"] == "WARNING")
            .filter(|entry| !is_page_refused_on_purpose(entry))
            .map(|entry| string(entry["message"].clone()))
            .collect()
    }

    /// Fails with what the console received.
    pub fn assert_quiet_console(&self) {
        let errors = self.console_errors();
        assert!(errors.is_empty(), "the console on {}: {errors:#?}", self.url());
    }

    /// How far the page is wider than the window, in CSS pixels; 0 where nothing has to be scrolled sideways.
    pub fn overflow(&self) -> i64 {
        self.read("const d = document.documentElement; return d.scrollWidth - d.clientWidth", &[]).as_i64().unwrap_or_default()
    }
}

fn axe_core() -> &'static str {
    static SOURCE: OnceLock<String> = OnceLock::new();
    SOURCE.get_or_init(|| {
        let file = std::env::var("MUSTER_TEST_AXE").unwrap_or_else(|_| {
            panic!(
                "MUSTER_TEST_AXE does not name axe-core's axe.min.js. Run tests/run, which installs it \
                 (or: npm install axe-core in a temporary folder)."
            )
        });
        std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file} cannot be read: {error}"))
    })
}

fn is_page_refused_on_purpose(entry: &Value) -> bool {
    let message = entry["message"].as_str().unwrap_or_default();
    let address = message.split_whitespace().next().unwrap_or_default();
    let is_page = !address.contains("/static/") && !address.contains("favicon");
    let refused = ["403", "404", "409", "422"].iter().any(|status| message.contains(&format!("status of {status}")));
    entry["source"] == "network" && is_page && refused
}
