//! What people own, and what depends on them.

use chrono::NaiveDateTime;
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Text, Timestamp};

use crate::accounts::queries::selection::Target;
use crate::database::DbConnection;
use crate::database::sql::Sql;
use crate::error::Error;
use crate::id::Id;

/// A system account that somebody owns.
#[derive(Debug, Clone, QueryableByName)]
pub struct Owned {
    #[diesel(sql_type = Text)]
    pub id: Id,
    #[diesel(sql_type = Text)]
    pub name: String,
    #[diesel(sql_type = Text)]
    pub description: String,
    #[diesel(sql_type = Bool)]
    pub disabled: bool,
    #[diesel(sql_type = Timestamp)]
    pub last_used_at: NaiveDateTime,
    /// How many there are.
    #[diesel(sql_type = BigInt)]
    total: i64,
}

/// The first few of some things, by name, and how many there are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamedSample {
    pub names: Vec<String>,
    pub total: i64,
}

/// What people leave behind when they go.
#[derive(Debug, Clone, Default)]
pub struct Belongings {
    /// The first system accounts that they own.
    pub accounts: Vec<Owned>,
    /// The teams that nobody else administers.
    pub teams: NamedSample,
    /// Whom they have invited, and who has not accepted yet.
    pub invited: NamedSample,
}

/// The most of each kind that are named.
const MOST: i64 = 10;

impl Belongings {
    /// The system accounts that they own.
    pub fn owned(&self) -> NamedSample {
        let total = self.accounts.first().map_or(0, |account| account.total);
        NamedSample { names: self.accounts.iter().map(|account| account.name.clone()).collect(), total }
    }

    /// What a question shows of it.
    pub fn lines(&self) -> Vec<String> {
        let line = |named: NamedSample| format!("{} {}", named.total, named.names.join("\n"));
        [self.owned(), self.teams.clone(), self.invited.clone()].map(line).to_vec()
    }
}

#[derive(QueryableByName)]
struct NameRow {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = BigInt)]
    total: i64,
}

fn named(mut sql: Sql, conn: &mut DbConnection) -> Result<NamedSample, Error> {
    sql.limit(MOST);
    let rows: Vec<NameRow> = sql.load(conn)?;
    let total = rows.first().map_or(0, |row| row.total);
    Ok(NamedSample { names: rows.into_iter().map(|row| row.name).collect(), total })
}

/// What these users would leave behind. Three statements.
pub fn belongings(conn: &mut DbConnection, users: &Target) -> Result<Belongings, Error> {
    let begin = |text: &str| {
        let mut sql = Sql::default();
        users.with(&mut sql);
        sql.push(text);
        sql
    };
    let these = |sql: &mut Sql| {
        sql.push(" IN (SELECT a.id");
        users.from(sql);
        sql.push(")");
    };
    let mut sql = begin("SELECT s.id, s.name, s.description, s.disabled, s.last_used_at, count(*) OVER () AS total ");
    sql.push("FROM accounts s WHERE s.kind = 'system' AND s.owner_id");
    these(&mut sql);
    sql.push(" ORDER BY s.name_key, s.id").limit(MOST);
    let accounts = sql.load(conn)?;
    let mut sql =
        begin("SELECT t.name, count(*) OVER () AS total FROM teams t WHERE EXISTS (SELECT 1 FROM team_administrators own ");
    sql.push("WHERE own.team_id = t.id AND own.account_id");
    these(&mut sql);
    sql.push(") AND NOT EXISTS (SELECT 1 FROM team_administrators other JOIN accounts o ON o.id = other.account_id ");
    sql.push("WHERE other.team_id = t.id AND o.disabled = FALSE AND NOT other.account_id");
    these(&mut sql);
    sql.push(") ORDER BY t.name_key, t.id");
    let teams = named(sql, conn)?;
    let mut sql = begin("SELECT p.name, count(*) OVER () AS total FROM invitations i JOIN accounts p ON p.id = i.account_id ");
    sql.push("WHERE i.invited_by");
    these(&mut sql);
    sql.push(" ORDER BY p.name_key, p.id");
    Ok(Belongings { accounts, teams, invited: named(sql, conn)? })
}
