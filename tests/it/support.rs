//! What tests of every kind stand on.

pub mod app;
pub mod client;
pub mod cluster;
pub mod dice;
pub mod echo;
pub mod engine;
pub mod hcl;
pub mod pipeline;
pub mod process;
#[cfg(feature = "installed-tests")]
pub mod proxy;
pub mod seed;
pub mod snapshot;
pub mod soon;
pub mod statements;
