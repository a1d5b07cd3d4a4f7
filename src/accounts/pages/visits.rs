//! What a request about accounts comes with: the screen that its address lies on, and the account in it.

use std::future::{Ready, ready};
use std::ops::Deref;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpRequest, HttpResponse};

use super::account;
use crate::accounts::filter::{Filters, ListQuery};
use crate::accounts::kind::Screen;
use crate::accounts::model::Right;
use crate::accounts::queries::alike::{Among, lookalike};
use crate::accounts::view::account::AccountPage;
use crate::auth::principal::Principal;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::web::form::Query;
use crate::web::page::see_other;
use crate::web::view::{Flash, Shell};
use crate::web::visit::{Visit, id_in_path};

/// A request on the screen of a kind.
pub struct ScreenVisit {
    pub visit: Visit,
    pub screen: &'static Screen,
}

impl FromRequest for ScreenVisit {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let visit = Visit::from_request(request, payload).into_inner();
        let lost = || Error::Internal(format!("{} is on no screen", request.path()));
        let screen = Screen::at(request.path()).ok_or_else(lost);
        ready(visit.and_then(|visit| Ok(Self { visit, screen: screen? })))
    }
}

impl Deref for ScreenVisit {
    type Target = Visit;

    fn deref(&self) -> &Visit {
        &self.visit
    }
}

impl ScreenVisit {
    /// [`Visit::framed`] at the screen's place.
    pub async fn framed<T, F>(&self, work: F) -> Result<(T, Shell), Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut DbConnection) -> Result<T, Error> + Send + 'static,
    {
        self.visit.framed(self.screen.path, work).await
    }

    pub fn may_manage(&self) -> bool {
        self.actor.may(self.screen.permission(Right::Manage))
    }

    /// The name of another account that looks the same as this one's.
    pub async fn alike(&self, id: &Id, name: &str) -> Option<String> {
        lookalike(&self.database, Among::Accounts(self.screen.kind), id.as_str(), name).await
    }

    /// The list that the address says one came from, by its filters.
    pub fn filters(&self) -> Filters {
        let query: Result<Query<ListQuery>, _> = Query::of(&self.request);
        query.map_or_else(|_| ListQuery::default(), |query| query.0).on(self.screen)
    }
}

/// A request about the account in its path.
pub struct AccountVisit {
    on: ScreenVisit,
    /// The account's identity. Whether there is such an account has not been looked at.
    pub id: Id,
}

impl FromRequest for AccountVisit {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let on = ScreenVisit::from_request(request, payload).into_inner();
        ready(on.and_then(|on| Ok(Self { id: id_in_path(request, on.screen.noun())?, on })))
    }
}

impl Deref for AccountVisit {
    type Target = ScreenVisit;

    fn deref(&self) -> &ScreenVisit {
        &self.on
    }
}

impl AccountVisit {
    /// [`Visit::write`] with the account's identity.
    pub async fn write<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut DbConnection, &Principal, &Id) -> Result<T, Error> + Send + 'static,
    {
        let id = self.id.clone();
        self.visit.write(move |conn, actor| work(conn, actor, &id)).await
    }

    /// The account's page.
    pub async fn page(&self) -> Result<AccountPage, Error> {
        account::page(self).await
    }

    /// The answer to a change: on to `next` with what was done, or the account's page with what a rule said against it.
    pub async fn answer(&self, done: Result<Flash, Error>, next: &str) -> Result<HttpResponse, Error> {
        match done {
            Ok(text) => {
                self.flash(&text)?;
                Ok(see_other(next))
            }
            Err(error @ (Error::Conflict(_) | Error::Invalid(_))) => {
                let mut page = self.page().await?;
                page.shell.flash = Some(Flash::refused(error.message()));
                self.html(StatusCode::CONFLICT, &page)
            }
            Err(error) => Err(error),
        }
    }

    /// The address of the account's page, which keeps the filters of the list that it was opened from.
    pub fn url(&self) -> String {
        self.below("")
    }

    /// An address below it, with the same filters.
    pub fn below(&self, rest: &str) -> String {
        self.filters().address_of(&format!("/{}{rest}", self.id))
    }
}
