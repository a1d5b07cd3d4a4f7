//! The page of one event.

use askama::Template;

use super::Party;
use crate::audit::sentences::FieldChange;
use crate::web::view::{Moment, Shell, Tile};

/// An event of the same change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sibling {
    pub href: String,
    pub target: String,
    pub tile: Tile,
    /// `Added role Release Manager`.
    pub what: String,
    pub current: bool,
}

/// One event, with the change that it belongs to.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "audit/event.html")]
pub struct EventPage {
    pub shell: Shell,
    /// The list that it was opened from.
    pub list: String,
    /// `Added role`.
    pub action: String,
    /// What was given, taken or made.
    pub object: Option<Party>,
    /// How it belongs to the target: `to`, `from`, `of`.
    pub joint: &'static str,
    pub target: Party,
    pub actor: Party,
    pub tile: Tile,
    pub at: Moment,
    pub details: String,
    pub address: Option<(String, String)>,
    /// `Session`, `API token`, `Command line`.
    pub credential: &'static str,
    pub session: Option<String>,
    /// The token's id, and its events.
    pub token: Option<(String, String)>,
    pub user_agent: Option<String>,
    pub id: String,
    pub change: String,
    pub request: Option<String>,
    pub changes: Vec<FieldChange>,
    pub facts: Vec<(String, String)>,
    pub siblings: Vec<Sibling>,
    /// `3 events`.
    pub size: String,
    /// Where all are, if they are not all here.
    pub all: Option<String>,
    pub json: String,
    pub newer: Option<String>,
    pub older: Option<String>,
}
