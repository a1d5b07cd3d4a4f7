//! A write-behind buffer for the use of tokens: last use, from where, and calls per day.
//!
//! The check is asked far more often than a database should be written to. What it sees is gathered in memory ([`recorder`])
//! and written every `--activity-interval` ([`writer`]). A crash loses what has not been written: at most one interval, or
//! with more tokens in use than an interval has time to write, one round of the writer.
//!
//! Pages show what is stored merged with what is still in memory ([`Recorder::pending`]), so on the instance that saw a call
//! they are up to date. Sorting and filtering by last use go by what is stored.

mod queries;
mod recorder;
mod refusals;
mod usage;
mod writer;

pub use recorder::Recorder;
pub use usage::{AccountUsage, DayCount, LastUse, LastUses, TokenUsage};
pub use writer::run;
