//! What somebody has selected and is asked about, under an address of its own.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::Deserialize;

use super::bulk::{address, changed, finished};
use super::question::{self, ConfirmForm, Question};
use crate::accounts::actions::{self, Action, Typed};
use crate::accounts::filter::{ListQuery, selecting};
use crate::accounts::operations::selections::{self, Confirmed, OpenedSelection, SelectedSet};
use crate::accounts::operations::{self, Plan};
use crate::accounts::queries::selections as rows;
use crate::accounts::view::confirm::ConfirmPage;
use crate::auth::principal::Principal;
use crate::error::Error;
use crate::id::Id;
use crate::web::form::Form;
use crate::web::page::see_other;
use crate::web::view::{Field, Flash};
use crate::web::visit::Visit;

/// The answer to a question.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct AnswerForm {
    #[serde(rename = "do")]
    verb: String,
    #[serde(flatten)]
    answer: ConfirmForm,
}

struct OpenedQuestion {
    opened: OpenedSelection,
    set: SelectedSet,
}

async fn open(visit: &Visit, path: &str) -> Result<OpenedQuestion, Error> {
    let id = Id::parse(path).ok_or(Error::NotFound("selection"))?;
    let actor = visit.actor.clone();
    visit
        .read(move |conn| {
            let opened = selections::open(conn, &actor, &id)?;
            let ids = if opened.row.filter.is_none() { rows::ticked(conn, &id)? } else { Vec::new() };
            Ok(OpenedQuestion { set: set(&opened, ids, &actor), opened })
        })
        .await
}

fn set(opened: &OpenedSelection, ids: Vec<Id>, actor: &Principal) -> SelectedSet {
    match &opened.row.filter {
        None => SelectedSet::Ticked(ids),
        Some(query) => {
            let filters = ListQuery::parse(query).on(opened.kind.screen());
            SelectedSet::All { filter: Box::new(filters.filter(actor)), query: query.clone() }
        }
    }
}

impl OpenedQuestion {
    /// The list with the selection ticked, or the account that it is about.
    fn back(&self) -> String {
        let back = &self.opened.row.back;
        if self.opened.kind.screen().is_list(back) { selecting(back, &self.opened.row.id) } else { back.clone() }
    }

    /// What is still asked.
    fn action(&self) -> Option<&Action> {
        self.opened.action.as_ref().filter(|_| self.opened.row.outcome.is_none())
    }

    async fn page(&self, visit: &Visit, action: &Action) -> Result<ConfirmPage, Error> {
        let post = address(&self.opened.row.id);
        let screen = self.opened.kind.screen();
        let question = Question {
            screen,
            action: action.clone(),
            set: self.set.clone(),
            instead: post.clone(),
            post,
            hidden: Vec::new(),
            list: screen.list_behind(&self.back()),
            cancel: self.back(),
        };
        question::page(visit, question).await
    }
}

/// `GET /settings/selections/{id}`: what is asked, or the list with the selection ticked.
pub async fn show(visit: Visit, path: web::Path<String>) -> Result<HttpResponse, Error> {
    let asked = open(&visit, &path).await?;
    match asked.action().filter(|action| action.asks().is_some()) {
        None => Ok(see_other(&asked.back())),
        Some(action) => match asked.page(&visit, action).await {
            Ok(page) => visit.html(StatusCode::OK, &page),
            Err(Error::NotFound(_)) => {
                let plural = asked.opened.kind.plural();
                visit.flash(&Flash::refused(format!("The selected {plural} no longer exist. Nothing was changed.")))?;
                Ok(see_other(&asked.back()))
            }
            Err(error) => Err(error),
        },
    }
}

/// `POST /settings/selections/{id}`: does what was asked, or disables instead.
pub async fn answer(visit: Visit, path: web::Path<String>, form: Form<AnswerForm>) -> Result<HttpResponse, Error> {
    let form = form.0;
    let asked = open(&visit, &path).await?;
    let Some(action) = asked.action() else {
        // Sent twice: what it did the first time.
        if let Some(flash) = asked.opened.row.outcome.as_ref().and_then(|text| serde_json::from_str::<Flash>(text).ok()) {
            visit.flash(&flash)?;
        }
        return Ok(see_other(&asked.back()));
    };
    let action = match form.verb.as_str() {
        word if word == action.verb.word() => action.clone(),
        word @ "disable" => Action::new(actions::named(word, action.kind).ok_or(Error::NotFound("action"))?, action.kind),
        _ => return Err(Error::BadRequest("There is no such action.".into())),
    };
    if action.typed() == Typed::Confirmation {
        let mut page = asked.page(&visit, &action).await?;
        if !question::is_typed(&page, &form.answer.confirm) {
            page.typed = Field::wrong(&form.answer.confirm, page.how_to_confirm());
            return visit.html(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
    }
    let (plan, set, id) = (Plan::from(visit.config.get_ref()), asked.set.clone(), asked.opened.row.id.clone());
    let (mut filled, typed, print) = (action.clone(), form.answer.owner.clone(), form.answer.print.clone());
    let done = visit.write(move |conn, actor| {
        operations::fill_in(conn, actor, &mut filled, &typed)?;
        Ok(match selections::confirm(conn, actor, &plan, (&filled, &set), (Some(&print), &typed))? {
            Confirmed::Done(done) => (finished(conn, &id, &filled, &done)?, true),
            Confirmed::OtherSet => (changed(), false),
            Confirmed::Stale(sentence) => (Flash::refused(sentence), false),
        })
    });
    let (flash, next) = match done.await {
        Ok((flash, true)) => (flash, asked.back()),
        Ok((flash, false)) => (flash, address(&asked.opened.row.id)),
        Err(Error::Invalid(fields)) if question::is_of_new_owner(&action, &fields) => {
            let mut page = asked.page(&visit, &action).await?;
            page.typed = Field::new(&form.answer.confirm);
            page.owner = Field::wrong(&form.answer.owner, Error::Invalid(fields).message());
            return visit.html(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
        Err(error @ Error::Invalid(_)) if action.typed() == Typed::User => {
            let mut page = asked.page(&visit, &action).await?;
            page.typed = Field::wrong(form.answer.owner, error.message());
            return visit.html(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
        Err(error @ (Error::Conflict(_) | Error::Invalid(_))) => (Flash::refused(error.message()), address(&asked.opened.row.id)),
        Err(error) => return Err(error),
    };
    visit.flash(&flash)?;
    Ok(see_other(&next))
}
