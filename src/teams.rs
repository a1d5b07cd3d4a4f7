//! Teams: named groups of users and system accounts.

pub mod operations;
pub mod queries;

/// A team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    /// Identity.
    pub id: crate::id::Id,
    /// Name.
    pub name: String,
}
