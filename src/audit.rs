//! Who did what to whom. A change writes a header (`audit_changes`) and one event for each thing that it changed
//! (`audit_events`), inside its own transaction. Events are never edited; only retention deletes them.

pub mod api;
pub mod filter;
pub mod json;
pub mod model;
pub mod operations;
pub mod pages;
pub mod queries;
pub mod retention;
pub mod sentences;
pub mod view;
pub mod words;

pub use model::{Event, LogEntry, verbs};
pub use queries::{Change, begin, begin_alone, begin_once, begin_undo, into_events, record_alone};
