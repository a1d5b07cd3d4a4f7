//! What signing in has to pass: the limit on attempts, the queue of password hashes, and the known browsers. One per
//! server, shared by its workers.

use actix_web::HttpRequest;
use actix_web::cookie::Key;

use super::access::origin;
use super::hashing::{Hashing, QueuePlace};
use super::{browser, password};
use crate::error::Error;
use crate::id::Id;
use crate::web::throttle::{Attempt, Throttle, TooMany};

pub struct SignInGuard {
    throttle: Throttle,
    hashing: Hashing,
    key: Key,
    https: bool,
}

/// Permission to try a password.
#[derive(Debug)]
pub struct Admitted {
    pub browser: Option<Id>,
    pub attempt: Attempt,
    pub place: QueuePlace,
}

/// Why a password may not even be tried.
#[derive(Debug)]
pub enum Closed {
    TooMany(TooMany),
    Other(Error),
}

impl From<Closed> for Error {
    fn from(closed: Closed) -> Self {
        match closed {
            Closed::TooMany(refusal) => refusal.into(),
            Closed::Other(error) => error,
        }
    }
}

impl SignInGuard {
    /// `key` signs the cookies of known browsers.
    pub fn new(key: Key, https: bool, hashing: Hashing) -> Self {
        Self { throttle: Throttle::default(), hashing, key, https }
    }

    /// Begins an attempt to sign in. The queue comes first: an attempt that finds it full doesn't count.
    pub fn open(&self, request: &HttpRequest, email: &str) -> Result<Admitted, Closed> {
        let browser = browser::known(request, &self.key, email);
        let place = self.hashing.place(browser.is_some()).map_err(Closed::Other)?;
        let address = origin(request).map_err(Closed::Other)?.ip();
        let attempt = match &browser {
            Some(browser) => self.throttle.attempt_of_known(address, browser),
            None => self.throttle.attempt(address, email),
        };
        Ok(Admitted { browser, attempt: attempt.map_err(Closed::TooMany)?, place })
    }

    /// Begins an attempt to confirm the password in a session: someone at an unlocked computer could guess there, too.
    pub fn open_again(&self, request: &HttpRequest, session: &Id) -> Result<Admitted, Closed> {
        let place = self.hashing.place(true).map_err(Closed::Other)?;
        let address = origin(request).map_err(Closed::Other)?.ip();
        let attempt = self.throttle.attempt_of_known(address, session).map_err(Closed::TooMany)?;
        Ok(Admitted { browser: None, attempt, place })
    }

    /// Takes an attempt back: it succeeded, or its password was never checked.
    pub fn give_back(&self, attempt: &Attempt) {
        self.throttle.give_back(attempt);
    }

    /// Hashes a new password that was typed twice, when its turn comes.
    pub async fn hash(&self, password: String, again: String) -> Result<String, Error> {
        password::check_new(&password, &again)?;
        self.hashing.place(true)?.work(move || password::hash(&password)).await
    }

    /// Remembers the browser that has just signed in.
    pub fn remember(&self, request: &HttpRequest, email: &str, known: Option<Id>) {
        browser::remember(request, &self.key, email, known, self.https);
    }
}
