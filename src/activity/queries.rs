//! The SQL of activity: many rows at once. A row whose token or account has been deleted meanwhile is passed over.

use std::borrow::Cow;
use std::net::IpAddr;

use chrono::{NaiveDate, NaiveDateTime, TimeDelta};
use diesel::prelude::*;

use crate::audit::verbs;
use crate::database::DbConnection;
use crate::database::sql::{Sql, Value};
use crate::error::Error;
use crate::id::Id;
use crate::schema::activity_backlog;
use crate::tokens::value::TokenId;

/// Rows in one statement. A statement of just so many is kept prepared, for which SQLite takes some hundred kilobytes.
const ROWS: usize = 250;

/// The last use of an account, and its last login, are exact to this; that of each of its tokens is exact. An account's row
/// stands in many indexes: to write it costs four times what a token's row does.
const EXACT_TO: TimeDelta = TimeDelta::minutes(5);

/// How the content of what waits is written. Rows of another format are left to the version that writes them.
const FORMAT: i32 = 1;

/// When and from where a token was last used.
#[derive(Debug)]
pub struct LastUse {
    /// The token's public id.
    pub token: TokenId,
    /// When.
    pub at: NaiveDateTime,
    /// The client's address.
    pub address: Option<IpAddr>,
    /// The client's User-Agent.
    pub agent: Option<String>,
}

/// Calls of one account on one day, in UTC.
#[derive(Debug)]
pub struct DayCount {
    /// The account.
    pub account: Id,
    /// The day.
    pub day: NaiveDate,
    /// Accepted calls.
    pub accepted: i64,
    /// Refused calls.
    pub refused: i64,
}

/// Refusals of one token for one reason.
#[derive(Debug)]
pub struct Report {
    /// The token's public id.
    pub token: TokenId,
    /// A word for the reason.
    pub reason: Cow<'static, str>,
    /// How many.
    pub count: i64,
}

/// Moves the last use of tokens forward, never back: several instances write.
///
/// # Errors
/// The database's.
pub fn move_token_use(conn: &mut DbConnection, uses: &[LastUse]) -> Result<(), Error> {
    for part in uses.chunks(ROWS) {
        let rows = part.iter().map(|seen| {
            [
                text(&seen.token),
                seen.at.into(),
                Value::MaybeText(seen.address.map(|address| address.to_string())),
                Value::MaybeText(seen.agent.clone()),
            ]
        });
        let mut sql = given("(token, at, address, agent)", rows);
        sql.push(
            "UPDATE tokens SET last_used_at = v.at, last_used_from = v.address, last_used_agent = v.agent FROM v \
             WHERE tokens.id = v.token AND (tokens.last_used_at IS NULL OR tokens.last_used_at < v.at)",
        );
        sql.execute(conn)?;
    }
    Ok(())
}

/// Moves the last use of accounts forward, where it lies further back than five minutes.
///
/// # Errors
/// The database's.
pub fn move_account_use(conn: &mut DbConnection, accounts: &[(Id, NaiveDateTime)]) -> Result<(), Error> {
    move_account(conn, "last_used_at", accounts)
}

/// Moves the last login of accounts forward, where it lies further back than five minutes.
///
/// # Errors
/// The database's.
pub fn move_account_login(conn: &mut DbConnection, accounts: &[(Id, NaiveDateTime)]) -> Result<(), Error> {
    move_account(conn, "last_login_at", accounts)
}

/// A machine that calls all the time should not cost a write each time.
fn move_account(conn: &mut DbConnection, column: &str, accounts: &[(Id, NaiveDateTime)]) -> Result<(), Error> {
    for part in accounts.chunks(ROWS) {
        let rows = part.iter().map(|(account, at)| [Value::from(account), (*at).into(), (*at - EXACT_TO).into()]);
        let mut sql = given("(account, at, before)", rows);
        sql.push("UPDATE accounts SET ").push(column).push(" = v.at FROM v WHERE accounts.id = v.account AND accounts.");
        sql.push(column).push(" < v.before");
        sql.execute(conn)?;
    }
    Ok(())
}

/// Adds to the days' counts.
///
/// # Errors
/// The database's.
pub fn add_to_days(conn: &mut DbConnection, days: &[DayCount]) -> Result<(), Error> {
    // A date travels as text, which is what SQLite keeps.
    let day = match conn {
        DbConnection::Sqlite(_) => "v.day",
        DbConnection::Postgres(_) => "CAST(v.day AS DATE)",
    };
    for part in days.chunks(ROWS) {
        let rows = part.iter().map(|count| {
            [Value::from(&count.account), count.day.to_string().into(), count.accepted.into(), count.refused.into()]
        });
        let mut sql = given("(account, day, accepted, refused)", rows);
        sql.push("INSERT INTO account_days (account_id, day, accepted, refused) SELECT a.id, ").push(day);
        sql.push(
            ", v.accepted, v.refused FROM v JOIN accounts a ON a.id = v.account WHERE TRUE \
             ON CONFLICT (account_id, day) DO UPDATE SET accepted = account_days.accepted + excluded.accepted, \
             refused = account_days.refused + excluded.refused",
        );
        sql.execute(conn)?;
    }
    Ok(())
}

