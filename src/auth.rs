//! Sign-in.
pub mod principal;
