//! The page that asks before something final or far-reaching, for one account or for many.

use crate::accounts::kind::Screen;
use crate::web::view::words::grouped;
use crate::web::view::{Field, Hidden, Moment, Shell, Tile};
use askama::Template;

/// One of the accounts that a confirmation names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfirmRow {
    /// UUID.
    pub id: String,
    /// Name.
    pub name: String,
    /// Tile.
    pub tile: Tile,
    /// Names of its roles: `CI/CD, Viewer`.
    pub roles: String,
    /// Last use of any token; `None` for never.
    pub used: Option<Moment>,
    /// Whether that was within two days, which deserves a warning.
    pub recent: bool,
    /// `1 token`, `no tokens`.
    pub tokens: String,
}

/// What a confirmation is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Confirm {
    /// Delete: final, the number is typed.
    #[default]
    Delete,
    /// Make Administrator.
    MakeAdministrator,
}

/// Asks before something final or far-reaching, for one account or for many.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "accounts/confirm.html")]
pub struct ConfirmPage {
    /// The frame.
    pub shell: Shell,
    pub screen: &'static Screen,
    /// What is asked.
    pub what: Confirm,
    /// How many accounts it is about.
    pub count: u64,
    /// Those that are named: all, or the first 100.
    pub rows: Vec<ConfirmRow>,
    /// Where the form posts to: `…/bulk`, `…/{id}/deletion`, `…/{id}/promotion`.
    pub action: String,
    /// Where "Disable instead" posts to: `…/bulk`, `…/{id}/disablement`.
    pub disable_action: String,
    /// Fields that the form carries on: `id`s, or `scope`, the filters and `expected`.
    pub hidden: Vec<Hidden>,
    /// Whether the set is no longer the one that was shown.
    pub changed: bool,
    /// Names of those used within two days, as a sentence's subject with its verb: `jenkins-nightly made a call 9 hours ago`; `None` for none.
    pub warning: Option<String>,
    /// The typed number (delete only).
    pub typed: Field,
    /// Why it was refused, such as a rule about the last administrator.
    pub error: Option<String>,
    /// Where Cancel leads: the list with its filters, or the account.
    pub cancel: String,
}

impl ConfirmPage {
    /// Whether it is about deleting.
    pub fn deletes(&self) -> bool {
        self.what == Confirm::Delete
    }

    /// `payments-api deploy` for one, `3 system accounts` for many.
    pub fn whom(&self) -> String {
        match (self.count, self.rows.first()) {
            (1, Some(row)) => row.name.clone(),
            _ => self.screen.kind.counted(i64::try_from(self.count).unwrap_or(i64::MAX)),
        }
    }

    /// How many of those that are named were used within two days.
    pub fn warned(&self) -> usize {
        self.rows.iter().filter(|row| row.recent).count()
    }

    /// How many are not named; 0 for none.
    pub fn left(&self) -> u64 {
        self.count.saturating_sub(self.rows.len() as u64)
    }

    /// [`Self::left`], grouped.
    pub fn left_text(&self) -> String {
        grouped(self.left())
    }
}
