//! A permission: its grammar, what it covers, and how people read it.
//!
//! `resource:action` or `resource:action:scope`. Rights come from permissions and never from a role's name, so every rule
//! about what one permission lets its holder do is in [`Permission::covers`].

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use uuid::Uuid;

use crate::roles::catalogue::known;

mod grammar;
mod set;

use grammar::{ANY, Instance, Parts};
pub use set::PermissionSet;

/// Longest permission that is accepted, in bytes.
pub const MAX_LENGTH: usize = 200;

/// A well-formed permission. Two are equal when they mean the same: `team:manage:{uuid}` equals `team:manage:uuid`. The text
/// stays as it was written.
#[derive(Clone)]
pub struct Permission {
    text: Box<str>,
    resource_end: usize,
    action_end: usize,
    id: Option<Uuid>,
}

/// The text is not `resource:action` or `resource:action:scope`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MalformedPermission(String);

impl fmt::Display for MalformedPermission {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let MalformedPermission(text) = self;
        write!(
            formatter,
            "“{text}” isn't a permission. Use resource:action or resource:action:scope in lower case, such as system_account:read:*."
        )
    }
}

impl std::error::Error for MalformedPermission {}

impl Permission {
    /// Reads a permission. Unknown names are fine: the guarded API may define its own.
    pub fn parse(text: &str) -> Result<Permission, MalformedPermission> {
        let parts = Parts::parse(text).ok_or_else(|| MalformedPermission(text.chars().take(MAX_LENGTH).collect()))?;
        let resource_end = parts.resource.len();
        Ok(Permission {
            text: text.into(),
            resource_end,
            action_end: resource_end + 1 + parts.action.len(),
            id: match parts.scope {
                Instance::Id(id) => Some(id),
                Instance::None | Instance::Any | Instance::Named(_) | Instance::Unnamed => None,
            },
        })
    }

    /// The text as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The first word, which names a kind of thing: `system_account`.
    pub fn resource(&self) -> &str {
        &self.text[..self.resource_end]
    }

    /// The second word, which names what may be done: `manage`.
    pub fn action(&self) -> &str {
        &self.text[self.resource_end + 1..self.action_end]
    }

    /// The third word as written, if there is one: `*`, `own`, `team` or a UUID.
    pub fn scope(&self) -> Option<&str> {
        self.text.get(self.action_end + 1..)
    }

    /// Whether the holder of this permission may do what asks for `required`: see [`Parts::covers`].
    pub fn covers(&self, required: &Permission) -> bool {
        self.parts().covers(required.parts())
    }

    /// Whether it is over Muster itself or its audit log, and more than reading or what is one's own: none of the API behind the
    /// gateway.
    pub fn administers(&self) -> bool {
        const OWN: [&str; 7] =
            ["authentication_settings", "role", "system_account", "system_preference", "team", "token", "user"];
        let harmless = self.action() == "read" || self.scope() == Some("own");
        self.resource() == "audit" || (OWN.contains(&self.resource()) && !harmless)
    }

    /// Every text that covers this permission, for a query that looks for those who hold it. A scope that is a UUID has more
    /// spellings than are listed here.
    pub fn covering_texts(&self) -> Vec<String> {
        let mut resources = vec![self.resource()];
        if self.resource() == "read_token" {
            resources.push("token");
        }
        let mut actions = vec![self.action(), ANY];
        if self.action() == "read" {
            actions.push("manage");
        }
        let mut texts = Vec::new();
        for resource in resources {
            texts.push(format!("{resource}:{ANY}"));
            for action in &actions {
                texts.push(format!("{resource}:{action}:{ANY}"));
                match self.scope() {
                    None => texts.push(format!("{resource}:{action}")),
                    Some(scope) => texts.push(format!("{resource}:{action}:{scope}")),
                }
            }
        }
        texts.retain(|text| Parts::parse(text).is_some_and(|held| held.covers(self.parts())));
        texts.sort_unstable();
        texts.dedup();
        texts
    }

    /// A short name for lists, such as "Manage system accounts". Made from the words where Muster does not know better.
    pub fn label(&self) -> String {
        match known(&self.text) {
            Some((label, _)) => label.to_owned(),
            None => self.label_from_words(),
        }
    }

    /// A sentence that says what the holder may do.
    pub fn description(&self) -> String {
        match known(&self.text) {
            Some((_, description)) => description.to_owned(),
            None => format!("{}. Defined by the API that asks for it.", self.label_from_words()),
        }
    }

    fn label_from_words(&self) -> String {
        let spaced = |words: &str| words.replace(['_', '-'], " ");
        let resource = spaced(self.resource());
        let words = match self.action() {
            ANY => format!("Full access to {resource}"),
            action => capitalised(&format!("{} {resource}", spaced(action))),
        };
        match self.parts().scope {
            Instance::None | Instance::Unnamed => words,
            Instance::Any if self.action() == ANY => words,
            Instance::Any => format!("{words} (all)"),
            Instance::Named(name) => format!("{words} ({})", spaced(name)),
            Instance::Id(id) => format!("{words} {id}"),
        }
    }

    fn parts(&self) -> Parts<'_> {
        let scope = match (self.id, self.scope()) {
            (Some(id), _) => Instance::Id(id),
            (None, None) => Instance::missing(self.action()),
            (None, Some(ANY)) => Instance::Any,
            (None, Some(name)) => Instance::Named(name),
        };
        Parts { resource: self.resource(), action: self.action(), scope }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl fmt::Debug for Permission {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Permission({})", self.text)
    }
}

impl PartialEq for Permission {
    fn eq(&self, other: &Permission) -> bool {
        self.parts() == other.parts()
    }
}

impl Eq for Permission {}

impl PartialOrd for Permission {
    fn partial_cmp(&self, other: &Permission) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Permission {
    fn cmp(&self, other: &Permission) -> Ordering {
        self.parts().cmp(&other.parts())
    }
}

impl Hash for Permission {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parts().hash(state);
    }
}

fn capitalised(words: &str) -> String {
    let mut characters = words.chars();
    characters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(characters).collect()
}

#[cfg(test)]
mod tests;
