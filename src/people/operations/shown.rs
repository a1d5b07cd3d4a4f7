//! New links on their way to the one page that shows them, as the values of new tokens go.

use chrono::NaiveDateTime;
use serde::{Deserialize, Serialize};

use crate::auth::links::LinkKey;
use crate::auth::sealed::Seal;
use crate::clock;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;

/// A link, and for whom it is.
#[derive(Clone, Serialize, Deserialize)]
pub struct NewLink {
    pub account: Id,
    pub name: String,
    pub email: String,
    /// Whether the name is known, and not asked for later.
    pub named: bool,
    /// The secret.
    pub key: String,
}

impl NewLink {
    pub fn new((account, name, email): (&Id, &str, &str), named: bool, key: &LinkKey) -> Self {
        Self { account: account.clone(), name: name.into(), email: email.into(), named, key: key.expose().into() }
    }
}

/// What the page shows.
#[derive(Clone, Serialize, Deserialize)]
pub struct NewLinks {
    /// Whether they are of invitations; else the one link is for a new password.
    pub invites: bool,
    pub links: Vec<NewLink>,
    /// Until when they work, in microseconds.
    pub until: i64,
    /// What the invited are given: `Role User, team Mobile`.
    pub given: String,
    /// The names of users who were enabled again, who need no link.
    pub enabled: Vec<String>,
    /// Where "Done" leads.
    pub next: String,
}

impl NewLinks {
    /// New links of invitations.
    pub fn new(links: Vec<NewLink>, until: NaiveDateTime, next: &str) -> Self {
        let until = clock::micros(until);
        Self { invites: true, links, until, given: String::new(), enabled: Vec::new(), next: next.to_owned() }
    }

    pub fn until(&self) -> NaiveDateTime {
        clock::of_micros(self.until).unwrap_or_default()
    }

    /// Keeps them for the page of this ID.
    pub fn keep(&self, conn: &mut DbConnection, seal: &Seal, page: &Id) -> Result<(), Error> {
        let text = serde_json::to_string(self).map_err(|error| Error::Internal(format!("writing down links: {error}")))?;
        seal.keep(conn, page.as_str(), &text)
    }

    /// Takes them out. With `peek` they stay. `None` if they have been shown, were kept too long, or belong to another session.
    pub fn take(conn: &mut DbConnection, seal: &Seal, page: &Id, peek: bool) -> Result<Option<Self>, Error> {
        Ok(seal.take(conn, page.as_str(), peek)?.and_then(|text| serde_json::from_str(&text).ok()))
    }
}
