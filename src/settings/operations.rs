//! Saving the general settings. Fields that a form has not touched stay as others have set them meanwhile; where both have
//! changed the same field, the second is told.

use chrono::TimeDelta;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::general::{self, BannerPlacement, General};
use crate::accounts::model::Email;
use crate::accounts::operations::grantable_roles;
use crate::audit::{self, Event, verbs};
use crate::auth::principal::Principal;
use crate::auth::queries::sessions;
use crate::config::{parse_duration, url};
use crate::database::DbConnection;
use crate::error::{Error, FieldError};
use crate::id::Id;
use crate::teams::queries::offered::called;
use crate::text::{secrets, tidy};
use crate::{roles, teams};

/// What it takes to see and to change them.
pub const DECIDE: &str = "system_preference:manage:*";
const NAME: &str = "General settings";
pub const NAME_LIMIT: usize = 80;
pub const ASK_LIMIT: usize = 120;
pub const BANNER_LIMIT: usize = 500;
pub const BANNER_LINES: usize = 5;
const LINK_LIMIT: usize = 500;
/// The bounds of a session's length and inactivity, in days at most.
const MOST_DAYS: i64 = 365;

/// The fields, and what they are called.
pub const FIELDS: [(&str, &str); 11] = [
    ("organisation", "organisation"),
    ("user_role", "default role of new users"),
    ("user_team", "default team of new users"),
    ("system_role", "default role of new system accounts"),
    ("system_team", "default team of new system accounts"),
    ("ask", "contact"),
    ("ask_link", "contact link"),
    ("banner", "banner"),
    ("banner_place", "banner position"),
    ("session_length", "session length"),
    ("inactivity", "inactivity limit"),
];

/// The settings as a form has them; nothing of them has been checked.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct SettingsForm {
    /// Absent where the form does not offer it.
    pub organisation: Option<String>,
    pub user_role: String,
    pub user_team: String,
    /// In place of the one that is selected, by its name.
    pub user_other_team: String,
    pub system_role: String,
    pub system_team: String,
    pub system_other_team: String,
    pub ask: String,
    pub ask_link: String,
    pub banner: String,
    pub banner_place: String,
    pub session_length: String,
    pub inactivity: String,
    /// The settings as they were when the form was drawn.
    pub shown: String,
}

/// What was saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedSettings {
    pub general: General,
    /// What this form has changed, and what somebody else has meanwhile, in words.
    pub changed: Vec<&'static str>,
    pub others: Vec<&'static str>,
}

/// Saves a form. `fixed` is the organisation's name where a start option gives it.
///
/// # Errors
/// `Forbidden`, also for a default role that grants more than the actor has; `Invalid`, `Conflict`.
pub fn save(
    conn: &mut DbConnection,
    actor: &Principal,
    form: &SettingsForm,
    fixed: Option<&str>,
) -> Result<SavedSettings, Error> {
    actor.require(DECIDE, "Only administrators can change the settings.")?;
    if fixed.is_some() && form.organisation.is_some() {
        let sentence = "Set by --organisation (MUSTER_ORGANISATION) when Muster starts. It can't be changed here.";
        return Err(Error::field("organisation", sentence));
    }
    let stored = general::read(conn)?;
    let shown: General = serde_json::from_str(&form.shown)
        .map_err(|_| Error::BadRequest("The form was incomplete. Go back and try again.".into()))?;
    let mut wanted = checked(form, &shown)?;
    for (field, name, team) in [
        ("user_team", &form.user_other_team, &mut wanted.user_team),
        ("system_team", &form.system_other_team, &mut wanted.system_team),
    ] {
        if let Some(named) = called(conn, name, None).map_err(|error| at(field, error))?.pop() {
            *team = Some(named);
        }
    }
    let (merged, changed, others) = merge(&shown, &stored, &wanted)?;
    let general: General = serde_json::from_value(Value::Object(merged)).map_err(|error| Error::Internal(error.to_string()))?;
    if general == stored {
        return Ok(SavedSettings { general, changed: Vec::new(), others });
    }
    // A default is a grant to everyone to come.
    for (field, before, after) in
        [("user_role", &stored.user_role, &general.user_role), ("system_role", &stored.system_role, &general.system_role)]
    {
        if let Some(role) = after.as_ref().filter(|_| before != after) {
            grantable_roles(conn, actor, std::slice::from_ref(role)).map_err(|error| at(field, error))?;
        }
    }
    for (field, before, after) in
        [("user_team", &stored.user_team, &general.user_team), ("system_team", &stored.system_team, &general.system_team)]
    {
        if let Some(team) = after.as_ref().filter(|_| before != after) {
            actor.require(teams::operations::MANAGE, "Only people who manage teams can choose a default team.")?;
            let gone = || Error::field(field, "This team no longer exists.");
            teams::queries::find_one(conn, team).map_err(|error| error.or_missing(gone()))?;
        }
    }
    general::write(conn, &general)?;
    if stored.limits() != general.limits() {
        sessions::shorten(conn, general.limits())?;
    }
    let detail = serde_json::json!({
        "before": told(conn, &stored, &changed)?,
        "after": told(conn, &general, &changed)?,
    });
    let event =
        Event { verb: verbs::SETTINGS_CHANGED, target_kind: "policy", target_id: None, target_name: NAME, object: None, detail };
    audit::record_alone(conn, actor, &event)?;
    Ok(SavedSettings { general, changed, others })
}

