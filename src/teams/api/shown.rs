//! Teams as answers show them.

use std::collections::HashMap;

use super::Sight;
use crate::accounts;
use crate::accounts::json::Person;
use crate::auth::principal::Principal;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::teams::Team as Stored;
use crate::teams::api::json::{Member, Members, Pacticipant, TeamJson};
use crate::teams::queries::{self, applications, members};

/// These teams without their members: four statements, however many they are.
pub fn teams(conn: &mut DbConnection, actor: &Principal, teams: &[Stored], base: &str) -> Result<Vec<TeamJson>, Error> {
    let ids: Vec<Id> = teams.iter().map(|team| team.id.clone()).collect();
    let created = queries::created(conn, &ids)?;
    let sizes = queries::sizes(conn, &ids)?;
    let mut applications = applications::of_teams(conn, &ids)?;
    let mut administrators: HashMap<Id, Vec<Person>> = HashMap::new();
    for (team, account) in accounts::queries::team_administrators(conn, &ids)? {
        if Sight::of(actor, &team).holds(&account) {
            administrators.entry(team).or_default().push(Person::new(&account, base));
        }
    }
    let shown = |team: &Stored| {
        let mut shown = TeamJson::new(team, *created.get(&team.id)?, base);
        shown.number_of_members = sizes.get(&team.id).map_or(0, |(users, machines)| users + machines);
        shown.embedded.administrators = administrators.remove(&team.id).unwrap_or_default();
        let names = applications.remove(&team.id).unwrap_or_default();
        shown.embedded.pacticipants = names.into_iter().map(|name| Pacticipant { name }).collect();
        Some(shown)
    };
    Ok(teams.iter().filter_map(shown).collect())
}

/// One team without its members.
pub fn team(conn: &mut DbConnection, actor: &Principal, id: &Id, base: &str) -> Result<TeamJson, Error> {
    let team = queries::find_one(conn, id)?;
    teams(conn, actor, &[team], base)?.pop().ok_or(Error::NotFound("team"))
}

/// One team with its members.
pub fn whole(conn: &mut DbConnection, actor: &Principal, id: &Id, base: &str) -> Result<TeamJson, Error> {
    let mut team = team(conn, actor, id, base)?;
    team.embedded.members = Some(people(conn, actor, id, base)?);
    Ok(team)
}

/// The members of a team, for an answer of their own.
pub fn members(conn: &mut DbConnection, actor: &Principal, id: &Id, base: &str) -> Result<Members, Error> {
    queries::find_one(conn, id)?;
    Ok(Members::new(id, people(conn, actor, id, base)?, base))
}

/// One member of a team.
///
/// # Errors
/// `NotFound`, also of somebody who is none.
pub fn member(conn: &mut DbConnection, actor: &Principal, (team, user): (&Id, &Id), base: &str) -> Result<Member, Error> {
    queries::find_one(conn, team)?;
    let one = std::slice::from_ref(user);
    let found = if members::among(conn, team, one)?.is_empty() { Vec::new() } else { accounts::queries::find_all(conn, one)? };
    let account = found.iter().find(|account| Sight::of(actor, team).holds(account)).ok_or(Error::NotFound("membership"))?;
    Ok(Member::new(team, Person::new(account, base), base))
}

fn people(conn: &mut DbConnection, actor: &Principal, team: &Id, base: &str) -> Result<Vec<Person>, Error> {
    let sight = Sight::of(actor, team);
    let members = accounts::queries::members(conn, team)?;
    Ok(members.iter().filter(|account| sight.holds(account)).map(|account| Person::new(account, base)).collect())
}
