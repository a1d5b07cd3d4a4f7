//! The page that creates a system account.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::Deserialize;

use super::tokens::value_address;
use super::visits::ScreenVisit;
use super::{plan as plan_view, role_choices, team_choices};
use crate::accounts::actions::add_role;
use crate::accounts::filter::Filters;
use crate::accounts::operations::{self, AccountCreation, Plan};
use crate::accounts::queries;
use crate::accounts::view::new::NewAccountPage;
use crate::error::Error;
use crate::id::Id;
use crate::roles::{self, predefined};
use crate::teams::queries::offered::{called, offered};
use crate::text::visible::visible;
use crate::tokens;
use crate::tokens::model::{Expiry, in_words, usual_lifetime};
use crate::tokens::operations::values;
use crate::tokens::value::Access;
use crate::web::form::{Form, Query, ids};
use crate::web::page::see_other;
use crate::web::view::address::address;
use crate::web::view::{Field, Flash, UnlistedNames};

/// The name of the token that is made with an account.
const FIRST_TOKEN: &str = "first token";

/// The form of a new system account.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct NewAccountForm {
    name: String,
    description: String,
    role: Vec<String>,
    team: Vec<String>,
    /// Teams that the form does not list, by name.
    other_teams: String,
    token: String,
    form: String,
    /// That it is to be an administrator has been said a second time.
    administrator: String,
}

/// A form in an address: what is asked about it, reload and Back are harmless. Its names are no filters of the list.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct AskedForm {
    name: String,
    description: String,
    with_role: Vec<String>,
    in_team: Vec<String>,
    other_teams: String,
    token: String,
    ask: String,
}

/// The longest address of a form; proxies take no longer ones. One with more in it is the answer to its POST.
const LONGEST: usize = 4_000;

impl NewAccountForm {
    /// Where the form asks about an administrator.
    fn asking(&self, filters: &Filters) -> String {
        let mut words = vec![("name", self.name.clone()), ("description", self.description.clone())];
        words.extend(self.role.iter().map(|role| ("with_role", role.clone())));
        words.extend(self.team.iter().map(|team| ("in_team", team.clone())));
        words.extend([("other_teams", self.other_teams.clone()), ("token", self.token.clone()), ("ask", "administrator".into())]);
        words.extend(filters.query());
        address(&format!("{}/new", filters.screen.path), &words)
    }
}

impl From<AskedForm> for NewAccountForm {
    fn from(asked: AskedForm) -> Self {
        let AskedForm { name, description, with_role, in_team, other_teams, token, ask: _ } = asked;
        Self { name, description, role: with_role, team: in_team, other_teams, token, ..Self::default() }
    }
}

/// `GET /settings/system-accounts/new`
pub async fn show(visit: ScreenVisit) -> Result<HttpResponse, Error> {
    let chosen = |id: &Option<Id>| id.iter().map(Id::to_string).collect::<Vec<_>>();
    let (role, team) = (chosen(&visit.settings.system_role), chosen(&visit.settings.system_team));
    let asked = Query::<AskedForm>::of(&visit.request).map_or_else(|_| AskedForm::default(), |query| query.0);
    let asks = asked.ask == "administrator";
    let form = if asks {
        NewAccountForm::from(asked)
    } else {
        NewAccountForm { role, team, token: "rw-90".into(), ..NewAccountForm::default() }
    };
    let mut page = page(&visit, &form).await?;
    page.asks_administrator = asks;
    visit.html(StatusCode::OK, &page)
}

