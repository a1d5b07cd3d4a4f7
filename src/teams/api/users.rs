//! The members of a team: users and system accounts alike.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::uuid;

use super::{GROUP, MOST, shown, told};
use crate::error::Error;
use crate::id::Id;
use crate::teams::api::json::{Member, Members};
use crate::teams::operations::members;
use crate::web::api::body::Json;
use crate::web::api::call::{Call, nothing, ok};
use crate::web::api::operation::{Example, Operation, answers, says};

/// Accounts of either kind.
#[derive(Debug, Clone, Default, Deserialize, Serialize, ToSchema)]
pub struct UserList {
    #[schema(required, nullable = false, max_items = 10_000)]
    pub users: Option<Vec<Id>>,
}

impl UserList {
    /// A list that is absent is no empty one: all members would be lost.
    fn read(self) -> Result<Vec<Id>, Error> {
        let users = self.users.ok_or_else(|| Error::at("users", "This is required."))?;
        if users.len() > MOST { Err(Error::at("users", "At most 10,000 in one call.")) } else { Ok(users) }
    }
}

const SOMEBODY: uuid::Uuid = uuid!("0193a4c2-7d10-7c3e-9a52-1f0e6b8c2d41");

impl Example for UserList {
    fn example() -> Self {
        Self { users: Some(vec![SOMEBODY.into()]) }
    }
}

/// Changes to the members, in order; all of them are made, or none.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(transparent)]
pub struct Patch(Vec<Step>);

/// One change.
#[derive(Debug, Clone, Default, Deserialize, Serialize, ToSchema)]
pub struct Step {
    /// `add` or `remove`.
    #[schema(required, nullable = false, pattern = "^(add|remove)$")]
    pub op: Option<String>,
    /// `/users`.
    #[schema(required, nullable = false, pattern = "^/users$")]
    pub path: Option<String>,
    /// Whom.
    #[schema(required, nullable = false)]
    pub value: Option<StepValue>,
}

#[derive(Debug, Clone, Default, Deserialize, Serialize, ToSchema)]
pub struct StepValue {
    #[schema(required, nullable = false)]
    pub uuid: Option<Id>,
}

impl Example for Patch {
    fn example() -> Self {
        let value = Some(StepValue { uuid: Some(SOMEBODY.into()) });
        Self(vec![Step { op: Some("add".into()), path: Some("/users".into()), value }])
    }
}

/// Who is to be a member after a patch, and who is not: the last word about each counts.
#[derive(Default)]
struct MembershipChange {
    added: Vec<Id>,
    removed: Vec<Id>,
    /// Everybody in the order of the steps.
    all: Vec<Id>,
}

impl Patch {
    fn read(self) -> Result<MembershipChange, Error> {
        if self.0.len() > MOST {
            return Err(Error::BadRequest("The body has more than 10,000 steps.".into()));
        }
        let (mut wanted, mut last) = (MembershipChange::default(), BTreeMap::new());
        for (at, step) in self.0.into_iter().enumerate() {
            let required = |field: &str| Error::at(format!("[{at}].{field}"), "This is required.");
            let op = step.op.ok_or_else(|| required("op"))?;
            if step.path.ok_or_else(|| required("path"))? != "/users" {
                return Err(Error::at(format!("[{at}].path"), "This must be /users."));
            }
            let id = step.value.and_then(|value| value.uuid).ok_or_else(|| required("value.uuid"))?;
            let is_added = match op.as_str() {
                "add" => true,
                "remove" => false,
                _ => return Err(Error::at(format!("[{at}].op"), "This must be add or remove.")),
            };
            last.insert(id.clone(), is_added);
            wanted.all.push(id);
        }
        for (id, is_added) in last {
            if is_added { wanted.added.push(id) } else { wanted.removed.push(id) }
        }
        Ok(wanted)
    }
}

fn user(at: usize) -> String {
    format!("users[{at}]")
}

pub static LIST: Operation = Operation::new(
    GROUP,
    "List the members of a team",
    "Users and system accounts, all of them.",
    &[answers::<Members>(200, "The members.")],
);

/// `GET /admin/teams/{uuid}/users`
pub async fn list(call: Call) -> Result<HttpResponse, Error> {
    let (team, actor, base) = (call.id("uuid", "team")?, call.actor.clone(), call.base());
    ok(&call.read(move |conn| shown::members(conn, &actor, &team, &base)).await?)
}

pub static SHOW: Operation = Operation::new(
    GROUP,
    "Show a member of a team",
    "404 for an account that is not a member.",
    &[answers::<Member>(200, "The member.")],
);

