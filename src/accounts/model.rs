//! The types of accounts. No SQL, no HTTP.

use chrono::NaiveDateTime;

use super::search::Search;
use crate::id::Id;
use crate::text::{email, fold, tidy};

/// The two kinds of account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A person.
    User,
    /// A machine.
    System,
}

/// What an actor may want to do with accounts of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// View them.
    Read,
    /// View, disable and enable them and handle their tokens, in one's own teams only.
    ManageTeam,
    /// Everything.
    Manage,
}

impl Kind {
    /// Its word in the database and the audit log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::System => "system",
        }
    }

    /// Reads [`Kind::as_str`] back.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "user" => Some(Self::User),
            "system" => Some(Self::System),
            _ => None,
        }
    }

    /// What one of them is called in a sentence.
    pub fn noun(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::System => "system account",
        }
    }

    /// What several are called.
    pub fn plural(self) -> &'static str {
        match self {
            Self::User => "users",
            Self::System => "system accounts",
        }
    }

    /// "1 system account", "12 system accounts".
    pub fn counted(self, n: i64) -> String {
        let noun = if n == 1 { self.noun() } else { self.plural() };
        format!("{} {noun}", crate::text::grouped(n))
    }

    /// The permission for a right over accounts of this kind.
    pub fn permission(self, right: Right) -> &'static str {
        match (self, right) {
            (Self::User, Right::Read) => "user:read:*",
            (Self::User, Right::ManageTeam) => "user:manage:team",
            (Self::User, Right::Manage) => "user:manage:*",
            (Self::System, Right::Read) => "system_account:read:*",
            (Self::System, Right::ManageTeam) => "system_account:manage:team",
            (Self::System, Right::Manage) => "system_account:manage:*",
        }
    }
}

/// The longest name, in characters.
pub const NAME_LIMIT: usize = 80;
/// The longest description, in characters.
pub const DESCRIPTION_LIMIT: usize = 200;

/// A checked name: 1 to 80 characters, trimmed, without control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountName(String);

impl AccountName {
    /// Checks a name from outside.
    ///
    /// # Errors
    /// A sentence for the person who typed it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let name = tidy(text, NAME_LIMIT)?;
        if name.is_empty() { Err("Enter a name.".into()) } else { Ok(Self(name)) }
    }

    /// As it is shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As it is compared and sorted: names that differ only in case are the same.
    pub fn key(&self) -> String {
        fold(&self.0)
    }
}

/// A checked e-mail address: one `@`, something on both sides, no spaces. Whether it exists only a message to it can tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// Checks an address from outside.
    ///
    /// # Errors
    /// A sentence for the person who typed it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let email = tidy(text, 254)?;
        let well_formed = email.split_once('@').is_some_and(|(name, host)| {
            !name.is_empty() && !host.is_empty() && !host.contains('@') && !email.contains(char::is_whitespace)
        });
        if well_formed {
            Ok(Self(email::readable(&email)))
        } else {
            Err("Enter a valid e-mail address, such as name@example.com.".into())
        }
    }

    /// As it is shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As it is compared.
    pub fn key(&self) -> String {
        email::key(&self.0)
    }
}

/// Checks a description: up to 200 characters on one line, or nothing.
///
/// # Errors
/// A sentence for the person who typed it.
pub fn description(text: &str) -> Result<String, String> {
    tidy(text, DESCRIPTION_LIMIT)
}

/// An account about to be made.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// Which kind.
    pub kind: Kind,
    /// Name.
    pub name: AccountName,
    /// What it is for; may be empty.
    pub description: String,
    /// Address: users must have one.
    pub email: Option<Email>,
    /// argon2id hash in PHC form; users only, and only once they have chosen a password.
    pub password_hash: Option<String>,
}

/// An account in full.
#[derive(Debug, Clone)]
pub struct Account {
    /// Identity.
    pub id: Id,
    /// Which kind.
    pub kind: Kind,
    /// Name.
    pub name: String,
    /// What it is for; may be empty.
    pub description: String,
    /// Address.
    pub email: Option<String>,
    /// Whether it is disabled.
    pub disabled: bool,
    /// When it was created.
    pub created_at: NaiveDateTime,
    /// The name of who created it.
    pub created_by_name: String,
    /// When it last authenticated to Muster itself.
    pub last_login_at: Option<NaiveDateTime>,
    /// When any of its tokens was last accepted anywhere.
    pub last_used_at: Option<NaiveDateTime>,
}

/// A row made for the list screen.
#[derive(Debug, Clone)]
pub struct AccountRow {
    /// Identity.
    pub id: Id,
    /// Name.
    pub name: String,
    /// What it is for; may be empty.
    pub description: String,
    /// Whether it is disabled.
    pub disabled: bool,
    /// When it last authenticated to Muster itself.
    pub last_login_at: Option<NaiveDateTime>,
    /// When any of its tokens was last accepted anywhere.
    pub last_used_at: Option<NaiveDateTime>,
    /// Where the row stands in the list's order: a page may begin after it.
    pub position: Vec<String>,
}

