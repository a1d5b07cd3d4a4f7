//! The pages before a role is deleted, or reset to what it came with.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::Deserialize;

use super::visits::{RoleVisit, done};
use crate::accounts::kind::{SYSTEM_ACCOUNTS, USERS};
use crate::accounts::model::{Kind, Right};
use crate::error::Error;
use crate::roles::operations;
use crate::roles::permission::PermissionSet;
use crate::roles::queries::{self, OnlyHolder, RoleHolders};
use crate::roles::view::changes::Changes;
use crate::roles::view::editor::RoleConfirmPage;
use crate::roles::view::{HolderLinks, ROLES, page_of};
use crate::web::form::Form;
use crate::web::view::words::counted;
use crate::web::view::{Flash, Hidden, Text};

/// How many of those who would be left without a role are named.
const NAMED: i64 = 10;

/// Who had the role when its deletion was confirmed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct DeletionForm {
    system_accounts: Option<i64>,
    users: Option<i64>,
    only: Option<i64>,
}

/// `GET /settings/roles/{id}/deletion`
pub async fn ask_deletion(visit: RoleVisit) -> Result<HttpResponse, Error> {
    visit.html(StatusCode::OK, &deletion(&visit).await?)
}

async fn deletion(visit: &RoleVisit) -> Result<RoleConfirmPage, Error> {
    let id = visit.id.clone();
    // All others are only counted.
    let mut seen = vec![Kind::User, Kind::System];
    seen.retain(|kind| visit.actor.may(kind.permission(Right::Read)));
    let ((role, holders, only), mut shell) = visit
        .framed(ROLES, move |conn| {
            let role = queries::get(conn, &id)?;
            operations::may_delete(conn, &role)?;
            Ok((role, queries::of_role(conn, &id)?, queries::only_holders(conn, &id, &seen, NAMED)?))
        })
        .await?;
    shell.here = page_of(&visit.id, "/deletion");
    let bereft: Vec<(String, String)> = only.into_iter().map(linked).collect();
    let left = holders.only.unsigned_abs().saturating_sub(bereft.len() as u64);
    let field = |name: &str, number: i64| Hidden::new(name, number.to_string());
    Ok(RoleConfirmPage {
        held: HolderLinks::new(role.id.as_str(), (holders.system_accounts, holders.users), &shell),
        shell,
        role: role.name,
        deletes: true,
        action: page_of(&visit.id, "/deletion"),
        bereft,
        bereft_text: counted(holders.only.unsigned_abs(), "account"),
        bereft_left: if left == 0 { String::new() } else { counted(left, "other account") },
        is_anybody_bereft: holders.only > 0,
        hidden: vec![
            field("system_accounts", holders.system_accounts),
            field("users", holders.users),
            field("only", holders.only),
        ],
        ..RoleConfirmPage::default()
    })
}

/// A name with the address of its page.
fn linked(account: OnlyHolder) -> (String, String) {
    let screen = if account.kind == SYSTEM_ACCOUNTS.kind.as_str() { &SYSTEM_ACCOUNTS } else { &USERS };
    (account.name, format!("{}/{}", screen.path, account.id))
}

/// `POST /settings/roles/{id}/deletion`
pub async fn delete(visit: RoleVisit, form: Form<DeletionForm>) -> Result<HttpResponse, Error> {
    let shown = match (form.0.system_accounts, form.0.users, form.0.only) {
        (Some(system_accounts), Some(users), Some(only)) => Some(RoleHolders { system_accounts, users, only }),
        _ => None,
    };
    let id = visit.id.clone();
    match visit.write(move |conn, actor| operations::delete(conn, actor, &id, shown.as_ref())).await {
        Ok(role) => done(&visit, Flash::done("Deleted ").strong(role.name).plain("."), None).await,
        Err(error @ Error::Conflict(_)) => {
            let mut page = deletion(&visit).await?;
            page.error = Some(error.message());
            visit.html(StatusCode::CONFLICT, &page)
        }
        Err(error) => Err(error),
    }
}

/// `GET /settings/roles/{id}/reset`
pub async fn ask_reset(visit: RoleVisit) -> Result<HttpResponse, Error> {
    visit.html(StatusCode::OK, &resetting(&visit).await?)
}

async fn resetting(visit: &RoleVisit) -> Result<RoleConfirmPage, Error> {
    let id = visit.id.clone();
    let ((role, holders, differences), mut shell) = visit
        .framed(ROLES, move |conn| {
            let role = queries::get(conn, &id)?;
            let defaults: PermissionSet = operations::defaults(&role)?;
            let all = queries::all(conn)?;
            let differences = queries::differences(conn, &all, Some(&role), &defaults)?;
            Ok((role, queries::of_role(conn, &id)?, differences))
        })
        .await?;
    shell.here = page_of(&visit.id, "/reset");
    let was = operations::written(&role);
    Ok(RoleConfirmPage {
        held: HolderLinks::new(role.id.as_str(), (holders.system_accounts, holders.users), &shell),
        shell,
        role: role.name,
        action: page_of(&visit.id, "/reset"),
        changes: Changes::from(differences),
        hidden: vec![Hidden::new("was", was)],
        ..RoleConfirmPage::default()
    })
}

/// What the role granted when its reset was confirmed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ResetForm {
    was: Option<String>,
}

/// `POST /settings/roles/{id}/reset`
pub async fn reset(visit: RoleVisit, form: Form<ResetForm>) -> Result<HttpResponse, Error> {
    let (id, was) = (visit.id.clone(), form.0.was.map(|was| was.replace("\r\n", "\n")));
    let reset = visit.write(move |conn, actor| {
        let changed = operations::reset(conn, actor, &id, was.as_deref())?;
        Ok((changed, queries::get(conn, &id)?.name))
    });
    let (changed, name) = match reset.await {
        Ok(done) => done,
        Err(error @ Error::Conflict(_)) => {
            // A role that cannot be reset at all has no such page.
            let mut page = resetting(&visit).await?;
            page.error = Some(error.message());
            return visit.html(StatusCode::CONFLICT, &page);
        }
        Err(error) => return Err(error),
    };
    let flash = if changed {
        Flash::done("Reset the permissions of ").strong(name).plain(".")
    } else {
        Flash::neutral(vec![Text::strong(name), Text::plain(" already has its default permissions.")])
    };
    done(&visit, flash, Some(&visit.id)).await
}
