//! What stands between a visitor and a session: the count of attempts, the queue of password hashes, and the browsers that
//! are known. One for each server, shared by its workers.

use actix_web::HttpRequest;
use actix_web::cookie::Key;

use super::access::origin;
use super::hashing::{Hashing, Place};
use super::{browser, password};
use crate::error::Error;
use crate::id::Id;
use crate::web::throttle::{Attempt, Throttle, TooMany};

/// See the module.
pub struct Door {
    throttle: Throttle,
    hashing: Hashing,
    key: Key,
    https: bool,
}

/// Somebody who has been let in as far as to try a password.
#[derive(Debug)]
pub struct Admitted {
    pub browser: Option<Id>,
    pub attempt: Attempt,
    pub place: Place,
}

/// Why somebody was not even let try.
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

impl Door {
    /// The key signs the cookies of known browsers.
    pub fn new(key: Key, https: bool) -> Self {
        Self { throttle: Throttle::default(), hashing: Hashing::default(), key, https }
    }

    /// Lets somebody try to sign in. The queue is asked first: what finds no place in it is not counted.
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

    /// Lets the owner of a session try their password: somebody at an open browser could guess there as well as here.
    pub fn open_again(&self, request: &HttpRequest, session: &Id) -> Result<Admitted, Closed> {
        let place = self.hashing.place(true).map_err(Closed::Other)?;
        let address = origin(request).map_err(Closed::Other)?.ip();
        let attempt = self.throttle.attempt_of_known(address, session).map_err(Closed::TooMany)?;
        Ok(Admitted { browser: None, attempt, place })
    }

    /// Takes an attempt back: it was successful, or its password was never looked at.
    pub fn give_back(&self, attempt: &Attempt) {
        self.throttle.give_back(attempt);
    }

    /// The hash of a new password that has been typed twice, made when its turn comes.
    ///
    /// # Errors
    /// `Invalid` (fields `password`, `password_again`), `Busy`.
    pub async fn hash(&self, password: String, again: String) -> Result<String, Error> {
        password::check_new(&password, &again)?;
        self.hashing.place(true)?.work(move || password::hash(&password)).await
    }

    /// Knows the browser again that has signed in by this request.
    pub fn remember(&self, request: &HttpRequest, email: &str, known: Option<Id>) {
        browser::remember(request, &self.key, email, known, self.https);
    }
}
