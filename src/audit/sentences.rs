//! An event in words: in the log, on the pages of accounts and in exports it is said by these and nowhere else.

use chrono::NaiveDateTime;

use super::model::{LogEntry, verbs};
use super::words::{self, EventTone};
use crate::id::Id;
use crate::web::view::Text;
use crate::web::view::moment::day;
use crate::web::view::words::{capital, counted, joined};

/// What a client hears of something that has been deleted. Terraform keeps it until it is told to forget it.
pub fn epitaph(noun: &str, name: &str, (by, at): (&str, NaiveDateTime), id: &Id) -> String {
    let (day, time) = (day(at.date()), at.format("%H:%M"));
    format!(
        "{by} deleted the {noun} {name} on {day} at {time} UTC. If Terraform manages it, find it with terraform state list -id={id} \
         and run terraform state rm on what that prints."
    )
}

/// What happened, in a word or two: `Added role`.
pub fn action(entry: &LogEntry) -> String {
    if is_stopped_value(entry) {
        return "Stopped old value".to_owned();
    }
    words::of(&entry.verb).map_or_else(|| in_words(&entry.verb), |words| words.label.to_owned())
}

/// A verb that another version wrote: `account.badge_changed` is `Account badge changed`.
fn in_words(verb: &str) -> String {
    capital(&verb.replace(['.', '_'], " "))
}

fn small(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

/// How it stands out.
pub fn tone(entry: &LogEntry) -> EventTone {
    words::of(&entry.verb).map_or(EventTone::Plain, |words| words.tone)
}

/// Nobody decided against this token: its successor has taken over, and the old value had some time left.
fn is_stopped_value(entry: &LogEntry) -> bool {
    entry.verb == verbs::TOKEN_REVOKED && entry.detail.get("replaced").and_then(serde_json::Value::as_bool) == Some(true)
}

/// How what was given, taken or made belongs to the target, in a heading: "Added role Viewer *to* robot".
pub fn joint(entry: &LogEntry) -> &'static str {
    match entry.verb.as_str() {
        verbs::ROLE_ADDED | verbs::TEAM_ADDED | verbs::TEAM_ADMINISTRATOR_ADDED => "to",
        verbs::ROLE_REMOVED | verbs::TEAM_REMOVED | verbs::TEAM_ADMINISTRATOR_REMOVED => "from",
        _ => "of",
    }
}

/// What is to be said beside action, target and object; empty where that is all.
pub fn details(entry: &LogEntry) -> String {
    match entry.verb.as_str() {
        verbs::ACCOUNT_CREATED | verbs::INVITED => created(entry),
        verbs::ACCOUNT_RENAMED | verbs::TEAM_RENAMED | verbs::SETTINGS_CHANGED | verbs::INVITATION_ACCEPTED => edited(entry),
        verbs::ROLE_CREATED => list(entry, "permissions").join(", "),
        verbs::ROLE_UPDATED | verbs::ROLE_RESET => edited(entry),
        verbs::OWNER_CHANGED => match entry.detail.pointer("/before/owner").and_then(serde_json::Value::as_str) {
            Some(before) => format!("Previously {before}"),
            None => String::new(),
        },
        verbs::TEAM_APPLICATIONS => {
            entry.detail.get("after").map(|after| listed(after, "applications").join(", ")).unwrap_or_default()
        }
        verbs::TOKEN_REGENERATED => overlap(entry),
        verbs::TOKEN_REFUSED => {
            let calls = counted(entry.number("count").unwrap_or(1), "call");
            let reason = reason(entry.text("reason"));
            if reason.is_empty() { calls } else { format!("{calls}: {reason}") }
        }
        verbs::SIGN_IN_FAILED => {
            let reason = entry.text("reason");
            if reason.is_empty() { "Incorrect e-mail address or password".to_owned() } else { capital(reason) }
        }
        verbs::ACCESS_REFUSED => {
            // The route, unless it is the target itself.
            let route = Some(entry.text("route")).filter(|_| entry.target_kind != "route").unwrap_or_default();
            let missing = Some(entry.text("permission")).filter(|permission| !permission.is_empty());
            let missing = missing.map(|permission| format!("Missing permission {permission}")).unwrap_or_default();
            [route, &missing].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(". ")
        }
        verbs::SESSIONS_ENDED => counted(entry.number("count").unwrap_or(1), "session"),
        verbs::EMAIL_CHANGED => match before_and_after(entry, "email") {
            Some((before, after)) => format!("From {before} to {after}"),
            None => String::new(),
        },
        verbs::TOKEN_CREATION_STOPPED => entry.text("after").to_owned(),
        verbs::RETENTION_CHANGED => format!("From {} to {}", small(entry.text("before")), small(entry.text("after"))),
        verbs::EVENTS_DELETED => {
            format!("{}, {} to {}", counted(entry.number("count").unwrap_or(0), "event"), entry.text("from"), entry.text("to"))
        }
        verbs::LOG_EXPORTED | verbs::LIST_EXPORTED => exported(entry),
        _ => String::new(),
    }
}

