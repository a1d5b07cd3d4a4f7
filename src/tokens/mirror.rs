//! What the check keeps in memory: every token with its account, roles and teams, so that an accepted call costs no query.
//!
//! **Why an answer is never older than the promise.** Every change of an administrator writes, in its own transaction, a
//! row of `revisions` (`audit::begin`). Such transactions never overlap (`Database::write`), so the numbers are in the
//! order of the commits, and whoever has read up to a number has missed nothing before it.
//! - *This instance:* `Database::write` does not return before [`Mirror::catch_up`] has read the revision that it made. So
//!   when a change has been answered, the memory knows it.
//! - *Another instance, or another process on the same SQLite file:* each asks for new revisions every [`EVERY`]. The
//!   moment at which it last began to ask, successfully, is remembered; when that lies further back than [`TRUSTED`], the
//!   memory is not used, and the token is looked up in the database itself. So a change is known elsewhere after
//!   [`TRUSTED`] at the latest, however late a question is asked or answered. There is no notification that could be lost.
//! - *An instance that has lost its database* cannot ask. From the first question that fails on, or that stays without an
//!   answer for [`PATIENCE`], it accepts nothing (503), and begins again by itself with the first that succeeds.
//! - *Expiry* needs no news: the moment is compared at every call.
//!
//! What is remembered is replaced by account: a change names the accounts that it touched, in its audit events, and those
//! are read again (but for being disabled and enabled, which the event itself says). A change to anything else (a role's permissions) has everything read again.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use actix_web::http::header::HeaderValue;
use chrono::NaiveDateTime;
use dashmap::DashMap;

use super::queries::{self, StoredCredential};
use super::value::{Access, ID_LENGTH};
use crate::accounts::model::Kind;
use crate::database::{Database, DbConnection};
use crate::error::Error;
use crate::id::Id;
use crate::roles::permission::PermissionSet;
use crate::roles::{self, Badge, Role};
use crate::teams::{self, Team};
use crate::text::fold;

/// How often an instance asks for what others have changed.
pub const EVERY: Duration = Duration::from_millis(200);
/// How old the last successful question may be for the memory to be used. Below the promised second, with room for the
/// answer's own way.
pub const TRUSTED: Duration = Duration::from_millis(800);

/// How long a database may say nothing to a question of the check. Then it counts as lost: a gateway holds a call meanwhile.
pub const PATIENCE: Duration = Duration::from_secs(1);

/// A token's public id.
pub type TokenId = [u8; ID_LENGTH];

/// Values of HTTP headers that the gateway has made of something, kept with it.
#[derive(Debug, Default)]
pub struct Rendered(OnceLock<Box<[HeaderValue]>>);

impl Rendered {
    /// The values, made at the first call.
    pub fn get(&self, make: impl FnOnce() -> Box<[HeaderValue]>) -> &[HeaderValue] {
        self.0.get_or_init(make)
    }
}

/// What an account may do: shared by all accounts with the same roles.
#[derive(Debug, Default)]
pub struct Grants {
    /// Its roles, by name.
    pub roles: Vec<Badge>,
    /// Everything that they, and the administration of teams, grant together.
    pub permissions: PermissionSet,
    /// For the gateway.
    pub rendered: Rendered,
}

/// The teams of an account: shared by all accounts in the same teams.
#[derive(Debug, Default)]
pub struct Membership {
    /// By name.
    pub teams: Vec<Team>,
    /// For the gateway.
    pub rendered: Rendered,
}

/// Whom a token stands for.
#[derive(Debug)]
pub struct Account {
    /// The account.
    pub id: Id,
    /// Its name.
    pub name: String,
    /// Which kind.
    pub kind: Kind,
    /// What it may do.
    pub grants: Arc<Grants>,
    /// Its teams.
    pub membership: Arc<Membership>,
    disabled: AtomicBool,
}

impl Account {
    /// Whether it is disabled.
    pub fn is_disabled(&self) -> bool {
        self.disabled.load(Ordering::Acquire)
    }
}

/// A token as the check sees it.
#[derive(Debug)]
pub struct Credential {
    /// The public id.
    pub token: TokenId,
    /// SHA-256 of the whole token.
    pub digest: [u8; 32],
    /// What it may do.
    pub access: Access,
    /// When it expires; `None` for never.
    pub expires_at: Option<NaiveDateTime>,
    /// Whether it has been revoked.
    pub revoked: bool,
    /// Whom it stands for.
    pub account: Arc<Account>,
}

impl Credential {
    /// The public id, as text.
    pub fn id(&self) -> &str {
        // A public id is made of ASCII digits and letters alone.
        std::str::from_utf8(&self.token).unwrap_or_default()
    }
}

