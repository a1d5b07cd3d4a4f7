//! What was seen of tokens and accounts: last use, from where, and calls per day. It is gathered in memory and written in
//! batches, because the check is asked far more often than a database should be written to. A crash loses one interval: what
//! cannot be written to its place within it is noted down meanwhile ([`backlog`]).

mod backlog;
mod batch;
mod ledger;
mod parts;
mod queries;
mod recorder;
mod seen;

pub use recorder::{Recorder, run};
