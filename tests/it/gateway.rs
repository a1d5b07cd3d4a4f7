//! The check that gateways ask, and the secrets that it is about.

mod refusals;
mod secrets;
