//! The page that lists what each role may do.

use crate::web::navigation::{Group, Item};
use crate::web::view::Shell;
use crate::web::view::words::counted;
use askama::Template;

/// The address of the page.
pub const ROLES: &str = "/settings/roles";

pub const NAVIGATION: Item = Item {
    label: "Roles",
    href: ROLES,
    icon: "shield",
    group: Group::Organisation,
    any_of: &["role:read:*", "system_account:read:*", "system_account:manage:team"],
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
    /// Whom it is given to at creation: `Default`, or empty.
    pub default_of: String,
    /// Its permissions, sorted.
    pub permissions: Vec<PermissionText>,
    /// System accounts that hold it.
    pub system_accounts: u64,
    /// Users that hold it.
    pub users: u64,
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

    /// `27 system accounts`.
    pub fn system_accounts_text(&self) -> String {
        counted(self.system_accounts, "system account")
    }

    /// `5 users`.
    pub fn users_text(&self) -> String {
        counted(self.users, "user")
    }
}
