//! What every handler shares and no feature owns.

pub mod api;
pub mod assets;
pub mod client;
pub mod compress;
pub mod csv;
pub mod download;
pub mod exports;
pub mod forgery;
pub mod form;
pub mod hcl;
pub mod headers;
pub mod health;
pub mod json;
pub mod markup;
pub mod navigation;
pub mod page;
pub mod throttle;
pub mod trace;
pub mod view;
pub mod visit;
