//! One's own tokens, with the same parts as a system account's.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use chrono::NaiveDateTime;

use crate::accounts::pages::live;
use crate::accounts::pages::tokens::{RegenerateForm, TokenForm, TokenPath, is_a_peek, show as show_value, value_address};
use crate::accounts::view::ask::whom_to_ask;
use crate::accounts::view::tokens::{NewTokenForm, TokenRow, TokenSection};
use crate::activity::Recorder;
use crate::audit;
use crate::audit::filter::LogQuery;
use crate::clock;
use crate::config::BaseUrl;
use crate::error::Error;
use crate::id::Id;
use crate::settings;
use crate::tokens::model::ListedToken;
use crate::tokens::operations::{self, own, values};
use crate::tokens::value::Access;
use crate::tokens::view::{OWN, OwnTokensPage};
use crate::tokens::{policy, queries};
use crate::web::form::Form;
use crate::web::navigation::NavigationCounts;
use crate::web::page::see_other;
use crate::web::view::Flash;
use crate::web::view::moment::day;
use crate::web::visit::Visit;

/// `GET /settings/api-tokens`
pub async fn show(visit: Visit) -> Result<HttpResponse, Error> {
    visit.html(StatusCode::OK, &page(&visit).await?)
}

async fn page(visit: &Visit) -> Result<OwnTokensPage, Error> {
    let (actor, general) = (visit.actor.clone(), Arc::clone(&visit.settings));
    let own_id = actor.account.clone().ok_or(Error::Unauthenticated)?;
    let pending = visit.data::<Recorder>()?.pending(&own_id);
    let ((mut tokens, stopped, tracked_since, ask), shell) = visit
        .framed(OWN, move |conn| {
            let account = own::account(conn, &actor)?;
            let ask = if own::may_have(&actor, Access::Read) { None } else { whom_to_ask(conn, &general)? };
            let tokens = queries::of_account(conn, &account.id)?;
            Ok((tokens, policy::stopped(conn)?, settings::tracked_since(conn)?, ask))
        })
        .await?;
    live::add_to_tokens(&mut tokens, &pending);
    let now = clock::now();
    let section = section(visit, &tokens, (stopped.map(|stop| stop.sentence()), tracked_since), now);
    Ok(OwnTokensPage {
        shell,
        base_url: visit.data::<BaseUrl>()?.0.clone(),
        may_create: section.new.is_some(),
        ask,
        creates_accounts: visit.actor.may("system_account:manage:*"),
        section,
    })
}

fn section(
    visit: &Visit,
    tokens: &[ListedToken],
    (creation_stopped, tracked_since): (Option<String>, NaiveDateTime),
    now: NaiveDateTime,
) -> TokenSection {
    let may = |access| own::may_have(&visit.actor, access);
    let row =
        |token: &ListedToken| TokenRow { can_renew: may(token.token.access), can_end: true, ..TokenRow::new(token, OWN, now) };
    let new = || NewTokenForm::personal(visit.config.max_token_lifetime, now, Id::new().as_str(), !may(Access::Write));
    let own_id = visit.actor.account.as_ref().map_or("", Id::as_str);
    TokenSection {
        path: OWN.into(),
        page: OWN.into(),
        holder: None,
        rows: tokens.iter().map(row).collect(),
        tracked_since: day(tracked_since.date()),
        new: may(Access::Read).then(new),
        creation_stopped,
        all_changes: visit.actor.may(audit::operations::READ).then(|| LogQuery::of(own_id).href()),
        ..TokenSection::default()
    }
}

/// `POST /settings/api-tokens`
pub async fn create(visit: Visit, form: Form<TokenForm>) -> Result<HttpResponse, Error> {
    let form = form.0;
    let (creation, once, seal) = (form.creation(), form.once(), visit.seal()?);
    let maximum = visit.config.max_token_lifetime;
    let made = visit.write(move |conn, actor| {
        let account = own::account(conn, actor)?;
        if let Some(before) = operations::made_before(conn, actor, &account.id, once.as_ref())? {
            return Ok(before);
        }
        let (token, value) = own::create(conn, actor, &creation, maximum, once.as_ref())?;
        values::keep(conn, &seal, &value)?;
        Ok(token.id)
    });
    match made.await {
        Ok(token) => Ok(see_other(&value_address(OWN, &token))),
        Err(Error::Invalid(fields)) => {
            let mut page = page(&visit).await?;
            page.section.refuse_new(&form.sent(), fields, maximum, clock::now());
            visit.html(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(error) => refused(&visit, error).await,
    }
}

/// `GET /settings/api-tokens/{token}/value`: shows a new value, once.
pub async fn value(visit: Visit, path: web::Path<TokenPath>) -> Result<HttpResponse, Error> {
    let (seal, peek, navigation) = (visit.seal()?, is_a_peek(&visit.request), visit.navigation);
    let shown = visit.write(move |conn, actor| {
        let account = own::account(conn, actor)?;
        Ok((values::show(conn, account, &path.token, &seal, peek)?, NavigationCounts::read(conn, navigation)?))
    });
    let (shown, counts) = shown.await?;
    show_value(&visit, visit.shell(OWN, &counts), shown, vec![("Your API tokens".into(), OWN.into())])
}

/// `POST /settings/api-tokens/{token}/regeneration`
pub async fn regenerate(visit: Visit, path: web::Path<TokenPath>, form: Form<RegenerateForm>) -> Result<HttpResponse, Error> {
    let TokenPath { token } = path.into_inner();
    let Some(overlap) = form.0.overlap() else {
        let mut page = page(&visit).await?;
        page.section.refuse_overlap(&token);
        return visit.html(StatusCode::UNPROCESSABLE_ENTITY, &page);
    };
    let (maximum, seal) = (visit.config.max_token_lifetime, visit.seal()?);
    let made = visit.write(move |conn, actor| {
        let made = own::regenerate(conn, actor, &token, overlap, maximum)?;
        values::keep(conn, &seal, &made.value)?;
        Ok(made.new.id)
    });
    match made.await {
        Ok(token) => Ok(see_other(&value_address(OWN, &token))),
        Err(error) => refused(&visit, error).await,
    }
}

/// `POST /settings/api-tokens/{token}/revocation`
pub async fn revoke(visit: Visit, path: web::Path<TokenPath>) -> Result<HttpResponse, Error> {
    match visit.write(move |conn, actor| own::revoke(conn, actor, &path.token)).await {
        Ok(token) => done(&visit, &Flash::done("Revoked ").strong(token.name).plain(".")),
        Err(error) => refused(&visit, error).await,
    }
}

/// `POST /settings/api-tokens/{token}/finish`: the value that this one replaced stops now.
pub async fn finish(visit: Visit, path: web::Path<TokenPath>) -> Result<HttpResponse, Error> {
    match visit.write(move |conn, actor| own::finish(conn, actor, &path.token)).await {
        Ok(()) => done(&visit, &Flash::done("The old value has stopped working.")),
        Err(error) => refused(&visit, error).await,
    }
}

fn done(visit: &Visit, flash: &Flash) -> Result<HttpResponse, Error> {
    visit.flash(flash)?;
    Ok(see_other(OWN))
}

async fn refused(visit: &Visit, error: Error) -> Result<HttpResponse, Error> {
    let Error::Conflict(sentence) = error else { return Err(error) };
    let mut page = page(visit).await?;
    page.shell.flash = Some(Flash::refused(sentence));
    visit.html(StatusCode::CONFLICT, &page)
}
