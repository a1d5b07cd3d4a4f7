//! Tests that use the pages as a person does, in a real Chromium.

#[allow(dead_code, reason = "offers what a person can do, whether a test does it today or not")]
pub mod driver;
