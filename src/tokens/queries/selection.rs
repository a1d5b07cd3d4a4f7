//! The SQL of selected tokens, and of those that were found in a text.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDateTime;
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Binary, Text};

use super::list::{all_matching, from, load, select};
use crate::database::DbConnection;
use crate::database::sql::{MOST_VALUES, Sql};
use crate::error::Error;
use crate::id::Id;
use crate::tokens::model::listing::{AccountToken, TokenFilter, TokenScope};

fn into(selection: &Id, whole: bool) -> Sql {
    let mut sql = Sql::new("INSERT INTO selection_tokens (selection_id, token_id, whole) SELECT ");
    sql.bind(selection).push(if whole { ", t.id, TRUE" } else { ", t.id, FALSE" });
    sql
}

/// Puts those of `ids` that the scope holds into a selection, and says how many.
pub fn insert(conn: &mut DbConnection, selection: &Id, scope: &TokenScope, ids: &[String], whole: bool) -> Result<usize, Error> {
    let mut inserted = 0;
    for ids in ids.chunks(MOST_VALUES) {
        let mut sql = into(selection, whole);
        from(scope, &mut sql);
        sql.push(" AND t.id IN ").bind_list(ids.iter().map(String::as_str));
        inserted += sql.execute(conn)?;
    }
    Ok(inserted)
}

/// Puts all that match into a selection, and says how many.
pub fn insert_matching(
    conn: &mut DbConnection,
    selection: &Id,
    (scope, filter): (&TokenScope, &TokenFilter),
    now: NaiveDateTime,
) -> Result<usize, Error> {
    let mut sql = into(selection, true);
    all_matching(conn, scope, filter, now, &mut sql);
    sql.execute(conn)
}

/// The hashes of those of `ids` that exist, whosever they are.
pub fn digests(conn: &mut DbConnection, ids: &[String]) -> Result<HashMap<String, Vec<u8>>, Error> {
    #[derive(QueryableByName)]
    struct DigestRow {
        #[diesel(sql_type = Text)]
        id: String,
        #[diesel(sql_type = Binary)]
        digest: Vec<u8>,
    }
    let mut digests = HashMap::new();
    for ids in ids.chunks(MOST_VALUES) {
        let mut sql = Sql::new("SELECT t.id AS id, t.digest AS digest FROM tokens t WHERE t.id IN ");
        sql.bind_list(ids.iter().map(String::as_str));
        digests.extend(sql.load::<DigestRow>(conn)?.into_iter().map(|row| (row.id, row.digest)));
    }
    Ok(digests)
}

/// Those of `ids` that the scope holds.
pub fn seen(conn: &mut DbConnection, scope: &TokenScope, ids: &[String]) -> Result<HashSet<String>, Error> {
    #[derive(QueryableByName)]
    struct Seen {
        #[diesel(sql_type = Text)]
        id: String,
    }
    let mut seen = HashSet::new();
    for ids in ids.chunks(MOST_VALUES) {
        let mut sql = Sql::new("SELECT t.id AS id");
        from(scope, &mut sql);
        sql.push(" AND t.id IN ").bind_list(ids.iter().map(String::as_str));
        seen.extend(sql.load::<Seen>(conn)?.into_iter().map(|row| row.id));
    }
    Ok(seen)
}

fn of_selection(selection: &Id, scope: &TokenScope, sql: &mut Sql) {
    from(scope, sql);
    sql.push(" AND t.id IN (SELECT s.token_id FROM selection_tokens s WHERE s.selection_id = ").bind(selection).push(")");
}

/// The first `limit` tokens of a selection, by account and name.
pub fn rows(conn: &mut DbConnection, selection: &Id, scope: &TokenScope, limit: i64) -> Result<Vec<AccountToken>, Error> {
    let whole = |sql: &mut Sql| {
        sql.push("(SELECT s.whole FROM selection_tokens s WHERE s.token_id = t.id AND s.selection_id = ")
            .bind(selection)
            .push(")");
    };
    let mut sql = Sql::default();
    select(whole, &mut sql);
    of_selection(selection, scope, &mut sql);
    sql.push(" ORDER BY a.name_key, a.id, t.name_key, t.id").limit(limit);
    load(conn, sql)
}

/// How many tokens of a selection there are, and how many of them can be revoked.
pub fn counts(conn: &mut DbConnection, selection: &Id, scope: &TokenScope) -> Result<(i64, i64), Error> {
    #[derive(QueryableByName)]
    struct TokenCounts {
        #[diesel(sql_type = BigInt)]
        total: i64,
        #[diesel(sql_type = BigInt)]
        open: i64,
    }
    let mut sql = Sql::new("SELECT count(*) AS total, count(CASE WHEN t.revoked_at IS NULL AND ");
    sql.push("EXISTS (SELECT 1 FROM selection_tokens s WHERE s.token_id = t.id AND s.whole = TRUE AND s.selection_id = ");
    sql.bind(selection).push(") THEN 1 END) AS open");
    of_selection(selection, scope, &mut sql);
    Ok(sql.load::<TokenCounts>(conn)?.first().map_or((0, 0), |counts| (counts.total, counts.open)))
}
