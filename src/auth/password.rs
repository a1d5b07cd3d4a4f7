//! Passwords: argon2id (RFC 9106), with the parameters that the `argon2` crate keeps up to date with OWASP's advice.

use std::sync::LazyLock;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};

use crate::error::Error;

/// The fewest characters of a password (NIST SP 800-63B asks for 8, and for 15 where nothing else protects the account).
pub const MIN_LENGTH: usize = 12;
/// The most; longer ones would only make hashing slow.
pub const MAX_LENGTH: usize = 256;

/// Verified against when nobody has the e-mail address, so that the answer takes as long as for a wrong password.
static NOBODY: LazyLock<Option<String>> = LazyLock::new(|| hash("nobody has this password").ok());

/// A salted hash in PHC form. Takes tens of milliseconds: not for the threads that answer requests.
///
/// # Errors
/// `Internal` when the operating system has no random numbers.
pub fn hash(password: &str) -> Result<String, Error> {
    Argon2::default()
        .hash_password(password.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|error| Error::Internal(format!("hashing a password: {error}")))
}

/// Whether `password` belongs to `hash`. Without a hash the answer is no, after the same time.
pub fn verify(password: &str, hash: Option<&str>) -> bool {
    let against = hash.or(NOBODY.as_deref()).and_then(|text| PasswordHash::new(text).ok());
    let matches = against.is_some_and(|parsed| Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok());
    matches && hash.is_some()
}

/// Checks a new password and its repetition.
///
/// # Errors
/// `Invalid` on `password` or `password_again`.
pub fn check_new(password: &str, again: &str) -> Result<(), Error> {
    let length = password.chars().count();
    if length < MIN_LENGTH {
        return Err(Error::field("password", format!("At least {MIN_LENGTH} characters.")));
    }
    if length > MAX_LENGTH {
        return Err(Error::field("password", format!("At most {MAX_LENGTH} characters.")));
    }
    if password != again {
        return Err(Error::field("password_again", "The passwords don't match."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_knows_its_password_alone() {
        let hash = hash("correct horse battery").unwrap();
        assert!(hash.starts_with("$argon2id$"));
        assert!(verify("correct horse battery", Some(&hash)));
        assert!(!verify("correct horse batterz", Some(&hash)));
        assert!(!verify("nobody has this password", None));
    }
}
