//! The pending invitations that one has sent, for those who may invite and not see all users.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::Deserialize;

use crate::accounts::model::Kind;
use crate::accounts::pages::{invitation, plan as plan_view};
use crate::accounts::queries;
use crate::accounts::queries::owners::NamedUser;
use crate::clock;
use crate::error::Error;
use crate::id::Id;
use crate::people::model::InvitationState;
use crate::people::operations::Pending;
use crate::people::queries::sent;
use crate::people::view::{INVITATIONS, InvitationRow, InvitationsPage, list_of};
use crate::web::form::Query;
use crate::web::view::Tile;
use crate::web::view::address::address;
use crate::web::view::pagination::Pagination;
use crate::web::view::words::count;
use crate::web::visit::Visit;

const SIZE: i64 = 50;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct InvitationsQuery {
    page: String,
}

/// `GET /settings/invitations`
pub async fn show(visit: Visit, query: Query<InvitationsQuery>) -> Result<HttpResponse, Error> {
    let by = visit.actor.account.clone().ok_or(Error::Unauthenticated)?;
    let wanted: i64 = query.0.page.parse().unwrap_or(1);
    let ((number, total, rows, pending, used), shell) = visit
        .framed(list_of(&visit.actor).1, move |conn| {
            let total = sent::count(conn, &by)?;
            let last = (total.saturating_sub(1) / SIZE + 1).max(1);
            let number = wanted.clamp(1, last);
            let rows = sent::page(conn, &by, SIZE, (number - 1) * SIZE)?;
            let ids: Vec<Id> = rows.iter().map(|row| row.id.clone()).collect();
            Ok((number, total, rows, Pending::of(conn, &ids)?, queries::totals(conn, Kind::User)?.0))
        })
        .await?;
    let now = clock::now();
    let row = |row: &NamedUser| {
        let (one, standing) = pending.get(&row.id)?;
        Some(InvitationRow {
            id: row.id.to_string(),
            name: row.name.clone(),
            email: row.email.clone(),
            tile: Tile::person(row.id.as_str(), &row.name),
            link: invitation(one, standing, now),
            handled: standing != InvitationState::Unbacked,
        })
    };
    let href = |page: u64| address(INVITATIONS, &[("page", if page == 1 { String::new() } else { page.to_string() })]);
    let page = InvitationsPage {
        shell,
        rows: rows.iter().filter_map(row).collect(),
        seats: plan_view(&visit.config, Kind::User, used),
        pagination: Pagination::numbered(count(number), count(SIZE), count(total), href),
    };
    visit.html(StatusCode::OK, &page)
}
