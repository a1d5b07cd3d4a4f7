//! The form of a role: a new one, a copy of another, or one that is there.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::Deserialize;

use super::form::{RoleForm, filled, mark, offer};
use super::visits::{RoleVisit, done};
use crate::accounts::queries::alike::{Among, lookalike};
use crate::auth::access;
use crate::clock;
use crate::error::Error;
use crate::id::Id;
use crate::roles::model::Role;
use crate::roles::operations::{self, RoleDraft, RoleEdit};
use crate::roles::permission::{Permission, PermissionSet};
use crate::roles::view::changes::losses;
use crate::roles::view::editor::RolePage;
use crate::roles::view::{HolderLinks, ROLES, page_of};
use crate::roles::{predefined, queries};
use crate::web::form::{Form, Query};
use crate::web::view::{Flash, Text};
use crate::web::visit::Visit;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct NewQuery {
    /// The role to begin with.
    from: String,
}

/// `GET /settings/roles/new`
pub async fn new(visit: Visit, query: Query<NewQuery>) -> Result<HttpResponse, Error> {
    let Some(from) = Id::parse(&query.0.from) else {
        return visit.html(StatusCode::OK, &draw(&visit, None, RoleDraft::default()).await?);
    };
    let source = visit.read(move |conn| queries::get(conn, &from)).await?;
    let may_have = |permission: &&Permission| visit.actor.may_grant(&PermissionSet::from_iter([(*permission).clone()]));
    let permissions: Vec<String> = source.permissions.iter().filter(may_have).map(ToString::to_string).collect();
    let left_out = source.permissions.len() - permissions.len();
    let draft = RoleDraft { name: format!("Copy of {}", source.name), description: source.description, permissions };
    let mut page = draw(&visit, None, draft).await?;
    if left_out > 0 {
        page.notices.push(format!("{left_out} of its permissions were left out, because you don't have them yourself."));
    }
    visit.html(StatusCode::OK, &page)
}

/// `POST /settings/roles`
pub async fn create(visit: Visit, form: Form<RoleForm>) -> Result<HttpResponse, Error> {
    let edit = form.0.edit();
    if form.0.asks() {
        return preview(&visit, None, edit).await;
    }
    let draft = edit.wanted.clone();
    match visit.write(move |conn, actor| operations::create(conn, actor, &draft)).await {
        Ok(id) => done(&visit, told(&visit, "Created ", &id, &edit.wanted.name).await, Some(&id)).await,
        Err(error) => refused(&visit, None, edit, error).await,
    }
}

/// `GET /settings/roles/{id}`
pub async fn show(visit: RoleVisit) -> Result<HttpResponse, Error> {
    let role = read(&visit).await?;
    let draft = RoleDraft::from(&role);
    visit.html(StatusCode::OK, &draw(&visit, Some(role), draft).await?)
}

/// `POST /settings/roles/{id}`
pub async fn save(visit: RoleVisit, form: Form<RoleForm>) -> Result<HttpResponse, Error> {
    let edit = form.0.edit();
    if form.0.asks() {
        let role = read(&visit).await?;
        return preview(&visit, Some(role), edit).await;
    }
    let (id, wanted) = (visit.id.clone(), edit.clone());
    let saved = visit.write(move |conn, actor| {
        let (role, all) = (queries::get(conn, &id)?, queries::all(conn)?);
        let differences = queries::differences(conn, &all, Some(&role), &wanted.wanted.permission_set())?;
        Ok(operations::update(conn, actor, &id, &wanted)?.then_some(differences))
    });
    match saved.await {
        Ok(Some(differences)) => {
            let flash = told(&visit, "Saved ", &visit.id, &edit.wanted.name).await.plain(losses(&differences));
            done(&visit, flash, Some(&visit.id)).await
        }
        Ok(None) => {
            let text = vec![Text::plain("No changes to "), Text::strong(edit.wanted.name.trim()), Text::plain(".")];
            done(&visit, Flash::neutral(text), Some(&visit.id)).await
        }
        Err(error @ (Error::Invalid(_) | Error::Conflict(_) | Error::Forbidden { .. })) => {
            let role = read(&visit).await?;
            refused(&visit, Some(role), edit, error).await
        }
        Err(error) => Err(error),
    }
}

/// What was done to a role, and which other one looks the same.
async fn told(visit: &Visit, verb: &str, id: &Id, name: &str) -> Flash {
    let alike = lookalike(&visit.database, Among::Roles, id.as_str(), name).await;
    Flash::done(verb).strong(name.trim()).plain(".").looking_like(alike)
}

async fn read(visit: &RoleVisit) -> Result<Role, Error> {
    let id = visit.id.clone();
    visit.read(move |conn| queries::get(conn, &id)).await
}

