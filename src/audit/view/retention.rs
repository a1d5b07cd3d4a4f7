//! The page that decides how long events are kept.

use askama::Template;

use crate::audit::retention::Keep;
use crate::web::view::{Field, Shell};

/// What the new setting would do, before it is saved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preview {
    /// `30 days`.
    pub keep: String,
    /// `1,234 events`; `None` where none go.
    pub events: Option<String>,
    /// The first day that stays: `31 Oct 2026`.
    pub from: String,
}

#[derive(Clone, Debug, Default, Template)]
#[template(path = "audit/retention.html")]
pub struct RetentionPage {
    pub shell: Shell,
    /// What is set now: `Forever`, `400 days`.
    pub kept: String,
    pub keep: Keep,
    pub days: Field,
    pub preview: Option<Preview>,
    /// Why saving was refused.
    pub refused: Option<String>,
}

impl RetentionPage {
    pub fn is_for_ever(&self) -> bool {
        self.keep == Keep::ForEver
    }
}
