//! Edit name and description: a dialog of an account's page.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::Deserialize;

use super::visits::AccountVisit;
use crate::accounts::operations::{self, Renaming};
use crate::error::Error;
use crate::web::form::Form;
use crate::web::view::{Field, Flash};

/// The form of Edit name and description.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct RenameAccountForm {
    name: String,
    description: String,
    shown_name: Option<String>,
    shown_description: Option<String>,
}

impl From<RenameAccountForm> for Renaming {
    fn from(form: RenameAccountForm) -> Self {
        let RenameAccountForm { name, description, shown_name, shown_description } = form;
        Self { name, description, shown_name, shown_description }
    }
}

/// `POST /settings/system-accounts/{id}`
pub async fn save(visit: AccountVisit, form: Form<RenameAccountForm>) -> Result<HttpResponse, Error> {
    let form = form.0;
    let done = {
        let (form, kind) = (form.clone(), visit.screen.kind);
        visit.write(move |conn, actor, id| operations::rename(conn, actor, kind, id, form)).await
    };
    match done {
        Err(Error::Invalid(fields)) => {
            let mut page = visit.page().await?;
            page.open_dialog = Some("rename".into());
            page.rename_name = Field::new(form.name);
            page.rename_description = Field::new(form.description);
            for wrong in fields {
                let field = if wrong.field == "description" { &mut page.rename_description } else { &mut page.rename_name };
                field.error = Some(wrong.message);
            }
            visit.html(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Ok(()) => {
            let alike = visit.alike(&visit.id, &form.name).await;
            visit.answer(Ok(Flash::done("Saved name and description.").looking_like(alike)), &visit.url()).await
        }
        Err(error) => visit.answer(Err(error), &visit.url()).await,
    }
}
