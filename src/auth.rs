//! Who is asking: passwords, browser sessions, and the pages for signing in and for one's own account. Machines prove
//! themselves by API tokens (`tokens::check`): at the gateway's door, and to Muster's own API through `bearer`.

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
pub mod session;
pub mod view;
