//! What people do with tokens. Each operation checks the permission first, and writes its audit event in the transaction of
//! the change. A token's value is returned once, by the operation that created it.

use std::collections::HashMap;

use chrono::{NaiveDateTime, TimeDelta};

use super::model::{Expiry, Token, TokenName};
use super::value::{Access, TokenValue};
use super::{policy, queries};
use crate::accounts::model::{Account, Kind, Right};
use crate::accounts::operations::{is_colleague, may_begin, out_of_reach};
use crate::audit::{self, Event, verbs};
use crate::auth::principal::{ActorKind, Means, Principal};
use crate::clock;
use crate::database::DbConnection;
use crate::error::{Error, FieldError};
use crate::id::Id;
use crate::roles::operations::reach::Reached;
use crate::roles::permission::{Permission, PermissionSet};
use crate::{accounts, roles, teams};

pub mod chosen;
pub mod own;
mod regenerate;
mod revoke;
pub mod values;

pub use regenerate::{Successor, finish, regenerate, regenerate_own};
pub use revoke::{revoke, revoke_by_id, revoke_of, revoke_own};

/// A new token as a form or the command line describes it. It is validated after the permission check, so nobody without
/// permission learns what is wrong with it, and all errors are reported together.
#[derive(Debug, Clone)]
pub struct TokenCreation {
    pub name: String,
    /// `None` if it was missing or invalid.
    pub access: Option<Access>,
    pub expiry: Result<Expiry, FieldError>,
}

/// Creates a token for a system account. A disabled account can have one too; it works once the account is enabled.
/// `maximum` is the longest lifetime allowed.
///
/// # Errors
/// `Conflict` while token creation is paused.
pub fn create(
    conn: &mut DbConnection,
    actor: &Principal,
    account: &Id,
    form: &TokenCreation,
    maximum: Option<TimeDelta>,
) -> Result<(Token, TokenValue), Error> {
    create_once(conn, actor, account, form, maximum, None)
}

/// [`create`] for a form with an identity: submitting the same form again creates nothing.
///
/// # Errors
/// `Conflict` if the form has already created its token.
pub fn create_once(
    conn: &mut DbConnection,
    actor: &Principal,
    account: &Id,
    form: &TokenCreation,
    maximum: Option<TimeDelta>,
    once: Option<&Id>,
) -> Result<(Token, TokenValue), Error> {
    let account = within_reach(conn, actor, Kind::System, account)?;
    may_hold_value(conn, actor, &account)?;
    create_for(conn, actor, &account, form, maximum, once)
}

/// What an account can do by those that it handles in teams of its own, and the actor could not.
fn beyond_in_other_teams(
    conn: &mut DbConnection,
    actor: &Principal,
    account: &Account,
    permissions: PermissionSet,
) -> Result<Option<Permission>, Error> {
    let reached = Reached::by(conn, &HashMap::from([(account.id.clone(), permissions)]))?;
    match reached.beyond(&actor.permissions, &account.id) {
        Some(beyond) if teams::queries::is_elsewhere(conn, &account.id, actor.account.as_ref())? => Ok(Some(beyond.clone())),
        _ => Ok(None),
    }
}

/// The token of this account that the form has created before, if it is sent again: its value still waits on its page.
pub fn made_before(conn: &mut DbConnection, actor: &Principal, account: &Id, form: Option<&Id>) -> Result<Option<String>, Error> {
    let made = audit::queries::made_before(conn, actor, form, verbs::TOKEN_CREATED)?;
    Ok(made.and_then(|(target, token)| token.filter(|_| target.as_ref() == Some(account))))
}

fn create_for(
    conn: &mut DbConnection,
    actor: &Principal,
    account: &Account,
    form: &TokenCreation,
    maximum: Option<TimeDelta>,
    once: Option<&Id>,
) -> Result<(Token, TokenValue), Error> {
    policy::must_be_open(conn)?;
    let now = clock::now();
    let mut invalid = Vec::new();
    let mut fault = |error: FieldError| invalid.push(error);
    let name = TokenName::parse(&form.name).map_err(|message| fault(FieldError { field: "name", message })).ok();
    if form.access.is_none() {
        fault(FieldError { field: "access", message: "Choose read-only or read-write.".into() });
    }
    let expires_at = form.expiry.clone().and_then(|expiry| expiry.moment(now, maximum)).map_err(fault).ok();
    let (Some(name), Some(access), Some(expires_at)) = (name, form.access, expires_at) else {
        return Err(Error::Invalid(invalid));
    };
    let change = audit::begin_once(conn, actor, once)?;
    let made = make(conn, actor, account, name.as_str(), access, now, expires_at)?;
    queries::expiry::keep_first_expiry(conn, &account.id)?;
    let detail = serde_json::json!({ "access": access.as_str(), "expires_at": expires_at.map(clock::written) });
    change.record(conn, &event(verbs::TOKEN_CREATED, account, &made.0, detail))?;
    Ok(made)
}

/// The token that the actor authenticated with, and its account.
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

/// The account, if the actor may manage its tokens: any account of the kind, or those in the actor's own teams.
///
/// # Errors
/// `Forbidden`, before looking the account up, if the actor has no such right at all. `NotFound` also for an account that
/// the actor can't see.
pub fn within_reach(conn: &mut DbConnection, actor: &Principal, kind: Kind, account: &Id) -> Result<Account, Error> {
    may_begin(actor, kind, Right::ManageTeam)?;
    let found = accounts::queries::find(conn, kind, account)?;
    if !actor.may(kind.permission(Right::Manage)) && !is_colleague(conn, actor, account)? {
        return Err(out_of_reach(actor, kind, &found.name));
    }
    Ok(found)
}

/// Whoever sees a token's value can act as its account. Nobody gets one that can change Muster itself, or read its audit
/// log, in ways they can't. Permissions of the API behind the gateway don't matter here.
pub fn may_hold_value(conn: &mut DbConnection, actor: &Principal, account: &Account) -> Result<(), Error> {
    if actor.is_administrator() {
        return Ok(());
    }
    let (_, permissions) = roles::queries::of_account(conn, &account.id)?;
    let more = permissions.iter().find(|permission| permission.administers() && !actor.permissions.allows(permission)).cloned();
    match more.or(beyond_in_other_teams(conn, actor, account, permissions)?) {
        None => Ok(()),
        Some(more) => Err(Error::forbidden(
            more.as_str(),
            format!("{} can do more in Muster than you can, so you can't have one of its tokens.", account.name),
        )),
    }
}
