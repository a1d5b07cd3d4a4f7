//! The server: pool, middleware in their order, listener, graceful stop.

use std::net::{SocketAddr, TcpListener};
use std::num::NonZero;
use std::thread::available_parallelism;

use actix_web::cookie::Key;
use actix_web::middleware::from_fn;
use actix_web::{App, web};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::accounts::operations::Plan;
use crate::activity::{self, Recorder};
use crate::auth::door::SignInGuard;
use crate::auth::hashing::Hashing;
use crate::check::Check;
use crate::check::cache::Cache;
use crate::config::{BaseUrl, Config, DatabaseUrl};
use crate::database::{Database, DbConnection, migrations};
use crate::error::Error;
use crate::gateway::wanted::WantedPermissions;
use crate::tokens::expiry;
use crate::web::exports::Exports;
use crate::web::throttle::TokenRefusals;
use crate::web::{compress, forgery, headers, health, trace};
use crate::{audit, auth};
use crate::{metrics, routes, settings};

mod body;
mod closing;
mod connection;
mod descriptors;
mod errors;
mod listener;

use closing::Closing;
pub use connection::Deadlines;

/// Connections of the pool: SQLite has one writer, and Postgres forks a process for each.
const POOL_SIZE: u32 = 10;
/// Threads of each worker for what blocks: as many as can have a connection, and some for passwords. More would only hold
/// memory.
const BLOCKING_THREADS: usize = 12;
/// Seconds that requests in flight are given at a stop.
const STOP_SECONDS: u64 = 30;

/// A server that listens and does not answer yet.
pub struct Server {
    config: Config,
    database: Database,
    listener: TcpListener,
    session_key: Key,
    address: SocketAddr,
    setup_key: Option<String>,
    metrics: Option<(TcpListener, SocketAddr)>,
    deadlines: Deadlines,
    hashing: Hashing,
}

