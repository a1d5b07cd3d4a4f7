//! The check behind every call: are this token and its account usable now? [`verdict`] answers from [`cache`], [`subjects`]
//! answers for accounts that are only named, and [`counters`] keeps the metrics. Nothing here knows HTTP.

pub mod cache;
pub mod counters;
pub mod subjects;
pub mod verdict;

pub use verdict::{Check, Reason, Verdict};
