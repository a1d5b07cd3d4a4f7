//! What a handler gets of a request: one extractor for everything that the server registers, and for the actor.
//!
//! What is not registered is an error of the whole application: the request fails, and nothing is guessed in its place.

use std::future::{Ready, ready};
use std::ops::Deref;
use std::sync::Arc;

use actix_session::{Session, SessionExt};
use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use askama::Template;

use super::assets;
use super::forgery::SESSION_COOKIE;
use super::navigation::{Navigation, NavigationCounts};
use super::page::{self, THEME_COOKIE};
use super::view::{Flash, Head, Shell, Theme, Tile};
use crate::auth::access::Actor;
use crate::auth::principal::Principal;
use crate::auth::sealed::Seal;
use crate::config::Config;
use crate::database::{Database, DbConnection};
use crate::error::Error;
use crate::id::Id;
use crate::settings::current::Current;
use crate::settings::general::{BannerPlacement, General};

/// A request by anyone, signed in or not.
pub struct Visitor {
    pub request: HttpRequest,
    pub session: Session,
    pub database: web::Data<Database>,
    pub config: web::Data<Config>,
    pub navigation: Navigation,
    /// This instance's copy.
    pub settings: Arc<General>,
}

/// A request by a signed-in user.
pub struct Visit {
    visitor: Visitor,
    pub actor: Actor,
}

/// The data of this type that the server has registered.
pub fn registered<T: 'static>(request: &HttpRequest) -> Result<web::Data<T>, Error> {
    let missing = || Error::Internal(format!("the application has no {}", std::any::type_name::<T>()));
    request.app_data::<web::Data<T>>().cloned().ok_or_else(missing)
}

/// The identity in a request's path. Whether there is such a thing has not been looked at.
pub fn id_in_path(request: &HttpRequest, noun: &'static str) -> Result<Id, Error> {
    request.match_info().get("id").and_then(Id::parse).ok_or(Error::NotFound(noun))
}

/// The settings as this instance knows them; none where the application has none.
pub fn general(request: &HttpRequest) -> Option<Arc<General>> {
    request.app_data::<web::Data<Current>>().map(|current| current.known())
}

/// Style sheet, script, icon, the visitor's theme and the banner of every page.
pub fn head(request: &HttpRequest) -> Head {
    let theme = request.cookie(THEME_COOKIE).map_or(Theme::System, |cookie| Theme::parse(cookie.value()));
    let banner = general(request).and_then(|settings| settings.banner_on(BannerPlacement::EveryPage));
    Head { css: assets::css_url().into(), js: assets::js_url().into(), icon: assets::favicon_url().into(), theme, banner }
}

impl FromRequest for Visitor {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let visitor = || {
            Ok(Self {
                session: request.get_session(),
                database: registered(request)?,
                config: registered(request)?,
                navigation: *registered::<Navigation>(request)?.get_ref(),
                settings: registered::<Current>(request)?.known(),
                request: request.clone(),
            })
        };
        ready(visitor())
    }
}

impl Visitor {
    /// Other data that the server has registered.
    pub fn data<T: 'static>(&self) -> Result<web::Data<T>, Error> {
        registered(&self.request)
    }

    /// The request's id, as in its log line.
    pub fn request_id(&self) -> String {
        page::request_id(&self.request)
    }

    pub fn head(&self) -> Head {
        head(&self.request)
    }

    /// [`Self::head`] of the sign-in page, which always has the banner.
    pub fn sign_in_head(&self) -> Head {
        Head { banner: self.settings.banner_on(BannerPlacement::SignIn), ..self.head() }
    }

    /// The organisation's name.
    pub fn organisation(&self) -> String {
        self.settings.organisation(self.config.organisation.as_deref())
    }

    pub async fn read<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut DbConnection) -> Result<T, Error> + Send + 'static,
    {
        self.database.read(work).await
    }

    /// Keeps a flash for the next page.
    pub fn flash(&self, flash: &Flash) -> Result<(), Error> {
        page::flash(&self.session, flash)
    }

    pub fn html(&self, status: StatusCode, page: &impl Template) -> Result<HttpResponse, Error> {
        page::html(status, page)
    }
}

impl FromRequest for Visit {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let visitor = Visitor::from_request(request, payload).into_inner();
        let actor = Actor::from_request(request, payload).into_inner();
        ready(visitor.and_then(|visitor| Ok(Self { visitor, actor: actor? })))
    }
}

impl Deref for Visit {
    type Target = Visitor;

    fn deref(&self) -> &Visitor {
        &self.visitor
    }
}

impl Visit {
    /// Changes something on the actor's behalf, see [`Actor::write`].
    pub async fn write<T, F>(&self, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut DbConnection, &Principal) -> Result<T, Error> + Send + 'static,
    {
        self.actor.write(&self.database, work).await
    }

    /// Seals secrets for the session that asks, until their page has shown them.
    ///
    /// # Errors
    /// `Unauthenticated` without the session's cookie.
    pub fn seal(&self) -> Result<Seal, Error> {
        let cookie = self.request.cookie(SESSION_COOKIE).ok_or(Error::Unauthenticated)?;
        Ok(Seal::of(cookie.value()))
    }

    /// Reads what a page shows, and draws its frame: one connection for both.
    pub async fn framed<T, F>(&self, place: &str, work: F) -> Result<(T, Shell), Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut DbConnection) -> Result<T, Error> + Send + 'static,
    {
        let navigation = self.navigation;
        let (found, counts) = self.read(move |conn| Ok((work(conn)?, NavigationCounts::read(conn, navigation)?))).await?;
        Ok((found, self.shell(place, &counts)))
    }

    /// The frame around a page. `place` is the side bar's link that it belongs to, and where its forms return to when it is
    /// the answer to one. Takes the flash out of the session: it is shown once.
    pub fn shell(&self, place: &str, counts: &NavigationCounts) -> Shell {
        let actor = &self.actor;
        let id = actor.account.as_ref().map_or("", Id::as_str);
        Shell {
            head: self.head(),
            navigation: self.navigation.groups(actor, &self.organisation(), place, counts),
            place: place.to_owned(),
            name: actor.name.clone(),
            role_line: actor.roles.join(", "),
            tile: Tile::person(id, &actor.name),
            flash: page::taken_flash(&self.request, &self.session),
            here: page::here(&self.request, place),
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn what_is_not_registered_fails_the_request() {
        let request = TestRequest::default().to_http_request();
        let missing = Visitor::from_request(&request, &mut Payload::None).into_inner();
        assert!(matches!(missing, Err(Error::Internal(_))));
        let visit = Visit::from_request(&request, &mut Payload::None).into_inner();
        assert!(matches!(visit, Err(Error::Internal(_))));
        let some = TestRequest::default().app_data(web::Data::new(Navigation(&[]))).to_http_request();
        assert!(matches!(Visitor::from_request(&some, &mut Payload::None).into_inner(), Err(Error::Internal(_))));
    }
}
