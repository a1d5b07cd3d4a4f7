//! API tokens: what an account proves itself with. [`value`] knows their text, [`model`] and [`queries`] what is kept of
//! them, [`operations`] what people do with them, and [`check`] answers the one question that every call asks.

pub mod api;
pub mod check;
pub mod expiry;
pub mod mirror;
pub mod model;
pub mod operations;
pub mod pages;
pub mod policy;
pub mod queries;
pub mod tally;
pub mod value;
pub mod view;
