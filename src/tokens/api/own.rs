//! The tokens of the caller's own account, as the published clients ask for them.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use chrono::TimeDelta;

use super::accounts::{GROUP, PAGING, page};
use crate::activity::Recorder;
use crate::auth::principal::{ActorKind, Means, Principal};
use crate::database::DbConnection;
use crate::error::Error;
use crate::tokens::json::{TokenJson, TokenList};
use crate::tokens::model::Overlap;
use crate::tokens::operations::{self, Successor, own};
use crate::tokens::queries;
use crate::tokens::value::Access;
use crate::web::api::call::{Call, hal, ok};
use crate::web::api::operation::{Operation, answers, says};
use crate::web::form::{FormError, RawBody};
use crate::web::visit::registered;

fn address(call: &Call) -> String {
    format!("{}/settings/tokens", call.base())
}

pub static LIST: Operation = Operation::new(
    GROUP,
    "List the caller's own tokens",
    "Metadata only: Muster doesn't store token values.",
    &[answers::<TokenList>(200, "The tokens of the account of the token in the request.")],
)
.with_query(PAGING);

/// `GET /settings/tokens`
pub async fn list(call: Call) -> Result<HttpResponse, Error> {
    let params = call.params();
    let paging = params.paging_by("pageNumber", "pageSize")?;
    let own = call.actor.account.clone().ok_or(Error::Unauthenticated)?;
    let recorder: web::Data<Recorder> = registered(&call.request)?;
    let pending = recorder.pending(&own);
    let tokens = call.read(move |conn| queries::of_account(conn, &own)).await?;
    ok(&page(tokens, &pending, &address(&call), (&params, paging)))
}

pub static REGENERATE: Operation = Operation::new(
    GROUP,
    "Replace one of the caller's own tokens",
    "The new token has the same name, access and lifetime, and the old value stops now. A token may always replace itself. To replace \
     another one, a user needs `token:manage:own` (or `read_token:manage:own` for a read-only one), a system account needs \
     `system_account:manage:*`, and the token in the request must be read-write. The body is not read.",
    &[
        answers::<TokenJson>(201, "The new token. Its `value` is shown only once."),
        says(403, "The caller lacks the permission, or the token is read-only."),
        says(409, "It has been revoked or regenerated, or has expired."),
        says(429, "It replaced another one less than a minute ago."),
    ],
);

/// `POST /settings/tokens/{token}/regenerate`
pub async fn regenerate(call: Call, _: Result<RawBody, FormError>) -> Result<HttpResponse, Error> {
    let (token, maximum) = (call.segment("token"), call.config.max_token_lifetime);
    let made = call.write(move |conn, actor| replace(conn, actor, &token, maximum)).await?;
    hal(StatusCode::CREATED, &TokenJson::new(&made.new, &address(&call)).with_value(&made.value))
}

fn replace(conn: &mut DbConnection, actor: &Principal, token: &str, maximum: Option<TimeDelta>) -> Result<Successor, Error> {
    let (Some(account), Means::Token(presented)) = (&actor.account, &actor.means) else { return Err(Error::Unauthenticated) };
    if presented == token {
        return operations::regenerate_own(conn, actor, TimeDelta::zero(), maximum);
    }
    if queries::find(conn, account, presented)?.access == Access::Read {
        return Err(Error::forbidden("", "This token is read-only."));
    }
    match actor.kind {
        ActorKind::User => own::regenerate(conn, actor, token, Overlap::Now, maximum),
        _ => operations::regenerate(conn, actor, account, token, Overlap::Now, maximum),
    }
}
