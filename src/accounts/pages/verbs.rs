//! Actions on one system account, and Undo.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::Deserialize;

use super::confirm::{self, Question};
use super::visits::AccountVisit;
use crate::accounts::model::{Kind, Selection};
use crate::accounts::operations::{self, Done, Plan};
use crate::accounts::queries;
use crate::accounts::view::confirm::{Confirm, ConfirmPage};
use crate::auth::principal::Principal;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::text::grouped;
use crate::web::form::Form;
use crate::web::page::{local, see_other};
use crate::web::view::{Field, Flash, Hidden};
use crate::web::visit::Visit;

/// What every one of these forms may carry.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct VerbForm {
    next: String,
    confirm: String,
}

impl VerbForm {
    fn next(&self, visit: &AccountVisit) -> String {
        local(&self.next).filter(|next| !next.is_empty()).map_or_else(|| visit.url(), str::to_owned)
    }
}

type Verb = fn(&mut DbConnection, &Principal, (&Plan, Kind), &Selection) -> Result<Done, Error>;

/// Acts, and returns to where the form was. What a rule refuses is shown on the account's page.
async fn carry_out(visit: &AccountVisit, form: &VerbForm, verb: Verb, done: &str, already: &str) -> Result<HttpResponse, Error> {
    let (plan, kind) = (Plan::from(visit.config.get_ref()), visit.screen.kind);
    let outcome = visit.write(move |conn, actor, id| {
        let name = queries::find(conn, kind, id)?.name;
        Ok((verb(conn, actor, (&plan, kind), &Selection::Accounts(vec![id.clone()]))?.change, name))
    });
    let text = outcome.await.map(|(change, name)| match change {
        Some(change) => sentence(done, &name).undo(format!("/settings/changes/{change}/undo")),
        None => sentence(already, &name),
    });
    visit.answer(text, &form.next(visit)).await
}

/// "Disabled {}." with the name set apart.
fn sentence(pattern: &str, name: &str) -> Flash {
    let (before, after) = pattern.split_once("{}").unwrap_or((pattern, ""));
    let flash = if before.is_empty() { Flash::default() } else { Flash::done(before) };
    flash.strong(name).plain(after)
}

/// `POST …/{id}/disablement`
///
/// # Errors
/// `Forbidden`, `NotFound`, `Unavailable`.
pub async fn disable(visit: AccountVisit, form: Form<VerbForm>) -> Result<HttpResponse, Error> {
    let verb: Verb = |conn, actor, (_, kind), one| operations::disable(conn, actor, kind, one);
    carry_out(&visit, &form.0, verb, "Disabled {}.", "{} was already disabled.").await
}

/// `POST …/{id}/enablement`
///
/// # Errors
/// `Forbidden`, `NotFound`, `Unavailable`.
pub async fn enable(visit: AccountVisit, form: Form<VerbForm>) -> Result<HttpResponse, Error> {
    let verb: Verb = |conn, actor, (plan, kind), one| operations::enable(conn, actor, plan, kind, one);
    carry_out(&visit, &form.0, verb, "Enabled {}.", "{} was already enabled.").await
}

/// `POST …/{id}/demotion`: Remove Administrator.
///
/// # Errors
/// `Forbidden`, `NotFound`, `Unavailable`.
pub async fn demote(visit: AccountVisit, form: Form<VerbForm>) -> Result<HttpResponse, Error> {
    let verb: Verb = |conn, actor, (_, kind), one| operations::remove_administrator(conn, actor, kind, one);
    carry_out(&visit, &form.0, verb, "{} is no longer Administrator.", "{} was not Administrator.").await
}

/// `POST …/{id}/promotion`: Make Administrator.
///
/// # Errors
/// `Forbidden`, `NotFound`, `Unavailable`.
pub async fn promote(visit: AccountVisit, form: Form<VerbForm>) -> Result<HttpResponse, Error> {
    let verb: Verb = |conn, actor, (_, kind), one| operations::make_administrator(conn, actor, kind, one);
    carry_out(&visit, &form.0, verb, "Made {} Administrator.", "{} was already Administrator.").await
}

