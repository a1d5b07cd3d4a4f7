//! Muster's integration tests: the real server on a free port, spoken to by HTTP and by a real browser.
//! `tests/run` runs them on both databases; plain `cargo test` runs on SQLite those that need nothing installed.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on says so by panicking")]

mod api;
mod audit;
mod authzen;
mod cli;
mod gateway;
mod metrics;
mod outage;
mod pages;
mod people;
mod roles;
mod rules;
mod scale;
mod settings;
mod support;
mod teams;
mod tokens;

#[cfg(feature = "installed-tests")]
mod browser;
#[cfg(feature = "installed-tests")]
mod readme;
