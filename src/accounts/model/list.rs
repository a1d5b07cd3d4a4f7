//! What the list of accounts is asked for, and its rows.

use chrono::NaiveDateTime;
use diesel::QueryableByName;

use super::Kind;
use crate::accounts::search::Search;
use crate::clock;
use crate::id::Id;
use crate::schema::accounts;

/// How a moment stands in a position.
pub const MOMENT: &str = "%Y-%m-%dT%H:%M:%S%.6f";

/// A row of the list.
#[derive(Debug, Clone, QueryableByName)]
#[diesel(table_name = accounts)]
pub struct AccountRow {
    pub id: Id,
    pub name: String,
    name_key: String,
    pub description: String,
    pub disabled: bool,
    last_login_at: NaiveDateTime,
    last_used_at: NaiveDateTime,
    first_expiry_at: NaiveDateTime,
}

impl AccountRow {
    /// When it last authenticated to Muster itself, as far as that is stored.
    pub fn last_login_at(&self) -> Option<NaiveDateTime> {
        clock::known(self.last_login_at)
    }

    /// When any of its tokens was last accepted anywhere, as far as that is stored.
    pub fn last_used_at(&self) -> Option<NaiveDateTime> {
        clock::known(self.last_used_at)
    }

    /// Where the row stands in an order of the list: a page may begin after it.
    pub fn position(&self, sort: Sort) -> Vec<String> {
        let moment = |at: NaiveDateTime| Some(at.format(MOMENT).to_string());
        let first = match sort.by {
            Order::Name => None,
            Order::Login => moment(self.last_login_at),
            Order::Used => moment(self.last_used_at),
            Order::Expiry => moment(self.first_expiry_at),
            Order::Status => Some(u8::from(self.disabled).to_string()),
        };
        first.into_iter().chain([self.name_key.clone(), self.id.to_string()]).collect()
    }
}

/// The activity filter: of a machine's tokens, of a person's signing in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActivityFilter {
    /// Used in the last 30 days.
    Recent,
    /// Used once, but not in the last so many days.
    Unused(i64),
    /// Never used.
    Never,
}

impl ActivityFilter {
    /// Reads the word of a URL.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "30" => Some(Self::Recent),
            "never" => Some(Self::Never),
            _ => {
                let days = word.strip_prefix("unused-")?.parse().ok()?;
                (1..=MOST_UNUSED_DAYS).contains(&days).then_some(Self::Unused(days))
            }
        }
    }

    /// The word for a URL.
    pub fn word(self) -> String {
        match self {
            Self::Recent => "30".into(),
            Self::Unused(days) => format!("unused-{days}"),
            Self::Never => "never".into(),
        }
    }
}

/// The filter of tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenState {
    /// It has none.
    None,
    /// It has some, and all have expired.
    Expired,
}

impl TokenState {
    /// Reads the word of a URL.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::None, Self::Expired].into_iter().find(|state| state.as_str() == word)
    }

    /// The word for a URL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Expired => "expired",
        }
    }
}

/// The filter of owners.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OwnedBy {
    Nobody,
    /// Somebody who is disabled or deleted.
    Left,
    User(Id),
}

impl OwnedBy {
    /// Reads the word of a URL.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "none" => Some(Self::Nobody),
            "left" => Some(Self::Left),
            id => Id::parse(id).map(Self::User),
        }
    }

    /// The word for a URL.
    pub fn word(&self) -> String {
        match self {
            Self::Nobody => "none".into(),
            Self::Left => "left".into(),
            Self::User(id) => id.to_string(),
        }
    }
}

/// The longest that one can ask for, ten years.
const MOST_UNUSED_DAYS: i64 = 3_650;
/// Days without use after which an account is "unused".
pub const UNUSED_DAYS: i64 = 90;
/// Days before the end in which a token "expires soon".
pub const SOON_DAYS: i64 = 14;

/// Which accounts are meant: the list's filters. An empty one means all enabled accounts of the kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountFilter {
    /// Which kind.
    pub kind: Kind,
    /// What to look for; empty for nothing.
    pub search: Search,
    /// Only accounts with this role.
    pub role: Option<Id>,
    /// Only members of this team.
    pub team: Option<Id>,
    /// Only accounts used so.
    pub activity: Option<ActivityFilter>,
    /// Only users who are invited and have not signed in yet.
    pub invited: bool,
    /// Only accounts with a token that expires within [`SOON_DAYS`].
    pub expiring: bool,
    /// Only accounts in no team.
    pub no_team: bool,
    /// Only accounts whose tokens are so.
    pub tokens: Option<TokenState>,
    /// Only accounts owned so.
    pub owner: Option<OwnedBy>,
    /// Disabled accounts too.
    pub disabled: bool,
    /// Disabled accounts, and no others.
    pub only_disabled: bool,
    /// Only accounts in a team of this one: for an actor who may see no others.
    pub colleagues_of: Option<Id>,
}

impl AccountFilter {
    /// All enabled accounts of a kind.
    pub fn all(kind: Kind) -> Self {
        Self {
            kind,
            search: Search::default(),
            role: None,
            team: None,
            activity: None,
            invited: false,
            expiring: false,
            no_team: false,
            tokens: None,
            owner: None,
            disabled: false,
            only_disabled: false,
            colleagues_of: None,
        }
    }
}

/// What an action is asked to act on.
#[expect(clippy::large_enum_variant, reason = "there is one of them at a time")]
#[derive(Debug, Clone)]
pub enum Selection {
    /// These accounts.
    Accounts(Vec<Id>),
    /// Whatever matches, when the action runs.
    Matching(AccountFilter),
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
