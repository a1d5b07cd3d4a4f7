//! Who asks, and what they may do.

use std::net::{IpAddr, Ipv4Addr};

use crate::error::Error;
use crate::id::Id;
use crate::roles::permission::PermissionSet;
use crate::roles::predefined;

/// What kind of actor a change is written down for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActorKind {
    /// A person.
    User,
    /// A machine.
    System,
    /// Somebody at the command line of the machine that Muster runs on.
    Shell,
    /// Muster itself.
    Muster,
}

impl ActorKind {
    /// Its word in the audit log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::System => "system",
            Self::Shell => "shell",
            Self::Muster => "muster",
        }
    }
}

/// By what the actor proved who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Means {
    /// A browser session.
    Session(Id),
    /// An API token, by its public id.
    Token(String),
    /// Nothing had to be proved: the command line, or Muster itself.
    Trusted,
}

/// Where a request came from, for the audit log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The client's address, behind the trusted proxies.
    pub address: Option<String>,
    /// The client's User-Agent, cut to a sensible length.
    pub user_agent: Option<String>,
    /// The request's id, as in the log line.
    pub request_id: Option<String>,
}

impl Origin {
    /// The address as a number; where none is known, all requests without one count as one client.
    pub fn ip(&self) -> IpAddr {
        self.address.as_deref().and_then(|text| text.parse().ok()).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
    }
}

/// The actor of a request, with all that they are permitted. Operations ask it before they do anything.
#[derive(Debug, Clone)]
pub struct Principal {
    /// The account, absent for the command line and Muster itself.
    pub account: Option<Id>,
    /// The name for the audit log and the side bar.
    pub name: String,
    /// User, machine, shell or Muster.
    pub kind: ActorKind,
    /// The names of the roles, for the side bar.
    pub roles: Vec<String>,
    /// Everything that the roles grant together.
    pub permissions: PermissionSet,
    /// Session or token.
    pub means: Means,
    /// Address, user agent and request id.
    pub origin: Origin,
}

impl Principal {
    /// Somebody with a shell on Muster's machine: whoever can read its database may do everything in it.
    pub fn shell() -> Self {
        Self::trusted(ActorKind::Shell, "Command line")
    }

    /// Muster itself, for what it does on nobody's behalf.
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

    /// Whether the actor holds `permission`.
    pub fn may(&self, permission: &str) -> bool {
        self.permissions.allows_str(permission)
    }

    /// Refuses unless the actor holds `permission`. `sentence` tells a person what was refused.
    ///
    /// # Errors
    /// `Forbidden` with both.
    pub fn require(&self, permission: &str, sentence: &str) -> Result<(), Error> {
        if self.may(permission) { Ok(()) } else { Err(Error::forbidden(permission, sentence)) }
    }

    /// Whether the actor has full control: everything that the predefined Administrator grants. Rights come from
    /// permissions, so a custom role that grants as much counts as well.
    pub fn is_administrator(&self) -> bool {
        self.permissions.covers_all(&predefined::administrator_permissions())
    }

    /// Whether `granted` is no more than the actor has. An administrator may grant anything, also what only a gateway
    /// knows: they could put it into a role of their own at any time.
    pub fn may_grant(&self, granted: &PermissionSet) -> bool {
        self.is_administrator() || self.permissions.covers_all(granted)
    }

    /// The browser session, where the actor came by one.
    pub fn session(&self) -> Option<&Id> {
        match &self.means {
            Means::Session(session) => Some(session),
            Means::Token(_) | Means::Trusted => None,
        }
    }

    /// Whether this is the account that the actor is signed in with.
    pub fn is(&self, account: &Id) -> bool {
        self.account.as_ref() == Some(account)
    }
}
