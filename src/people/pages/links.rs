//! Links of one person: a new invitation link, a link for a new password; and cancelling an invitation. And the page that shows
//! new links, once.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};

use crate::accounts::kind::USERS;
use crate::accounts::model::{Kind, Right};
use crate::accounts::pages::tokens::is_a_peek;
use crate::accounts::pages::visits::AccountVisit;
use crate::auth::principal::Principal;
use crate::clock;
use crate::config::BaseUrl;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::people::operations::shown::{NewLink, NewLinks};
use crate::people::operations::{self, Offered};
use crate::people::view::{INVITATIONS, LinkRow, LinksPage, list_of};
use crate::web::navigation::NavigationCounts;
use crate::web::page::{html_of_link, see_other};
use crate::web::view::{Flash, Moment, Tile};
use crate::web::visit::Visit;

/// Where new links are shown.
pub fn address(page: &Id) -> String {
    format!("{}/links/{page}", USERS.path)
}

/// `GET /settings/users/links/{page}`: shows new links, once.
pub async fn show(visit: Visit, page: web::Path<String>) -> Result<HttpResponse, Error> {
    let page = Id::parse(&page).ok_or(Error::NotFound("page"))?;
    let (seal, peek, navigation) = (visit.seal()?, is_a_peek(&visit.request), visit.navigation);
    // In one transaction with the frame's counts: a page that can't be drawn uses no link up.
    let taken =
        visit.write(move |conn, _| Ok((NewLinks::take(conn, &seal, &page, peek)?, NavigationCounts::read(conn, navigation)?)));
    let (links, counts) = taken.await?;
    let base = visit.data::<BaseUrl>()?.0.clone();
    let list = list_of(&visit.actor);
    let mut page = LinksPage { shell: visit.shell(list.1, &counts), list, next: list.1.to_owned(), ..LinksPage::default() };
    if let Some(links) = links {
        page.rows = links.links.iter().map(|link| row(link, &base)).collect();
        page.until = Moment::until(links.until(), clock::now());
        page.without_public_url = visit.config.public_url.is_none().then_some(base);
        (page.invites, page.given, page.enabled, page.next) = (links.invites, links.given, links.enabled, links.next);
    }
    html_of_link(StatusCode::OK, &page)
}

/// A link as it is sent. It begins with the public URL, whatever host a request names.
fn row(link: &NewLink, base: &str) -> LinkRow {
    LinkRow {
        name: link.name.clone(),
        about: if link.named { link.email.clone() } else { "Chooses a name later".to_owned() },
        email: link.email.clone(),
        tile: Tile::person(link.account.as_str(), &link.name),
        link: format!("{base}/set-password/{}", link.key),
    }
}

type Make = fn(&mut DbConnection, &Principal, &Id) -> Result<Offered, Error>;

/// Makes a link for one person, and leads to the page that shows it.
async fn make(visit: &AccountVisit, work: Make, invites: bool) -> Result<HttpResponse, Error> {
    let seal = visit.seal()?;
    let next = if sees_users(visit) { visit.url() } else { INVITATIONS.to_owned() };
    let made = visit.write(move |conn, actor, id| {
        let Offered { account, key, until } = work(conn, actor, id)?;
        let whom = (id, account.name.as_str(), account.email.as_deref().unwrap_or_default());
        let (page, links) = (Id::new(), vec![NewLink::new(whom, true, &key)]);
        NewLinks { invites, ..NewLinks::new(links, until, &next) }.keep(conn, &seal, &page)?;
        Ok(page)
    });
    match made.await {
        Ok(page) => Ok(see_other(&address(&page))),
        Err(error) => refused(visit, error).await,
    }
}

/// `POST …/{id}/password-link`
pub async fn offer_password(visit: AccountVisit) -> Result<HttpResponse, Error> {
    make(&visit, operations::offer_password, false).await
}

/// `POST …/{id}/invitation`
pub async fn renew(visit: AccountVisit) -> Result<HttpResponse, Error> {
    make(&visit, operations::renew, true).await
}

/// `POST …/{id}/invitation/cancellation`
pub async fn cancel(visit: AccountVisit) -> Result<HttpResponse, Error> {
    match visit.write(operations::cancel).await {
        Ok(name) => {
            visit.flash(&Flash::done("Cancelled the invitation of ").strong(name).plain(". The link no longer works."))?;
            Ok(see_other(list_of(&visit.actor).1))
        }
        Err(error) => refused(&visit, error).await,
    }
}

fn sees_users(visit: &AccountVisit) -> bool {
    visit.actor.may(Kind::User.permission(Right::Read))
}

/// A conflict is told on the user's page, which not everybody may see.
async fn refused(visit: &AccountVisit, error: Error) -> Result<HttpResponse, Error> {
    if !sees_users(visit) {
        return Err(error);
    }
    visit.answer(Err(error), &visit.url()).await
}
