//! The pages of roles. The list stands here; each page about one role has a file of its own.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

use super::model::Role;
use super::view::{Held, PermissionText, ROLES, RoleCard, RolesPage};
use super::{operations, predefined, queries};
use crate::error::Error;
use crate::id::Id;
use crate::web::view::Shell;
use crate::web::visit::Visit;

pub mod confirm;
pub mod editor;
mod form;
mod visits;

/// `GET /settings/roles`
///
/// # Errors
/// `Unavailable`.
pub async fn list(visit: Visit) -> Result<HttpResponse, Error> {
    let ((roles, holders), shell) = visit.framed(ROLES, |conn| Ok((queries::all(conn)?, queries::holders(conn)?))).await?;
    let mut cards: Vec<RoleCard> =
        roles.iter().map(|role| card(role, holders.get(&role.id).copied().unwrap_or_default(), &shell)).collect();
    // Those that come with Muster first; each part stays in order of name.
    cards.sort_by_key(|card| !card.predefined);
    visit.html(StatusCode::OK, &RolesPage { shell, roles: cards, may_manage: visit.actor.may("role:manage:*") })
}

fn card(role: &Role, holders: (i64, i64), shell: &Shell) -> RoleCard {
    let is = |uuid: uuid::Uuid| role.id == Id::from(uuid);
    let default_of = if is(predefined::CI_CD) {
        "Default for system accounts"
    } else if is(predefined::USER) {
        "Default for users"
    } else {
        ""
    };
    let text =
        |permission: &super::permission::Permission| PermissionText { scope: permission.to_string(), label: permission.label() };
    RoleCard {
        id: role.id.to_string(),
        default_of: default_of.into(),
        name: role.name.clone(),
        description: role.description.clone(),
        predefined: role.predefined,
        locked: role.locked,
        changed: operations::differs_from_default(role),
        permissions: role.permissions.iter().map(text).collect(),
        held: Held::new(role.id.as_str(), holders, shell),
    }
}
