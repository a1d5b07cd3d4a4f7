//! The value of a new token on its way to the one page that shows it. Between the form and that page lies a redirect, so that
//! reload and Back are harmless. Meanwhile the value is kept sealed: the database alone does not open it.

use chrono::{NaiveDateTime, TimeDelta};

use crate::accounts::model::Account;
use crate::clock;
use crate::database::DbConnection;
use crate::error::Error;
use crate::tokens::model::Token;
use crate::tokens::queries;
use crate::tokens::value::TokenValue;
use crate::tokens::value::seal::Seal;

/// How long a value that nobody has looked at is kept.
const KEPT: TimeDelta = TimeDelta::minutes(10);

/// Keeps a new value for its page, and forgets those that nobody has looked at.
pub fn keep(conn: &mut DbConnection, seal: &Seal, value: &TokenValue) -> Result<(), Error> {
    let now = clock::now();
    queries::values::forget_old(conn, now)?;
    queries::values::insert(conn, value.id(), &seal.close(value), now + KEPT)
}

/// A token on the page that shows its value.
#[derive(Debug)]
pub struct Shown {
    pub account: Account,
    pub token: Token,
    /// `None` if it has been shown, was kept too long, or belongs to another session.
    pub value: Option<TokenValue>,
    /// Whether it replaced another.
    pub regenerated: bool,
    /// Until when the value that it replaced works; `None` for no longer.
    pub old_until: Option<NaiveDateTime>,
}

/// Takes a token's value out, if this is the session that it is sealed for. With `peek` it stays.
///
/// # Errors
/// `NotFound` for a token of another account.
pub fn show(conn: &mut DbConnection, account: Account, token: &str, seal: &Seal, peek: bool) -> Result<Shown, Error> {
    let now = clock::now();
    let token = queries::find(conn, &account.id, token)?;
    let sealed = queries::values::find(conn, &token.id, now)?;
    let value = sealed.and_then(|sealed| seal.open(&token.id, &sealed));
    if value.is_some() && !peek {
        queries::values::forget(conn, &token.id)?;
    }
    let old = queries::living_predecessors(conn, &account.id, &token.id, now)?.pop();
    Ok(Shown {
        value,
        regenerated: queries::is_successor(conn, &account.id, &token.id)?,
        old_until: old.and_then(|old| old.expires_at),
        account,
        token,
    })
}
