//! Health checks for monitoring.

use std::time::{Duration, Instant};

use actix_web::{HttpResponse, web};
use tokio::sync::Mutex;

use crate::check::Check;
use crate::database::{Database, migrations};
use crate::error::Error;

/// How long a result is reused: anyone may ask as often as they like.
const FRESH: Duration = Duration::from_millis(200);

/// The last result of the readiness check. Share it between the workers.
#[derive(Debug, Default)]
pub struct Readiness(Mutex<Option<(Instant, Result<(), Error>)>>);

impl Readiness {
    /// Runs the check unless it has just run. Concurrent callers wait for the same result.
    async fn get(&self, database: &Database, check: &Check) -> Result<(), Error> {
        let mut last = self.0.lock().await;
        if let Some((at, found)) = last.as_ref()
            && at.elapsed() < FRESH
        {
            return found.clone();
        }
        let found = look(database, check).await;
        *last = Some((Instant::now(), found.clone()));
        found
    }
}

async fn look(database: &Database, check: &Check) -> Result<(), Error> {
    database.read(migrations::fits).await?;
    database.writable().await?;
    if !check.cache().keeps_promise() {
        return Err(Error::unavailable("the check's cache is not up to date"));
    }
    Ok(())
}

/// `GET /healthz`: the process is alive.
pub async fn alive() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("alive\n")
}

/// `GET /readyz`: the database answers and takes changes, its schema is this binary's, and the check's cache is as fresh as
/// the gateway is promised.
pub async fn ready(
    database: web::Data<Database>,
    check: web::Data<Check>,
    readiness: web::Data<Readiness>,
) -> Result<HttpResponse, Error> {
    readiness.get(&database, &check).await?;
    Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ready\n"))
}
