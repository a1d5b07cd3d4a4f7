//! Teams: named groups of users and system accounts.

pub mod operations;
pub mod pages;
pub mod queries;
pub mod view;

/// A team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    /// Identity.
    pub id: crate::id::Id,
    /// Name.
    pub name: String,
}
