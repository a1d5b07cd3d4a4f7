//! The verbs that a person would say of tokens. Each asks for permission first and writes its audit event in the caller's
//! one transaction (`Database::write`). A value leaves here once, with the change that made it.

use chrono::{NaiveDateTime, TimeDelta};

use super::model::{Expiry, Overlap, Token, TokenName};
use super::value::{Access, TokenValue};
use super::{policy, queries};
use crate::accounts::model::{Account, Kind, Right};
use crate::accounts::operations::{is_colleague, may_begin, out_of_reach};
use crate::audit::{self, Change, Event, verbs};
use crate::auth::principal::{ActorKind, Means, Principal};
use crate::clock;
use crate::database::DbConnection;
use crate::error::{Error, FieldError};
use crate::id::Id;
use crate::roles::permission::Permission;
use crate::{accounts, roles};

/// A token as a form or the command line describes it. What they said has been read but not accepted: an actor without
/// permission learns that first, and a person sees all that is wrong at once.
#[derive(Debug, Clone)]
pub struct Creation {
    /// What it is for.
    pub name: String,
    /// What it may do; `None` where that could not be read.
    pub access: Option<Access>,
    /// When it expires, as [`Expiry::parse`] read it.
    pub expiry: Result<Expiry, FieldError>,
}

/// Creates a token for a system account. A disabled account may be given one; it is refused until the account is enabled.
///
/// `maximum` is the longest life that the installation allows.
///
/// # Errors
/// `Forbidden`, `NotFound`, `Conflict` while the creation of tokens is stopped, `Invalid` (fields `name`, `access`,
/// `expires`, `expires_on`).
pub fn create(
    conn: &mut DbConnection,
    actor: &Principal,
    account: &Id,
    form: &Creation,
    maximum: Option<TimeDelta>,
) -> Result<(Token, TokenValue), Error> {
    create_once(conn, actor, account, form, maximum, None)
}

/// [`create`] for a form of a page: `once` is the form's identity, under which it makes one token however often it is sent.
///
/// # Errors
/// As [`create`], and `Conflict` for a form that has made its token already.
pub fn create_once(
    conn: &mut DbConnection,
    actor: &Principal,
    account: &Id,
    form: &Creation,
    maximum: Option<TimeDelta>,
    once: Option<&Id>,
) -> Result<(Token, TokenValue), Error> {
    let account = within_reach(conn, actor, Kind::System, account)?;
    may_hold_value(conn, actor, &account)?;
    policy::must_be_open(conn)?;
    let now = clock::now();
    let mut invalid = Vec::new();
    let mut note = |error: FieldError| invalid.push(error);
    let name = TokenName::parse(&form.name).map_err(|message| note(FieldError { field: "name", message })).ok();
    if form.access.is_none() {
        note(FieldError { field: "access", message: "Choose read-only or read-write.".into() });
    }
    let expires_at = form.expiry.clone().and_then(|expiry| expiry.moment(now, maximum)).map_err(note).ok();
    let (Some(name), Some(access), Some(expires_at)) = (name, form.access, expires_at) else {
        return Err(Error::Invalid(invalid));
    };
    let change = audit::begin_once(conn, actor, once)?;
    let made = make(conn, actor, &account, name.as_str(), access, now, expires_at)?;
    queries::keep_first_expiry(conn, &account.id)?;
    let detail = serde_json::json!({ "access": access.as_str(), "expires_at": expires_at.map(clock::written) });
    change.record(conn, &event(verbs::TOKEN_CREATED, &account, &made.0, detail))?;
    Ok(made)
}

/// A token that has taken the place of another.
#[derive(Debug)]
pub struct Successor {
    /// The old token, as it is now.
    pub old: Token,
    /// The new one.
    pub new: Token,
    /// The new one's value.
    pub value: TokenValue,
}

impl Successor {
    /// Until when the old value works; `None` where it has stopped.
    pub fn old_until(&self) -> Option<NaiveDateTime> {
        self.old.expires_at.filter(|_| self.old.revoked_at.is_none())
    }
}