/// What the change would give and take. Where somebody else has changed the role meanwhile, on top of that.
async fn preview(visit: &Visit, role: Option<Role>, edit: RoleEdit) -> Result<HttpResponse, Error> {
    let (draft, changed) = joined(role.as_ref(), &edit);
    let faults = draft.check().err();
    let mut page = draw(visit, role, draft).await?;
    page.previewed = true;
    page.notices.extend(changed);
    if let Some(error) = faults {
        mark(&mut page, &error);
        return visit.html(StatusCode::UNPROCESSABLE_ENTITY, &page);
    }
    visit.html(StatusCode::OK, &page)
}

/// The form as it was sent, with what a rule said against it.
async fn refused(visit: &Visit, role: Option<Role>, edit: RoleEdit, error: Error) -> Result<HttpResponse, Error> {
    let status = match &error {
        Error::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Error::Conflict(_) => StatusCode::CONFLICT,
        Error::Forbidden { permission, .. } => {
            access::record_refusal(&visit.request, permission).await;
            StatusCode::FORBIDDEN
        }
        _ => return Err(error),
    };
    let (draft, changed) = joined(role.as_ref(), &edit);
    let mut page = draw(visit, role, draft).await?;
    mark(&mut page, &error);
    page.notices.extend(changed);
    visit.html(status, &page)
}

/// What is wanted of a role as it is now, and what others have changed since the form was drawn.
fn joined(role: Option<&Role>, edit: &RoleEdit) -> (RoleDraft, Option<String>) {
    let (Some(role), Some(shown)) = (role, &edit.shown) else { return (edit.wanted.clone(), None) };
    if shown.describes(role) {
        return (edit.wanted.clone(), None);
    }
    let (was, now) = (shown.permission_set(), &role.permissions);
    let mut parts = Vec::new();
    if shown.name != role.name {
        parts.push(format!("renamed from {} to {}", shown.name, role.name));
    }
    if shown.description != role.description {
        parts.push("the description".to_owned());
    }
    let missing = |from: &PermissionSet, in_: &PermissionSet| -> Vec<String> {
        from.iter().filter(|one| in_.iter().all(|other| other != *one)).map(ToString::to_string).collect()
    };
    for (word, list) in [("added", missing(now, &was)), ("removed", missing(&was, now))] {
        if !list.is_empty() {
            parts.push(format!("{word} {}", list.join(", ")));
        }
    }
    let told = format!(
        "Someone else changed this role in the meantime: {}. Your changes below include theirs. Check them and save again.",
        parts.join("; ")
    );
    (edit.wanted.onto(shown, &role.into()), Some(told))
}

/// Draws the form around what is wanted of a role, with what that changes.
async fn draw(visit: &Visit, role: Option<Role>, draft: RoleDraft) -> Result<RolePage, Error> {
    let mut page = filled(&draft, role.as_ref(), &visit.actor);
    let wanted = draft.permission_set();
    let looked = role.clone();
    let ((holders, differences, asked), mut shell) = visit
        .framed(ROLES, move |conn| {
            let all = queries::all(conn)?;
            let holders = looked.as_ref().map(|role| queries::of_role(conn, &role.id)).transpose()?;
            let differences = queries::differences(conn, &all, looked.as_ref(), &wanted)?;
            Ok((holders.unwrap_or_default(), differences, queries::wanted::of_late(conn, clock::now())?))
        })
        .await?;
    page.changes = differences.into();
    offer(&mut page, asked, &draft, &visit.actor);
    match role {
        Some(role) => {
            shell.here = page_of(&role.id, "");
            page.action = page_of(&role.id, "");
            let held = HolderLinks::new(role.id.as_str(), (holders.system_accounts, holders.users), &shell);
            page.existing = Some((role.id.to_string(), held));
            page.notices.extend(notices(&role));
            page.copies = role.assignable;
            page.title = role.name;
        }
        None => {
            shell.here = page_of("new", "");
            page.action = ROLES.into();
            page.title = "New role".into();
        }
    }
    page.shell = shell;
    Ok(page)
}

fn notices(role: &Role) -> Vec<String> {
    let mut notices = Vec::new();
    if !role.assignable {
        notices.push("This role comes with Muster and is locked. Those who administer a team have it.".to_owned());
    } else if role.locked {
        notices.push("This role comes with Muster and is locked. Duplicate it to make a role of your own.".to_owned());
    } else if operations::differs_from_default(role) {
        notices.push("This role comes with Muster. Its permissions differ from the default.".to_owned());
    } else if role.predefined {
        notices.push("This role comes with Muster.".to_owned());
    }
    if role.id == Id::from(predefined::USER) {
        notices.push(
            "In PactFlow's documentation it also has system_account:manage:team. In Muster only administrators can do \
             that, unless you tick the box."
                .to_owned(),
        );
    }
    notices
}
