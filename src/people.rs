//! People: inviting them, the links by which they set a password, and what else only they have.

pub mod api;
pub mod model;
pub mod operations;
pub mod pages;
pub mod queries;
pub mod view;
