//! Who did what to whom. A change writes a header (`audit_changes`) and one event for each thing that it changed
//! (`audit_events`), inside its own transaction. Events are never edited or deleted.

pub mod model;
pub mod queries;

pub use model::{Event, FeedItem, verbs};
pub use queries::{Change, begin, begin_note, begin_once, begin_undo, recent, record_alone};
