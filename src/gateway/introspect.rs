//! `POST /oauth/introspect` (RFC 7662): what an API that holds somebody's token asks, where no gateway stands before it.
//!
//! It changes nothing, so a read-only token of the asking account will do. To the one who asks, a token that was never
//! issued looks like one that is revoked, expired or of a disabled account: `{"active": false}` and nothing else.
//! `scope` tells what the account's roles grant, as the gateway's `Muster-Permissions` does; whether the token may use it for
//! more than reading is told by `muster_access`.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};

use crate::activity::Recorder;
use crate::auth::access;
use crate::check::cache::Credential;
use crate::check::{Check, Verdict};
use crate::clock;
use crate::config::BaseUrl;
use crate::database::Database;
use crate::error::Error;
use crate::roles::permission::Permission;
use crate::tokens::queries;
use crate::tokens::value::TokenValue;
use crate::web::form::{Form, FormError};
use crate::web::visit::registered;

/// The form. `token_type_hint` and whatever else is sent mean nothing: there is one kind of token.
#[derive(Deserialize)]
pub struct Question {
    #[serde(default)]
    token: Option<String>,
}

#[derive(Serialize)]
struct Active<'a> {
    active: bool,
    sub: &'a str,
    username: &'a str,
    client_id: &'a str,
    token_type: &'static str,
    scope: String,
    iat: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    iss: &'a str,
    muster_account_type: &'static str,
    muster_access: &'static str,
    muster_roles: Vec<&'a str>,
    muster_teams: Vec<&'a str>,
    muster_token: &'a str,
}

/// Answers whether a token is usable now, and whose it is. To ask counts as the token's use.
///
/// # Errors
/// `Invalid` without the field `token`, `Unavailable` when the database cannot be asked.
pub async fn introspect(
    request: HttpRequest,
    door: Door,
    database: web::Data<Database>,
    form: Result<Form<Question>, FormError>,
) -> Result<HttpResponse, actix_web::Error> {
    let text = match form {
        Ok(Form(question)) => question.token,
        Err(FormError::UnsupportedType) if has_no_body(&request) => None,
        Err(error) => return Err(error.into()),
    };
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Err(Error::field("token", "Send the token to ask about as the field token.").into());
    };
    let now = clock::now();
    let holder = match door.check.judge(TokenValue::parse(&text).as_ref()).await? {
        Verdict::Accepted(holder) => holder,
        Verdict::Refused { reason, known } => {
            if let Some(token) = known {
                door.recorder.refused(token.id(), &token.account.id, reason.as_str(), now);
            }
            return Ok(inactive());
        }
    };
    let (account, id) = (holder.account.id.clone(), holder.id().to_owned());
    let stored = match database.read(move |conn| queries::find(conn, &account, &id)).await {
        // Its account has been deleted since it was judged.
        Err(Error::NotFound(_)) => return Ok(inactive()),
        stored => stored?,
    };
    // Who presented the token is known to the one who asks; from here that one is the client.
    let address = access::address(&request)?;
    let agent = request.headers().get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    door.recorder.accepted(holder.id(), &holder.account.id, address, agent, now);
    Ok(answer(&active(&holder, stored.created_at.and_utc().timestamp(), &door.issuer.0)))
}

/// What a question is answered from.
pub struct Door {
    check: web::Data<Check>,
    recorder: web::Data<Recorder>,
    issuer: web::Data<BaseUrl>,
}

impl FromRequest for Door {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let found = || Ok(Self { check: registered(request)?, recorder: registered(request)?, issuer: registered(request)? });
        ready(found())
    }
}

/// Whether nothing was sent, whatever its type is said to be.
fn has_no_body(request: &HttpRequest) -> bool {
    let length = request.headers().get(header::CONTENT_LENGTH);
    length.is_none_or(|length| length.as_bytes() == b"0") && !request.headers().contains_key(header::TRANSFER_ENCODING)
}

fn active<'a>(holder: &'a Credential, created: i64, issuer: &'a str) -> Active<'a> {
    let account = &holder.account;
    let scope: Vec<&str> = account.grants.permissions.iter().map(Permission::as_str).collect();
    Active {
        active: true,
        sub: account.id.as_str(),
        username: &account.name,
        client_id: account.id.as_str(),
        token_type: "Bearer",
        scope: scope.join(" "),
        iat: created,
        exp: holder.expires_at().map(|end| end.and_utc().timestamp()),
        iss: issuer,
        muster_account_type: account.kind.as_str(),
        muster_access: holder.access.as_str(),
        muster_roles: account.grants.roles.iter().map(|role| role.name.as_str()).collect(),
        muster_teams: account.membership.teams.iter().map(|team| team.name.as_str()).collect(),
        muster_token: holder.id(),
    }
}

fn inactive() -> HttpResponse {
    answer(&serde_json::json!({ "active": false }))
}

fn answer(body: &impl Serialize) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(body)
}