async fn page(visit: &ScreenVisit, form: &NewAccountForm) -> Result<NewAccountPage, Error> {
    let (screen, ticked) =
        (visit.screen, |values: &[String]| values.iter().filter_map(|value| Id::parse(value)).collect::<Vec<_>>());
    let chosen = ticked(&form.team);
    let ((roles, teams, used, stopped), mut shell) = visit
        .framed(move |conn| {
            Ok((
                roles::queries::all(conn)?,
                offered(conn, &chosen, None)?,
                queries::totals(conn, screen.kind)?.0,
                tokens::policy::stopped(conn)?,
            ))
        })
        .await?;
    let mut choices = role_choices(&roles, &visit.actor, &ticked(&form.role));
    for choice in &mut choices {
        choice.is_default = visit.settings.system_role.as_ref().is_some_and(|role| role.as_str() == choice.id);
        // A default that this actor may not give must not make every attempt fail.
        choice.checked &= !choice.disabled;
    }
    shell.here = format!("{}/new", screen.path);
    Ok(NewAccountPage {
        shell,
        screen,
        cancel: visit.filters().here(),
        form: Id::new().to_string(),
        name: Field::new(&form.name),
        description: Field::new(&form.description),
        roles: choices,
        teams: team_choices(&teams.teams, &ticked(&form.team)),
        other_teams: UnlistedNames { typed: form.other_teams.clone(), more: teams.more },
        token: !form.token.is_empty(),
        token_text: format!("Read-write, expires in {}.", in_words(usual_lifetime(visit.config.max_token_lifetime))),
        creation_stopped: stopped.map(|stop| stop.sentence()),
        plan: plan_view(&visit.config, screen.kind, used),
        asks_administrator: !form.administrator.is_empty(),
        consequence: add_role::administrator(screen.kind, "").consequence.0,
        ..NewAccountPage::default()
    })
}

/// `POST /settings/system-accounts`
pub async fn create(visit: ScreenVisit, form: Form<NewAccountForm>) -> Result<HttpResponse, Error> {
    let form = form.0;
    let read = ids(&form.role, "role").and_then(|roles| Ok((roles, ids(&form.team, "team")?)));
    let made = match read {
        Ok((roles, teams)) => {
            let mut creation = AccountCreation {
                name: form.name.clone(),
                description: form.description.clone(),
                roles,
                teams,
                form: Id::parse(&form.form),
                ..AccountCreation::default()
            };
            let asks = predefined::is_administrator(&creation.roles) && form.administrator.is_empty();
            let plan = Plan::from(visit.config.get_ref());
            let (wants_token, maximum, seal) = (!form.token.is_empty(), visit.config.max_token_lifetime, visit.seal()?);
            let others = form.other_teams.clone();
            let made = visit.write(move |conn, actor| {
                creation.teams.extend(called(conn, &others, None)?);
                if asks {
                    operations::grantable_roles(conn, actor, &creation.roles)?;
                    return Ok(None);
                }
                if let Some(id) = operations::created_before(conn, actor, creation.form.as_ref())? {
                    let newest = tokens::queries::of_account(conn, &id)?.into_iter().next();
                    return Ok(Some((id, newest.filter(|_| wants_token).map(|listed| listed.token.id))));
                }
                let id = operations::create_system_account(conn, actor, &plan, &creation)?;
                if !wants_token {
                    return Ok(Some((id, None)));
                }
                let first = tokens::operations::TokenCreation {
                    name: FIRST_TOKEN.into(),
                    access: Some(Access::Write),
                    expiry: Ok(Expiry::usual(maximum)),
                };
                let (token, value) = tokens::operations::create(conn, actor, &id, &first, maximum)?;
                values::keep(conn, &seal, &value)?;
                Ok(Some((id, Some(token.id))))
            });
            made.await
        }
        Err(error) => Err(error),
    };
    match made {
        Ok(None) => {
            let asking = form.asking(&visit.filters());
            if asking.len() <= LONGEST {
                return Ok(see_other(&asking));
            }
            let mut page = page(&visit, &form).await?;
            page.asks_administrator = true;
            visit.html(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Ok(Some((id, token))) => {
            let alike = visit.alike(&id, &form.name).await;
            let at = |rest: &str| visit.filters().address_of(&format!("/{id}{rest}"));
            let next = token.map(|token| at(&value_address("/tokens", &token)));
            // The page that shows a token's value says by itself what was created.
            if next.is_none() || alike.is_some() {
                visit.flash(&Flash::done("Created ").strong(visible(&form.name)).plain(".").looking_like(alike))?;
            }
            Ok(see_other(&next.unwrap_or_else(|| at(""))))
        }
        Err(error @ (Error::Invalid(_) | Error::Conflict(_))) => refused(&visit, &form, error).await,
        Err(error) => Err(error),
    }
}

async fn refused(visit: &ScreenVisit, form: &NewAccountForm, error: Error) -> Result<HttpResponse, Error> {
    let mut page = page(visit, form).await?;
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
            visit.html(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        other => {
            page.error = Some(other.message());
            visit.html(StatusCode::CONFLICT, &page)
        }
    }
}
