//! Inviting people: a list of addresses, checked as a whole, and then their links.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use chrono::NaiveDateTime;
use serde::Deserialize;

use super::links;
use crate::accounts::actions::add_role;
use crate::accounts::kind::USERS;
use crate::accounts::model::{Kind, Right};
use crate::accounts::operations::Plan;
use crate::accounts::pages::{plan as plan_view, role_choices, team_choices};
use crate::accounts::queries;
use crate::auth::access;
use crate::auth::principal::Principal;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::people::model::line;
use crate::people::operations::shown::{NewLink, NewLinks};
use crate::people::operations::{self, ExistingUserPolicy, Invitations, InviteFault, InviteOutcome, Invited};
use crate::people::view::{InvitePage, WrongLine, list_of};
use crate::roles::{self, predefined};
use crate::teams;
use crate::teams::queries::offered::{called, offered};
use crate::web::form::{Form, ids};
use crate::web::page::see_other;
use crate::web::view::words::{capital, joined};
use crate::web::view::{Flash, UnlistedNames};
use crate::web::visit::Visit;

pub const INVITE: &str = "/settings/users/invite";
/// The most lines that are read at once.
const MOST: usize = 200;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct InviteForm {
    addresses: String,
    /// Lines that came back to be changed, and the number of each.
    line: Vec<String>,
    number: Vec<String>,
    role: Vec<String>,
    team: Vec<String>,
    /// Teams that the form does not list, by name.
    other_teams: String,
    /// Disabled users who are to be enabled again.
    enable: Vec<String>,
    /// That they are to be administrators has been said a second time.
    administrator: String,
    form: String,
}

impl InviteForm {
    /// The lines in their order: those that came back stand where they stood. An empty one is skipped.
    fn lines(&self) -> Vec<String> {
        let mut lines: Vec<&str> = self.addresses.lines().filter(|line| !line.trim().is_empty()).collect();
        for (at, line) in self.line.iter().enumerate() {
            let number: usize = self.number.get(at).and_then(|number| number.parse().ok()).unwrap_or(usize::MAX);
            lines.insert(number.saturating_sub(1).min(lines.len()), line);
        }
        lines.into_iter().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
    }
}

/// `GET /settings/users/invite`
pub async fn show(visit: Visit) -> Result<HttpResponse, Error> {
    let chosen = |id: &Option<Id>| id.iter().map(Id::to_string).collect::<Vec<_>>();
    let (role, team) = (chosen(&visit.settings.user_role), chosen(&visit.settings.user_team));
    let form = InviteForm { role, team, ..InviteForm::default() };
    visit.html(StatusCode::OK, &page(&visit, &form).await?)
}

async fn page(visit: &Visit, form: &InviteForm) -> Result<InvitePage, Error> {
    let (list, actor) = (list_of(&visit.actor), &visit.actor);
    let ticked = |values: &[String]| values.iter().filter_map(|value| Id::parse(value)).collect::<Vec<_>>();
    let (among, chosen) = (placeable(actor), ticked(&form.team));
    let ((roles, teams, used), mut shell) = visit
        .framed(list.1, move |conn| {
            let teams = offered(conn, &chosen, among.as_deref())?;
            Ok((roles::queries::all(conn)?, teams, queries::totals(conn, Kind::User)?.0))
        })
        .await?;
    shell.here = INVITE.to_owned();
    let mut role_choices = role_choices(&roles, actor, &ticked(&form.role));
    for choice in &mut role_choices {
        choice.is_default = visit.settings.user_role.as_ref().is_some_and(|role| role.as_str() == choice.id);
        // A default that this actor may not give must not make every attempt fail.
        choice.checked &= !choice.disabled;
    }
    let everywhere = actor.may(Kind::User.permission(Right::Manage));
    Ok(InvitePage {
        shell,
        form: Id::new().to_string(),
        addresses: form.lines().join("\n"),
        roles: role_choices,
        teams: team_choices(&teams.teams, &ticked(&form.team)),
        other_teams: UnlistedNames { typed: form.other_teams.clone(), more: teams.more },
        enable: if everywhere { form.enable.clone() } else { Vec::new() },
        asks_administrator: !form.administrator.is_empty(),
        consequence: add_role::administrator(Kind::User, "").consequence.0,
        seats: plan_view(&visit.config, Kind::User, used),
        list,
        ..InvitePage::default()
    })
}

