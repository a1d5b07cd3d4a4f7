//! The door that gateways ask: may this call pass? An organisation's every API call comes by here.

pub mod headers;
pub mod introspect;
pub mod recipes;
mod requirements;
pub mod verify;
pub mod wanted;

pub use verify::verify;

#[cfg(test)]
mod tests;
