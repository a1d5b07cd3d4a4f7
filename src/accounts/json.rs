//! An account as the API writes it: users and system accounts alike.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::{Uuid, uuid};

use super::model::{Account, Kind};
use crate::clock;
use crate::id::Id;
use crate::roles::json::RoleJson;
use crate::teams::Team;
use crate::web::api::operation::Example;
use crate::web::api::params::SelfLink;

/// A user or a system account, without its roles and teams.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Person {
    pub uuid: Id,
    pub name: String,
    /// Absent where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub email: Option<String>,
    /// What a system account is for; may be empty.
    pub description: String,
    /// False for a disabled account: its tokens are refused.
    pub active: bool,
    /// 0 for a user, 1 for a system account.
    #[schema(minimum = 0, maximum = 1)]
    pub r#type: i32,
    /// "User" or "System Account".
    pub type_description: String,
    pub created_at: String,
    pub updated_at: String,
    /// When it last authenticated to Muster itself; absent for never.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub last_login: Option<String>,
    #[serde(rename = "_links")]
    pub links: SelfLink,
}

/// A user or a system account.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct User {
    #[serde(flatten)]
    pub person: Person,
    #[serde(rename = "_embedded")]
    pub embedded: Embedded,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Embedded {
    /// By name. Team Administrator is among them for whoever administers a team.
    pub roles: Vec<RoleJson>,
    /// The teams that it is a member of, by name.
    pub teams: Vec<TeamName>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TeamName {
    pub uuid: Id,
    pub name: String,
}

impl From<&Team> for TeamName {
    fn from(team: &Team) -> Self {
        Self { uuid: team.id.clone(), name: team.name.clone() }
    }
}

/// The number of a kind in the field `type`.
pub fn number(kind: Kind) -> i32 {
    match kind {
        Kind::User => 0,
        Kind::System => 1,
    }
}

/// Where an account of either kind is read.
pub fn path(id: &Id) -> String {
    format!("/admin/users/{id}")
}

impl Person {
    pub fn new(account: &Account, base: &str) -> Self {
        Self {
            uuid: account.id.clone(),
            name: account.name.clone(),
            email: account.email.clone(),
            description: account.description.clone(),
            active: !account.disabled,
            r#type: number(account.kind),
            type_description: match account.kind {
                Kind::User => "User".into(),
                Kind::System => "System Account".into(),
            },
            created_at: clock::written(account.created_at),
            updated_at: clock::written(account.updated_at),
            last_login: account.last_login_at.map(clock::written),
            links: SelfLink::to(base, &path(&account.id)),
        }
    }
}

const SOMEBODY: Uuid = uuid!("0193a4c2-7d10-7c3e-9a52-1f0e6b8c2d41");

impl Example for Person {
    fn example() -> Self {
        Self {
            uuid: SOMEBODY.into(),
            name: "buildkite/ios".into(),
            email: None,
            description: "Publishes pacts of the iOS app".into(),
            active: true,
            r#type: 1,
            type_description: "System Account".into(),
            created_at: "2026-11-24T14:00:00Z".into(),
            updated_at: "2026-11-24T14:00:00Z".into(),
            last_login: Some("2026-11-29T22:41:07Z".into()),
            links: SelfLink::to("https://muster.example.com", &path(&SOMEBODY.into())),
        }
    }
}

impl Example for User {
    fn example() -> Self {
        let team = TeamName { uuid: uuid!("0193a4c2-0b6f-7f21-8d4e-5c7a9e3b1f02").into(), name: "Mobile".into() };
        Self { person: Person::example(), embedded: Embedded { roles: vec![RoleJson::example()], teams: vec![team] } }
    }
}
