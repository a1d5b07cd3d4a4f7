//! The pages of the audit log, as plain data for their templates.

use askama::Template;
use chrono::NaiveDateTime;

use super::filter::{LOG, LogQuery};
use super::model::LogEntry;
use super::operations::READ;
use super::sentences;
use super::words::{EventTone, LogTopic, WORDS};
use crate::error::FieldError;
use crate::web::navigation::{Item, NavigationGroup};
use crate::web::view::{Choice, Moment, Shell, Text, Tile};

pub mod event;
pub mod retention;

pub const NAVIGATION: Item = Item {
    label: "Audit log",
    href: LOG,
    icon: "log",
    group: NavigationGroup::Reference,
    any_of: &[READ],
    unless: None,
    count: None,
};

/// Somebody or something that an event names, as it was called then.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Party {
    pub name: String,
    /// Its events.
    pub events: String,
    /// Its own page, where it has one and is still there.
    pub page: Option<String>,
    pub deleted: bool,
}

/// A line of the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogRow {
    pub href: String,
    pub at: Moment,
    /// `24 Nov, 14:31:52`.
    pub stamp: String,
    pub tile: Tile,
    pub actor: Party,
    pub action: String,
    pub badge: &'static str,
    pub target: Party,
    pub object: Option<Party>,
    pub details: String,
    /// The address and its events.
    pub address: Option<(String, String)>,
}

/// The log, filtered.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "audit/list.html")]
pub struct LogPage {
    pub shell: Shell,
    /// How long events are kept: `Forever`, `400 days`.
    pub kept: String,
    pub can_decide: bool,
    pub query: LogQuery,
    pub faults: Vec<FieldError>,
    pub rows: Vec<LogRow>,
    pub newer: Option<String>,
    pub older: Option<String>,
}

impl LogPage {
    /// What is wrong with a field.
    pub fn fault(&self, field: &str) -> Option<&String> {
        self.faults.iter().find(|fault| fault.field == field).map(|fault| &fault.message)
    }

    pub fn periods(&self) -> Vec<Choice> {
        let chosen = if self.query.is_between_dates() { "dates" } else { self.query.period.as_str() };
        let periods = [("", "Everything"), ("7", "Last 7 days"), ("30", "Last 30 days"), ("dates", "Between dates")];
        periods.into_iter().map(|(id, name)| Choice::new(id, name).checked(id == chosen)).collect()
    }

    /// The groups of events, each with its verbs.
    pub fn kinds(&self) -> Vec<(Choice, Vec<Choice>)> {
        let choice = |id: &str, name: String| Choice::new(id, name).checked(id == self.query.kind);
        let group = |kind: LogTopic| {
            let verbs = WORDS.iter().filter(|words| words.kinds.first() == Some(&kind));
            (choice(kind.as_str(), format!("All {}", kind.label().to_lowercase())), {
                verbs.map(|words| choice(words.verb, words.label.to_owned())).collect()
            })
        };
        LogTopic::ALL.into_iter().map(group).collect()
    }

    /// Whether the page stands at the newest event.
    pub fn is_first(&self) -> bool {
        self.newer.is_none()
    }
}

/// A line of "Recent changes".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeedLine {
    /// Who did it.
    pub tile: Tile,
    /// The sentence, in pieces.
    pub text: Vec<Text>,
    /// When, see [`Moment::in_feed`].
    pub at: Moment,
}

impl FeedLine {
    /// A sentence that begins with who did it.
    pub fn new(entry: &LogEntry, deed: Vec<Text>, now: NaiveDateTime) -> Self {
        let mut text = vec![Text::strong(&entry.actor_name)];
        text.extend(deed);
        Self { tile: tile(entry), text, at: Moment::in_feed(entry.position.at, now) }
    }
}

/// The badge's class of an event.
pub fn badge(entry: &LogEntry) -> &'static str {
    match sentences::tone(entry) {
        EventTone::Plain => "badge",
        EventTone::Warn => "badge badge-warn",
        EventTone::Danger => "badge badge-danger",
    }
}

/// The tile of who did it.
pub fn tile(entry: &LogEntry) -> Tile {
    let id = entry.actor_id.as_deref().unwrap_or(&entry.actor_name);
    if entry.actor_kind == "user" { Tile::person(id, &entry.actor_name) } else { Tile::machine(id, &entry.actor_name) }
}
