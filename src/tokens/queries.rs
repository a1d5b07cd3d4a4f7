//! The SQL of tokens.

use std::collections::{HashMap, HashSet};

use chrono::{NaiveDateTime, TimeDelta};
use diesel::dsl::max;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Text, Timestamp};

use super::model::{ListedToken, Token, TokenSummary};
use super::value::Access;
use crate::accounts::model::Kind;
use crate::audit::verbs;
use crate::clock;
use crate::database::DbConnection;
use crate::database::sql::Sql;
use crate::error::Error;
use crate::id::Id;
use crate::schema::{accounts, audit_events, revisions, tokens};

/// What a token is called where there is none of that id.
const NOUN: &str = "API token";

#[derive(Queryable)]
struct Row {
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

type Columns = (
    tokens::id,
    tokens::account_id,
    tokens::name,
    tokens::access,
    tokens::created_at,
    tokens::created_by_name,
    tokens::expires_at,
    tokens::revoked_at,
    tokens::replaced_by,
    tokens::last_used_at,
    tokens::last_used_from,
    tokens::last_used_agent,
);

/// All but the digest, which only the check has a use for.
const COLUMNS: Columns = (
    tokens::id,
    tokens::account_id,
    tokens::name,
    tokens::access,
    tokens::created_at,
    tokens::created_by_name,
    tokens::expires_at,
    tokens::revoked_at,
    tokens::replaced_by,
    tokens::last_used_at,
    tokens::last_used_from,
    tokens::last_used_agent,
);

impl From<Row> for Token {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            account: row.account_id,
            name: row.name,
            // The database refuses any other word; whatever came past it could only ask.
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

/// Writes a new token with the digest of its value.
///
/// # Errors
/// The database's.
pub fn insert(conn: &mut DbConnection, token: &Token, digest: &[u8; 32]) -> Result<(), Error> {
    diesel::insert_into(tokens::table)
        .values((
            tokens::id.eq(&token.id),
            tokens::account_id.eq(&token.account),
            tokens::name.eq(&token.name),
            tokens::access.eq(token.access.as_str()),
            tokens::digest.eq(digest.as_slice()),
            tokens::created_at.eq(token.created_at),
            tokens::created_by_name.eq(&token.created_by_name),
            tokens::expires_at.eq(token.expires_at),
        ))
        .execute(conn)?;
    Ok(())
}

/// An account's token by its public id, also a revoked one.
///
/// # Errors
/// `NotFound` where there is none, or where it is another account's.
pub fn find(conn: &mut DbConnection, account: &Id, id: &str) -> Result<Token, Error> {
    // It comes from an address, where a NUL may stand, which Postgres takes in no text.
    if !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(Error::NotFound(NOUN));
    }
    let row: Option<Row> =
        tokens::table.filter(tokens::id.eq(id)).filter(tokens::account_id.eq(account)).select(COLUMNS).first(conn).optional()?;
    row.map(Token::from).ok_or(Error::NotFound(NOUN))
}

/// The account that a token belongs to, and of which kind it is.
///
/// # Errors
/// `NotFound` where there is no token of that id.
pub fn owner(conn: &mut DbConnection, id: &str) -> Result<(Id, Kind), Error> {
    let found: Option<(Id, String)> = tokens::table
        .inner_join(accounts::table)
        .filter(tokens::id.eq(id))
        .select((accounts::id, accounts::kind))
        .first(conn)
        .optional()?;
    found.and_then(|(account, kind)| Some((account, Kind::parse(&kind)?))).ok_or(Error::NotFound(NOUN))
}

/// The tokens of an account for its page, the newest first, then those that have expired. Revoked ones are left out. An
/// old value that still works stands under the token that replaced it; one that does not is left out.
///
/// # Errors
/// The database's.
pub fn of_account(conn: &mut DbConnection, account: &Id) -> Result<Vec<ListedToken>, Error> {
    let rows: Vec<Row> = tokens::table
        .filter(tokens::account_id.eq(account))
        .filter(tokens::revoked_at.is_null())
        .order((tokens::created_at.desc(), tokens::id))
        .select(COLUMNS)
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

/// What `id` replaced, as far as that still works at `now`.
///
/// # Errors
/// The database's.
pub fn living_predecessors(conn: &mut DbConnection, account: &Id, id: &str, now: NaiveDateTime) -> Result<Vec<Token>, Error> {
    let rows: Vec<Row> = tokens::table
        .filter(tokens::account_id.eq(account))
        .filter(tokens::replaced_by.eq(id))
        .filter(tokens::revoked_at.is_null())
        .filter(tokens::expires_at.is_null().or(tokens::expires_at.gt(now)))
        .order((tokens::created_at, tokens::id))
        .select(COLUMNS)
        .load(conn)?;
    Ok(rows.into_iter().map(Token::from).collect())
}

/// Whether a token has replaced another.
///
/// # Errors
/// The database's.
pub fn is_successor(conn: &mut DbConnection, account: &Id, id: &str) -> Result<bool, Error> {
    let replaced = tokens::table.filter(tokens::account_id.eq(account)).filter(tokens::replaced_by.eq(id));
    Ok(diesel::select(diesel::dsl::exists(replaced)).get_result(conn)?)
}

/// Removes an account's replaced tokens that have ended at `now`, but for the last `kept`.
///
/// # Errors
/// The database's.
pub fn forget_predecessors(conn: &mut DbConnection, account: &Id, now: NaiveDateTime, kept: i64) -> Result<(), Error> {
    let mut sql = Sql::new("DELETE FROM tokens WHERE id IN (SELECT id FROM tokens WHERE account_id = ");
    sql.bind(account).push(" AND replaced_by IS NOT NULL AND (revoked_at IS NOT NULL OR expires_at <= ").bind(now);
    // SQLite takes no OFFSET without a LIMIT.
    sql.push(") ORDER BY created_at DESC, id LIMIT ").bind(i64::MAX).push(" OFFSET ").bind(kept).push(")");
    sql.execute(conn).map(drop)
}

/// The tokens of each of `accounts` in short; an account without any is left out. One statement, whatever the number.
///
/// # Errors
/// The database's.
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

/// Revokes a token, unless it is revoked already.
///
/// # Errors
/// The database's.
pub fn revoke(conn: &mut DbConnection, id: &str, now: NaiveDateTime) -> Result<(), Error> {
    diesel::update(tokens::table.filter(tokens::id.eq(id)).filter(tokens::revoked_at.is_null()))
        .set(tokens::revoked_at.eq(now))
        .execute(conn)?;
    Ok(())
}

/// Writes down by what a token was replaced.
///
/// # Errors
/// The database's.
pub fn replace(conn: &mut DbConnection, id: &str, successor: &str) -> Result<(), Error> {
    diesel::update(tokens::table.filter(tokens::id.eq(id))).set(tokens::replaced_by.eq(successor)).execute(conn)?;
    Ok(())
}

/// Gives a token another expiry.
///
/// # Errors
/// The database's.
pub fn expire(conn: &mut DbConnection, id: &str, at: NaiveDateTime) -> Result<(), Error> {
    diesel::update(tokens::table.filter(tokens::id.eq(id))).set(tokens::expires_at.eq(at)).execute(conn)?;
    Ok(())
}

/// Brings an account's `first_expiry_at` in line with its tokens: the next expiry, or else the last one that has passed.
/// Every change to a token ends with this.
///
/// # Errors
/// The database's.
pub fn keep_first_expiry(conn: &mut DbConnection, account: &Id) -> Result<(), Error> {
    keep_first_expiries(conn, [account.clone()], clock::now())
}

/// The same for several accounts, as it is at `now`.
///
/// # Errors
/// The database's.
pub fn keep_first_expiries(
    conn: &mut DbConnection,
    accounts: impl IntoIterator<Item = Id>,
    now: NaiveDateTime,
) -> Result<(), Error> {
    let mut sql = Sql::new("UPDATE accounts SET first_expiry_at = ");
    first_expiry("accounts", now, &mut sql);
    sql.push(" WHERE id IN ").bind_list(accounts.into_iter().map(|account| account.to_string()));
    sql.execute(conn).map(drop)
}

/// A token that has expired.
#[derive(Debug, QueryableByName)]
pub struct Expired {
    /// Its account.
    #[diesel(sql_type = Text)]
    #[diesel(column_name = "account_id")]
    pub account: Id,
    /// When it expired.
    #[diesel(sql_type = Timestamp)]
    pub expires_at: NaiveDateTime,
    /// Whether the account's `first_expiry_at` is not what it is to be.
    #[diesel(sql_type = Bool)]
    pub outdated: bool,
}

/// The first `limit` tokens, by expiry and account, that expire behind a place in that order and up to `until`; `outdated` as it
/// is at `now`.
///
/// # Errors
/// The database's.
pub fn expired(
    conn: &mut DbConnection,
    (after, account): &(NaiveDateTime, String),
    until: NaiveDateTime,
    now: NaiveDateTime,
    limit: usize,
) -> Result<Vec<Expired>, Error> {
    let mut sql = Sql::new("SELECT page.account_id, page.expires_at, a.first_expiry_at <> ");
    first_expiry("a", now, &mut sql);
    sql.push(
        " AS outdated FROM (SELECT account_id, expires_at FROM tokens WHERE revoked_at IS NULL AND replaced_by IS NULL \
         AND (expires_at, account_id) > (",
    );
    sql.bind(*after).push(", ").bind(account.as_str()).push(") AND expires_at <= ").bind(until);
    sql.push(" ORDER BY expires_at, account_id").limit(i64::try_from(limit).unwrap_or(i64::MAX));
    sql.push(") page CROSS JOIN accounts a WHERE a.id = page.account_id ORDER BY page.expires_at, page.account_id");
    sql.load(conn)
}

/// What `first_expiry_at` of a row of `accounts` is to be at `now`.
fn first_expiry(accounts: &str, now: NaiveDateTime, sql: &mut Sql) {
    sql.push("COALESCE(");
    for (which, than) in [("min", "> "), ("max", "<= ")] {
        sql.push("(SELECT ").push(which).push("(t.expires_at) FROM tokens t WHERE t.account_id = ").push(accounts);
        sql.push(".id AND t.revoked_at IS NULL AND t.replaced_by IS NULL AND t.expires_at ");
        sql.push(than).bind(now).push("), ");
    }
    sql.bind(clock::far_future()).push(")");
}

/// A token with its account, as it is stored: what the check decides by.
#[derive(Debug, Clone)]
pub struct StoredCredential {
    /// The public id.
    pub id: String,
    /// SHA-256 of the whole token.
    pub digest: Vec<u8>,
    /// What the token may do, `read` or `write`.
    pub access: String,
    /// From when it is refused.
    pub expires_at: Option<NaiveDateTime>,
    /// Whether it is revoked.
    pub revoked: bool,
    /// The account.
    pub account: Id,
    /// The account's kind, `user` or `system`.
    pub kind: String,
    /// The account's name.
    pub name: String,
    /// Whether the account is disabled.
    pub disabled: bool,
}

/// The tokens of these accounts.
///
/// # Errors
/// The database's.
pub fn credentials(conn: &mut DbConnection, of: &[Id]) -> Result<Vec<StoredCredential>, Error> {
    type Row = (String, Vec<u8>, String, Option<NaiveDateTime>, Option<NaiveDateTime>, Id, String, String, bool);
    let columns = (
        tokens::id,
        tokens::digest,
        tokens::access,
        tokens::expires_at,
        tokens::revoked_at,
        accounts::id,
        accounts::kind,
        accounts::name,
        accounts::disabled,
    );
    let rows: Vec<Row> = tokens::table
        .inner_join(accounts::table)
        .filter(tokens::account_id.eq_any(of.iter().map(Id::as_str)))
        .select(columns)
        .load(conn)?;
    let stored = |(id, digest, access, expires_at, revoked_at, account, kind, name, disabled): Row| StoredCredential {
        id,
        digest,
        access,
        expires_at,
        revoked: revoked_at.is_some(),
        account,
        kind,
        name,
        disabled,
    };
    Ok(rows.into_iter().map(stored).collect())
}

/// The next `limit` accounts that have a token, in the order of their identities, after one of them.
///
/// # Errors
/// The database's.
pub fn holders(conn: &mut DbConnection, after: Option<&Id>, limit: usize) -> Result<Vec<Id>, Error> {
    Ok(tokens::table
        .filter(tokens::account_id.gt(after.map_or("", Id::as_str).to_owned()))
        .select(tokens::account_id)
        .distinct()
        .order(tokens::account_id)
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .load(conn)?)
}

/// The account of a public id, whatever its kind; `None` where there is no such token.
///
/// # Errors
/// The database's.
pub fn account_of(conn: &mut DbConnection, id: &str) -> Result<Option<Id>, Error> {
    Ok(tokens::table.filter(tokens::id.eq(id)).select(tokens::account_id).first(conn).optional()?)
}

/// The number of the last change of an administrator; zero where there was none.
///
/// # Errors
/// The database's.
pub fn last_revision(conn: &mut DbConnection) -> Result<i64, Error> {
    Ok(revisions::table.select(max(revisions::revision)).first::<Option<i64>>(conn)?.unwrap_or_default())
}

/// What the changes after a revision touched.
#[derive(Debug, Clone)]
pub struct Changed {
    /// The last of them.
    pub revision: i64,
    /// Whether they touched anything but accounts.
    pub everything: bool,
    /// The accounts that were disabled (true) or enabled, in the order in which it happened.
    pub states: Vec<(Id, bool)>,
    /// The roles that accounts were given or lost, in the order in which it happened.
    pub roles: Vec<RoleChange>,
    /// The accounts that something else happened to; they are not among those above.
    pub accounts: Vec<Id>,
}

/// An account was given a role, or lost it.
#[derive(Debug, Clone)]
pub struct RoleChange {
    /// The account.
    pub account: Id,
    /// The role.
    pub role: Id,
    /// Whether the account has it after that.
    pub held: bool,
}

/// What the changes after revision `since` touched; `None` where there was no change.
///
/// # Errors
/// The database's.
pub fn changed_since(conn: &mut DbConnection, since: i64) -> Result<Option<Changed>, Error> {
    let revision = last_revision(conn)?;
    if revision <= since {
        return Ok(None);
    }
    let events: Vec<(String, String, Option<Id>, Option<String>)> = revisions::table
        .inner_join(audit_events::table.on(audit_events::change_id.eq(revisions::change_id)))
        .filter(revisions::revision.gt(since))
        .filter(revisions::revision.le(revision))
        .order((revisions::revision, audit_events::seq))
        .select((audit_events::event_type, audit_events::target_kind, audit_events::target_id, audit_events::object_id))
        .load(conn)?;
    let mut changed = Changed { revision, everything: false, states: Vec::new(), roles: Vec::new(), accounts: Vec::new() };
    let mut others: HashSet<Id> = HashSet::new();
    for (verb, kind, id, object) in events {
        let Some(account) = Kind::parse(&kind).and(id) else {
            changed.everything = true;
            continue;
        };
        let role = object.as_deref().and_then(Id::parse);
        match (verb.as_str(), role) {
            (verbs::ACCOUNT_DISABLED, _) => changed.states.push((account, true)),
            (verbs::ACCOUNT_ENABLED, _) => changed.states.push((account, false)),
            (verbs::ROLE_ADDED, Some(role)) => changed.roles.push(RoleChange { account, role, held: true }),
            (verbs::ROLE_REMOVED, Some(role)) => changed.roles.push(RoleChange { account, role, held: false }),
            _ => drop(others.insert(account)),
        }
    }
    changed.states.retain(|(account, _)| !others.contains(account));
    changed.roles.retain(|change| !others.contains(&change.account));
    changed.accounts.extend(others);
    Ok(Some(changed))
}

/// When the next token of an account expires.
#[derive(Debug, Clone, QueryableByName)]
pub struct NextExpiry {
    /// The account.
    #[diesel(sql_type = Text)]
    pub account: Id,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// When.
    #[diesel(sql_type = Timestamp)]
    pub expires_at: NaiveDateTime,
}

/// The next expiry of the enabled system accounts that have one after `from` and up to `to`, the nearest first, at most
/// `limit` of them. Old values that live on for a while do not count: they are meant to end.
///
/// # Errors
/// The database's.
pub fn next_expiries(
    conn: &mut DbConnection,
    from: NaiveDateTime,
    to: NaiveDateTime,
    limit: i64,
) -> Result<Vec<NextExpiry>, Error> {
    let mut sql = Sql::new(
        "SELECT a.id AS account, a.name AS name, min(t.expires_at) AS expires_at FROM tokens t JOIN accounts a \
         ON a.id = t.account_id WHERE t.expires_at > ",
    );
    sql.bind(from).push(" AND t.expires_at <= ").bind(to);
    sql.push(" AND t.revoked_at IS NULL AND t.replaced_by IS NULL AND a.kind = 'system' AND a.disabled = FALSE");
    sql.push(" GROUP BY a.id, a.name ORDER BY min(t.expires_at), a.id LIMIT ").bind(limit);
    sql.load(conn)
}

/// A token that lives longer than the installation now allows.
#[derive(Debug, Clone, QueryableByName)]
pub struct LongLived {
    /// The token's public id.
    #[diesel(sql_type = Text)]
    pub id: String,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// The account.
    #[diesel(sql_type = Text)]
    pub account: Id,
    /// The account's name.
    #[diesel(sql_type = Text)]
    pub account_name: String,
    /// Whether the account is disabled.
    #[diesel(sql_type = Bool)]
    pub disabled: bool,
    /// When the token was made.
    #[diesel(sql_type = Timestamp)]
    pub created_at: NaiveDateTime,
    /// When it expires; `None` for never.
    #[diesel(sql_type = Nullable<Timestamp>)]
    pub expires_at: Option<NaiveDateTime>,
}

/// How many living tokens of system accounts have a longer life than `maximum`, from their creation to their expiry, and
/// those of them that stand at `offset`: first those that never expire, then the last to expire. Old values that live on for
/// a while are left out: their end is set.
///
/// # Errors
/// The database's.
pub fn longer_than(
    conn: &mut DbConnection,
    maximum: TimeDelta,
    now: NaiveDateTime,
    limit: i64,
    offset: i64,
) -> Result<(i64, Vec<LongLived>), Error> {
    let mut count = Sql::new("SELECT count(*) AS n");
    longer(conn, &mut count, maximum, now);
    let total = count.number(conn)?;
    let mut rows = Sql::new(
        "SELECT t.id AS id, t.name AS name, a.id AS account, a.name AS account_name, a.disabled AS disabled, \
         t.created_at AS created_at, t.expires_at AS expires_at",
    );
    longer(conn, &mut rows, maximum, now);
    rows.push(" ORDER BY CASE WHEN t.expires_at IS NULL THEN 0 ELSE 1 END, t.expires_at DESC, t.id LIMIT ").bind(limit);
    rows.push(" OFFSET ").bind(offset);
    Ok((total, rows.load(conn)?))
}

fn longer(conn: &DbConnection, sql: &mut Sql, maximum: TimeDelta, now: NaiveDateTime) {
    sql.push(" FROM tokens t JOIN accounts a ON a.id = t.account_id WHERE a.kind = 'system' AND t.revoked_at IS NULL");
    sql.push(" AND t.replaced_by IS NULL AND (t.expires_at IS NULL OR (t.expires_at > ").bind(now);
    sql.push(match conn {
        DbConnection::Sqlite(_) => " AND (julianday(t.expires_at) - julianday(t.created_at)) * 86400.0 > ",
        DbConnection::Postgres(_) => " AND extract(epoch FROM t.expires_at - t.created_at) > ",
    });
    // One second more: SQLite counts days in floating point, and a life of exactly the maximum is allowed.
    sql.bind(maximum.num_seconds().saturating_add(1)).push("))");
}
