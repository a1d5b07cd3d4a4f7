//! Setting a password by a one-time link.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use super::{HOME, MIN_LENGTH};
use crate::auth::access::origin;
use crate::auth::door::Door;
use crate::auth::view::SetPasswordPage;
use crate::auth::{operations, session};
use crate::database::Database;
use crate::error::Error;
use crate::web::form::Form;
use crate::web::page::{head, html_with_secret, see_other};
use crate::web::view::Flash;
use crate::web::visit::Visitor;

#[derive(Deserialize)]
pub struct PasswordForm {
    #[serde(default)]
    password: String,
    #[serde(default)]
    password_again: String,
}

async fn invitation(request: &HttpRequest, database: &Database, key: &str) -> Result<SetPasswordPage, Error> {
    let wanted = key.to_owned();
    let (_, account) = database.read(move |conn| operations::check_invitation(conn, &wanted)).await?;
    Ok(SetPasswordPage {
        head: head(request),
        action: format!("/set-password/{key}"),
        name: account.name,
        email: account.email.unwrap_or_default(),
        min_length: MIN_LENGTH,
        ..SetPasswordPage::default()
    })
}

/// `GET /set-password/{key}`
pub async fn show(request: HttpRequest, database: web::Data<Database>, key: web::Path<String>) -> Result<HttpResponse, Error> {
    html_with_secret(StatusCode::OK, &invitation(&request, &database, &key).await?)
}

/// `POST /set-password/{key}`
pub async fn set(visitor: Visitor, key: web::Path<String>, form: Form<PasswordForm>) -> Result<HttpResponse, Error> {
    let mut page = invitation(&visitor.request, &visitor.database, &key).await?;
    let door = visitor.data::<Door>()?;
    let hash = match door.hash(form.0.password, form.0.password_again).await {
        Ok(hash) => hash,
        Err(Error::Invalid(fields)) => {
            for wrong in fields {
                let field = if wrong.field == "password_again" { &mut page.password_again } else { &mut page.password };
                field.error = Some(wrong.message);
            }
            return html_with_secret(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
        Err(error) => return Err(error),
    };
    let (key, from) = (key.into_inner(), origin(&visitor.request)?);
    let begun = visitor.database.write(move |conn| operations::accept_invitation(conn, &key, &hash, &from)).await?;
    session::enter(&visitor.session, &begun)?;
    visitor.flash(&Flash::done("Password set."))?;
    door.remember(&visitor.request, &page.email, None);
    Ok(see_other(HOME))
}