impl Server {
    /// Brings the database up to date and binds the address. Port 0 takes a free one.
    pub fn bind(config: Config) -> Result<Self, String> {
        descriptors::raise_limit();
        migrations::migrate(&config.database_url)?;
        let database = Database::connect(config.database_url.clone(), POOL_SIZE).map_err(|error| error.to_string())?;
        let prepared = database.write_now(|conn| {
            settings::begin_tracking(conn)?;
            Ok((session_key(conn)?, auth::operations::offer_setup(conn)?))
        });
        let (session_key, setup_key) = prepared.map_err(|error| error.to_string())?;
        let (listener, address) = listen(config.listen)?;
        let metrics = config.metrics_listen.map(listen).transpose()?;
        let url = config.base_url(address);
        database.write_now(|conn| settings::serve_at(conn, &url)).map_err(|error| error.to_string())?;
        let (deadlines, hashing) = (Deadlines::default(), Hashing::default());
        Ok(Self { config, database, listener, session_key, address, setup_key, metrics, deadlines, hashing })
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The address under which people and machines reach it, without a slash at the end.
    pub fn base_url(&self) -> String {
        self.config.base_url(self.address)
    }

    /// The address of the metrics, if they are served.
    pub fn metrics_url(&self) -> Option<String> {
        self.metrics.as_ref().map(|(_, address)| format!("http://{address}/metrics"))
    }

    /// The link that creates the first administrator, where there is no user yet. A secret: for the terminal, not the log.
    pub fn setup_link(&self) -> Option<String> {
        self.setup_key.as_ref().map(|key| format!("{}/setup/{key}", self.base_url()))
    }

    pub fn database(&self) -> Database {
        self.database.clone()
    }

    /// The queue of its password hashes.
    pub fn hashing(&self) -> Hashing {
        self.hashing.clone()
    }

    /// Sets other deadlines for clients.
    pub fn with_deadlines(self, deadlines: Deadlines) -> Self {
        Self { deadlines, ..self }
    }

    /// Answers until it is told to stop by SIGTERM or SIGINT; then requests in flight end, and activity is written.
    pub async fn run(self) -> std::io::Result<()> {
        let listener = self.listener.try_clone()?;
        let data = match &self.config.database_url {
            DatabaseUrl::Sqlite(path) => format!("SQLite ({path})"),
            DatabaseUrl::Postgres(_) => "PostgreSQL".to_owned(),
        };
        log::info!("Muster {} answers at {}, with {data}", env!("CARGO_PKG_VERSION"), self.base_url());
        let running = self.start()?;
        let (handle, closing) = (running.handle(), running.closing.clone());
        let watch = actix_web::rt::spawn(async move {
            asked_to_stop().await;
            log::info!("Stopping. Finishing open requests; press Ctrl-C again to quit now.");
            actix_web::rt::spawn({
                let handle = handle.clone();
                async move {
                    asked_to_stop().await;
                    handle.stop(false).await;
                }
            });
            closing.announce(listener).await;
            handle.stop(true).await;
        });
        let ended = running.await;
        watch.abort();
        ended
    }

    /// Begins to answer; the returned server is to be awaited, and its handle stops it.
    pub fn start(self) -> std::io::Result<Running> {
        let base_url = BaseUrl(self.base_url());
        let Self { config, database, listener, session_key, metrics, deadlines, hashing, .. } = self;
        let (workers, https, interval) = (config.workers, config.is_https(), config.activity_interval);
        let plan = Plan::from(&config);
        let recorder = Recorder::default();
        let refusals = web::Data::new(TokenRefusals::new(config.refusal_limit));
        let config = web::Data::new(config);
        let door = web::Data::new(SignInGuard::new(session_key.clone(), https, hashing));
        let readiness = web::Data::new(health::Readiness::default());
        let noting = web::Data::new(auth::access::Noting::default());
        let navigation = web::Data::new(routes::NAVIGATION);
        let exports = web::Data::new(Exports::default());
        let wanted = web::Data::new(WantedPermissions::default());
        let wake = audit::retention::Wake::default();
        let retention_wake = web::Data::new(wake.clone());
        let description = web::Data::new(routes::api::description(&base_url.0));
        let base_url = web::Data::new(base_url);
        let current = web::Data::new(settings::current::Current::default());
        let shared_database = web::Data::new(database.clone());
        // A connection of its own: the cache's polls must not wait behind pages.
        let watch = Database::connect(config.database_url.clone(), 1).map_err(std::io::Error::other)?;
        let cache = Cache::new(watch.reading_at_length());
        let follower = cache.clone();
        database.after_each_write(move || {
            let cache = follower.clone();
            Box::pin(async move { cache.catch_up().await })
        });
        let check = Check::new(database.clone(), cache.clone());
        let seen = recorder.clone();
        let requests = trace::Requests::default();
        let sources = metrics::Sources {
            requests: requests.clone(),
            check: check.clone(),
            recorder: recorder.clone(),
            database: database.clone(),
            plan,
        };
        let requests = web::Data::new(requests);
        let sessions = database.clone();
        let closing = Closing::default();
        let application = move || {
            // Each worker has its own references to what every call reads: a shared reference count costs more than the read
            // itself.
            let config = web::Data::new(config.get_ref().clone());
            let (check, recorder) = (web::Data::new(check.clone()), web::Data::new(seen.clone()));
            let pages = routes::pages()
                .wrap(auth::session::middleware(sessions.clone(), session_key.clone(), https))
                .wrap(from_fn(auth::browser::cookies))
                .wrap(from_fn(forgery::same_origin))
                .wrap(from_fn(errors::pages))
                .wrap(from_fn(compress::pages))
                .wrap(from_fn(headers::security_headers))
                .wrap(from_fn(trace::requests));
            App::new()
                .app_data(config)
                .app_data(shared_database.clone())
                .app_data(recorder)
                .app_data(check)
                .app_data(door.clone())
                .app_data(noting.clone())
                .app_data(readiness.clone())
                .app_data(refusals.clone())
                .app_data(navigation.clone())
                .app_data(exports.clone())
                .app_data(wanted.clone())
                .app_data(retention_wake.clone())
                .app_data(base_url.clone())
                .app_data(current.clone())
                .app_data(description.clone())
                .app_data(requests.clone())
                .configure(routes::gateway)
                .configure(routes::open)
                .configure(routes::api::configure)
                .service(pages)
        };
        let workers = workers.or_else(|| available_parallelism().ok().map(NonZero::get)).unwrap_or(1);
        let server = actix_server::Server::build()
            .workers(workers)
            .disable_signals()
            .shutdown_timeout(STOP_SECONDS)
            .worker_max_blocking_threads(BLOCKING_THREADS)
            .max_concurrent_connections(descriptors::connections(workers));
        let server = listener::serve(server, listener, deadlines, closing.clone(), application)?;
        let metrics = metrics.map(|(listener, _)| serve_metrics(listener, deadlines, sources)).transpose()?;
        let follower = actix_web::rt::spawn(cache.clone().run());
        let expiries = actix_web::rt::spawn(expiry::run(database.clone()));
        let retention = actix_web::rt::spawn(audit::retention::run(database.clone(), wake));
        let writer = actix_web::rt::spawn(activity::run(recorder.clone(), database, interval));
        Ok(Running { server: server.run(), recorder, writer, cache, follower, expiries, retention, metrics, closing })
    }
}

/// Answers what Prometheus asks, on a listener of its own.
fn serve_metrics(
    listener: TcpListener,
    deadlines: Deadlines,
    sources: metrics::Sources,
) -> std::io::Result<actix_web::dev::ServerHandle> {
    let server = actix_server::Server::build().workers(1).disable_signals();
    let routes = metrics::routes(sources);
    let application = move || App::new().configure(routes.clone());
    let server = listener::serve(server, listener, deadlines, Closing::default(), application)?.run();
    let handle = server.handle();
    actix_web::rt::spawn(server);
    Ok(handle)
}

/// Waits for SIGTERM or SIGINT: Ctrl-C shuts down gracefully, too.
async fn asked_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return std::future::pending().await };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

