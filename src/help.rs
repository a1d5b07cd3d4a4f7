//! Help as a part of the product: the same text as a page and on the command line.

pub mod pages;
pub mod view;

/// A systemd unit for the server.
pub const UNIT: &str = include_str!("help/muster.service");
