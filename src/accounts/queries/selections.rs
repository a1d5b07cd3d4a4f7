//! The SQL of selections: what somebody has selected and is asked about, for a day.

use chrono::NaiveDateTime;
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamp};

use super::selection::Target;
use crate::clock;
use crate::database::DbConnection;
use crate::database::sql::{Sql, Value};
use crate::error::Error;
use crate::id::Id;

/// A selection as it is kept.
#[derive(Debug, Clone, QueryableByName)]
pub struct SelectionRow {
    #[diesel(sql_type = Text)]
    pub id: Id,
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// What is to be done; empty for a selection alone.
    #[diesel(sql_type = Text)]
    pub verb: String,
    #[diesel(sql_type = Text)]
    pub params: String,
    /// The list's filters, for all that match.
    #[diesel(sql_type = Nullable<Text>)]
    pub filter: Option<String>,
    /// Of the set that was shown.
    #[diesel(sql_type = Text)]
    pub fingerprint: String,
    #[diesel(sql_type = BigInt)]
    pub size: i64,
    /// The list that it was made on.
    #[diesel(sql_type = Text)]
    pub back: String,
    /// What was done.
    #[diesel(sql_type = Nullable<Text>)]
    pub outcome: Option<String>,
}

/// Whether there is a selection of this identity, whoever made it.
pub fn exists(conn: &mut DbConnection, id: &Id) -> Result<bool, Error> {
    let mut sql = Sql::new("SELECT count(*) AS n FROM selections WHERE id = ");
    sql.bind(id);
    Ok(sql.number(conn)? > 0)
}

/// Writes a selection of `asked_by`, until `expires`, with those that were ticked.
pub fn insert(
    conn: &mut DbConnection,
    row: &SelectionRow,
    (asked_by, expires): (&Id, NaiveDateTime),
    ticked: &[Id],
) -> Result<(), Error> {
    let mut sql = Sql::new(
        "INSERT INTO selections \
         (id, asked_by, created_at, expires_at, kind, verb, params, filter, fingerprint, size, back, outcome) VALUES ",
    );
    let values: [Value; 12] = [
        (&row.id).into(),
        asked_by.into(),
        clock::now().into(),
        expires.into(),
        row.kind.clone().into(),
        row.verb.clone().into(),
        row.params.clone().into(),
        Value::MaybeText(row.filter.clone()),
        row.fingerprint.clone().into(),
        row.size.into(),
        row.back.clone().into(),
        Value::MaybeText(row.outcome.clone()),
    ];
    sql.bind_row(values);
    sql.execute(conn)?;
    if ticked.is_empty() {
        return Ok(());
    }
    let mut sql = Sql::new("INSERT INTO selection_accounts (selection_id, account_id) VALUES ");
    for (at, id) in ticked.iter().enumerate() {
        sql.push(if at == 0 { "(" } else { ", (" }).bind(&row.id).push(", ").bind(id).push(")");
    }
    sql.push(" ON CONFLICT DO NOTHING").once();
    sql.execute(conn).map(drop)
}

/// The selection of that identity, if `asked_by` made it and it is not over.
pub fn find(conn: &mut DbConnection, asked_by: &Id, id: &Id) -> Result<Option<SelectionRow>, Error> {
    let mut sql = Sql::new("SELECT id, kind, verb, params, filter, fingerprint, size, back, outcome FROM selections WHERE id = ");
    sql.bind(id).push(" AND asked_by = ").bind(asked_by).push(" AND expires_at > ").bind(clock::now());
    Ok(sql.load(conn)?.into_iter().next())
}

/// Those that were ticked.
pub fn ticked(conn: &mut DbConnection, id: &Id) -> Result<Vec<Id>, Error> {
    let mut sql = Sql::new("SELECT account_id AS id FROM selection_accounts WHERE selection_id = ");
    sql.bind(id).push(" ORDER BY account_id");
    sql.ids(conn)
}

/// Which of the accounts on a page were ticked.
pub fn ticked_among(conn: &mut DbConnection, id: &Id, page: &[Id]) -> Result<Vec<Id>, Error> {
    let mut sql = Sql::new("SELECT account_id AS id FROM selection_accounts WHERE selection_id = ");
    sql.bind(id).push(" AND account_id IN ").bind_page(page);
    sql.ids(conn)
}

/// Notes what was done.
pub fn set_outcome(conn: &mut DbConnection, id: &Id, outcome: &str) -> Result<(), Error> {
    let mut sql = Sql::new("UPDATE selections SET outcome = ");
    sql.bind(outcome).push(" WHERE id = ").bind(id);
    sql.execute(conn).map(drop)
}

/// Forgets those that are over.
pub fn expire(conn: &mut DbConnection) -> Result<(), Error> {
    let mut sql = Sql::new("DELETE FROM selections WHERE expires_at <= ");
    sql.bind(clock::now());
    sql.execute(conn).map(drop)
}

impl Target {
    /// The account, where it is one by its identity.
    pub fn only(&self) -> Option<&Id> {
        match self {
            Self::Accounts(_, ids) if ids.len() == 1 => ids.first(),
            _ => None,
        }
    }

    /// The names of those that are meant and have been deleted meanwhile, where only `found` of them are there.
    ///
    /// # Errors
    /// `NotFound` where one has never been there, or is of another kind.
    pub fn missing(&self, conn: &mut DbConnection, found: i64) -> Result<Vec<String>, Error> {
        let Self::Accounts(kind, ids) = self else { return Ok(Vec::new()) };
        let missing = ids.len() - usize::try_from(found).unwrap_or_default();
        if missing == 0 {
            return Ok(Vec::new());
        }
        let mut sql = Sql::new("SELECT d.name AS name FROM deleted_accounts d WHERE d.kind = ");
        sql.bind(kind.as_str()).push(" AND d.id IN ").bind_list(ids).push(" ORDER BY d.name, d.id");
        let names = sql.names(conn)?;
        if names.len() == missing { Ok(names) } else { Err(Error::NotFound(kind.noun())) }
    }

    /// The first few that were used since then, by name, and how many there are.
    pub fn used_since(&self, conn: &mut DbConnection, since: NaiveDateTime) -> Result<(Vec<Used>, i64), Error> {
        let mut sql = Sql::default();
        self.with(&mut sql);
        sql.push("SELECT a.name, a.last_used_at AS at, count(*) OVER () AS total");
        self.from(&mut sql);
        sql.push(" AND a.last_used_at > ").bind(since).push(" ORDER BY a.name_key, a.id").limit(FEW);
        let used: Vec<Used> = sql.load(conn)?;
        let total = used.first().map_or(0, |one| one.total);
        Ok((used, total))
    }
}

/// How many are named.
const FEW: i64 = 3;

/// An account that was used lately.
#[derive(QueryableByName)]
pub struct Used {
    #[diesel(sql_type = Text)]
    pub name: String,
    #[diesel(sql_type = Timestamp)]
    pub at: NaiveDateTime,
    #[diesel(sql_type = BigInt)]
    total: i64,
}
