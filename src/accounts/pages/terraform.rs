//! Copy as Terraform: system accounts that there are, as configuration that imports them.

use std::collections::BTreeSet;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::Deserialize;

use super::visits::{AccountVisit, ScreenVisit};
use crate::accounts::filter::{ListQuery, selecting};
use crate::accounts::model::{Kind, Right, Selection, Sort, Window};
use crate::accounts::operations::{self, selections};
use crate::accounts::queries::selection::Target;
use crate::accounts::queries::{self, list, selections as rows};
use crate::accounts::view::terraform::{Blocks, TerraformPage};
use crate::auth::principal::Principal;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::roles;
use crate::teams::operations::manage;
use crate::teams::queries::{self as team_queries, members};
use crate::text::grouped;
use crate::web::form::Query;
use crate::web::view::words::{count, counted};

/// The most accounts at once.
const LIMIT: i64 = 1_000;
/// The most members and administrators of their teams.
const BELONGING_LIMIT: i64 = 10_000;

const PLACE: &str = "/terraform";

/// What is selected on a list, as configuration.
pub fn address(list: &str, selection: &Id) -> String {
    let (path, words) = list.split_once('?').unwrap_or((list, ""));
    selecting(&format!("{path}{PLACE}?{words}"), selection)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct SelectionQuery {
    selection: String,
}

/// `GET …/terraform`: of a selection, or of all that match the filters.
///
/// # Errors
/// `NotFound` for a selection that is over.
pub async fn of_several(visit: ScreenVisit, query: Query<SelectionQuery>) -> Result<HttpResponse, Error> {
    let (screen, filters, actor) = (visit.screen, visit.filters(), visit.actor.clone());
    let (filter, word) = (filters.filter(&actor), query.0.selection);
    let selection = (!word.is_empty()).then(|| Id::parse(&word).ok_or(Error::NotFound("selection"))).transpose()?;
    let list = selection.as_ref().map_or_else(|| filters.here(), |id| selecting(&filters.here(), id));
    let ((blocks, total, notes), shell) = visit
        .framed(move |conn| {
            let selection = match &selection {
                Some(id) => selected(conn, &actor, id)?,
                None => Selection::Matching(filter),
            };
            let target = Target::resolve(conn, screen.kind, &selection)?;
            read(conn, &actor, &target)
        })
        .await?;
    let whom = counted(count(total), screen.noun());
    let snippets = blocks.snippets();
    visit.html(StatusCode::OK, &TerraformPage { shell, screen, list, account: None, whom, notes, snippets })
}

/// `GET …/{id}/terraform`
///
/// # Errors
/// `NotFound` for an account that does not exist or that the actor may not see.
pub async fn of_one(visit: AccountVisit) -> Result<HttpResponse, Error> {
    let (screen, actor, id) = (visit.screen, visit.actor.clone(), visit.id.clone());
    let ((name, blocks, notes), shell) = visit
        .framed(move |conn| {
            let account = queries::find(conn, screen.kind, &id)?;
            if !actor.may(screen.permission(Right::Read)) && !operations::is_colleague(conn, &actor, &id)? {
                return Err(operations::out_of_reach(&actor, screen.kind, &account.name));
            }
            let (blocks, _, notes) = read(conn, &actor, &Target::Accounts(screen.kind, vec![id]))?;
            Ok((account.name, blocks, notes))
        })
        .await?;
    let (list, account, snippets) = (visit.filters().here(), Some((visit.url(), name.clone())), blocks.snippets());
    visit.html(StatusCode::OK, &TerraformPage { shell, screen, list, account, whom: name, notes, snippets })
}

/// The accounts of a selection of one's own. It was made by somebody who could see them all: whoever no longer can has none.
fn selected(conn: &mut DbConnection, actor: &Principal, id: &Id) -> Result<Selection, Error> {
    let opened = selections::open(conn, actor, id)?;
    if opened.kind != Kind::System || !actor.may(opened.kind.permission(Right::Read)) {
        return Err(Error::NotFound("selection"));
    }
    Ok(match &opened.row.filter {
        Some(words) => Selection::Matching(ListQuery::parse(words).on(opened.kind.screen()).filter(actor)),
        None => Selection::Accounts(rows::ticked(conn, id)?),
    })
}

/// What becomes blocks, how many accounts are meant, and what is left out. As many statements for any number of accounts.
fn read(conn: &mut DbConnection, actor: &Principal, target: &Target) -> Result<(Blocks, i64, Vec<String>), Error> {
    let mut notes = Vec::new();
    let total = target.count(conn)?;
    let accounts = list::rows(conn, target, Sort::default(), &Window::Skip(0), LIMIT)?;
    if total > LIMIT {
        let (most, all) = (grouped(LIMIT), grouped(total));
        notes.push(format!("Only the first {most} of {all} by name are included. Filter the list to copy the others."));
    }
    if let Target::Accounts(_, ids) = target
        && let gone = ids.len().saturating_sub(usize::try_from(total).unwrap_or_default())
        && gone > 0
    {
        notes.push(format!(
            "{} of the selected system accounts no longer exist.",
            grouped(i64::try_from(gone).unwrap_or(i64::MAX))
        ));
    }
    let ids: Vec<Id> = accounts.iter().map(|row| row.id.clone()).collect();
    let badges = roles::queries::badges(conn, &ids)?;
    let held: BTreeSet<Id> = badges.values().flatten().map(|badge| badge.id.clone()).collect();
    let mut custom = roles::queries::find(conn, &held.into_iter().collect::<Vec<_>>())?;
    custom.retain(|role| !role.predefined);
    let mut pairs = team_queries::pairs(conn, &ids)?;
    pairs.extend(team_queries::administrators(conn, &ids)?);
    let teams: BTreeSet<Id> = pairs.into_iter().map(|(_, team)| team).collect();
    let (seen, unseen): (Vec<Id>, Vec<Id>) = teams.into_iter().partition(|team| sees_all(actor, team));
    if !unseen.is_empty() {
        notes.push(left_out(unseen.len(), "because you can't see all their members"));
    }
    let mut teams = team_queries::find(conn, &seen)?;
    let belongings = members::of_teams(conn, &seen, BELONGING_LIMIT + 1)?;
    // They come team by team: the last one that was begun is not whole.
    if let Some(over) = belongings.get(usize::try_from(BELONGING_LIMIT).unwrap_or(usize::MAX)) {
        let before = teams.len();
        teams.retain(|team| team.id < over.team);
        let why = format!("because they would bring more than {} members", grouped(BELONGING_LIMIT));
        notes.push(left_out(before - teams.len(), &why));
    }
    let applications = team_queries::applications::of_teams(conn, &seen)?;
    let emails = queries::emails(conn, &ids)?;
    Ok((Blocks { accounts, emails, badges, roles: custom, teams, belongings, applications }, total, notes))
}

fn left_out(teams: usize, why: &str) -> String {
    format!("{} left out, {why}.", counted(u64::try_from(teams).unwrap_or_default(), "team"))
}

/// Whether the actor sees all members of a team: who manages it does, and who may see teams and both kinds of account.
fn sees_all(actor: &Principal, team: &Id) -> bool {
    let sees = |kind: Kind| actor.may(kind.permission(Right::Read));
    actor.may(&manage(team)) || (actor.may(&format!("team:read:{team}")) && sees(Kind::User) && sees(Kind::System))
}
