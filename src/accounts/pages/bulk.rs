//! Actions on many: the form around the list's checkboxes. Its answer is always another page's address, so that Back and
//! reload are harmless.

use actix_web::HttpResponse;
use serde::Deserialize;

use super::terraform;
use super::visits::ScreenVisit;
use crate::accounts::actions::{self, Action, ActionParams, Offer};
use crate::accounts::filter::{Filters, ListQuery, selecting};
use crate::accounts::kind::Screen;
use crate::accounts::model::Kind;
use crate::accounts::operations::selections::{self, Request, SelectedSet, SelectionOutcome};
use crate::accounts::operations::{Done, Plan};
use crate::accounts::queries::selections as rows;
use crate::accounts::view::told;
use crate::auth::principal::Principal;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::text::grouped;
use crate::web::form::{Form, ids};
use crate::web::page::{local, see_other};
use crate::web::view::Flash;

/// The most rows that may be ticked one by one, fewer than a form has fields. More are selected as "all that match".
const TICKED_LIMIT: usize = 4_000;
/// In place of a verb: select all that match.
const SELECT: &str = "select_matching";
/// In place of a verb: the page with what is selected as Terraform's configuration.
const COPY: &str = "terraform";
/// In place of a verb: nothing at all. Enter in a box of the list presses the form's first button, and that is this one.
const KEEP: &str = "keep";

/// The form around the list.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct BulkForm {
    /// Called `account` by the page of a team, which sends its ticks here.
    #[serde(alias = "account")]
    id: Vec<String>,
    #[serde(rename = "do")]
    verb: String,
    add_role: Vec<String>,
    remove_role: Vec<String>,
    /// The selection of all that match, where the list showed one, and how many rows the page had.
    selection: String,
    shown: String,
    form: String,
    next: String,
    #[serde(flatten)]
    query: ListQuery,
}

impl BulkForm {
    /// The selection of all that match that is meant. Without script a row may have been unticked on a page that had them all
    /// ticked: then those that are still ticked are meant, and no others.
    fn matching(&self) -> Option<Id> {
        let shown: Option<usize> = self.shown.parse().ok();
        Id::parse(&self.selection).filter(|_| shown.is_some_and(|shown| self.id.len() >= shown))
    }

    fn filters(&self, screen: &'static Screen) -> Filters {
        self.query.on(screen)
    }

    /// The list that the form was on.
    fn list(&self, screen: &'static Screen) -> String {
        local(&self.next).filter(|next| screen.is_list(next)).map_or_else(|| self.filters(screen).here(), str::to_owned)
    }

    /// The rows that are ticked.
    fn ticked(&self, screen: &Screen) -> Result<Vec<Id>, Error> {
        let ids = ids(&self.id, "id")?;
        if ids.is_empty() {
            return Err(Error::field("id", format!("Select at least one {}.", screen.noun())));
        }
        if ids.len() > TICKED_LIMIT {
            let most = grouped(TICKED_LIMIT as i64);
            return Err(Error::field("id", format!("You can select at most {most} one by one. Select all that match instead.")));
        }
        Ok(ids)
    }

    /// The verb, with the roles of its own picker and of no other. Nothing to do for a selection alone.
    fn action(&self, screen: &Screen) -> Result<Option<Action>, Error> {
        let copies = self.verb == COPY && screen.kind == Kind::System;
        if self.verb == SELECT || self.verb == KEEP || copies {
            return Ok(None);
        }
        let verb = actions::named(&self.verb, screen.kind).ok_or_else(|| Error::BadRequest("There is no such action.".into()))?;
        let chosen = match verb.offer() {
            Offer::Button => Vec::new(),
            Offer::Picker { field, .. } => ids(if field == "add_role" { &self.add_role } else { &self.remove_role }, "role")?,
            Offer::Dialog => return Err(Error::BadRequest("You can only do this to one account at a time.".into())),
        };
        Ok(Some(Action { verb, kind: screen.kind, params: ActionParams::exactly(chosen) }))
    }

