//! The SQL of the list of all tokens. Every statement about it begins with [`from`], so that rows, totals and what a search
//! finds are all of the same tokens: those that the reader may see.

use chrono::{NaiveDateTime, TimeDelta};
use diesel::QueryableByName;
use diesel::sql_types::{Bool, Text};

use crate::accounts::model::{ActivityFilter, COUNT_LIMIT, Kind, SOON_DAYS, Total};
use crate::database::sql::Sql;
use crate::database::{DbConnection, Engine};
use crate::error::Error;
use crate::id::Id;
use crate::tokens::model::listing::{AccountToken, Expires, Reach, TokenFilter, TokenPosition, TokenScope, TokenWindow};
use crate::tokens::queries::StoredTokenRow;

/// What an [`AccountToken`] is read from, of tokens `t` and accounts `a`.
const COLUMNS: &str = "t.id AS id, t.account_id AS account_id, t.name AS name, t.access AS access, t.created_at AS created_at, \
    t.created_by_name AS created_by_name, t.expires_at AS expires_at, t.revoked_at AS revoked_at, t.replaced_by AS replaced_by, \
    t.last_used_at AS last_used_at, t.last_used_from AS last_used_from, t.last_used_agent AS last_used_agent, a.kind AS kind, \
    a.name AS account_name, a.disabled AS account_disabled";

#[derive(QueryableByName)]
struct AccountTokenRow {
    #[diesel(embed)]
    token: StoredTokenRow,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    account_name: String,
    #[diesel(sql_type = Bool)]
    account_disabled: bool,
    #[diesel(sql_type = Bool)]
    whole: bool,
}

impl From<AccountTokenRow> for AccountToken {
    fn from(row: AccountTokenRow) -> Self {
        Self {
            token: row.token.into(),
            kind: Kind::parse(&row.kind).unwrap_or(Kind::System),
            account_name: row.account_name,
            account_disabled: row.account_disabled,
            whole: row.whole,
        }
    }
}

/// `SELECT …`, with an expression for whether a text held the whole value.
pub(super) fn select(whole: impl FnOnce(&mut Sql), sql: &mut Sql) {
    sql.push("SELECT ").push(COLUMNS).push(", ");
    whole(sql);
    sql.push(" AS whole");
}

pub(super) fn load(conn: &mut DbConnection, sql: Sql) -> Result<Vec<AccountToken>, Error> {
    Ok(sql.load::<AccountTokenRow>(conn)?.into_iter().map(AccountToken::from).collect())
}

/// `FROM … WHERE …`: the tokens `t` in a scope, with their accounts `a`.
pub(super) fn from(scope: &TokenScope, sql: &mut Sql) {
    let own = || scope.own.as_ref().map_or("", Id::as_str);
    if scope.systems == Reach::OwnTeams && !scope.users {
        // Of a hundred thousand accounts a few are colleagues: from them to their tokens.
        sql.push(
            " FROM (SELECT f.account_id AS id FROM team_members mine CROSS JOIN team_members f WHERE f.team_id = mine.team_id",
        );
        sql.push(" AND f.kind = 'system' AND mine.account_id = ").bind(own());
        sql.push(" UNION SELECT id FROM accounts WHERE id = ").bind(own());
        sql.push(") m CROSS JOIN accounts a CROSS JOIN tokens t WHERE a.id = m.id AND t.account_id = a.id");
        return;
    }
    // In the order of the tokens, which a page needs.
    sql.push(" FROM tokens t CROSS JOIN accounts a WHERE a.id = t.account_id AND ");
    within(scope, sql);
}

/// Whether a token's account `a` is in a scope.
pub(super) fn within(scope: &TokenScope, sql: &mut Sql) {
    if scope.is_everybody() {
        sql.push("1 = 1");
        return;
    }
    let own = scope.own.as_ref().map_or("", Id::as_str);
    sql.push("(a.id = ").bind(own);
    match scope.systems {
        Reach::All => drop(sql.push(" OR a.kind = 'system'")),
        Reach::OwnTeams => {
            sql.push(" OR (a.kind = 'system' AND EXISTS (SELECT 1 FROM team_members f JOIN team_members mine");
            sql.push(" ON mine.team_id = f.team_id WHERE f.account_id = a.id AND mine.account_id = ").bind(own).push("))");
        }
        Reach::None => {}
    }
    sql.push(if scope.users { " OR a.kind = 'user')" } else { ")" });
}