/// A running server.
pub struct Running {
    server: actix_web::dev::Server,
    recorder: Recorder,
    writer: actix_web::rt::task::JoinHandle<()>,
    cache: Cache,
    follower: actix_web::rt::task::JoinHandle<()>,
    expiries: actix_web::rt::task::JoinHandle<()>,
    retention: actix_web::rt::task::JoinHandle<()>,
    metrics: Option<actix_web::dev::ServerHandle>,
    closing: Closing,
}

impl Running {
    /// Stops the server from elsewhere.
    pub fn handle(&self) -> actix_web::dev::ServerHandle {
        self.server.handle()
    }

    async fn until_stopped(self) -> std::io::Result<()> {
        let ended = self.server.await;
        if let Some(metrics) = self.metrics {
            metrics.stop(false).await;
        }
        if self.expiries.is_finished() {
            log::error!("the task that processes expired tokens stopped unexpectedly");
        }
        self.expiries.abort();
        if self.retention.is_finished() {
            log::error!("the task that deletes old audit events stopped unexpectedly");
        }
        self.retention.abort();
        self.recorder.stop();
        if self.writer.await.is_err() {
            log::error!("the activity writer stopped unexpectedly");
        }
        self.cache.stop();
        if self.follower.await.is_err() {
            log::error!("the task that refreshes the check's cache stopped unexpectedly");
        }
        ended
    }
}

impl IntoFuture for Running {
    type Output = std::io::Result<()>;
    type IntoFuture = std::pin::Pin<Box<dyn Future<Output = Self::Output>>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.until_stopped())
    }
}

fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), String> {
    let listener = TcpListener::bind(address).map_err(|error| format!("Cannot listen on {address}: {error}."))?;
    let bound = listener.local_addr().map_err(|error| error.to_string())?;
    Ok((listener, bound))
}

const SESSION_KEY: &str = "session_key";

/// The key that signs session cookies: made at the first start, and the same for all instances on one database.
fn session_key(conn: &mut DbConnection) -> Result<Key, Error> {
    let stored = settings::get(conn, SESSION_KEY)?.and_then(|text| STANDARD.decode(text).ok());
    if let Some(key) = stored.and_then(|bytes| Key::try_from(bytes.as_slice()).ok()) {
        return Ok(key);
    }
    let key = Key::generate();
    settings::set(conn, SESSION_KEY, &STANDARD.encode(key.master()))?;
    Ok(key)
}
