//! The tokens of a system account: create, regenerate, revoke, finish an overlap.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use chrono::NaiveDateTime;
use serde::Deserialize;

use super::visits::{AccountVisit, ScreenVisit};
use crate::accounts::model::{Account, Kind};
use crate::accounts::queries;
use crate::clock;
use crate::config::BaseUrl;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::tokens::model::{Expiry, Overlap, Token};
use crate::tokens::operations::{self, Creation};
use crate::tokens::value::{Access, TokenValue};
use crate::tokens::view::TokenCreatedPage;
use crate::web::form::Form;
use crate::web::navigation::{Counts, Navigation};
use crate::web::page::html_with_secret;
use crate::web::view::{Field, Flash, Moment};

/// The form of a new token.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct TokenForm {
    name: String,
    access: String,
    expires: String,
    expires_on: String,
    form: String,
}

/// `POST …/{id}/tokens`
///
/// # Errors
/// `Forbidden`, `NotFound`, `Unavailable`; what a rule refuses comes back as the dialog.
pub async fn create(visit: AccountVisit, form: Form<TokenForm>) -> Result<HttpResponse, Error> {
    let form = form.0;
    let creation = Creation {
        name: form.name.clone(),
        access: Access::parse(&form.access),
        expiry: Expiry::parse(&form.expires, &form.expires_on),
    };
    let (maximum, once, navigation) = (visit.config.max_token_lifetime, Id::parse(&form.form), visit.navigation);
    let made = visit.write(move |conn, actor, id| {
        let (token, value) = operations::create_once(conn, actor, id, &creation, maximum, once.as_ref())?;
        Made::read(conn, navigation, token, value)
    });
    match made.await {
        Ok(made) => created(&visit, made),
        Err(Error::Invalid(fields)) => {
            let mut page = visit.page().await?;
            page.open_dialog = Some("new-token".into());
            let new = &mut page.new_token;
            new.choose(&form.access, &form.expires, visit.config.max_token_lifetime, clock::now());
            new.name = Field::new(form.name);
            new.expires_on = Field::new(form.expires_on);
            for wrong in fields {
                match wrong.field {
                    "access" => new.access_error = Some(wrong.message),
                    "expires" => new.expires_error = Some(wrong.message),
                    "expires_on" => new.expires_on.error = Some(wrong.message),
                    _ => new.name.error = Some(wrong.message),
                }
            }
            visit.html(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(error) => visit.answer(Err(error), &visit.url()).await,
    }
}

/// A token with everything that its one page shows, read in the transaction that made it: after the commit nothing may fail
/// any more, for the value would be lost.
pub struct Made {
    token: Token,
    value: TokenValue,
    account: Account,
    counts: Counts,
    /// After a regeneration, until when the old value works (`None` for no longer).
    old_until: Option<Option<NaiveDateTime>>,
}

impl Made {
    /// Reads the rest.
    ///
    /// # Errors
    /// The database's.
    pub fn read(conn: &mut DbConnection, navigation: Navigation, token: Token, value: TokenValue) -> Result<Self, Error> {
        let account = queries::find(conn, Kind::System, &token.account)?;
        Ok(Self { token, value, account, counts: Counts::read(conn, navigation)?, old_until: None })
    }
}

/// The page that shows a value, in the answer to the POST that made it and never again.
///
/// # Errors
/// `Internal` where the template fails.
pub fn created(visit: &ScreenVisit, made: Made) -> Result<HttpResponse, Error> {
    let Made { token, value, account, counts, old_until } = made;
    let now = clock::now();
    let mut shell = visit.shell(visit.screen.path, &counts);
    shell.here = visit.at(&account.id);
    let page = TokenCreatedPage {
        shell,
        list: (visit.screen.title, visit.screen.path),
        account: visit.at(&account.id),
        account_name: account.name,
        name: token.name,
        value: value.expose().to_owned(),
        writes: token.access == Access::Write,
        expires: token.expires_at.map(Moment::on),
        old_until: old_until.flatten().map(|at| Moment::until(at, now)),
        regenerated: old_until.is_some(),
        base_url: visit.data::<BaseUrl>()?.0.clone(),
    };
    html_with_secret(StatusCode::OK, &page)
}

/// The form of Regenerate.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct RegenerateForm {
    overlap: String,
}

/// A token in a path, below its account.
#[derive(Debug, Deserialize)]
pub struct TokenPath {
    token: String,
}

/// `POST …/{id}/tokens/{token}/regeneration`
///
/// # Errors
/// `Forbidden`, `NotFound`, `Unavailable`; what a rule refuses comes back as the account's page.
pub async fn regenerate(
    visit: AccountVisit,
    path: web::Path<TokenPath>,
    form: Form<RegenerateForm>,
) -> Result<HttpResponse, Error> {
    let TokenPath { token } = path.into_inner();
    let Some(overlap) = Overlap::parse(&form.0.overlap) else {
        let mut page = visit.page().await?;
        page.open_dialog = Some(format!("regenerate-{token}"));
        page.overlap_error = Some("Choose when the old value stops.".into());
        return visit.html(StatusCode::UNPROCESSABLE_ENTITY, &page);
    };
    let (maximum, navigation) = (visit.config.max_token_lifetime, visit.navigation);
    let made = visit.write(move |conn, actor, id| {
        let made = operations::regenerate(conn, actor, id, &token, overlap, maximum)?;
        let until = made.old_until();
        Ok(Made { old_until: Some(until), ..Made::read(conn, navigation, made.new, made.value)? })
    });
    match made.await {
        Ok(made) => created(&visit, made),
        Err(error) => visit.answer(Err(error), &visit.url()).await,
    }
}

/// `POST …/{id}/tokens/{token}/revocation`
///
/// # Errors
/// `Forbidden`, `NotFound`, `Unavailable`; what a rule refuses comes back as the account's page.
pub async fn revoke(visit: AccountVisit, path: web::Path<TokenPath>) -> Result<HttpResponse, Error> {
    let done = visit.write(move |conn, actor, id| operations::revoke(conn, actor, id, &path.token)).await;
    visit.answer(done.map(|token| Flash::done("Revoked ").strong(token.name).plain(".")), &visit.url()).await
}

/// `POST …/{id}/tokens/{token}/finish`: the value that this one replaced stops now.
///
/// # Errors
/// `Forbidden`, `NotFound`, `Unavailable`; what a rule refuses comes back as the account's page.
pub async fn finish(visit: AccountVisit, path: web::Path<TokenPath>) -> Result<HttpResponse, Error> {
    let done = visit.write(move |conn, actor, id| operations::finish(conn, actor, id, &path.token)).await;
    visit.answer(done.map(|()| Flash::done("The old value has stopped working.")), &visit.url()).await
}
