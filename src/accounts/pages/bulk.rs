//! Actions on many: the form around the list's checkboxes.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::Deserialize;

use super::confirm::{self, Question};
use super::list::{self, Ticked};
use super::visits::ScreenVisit;
use super::{ids, is_administrator};
use crate::accounts::filter::{Filters, ListQuery};
use crate::accounts::kind::Screen;
use crate::accounts::model::{Kind, Outcome, Selection};
use crate::accounts::operations::{self, Plan};
use crate::accounts::view::confirm::Confirm;
use crate::auth::principal::Principal;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::roles::{self, predefined};
use crate::text::grouped;
use crate::web::form::Form;
use crate::web::page::{local, see_other};
use crate::web::view::words::joined;
use crate::web::view::{Field, Flash, Hidden};

/// The most rows that may be ticked one by one: each is a value in the statement, and both engines limit those. More are
/// selected as "all that match".
const TICKED_LIMIT: usize = 10_000;

/// The form around the list.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct BulkForm {
    id: Vec<String>,
    #[serde(rename = "do")]
    verb: String,
    add_role: Vec<String>,
    remove_role: Vec<String>,
    select: String,
    scope: String,
    shown: String,
    expected: String,
    confirm: String,
    next: String,
    #[serde(flatten)]
    query: ListQuery,
}

impl BulkForm {
    /// Whether all that match are meant. Without script a row may have been unticked on a page that had them all ticked:
    /// then those that are still ticked are meant, and no others.
    fn means_matching(&self) -> bool {
        let shown: Option<usize> = self.shown.parse().ok();
        self.scope == "matching" && shown.is_none_or(|shown| self.id.len() >= shown)
    }

    fn filters(&self, screen: &'static Screen) -> Filters {
        self.query.on(screen)
    }

    fn selection(&self, screen: &'static Screen, actor: &Principal) -> Result<Selection, Error> {
        if self.means_matching() {
            return Ok(Selection::Matching(self.filters(screen).filter(actor)));
        }
        let ids = ids(&self.id, "id")?;
        if ids.is_empty() {
            return Err(Error::field("id", format!("Select at least one {}.", screen.noun())));
        }
        if ids.len() > TICKED_LIMIT {
            return Err(Error::field(
                "id",
                format!("At most {} at once. Select all that match instead.", grouped(TICKED_LIMIT as i64)),
            ));
        }
        Ok(Selection::Accounts(ids))
    }

    /// The list that the form was on.
    fn list(&self, screen: &'static Screen) -> String {
        local(&self.next).filter(|next| screen.is_list(next)).map_or_else(|| self.filters(screen).here(), str::to_owned)
    }

    /// The selection, the roles and where to return, for a page that asks first.
    fn carried(&self, screen: &'static Screen) -> Vec<Hidden> {
        let mut hidden = if self.means_matching() {
            let mut hidden = self.filters(screen).hidden();
            hidden.push(Hidden::new("scope", "matching"));
            hidden
        } else {
            self.id.iter().map(|id| Hidden::new("id", id)).collect()
        };
        hidden.extend(self.add_role.iter().map(|role| Hidden::new("add_role", role)));
        hidden.push(Hidden::new("next", self.list(screen)));
        hidden
    }
}

/// What the form asks for.
enum Action {
    Disable,
    Enable,
    Delete,
    Add(Vec<Id>),
    Remove(Vec<Id>),
}

impl Action {
    fn read(form: &BulkForm) -> Result<Self, Error> {
        let administrator = || vec![predefined::ADMINISTRATOR.into()];
        Ok(match form.verb.as_str() {
            "disable" => Self::Disable,
            "enable" => Self::Enable,
            "delete" => Self::Delete,
            "add_role" => Self::Add(ids(&form.add_role, "role")?),
            "remove_role" => Self::Remove(ids(&form.remove_role, "role")?),
            "make_administrator" => {
                let others = ids(&form.add_role, "role")?.into_iter().filter(|role| !is_administrator(role));
                Self::Add(administrator().into_iter().chain(others).collect())
            }
            "remove_administrator" => Self::Remove(administrator()),
            _ => return Err(Error::BadRequest("This is not an action on accounts.".into())),
        })
    }

    /// What is asked before it is done: deleting, and making Administrator.
    fn asks(&self) -> Option<Confirm> {
        match self {
            Self::Delete => Some(Confirm::Delete),
            Self::Add(roles) if roles.iter().any(is_administrator) => Some(Confirm::MakeAdministrator),
            _ => None,
        }
    }

    fn carry_out(
        &self,
        conn: &mut DbConnection,
        actor: &Principal,
        (plan, kind): (&Plan, Kind),
        selection: &Selection,
    ) -> Result<Flash, Error> {
        let done = match self {
            Self::Disable => operations::disable(conn, actor, kind, selection)?,
            Self::Enable => operations::enable(conn, actor, plan, kind, selection)?,
            Self::Delete => operations::delete(conn, actor, kind, selection)?,
            Self::Add(roles) => operations::add_roles(conn, actor, kind, selection, roles)?,
            Self::Remove(roles) => operations::remove_roles(conn, actor, kind, selection, roles)?,
        };
        let text = match self {
            Self::Disable => state_text(kind, "Disabled", done.outcome),
            Self::Enable => state_text(kind, "Enabled", done.outcome),
            Self::Delete => Flash::done(format!("Deleted {}.", kind.counted(done.outcome.changed))),
            Self::Add(roles) => role_text(conn, roles, "Added", "to", done.outcome, |n, it| format!("{n} already had {it}."))?,
            Self::Remove(roles) => {
                role_text(conn, roles, "Removed", "from", done.outcome, |n, it| format!("{n} did not have {it}."))?
            }
        };
        let undo = done.change.as_ref().filter(|_| !matches!(self, Self::Delete));
        Ok(match undo {
            Some(change) => text.undo(format!("/settings/changes/{change}/undo")),
            None => text,
        })
    }
}

