//! The types of accounts. No SQL, no HTTP.

use chrono::NaiveDateTime;

use crate::id::Id;
use crate::text::{email, fold, tidy};

mod list;

pub use list::{
    AccountFilter, AccountRow, ActivityFilter, COUNT_LIMIT, MOMENT, NUMBERED_LIMIT, Order, OwnedBy, SOON_DAYS, Selection, Sort,
    TokenState, Total, UNUSED_DAYS, Window,
};

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
    /// The user who answers for it; system accounts only.
    pub owner: Option<Id>,
    pub disabled: bool,
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
    /// When its own row was last changed.
    pub updated_at: NaiveDateTime,
    /// When it last authenticated to Muster itself.
    pub last_login_at: Option<NaiveDateTime>,
    /// When any of its tokens was last accepted anywhere.
    pub last_used_at: Option<NaiveDateTime>,
}

/// What an action on several did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ChangeCount {
    /// Accounts that were changed.
    pub changed: i64,
    /// Accounts that already were so.
    pub unchanged: i64,
}
