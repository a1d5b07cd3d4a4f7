//! What Prometheus is told, on a listener of its own that answers `/metrics` and nothing else.
//!
//! Nothing is counted here: each part of Muster keeps its own numbers, as cheaply as it needs to, and they are put together
//! when somebody asks. Labels hold routes, words of Muster's own, and the names and UUIDs of accounts, never what a client
//! sent.

use std::time::Duration;

use actix_web::{HttpResponse, web};
use chrono::TimeDelta;

use crate::accounts::model::Kind;
use crate::accounts::operations::Plan;
use crate::activity::Recorder;
use crate::check::Check;
use crate::clock;
use crate::database::{Database, DbConnection};
use crate::error::Error;
use crate::web::trace::Requests;
use crate::{accounts, tokens};

mod text;

pub use text::families;

/// How near an expiry must be for the account to have a series.
const EXPIRY_HORIZON: TimeDelta = TimeDelta::days(14);
/// How many accounts have a series for their next expiry, those with the nearest.
const EXPIRY_SERIES: i64 = 1_000;
/// How long the database may take before the rest is told without it: Prometheus gives up after ten seconds.
const QUERY_TIMEOUT: Duration = Duration::from_secs(5);

/// Where the numbers come from.
#[derive(Clone)]
pub struct Sources {
    /// Requests outside the gateway's check.
    pub requests: Requests,
    /// The check, with its memory and its counts.
    pub check: Check,
    /// The activity that waits to be written.
    pub recorder: Recorder,
    /// The pool.
    pub database: Database,
    /// The limit on system accounts.
    pub plan: Plan,
}

/// What only the database knows.
struct StoredFigures {
    /// Enabled and disabled.
    system_accounts: (i64, i64),
    /// Enabled and disabled.
    users: (i64, i64),
    expiries: Vec<tokens::queries::expiry::NextExpiry>,
}

/// `/metrics`, for the application of each worker.
pub fn routes(sources: Sources) -> impl Fn(&mut web::ServiceConfig) + Clone + Send + 'static {
    let sources = web::Data::new(sources);
    // One question after the other: however many ask, they keep at most one of the pool's connections.
    let turn = web::Data::new(tokio::sync::Mutex::new(()));
    move |config| {
        config.app_data(sources.clone()).app_data(turn.clone()).service(web::resource("/metrics").route(web::get().to(show)));
    }
}

async fn show(sources: web::Data<Sources>, turn: web::Data<tokio::sync::Mutex<()>>) -> Result<HttpResponse, Error> {
    let stored = {
        let _turn = turn.lock().await;
        tokio::time::timeout(QUERY_TIMEOUT, sources.database.read(stored)).await.ok().and_then(Result::ok)
    };
    let text = text::draw(&sources, stored).map_err(|error| Error::Internal(format!("writing the metrics: {error}")))?;
    Ok(HttpResponse::Ok().content_type("application/openmetrics-text; version=1.0.0; charset=utf-8").body(text))
}

fn stored(conn: &mut DbConnection) -> Result<StoredFigures, Error> {
    let now = clock::now();
    Ok(StoredFigures {
        system_accounts: accounts::queries::totals(conn, Kind::System)?,
        users: accounts::queries::totals(conn, Kind::User)?,
        expiries: tokens::queries::expiry::next_expiries(conn, now, now + EXPIRY_HORIZON, EXPIRY_SERIES)?,
    })
}
