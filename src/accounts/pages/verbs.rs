//! Actions on one system account, and Undo.

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use super::confirm::{self, Question};
use super::{account, id, url};
use crate::accounts::model::{Kind, Selection};
use crate::accounts::operations::{self, Done, Plan};
use crate::accounts::queries;
use crate::accounts::view::{Confirm, LIST};
use crate::auth::access::Actor;
use crate::auth::principal::Principal;
use crate::database::{Database, DbConnection};
use crate::error::Error;
use crate::id::Id;
use crate::text::grouped;
use crate::web::form::Form;
use crate::web::page::{flash, html, local, see_other};
use crate::web::view::{Field, Flash, Hidden};

/// What every one of these forms may carry.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct VerbForm {
    next: String,
    confirm: String,
}

impl VerbForm {
    fn next(&self, id: &Id) -> String {
        local(&self.next).filter(|next| !next.is_empty()).map_or_else(|| url(id), str::to_owned)
    }
}

/// What a request to act on one account comes with.
struct Call {
    request: HttpRequest,
    session: Session,
    database: web::Data<Database>,
    actor: Actor,
    id: Id,
    form: VerbForm,
}

type Verb = fn(&mut DbConnection, &Principal, &Plan, &Selection) -> Result<Done, Error>;

impl Call {
    /// Acts, and returns to where the form was. What a rule refuses is shown on the account's page.
    async fn carry_out(self, verb: Verb, done: &str, already: &str) -> Result<HttpResponse, Error> {
        let plan = self.request.app_data::<web::Data<Plan>>().map(|plan| plan.get_ref().clone()).unwrap_or_default();
        let (actor, id) = (self.actor.clone(), self.id.clone());
        let outcome = self
            .database
            .write(move |conn| {
                let name = queries::find(conn, Kind::System, &id)?.name;
                Ok((verb(conn, &actor, &plan, &Selection::Accounts(vec![id]))?, name))
            })
            .await;
        match outcome {
            Ok((Done { change: Some(change), .. }, name)) => {
                let text = sentence(done, &name).undo(format!("/settings/changes/{change}/undo"));
                flash(&self.session, &text)?;
                Ok(see_other(&self.form.next(&self.id)))
            }
            Ok((Done { change: None, .. }, name)) => {
                flash(&self.session, &sentence(already, &name))?;
                Ok(see_other(&self.form.next(&self.id)))
            }
            Err(error @ (Error::Conflict(_) | Error::Invalid(_))) => {
                let mut page = account::page(&self.request, &self.session, &self.database, &self.actor, &self.id).await?;
                page.shell.flash = Some(Flash::refused(error.message()));
                html(StatusCode::CONFLICT, &page)
            }
            Err(error) => Err(error),
        }
    }
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
pub async fn disable(
    request: HttpRequest,
    session: Session,
    database: web::Data<Database>,
    actor: Actor,
    path: web::Path<String>,
    form: Form<VerbForm>,
) -> Result<HttpResponse, Error> {
    let call = Call { request, session, database, actor, id: id(&path)?, form: form.0 };
    let verb: Verb = |conn, actor, _, one| operations::disable(conn, actor, Kind::System, one);
    call.carry_out(verb, "Disabled {}.", "{} was already disabled.").await
}

/// `POST …/{id}/enablement`
///
/// # Errors
/// `Forbidden`, `NotFound`, `Unavailable`.
pub async fn enable(
    request: HttpRequest,
    session: Session,
    database: web::Data<Database>,
    actor: Actor,
    path: web::Path<String>,
    form: Form<VerbForm>,
) -> Result<HttpResponse, Error> {
    let call = Call { request, session, database, actor, id: id(&path)?, form: form.0 };
    let verb: Verb = |conn, actor, plan, one| operations::enable(conn, actor, plan, Kind::System, one);
    call.carry_out(verb, "Enabled {}.", "{} was already enabled.").await
}

/// `POST …/{id}/demotion`: Remove Administrator.
///
/// # Errors
/// `Forbidden`, `NotFound`, `Unavailable`.
pub async fn demote(
    request: HttpRequest,
    session: Session,
    database: web::Data<Database>,
    actor: Actor,
    path: web::Path<String>,
    form: Form<VerbForm>,
) -> Result<HttpResponse, Error> {
    let call = Call { request, session, database, actor, id: id(&path)?, form: form.0 };
    let verb: Verb = |conn, actor, _, one| operations::remove_administrator(conn, actor, Kind::System, one);
    call.carry_out(verb, "{} is no longer Administrator.", "{} was not Administrator.").await
}

/// `GET …/{id}/promotion`: asks whether to make it Administrator.
///
/// # Errors
/// `NotFound`, `Unavailable`.
pub async fn ask_promotion(
    request: HttpRequest,
    session: Session,
    database: web::Data<Database>,
    actor: Actor,
    path: web::Path<String>,
) -> Result<HttpResponse, Error> {
    let question = question(Confirm::MakeAdministrator, &id(&path)?, "promotion", &VerbForm::default());
    html(StatusCode::OK, &confirm::ask(&request, &session, &database, &actor, question).await?)
}

/// `POST …/{id}/promotion`: Make Administrator.
///
/// # Errors
/// `Forbidden`, `NotFound`, `Unavailable`.
pub async fn promote(
    request: HttpRequest,
    session: Session,
    database: web::Data<Database>,
    actor: Actor,
    path: web::Path<String>,
    form: Form<VerbForm>,
) -> Result<HttpResponse, Error> {
    let call = Call { request, session, database, actor, id: id(&path)?, form: form.0 };
    let verb: Verb = |conn, actor, _, one| operations::make_administrator(conn, actor, Kind::System, one);
    call.carry_out(verb, "Made {} Administrator.", "{} was already Administrator.").await
}

/// `GET …/{id}/deletion`: asks whether to delete it.
///
/// # Errors
/// `NotFound`, `Unavailable`.
pub async fn ask_deletion(
    request: HttpRequest,
    session: Session,
    database: web::Data<Database>,
    actor: Actor,
    path: web::Path<String>,
) -> Result<HttpResponse, Error> {
    let question = question(Confirm::Delete, &id(&path)?, "deletion", &VerbForm::default());
    html(StatusCode::OK, &confirm::ask(&request, &session, &database, &actor, question).await?)
}

/// `POST …/{id}/deletion`
///
/// # Errors
/// `Forbidden`, `NotFound`, `Unavailable`.
pub async fn delete(
    request: HttpRequest,
    session: Session,
    database: web::Data<Database>,
    actor: Actor,
    path: web::Path<String>,
    form: Form<VerbForm>,
) -> Result<HttpResponse, Error> {
    let (id, form) = (id(&path)?, form.0);
    let question = question(Confirm::Delete, &id, "deletion", &form);
    if form.confirm.trim() != "1" {
        let mut page = confirm::ask(&request, &session, &database, &actor, question).await?;
        page.typed = Field::wrong(&form.confirm, "Type 1 to confirm.");
        return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
    }
    let done = {
        let (actor, id) = (actor.clone(), id.clone());
        database
            .write(move |conn| {
                let name = queries::find(conn, Kind::System, &id)?.name;
                operations::delete(conn, &actor, Kind::System, &Selection::Accounts(vec![id]))?;
                Ok(name)
            })
            .await
    };
    match done {
        Ok(name) => {
            flash(&session, &Flash::done("Deleted ").strong(name).plain("."))?;
            let next = local(&form.next).filter(|next| !next.is_empty() && !next.contains(id.as_str()));
            Ok(see_other(next.unwrap_or(LIST)))
        }
        Err(error @ Error::Conflict(_)) => {
            let mut page = confirm::ask(&request, &session, &database, &actor, question).await?;
            page.error = Some(error.message());
            html(StatusCode::CONFLICT, &page)
        }
        Err(error) => Err(error),
    }
}

fn question(what: Confirm, id: &Id, verb: &str, form: &VerbForm) -> Question {
    let hidden = if form.next.is_empty() { Vec::new() } else { vec![Hidden::new("next", &form.next)] };
    Question {
        what,
        selection: Selection::Accounts(vec![id.clone()]),
        action: format!("{}/{verb}", url(id)),
        disable_action: format!("{}/disablement", url(id)),
        hidden,
        cancel: url(id),
    }
}

/// `POST /settings/changes/{id}/undo`
///
/// # Errors
/// `NotFound` for another's change, `Conflict` where nothing can be undone any more or a rule refuses, `Unavailable`.
pub async fn undo(
    session: Session,
    database: web::Data<Database>,
    plan: web::Data<Plan>,
    actor: Actor,
    path: web::Path<String>,
    form: Form<VerbForm>,
) -> Result<HttpResponse, Error> {
    let change = Id::parse(&path).ok_or(Error::NotFound("change"))?;
    let undone = database.write(move |conn| operations::undo(conn, &actor, &plan, &change)).await?;
    let accounts = Kind::System.counted(undone.accounts);
    let left = match undone.left {
        0 => String::new(),
        1 => " 1 change was left alone: somebody has changed it since.".into(),
        n => format!(" {} changes were left alone: somebody has changed them since.", grouped(n)),
    };
    flash(&session, &Flash::done(format!("Undone for {accounts}.{left}")))?;
    Ok(see_other(local(&form.0.next).filter(|next| !next.is_empty()).unwrap_or(LIST)))
}