/// The teams that the actor may put people into; `None` for all.
fn placeable(actor: &Principal) -> Option<Vec<Id>> {
    let everywhere = actor.may(Kind::User.permission(Right::Manage)) || actor.may(teams::operations::MANAGE);
    (!everywhere).then(|| actor.permissions.named("team", "manage").into_iter().map(Id::from).collect())
}

/// What a form asks for, and its lines.
fn read(form: &InviteForm) -> Result<(Invitations, Vec<String>), Error> {
    let lines = form.lines();
    if lines.is_empty() {
        return Err(Error::field("addresses", "Enter at least one e-mail address."));
    }
    if lines.len() > MOST {
        return Err(Error::field("addresses", format!("Invite at most {MOST} people at a time. There are {}.", lines.len())));
    }
    let invitations = Invitations {
        people: lines.iter().map(|text| line(text)).collect(),
        roles: ids(&form.role, "role")?,
        teams: ids(&form.team, "team")?,
        known: ExistingUserPolicy::Fault { enable: ids(&form.enable, "addresses")? },
        form: Id::parse(&form.form),
    };
    Ok((invitations, lines))
}

/// What became of a form.
enum InviteFormOutcome {
    /// Its links are shown on the page of this ID, once.
    Links(Id),
    /// Everybody had an account already: these were enabled again.
    Enabled(Vec<String>),
    Faults(Vec<InviteFault>),
}

