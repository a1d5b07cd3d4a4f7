//! The page of the general settings.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

use super::current::Current;
use super::general::{self, BannerPlacement, General};
use super::operations::{self, SavedSettings, SettingsForm};
use super::view::{Defaults, Fixed, GeneralPage, SETTINGS};
use crate::auth::principal::Principal;
use crate::config::Config;
use crate::error::{Error, FieldError};
use crate::id::Id;
use crate::roles::{self, Role};
use crate::teams::Team;
use crate::teams::queries::offered::offered;
use crate::text::grouped;
use crate::tokens::model::in_words;
use crate::web::form::Form;
use crate::web::page::see_other;
use crate::web::view::words::joined;
use crate::web::view::{Choice, Field, Flash, Text, UnlistedNames};
use crate::web::visit::Visit;

/// `GET /settings/general`
pub async fn show(visit: Visit) -> Result<HttpResponse, Error> {
    visit.html(StatusCode::OK, &page(&visit, None, &[]).await?)
}

/// The page, with what was typed and what is wrong with it.
async fn page(visit: &Visit, typed: Option<&SettingsForm>, wrong: &[FieldError]) -> Result<GeneralPage, Error> {
    let picked = typed.cloned();
    let ((stored, roles, teams), shell) = visit
        .framed(SETTINGS, move |conn| {
            let stored = general::read(conn)?;
            let picked = picked.unwrap_or_else(|| of(&stored));
            let chosen: Vec<Id> = [picked.user_team, picked.system_team].iter().filter_map(|id| Id::parse(id)).collect();
            Ok((stored, roles::queries::all(conn)?, offered(conn, &chosen, None)?))
        })
        .await?;
    let shown = serde_json::to_string(&stored).map_err(|error| Error::Internal(error.to_string()))?;
    let form = typed.cloned().unwrap_or_else(|| of(&stored));
    let error = |name: &str| wrong.iter().find(|one| one.field == name).map(|one| one.message.clone());
    let field = |name: &str, value: &str| Field { value: value.to_owned(), error: error(name) };
    let defaults = |name, title, (role, role_field), (team, team_field, other_team): (&str, &str, &String)| Defaults {
        name,
        title,
        roles: role_options(&roles, &visit.actor, role),
        role_error: error(role_field),
        teams: team_options(&teams.teams, team),
        other_team: UnlistedNames { typed: other_team.clone(), more: teams.more },
        team_error: error(team_field),
    };
    let is_fixed = visit.config.organisation.is_some();
    let place =
        |place: BannerPlacement, name: &str| Choice::new(place.as_str(), name).checked(form.banner_place == place.as_str());
    Ok(GeneralPage {
        shell,
        refused: None,
        shown,
        organisation: (!is_fixed).then(|| field("organisation", form.organisation.as_deref().unwrap_or_default())),
        defaults: vec![
            defaults("user", "New users", (&form.user_role, "user_role"), (&form.user_team, "user_team", &form.user_other_team)),
            defaults(
                "system",
                "New system accounts",
                (&form.system_role, "system_role"),
                (&form.system_team, "system_team", &form.system_other_team),
            ),
        ],
        ask: field("ask", &form.ask),
        ask_link: field("ask_link", &form.ask_link),
        banner: field("banner", &form.banner),
        places: vec![
            place(BannerPlacement::SignIn, "On the sign-in page only"),
            place(BannerPlacement::EveryPage, "On every page"),
        ],
        session_length: field("session_length", &form.session_length),
        inactivity: field("inactivity", &form.inactivity),
        fixed: fixed(&visit.config),
    })
}

/// The settings as a form has them.
fn of(general: &General) -> SettingsForm {
    let id = |id: &Option<Id>| id.as_ref().map(Id::to_string).unwrap_or_default();
    SettingsForm {
        organisation: Some(general.organisation.clone()),
        user_role: id(&general.user_role),
        user_team: id(&general.user_team),
        system_role: id(&general.system_role),
        system_team: id(&general.system_team),
        ask: general.ask.clone(),
        ask_link: general.ask_link.clone(),
        banner: general.banner.clone(),
        banner_place: general.banner_place.as_str().to_owned(),
        session_length: general.session_length.clone(),
        inactivity: general.inactivity.clone(),
        ..SettingsForm::default()
    }
}

