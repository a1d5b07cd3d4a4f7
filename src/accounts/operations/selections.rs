//! Selections: what somebody has selected, and what they are asked about it, kept for a day under an address of its own.
//!
//! "All that match" means the set that was shown: its fingerprint is kept, and where the set has changed since, nothing is
//! done. Only the one who asked can open a selection.

use chrono::TimeDelta;
use sha2::{Digest, Sha256};

use super::{Action, Done, Plan, hand_over, own, rules, run_on};
use crate::accounts::actions::{self, ActionParams};
use crate::accounts::model::{AccountFilter, Kind, Right, Selection};
use crate::accounts::queries::selection::Target;
use crate::accounts::queries::selections::{self as rows, SelectionRow};
use crate::auth::principal::Principal;
use crate::clock;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;

/// How long a selection is kept.
const KEPT: TimeDelta = TimeDelta::hours(24);

/// What is selected.
#[derive(Debug, Clone)]
pub enum SelectedSet {
    /// These accounts.
    Ticked(Vec<Id>),
    /// All that match the filter, which stands in an address so.
    All { filter: Box<AccountFilter>, query: String },
}

/// The accounts of a set, resolved once, and what they are told apart by from another set.
pub struct Resolved {
    pub target: Target,
    pub fingerprint: String,
    pub size: i64,
}

impl SelectedSet {
    pub fn resolve(&self, conn: &mut DbConnection, kind: Kind) -> Result<Resolved, Error> {
        match self {
            Self::Ticked(ids) => {
                let target = Target::resolve(conn, kind, &Selection::Accounts(ids.clone()))?;
                let Target::Accounts(_, ids) = &target else { return Err(Error::Internal("ticked accounts by a filter".into())) };
                let (fingerprint, size) = (print(ids.iter().map(Id::as_str)), i64::try_from(ids.len()).unwrap_or(i64::MAX));
                Ok(Resolved { target, fingerprint, size })
            }
            Self::All { filter, .. } => {
                let target = Target::resolve(conn, kind, &Selection::Matching(filter.as_ref().clone()))?;
                let ids = target.ids(conn)?;
                Ok(Resolved {
                    fingerprint: print(ids.iter().map(Id::as_str)),
                    size: i64::try_from(ids.len()).unwrap_or(i64::MAX),
                    target,
                })
            }
        }
    }
}

impl Resolved {
    /// What a question about the set shows: who they are, and what else the verb shows of them.
    pub fn print(&self, conn: &mut DbConnection, action: &Action) -> Result<String, Error> {
        let shown = action.verb.shows(conn, action.kind, &self.target)?;
        Ok(if shown.is_empty() {
            self.fingerprint.clone()
        } else {
            format!("{}-{}", self.fingerprint, print(shown.iter().map(String::as_str)))
        })
    }
}

/// A fingerprint of a set, by its identities in their order, or of other texts.
fn print<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut digest = Sha256::new();
    for text in texts {
        digest.update(text.as_bytes());
    }
    digest.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// A fingerprint of the set that a filter means now, and its size.
pub fn fingerprint(conn: &mut DbConnection, filter: &AccountFilter) -> Result<(String, i64), Error> {
    let all = SelectedSet::All { filter: Box::new(filter.clone()), query: String::new() };
    all.resolve(conn, filter.kind).map(|found| (found.fingerprint, found.size))
}

/// What a form asks for.
#[derive(Clone)]
pub struct Request {
    /// The form's own identity: sent twice, it finds what it did.
    pub form: Option<Id>,
    pub kind: Kind,
    /// What to do; nothing for a selection alone.
    pub action: Option<Action>,
    pub set: SelectedSet,
    /// The fingerprint of the set that was shown, where it is all that match.
    pub shown: Option<String>,
    /// The list that it was made on.
    pub back: String,
}

impl Request {
    /// To do something to one account, by no form around a list.
    pub fn of_one(action: &Action, id: &Id, back: &str) -> Self {
        let set = SelectedSet::Ticked(vec![id.clone()]);
        Self { form: None, kind: action.kind, action: Some(action.clone()), set, shown: None, back: back.to_owned() }
    }
}

