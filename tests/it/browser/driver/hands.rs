//! Pointer and keyboard.

use serde_json::{Value, json};

use super::wire::{ELEMENT, Refusal, reference, string};
use super::{Browser, Target};

impl Browser {
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
