//! The audit log: its pages, filters, exports and retention.

mod events;
pub mod export;
mod filters;
mod more;
mod names;
mod pages;
mod personal;
mod refusals;
mod retention;
mod secrets;
