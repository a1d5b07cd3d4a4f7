//! A request about the team in its path.

use std::future::{Ready, ready};
use std::ops::Deref;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use serde::Deserialize;

use super::list::TeamsQuery;
use crate::error::Error;
use crate::id::Id;
use crate::teams::operations::{self, MANAGE};
use crate::teams::view::TEAMS;
use crate::web::form::Query;
use crate::web::view::address::address;
use crate::web::visit::{Visit, id_in_path};

pub struct TeamVisit {
    visit: Visit,
    /// The team's identity. Whether there is such a team has not been looked at.
    pub id: Id,
    /// What the list that it was opened from is narrowed to.
    kept: String,
}

/// The list that a team was opened from.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Behind {
    list: String,
}

impl FromRequest for TeamVisit {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let visit = Visit::from_request(request, payload).into_inner();
        let kept = Query::<Behind>::of(request).map_or_else(|_| String::new(), |query| TeamsQuery::parse(&query.0.list).words());
        ready(visit.and_then(|visit| Ok(Self { visit, id: id_in_path(request, "team")?, kept })))
    }
}

impl Deref for TeamVisit {
    type Target = Visit;

    fn deref(&self) -> &Visit {
        &self.visit
    }
}

impl TeamVisit {
    pub fn path(&self) -> String {
        format!("{TEAMS}/{}", self.id)
    }

    /// The team's page, which keeps the filters of the list that it was opened from.
    pub fn url(&self) -> String {
        self.path() + &self.suffix()
    }

    /// The list's filters.
    pub fn kept(&self) -> String {
        self.kept.clone()
    }

    /// What keeps the list's filters, behind an address below the team's.
    pub fn suffix(&self) -> String {
        address("", &[("list", self.kept.clone())])
    }

    /// The list, as it was.
    pub fn list(&self) -> String {
        if self.kept.is_empty() { TEAMS.to_owned() } else { format!("{TEAMS}?{}", self.kept) }
    }

    pub fn may_manage(&self) -> bool {
        self.actor.may(&operations::manage(&self.id))
    }

    pub fn may_manage_all(&self) -> bool {
        self.actor.may(MANAGE)
    }
}
