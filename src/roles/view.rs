//! What the pages of roles show.

use askama::Template;

use crate::accounts::kind::{SYSTEM_ACCOUNTS, Screen, USERS};
use crate::web::navigation::{Item, NavigationGroup};
use crate::web::view::Shell;
use crate::web::view::address::address;
use crate::web::view::words::counted;

pub mod changes;
pub mod editor;
pub mod matrix;

/// The address of the page.
pub const ROLES: &str = "/settings/roles";

pub const NAVIGATION: Item = Item {
    label: "Roles",
    href: ROLES,
    icon: "shield",
    group: NavigationGroup::Organisation,
    any_of: &["role:read:*", "system_account:read:*", "system_account:manage:team"],
    unless: None,
    count: Some("SELECT count(*) FROM roles"),
};

/// The roles, to read.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "roles/list.html")]
pub struct RolesPage {
    /// The frame.
    pub shell: Shell,
    /// The roles, in the order shown.
    pub roles: Vec<RoleCard>,
    /// Whether the actor may create, edit and delete roles.
    pub may_manage: bool,
}

impl RolesPage {
    fn new_page(&self) -> String {
        page_of("new", "")
    }
}

/// Who has a role: how many of each kind, and where they are listed, for those who may see that list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HolderLinks {
    pub system_accounts: (String, Option<String>),
    pub users: (String, Option<String>),
    /// The same as numbers.
    pub numbers: [i64; 2],
}

impl HolderLinks {
    pub fn new(role: &str, (system_accounts, users): (i64, i64), shell: &Shell) -> Self {
        let of = |screen: &Screen, number: i64| {
            let list = address(screen.path, &[("role", role.to_owned()), ("disabled", "1".into())]);
            let text = if number == 0 {
                format!("No {}s", screen.kind.noun())
            } else {
                counted(number.unsigned_abs(), screen.kind.noun())
            };
            (text, (number > 0 && shell.leads_to(screen.path)).then_some(list))
        };
        Self {
            system_accounts: of(&SYSTEM_ACCOUNTS, system_accounts),
            users: of(&USERS, users),
            numbers: [system_accounts, users],
        }
    }

    pub fn is_empty(&self) -> bool {
        self.some().next().is_none()
    }

    /// The counts of those kinds that have it at all.
    pub fn some(&self) -> impl Iterator<Item = &(String, Option<String>)> {
        self.counts().into_iter().zip(self.numbers).filter(|(_, number)| *number > 0).map(|(count, _)| count)
    }

    /// The counts, each with its link.
    pub fn counts(&self) -> [&(String, Option<String>); 2] {
        [&self.system_accounts, &self.users]
    }
}

/// The address of a role's page, or of what lies below it.
pub fn page_of(role: impl std::fmt::Display, below: &str) -> String {
    format!("{ROLES}/{role}{below}")
}

/// One role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleCard {
    /// UUID; the card's anchor is `role-{id}`.
    pub id: String,
    /// Name.
    pub name: String,
    /// What it is for, in a line.
    pub description: String,
    /// Whether it comes with Muster.
    pub predefined: bool,
    /// Whether it can be neither edited nor deleted.
    pub locked: bool,
    /// Whether it can be given by hand, and so be the pattern of another.
    pub copies: bool,
    /// Whom it is given to at creation: `Default`, or empty.
    pub default_of: String,
    /// Its permissions, sorted.
    pub permissions: Vec<PermissionText>,
    /// Whether it comes with Muster and grants something else than it came with.
    pub changed: bool,
    /// Who has it.
    pub held: HolderLinks,
}

/// A permission in two languages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PermissionText {
    /// As machines say it: `system_account:manage:*`.
    pub scope: String,
    /// As people say it, for the title; may be empty.
    pub label: String,
}

impl RoleCard {
    const SHOWN: usize = 4;

    /// The first permissions.
    pub fn shown(&self) -> &[PermissionText] {
        &self.permissions[..self.permissions.len().min(Self::SHOWN)]
    }

    /// The others, behind "9 more".
    pub fn left(&self) -> &[PermissionText] {
        self.permissions.get(Self::SHOWN..).unwrap_or_default()
    }

    /// The address of its page, or of what lies below it.
    pub fn page(&self, below: &str) -> String {
        page_of(&self.id, below)
    }
}
