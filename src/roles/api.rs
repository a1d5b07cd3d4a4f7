//! Roles, as the admin API's clients manage them: the same verbs as the pages'.

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::json::{PermissionJson, Permissions, RoleJson, Roles};
use super::operations::{self, MOST_PERMISSIONS, NAME_TAKEN, RoleDraft, RoleEdit, too_many};
use super::permission;
use super::predefined::PREDEFINED;
use super::{catalogue, queries};
use crate::error::Error;
use crate::id::Id;
use crate::web::api::body::Json;
use crate::web::api::call::{Call, hal, nothing, ok};
use crate::web::api::operation::{Example, Operation, answers, says};

const GROUP: &str = "Roles";

/// A role, as it is to be.
#[derive(Debug, Clone, Default, Deserialize, Serialize, ToSchema)]
pub struct Draft {
    /// 1 to 80 characters on one line; unique, whatever the case.
    #[schema(required, nullable = false, min_length = 1, max_length = 80)]
    pub name: Option<String>,
    /// Up to 200 characters on one line.
    #[schema(max_length = 200)]
    pub description: Option<String>,
    #[schema(required, nullable = false, max_items = 500)]
    pub permissions: Option<Vec<Scope>>,
}

#[derive(Debug, Clone, Default, Deserialize, Serialize, ToSchema)]
pub struct Scope {
    /// `resource:action` or `resource:action:scope`, in lower case.
    #[schema(
        required,
        nullable = false,
        max_length = 200,
        pattern = "^[a-z][a-z0-9_-]*:([a-z][a-z0-9_-]*|\\*)(:([a-z][a-z0-9_-]*|\\*|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}))?$"
    )]
    pub scope: Option<String>,
}

impl Example for Draft {
    fn example() -> Self {
        let scope = |text: &str| Scope { scope: Some(text.into()) };
        Self {
            name: Some("Release manager".into()),
            description: Some("Records releases.".into()),
            permissions: Some(vec![scope("deployment_and_release:record:*"), scope("payments:refund")]),
        }
    }
}

impl Draft {
    /// What is required, with every scope that is none.
    fn read(self) -> Result<RoleDraft, Error> {
        if self.permissions.as_ref().is_some_and(|permissions| permissions.len() > MOST_PERMISSIONS) {
            return Err(Error::at("permissions", too_many()));
        }
        let mut faults = Vec::new();
        let mut required = |path: &str| faults.push((path.to_owned(), "This is required.".to_owned()));
        if self.name.is_none() {
            required("name");
        }
        if self.permissions.is_none() {
            required("permissions");
        }
        let mut permissions = Vec::new();
        for (at, scope) in self.permissions.unwrap_or_default().into_iter().enumerate() {
            let path = format!("permissions[{at}].scope");
            match scope.scope {
                None => faults.push((path, "This is required.".into())),
                Some(text) => {
                    if let Err(malformed) = permission::Permission::parse(&text) {
                        faults.push((path, malformed.to_string()));
                    }
                    permissions.push(text);
                }
            }
        }
        if !faults.is_empty() {
            return Err(Error::InvalidAt(faults));
        }
        let description = self.description.unwrap_or_default();
        Ok(RoleDraft { name: self.name.unwrap_or_default(), description, permissions })
    }
}

/// What an operation refuses, in the words of the API.
fn told(error: Error) -> Error {
    let error = error.conflict_if(NAME_TAKEN);
    error.with_paths(|field| if field == "permission" { "permissions".into() } else { field.into() })
}

pub static LIST: Operation = Operation::new(GROUP, "List roles", "All roles, by name.", &[answers::<Roles>(200, "All roles.")]);

/// `GET /admin/roles`
pub async fn list(call: Call) -> Result<HttpResponse, Error> {
    let roles = call.read(queries::all).await?;
    ok(&Roles::new(&roles, &call.base()))
}

pub static SHOW: Operation =
    Operation::new(GROUP, "Show a role", "A role with its permissions.", &[answers::<RoleJson>(200, "The role.")]);

/// `GET /admin/roles/{uuid}`
pub async fn show(call: Call) -> Result<HttpResponse, Error> {
    let id = call.id("uuid", "role")?;
    let role = call.read(move |conn| queries::get(conn, &id)).await?;
    ok(&RoleJson::new(&role, &call.base()))
}

