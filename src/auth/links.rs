//! One-time links: to create the first administrator, and for a new user to choose a password. Only a hash is kept.

use chrono::TimeDelta;
use rand::TryRng;
use sha2::{Digest, Sha256};

use super::queries;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Creating the first administrator.
    Setup,
    /// Choosing a password.
    Password,
}

impl Purpose {
    fn as_str(self) -> &'static str {
        match self {
            Self::Setup => "setup",
            Self::Password => "password",
        }
    }

    /// How long such a link is good for.
    fn life(self) -> TimeDelta {
        match self {
            Self::Setup => TimeDelta::days(7),
            Self::Password => TimeDelta::days(3),
        }
    }
}

/// Makes a link and returns its key, 64 hexadecimal digits (256 random bits).
///
/// # Errors
/// `Internal` without random numbers; the database's.
pub fn create(conn: &mut DbConnection, purpose: Purpose, account: Option<&Id>) -> Result<String, Error> {
    let mut bytes = [0_u8; 32];
    rand::rngs::SysRng
        .try_fill_bytes(&mut bytes)
        .map_err(|error| Error::Internal(format!("the operating system gave no random numbers: {error}")))?;
    let key: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    queries::links::insert(conn, &digest(&key), purpose.as_str(), account, purpose.life())?;
    Ok(key)
}

/// The account that a key is for, where it is good: `Some(None)` for the first administrator, who has none yet.
///
/// # Errors
/// The database's.
pub fn find(conn: &mut DbConnection, purpose: Purpose, key: &str) -> Result<Option<Option<Id>>, Error> {
    queries::links::find(conn, &digest(key), purpose.as_str())
}

/// Uses up every link of this purpose, or those of one account.
///
/// # Errors
/// The database's.
pub fn use_up(conn: &mut DbConnection, purpose: Purpose, account: Option<&Id>) -> Result<(), Error> {
    queries::links::delete(conn, purpose.as_str(), account)
}

fn digest(key: &str) -> Vec<u8> {
    Sha256::digest(key.as_bytes()).to_vec()
}
