//! The list of a kind of account.

use super::PlanUsage;
use super::menu::{self, MenuEntry, MenuRights, Picker};
use crate::accounts::actions::AccountState;
use crate::accounts::filter::Filters;
use crate::accounts::kind::{Column, LOGIN, OWNER, STATUS, Screen, USED};
use crate::accounts::queries::owners::Owner;
use crate::web::view::pagination::Pagination;
use crate::web::view::{Choice, Contact, Moment, Shell, Tile};
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

/// A team in a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TeamBadge {
    pub id: String,
    pub name: String,
}

/// Who answers for an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnerMark {
    pub id: String,
    pub name: String,
    pub tile: Tile,
    /// Disabled or deleted.
    pub has_left: bool,
    pub is_deleted: bool,
}

impl From<&Owner> for OwnerMark {
    fn from(owner: &Owner) -> Self {
        let tile = Tile::person(owner.id.as_str(), &owner.name);
        Self { id: owner.id.to_string(), name: owner.name.clone(), tile, has_left: owner.has_left, is_deleted: owner.is_deleted }
    }
}

/// One system account in the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShownAccount {
    /// UUID.
    pub id: String,
    /// Name.
    pub name: String,
    /// Description; may be empty.
    pub description: String,
    /// Tile.
    pub tile: Tile,
    /// Its teams, by name.
    pub teams: Vec<TeamBadge>,
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
    /// Who answers for it.
    pub owner: Option<OwnerMark>,
    /// What decides which actions make sense.
    pub state: AccountState,
    /// How long the link of a pending invitation works.
    pub invited: Option<Moment>,
    /// Whether its box is ticked.
    pub checked: bool,
    /// Whether the reader may do anything to it.
    pub in_reach: bool,
}

impl ShownAccount {
    /// Its page; `kept` is what the address keeps of the list, see [`Filters::kept`].
    pub fn link(&self, screen: &Screen, kept: &str) -> String {
        format!("{}/{}{kept}", screen.path, self.id)
    }

    /// What its menu goes by.
    pub fn code(&self) -> u8 {
        menu::code(self.state)
    }

    pub fn teams_cut(&self) -> Cut<'_, TeamBadge> {
        Cut::of(&self.teams, |team| &team.name)
    }

    pub fn roles_cut(&self) -> Cut<'_, RoleBadge> {
        Cut::of(&self.roles, |role| &role.name)
    }
}

/// The most that a row spells out of a list, however wide the page is.
const SPELLED: usize = 6;

/// What a row spells out of a list: both of two, else the first; on a wide page up to [`SPELLED`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut<'a, T> {
    /// What every page spells out.
    pub first: &'a [T],
    /// What a wide one spells out beside it.
    pub extra: &'a [T],
    /// How many a narrow page leaves out, and their names.
    pub fewer: usize,
    pub after_first: String,
    /// How many a wide one leaves out, and their names.
    pub left: usize,
    pub after_extra: String,
}

