//! Adding and removing members, and choosing the administrators.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::Deserialize;

use super::visits::TeamVisit;
use super::{ChangeWords, MembersChange, line, may_see, told, undone};
use crate::accounts::model::{Account, AccountFilter, Kind, Sort, Window};
use crate::accounts::queries::{self as accounts, list};
use crate::accounts::search::Search;
use crate::auth::principal::Principal;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::teams::operations::{administrators, members, undo};
use crate::teams::queries;
use crate::teams::queries::members::TeamPerson;
use crate::teams::view::TEAMS;
use crate::teams::view::team::{AddPage, CandidateList, MemberCandidate};
use crate::text::fold;
use crate::web::form::{Form, Query, ids};
use crate::web::page::see_other;
use crate::web::view::Flash;

/// Accounts of each kind that a search shows, at most.
const MOST: i64 = 20;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct FindQuery {
    q: String,
    /// What is ticked already.
    account: Vec<String>,
}

/// The accounts that are ticked, and what was searched for when they were.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct MembersForm {
    account: Vec<String>,
    q: Option<String>,
}

/// `GET /settings/teams/{id}/members/new`
pub async fn find(visit: TeamVisit, query: Query<FindQuery>) -> Result<HttpResponse, Error> {
    visit.html(StatusCode::OK, &page(&visit, &query.0.q, &query.0.account).await?)
}

async fn page(visit: &TeamVisit, q: &str, ticked: &[String]) -> Result<AddPage, Error> {
    let kinds: Vec<Kind> = [Kind::User, Kind::System].into_iter().filter(|kind| may_see(&visit.actor, *kind)).collect();
    let (id, search, found_kinds) = (visit.id.clone(), Search::from(q), kinds.len());
    let chosen: Vec<Id> = ticked.iter().filter_map(|id| Id::parse(id)).collect();
    let ((team, chosen, found, joined), shell) = visit
        .framed(TEAMS, move |conn| {
            let team = queries::find_one(conn, &id)?;
            let mut found = Vec::new();
            let chosen = if chosen.is_empty() { Vec::new() } else { accounts::find_all(conn, &chosen)? };
            let chosen = chosen.into_iter().filter(|account| kinds.contains(&account.kind));
            let mut chosen: Vec<(Kind, TeamPerson)> = chosen.map(|account| (account.kind, person_of(account))).collect();
            for kind in kinds {
                let filter = AccountFilter { search: search.clone(), ..AccountFilter::all(kind) };
                let listing = list::list(conn, &filter, Sort::default(), &Window::Skip(0), MOST)?;
                let ids: Vec<Id> = listing.rows.iter().map(|row| row.id.clone()).collect();
                let mut emails = accounts::emails(conn, &ids)?;
                let person = |row: crate::accounts::model::AccountRow| TeamPerson {
                    email: emails.remove(&row.id),
                    id: row.id,
                    name: row.name,
                    description: row.description,
                    disabled: row.disabled,
                    kind: kind.as_str().to_owned(),
                };
                found.push((kind, listing.rows.into_iter().map(person).collect::<Vec<_>>(), listing.after));
            }
            let mut all: Vec<Id> = found.iter().flat_map(|(_, people, _)| people).map(|person| person.id.clone()).collect();
            // What was ticked before the search stands above what it found.
            chosen.retain(|(_, person)| !all.contains(&person.id));
            chosen.sort_by_cached_key(|(_, person)| fold(&person.name));
            all.extend(chosen.iter().map(|(_, person)| person.id.clone()));
            let joined = queries::members::among(conn, &id, &all)?;
            Ok((team, chosen, found, joined))
        })
        .await?;
    let candidate = |kind: Kind, person: TeamPerson| {
        let (member, checked) = (joined.contains(&person.id), ticked.iter().any(|id| *id == person.id.as_str()));
        MemberCandidate { member, checked, person: line(&visit.actor, kind, person) }
    };
    let group = |(kind, people, more): (Kind, Vec<TeamPerson>, bool)| {
        let title = if kind == Kind::User { "Users" } else { "System accounts" };
        CandidateList { title, rows: people.into_iter().map(|person| candidate(kind, person)).collect(), more }
    };
    let chosen = chosen.into_iter().map(|(kind, person)| candidate(kind, person)).collect();
    let chosen = CandidateList { title: "Selected", rows: chosen, more: false };
    let sees_some = found_kinds > 0;
    let has_found = found.iter().any(|(_, people, _)| !people.is_empty());
    Ok(AddPage {
        shell,
        url: visit.path(),
        kept: visit.suffix(),
        list: visit.list(),
        name: team.name,
        search: q.to_owned(),
        groups: std::iter::once(chosen).chain(found.into_iter().map(group)).filter(|group| !group.rows.is_empty()).collect(),
        has_found,
        sees_some,
        may_manage_all: visit.may_manage_all(),
        error: None,
    })
}