/// What the memory says of a public id.
pub enum Known {
    /// This token.
    Token(Arc<Credential>),
    /// There is none of that id.
    Nothing,
    /// The memory cannot be trusted at this moment: ask the database.
    Stale,
    /// The database cannot be asked, and so nothing may be accepted.
    Unavailable,
}

/// The memory of an instance. Cheap to clone.
#[derive(Clone)]
pub struct Mirror(Arc<Memory>);

struct Memory {
    database: Database,
    tokens: DashMap<TokenId, Arc<Credential>>,
    began: Instant,
    /// When the last successful question began, in milliseconds after `began`, plus one; zero for "not yet".
    confirmed: AtomicU64,
    failing: AtomicBool,
    /// How often news have been asked for.
    rounds: AtomicU32,
    /// Held while news are read, so that they are applied in order.
    progress: tokio::sync::Mutex<Progress>,
    stop: tokio::sync::Notify,
}

#[derive(Default)]
struct Progress {
    /// The last revision that has been applied; `None` before everything was read once.
    revision: Option<i64>,
    tokens_of: HashMap<Id, Box<[TokenId]>>,
    shared: Shared,
}

/// Grants and memberships that several accounts have in common, by what makes them.
#[derive(Default)]
struct Shared {
    grants: HashMap<Vec<Id>, Arc<Grants>>,
    memberships: HashMap<Vec<Id>, Arc<Membership>>,
}

impl Mirror {
    /// A memory of this database that knows nothing yet.
    pub fn new(database: Database) -> Self {
        Self(Arc::new(Memory {
            database,
            tokens: DashMap::new(),
            began: Instant::now(),
            confirmed: AtomicU64::new(0),
            failing: AtomicBool::new(false),
            rounds: AtomicU32::new(0),
            progress: tokio::sync::Mutex::default(),
            stop: tokio::sync::Notify::new(),
        }))
    }

    /// What is known of a public id at this moment.
    pub fn find(&self, id: &TokenId) -> Known {
        if self.0.failing.load(Ordering::Acquire) {
            return Known::Unavailable;
        }
        if !self.is_trusted() {
            return Known::Stale;
        }
        self.0.tokens.get(id).map_or(Known::Nothing, |found| Known::Token(Arc::clone(&found)))
    }

    fn is_trusted(&self) -> bool {
        self.lag().is_some_and(|lag| lag <= TRUSTED)
    }

    /// How far back the last successful question for news began; `None` before the first.
    pub fn lag(&self) -> Option<Duration> {
        let confirmed = self.0.confirmed.load(Ordering::Acquire).checked_sub(1)?;
        Some(self.0.began.elapsed().saturating_sub(Duration::from_millis(confirmed)))
    }

    /// Whether what this instance answers is as fresh as promised: it has its database, and has asked it for news lately.
    pub fn keeps_promise(&self) -> bool {
        !self.0.failing.load(Ordering::Acquire) && self.is_trusted()
    }

    /// How often news have been asked for.
    pub fn rounds(&self) -> u32 {
        self.0.rounds.load(Ordering::Relaxed)
    }

    /// How many tokens are remembered.
    pub fn len(&self) -> usize {
        self.0.tokens.len()
    }

    /// Whether no token is remembered.
    pub fn is_empty(&self) -> bool {
        self.0.tokens.is_empty()
    }

    /// Reads what has been changed since the last time, and remembers it. When it returns, everything that was committed
    /// before it was called is known, or nothing is accepted any more.
    pub async fn catch_up(&self) {
        let mut progress = self.0.progress.lock().await;
        let began = self.0.began.elapsed();
        self.0.rounds.fetch_add(1, Ordering::Relaxed);
        let since = progress.revision;
        let shared = std::mem::take(&mut progress.shared);
        match self.unless_it_hangs(self.0.database.read(move |conn| news(conn, since, shared))).await {
            Ok(news) => {
                self.apply(&mut progress, news);
                let at = u64::try_from(began.as_millis()).unwrap_or(u64::MAX).saturating_add(1);
                self.0.confirmed.store(at, Ordering::Release);
                if self.0.failing.swap(false, Ordering::AcqRel) {
                    log::info!("the check accepts tokens again");
                }
            }
            Err(error) => {
                if !self.0.failing.swap(true, Ordering::AcqRel) {
                    log::warn!("the check accepts no token until the database answers: {error}");
                }
            }
        }
    }

