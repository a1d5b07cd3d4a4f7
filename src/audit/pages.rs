//! The audit log, and what its pages share.

use std::collections::HashSet;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use chrono::{Datelike, NaiveDateTime};

use super::filter::{LOG, LogQuery};
use super::model::{AuditFilter, LogEntry};
use super::queries::log::{self, LogDirection};
use super::view::{LogPage, LogRow, Party, badge, tile};
use super::{retention, sentences};
use crate::accounts::model::Kind;
use crate::clock;
use crate::database::DbConnection;
use crate::error::Error;
use crate::roles;
use crate::teams;
use crate::web::form::Query;
use crate::web::view::Moment;
use crate::web::view::moment::{day, short_day};
use crate::web::visit::Visit;

pub mod copy;
pub mod event;
pub mod export;
pub mod retain;

/// Events on a page.
const SIZE: usize = 50;

/// `GET /settings/audit-log`
pub async fn list(visit: Visit, query: Query<LogQuery>) -> Result<HttpResponse, Error> {
    let (query, now) = (query.0, clock::now());
    let filter = query.filter(now.date());
    let (wanted, way) = (filter.clone().ok(), query.way());
    let ((kept, living, found), mut shell) = visit
        .framed(LOG, move |conn| {
            let found = match wanted {
                Some(filter) => read(conn, &filter, way)?,
                None => LogPart::default(),
            };
            Ok((retention::kept(conn)?, log::living(conn, &found.entries)?, found))
        })
        .await?;
    let status = if filter.is_ok() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let place = |entry: Option<&LogEntry>| entry.map(|entry| entry.position);
    let (first, last) = (place(found.entries.first()), place(found.entries.last()));
    let query = query.without_secrets();
    if filter.is_err() {
        // What cannot be understood may be what nobody is to see again.
        shell.here = query.href();
    }
    let page = LogPage {
        shell,
        kept: kept.in_words(),
        can_decide: visit.actor.may(retention::DECIDE),
        faults: filter.err().unwrap_or_default(),
        newer: first.filter(|_| found.newer).map(|place| query.href_at("after", place)),
        older: last.filter(|_| found.older).map(|place| query.href_at("before", place)),
        rows: found.entries.iter().map(|entry| row(entry, &query, &living, now)).collect(),
        query,
    };
    visit.html(status, &page)
}

/// A page's events, and whether there are others on either side.
#[derive(Default)]
struct LogPart {
    entries: Vec<LogEntry>,
    newer: bool,
    older: bool,
}

fn read(conn: &mut DbConnection, filter: &AuditFilter, way: LogDirection) -> Result<LogPart, Error> {
    let criteria = log::criteria(conn, filter)?;
    let more = i64::try_from(SIZE + 1).unwrap_or(i64::MAX);
    let mut entries = log::page(conn, &criteria, way, more)?;
    if let LogDirection::Newer(_) = way {
        if entries.len() > SIZE {
            // The one too many is the newest.
            entries.remove(0);
            return Ok(LogPart { entries, newer: true, older: true });
        }
        // There are no more: the first page, and full.
        entries = log::page(conn, &criteria, LogDirection::Older(None), more)?;
    }
    let older = entries.len() > SIZE;
    entries.truncate(SIZE);
    Ok(LogPart { entries, newer: matches!(way, LogDirection::Older(Some(_))), older })
}

fn row(entry: &LogEntry, list: &LogQuery, living: &HashSet<String>, now: NaiveDateTime) -> LogRow {
    let at = entry.position.at;
    let date = if at.year() == now.year() { short_day(at.date()) } else { day(at.date()) };
    LogRow {
        href: event::href(&entry.id, list),
        at: Moment::ago(at, now),
        stamp: format!("{date}, {}", at.format("%H:%M:%S")),
        tile: tile(entry),
        actor: actor(entry, living),
        action: sentences::action(entry),
        badge: badge(entry),
        target: target(entry, living),
        object: object(entry, living),
        details: sentences::details(entry),
        address: address(entry),
    }
}

fn actor(entry: &LogEntry, living: &HashSet<String>) -> Party {
    let id = entry.actor_id.as_deref();
    Party {
        name: entry.actor_name.clone(),
        events: LogQuery::by(id.unwrap_or(&entry.actor_name)).href(),
        page: id.filter(|id| living.contains(*id)).and_then(|id| page_of(&entry.actor_kind, id)),
        deleted: id.is_some_and(|id| !living.contains(id)),
    }
}

fn target(entry: &LogEntry, living: &HashSet<String>) -> Party {
    let id = entry.target_id.as_deref();
    Party {
        name: entry.target_name.clone(),
        events: LogQuery::of(id.unwrap_or(&entry.target_name)).href(),
        page: id.filter(|id| living.contains(*id)).and_then(|id| page_of(&entry.target_kind, id)),
        deleted: id.is_some_and(|id| !living.contains(id)),
    }
}

fn object(entry: &LogEntry, living: &HashSet<String>) -> Option<Party> {
    let name = entry.object_name.clone()?;
    let id = entry.object_id.as_deref();
    // Tokens are known by their public id, which is no UUID; those are not looked up.
    let is_listed = id.is_some_and(|id| crate::id::Id::parse(id).is_some());
    let kind = ["role", "team"].into_iter().find(|kind| entry.verb.contains(kind)).unwrap_or_default();
    Some(Party {
        events: LogQuery::of(id.unwrap_or(&name)).href(),
        page: id.filter(|id| living.contains(*id)).and_then(|id| page_of(kind, id)),
        deleted: is_listed && id.is_some_and(|id| !living.contains(id)),
        name,
    })
}

fn address(entry: &LogEntry) -> Option<(String, String)> {
    entry.address.as_ref().map(|address| (address.clone(), LogQuery::from_address(address).href()))
}

/// The page of what an event names, as far as addresses go: whether the reader may see it is asked on the event's page.
fn page_of(kind: &str, id: &str) -> Option<String> {
    match (Kind::parse(kind), kind) {
        (Some(kind), _) => Some(format!("{}/{id}", kind.screen().path)),
        (None, "role") => Some(format!("{}#role-{id}", roles::view::ROLES)),
        (None, "team") => Some(format!("{}/{id}", teams::view::TEAMS)),
        _ => None,
    }
}
