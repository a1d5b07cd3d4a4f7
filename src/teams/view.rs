//! The pages of teams, as plain data for their templates.

use askama::Template;

use crate::web::navigation::{Item, NavigationGroup};
use crate::web::view::pagination::Pagination;
use crate::web::view::{Choice, Contact, Field, Shell};

pub mod team;

/// The address of the list; everything else about teams lies below it.
pub const TEAMS: &str = "/settings/teams";

pub const NAVIGATION: Item = Item {
    label: "Teams",
    href: TEAMS,
    icon: "team",
    group: NavigationGroup::Organisation,
    any_of: &["team:read:*", "team:read:{}"],
    unless: None,
    count: Some("SELECT count(*) FROM teams"),
};

/// The list.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "teams/list.html")]
pub struct TeamsPage {
    pub shell: Shell,
    pub search: String,
    pub administrators: Vec<Choice>,
    pub rows: Vec<TeamLine>,
    /// How many there are, in words.
    pub total: String,
    /// How many have no administrator, in words; `None` where each has one.
    pub unadministered: Option<String>,
    pub pagination: Pagination,
    pub may_create: bool,
}

impl TeamsPage {
    pub fn is_filtered(&self) -> bool {
        !self.search.is_empty() || self.administrators.iter().any(|choice| choice.checked && !choice.id.is_empty())
    }
}

/// A row of the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TeamLine {
    pub name: String,
    pub href: String,
    pub users: CountLink,
    pub system_accounts: CountLink,
    /// The first administrator, and how many there are beside them.
    pub administrator: Option<Contact>,
    pub others: usize,
    /// All their names.
    pub administrators: String,
}

/// A number that leads to the list of what it counts, where the reader may see that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CountLink {
    pub text: String,
    pub href: Option<String>,
}

/// The form of a new team.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "teams/new.html")]
pub struct NewTeamPage {
    pub shell: Shell,
    pub name: Field,
}