fn exported(entry: &LogEntry) -> String {
    let what = match entry.number("count") {
        Some(count) => counted(count, "row"),
        None if entry.text("filter").is_empty() => "all events".to_owned(),
        None => String::new(),
    };
    [entry.text("format"), &what, entry.text("filter")].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

fn list(entry: &LogEntry, name: &str) -> Vec<String> {
    listed(&entry.detail, name)
}

fn listed(detail: &serde_json::Value, name: &str) -> Vec<String> {
    let values = detail.get(name).and_then(serde_json::Value::as_array).into_iter().flatten();
    values.filter_map(|value| value.as_str().map(str::to_owned)).collect()
}

fn created(entry: &LogEntry) -> String {
    let (roles, teams) = (list(entry, "roles"), list(entry, "teams"));
    let mut said = vec![if roles.is_empty() { "No roles".to_owned() } else { roles.join(", ") }];
    if !teams.is_empty() {
        said.push(format!("{} {}", if teams.len() == 1 { "team" } else { "teams" }, joined(&teams, "and")));
    }
    said.join(", ")
}

fn edited(entry: &LogEntry) -> String {
    let fields: Vec<String> = changes(entry).into_iter().map(|change| small(&change.field)).collect();
    match before_and_after(entry, "name") {
        Some((before, after)) if before != after => format!("From {before} to {after}"),
        _ if fields.is_empty() => String::new(),
        _ => format!("Changed the {}", joined(&fields, "and")),
    }
}

fn before_and_after<'a>(entry: &'a LogEntry, field: &str) -> Option<(&'a str, &'a str)> {
    let side = |when: &str| entry.detail.get(when)?.get(field)?.as_str();
    side("before").zip(side("after"))
}

fn overlap(entry: &LogEntry) -> String {
    let length = match entry.text("overlap") {
        "" | "0" | "0s" => return "Old value stopped at once".to_owned(),
        "until expiry" => return "Old value works until it expires".to_owned(),
        "1h" => "1 hour".to_owned(),
        "24h" => "24 hours".to_owned(),
        "7d" => "7 days".to_owned(),
        other => other.strip_suffix('s').and_then(|seconds| seconds.parse().ok()).map_or_else(|| other.to_owned(), lasting),
    };
    format!("Old value works for {length}")
}

/// A number of seconds in the largest unit up to hours that it is a whole number of.
fn lasting(seconds: u64) -> String {
    match seconds {
        _ if seconds.is_multiple_of(3600) => counted(seconds / 3600, "hour"),
        _ if seconds.is_multiple_of(60) => counted(seconds / 60, "minute"),
        _ => counted(seconds, "second"),
    }
}

fn reason(word: &str) -> &str {
    match word {
        "insufficient scope" => "missing permission",
        "mismatch" => "wrong secret",
        "expired" => "token expired",
        "revoked" => "token revoked",
        "disabled" => "account disabled",
        other => other,
    }
}

