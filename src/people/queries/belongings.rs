//! What people own, and what depends on them.

use chrono::NaiveDateTime;
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Text, Timestamp};

use crate::accounts::model::{Kind, Right};
use crate::accounts::queries::selection::Target;
use crate::auth::principal::Principal;
use crate::database::DbConnection;
use crate::database::sql::Sql;
use crate::error::Error;
use crate::id::Id;
use crate::teams;

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
    #[diesel(sql_type = Bool)]
    seen: bool,
    /// How many there are.
    #[diesel(sql_type = BigInt)]
    total: i64,
}

/// Whose names somebody may read. All others are only counted.
#[derive(Debug, Clone)]
pub struct VisibleNames {
    accounts: VisibleAccounts,
    /// These teams; `None` for all.
    teams: Option<Vec<Id>>,
}

#[derive(Debug, Clone)]
enum VisibleAccounts {
    All,
    /// Those in a team of this account.
    Colleagues(Id),
    Nobody,
}

impl VisibleNames {
    pub fn all() -> Self {
        Self { accounts: VisibleAccounts::All, teams: None }
    }

    pub fn of(actor: &Principal) -> Self {
        let accounts = match &actor.account {
            _ if actor.may(Kind::System.permission(Right::Read)) => VisibleAccounts::All,
            Some(own) if actor.may(Kind::System.permission(Right::ManageTeam)) => VisibleAccounts::Colleagues(own.clone()),
            _ => VisibleAccounts::Nobody,
        };
        Self { accounts, teams: teams::reach(&actor.permissions) }
    }

    /// Whether the system account `s` is one of them, as a column.
    fn accounts(&self, sql: &mut Sql) {
        match &self.accounts {
            VisibleAccounts::All => sql.push("TRUE"),
            VisibleAccounts::Nobody => sql.push("FALSE"),
            VisibleAccounts::Colleagues(own) => {
                sql.push("EXISTS (SELECT 1 FROM team_members m JOIN team_members mine ON mine.team_id = m.team_id ");
                sql.push("WHERE m.account_id = s.id AND mine.account_id = ").bind(own).push(")")
            }
        };
        sql.push(" AS seen");
    }

    /// Whether the team `t` is one of them, as a column.
    fn teams(&self, sql: &mut Sql) {
        match self.teams.as_deref() {
            None => sql.push("TRUE"),
            Some([]) => sql.push("FALSE"),
            Some(teams) => sql.push("t.id IN ").bind_list(teams),
        };
        sql.push(" AS seen");
    }
}

/// The first few of some things that may be named, by name, and how many there are.
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
    /// How many there are.
    pub owned: i64,
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
        NamedSample { names: self.accounts.iter().map(|account| account.name.clone()).collect(), total: self.owned }
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
    #[diesel(sql_type = Bool)]
    seen: bool,
    #[diesel(sql_type = BigInt)]
    total: i64,
}

fn named(mut sql: Sql, conn: &mut DbConnection) -> Result<NamedSample, Error> {
    sql.limit(MOST);
    let rows: Vec<NameRow> = sql.load(conn)?;
    let total = rows.first().map_or(0, |row| row.total);
    Ok(NamedSample { names: rows.into_iter().filter(|row| row.seen).map(|row| row.name).collect(), total })
}

/// What these users would leave behind, named as far as `sight` goes. Three statements.
pub fn belongings(conn: &mut DbConnection, users: &Target, sight: &VisibleNames) -> Result<Belongings, Error> {
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
    let mut sql = begin("SELECT s.id, s.name, s.description, s.disabled, s.last_used_at, count(*) OVER () AS total, ");
    sight.accounts(&mut sql);
    sql.push(" FROM accounts s WHERE s.kind = 'system' AND s.owner_id");
    these(&mut sql);
    sql.push(" ORDER BY seen DESC, s.name_key, s.id").limit(MOST);
    let mut accounts: Vec<Owned> = sql.load(conn)?;
    let owned = accounts.first().map_or(0, |account| account.total);
    accounts.retain(|account| account.seen);
    let mut sql = begin("SELECT t.name, count(*) OVER () AS total, ");
    sight.teams(&mut sql);
    sql.push(" FROM teams t WHERE EXISTS (SELECT 1 FROM team_administrators own WHERE own.team_id = t.id AND own.account_id");
    these(&mut sql);
    sql.push(") AND NOT EXISTS (SELECT 1 FROM team_administrators other JOIN accounts o ON o.id = other.account_id ");
    sql.push("WHERE other.team_id = t.id AND o.disabled = FALSE AND NOT other.account_id");
    these(&mut sql);
    sql.push(") ORDER BY seen DESC, t.name_key, t.id");
    let teams = named(sql, conn)?;
    // Who manages users may read who they are.
    let mut sql = begin("SELECT p.name, count(*) OVER () AS total, TRUE AS seen FROM invitations i ");
    sql.push("JOIN accounts p ON p.id = i.account_id ");
    sql.push("WHERE i.invited_by");
    these(&mut sql);
    sql.push(" ORDER BY p.name_key, p.id");
    Ok(Belongings { accounts, owned, teams, invited: named(sql, conn)? })
}
