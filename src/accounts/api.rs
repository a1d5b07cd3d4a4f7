//! The admin API of accounts, on the operations that the pages call.

pub mod grants;
pub mod list;
pub mod machines;
mod reach;
pub mod shown;
pub mod users;