    /// Reading everything may take long, but not a single statement: where none has been sent for [`PATIENCE`], the one
    /// before it is not being answered.
    async fn unless_it_hangs(&self, reading: impl Future<Output = Result<News, Error>>) -> Result<News, Error> {
        let mut reading = std::pin::pin!(reading);
        let mut sent = self.0.database.statements();
        loop {
            if let Ok(read) = tokio::time::timeout(PATIENCE, &mut reading).await {
                return read;
            }
            let before = std::mem::replace(&mut sent, self.0.database.statements());
            if sent == before {
                return Err(Error::Unavailable);
            }
        }
    }

    /// Catches up every [`EVERY`], until [`Mirror::stop`].
    pub async fn run(self) {
        loop {
            self.catch_up().await;
            if tokio::time::timeout(EVERY, self.0.stop.notified()).await.is_ok() {
                return;
            }
        }
    }

    /// Ends [`Mirror::run`].
    pub fn stop(&self) {
        self.0.stop.notify_one();
    }

    fn apply(&self, progress: &mut Progress, news: News) {
        progress.revision = Some(news.revision);
        progress.shared = news.shared;
        for (account, disabled) in news.states {
            let first = progress.tokens_of.get(&account).and_then(|tokens| tokens.first());
            if let Some(credential) = first.and_then(|token| self.0.tokens.get(token)) {
                credential.account.disabled.store(disabled, Ordering::Release);
            }
        }
        let mut fresh = news.tokens;
        let touched: Vec<Id> = match news.accounts {
            Some(accounts) => accounts,
            None => progress.tokens_of.keys().filter(|id| !fresh.contains_key(id)).chain(fresh.keys()).cloned().collect(),
        };
        for account in touched {
            let new = fresh.remove(&account).unwrap_or_default();
            let ids: Box<[TokenId]> = new.iter().map(|credential| credential.token).collect();
            for credential in new {
                self.0.tokens.insert(credential.token, credential);
            }
            let old = if ids.is_empty() {
                progress.tokens_of.remove(&account)
            } else {
                progress.tokens_of.insert(account, ids.clone())
            };
            for gone in old.iter().flatten().filter(|id| !ids.contains(id)) {
                self.0.tokens.remove(gone);
            }
        }
    }
}

/// What has been changed since a revision.
struct News {
    revision: i64,
    /// The accounts that were disabled or enabled, and nothing else: they need not be read.
    states: Vec<(Id, bool)>,
    /// The accounts that were read again, those that have no token (any more) among them; `None` for all.
    accounts: Option<Vec<Id>>,
    tokens: Tokens,
    shared: Shared,
}

/// The tokens of each account.
type Tokens = HashMap<Id, Vec<Arc<Credential>>>;

struct Found {
    credentials: Vec<StoredCredential>,
    roles_of: HashMap<Id, Vec<Id>>,
    teams_of: HashMap<Id, Vec<Id>>,
    administered_by: HashMap<Id, Vec<Id>>,
}

/// The roles and teams that there are: few, whatever the number of accounts.
struct Names {
    roles: HashMap<Id, Role>,
    teams: HashMap<Id, Team>,
}

/// Accounts that are read at once: each is a value in the statements, and what is read of them is in memory twice.
const PART: usize = 2_000;

fn news(conn: &mut DbConnection, since: Option<i64>, shared: Shared) -> Result<News, Error> {
    let Some(since) = since else { return everything(conn) };
    let mut news = News { revision: since, states: Vec::new(), accounts: Some(Vec::new()), tokens: Tokens::new(), shared };
    let Some(changed) = queries::changed_since(conn, since)? else { return Ok(news) };
    if changed.everything {
        return everything(conn);
    }
    if !changed.accounts.is_empty() {
        let names = names(conn)?;
        for part in changed.accounts.chunks(PART) {
            collect(found(conn, part)?, &names, &mut news.shared, &mut news.tokens);
        }
    }
    Ok(News { revision: changed.revision, states: changed.states, accounts: Some(changed.accounts), ..news })
}

fn everything(conn: &mut DbConnection) -> Result<News, Error> {
    // The number first: what is committed while everything is read is then read once more, and nothing is missed.
    let revision = queries::last_revision(conn)?;
    let names = names(conn)?;
    let mut news = News { revision, states: Vec::new(), accounts: None, tokens: Tokens::new(), shared: Shared::default() };
    let mut after = None;
    loop {
        let part = queries::holders(conn, after.as_ref(), PART)?;
        let Some(last) = part.last() else { return Ok(news) };
        after = Some(last.clone());
        collect(found(conn, &part)?, &names, &mut news.shared, &mut news.tokens);
    }
}