/// The activity filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activity {
    /// Used in the last 30 days.
    Recent,
    /// Used once, but not in the last 90 days.
    Unused,
    /// Never used.
    Never,
}

impl Activity {
    /// Reads [`Activity::as_str`] back.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Recent, Self::Unused, Self::Never].into_iter().find(|activity| activity.as_str() == word)
    }

    /// The word for a URL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Recent => "30",
            Self::Unused => "unused-90",
            Self::Never => "never",
        }
    }
}

/// Days without use after which an account is "unused".
pub const UNUSED_DAYS: i64 = 90;
/// Days before the end in which a token "expires soon".
pub const SOON_DAYS: i64 = 14;

/// Which accounts are meant: the list's filters. An empty one means all enabled accounts of the kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// Which kind.
    pub kind: Kind,
    /// What to look for; empty for nothing.
    pub search: Search,
    /// Only accounts with this role.
    pub role: Option<Id>,
    /// Only members of this team.
    pub team: Option<Id>,
    /// Only accounts used so.
    pub activity: Option<Activity>,
    /// Only accounts with a token that expires within [`SOON_DAYS`].
    pub expiring: bool,
    /// Disabled accounts too.
    pub disabled: bool,
    /// Only accounts in a team of this one: for an actor who may see no others.
    pub colleagues_of: Option<Id>,
}

impl Filter {
    /// All enabled accounts of a kind.
    pub fn all(kind: Kind) -> Self {
        Self {
            kind,
            search: Search::default(),
            role: None,
            team: None,
            activity: None,
            expiring: false,
            disabled: false,
            colleagues_of: None,
        }
    }

    /// Whether the totals that are kept anyway answer how many match.
    pub fn is_plain(&self) -> bool {
        let Self { kind: _, search, role, team, activity, expiring, disabled: _, colleagues_of } = self;
        search.is_empty() && role.is_none() && team.is_none() && activity.is_none() && !expiring && colleagues_of.is_none()
    }
}

/// What an action is asked to act on.
#[derive(Debug, Clone)]
pub enum Selection {
    /// These accounts.
    Accounts(Vec<Id>),
    /// Whatever matches, when the action runs.
    Matching(Filter),
}

/// What the list is sorted by. Ties are broken by name, then identity, in the same direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Name.
    Name,
    /// Last login; never comes first.
    Login,
    /// Token activity; never comes first.
    Used,
    /// The next expiry among the tokens, or else the last that has passed; none comes last.
    Expiry,
    /// Enabled before disabled.
    Status,
}

/// A list's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    /// The column.
    pub by: Order,
    /// Whether the last comes first.
    pub descending: bool,
}

impl Default for Sort {
    fn default() -> Self {
        Self { by: Order::Name, descending: false }
    }
}

impl Sort {
    /// Reads `name`, `-used` and so on; anything else sorts by name.
    pub fn parse(text: &str) -> Self {
        let (descending, word) = text.strip_prefix('-').map_or((false, text), |word| (true, word));
        let by = match word {
            "login" => Order::Login,
            "used" => Order::Used,
            "expiry" => Order::Expiry,
            "status" => Order::Status,
            "name" => Order::Name,
            _ => return Self::default(),
        };
        Self { by, descending }
    }

    /// The word for a URL.
    pub fn as_str(self) -> &'static str {
        match (self.by, self.descending) {
            (Order::Name, false) => "name",
            (Order::Name, true) => "-name",
            (Order::Login, false) => "login",
            (Order::Login, true) => "-login",
            (Order::Used, false) => "used",
            (Order::Used, true) => "-used",
            (Order::Expiry, false) => "expiry",
            (Order::Expiry, true) => "-expiry",
            (Order::Status, false) => "status",
            (Order::Status, true) => "-status",
        }
    }
}

/// Which part of the list a page shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Window {
    /// Rows after the first `n`.
    Skip(i64),
    /// Rows after a position.
    After(Vec<String>),
    /// Rows before a position.
    Before(Vec<String>),
    /// The last rows.
    End,
}

/// How many rows match. Counting stops somewhere, so that the cost of a page does not grow with the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Total {
    /// The number, or the limit where there are more.
    pub count: i64,
    /// Whether there are more.
    pub more: bool,
}

/// Pages are numbered up to this row: a page with a number costs the reading of all that come before it.
pub const NUMBERED_LIMIT: i64 = 10_000;

/// Counting what matches the list's filters stops here.
pub const COUNT_LIMIT: i64 = 1_000;

/// What an action on several did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Accounts that were changed.
    pub changed: i64,
    /// Accounts that already were so.
    pub unchanged: i64,
}
