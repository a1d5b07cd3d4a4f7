//! What differs between the kinds of account: where their pages are, what they are called, what is shown of them. Nothing else
//! spells a path, a noun or a right of one kind.

use super::model::{Kind, Right};

/// A column of the list besides the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// The word by which the list is sorted; empty for none.
    pub sort: &'static str,
    pub title: &'static str,
    /// Its width's class.
    pub class: &'static str,
}

pub const NAME: Column = Column { sort: "name", title: "Name", class: "" };
pub const TEAMS: Column = Column { sort: "", title: "Teams", class: "w-teams" };
pub const ROLES: Column = Column { sort: "", title: "Roles", class: "w-roles" };
pub const LOGIN: Column = Column { sort: "login", title: "Last login", class: "w-time" };
pub const USED: Column = Column { sort: "used", title: "Token activity", class: "w-activity" };
pub const TOKENS: Column = Column { sort: "expiry", title: "Tokens", class: "w-tokens" };
pub const OWNER: Column = Column { sort: "", title: "Owner", class: "w-owner" };
pub const STATUS: Column = Column { sort: "status", title: "Status", class: "w-status" };

/// The pages of one kind of account.
#[derive(Debug, PartialEq, Eq)]
pub struct Screen {
    pub kind: Kind,
    /// The list's address; everything else of the kind lies below it.
    pub path: &'static str,
    /// The list's heading, as in the side bar.
    pub title: &'static str,
    /// The same in running text.
    pub label: &'static str,
    /// What the search looks through.
    pub searched: &'static str,
    pub columns: &'static [Column],
    /// Whether the plan limits how many there may be.
    pub has_plan: bool,
    /// Whether one of them can be created on a page of its own.
    pub has_form: bool,
    /// What holds a role of them: "one of its tokens".
    pub credential: &'static str,
    pub credentials: &'static str,
}

pub static SYSTEM_ACCOUNTS: Screen = Screen {
    kind: Kind::System,
    path: "/settings/system-accounts",
    title: "System Accounts",
    label: "System accounts",
    searched: "Name or description",
    columns: &[NAME, TEAMS, ROLES, LOGIN, USED, TOKENS, STATUS, OWNER],
    has_plan: true,
    has_form: true,
    credential: "one of its tokens",
    credentials: "one of their tokens",
};

pub static USERS: Screen = Screen {
    kind: Kind::User,
    path: "/settings/users",
    title: "Users",
    label: "Users",
    searched: "Name or e-mail",
    columns: &[NAME, TEAMS, ROLES, LOGIN, USED, STATUS],
    has_plan: false,
    has_form: false,
    credential: "their password",
    credentials: "one of their passwords",
};

static SCREENS: [&Screen; 2] = [&SYSTEM_ACCOUNTS, &USERS];

impl Kind {
    pub fn screen(self) -> &'static Screen {
        match self {
            Self::System => &SYSTEM_ACCOUNTS,
            Self::User => &USERS,
        }
    }
}

impl Default for &'static Screen {
    fn default() -> Self {
        &SYSTEM_ACCOUNTS
    }
}

impl Screen {
    /// The screen that an address lies on.
    pub fn at(path: &str) -> Option<&'static Self> {
        let lies_on = |screen: &&&'static Self| path.strip_prefix(screen.path).is_some_and(is_below);
        SCREENS.iter().find(lies_on).copied()
    }

    /// Whether an address is the list, with filters or without.
    pub fn is_list(&self, address: &str) -> bool {
        address.strip_prefix(self.path).is_some_and(|rest| rest.is_empty() || rest.starts_with('?'))
    }

    pub fn noun(&self) -> &'static str {
        self.kind.noun()
    }

    pub fn plural(&self) -> &'static str {
        self.kind.plural()
    }

    /// Whether a column is shown, by its title.
    pub fn shows(&self, title: &str) -> bool {
        self.columns.iter().any(|column| column.title == title)
    }

    /// Whether they have API tokens that others handle.
    pub fn has_tokens(&self) -> bool {
        self.kind == Kind::System
    }

    /// Whether a user answers for each.
    pub fn has_owners(&self) -> bool {
        self.kind == Kind::System
    }

    /// The permission for a right over all of them.
    pub fn permission(&self, right: Right) -> &'static str {
        self.kind.permission(right)
    }
}

fn is_below(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with(['/', '?'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_its_screen() {
        assert_eq!(Screen::at("/settings/users"), Some(&USERS));
        assert_eq!(Screen::at("/settings/system-accounts/x/roles"), Some(&SYSTEM_ACCOUNTS));
        assert_eq!(Screen::at("/settings/users-of-old"), None);
        assert!(USERS.is_list("/settings/users?q=a") && !USERS.is_list("/settings/users/x"));
    }
}
