//! The tokens of a system account.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use chrono::{DateTime, TimeDelta};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::MAX_OVERLAP;
use crate::accounts::model::{Kind, Right};
use crate::accounts::pages::live::add_to_token;
use crate::activity::{AccountUsage, Recorder};
use crate::auth::principal::Principal;
use crate::error::{Error, FieldError};
use crate::id::Id;
use crate::tokens::json::{TokenItems, TokenJson, TokenList};
use crate::tokens::model::{Expiry, ListedToken};
use crate::tokens::operations::{self, TokenCreation};
use crate::tokens::queries;
use crate::tokens::value::Access;
use crate::web::api::body::Json;
use crate::web::api::call::{Call, hal, nothing, ok};
use crate::web::api::operation::{Example, Operation, Parameter, ParameterKind, answers, says};
use crate::web::api::params::{MOST_PAGE, MOST_SIZE, Paging, QueryParams};
use crate::web::visit::registered;

/// The group of these endpoints in the description.
pub const GROUP: &str = "Tokens";

/// The address of an account's tokens, and the account.
fn tokens_of(call: &Call) -> Result<(String, Id), Error> {
    let id = call.id("uuid", Kind::System.noun())?;
    Ok((format!("{}/admin/system-accounts/{id}/tokens", call.base()), id))
}

pub static LIST: Operation = Operation::new(
    GROUP,
    "List the tokens of a system account",
    "Metadata only, never values. Doesn't list the old values of regenerated tokens.",
    &[answers::<TokenList>(200, "The tokens.")],
)
.with_query(PAGING);

/// The parameters of a list of tokens.
pub const PAGING: &[Parameter] = &[
    Parameter {
        name: "pageNumber",
        kind: ParameterKind::Number(1, MOST_PAGE),
        text: "The page, from 1. Beyond the end it is empty.",
    },
    Parameter { name: "pageSize", kind: ParameterKind::Number(1, MOST_SIZE), text: "Tokens per page; 50 unless given." },
];

/// `GET /admin/system-accounts/{uuid}/tokens`
pub async fn list(call: Call) -> Result<HttpResponse, Error> {
    let params = call.params();
    let paging = params.paging_by("pageNumber", "pageSize")?;
    let ((address, id), actor) = (tokens_of(&call)?, call.actor.clone());
    let recorder: web::Data<Recorder> = registered(&call.request)?;
    let pending = recorder.pending(&id);
    let tokens = call.read(move |conn| {
        operations::within_reach(conn, &actor, Kind::System, &id)?;
        queries::of_account(conn, &id)
    });
    let tokens = tokens.await?;
    ok(&page(tokens, &pending, &address, (&params, paging)))
}

/// A page of an account's tokens, with what is known of their use and not stored yet.
pub fn page(
    mut tokens: Vec<ListedToken>,
    pending: &AccountUsage,
    address: &str,
    (params, paging): (&QueryParams, Paging),
) -> TokenList {
    let total = i64::try_from(tokens.len()).unwrap_or(i64::MAX);
    for listed in &mut tokens {
        add_to_token(&mut listed.token, pending);
    }
    let shown = tokens.iter().skip(usize::try_from(paging.offset()).unwrap_or(usize::MAX));
    let shown = shown.take(usize::try_from(paging.size).unwrap_or_default());
    let items = shown.map(|listed| TokenJson::new(&listed.token, address)).collect();
    let (page, links) = params.paged(paging, total);
    TokenList { embedded: TokenItems { items }, page, links }
}

/// A token to be made.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewToken {
    /// Its name: 1 to 80 characters on one line. Several tokens may share one.
    #[schema(required, nullable = false, min_length = 1, max_length = 80)]
    description: Option<String>,
    /// `read` or `write`.
    #[schema(required, nullable = false, pattern = "^(read|write)$")]
    access: Option<String>,
    /// A moment of RFC 3339.
    #[schema(format = "date-time")]
    expires_at: Option<String>,
}

impl Example for NewToken {
    fn example() -> Self {
        Self {
            description: Some("release pipeline".into()),
            access: Some("write".into()),
            expires_at: Some("2027-02-22T14:00:00Z".into()),
        }
    }
}

pub static CREATE: Operation = Operation::new(
    GROUP,
    "Create a token for a system account",
    "| field | absent or null | empty |\n|---|---|---|\n| `description` | 400 | 400 |\n| `access` | 400 | 400 |\n| `expiresAt` | the maximum \
     lifetime, or never | 400 |\n\nTo create tokens for another account takes `system_account:manage:*`. The caller \
     must have every Muster permission that the account has.",
    &[
        answers::<TokenJson>(201, "The token. Its `value` is shown only once."),
        says(409, "Token creation is paused."),
    ],
)
.with_body::<NewToken>();

