//! All permissions of one account or role.

use uuid::Uuid;

use super::Permission;
use super::grammar::{Instance, Parts};

/// All that an account may do: sorted, no text twice.
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

    /// Whether any permission covers this action on this thing of a guarded API. Each field is one word, so that none can be
    /// taken for two.
    pub fn allows_thing(&self, resource: &str, action: &str, thing: &str) -> bool {
        Parts::asked(resource, action, thing).is_some_and(|asked| self.0.iter().any(|held| held.parts().covers(asked)))
    }

    /// The things of one kind that may be done this to, where a permission names them by their UUID.
    pub fn named(&self, resource: &str, action: &str) -> Vec<Uuid> {
        let named = |held: &Permission| {
            let asked = Parts { resource, action, scope: Instance::Id(held.id?) };
            held.parts().covers(asked).then_some(held.id).flatten()
        };
        self.0.iter().filter_map(named).collect()
    }

    /// Whether `team:read:*` is covered, or the same of one team at least.
    pub fn allows_some(&self, everywhere: &str) -> bool {
        let mut words = everywhere.split(':');
        let (resource, action) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        self.allows_str(everywhere) || !self.named(resource, action).is_empty()
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
        // `ai:*` and `ai:*:*` mean the same, and both are kept: clients compare what they sent with what they read.
        sorted.sort_by(|one, other| one.cmp(other).then_with(|| one.as_str().cmp(other.as_str())));
        sorted.dedup_by(|one, other| one.as_str() == other.as_str());
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
