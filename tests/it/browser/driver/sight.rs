//! What a person sees, and waits to see.

use std::time::Instant;

use serde_json::{Value, json};

use super::wire::{reference, string};
use super::{Browser, GLANCE, TIMEOUT, Target};

impl Browser {
    /// Waits for an element to be visible; its answer is its text as shown.
    pub fn text(&self, target: impl Into<Target>) -> String {
        string(self.on_element(&target.into(), |element| self.command("GET", &format!("/element/{element}/text"), &Value::Null)))
    }

    /// The texts of all the visible elements of a CSS selector, now; none is an answer too.
    pub fn texts(&self, css: &str) -> Vec<String> {
        let script = "return find('css', arguments[0], null).map(e => e.innerText.trim())";
        self.read(script, &[json!(css)]).as_array().into_iter().flatten().cloned().map(string).collect()
    }

    /// How many visible elements the target names now.
    pub fn count(&self, target: impl Into<Target>) -> usize {
        let target = target.into();
        self.wait_until(&target.to_string(), || self.find(&target).ok()).len()
    }

    /// Whether a visible element of that name is there now.
    pub fn shows(&self, target: impl Into<Target>) -> bool {
        self.count(target) > 0
    }

    /// What a field holds.
    pub fn value(&self, target: impl Into<Target>) -> String {
        string(self.on_element(&target.into(), |element| self.execute("return arguments[0].value", &[reference(element)])))
    }

    /// An attribute of an element, if it has it.
    pub fn attribute(&self, target: impl Into<Target>, name: &str) -> Option<String> {
        let value = self.on_element(&target.into(), |element| {
            self.execute("return arguments[0].getAttribute(arguments[1])", &[reference(element), json!(name)])
        });
        value.as_str().map(str::to_owned)
    }

    /// Waits for an element to be visible.
    pub fn wait_for(&self, target: impl Into<Target>) {
        self.element(&target.into());
    }

    /// Waits until no element of that name is visible.
    pub fn wait_until_gone(&self, target: impl Into<Target>) {
        let target = target.into();
        self.wait_until(&format!("the end of {target}"), || self.find(&target).ok()?.is_empty().then_some(()));
    }

    /// Waits for a text anywhere on the page, as shown.
    pub fn wait_for_text(&self, text: &str) {
        self.wait_until(&format!("the text {text:?}"), || {
            let shown = self.execute("return document.body.innerText", &[]).ok()?;
            squash(shown.as_str()?).contains(&squash(text)).then_some(())
        });
    }

    /// Waits until the address bar, from the path on, is this.
    pub fn wait_for_path(&self, path: &str) {
        self.wait_until(&format!("the address {path:?}"), || (self.path() == path).then_some(()));
    }

    /// Waits until the condition gives something, and panics with what was waited for when it does not.
    pub fn wait_until<T>(&self, what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
        let start = Instant::now();
        loop {
            if let Some(answer) = condition() {
                return answer;
            }
            assert!(start.elapsed() < TIMEOUT, "Waited in vain for {what} on {}\n{}", self.url(), self.page_text());
            std::thread::sleep(GLANCE);
        }
    }

    /// Evaluates the body of a function in the page, also where the page's own scripts are off. `find` is defined in it.
    pub fn read(&self, script: &str, arguments: &[Value]) -> Value {
        self.wait_until("the answer of a script", || match self.execute(script, arguments) {
            Ok(answer) => Some(answer),
            Err(refusal) if refusal.may_pass() => None,
            Err(refusal) => panic!("{script} failed: {}", refusal.message),
        })
    }

    fn page_text(&self) -> String {
        let text = self.execute("return document.body.innerText", &[]).map(string).unwrap_or_default();
        text.chars().take(1500).collect()
    }
}

fn squash(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
