//! A new secret, such as a token's value or one-time links, on its way to the one page that shows it. Between the form and that
//! page lies a redirect, so that reload and Back are harmless. Meanwhile the secret is kept sealed, and one session alone can
//! open it.
//!
//! The key comes from the session's cookie, of which the database knows only a digest: neither a copy of the database nor
//! another session opens what is sealed, and every instance can. It is AES-256-GCM, as in private cookies.

use std::fmt;

use actix_web::cookie::{Cookie, CookieJar, Key};
use chrono::TimeDelta;
use sha2::{Digest, Sha256};

use super::queries::sealed as queries;
use crate::clock;
use crate::database::DbConnection;
use crate::error::Error;

/// How long a secret that nobody has looked at is kept.
const KEPT: TimeDelta = TimeDelta::minutes(10);

pub struct Seal(Key);

impl Seal {
    /// The seal of whoever knows this secret.
    pub fn of(secret: &str) -> Self {
        let digest = Sha256::new().chain_update("muster token value ").chain_update(secret).finalize();
        Self(Key::derive_from(&digest))
    }

    /// Seals a secret. Its ID is sealed with it, so that it opens as no other's.
    fn close(&self, id: &str, secret: &str) -> String {
        let mut jar = CookieJar::new();
        jar.private_mut(&self.0).add(Cookie::new(id.to_owned(), secret.to_owned()));
        jar.get(id).map(|sealed| sealed.value().to_owned()).unwrap_or_default()
    }

    /// The secret with this ID, if it was sealed with the same seal.
    fn open(&self, id: &str, sealed: &str) -> Option<String> {
        let mut jar = CookieJar::new();
        jar.add_original(Cookie::new(id.to_owned(), sealed.to_owned()));
        jar.private(&self.0).get(id).map(|opened| opened.value().to_owned())
    }

    /// Keeps a new secret for its page, and forgets those that nobody has looked at.
    pub fn keep(&self, conn: &mut DbConnection, id: &str, secret: &str) -> Result<(), Error> {
        let now = clock::now();
        queries::forget_old(conn, now)?;
        queries::insert(conn, id, &self.close(id, secret), now + KEPT)
    }

    /// Takes a secret out. With `peek` it stays. `None` if it has been shown, was kept too long, or belongs to another session.
    pub fn take(&self, conn: &mut DbConnection, id: &str, peek: bool) -> Result<Option<String>, Error> {
        let sealed = queries::find(conn, id, clock::now())?;
        let secret = sealed.and_then(|sealed| self.open(id, &sealed));
        if secret.is_some() && !peek {
            queries::forget(conn, id)?;
        }
        Ok(secret)
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

    #[test]
    fn only_the_same_cookie_opens_the_same_secret() {
        let secret = "mstw_0123456789AB_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg36dyQD";
        let sealed = Seal::of("session").close("0123456789AB", secret);
        assert!(!sealed.is_empty() && !sealed.contains(&secret[18..]), "{sealed}");
        let opened = |cookie: &str, id: &str, sealed: &str| Seal::of(cookie).open(id, sealed);
        assert_eq!(opened("session", "0123456789AB", &sealed).as_deref(), Some(secret));
        assert_eq!(opened("session!", "0123456789AB", &sealed), None);
        assert_eq!(opened("session", "0123456789AC", &sealed), None);
        for wrong in ["", "x", &sealed[1..], &sealed[..sealed.len() - 1]] {
            assert_eq!(opened("session", "0123456789AB", wrong), None, "{wrong}");
        }
        // The same secret is sealed in another way each time.
        assert_ne!(Seal::of("session").close("0123456789AB", secret), sealed);
        assert_eq!(format!("{:?}", Seal::of("session")), "Seal");
        let long = "ü\"; \n".repeat(20_000);
        let sealed = Seal::of("session").close("x", &long);
        assert_eq!(opened("session", "x", &sealed), Some(long));
    }
}
