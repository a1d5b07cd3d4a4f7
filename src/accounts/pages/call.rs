//! What a request about one system account comes with: every page under its address begins here.

use std::future::{Ready, ready};
use std::ops::Deref;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpRequest, HttpResponse};

use super::{account, id, url};
use crate::accounts::view::account::AccountPage;
use crate::auth::principal::Principal;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::web::page::see_other;
use crate::web::view::Flash;
use crate::web::visit::Visit;

/// A request about the account in its path.
pub struct Call {
    pub visit: Visit,
    /// The account's identity. Whether there is such an account has not been looked at.
    pub id: Id,
}

impl FromRequest for Call {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let visit = Visit::from_request(request, payload).into_inner();
        let id = id(request.match_info().get("id").unwrap_or_default());
        ready(visit.and_then(|visit| Ok(Self { visit, id: id? })))
    }
}

impl Deref for Call {
    type Target = Visit;

    fn deref(&self) -> &Visit {
        &self.visit
    }
}

impl Call {
    /// [`Visit::write`] with the account's identity.
    ///
    /// # Errors
    /// As [`Visit::write`].
    pub async fn write<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut DbConnection, &Principal, &Id) -> Result<T, Error> + Send + 'static,
    {
        let id = self.id.clone();
        self.visit.write(move |conn, actor| work(conn, actor, &id)).await
    }

    /// The account's page.
    ///
    /// # Errors
    /// `NotFound`, `Unavailable`.
    pub async fn page(&self) -> Result<AccountPage, Error> {
        account::page(self).await
    }

    /// The answer to a change: on to `next` with what was done, or the account's page with what a rule said against it.
    ///
    /// # Errors
    /// All that is no rule's word.
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

    /// The account's address.
    pub fn url(&self) -> String {
        url(&self.id)
    }
}
