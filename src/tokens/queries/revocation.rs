//! The SQL that revokes the tokens of a selection, and the old values of them that still work.

use chrono::NaiveDateTime;
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Text};

use super::expiry;
use super::list::within;
use crate::audit::{self, Change, verbs};
use crate::database::DbConnection;
use crate::database::sql::Sql;
use crate::error::Error;
use crate::id::Id;
use crate::tokens::model::listing::TokenScope;

/// What is to be revoked.
#[derive(Debug, Clone)]
pub struct Chosen<'a> {
    pub selection: &'a Id,
    /// Only these of it; `None` for all.
    pub only: Option<&'a [String]>,
    pub now: NaiveDateTime,
}

impl Chosen<'_> {
    fn ids(&self, sql: &mut Sql) {
        sql.push("(SELECT s.token_id FROM selection_tokens s WHERE s.whole = TRUE AND s.selection_id = ").bind(self.selection);
        if let Some(only) = self.only {
            sql.push(" AND s.token_id IN ").bind_list(only.iter().map(String::as_str));
        }
        sql.push(")");
    }

    /// `FROM … WHERE …`: the tokens `t` that stop, with their accounts `a`.
    fn from(&self, sql: &mut Sql) {
        sql.push(" FROM tokens t JOIN accounts a ON a.id = t.account_id WHERE t.revoked_at IS NULL AND t.account_id IN ");
        sql.push("(SELECT c.account_id FROM tokens c WHERE c.id IN ");
        self.ids(sql);
        sql.push(") AND (t.id IN ");
        self.ids(sql);
        sql.push(" OR (t.replaced_by IN ");
        self.ids(sql);
        sql.push(" AND (t.expires_at IS NULL OR t.expires_at > ").bind(self.now).push(")))");
    }

    /// The first account, by name, that is not in the scope.
    pub fn first_outside(&self, conn: &mut DbConnection, scope: &TokenScope) -> Result<Option<String>, Error> {
        let mut sql = Sql::new("SELECT a.name AS name");
        self.from(&mut sql);
        sql.push(" AND NOT (");
        within(scope, &mut sql);
        sql.push(") ORDER BY a.name_key, a.id LIMIT 1");
        sql.name(conn)
    }

    /// How many of the chosen have been revoked already.
    pub fn revoked_before(&self, conn: &mut DbConnection) -> Result<i64, Error> {
        let mut sql = Sql::new("SELECT count(*) AS n FROM tokens t WHERE t.revoked_at IS NOT NULL AND t.id IN ");
        self.ids(&mut sql);
        sql.number(conn)
    }

    /// Writes an event for each token that stops, in the words of [`crate::tokens::operations::revoke`].
    pub fn write_events(&self, conn: &mut DbConnection, change: &Change) -> Result<usize, Error> {
        let mut sql = audit::into_events("type, target_kind, target_id, target_name, object_id, object_name, detail");
        change.select(&mut sql).bind(verbs::TOKEN_REVOKED).push(", a.kind, a.id, a.name, t.id, t.name, ");
        sql.push(
            "'{\"access\":\"' || t.access || '\",\"expires_at\":' || CASE WHEN t.expires_at IS NULL THEN 'null' ELSE '\"' || ",
        );
        sql.push(match conn {
            DbConnection::Sqlite(_) => "strftime('%Y-%m-%dT%H:%M:%SZ', t.expires_at)",
            DbConnection::Postgres(_) => "to_char(t.expires_at, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')",
        });
        sql.push(" || '\"' END || ',\"replaced\":' || CASE WHEN t.replaced_by IS NULL THEN 'false' ELSE 'true' END || '}'");
        self.from(&mut sql);
        sql.push(" ORDER BY a.name_key, a.id, t.name_key, t.id");
        sql.execute(conn)
    }
}

/// Revokes the tokens that a change's events are about.
pub fn carry_out(conn: &mut DbConnection, change: &Change, now: NaiveDateTime) -> Result<(), Error> {
    let mut sql = Sql::new("UPDATE tokens SET revoked_at = ");
    sql.bind(now).push(" WHERE id IN (SELECT object_id FROM audit_events WHERE change_id = ").bind(&change.id).push(")");
    sql.execute(conn)?;
    expiry::keep_first_expiries_of(conn, &change.id, now)
}

/// What a change revoked.
#[derive(Debug, Clone, Default, PartialEq, Eq, QueryableByName)]
pub struct Stopped {
    /// Tokens, without old values.
    #[diesel(sql_type = BigInt)]
    pub tokens: i64,
    /// Old values.
    #[diesel(sql_type = BigInt)]
    pub old_values: i64,
    /// The first token's name and its account's.
    #[diesel(sql_type = Text)]
    pub name: String,
    #[diesel(sql_type = Text)]
    pub account: String,
}

pub fn stopped_by(conn: &mut DbConnection, change: &Change) -> Result<Stopped, Error> {
    let mut sql = Sql::new(
        "SELECT count(CASE WHEN t.replaced_by IS NULL THEN 1 END) AS tokens, \
         count(CASE WHEN t.replaced_by IS NOT NULL THEN 1 END) AS old_values, min(e.object_name) AS name, \
         min(e.target_name) AS account FROM audit_events e JOIN tokens t ON t.id = e.object_id WHERE e.change_id = ",
    );
    sql.bind(&change.id);
    sql.load(conn)?.into_iter().next().ok_or_else(|| Error::Internal("a count without a row".into()))
}
