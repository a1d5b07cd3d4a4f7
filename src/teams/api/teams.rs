//! Teams, but for their members.

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{GROUP, MOST, shown, told};
use crate::error::Error;
use crate::id::Id;
use crate::teams::api::json::{TeamJson, Teams};
use crate::teams::operations::{self, TeamDraft, applications};
use crate::teams::queries::list::{self, TeamFilter};
use crate::teams::reach;
use crate::web::api;
use crate::web::api::body::Json;
use crate::web::api::call::{Call, hal, nothing, ok};
use crate::web::api::operation::{Example, Operation, PAGE, Parameter, ParameterKind, SIZE, answers, says};

/// Letters that are searched for, at most.
const LONGEST: usize = 80;

/// A team, as it is to be.
#[derive(Debug, Clone, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TeamBody {
    /// 1 to 80 characters on one line; unique, whatever the case.
    #[schema(required, nullable = false, min_length = 1, max_length = 80)]
    pub name: Option<String>,
    /// Its applications: names that the guarded API knows. They are kept as they are sent.
    pub pacticipant_names: Option<Vec<String>>,
    /// Users and system accounts. They need not be members.
    #[schema(max_items = 10_000)]
    pub administrator_uuids: Option<Vec<Id>>,
    /// Muster has no environments: only an empty list is accepted.
    #[schema(max_items = 0)]
    pub environment_uuids: Option<Vec<String>>,
}

impl Example for TeamBody {
    fn example() -> Self {
        Self {
            name: Some("Mobile".into()),
            pacticipant_names: Some(vec!["ledger-api".into()]),
            administrator_uuids: None,
            environment_uuids: None,
        }
    }
}

impl TeamBody {
    fn read(self) -> Result<TeamDraft, Error> {
        let name = self.name.ok_or_else(|| Error::at("name", "This is required."))?;
        if self.environment_uuids.is_some_and(|uuids| !uuids.is_empty()) {
            let sentence = "Muster has no environments. Leave environmentUuids out, or send an empty list.";
            return Err(Error::at("environmentUuids", sentence));
        }
        let names = self.pacticipant_names.unwrap_or_default();
        let applications =
            applications::read(&names).map_err(|(at, sentence)| Error::at(format!("pacticipantNames[{at}]"), sentence))?;
        let administrators = self.administrator_uuids.unwrap_or_default();
        if administrators.len() > MOST {
            return Err(Error::at("administratorUuids", "At most 10,000 in one call."));
        }
        Ok(TeamDraft { name, applications, administrators })
    }
}

pub static LIST: Operation = Operation::new(
    GROUP,
    "List teams",
    "Sorted by name, without members. Callers who can't see all teams get those they administer.",
    &[answers::<Teams>(200, "A page of teams.")],
)
.with_query(&[
    Parameter { name: "q", kind: ParameterKind::Short(LONGEST), text: "A part of the name, in any case." },
    PAGE,
    SIZE,
]);

/// `GET /admin/teams`
pub async fn list(call: Call) -> Result<HttpResponse, Error> {
    let params = call.params();
    let search = params.text("q")?.unwrap_or_default().trim().to_owned();
    if search.chars().count() > LONGEST {
        return Err(Error::at("q", "At most 80 characters."));
    }
    let paging = params.paging()?;
    let filter = TeamFilter { search, among: reach(&call.actor.permissions), ..TeamFilter::default() };
    let (actor, base) = (call.actor.clone(), call.base());
    let (teams, total) = call
        .read(move |conn| {
            let total = list::count(conn, &filter)?;
            let teams = list::page(conn, &filter, paging.size, paging.offset())?;
            Ok((shown::teams(conn, &actor, &teams, &base)?, total))
        })
        .await?;
    let (page, links) = params.paged(paging, total);
    ok(&Teams { teams, page, links })
}

pub static SHOW: Operation =
    Operation::new(GROUP, "Show a team", "A team with its members.", &[answers::<TeamJson>(200, "The team.")]);

/// `GET /admin/teams/{uuid}`
pub async fn show(call: Call) -> Result<HttpResponse, Error> {
    let (id, actor, base) = (call.id("uuid", "team")?, call.actor.clone(), call.base());
    ok(&call.read(move |conn| shown::whole(conn, &actor, &id, &base)).await?)
}

const TEXT: &str = "`name` is required (null counts as absent). Each list that is absent, null or empty is empty. An administrator that \
     does not exist is refused; a disabled one is kept, and does not count as one until it is enabled.";

pub static CREATE: Operation = Operation::new(
    GROUP,
    "Create a team",
    TEXT,
    &[answers::<TeamJson>(201, "The new team. Location is its address."), says(409, "Another team has this name.")],
)
.with_body::<TeamBody>();

/// `POST /admin/teams`
pub async fn create(call: Call, body: Json<TeamBody>) -> Result<HttpResponse, Error> {
    let draft = body.0.read()?;
    let (base, ids) = (call.base(), draft.administrators.clone());
    let made = call.write(move |conn, actor| {
        let id = operations::create_whole(conn, actor, &draft)?;
        shown::team(conn, actor, &id, &base)
    });
    let team = made.await.map_err(|error| told(error, &ids, administrator))?;
    let mut answer = hal(StatusCode::CREATED, &team)?;
    if let Ok(location) = header::HeaderValue::from_str(&team.links.this.href) {
        answer.headers_mut().insert(header::LOCATION, location);
    }
    Ok(answer)
}

pub static REPLACE: Operation = Operation::new(
    GROUP,
    "Change a team",
    "Replaces name, applications and administrators; the members stay. `name` is required (null counts as absent). Each list \
     that is absent, null or empty becomes empty. An administrator that does not exist is refused; a disabled one is kept, and \
     does not count as one until it is enabled. Callers who only manage this team can't change its applications or administrators.",
    &[answers::<TeamJson>(200, "The team as it is now."), says(409, "Another team has this name.")],
)
.with_body::<TeamBody>();

/// `PUT /admin/teams/{uuid}`
pub async fn replace(call: Call, body: Json<TeamBody>) -> Result<HttpResponse, Error> {
    let id = call.id("uuid", "team")?;
    let draft = body.0.read()?;
    let (base, ids) = (call.base(), draft.administrators.clone());
    let changed = call.write(move |conn, actor| {
        operations::replace(conn, actor, &id, &draft)?;
        shown::team(conn, actor, &id, &base)
    });
    ok(&changed.await.map_err(|error| told(error, &ids, administrator))?)
}

fn administrator(at: usize) -> String {
    format!("administratorUuids[{at}]")
}

pub static DELETE: Operation = Operation::new(
    GROUP,
    "Delete a team",
    "Its members keep their accounts, but lose the permissions their roles gave them for this team.",
    &[says(204, "It is deleted."), says(422, "It is the default team of new accounts.")],
);

/// `DELETE /admin/teams/{uuid}`
pub async fn delete(call: Call) -> Result<HttpResponse, Error> {
    let id = call.id("uuid", "team")?;
    match call.write(move |conn, actor| operations::delete(conn, actor, &id)).await {
        Ok(_) => Ok(nothing()),
        // The default team stays: published clients know this by its own status.
        Err(Error::Conflict(sentence)) => Ok(api::problem(&call.request, StatusCode::UNPROCESSABLE_ENTITY, &sentence)),
        Err(error) => Err(error),
    }
}
