//! Who is asking: passwords, browser sessions, and the pages for signing in and for one's own account. Machines prove
//! themselves by `tokens::check`.

pub mod access;
pub mod links;
pub mod operations;
pub mod pages;
pub mod password;
pub mod principal;
pub mod profile;
pub mod queries;
pub mod session;
pub mod view;
