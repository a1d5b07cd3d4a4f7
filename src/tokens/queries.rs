//! The SQL of tokens: one token, and those of an account. What the check reads is in [`credentials`], all about expiry in
//! [`expiry`].

use std::collections::HashMap;

use chrono::NaiveDateTime;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamp};

use super::model::{ListedToken, Token, TokenSummary};
use super::value::{Access, is_id};
use crate::accounts::model::Kind;
use crate::clock;
use crate::database::DbConnection;
use crate::database::sql::Sql;
use crate::error::Error;
use crate::id::Id;
use crate::schema::{accounts, tokens};
use crate::text::fold;

pub mod credentials;
pub mod expiry;
pub mod list;
pub mod names;
pub mod revocation;
pub mod selection;

/// What error messages call a token.
const NOUN: &str = "API token";

/// Everything but the hash, which only the check needs.
#[derive(Queryable, QueryableByName, Selectable)]
#[diesel(table_name = tokens)]
struct StoredTokenRow {
    id: String,
    account_id: Id,
    name: String,
    access: String,
    created_at: NaiveDateTime,
    created_by_name: String,
    expires_at: Option<NaiveDateTime>,
    revoked_at: Option<NaiveDateTime>,
    replaced_by: Option<String>,
    last_used_at: Option<NaiveDateTime>,
    last_used_from: Option<String>,
    last_used_agent: Option<String>,
}

impl From<StoredTokenRow> for Token {
    fn from(row: StoredTokenRow) -> Self {
        Self {
            id: row.id,
            account: row.account_id,
            name: row.name,
            // The database allows no other value; if there were one, it would be read-only.
            access: Access::parse(&row.access).unwrap_or(Access::Read),
            created_at: row.created_at,
            created_by_name: row.created_by_name,
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
            replaced_by: row.replaced_by,
            last_used_at: row.last_used_at,
            last_used_from: row.last_used_from,
            last_used_agent: row.last_used_agent,
        }
    }
}

/// Inserts a token with the hash of its value.
pub fn insert(conn: &mut DbConnection, token: &Token, digest: &[u8; 32]) -> Result<(), Error> {
    diesel::insert_into(tokens::table)
        .values((
            tokens::id.eq(&token.id),
            tokens::account_id.eq(&token.account),
            tokens::name.eq(&token.name),
            tokens::name_key.eq(fold(&token.name)),
            tokens::access.eq(token.access.as_str()),
            tokens::digest.eq(digest.as_slice()),
            tokens::created_at.eq(token.created_at),
            tokens::created_by_name.eq(&token.created_by_name),
            tokens::expires_at.eq(token.expires_at),
        ))
        .execute(conn)?;
    Ok(())
}

/// A token of an account by its public ID, revoked or not.
///
/// # Errors
/// `NotFound` also for a token of another account.
pub fn find(conn: &mut DbConnection, account: &Id, id: &str) -> Result<Token, Error> {
    // The ID comes from a URL, which may contain NUL; Postgres rejects that in text.
    if !is_id(id) {
        return Err(Error::NotFound(NOUN));
    }
    let row: Option<StoredTokenRow> = tokens::table
        .filter(tokens::id.eq(id))
        .filter(tokens::account_id.eq(account))
        .select(StoredTokenRow::as_select())
        .first(conn)
        .optional()?;
    row.map(Token::from).ok_or(Error::NotFound(NOUN))
}

/// The account of a token, and its kind.
pub fn owner(conn: &mut DbConnection, id: &str) -> Result<(Id, Kind), Error> {
    if !is_id(id) {
        return Err(Error::NotFound(NOUN));
    }
    let found: Option<(Id, String)> = tokens::table
        .inner_join(accounts::table)
        .filter(tokens::id.eq(id))
        .select((accounts::id, accounts::kind))
        .first(conn)
        .optional()?;
    found.and_then(|(account, kind)| Some((account, Kind::parse(&kind)?))).ok_or(Error::NotFound(NOUN))
}

/// The tokens on an account's page: newest first, expired ones last, without revoked ones. An old value that still works is
/// listed with the token that replaced it; others are left out.
pub fn of_account(conn: &mut DbConnection, account: &Id) -> Result<Vec<ListedToken>, Error> {
    let rows: Vec<StoredTokenRow> = tokens::table
        .filter(tokens::account_id.eq(account))
        .filter(tokens::revoked_at.is_null())
        .order((tokens::created_at.desc(), tokens::id))
        .select(StoredTokenRow::as_select())
        .load(conn)?;
    let now = clock::now();
    let (replaced, current): (Vec<Token>, Vec<Token>) =
        rows.into_iter().map(Token::from).partition(|token| token.replaced_by.is_some());
    let mut living: HashMap<String, Token> = replaced
        .into_iter()
        .filter(|token| token.is_living(now))
        .filter_map(|token| token.replaced_by.clone().map(|successor| (successor, token)))
        .collect();
    let mut listed: Vec<ListedToken> = current
        .into_iter()
        .map(|token| {
            let predecessor = living.remove(&token.id);
            ListedToken { token, predecessor }
        })
        .collect();
    listed.sort_by_key(|listed| listed.token.is_expired(now));
    Ok(listed)
}

