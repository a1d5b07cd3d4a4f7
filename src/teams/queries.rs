//! Reading teams and who belongs to them.

use std::collections::HashMap;

use diesel::prelude::*;

use super::Team;
use crate::accounts::model::AccountName;
use crate::clock;
use crate::database::DbConnection;
use crate::database::sql::Sql;
use crate::error::Error;
use crate::id::Id;
use crate::schema::{team_administrators, team_members, teams};
use crate::text::fold;

pub mod applications;
pub mod list;
pub mod members;
pub mod offered;

/// All teams, by name.
pub fn all(conn: &mut DbConnection) -> Result<Vec<Team>, Error> {
    let rows: Vec<(Id, String)> = teams::table.order((teams::name_key, teams::id)).select((teams::id, teams::name)).load(conn)?;
    Ok(rows.into_iter().map(|(id, name)| Team { id, name }).collect())
}

/// The team that goes by this folded name.
pub fn named(conn: &mut DbConnection, name_key: &str) -> Result<Option<Id>, Error> {
    Ok(teams::table.filter(teams::name_key.eq(name_key)).select(teams::id).first(conn).optional()?)
}

/// One team.
pub fn find_one(conn: &mut DbConnection, id: &Id) -> Result<Team, Error> {
    find(conn, std::slice::from_ref(id))?.pop().ok_or(Error::NotFound("team"))
}

/// When a team was created.
pub fn created_at(conn: &mut DbConnection, id: &Id) -> Result<chrono::NaiveDateTime, Error> {
    teams::table.find(id).select(teams::created_at).first(conn).optional()?.ok_or(Error::NotFound("team"))
}

/// When each of these teams was created.
pub fn created(conn: &mut DbConnection, ids: &[Id]) -> Result<HashMap<Id, chrono::NaiveDateTime>, Error> {
    let rows: Vec<(Id, chrono::NaiveDateTime)> =
        teams::table.filter(teams::id.eq_any(ids.iter().map(Id::as_str))).select((teams::id, teams::created_at)).load(conn)?;
    Ok(rows.into_iter().collect())
}

/// Gives a team another name.
pub fn rename(conn: &mut DbConnection, id: &Id, name: &AccountName) -> Result<(), Error> {
    let named = (teams::name.eq(name.as_str()), teams::name_key.eq(name.key()));
    diesel::update(teams::table.find(id)).set(named).execute(conn)?;
    Ok(())
}

/// Deletes a team's row, and with it who belongs to it.
pub fn delete(conn: &mut DbConnection, id: &Id) -> Result<(), Error> {
    diesel::delete(teams::table.find(id)).execute(conn)?;
    Ok(())
}

/// Writes a new team.
pub fn insert(conn: &mut DbConnection, id: &Id, name: &str) -> Result<(), Error> {
    diesel::insert_into(teams::table)
        .values((teams::id.eq(id), teams::name.eq(name), teams::name_key.eq(fold(name)), teams::created_at.eq(clock::now())))
        .execute(conn)?;
    Ok(())
}

/// The teams of `ids` that exist, by name.
pub fn find(conn: &mut DbConnection, ids: &[Id]) -> Result<Vec<Team>, Error> {
    let rows: Vec<(Id, String)> = teams::table
        .filter(teams::id.eq_any(ids.iter().map(Id::as_str)))
        .order((teams::name_key, teams::id))
        .select((teams::id, teams::name))
        .load(conn)?;
    Ok(rows.into_iter().map(|(id, name)| Team { id, name }).collect())
}

/// The teams of each of `accounts`, by name. One statement, whatever the number.
pub fn of_accounts(conn: &mut DbConnection, accounts: &[Id]) -> Result<HashMap<Id, Vec<Team>>, Error> {
    let rows: Vec<(Id, Id, String)> = team_members::table
        .inner_join(teams::table)
        .filter(team_members::account_id.eq_any(accounts.iter().map(Id::as_str)))
        .order((teams::name_key, teams::id))
        .select((team_members::account_id, teams::id, teams::name))
        .load(conn)?;
    let mut found: HashMap<Id, Vec<Team>> = HashMap::new();
    for (account, id, name) in rows {
        found.entry(account).or_default().push(Team { id, name });
    }
    Ok(found)
}

/// Whether two accounts are members of one team.
pub fn share_team(conn: &mut DbConnection, one: &Id, other: &Id) -> Result<bool, Error> {
    let mut sql = Sql::new("SELECT count(*) AS n FROM team_members m JOIN team_members o ON o.team_id = m.team_id WHERE ");
    sql.push("m.account_id = ").bind(one).push(" AND o.account_id = ").bind(other);
    Ok(sql.number(conn)? > 0)
}

/// Whether an account is a member of a team that `other` is not in.
pub fn is_elsewhere(conn: &mut DbConnection, account: &Id, other: Option<&Id>) -> Result<bool, Error> {
    let mut sql = Sql::new("SELECT count(*) AS n FROM team_members m WHERE m.account_id = ");
    sql.bind(account).push(" AND NOT EXISTS (SELECT 1 FROM team_members o WHERE o.team_id = m.team_id AND o.account_id = ");
    sql.bind(other.map_or("", Id::as_str)).push(")");
    Ok(sql.number(conn)? > 0)
}

/// Which of these accounts is a member of which team.
pub fn pairs(conn: &mut DbConnection, of: &[Id]) -> Result<Vec<(Id, Id)>, Error> {
    Ok(team_members::table
        .filter(team_members::account_id.eq_any(of.iter().map(Id::as_str)))
        .select((team_members::account_id, team_members::team_id))
        .load(conn)?)
}

/// Which of these accounts administers which team.
pub fn administrators(conn: &mut DbConnection, of: &[Id]) -> Result<Vec<(Id, Id)>, Error> {
    Ok(team_administrators::table
        .filter(team_administrators::account_id.eq_any(of.iter().map(Id::as_str)))
        .select((team_administrators::account_id, team_administrators::team_id))
        .load(conn)?)
}

/// How many users and system accounts each of `ids` has: team → (users, system accounts).
pub fn sizes(conn: &mut DbConnection, ids: &[Id]) -> Result<HashMap<Id, (i64, i64)>, Error> {
    #[derive(QueryableByName)]
    struct Size {
        #[diesel(sql_type = diesel::sql_types::Text)]
        id: Id,
        #[diesel(sql_type = diesel::sql_types::Text)]
        kind: String,
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        n: i64,
    }
    let mut sql = Sql::new("SELECT team_id AS id, kind, count(*) AS n FROM team_members WHERE team_id IN ");
    sql.bind_list(ids).push(" GROUP BY team_id, kind");
    let mut sizes: HashMap<Id, (i64, i64)> = HashMap::new();
    for row in sql.load::<Size>(conn)? {
        let entry = sizes.entry(row.id).or_default();
        if row.kind == "user" { entry.0 += row.n } else { entry.1 += row.n }
    }
    Ok(sizes)
}
