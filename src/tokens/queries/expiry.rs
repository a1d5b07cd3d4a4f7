//! The SQL of expiry: an account's `first_expiry_at`, and the tokens that expire soon, have expired, or last too long.

use chrono::{NaiveDateTime, TimeDelta};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Nullable, Text, Timestamp};

use crate::clock;
use crate::database::DbConnection;
use crate::database::sql::Sql;
use crate::error::Error;
use crate::id::Id;

/// Updates an account's `first_expiry_at` from its tokens: the next expiry, else the last one that has passed, else whether it
/// has any. Every change to a token ends with this.
pub fn keep_first_expiry(conn: &mut DbConnection, account: &Id) -> Result<(), Error> {
    keep_first_expiries(conn, [account.clone()], clock::now())
}

/// The same for several accounts at `now`.
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

/// The same for the accounts that the events of a change are about.
pub fn keep_first_expiries_of(conn: &mut DbConnection, change: &Id, now: NaiveDateTime) -> Result<(), Error> {
    let mut sql = Sql::new("UPDATE accounts SET first_expiry_at = ");
    first_expiry("accounts", now, &mut sql);
    sql.push(" WHERE id IN (SELECT target_id FROM audit_events WHERE change_id = ").bind(change).push(")");
    sql.execute(conn).map(drop)
}

#[derive(Debug, QueryableByName)]
pub struct Expired {
    #[diesel(sql_type = Text)]
    #[diesel(column_name = "account_id")]
    pub account: Id,
    #[diesel(sql_type = Timestamp)]
    pub expires_at: NaiveDateTime,
    /// Whether the account's `first_expiry_at` needs an update.
    #[diesel(sql_type = Bool)]
    pub outdated: bool,
}

/// The first `limit` tokens, ordered by expiry and account, that expire after the given place and no later than `until`.
/// `outdated` is as of `now`.
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

/// The right value of `first_expiry_at` at `now`, as SQL.
fn first_expiry(accounts: &str, now: NaiveDateTime, sql: &mut Sql) {
    sql.push("COALESCE(");
    for (which, than) in [("min", "> "), ("max", "<= ")] {
        sql.push("(SELECT ").push(which).push("(t.expires_at) FROM tokens t WHERE t.account_id = ").push(accounts);
        sql.push(".id AND t.revoked_at IS NULL AND t.replaced_by IS NULL AND t.expires_at ");
        sql.push(than).bind(now).push("), ");
    }
    sql.push("(SELECT ").bind(clock::no_expiry()).push(" FROM tokens t WHERE t.account_id = ").push(accounts);
    sql.push(".id AND t.revoked_at IS NULL AND t.replaced_by IS NULL LIMIT 1), ").bind(clock::no_token()).push(")");
}

#[derive(Debug, Clone, QueryableByName)]
pub struct NextExpiry {
    #[diesel(sql_type = Text)]
    pub account: Id,
    #[diesel(sql_type = Text)]
    pub name: String,
    #[diesel(sql_type = Timestamp)]
    pub expires_at: NaiveDateTime,
}

/// The next expiry of each enabled system account that has one between `from` and `to`, soonest first, up to `limit`. Old
/// values of regenerated tokens don't count: they are meant to end.
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

/// A token that lasts longer than the maximum.
#[derive(Debug, Clone, QueryableByName)]
pub struct LongLived {
    /// The token's public ID.
    #[diesel(sql_type = Text)]
    pub id: String,
    #[diesel(sql_type = Text)]
    pub name: String,
    #[diesel(sql_type = Text)]
    pub account: Id,
    #[diesel(sql_type = Text)]
    pub account_name: String,
    /// Whether the account is disabled.
    #[diesel(sql_type = Bool)]
    pub disabled: bool,
    #[diesel(sql_type = Timestamp)]
    pub created_at: NaiveDateTime,
    /// `None`: it never expires.
    #[diesel(sql_type = Nullable<Timestamp>)]
    pub expires_at: Option<NaiveDateTime>,
}

/// How many active tokens of system accounts last longer than `maximum`, and a page of them: those that never expire first,
/// then the latest expiry. Old values of regenerated tokens are left out: they end anyway.
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
    // One second more: SQLite computes days in floating point, and exactly the maximum is allowed.
    sql.bind(maximum.num_seconds().saturating_add(1)).push("))");
}
