//! Who makes a request, and what they can do.

use std::net::{IpAddr, Ipv4Addr};

use crate::error::Error;
use crate::id::Id;
use crate::roles::permission::{Permission, PermissionSet};
use crate::roles::predefined;

/// The kind of actor, for the audit log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActorKind {
    User,
    System,
    /// The command line, on the machine that Muster runs on.
    Shell,
    Muster,
}

impl ActorKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::System => "system",
            Self::Shell => "shell",
            Self::Muster => "muster",
        }
    }
}

/// How the actor authenticated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Means {
    Session(Id),
    /// The token's public ID.
    Token(String),
    /// No authentication: the command line, or Muster itself.
    Trusted,
}

/// Where a request came from, for the audit log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    pub address: Option<String>,
    /// Cut to a sensible length.
    pub user_agent: Option<String>,
    /// The same ID as in the log.
    pub request_id: Option<String>,
}

impl Origin {
    /// Requests without an address count as one client.
    pub fn ip(&self) -> IpAddr {
        self.address.as_deref().and_then(|text| text.parse().ok()).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
    }
}

/// The actor of a request, with their permissions. Operations check it first.
#[derive(Debug, Clone)]
pub struct Principal {
    /// `None` for the command line and Muster itself.
    pub account: Option<Id>,
    /// For the audit log and the side bar.
    pub name: String,
    pub kind: ActorKind,
    /// For the side bar.
    pub roles: Vec<String>,
    /// Everything that their roles grant.
    pub permissions: PermissionSet,
    pub means: Means,
    pub origin: Origin,
}

fn administers(held: &PermissionSet) -> bool {
    held.covers_all(&predefined::administrator_permissions())
}

/// The first of `wanted` that whoever holds `held` does not have. Administrators lack nothing, also of the permissions that
/// only a gateway knows: they could give them to themselves at any time.
pub fn lacks<'a>(held: &PermissionSet, wanted: impl IntoIterator<Item = &'a Permission>) -> Option<&'a Permission> {
    if administers(held) {
        return None;
    }
    wanted.into_iter().find(|permission| !held.allows(permission))
}

impl Principal {
    /// The command line: whoever can read Muster's database can do everything in it.
    pub fn shell() -> Self {
        Self::trusted(ActorKind::Shell, "Command line")
    }

    /// Muster itself, for what it does on its own.
    pub fn muster() -> Self {
        Self::trusted(ActorKind::Muster, "Muster")
    }

    fn trusted(kind: ActorKind, name: &str) -> Self {
        Self {
            account: None,
            name: name.into(),
            kind,
            roles: Vec::new(),
            permissions: predefined::administrator_permissions(),
            means: Means::Trusted,
            origin: Origin::default(),
        }
    }

    pub fn may(&self, permission: &str) -> bool {
        self.permissions.allows_str(permission)
    }

    /// Fails unless the actor has `permission`. `sentence` tells people what was refused.
    pub fn require(&self, permission: &str, sentence: &str) -> Result<(), Error> {
        if self.may(permission) { Ok(()) } else { Err(Error::forbidden(permission, sentence)) }
    }

    /// Whether the actor has all permissions of the predefined role Administrator. A custom role that grants as much
    /// counts, too.
    pub fn is_administrator(&self) -> bool {
        administers(&self.permissions)
    }

    /// Whether the actor has all of `granted`.
    pub fn may_grant(&self, granted: &PermissionSet) -> bool {
        self.lacks(granted).is_none()
    }

    /// [`lacks`], of the actor.
    pub fn lacks<'a>(&self, wanted: impl IntoIterator<Item = &'a Permission>) -> Option<&'a Permission> {
        lacks(&self.permissions, wanted)
    }

    pub fn session(&self) -> Option<&Id> {
        match &self.means {
            Means::Session(session) => Some(session),
            Means::Token(_) | Means::Trusted => None,
        }
    }

    /// Whether this is the actor's own account.
    pub fn is(&self, account: &Id) -> bool {
        self.account.as_ref() == Some(account)
    }
}
