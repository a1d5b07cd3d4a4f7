//! Roles: named sets of permissions. Rights come from permissions, never from a role's name.

pub mod api;
pub mod catalogue;
pub mod json;
pub mod model;
pub mod operations;
pub mod pages;
pub mod permission;
pub mod predefined;
pub mod queries;
pub mod view;

pub use model::{Badge, Role};