const CONFLICT: &str = "Another role has this name, the role is locked, or it would leave nobody who can administer Muster.";

pub static CREATE: Operation = Operation::new(
    GROUP,
    "Create a role",
    "`name` and `permissions` are required (null counts as absent); `[]` is a role that grants nothing. An absent, null or empty \
     `description` is empty. A scope that is malformed is refused; any well-formed one may be granted by whoever has it, \
     and by administrators. The answer repeats the scopes as they were sent, in a stable order.",
    &[answers::<RoleJson>(201, "The new role. Location is its address."), says(409, CONFLICT)],
)
.with_body::<Draft>();

/// `POST /admin/roles`
pub async fn create(call: Call, body: Json<Draft>) -> Result<HttpResponse, Error> {
    let draft = body.0.read()?;
    let made = call.write(move |conn, actor| {
        let id = operations::create(conn, actor, &draft)?;
        queries::get(conn, &id)
    });
    let role = RoleJson::new(&made.await.map_err(told)?, &call.base());
    let mut answer = hal(StatusCode::CREATED, &role)?;
    if let Ok(location) = header::HeaderValue::from_str(&role.links.this.href) {
        answer.headers_mut().insert(header::LOCATION, location);
    }
    Ok(answer)
}

pub static UPDATE: Operation = Operation::new(
    GROUP,
    "Change a role",
    "Replaces name and permissions, which are both required: an absent or null `permissions` is refused, `[]` grants nothing. \
     An absent or null `description` stays; an empty one becomes empty. A role that comes with Muster keeps its name, and a locked \
     one cannot be changed. `uuid` in the body is ignored.",
    &[answers::<RoleJson>(200, "The role as it is now."), says(409, CONFLICT)],
)
.with_body::<Draft>();

/// `PUT /admin/roles/{uuid}`
pub async fn update(call: Call, body: Json<Draft>) -> Result<HttpResponse, Error> {
    let id = call.id("uuid", "role")?;
    let keeps_description = body.0.description.is_none();
    let mut wanted = body.0.read()?;
    let changed = call.write(move |conn, actor| {
        if keeps_description {
            wanted.description = queries::get(conn, &id)?.description;
        }
        operations::update(conn, actor, &id, &RoleEdit { shown: None, wanted })?;
        queries::get(conn, &id)
    });
    ok(&RoleJson::new(&changed.await.map_err(told)?, &call.base()))
}

pub static DELETE: Operation = Operation::new(
    GROUP,
    "Delete a role",
    "Everyone who has it loses it. Predefined roles can't be deleted.",
    &[
        says(204, "It is deleted."),
        says(409, "The role comes with Muster, new accounts begin with it, or it would leave nobody who can administer Muster."),
    ],
);

/// `DELETE /admin/roles/{uuid}`
pub async fn delete(call: Call) -> Result<HttpResponse, Error> {
    let id = call.id("uuid", "role")?;
    call.write(move |conn, actor| operations::delete(conn, actor, &id, None)).await?;
    Ok(nothing())
}

pub static RESET: Operation = Operation::new(
    GROUP,
    "Reset the predefined roles",
    "Restores the default permissions of all predefined roles. Custom roles don't change. The body is ignored.",
    &[answers::<Roles>(200, "All roles as they are now."), says(409, "It would leave nobody who can administer Muster.")],
);

/// `POST /admin/roles/reset`
pub async fn reset(call: Call) -> Result<HttpResponse, Error> {
    let done = call.write(|conn, actor| {
        for role in PREDEFINED.iter().filter(|role| !role.locked) {
            operations::reset(conn, actor, &Id::from(role.uuid), None)?;
        }
        queries::all(conn)
    });
    ok(&Roles::new(&done.await?, &call.base()))
}

pub static PERMISSIONS: Operation = Operation::new(
    GROUP,
    "List Muster's permissions",
    "Roles can also have any other well-formed permission, for gateways to require.",
    &[answers::<Permissions>(200, "The permissions, by resource and action.")],
);

/// `GET /admin/permissions`
pub async fn permissions(call: Call) -> Result<HttpResponse, Error> {
    let known = catalogue::all().map(|permission| PermissionJson::from(&permission)).collect();
    ok(&Permissions::new(known, &call.base()))
}
