//! Files that a browser is to save.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use actix_web::http::{Method, header};
use actix_web::{HttpResponse, web};
use futures_util::stream;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::csv::{self, Cell};
use super::visit::Visit;
use crate::audit::exports::Exports;
use crate::clock;
use crate::error::Error;

/// What may stand in `filename*` as it is (RFC 8187).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// Why an export does not begin, or goes on no longer.
const FULL: &str = "Too many exports are running. Wait until one has finished, then try again.";
const UNREAD: &str = "Nobody read it for too long, and another export needed its place.";
/// The longest part of a name that somebody chose, in characters.
const LENGTH: usize = 60;

/// `Content-Disposition` for a file of the organisation: plain for old programs, and with the organisation's name for others.
pub fn attachment(organisation: &str, name: &str, extension: &str) -> String {
    let plain: String = organisation.chars().filter(|letter| !letter.is_control() && !r#"/\:*?"<>|"#.contains(*letter)).collect();
    let plain: String = plain.trim().chars().take(LENGTH).collect();
    let full = if plain.is_empty() { format!("{name}.{extension}") } else { format!("{plain} {name}.{extension}") };
    format!("attachment; filename=\"{name}.{extension}\"; filename*=UTF-8''{}", utf8_percent_encode(&full, ENCODED))
}

/// A CSV file that is made while it is read. What the socket takes is read part by part, and between two parts no connection is
/// held, so that a slow reader stops nobody. `next` makes a part, and says where the next one begins. Where it fails in the
/// middle, the connection is broken off.
///
/// # Errors
/// `Occupied` where too many exports run.
pub fn csv_file<S, N, F>(visit: &Visit, name: &'static str, columns: &[&str], first: S, next: N) -> Result<HttpResponse, Error>
where
    S: 'static,
    N: Fn(S) -> F + 'static,
    F: Future<Output = Result<(String, Option<S>), Error>> + 'static,
{
    let file = format!("{name}-{}", clock::now().date());
    let mut answer = HttpResponse::Ok();
    answer.insert_header((header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present"));
    answer.insert_header((header::CONTENT_DISPOSITION, attachment(&visit.organisation(), &file, "csv")));
    if visit.request.method() == Method::HEAD {
        return Ok(answer.finish());
    }
    let place = visit.data::<Exports>()?.begin(Instant::now()).ok_or(Error::Occupied(FULL))?;
    let mut head = String::from(csv::BOM);
    csv::line(&mut head, &columns.iter().map(|column| Cell::Exact(column)).collect::<Vec<_>>());
    let (next, request) = (Rc::new(next), visit.request_id());
    let part = move |(head, from): (String, Option<S>)| {
        let (next, place, request) = (Rc::clone(&next), Arc::clone(&place), request.clone());
        async move {
            let Some(from) = from else { return Ok(None) };
            let made = if place.goes_on() { next(from).await } else { Err(Error::Occupied(UNREAD)) };
            let (text, further) = made.inspect_err(|error| log::error!("{request} the export of {name} broke off: {error}"))?;
            place.goes_on();
            Ok::<_, Error>(Some((web::Bytes::from(head + &text), (String::new(), further))))
        }
    };
    Ok(answer.streaming(stream::try_unfold((head, Some(first)), part)))
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
