//! The pages of roles. The list stands here; each page about one role has a file of its own.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

use super::model::Role;
use super::view::{HolderLinks, PermissionText, ROLES, RoleCard, RolesPage};
use super::{operations, queries};
use crate::database::DbConnection;
use crate::error::Error;
use crate::settings::general;
use crate::web::view::Shell;
use crate::web::visit::Visit;

pub mod confirm;
pub mod editor;
mod form;
mod visits;

/// `GET /settings/roles`
pub async fn list(visit: Visit) -> Result<HttpResponse, Error> {
    let find = |conn: &mut DbConnection| Ok((queries::all(conn)?, queries::holders(conn)?, general::read(conn)?));
    let ((roles, holders, settings), shell) = visit.framed(ROLES, find).await?;
    let mut cards: Vec<RoleCard> = Vec::new();
    for role in &roles {
        let default_of = settings.begin_with(&role.id).map(|accounts| format!("Default for {accounts}"));
        cards.push(card(role, default_of.unwrap_or_default(), holders.get(&role.id).copied().unwrap_or_default(), &shell));
    }
    // Those that come with Muster first; each part stays in order of name.
    cards.sort_by_key(|card| !card.predefined);
    visit.html(StatusCode::OK, &RolesPage { shell, roles: cards, may_manage: visit.actor.may("role:manage:*") })
}

fn card(role: &Role, default_of: String, holders: (i64, i64), shell: &Shell) -> RoleCard {
    let text =
        |permission: &super::permission::Permission| PermissionText { scope: permission.to_string(), label: permission.label() };
    RoleCard {
        id: role.id.to_string(),
        default_of,
        name: role.name.clone(),
        description: role.description.clone(),
        predefined: role.predefined,
        locked: role.locked,
        copies: role.assignable,
        changed: operations::differs_from_default(role),
        permissions: role.permissions.iter().map(text).collect(),
        held: HolderLinks::new(role.id.as_str(), holders, shell),
    }
}
