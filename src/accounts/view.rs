//! The pages of accounts, as plain data for their templates. What several of them show stands here; each page has a
//! file of its own.

use super::kind::{SYSTEM_ACCOUNTS, USERS};
use super::model::Kind;
use crate::web::navigation::{Item, NavigationGroup};
use crate::web::view::words::grouped;

pub mod account;
pub mod activity;
pub mod ask;
pub mod confirm;
pub mod list;
pub mod menu;
pub mod new;
pub mod sessions;
pub mod terraform;
pub mod tokens;
pub mod told;

pub const SYSTEM_ACCOUNTS_ITEM: Item = Item {
    label: SYSTEM_ACCOUNTS.title,
    href: SYSTEM_ACCOUNTS.path,
    icon: "bot",
    group: NavigationGroup::Organisation,
    any_of: &["system_account:read:*", "system_account:manage:team"],
    unless: None,
    count: Some("SELECT sum(total) FROM account_totals WHERE kind = 'system' AND disabled = FALSE"),
};

pub const USERS_ITEM: Item = Item {
    label: USERS.title,
    href: USERS.path,
    icon: "user",
    group: NavigationGroup::Organisation,
    any_of: &["user:read:*"],
    unless: None,
    count: Some("SELECT sum(total) FROM account_totals WHERE kind = 'user' AND disabled = FALSE"),
};

/// How much of the plan, or of the seats for users, is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanUsage {
    pub kind: Kind,
    /// The plan's name, such as `Team`.
    pub name: String,
    /// Enabled accounts.
    pub used: u64,
    /// The most there may be; `None` is unlimited and shows a plain count without a meter.
    pub limit: Option<u64>,
}

impl Default for PlanUsage {
    fn default() -> Self {
        Self { kind: Kind::System, name: String::new(), used: 0, limit: None }
    }
}

impl PlanUsage {
    /// What stands behind used and limit: `on the Team plan`, `users`.
    pub fn of_what(&self) -> String {
        match self.kind {
            Kind::System => format!("on the {} plan", self.name),
            Kind::User => self.kind.plural().to_owned(),
        }
    }

    /// What the meter measures.
    pub fn measures(&self) -> &'static str {
        match self.kind {
            Kind::System => "System accounts used",
            Kind::User => "Seats used",
        }
    }

    /// Whether no further account may be created or enabled.
    pub fn is_full(&self) -> bool {
        self.limit.is_some_and(|limit| self.used >= limit)
    }

    /// From where on the meter warns: nine tenths.
    pub fn high(&self) -> u64 {
        self.limit.map_or(0, |limit| limit.saturating_mul(9) / 10)
    }

    /// `Team plan, 37 of 50`; without a limit there is no plan to name.
    pub fn line(&self) -> String {
        match self.limit {
            Some(limit) => format!("{} plan, {} of {}", self.name, grouped(self.used), grouped(limit)),
            None => "No limit".to_owned(),
        }
    }

    /// `Uses 38 of 50 on the Team plan`; empty without a limit.
    pub fn next_line(&self) -> String {
        match self.limit {
            Some(limit) => format!("Uses {} of {} on the {} plan", grouped(self.used + 1), grouped(limit), self.name),
            None => String::new(),
        }
    }

    /// Why "New system account" or "Invite users" is out of reach.
    pub fn full_line(&self) -> String {
        match self.kind {
            Kind::System => format!("The {} plan is full. Disable or delete a system account first.", self.name),
            Kind::User => "All seats are in use. Disable or delete a user first.".to_owned(),
        }
    }

    /// The limit, grouped; empty without one.
    pub fn limit_text(&self) -> String {
        self.limit.map_or_else(String::new, grouped)
    }

    /// The number used, grouped.
    pub fn used_text(&self) -> String {
        grouped(self.used)
    }
}
