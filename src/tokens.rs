//! Tokens.
pub mod value;