/// A line of "Recent changes", after the actor's name.
pub fn feed(entry: &LogEntry) -> Vec<Text> {
    let what = || match entry.target_kind.as_str() {
        "system" => "this system account",
        "user" => "this user",
        _ => entry.target_name.as_str(),
    };
    let object = || Text::strong(entry.object_name.clone().unwrap_or_default());
    let details = details(entry);
    let tail = |lead: &str| Text::plain(if details.is_empty() { String::new() } else { format!("{lead}{}", small(&details)) });
    match entry.verb.as_str() {
        verbs::ACCOUNT_CREATED => vec![Text::plain(format!(" created {}", what()))],
        verbs::INVITED => vec![Text::plain(format!(" invited {}", what()))],
        verbs::INVITATION_ACCEPTED | verbs::INVITATION_CANCELLED => {
            vec![Text::plain(format!(" {} the invitation", small(&action(entry)).trim_end_matches(" invitation")))]
        }
        verbs::EMAIL_CHANGED => vec![Text::plain(" changed the e-mail address")],
        verbs::SESSIONS_ENDED => vec![Text::plain(format!(" signed {} out", what()))],
        verbs::INVITATION_RENEWED => vec![Text::plain(" created a new invitation link")],
        verbs::PASSWORD_LINK_CREATED => vec![Text::plain(" created a link to set a new password")],
        verbs::PASSWORD_CHANGED => vec![Text::plain(" set a new password")],
        verbs::SIGN_IN_FAILED => vec![Text::plain(" could not sign in"), tail(": ")],
        verbs::ACCESS_REFUSED => vec![Text::plain(format!(" was refused: {details}"))],
        verbs::ACCOUNT_RENAMED => match before_and_after(entry, "name") {
            Some((before, after)) if before != after => {
                vec![Text::plain(" renamed it from "), Text::strong(before), Text::plain(" to "), Text::strong(after)]
            }
            _ => vec![Text::plain(format!(" {}", small(&details)))],
        },
        verbs::ACCOUNT_DISABLED | verbs::ACCOUNT_ENABLED | verbs::ACCOUNT_DELETED => {
            vec![Text::plain(format!(" {} {}", small(&action(entry)), what()))]
        }
        verbs::TOKEN_REFUSED => {
            let (calls, why) = details.split_once(": ").unwrap_or((&details, ""));
            let why = if why.is_empty() { String::new() } else { format!(": {why}") };
            vec![Text::plain(format!(" refused {calls} with ")), object(), Text::plain(why)]
        }
        verbs::OWNER_CHANGED if entry.object_name.is_none() => vec![Text::plain(" removed the owner"), tail(", ")],
        verbs::OWNER_CHANGED => match details.strip_prefix("Previously ") {
            Some(before) => {
                vec![Text::plain(" changed the owner from "), Text::strong(before), Text::plain(" to "), object()]
            }
            None => vec![Text::plain(" made "), object(), Text::plain(" the owner")],
        },
        verbs::TOKEN_REVOKED if is_stopped_value(entry) => vec![Text::plain(" stopped the old value of "), object()],
        _ if words::of(&entry.verb).is_none() => vec![Text::plain(": "), Text::plain(in_words(&entry.verb))],
        _ if entry.object_name.is_some() => {
            vec![Text::plain(format!(" {} ", small(&action(entry)))), object(), tail(", ")]
        }
        _ => vec![Text::plain(format!(" {}", small(&action(entry)))), tail(": ")],
    }
}

/// What somebody did, after their name, on a page that is not about what they did it to.
pub fn deed(entry: &LogEntry) -> Vec<Text> {
    let (target, what) = (Text::strong(&entry.target_name), Text::plain(format!(" {} ", small(&action(entry)))));
    match &entry.object_name {
        Some(object) => vec![what, Text::strong(object), Text::plain(format!(" {} ", joint(entry))), target],
        None => vec![what, target],
    }
}