fn state_text(kind: Kind, verb: &str, outcome: Outcome) -> Flash {
    let state = verb.to_lowercase();
    let left = match outcome.unchanged {
        0 => String::new(),
        1 => format!(" 1 was already {state}."),
        n => format!(" {} were already {state}.", grouped(n)),
    };
    match outcome.changed {
        0 => Flash::done(format!("Nothing to change.{left}")),
        n => Flash::done(format!("{verb} {}.{left}", kind.counted(n))),
    }
}

fn role_text(
    conn: &mut DbConnection,
    roles: &[Id],
    verb: &str,
    joint: &str,
    outcome: Outcome,
    left: impl Fn(String, &str) -> String,
) -> Result<Flash, Error> {
    let names: Vec<String> = roles::queries::find(conn, roles)?.into_iter().map(|role| role.name).collect();
    let it = if names.len() == 1 { "it" } else { "them" };
    let left = if outcome.unchanged == 0 { String::new() } else { format!(" {}", left(grouped(outcome.unchanged), it)) };
    Ok(match outcome.changed {
        0 => Flash::done(format!("Nothing to change.{left}")),
        n => Flash::done(format!("{verb} ")).strong(joined(&names, "and")).plain(format!(" {joint} {}.{left}", grouped(n))),
    })
}

/// `POST /settings/system-accounts/bulk`
///
/// # Errors
/// `Forbidden`, `NotFound`, `BadRequest`, `Unavailable`; what a rule refuses comes back as the list.
pub async fn act(visit: ScreenVisit, form: Form<BulkForm>) -> Result<HttpResponse, Error> {
    let form = form.0;
    if form.select == "matching" {
        let ticked = Ticked { rows: Vec::new(), matching: true };
        let page = list::page(&visit, &form.filters(visit.screen), &ticked).await?;
        return visit.html(StatusCode::OK, &page);
    }
    let asked = Action::read(&form).and_then(|action| Ok((action, form.selection(visit.screen, &visit.actor)?)));
    let done = match asked {
        Ok((action, selection)) => match action.asks() {
            Some(what) if form.confirm.is_empty() || !confirmed(&visit, &form, what).await? => {
                return question(&visit, &form, what).await;
            }
            _ => carry_out(&visit, &form, action, selection).await,
        },
        Err(error) => Err(error),
    };
    match done {
        Ok(Some(text)) => {
            visit.flash(&text)?;
            Ok(see_other(&form.list(visit.screen)))
        }
        Ok(None) => {
            let what = Action::read(&form)?.asks().unwrap_or_default();
            question(&visit, &form, what).await
        }
        Err(error @ (Error::Conflict(_) | Error::Invalid(_))) => {
            let ticked = Ticked { rows: ids(&form.id, "id").unwrap_or_default(), matching: form.means_matching() };
            list::refused(&visit, &form.filters(visit.screen), ticked, &error).await
        }
        Err(error) => Err(error),
    }
}

/// Does it; `None` where the set that was shown has changed since, and nothing was done.
async fn carry_out(visit: &ScreenVisit, form: &BulkForm, action: Action, selection: Selection) -> Result<Option<Flash>, Error> {
    let (plan, kind, expected) = (Plan::from(visit.config.get_ref()), visit.screen.kind, form.expected.clone());
    let done = visit.write(move |conn, actor| {
        // "Disable instead" stands on the same page, so the set that it shows is meant there, too.
        if let Selection::Matching(filter) = &selection
            && (action.asks().is_some() || !expected.is_empty())
            && !confirm::is_same_set(conn, filter, &expected)?
        {
            return Ok(None);
        }
        action.carry_out(conn, actor, (&plan, kind), &selection).map(Some)
    });
    done.await
}

/// Whether what was typed is the number that was asked for. (Making Administrator has nothing to type.)
async fn confirmed(visit: &ScreenVisit, form: &BulkForm, what: Confirm) -> Result<bool, Error> {
    if what == Confirm::MakeAdministrator {
        return Ok(true);
    }
    let page = confirm::ask(visit, ask(form, visit, what)?).await?;
    Ok(form.confirm.trim() == page.count.to_string())
}

fn ask(form: &BulkForm, visit: &ScreenVisit, what: Confirm) -> Result<Question, Error> {
    let screen = visit.screen;
    let bulk = format!("{}/bulk", screen.path);
    Ok(Question {
        what,
        selection: form.selection(screen, &visit.actor)?,
        action: bulk.clone(),
        disable_action: bulk,
        hidden: form.carried(screen),
        cancel: form.list(screen),
    })
}

async fn question(visit: &ScreenVisit, form: &BulkForm, what: Confirm) -> Result<HttpResponse, Error> {
    let mut page = confirm::ask(visit, ask(form, visit, what)?).await?;
    if page.count == 0 {
        let error = Error::Conflict(format!("No {} matches any more. Nothing was done.", visit.screen.noun()));
        return list::refused(visit, &form.filters(visit.screen), Ticked::default(), &error).await;
    }
    let expected = page.hidden.iter().find(|field| field.name == "expected").map(|field| field.value.as_str());
    page.changed = !form.expected.is_empty() && expected.is_some_and(|expected| expected != form.expected);
    let mut status = StatusCode::OK;
    if page.changed {
        status = StatusCode::CONFLICT;
    } else if !form.confirm.is_empty() {
        status = StatusCode::UNPROCESSABLE_ENTITY;
        page.typed = Field::wrong(&form.confirm, format!("Type {} to confirm.", page.count));
    }
    visit.html(status, &page)
}
