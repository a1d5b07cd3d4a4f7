//! The applications of teams.

use std::collections::HashMap;

use diesel::prelude::*;

use crate::database::DbConnection;
use crate::database::sql::Sql;
use crate::error::Error;
use crate::id::Id;
use crate::schema::team_applications;

/// The applications of each of these teams, in the order of their bytes.
pub fn of_teams(conn: &mut DbConnection, teams: &[Id]) -> Result<HashMap<Id, Vec<String>>, Error> {
    let rows: Vec<(Id, String)> = team_applications::table
        .filter(team_applications::team_id.eq_any(teams.iter().map(Id::as_str)))
        .order((team_applications::team_id, team_applications::name))
        .select((team_applications::team_id, team_applications::name))
        .load(conn)?;
    let mut found: HashMap<Id, Vec<String>> = HashMap::new();
    for (team, name) in rows {
        found.entry(team).or_default().push(name);
    }
    Ok(found)
}

/// The applications of one team.
pub fn of_team(conn: &mut DbConnection, team: &Id) -> Result<Vec<String>, Error> {
    Ok(of_teams(conn, std::slice::from_ref(team))?.remove(team).unwrap_or_default())
}

/// Gives a team these applications and no others.
pub fn set(conn: &mut DbConnection, team: &Id, names: &[String]) -> Result<(), Error> {
    diesel::delete(team_applications::table.filter(team_applications::team_id.eq(team))).execute(conn)?;
    if names.is_empty() {
        return Ok(());
    }
    let mut sql = Sql::new("INSERT INTO team_applications (team_id, name) VALUES ");
    for (at, name) in names.iter().enumerate() {
        sql.push(if at == 0 { "(" } else { ", (" }).bind(team).push(", ").bind(name.as_str()).push(")");
    }
    sql.once();
    sql.execute(conn).map(drop)
}
