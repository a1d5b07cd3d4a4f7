//! The page of one event.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};

use super::{actor, object, target};
use crate::accounts::kind::Screen;
use crate::accounts::model::Right;
use crate::audit::filter::{LOG, LogQuery};
use crate::audit::model::LogEntry;
use crate::audit::queries::log;
use crate::audit::view::event::{EventPage, Sibling};
use crate::audit::view::{Party, tile};
use crate::audit::{json, sentences};
use crate::clock;
use crate::error::Error;
use crate::id::Id;
use crate::teams::view::TEAMS;
use crate::web::form::Query;
use crate::web::view::address;
use crate::web::view::words::{count, grouped};
use crate::web::view::{Moment, Tile};
use crate::web::visit::Visit;

/// Events of the same change that are shown.
const SIBLINGS: i64 = 50;

/// The address of an event's page, which keeps the filters of the list that it was opened from.
pub fn href(id: &str, list: &LogQuery) -> String {
    address::address(&format!("{LOG}/{id}"), &list.place())
}

/// `GET /settings/audit-log/{id}`
pub async fn show(visit: Visit, id: web::Path<String>, list: Query<LogQuery>) -> Result<HttpResponse, Error> {
    let list = list.0.without_secrets();
    let id = Id::parse(&id).ok_or(Error::NotFound("event"))?;
    let ((entry, siblings, size, beside, living), shell) = visit
        .framed(LOG, move |conn| {
            let entry = log::find(conn, &id)?;
            let (siblings, size) = log::of_change(conn, &entry.change, SIBLINGS)?;
            let beside = log::neighbours(conn, entry.position)?;
            let living = log::living(conn, std::slice::from_ref(&entry))?;
            Ok((entry, siblings, size, beside, living))
        })
        .await?;
    let now = clock::now();
    let seen = |party| seen_by(&visit, party);
    let page = EventPage {
        shell,
        action: sentences::action(&entry),
        object: object(&entry, &living).map(seen),
        joint: sentences::joint(&entry),
        target: seen(target(&entry, &living)),
        actor: seen(actor(&entry, &living)),
        tile: tile(&entry),
        at: Moment::ago(entry.position.at, now),
        details: sentences::details(&entry),
        address: super::address(&entry),
        credential: credential(&entry),
        token: entry.token.as_ref().map(|token| (token.clone(), LogQuery::of(token).href())),
        changes: sentences::changes(&entry),
        facts: sentences::facts(&entry),
        siblings: siblings.iter().map(|sibling| line(sibling, &entry, &list)).collect(),
        size: if size == 1 { "1 event".to_owned() } else { format!("{} events", grouped(count(size))) },
        all: (size > SIBLINGS).then(|| LogQuery::of_change(&entry.change).href()),
        json: serde_json::to_string_pretty(&json::event(&entry)).map_err(|error| Error::Internal(error.to_string()))?,
        list: address::address(LOG, &list.place()),
        newer: beside.newer.as_deref().map(|id| href(id, &list)),
        older: beside.older.as_deref().map(|id| href(id, &list)),
        session: entry.session,
        user_agent: entry.user_agent,
        id: entry.id,
        change: entry.change,
        request: entry.request,
    };
    visit.html(StatusCode::OK, &page)
}

/// Without the page that the reader may not see.
fn seen_by(visit: &Visit, mut party: Party) -> Party {
    let path = party.page.as_deref().unwrap_or_default();
    let is_seen = match Screen::at(path) {
        Some(screen) => visit.actor.may(screen.permission(Right::Read)),
        None => {
            let id = path.rsplit('/').next().filter(|_| path.starts_with(TEAMS));
            id.is_none_or(|id| visit.actor.may(&format!("team:read:{id}")))
        }
    };
    if !is_seen {
        party.page = None;
    }
    party
}

fn credential(entry: &LogEntry) -> &'static str {
    match (entry.actor_kind.as_str(), &entry.session, &entry.token) {
        (_, _, Some(_)) => "API token",
        (_, Some(_), _) => "Session",
        ("shell", ..) => "Command line",
        ("muster", ..) => "Muster itself",
        _ => "None",
    }
}

fn line(sibling: &LogEntry, shown: &LogEntry, list: &LogQuery) -> Sibling {
    let id = sibling.target_id.as_deref().unwrap_or(&sibling.target_name);
    let tile = if sibling.target_kind == "user" {
        Tile::person(id, &sibling.target_name)
    } else {
        Tile::machine(id, &sibling.target_name)
    };
    let object = sibling.object_name.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
    Sibling {
        href: href(&sibling.id, list),
        target: sibling.target_name.clone(),
        tile,
        what: format!("{}{object}", sentences::action(sibling)),
        current: sibling.id == shown.id,
    }
}
