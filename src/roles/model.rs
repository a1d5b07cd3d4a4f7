//! A role as the rest of Muster sees it.

use chrono::NaiveDateTime;

use super::permission::PermissionSet;
use crate::id::Id;

/// A role with its permissions.
#[derive(Debug, Clone)]
pub struct Role {
    /// Identity; predefined roles keep their published ones.
    pub id: Id,
    /// Name.
    pub name: String,
    /// One line for pickers and tiles.
    pub description: String,
    /// Comes with Muster and cannot be deleted.
    pub predefined: bool,
    /// Cannot be edited either.
    pub locked: bool,
    /// Can be given to an account. Team Administrator cannot: it follows from being administrator of a team.
    pub assignable: bool,
    pub created_at: NaiveDateTime,
    /// What it grants.
    pub permissions: PermissionSet,
}

/// A role's name on an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Badge {
    /// The role.
    pub id: Id,
    /// Its name.
    pub name: String,
}
