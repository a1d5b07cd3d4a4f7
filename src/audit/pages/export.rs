//! Copies of the log. What the socket takes is read from the database part by part, and between two parts no connection is
//! held, so that a slow reader stops nobody. Where the database fails in the middle, the connection is broken off: a file
//! that ends with its count line (JSON Lines), or whose last chunk came, is whole.

use std::sync::Arc;
use std::time::Instant;

use actix_web::http::{Method, header};
use actix_web::{HttpResponse, web};
use futures_util::stream;

use crate::audit::exports::{Export, Exports};
use crate::audit::filter::LogQuery;
use crate::audit::model::{Entry, Position};
use crate::audit::queries::log::{self, Criteria, Way};
use crate::audit::{json, operations, sentences};
use crate::clock;
use crate::database::Database;
use crate::error::Error;
use crate::web::csv::{self, Cell};
use crate::web::download::attachment;
use crate::web::form::Query;
use crate::web::visit::Visit;

/// Events read at once.
const PART: i64 = 500;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Csv,
    JsonLines,
}

impl Format {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "csv" => Some(Self::Csv),
            "jsonl" => Some(Self::JsonLines),
            _ => None,
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Csv => "CSV",
            Self::JsonLines => "JSON Lines",
        }
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::JsonLines => "application/jsonl; charset=utf-8",
        }
    }

    fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::JsonLines => "jsonl",
        }
    }
}

/// `GET /settings/audit-log/export`
pub async fn export(visit: Visit, query: Query<LogQuery>) -> Result<HttpResponse, Error> {
    let query = query.0;
    let format = Format::parse(&query.format).ok_or_else(|| Error::BadRequest("Choose CSV or JSON Lines.".into()))?;
    let now = clock::now();
    let filter = query.filter(now.date()).map_err(Error::Invalid)?;
    let name = format!("audit-log-{}", now.date());
    let mut answer = HttpResponse::Ok();
    answer.insert_header((header::CONTENT_TYPE, format.content_type()));
    answer.insert_header((header::CONTENT_DISPOSITION, attachment(&visit.organisation(), &name, format.extension())));
    if visit.request.method() == Method::HEAD {
        return Ok(answer.finish());
    }
    let place = visit
        .data::<Exports>()?
        .begin(Instant::now())
        .ok_or(Error::Occupied("Too many exports are running. Wait until one has finished, then try again."))?;
    let (actor, address) = (visit.actor.clone(), filter_text(&query));
    let criteria =
        visit.database.record(move |conn| operations::begin_export(conn, &actor.0, &filter, (format.label(), &address))).await?;
    // Not the export's own event, nor what comes after it.
    let until = Position { at: now, seq: i64::MAX };
    let work = Work {
        database: visit.database.clone(),
        criteria,
        format,
        next: Some(until),
        begun: false,
        count: 0,
        place,
        request: visit.request_id(),
    };
    Ok(answer.streaming(stream::try_unfold(work, Work::part)))
}

/// What a filter's address says, for the export's own event.
fn filter_text(query: &LogQuery) -> String {
    let set = query.fields().into_iter().filter(|(_, value)| !value.is_empty());
    set.map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join(", ")
}

/// An export in the middle of its work.
struct Work {
    database: web::Data<Database>,
    criteria: Criteria,
    format: Format,
    /// Where the next part begins; `None` after the last.
    next: Option<Position>,
    begun: bool,
    count: u64,
    place: Arc<Export>,
    request: String,
}

impl Work {
    /// The next part of the file, as soon as the socket takes it.
    async fn part(mut self) -> Result<Option<(web::Bytes, Self)>, Error> {
        let Some(from) = self.next else { return Ok(None) };
        if !self.place.goes_on() {
            return Err(self.broken_off(Error::Occupied("Nobody read it for too long, and another export needed its place.")));
        }
        let criteria = self.criteria.clone();
        let read = self.database.read(move |conn| log::page(conn, &criteria, Way::Older(Some(from)), PART)).await;
        let entries = read.map_err(|error| self.broken_off(error))?;
        let mut text = String::new();
        if !self.begun && self.format == Format::Csv {
            text.push_str(csv::BOM);
            csv::line(&mut text, &COLUMNS.map(Cell::Exact));
        }
        self.begun = true;
        for entry in &entries {
            match self.format {
                Format::Csv => csv_line(&mut text, entry),
                Format::JsonLines => json_line(&mut text, &json::event(entry)),
            }
        }
        self.count += u64::try_from(entries.len()).unwrap_or_default();
        let is_last = i64::try_from(entries.len()).unwrap_or(PART) < PART;
        self.next = entries.last().map(|entry| entry.position).filter(|_| !is_last);
        if is_last && self.format == Format::JsonLines {
            json_line(&mut text, &serde_json::json!({ "count": self.count }));
        }
        self.place.goes_on();
        Ok(Some((web::Bytes::from(text), self)))
    }

    /// Nobody can be told any more but the log: the answer has begun.
    fn broken_off(&self, error: Error) -> Error {
        ::log::error!("{} an export of the audit log broke off after {} events: {error}", self.request, self.count);
        error
    }
}

fn json_line(out: &mut String, value: &impl serde::Serialize) {
    out.push_str(&serde_json::to_string(value).unwrap_or_default());
    out.push('\n');
}

const COLUMNS: [&str; 19] = [
    "time",
    "type",
    "action",
    "actor",
    "actor_type",
    "actor_id",
    "target",
    "target_type",
    "target_id",
    "object",
    "object_id",
    "details",
    "address",
    "user_agent",
    "session_id",
    "token_id",
    "request_id",
    "change_id",
    "event_id",
];

/// Ids that a spreadsheet could take for a number carry letters in front.
fn csv_line(out: &mut String, entry: &Entry) {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let led = |lead: &str, id: &Option<String>| id.as_ref().map(|id| format!("{lead}_{id}")).unwrap_or_default();
    let is_token = entry.object_id.as_ref().is_some_and(|id| crate::id::Id::parse(id).is_none());
    let (actor, target) = (text(&entry.actor_id), text(&entry.target_id));
    let (object, object_id) = (text(&entry.object_name), text(&entry.object_id));
    let object_id = if is_token { format!("tok_{object_id}") } else { object_id };
    let (address, agent, session) = (text(&entry.address), text(&entry.user_agent), text(&entry.session));
    csv::line(
        out,
        &[
            Cell::Exact(&json::timestamp(entry)),
            Cell::Text(&entry.verb),
            Cell::Text(&sentences::action(entry)),
            Cell::Text(&entry.actor_name),
            Cell::Exact(&entry.actor_kind),
            Cell::Exact(&actor),
            Cell::Text(&entry.target_name),
            Cell::Exact(&entry.target_kind),
            Cell::Exact(&target),
            Cell::Text(&object),
            Cell::Text(&object_id),
            Cell::Text(&sentences::details(entry)),
            Cell::Text(&address),
            Cell::Text(&agent),
            Cell::Exact(&session),
            Cell::Exact(&led("tok", &entry.token)),
            Cell::Exact(&led("req", &entry.request)),
            Cell::Exact(&entry.change),
            Cell::Exact(&entry.id),
        ],
    );
}