/// The tokens that `id` replaced and that still work at `now`.
pub fn living_predecessors(conn: &mut DbConnection, account: &Id, id: &str, now: NaiveDateTime) -> Result<Vec<Token>, Error> {
    let rows: Vec<StoredTokenRow> = tokens::table
        .filter(tokens::account_id.eq(account))
        .filter(tokens::replaced_by.eq(id))
        .filter(tokens::revoked_at.is_null())
        .filter(tokens::expires_at.is_null().or(tokens::expires_at.gt(now)))
        .order((tokens::created_at, tokens::id))
        .select(StoredTokenRow::as_select())
        .load(conn)?;
    Ok(rows.into_iter().map(Token::from).collect())
}

/// Whether a token replaced another.
pub fn is_successor(conn: &mut DbConnection, account: &Id, id: &str) -> Result<bool, Error> {
    let replaced = tokens::table.filter(tokens::account_id.eq(account)).filter(tokens::replaced_by.eq(id));
    Ok(diesel::select(diesel::dsl::exists(replaced)).get_result(conn)?)
}

/// Deletes an account's replaced tokens that no longer work at `now`, except the last `kept`.
pub fn forget_predecessors(conn: &mut DbConnection, account: &Id, now: NaiveDateTime, kept: i64) -> Result<(), Error> {
    let mut sql = Sql::new("DELETE FROM tokens WHERE id IN (SELECT id FROM tokens WHERE account_id = ");
    sql.bind(account).push(" AND replaced_by IS NOT NULL AND (revoked_at IS NOT NULL OR expires_at <= ").bind(now);
    // SQLite allows no OFFSET without LIMIT.
    sql.push(") ORDER BY created_at DESC, id LIMIT ").bind(i64::MAX).push(" OFFSET ").bind(kept).push(")");
    sql.execute(conn).map(drop)
}

/// A summary of the tokens of each account, in one statement. Accounts without tokens are left out.
pub fn summary(conn: &mut DbConnection, accounts: &[Id]) -> Result<HashMap<Id, TokenSummary>, Error> {
    #[derive(QueryableByName)]
    struct Summary {
        #[diesel(sql_type = Text)]
        account_id: Id,
        #[diesel(sql_type = BigInt)]
        live: i64,
        #[diesel(sql_type = BigInt)]
        expired: i64,
        #[diesel(sql_type = Nullable<Timestamp>)]
        next_expiry: Option<NaiveDateTime>,
        #[diesel(sql_type = Nullable<Timestamp>)]
        last_expired: Option<NaiveDateTime>,
        #[diesel(sql_type = Nullable<Timestamp>)]
        last_used: Option<NaiveDateTime>,
    }
    let now = clock::now();
    let mut sql = Sql::new("SELECT account_id, count(CASE WHEN expires_at IS NULL OR expires_at > ");
    sql.bind(now).push(" THEN 1 END) AS live, count(CASE WHEN expires_at <= ");
    sql.bind(now).push(" THEN 1 END) AS expired, min(CASE WHEN expires_at > ");
    sql.bind(now).push(" THEN expires_at END) AS next_expiry, max(CASE WHEN expires_at <= ");
    sql.bind(now).push(" THEN expires_at END) AS last_expired, max(last_used_at) AS last_used FROM tokens WHERE account_id IN ");
    sql.bind_page(accounts).push(" AND revoked_at IS NULL AND replaced_by IS NULL GROUP BY account_id");
    Ok(sql
        .load::<Summary>(conn)?
        .into_iter()
        .map(|row| {
            let Summary { account_id, live, expired, next_expiry, last_expired, last_used } = row;
            (account_id, TokenSummary { live, expired, next_expiry, last_expired, last_used })
        })
        .collect())
}

pub fn revoke(conn: &mut DbConnection, id: &str, now: NaiveDateTime) -> Result<(), Error> {
    diesel::update(tokens::table.filter(tokens::id.eq(id)).filter(tokens::revoked_at.is_null()))
        .set(tokens::revoked_at.eq(now))
        .execute(conn)?;
    Ok(())
}

/// Records which token replaced this one.
pub fn replace(conn: &mut DbConnection, id: &str, successor: &str) -> Result<(), Error> {
    diesel::update(tokens::table.filter(tokens::id.eq(id))).set(tokens::replaced_by.eq(successor)).execute(conn)?;
    Ok(())
}

/// Changes when a token expires.
pub fn expire(conn: &mut DbConnection, id: &str, at: NaiveDateTime) -> Result<(), Error> {
    diesel::update(tokens::table.filter(tokens::id.eq(id))).set(tokens::expires_at.eq(at)).execute(conn)?;
    Ok(())
}
