//! The page that asks before something final or far-reaching, for one account or for many.

use askama::Template;

use crate::accounts::actions::{Ask, Typed};
use crate::accounts::kind::Screen;
use crate::web::view::words::{grouped, joined};
use crate::web::view::{Choice, Field, Hidden, Moment, Shell, Tile};

/// One of the accounts that a confirmation names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfirmRow {
    /// UUID.
    pub id: String,
    pub name: String,
    pub tile: Tile,
    /// Names of its roles: `CI/CD, Viewer`.
    pub roles: String,
    /// Its owner, and what is said of them, where the owner is asked for.
    pub owner: Option<(&'static str, String)>,
    /// Last use of any token, or a person's last login; `None` for never.
    pub used: Option<Moment>,
    /// Whether that was within two days, which deserves a warning.
    pub recent: bool,
    /// `1 token`, `no tokens`.
    pub tokens: String,
}

/// Asks before something final or far-reaching, for one account or for many.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "accounts/confirm.html")]
pub struct ConfirmPage {
    pub shell: Shell,
    pub screen: &'static Screen,
    /// What is asked.
    pub ask: Ask,
    /// Whether it cannot be taken back.
    pub final_: bool,
    /// The verb's word, icon and label.
    pub verb: &'static str,
    pub icon: &'static str,
    pub label: &'static str,
    /// The names of the roles that are given.
    pub names: Vec<String>,
    /// The names of the roles that are taken away.
    pub taken: Vec<String>,
    /// What the actor loses: the permissions, and what they are for.
    pub losses: Vec<(String, String)>,
    /// The names of those that were ticked and are gone.
    pub missing: Vec<String>,
    /// How many accounts it is about.
    pub count: u64,
    /// Those that are named: all, or the first 100.
    pub rows: Vec<ConfirmRow>,
    /// Where the form posts to.
    pub action: String,
    /// Where "Disable instead" posts to.
    pub instead: String,
    /// Fields that the form carries on.
    pub hidden: Vec<Hidden>,
    /// Names of those used within two days, as a sentence's subject with its verb: `jenkins-nightly made a call 9 hours ago`.
    pub warning: Option<String>,
    /// How many of all were used lately.
    pub warned: u64,
    /// Whether a user is asked for, and some to choose from: by their e-mail address, with their name.
    pub asks_user: bool,
    pub people: Vec<Choice>,
    /// What people leave behind, a sentence for each kind.
    pub left: Vec<String>,
    /// Whether the system accounts that they own can be given to somebody else, and to whom.
    pub hands_over: bool,
    pub owner: Field,
    /// What was typed.
    pub typed: Field,
    /// Why it was refused, such as a rule about the last administrator.
    pub error: Option<String>,
    /// Where Cancel leads: the list with its filters and the selection, or the account.
    pub cancel: String,
    /// The list with its filters.
    pub list: String,
}

impl ConfirmPage {
    /// `payments-api deploy` for one, `3 system accounts` for many.
    pub fn whom(&self) -> String {
        self.only().map_or_else(|| self.screen.kind.counted(i64::try_from(self.count).unwrap_or(i64::MAX)), str::to_owned)
    }

    /// The name of the account, where it is one.
    pub fn only(&self) -> Option<&str> {
        self.rows.first().filter(|_| self.count == 1).map(|row| row.name.as_str())
    }

    /// The question around the accounts: what stands before and after them.
    pub fn question(&self) -> (&'static str, &'static str) {
        let (one, several) = self.ask.question;
        let pattern = if self.count == 1 { one } else { several };
        pattern.split_once("{whom}").unwrap_or((pattern, ""))
    }

    pub fn consequence(&self) -> &'static str {
        let (one, several) = self.ask.consequence;
        if self.count == 1 { one } else { several }
    }

    /// What is said of the last use, "Last login" of a person.
    pub fn last_used(&self) -> &'static str {
        if self.screen.has_tokens() { "Last used" } else { "Last login" }
    }

    /// The same of one within two days.
    pub fn used(&self) -> &'static str {
        if self.screen.has_tokens() { "Used" } else { "Last login" }
    }

    pub fn never_used(&self) -> &'static str {
        if self.screen.has_tokens() { "Never used" } else { "Never signed in" }
    }

    /// Whether the name or the number has to be typed.
    pub fn is_typed(&self) -> bool {
        self.ask.typed == Typed::Confirmation
    }

    /// Whether more is given than the question says.
    pub fn gives(&self) -> Option<String> {
        (self.names.len() > 1).then(|| joined(&self.names, "and"))
    }

    pub fn takes(&self) -> Option<String> {
        (!self.taken.is_empty()).then(|| joined(&self.taken, "and"))
    }

    /// Those that are gone, in words.
    pub fn gone(&self) -> Option<String> {
        (!self.missing.is_empty()).then(|| joined(&self.missing, "and"))
    }

    /// What has to be typed: the name of one, the number of several.
    pub fn wanted(&self) -> String {
        self.only().map_or_else(|| self.count.to_string(), str::to_owned)
    }

    /// What is said to who typed something else.
    pub fn how_to_confirm(&self) -> String {
        match self.only() {
            Some(name) => format!("Type the name, {name}, to confirm."),
            None => format!("Type {} to confirm.", self.count),
        }
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
