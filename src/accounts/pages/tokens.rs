//! The tokens of a system account: create, regenerate, revoke, finish an overlap.

use actix_session::Session;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::NaiveDateTime;
use serde::Deserialize;

use super::account::{longest_life, page};
use super::{id, url};
use crate::accounts::model::Kind;
use crate::accounts::queries;
use crate::auth::access::Actor;
use crate::auth::principal::Principal;
use crate::clock;
use crate::config::{BaseUrl, Config};
use crate::database::Database;
use crate::error::Error;
use crate::id::Id;
use crate::tokens::model::{Expiry, Overlap, Token};
use crate::tokens::operations::{self, Creation};
use crate::tokens::value::{Access, TokenValue};
use crate::tokens::view::TokenCreatedPage;
use crate::web::form::Form;
use crate::web::page::{Counts, flash, html, see_other, shell};
use crate::web::view::{Field, Flash, Moment, Place};

/// The form of a new token.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct TokenForm {
    name: String,
    access: String,
    expires: String,
    expires_on: String,
}

/// `POST …/{id}/tokens`
///
/// # Errors
/// `Forbidden`, `NotFound`, `Unavailable`; what a rule refuses comes back as the dialog.
pub async fn create(
    request: HttpRequest,
    session: Session,
    database: web::Data<Database>,
    config: web::Data<Config>,
    actor: Actor,
    path: web::Path<String>,
    form: Form<TokenForm>,
) -> Result<HttpResponse, Error> {
    let (id, form) = (id(&path)?, form.0);
    let creation = Creation {
        name: form.name.clone(),
        access: Access::parse(&form.access),
        expiry: Expiry::parse(&form.expires, &form.expires_on),
    };
    let made = {
        let (actor, id, maximum) = (actor.clone(), id.clone(), config.max_token_lifetime);
        database.write(move |conn| operations::create(conn, &actor, &id, &creation, maximum)).await
    };
    match made {
        Ok((token, value)) => created(&request, &session, &database, &actor, &id, &token, &value, None).await,
        Err(Error::Invalid(fields)) => {
            let mut page = page(&request, &session, &database, &actor, &id).await?;
            page.open_dialog = Some("new-token".into());
            let new = &mut page.new_token;
            new.choose(&form.access, &form.expires, longest_life(&config));
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
            html(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(error @ Error::Conflict(_)) => refused(&request, &session, &database, &actor, &id, &error).await,
        Err(error) => Err(error),
    }
}

/// The page that shows a value, in the answer to the POST that made it and never again.
///
/// # Errors
/// `NotFound`, `Unavailable`.
#[expect(clippy::too_many_arguments, reason = "each is something else that the page shows")]
pub async fn created(
    request: &HttpRequest,
    session: &Session,
    database: &Database,
    actor: &Principal,
    account: &Id,
    token: &Token,
    value: &TokenValue,
    old_until: Option<Option<NaiveDateTime>>,
) -> Result<HttpResponse, Error> {
    let id = account.clone();
    let (account, counts) = database.read(move |conn| Ok((queries::find(conn, Kind::System, &id)?, Counts::read(conn)?))).await?;
    let now = clock::now();
    let mut shell = shell(request, session, actor, Place::SystemAccounts, &counts);
    shell.here = url(&account.id);
    let page = TokenCreatedPage {
        shell,
        account_id: account.id.to_string(),
        account_name: account.name,
        name: token.name.clone(),
        value: value.expose().to_owned(),
        writes: token.access == Access::Write,
        expires: token.expires_at.map(Moment::on),
        old_until: old_until.flatten().map(|at| Moment::until(at, now)),
        regenerated: old_until.is_some(),
        base_url: request.app_data::<web::Data<BaseUrl>>().map(|url| url.0.clone()).unwrap_or_default(),
    };
    let mut answer = html(StatusCode::OK, &page)?;
    answer.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    Ok(answer)
}

/// The form of Regenerate.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct RegenerateForm {
    overlap: String,
}

/// `POST …/{id}/tokens/{token}/regeneration`
///
/// # Errors
/// `Forbidden`, `NotFound`, `Unavailable`; what a rule refuses comes back as the account's page.
pub async fn regenerate(
    request: HttpRequest,
    session: Session,
    database: web::Data<Database>,
    config: web::Data<Config>,
    actor: Actor,
    path: web::Path<(String, String)>,
    form: Form<RegenerateForm>,
) -> Result<HttpResponse, Error> {
    let (account, token) = path.into_inner();
    let id = id(&account)?;
    let Some(overlap) = Overlap::parse(&form.0.overlap) else {
        let mut page = page(&request, &session, &database, &actor, &id).await?;
        page.open_dialog = Some(format!("regenerate-{token}"));
        page.overlap_error = Some("Choose when the old value stops.".into());
        return html(StatusCode::UNPROCESSABLE_ENTITY, &page);
    };
    let made = {
        let (actor, id, maximum) = (actor.clone(), id.clone(), config.max_token_lifetime);
        database.write(move |conn| operations::regenerate(conn, &actor, &id, &token, overlap, maximum)).await
    };
    match made {
        Ok((token, value)) => {
            let until = (overlap != Overlap::Now).then(|| clock::now() + overlap.length());
            created(&request, &session, &database, &actor, &id, &token, &value, Some(until)).await
        }
        Err(error @ Error::Conflict(_)) => refused(&request, &session, &database, &actor, &id, &error).await,
        Err(error) => Err(error),
    }
}

/// `POST …/{id}/tokens/{token}/revocation`
///
/// # Errors
/// `Forbidden`, `NotFound`, `Unavailable`; what a rule refuses comes back as the account's page.
pub async fn revoke(
    request: HttpRequest,
    session: Session,
    database: web::Data<Database>,
    actor: Actor,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Error> {
    let (account, token) = path.into_inner();
    let id = id(&account)?;
    let done = {
        let (actor, id) = (actor.clone(), id.clone());
        database.write(move |conn| operations::revoke(conn, &actor, &id, &token)).await
    };
    match done {
        Ok(token) => {
            flash(&session, &Flash::done("Revoked ").strong(token.name).plain("."))?;
            Ok(see_other(&url(&id)))
        }
        Err(error @ Error::Conflict(_)) => refused(&request, &session, &database, &actor, &id, &error).await,
        Err(error) => Err(error),
    }
}

/// `POST …/{id}/tokens/{token}/finish`: the value that this one replaced stops now.
///
/// # Errors
/// `Forbidden`, `NotFound`, `Unavailable`; what a rule refuses comes back as the account's page.
pub async fn finish(
    request: HttpRequest,
    session: Session,
    database: web::Data<Database>,
    actor: Actor,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Error> {
    let (account, token) = path.into_inner();
    let id = id(&account)?;
    let done = {
        let (actor, id) = (actor.clone(), id.clone());
        database.write(move |conn| operations::finish(conn, &actor, &id, &token)).await
    };
    match done {
        Ok(()) => {
            flash(&session, &Flash::done("The old value has stopped working."))?;
            Ok(see_other(&url(&id)))
        }
        Err(error @ Error::Conflict(_)) => refused(&request, &session, &database, &actor, &id, &error).await,
        Err(error) => Err(error),
    }
}

async fn refused(
    request: &HttpRequest,
    session: &Session,
    database: &Database,
    actor: &Principal,
    id: &Id,
    error: &Error,
) -> Result<HttpResponse, Error> {
    let mut page = page(request, session, database, actor, id).await?;
    page.shell.flash = Some(Flash::refused(error.message()));
    html(StatusCode::CONFLICT, &page)
}
