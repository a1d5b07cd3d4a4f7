//! The profile page: details, password, sessions.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::Deserialize;

use super::door::Door;
use super::principal::{Means, Principal};
use super::queries::{self, sessions::SessionRow as Stored};
use super::view::{ProfilePage, SessionRow};
use super::{operations, password};
use crate::accounts::model::{Account, Kind};
use crate::accounts::queries as accounts;
use crate::audit::verbs;
use crate::clock;
use crate::error::Error;
use crate::id::Id;
use crate::teams;
use crate::text::grouped;
use crate::web::form::Form;
use crate::web::page::{refused, see_other};
use crate::web::view::{Flash, Moment};
use crate::web::visit::Visit;

pub const PROFILE: &str = "/profile";

fn own_id(actor: &Principal) -> Result<Id, Error> {
    actor.account.clone().ok_or(Error::Unauthenticated)
}

/// `GET /profile`
pub async fn show(visit: Visit) -> Result<HttpResponse, Error> {
    visit.html(StatusCode::OK, &profile(&visit).await?)
}

async fn profile(visit: &Visit) -> Result<ProfilePage, Error> {
    let actor = &visit.actor;
    let own = own_id(actor)?;
    let ((account, teams, sessions), shell) = visit
        .framed(PROFILE, move |conn| {
            let account: Account = accounts::find(conn, Kind::User, &own)?;
            let teams = teams::queries::of_accounts(conn, std::slice::from_ref(&own))?.remove(&own).unwrap_or_default();
            let sessions: Vec<Stored> = queries::sessions::of_account(conn, &own)?;
            Ok((account, teams, sessions))
        })
        .await?;
    let now = clock::now();
    let current = |row: &Stored| actor.means == Means::Session(row.id.clone());
    let mut rows: Vec<SessionRow> = sessions
        .iter()
        .map(|row| SessionRow {
            id: row.id.to_string(),
            agent: program(row.user_agent.as_deref().unwrap_or_default()),
            address: row.address.clone().unwrap_or_default(),
            started: Moment::made(row.created_at, now),
            seen: Moment::ago(row.last_seen_at, now),
            current: current(row),
        })
        .collect();
    rows.sort_by_key(|row| !row.current);
    Ok(ProfilePage {
        shell,
        email: account.email.unwrap_or_default(),
        id: account.id.to_string(),
        roles: actor.roles.join(", "),
        teams: teams.into_iter().map(|team| team.name).collect::<Vec<_>>().join(", "),
        created: Moment::on(account.created_at),
        min_length: password::MIN_LENGTH as u32,
        sessions: rows,
        ..ProfilePage::default()
    })
}

#[derive(Deserialize)]
pub struct ChangeForm {
    #[serde(default)]
    current: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    password_again: String,
}

/// `POST /profile/password`
pub async fn change_password(visit: Visit, form: Form<ChangeForm>) -> Result<HttpResponse, Error> {
    let (actor, door) = (&visit.actor, visit.data::<Door>()?);
    let own = own_id(actor)?;
    let admitted = match door.open_again(&visit.request, actor.session().ok_or(Error::Unauthenticated)?) {
        Ok(admitted) => admitted,
        Err(closed) => return again(&visit, &closed.into()).await,
    };
    let ChangeForm { current, password, password_again } = form.0;
    let login = visit.read(move |conn| queries::login_by_id(conn, &own)).await?.ok_or(Error::Unauthenticated)?;
    let known = login.password_hash.clone();
    let right = admitted.place.work(move || Ok(password::verify(&current, known.as_deref()))).await?;
    if right {
        door.give_back(&admitted.attempt);
    }
    let wrong = [(!right).then(operations::not_the_current_password), password::check_new(&password, &password_again).err()];
    let changed = match Error::joined(wrong.into_iter().flatten()) {
        Ok(()) => match door.hash(password, password_again).await {
            Ok(hash) => {
                let known = login.password_hash.unwrap_or_default();
                visit.write(move |conn, actor| operations::change_password(conn, actor, &known, &hash)).await
            }
            Err(error) => Err(error),
        },
        Err(error) => Err(error),
    };
    match changed {
        Ok(ended) => {
            visit.flash(&Flash::done(format!("Password changed.{}", ended_text(ended))))?;
            Ok(see_other(PROFILE))
        }
        Err(Error::Invalid(fields)) => {
            let mut page = profile(&visit).await?;
            for wrong in fields {
                let field = match wrong.field {
                    "current" => &mut page.current,
                    "password_again" => &mut page.password_again,
                    _ => &mut page.password,
                };
                field.error = Some(wrong.message);
            }
            visit.html(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(error @ Error::Busy(_)) => again(&visit, &error).await,
        Err(error) => Err(error),
    }
}

/// The page again, where the passwords were not even looked at.
async fn again(visit: &Visit, error: &Error) -> Result<HttpResponse, Error> {
    let mut page = profile(visit).await?;
    page.shell.flash = Some(Flash::refused(error.message()));
    refused(error, visit.html(StatusCode::OK, &page))
}

fn ended_text(ended: usize) -> String {
    match ended {
        0 => String::new(),
        1 => " Signed out of 1 other session.".into(),
        n => format!(" Signed out of {} other sessions.", grouped(i64::try_from(n).unwrap_or(i64::MAX))),
    }
}

/// `POST /profile/sessions/{id}/end`
pub async fn end_session(visit: Visit, id: web::Path<String>) -> Result<HttpResponse, Error> {
    let (own, id) = (own_id(&visit.actor)?, Id::parse(&id).ok_or(Error::NotFound("session"))?);
    let current = visit.actor.means == Means::Session(id.clone());
    visit
        .write(move |conn, actor| {
            if !queries::sessions::end(conn, &own, &id)? {
                return Err(Error::NotFound("session"));
            }
            operations::session_event(conn, actor, verbs::SIGNED_OUT)
        })
        .await?;
    if current {
        visit.session.purge();
        return Ok(see_other("/login?notice=signed-out"));
    }
    visit.flash(&Flash::done("Session signed out."))?;
    Ok(see_other(PROFILE))
}

/// `POST /profile/sessions/end-others`
pub async fn end_others(visit: Visit) -> Result<HttpResponse, Error> {
    let own = own_id(&visit.actor)?;
    let ended = visit
        .write(move |conn, actor| {
            let ended = queries::sessions::end_others(conn, &own, actor.session())?;
            if ended > 0 {
                operations::session_event(conn, actor, verbs::SIGNED_OUT)?;
            }
            Ok(ended)
        })
        .await?;
    let text = if ended == 0 { "You have no other sessions.".into() } else { ended_text(ended).trim_start().to_owned() };
    visit.flash(&Flash::done(text))?;
    Ok(see_other(PROFILE))
}

/// A User-Agent in words: "Firefox on Linux". For programs other than browsers, its first word.
fn program(agent: &str) -> String {
    // The order matters: Edge calls itself Chrome, and Chrome calls itself Safari.
    let named = |table: &[(&str, &'static str)]| table.iter().find(|(sign, _)| agent.contains(sign)).map(|(_, name)| *name);
    let browser =
        named(&[("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari")]);
    let system = named(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.into(),
        _ => agent.split_whitespace().next().unwrap_or("Unknown browser").into(),
    }
}

#[cfg(test)]
mod tests {
    use super::program;

    #[test]
    fn browsers_are_named() {
        assert_eq!(program("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"), "Firefox on Linux");
        assert_eq!(
            program("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0"),
            "Edge on Windows"
        );
        assert_eq!(program("curl/8.5.0"), "curl/8.5.0");
        assert_eq!(program(""), "Unknown browser");
    }
}