/// `POST /settings/users/invite`
pub async fn send(visit: Visit, form: Form<InviteForm>) -> Result<HttpResponse, Error> {
    let form = form.0;
    let (mut invitations, lines) = match read(&form) {
        Ok(read) => read,
        Err(error) => return refused(&visit, &form, error).await,
    };
    let (plan, seal, list) = (Plan::from(visit.config.get_ref()), visit.seal()?, list_of(&visit.actor).1);
    let asks = predefined::is_administrator(&invitations.roles) && form.administrator.is_empty();
    let others = form.other_teams.clone();
    let done = visit.write(move |conn, actor| {
        invitations.teams.extend(called(conn, &others, placeable(actor).as_deref())?);
        if let Some(page) = operations::sent_before(conn, actor, invitations.form.as_ref())? {
            return Ok(InviteFormOutcome::Links(page));
        }
        match operations::invite(conn, actor, &plan, &invitations)? {
            InviteOutcome::Faults(faults) => Ok(InviteFormOutcome::Faults(faults)),
            // An error: nothing stays of what was done.
            InviteOutcome::Invited(..) if asks => Err(Error::field("administrator", "Confirm that they become administrators.")),
            InviteOutcome::Invited(invited, until) => {
                let page = operations::sent_before(conn, actor, invitations.form.as_ref())?.unwrap_or_else(Id::new);
                let Some(links) = new_links(conn, &invitations, &invited, (until, list))? else {
                    return Ok(InviteFormOutcome::Enabled(invited.into_iter().map(|one| one.name).collect()));
                };
                links.keep(conn, &seal, &page)?;
                Ok(InviteFormOutcome::Links(page))
            }
        }
    });
    match done.await {
        Ok(InviteFormOutcome::Links(page)) => Ok(see_other(&links::address(&page))),
        Ok(InviteFormOutcome::Enabled(names)) => {
            visit.flash(&Flash::done("Enabled ").strong(joined(&names, "and")).plain("."))?;
            Ok(see_other(list))
        }
        Ok(InviteFormOutcome::Faults(faults)) => {
            let mut page = with_faults(page(&visit, &form).await?, &lines, &faults, &form.enable);
            if !visit.actor.may(Kind::User.permission(Right::Manage)) {
                page.wrong.iter_mut().for_each(|line| line.enable = None);
            }
            visit.html(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(error) => refused(&visit, &form, error).await,
    }
}

/// What the page with the links shows; nothing where everybody had an account already.
fn new_links(
    conn: &mut DbConnection,
    form: &Invitations,
    invited: &[Invited],
    (until, next): (NaiveDateTime, &str),
) -> Result<Option<NewLinks>, Error> {
    let link = |one: &Invited| {
        let whom = (&one.account, one.name.as_str(), one.email.as_str());
        one.key.as_ref().map(|key| NewLink::new(whom, one.named, key))
    };
    let links: Vec<NewLink> = invited.iter().filter_map(link).collect();
    if links.is_empty() {
        return Ok(None);
    }
    let enabled = invited.iter().filter(|one| one.key.is_none()).map(|one| one.name.clone()).collect();
    // Who is enabled again keeps what they had.
    let ExistingUserPolicy::Fault { enable } = &form.known else { return Ok(None) };
    let none_is_new = invited.iter().all(|one| enable.contains(&one.account));
    let given = if none_is_new { String::new() } else { given(conn, form)? };
    Ok(Some(NewLinks { given, enabled, ..NewLinks::new(links, until, next) }))
}

/// The form with its lines at fault set apart from the good ones.
fn with_faults(page: InvitePage, lines: &[String], faults: &[InviteFault], enable: &[String]) -> InvitePage {
    let wrong = |fault: &InviteFault| WrongLine {
        number: fault.line + 1,
        text: lines.get(fault.line).cloned().unwrap_or_default(),
        message: fault.message.clone(),
        user: fault.user.as_ref().map(|user| (user.name.clone(), format!("{}/{}", USERS.path, user.id))),
        enable: fault.user.as_ref().filter(|user| user.disabled).map(|user| user.id.to_string()),
    };
    let good: Vec<&str> = lines
        .iter()
        .enumerate()
        .filter(|(at, _)| faults.iter().all(|fault| fault.line != *at))
        .map(|(_, line)| line.as_str())
        .collect();
    let wrong: Vec<WrongLine> = faults.iter().map(wrong).collect();
    let asked = |id: &&String| wrong.iter().all(|line| line.enable.as_ref() != Some(id));
    InvitePage {
        addresses: good.join("\n"),
        lines: lines.len(),
        enable: enable.iter().filter(asked).cloned().collect(),
        wrong,
        ..page
    }
}

async fn refused(visit: &Visit, form: &InviteForm, error: Error) -> Result<HttpResponse, Error> {
    let mut page = page(visit, form).await?;
    match error {
        Error::Invalid(fields) => {
            for wrong in fields {
                match wrong.field {
                    "role" => page.roles_error = Some(wrong.message),
                    "team" => page.teams_error = Some(wrong.message),
                    "administrator" => page.asks_administrator = true,
                    _ => page.addresses_error = Some(wrong.message),
                }
            }
            visit.html(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Error::Conflict(message) => {
            page.error = Some(message);
            visit.html(StatusCode::CONFLICT, &page)
        }
        Error::Forbidden { permission, message } => {
            access::record_refusal(&visit.request, &permission).await;
            page.error = Some(message);
            visit.html(StatusCode::FORBIDDEN, &page)
        }
        other => Err(other),
    }
}

/// What the invited are given, as a heading: `Role User, team Mobile`.
fn given(conn: &mut DbConnection, form: &Invitations) -> Result<String, Error> {
    let told = |noun: &str, names: Vec<String>| match names.len() {
        0 => None,
        1 => Some(format!("{noun} {}", names[0])),
        _ => Some(format!("{noun}s {}", joined(&names, "and"))),
    };
    let roles = roles::queries::find(conn, &form.roles)?.into_iter().map(|role| role.name).collect();
    let teams = teams::queries::find(conn, &form.teams)?.into_iter().map(|team| team.name).collect();
    let all: Vec<String> = [told("role", roles), told("team", teams)].into_iter().flatten().collect();
    Ok(capital(&if all.is_empty() { "no roles".to_owned() } else { all.join(", ") }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_came_back_stand_where_they_stood() {
        let form = |addresses: &str, back: &[(&str, &str)]| {
            let (number, line) = back.iter().map(|(number, line)| ((*number).to_owned(), (*line).to_owned())).unzip();
            InviteForm { addresses: addresses.to_owned(), number, line, ..InviteForm::default() }.lines()
        };
        assert_eq!(form("a\r\n\n b \nc", &[]), ["a", "b", "c"]);
        assert_eq!(form("a\nc\ne", &[("2", "b"), ("4", "d"), ("6", "f")]), ["a", "b", "c", "d", "e", "f"]);
        assert_eq!(form("a\nc", &[("2", "  "), ("3", "d")]), ["a", "d", "c"]);
        assert_eq!(form("", &[("1", "a")]), ["a"]);
        assert_eq!(form("a", &[("x", "b"), ("99", "c")]), ["a", "b", "c"]);
    }
}