/// What became of it.
pub enum SelectionOutcome {
    /// It is selected, and nothing else was asked for.
    Selected(Id),
    /// It has to be asked first.
    Asked(Id),
    /// The set is no longer the one that was shown: nothing was done.
    Changed(Id),
    /// It was done; what is said of it is to be noted by [`finish`].
    Done(Id, Box<Done>),
    /// The same form has done it before: what was said then.
    Before(Id, String),
}

/// Selects, asks, or does.
pub fn answer(conn: &mut DbConnection, actor: &Principal, plan: &Plan, request: &Request) -> Result<SelectionOutcome, Error> {
    let right = request.action.as_ref().map_or(Right::Manage, |action| action.verb.right());
    rules::may_begin(actor, request.kind, right)?;
    let found = request.set.resolve(conn, request.kind)?;
    let request = &with_losses(conn, actor, plan, request, &found)?;
    if request.shown.as_ref().is_some_and(|shown| *shown != found.fingerprint) {
        let again = Request { action: None, ..request.clone() };
        return Ok(SelectionOutcome::Changed(keep(conn, actor, &again, &found, Id::new())?));
    }
    let before = same(conn, actor, request, &found)?;
    let id = request.form.clone().filter(|_| before.is_none()).unwrap_or_else(Id::new);
    let id = if rows::exists(conn, &id)? { Id::new() } else { id };
    let Some(action) = &request.action else { return Ok(SelectionOutcome::Selected(keep(conn, actor, request, &found, id)?)) };
    if action.asks().is_some() {
        let gives = rules::existing_roles(conn, &action.verb.gives(&action.params))?;
        gives.iter().try_for_each(|role| rules::may_give(actor, role))?;
        return Ok(SelectionOutcome::Asked(match before {
            Some(row) if row.outcome.is_none() => row.id,
            _ => {
                // One that was never there is no question.
                let size = found.target.count(conn)?;
                found.target.missing(conn, size)?;
                keep(conn, actor, request, &found, id)?
            }
        }));
    }
    let done = run_on(conn, actor, plan, action, &found.target)?;
    match before.and_then(|row| Some((row.id, row.outcome?))) {
        Some((id, outcome)) if done.change.is_none() => Ok(SelectionOutcome::Before(id, outcome)),
        _ => Ok(SelectionOutcome::Done(keep(conn, actor, request, &found, id)?, Box::new(done))),
    }
}

/// The request with what the actor would lose by it, so that they are asked.
fn with_losses(
    conn: &mut DbConnection,
    actor: &Principal,
    plan: &Plan,
    request: &Request,
    found: &Resolved,
) -> Result<Request, Error> {
    let mut request = request.clone();
    if let Some(action) = &mut request.action {
        action.params.losses = own::losses(conn, actor, plan, action, &found.target)?;
    }
    Ok(request)
}

/// Has the actor asked first where they would lose permissions of their own. `None` where there is nothing to ask.
pub fn ask_of_own(conn: &mut DbConnection, actor: &Principal, plan: &Plan, request: &Request) -> Result<Option<Id>, Error> {
    let found = request.set.resolve(conn, request.kind)?;
    let request = with_losses(conn, actor, plan, request, &found)?;
    let asks = request.action.as_ref().is_some_and(|action| !action.params.losses.is_empty());
    asks.then(|| keep(conn, actor, &request, &found, Id::new())).transpose()
}

/// What the same form has asked for before, if it asked for the very same.
fn same(conn: &mut DbConnection, actor: &Principal, request: &Request, found: &Resolved) -> Result<Option<SelectionRow>, Error> {
    let (Some(form), Some(own)) = (&request.form, &actor.account) else { return Ok(None) };
    let wanted = row_of(request, found, form.clone());
    let known = rows::find(conn, own, form)?;
    Ok(known.filter(|row| (&row.verb, &row.params, &row.fingerprint) == (&wanted.verb, &wanted.params, &wanted.fingerprint)))
}

