//! The general settings: saving, defaults, banner, whom to ask, and the limits of sessions.

mod banner;
mod more;
mod saving;
mod sessions;

use muster::settings::general::General;

use crate::support::app::{Answer, Client, TestApp};

const SETTINGS: &str = "/settings/general";

/// A form as the page has it for these settings, with some fields changed.
fn form(shown: &General, changed: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    let id = |id: &Option<muster::id::Id>| id.as_ref().map(ToString::to_string).unwrap_or_default();
    let mut fields = vec![
        ("organisation", shown.organisation.clone()),
        ("user_role", id(&shown.user_role)),
        ("user_team", id(&shown.user_team)),
        ("system_role", id(&shown.system_role)),
        ("system_team", id(&shown.system_team)),
        ("ask", shown.ask.clone()),
        ("ask_link", shown.ask_link.clone()),
        ("banner", shown.banner.clone()),
        ("banner_place", shown.banner_place.as_str().to_owned()),
        ("session_length", shown.session_length.clone()),
        ("inactivity", shown.inactivity.clone()),
        ("shown", serde_json::to_string(shown).unwrap()),
    ];
    for (name, value) in changed {
        let field = fields.iter_mut().find(|(known, _)| known == name).unwrap();
        field.1 = (*value).to_owned();
    }
    fields
}

fn post(client: &Client, fields: &[(&'static str, String)]) -> Answer {
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    client.post(SETTINGS, &fields)
}

/// Saves these fields over what is stored, and says what the next page says.
pub fn save(app: &TestApp, client: &Client, changed: &[(&'static str, &str)]) -> Answer {
    let stored = app.read(muster::settings::general::read);
    let answer = post(client, &form(&stored, changed));
    assert_eq!(answer.status, 303, "{}", answer.text());
    client.get(answer.location())
}

/// A server whose organisation is not named by an option.
fn unnamed() -> TestApp {
    TestApp::start_with(|config| config.organisation = None)
}
