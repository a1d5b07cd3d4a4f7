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
pub struct Filter {
    /// A part of the name; empty for all.
    pub search: String,
    pub administrators: Administrators,
    /// These teams alone; `None` for all.
    pub among: Option<Vec<Id>>,
}

/// Who administers them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Administrators {
    #[default]
    Anybody,
    /// Nobody who could sign in.
    Nobody,
    /// This user.
    One(Id),
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    id: Id,
    #[diesel(sql_type = Text)]
    name: String,
}

fn matching(sql: &mut Sql, filter: &Filter) {
    sql.push(" FROM teams t WHERE t.name_key LIKE ").bind(like_anywhere(&fold(&filter.search))).push(" ESCAPE '\\'");
    let administered = "EXISTS (SELECT 1 FROM team_administrators ta JOIN accounts a ON a.id = ta.account_id \
                        WHERE ta.team_id = t.id AND a.disabled = FALSE";
    if let Some(among) = &filter.among {
        sql.push(" AND t.id IN ").bind_list(among);
    }
    match &filter.administrators {
        Administrators::Anybody => {}
        Administrators::Nobody => {
            sql.push(" AND NOT ").push(administered).push(")");
        }
        Administrators::One(id) => {
            sql.push(" AND ").push(administered).push(" AND a.id = ").bind(id).push(")");
        }
    }
}

/// How many teams match.
pub fn count(conn: &mut DbConnection, filter: &Filter) -> Result<i64, Error> {
    let mut sql = Sql::new("SELECT count(*) AS n");
    matching(&mut sql, filter);
    sql.number(conn)
}

/// The teams that match, by name, `limit` of them after `offset`.
pub fn page(conn: &mut DbConnection, filter: &Filter, limit: i64, offset: i64) -> Result<Vec<Team>, Error> {
    let mut sql = Sql::new("SELECT t.id, t.name");
    matching(&mut sql, filter);
    sql.push(" ORDER BY t.name_key, t.id").limit(limit).push(" OFFSET ").bind(offset);
    Ok(sql.load::<Row>(conn)?.into_iter().map(|row| Team { id: row.id, name: row.name }).collect())
}

/// The names of those who administer each of `teams` and can sign in, in order.
pub fn administrator_names(conn: &mut DbConnection, teams: &[Id]) -> Result<HashMap<Id, Vec<String>>, Error> {
    let mut sql =
        Sql::new("SELECT ta.team_id AS id, a.name FROM team_administrators ta JOIN accounts a ON a.id = ta.account_id ");
    sql.push("WHERE a.disabled = FALSE AND ta.team_id IN ").bind_page(teams).push(" ORDER BY a.name_key, a.id");
    let mut names: HashMap<Id, Vec<String>> = HashMap::new();
    for row in sql.load::<Row>(conn)? {
        names.entry(row.id).or_default().push(row.name);
    }
    Ok(names)
}
