//! The audit log: its pages, filters, exports and retention.

mod events;
mod export;
mod filters;
mod names;
mod pages;
mod retention;
mod secrets;
