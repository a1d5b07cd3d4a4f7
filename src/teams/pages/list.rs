//! The list of teams, and a new one.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::Deserialize;

use super::{list_of, may_see, page_of, place};
use crate::accounts::model::Kind;
use crate::accounts::queries::alike::{Among, lookalike};
use crate::error::Error;
use crate::id::Id;
use crate::teams::operations::{self, MANAGE};
use crate::teams::queries::list::{self, AdministratorFilter, TeamFilter};
use crate::teams::view::{self, NewTeamPage, TEAMS, TeamLine, TeamsPage};
use crate::teams::{Team, queries, reach};
use crate::text::grouped;
use crate::text::secrets::without_secrets;
use crate::web::form::{Form, Query};
use crate::web::page::see_other;
use crate::web::view::address::address;
use crate::web::view::pagination::Pagination;
use crate::web::view::words::{count, counted};
use crate::web::view::{Choice, Contact, Field, Flash};
use crate::web::visit::Visit;

/// Rows of a page.
const SIZE: u64 = 50;
/// Letters that are searched for, at most.
const LONGEST: usize = 80;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct TeamsQuery {
    q: String,
    administrators: String,
    page: String,
}

impl TeamsQuery {
    /// As an address says it.
    pub fn parse(words: &str) -> Self {
        serde_html_form::from_str(words).unwrap_or_default()
    }

    /// What stands behind the question mark of the list.
    pub fn words(&self) -> String {
        let Self { q, administrators, page } = self.clone();
        let list = address("", &[("q", q), ("administrators", administrators), ("page", page)]);
        list.trim_start_matches('?').to_owned()
    }
}

/// `GET /settings/teams`
pub async fn show(visit: Visit, query: Query<TeamsQuery>) -> Result<HttpResponse, Error> {
    let query = query.0;
    let search: String = without_secrets(query.q.trim()).chars().filter(|letter| !letter.is_control()).take(LONGEST).collect();
    let administrators = match (query.administrators.as_str(), &visit.actor.account) {
        ("none", _) => AdministratorFilter::Nobody,
        ("me", Some(own)) => AdministratorFilter::One(own.clone()),
        _ => AdministratorFilter::Anybody,
    };
    let word = if administrators == AdministratorFilter::Anybody { "" } else { query.administrators.as_str() };
    let among = reach(&visit.actor.permissions);
    let filter = TeamFilter { search: search.clone(), administrators, among: among.clone() };
    let wanted = query.page.clone();
    let ((all, unadministered, matching, number, rows), shell) = visit
        .framed(TEAMS, move |conn| {
            let all = list::count(conn, &TeamFilter { among: among.clone(), ..TeamFilter::default() })?;
            let nobody = TeamFilter { administrators: AdministratorFilter::Nobody, among, ..TeamFilter::default() };
            let unadministered = list::count(conn, &nobody)?;
            let matching = list::count(conn, &filter)?;
            let (number, (limit, offset)) = place(&wanted, SIZE, matching);
            let teams = list::page(conn, &filter, limit, offset)?;
            let ids: Vec<Id> = teams.iter().map(|team| team.id.clone()).collect();
            let mut sizes = queries::sizes(conn, &ids)?;
            let mut names = list::administrators_of(conn, &ids)?;
            let row = |team: Team| {
                let size = sizes.remove(&team.id).unwrap_or_default();
                let names = names.remove(&team.id).unwrap_or_default();
                (team, size, names)
            };
            let rows: Vec<(Team, (i64, i64), Vec<list::Administrator>)> = teams.into_iter().map(row).collect();
            Ok((all, unadministered, matching, number, rows))
        })
        .await?;
    let counted_as = |kind, n: i64, team: &Team| view::CountLink {
        text: grouped(n),
        href: list_of(&visit.actor, kind, &team.id).filter(|_| n > 0),
    };
    let sees_users = may_see(&visit.actor, Kind::User);
    let counted_names = |names: &[list::Administrator]| {
        (!names.is_empty()).then(|| Contact { name: counted(names.len() as u64, "administrator"), href: None })
    };
    let person = |one: &list::Administrator| Contact { name: one.name.clone(), href: page_of(&visit.actor, &one.kind, &one.id) };
    let kept = query.words();
    let line = |(team, (users, machines), names): (Team, (i64, i64), Vec<list::Administrator>)| TeamLine {
        href: address(&format!("{TEAMS}/{}", team.id), &[("list", kept.clone())]),
        users: counted_as(Kind::User, users, &team),
        system_accounts: counted_as(Kind::System, machines, &team),
        // Who they are is for those who may see users; how many there are, for everybody.
        administrator: if sees_users { names.first().map(person) } else { counted_names(&names) },
        others: if sees_users { names.len().saturating_sub(1) } else { 0 },
        administrators: if sees_users {
            names.iter().map(|one| one.name.as_str()).collect::<Vec<_>>().join(", ")
        } else {
            String::new()
        },
        name: team.name,
    };
    let rows = rows.into_iter().map(line).collect();
    let choice = |id: &str, name: &str| Choice::new(id, name).checked(id == word);
    let href = |page: u64| {
        let page = if page == 1 { String::new() } else { page.to_string() };
        address(TEAMS, &[("q", search.clone()), ("administrators", word.to_owned()), ("page", page)])
    };
    let page = TeamsPage {
        pagination: Pagination::numbered(number, SIZE, count(matching), href),
        shell,
        administrators: vec![
            choice("", "Any administrator"),
            choice("me", "Administered by me"),
            choice("none", "Without an administrator"),
        ],
        rows,
        total: counted(count(all), "team"),
        unadministered: (unadministered > 0).then(|| format!("{} without an administrator", grouped(unadministered))),
        may_create: visit.actor.may(MANAGE),
        search,
    };
    visit.html(StatusCode::OK, &page)
}

/// `GET /settings/teams/new`
pub async fn new(visit: Visit) -> Result<HttpResponse, Error> {
    form(&visit, StatusCode::OK, Field::default()).await
}

async fn form(visit: &Visit, status: StatusCode, name: Field) -> Result<HttpResponse, Error> {
    let ((), shell) = visit.framed(TEAMS, |_| Ok(())).await?;
    visit.html(status, &NewTeamPage { shell, name })
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct NewTeamForm {
    name: String,
}

/// `POST /settings/teams`
pub async fn create(visit: Visit, form: Form<NewTeamForm>) -> Result<HttpResponse, Error> {
    let name = form.0.name;
    let made = {
        let name = name.clone();
        visit.write(move |conn, actor| operations::create(conn, actor, &name)).await
    };
    match made {
        Ok(id) => {
            let alike = lookalike(&visit.database, Among::Teams, id.as_str(), &name).await;
            visit.flash(&Flash::done("Created ").strong(name.trim()).plain(".").looking_like(alike))?;
            Ok(see_other(&format!("{TEAMS}/{id}")))
        }
        Err(error @ Error::Invalid(_)) => {
            self::form(&visit, StatusCode::UNPROCESSABLE_ENTITY, Field::wrong(name, error.message())).await
        }
        Err(error) => Err(error),
    }
}
