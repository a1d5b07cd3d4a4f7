//! One-time links to create the first administrator or set a password. Only a hash of the key is stored.

use chrono::TimeDelta;
use rand::TryRng;
use sha2::{Digest, Sha256};

use super::queries;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Setup,
    Password,
}

impl Purpose {
    fn as_str(self) -> &'static str {
        match self {
            Self::Setup => "setup",
            Self::Password => "password",
        }
    }

    /// How long a link is valid.
    fn life(self) -> TimeDelta {
        match self {
            Self::Setup => TimeDelta::days(7),
            Self::Password => TimeDelta::days(3),
        }
    }
}

/// Creates a link and returns its key: 64 hexadecimal digits (256 random bits).
pub fn create(conn: &mut DbConnection, purpose: Purpose, account: Option<&Id>) -> Result<String, Error> {
    let mut bytes = [0_u8; 32];
    rand::rngs::SysRng
        .try_fill_bytes(&mut bytes)
        .map_err(|error| Error::Internal(format!("the operating system gave no random numbers: {error}")))?;
    let key: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    queries::links::insert(conn, &digest(&key), purpose.as_str(), account, purpose.life())?;
    Ok(key)
}

/// The account that a valid key belongs to: `Some(None)` for the first administrator, who has no account yet.
pub fn find(conn: &mut DbConnection, purpose: Purpose, key: &str) -> Result<Option<Option<Id>>, Error> {
    queries::links::find(conn, &digest(key), purpose.as_str())
}

/// Deletes all links of this purpose, or those of one account.
pub fn use_up(conn: &mut DbConnection, purpose: Purpose, account: Option<&Id>) -> Result<(), Error> {
    queries::links::delete(conn, purpose.as_str(), account)
}

fn digest(key: &str) -> Vec<u8> {
    Sha256::digest(key.as_bytes()).to_vec()
}