/// Gives a token a successor of the same name, access and length of life (cut to `maximum`), and stops the old value after
/// `overlap`. What the old one had replaced in its turn stops at once. Also while the creation of tokens is stopped: a leaked
/// value must be replaceable at any time, and there are no more tokens than before.
///
/// # Errors
/// `Forbidden`, `NotFound`, `Conflict` for a token that is revoked, expired, or has a successor already.
pub fn regenerate(
    conn: &mut DbConnection,
    actor: &Principal,
    account: &Id,
    token: &str,
    overlap: Overlap,
    maximum: Option<TimeDelta>,
) -> Result<Successor, Error> {
    let account = within_reach(conn, actor, Kind::System, account)?;
    may_hold_value(conn, actor, &account)?;
    let old = queries::find(conn, &account.id, token)?;
    succeed(conn, actor, &account, old, (overlap.length(), overlap.as_str()), maximum)
}

/// How old a token has to be that has replaced another, to be replaced by its own doing. Nobody rotates so often on purpose.
const MIN_AGE: TimeDelta = TimeDelta::minutes(1);
/// Replaced tokens of an account that are kept when they have ended, so that a late use of one is still told apart. A machine
/// that replaces its own would leave rows for ever.
const KEPT_PREDECESSORS: i64 = 100;

/// The token that the actor has proved itself by gets a successor, on the terms of [`regenerate`] but for an overlap of any
/// length. It takes no permission: whoever has the value can do all that its successor can.
///
/// # Errors
/// `Forbidden` for an actor without a token, `Conflict` as [`regenerate`], `Throttled` for a successor that is too young.
pub fn regenerate_own(
    conn: &mut DbConnection,
    actor: &Principal,
    overlap: TimeDelta,
    maximum: Option<TimeDelta>,
) -> Result<Successor, Error> {
    let (account, old) = own(conn, actor)?;
    may_be_regenerated(&old, clock::now())?;
    let age = clock::now() - old.created_at;
    if age < MIN_AGE && queries::is_successor(conn, &account.id, &old.id)? {
        return Err(Error::Throttled((MIN_AGE - age).num_seconds().unsigned_abs() + 1));
    }
    let preset = Overlap::ALL.into_iter().find(|preset| preset.length() == overlap);
    let said = preset.map_or_else(|| format!("{}s", overlap.num_seconds()), |preset| preset.as_str().into());
    succeed(conn, actor, &account, old, (overlap, &said), maximum)
}

/// The actor's own token, with its account.
fn own(conn: &mut DbConnection, actor: &Principal) -> Result<(Account, Token), Error> {
    let (Some(account), Means::Token(token), Some(kind)) = (&actor.account, &actor.means, own_kind(actor)) else {
        return Err(Error::forbidden("", "Only an API token can do this to itself."));
    };
    Ok((accounts::queries::find(conn, kind, account)?, queries::find(conn, account, token)?))
}

fn own_kind(actor: &Principal) -> Option<Kind> {
    match actor.kind {
        ActorKind::User => Some(Kind::User),
        ActorKind::System => Some(Kind::System),
        ActorKind::Shell | ActorKind::Muster => None,
    }
}

/// `overlap` with its word for the audit log.
fn succeed(
    conn: &mut DbConnection,
    actor: &Principal,
    account: &Account,
    old: Token,
    (overlap, said): (TimeDelta, &str),
    maximum: Option<TimeDelta>,
) -> Result<Successor, Error> {
    let now = clock::now();
    may_be_regenerated(&old, now)?;
    let lifetime = match (old.lifetime(), maximum) {
        (Some(own), Some(maximum)) => Some(own.min(maximum)),
        (own, maximum) => own.or(maximum),
    };
    let expires_at = lifetime.map(|length| now + length);
    let (new, value) = make(conn, actor, account, &old.name, old.access, now, expires_at)?;
    let change = audit::begin(conn, actor)?;
    queries::replace(conn, &old.id, &new.id)?;
    if overlap.is_zero() {
        queries::revoke(conn, &old.id, now)?;
    } else {
        let end = now + overlap;
        queries::expire(conn, &old.id, old.expires_at.map_or(end, |own| own.min(end)))?;
    }
    let detail = serde_json::json!({
        "access": old.access.as_str(),
        "expires_at": expires_at.map(clock::written),
        "overlap": said,
        "successor": new.id,
    });
    change.record(conn, &event(verbs::TOKEN_REGENERATED, account, &old, detail))?;
    stop_predecessors(conn, &change, account, &old.id, now)?;
    queries::forget_predecessors(conn, &account.id, now, KEPT_PREDECESSORS)?;
    queries::keep_first_expiry(conn, &account.id)?;
    Ok(Successor { old: queries::find(conn, &account.id, &old.id)?, new, value })
}

