//! Links of one person: a new invitation link, a link for a new password; and cancelling an invitation.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

use crate::accounts::model::{Kind, Right};
use crate::accounts::pages::visits::AccountVisit;
use crate::clock;
use crate::config::BaseUrl;
use crate::error::Error;
use crate::people::operations::{self, Offered};
use crate::people::view::{LinkRow, LinksPage};
use crate::web::navigation::Counts;
use crate::web::page::{html_of_link, see_other};
use crate::web::view::{Flash, Moment, Tile};
use crate::web::visit::Visit;

/// A link as it is sent. It begins with the public URL, whatever host a request names.
pub fn address(base: &str, key: &str) -> String {
    format!("{base}/set-password/{key}")
}

/// What every page with links says, besides the links.
pub fn page(visit: &Visit, place: &str, counts: &Counts) -> Result<LinksPage, Error> {
    let base = visit.data::<BaseUrl>()?.0.clone();
    let sees_users = visit.actor.may(Kind::User.permission(Right::Read));
    Ok(LinksPage {
        shell: visit.shell(place, counts),
        without_public_url: visit.config.public_url.is_none().then_some(base),
        next: if sees_users { place.to_owned() } else { "/".to_owned() },
        sees_users,
        ..LinksPage::default()
    })
}

fn shown(visit: &AccountVisit, offered: &Offered, counts: &Counts, invites: bool) -> Result<HttpResponse, Error> {
    let base = visit.data::<BaseUrl>()?.0.clone();
    let mut page = page(visit, visit.screen.path, counts)?;
    page.shell.here = visit.url();
    let email = offered.account.email.clone().unwrap_or_default();
    page.rows.push(LinkRow {
        name: offered.account.name.clone(),
        about: email.clone(),
        email,
        tile: Tile::person(visit.id.as_str(), &offered.account.name),
        link: address(&base, offered.key.expose()),
    });
    if page.sees_users {
        page.next = visit.url();
    }
    let page = LinksPage { invites, until: Moment::until(offered.until, clock::now()), ..page };
    html_of_link(StatusCode::OK, &page)
}

/// `POST …/{id}/password-link`
pub async fn offer_password(visit: AccountVisit) -> Result<HttpResponse, Error> {
    let navigation = visit.navigation;
    let made =
        visit.write(move |conn, actor, id| Ok((operations::offer_password(conn, actor, id)?, Counts::read(conn, navigation)?)));
    match made.await {
        Ok((offered, counts)) => shown(&visit, &offered, &counts, false),
        Err(error) => refused(&visit, error).await,
    }
}

/// `POST …/{id}/invitation`
pub async fn renew(visit: AccountVisit) -> Result<HttpResponse, Error> {
    let navigation = visit.navigation;
    let made = visit.write(move |conn, actor, id| Ok((operations::renew(conn, actor, id)?, Counts::read(conn, navigation)?)));
    match made.await {
        Ok((offered, counts)) => shown(&visit, &offered, &counts, true),
        Err(error) => refused(&visit, error).await,
    }
}

/// `POST …/{id}/invitation/cancellation`
pub async fn cancel(visit: AccountVisit) -> Result<HttpResponse, Error> {
    match visit.write(operations::cancel).await {
        Ok(name) => {
            visit.flash(&Flash::done("Cancelled the invitation of ").strong(name).plain(". The link no longer works."))?;
            Ok(see_other(if visit.actor.may(Kind::User.permission(Right::Read)) { visit.screen.path } else { "/" }))
        }
        Err(error) => refused(&visit, error).await,
    }
}

/// A conflict is told on the user's page, which not everybody may see.
async fn refused(visit: &AccountVisit, error: Error) -> Result<HttpResponse, Error> {
    if !visit.actor.may(Kind::User.permission(Right::Read)) {
        return Err(error);
    }
    visit.answer(Err(error), &visit.url()).await
}