fn names(conn: &mut DbConnection) -> Result<Names, Error> {
    Ok(Names {
        roles: roles::queries::all(conn)?.into_iter().map(|role| (role.id.clone(), role)).collect(),
        teams: teams::queries::all(conn)?.into_iter().map(|team| (team.id.clone(), team)).collect(),
    })
}

fn found(conn: &mut DbConnection, accounts: &[Id]) -> Result<Found, Error> {
    Ok(Found {
        credentials: queries::credentials(conn, accounts)?,
        roles_of: grouped(roles::queries::pairs(conn, accounts)?),
        teams_of: grouped(teams::queries::pairs(conn, accounts)?),
        administered_by: grouped(teams::queries::administrators(conn, accounts)?),
    })
}

fn grouped(pairs: Vec<(Id, Id)>) -> HashMap<Id, Vec<Id>> {
    let mut groups: HashMap<Id, Vec<Id>> = HashMap::new();
    for (account, other) in pairs {
        groups.entry(account).or_default().push(other);
    }
    groups
}

/// The tokens of each account, with what they share.
fn collect(found: Found, names: &Names, shared: &mut Shared, tokens: &mut Tokens) {
    let mut accounts: HashMap<Id, Arc<Account>> = HashMap::new();
    for stored in &found.credentials {
        let (Ok(token), Some(access), Some(kind), Ok(digest)) = (
            TokenId::try_from(stored.id.as_bytes()),
            Access::parse(&stored.access),
            Kind::parse(&stored.kind),
            <[u8; 32]>::try_from(stored.digest.as_slice()),
        ) else {
            log::error!("the token {} in the database is not one that Muster wrote, and is not accepted", stored.id);
            continue;
        };
        let account = accounts.entry(stored.account.clone()).or_insert_with(|| {
            Arc::new(Account {
                id: stored.account.clone(),
                name: stored.name.clone(),
                kind,
                disabled: AtomicBool::new(stored.disabled),
                grants: grants(&stored.account, &found, names, shared),
                membership: membership(&stored.account, &found, names, shared),
            })
        });
        let credential = Credential {
            token,
            digest,
            access,
            expires_at: stored.expires_at,
            revoked: stored.revoked,
            account: Arc::clone(account),
        };
        tokens.entry(stored.account.clone()).or_default().push(Arc::new(credential));
    }
}

fn grants(account: &Id, found: &Found, names: &Names, shared: &mut Shared) -> Arc<Grants> {
    let held = found.roles_of.get(account).into_iter().flatten();
    let mut roles: Vec<&Role> = held.filter_map(|role| names.roles.get(role)).collect();
    roles.sort_by_cached_key(|role| (fold(&role.name), role.id.clone()));
    let mut administered = found.administered_by.get(account).cloned().unwrap_or_default();
    administered.sort_unstable();
    let key: Vec<Id> = roles.iter().map(|role| role.id.clone()).chain(administered.iter().cloned()).collect();
    let make = || {
        let granted = roles.iter().flat_map(|role| role.permissions.iter().cloned());
        Arc::new(Grants {
            roles: roles.iter().map(|role| Badge { id: role.id.clone(), name: role.name.clone() }).collect(),
            permissions: granted.chain(roles::queries::of_administration(&administered)).collect(),
            rendered: Rendered::default(),
        })
    };
    Arc::clone(shared.grants.entry(key).or_insert_with(make))
}

fn membership(account: &Id, found: &Found, names: &Names, shared: &mut Shared) -> Arc<Membership> {
    let member_of = found.teams_of.get(account).into_iter().flatten();
    let mut teams: Vec<&Team> = member_of.filter_map(|team| names.teams.get(team)).collect();
    teams.sort_by_cached_key(|team| (fold(&team.name), team.id.clone()));
    let key = teams.iter().map(|team| team.id.clone()).collect();
    let make = || Arc::new(Membership { teams: teams.into_iter().cloned().collect(), rendered: Rendered::default() });
    Arc::clone(shared.memberships.entry(key).or_insert_with(make))
}

/// The credential of one public id, from the database itself: for the moments in which the memory is not trusted.
///
/// # Errors
/// The database's.
pub fn look_up(conn: &mut DbConnection, id: &str) -> Result<Option<Arc<Credential>>, Error> {
    let Some(account) = queries::account_of(conn, id)? else { return Ok(None) };
    let (names, mut tokens) = (names(conn)?, Tokens::new());
    collect(found(conn, std::slice::from_ref(&account))?, &names, &mut Shared::default(), &mut tokens);
    Ok(tokens.remove(&account).unwrap_or_default().into_iter().find(|credential| credential.id() == id))
}