/// The roles that can be given, and the chosen one; what this actor may not give is left out unless it is chosen already.
fn role_options(all: &[Role], actor: &Principal, chosen: &str) -> Vec<Choice> {
    let offered = |role: &&Role| role.assignable && (actor.may_grant(&role.permissions) || role.id.as_str() == chosen);
    let option = |role: &Role| Choice::new(role.id.to_string(), &role.name).checked(role.id.as_str() == chosen);
    std::iter::once(Choice::new("", "No role")).chain(all.iter().filter(offered).map(option)).collect()
}

fn team_options(all: &[Team], chosen: &str) -> Vec<Choice> {
    let option = |team: &Team| Choice::new(team.id.to_string(), &team.name).checked(team.id.as_str() == chosen);
    std::iter::once(Choice::new("", "No team")).chain(all.iter().map(option)).collect()
}

/// What start options say.
fn fixed(config: &Config) -> Vec<Fixed> {
    let one = |name, value: Option<String>, option| value.map(|value| Fixed { name, value, option });
    let plan =
        config.plan_limit.map(|limit| format!("{}, up to {} system accounts", config.plan_name, grouped(i64::from(limit))));
    [
        one("Organisation", config.organisation.clone(), "--organisation or MUSTER_ORGANISATION"),
        one("Plan", plan, "--plan-name and --plan-limit, or MUSTER_PLAN_NAME and MUSTER_PLAN_LIMIT"),
        one("Policy link", config.policy_link.clone(), "--policy-link or MUSTER_POLICY_LINK"),
        one(
            "Maximum token lifetime",
            config.max_token_lifetime.map(in_words),
            "--max-token-lifetime or MUSTER_MAX_TOKEN_LIFETIME",
        ),
        one("Public URL", config.public_url.clone(), "--public-url or MUSTER_PUBLIC_URL"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// `POST /settings/general`
pub async fn save(visit: Visit, form: Form<SettingsForm>) -> Result<HttpResponse, Error> {
    let form = form.0;
    let (asked, fixed) = (form.clone(), visit.config.organisation.clone());
    let done = visit.write(move |conn, actor| operations::save(conn, actor, &asked, fixed.as_deref())).await;
    match done {
        Ok(saved) => {
            visit.flash(&told(&saved))?;
            visit.data::<Current>()?.set(saved.general);
            Ok(see_other(SETTINGS))
        }
        Err(Error::Invalid(wrong)) => {
            let mut page = page(&visit, Some(&form), &wrong).await?;
            // What was typed still belongs to what was shown first.
            page.shown = form.shown;
            page.refused =
                wrong.into_iter().find(|one| one.field == "organisation" && page.organisation.is_none()).map(|one| one.message);
            visit.html(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(error @ Error::Conflict(_)) => {
            let mut page = page(&visit, Some(&form), &[]).await?;
            page.refused = Some(error.message());
            visit.html(StatusCode::CONFLICT, &page)
        }
        Err(error) => Err(error),
    }
}

fn told(saved: &SavedSettings) -> Flash {
    let names = |labels: &[&str]| joined(&labels.iter().map(|label| (*label).to_owned()).collect::<Vec<_>>(), "and");
    let flash = match saved.changed.as_slice() {
        [] => Flash::neutral(vec![Text::plain("No change.")]),
        [_, _, _, ..] => Flash::done("Saved settings."),
        changed => Flash::done("Saved the ").strong(names(changed)).plain("."),
    };
    match saved.others.as_slice() {
        [] => flash,
        others => {
            flash.plain(" Someone else changed the ").strong(names(others)).plain(" in the meantime; their change was kept.")
        }
    }
}
