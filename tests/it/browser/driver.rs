//! A person at a browser: a real, headless Chromium driven through chromedriver.
//!
//! Every method waits until what it needs is there, and panics with a sentence when it does not come; nothing sleeps for
//! a fixed time. One [`Browser`] is one window with its own cookies; open two for two people. Its calls block, so a test
//! is a plain `#[test] fn`.
//!
//! `MUSTER_TEST_CHROMEDRIVER` names a running chromedriver (`tests/run` starts one); without it each browser starts its
//! own. `MUSTER_TEST_AXE` is the path of axe-core's `axe.min.js`, which [`Browser::axe`] needs.

use std::fmt;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

/// How long a condition may take to come true. Generous: it is only ever spent by a test that fails.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often a condition is looked at.
const GLANCE: Duration = Duration::from_millis(20);
/// The key under which WebDriver wraps the id of an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Defines `find(kind, value, within)`, the list of elements that a person would call by that name.
const FINDER: &str = include_str!("find.js");

/// The window to open.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Of the page itself, in CSS pixels.
    pub width: u32,
    pub height: u32,
    /// What the system prefers: dark or light.
    pub dark: bool,
    /// Off: scripts of the page do not run, as when a person has turned them off.
    pub javascript: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { width: 1280, height: 800, dark: false, javascript: true }
    }
}

impl Options {
    /// A phone in portrait.
    pub fn phone() -> Self {
        Self { width: 390, height: 844, ..Self::default() }
    }

    /// The same in dark colours.
    pub fn dark(self) -> Self {
        Self { dark: true, ..self }
    }

    /// The same with scripts turned off.
    pub fn without_javascript(self) -> Self {
        Self { javascript: false, ..self }
    }
}

/// How a test names an element. A plain string is a CSS selector and means the first one that is visible;
/// the others go by what a person sees or hears, and must be the only visible one of that name.
#[derive(Clone, Debug)]
pub struct Target {
    kind: &'static str,
    value: String,
    within: Option<String>,
}

impl From<&str> for Target {
    fn from(css: &str) -> Self {
        Self { kind: "css", value: css.to_owned(), within: None }
    }
}

impl From<String> for Target {
    fn from(css: String) -> Self {
        Self::from(css.as_str())
    }
}

impl From<&Target> for Target {
    fn from(target: &Target) -> Self {
        target.clone()
    }
}

impl Target {
    /// Only inside the visible element of this CSS selector: `button("Disable").within("#bulk")`.
    pub fn within(self, css: impl Into<String>) -> Self {
        Self { within: Some(css.into()), ..self }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.kind, self.value)?;
        self.within.as_ref().map_or(Ok(()), |within| write!(f, " within {within:?}"))
    }
}

/// The button of this accessible name.
pub fn button(name: &str) -> Target {
    Target { kind: "button", value: name.to_owned(), within: None }
}

/// The link of this accessible name.
pub fn link(name: &str) -> Target {
    Target { kind: "link", value: name.to_owned(), within: None }
}

/// The input, select or text area of this label.
pub fn field(label: &str) -> Target {
    Target { kind: "field", value: label.to_owned(), within: None }
}

/// The innermost element with just this text.
pub fn text(text: &str) -> Target {
    Target { kind: "text", value: text.to_owned(), within: None }
}

/// A barrier that axe-core found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// axe's name of the rule, such as `color-contrast`.
    pub rule: String,
    pub help: String,
    /// Selectors of the elements concerned, each with axe's explanation.
    pub elements: Vec<String>,
}

/// What chromedriver answers when it cannot do something.
#[derive(Debug)]
struct Refusal {
    code: String,
    message: String,
}