/// `GET /admin/teams/{uuid}/users/{user}`
pub async fn show(call: Call) -> Result<HttpResponse, Error> {
    let (team, user) = (call.id("uuid", "team")?, call.id("user", "membership")?);
    let (actor, base) = (call.actor.clone(), call.base());
    ok(&call.read(move |conn| shown::member(conn, &actor, (&team, &user), &base)).await?)
}

pub static REPLACE: Operation = Operation::new(
    GROUP,
    "Replace the members of a team",
    "Makes exactly these accounts the members. Administrators don't change. `users` is required: absent or null is \
     refused, `[]` removes everybody. If one of them doesn't exist, nothing changes.",
    &[answers::<Members>(200, "The members as they are now.")],
)
.with_body::<UserList>();

/// `PUT /admin/teams/{uuid}/users`
pub async fn replace(call: Call, body: Json<UserList>) -> Result<HttpResponse, Error> {
    let (team, base, users) = (call.id("uuid", "team")?, call.base(), body.0.read()?);
    let ids = users.clone();
    let changed = call.write(move |conn, actor| {
        members::replace(conn, actor, &team, &users)?;
        shown::members(conn, actor, &team, &base)
    });
    ok(&changed.await.map_err(|error| told(error, &ids, user))?)
}

pub static ADD: Operation = Operation::new(
    GROUP,
    "Add members to a team",
    "Existing members stay. `users` is required. If one of them doesn't exist, nothing changes.",
    &[answers::<Members>(200, "The members as they are now.")],
)
.with_body::<UserList>();

/// `POST /admin/teams/{uuid}/users`
pub async fn add(call: Call, body: Json<UserList>) -> Result<HttpResponse, Error> {
    let (team, base, users) = (call.id("uuid", "team")?, call.base(), body.0.read()?);
    let ids = users.clone();
    let changed = call.write(move |conn, actor| {
        members::adjust(conn, actor, &team, &users, &[])?;
        shown::members(conn, actor, &team, &base)
    });
    ok(&changed.await.map_err(|error| told(error, &ids, user))?)
}

pub static REMOVE: Operation = Operation::new(
    GROUP,
    "Remove members from a team",
    "Accounts that aren't members are ignored. `users` is required. If one of them doesn't exist, nothing changes.",
    &[says(204, "They are no longer members.")],
)
.with_body::<UserList>();

/// `DELETE /admin/teams/{uuid}/users`
pub async fn remove(call: Call, body: Json<UserList>) -> Result<HttpResponse, Error> {
    let (team, users) = (call.id("uuid", "team")?, body.0.read()?);
    let ids = users.clone();
    let changed = call.write(move |conn, actor| members::adjust(conn, actor, &team, &[], &users));
    changed.await.map_err(|error| told(error, &ids, user))?;
    Ok(nothing())
}

pub static REMOVE_ONE: Operation = Operation::new(
    GROUP,
    "Remove a member from a team",
    "404 for an account that neither belongs to the team nor administers it. Administrators who aren't members stay \
     administrators: 204.",
    &[says(204, "It is no longer a member.")],
);

/// `DELETE /admin/teams/{uuid}/users/{user}`
pub async fn remove_one(call: Call) -> Result<HttpResponse, Error> {
    let (team, user) = (call.id("uuid", "team")?, call.id("user", "membership")?);
    call.write(move |conn, actor| members::remove_one(conn, actor, &team, &user)).await?;
    Ok(nothing())
}

pub static PATCH: Operation = Operation::new(
    GROUP,
    "Change the members of a team",
    "A list of steps, each `add` or `remove` of one account; all are made, or none. Every field is required: a `remove` without \
     a UUID is refused. Adding a member and removing somebody who is none change nothing.",
    &[answers::<Members>(200, "The members as they are now.")],
)
.with_body::<Patch>();

/// `PATCH /admin/teams/{uuid}/users`
pub async fn patch(call: Call, body: Json<Patch>) -> Result<HttpResponse, Error> {
    let (team, base, wanted) = (call.id("uuid", "team")?, call.base(), body.0.read()?);
    let MembershipChange { added, removed, all } = wanted;
    let changed = call.write(move |conn, actor| {
        members::adjust(conn, actor, &team, &added, &removed)?;
        shown::members(conn, actor, &team, &base)
    });
    ok(&changed.await.map_err(|error| told(error, &all, |at| format!("[{at}].value.uuid")))?)
}