/// ` AND …`: those that the list shows. Revoked ones have left it; old values are in it while they work.
fn matching(engine: Engine, filter: &TokenFilter, now: NaiveDateTime, sql: &mut Sql) {
    sql.push(" AND t.revoked_at IS NULL AND (t.replaced_by IS NULL OR t.expires_at > ").bind(now).push(")");
    match filter.expires {
        // Old values are meant to end.
        Some(Expires::Soon) => {
            sql.push(" AND t.replaced_by IS NULL AND t.expires_at > ").bind(now);
            sql.push(" AND t.expires_at <= ").bind(now + TimeDelta::days(SOON_DAYS));
        }
        Some(Expires::Expired) => drop(sql.push(" AND t.expires_at <= ").bind(now)),
        Some(Expires::Never) => drop(sql.push(" AND t.expires_at IS NULL")),
        None => {}
    }
    match filter.used {
        Some(ActivityFilter::Recent) => drop(sql.push(" AND t.last_used_at >= ").bind(now - TimeDelta::days(30))),
        Some(ActivityFilter::Unused(days)) => drop(sql.push(" AND t.last_used_at < ").bind(now - TimeDelta::days(days))),
        Some(ActivityFilter::Never) => drop(sql.push(" AND t.last_used_at IS NULL")),
        None => {}
    }
    if let Some(access) = filter.access {
        sql.push(" AND t.access = ").bind(access.as_str());
    }
    searched(engine, filter, sql);
}

/// Words are sought in both names, each anywhere.
fn searched(engine: Engine, filter: &TokenFilter, sql: &mut Sql) {
    let search = &filter.search;
    if search.is_empty() {
        return;
    }
    let position = match engine {
        Engine::Sqlite => "instr(",
        Engine::Postgres => "strpos(",
    };
    let (long, short) = search.words();
    sql.push(" AND (");
    for (at, word) in long.into_iter().chain(short).enumerate() {
        sql.push(if at == 0 { "(" } else { " AND (" }).push(position).push("t.name_key, ").bind(word).push(") > 0 OR ");
        sql.push(position).push("a.search_text, ").bind(word).push(") > 0)");
    }
    if let Some(id) = search.account() {
        sql.push(" OR a.id = ").bind(id);
    }
    if let Some(id) = search.token() {
        // `~` comes after every letter and digit.
        sql.push(" OR (t.id >= ").bind(id).push(" AND t.id < ").bind(format!("{id}~")).push(")");
    }
    sql.push(")");
}

/// All that match, for a statement that begins with something else.
pub(super) fn all_matching(conn: &DbConnection, scope: &TokenScope, filter: &TokenFilter, now: NaiveDateTime, sql: &mut Sql) {
    from(scope, sql);
    matching(conn.engine(), filter, now, sql);
}

/// Up to `size` tokens in the list's order.
pub fn page(
    conn: &mut DbConnection,
    (scope, filter): (&TokenScope, &TokenFilter),
    window: &TokenWindow,
    size: i64,
    now: NaiveDateTime,
) -> Result<Vec<AccountToken>, Error> {
    let column = if filter.is_by_expiry() { "t.expires_at" } else { "t.created_at" };
    let back = matches!(window, TokenWindow::Before(_));
    // The newest come first, and what expires first.
    let descending = filter.is_by_expiry() == back;
    let mut sql = Sql::default();
    select(
        |sql| {
            sql.push("TRUE");
        },
        &mut sql,
    );
    all_matching(conn, scope, filter, now, &mut sql);
    if let TokenWindow::After(TokenPosition { at, id }) | TokenWindow::Before(TokenPosition { at, id }) = window {
        let than = if descending { "<" } else { ">" };
        sql.push(&format!(" AND ({column}, t.id) {than} (")).bind(*at).push(", ").bind(id.as_str()).push(")");
    }
    let order = if descending { "DESC" } else { "ASC" };
    sql.push(&format!(" ORDER BY {column} {order}, t.id {order}")).limit(size);
    let mut rows = load(conn, sql)?;
    if back {
        rows.reverse();
    }
    Ok(rows)
}

/// How many match, counted up to a limit.
pub fn total(conn: &mut DbConnection, scope: &TokenScope, filter: &TokenFilter, now: NaiveDateTime) -> Result<Total, Error> {
    let mut sql = Sql::new("SELECT count(*) AS n FROM (SELECT 1");
    all_matching(conn, scope, filter, now, &mut sql);
    sql.limit(COUNT_LIMIT + 1).push(") s");
    let count = sql.number(conn)?;
    Ok(Total { count: count.min(COUNT_LIMIT), more: count > COUNT_LIMIT })
}

/// How many match, all of them counted.
pub fn count(conn: &mut DbConnection, scope: &TokenScope, filter: &TokenFilter, now: NaiveDateTime) -> Result<i64, Error> {
    let mut sql = Sql::new("SELECT count(*) AS n");
    all_matching(conn, scope, filter, now, &mut sql);
    sql.number(conn)
}
