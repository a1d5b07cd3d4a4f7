//! A role as the API writes it.

use serde::Serialize;
use utoipa::ToSchema;

use super::Role as Stored;
use super::permission::Permission as Granted;
use crate::clock;
use crate::id::Id;
use crate::web::api::operation::Example;
use crate::web::api::params::SelfLink;

/// A named set of permissions.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Role)]
pub struct RoleJson {
    pub uuid: Id,
    pub name: String,
    /// May be empty.
    pub description: String,
    /// Exactly those that the role was given, in a stable order.
    pub permissions: Vec<PermissionJson>,
    /// Whether it comes with Muster, and cannot be deleted.
    pub system_defined: bool,
    pub created_at: String,
    #[serde(rename = "_links")]
    pub links: SelfLink,
}

/// What a role grants.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Permission)]
pub struct PermissionJson {
    /// `resource:action` or `resource:action:scope`.
    pub scope: String,
    /// A short name for people.
    pub label: String,
    pub description: String,
}

/// All roles.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Roles {
    #[serde(rename = "_embedded")]
    pub embedded: EmbeddedRoles,
    #[serde(rename = "_links")]
    pub links: SelfLink,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EmbeddedRoles {
    /// By name.
    pub roles: Vec<RoleJson>,
}

impl Roles {
    pub fn new(roles: &[Stored], base: &str) -> Self {
        let roles = roles.iter().map(|role| RoleJson::new(role, base)).collect();
        Self { embedded: EmbeddedRoles { roles }, links: SelfLink::to(base, "/admin/roles") }
    }
}

/// What Muster knows that a role may grant.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Permissions {
    pub permissions: Vec<PermissionJson>,
    #[serde(rename = "_links")]
    pub links: SelfLink,
}

impl Permissions {
    pub fn new(permissions: Vec<PermissionJson>, base: &str) -> Self {
        Self { permissions, links: SelfLink::to(base, "/admin/permissions") }
    }
}

impl From<&Granted> for PermissionJson {
    fn from(granted: &Granted) -> Self {
        Self { scope: granted.as_str().to_owned(), label: granted.label(), description: granted.description() }
    }
}

impl RoleJson {
    pub fn new(role: &Stored, base: &str) -> Self {
        Self {
            uuid: role.id.clone(),
            name: role.name.clone(),
            description: role.description.clone(),
            permissions: role.permissions.iter().map(PermissionJson::from).collect(),
            system_defined: role.predefined,
            created_at: clock::written(role.created_at),
            links: SelfLink::to(base, &format!("/admin/roles/{}", role.id)),
        }
    }
}

impl Example for Roles {
    fn example() -> Self {
        let links = SelfLink::to("https://muster.example.com", "/admin/roles");
        Self { embedded: EmbeddedRoles { roles: vec![RoleJson::example()] }, links }
    }
}

impl Example for Permissions {
    fn example() -> Self {
        Self::new(RoleJson::example().permissions, "https://muster.example.com")
    }
}

impl Example for RoleJson {
    fn example() -> Self {
        let granted = Granted::parse("contract_data:read:*");
        Self {
            uuid: super::predefined::CI_CD.into(),
            name: "CI/CD".into(),
            description: "For CI/CD pipelines: publish and verify contracts, record deployments.".into(),
            permissions: granted.iter().map(PermissionJson::from).collect(),
            system_defined: true,
            created_at: "2026-11-02T09:12:44Z".into(),
            links: SelfLink::to("https://muster.example.com", &format!("/admin/roles/{}", super::predefined::CI_CD)),
        }
    }
}
