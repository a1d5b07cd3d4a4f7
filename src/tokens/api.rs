//! What a token can do with itself through the API: revoke itself, and regenerate itself. Neither needs a permission, and
//! read-only tokens can do it too: a leaked token must be able to end itself.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::operations;
use crate::auth::access::Actor;
use crate::clock;
use crate::config::Config;
use crate::database::Database;
use crate::error::Error;
use crate::web::api::operation::{Example, Operation, answers, says};
use crate::web::form::RawBody;
use crate::web::json;
use crate::web::visit::registered;

pub mod accounts;
pub mod own;

pub static REVOKE_CURRENT: Operation = Operation::new(
    "Own token",
    "Revoke the token in the request",
    "Also ends the old value of a regenerated token. Needs no permission, and a read-only token can do it too.",
    &[says(204, "The token has been revoked."), says(409, "It has just been revoked or regenerated.")],
);

pub static REGENERATE_CURRENT: Operation = Operation::new(
    "Own token",
    "Replace the token in the request",
    "The new token has the same name, access and lifetime. Needs no permission, and a read-only token can do it too. The body \
     may be left out, and may be a form.",
    &[
        answers::<Regenerated>(201, "The new token. Its value is shown only once."),
        says(409, "The token has been regenerated already."),
        says(429, "It replaced another one less than a minute ago."),
    ],
)
.with_optional_body::<Regeneration>()
.plain();

/// Seven days, in seconds.
pub const MAX_OVERLAP: i64 = 7 * 24 * 60 * 60;

/// `DELETE /tokens/current`: revokes the token in the request, and an old value that it replaced.
///
/// # Errors
/// `Conflict` if another call was faster.
pub async fn revoke_current(actor: Actor, database: web::Data<Database>) -> Result<HttpResponse, Error> {
    actor.write(&database, operations::revoke_own).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// A misspelled field must not count as missing: the old value would stop immediately.
#[derive(Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Regeneration {
    /// How long the old value keeps working. Absent or null: it stops now.
    #[schema(minimum = 0, maximum = 604_800)]
    overlap_seconds: Option<i64>,
}

#[derive(Serialize, ToSchema)]
pub struct Regenerated {
    /// The public id of the new token.
    id: String,
    name: String,
    /// `read` or `write`.
    access: String,
    value: String,
    created_at: String,
    /// Null for a token that never expires.
    expires_at: Option<String>,
    replaces: Replaced,
}

#[derive(Serialize, ToSchema)]
pub struct Replaced {
    id: String,
    /// Null if the old value has stopped.
    works_until: Option<String>,
}

impl Example for Regeneration {
    fn example() -> Self {
        Self { overlap_seconds: Some(3600) }
    }
}

impl Example for Regenerated {
    fn example() -> Self {
        Self {
            id: "4kHq0ZbT9xWm".into(),
            name: "release pipeline".into(),
            access: "write".into(),
            value: "mstw_4kHq0ZbT9xWm_…".into(),
            created_at: "2026-11-30T08:00:00Z".into(),
            expires_at: Some("2027-02-28T08:00:00Z".into()),
            replaces: Replaced { id: "Qm3dT0vYc81a".into(), works_until: Some("2026-11-30T09:00:00Z".into()) },
        }
    }
}

/// `POST /tokens/current/regenerate`: replaces the token with one of the same name, access and lifetime. Only this response
/// shows the new value. If the connection breaks it is lost, so an overlap is wise.
///
/// # Errors
/// `Conflict` if the token has already been regenerated.
pub async fn regenerate_current(request: HttpRequest, actor: Actor, body: RawBody) -> Result<HttpResponse, Error> {
    let (database, config) = (registered::<Database>(&request)?, registered::<Config>(&request)?);
    let overlap = overlap(&request, &body.0)?;
    let maximum = config.max_token_lifetime;
    let made = actor.write(&database, move |conn, actor| operations::regenerate_own(conn, actor, overlap, maximum)).await?;
    let works_until = made.old_until().map(clock::written);
    let body = Regenerated {
        id: made.new.id,
        name: made.new.name,
        access: made.new.access.as_str().into(),
        value: made.value.expose().to_owned(),
        created_at: clock::written(made.new.created_at),
        expires_at: made.new.expires_at.map(clock::written),
        replaces: Replaced { id: made.old.id, works_until },
    };
    Ok(HttpResponse::Created().insert_header((header::CACHE_CONTROL, "no-store")).json(body))
}

/// Reads JSON or a form. An empty body means no overlap, whatever the content type: some clients always send one.
fn overlap(request: &HttpRequest, body: &[u8]) -> Result<TimeDelta, Error> {
    let refused = || {
        Error::field(
            "overlap_seconds",
            format!("Send overlap_seconds, a whole number from 0 to {MAX_OVERLAP}, which is seven days, and nothing else."),
        )
    };
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(TimeDelta::zero());
    }
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let asked: Regeneration = match kind.as_str() {
        "application/x-www-form-urlencoded" => serde_html_form::from_bytes(body).map_err(|_| refused())?,
        _ if kind == "application/json" || kind.ends_with("+json") => {
            let said = json::parse(body)?;
            if !said.is_object() {
                return Err(Error::BadRequest("The body is not a JSON object.".into()));
            }
            json::typed(&said).map_err(|_| refused())?
        }
        _ => return Err(Error::BadRequest("Send JSON (application/json), a form, or no body.".into())),
    };
    let seconds = asked.overlap_seconds.unwrap_or_default();
    if (0..=MAX_OVERLAP).contains(&seconds) { Ok(TimeDelta::seconds(seconds)) } else { Err(refused()) }
}
