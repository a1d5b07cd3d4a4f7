//! Setting a password by a one-time link. To look at the page changes nothing: previews and scanners open links, too.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use crate::accounts::model::AccountName;
use crate::auth::access::origin;
use crate::auth::door::SignInGuard;
use crate::auth::{password, session};
use crate::database::Database;
use crate::error::Error;
use crate::people::operations::{self, OpenLink};
use crate::people::view::SetPasswordPage;
use crate::web::form::Form;
use crate::web::page::{html_of_link, refused, see_other};
use crate::web::view::{Field, Flash};
use crate::web::visit::{Visitor, head};

#[derive(Deserialize)]
pub struct PasswordForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    password_again: String,
}

async fn open(database: &Database, key: &str) -> Result<OpenLink, Error> {
    let wanted = key.to_owned();
    database.read(move |conn| operations::open(conn, &wanted)).await
}

fn page(request: &HttpRequest, key: &str, link: &OpenLink) -> SetPasswordPage {
    SetPasswordPage {
        head: head(request),
        action: format!("/set-password/{key}"),
        invites: link.invites,
        known_name: (!link.asks_name).then(|| link.account.name.clone()),
        email: link.account.email.clone().unwrap_or_default(),
        min_length: password::MIN_LENGTH as u32,
        ..SetPasswordPage::default()
    }
}

/// `GET /set-password/{key}`
pub async fn show(request: HttpRequest, database: web::Data<Database>, key: web::Path<String>) -> Result<HttpResponse, Error> {
    let link = open(&database, &key).await?;
    html_of_link(StatusCode::OK, &page(&request, &key, &link))
}

/// `POST /set-password/{key}`
pub async fn set(visitor: Visitor, key: web::Path<String>, form: Form<PasswordForm>) -> Result<HttpResponse, Error> {
    let PasswordForm { name, password, password_again } = form.0;
    let link = open(&visitor.database, &key).await?;
    let (door, email) = (visitor.data::<SignInGuard>()?, link.account.email.clone().unwrap_or_default());
    let unnamed = AccountName::parse(&name).err().filter(|_| link.asks_name).map(|message| Error::field("name", message));
    let wrong = [unnamed, password::check_new(&password, &password_again).err()];
    let hash = match Error::joined(wrong.into_iter().flatten()) {
        Ok(()) => door.hash(password, password_again).await,
        Err(error) => Err(error),
    };
    let mut page = page(&visitor.request, &key, &link);
    let hash = match hash {
        Ok(hash) => hash,
        Err(error @ Error::Busy(_)) => {
            (page.name, page.error) = (Field::new(name), Some(error.message()));
            return refused(&error, html_of_link(StatusCode::OK, &page));
        }
        Err(Error::Invalid(wrong)) => {
            page.name = Field::new(name);
            for wrong in wrong {
                let field = match wrong.field {
                    "name" => &mut page.name,
                    "password_again" => &mut page.password_again,
                    _ => &mut page.password,
                };
                field.error = Some(wrong.message);
            }
            return html_of_link(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
        Err(error) => return Err(error),
    };
    let (key, from) = (key.into_inner(), origin(&visitor.request)?);
    let set = visitor.database.write(move |conn| operations::set_password(conn, &key, &name, &hash, &from)).await?;
    session::enter(&visitor.session, &set)?;
    let done = if link.invites { "Password set. Welcome to Muster." } else { "Password set." };
    visitor.flash(&Flash::done(done))?;
    door.remember(&visitor.request, &email, None);
    Ok(see_other("/"))
}
