//! Exports of lists and of the log. Each is an audit event before its first byte is sent.

use actix_web::HttpResponse;
use actix_web::http::Method;

use crate::audit::operations::{Copied, record_export};
use crate::error::Error;
use crate::web::download::{ExportFile, ExportSource};
use crate::web::visit::Visit;

/// Answers with the exported file.
///
/// # Errors
/// `Occupied` where too many exports run.
pub async fn answer<S: ExportSource>(file: ExportFile, visit: &Visit, source: S) -> Result<HttpResponse, Error> {
    let mut answer = file.headers(visit);
    if visit.request.method() == Method::HEAD {
        return Ok(answer.finish());
    }
    let download = file.begin(visit, source.clone())?;
    let count = visit.read(move |conn| source.count(conn)).await?;
    let copied = Copied { of: file.of, format: file.format.label(), filter: file.filter_in_words(), count };
    let actor = visit.actor.clone();
    visit.database.record(move |conn| record_export(conn, &actor.0, &copied)).await?;
    Ok(answer.streaming(download.parts()))
}
