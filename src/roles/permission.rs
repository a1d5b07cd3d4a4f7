//! A permission: its grammar, what it covers, and how people read it.
//!
//! `resource:action` or `resource:action:scope`. Rights come from permissions and never from a role's name, so every rule
//! on what one permission lets its holder do stands in [`Permission::covers`].

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use uuid::Uuid;

use crate::roles::catalogue::known;

/// Longest permission that is accepted, in bytes. Names are short; the limit keeps a role's row within reason.
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
            "“{text}” is not a permission: write resource:action or resource:action:scope in lower case, such as system_account:read:*."
        )
    }
}

impl std::error::Error for MalformedPermission {}

impl Permission {
    /// Reads a permission. Unknown names are fine: a gateway may know what Muster does not.
    ///
    /// # Errors
    /// A sentence with the text (its beginning, where it is long) when the grammar is not met.
    pub fn parse(text: &str) -> Result<Permission, MalformedPermission> {
        let parts = Parts::parse(text).ok_or_else(|| MalformedPermission(text.chars().take(MAX_LENGTH).collect()))?;
        let resource_end = parts.resource.len();
        Ok(Permission {
            text: text.into(),
            resource_end,
            action_end: resource_end + 1 + parts.action.len(),
            id: match parts.scope {
                Scope::Id(id) => Some(id),
                Scope::None | Scope::Any | Scope::Named(_) => None,
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

    /// Whether who holds this permission may do what asks for `required`.
    ///
    /// `manage` includes `read`; the scope `*` includes every scope and none; and who manages tokens also manages
    /// read-only tokens.
    pub fn covers(&self, required: &Permission) -> bool {
        self.parts().covers(required.parts())
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
            None => format!("{}. Its meaning is up to the API that asks for it.", self.label_from_words()),
        }
    }

    fn label_from_words(&self) -> String {
        let words = format!("{} {}", self.action(), self.resource()).replace('_', " ");
        let words = capitalised(&words);
        match self.parts().scope {
            Scope::None => words,
            Scope::Any => format!("{words} (all)"),
            Scope::Named(name) => format!("{words} ({})", name.replace('_', " ")),
            Scope::Id(id) => format!("{words} {id}"),
        }
    }

    fn parts(&self) -> Parts<'_> {
        let scope = match (self.id, self.scope()) {
            (Some(id), _) => Scope::Id(id),
            (None, None) => Scope::None,
            (None, Some("*")) => Scope::Any,
            (None, Some(name)) => Scope::Named(name),
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

/// All that an account may do: sorted, without duplicates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PermissionSet(Vec<Permission>);

impl PermissionSet {
    /// Whether any permission of the set covers `required`.
    pub fn allows(&self, required: &Permission) -> bool {
        self.0.iter().any(|held| held.covers(required))
    }

    /// The same for a text. A malformed one is allowed to nobody.
    pub fn allows_str(&self, required: &str) -> bool {
        Parts::parse(required).is_some_and(|required| self.0.iter().any(|held| held.parts().covers(required)))
    }

    /// Whether each permission of `other` is covered: the rule for granting a role.
    pub fn covers_all(&self, other: &PermissionSet) -> bool {
        other.iter().all(|required| self.allows(required))
    }

    /// The permissions in order: by resource, action, scope.
    pub fn iter(&self) -> std::slice::Iter<'_, Permission> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing is permitted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Permission> for PermissionSet {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> PermissionSet {
        let mut sorted: Vec<Permission> = permissions.into_iter().collect();
        sorted.sort();
        sorted.dedup();
        PermissionSet(sorted)
    }
}

impl<'a> IntoIterator for &'a PermissionSet {
    type Item = &'a Permission;
    type IntoIter = std::slice::Iter<'a, Permission>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

/// A permission by its meaning, borrowed from a text: comparing needs no heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Parts<'a> {
    resource: &'a str,
    action: &'a str,
    scope: Scope<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Scope<'a> {
    None,
    Any,
    Named(&'a str),
    Id(Uuid),
}

impl<'a> Parts<'a> {
    fn parse(text: &'a str) -> Option<Parts<'a>> {
        if text.len() > MAX_LENGTH {
            return None;
        }
        let (resource, rest) = text.split_once(':')?;
        let (action, scope) = match rest.split_once(':') {
            Some((action, scope)) => (action, Scope::parse(scope)?),
            None => (rest, Scope::None),
        };
        (is_word(resource) && is_word(action)).then_some(Parts { resource, action, scope })
    }

    fn covers(self, required: Parts<'_>) -> bool {
        let resource = self.resource == required.resource
            || (self.resource == "token" && self.action == "manage" && required.resource == "read_token");
        let action = self.action == required.action || (self.action == "manage" && required.action == "read");
        let scope = self.scope == Scope::Any || self.scope == required.scope;
        resource && action && scope
    }
}

impl<'a> Scope<'a> {
    fn parse(text: &'a str) -> Option<Scope<'a>> {
        const UUID_LENGTH: usize = 36;
        if text == "*" {
            return Some(Scope::Any);
        }
        if is_word(text) {
            return Some(Scope::Named(text));
        }
        let bare = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or(text);
        // The parser also reads forms that the contract does not have, such as urn:uuid: and one without hyphens.
        (bare.len() == UUID_LENGTH).then(|| Uuid::try_parse(bare).ok()).flatten().map(Scope::Id)
    }
}

fn is_word(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

fn capitalised(words: &str) -> String {
    let mut characters = words.chars();
    characters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(characters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEAM: &str = "6f9619ff-8b86-4011-b42d-00cf4fc964ff";

    fn permission(text: &str) -> Permission {
        Permission::parse(text).unwrap()
    }

    fn covers(held: &str, required: &str) -> bool {
        let covered = permission(held).covers(&permission(required));
        let set: PermissionSet = [permission(held)].into_iter().collect();
        assert_eq!(set.allows(&permission(required)), covered);
        assert_eq!(set.allows_str(required), covered);
        covered
    }

    #[test]
    fn reads_its_parts() {
        let read = permission("system_account:manage:*");
        assert_eq!((read.resource(), read.action(), read.scope()), ("system_account", "manage", Some("*")));
        let short = permission("payments:refund");
        assert_eq!((short.resource(), short.action(), short.scope()), ("payments", "refund", None));
        let braced = permission(&format!("team:manage:{{{TEAM}}}"));
        assert_eq!(braced.scope(), Some(format!("{{{TEAM}}}").as_str()));
        assert_eq!(braced.to_string(), format!("team:manage:{{{TEAM}}}"));
    }

    #[test]
    fn malformed_texts_are_refused_with_the_text() {
        let long = format!("a:{}", "b".repeat(MAX_LENGTH));
        let simple = format!("team:manage:{{{}}}", TEAM.replace('-', ""));
        let half = format!("team:manage:{{{TEAM}");
        let urn = format!("team:manage:urn:uuid:{TEAM}");
        for text in [
            "",
            "a",
            "a:",
            ":b",
            "a:b:",
            "a::c",
            "a:b:c:d",
            "A:b",
            "a:B",
            "a:b:C",
            "1a:b",
            "_a:b",
            "a-b:c",
            "a:b:**",
            "a:*",
            "*:b",
            " a:b",
            "a:b ",
            "a:b:c\n",
            "ä:b",
            "a:b:{}",
            long.as_str(),
            simple.as_str(),
            half.as_str(),
            urn.as_str(),
        ] {
            let refused = Permission::parse(text).unwrap_err().to_string();
            assert!(text.len() > MAX_LENGTH || refused.contains(text), "{text}");
        }
    }

    #[test]
    fn braces_and_case_of_a_uuid_do_not_matter() {
        let bare = permission(&format!("team:manage:{TEAM}"));
        for same in [format!("team:manage:{{{TEAM}}}"), format!("team:manage:{}", TEAM.to_uppercase())] {
            assert_eq!(permission(&same), bare);
            assert!(covers(&same, bare.as_str()) && covers(bare.as_str(), &same));
        }
        assert!(!covers(bare.as_str(), "team:manage:6f9619ff-8b86-4011-b42d-00cf4fc96400"));
        let set: PermissionSet = [bare.clone(), permission(&format!("team:manage:{{{TEAM}}}"))].into_iter().collect();
        assert_eq!(set.len(), 1);
    }

    #[test]
    fn covering_follows_the_rules() {
        for (held, required) in [
            ("a:b", "a:b"),
            ("a:b:*", "a:b"),
            ("a:b:*", "a:b:own"),
            ("a:b:*", "a:b:*"),
            ("a:b:own", "a:b:own"),
            ("a:manage:*", "a:read:*"),
            ("a:manage:team", "a:read:team"),
            ("a:manage", "a:read"),
            ("token:manage:own", "read_token:manage:own"),
            ("token:manage:own", "read_token:read:own"),
            ("token:manage:*", "read_token:manage:own"),
        ] {
            assert!(covers(held, required), "{held} covers {required}");
        }
        for (held, required) in [
            ("a:b", "a:c"),
            ("a:b", "c:b"),
            ("a:b", "a:b:own"),
            ("a:b", "a:b:*"),
            ("a:b:own", "a:b"),
            ("a:b:own", "a:b:*"),
            ("a:b:own", "a:b:team"),
            ("a:read:*", "a:manage:*"),
            ("a:manage:*", "a:invite"),
            ("a:manage:team", "a:read:*"),
            ("read_token:manage:own", "token:manage:own"),
            ("token:introspect", "read_token:manage:own"),
            ("token:manage:own", "read_token:manage:*"),
        ] {
            assert!(!covers(held, required), "{held} does not cover {required}");
        }
    }

    #[test]
    fn a_set_is_sorted_and_has_no_duplicates() {
        let set: PermissionSet =
            ["b:read:*", "a:read:own", "b:read:*", "a:read", "a:read:*"].into_iter().map(permission).collect();
        let texts: Vec<&str> = set.iter().map(Permission::as_str).collect();
        assert_eq!(texts, ["a:read", "a:read:*", "a:read:own", "b:read:*"]);
        assert!(!set.allows_str("not a permission"));
        assert!(PermissionSet::default().is_empty());
        assert!(!PermissionSet::default().allows(&permission("a:read")));
    }

    #[test]
    fn granting_needs_all_that_the_role_has() {
        let set = |texts: &[&str]| texts.iter().copied().map(permission).collect::<PermissionSet>();
        assert!(set(&["a:manage:*", "b:c"]).covers_all(&set(&["a:read:own", "b:c"])));
        assert!(!set(&["a:manage:*"]).covers_all(&set(&["a:read:own", "b:c"])));
        assert!(set(&[]).covers_all(&set(&[])));
    }

    #[test]
    fn the_unknown_gets_a_label_from_its_words() {
        assert_eq!(permission("payments:refund").label(), "Refund payments");
        assert_eq!(permission("payment_order:cancel:*").label(), "Cancel payment order (all)");
        assert_eq!(permission("payment:refund:small_sums").label(), "Refund payment (small sums)");
        assert_eq!(permission(&format!("team:manage:{{{TEAM}}}")).label(), format!("Manage team {TEAM}"));
        assert!(permission("payments:refund").description().starts_with("Refund payments."));
    }

    proptest! {
        #[test]
        fn any_text_is_kept_or_refused(text in "\\PC*", near in "[a-z_:*{}0-9-]{0,60}") {
            for text in [text, near] {
                if let Ok(read) = Permission::parse(&text) {
                    prop_assert_eq!(read.to_string(), text);
                    prop_assert!(read.covers(&read));
                    prop_assert!(!read.label().is_empty());
                }
            }
        }
    }
}