/// Writes an audit event of `change` for each report whose token is still there. Returns how many.
///
/// # Errors
/// The database's.
pub fn report_refusals(conn: &mut DbConnection, change: &Id, reports: &[Report]) -> Result<usize, Error> {
    let mut written = 0;
    for part in reports.chunks(ROWS) {
        let rows = part.iter().map(|report| {
            let detail = serde_json::json!({ "reason": report.reason, "count": report.count });
            [text(&report.token), detail.to_string().into()]
        });
        let mut sql = given("(token, detail)", rows);
        sql.push(
            "INSERT INTO audit_events (change_id, type, target_kind, target_id, target_name, object_id, object_name, detail) \
             SELECT ",
        );
        sql.bind(change).push(", ").bind(verbs::TOKEN_REFUSED);
        sql.push(
            ", a.kind, a.id, a.name, t.id, t.name, v.detail FROM v JOIN tokens t ON t.id = v.token \
             JOIN accounts a ON a.id = t.account_id",
        );
        written += sql.execute(conn)?;
    }
    Ok(written)
}

/// Notes down what waits to be written to its place, in a new row, whose identity is returned.
///
/// # Errors
/// The database's.
pub fn add_to_backlog(conn: &mut DbConnection, instance: &Id, patience: i64, content: &[u8]) -> Result<Id, Error> {
    let id = Id::new();
    diesel::insert_into(activity_backlog::table)
        .values((
            activity_backlog::id.eq(&id),
            activity_backlog::instance.eq(instance),
            activity_backlog::patience.eq(patience),
            activity_backlog::format.eq(FORMAT),
            activity_backlog::content.eq(content),
        ))
        .execute(conn)?;
    Ok(id)
}

/// Removes a row of what waits, and says whether it was there.
///
/// # Errors
/// The database's.
pub fn remove_backlog(conn: &mut DbConnection, row: &Id) -> Result<bool, Error> {
    Ok(diesel::delete(activity_backlog::table.filter(activity_backlog::id.eq(row))).execute(conn)? > 0)
}

/// Removes all that waits of one instance.
///
/// # Errors
/// The database's.
pub fn remove_backlog_of(conn: &mut DbConnection, instance: &Id) -> Result<(), Error> {
    diesel::delete(activity_backlog::table.filter(activity_backlog::instance.eq(instance))).execute(conn)?;
    Ok(())
}

/// The rows of other instances that this version can read, the oldest first, and the patience of each.
///
/// # Errors
/// The database's.
pub fn backlog_of_others(conn: &mut DbConnection, instance: &Id) -> Result<Vec<(Id, i64)>, Error> {
    let others = activity_backlog::table.filter(activity_backlog::instance.ne(instance));
    let legible = others.filter(activity_backlog::format.eq(FORMAT)).order(activity_backlog::id);
    Ok(legible.select((activity_backlog::id, activity_backlog::patience)).load(conn)?)
}

/// What a row of what waits says; `None` where it is not there any more.
///
/// # Errors
/// The database's.
pub fn find_backlog(conn: &mut DbConnection, row: &Id) -> Result<Option<Vec<u8>>, Error> {
    let found = activity_backlog::table.filter(activity_backlog::id.eq(row)).select(activity_backlog::content);
    Ok(found.first(conn).optional()?)
}

/// A public id is made of ASCII digits and letters alone.
fn text(token: &TokenId) -> Value {
    Value::from(std::str::from_utf8(token).unwrap_or_default())
}

/// `WITH v … AS (VALUES …)`: the rows, for a statement that follows. It is kept prepared where there are [`ROWS`] of them.
fn given<const COLUMNS: usize>(columns: &str, rows: impl ExactSizeIterator<Item = [Value; COLUMNS]>) -> Sql {
    let mut sql = Sql::new("WITH v ");
    if rows.len() != ROWS {
        sql.once();
    }
    sql.push(columns).push(" AS (VALUES ");
    for (at, row) in rows.enumerate() {
        sql.push(if at == 0 { "(" } else { ", (" });
        for (column, value) in row.into_iter().enumerate() {
            sql.push(if column == 0 { "" } else { ", " }).bind(value);
        }
        sql.push(")");
    }
    sql.push(") ");
    sql
}
