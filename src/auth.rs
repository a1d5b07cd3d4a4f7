//! Authentication: passwords, browser sessions, and the pages for signing in and the profile. Machines authenticate with
//! API tokens: at the gateway (`gateway::verify`), and at Muster's own API (`bearer`).

pub mod access;
pub mod bearer;
pub mod browser;
pub mod door;
pub mod hashing;
pub mod links;
pub mod operations;
pub mod pages;
pub mod password;
pub mod principal;
pub mod profile;
pub mod queries;
pub mod refusals;
pub mod sealed;
pub mod session;
pub mod view;