    /// What the form asks for.
    fn request(&self, screen: &'static Screen, actor: &Principal, conn: &mut DbConnection) -> Result<Request, Error> {
        let filters = self.filters(screen);
        let all = |filters: &Filters| SelectedSet::All { filter: Box::new(filters.filter(actor)), query: filters.words() };
        let action = self.action(screen)?;
        let (set, shown) = match self.matching() {
            _ if self.verb == SELECT => (all(&filters), None),
            Some(id) => {
                let opened = selections::open(conn, actor, &id).map_err(|error| error.or_missing(over()))?;
                let Some(query) = &opened.row.filter else { return Err(over()) };
                (all(&ListQuery::parse(query).on(screen)), Some(opened.row.fingerprint))
            }
            None => (SelectedSet::Ticked(self.ticked(screen)?), None),
        };
        Ok(Request { form: Id::parse(&self.form), kind: screen.kind, action, set, shown, back: self.list(screen) })
    }
}

fn over() -> Error {
    Error::Conflict("This selection has expired. Select the accounts again. Nothing was changed.".into())
}

/// Where to go, and what to say there.
pub struct Redirect {
    pub location: String,
    pub flash: Option<Flash>,
}

/// `POST …/bulk`
pub async fn act(visit: ScreenVisit, form: Form<BulkForm>) -> Result<HttpResponse, Error> {
    let (form, screen) = (form.0, visit.screen);
    let plan = Plan::from(visit.config.get_ref());
    let asked = form.clone();
    let done = visit.write(move |conn, actor| {
        let request = asked.request(screen, actor, conn)?;
        match selections::answer(conn, actor, &plan, &request)? {
            SelectionOutcome::Selected(id) if asked.verb == COPY => {
                Ok(Redirect { location: terraform::address(&request.back, &id), flash: None })
            }
            answer => next(conn, &request, answer),
        }
    });
    let next = match done.await {
        Ok(next) => next,
        Err(error @ (Error::Conflict(_) | Error::Invalid(_))) => refused(&visit, form, &error).await?,
        Err(error) => return Err(error),
    };
    if let Some(flash) = &next.flash {
        visit.flash(flash)?;
    }
    Ok(see_other(&next.location))
}

fn next(conn: &mut DbConnection, request: &Request, answer: SelectionOutcome) -> Result<Redirect, Error> {
    let list = |id: &Id| selecting(&request.back, id);
    Ok(match answer {
        SelectionOutcome::Selected(id) => Redirect { location: list(&id), flash: None },
        SelectionOutcome::Asked(id) => Redirect { location: address(&id), flash: None },
        SelectionOutcome::Changed(id) => Redirect { location: list(&id), flash: Some(changed()) },
        SelectionOutcome::Before(id, outcome) => Redirect { location: list(&id), flash: serde_json::from_str(&outcome).ok() },
        SelectionOutcome::Done(id, done) => {
            let flash = request.action.as_ref().map(|action| finished(conn, &id, action, &done)).transpose()?;
            Redirect { location: list(&id), flash }
        }
    })
}

/// What is said of what was done, kept with the selection.
pub fn finished(conn: &mut DbConnection, id: &Id, action: &Action, done: &Done) -> Result<Flash, Error> {
    let flash = told::done(action, done)?;
    rows::set_outcome(conn, id, &serde_json::to_string(&flash).unwrap_or_default())?;
    Ok(flash)
}

/// A selection's address.
pub fn address(id: &Id) -> String {
    format!("/settings/selections/{id}")
}

pub fn changed() -> Flash {
    Flash::refused("The list changed while you were reviewing it. Nothing was changed. Check it again below.")
}

/// The list again, with what was ticked, and why nothing was done.
async fn refused(visit: &ScreenVisit, form: BulkForm, error: &Error) -> Result<Redirect, Error> {
    let (screen, list) = (visit.screen, form.list(visit.screen));
    let kept = visit.write(move |conn, actor| {
        let alone = match form.matching() {
            Some(id) => return Ok(id),
            None => SelectedSet::Ticked(form.ticked(screen)?),
        };
        let back = form.list(screen);
        let request = Request { form: None, kind: screen.kind, action: None, set: alone, shown: None, back };
        selections::keep_selected(conn, actor, &request)
    });
    let location = match kept.await {
        Ok(id) => selecting(&list, &id),
        Err(_) => list,
    };
    Ok(Redirect { location, flash: Some(Flash::refused(error.message())) })
}