impl<'a, T> Cut<'a, T> {
    fn of(all: &'a [T], name: impl Fn(&T) -> &str) -> Self {
        let first = if all.len() <= 2 { all.len() } else { 1 };
        let spelled = all.len().min(SPELLED);
        let names = |from: usize| all.iter().skip(from).map(&name).collect::<Vec<_>>().join(", ");
        Self {
            first: &all[..first],
            extra: &all[first..spelled],
            fewer: all.len() - first,
            after_first: names(first),
            left: all.len() - spelled,
            after_extra: names(spelled),
        }
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
    pub plan: PlanUsage,
    /// Counts that are filters; those of zero are left out by whoever fills this.
    pub hints: Vec<Hint>,
    /// Whether checkboxes, menus and "New system account" are there (`system_account:manage:*`).
    pub can_manage: bool,
    /// What the menus offer.
    pub rights: MenuRights,
    /// Whether rows have a menu, though perhaps not all of them: for who may manage those of their own teams.
    pub has_menus: bool,
    /// Whether "Invite users" is there.
    pub can_invite: bool,
    /// The page that says who needs a user account of their own; plain text without one.
    pub policy_link: Option<String>,
    /// For those who may only look, whom to ask: `Maya Lindqvist or Tomas Okafor`.
    pub ask: Option<Contact>,
    /// Whether only the accounts of the user's own teams are shown (`system_account:manage:team` alone).
    pub own_teams: bool,
    /// Filters and sorting.
    pub filters: Filters,
    /// All roles, the one of the filter ticked.
    pub filter_roles: Vec<Choice>,
    /// All teams, the one of the filter ticked.
    pub filter_teams: Vec<Choice>,
    /// How many teams there are besides.
    pub more_teams: i64,
    /// Owners to choose from.
    pub filter_owners: Vec<Choice>,
    /// The rows of this page.
    pub rows: Vec<ShownAccount>,
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

    /// How many rows have a box.
    pub fn tickable(&self) -> usize {
        self.rows.iter().filter(|row| row.in_reach).count()
    }

    /// The bar above the list.
    pub fn bar(&self) -> Vec<MenuEntry> {
        menu::of_several(self.screen.kind, self.rights)
    }

    /// Whether some of it stands behind "…", however much room there is.
    pub fn has_rare(&self) -> bool {
        self.bar().iter().any(|entry| entry.is_rare)
    }

    /// The menu that the script opens for each row.
    pub fn row_menu(&self) -> Vec<(MenuEntry, String)> {
        menu::of_any(self.screen.kind, self.rights)
    }

    /// The states that fit a new link: of an invitation, or for a password.
    pub fn fits_link(&self, invited: bool) -> String {
        menu::of_links(invited)
    }

    /// The columns to show: the status where it can differ, otherwise the owner.
    pub fn columns(&self) -> impl Iterator<Item = &'static Column> {
        let left_out = if self.filters.shows_status() { OWNER } else { STATUS };
        self.screen.columns.iter().filter(move |column| **column != left_out)
    }

    /// Whether a column tells of what is recorded only since some day.
    pub fn is_counted_from(&self, column: &Column) -> bool {
        matches!(*column, LOGIN | USED)
    }

    /// What the list is narrowed to and sorted by, in words, for the button that opens the filters on a phone.
    pub fn set_filters(&self) -> String {
        let displays = self.filters.disabled.then(|| "Disabled displayed".to_owned());
        [
            chosen(&self.filter_roles),
            chosen(&self.filter_teams),
            self.filters.no_team.then(|| "No team".to_owned()),
            chosen(&self.filters.activities()),
            chosen(&self.filters.token_states()),
            chosen(&self.filter_owners),
            chosen(&self.filters.sorts_to_choose()),
            displays,
        ]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(", ")
    }

    /// The filters that the bar does not show, in words, and where each leads when it is taken away.
    pub fn chips(&self) -> Vec<(String, String)> {
        let soon = self.filters.expiring.then(|| format!("Tokens expiring within {} days", self.filters.soon_days()));
        [("expiring", soon), ("tokens", chosen(&self.filters.token_states())), ("owner", chosen(&self.filter_owners))]
            .into_iter()
            .filter_map(|(name, said)| Some((said?, self.filters.with(name, ""))))
            .collect()
    }

    /// Whether more match than this page shows.
    pub fn is_partial(&self) -> bool {
        self.total > self.rows.len() as u64
    }
}

/// What is chosen, where it is anything.
fn chosen(choices: &[Choice]) -> Option<String> {
    choices.iter().find(|choice| choice.checked && !choice.id.is_empty()).map(|choice| choice.name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_in_a_row_are_cut() {
        let cut = |n: usize| {
            let all: Vec<String> = (1..=n).map(|at| at.to_string()).collect();
            let cut = Cut::of(&all, |name| name);
            (cut.first.len(), cut.extra.len(), cut.fewer, cut.after_first, cut.left, cut.after_extra)
        };
        assert_eq!(cut(0), (0, 0, 0, String::new(), 0, String::new()));
        assert_eq!(cut(2), (2, 0, 0, String::new(), 0, String::new()));
        assert_eq!(cut(3), (1, 2, 2, "2, 3".into(), 0, String::new()));
        assert_eq!(cut(8), (1, 5, 7, "2, 3, 4, 5, 6, 7, 8".into(), 2, "7, 8".into()));
    }
}
