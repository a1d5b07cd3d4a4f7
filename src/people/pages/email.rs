//! Another e-mail address: a user's, and one's own.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::Deserialize;

use crate::accounts::pages::visits::AccountVisit;
use crate::auth::door::SignInGuard;
use crate::auth::principal::Principal;
use crate::auth::profile::{self, PROFILE, ended_text};
use crate::auth::{operations as auth, password, queries};
use crate::database::DbConnection;
use crate::error::Error;
use crate::people::operations;
use crate::web::form::Form;
use crate::web::page::see_other;
use crate::web::view::{Field, Flash, Text};
use crate::web::visit::Visit;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct EmailForm {
    email: String,
    /// The address that the form was drawn with.
    shown: Option<String>,
}

/// `POST …/{id}/email`
pub async fn change(visit: AccountVisit, form: Form<EmailForm>) -> Result<HttpResponse, Error> {
    let EmailForm { email, shown } = form.0.clone();
    let done = visit.write(move |conn, actor, id| operations::change_email(conn, actor, id, (&email, shown.as_deref()))).await;
    let (status, message) = match done {
        Ok(changed) => {
            let text =
                if changed { "Changed the e-mail address. Links made for the old one no longer work." } else { "No change." };
            let flash = if changed { Flash::done(text) } else { Flash::neutral(vec![crate::web::view::Text::plain(text)]) };
            return visit.answer(Ok(flash), &visit.url()).await;
        }
        Err(error @ Error::Invalid(_)) => (StatusCode::UNPROCESSABLE_ENTITY, error.message()),
        Err(Error::Conflict(message)) if !visit.actor.is(&visit.id) => (StatusCode::CONFLICT, message),
        Err(error) => return visit.answer(Err(error), &visit.url()).await,
    };
    let mut page = visit.page().await?;
    page.open_dialog = Some("email".into());
    page.new_email = Field::wrong(form.0.email, message);
    visit.html(status, &page)
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct OwnEmailForm {
    email: String,
    current: String,
    /// The address that the form was drawn with.
    shown: Option<String>,
}

/// `POST /profile/email`
pub async fn change_own(visit: Visit, form: Form<OwnEmailForm>) -> Result<HttpResponse, Error> {
    let (actor, door) = (&visit.actor, visit.data::<SignInGuard>()?);
    let own = actor.account.clone().ok_or(Error::Unauthenticated)?;
    let admitted = match door.open_again(&visit.request, actor.session().ok_or(Error::Unauthenticated)?) {
        Ok(admitted) => admitted,
        Err(closed) => return profile::again(&visit, &closed.into()).await,
    };
    let OwnEmailForm { email, current, shown } = form.0;
    let login = visit.read(move |conn| queries::login_by_id(conn, &own)).await?.ok_or(Error::Unauthenticated)?;
    let (hash, known) = (login.password_hash.clone(), login.password_hash.unwrap_or_default());
    let right = admitted.place.work(move || Ok(password::verify(&current, hash.as_deref()))).await?;
    let changed = if right {
        door.give_back(&admitted.attempt);
        let (address, drawn) = (email.clone(), shown.clone());
        let change = move |conn: &mut DbConnection, actor: &Principal| {
            operations::change_own_email(conn, actor, &known, (&address, drawn.as_deref()))
        };
        visit.write(change).await
    } else {
        Err(auth::not_the_current_password())
    };
    let (status, fields) = match changed {
        Ok(ended) => {
            let flash = match ended {
                Some(ended) => Flash::done(format!("E-mail address changed.{}", ended_text(ended))),
                None => Flash::neutral(vec![Text::plain("That is your e-mail address already.")]),
            };
            visit.flash(&flash)?;
            return Ok(see_other(PROFILE));
        }
        Err(Error::Invalid(fields)) => (StatusCode::UNPROCESSABLE_ENTITY, fields),
        Err(Error::Conflict(message)) => (StatusCode::CONFLICT, vec![crate::error::FieldError { field: "email", message }]),
        Err(error) => return Err(error),
    };
    let mut page = profile::profile(&visit).await?;
    page.new_email = Field::new(email);
    if !right {
        // What is typed still belongs to what was shown first.
        page.shown_email = shown.unwrap_or(page.shown_email);
    }
    for wrong in fields {
        let field = if wrong.field == "current" { &mut page.email_password } else { &mut page.new_email };
        field.error = Some(wrong.message);
    }
    visit.html(status, &page)
}
