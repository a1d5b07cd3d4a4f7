//! Muster keeps an organisation's machine accounts.
pub mod clock;
pub mod database;
pub mod error;
pub mod id;
pub mod schema;
pub mod text;
pub mod roles { pub mod queries { pub fn install_predefined(_: &mut crate::database::DbConnection) -> Result<(), crate::error::Error> { Ok(()) } } }
