//! The teams that a form offers: the first ones by name, and those that are chosen already. All others can be typed.

use std::collections::HashMap;

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Text};

use crate::accounts::model::AccountName;
use crate::database::DbConnection;
use crate::database::sql::Sql;
use crate::error::Error;
use crate::id::Id;
use crate::teams::Team;

/// The most that a form lists by itself: thousands would make every page large.
pub const MOST: i64 = 100;
/// The most that are typed at once.
const TYPED: usize = 200;

/// What a form offers.
#[derive(Debug, Clone, Default)]
pub struct TeamOffer {
    pub teams: Vec<Team>,
    /// How many there are besides.
    pub more: i64,
}

#[derive(QueryableByName)]
struct OfferedRow {
    #[diesel(sql_type = Text)]
    id: Id,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = BigInt)]
    total: i64,
}

/// The first teams by name, with those that are `chosen`; `among` these alone, if not among all.
pub fn offered(conn: &mut DbConnection, chosen: &[Id], among: Option<&[Id]>) -> Result<TeamOffer, Error> {
    let within = |sql: &mut Sql| {
        sql.push(" FROM teams t");
        if let Some(among) = among {
            sql.push(" WHERE t.id IN ").bind_list(among);
        }
    };
    let mut sql = Sql::new("SELECT t.id, t.name, (SELECT count(*)");
    within(&mut sql);
    sql.push(") AS total FROM teams t WHERE t.id IN (SELECT first.id FROM (SELECT t.id");
    within(&mut sql);
    sql.push(" ORDER BY t.name_key, t.id").limit(MOST).push(") first)");
    if !chosen.is_empty() {
        sql.push(" OR t.id IN ").bind_page(chosen);
    }
    sql.push(" ORDER BY t.name_key, t.id");
    let rows: Vec<OfferedRow> = sql.load(conn)?;
    let shown = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    let more = rows.first().map_or(0, |row| row.total - shown).max(0);
    Ok(TeamOffer { teams: rows.into_iter().map(|row| Team { id: row.id, name: row.name }).collect(), more })
}

#[derive(QueryableByName)]
struct KeyRow {
    #[diesel(sql_type = Text)]
    id: Id,
    #[diesel(sql_type = Text)]
    name_key: String,
}

/// The teams that a text names, one a line, whatever the case; `among` these alone, if not among all.
///
/// # Errors
/// `Invalid` (field `team`) with the first name that no team has.
pub fn called(conn: &mut DbConnection, text: &str, among: Option<&[Id]>) -> Result<Vec<Id>, Error> {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if lines.is_empty() {
        return Ok(Vec::new());
    }
    if lines.len() > TYPED {
        return Err(Error::field("team", format!("Enter at most {TYPED} teams.")));
    }
    let nobody = |line: &str| Error::field("team", format!("No team is called “{line}”."));
    let key = |line: &&str| AccountName::parse(line).map(|name| name.key()).map_err(|why| Error::field("team", why));
    let keys = lines.iter().map(key).collect::<Result<Vec<_>, _>>()?;
    let mut sql = Sql::new("SELECT t.id, t.name_key FROM teams t WHERE t.name_key IN ");
    sql.bind_list(keys.iter().map(String::as_str));
    if let Some(among) = among {
        sql.push(" AND t.id IN ").bind_list(among);
    }
    let found: HashMap<String, Id> = sql.load::<KeyRow>(conn)?.into_iter().map(|row| (row.name_key, row.id)).collect();
    lines.iter().zip(&keys).map(|(line, key)| found.get(key).cloned().ok_or_else(|| nobody(line))).collect()
}
