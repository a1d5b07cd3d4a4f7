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
.with_form::<Question>();

/// The form. `token_type_hint` and whatever else is sent mean nothing: there is one kind of token.
#[derive(Deserialize, Serialize, ToSchema)]
pub struct Question {
    #[serde(default)]
    #[schema(required, nullable = false)]
    token: Option<String>,
}

/// Everything but `active` is there for an active token only.
#[derive(Default, Serialize, ToSchema)]
pub struct Active {
    active: bool,
    #[serde(flatten)]
    known: Option<Known>,
}

#[derive(Serialize, ToSchema)]
pub struct Known {
    /// The UUID of the token's account.
    sub: String,
    /// Its name.
    username: String,
    client_id: String,
    token_type: String,
    /// The permissions of the account's roles, separated by spaces.
    scope: String,
    iat: i64,
    /// Absent for a token that never expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    exp: Option<i64>,
    iss: String,
    /// `user` or `system`.
    muster_account_type: String,
    /// `read` or `write`.
    muster_access: String,
    muster_roles: Vec<String>,
    muster_teams: Vec<String>,
    /// The token's public id.
    muster_token: String,
}

impl Example for Question {
    fn example() -> Self {
        Self { token: Some("mstw_4kHq0ZbT9xWm_…".into()) }
    }
}

impl Example for Active {
    fn example() -> Self {
        let account = "0193a4c2-7d10-7c3e-9a52-1f0e6b8c2d41";
        let known = Known {
            sub: account.into(),
            username: "buildkite/ios".into(),
            client_id: account.into(),
            token_type: "Bearer".into(),
            scope: "contract_data:manage:own contract_data:read:*".into(),
            iat: 1_796_025_600,
            exp: None,
            iss: "https://muster.example.com".into(),
            muster_account_type: "system".into(),
            muster_access: "write".into(),
            muster_roles: vec!["CI/CD".into()],
            muster_teams: vec!["Mobile".into()],
            muster_token: "4kHq0ZbT9xWm".into(),
        };
        Self { active: true, known: Some(known) }
    }
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

fn active(holder: &Credential, created: i64, issuer: &str) -> Active {
    let account = &holder.account;
    let scope: Vec<&str> = account.grants.permissions.iter().map(Permission::as_str).collect();
    let known = Known {
        sub: account.id.to_string(),
        username: account.name.to_string(),
        client_id: account.id.to_string(),
        token_type: "Bearer".into(),
        scope: scope.join(" "),
        iat: created,
        exp: holder.expires_at().map(|end| end.and_utc().timestamp()),
        iss: issuer.to_owned(),
        muster_account_type: account.kind.as_str().into(),
        muster_access: holder.access.as_str().into(),
        muster_roles: account.grants.roles.iter().map(|role| role.name.clone()).collect(),
        muster_teams: account.membership.teams.iter().map(|team| team.name.to_string()).collect(),
        muster_token: holder.id().to_owned(),
    };
    Active { active: true, known: Some(known) }
}

fn inactive() -> HttpResponse {
    answer(&Active::default())
}

fn answer(body: &impl Serialize) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(body)
}
