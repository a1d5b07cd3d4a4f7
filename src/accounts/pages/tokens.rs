//! The tokens of a system account: create, regenerate, revoke, finish an overlap. What one's own tokens share with them
//! stands here, too.

use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use super::visits::AccountVisit;
use crate::accounts::queries::alike::{Among, lookalike};
use crate::accounts::view::tokens::SentToken;
use crate::auth::access::is_by_a_person;
use crate::clock;
use crate::config::BaseUrl;
use crate::error::Error;
use crate::id::Id;
use crate::text::visible::visible;
use crate::tokens::model::{Expiry, Overlap};
use crate::tokens::operations::values::{self, Shown};
use crate::tokens::operations::{self, TokenCreation};
use crate::tokens::value::Access;
use crate::tokens::view::TokenValuePage;
use crate::web::form::Form;
use crate::web::navigation::NavigationCounts;
use crate::web::page::{html_with_secret, see_other};
use crate::web::view::{Flash, Moment, Shell};
use crate::web::visit::Visit;

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

impl TokenForm {
    pub fn creation(&self) -> TokenCreation {
        TokenCreation {
            name: self.name.clone(),
            access: Access::parse(&self.access),
            expiry: Expiry::parse(&self.expires, &self.expires_on),
        }
    }

    /// The form's identity, see [`operations::create_once`].
    pub fn once(&self) -> Option<Id> {
        Id::parse(&self.form)
    }

    pub fn sent(&self) -> SentToken<'_> {
        SentToken { name: &self.name, access: &self.access, expires: &self.expires, expires_on: &self.expires_on }
    }
}

/// Where the value of a new token is shown, below the address of its owner's tokens.
pub fn value_address(path: &str, token: &str) -> String {
    format!("{path}/{token}/value")
}

/// `POST …/{id}/tokens`
pub async fn create(visit: AccountVisit, form: Form<TokenForm>) -> Result<HttpResponse, Error> {
    let form = form.0;
    let (creation, once, seal) = (form.creation(), form.once(), visit.seal()?);
    let maximum = visit.config.max_token_lifetime;
    let made = visit.write(move |conn, actor, id| {
        if let Some(before) = operations::made_before(conn, actor, id, once.as_ref())? {
            return Ok(before);
        }
        let (token, value) = operations::create_once(conn, actor, id, &creation, maximum, once.as_ref())?;
        values::keep(conn, &seal, &value)?;
        Ok(token.id)
    });
    match made.await {
        Ok(token) => {
            let among = Among::TokensOf(visit.id.clone());
            if let alike @ Some(_) = lookalike(&visit.database, among, &token, &form.name).await {
                visit.flash(&Flash::done("Created ").strong(visible(&form.name)).plain(".").looking_like(alike))?;
            }
            Ok(see_other(&value_page(&visit, &token)))
        }
        Err(Error::Invalid(fields)) => {
            let mut page = visit.page().await?;
            if let Some(tokens) = &mut page.tokens {
                tokens.refuse_new(&form.sent(), fields, maximum, clock::now());
            }
            visit.html(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(error) => visit.answer(Err(error), &visit.url()).await,
    }
}

fn value_page(visit: &AccountVisit, token: &str) -> String {
    visit.below(&value_address("/tokens", token))
}

/// Whether nobody looks at the answer: a browser that fetches ahead, or a request for the head alone.
pub fn is_a_peek(request: &HttpRequest) -> bool {
    request.method() != Method::GET || !is_by_a_person(request.headers())
}

/// `GET …/{id}/tokens/{token}/value`: shows a new value, once.
pub async fn value(visit: AccountVisit, path: web::Path<TokenPath>) -> Result<HttpResponse, Error> {
    let (screen, seal, peek) = (visit.screen, visit.seal()?, is_a_peek(&visit.request));
    let navigation = visit.navigation;
    let shown = visit.write(move |conn, actor, id| {
        let account = operations::within_reach(conn, actor, screen.kind, id)?;
        // In one transaction with the frame's counts: a page that can't be drawn uses no value up.
        Ok((values::show(conn, account, &path.token, &seal, peek)?, NavigationCounts::read(conn, navigation)?))
    });
    let (shown, counts) = shown.await?;
    let shell = visit.shell(screen.path, &counts);
    let crumbs = vec![(screen.title.to_owned(), visit.filters().here()), (shown.account.name.clone(), visit.url())];
    show(&visit, shell, shown, crumbs)
}

/// The page that shows a value.
pub fn show(visit: &Visit, shell: Shell, shown: Shown, crumbs: Vec<(String, String)>) -> Result<HttpResponse, Error> {
    let now = clock::now();
    let page = TokenValuePage {
        shell,
        tokens: crumbs.last().map(|(_, page)| format!("{page}#tokens")).unwrap_or_default(),
        crumbs,
        account_name: shown.account.name,
        name: shown.token.name,
        value: shown.value.map(|value| value.expose().to_owned()),
        writes: shown.token.access == Access::Write,
        expires: shown.token.expires_at.map(|at| Moment::end(at, now)),
        old_until: shown.old_until.map(|at| Moment::until(at, now)),
        regenerated: shown.regenerated,
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

impl RegenerateForm {
    pub fn overlap(&self) -> Option<Overlap> {
        Overlap::parse(&self.overlap)
    }
}

/// A token in a path.
#[derive(Debug, Deserialize)]
pub struct TokenPath {
    pub token: String,
}

/// `POST …/{id}/tokens/{token}/regeneration`
pub async fn regenerate(
    visit: AccountVisit,
    path: web::Path<TokenPath>,
    form: Form<RegenerateForm>,
) -> Result<HttpResponse, Error> {
    let TokenPath { token } = path.into_inner();
    let Some(overlap) = form.0.overlap() else {
        let mut page = visit.page().await?;
        if let Some(tokens) = &mut page.tokens {
            tokens.refuse_overlap(&token);
        }
        return visit.html(StatusCode::UNPROCESSABLE_ENTITY, &page);
    };
    let (maximum, seal) = (visit.config.max_token_lifetime, visit.seal()?);
    let made = visit.write(move |conn, actor, id| {
        let made = operations::regenerate(conn, actor, id, &token, overlap, maximum)?;
        values::keep(conn, &seal, &made.value)?;
        Ok(made.new.id)
    });
    match made.await {
        Ok(token) => Ok(see_other(&value_page(&visit, &token))),
        Err(error) => visit.answer(Err(error), &visit.url()).await,
    }
}

/// `POST …/{id}/tokens/{token}/revocation`
pub async fn revoke(visit: AccountVisit, path: web::Path<TokenPath>) -> Result<HttpResponse, Error> {
    let kind = visit.screen.kind;
    let done = visit.write(move |conn, actor, id| operations::revoke_of(conn, actor, kind, id, &path.token)).await;
    visit.answer(done.map(|token| Flash::done("Revoked ").strong(token.name).plain(".")), &visit.url()).await
}

/// `POST …/{id}/tokens/{token}/finish`: the value that this one replaced stops now.
pub async fn finish(visit: AccountVisit, path: web::Path<TokenPath>) -> Result<HttpResponse, Error> {
    let done = visit.write(move |conn, actor, id| operations::finish(conn, actor, id, &path.token)).await;
    visit.answer(done.map(|()| Flash::done("The old value has stopped working.")), &visit.url()).await
}
