//! The list of system accounts.

use super::Plan;
use super::menu::{self, Entry, Picker};
use crate::accounts::actions::State;
use crate::accounts::filter::Filters;
use crate::accounts::kind::Screen;
use crate::web::view::address::address;
use crate::web::view::pagination::Pagination;
use crate::web::view::{Choice, Moment, Shell, Tile};
use askama::Template;

/// A count that is a filter: `4 with tokens expiring soon`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hint {
    /// What it says.
    pub text: String,
    /// Where it leads.
    pub href: String,
}

/// A role as a badge.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleBadge {
    /// The role's UUID, the anchor on the roles page.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether it is Administrator, which is set apart.
    pub administrator: bool,
}

/// One system account in the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountRow {
    /// UUID.
    pub id: String,
    /// Name.
    pub name: String,
    /// Description; may be empty.
    pub description: String,
    /// Tile.
    pub tile: Tile,
    /// Names of its teams, by name.
    pub teams: Vec<String>,
    /// Its roles, Administrator first.
    pub roles: Vec<RoleBadge>,
    /// Last call of Muster's own API; `None` for never.
    pub last_login: Option<Moment>,
    /// Last time any of its tokens was accepted anywhere; `None` for never.
    pub activity: Option<Moment>,
    /// Usable and expired tokens, in words: `2 tokens`; `None` for no token.
    pub tokens: Option<String>,
    /// The expiry that comes first, or the one that has passed; `None` shows "no expiry".
    pub expiry: Option<Moment>,
    /// What decides which actions make sense.
    pub state: State,
    /// Whether its box is ticked.
    pub checked: bool,
}

impl AccountRow {
    /// The teams that are spelled out: both of two, else the first.
    pub fn teams_shown(&self) -> String {
        let shown = if self.teams.len() <= 2 { self.teams.len() } else { 1 };
        self.teams[..shown].join(", ")
    }

    /// How many teams are left out of [`Self::teams_shown`].
    pub fn teams_left(&self) -> usize {
        if self.teams.len() <= 2 { 0 } else { self.teams.len() - 1 }
    }

    /// Their names.
    pub fn teams_left_names(&self) -> String {
        self.teams.get(1..).unwrap_or_default().join(", ")
    }

    /// The roles that are spelled out: both of two, else the first.
    pub fn roles_shown(&self) -> &[RoleBadge] {
        if self.roles.len() <= 2 { &self.roles } else { &self.roles[..1] }
    }

    /// How many roles are left out of [`Self::roles_shown`].
    pub fn roles_left(&self) -> usize {
        self.roles.len() - self.roles_shown().len()
    }

    /// Their names.
    pub fn roles_left_names(&self) -> String {
        self.roles.iter().skip(1).map(|role| role.name.as_str()).collect::<Vec<_>>().join(", ")
    }
}

/// The list of system accounts.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "accounts/list.html")]
pub struct AccountsPage {
    /// The frame.
    pub shell: Shell,
    pub screen: &'static Screen,
    /// Used and limit.
    pub plan: Plan,
    /// Counts that are filters; those of zero are left out by whoever fills this.
    pub hints: Vec<Hint>,
    /// Whether checkboxes, menus and "New system account" are there (`system_account:manage:*`).
    pub can_manage: bool,
    /// The page that says who needs a user account of their own; plain text without one.
    pub policy_link: Option<String>,
    /// For those who may only look, whom to ask: `Maya Lindqvist or Tomas Okafor`.
    pub ask: Option<String>,
    /// Whether only the accounts of the user's own teams are shown (`system_account:manage:team` alone).
    pub own_teams: bool,
    /// Filters and sorting.
    pub filters: Filters,
    /// All roles, the one of the filter ticked.
    pub filter_roles: Vec<Choice>,
    /// All teams, the one of the filter ticked.
    pub filter_teams: Vec<Choice>,
    /// The rows of this page.
    pub rows: Vec<AccountRow>,
    /// How many match, over all pages, in words: `37`, `more than 1,000`.
    pub total_text: String,
    /// How many match, over all pages, as a number for the script.
    pub total: u64,
    /// The selection of all that match, where that is what is selected, and not only the ticked rows; and how many those are.
    /// The script ends it when a row is unticked; for browsers without one the form also sends `shown`, the number of rows on
    /// the page: fewer `id`s than that mean that a row was unticked, so that only the ticked ones count.
    pub matching: Option<(String, String)>,
    /// The form's own identity: sent twice, it does its work once.
    pub form: String,
    /// The pickers of roles: those that can be given to what is selected, and taken from it.
    pub pickers: Vec<Picker>,
    /// Pages.
    pub pagination: Pagination,
    /// `9 Oct 2026`, since when use is tracked: the title of a bare "Never".
    pub tracked_since: String,
    /// No system account exists at all, disabled or not: the first run.
    pub is_first_run: bool,
}

impl AccountsPage {
    /// What the status line says after a filter took effect.
    pub fn summary(&self) -> String {
        match self.total {
            0 => format!("No {} matches", self.screen.noun()),
            1 => format!("1 {} matches", self.screen.noun()),
            _ => format!("{} {} match", self.total_text, self.screen.plural()),
        }
    }

    /// The bar above the list.
    pub fn bar(&self) -> Vec<Entry> {
        menu::of_several(self.screen.kind)
    }

    /// The menu of a row.
    pub fn menu(&self, row: &AccountRow) -> Vec<Entry> {
        menu::of_one(self.screen.kind, row.state)
    }

    /// A row's page that asks, which leads back to this list.
    pub fn asking(&self, row: &AccountRow, resource: &str) -> String {
        address(&format!("{}/{}/{resource}", self.screen.path, row.id), &[("next", self.shell.here.clone())])
    }

    /// Whether more match than this page shows.
    pub fn is_partial(&self) -> bool {
        self.total > self.rows.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_in_a_row_are_cut() {
        let row = AccountRow { teams: ["Platform", "SRE", "Web", "Mobile"].map(String::from).to_vec(), ..AccountRow::default() };
        assert_eq!(
            (row.teams_shown(), row.teams_left(), row.teams_left_names()),
            ("Platform".into(), 3, "SRE, Web, Mobile".into())
        );
        let row = AccountRow { teams: ["Platform", "SRE"].map(String::from).to_vec(), ..AccountRow::default() };
        assert_eq!((row.teams_shown(), row.teams_left()), ("Platform, SRE".into(), 0));
    }
}
