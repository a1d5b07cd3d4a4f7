//! The page that lists what each role may do.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;

use super::model::Role;
use super::view::{PermissionText, ROLES, RoleCard, RolesPage};
use super::{predefined, queries};
use crate::error::Error;
use crate::web::visit::Visit;

/// `GET /settings/roles`
///
/// # Errors
/// `Unavailable`.
pub async fn list(visit: Visit) -> Result<HttpResponse, Error> {
    let ((roles, holders), shell) = visit.framed(ROLES, |conn| Ok((queries::all(conn)?, queries::holders(conn)?))).await?;
    let mut cards: Vec<RoleCard> = roles
        .into_iter()
        .map(|role| {
            let (system_accounts, users) = holders.get(&role.id).copied().unwrap_or_default();
            card(role, system_accounts, users)
        })
        .collect();
    // Those that come with Muster first; each part stays in order of name.
    cards.sort_by_key(|card| !card.predefined);
    visit.html(StatusCode::OK, &RolesPage { shell, roles: cards })
}

fn card(role: Role, system_accounts: i64, users: i64) -> RoleCard {
    let id = role.id.to_string();
    let is = |uuid: uuid::Uuid| id == uuid.to_string();
    let default_of = if is(predefined::CI_CD) {
        "Default for system accounts"
    } else if is(predefined::USER) {
        "Default for users"
    } else {
        ""
    };
    RoleCard {
        default_of: default_of.into(),
        name: role.name,
        description: role.description,
        predefined: role.predefined,
        locked: role.locked,
        permissions: role
            .permissions
            .iter()
            .map(|permission| PermissionText { scope: permission.to_string(), label: permission.label() })
            .collect(),
        system_accounts: u64::try_from(system_accounts).unwrap_or_default(),
        users: u64::try_from(users).unwrap_or_default(),
        id,
    }
}
