//! Tokens that somebody chose: ticked in the list, all that match, or found in a text. What is chosen has an address of its
//! own for a day, as the accounts' selections have, so that reload and Back are harmless.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::accounts::model::{Kind, Right};
use crate::accounts::operations::may_handle_changed;
use crate::accounts::queries::selections::{self as kept, SelectionRow};
use crate::audit::{self, verbs};
use crate::auth::principal::{ActorKind, Principal};
use crate::clock;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::tokens::model::listing::{Reach, TokenFilter, TokenScope};
use crate::tokens::queries::revocation::{self, Chosen, Stopped};
use crate::tokens::queries::selection;
use crate::tokens::value::{TokenValue, digests_match};

/// How long a choice is kept.
const KEPT: TimeDelta = TimeDelta::hours(24);
/// The kind of these selections, which are of no accounts.
const KIND: &str = "token";
/// What [`SelectionRow::verb`] says of tokens that were found in a text.
const FOUND: &str = "find";

impl TokenScope {
    /// Whose tokens the actor may see and end.
    pub fn of(actor: &Principal) -> Self {
        let systems = if actor.may(Kind::System.permission(Right::Manage)) {
            Reach::All
        } else if actor.may(Kind::System.permission(Right::ManageTeam)) {
            Reach::OwnTeams
        } else {
            Reach::None
        };
        let own = actor.account.clone().filter(|_| actor.kind == ActorKind::User);
        Self { systems, users: actor.may(Kind::User.permission(Right::Manage)), own }
    }
}

/// Which tokens of the list.
#[derive(Debug, Clone)]
pub enum Which {
    Ticked(Vec<String>),
    /// All that match.
    All(Box<TokenFilter>),
}

/// What a text held that is not in the selection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Others {
    /// Whole tokens of accounts that the reader doesn't manage. Who holds a token may know that it is one.
    pub outside: usize,
    /// Nobody's, or (all the same) an ID without its secret of somebody whose tokens the reader doesn't see.
    pub unknown: usize,
}

/// Keeps what was chosen on the list at `back`.
pub fn choose(conn: &mut DbConnection, actor: &Principal, which: &Which, back: &str) -> Result<Id, Error> {
    let scope = TokenScope::of(actor);
    let id = keep(conn, actor, "", Others::default(), back)?;
    let chosen = match which {
        Which::Ticked(ids) => selection::insert(conn, &id, &scope, ids, true)?,
        Which::All(filter) => selection::insert_matching(conn, &id, (&scope, filter), clock::now())?,
    };
    if chosen == 0 {
        return Err(Error::field("id", "Select at least one token."));
    }
    Ok(id)
}

/// Keeps what a text held, by public IDs: neither the text nor a value of it. A value counts as found if it is right to the
/// last character. An ID with another secret, or without, counts if the reader sees that token anyway.
pub fn keep_found(conn: &mut DbConnection, actor: &Principal, found: &BTreeMap<String, Vec<TokenValue>>) -> Result<Id, Error> {
    let scope = TokenScope::of(actor);
    let ids: Vec<String> = found.keys().cloned().collect();
    let stored = selection::digests(conn, &ids)?;
    let is_whole = |id: &String| {
        let digest = stored.get(id);
        digest.is_some_and(|digest| found[id].iter().any(|value| digests_match(&value.digest(), digest)))
    };
    let (whole, other): (Vec<String>, Vec<String>) = ids.iter().cloned().partition(is_whole);
    let seen = selection::seen(conn, &scope, &ids)?;
    let unseen = |ids: &[String]| ids.iter().filter(|id| !seen.contains(*id)).count();
    let others = Others { outside: unseen(&whole), unknown: unseen(&other) };
    let id = keep(conn, actor, FOUND, others, "")?;
    selection::insert(conn, &id, &scope, &whole, true)?;
    selection::insert(conn, &id, &scope, &other, false)?;
    Ok(id)
}

fn written(others: Others) -> String {
    serde_json::to_string(&others).unwrap_or_default()
}

fn keep(conn: &mut DbConnection, actor: &Principal, verb: &str, others: Others, back: &str) -> Result<Id, Error> {
    let own = actor.account.as_ref().ok_or(Error::Unauthenticated)?;
    kept::expire(conn)?;
    let row = SelectionRow {
        id: Id::new(),
        kind: KIND.into(),
        verb: verb.into(),
        params: written(others),
        filter: None,
        fingerprint: String::new(),
        size: 0,
        back: back.into(),
        outcome: None,
    };
    kept::insert(conn, &row, (own, clock::now() + KEPT), &[])?;
    Ok(row.id)
}

/// A choice of one's own, opened again.
#[derive(Debug, Clone)]
pub struct OpenedChoice {
    pub id: Id,
    /// Whether it was found in a text.
    pub found: bool,
    pub others: Others,
    /// The list that it was made on; empty for a text.
    pub back: String,
}

/// Opens a choice.
///
/// # Errors
/// `NotFound` for another's, and for one that is over.
pub fn open(conn: &mut DbConnection, actor: &Principal, id: &Id) -> Result<OpenedChoice, Error> {
    let own = actor.account.as_ref().ok_or(Error::Unauthenticated)?;
    let row = kept::find(conn, own, id)?.filter(|row| row.kind == KIND).ok_or(Error::NotFound("selection"))?;
    let others = serde_json::from_str(&row.params).unwrap_or_default();
    Ok(OpenedChoice { id: row.id, found: row.verb == FOUND, others, back: row.back })
}

/// What was revoked, and how many of the chosen had been before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revoked {
    pub stopped: Stopped,
    pub before: i64,
}

/// Revokes the chosen tokens, or `only` some of them, and the old values of them that still work: all, or none where one is
/// out of the actor's reach. Some statements, whatever the number of tokens.
pub fn revoke(conn: &mut DbConnection, actor: &Principal, id: &Id, only: Option<&[String]>) -> Result<Revoked, Error> {
    let opened = open(conn, actor, id)?;
    let now = clock::now();
    let chosen = Chosen { selection: &opened.id, only, now };
    if let Some(name) = chosen.first_outside(conn, &TokenScope::of(actor))? {
        return Err(Error::forbidden("system_account:manage:*", format!("You can't revoke tokens of {name}.")));
    }
    let before = chosen.revoked_before(conn)?;
    let change = audit::begin(conn, actor)?;
    if chosen.write_events(conn, &change)? == 0 {
        change.discard(conn)?;
        return Ok(Revoked { stopped: Stopped::default(), before });
    }
    may_handle_changed(conn, actor, &change, verbs::TOKEN_REVOKED)?;
    revocation::carry_out(conn, &change, now)?;
    Ok(Revoked { stopped: revocation::stopped_by(conn, &change)?, before })
}
