//! The list of teams, page by page.

use std::collections::HashMap;

use diesel::QueryableByName;
use diesel::sql_types::Text;

use crate::database::DbConnection;
use crate::database::sql::Sql;
use crate::error::Error;
use crate::id::Id;
use crate::teams::Team;
use crate::text::{fold, like_anywhere};

/// Which teams are meant.
#[derive(Debug, Clone, Default)]
pub struct TeamFilter {
    /// A part of the name; empty for all.
    pub search: String,
    pub administrators: AdministratorFilter,
    /// These teams alone; `None` for all.
    pub among: Option<Vec<Id>>,
}

/// Who administers them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum AdministratorFilter {
    #[default]
    Anybody,
    /// Nobody who could sign in.
    Nobody,
    /// This user.
    One(Id),
}

#[derive(QueryableByName)]
struct TeamRow {
    #[diesel(sql_type = Text)]
    id: Id,
    #[diesel(sql_type = Text)]
    name: String,
}

fn matching(sql: &mut Sql, filter: &TeamFilter) {
    sql.push(" FROM teams t WHERE t.name_key LIKE ").bind(like_anywhere(&fold(&filter.search))).push(" ESCAPE '\\'");
    let administered = "EXISTS (SELECT 1 FROM team_administrators ta JOIN accounts a ON a.id = ta.account_id \
                        WHERE ta.team_id = t.id AND a.disabled = FALSE";
    if let Some(among) = &filter.among {
        sql.push(" AND t.id IN ").bind_list(among);
    }
    match &filter.administrators {
        AdministratorFilter::Anybody => {}
        AdministratorFilter::Nobody => {
            sql.push(" AND NOT ").push(administered).push(")");
        }
        AdministratorFilter::One(id) => {
            sql.push(" AND ").push(administered).push(" AND a.id = ").bind(id).push(")");
        }
    }
}

/// How many teams match.
pub fn count(conn: &mut DbConnection, filter: &TeamFilter) -> Result<i64, Error> {
    let mut sql = Sql::new("SELECT count(*) AS n");
    matching(&mut sql, filter);
    sql.number(conn)
}

/// The teams that match, by name, `limit` of them after `offset`.
pub fn page(conn: &mut DbConnection, filter: &TeamFilter, limit: i64, offset: i64) -> Result<Vec<Team>, Error> {
    let mut sql = Sql::new("SELECT t.id, t.name");
    matching(&mut sql, filter);
    sql.push(" ORDER BY t.name_key, t.id").limit(limit).push(" OFFSET ").bind(offset);
    Ok(sql.load::<TeamRow>(conn)?.into_iter().map(|row| Team { id: row.id, name: row.name }).collect())
}

/// Somebody who administers a team.
#[derive(QueryableByName)]
pub struct Administrator {
    #[diesel(sql_type = Text)]
    pub team: Id,
    #[diesel(sql_type = Text)]
    pub id: Id,
    #[diesel(sql_type = Text)]
    pub kind: String,
    #[diesel(sql_type = Text)]
    pub name: String,
}

/// Those who administer each of `teams` and can sign in, by name.
pub fn administrators_of(conn: &mut DbConnection, teams: &[Id]) -> Result<HashMap<Id, Vec<Administrator>>, Error> {
    let mut sql = Sql::new("SELECT ta.team_id AS team, a.id, a.kind, a.name FROM team_administrators ta ");
    sql.push("JOIN accounts a ON a.id = ta.account_id WHERE a.disabled = FALSE AND ta.team_id IN ");
    sql.bind_page(teams).push(" ORDER BY a.name_key, a.id");
    let mut found: HashMap<Id, Vec<Administrator>> = HashMap::new();
    for row in sql.load::<Administrator>(conn)? {
        found.entry(row.team.clone()).or_default().push(row);
    }
    Ok(found)
}
