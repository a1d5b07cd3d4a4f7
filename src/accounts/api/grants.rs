//! The roles of one account.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::reach::standing;
use super::shown::Showing;
use super::users::{GONE, GROUP};
use crate::accounts::json::User;
use crate::accounts::model::{Kind, Selection};
use crate::accounts::operations::{self, ActionParams, Done};
use crate::auth::principal::Principal;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::roles::{self, predefined};
use crate::web::api::body::Json;
use crate::web::api::call::{Call, nothing, ok};
use crate::web::api::operation::{Example, Operation, answers, says};
use crate::web::form::{FormError, RawBody};

/// The most roles in one call.
const MOST: usize = 1_000;

/// The roles that an account is to have, and no others.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct RoleList {
    /// UUIDs. An empty list takes all roles away.
    #[schema(max_items = 1_000)]
    roles: Vec<Id>,
}

impl Example for RoleList {
    fn example() -> Self {
        Self { roles: vec![predefined::CI_CD.into()] }
    }
}

pub static REPLACE: Operation = Operation::new(
    GROUP,
    "Replace the roles of an account",
    "`roles` is required; an empty list removes all of them. Team Administrator comes with administering a team: it can't be in \
     the list, and stays. You can only give roles that grant no more than you have.",
    &[says(204, "The account now has exactly these roles."), says(409, "It would leave no administrator."), says(GONE.0, GONE.1)],
)
.with_body::<RoleList>();

/// `PUT /admin/users/{uuid}/roles`
pub async fn replace(call: Call, body: Json<RoleList>) -> Result<HttpResponse, Error> {
    let (id, roles) = (call.id("uuid", "account")?, body.0.roles);
    if roles.len() > MOST {
        return Err(Error::at("roles", "At most 1,000 roles."));
    }
    let derived: Id = predefined::TEAM_ADMINISTRATOR.into();
    if let Some(at) = roles.iter().position(|role| *role == derived) {
        return Err(Error::at(format!("roles[{at}]"), "Team Administrator can't be given: it comes with administering a team."));
    }
    let done = call.write(move |conn, actor| {
        let kind = standing(conn, actor, &id)?.kind;
        let set = operations::set_roles(conn, actor, kind, &id, &ActionParams::exactly(roles));
        set.map_err(|error| error.with_paths(|_| "roles".into()))
    });
    done.await.map(|_| nothing())
}

pub static ADD: Operation = Operation::new(
    GROUP,
    "Give an account a role",
    "The body is ignored. Does nothing if the account already has the role.",
    &[says(204, "The account has the role."), says(400, "The role can't be given directly."), says(GONE.0, GONE.1)],
);

/// `PUT /admin/users/{uuid}/roles/{role}`
pub async fn add(call: Call, _: Result<RawBody, FormError>) -> Result<HttpResponse, Error> {
    one_role(call, operations::add_roles).await
}

pub static REMOVE: Operation = Operation::new(
    GROUP,
    "Remove a role from an account",
    "The body is ignored. Does nothing if the account doesn't have the role.",
    &[
        says(204, "The account does not have the role."),
        says(400, "The role can't be removed directly."),
        says(409, "It would leave no administrator."),
        says(GONE.0, GONE.1),
    ],
);

/// `DELETE /admin/users/{uuid}/roles/{role}`
pub async fn remove(call: Call, _: Result<RawBody, FormError>) -> Result<HttpResponse, Error> {
    one_role(call, operations::remove_roles).await
}

type GrantOperation = fn(&mut DbConnection, &Principal, Kind, &Selection, &[Id]) -> Result<Done, Error>;

async fn one_role(call: Call, change: GrantOperation) -> Result<HttpResponse, Error> {
    let (id, role) = (call.id("uuid", "account")?, call.id("role", "role")?);
    let done = call.write(move |conn, actor| {
        let kind = standing(conn, actor, &id)?.kind;
        roles::queries::get(conn, &role)?;
        change(conn, actor, kind, &Selection::Accounts(vec![id]), &[role])
    });
    done.await.map(|_| nothing())
}

pub static PROMOTE: Operation = Operation::new(
    GROUP,
    "Give an account the role Administrator",
    "The body is ignored. Only administrators can do this.",
    &[answers::<User>(200, "The account as it is now."), says(GONE.0, GONE.1)],
);

/// `PUT /admin/users/{uuid}/role/admin`
pub async fn promote(call: Call, _: Result<RawBody, FormError>) -> Result<HttpResponse, Error> {
    administrator(call, operations::make_administrator).await
}

pub static DEMOTE: Operation = Operation::new(
    GROUP,
    "Remove the role Administrator from an account",
    "The body is ignored. Only administrators can do this.",
    &[answers::<User>(200, "The account as it is now."), says(409, "It would leave no administrator."), says(GONE.0, GONE.1)],
);

/// `DELETE /admin/users/{uuid}/role/admin`
pub async fn demote(call: Call, _: Result<RawBody, FormError>) -> Result<HttpResponse, Error> {
    administrator(call, operations::remove_administrator).await
}

type Promotion = fn(&mut DbConnection, &Principal, Kind, &Selection) -> Result<Done, Error>;

async fn administrator(call: Call, change: Promotion) -> Result<HttpResponse, Error> {
    let (id, showing) = (call.id("uuid", "account")?, Showing::of(&call)?);
    let shown = call.write(move |conn, actor| {
        let kind = standing(conn, actor, &id)?.kind;
        change(conn, actor, kind, &Selection::Accounts(vec![id.clone()]))?;
        showing.user(conn, &id)
    });
    ok(&shown.await?)
}
