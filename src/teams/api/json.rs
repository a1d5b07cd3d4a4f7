//! A team as the API writes it.

use chrono::NaiveDateTime;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::{Uuid, uuid};

use crate::accounts::json::Person;
use crate::clock;
use crate::id::Id;
use crate::teams::Team as Stored;
use crate::web::api::operation::Example;
use crate::web::api::params::{Link, Page, PageLinks, SelfLink};

#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Team)]
pub struct TeamJson {
    pub uuid: Id,
    pub name: String,
    pub number_of_members: i64,
    pub created_at: String,
    #[serde(rename = "_embedded")]
    pub embedded: InTeam,
    #[serde(rename = "_links")]
    pub links: SelfLink,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct InTeam {
    /// By name; disabled ones, too. They need not be members.
    pub administrators: Vec<Person>,
    /// By name. Absent where a team is created, changed or listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub members: Option<Vec<Person>>,
    /// The applications, by name.
    pub pacticipants: Vec<Pacticipant>,
    /// Always empty: Muster has no environments.
    pub environments: Vec<Environment>,
}

/// An application: a name that the guarded API knows.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Pacticipant {
    pub name: String,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Environment {
    pub uuid: Id,
    pub production: bool,
}

/// A page of teams.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Teams {
    /// By name, without their members.
    pub teams: Vec<TeamJson>,
    pub page: Page,
    #[serde(rename = "_links")]
    pub links: PageLinks,
}

/// The members of a team.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Members {
    #[serde(rename = "_embedded")]
    pub embedded: EmbeddedMembers,
    #[serde(rename = "_links")]
    pub links: SelfLink,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EmbeddedMembers {
    /// Users and system accounts, by name.
    pub users: Vec<Person>,
}

/// One member of a team.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Member {
    #[serde(rename = "_embedded")]
    pub embedded: EmbeddedMember,
    #[serde(rename = "_links")]
    pub links: SelfLink,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EmbeddedMember {
    pub user: Person,
}

/// Where a team is read.
pub fn path(id: &Id) -> String {
    format!("/admin/teams/{id}")
}

impl TeamJson {
    /// One that nobody belongs to, as far as is known yet.
    pub fn new(team: &Stored, created_at: NaiveDateTime, base: &str) -> Self {
        Self {
            uuid: team.id.clone(),
            name: team.name.clone(),
            number_of_members: 0,
            created_at: clock::written(created_at),
            embedded: InTeam { administrators: vec![], members: None, pacticipants: vec![], environments: vec![] },
            links: SelfLink::to(base, &path(&team.id)),
        }
    }
}

impl Members {
    pub fn new(team: &Id, users: Vec<Person>, base: &str) -> Self {
        Self { embedded: EmbeddedMembers { users }, links: SelfLink::to(base, &format!("{}/users", path(team))) }
    }
}

impl Member {
    pub fn new(team: &Id, user: Person, base: &str) -> Self {
        let links = SelfLink::to(base, &format!("{}/users/{}", path(team), user.uuid));
        Self { embedded: EmbeddedMember { user }, links }
    }
}

const MOBILE: Uuid = uuid!("0193a4c2-0b6f-7f21-8d4e-5c7a9e3b1f02");
const EXAMPLE: &str = "https://muster.example.com";

impl Example for TeamJson {
    fn example() -> Self {
        let stored = Stored { id: MOBILE.into(), name: "Mobile".into() };
        let mut team = Self::new(&stored, NaiveDateTime::default(), EXAMPLE);
        team.created_at = "2026-11-24T14:00:00Z".into();
        team.number_of_members = 1;
        team.embedded.members = Some(vec![Person::example()]);
        team.embedded.pacticipants = vec![Pacticipant { name: "ledger-api".into() }];
        team
    }
}

impl Example for Teams {
    fn example() -> Self {
        let mut team = TeamJson::example();
        team.embedded.members = None;
        let link = || Link { href: format!("{EXAMPLE}/admin/teams?page=1&size=50") };
        Self {
            teams: vec![team],
            page: Page { number: 1, size: 50, total_elements: 1, total_pages: 1 },
            links: PageLinks { this: link(), first: link(), prev: None, next: None, last: link() },
        }
    }
}

impl Example for Members {
    fn example() -> Self {
        Self::new(&MOBILE.into(), vec![Person::example()], EXAMPLE)
    }
}

impl Example for Member {
    fn example() -> Self {
        Self::new(&MOBILE.into(), Person::example(), EXAMPLE)
    }
}
