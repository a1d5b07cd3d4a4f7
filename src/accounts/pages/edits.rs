//! Edit Roles and Edit Teams: the dialogs of an account's page.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::Deserialize;

use super::bulk::address;
use super::visits::AccountVisit;
use crate::accounts::actions::{Action, ActionParams, Verb, edit_roles::EditRoles, edit_teams::EditTeams};
use crate::accounts::model::Selection;
use crate::accounts::operations::selections::{self, Request, SelectionOutcome};
use crate::accounts::operations::{self, Plan};
use crate::accounts::queries;
use crate::accounts::view::told;
use crate::error::Error;
use crate::id::Id;
use crate::teams::queries::offered::called;
use crate::web::form::{Form, ids};
use crate::web::page::see_other;
use crate::web::view::Flash;

/// The form of Edit Roles or Edit Teams.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct EditForm {
    role: Vec<String>,
    team: Vec<String>,
    /// Teams that the form does not list, by name.
    other_teams: String,
    /// The ids that were ticked when the form was drawn.
    shown: Option<String>,
}

/// The form's note of what was ticked when it was drawn.
pub fn shown(ids: &[Id]) -> String {
    ids.iter().map(Id::as_str).collect::<Vec<_>>().join(",")
}

/// `POST …/{id}/roles`
pub async fn roles(visit: AccountVisit, form: Form<EditForm>) -> Result<HttpResponse, Error> {
    let ticked = form.0.role.clone();
    save(&visit, &EditRoles, form.0, ticked).await
}

/// `POST …/{id}/teams`
pub async fn teams(visit: AccountVisit, form: Form<EditForm>) -> Result<HttpResponse, Error> {
    let ticked = form.0.team.clone();
    save(&visit, &EditTeams, form.0, ticked).await
}

fn params(verb: &dyn Verb, form: &EditForm, ticked: &[String]) -> Result<ActionParams, Error> {
    let field = if verb.resource() == "roles" { "role" } else { "team" };
    let shown = form.shown.as_ref().map(|shown| shown.split(',').map(str::to_owned).collect::<Vec<_>>());
    let shown = shown.map(|shown| ids(&shown, field)).transpose()?;
    Ok(ActionParams { shown, ..ActionParams::exactly(ids(ticked, field)?) })
}

/// Where to go on, and what to say there.
type Saved = (String, Option<Flash>);

async fn save(visit: &AccountVisit, verb: &'static dyn Verb, form: EditForm, ticked: Vec<String>) -> Result<HttpResponse, Error> {
    let done = match params(verb, &form, &ticked) {
        Ok(params) => carry_out(visit, Action { verb, kind: visit.screen.kind, params }, form.other_teams.clone()).await,
        Err(error) => Err(error),
    };
    let (location, flash) = match done {
        Ok(saved) => saved,
        Err(error @ (Error::Invalid(_) | Error::Conflict(_))) => {
            let mut page = visit.page().await?;
            page.open_dialog = Some(format!("edit-{}", verb.resource()));
            let (choices, shown, why) = match verb.resource() {
                "roles" => (&mut page.role_choices, &mut page.roles_shown, &mut page.roles_error),
                _ => (&mut page.team_choices, &mut page.teams_shown, &mut page.teams_error),
            };
            for choice in choices {
                choice.checked = ticked.contains(&choice.id);
            }
            *why = Some(error.message());
            page.other_teams.typed = form.other_teams;
            // What is ticked still belongs to what was shown first.
            if let Some(first) = form.shown {
                *shown = first;
            }
            return visit.html(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
        Err(error) => return Err(error),
    };
    if let Some(flash) = &flash {
        visit.flash(flash)?;
    }
    Ok(see_other(&location))
}

/// Does it, or has it asked first where it gives Administrator or takes something from oneself.
async fn carry_out(visit: &AccountVisit, mut action: Action, other_teams: String) -> Result<Saved, Error> {
    let (plan, back) = (Plan::from(visit.config.get_ref()), visit.url());
    let saved = visit.write(move |conn, actor, id| {
        queries::find(conn, action.kind, id)?;
        action.params.chosen.extend(called(conn, &other_teams, None)?);
        let request = Request::of_one(&action, id, &back);
        let asked = match action.asks() {
            None => selections::ask_of_own(conn, actor, &plan, &request)?,
            Some(_) => match selections::answer(conn, actor, &plan, &request)? {
                SelectionOutcome::Asked(id) => Some(id),
                _ => return Ok((back, None)),
            },
        };
        if let Some(id) = asked {
            return Ok((address(&id), None));
        }
        let done = operations::run(conn, actor, &plan, &action, &Selection::Accounts(vec![id.clone()]))?;
        Ok((back, Some(told::done(&action, &done)?)))
    });
    saved.await
}
