//! The pages of people.

pub mod email;
pub mod invitations;
pub mod invite;
pub mod links;
pub mod sessions;
pub mod set_password;