/// `GET …/{id}/promotion`: asks whether to make it Administrator.
///
/// # Errors
/// `NotFound`, `Unavailable`.
pub async fn ask_promotion(visit: AccountVisit) -> Result<HttpResponse, Error> {
    let question = question(Confirm::MakeAdministrator, &visit, "promotion", &VerbForm::default());
    visit.html(StatusCode::OK, &ask(&visit, question).await?)
}

/// `GET …/{id}/deletion`: asks whether to delete it.
///
/// # Errors
/// `NotFound`, `Unavailable`.
pub async fn ask_deletion(visit: AccountVisit) -> Result<HttpResponse, Error> {
    let question = question(Confirm::Delete, &visit, "deletion", &VerbForm::default());
    visit.html(StatusCode::OK, &ask(&visit, question).await?)
}

async fn ask(visit: &AccountVisit, question: Question) -> Result<ConfirmPage, Error> {
    confirm::ask(visit, question).await
}

/// `POST …/{id}/deletion`
///
/// # Errors
/// `Forbidden`, `NotFound`, `Unavailable`.
pub async fn delete(visit: AccountVisit, form: Form<VerbForm>) -> Result<HttpResponse, Error> {
    let form = form.0;
    let question = question(Confirm::Delete, &visit, "deletion", &form);
    if form.confirm.trim() != "1" {
        let mut page = ask(&visit, question).await?;
        page.typed = Field::wrong(&form.confirm, "Type 1 to confirm.");
        return visit.html(StatusCode::UNPROCESSABLE_ENTITY, &page);
    }
    let kind = visit.screen.kind;
    let done = visit.write(move |conn, actor, id| {
        let name = queries::find(conn, kind, id)?.name;
        operations::delete(conn, actor, kind, &Selection::Accounts(vec![id.clone()]))?;
        Ok(name)
    });
    match done.await {
        Ok(name) => {
            visit.flash(&Flash::done("Deleted ").strong(name).plain("."))?;
            let next = local(&form.next).filter(|next| !next.is_empty() && !next.contains(visit.id.as_str()));
            Ok(see_other(next.unwrap_or(visit.screen.path)))
        }
        Err(error @ Error::Conflict(_)) => {
            let mut page = ask(&visit, question).await?;
            page.error = Some(error.message());
            visit.html(StatusCode::CONFLICT, &page)
        }
        Err(error) => Err(error),
    }
}

fn question(what: Confirm, visit: &AccountVisit, verb: &str, form: &VerbForm) -> Question {
    let hidden = if form.next.is_empty() { Vec::new() } else { vec![Hidden::new("next", &form.next)] };
    Question {
        what,
        selection: Selection::Accounts(vec![visit.id.clone()]),
        action: format!("{}/{verb}", visit.url()),
        disable_action: format!("{}/disablement", visit.url()),
        hidden,
        cancel: visit.url(),
    }
}

/// `POST /settings/changes/{id}/undo`
///
/// # Errors
/// `NotFound` for another's change, `Forbidden`, `Unavailable`; what a rule refuses is told on the page that the form was on.
pub async fn undo(visit: Visit, path: web::Path<String>, form: Form<VerbForm>) -> Result<HttpResponse, Error> {
    let plan = Plan::from(visit.config.get_ref());
    let change = Id::parse(&path).ok_or(Error::NotFound("change"))?;
    let undone = visit.write(move |conn, actor| operations::undo(conn, actor, &plan, &change)).await;
    let text = match undone {
        Ok(undone) => {
            let accounts = undone.kind.counted(undone.accounts);
            let left = match undone.left {
                0 => String::new(),
                1 => " 1 change was left alone: somebody has changed it since.".into(),
                n => format!(" {} changes were left alone: somebody has changed them since.", grouped(n)),
            };
            Flash::done(format!("Undone for {accounts}.{left}"))
        }
        // Said on the page that the button stood on.
        Err(error @ (Error::Conflict(_) | Error::Invalid(_))) => Flash::refused(error.message()),
        Err(error) => return Err(error),
    };
    visit.flash(&text)?;
    let home = visit.navigation.home(&visit.actor).map_or("/", |item| item.href);
    Ok(see_other(local(&form.0.next).filter(|next| !next.is_empty()).unwrap_or(home)))
}
