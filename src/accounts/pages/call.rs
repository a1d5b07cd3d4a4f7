//! What a request about one system account comes with: every page under its address begins here.

use std::future::{Ready, ready};

use actix_session::{Session, SessionExt};
use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};

use super::{account, id, url};
use crate::accounts::operations::Plan;
use crate::accounts::view::account::AccountPage;
use crate::auth::access::Actor;
use crate::auth::principal::Principal;
use crate::config::Config;
use crate::database::{Database, DbConnection};
use crate::error::Error;
use crate::id::Id;
use crate::web::page::{flash, html, see_other};
use crate::web::view::Flash;

/// A request about the account in its path.
pub struct Call {
    /// The request itself.
    pub request: HttpRequest,
    /// The browser's session.
    pub session: Session,
    /// The installation's database.
    pub database: web::Data<Database>,
    /// The installation's settings.
    pub config: web::Data<Config>,
    /// Who asks.
    pub actor: Actor,
    /// The account's identity. Whether there is such an account has not been looked at.
    pub id: Id,
}

impl FromRequest for Call {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let data = || Error::Internal("no database or settings in the application".into());
        let mut call = || {
            Ok(Self {
                session: request.get_session(),
                database: request.app_data::<web::Data<Database>>().cloned().ok_or_else(data)?,
                config: request.app_data::<web::Data<Config>>().cloned().ok_or_else(data)?,
                actor: Actor::from_request(request, payload).into_inner()?,
                id: id(request.match_info().get("id").unwrap_or_default())?,
                request: request.clone(),
            })
        };
        ready(call())
    }
}

impl Call {
    /// [`Actor::write`] with the account's identity.
    ///
    /// # Errors
    /// As [`Actor::write`].
    pub async fn write<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut DbConnection, &Principal, &Id) -> Result<T, Error> + Send + 'static,
    {
        let id = self.id.clone();
        self.actor.write(&self.database, move |conn, actor| work(conn, actor, &id)).await
    }

    /// The installation's plan.
    pub fn plan(&self) -> Plan {
        self.request.app_data::<web::Data<Plan>>().map(|plan| plan.get_ref().clone()).unwrap_or_default()
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
                flash(&self.session, &text)?;
                Ok(see_other(next))
            }
            Err(error @ (Error::Conflict(_) | Error::Invalid(_))) => {
                let mut page = self.page().await?;
                page.shell.flash = Some(Flash::refused(error.message()));
                html(StatusCode::CONFLICT, &page)
            }
            Err(error) => Err(error),
        }
    }

    /// The account's address.
    pub fn url(&self) -> String {
        url(&self.id)
    }
}
