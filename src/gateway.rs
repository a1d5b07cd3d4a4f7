//! The door that gateways ask: may this call pass? An organisation's every API call comes by here.

pub mod introspect;
pub mod recipes;
pub mod verify;

pub use verify::verify;

#[cfg(test)]
mod tests;
