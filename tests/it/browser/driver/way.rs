//! Going from page to page, and what a browser takes along.

use serde_json::{Value, json};

use super::wire::string;
use super::{Browser, Target};

impl Browser {
    /// Opens a URL and waits until it is loaded.
    pub fn goto(&self, url: impl AsRef<str>) {
        self.must("POST", "/url", &json!({ "url": url.as_ref() }));
    }

    /// The address bar.
    pub fn url(&self) -> String {
        string(self.must("GET", "/url", &Value::Null))
    }

    /// The address bar from the path on: `/settings/system-accounts?q=a`.
    pub fn path(&self) -> String {
        let url = self.url();
        let after_scheme = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
        after_scheme.find('/').map_or("/", |at| &after_scheme[at..]).to_owned()
    }

    /// Loads the page again.
    pub fn reload(&self) {
        self.must("POST", "/refresh", &json!({}));
    }

    /// The browser's Back.
    pub fn back(&self) {
        self.must("POST", "/back", &json!({}));
    }

    /// Clicks what leads to another page (a link, the button of a form) and waits until that page is loaded.
    pub fn follow(&self, target: impl Into<Target>) {
        let target = target.into();
        self.leads_on(|browser| browser.click(target));
    }

    /// Does something that leads to another page, such as pressing Enter in a form, and waits until that page is loaded.
    pub fn leads_on<T>(&self, act: impl FnOnce(&Self) -> T) -> T {
        let page = self.element(&Target::from("html"));
        let answer = act(self);
        self.wait_until("another page", || {
            let gone = self.command("GET", &format!("/element/{page}/name"), &Value::Null).is_err();
            (gone && self.execute("return document.readyState === 'complete'", &[]).ok()? == true).then_some(())
        });
        answer
    }

    /// A cookie of the current page's site, HttpOnly ones too.
    pub fn cookie(&self, name: &str) -> Option<String> {
        let cookie = self.command("GET", &format!("/cookie/{name}"), &Value::Null).ok()?;
        cookie["value"].as_str().map(str::to_owned)
    }

    /// Gives the browser a cookie of the current page's site, such as a session that a test began without a browser.
    pub fn set_cookie(&self, name: &str, value: &str) {
        self.must("POST", "/cookie", &json!({ "cookie": { "name": name, "value": value, "path": "/" } }));
    }
}
