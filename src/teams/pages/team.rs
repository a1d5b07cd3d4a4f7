//! A team's own page.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::Deserialize;

use super::visits::TeamVisit;
use super::{line, list_of, may_see, place};
use crate::accounts::model::{Kind, Right};
use crate::accounts::queries::alike::{Among, lookalike};
use crate::audit::filter::LogQuery;
use crate::audit::operations::READ;
use crate::audit::queries::log::{self, LogDirection};
use crate::audit::sentences;
use crate::audit::view::FeedLine;
use crate::clock;
use crate::error::Error;
use crate::id::Id;
use crate::teams::operations::{self, applications};
use crate::teams::queries::{self, members};
use crate::teams::view::TEAMS;
use crate::teams::view::team::{MemberSection, TeamPage};
use crate::web::form::{Form, Query};
use crate::web::page::see_other;
use crate::web::view::address::address;
use crate::web::view::pagination::Pagination;
use crate::web::view::words::{count, counted};
use crate::web::view::{Field, Flash, Moment, Text};

/// Lines of "Recent changes".
const FEED_LENGTH: i64 = 5;
/// Members of one kind on a page.
const SIZE: u64 = 25;

/// Which pages of its members are shown.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct TeamQuery {
    users: String,
    accounts: String,
}

impl TeamQuery {
    fn of(&self, kind: Kind) -> &str {
        match kind {
            Kind::User => &self.users,
            Kind::System => &self.accounts,
        }
    }
}

fn kind_of(person: &members::TeamPerson) -> Kind {
    Kind::parse(&person.kind).unwrap_or(Kind::User)
}

fn words(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::User => ("users", "Users"),
        Kind::System => ("accounts", "System accounts"),
    }
}

/// `GET /settings/teams/{id}`
pub async fn show(visit: TeamVisit, query: Query<TeamQuery>) -> Result<HttpResponse, Error> {
    visit.html(StatusCode::OK, &page(&visit, query.0).await?)
}

