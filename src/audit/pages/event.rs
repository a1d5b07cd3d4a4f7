//! The page of one event.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};

use super::{actor, address, object, target};
use crate::audit::filter::{LOG, LogQuery};
use crate::audit::model::Entry;
use crate::audit::queries::log;
use crate::audit::view::event::{EventPage, Sibling};
use crate::audit::view::tile;
use crate::audit::{json, sentences};
use crate::clock;
use crate::error::Error;
use crate::id::Id;
use crate::web::view::words::grouped;
use crate::web::view::{Moment, Tile};
use crate::web::visit::Visit;

/// Events of the same change that are shown.
const SIBLINGS: i64 = 50;

/// The address of an event's page.
pub fn href(id: &str) -> String {
    format!("{LOG}/{id}")
}

/// `GET /settings/audit-log/{id}`
pub async fn show(visit: Visit, id: web::Path<String>) -> Result<HttpResponse, Error> {
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
    let page = EventPage {
        shell,
        action: sentences::action(&entry),
        object: object(&entry, &living),
        joint: sentences::joint(&entry),
        target: target(&entry, &living),
        actor: actor(&entry, &living),
        tile: tile(&entry),
        at: Moment::ago(entry.position.at, now),
        details: sentences::details(&entry),
        address: address(&entry),
        credential: credential(&entry),
        token: entry.token.as_ref().map(|token| (token.clone(), LogQuery::of(token).href())),
        changes: sentences::changes(&entry),
        facts: sentences::facts(&entry),
        siblings: siblings.iter().map(|sibling| line(sibling, &entry)).collect(),
        size: if size == 1 {
            "1 event".to_owned()
        } else {
            format!("{} events", grouped(u64::try_from(size).unwrap_or_default()))
        },
        all: (size > SIBLINGS).then(|| LogQuery::of_change(&entry.change).href()),
        json: serde_json::to_string_pretty(&json::event(&entry)).map_err(|error| Error::Internal(error.to_string()))?,
        newer: beside.newer.as_deref().map(href),
        older: beside.older.as_deref().map(href),
        session: entry.session,
        user_agent: entry.user_agent,
        id: entry.id,
        change: entry.change,
        request: entry.request,
    };
    visit.html(StatusCode::OK, &page)
}

fn credential(entry: &Entry) -> &'static str {
    match (entry.actor_kind.as_str(), &entry.session, &entry.token) {
        (_, _, Some(_)) => "API token",
        (_, Some(_), _) => "Session",
        ("shell", ..) => "Command line",
        ("muster", ..) => "Muster itself",
        _ => "None",
    }
}

fn line(sibling: &Entry, shown: &Entry) -> Sibling {
    let id = sibling.target_id.as_deref().unwrap_or(&sibling.target_name);
    let tile = if sibling.target_kind == "user" {
        Tile::person(id, &sibling.target_name)
    } else {
        Tile::machine(id, &sibling.target_name)
    };
    let object = sibling.object_name.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
    Sibling {
        href: href(&sibling.id),
        target: sibling.target_name.clone(),
        tile,
        what: format!("{}{object}", sentences::action(sibling)),
        current: sibling.id == shown.id,
    }
}
