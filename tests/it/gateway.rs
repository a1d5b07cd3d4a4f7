//! How machines talk to Muster: the door that gateways ask, introspection, and what a token does with itself.

mod api;
mod bounded;
mod doctor;
mod instances;
mod newcomers;
mod own_token;
mod refusals;
mod secrets;
mod throttling;

#[cfg(feature = "installed-tests")]
mod gateways;
