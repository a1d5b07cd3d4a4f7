//! `muster token`.

use chrono::{NaiveDateTime, TimeDelta};
use clap::{Args, Subcommand};

use super::open;
use super::output::{note, pages, row, say, sentence};
use super::system_account::account_named;
use crate::accounts::model::Kind;
use crate::accounts::queries::find;
use crate::auth::principal::Principal;
use crate::clock;
use crate::config::{Config, parse_duration};
use crate::tokens::model::Expiry;
use crate::tokens::model::listing::{AccountToken, TokenFilter, TokenScope, TokenWindow};
use crate::tokens::operations::{self, TokenCreation};
use crate::tokens::queries;
use crate::tokens::value::{Access, ID_LENGTH};

#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Create an API token, and print its value, which is shown only this once
    Add(AddToken),
    /// List all API tokens: prefix, name, account, access, state, expiry, last used, created, by whom
    List,
    /// Revoke an API token; it stops working immediately
    Revoke(RevokeToken),
}

#[derive(Args, Debug)]
pub struct AddToken {
    /// Name or UUID of the system account
    #[arg(long, value_name = "ACCOUNT")]
    pub account: String,
    /// What the token is for
    #[arg(long)]
    pub name: String,
    /// What the token can do: read or write
    #[arg(long, value_parser = access)]
    pub access: Access,
    /// Lifetime, such as 90d or 12h, or never [default: 90d, or the maximum lifetime if that is shorter]
    #[arg(long, value_name = "DURATION", value_parser = lifetime)]
    pub expires_in: Option<Lifetime>,
}

#[derive(Args, Debug)]
pub struct RevokeToken {
    /// Public ID of the token: the 12 characters after its first underscore
    pub id: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    For(TimeDelta),
    Never,
}

fn access(text: &str) -> Result<Access, String> {
    Access::parse(text).ok_or_else(|| "A token's access is read or write.".to_owned())
}

fn lifetime(text: &str) -> Result<Lifetime, String> {
    if text == "never" { Ok(Lifetime::Never) } else { parse_duration(text).map(Lifetime::For) }
}

pub fn run(command: TokenCommand, config: &Config) -> Result<(), String> {
    match command {
        TokenCommand::Add(words) => add(config, &words),
        TokenCommand::List => list(config),
        TokenCommand::Revoke(words) => revoke(config, &words.id),
    }
}

fn add(config: &Config, words: &AddToken) -> Result<(), String> {
    let expiry = match words.expires_in {
        Some(Lifetime::For(length)) => Expiry::In(length),
        Some(Lifetime::Never) => Expiry::Never,
        None => Expiry::usual(config.max_token_lifetime),
    };
    let made = open(config)?.write_now(|conn| {
        let id = account_named(conn, &words.account)?;
        let form = TokenCreation { name: words.name.clone(), access: Some(words.access), expiry: Ok(expiry) };
        let (token, value) = operations::create(conn, &Principal::shell(), &id, &form, config.max_token_lifetime)?;
        Ok((find(conn, Kind::System, &id)?, token, value))
    });
    let (account, token, value) = made.map_err(|error| sentence(&error))?;
    let until =
        token.expires_at.map_or("It never expires.".into(), |at| format!("It expires on {}.", at.format("%-d %b %Y %H:%M UTC")));
    note(&format!("Created the token {} for {}. {until}", token.name, account.name));
    if account.disabled {
        note(&format!("{} is disabled: the token works once you enable it.", account.name));
    }
    say(value.expose())
}

/// Rows read at once.
const PART: i64 = 500;

fn list(config: &Config) -> Result<(), String> {
    let (database, now) = (open(config)?, clock::now());
    let (scope, filter) = (TokenScope::of(&Principal::shell()), TokenFilter::default());
    row(&["PREFIX", "NAME", "ACCOUNT", "ACCESS", "STATE", "EXPIRES", "LAST USED", "CREATED", "CREATED BY"])?;
    pages(|after| {
        let window = after.map_or(TokenWindow::First, TokenWindow::After);
        let read = database.read_now(|conn| queries::list::page(conn, (&scope, &filter), &window, PART, now));
        let tokens = read.map_err(|error| sentence(&error))?;
        for AccountToken { token, account_name, account_disabled, .. } in &tokens {
            let state = match token {
                _ if token.is_expired(now) => "expired",
                _ if *account_disabled => "account disabled",
                _ if token.replaced_by.is_some() => "old value",
                _ => "active",
            };
            let at = |moment: Option<NaiveDateTime>| moment.map_or_else(|| "never".to_owned(), clock::written);
            let (expires, used, created) = (at(token.expires_at), at(token.last_used_at), clock::written(token.created_at));
            let (access, by) = (token.access.as_str(), &token.created_by_name);
            row(&[&token.begins_with(), &token.name, account_name, access, state, &expires, &used, &created, by])?;
        }
        Ok(tokens.last().map(|last| last.position(&filter)))
    })
}

fn revoke(config: &Config, id: &str) -> Result<(), String> {
    // Pages show the ID after the prefix `mstr_` or `mstw_`.
    let id = match id.split_once('_') {
        Some(("mstr" | "mstw", id)) => id,
        _ => id,
    };
    if id.len() != ID_LENGTH {
        return Err(format!("A token's public ID has {ID_LENGTH} characters: those after its first underscore, up to the next."));
    }
    let revoked = open(config)?.write_now(|conn| {
        let token = operations::revoke_by_id(conn, &Principal::shell(), id)?;
        let (account, kind) = queries::owner(conn, &token.id)?;
        Ok((token.name, find(conn, kind, &account)?.name))
    });
    let (token, account) = revoked.map_err(|error| sentence(&error))?;
    say(&format!("Revoked the token {token} of {account}."))
}
