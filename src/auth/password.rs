//! Passwords, hashed with argon2id (RFC 9106). The `argon2` crate keeps its parameters up to date with OWASP's advice.

use std::sync::LazyLock;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use unicode_normalization::UnicodeNormalization;

use crate::error::{Error, FieldError};

/// NIST SP 800-63B asks for 8, and for 15 if nothing else protects the account.
pub const MIN_LENGTH: usize = 12;
/// Longer ones would only make hashing slow.
pub const MAX_LENGTH: usize = 256;

/// Verified if nobody has the e-mail address, so that the response takes as long as for a wrong password.
static NOBODY: LazyLock<Option<String>> = LazyLock::new(|| hash("nobody has this password").ok());

/// Unicode normalisation (NIST SP 800-63B, section 3.1.1.2): keyboards write `ë` as one character or two.
fn normal(password: &str) -> String {
    password.nfkc().collect()
}

/// Returns a salted hash in PHC format, of the normalised password. It takes tens of milliseconds: don't call it on the
/// threads that serve requests.
pub fn hash(password: &str) -> Result<String, Error> {
    Argon2::default()
        .hash_password(normal(password).as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|error| Error::Internal(format!("hashing a password: {error}")))
}

/// Whether `password` matches `hash`. Without a hash, returns false after the same time.
pub fn verify(password: &str, hash: Option<&str>) -> bool {
    let against = hash.or(NOBODY.as_deref()).and_then(|text| PasswordHash::new(text).ok());
    let Some(parsed) = against else { return false };
    let matches = |text: &str| Argon2::default().verify_password(text.as_bytes(), &parsed).is_ok();
    let normal = normal(password);
    // Old hashes were made before passwords were normalised.
    let matches = matches(&normal) || (normal != password && matches(password));
    matches && hash.is_some()
}

/// Whether two texts are one password, however their letters are composed.
pub fn is_same(one: &str, other: &str) -> bool {
    normal(one) == normal(other)
}

pub fn check_new(password: &str, again: &str) -> Result<(), Error> {
    let (password, again) = (normal(password), normal(again));
    let length = password.chars().count();
    let mut wrong = Vec::new();
    if length < MIN_LENGTH {
        wrong.push(FieldError { field: "password", message: format!("At least {MIN_LENGTH} characters.") });
    }
    if length > MAX_LENGTH {
        wrong.push(FieldError { field: "password", message: format!("At most {MAX_LENGTH} characters.") });
    }
    if password != again {
        wrong.push(FieldError { field: "password_again", message: "The passwords don't match.".into() });
    }
    if wrong.is_empty() { Ok(()) } else { Err(Error::Invalid(wrong)) }
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

    #[test]
    fn every_keyboard_writes_the_same_password() {
        for (set, typed) in [
            ("Zoë likes café", "Zoe\u{308} likes cafe\u{301}"),
            ("Zoe\u{308} likes cafe\u{301}", "Zoë likes café"),
            ("ｆｕｌｌｗｉｄｔｈ １２", "fullwidth 12"),
            ("ein ﬁnsteres Wort", "ein finsteres Wort"),
            ("non breaking 12", "non\u{a0}breaking 12"),
        ] {
            assert!(verify(typed, Some(&hash(set).unwrap())), "{set}");
            assert_eq!(check_new(set, typed), Ok(()));
        }
        assert!(!verify("zoë likes café", Some(&hash("Zoë likes café").unwrap())), "case still counts");
        // Counted as they are hashed: this is one character twelve times.
        assert!(check_new(&"e\u{301}".repeat(11), &"é".repeat(11)).is_err());
        assert_eq!(check_new(&"e\u{301}".repeat(12), &"é".repeat(12)), Ok(()));
    }

    #[test]
    fn a_hash_of_what_was_typed_goes_on_working() {
        let typed = "Zoe\u{308} likes cafe\u{301}";
        let old = Argon2::default().hash_password(typed.as_bytes()).unwrap().to_string();
        assert!(verify(typed, Some(&old)));
        assert!(!verify("Zoe\u{308} likes cafe", Some(&old)));
    }
}
