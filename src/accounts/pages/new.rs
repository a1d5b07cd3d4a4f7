//! The page that creates a system account.

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use super::tokens::{Made, created};
use super::{ids, plan as plan_view, role_choices, team_choices, url};
use crate::accounts::model::Kind;
use crate::accounts::operations::{self, Creation, Plan};
use crate::accounts::queries;
use crate::accounts::view::new::NewAccountPage;
use crate::auth::access::Actor;
use crate::auth::principal::Principal;
use crate::config::Config;
use crate::database::Database;
use crate::error::Error;
use crate::id::Id;
use crate::roles::{self, predefined};
use crate::tokens::model::{Expiry, in_words};
use crate::tokens::value::Access;
use crate::web::form::Form;
use crate::web::page::{Counts, flash, html, see_other, shell};
use crate::web::view::{Field, Flash, Place};
use crate::{teams, tokens};
use chrono::TimeDelta;

/// The name and the life of the token that is made with an account.
const FIRST_TOKEN: &str = "first token";
const FIRST_TOKEN_LIFE: TimeDelta = TimeDelta::days(90);

/// The form of a new system account.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct NewForm {
    name: String,
    description: String,
    role: Vec<String>,
    team: Vec<String>,
    token: String,
    form: String,
}

/// `GET /settings/system-accounts/new`
///
/// # Errors
/// `Unavailable`.
pub async fn show(
    request: HttpRequest,
    session: Session,
    database: web::Data<Database>,
    actor: Actor,
) -> Result<HttpResponse, Error> {
    let default: Id = predefined::CI_CD.into();
    let form = NewForm { role: vec![default.to_string()], token: "rw-90".into(), ..NewForm::default() };
    html(StatusCode::OK, &page(&request, &session, &database, &actor, &form).await?)
}

/// How long the first token lives: 90 days, or what the installation allows.
fn first_life(config: &Config) -> TimeDelta {
    config.max_token_lifetime.map_or(FIRST_TOKEN_LIFE, |most| most.min(FIRST_TOKEN_LIFE))
}

async fn page(
    request: &HttpRequest,
    session: &Session,
    database: &Database,
    actor: &Principal,
    form: &NewForm,
) -> Result<NewAccountPage, Error> {
    let (roles, teams, used, counts, stopped) = database
        .read(|conn| {
            Ok((
                roles::queries::all(conn)?,
                teams::queries::all(conn)?,
                queries::totals(conn, Kind::System)?.0,
                Counts::read(conn)?,
                tokens::policy::stopped(conn)?,
            ))
        })
        .await?;
    let config = request.app_data::<web::Data<Config>>();
    let plan = request.app_data::<web::Data<Plan>>().map(|plan| plan.get_ref().clone()).unwrap_or_default();
    let ticked = |values: &[String]| values.iter().filter_map(|value| Id::parse(value)).collect::<Vec<_>>();
    let mut choices = role_choices(&roles, actor, &ticked(&form.role));
    for choice in &mut choices {
        choice.is_default = choice.id == predefined::CI_CD.to_string();
        // A default that this actor may not give must not make every attempt fail.
        choice.checked &= !choice.disabled;
    }
    let life = config.map_or(FIRST_TOKEN_LIFE, |config| first_life(config));
    let mut shell = shell(request, session, actor, Place::SystemAccounts, &counts);
    shell.here = "/settings/system-accounts/new".into();
    Ok(NewAccountPage {
        shell,
        form: Id::new().to_string(),
        name: Field::new(&form.name),
        description: Field::new(&form.description),
        roles: choices,
        teams: team_choices(&teams, &ticked(&form.team)),
        token: !form.token.is_empty(),
        token_text: format!("Read-write, expires in {}.", in_words(life)),
        creation_stopped: stopped.map(|stop| stop.sentence()),
        plan: plan_view(&plan, used),
        ..NewAccountPage::default()
    })
}

/// `POST /settings/system-accounts`
///
/// # Errors
/// `Forbidden`, `Unavailable`; what a rule refuses comes back as the form.
pub async fn create(
    request: HttpRequest,
    session: Session,
    database: web::Data<Database>,
    config: web::Data<Config>,
    plan: web::Data<Plan>,
    actor: Actor,
    form: Form<NewForm>,
) -> Result<HttpResponse, Error> {
    let form = form.0;
    let read = ids(&form.role, "role").and_then(|roles| Ok((roles, ids(&form.team, "team")?)));
    let made = match read {
        Ok((roles, teams)) => {
            let creation = Creation {
                name: form.name.clone(),
                description: form.description.clone(),
                roles,
                teams,
                form: Id::parse(&form.form),
            };
            let plan = plan.clone();
            let (wants_token, life, maximum) = (!form.token.is_empty(), first_life(&config), config.max_token_lifetime);
            let made = actor.write(&database, move |conn, actor| {
                let id = operations::create_system_account(conn, actor, &plan, &creation)?;
                if !wants_token {
                    return Ok((id, None));
                }
                let first = tokens::operations::Creation {
                    name: FIRST_TOKEN.into(),
                    access: Some(Access::Write),
                    expiry: Ok(Expiry::In(life)),
                };
                let (token, value) = tokens::operations::create(conn, actor, &id, &first, maximum)?;
                let made = Made::read(conn, &id, token, value, None)?;
                Ok((id, Some(made)))
            });
            made.await
        }
        Err(error) => Err(error),
    };
    match made {
        Ok((id, None)) => {
            flash(&session, &Flash::done("Created ").strong(form.name.trim()).plain("."))?;
            Ok(see_other(&url(&id)))
        }
        Ok((_, Some(made))) => created(&request, &session, &actor, made),
        Err(error @ (Error::Invalid(_) | Error::Conflict(_))) => {
            refused(&request, &session, &database, &actor, &form, error).await
        }
        Err(error) => Err(error),
    }
}

async fn refused(
    request: &HttpRequest,
    session: &Session,
    database: &Database,
    actor: &Principal,
    form: &NewForm,
    error: Error,
) -> Result<HttpResponse, Error> {
    let mut page = page(request, session, database, actor, form).await?;
    match error {
        Error::Invalid(fields) => {
            for wrong in fields {
                match wrong.field {
                    "name" => page.name.error = Some(wrong.message),
                    "description" => page.description.error = Some(wrong.message),
                    "role" => page.roles_error = Some(wrong.message),
                    "team" => page.teams_error = Some(wrong.message),
                    _ => page.error = Some(wrong.message),
                }
            }
            html(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        other => {
            page.error = Some(other.message());
            html(StatusCode::CONFLICT, &page)
        }
    }
}