impl Refusal {
    /// Whether the page may simply have been on its way to another state.
    fn may_pass(&self) -> bool {
        ["stale element reference", "element not interactable", "element click intercepted", "no such element"]
            .contains(&self.code.as_str())
            || self.message.contains("Execution context was destroyed")
            || self.message.contains("context with specified id")
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
        self.prefer_dark(options.dark);
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

    // Going places

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

    /// The title of the page.
    pub fn title(&self) -> String {
        string(self.must("GET", "/title", &Value::Null))
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

    // Pointer and keyboard

    /// Scrolls to an element and clicks its middle, as a pointer does: what covers it is in the way.
    pub fn click(&self, target: impl Into<Target>) {
        self.on_element(&target.into(), |element| {
            self.execute("arguments[0].scrollIntoView({ block: 'center' })", &[reference(element)])?;
            self.command("POST", &format!("/element/{element}/click"), &json!({}))
        });
    }

    /// Clicks with the Shift key held down.
    pub fn shift_click(&self, target: impl Into<Target>) {
        self.on_element(&target.into(), |element| {
            self.execute("arguments[0].scrollIntoView({ block: 'center' })", &[reference(element)])?;
            let pause = json!({ "type": "pause" });
            let actions = json!({ "actions": [
                { "type": "key", "id": "keyboard", "actions": [
                    { "type": "keyDown", "value": key("Shift") }, pause, pause, pause, { "type": "keyUp", "value": key("Shift") },
                ] },
                { "type": "pointer", "id": "mouse", "parameters": { "pointerType": "mouse" }, "actions": [
                    pause,
                    { "type": "pointerMove", "duration": 0, "origin": reference(element), "x": 0, "y": 0 },
                    { "type": "pointerDown", "button": 0 },
                    { "type": "pointerUp", "button": 0 },
                ] },
            ] });
            self.command("POST", "/actions", &actions)
        });
    }

    /// Replaces what a field holds by typing.
    pub fn fill(&self, target: impl Into<Target>, value: &str) {
        self.on_element(&target.into(), |element| {
            let kind = self.execute("return arguments[0].type", &[reference(element)])?;
            if ["date", "time", "datetime-local"].iter().any(|picker| kind == *picker) {
                // What is typed into these depends on the browser's language; their value does not.
                let script = "const [e, v] = arguments; e.focus(); e.value = v;
                    for (const kind of ['input', 'change']) e.dispatchEvent(new Event(kind, { bubbles: true }))";
                return self.execute(script, &[reference(element), json!(value)]);
            }
            // Control+A, then the text over the selection; U+E000 lets go of Control.
            let text = if value.is_empty() { "\u{e003}" } else { value };
            let keys = json!({ "text": format!("\u{e009}a\u{e000}{text}") });
            self.command("POST", &format!("/element/{element}/value"), &keys)
        });
    }

    /// Picks the option of this text in a select.
    pub fn select(&self, target: impl Into<Target>, option: &str) {
        self.on_element(&target.into(), |element| {
            let script = "return [...arguments[0].options].find(o => o.text.trim() === arguments[1]) ?? null";
            let found = self.execute(script, &[reference(element), json!(option)])?;
            let option = found[ELEMENT]
                .as_str()
                .ok_or_else(|| Refusal { code: "no such element".to_owned(), message: format!("no option {option:?}") })?;
            self.command("POST", &format!("/element/{option}/click"), &json!({}))
        });
    }

    /// Ticks a checkbox or chooses a radio button, unless it is so already.
    pub fn tick(&self, target: impl Into<Target>) {
        self.set_ticked(&target.into(), true);
    }

    /// Takes the tick from a checkbox, unless it has none.
    pub fn untick(&self, target: impl Into<Target>) {
        self.set_ticked(&target.into(), false);
    }

    fn set_ticked(&self, target: &Target, wanted: bool) {
        if self.is_ticked(target) != wanted {
            self.click(target);
        }
    }

    /// Whether a checkbox or radio button is on.
    pub fn is_ticked(&self, target: impl Into<Target>) -> bool {
        self.on_element(&target.into(), |element| self.command("GET", &format!("/element/{element}/selected"), &Value::Null))
            == true
    }

    /// Presses and lets go of a key at whatever has the focus: `a`, `/`, `Enter`, `Space`, `Shift+Tab`, `Control+a`.
    pub fn press(&self, keys: &str) {
        // The key "+" alone is not a joint between two keys.
        let names: Vec<&str> = if keys == "+" { vec!["+"] } else { keys.split('+').collect() };
        let keys: Vec<String> = names.iter().map(|name| key(name)).collect();
        let down = keys.iter().map(|key| json!({ "type": "keyDown", "value": key }));
        let up = keys.iter().rev().map(|key| json!({ "type": "keyUp", "value": key }));
        self.keyboard(down.chain(up).collect());
    }

    /// Types at whatever has the focus.
    pub fn type_text(&self, text: &str) {
        let strokes =
            text.chars().flat_map(|letter| ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": letter.to_string() })));
        self.keyboard(strokes.collect());
    }

    fn keyboard(&self, strokes: Vec<Value>) {
        let actions = json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": strokes }] });
        self.must("POST", "/actions", &actions);
    }

    /// Goes on with Tab until the target has the focus, as somebody without a mouse does; its answer is how many it took.
    pub fn tab_to(&self, target: impl Into<Target>) -> usize {
        let target = target.into();
        for presses in 0..400 {
            let element = self.element(&target);
            if self.focus().as_deref() == Some(element.as_str()) {
                return presses;
            }
            self.press("Tab");
        }
        panic!("Tab does not lead to {target} on {}", self.url())
    }

    /// The accessible name of what has the focus.
    pub fn focused_name(&self) -> String {
        let focus = self.focus().expect("an element with the focus");
        string(self.must("GET", &format!("/element/{focus}/computedlabel"), &Value::Null))
    }

    /// Waits until the target has the focus.
    pub fn wait_for_focus(&self, target: impl Into<Target>) {
        let target = target.into();
        self.wait_until(&format!("the focus on {target}"), || {
            let found = self.find(&target).ok()?;
            (self.focus().as_deref() == found.first().map(String::as_str)).then_some(())
        });
    }

    fn focus(&self) -> Option<String> {
        let active = self.command("GET", "/element/active", &Value::Null).ok()?;
        active[ELEMENT].as_str().map(str::to_owned)
    }

    // Reading

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
            assert!(start.elapsed() < PATIENCE, "Waited in vain for {what} on {}\n{}", self.url(), self.page_text());
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

    // Judging

    /// What axe-core finds on the page as it is now. Needs scripts on.
    pub fn axe(&self) -> Vec<Violation> {
        assert!(self.javascript, "axe-core needs a browser with JavaScript");
        if self.read("return !window.axe", &[]) == true {
            self.read(&format!("{};\nwindow.axe = axe", axe_core()), &[]);
        }
        let run = "return axe.run(document, { resultTypes: ['violations'] }).then(r => r.violations.map(v => ({
            rule: v.id, help: v.help,
            elements: v.nodes.map(n => n.target.join(' ') + ': ' + n.failureSummary.replace(/\\s+/g, ' ')) })))";
        let found =
            self.execute(run, &[]).unwrap_or_else(|refusal| panic!("axe-core failed on {}: {}", self.url(), refusal.message));
        let list = found.as_array().expect("axe-core gives a list");
        list.iter()
            .map(|violation| Violation {
                rule: string(violation["rule"].clone()),
                help: string(violation["help"].clone()),
                elements: violation["elements"].as_array().into_iter().flatten().cloned().map(string).collect(),
            })
            .collect()
    }

    /// Fails with everything that axe-core finds on the page.
    pub fn assert_accessible(&self) {
        let found = self.axe();
        assert!(found.is_empty(), "axe-core on {}: {found:#?}", self.url());
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

    /// Writes what is seen to a PNG file.
    pub fn screenshot(&self, file: impl AsRef<Path>) {
        let picture = string(self.must("GET", "/screenshot", &Value::Null));
        save_picture(&picture, file.as_ref()).expect("a file for the screenshot");
    }

    // Cookies

    /// A cookie of the current page's site, HttpOnly ones too.
    pub fn cookie(&self, name: &str) -> Option<String> {
        let cookie = self.command("GET", &format!("/cookie/{name}"), &Value::Null).ok()?;
        cookie["value"].as_str().map(str::to_owned)
    }

    /// Gives the browser a cookie of the current page's site, such as a session that a test began without a browser.
    pub fn set_cookie(&self, name: &str, value: &str) {
        self.must("POST", "/cookie", &json!({ "cookie": { "name": name, "value": value, "path": "/" } }));
    }

    // The wire

    /// The element of the target, once it is visible.
    fn element(&self, target: &Target) -> String {
        let mut elements = self.wait_until(&target.to_string(), || match self.find(target) {
            Ok(elements) if elements.is_empty() => None,
            Ok(elements) => Some(elements),
            Err(refusal) if refusal.may_pass() => None,
            Err(refusal) => panic!("{target} cannot be looked for: {}", refusal.message),
        });
        assert!(
            target.kind == "css" || elements.len() == 1,
            "{} visible elements are {target} on {}; name the one with within(…)",
            elements.len(),
            self.url()
        );
        elements.swap_remove(0)
    }

    fn find(&self, target: &Target) -> Result<Vec<String>, Refusal> {
        let arguments = [json!(target.kind), json!(target.value), json!(target.within)];
        let found = self.execute("return find(...arguments)", &arguments)?;
        let elements = found.as_array().into_iter().flatten();
        Ok(elements.filter_map(|element| element[ELEMENT].as_str().map(str::to_owned)).collect())
    }

    /// Does something to an element, again while the page is still on its way.
    fn on_element(&self, target: &Target, act: impl Fn(&str) -> Result<Value, Refusal>) -> Value {
        let start = Instant::now();
        loop {
            let element = self.element(target);
            match act(&element) {
                Ok(answer) => return answer,
                Err(refusal) if refusal.may_pass() && start.elapsed() < PATIENCE => std::thread::sleep(GLANCE),
                Err(refusal) => panic!("{target} on {}: {}", self.url(), refusal.message),
            }
        }
    }

    fn execute(&self, script: &str, arguments: &[Value]) -> Result<Value, Refusal> {
        let body = json!({ "script": format!("{FINDER}\n{script}"), "args": arguments });
        self.command("POST", "/execute/sync", &body)
    }

    fn devtools(&self, name: &str, parameters: &Value) -> Value {
        self.must("POST", "/goog/cdp/execute", &json!({ "cmd": name, "params": parameters }))
    }

    fn must(&self, method: &str, path: &str, body: &Value) -> Value {
        self.command(method, path, body)
            .unwrap_or_else(|refusal| panic!("the browser refused {method} {path}: {}", refusal.message))
    }

    fn command(&self, method: &str, path: &str, body: &Value) -> Result<Value, Refusal> {
        command(&self.agent, method, &format!("{}{path}", self.session), body)
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

/// A chromedriver of this process, ended with the browser that started it.
struct Chromedriver {
    process: Child,
    /// Held open: chromedriver would end at its next line without a reader.
    _output: BufReader<ChildStdout>,
}

impl Chromedriver {
    fn start() -> (Self, u16) {
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

fn capabilities(profile: &Path) -> Value {
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

fn command(agent: &ureq::Agent, method: &str, url: &str, body: &Value) -> Result<Value, Refusal> {
    let unreachable = |error: ureq::Error| Refusal { code: "unreachable".to_owned(), message: error.to_string() };
    let mut response = match method {
        "GET" => agent.get(url).call(),
        "DELETE" => agent.delete(url).call(),
        _ => agent.post(url).content_type("application/json").send(body.to_string()),
    }
    .map_err(unreachable)?;
    let answer = response.body_mut().with_config().limit(64 << 20).read_to_string().map_err(unreachable)?;
    let mut answer: Value = serde_json::from_str(&answer)
        .map_err(|error| Refusal { code: "unreadable".to_owned(), message: format!("{error}: {answer}") })?;
    let value = answer["value"].take();
    match value["error"].as_str() {
        Some(code) if !response.status().is_success() => Err(Refusal {
            code: code.to_owned(),
            // Only the first line is about the page; the rest is chromedriver's stack.
            message: value["message"].as_str().and_then(|text| text.lines().next()).unwrap_or(code).to_owned(),
        }),
        _ => Ok(value),
    }
}

fn is_page_refused_on_purpose(entry: &Value) -> bool {
    let message = entry["message"].as_str().unwrap_or_default();
    let address = message.split_whitespace().next().unwrap_or_default();
    let is_page = !address.contains("/static/") && !address.contains("favicon");
    let refused = ["403", "404", "409", "422"].iter().any(|status| message.contains(&format!("status of {status}")));
    entry["source"] == "network" && is_page && refused
}

fn save_picture(base64: &str, file: &Path) -> std::io::Result<()> {
    let picture = BASE64_STANDARD.decode(base64).map_err(std::io::Error::other)?;
    std::fs::write(file, picture)
}

fn reference(element: &str) -> Value {
    json!({ ELEMENT: element })
}

fn string(value: Value) -> String {
    match value {
        Value::String(text) => text,
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn squash(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The code point by which WebDriver knows a key.
fn key(name: &str) -> String {
    let code = match name {
        "Backspace" => '\u{e003}',
        "Tab" => '\u{e004}',
        "Enter" => '\u{e007}',
        "Shift" => '\u{e008}',
        "Control" => '\u{e009}',
        "Alt" => '\u{e00a}',
        "Escape" => '\u{e00c}',
        "Space" => ' ',
        "PageUp" => '\u{e00e}',
        "PageDown" => '\u{e00f}',
        "End" => '\u{e010}',
        "Home" => '\u{e011}',
        "ArrowLeft" => '\u{e012}',
        "ArrowUp" => '\u{e013}',
        "ArrowRight" => '\u{e014}',
        "ArrowDown" => '\u{e015}',
        "Delete" => '\u{e017}',
        letter if letter.chars().count() == 1 => return letter.to_owned(),
        other => panic!("no key is called {other:?}"),
    };
    code.to_string()
}
