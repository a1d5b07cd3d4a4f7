//! A request about the team in its path.

use std::future::{Ready, ready};
use std::ops::Deref;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use crate::error::Error;
use crate::id::Id;
use crate::teams::operations::{self, MANAGE};
use crate::teams::view::TEAMS;
use crate::web::visit::Visit;

pub struct TeamVisit {
    visit: Visit,
    /// The team's identity. Whether there is such a team has not been looked at.
    pub id: Id,
}

impl FromRequest for TeamVisit {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let visit = Visit::from_request(request, payload).into_inner();
        let id = request.match_info().get("id").and_then(Id::parse).ok_or(Error::NotFound("team"));
        ready(visit.and_then(|visit| Ok(Self { visit, id: id? })))
    }
}

impl Deref for TeamVisit {
    type Target = Visit;

    fn deref(&self) -> &Visit {
        &self.visit
    }
}

impl TeamVisit {
    pub fn url(&self) -> String {
        format!("{TEAMS}/{}", self.id)
    }

    pub fn may_manage(&self) -> bool {
        self.actor.may(&operations::manage(&self.id))
    }

    pub fn may_manage_all(&self) -> bool {
        self.actor.may(MANAGE)
    }
}
