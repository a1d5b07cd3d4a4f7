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
use utoipa::ToSchema;

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
use crate::web::api::operation::{Example, Operation, answers};
use crate::web::form::{Form, FormError};
use crate::web::visit::registered;

pub static INTROSPECT: Operation = Operation::new(
    "Gateway",
    "Ask whether a token is usable, and whose it is (RFC 7662)",
    "A token that was never issued, is revoked or has expired, or whose account is disabled, gets `{\"active\":false}` and nothing \
     else. The caller may authenticate by Basic as well: the UUID of its account, and its token. A read-only token may ask.",
    &[answers::<Active>(200, "What is known of the token.")],
)
.with_form::<TokenQuestion>();

/// The form. `token_type_hint` and whatever else is sent mean nothing: there is one kind of token.
#[derive(Deserialize, Serialize, ToSchema)]
pub struct TokenQuestion {
    #[serde(default)]
    #[schema(required, nullable = false, min_length = 1)]
    token: Option<String>,
}

/// Everything but `active` is present for active tokens only.
#[derive(Default, Serialize, ToSchema)]
pub struct Active {
    active: bool,
    /// The UUID of the token's account.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    sub: Option<String>,
    /// The account's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    token_type: Option<String>,
    /// The permissions of the account's roles, separated by spaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    iat: Option<i64>,
    /// Absent for a token that never expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    exp: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    iss: Option<String>,
    /// `user` or `system`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    muster_account_type: Option<String>,
    /// `read` or `write`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    muster_access: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    muster_roles: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    muster_teams: Option<Vec<String>>,
    /// The token's public id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    muster_token: Option<String>,
}

impl Example for TokenQuestion {
    fn example() -> Self {
        Self { token: Some("mstw_4kHq0ZbT9xWm_…".into()) }
    }
}

impl Example for Active {
    fn example() -> Self {
        let account = "0193a4c2-7d10-7c3e-9a52-1f0e6b8c2d41";
        Self {
            active: true,
            sub: Some(account.into()),
            username: Some("buildkite/ios".into()),
            client_id: Some(account.into()),
            token_type: Some("Bearer".into()),
            scope: Some("contract_data:manage:own contract_data:read:*".into()),
            iat: Some(1_796_025_600),
            exp: None,
            iss: Some("https://muster.example.com".into()),
            muster_account_type: Some("system".into()),
            muster_access: Some("write".into()),
            muster_roles: Some(vec!["CI/CD".into()]),
            muster_teams: Some(vec!["Mobile".into()]),
            muster_token: Some("4kHq0ZbT9xWm".into()),
        }
    }
}

/// Answers whether a token is usable now, and whose it is. To ask counts as the token's use.
///
/// # Errors
/// `Invalid` without the field `token`, `Unavailable` when the database cannot be asked.
pub async fn introspect(
    request: HttpRequest,
    door: Introspector,
    database: web::Data<Database>,
    form: Result<Form<TokenQuestion>, FormError>,
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
        // The account has been deleted since the token was judged.
        Err(Error::NotFound(_)) => return Ok(inactive()),
        stored => stored?,
    };
    // Who presented the token is known to the one who asks; from here that one is the client.
    let address = access::address(&request)?;
    let agent = request.headers().get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    door.recorder.accepted(holder.id(), &holder.account.id, address, agent, now);
    Ok(answer(&active(&holder, stored.created_at.and_utc().timestamp(), &door.issuer.0)))
}

/// What introspection needs of the server.
pub struct Introspector {
    check: web::Data<Check>,
    recorder: web::Data<Recorder>,
    issuer: web::Data<BaseUrl>,
}

impl FromRequest for Introspector {
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

fn active(holder: &Credential, created: i64, issuer: &str) -> Active {
    let account = &holder.account;
    let scope: Vec<&str> = account.grants.permissions.iter().map(Permission::as_str).collect();
    Active {
        active: true,
        sub: Some(account.id.to_string()),
        username: Some(account.name.to_string()),
        client_id: Some(account.id.to_string()),
        token_type: Some("Bearer".into()),
        scope: Some(scope.join(" ")),
        iat: Some(created),
        exp: holder.expires_at().map(|end| end.and_utc().timestamp()),
        iss: Some(issuer.to_owned()),
        muster_account_type: Some(account.kind.as_str().into()),
        muster_access: Some(holder.access.as_str().into()),
        muster_roles: Some(account.grants.roles.iter().map(|role| role.name.clone()).collect()),
        muster_teams: Some(account.membership.teams.iter().map(|team| team.name.to_string()).collect()),
        muster_token: Some(holder.id().to_owned()),
    }
}

fn inactive() -> HttpResponse {
    answer(&Active::default())
}

fn answer(body: &impl Serialize) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(body)
}
