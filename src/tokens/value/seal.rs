//! Seals a new value until its page is shown, so that one session alone can open it.
//!
//! The key comes from the session's cookie, of which the database knows only a digest: neither a copy of the database nor
//! another session opens what is sealed, and every instance can. It is AES-256-GCM, as in private cookies.

use std::fmt;

use actix_web::cookie::{Cookie, CookieJar, Key};
use sha2::{Digest, Sha256};

use super::TokenValue;

pub struct Seal(Key);

impl Seal {
    /// The seal of whoever knows this secret.
    pub fn of(secret: &str) -> Self {
        let digest = Sha256::new().chain_update("muster token value ").chain_update(secret).finalize();
        Self(Key::derive_from(&digest))
    }

    /// Seals a value. Its public ID is sealed with it, so that it opens as no other token's.
    pub fn close(&self, value: &TokenValue) -> String {
        let mut jar = CookieJar::new();
        jar.private_mut(&self.0).add(Cookie::new(value.id().to_owned(), value.expose().to_owned()));
        jar.get(value.id()).map(|sealed| sealed.value().to_owned()).unwrap_or_default()
    }

    /// The value of the token with this public ID, if it was sealed for the same secret.
    pub fn open(&self, id: &str, sealed: &str) -> Option<TokenValue> {
        let mut jar = CookieJar::new();
        jar.add_original(Cookie::new(id.to_owned(), sealed.to_owned()));
        jar.private(&self.0).get(id).and_then(|opened| TokenValue::parse(opened.value()))
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Seal")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::value::Access;

    #[test]
    fn only_the_same_secret_opens_the_same_token() {
        let (value, other) = (TokenValue::generate(Access::Write).unwrap(), TokenValue::generate(Access::Write).unwrap());
        let sealed = Seal::of("session").close(&value);
        assert!(!sealed.is_empty() && !sealed.contains(&value.expose()[18..]), "{sealed}");
        let opened =
            |secret: &str, id: &str, sealed: &str| Seal::of(secret).open(id, sealed).map(|value| value.expose().to_owned());
        assert_eq!(opened("session", value.id(), &sealed).as_deref(), Some(value.expose()));
        assert_eq!(opened("session!", value.id(), &sealed), None);
        assert_eq!(opened("session", other.id(), &sealed), None);
        for wrong in ["", "x", &sealed[1..], &sealed[..sealed.len() - 1]] {
            assert_eq!(opened("session", value.id(), wrong), None, "{wrong}");
        }
        // The same value is sealed in another way each time.
        assert_ne!(Seal::of("session").close(&value), sealed);
        assert_eq!(format!("{:?}", Seal::of("session")), "Seal");
    }
}
