//! The check that every call asks for: is this token, this account, usable now? [`verdict`] answers, from [`cache`],
//! [`subjects`] answers for those who are only named, and [`counters`] says how often and how fast. It knows nothing of HTTP.

pub mod cache;
pub mod counters;
pub mod subjects;
pub mod verdict;

pub use verdict::{Check, Reason, Verdict};
