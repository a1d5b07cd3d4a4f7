//! Files that a browser is to save, made while they are read. What the socket takes is read from the database part by part, and
//! between two parts no connection is held, so that a slow reader stops nobody. Where the database fails in the middle, the
//! connection is broken off: a file whose last chunk came, or that ends with its count line (JSON Lines), is whole.

use std::sync::Arc;
use std::time::Instant;

use actix_web::http::header;
use actix_web::{HttpResponse, HttpResponseBuilder, web};
use futures_util::stream::{self, Stream};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::csv::{self, CsvCell};
use super::exports::{Export, Exports};
use super::visit::Visit;
use crate::clock;
use crate::database::{Database, DbConnection};
use crate::error::Error;

/// What may stand in `filename*` as it is (RFC 8187).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// Why an export is refused or stopped.
const FULL: &str = "Too many exports are running. Wait until one has finished, then try again.";
const UNREAD: &str = "The download was idle for too long and made room for another export.";
/// The most characters of a user-chosen name.
const LENGTH: usize = 60;

/// `Content-Disposition` for a file of the organisation: plain for old programs, and with the organisation's name for others.
pub fn attachment(organisation: &str, name: &str, extension: &str) -> String {
    let plain: String = organisation.chars().filter(|letter| !letter.is_control() && !r#"/\:*?"<>|"#.contains(*letter)).collect();
    let plain: String = plain.trim().chars().take(LENGTH).collect();
    let full = if plain.is_empty() { format!("{name}.{extension}") } else { format!("{plain} {name}.{extension}") };
    format!("attachment; filename=\"{name}.{extension}\"; filename*=UTF-8''{}", utf8_percent_encode(&full, ENCODED))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Csv,
    JsonLines,
}

impl Format {
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "csv" => Some(Self::Csv),
            "jsonl" => Some(Self::JsonLines),
            _ => None,
        }
    }

    pub fn label(self) -> &'static str {
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

/// What a file is made of.
pub trait ExportSource: Clone + Send + 'static {
    /// Where a part begins.
    type Place: Send + 'static;

    /// How many rows there are now; `None` where it would cost too much to know.
    fn count(&self, conn: &mut DbConnection) -> Result<Option<i64>, Error>;

    /// The part that begins there, and where the next one does; `None` is the first, and after the last.
    fn part(&self, conn: &mut DbConnection, from: Option<Self::Place>) -> Result<(String, Option<Self::Place>), Error>;
}

/// A file, and how its event tells of it.
#[derive(Debug)]
pub struct ExportFile {
    /// The beginning of its name.
    pub name: &'static str,
    /// What it is a copy of: `Users`.
    pub of: &'static str,
    pub format: Format,
    pub columns: &'static [&'static str],
    /// The words of the list's address. Those that are empty are left out.
    pub filter: Vec<(&'static str, String)>,
}

impl ExportFile {
    /// The filter as an audit event has it.
    pub fn filter_in_words(&self) -> String {
        let set = self.filter.iter().filter(|(_, value)| !value.is_empty());
        set.map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join(", ")
    }

    /// The beginning of the answer with the file.
    pub fn headers(&self, visit: &Visit) -> HttpResponseBuilder {
        let mut answer = HttpResponse::Ok();
        let name = format!("{}-{}", self.name, clock::now().date());
        answer.insert_header((header::CONTENT_TYPE, self.format.content_type()));
        answer.insert_header((header::CONTENT_DISPOSITION, attachment(&visit.organisation(), &name, self.format.extension())));
        answer
    }

    /// Takes a place among the exports that run.
    ///
    /// # Errors
    /// `Occupied` where too many do.
    pub fn begin<S: ExportSource>(&self, visit: &Visit, source: S) -> Result<Download<S>, Error> {
        let place = visit.data::<Exports>()?.begin(Instant::now()).ok_or(Error::Occupied(FULL))?;
        let mut head = String::new();
        if self.format == Format::Csv {
            head.push_str(csv::BOM);
            csv::line(&mut head, &self.columns.iter().map(|column| CsvCell::Exact(column)).collect::<Vec<_>>());
        }
        let (name, request) = (self.name, visit.request_id());
        Ok(Download { database: visit.database.clone(), source, place, next: ExportCursor::First(head), name, request })
    }
}

enum ExportCursor<P> {
    /// The first part, behind the file's head.
    First(String),
    From(P),
    Nothing,
}

/// A file in the middle of being made.
pub struct Download<S: ExportSource> {
    database: web::Data<Database>,
    source: S,
    place: Arc<Export>,
    next: ExportCursor<S::Place>,
    name: &'static str,
    request: String,
}

impl<S: ExportSource> Download<S> {
    /// The file's parts, each read when the one before has been taken.
    pub fn parts(self) -> impl Stream<Item = Result<web::Bytes, Error>> {
        stream::try_unfold(self, Self::part)
    }

    /// The next part, as soon as the socket takes it.
    async fn part(mut self) -> Result<Option<(web::Bytes, Self)>, Error> {
        let (mut text, from) = match std::mem::replace(&mut self.next, ExportCursor::Nothing) {
            ExportCursor::First(head) => (head, None),
            ExportCursor::From(place) => (String::new(), Some(place)),
            ExportCursor::Nothing => return Ok(None),
        };
        let source = self.source.clone();
        let made = if self.place.goes_on() {
            self.database.read(move |conn| source.part(conn, from)).await
        } else {
            Err(Error::Occupied(UNREAD))
        };
        // The answer has begun, so only the log can tell.
        let (part, further) =
            made.inspect_err(|error| log::error!("{} the export of {} broke off: {}", self.request, self.name, error.cause()))?;
        text.push_str(&part);
        self.next = further.map_or(ExportCursor::Nothing, ExportCursor::From);
        self.place.goes_on();
        Ok(Some((web::Bytes::from(text), self)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_the_organisation_is_called_the_header_is_whole() {
        assert_eq!(
            attachment("Åkesson \"Nord\" & Söhne", "audit-log-2026-11-24", "csv"),
            "attachment; filename=\"audit-log-2026-11-24.csv\"; \
             filename*=UTF-8''%C3%85kesson%20Nord%20%26%20S%C3%B6hne%20audit-log-2026-11-24.csv"
        );
        for name in ["a\r\nSet-Cookie: x=1", "", "///", &"Ö".repeat(300), "日本", "\u{7f}"] {
            let header = attachment(name, "users", "csv");
            assert!(header.is_ascii() && !header.contains(['\r', '\n']) && header.len() < 800, "{name:?}: {header}");
            assert!(header.starts_with("attachment; filename=\"users.csv\"; filename*=UTF-8''"), "{header}");
        }
    }
}
