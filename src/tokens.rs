//! API tokens. [`value`] is their text, [`model`] and [`queries`] what is stored, [`operations`] what people do with them.

pub mod api;
pub mod expiry;
pub mod filter;
pub mod json;
pub mod model;
pub mod operations;
pub mod pages;
pub mod policy;
pub mod queries;
pub mod value;
pub mod view;