/// Who may choose the members sees them all; others those of the kinds that they may see anyway.
async fn page(visit: &TeamVisit, query: TeamQuery) -> Result<TeamPage, Error> {
    let (may_manage, may_manage_all) = (visit.may_manage(), visit.may_manage_all());
    let kinds: Vec<Kind> =
        [Kind::User, Kind::System].into_iter().filter(|kind| may_manage || may_see(&visit.actor, *kind)).collect();
    let (id, wanted) = (visit.id.clone(), query.clone());
    let log = LogQuery::of(visit.id.as_str());
    let events = if visit.actor.may(READ) { log.filter(clock::now().date()).ok() } else { None };
    let all_changes = events.is_some().then(|| log.href());
    let ((team, created, sizes, listings, administrators, applications, feed), shell) = visit
        .framed(TEAMS, move |conn| {
            let team = queries::find_one(conn, &id)?;
            let created = queries::created_at(conn, &id)?;
            let (users, machines) = queries::sizes(conn, std::slice::from_ref(&id))?.remove(&id).unwrap_or_default();
            let mut listings = Vec::new();
            for kind in kinds {
                let total = if kind == Kind::User { users } else { machines };
                let (number, window) = place(wanted.of(kind), SIZE, total);
                listings.push((kind, number, total, members::page(conn, &id, kind, window)?));
            }
            let feed = match events {
                Some(filter) => {
                    let criteria = log::criteria(conn, &filter)?;
                    log::page(conn, &criteria, LogDirection::Older(None), FEED_LENGTH)?
                }
                None => Vec::new(),
            };
            let applications = queries::applications::of_team(conn, &id)?;
            Ok((team, created, (users, machines), listings, members::administrators(conn, &id)?, applications, feed))
        })
        .await?;
    let now = clock::now();
    let appointed: Vec<Id> = administrators.iter().map(|person| person.id.clone()).collect();
    let mut sections = Vec::new();
    for (kind, number, total, people) in listings {
        let (word, title) = words(kind);
        let href = |page: u64| {
            let mut query = query.clone();
            let of_kind = if kind == Kind::User { &mut query.users } else { &mut query.accounts };
            *of_kind = if page == 1 { String::new() } else { page.to_string() };
            format!(
                "{}#{word}",
                address(&visit.path(), &[("users", query.users), ("accounts", query.accounts), ("list", visit.kept())])
            )
        };
        let row = |person: members::TeamPerson| {
            let administrator = appointed.contains(&person.id);
            super::PersonLine { administrator, ..line(&visit.actor, kind, person) }
        };
        sections.push(MemberSection {
            word,
            title,
            list: list_of(&visit.actor, kind, &visit.id).filter(|_| total > 0),
            select: visit.actor.may(kind.permission(Right::Manage)).then(|| format!("{}/bulk", kind.screen().path)),
            rows: people.into_iter().map(row).collect(),
            pagination: Pagination::numbered(number, SIZE, count(total), href),
        });
    }
    let (seen, unseen): (Vec<_>, Vec<_>) = administrators
        .into_iter()
        .partition(|person| may_manage || visit.actor.is(&person.id) || may_see(&visit.actor, kind_of(person)));
    let administrator = |person: members::TeamPerson| {
        let removable = may_manage_all || (may_manage && visit.actor.is(&person.id));
        super::PersonLine { removable, ..line(&visit.actor, kind_of(&person), person) }
    };
    Ok(TeamPage {
        shell,
        id: visit.id.to_string(),
        url: visit.path(),
        kept: visit.suffix(),
        list: visit.list(),
        sizes: {
            let [users, machines] = [(Kind::User, sizes.0), (Kind::System, sizes.1)].map(|(kind, n)| kind.counted(n));
            format!("{users} and {machines}")
        },
        created: Moment::made(created, now),
        changes: feed.iter().map(|entry| FeedLine::new(entry, sentences::team_feed(entry), now)).collect(),
        all_changes,
        sections,
        administrators: seen.into_iter().map(administrator).collect(),
        unseen: if unseen.is_empty() { String::new() } else { counted(unseen.len() as u64, "administrator") },
        may_manage,
        may_manage_all,
        delegated: may_manage && !may_manage_all,
        rename: Field::new(&team.name),
        edited: Field::new(applications.join("\n")),
        applications_shown: applications.join("\n"),
        applications,
        name: team.name,
    })
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ApplicationsForm {
    applications: String,
    /// Those that the form was drawn with.
    shown: Option<String>,
}

/// `POST /settings/teams/{id}/applications`
pub async fn set_applications(visit: TeamVisit, form: Form<ApplicationsForm>) -> Result<HttpResponse, Error> {
    let ApplicationsForm { applications: typed, shown } = form.0;
    let names =
        |text: &str| -> Vec<String> { text.lines().map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect() };
    let (id, wanted, drawn) = (visit.id.clone(), names(&typed), shown.as_deref().map(names));
    match visit.write(move |conn, actor| applications::set(conn, actor, &id, (&wanted, drawn.as_deref()))).await {
        Ok(set) => {
            let flash = if set.changed {
                Flash::done("Saved the applications of ").strong(set.team.name).plain(".")
            } else {
                Flash::neutral(vec![Text::plain("No change to the applications.")])
            };
            let others = " Someone else has changed them meanwhile; that was kept.";
            visit.flash(&if set.kept { flash.plain(others) } else { flash })?;
            Ok(see_other(&visit.url()))
        }
        Err(error @ Error::Invalid(_)) => {
            let mut page = page(&visit, TeamQuery::default()).await?;
            page.edited = Field::wrong(typed, error.message());
            // What was typed still belongs to what was shown first.
            page.applications_shown = shown.unwrap_or(page.applications_shown);
            visit.html(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(error) => Err(error),
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct RenameTeamForm {
    name: String,
    /// The name that the form was drawn with.
    shown: String,
}

/// `POST /settings/teams/{id}`
pub async fn rename(visit: TeamVisit, form: Form<RenameTeamForm>) -> Result<HttpResponse, Error> {
    let form = form.0;
    let (id, sent) = (visit.id.clone(), form.clone());
    match visit.write(move |conn, actor| operations::rename(conn, actor, &id, (&sent.shown, &sent.name))).await {
        Ok(team) => {
            let alike = lookalike(&visit.database, Among::Teams, team.id.as_str(), &team.name).await;
            visit.flash(&Flash::done("Renamed to ").strong(team.name).plain(".").looking_like(alike))?;
            Ok(see_other(&visit.url()))
        }
        Err(error @ Error::Invalid(_)) => {
            let mut page = page(&visit, TeamQuery::default()).await?;
            page.rename = Field::wrong(form.name, error.message());
            visit.html(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(error) => Err(error),
    }
}