/// What somebody did to a team, after their name, on the team's own page.
pub fn team_feed(entry: &LogEntry) -> Vec<Text> {
    let whom = || Text::strong(&entry.target_name);
    match entry.verb.as_str() {
        verbs::TEAM_CREATED => vec![Text::plain(" created this team")],
        verbs::TEAM_ADDED => vec![Text::plain(" added "), whom()],
        verbs::TEAM_REMOVED => vec![Text::plain(" removed "), whom()],
        verbs::TEAM_ADMINISTRATOR_ADDED => vec![Text::plain(" made "), whom(), Text::plain(" team administrator")],
        verbs::TEAM_ADMINISTRATOR_REMOVED => vec![Text::plain(" removed "), whom(), Text::plain(" as team administrator")],
        verbs::TEAM_RENAMED => match before_and_after(entry, "name") {
            Some((before, after)) => {
                vec![Text::plain(" renamed it from "), Text::strong(before), Text::plain(" to "), Text::strong(after)]
            }
            None => deed(entry),
        },
        verbs::TEAM_APPLICATIONS => vec![Text::plain(" changed the applications")],
        _ => deed(entry),
    }
}

/// A field that an event changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldChange {
    pub field: String,
    pub before: String,
    pub after: String,
}

/// Before and after, field by field.
pub fn changes(entry: &LogEntry) -> Vec<FieldChange> {
    let change = |field: &str, before: &str, after: &str| {
        vec![FieldChange { field: field.to_owned(), before: before.to_owned(), after: after.to_owned() }]
    };
    // What was given or taken beside others, such as a role, is in the sentence: "before: none" would not be true.
    match entry.verb.as_str() {
        verbs::ACCOUNT_DISABLED => change("Status", "Enabled", "Disabled"),
        verbs::ACCOUNT_ENABLED => change("Status", "Disabled", "Enabled"),
        verbs::ACCOUNT_DELETED => change("Account", &entry.target_name, ""),
        verbs::ACCOUNT_CREATED | verbs::INVITED => change("Account", "", &entry.target_name),
        verbs::INVITATION_CANCELLED => change("Account", &entry.target_name, ""),
        _ => told_changes(entry),
    }
}

/// What the details themselves say of before and after.
fn told_changes(entry: &LogEntry) -> Vec<FieldChange> {
    let (before, after) = (entry.detail.get("before"), entry.detail.get("after"));
    let fields = |side: Option<&serde_json::Value>| -> Vec<String> {
        side.and_then(serde_json::Value::as_object).map(|side| side.keys().cloned().collect()).unwrap_or_default()
    };
    let mut names = fields(before);
    names.extend(fields(after).into_iter().filter(|name| !fields(before).contains(name)));
    let of = |side: Option<&serde_json::Value>, name: &str| side.and_then(|side| side.get(name)).map(value).unwrap_or_default();
    let mut changes: Vec<FieldChange> = names
        .iter()
        .map(|name| FieldChange { field: in_words(name), before: of(before, name), after: of(after, name) })
        .collect();
    if names.is_empty() && (before.is_some() || after.is_some()) {
        let field = if entry.verb == verbs::RETENTION_CHANGED { "Events are kept" } else { "Message" };
        let (before, after) = (before.map(value).unwrap_or_default(), after.map(value).unwrap_or_default());
        changes.push(FieldChange { field: field.to_owned(), before, after });
    }
    changes.retain(|change| change.before != change.after);
    changes
}

/// What else an event says, by name.
pub fn facts(entry: &LogEntry) -> Vec<(String, String)> {
    let facts = entry.detail.as_object().into_iter().flatten();
    facts
        .filter(|(name, value)| !matches!(name.as_str(), "before" | "after" | "before_id") && !value.is_null())
        .map(|(name, told)| (in_words(name), value(told)))
        .collect()
}

fn value(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => String::new(),
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Bool(true) => "Yes".to_owned(),
        serde_json::Value::Bool(false) => "No".to_owned(),
        serde_json::Value::Array(values) => values.iter().map(self::value).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}