/// What is wrong with a role or a team stands beside its field.
fn at(field: &'static str, error: Error) -> Error {
    match error {
        Error::Invalid(_) => Error::field(field, error.message()),
        other => other,
    }
}

fn checked(form: &SettingsForm, shown: &General) -> Result<General, Error> {
    let mut wrong: Vec<FieldError> = Vec::new();
    let mut checked = |field: &'static str, result: Result<String, String>| {
        result.unwrap_or_else(|message| {
            wrong.push(FieldError { field, message });
            String::new()
        })
    };
    let organisation = match &form.organisation {
        Some(name) => checked("organisation", tidy(name, NAME_LIMIT)),
        None => shown.organisation.clone(),
    };
    let ask = checked("ask", tidy(&form.ask, ASK_LIMIT));
    let general = General {
        organisation,
        ask_link: checked("ask_link", link(&form.ask_link, &ask)),
        ask,
        banner: checked("banner", banner(&form.banner)),
        session_length: checked("session_length", duration(&form.session_length)),
        inactivity: checked("inactivity", duration(&form.inactivity)),
        user_role: Id::parse(&form.user_role),
        user_team: Id::parse(&form.user_team),
        system_role: Id::parse(&form.system_role),
        system_team: Id::parse(&form.system_team),
        banner_place: if form.banner_place == BannerPlacement::EveryPage.as_str() {
            BannerPlacement::EveryPage
        } else {
            BannerPlacement::SignIn
        },
    };
    for (field, text) in [
        ("user_role", &form.user_role),
        ("user_team", &form.user_team),
        ("system_role", &form.system_role),
        ("system_team", &form.system_team),
    ] {
        if !text.is_empty() && Id::parse(text).is_none() {
            wrong.push(FieldError { field, message: "Choose one from the list.".into() });
        }
    }
    if wrong.is_empty() { Ok(general) } else { Err(Error::Invalid(wrong)) }
}

fn link(text: &str, ask: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(String::new());
    }
    let leads = url::http(text).is_some() || text.strip_prefix("mailto:").is_some_and(|to| Email::parse(to).is_ok());
    if !leads || text.chars().count() > LINK_LIMIT {
        return Err("Enter an http:// or https:// address, or mailto: and an e-mail address.".into());
    }
    secrets::holds_none(text)?;
    if ask.is_empty() { Err("Enter who the link leads to.".into()) } else { Ok(text.to_owned()) }
}

/// Plain text of a few lines.
fn banner(text: &str) -> Result<String, String> {
    let lines: Vec<&str> = text.trim().lines().collect();
    if lines.len() > BANNER_LINES {
        return Err(format!("At most {BANNER_LINES} lines."));
    }
    let lines = lines.into_iter().map(|line| tidy(line, BANNER_LIMIT)).collect::<Result<Vec<_>, _>>()?;
    let text = lines.join("\n");
    if text.chars().count() > BANNER_LIMIT { Err(format!("At most {BANNER_LIMIT} characters.")) } else { Ok(text) }
}

fn duration(text: &str) -> Result<String, String> {
    let text = text.trim().to_lowercase();
    let refused = || format!("Use a duration from 1m to {MOST_DAYS}d, such as 30m, 12h or 14d.");
    let length = parse_duration(&text).map_err(|_| refused())?;
    if length > TimeDelta::days(MOST_DAYS) { Err(refused()) } else { Ok(text) }
}

type Merged = (Map<String, Value>, Vec<&'static str>, Vec<&'static str>);

fn merge(shown: &General, stored: &General, wanted: &General) -> Result<Merged, Error> {
    let [shown, stored, wanted] = [shown, stored, wanted].map(fields);
    let (mut merged, mut changed, mut others, mut both) = (stored.clone(), Vec::new(), Vec::new(), Vec::new());
    for (field, label) in FIELDS {
        let (shown, stored, wanted) = (shown.get(field), stored.get(field), wanted.get(field));
        match (wanted != shown, stored != shown) {
            (true, true) if wanted != stored => both.push(label.to_owned()),
            (true, false) => {
                merged.insert(field.to_owned(), wanted.cloned().unwrap_or_default());
                changed.push(label);
            }
            (false, true) => others.push(label),
            _ => {}
        }
    }
    if both.is_empty() {
        return Ok((merged, changed, others));
    }
    Err(Error::Conflict(format!(
        "Someone else has changed the {} since you opened this page. Nothing was saved. Check it below and save again.",
        both.join(", ")
    )))
}

fn fields(general: &General) -> Map<String, Value> {
    match serde_json::to_value(general) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}

/// What changed, in words: roles and teams by their names.
fn told(conn: &mut DbConnection, general: &General, changed: &[&str]) -> Result<Value, Error> {
    let mut values = fields(general);
    for (field, role) in [("user_role", &general.user_role), ("system_role", &general.system_role)] {
        let found = roles::queries::find(conn, role.as_slice())?.pop();
        values.insert(field.into(), found.map(|role| role.name).into());
    }
    for (field, team) in [("user_team", &general.user_team), ("system_team", &general.system_team)] {
        let found = teams::queries::find(conn, team.as_slice())?.pop();
        values.insert(field.into(), found.map(|team| team.name).into());
    }
    let said = FIELDS.iter().filter(|(_, label)| changed.contains(label));
    Ok(said.map(|(field, label)| ((*label).to_owned(), values.remove(*field).unwrap_or_default())).collect::<Map<_, _>>().into())
}
