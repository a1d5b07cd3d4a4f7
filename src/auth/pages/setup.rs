//! Setting up the first administrator.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use super::MIN_LENGTH;
use crate::accounts::model::{AccountName, Email};
use crate::auth::access::{HOME, origin};
use crate::auth::door::SignInGuard;
use crate::auth::view::SetupPage;
use crate::auth::{operations, password, session};
use crate::database::Database;
use crate::error::Error;
use crate::web::form::Form;
use crate::web::page::{html_of_link, refused, see_other};
use crate::web::view::Field;
use crate::web::visit::{Visitor, head};

/// `GET /setup/{key}`
pub async fn show(request: HttpRequest, database: web::Data<Database>, key: web::Path<String>) -> Result<HttpResponse, Error> {
    let wanted = key.clone();
    database.read(move |conn| operations::check_setup(conn, &wanted)).await?;
    html_of_link(StatusCode::OK, &page(&request, &key, &SetupForm::default()))
}

#[derive(Deserialize, Default)]
pub struct SetupForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    password_again: String,
}

fn page(request: &HttpRequest, key: &str, form: &SetupForm) -> SetupPage {
    SetupPage {
        head: head(request),
        action: format!("/setup/{key}"),
        name: Field::new(&form.name),
        email: Field::new(&form.email),
        min_length: MIN_LENGTH,
        ..SetupPage::default()
    }
}

/// `POST /setup/{key}`
pub async fn create(visitor: Visitor, key: web::Path<String>, form: Form<SetupForm>) -> Result<HttpResponse, Error> {
    let form = form.0;
    let (database, door) = (&visitor.database, visitor.data::<SignInGuard>()?);
    let mut page = page(&visitor.request, &key, &form);
    let (key, from) = (key.into_inner(), origin(&visitor.request)?);
    let wanted = key.clone();
    database.read(move |conn| operations::check_setup(conn, &wanted)).await?;
    let email = form.email.clone();
    let wrong = [
        AccountName::parse(&form.name).err().map(|message| Error::field("name", message)),
        Email::parse(&form.email).err().map(|message| Error::field("email", message)),
        password::check_new(&form.password, &form.password_again).err(),
    ];
    let created = match Error::joined(wrong.into_iter().flatten()) {
        Ok(()) => match door.hash(form.password, form.password_again).await {
            Ok(hash) => {
                let made = database.write(move |conn| operations::set_up(conn, &key, &form.name, &form.email, &hash, &from));
                made.await
            }
            Err(error) => Err(error),
        },
        Err(error) => Err(error),
    };
    match created {
        Ok(begun) => {
            session::enter(&visitor.session, &begun)?;
            door.remember(&visitor.request, &email, None);
            Ok(see_other(HOME))
        }
        Err(Error::Invalid(fields)) => {
            for wrong in fields {
                match wrong.field {
                    "name" => page.name.error = Some(wrong.message),
                    "email" => page.email.error = Some(wrong.message),
                    "password_again" => page.password_again.error = Some(wrong.message),
                    _ => page.password.error = Some(wrong.message),
                }
            }
            html_of_link(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(error @ Error::Busy(_)) => {
            page.error = Some(error.message());
            refused(&error, html_of_link(StatusCode::OK, &page))
        }
        Err(error) => Err(error),
    }
}