fn may_be_regenerated(token: &Token, now: NaiveDateTime) -> Result<(), Error> {
    let why = if token.replaced_by.is_some() {
        "has been regenerated already: regenerate its successor"
    } else if token.revoked_at.is_some() {
        "has been revoked: create a new token"
    } else if token.is_expired(now) {
        "has expired: create a new token"
    } else {
        return Ok(());
    };
    Err(Error::Conflict(format!("The token {} {why}. Nothing was changed.", token.name)))
}

/// Stops the old value of a regenerated token before its overlap is over. `token` is the successor.
///
/// # Errors
/// `Forbidden`, `NotFound`, `Conflict` where no old value works any more.
pub fn finish(conn: &mut DbConnection, actor: &Principal, account: &Id, token: &str) -> Result<(), Error> {
    let account = within_reach(conn, actor, Kind::System, account)?;
    let token = queries::find(conn, &account.id, token)?;
    let change = audit::begin(conn, actor)?;
    if stop_predecessors(conn, &change, &account, &token.id, clock::now())? == 0 {
        return Err(Error::Conflict(format!("The old value of the token {} has stopped working already.", token.name)));
    }
    queries::keep_first_expiry(conn, &account.id)
}

/// Revokes a token, and with it the old value that may still work. Also how an expired one is taken off the page.
///
/// # Errors
/// `Forbidden`, `NotFound`, `Conflict` for a token that is revoked already.
pub fn revoke(conn: &mut DbConnection, actor: &Principal, account: &Id, token: &str) -> Result<Token, Error> {
    revoke_of(conn, actor, Kind::System, account, token)
}

/// [`revoke`] by the public id alone, and for accounts of both kinds: the command line.
///
/// # Errors
/// As [`revoke`].
pub fn revoke_by_id(conn: &mut DbConnection, actor: &Principal, token: &str) -> Result<Token, Error> {
    let begin = |kind| may_begin(actor, kind, Right::ManageTeam);
    begin(Kind::System).or_else(|refused| begin(Kind::User).map_err(|_| refused))?;
    let (account, kind) = queries::owner(conn, token)?;
    revoke_of(conn, actor, kind, &account, token)
}

fn revoke_of(conn: &mut DbConnection, actor: &Principal, kind: Kind, account: &Id, token: &str) -> Result<Token, Error> {
    let account = within_reach(conn, actor, kind, account)?;
    let token = queries::find(conn, &account.id, token)?;
    end(conn, actor, &account, token)
}

/// Revokes the token that the actor has proved itself by. It takes no permission.
///
/// # Errors
/// `Forbidden` for an actor without a token, `Conflict` where it has been revoked in the meantime.
pub fn revoke_own(conn: &mut DbConnection, actor: &Principal) -> Result<Token, Error> {
    let (account, token) = own(conn, actor)?;
    end(conn, actor, &account, token)
}

fn end(conn: &mut DbConnection, actor: &Principal, account: &Account, token: Token) -> Result<Token, Error> {
    if token.revoked_at.is_some() {
        return Err(Error::Conflict(format!("The token {} has been revoked already.", token.name)));
    }
    let now = clock::now();
    let change = audit::begin(conn, actor)?;
    stop(conn, &change, account, &token, now)?;
    stop_predecessors(conn, &change, account, &token.id, now)?;
    queries::keep_first_expiry(conn, &account.id)?;
    Ok(token)
}

