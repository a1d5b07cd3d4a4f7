//! Deleting a team, and the page before.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

use super::may_see;
use super::visits::TeamVisit;
use crate::accounts::model::Kind;
use crate::error::Error;
use crate::id::Id;
use crate::roles;
use crate::roles::permission::Permission;
use crate::teams::operations;
use crate::teams::queries::members::TeamPerson;
use crate::teams::queries::{self, members};
use crate::teams::view::TEAMS;
use crate::teams::view::team::{DeletePage, Loss};
use crate::web::page::see_other;
use crate::web::view::Flash;
use crate::web::view::words::{count, counted, joined};

/// Members in no other team that are named, at most.
const NAMED: usize = 10;

/// `GET /settings/teams/{id}/deletion`
pub async fn ask(visit: TeamVisit) -> Result<HttpResponse, Error> {
    let id = visit.id.clone();
    let ((team, sizes, roles, holders, mut alone, administrators, refused), shell) = visit
        .framed(TEAMS, move |conn| {
            let team = queries::find_one(conn, &id)?;
            let sizes = queries::sizes(conn, std::slice::from_ref(&id))?.remove(&id).unwrap_or_default();
            let mut roles = roles::queries::all(conn)?;
            roles.retain(|role| role.permissions.iter().any(is_for_teams));
            let ids: Vec<Id> = roles.iter().map(|role| role.id.clone()).collect();
            let holders = members::holders(conn, &id, &ids)?;
            let named = i64::try_from(NAMED + 1).unwrap_or(i64::MAX);
            let alone = members::alone(conn, &id, &ids, named)?;
            let refused = operations::kept_as_default(conn, &id)?;
            Ok((team, sizes, roles, holders, alone, members::administrators(conn, &id)?, refused))
        })
        .await?;
    let loss = |role: roles::Role| {
        let of_role = holders.iter().find(|holders| holders.role == role.id)?;
        Some(Loss {
            members: counted(count(of_role.members), "member"),
            alone: (of_role.alone > 0).then(|| crate::text::grouped(of_role.alone)),
            permissions: role.permissions.iter().filter(|one| is_for_teams(one)).map(ToString::to_string).collect(),
            role: role.name,
        })
    };
    let (users, machines) = sizes;
    let kinds = [(Kind::User, users), (Kind::System, machines)];
    let members: Vec<String> = kinds.into_iter().filter(|(_, n)| *n > 0).map(|(kind, n)| kind.counted(n)).collect();
    let (is_anybody_alone, found) = (!alone.is_empty(), alone.len());
    alone.truncate(NAMED);
    let alone = seen(&visit, alone);
    let more = alone.len() < found;
    let of_all = administrators.len();
    let mut administrators = seen(&visit, administrators);
    let others = of_all - administrators.len();
    if others > 0 {
        administrators.push(counted(others as u64, if administrators.is_empty() { "account" } else { "other account" }));
    }
    let page = DeletePage {
        shell,
        url: visit.path(),
        kept: visit.suffix(),
        list: visit.list(),
        name: team.name,
        members: joined(&members, "and"),
        losses: roles.into_iter().filter_map(loss).collect(),
        is_anybody_alone,
        alone,
        more,
        administrators: joined(&administrators, "and"),
        refused,
    };
    visit.html(StatusCode::OK, &page)
}

/// The names of those whom the reader may see.
fn seen(visit: &TeamVisit, people: Vec<TeamPerson>) -> Vec<String> {
    let may = |person: &TeamPerson| Kind::parse(&person.kind).is_some_and(|kind| may_see(&visit.actor, kind));
    people.into_iter().filter(may).map(|person| person.name).collect()
}

fn is_for_teams(permission: &Permission) -> bool {
    permission.scope() == Some("team")
}

/// `POST /settings/teams/{id}/deletion`
pub async fn delete(visit: TeamVisit) -> Result<HttpResponse, Error> {
    let id = visit.id.clone();
    let team = visit.write(move |conn, actor| operations::delete(conn, actor, &id)).await?;
    visit.flash(&Flash::done("Deleted the team ").strong(team.name).plain("."))?;
    Ok(see_other(&visit.list()))
}
