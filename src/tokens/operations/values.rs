//! The page that shows a token's new value, once.

use chrono::NaiveDateTime;

use crate::accounts::model::Account;
use crate::auth::sealed::Seal;
use crate::clock;
use crate::database::DbConnection;
use crate::error::Error;
use crate::tokens::model::Token;
use crate::tokens::queries;
use crate::tokens::value::TokenValue;

/// Keeps a new value for its page.
pub fn keep(conn: &mut DbConnection, seal: &Seal, value: &TokenValue) -> Result<(), Error> {
    seal.keep(conn, value.id(), value.expose())
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
    let token = queries::find(conn, &account.id, token)?;
    let value = seal.take(conn, &token.id, peek)?;
    let old = queries::living_predecessors(conn, &account.id, &token.id, clock::now())?.pop();
    Ok(Shown {
        value: value.and_then(|value| TokenValue::parse(&value)),
        regenerated: queries::is_successor(conn, &account.id, &token.id)?,
        old_until: old.and_then(|old| old.expires_at),
        account,
        token,
    })
}