/// Returns how many it stopped.
fn stop_predecessors(
    conn: &mut DbConnection,
    change: &Change,
    account: &Account,
    token: &str,
    now: NaiveDateTime,
) -> Result<usize, Error> {
    let living = queries::living_predecessors(conn, &account.id, token, now)?;
    living.iter().try_for_each(|old| stop(conn, change, account, old, now))?;
    Ok(living.len())
}

fn stop(conn: &mut DbConnection, change: &Change, account: &Account, token: &Token, now: NaiveDateTime) -> Result<(), Error> {
    queries::revoke(conn, &token.id, now)?;
    let detail = serde_json::json!({
        "access": token.access.as_str(),
        "expires_at": token.expires_at.map(clock::written),
        "replaced": token.replaced_by.is_some(),
    });
    change.record(conn, &event(verbs::TOKEN_REVOKED, account, token, detail))
}

fn make(
    conn: &mut DbConnection,
    actor: &Principal,
    account: &Account,
    name: &str,
    access: Access,
    now: NaiveDateTime,
    expires_at: Option<NaiveDateTime>,
) -> Result<(Token, TokenValue), Error> {
    let value = TokenValue::generate(access).map_err(|error| Error::Internal(format!("no randomness: {error}")))?;
    let token = Token {
        id: value.id().into(),
        account: account.id.clone(),
        name: name.into(),
        access,
        created_at: now,
        created_by_name: actor.name.clone(),
        expires_at,
        revoked_at: None,
        replaced_by: None,
        last_used_at: None,
        last_used_from: None,
        last_used_agent: None,
    };
    queries::insert(conn, &token, &value.digest())?;
    Ok((token, value))
}

fn event<'a>(verb: &'static str, account: &'a Account, token: &'a Token, detail: serde_json::Value) -> Event<'a> {
    Event {
        verb,
        target_kind: account.kind.as_str(),
        target_id: Some(&account.id),
        target_name: &account.name,
        object: Some((&token.id, &token.name)),
        detail,
    }
}

/// The account, if the actor may handle its tokens: all accounts of the kind, or those in the actor's own teams.
///
/// # Errors
/// `Forbidden`, before it is looked whether the account exists where the actor has no such right at all; `NotFound`, also
/// for one that the actor may not see.
pub fn within_reach(conn: &mut DbConnection, actor: &Principal, kind: Kind, account: &Id) -> Result<Account, Error> {
    may_begin(actor, kind, Right::ManageTeam)?;
    let found = accounts::queries::find(conn, kind, account)?;
    if !actor.may(kind.permission(Right::Manage)) && !is_colleague(conn, actor, account)? {
        return Err(out_of_reach(actor, kind, &found.name));
    }
    Ok(found)
}

/// Who sees a token's value can act as its account. So nobody is given one that changes Muster itself, or reads its audit
/// log, where they could not do so themselves. What the guarded API allows the account is not Muster's to weigh here.
fn may_hold_value(conn: &mut DbConnection, actor: &Principal, account: &Account) -> Result<(), Error> {
    if actor.is_administrator() {
        return Ok(());
    }
    let (_, permissions) = roles::queries::of_account(conn, &account.id)?;
    match permissions.iter().find(|permission| administers(permission) && !actor.permissions.allows(permission)) {
        None => Ok(()),
        Some(more) => Err(Error::forbidden(
            more.as_str(),
            format!("{} can do more in Muster than you can, so you can't have one of its tokens.", account.name),
        )),
    }
}

fn administers(permission: &Permission) -> bool {
    const OWN: [&str; 7] = ["authentication_settings", "role", "system_account", "system_preference", "team", "token", "user"];
    let harmless = permission.action() == "read" || permission.scope() == Some("own");
    permission.resource() == "audit" || (OWN.contains(&permission.resource()) && !harmless)
}
