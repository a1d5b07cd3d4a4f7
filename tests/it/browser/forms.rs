//! Enter in every form of every page presses the form's own button, and none that does harm.

use muster::routes::PAGES;
use serde_json::Value;

use super::driver::{Browser, Options};
use super::stage::{signed_in, visit};
use crate::rules::world::World;
use crate::support::app::PASSWORD;

/// Writes down what would be submitted, and submits nothing. A button that only looks something up is a form's own, too.
const WATCH: &str = "window.submitted = [];
    document.addEventListener('submit', event => {
        event.preventDefault();
        event.stopImmediatePropagation();
        const pressed = event.submitter;
        submitted.push({
            form: [...document.forms].indexOf(event.target),
            label: pressed ? pressed.textContent.trim().replace(/\\s+/g, ' ') : '',
            value: pressed ? pressed.value : '',
            harmful: Boolean(pressed && pressed.matches('.button-danger, .button-danger-solid, .menu-item-danger')
                && [...event.target.elements].filter((field) => field.type === 'submit').length > 1),
            own: Boolean(pressed && pressed.form === event.target
                && (!pressed.hasAttribute('formaction') || pressed.formAction === event.target.action
                    || pressed.getAttribute('formmethod') === 'get')),
        });
    }, true);
    for (const form of document.forms) form.noValidate = true;";

/// The fields in which Enter is pressed: of each form the first of each type.
const FIELDS: &str = "return [...document.forms].flatMap((form, at) => {
        const types = new Map();
        [...form.elements].forEach((field, number) => {
            const typed = field.matches('input:not([type=hidden], :disabled, [readonly])');
            if (typed && !types.has(field.type)) types.set(field.type, number);
        });
        return [...types].map(([type, number]) => ({ form: at, type, number,
            what: `${form.method} ${new URL(form.action).pathname} ${form.elements[number].name}`,
            guard: form.matches('.guard'), bulk: form.id === 'bulk' }));
    })";

/// Opens what a field is hidden in, and goes there. Whether it could be reached.
const REACH: &str = "const field = document.forms[arguments[0]].elements[arguments[1]];
    document.querySelectorAll('dialog[open]').forEach(dialog => dialog.close());
    for (let part = field.parentElement; part; part = part.parentElement) {
        if (part.matches('dialog')) part.showModal();
        if (part.matches('[popover]:not(:popover-open)')) part.showPopover();
        if (part.matches('details')) part.open = true;
    }
    // Some stand there for one choice only.
    for (const choice of field.form.querySelectorAll('option')) {
        if (field.checkVisibility()) break;
        choice.selected = true;
    }
    submitted.length = 0;
    field.focus();
    return document.activeElement === field";

fn submitted(browser: &Browser) -> Vec<Value> {
    browser.read("return submitted", &[]).as_array().cloned().unwrap_or_default()
}

#[test]
fn enter_presses_the_forms_own_button_on_every_page() {
    let world = World::new();
    let browser = signed_in(&world.app, "maya.lindqvist@example.test", PASSWORD, Options::default());
    let (mut seen, mut wrong) = (Vec::new(), Vec::new());
    for (at, route) in PAGES.iter().filter(|route| route.method == "GET").enumerate() {
        let case = world.case(route, &format!("form {at}"));
        let answer = world.admin.get(&case.path);
        if !answer.header("content-type").starts_with("text/html") {
            continue;
        }
        visit(&browser, &world.app, &case.path);
        browser.read(WATCH, &[]);
        let fields = browser.read(FIELDS, &[]);
        for field in fields.as_array().unwrap() {
            let what = format!("{}: {} ({})", route.path, field["what"], field["type"]);
            let reached = browser.read(REACH, &[field["form"].clone(), field["number"].clone()]);
            let typed = !matches!(field["type"].as_str(), Some("checkbox" | "radio"));
            if reached != true {
                // A box may be drawn as something else; a field to type in must be there.
                if typed {
                    wrong.push(format!("{what} cannot be reached"));
                }
                continue;
            }
            browser.press("Enter");
            for done in submitted(&browser) {
                let own = done["own"] == true && done["form"] == field["form"];
                let harmless = done["harmful"] == false || field["guard"] == true;
                let kept = field["bulk"] == false || done["value"] == "keep";
                if !(own && harmless && kept) {
                    wrong.push(format!("{what} presses {done}"));
                }
                seen.push(format!("{what} -> {}", done["label"]));
            }
        }
    }
    println!("{}", seen.join("\n"));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen.len() > 20, "{}", seen.join("\n"));
}
