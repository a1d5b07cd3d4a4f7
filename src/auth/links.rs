//! One-time links to create the first administrator, set a password or accept an invitation. Only a hash of the key is stored.

use std::fmt;

use chrono::TimeDelta;
use rand::TryRng;
use sha2::{Digest, Sha256};

use super::queries;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;

pub use queries::links::StoredLink;

/// The key of a link: who has it can use it.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkKey(String);

impl LinkKey {
    /// 64 hexadecimal digits (256 random bits).
    pub fn new() -> Result<Self, Error> {
        let mut bytes = [0_u8; 32];
        rand::rngs::SysRng
            .try_fill_bytes(&mut bytes)
            .map_err(|error| Error::Internal(format!("the operating system gave no random numbers: {error}")))?;
        Ok(Self(hex(&bytes)))
    }

    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is stored of it.
    pub fn digest(&self) -> String {
        digest_of(&self.0)
    }
}

/// Without the key, so that it can't reach a log.
impl fmt::Debug for LinkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

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
    pub fn life(self) -> TimeDelta {
        match self {
            Self::Setup => TimeDelta::days(7),
            Self::Password => TimeDelta::hours(24),
        }
    }
}

/// Creates a link that nobody but the command line answers for, and returns its key.
pub fn create(conn: &mut DbConnection, purpose: Purpose, account: Option<&Id>) -> Result<String, Error> {
    Ok(create_by(conn, purpose, account, None)?.0)
}

/// Creates a link that the account `by` answers for.
pub fn create_by(conn: &mut DbConnection, purpose: Purpose, account: Option<&Id>, by: Option<&Id>) -> Result<LinkKey, Error> {
    let key = LinkKey::new()?;
    queries::links::insert(conn, &digest(&key.0), purpose.as_str(), (account, by), purpose.life())?;
    Ok(key)
}

/// The link of a valid key.
pub fn find(conn: &mut DbConnection, purpose: Purpose, key: &str) -> Result<Option<StoredLink>, Error> {
    queries::links::find(conn, &digest(key), purpose.as_str())
}

/// Deletes the link of a valid key. Returns whether there still was one.
pub fn take(conn: &mut DbConnection, purpose: Purpose, key: &str) -> Result<bool, Error> {
    queries::links::take(conn, &digest(key), purpose.as_str())
}

/// Deletes all links of this purpose, or those of one account.
pub fn use_up(conn: &mut DbConnection, purpose: Purpose, account: Option<&Id>) -> Result<(), Error> {
    queries::links::delete(conn, purpose.as_str(), account)
}

fn digest(key: &str) -> Vec<u8> {
    Sha256::digest(key.as_bytes()).to_vec()
}

/// The hash of a key, in hexadecimal digits.
pub fn digest_of(key: &str) -> String {
    hex(&digest(key))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
