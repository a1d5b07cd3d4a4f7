//! Teams: named groups of users and system accounts.

pub mod api;
pub mod operations;
pub mod pages;
pub mod queries;
pub mod view;

use crate::id::Id;
use crate::roles::permission::PermissionSet;

/// Which teams these permissions open: `None` for all of them.
pub fn reach(permissions: &PermissionSet) -> Option<Vec<Id>> {
    let all = permissions.allows_str("team:read:*");
    (!all).then(|| permissions.named("team", "read").into_iter().map(Id::from).collect())
}

/// A team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    /// Identity.
    pub id: Id,
    /// Name.
    pub name: String,
}
