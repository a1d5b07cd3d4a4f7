//! Copies of the log.

use actix_web::HttpResponse;

use super::copy;
use crate::audit::filter::LogQuery;
use crate::audit::model::{LogEntry, LogPosition};
use crate::audit::operations::LOG_NAME;
use crate::audit::queries::log::{self, LogCriteria, LogDirection};
use crate::audit::{json, sentences};
use crate::clock;
use crate::database::DbConnection;
use crate::error::Error;
use crate::web::csv::{self, CsvCell};
use crate::web::download::{ExportFile, ExportSource, Format};
use crate::web::form::Query;
use crate::web::visit::Visit;

/// Events read at once.
const PART: i64 = 500;

/// `GET /settings/audit-log/export`
pub async fn export(visit: Visit, query: Query<LogQuery>) -> Result<HttpResponse, Error> {
    let query = query.0;
    let format = Format::parse(&query.format).ok_or_else(|| Error::BadRequest("Choose CSV or JSON Lines.".into()))?;
    let now = clock::now();
    let filter = query.filter(now.date()).map_err(Error::Invalid)?;
    let criteria = visit.read(move |conn| log::criteria(conn, &filter)).await?;
    let file = ExportFile { name: "audit-log", of: LOG_NAME, format, columns: &COLUMNS, filter: query.fields() };
    // Not the export's own event, nor what comes after it.
    copy::answer(file, &visit, EventExport { criteria, format, until: LogPosition { at: now, seq: i64::MAX } }).await
}

/// The events that match, up to a place.
#[derive(Clone)]
struct EventExport {
    criteria: LogCriteria,
    format: Format,
    until: LogPosition,
}

impl ExportSource for EventExport {
    /// The last event before, and how many there were until then.
    type Place = (LogPosition, u64);

    /// Of a million events each would have to be looked at.
    fn count(&self, _: &mut DbConnection) -> Result<Option<i64>, Error> {
        Ok(None)
    }

    fn part(&self, conn: &mut DbConnection, from: Option<Self::Place>) -> Result<(String, Option<Self::Place>), Error> {
        let (from, before) = from.unwrap_or((self.until, 0));
        let entries = log::page(conn, &self.criteria, LogDirection::Older(Some(from)), PART)?;
        let mut text = String::new();
        for entry in &entries {
            match self.format {
                Format::Csv => csv_line(&mut text, entry),
                Format::JsonLines => json_line(&mut text, &json::event(entry)),
            }
        }
        let count = before + u64::try_from(entries.len()).unwrap_or_default();
        let is_last = i64::try_from(entries.len()).unwrap_or(PART) < PART;
        let further = entries.last().filter(|_| !is_last).map(|entry| (entry.position, count));
        if further.is_none() && self.format == Format::JsonLines {
            json_line(&mut text, &serde_json::json!({ "count": count }));
        }
        Ok((text, further))
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
fn csv_line(out: &mut String, entry: &LogEntry) {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let token = entry.token.as_ref().map(|id| format!("tok_{id}")).unwrap_or_default();
    let is_token = entry.object_id.as_ref().is_some_and(|id| crate::id::Id::parse(id).is_none());
    let (actor, target) = (text(&entry.actor_id), text(&entry.target_id));
    let (object, object_id) = (text(&entry.object_name), text(&entry.object_id));
    let object_id = if is_token { format!("tok_{object_id}") } else { object_id };
    let (address, agent, session) = (text(&entry.address), text(&entry.user_agent), text(&entry.session));
    csv::line(
        out,
        &[
            CsvCell::Exact(&json::timestamp(entry)),
            CsvCell::Text(&entry.verb),
            CsvCell::Text(&sentences::action(entry)),
            CsvCell::Text(&entry.actor_name),
            CsvCell::Exact(&entry.actor_kind),
            CsvCell::Exact(&actor),
            CsvCell::Text(&entry.target_name),
            CsvCell::Exact(&entry.target_kind),
            CsvCell::Exact(&target),
            CsvCell::Text(&object),
            CsvCell::Text(&object_id),
            CsvCell::Text(&sentences::details(entry)),
            CsvCell::Text(&address),
            CsvCell::Text(&agent),
            CsvCell::Exact(&session),
            CsvCell::Exact(&token),
            CsvCell::Exact(&text(&entry.request)),
            CsvCell::Exact(&entry.change),
            CsvCell::Exact(&entry.id),
        ],
    );
}
