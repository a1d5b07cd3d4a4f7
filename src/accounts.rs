//! Accounts of both kinds: users and system accounts are one table with a `kind`, and share roles, teams, tokens, the
//! list and the verbs. What differs between them stands in [`kind`].

pub mod actions;
pub mod api;
pub mod filter;
pub mod json;
pub mod kind;
pub mod model;
pub mod operations;
pub mod pages;
pub mod queries;
pub mod search;
pub mod view;
