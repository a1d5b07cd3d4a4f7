//! Actions on one account, by the verb at the end of its address; and Undo.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::Deserialize;

use super::bulk::address;
use super::question::{self, ConfirmForm, Question};
use super::visits::AccountVisit;
use crate::accounts::actions::{self, Action, Typed};
use crate::accounts::operations::selections::{self, Confirmed, Request, SelectedSet};
use crate::accounts::operations::{self, Plan};
use crate::accounts::queries;
use crate::accounts::view::confirm::ConfirmPage;
use crate::accounts::view::told;
use crate::error::Error;
use crate::id::Id;
use crate::web::form::{Form, Query};
use crate::web::page::{local, see_other};
use crate::web::view::address::address as in_address;
use crate::web::view::{Field, Flash, Hidden};
use crate::web::visit::Visit;

/// What every one of these forms may carry.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct VerbForm {
    next: String,
    #[serde(flatten)]
    answer: ConfirmForm,
}

impl VerbForm {
    fn next(&self) -> Option<&str> {
        local(&self.next).filter(|next| !next.is_empty())
    }
}

/// The verb at the end of the address.
fn action(visit: &AccountVisit) -> Result<Action, Error> {
    let resource = visit.request.path().rsplit('/').next().unwrap_or_default();
    let verb = actions::at(resource).ok_or(Error::NotFound("page"))?;
    Ok(Action::new(verb, visit.screen.kind))
}

async fn page(visit: &AccountVisit, action: &Action, form: &VerbForm) -> Result<ConfirmPage, Error> {
    let back = form.next().map_or_else(|| visit.url(), str::to_owned);
    let question = Question {
        screen: visit.screen,
        action: action.clone(),
        set: SelectedSet::Ticked(vec![visit.id.clone()]),
        post: visit.below(&format!("/{}", action.verb.resource())),
        instead: visit.below(&format!("/{}", actions::disable::RESOURCE)),
        hidden: form.next().map(|next| Hidden::new("next", next)).into_iter().collect(),
        list: visit.screen.list_behind(&back),
        cancel: back,
    };
    question::page(visit, question).await
}

/// `GET …/{id}/…`: asks whether to do it.
pub async fn ask(visit: AccountVisit, query: Query<VerbForm>) -> Result<HttpResponse, Error> {
    let action = action(&visit)?;
    let given = action.verb.gives(&action.params);
    if !given.is_empty() {
        // Who may not give it is not asked.
        let actor = visit.actor.clone();
        visit.read(move |conn| operations::grantable_roles(conn, &actor, &given)).await?;
    }
    let page = page(&visit, &action, &query.0).await?;
    visit.html(StatusCode::OK, &page)
}

/// What is to be said of an answer.
enum Told {
    Done(Flash),
    /// It has to be asked first, there.
    Asked(String),
    /// What the question showed has changed.
    Again(&'static str),
}

/// `POST …/{id}/…`: does it.
pub async fn act(visit: AccountVisit, form: Form<VerbForm>) -> Result<HttpResponse, Error> {
    let (form, action) = (form.0, action(&visit)?);
    if action.typed() == Typed::Confirmation {
        let mut page = page(&visit, &action, &form).await?;
        if !question::is_typed(&page, &form.answer.confirm) {
            page.typed = Field::wrong(&form.answer.confirm, page.how_to_confirm());
            return visit.html(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
    }
    let (plan, verb) = (Plan::from(visit.config.get_ref()), action.verb);
    let back = form.next().map_or_else(|| visit.url(), str::to_owned);
    let (mut filled, list) = (action.clone(), back.clone());
    let (typed, print) = (form.answer.owner.clone(), form.answer.print.clone());
    let done = visit.write(move |conn, actor, id| {
        queries::find(conn, filled.kind, id)?;
        operations::fill_in(conn, actor, &mut filled, &typed)?;
        if let Some(asked) = selections::ask_of_own(conn, actor, &plan, &Request::of_one(&filled, id, &list))? {
            return Ok(Told::Asked(address(&asked)));
        }
        let print = Some(print.as_str()).filter(|print| !print.is_empty());
        let one = SelectedSet::Ticked(vec![id.clone()]);
        match selections::confirm(conn, actor, &plan, (&filled, &one), (print, &typed))? {
            Confirmed::Done(done) => told::done(&filled, &done).map(Told::Done),
            Confirmed::OtherSet => Err(Error::NotFound(filled.kind.noun())),
            Confirmed::Stale(sentence) => Ok(Told::Again(sentence)),
        }
    });
    // Of what is gone there is no page any more.
    let is_gone = |next: &str| verb.is_final() && next.contains(visit.id.as_str());
    let (flash, next) = match done.await {
        Ok(Told::Asked(question)) => return Ok(see_other(&question)),
        Ok(Told::Again(sentence)) => {
            let again = format!("{}/{}/{}", visit.screen.path, visit.id, verb.resource());
            (Flash::refused(sentence), in_address(&again, &[("next", back)]))
        }
        Ok(Told::Done(flash)) if verb.is_final() && is_gone(&back) => (flash, visit.filters().here()),
        Ok(Told::Done(flash)) => (flash, back),
        Err(Error::Invalid(fields)) if question::is_of_new_owner(&action, &fields) => {
            let mut page = page(&visit, &action, &form).await?;
            page.typed = Field::new(&form.answer.confirm);
            page.owner = Field::wrong(&form.answer.owner, Error::Invalid(fields).message());
            return visit.html(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
        Err(error @ Error::Invalid(_)) if action.typed() == Typed::User => {
            let mut page = page(&visit, &action, &form).await?;
            page.typed = Field::wrong(&form.answer.owner, error.message());
            return visit.html(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
        Err(error @ (Error::Conflict(_) | Error::Invalid(_))) => (Flash::refused(error.message()), back),
        Err(error) => return Err(error),
    };
    visit.flash(&flash)?;
    Ok(see_other(&next))
}

/// `POST /settings/changes/{id}/undo`
pub async fn undo(visit: Visit, path: web::Path<String>, form: Form<VerbForm>) -> Result<HttpResponse, Error> {
    let plan = Plan::from(visit.config.get_ref());
    let change = Id::parse(&path).ok_or(Error::NotFound("change"))?;
    let undone = visit.write(move |conn, actor| told::undone(&operations::undo(conn, actor, &plan, &change)?)).await;
    let flash = match undone {
        Ok(flash) => flash,
        // Said on the page that the button stood on.
        Err(error @ (Error::Conflict(_) | Error::Invalid(_))) => Flash::refused(error.message()),
        Err(error) => return Err(error),
    };
    visit.flash(&flash)?;
    let home = visit.navigation.home(&visit.actor).map_or("/", |item| item.href);
    Ok(see_other(form.0.next().unwrap_or(home)))
}
