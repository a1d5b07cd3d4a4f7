//! A role as somebody describes it, and what becomes of the description.

use crate::error::{Error, FieldError};
use crate::roles::model::Role;
use crate::roles::permission::{Permission, PermissionSet};
use crate::text::tidy;

const NAME_LIMIT: usize = 80;
const DESCRIPTION_LIMIT: usize = 200;
pub const MOST_PERMISSIONS: usize = 500;

/// A role as somebody describes it; nothing of it has been checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoleDraft {
    pub name: String,
    pub description: String,
    pub permissions: Vec<String>,
}

/// A description that has been checked.
#[derive(Debug, Clone)]
pub struct Terms {
    pub name: String,
    pub description: String,
    pub permissions: PermissionSet,
}

impl From<&Role> for RoleDraft {
    fn from(role: &Role) -> Self {
        Self { name: role.name.clone(), description: role.description.clone(), permissions: written(&role.permissions) }
    }
}

impl From<&Terms> for RoleDraft {
    fn from(terms: &Terms) -> Self {
        Self { name: terms.name.clone(), description: terms.description.clone(), permissions: written(&terms.permissions) }
    }
}

fn written(permissions: &PermissionSet) -> Vec<String> {
    permissions.iter().map(ToString::to_string).collect()
}

/// What is said of more permissions than a role may have. How each of them is written is not looked at then.
pub fn too_many() -> String {
    format!("At most {MOST_PERMISSIONS} permissions.")
}

impl RoleDraft {
    /// Checks all of it: every fault is named, each permission with its text.
    pub fn check(&self) -> Result<Terms, Error> {
        let mut invalid = Vec::new();
        let mut wrong = |field: &'static str, message: String| invalid.push(FieldError { field, message });
        let name = tidy(&self.name, NAME_LIMIT).unwrap_or_else(|sentence| {
            wrong("name", sentence);
            self.name.clone()
        });
        if name.is_empty() {
            wrong("name", "Enter a name.".into());
        }
        let description = tidy(&self.description, DESCRIPTION_LIMIT).unwrap_or_else(|sentence| {
            wrong("description", sentence);
            String::new()
        });
        if self.permissions.len() > MOST_PERMISSIONS {
            wrong("permission", too_many());
            return Err(Error::Invalid(invalid));
        }
        let read = |text: &String| Permission::parse(text).map_err(|error| wrong("permission", error.to_string())).ok();
        let permissions: PermissionSet = self.permissions.iter().filter_map(read).collect();
        if invalid.is_empty() { Ok(Terms { name, description, permissions }) } else { Err(Error::Invalid(invalid)) }
    }

    /// The permissions that are well formed.
    pub fn permission_set(&self) -> PermissionSet {
        self.permissions.iter().filter_map(|text| Permission::parse(text).ok()).collect()
    }

    /// Whether the role is as described.
    pub fn describes(&self, role: &Role) -> bool {
        self.name == role.name && self.description == role.description && self.permission_set() == role.permissions
    }

    /// What was wanted of a role that was `shown` and has become `now`: nothing of what others did meanwhile is undone, except
    /// where both changed the same.
    #[must_use]
    pub fn onto(&self, shown: &Self, now: &Self) -> Self {
        let text = |wanted: &String, shown: &String, now: &String| if wanted == shown { now.clone() } else { wanted.clone() };
        let (was, is) = (shown.permission_set(), now.permission_set());
        let holds =
            |set: &PermissionSet, text: &str| Permission::parse(text).is_ok_and(|one| set.iter().any(|held| *held == one));
        let kept = self.permissions.iter().filter(|text| !holds(&was, text) || holds(&is, text));
        let added = now.permissions.iter().filter(|text| !holds(&was, text) && !holds(&self.permission_set(), text));
        Self {
            name: text(&self.name, &shown.name, &now.name),
            description: text(&self.description, &shown.description, &now.description),
            permissions: kept.chain(added).cloned().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(name: &str, permissions: &[&str]) -> RoleDraft {
        RoleDraft {
            name: name.into(),
            description: String::new(),
            permissions: permissions.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn two_edits_of_one_role_are_joined() {
        let shown = draft("R", &["a:x", "a:y"]);
        let now = draft("Renamed", &["a:y", "a:z"]);
        let joined = draft("R", &["a:x", "a:y", "mine:own", "Not one"]).onto(&shown, &now);
        assert_eq!(joined, draft("Renamed", &["a:y", "mine:own", "Not one", "a:z"]));
        // Both changed the name: the later one's own stands, beside what has changed.
        assert_eq!(draft("Mine", &["a:x"]).onto(&shown, &now), draft("Mine", &["a:z"]));
    }

    #[test]
    fn every_fault_is_named() {
        let Err(Error::Invalid(faults)) = draft(" ", &["Payments:refund", "payments:refund", "a"]).check() else {
            panic!("it was accepted")
        };
        assert_eq!(faults.iter().map(|fault| fault.field).collect::<Vec<_>>(), ["name", "permission", "permission"]);
        assert!(faults[1].message.contains("Payments:refund") && faults[2].message.contains("“a”"));
        let many: Vec<String> = (0..501).map(|number| format!("a:b{number}")).collect();
        assert!(RoleDraft { permissions: many, ..draft("R", &[]) }.check().is_err());
    }
}
