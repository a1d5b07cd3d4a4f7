//! The SQL of activity: many rows at once. A row whose token or account has been deleted meanwhile is passed over.

use chrono::{NaiveDateTime, TimeDelta};

use super::usage::{Chunk, DayCount, LastUse};
use crate::audit::{self, verbs};
use crate::auth::principal::Principal;
use crate::database::DbConnection;
use crate::database::sql::{Sql, Value};
use crate::error::Error;
use crate::id::Id;
use crate::tokens::value::TokenId;

/// Rows in one statement. A statement of just so many is kept prepared, for which SQLite takes some hundred kilobytes.
const ROWS: usize = 250;

/// The last use of an account, and its last login, are exact to this; that of each of its tokens is exact. An account's row
/// stands in many indexes: to write it costs four times what a token's row does.
const EXACT_TO: TimeDelta = TimeDelta::minutes(5);

/// Refusals of one token for one reason.
pub struct RefusalReport {
    pub token: TokenId,
    pub reason: &'static str,
    pub count: i64,
}

/// Writes the usage of some accounts, and audit events of refusals.
pub fn write(conn: &mut DbConnection, chunk: &Chunk, reports: &[RefusalReport]) -> Result<(), Error> {
    let (mut tokens, mut uses, mut logins, mut days) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (account, usage) in chunk {
        let (account, last) = (Id::from(*account), usage.last_uses());
        tokens.extend(usage.tokens.iter().filter_map(|token| Some((token.id, token.last.as_ref()?))));
        days.extend(usage.days.iter().map(|day| (account.clone(), *day)));
        logins.extend(last.login.map(|at| (account.clone(), at)));
        uses.extend(last.used.map(|at| (account, at)));
    }
    move_token_use(conn, &tokens)?;
    move_account(conn, "last_used_at", &uses)?;
    move_account(conn, "last_login_at", &logins)?;
    add_to_days(conn, &days)?;
    report_refusals(conn, reports)
}

/// Moves the last use of tokens forward, never back: several instances write.
fn move_token_use(conn: &mut DbConnection, uses: &[(TokenId, &LastUse)]) -> Result<(), Error> {
    for part in uses.chunks(ROWS) {
        let address = |last: &LastUse| last.address.map(|address| address.to_string());
        let agent = |last: &LastUse| last.agent.as_deref().map(Into::into);
        let rows = part
            .iter()
            .map(|(token, last)| [text(token), last.at.into(), Value::MaybeText(address(last)), Value::MaybeText(agent(last))]);
        let mut sql = given("(token, at, address, agent)", rows);
        sql.push(
            "UPDATE tokens SET last_used_at = v.at, last_used_from = v.address, last_used_agent = v.agent FROM v \
             WHERE tokens.id = v.token AND (tokens.last_used_at IS NULL OR tokens.last_used_at < v.at)",
        );
        sql.execute(conn)?;
    }
    Ok(())
}

/// Moves `last_used_at` or `last_login_at` of accounts forward, where it lies further back than [`EXACT_TO`].
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

fn add_to_days(conn: &mut DbConnection, days: &[(Id, DayCount)]) -> Result<(), Error> {
    // A date travels as text, which is what SQLite keeps.
    let day = match conn {
        DbConnection::Sqlite(_) => "v.day",
        DbConnection::Postgres(_) => "CAST(v.day AS DATE)",
    };
    for part in days.chunks(ROWS) {
        let rows = part.iter().map(|(account, day)| {
            [account.into(), day.date.to_string().into(), i64::from(day.accepted).into(), i64::from(day.refused).into()]
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

/// Writes an audit event for each report whose token is still there, as one change.
fn report_refusals(conn: &mut DbConnection, reports: &[RefusalReport]) -> Result<(), Error> {
    if reports.is_empty() {
        return Ok(());
    }
    let change = audit::begin_alone(conn, &Principal::muster())?;
    let mut written = 0;
    for part in reports.chunks(ROWS) {
        let rows = part.iter().map(|report| {
            let detail = serde_json::json!({ "reason": report.reason, "count": report.count });
            [text(&report.token), detail.to_string().into()]
        });
        let mut sql = given("(token, detail)", rows);
        sql.append(audit::into_events("type, target_kind, target_id, target_name, object_id, object_name, detail"));
        change.select(&mut sql).bind(verbs::TOKEN_REFUSED);
        sql.push(
            ", a.kind, a.id, a.name, t.id, t.name, v.detail FROM v JOIN tokens t ON t.id = v.token \
             JOIN accounts a ON a.id = t.account_id",
        );
        written += sql.execute(conn)?;
    }
    if written == 0 { change.discard(conn) } else { Ok(()) }
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
