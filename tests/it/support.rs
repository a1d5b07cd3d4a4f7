//! What tests of every kind stand on.

pub mod cluster;

#[allow(dead_code, reason = "offers what a test may need, whether one needs it today or not")]
pub mod engine;

#[allow(dead_code, reason = "offers what a test may need, whether one needs it today or not")]
pub mod app;

#[allow(dead_code, reason = "offers what a test may need, whether one needs it today or not")]
pub mod process;

#[allow(dead_code, reason = "offers what a test may need, whether one needs it today or not")]
pub mod snapshot;

#[allow(dead_code, reason = "offers what a test may need, whether one needs it today or not")]
pub mod statements;

#[allow(dead_code, reason = "offers what a test may need, whether one needs it today or not")]
pub mod echo;
