//! What the pages about one role get of a request.

use std::future::{Ready, ready};
use std::ops::Deref;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use crate::auth::queries::present;
use crate::error::Error;
use crate::id::Id;
use crate::roles::view::{NAVIGATION, ROLES};
use crate::web::page::see_other;
use crate::web::view::Flash;
use crate::web::visit::{Visit, id_in_path};

/// A request about the role in its path.
pub struct RoleVisit {
    visit: Visit,
    /// The role's identity. Whether there is such a role has not been looked at.
    pub id: Id,
}

impl FromRequest for RoleVisit {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let visit = Visit::from_request(request, payload).into_inner();
        ready(visit.and_then(|visit| Ok(Self { visit, id: id_in_path(request, "role")? })))
    }
}

impl Deref for RoleVisit {
    type Target = Visit;

    fn deref(&self) -> &Visit {
        &self.visit
    }
}

/// On to the list, at a role, with what was done; where the change has taken the list from the actor, on to where they may be.
pub async fn done(visit: &Visit, flash: Flash, role: Option<&Id>) -> Result<actix_web::HttpResponse, Error> {
    let actor = visit.actor.clone();
    let now = visit.read(move |conn| present(conn, &actor)).await?;
    visit.flash(&flash)?;
    let sees = NAVIGATION.any_of.iter().any(|permission| now.may(permission));
    let at = role.map_or_else(|| ROLES.to_owned(), |role| format!("{ROLES}#role-{role}"));
    Ok(see_other(if sees { &at } else { "/" }))
}
