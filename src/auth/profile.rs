//! The profile page: details, password, sessions.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::Deserialize;

use super::door::SignInGuard;
use super::principal::{Means, Principal};
use super::queries::{self, sessions::SessionRow as Stored};
use super::view::ProfilePage;
use super::{operations, password};
use crate::accounts::model::{Account, Kind, Right};
use crate::accounts::pages::sessions;
use crate::accounts::queries as accounts;
use crate::accounts::view::ask::whom_to_ask;
use crate::audit::verbs;
use crate::clock;
use crate::error::Error;
use crate::id::Id;
use crate::people::operations::may_invite;
use crate::teams;
use crate::text::grouped;
use crate::web::form::Form;
use crate::web::page::{refused, see_other};
use crate::web::view::{Field, Flash, Moment, Text};
use crate::web::visit::Visit;

pub const PROFILE: &str = "/profile";

fn own_id(actor: &Principal) -> Result<Id, Error> {
    actor.account.clone().ok_or(Error::Unauthenticated)
}

/// `GET /profile`
pub async fn show(visit: Visit) -> Result<HttpResponse, Error> {
    visit.html(StatusCode::OK, &profile(&visit).await?)
}

/// The page, as it is now.
pub async fn profile(visit: &Visit) -> Result<ProfilePage, Error> {
    let actor = &visit.actor;
    let (own, settings) = (own_id(actor)?, Arc::clone(&visit.settings));
    let ((account, teams, stored, ask), shell) = visit
        .framed(PROFILE, move |conn| {
            let account: Account = accounts::find(conn, Kind::User, &own)?;
            let teams = teams::queries::of_accounts(conn, std::slice::from_ref(&own))?.remove(&own).unwrap_or_default();
            let sessions: Vec<Stored> = queries::sessions::of_account(conn, &own)?;
            Ok((account, teams, sessions, whom_to_ask(conn, &settings)?))
        })
        .await?;
    let now = clock::now();
    Ok(ProfilePage {
        shell,
        new_email: Field::new(account.email.as_deref().unwrap_or_default()),
        shown_email: account.email.clone().unwrap_or_default(),
        email: account.email.unwrap_or_default(),
        nothing: actor.permissions.is_empty(),
        ask,
        invites: may_invite(actor).is_ok() && !actor.may(Kind::User.permission(Right::Read)),
        id: account.id.to_string(),
        roles: actor.roles.join(", "),
        teams: teams.into_iter().map(|team| team.name).collect::<Vec<_>>().join(", "),
        created: Moment::on(account.created_at),
        min_length: password::MIN_LENGTH as u32,
        sessions: sessions::rows(&stored, actor.session(), now),
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
    let (actor, door) = (&visit.actor, visit.data::<SignInGuard>()?);
    let own = own_id(actor)?;
    let admitted = match door.open_again(&visit.request, actor.session().ok_or(Error::Unauthenticated)?) {
        Ok(admitted) => admitted,
        Err(closed) => return again(&visit, &closed.into()).await,
    };
    let ChangeForm { current, password, password_again } = form.0;
    let login = visit.read(move |conn| queries::login_by_id(conn, &own)).await?.ok_or(Error::Unauthenticated)?;
    let known = login.password_hash.clone();
    let same = password::is_same(&current, &password);
    let right = admitted.place.work(move || Ok(password::verify(&current, known.as_deref()))).await?;
    if right {
        door.give_back(&admitted.attempt);
    }
    let wrong = [
        (!right).then(operations::not_the_current_password),
        (right && same).then(|| Error::field("password", "This is your password already. Choose another one.")),
        password::check_new(&password, &password_again).err(),
    ];
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
pub async fn again(visit: &Visit, error: &Error) -> Result<HttpResponse, Error> {
    let mut page = profile(visit).await?;
    page.shell.flash = Some(Flash::refused(error.message()));
    refused(error, visit.html(StatusCode::OK, &page))
}

pub fn ended_text(ended: usize) -> String {
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
    visit.flash(&match ended {
        0 => Flash::neutral(vec![Text::plain("You have no other sessions.")]),
        ended => Flash::done(ended_text(ended).trim_start()),
    })?;
    Ok(see_other(PROFILE))
}
