//! The pages of people.

pub mod invite;
pub mod links;
pub mod set_password;
