//! The admin API of accounts, on the operations that the pages call.

pub mod shown;
pub mod users;
