//! The page of the token policy.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::Deserialize;

use crate::accounts::kind::SYSTEM_ACCOUNTS;
use crate::clock;
use crate::error::Error;
use crate::tokens::model::in_words;
use crate::tokens::queries::expiry::LongLived;
use crate::tokens::view::{LongLivedRow, POLICY, PolicyPage, StopLine};
use crate::tokens::{policy, queries};
use crate::web::form::{Form, Query};
use crate::web::page::see_other;
use crate::web::view::address::address;
use crate::web::view::pagination::Pagination;
use crate::web::view::words::count;
use crate::web::view::{Field, Flash, Moment, Text};
use crate::web::visit::Visit;

const SIZE: u64 = 50;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct PolicyQuery {
    page: String,
}

/// `GET /settings/token-policy`
pub async fn show(visit: Visit, query: Query<PolicyQuery>) -> Result<HttpResponse, Error> {
    // Anything that isn't a page number is page 1.
    let wanted = query.0.page.parse().unwrap_or(1);
    visit.html(StatusCode::OK, &page(&visit, wanted).await?)
}

async fn page(visit: &Visit, wanted: u64) -> Result<PolicyPage, Error> {
    let (maximum, now) = (visit.config.max_token_lifetime, clock::now());
    // Nobody turns that many pages; pages past the end are empty.
    let number = wanted.clamp(1, 100_000);
    let ((total, rows, stop), shell) = visit
        .framed(POLICY, move |conn| {
            let (limit, offset) = (signed(SIZE), signed((number - 1) * SIZE));
            let (total, rows) = match maximum {
                Some(maximum) => queries::expiry::longer_than(conn, maximum, now, limit, offset)?,
                None => (0, Vec::new()),
            };
            Ok((total, rows, policy::stopped(conn)?))
        })
        .await?;
    let href = |page: u64| address(POLICY, &[("page", if page == 1 { String::new() } else { page.to_string() })]);
    Ok(PolicyPage {
        shell,
        maximum: maximum.map(in_words),
        message: Field::new(stop.as_ref().map(|stop| stop.message.clone()).unwrap_or_default()),
        stop: stop.map(|stop| StopLine { at: Moment::ago(stop.at(), now), message: stop.message, by: stop.by }),
        rows: rows.into_iter().map(|token| row(token, now)).collect(),
        pagination: Pagination::numbered(number, SIZE, count(total), href),
    })
}

fn row(token: LongLived, now: chrono::NaiveDateTime) -> LongLivedRow {
    LongLivedRow {
        href: format!("{}/{}#token-{}", SYSTEM_ACCOUNTS.path, token.account, token.id),
        account: token.account_name,
        disabled: token.disabled,
        name: token.name,
        created: Moment::made(token.created_at, now),
        expires: token.expires_at.map(|at| Moment::expiry_in_column(at, now)),
    }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct StopForm {
    message: String,
    /// The message that the form was drawn with.
    shown: Option<String>,
}

/// `POST /settings/token-policy/stop`
pub async fn stop(visit: Visit, form: Form<StopForm>) -> Result<HttpResponse, Error> {
    let StopForm { message, shown } = form.0;
    let done = {
        let message = message.clone();
        visit.write(move |conn, actor| policy::stop(conn, actor, &message, shown.as_deref())).await
    };
    match done {
        Ok(stopped_before) => {
            let text = if stopped_before { "Saved the message." } else { "Token creation paused. Existing tokens keep working." };
            visit.flash(&Flash::done(text))?;
            Ok(see_other(POLICY))
        }
        Err(Error::Invalid(fields)) => {
            let mut page = page(&visit, 1).await?;
            page.message = Field { value: message, error: fields.into_iter().next().map(|field| field.message) };
            visit.html(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(error) => Err(error),
    }
}

/// `POST /settings/token-policy/resumption`
pub async fn resume(visit: Visit) -> Result<HttpResponse, Error> {
    let flash = match visit.write(policy::resume).await? {
        true => Flash::done("Token creation resumed."),
        false => Flash::neutral(vec![Text::plain("No change: token creation was not paused.")]),
    };
    visit.flash(&flash)?;
    Ok(see_other(POLICY))
}