/// `POST /admin/system-accounts/{uuid}/tokens`
pub async fn create(call: Call, body: Json<NewToken>) -> Result<HttpResponse, Error> {
    let ((address, id), maximum) = (tokens_of(&call)?, call.config.max_token_lifetime);
    makes_tokens_for(&call.actor, &id)?;
    let wanted = body.0;
    let creation = TokenCreation {
        name: wanted.description.unwrap_or_default(),
        access: wanted.access.as_deref().and_then(Access::parse),
        expiry: expiry(wanted.expires_at.as_deref(), maximum),
    };
    let made = call.write(move |conn, actor| operations::create(conn, actor, &id, &creation, maximum)).await;
    let (token, value) = made.map_err(|error| in_its_words(error).with_paths(path))?;
    hal(StatusCode::CREATED, &TokenJson::new(&token, &address).with_value(&value))
}

/// The form shows its choices by other names.
fn in_its_words(error: Error) -> Error {
    let Error::Invalid(mut fields) = error else { return error };
    for field in fields.iter_mut().filter(|field| field.field == "access") {
        field.message = "This must be read or write.".into();
    }
    Error::Invalid(fields)
}

/// A token makes tokens for other accounts only if it manages all of them. A person who manages their teams' may, in the browser:
/// machines that made each other's tokens would outlive what is taken from one of them.
fn makes_tokens_for(actor: &Principal, account: &Id) -> Result<(), Error> {
    let everywhere = Kind::System.permission(Right::Manage);
    if actor.is(account) || actor.may(everywhere) {
        return Ok(());
    }
    Err(Error::forbidden(everywhere, "A token creates tokens for other accounts only if it manages all system accounts."))
}

fn expiry(text: Option<&str>, maximum: Option<TimeDelta>) -> Result<Expiry, FieldError> {
    let Some(text) = text else { return Ok(if maximum.is_some() { Expiry::Longest } else { Expiry::Never }) };
    let moment = DateTime::parse_from_rfc3339(text).map(|at| Expiry::At(at.naive_utc()));
    moment.map_err(|_| FieldError { field: "expires", message: "Use a time such as 2027-01-31T08:00:00Z.".into() })
}

/// The API's name for a field of the form.
fn path(field: &str) -> String {
    match field {
        "name" => "description".into(),
        "expires" | "expires_on" => "expiresAt".into(),
        other => other.into(),
    }
}

pub static REVOKE: Operation = Operation::new(
    GROUP,
    "Revoke a token of a system account",
    "Calls with it fail immediately, also with the old value of a regenerated token.",
    &[says(204, "The token has been revoked."), says(409, "It has been revoked already.")],
);

/// `DELETE /admin/system-accounts/{uuid}/tokens/{token}`
pub async fn revoke(call: Call) -> Result<HttpResponse, Error> {
    let ((_, id), token) = (tokens_of(&call)?, call.segment("token"));
    call.write(move |conn, actor| operations::revoke(conn, actor, &id, &token)).await.map(|_| nothing())
}

/// How a token is replaced.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Overlap)]
pub struct OverlapJson {
    /// How long the old value keeps working. Absent or null: it stops now.
    #[schema(minimum = 0, maximum = 604_800)]
    overlap_seconds: Option<i64>,
}

impl OverlapJson {
    pub fn length(&self) -> Result<TimeDelta, Error> {
        let seconds = self.overlap_seconds.unwrap_or_default();
        let allowed = (0..=MAX_OVERLAP).contains(&seconds).then(|| TimeDelta::seconds(seconds));
        allowed.ok_or_else(|| {
            Error::at("overlapSeconds", format!("This must be a whole number from 0 to {MAX_OVERLAP}, seven days."))
        })
    }
}

impl Example for OverlapJson {
    fn example() -> Self {
        Self { overlap_seconds: Some(3600) }
    }
}

pub static REGENERATE: Operation = Operation::new(
    GROUP,
    "Replace a token of a system account",
    "The new token has the same name, access and lifetime. No body is the same as an empty object.",
    &[
        answers::<TokenJson>(201, "The new token. Its `value` is shown only once."),
        says(409, "It has been revoked or regenerated, or has expired."),
        says(429, "It replaced another one less than a minute ago."),
    ],
)
.with_optional_body::<OverlapJson>();

/// `POST /admin/system-accounts/{uuid}/tokens/{token}/regenerate`
pub async fn regenerate(call: Call, body: Json<OverlapJson>) -> Result<HttpResponse, Error> {
    let ((address, id), token) = (tokens_of(&call)?, call.segment("token"));
    makes_tokens_for(&call.actor, &id)?;
    let (overlap, maximum) = (body.0.length()?, call.config.max_token_lifetime);
    let made = call.write(move |conn, actor| operations::regenerate(conn, actor, &id, &token, overlap, maximum)).await?;
    hal(StatusCode::CREATED, &TokenJson::new(&made.new, &address).with_value(&made.value))
}
