//! The endpoints that gateways ask whether a call may pass. Every API call of the organisation goes through here.

pub mod headers;
pub mod introspect;
pub mod recipes;
mod requirements;
pub mod verify;
pub mod wanted;

pub use verify::verify;

#[cfg(test)]
mod tests;
