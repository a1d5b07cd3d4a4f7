//! One account of either kind: reading it, changing it, deleting it.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::reach::{standing, visible};
use super::shown::Showing;
use crate::accounts::json::{User, number};
use crate::accounts::model::{Kind, Selection};
use crate::accounts::operations::{self, Plan};
use crate::auth::principal::Principal;
use crate::database::DbConnection;
use crate::database::constraint::NAME_TAKEN;
use crate::error::Error;
use crate::id::Id;
use crate::people;
use crate::web::api::body::Json;
use crate::web::api::call::{Call, nothing, ok};
use crate::web::api::operation::{Example, Operation, answers, says};

/// The group of these endpoints in the description.
pub const GROUP: &str = "Accounts";
/// Every endpoint that names an account answers so for one that is no more.
pub const GONE: (u16, &str) = (410, "The account has been deleted. `detail` says who deleted it and when.");

pub static MYSELF: Operation = Operation::new(
    GROUP,
    "Show the caller's own account",
    "The account that the token belongs to. Works with any valid token.",
    &[answers::<User>(200, "The account of the token.")],
);

/// `GET /user`
///
/// # Errors
/// `Unauthenticated` if the account has been deleted since the call began.
pub async fn myself(call: Call) -> Result<HttpResponse, Error> {
    let (own, showing) = (call.actor.account.clone().ok_or(Error::Unauthenticated)?, Showing::of(&call)?);
    let shown = call.read(move |conn| showing.user(conn, &own)).await;
    ok(&shown.map_err(|error| if matches!(error, Error::NotFound(_)) { Error::Unauthenticated } else { error })?)
}

pub static SHOW: Operation = Operation::new(
    GROUP,
    "Show a user or a system account",
    "Includes disabled accounts.",
    &[answers::<User>(200, "The account."), says(GONE.0, GONE.1)],
);

/// `GET /admin/users/{uuid}`
pub async fn show(call: Call) -> Result<HttpResponse, Error> {
    let (id, showing, actor) = (call.id("uuid", "account")?, Showing::of(&call)?, call.actor.clone());
    let shown = call.read(move |conn| {
        visible(conn, &actor, &id)?;
        showing.user(conn, &id)
    });
    ok(&shown.await?)
}

/// What an account is to become. What is absent or null stays as it is; all other fields, roles and teams among them, are
/// ignored.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
pub struct UserChange {
    /// 1 to 80 characters on one line.
    #[schema(min_length = 1, max_length = 80)]
    name: Option<String>,
    /// Empty takes the address from a system account. A user must have one.
    #[schema(max_length = 254)]
    email: Option<String>,
    /// Up to 200 characters on one line; empty takes it away.
    #[schema(max_length = 200)]
    description: Option<String>,
    /// False disables the account, true enables it.
    active: Option<bool>,
    /// 0 for a user, 1 for a system account. It cannot be changed.
    #[schema(minimum = 0, maximum = 1)]
    r#type: Option<i32>,
}

impl Example for UserChange {
    fn example() -> Self {
        Self { name: Some("buildkite/ios".into()), active: Some(false), r#type: Some(1), ..Self::default() }
    }
}

pub static UPDATE: Operation = Operation::new(
    GROUP,
    "Change a user or a system account",
    "| field | absent or null | empty |\n|---|---|---|\n| `name` | kept | 400 |\n| `email` | kept | removed from a system \
     account, 400 for a user |\n| `description` | kept | removed |\n| `active` | kept | |\n| `type` | kept | |\n\nRoles, teams \
     and other fields of the object that `GET` returns are ignored. To change your own e-mail address, use your profile: it \
     asks for your password.",
    &[
        answers::<User>(200, "The account as it is now."),
        says(409, "A rule of the installation stands in the way: the plan's limit, a taken name, the last administrator."),
        says(GONE.0, GONE.1),
    ],
)
.with_optional_body::<UserChange>();

/// `PUT /admin/users/{uuid}`
pub async fn update(call: Call, body: Json<UserChange>) -> Result<HttpResponse, Error> {
    let (id, showing, plan) = (call.id("uuid", "account")?, Showing::of(&call)?, Plan::from(call.config.get_ref()));
    let shown = call.write(move |conn, actor| {
        change(conn, actor, &plan, &id, &body.0)?;
        showing.user(conn, &id)
    });
    ok(&shown.await?)
}

fn change(conn: &mut DbConnection, actor: &Principal, plan: &Plan, id: &Id, wanted: &UserChange) -> Result<(), Error> {
    let before = visible(conn, actor, id)?;
    let kind = before.kind;
    if wanted.r#type.is_some_and(|wanted| wanted != number(kind)) {
        return Err(Error::at("type", format!("This is a {}, and type cannot be changed.", kind.noun())));
    }
    let name = wanted.name.as_ref().unwrap_or(&before.name);
    let description = wanted.description.as_ref().unwrap_or(&before.description);
    if (name, description) != (&before.name, &before.description) {
        let wanted = (name.as_str(), description.as_str());
        operations::rename(conn, actor, kind, id, wanted).map_err(|error| error.conflict_if(NAME_TAKEN))?;
    }
    match (&wanted.email, kind) {
        (None, _) => {}
        (Some(email), Kind::System) => operations::set_contact(conn, actor, id, email)?,
        (Some(email), Kind::User) if before.email.as_deref() == Some(email) => {}
        (Some(_), Kind::User) if actor.is(id) => {
            return Err(Error::Conflict("Change your own e-mail address on your profile, with your password.".into()));
        }
        (Some(email), Kind::User) => drop(people::operations::change_email(conn, actor, id, (email, None))?),
    }
    let one = Selection::Accounts(vec![id.clone()]);
    match wanted.active {
        Some(true) if before.disabled => operations::enable(conn, actor, plan, kind, &one).map(drop),
        Some(false) if !before.disabled => operations::disable(conn, actor, kind, &one).map(drop),
        _ => Ok(()),
    }
}

pub static DELETE: Operation = Operation::new(
    GROUP,
    "Delete a user or a system account",
    "Permanently, with its tokens, roles and teams. Clients that track it, such as Terraform, fail until they forget it, so \
     disabling is usually better.",
    &[
        says(204, "The account has been deleted."),
        says(409, "It's your own account, or the last administrator."),
        says(GONE.0, GONE.1),
    ],
);

/// `DELETE /admin/users/{uuid}`
pub async fn delete(call: Call) -> Result<HttpResponse, Error> {
    let id = call.id("uuid", "account")?;
    let deleted = call.write(move |conn, actor| {
        let kind = standing(conn, actor, &id)?.kind;
        operations::delete(conn, actor, kind, &Selection::Accounts(vec![id]))
    });
    deleted.await.map(|_| nothing())
}
