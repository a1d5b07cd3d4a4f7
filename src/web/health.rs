//! The signs of life, for whoever watches over the process.

use actix_web::{HttpResponse, web};

use crate::database::{Database, migrations};
use crate::error::Error;
use crate::tokens::check::Check;

/// `GET /healthz`: the process is alive.
pub async fn alive() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("alive\n")
}

/// `GET /readyz`: the database answers, its schema is this binary's, and what the check keeps in memory is as fresh as
/// the gateway is promised.
///
/// # Errors
/// `Unavailable` otherwise.
pub async fn ready(database: web::Data<Database>, check: web::Data<Check>) -> Result<HttpResponse, Error> {
    let pending = database.read(migrations::pending).await?;
    if pending || !check.mirror().keeps_promise() {
        return Err(Error::Unavailable);
    }
    Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ready\n"))
}