fn row_of(request: &Request, found: &Resolved, id: Id) -> SelectionRow {
    let params = request.action.as_ref().map(|action| action.params.clone()).unwrap_or_default();
    SelectionRow {
        id,
        kind: request.kind.as_str().into(),
        verb: request.action.as_ref().map_or("", |action| action.verb.word()).into(),
        params: serde_json::to_string(&params).unwrap_or_default(),
        filter: match &request.set {
            SelectedSet::Ticked(_) => None,
            SelectedSet::All { query, .. } => Some(query.clone()),
        },
        fingerprint: found.fingerprint.clone(),
        size: found.size,
        back: request.back.clone(),
        outcome: None,
    }
}

/// Keeps a selection, and forgets those that are over.
fn keep(conn: &mut DbConnection, actor: &Principal, request: &Request, found: &Resolved, id: Id) -> Result<Id, Error> {
    let own = actor.account.as_ref().ok_or(Error::Unauthenticated)?;
    rows::expire(conn)?;
    let ticked = match &request.set {
        SelectedSet::Ticked(ids) => ids.as_slice(),
        SelectedSet::All { .. } => &[],
    };
    let row = row_of(request, found, id);
    rows::insert(conn, &row, (own, clock::now() + KEPT), ticked)?;
    Ok(row.id)
}

/// The accounts of a form that was refused, so that they stay selected.
pub fn keep_selected(conn: &mut DbConnection, actor: &Principal, request: &Request) -> Result<Id, Error> {
    let alone = Request { action: None, ..request.clone() };
    let found = alone.set.resolve(conn, alone.kind)?;
    keep(conn, actor, &alone, &found, Id::new())
}

/// A selection that is opened again.
#[derive(Clone)]
pub struct OpenedSelection {
    pub row: SelectionRow,
    pub kind: Kind,
    /// What is asked about it.
    pub action: Option<Action>,
}

/// Opens a selection of one's own.
///
/// # Errors
/// `NotFound` for another's, and for one that is over.
pub fn open(conn: &mut DbConnection, actor: &Principal, id: &Id) -> Result<OpenedSelection, Error> {
    let own = actor.account.as_ref().ok_or(Error::Unauthenticated)?;
    let row = rows::find(conn, own, id)?.ok_or(Error::NotFound("selection"))?;
    let kind = Kind::parse(&row.kind).ok_or(Error::NotFound("selection"))?;
    let params: ActionParams = serde_json::from_str(&row.params).unwrap_or_default();
    let action = actions::named(&row.verb, kind).map(|verb| Action { verb, kind, params });
    Ok(OpenedSelection { row, kind, action })
}

/// What became of an answer.
#[derive(Debug)]
pub enum Confirmed {
    Done(Box<Done>),
    /// Others are meant than those that were shown. Nothing was done.
    OtherSet,
    /// Something else that was shown of them has changed. Nothing was done.
    Stale(&'static str),
}

/// Carries out what was asked, or `instead`, on the set that the question showed (`print`; nothing where nothing was asked), after
/// the system accounts of people who go have been given to a new `owner`, if one is named.
pub fn confirm(
    conn: &mut DbConnection,
    actor: &Principal,
    plan: &Plan,
    (action, set): (&Action, &SelectedSet),
    (print, owner): (Option<&str>, &str),
) -> Result<Confirmed, Error> {
    rules::may_begin(actor, action.kind, action.verb.right())?;
    let found = set.resolve(conn, action.kind)?;
    if let Some(print) = print {
        let (shown_set, shown_else) = print.split_once('-').map_or((print, false), |(set, _)| (set, true));
        if shown_set != found.fingerprint {
            return Ok(Confirmed::OtherSet);
        }
        // What was not asked about is not compared: "Disable instead".
        let now = found.print(conn, action)?;
        if shown_else && now.contains('-') && now != print {
            return Ok(Confirmed::Stale(action.verb.stale()));
        }
    }
    if action.verb.is_final() && action.kind == Kind::User && !owner.trim().is_empty() {
        hand_over(conn, actor, &found.target, owner)?;
    }
    run_on(conn, actor, plan, action, &found.target).map(|done| Confirmed::Done(Box::new(done)))
}