fn person_of(account: Account) -> TeamPerson {
    TeamPerson {
        id: account.id,
        name: account.name,
        email: account.email,
        description: account.description,
        disabled: account.disabled,
        kind: account.kind.as_str().to_owned(),
    }
}

type MembersOperation = fn(&mut DbConnection, &Principal, &Id, &[Id]) -> Result<MembersChange, Error>;

async fn act(
    visit: &TeamVisit,
    form: MembersForm,
    operation: MembersOperation,
    words: ChangeWords,
) -> Result<HttpResponse, Error> {
    let done = match ids(&form.account, "account") {
        Ok(ids) => {
            let id = visit.id.clone();
            let work = move |conn: &mut DbConnection, actor: &Principal| {
                let changed = operation(conn, actor, &id, &ids)?;
                // They may have given up their own right.
                let may_see = crate::auth::queries::present(conn, actor)?.may(&format!("team:read:{id}"));
                Ok((changed, may_see))
            };
            visit.write(work).await
        }
        Err(error) => Err(error),
    };
    match done {
        Ok((changed, may_see)) => {
            visit.flash(&told(&changed, &visit.suffix(), words))?;
            Ok(see_other(if may_see { visit.url() } else { "/".to_owned() }.as_str()))
        }
        Err(error @ Error::Invalid(_)) => match &form.q {
            Some(q) => {
                let mut page = page(visit, q, &form.account).await?;
                page.error = Some(error.message());
                visit.html(StatusCode::UNPROCESSABLE_ENTITY, &page)
            }
            None => {
                visit.flash(&Flash::refused(error.message()))?;
                Ok(see_other(&visit.url()))
            }
        },
        Err(error) => Err(error),
    }
}

/// `POST /settings/teams/{id}/members`
pub async fn add(visit: TeamVisit, form: Form<MembersForm>) -> Result<HttpResponse, Error> {
    let nothing = "No change: they are members already.";
    act(&visit, form.0, members::add, ChangeWords { before: "Added", between: ("to", "to"), nothing, undoable: true }).await
}

/// `POST /settings/teams/{id}/members/removal`
pub async fn remove(visit: TeamVisit, form: Form<MembersForm>) -> Result<HttpResponse, Error> {
    let nothing = "No change: they are not members.";
    act(&visit, form.0, members::remove, ChangeWords { before: "Removed", between: ("from", "from"), nothing, undoable: true })
        .await
}

/// `POST /settings/teams/{id}/changes/{change}/undo`
pub async fn undo(visit: TeamVisit) -> Result<HttpResponse, Error> {
    let (id, change) = (visit.id.clone(), visit.request.match_info().get("change").and_then(Id::parse));
    let change = change.ok_or(Error::NotFound("change"))?;
    let flash = match visit.write(move |conn, actor| undo::undo(conn, actor, &id, &change)).await {
        Ok(done) => undone(&done),
        Err(error @ Error::Conflict(_)) => Flash::refused(error.message()),
        Err(error) => return Err(error),
    };
    visit.flash(&flash)?;
    Ok(see_other(&visit.url()))
}

/// `POST /settings/teams/{id}/administrators`
pub async fn appoint(visit: TeamVisit, form: Form<MembersForm>) -> Result<HttpResponse, Error> {
    let nothing = "No change: they are administrators of this team already.";
    let words = ChangeWords { before: "Made", between: ("administrator of", "administrators of"), nothing, undoable: false };
    act(&visit, form.0, administrators::appoint, words).await
}

/// `POST /settings/teams/{id}/administrators/removal`
pub async fn dismiss(visit: TeamVisit, form: Form<MembersForm>) -> Result<HttpResponse, Error> {
    let nothing = "No change: they are not administrators of this team.";
    let words =
        ChangeWords { before: "Removed", between: ("as administrator of", "as administrators of"), nothing, undoable: false };
    act(&visit, form.0, administrators::dismiss, words).await
}
