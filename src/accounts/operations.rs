//! The verbs that a person would say of accounts. Each asks for permission first, then writes down what is to change, lets
//! the rules look at it, and carries it out, all in the caller's one transaction (`Database::write`).

use super::model::{AccountName, Email, Filter, Kind, NewAccount, Outcome, Right, Selection};
use super::queries::changes;
use super::queries::selection::Target;
use super::{model, queries};
use crate::audit::{self, Change, Event, verbs};
use crate::auth::principal::Principal;
use crate::database::DbConnection;
use crate::error::{Error, FieldError};
use crate::id::Id;
use crate::roles::{self, predefined};
use crate::teams;

mod rules;

pub use rules::{Plan, is_colleague, may_begin, may_take, out_of_reach};

/// What a change did, and the identity under which it can be taken back.
#[derive(Debug, Clone)]
pub struct Done {
    /// How many accounts it changed, and how many already were so.
    pub outcome: Outcome,
    /// The change, absent where nothing had to be changed.
    pub change: Option<Id>,
}

/// A system account as a form describes it; nothing of it has been checked.
#[derive(Debug, Clone, Default)]
pub struct Creation {
    /// Name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The roles it begins with.
    pub roles: Vec<Id>,
    /// The teams it belongs to.
    pub teams: Vec<Id>,
    /// The identity of the form that it came by, so that the same form creates nothing twice; `None` where it came by none.
    pub form: Option<Id>,
}

/// Creates a system account and returns its identity.
///
/// # Errors
/// `Forbidden`, `Invalid` (fields `name`, `description`, `role`, `team`), `Conflict` when the plan is full.
pub fn create_system_account(conn: &mut DbConnection, actor: &Principal, plan: &Plan, form: &Creation) -> Result<Id, Error> {
    actor.require(Kind::System.permission(Right::Manage), "Only Administrators can create system accounts.")?;
    let mut invalid = Vec::new();
    let name = checked(&mut invalid, "name", AccountName::parse(&form.name));
    let description = checked(&mut invalid, "description", model::description(&form.description));
    let (Some(name), Some(description)) = (name, description) else { return Err(Error::Invalid(invalid)) };
    let roles = grantable_roles(conn, actor, &form.roles)?;
    let teams = existing_teams(conn, &form.teams)?;
    let new = NewAccount { kind: Kind::System, name, description, email: None, password_hash: None };
    let id = insert(conn, actor, &new, &roles, &teams, form.form.as_ref())?;
    rules::plan_allows(conn, plan)?;
    Ok(id)
}

/// A user as the set-up page or the command line describes them.
#[derive(Debug, Clone, Default)]
pub struct UserCreation {
    /// Name.
    pub name: String,
    /// E-mail address.
    pub email: String,
    /// argon2id hash of their password, in PHC form; without one they are given a one-time link.
    pub password_hash: Option<String>,
    /// The roles they begin with.
    pub roles: Vec<Id>,
}

/// Creates a user and returns their identity.
///
/// # Errors
/// `Forbidden`, `Invalid` (fields `name`, `email`, `role`).
pub fn create_user(conn: &mut DbConnection, actor: &Principal, form: &UserCreation) -> Result<Id, Error> {
    actor.require(Kind::User.permission(Right::Manage), "Only Administrators can create users.")?;
    let mut invalid = Vec::new();
    let name = checked(&mut invalid, "name", AccountName::parse(&form.name));
    let email = checked(&mut invalid, "email", Email::parse(&form.email));
    let (Some(name), Some(email)) = (name, email) else { return Err(Error::Invalid(invalid)) };
    let roles = grantable_roles(conn, actor, &form.roles)?;
    let new = NewAccount {
        kind: Kind::User,
        name,
        description: String::new(),
        email: Some(email),
        password_hash: form.password_hash.clone(),
    };
    insert(conn, actor, &new, &roles, &[], None)
}

fn checked<T>(invalid: &mut Vec<FieldError>, field: &'static str, result: Result<T, String>) -> Option<T> {
    result.map_err(|message| invalid.push(FieldError { field, message })).ok()
}

fn insert(
    conn: &mut DbConnection,
    actor: &Principal,
    new: &NewAccount,
    roles: &[roles::Role],
    teams: &[teams::Team],
    form: Option<&Id>,
) -> Result<Id, Error> {
    let change = audit::begin_once(conn, actor, form)?;
    let id = Id::new();
    queries::insert(conn, &id, new, (actor.account.as_ref(), &actor.name))?;
    let names = |names: Vec<&str>| serde_json::Value::from(names);
    let created = Event {
        verb: verbs::ACCOUNT_CREATED,
        target_kind: new.kind.as_str(),
        target_id: Some(&id),
        target_name: new.name.as_str(),
        object: None,
        detail: serde_json::json!({
            "roles": names(roles.iter().map(|role| role.name.as_str()).collect()),
            "teams": names(teams.iter().map(|team| team.name.as_str()).collect()),
        }),
    };
    change.record(conn, &created)?;
    let target = Target::Accounts(new.kind, vec![id.clone()]);
    let role_ids: Vec<Id> = roles.iter().map(|role| role.id.clone()).collect();
    changes::note_roles_added(conn, &change, &target, &role_ids)?;
    let team_ids: Vec<Id> = teams.iter().map(|team| team.id.clone()).collect();
    changes::note_teams(conn, &change, true, &id, &team_ids)?;
    for tally in changes::tally(conn, &change)?.iter().filter(|tally| tally.verb != verbs::ACCOUNT_CREATED) {
        changes::carry_out(conn, &change, new.kind, tally)?;
    }
    Ok(id)
}

fn grantable_roles(conn: &mut DbConnection, actor: &Principal, ids: &[Id]) -> Result<Vec<roles::Role>, Error> {
    let found = existing_roles(conn, ids)?;
    found.iter().try_for_each(|role| rules::may_give(actor, role))?;
    Ok(found)
}

fn existing_roles(conn: &mut DbConnection, ids: &[Id]) -> Result<Vec<roles::Role>, Error> {
    let found = roles::queries::find(conn, ids)?;
    if ids.iter().any(|id| found.iter().all(|role| role.id != *id)) {
        return Err(Error::field("role", "One of these roles no longer exists."));
    }
    Ok(found)
}

fn existing_teams(conn: &mut DbConnection, ids: &[Id]) -> Result<Vec<teams::Team>, Error> {
    let found = teams::queries::find(conn, ids)?;
    if ids.iter().any(|id| found.iter().all(|team| team.id != *id)) {
        return Err(Error::field("team", "One of these teams no longer exists."));
    }
    Ok(found)
}

/// Gives a system account another name and description.
///
/// # Errors
/// `Forbidden`, `NotFound`, `Invalid` (fields `name`, `description`).
pub fn rename(conn: &mut DbConnection, actor: &Principal, id: &Id, name: &str, description: &str) -> Result<(), Error> {
    actor.require(Kind::System.permission(Right::Manage), "Only Administrators can rename system accounts.")?;
    let before = queries::find(conn, Kind::System, id)?;
    let mut invalid = Vec::new();
    let name = checked(&mut invalid, "name", AccountName::parse(name));
    let description = checked(&mut invalid, "description", model::description(description));
    let (Some(name), Some(description)) = (name, description) else { return Err(Error::Invalid(invalid)) };
    if before.name == name.as_str() && before.description == description {
        return Ok(());
    }
    queries::rename(conn, id, &name, &description)?;
    let renamed = Event {
        verb: verbs::ACCOUNT_RENAMED,
        target_kind: Kind::System.as_str(),
        target_id: Some(id),
        target_name: name.as_str(),
        object: None,
        detail: serde_json::json!({
            "before": {"name": before.name, "description": before.description},
            "after": {"name": name.as_str(), "description": description},
        }),
    };
    audit::begin(conn, actor)?.record(conn, &renamed)
}

/// Disables accounts: their tokens stop with the commit, and the sessions of users end.
///
/// # Errors
/// `Forbidden`; `Conflict` when the actor is among them or no administrator would remain; `NotFound`.
pub fn disable(conn: &mut DbConnection, actor: &Principal, kind: Kind, selection: &Selection) -> Result<Done, Error> {
    act(conn, actor, &Plan::unlimited(), kind, selection, Right::ManageTeam, |conn, change, target| {
        changes::note_state(conn, change, verbs::ACCOUNT_DISABLED, target, Some(false))
    })
}

/// Enables accounts.
///
/// # Errors
/// `Forbidden`; `Conflict` when the plan is full or a name is taken; `NotFound`.
pub fn enable(conn: &mut DbConnection, actor: &Principal, plan: &Plan, kind: Kind, selection: &Selection) -> Result<Done, Error> {
    act(conn, actor, plan, kind, selection, Right::ManageTeam, |conn, change, target| {
        changes::note_state(conn, change, verbs::ACCOUNT_ENABLED, target, Some(true))
    })
}

/// Deletes accounts for good, with their tokens, roles, teams and activity. The audit log keeps their names.
///
/// # Errors
/// `Forbidden`; `Conflict` when the actor is among them or no administrator would remain; `NotFound`.
pub fn delete(conn: &mut DbConnection, actor: &Principal, kind: Kind, selection: &Selection) -> Result<Done, Error> {
    act(conn, actor, &Plan::unlimited(), kind, selection, Right::Manage, |conn, change, target| {
        changes::note_state(conn, change, verbs::ACCOUNT_DELETED, target, None)
    })
}

/// Adds roles to accounts that lack them.
///
/// # Errors
/// `Forbidden` where a role grants more than the actor has; `Invalid` on `role`; `NotFound`.
pub fn add_roles(
    conn: &mut DbConnection,
    actor: &Principal,
    kind: Kind,
    selection: &Selection,
    roles: &[Id],
) -> Result<Done, Error> {
    change_roles(conn, actor, kind, selection, roles, changes::note_roles_added)
}

/// Removes roles from accounts that have them.
///
/// # Errors
/// `Forbidden`; `Invalid` on `role`; `Conflict` when no administrator would remain; `NotFound`.
pub fn remove_roles(
    conn: &mut DbConnection,
    actor: &Principal,
    kind: Kind,
    selection: &Selection,
    roles: &[Id],
) -> Result<Done, Error> {
    change_roles(conn, actor, kind, selection, roles, changes::note_roles_removed)
}

type NoteRoles = fn(&mut DbConnection, &Change, &Target, &[Id]) -> Result<i64, Error>;

fn change_roles(
    conn: &mut DbConnection,
    actor: &Principal,
    kind: Kind,
    selection: &Selection,
    roles: &[Id],
    note: NoteRoles,
) -> Result<Done, Error> {
    if roles.is_empty() {
        return Err(Error::field("role", "Choose at least one role."));
    }
    act(conn, actor, &Plan::unlimited(), kind, selection, Right::Manage, |conn, change, target| {
        existing_roles(conn, roles)?;
        note(conn, change, target, roles)
    })
}

/// Gives the role Administrator.
///
/// # Errors
/// As [`add_roles`].
pub fn make_administrator(conn: &mut DbConnection, actor: &Principal, kind: Kind, selection: &Selection) -> Result<Done, Error> {
    add_roles(conn, actor, kind, selection, &[predefined::ADMINISTRATOR.into()])
}

/// Takes the role Administrator.
///
/// # Errors
/// As [`remove_roles`].
pub fn remove_administrator(
    conn: &mut DbConnection,
    actor: &Principal,
    kind: Kind,
    selection: &Selection,
) -> Result<Done, Error> {
    remove_roles(conn, actor, kind, selection, &[predefined::ADMINISTRATOR.into()])
}

/// Which roles or teams one account is to have, as somebody ticked them on a form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edit {
    /// What it had when the form was drawn, if the form says so. What has been given or taken by others since stays so,
    /// unless the form changes the very same thing.
    pub shown: Option<Vec<Id>>,
    /// What is ticked.
    pub wanted: Vec<Id>,
}

impl Edit {
    /// To have these and no others.
    pub fn exactly(wanted: impl Into<Vec<Id>>) -> Self {
        Self { shown: None, wanted: wanted.into() }
    }

    /// What it gives and what it takes, of an account that has `held` now.
    fn differences(&self, held: Vec<Id>) -> (Vec<Id>, Vec<Id>) {
        let before = self.shown.clone().unwrap_or(held);
        let added = self.wanted.iter().filter(|id| !before.contains(id)).cloned().collect();
        let removed = before.into_iter().filter(|id| !self.wanted.contains(id)).collect();
        (added, removed)
    }
}

/// Gives one account the roles of an [`Edit`]. What follows from administering a team is left as it is.
///
/// # Errors
/// As [`add_roles`] and [`remove_roles`].
pub fn set_roles(conn: &mut DbConnection, actor: &Principal, kind: Kind, id: &Id, edit: &Edit) -> Result<Done, Error> {
    let one = Selection::Accounts(vec![id.clone()]);
    act(conn, actor, &Plan::unlimited(), kind, &one, Right::Manage, |conn, change, target| {
        let badges = roles::queries::badges(conn, std::slice::from_ref(id))?.remove(id).unwrap_or_default();
        existing_roles(conn, &edit.wanted)?;
        let derived: Id = predefined::TEAM_ADMINISTRATOR.into();
        let (added, mut removed) = edit.differences(badges.into_iter().map(|badge| badge.id).collect());
        removed.retain(|role| *role != derived);
        Ok(changes::note_roles_added(conn, change, target, &added)?
            + changes::note_roles_removed(conn, change, target, &removed)?)
    })
}

/// Puts one account into the teams of an [`Edit`].
///
/// # Errors
/// `Forbidden`, `NotFound`, `Invalid` on `team`.
pub fn set_teams(conn: &mut DbConnection, actor: &Principal, kind: Kind, id: &Id, edit: &Edit) -> Result<Done, Error> {
    let one = Selection::Accounts(vec![id.clone()]);
    act(conn, actor, &Plan::unlimited(), kind, &one, Right::Manage, |conn, change, _| {
        let teams = teams::queries::of_accounts(conn, std::slice::from_ref(id))?.remove(id).unwrap_or_default();
        existing_teams(conn, &edit.wanted)?;
        let (added, removed) = edit.differences(teams.into_iter().map(|team| team.id).collect());
        Ok(changes::note_teams(conn, change, true, id, &added)? + changes::note_teams(conn, change, false, id, &removed)?)
    })
}

/// The way of every change to a selection: permission, what is to change, rules, carrying out.
fn act(
    conn: &mut DbConnection,
    actor: &Principal,
    plan: &Plan,
    kind: Kind,
    selection: &Selection,
    needed: Right,
    note: impl FnOnce(&mut DbConnection, &Change, &Target) -> Result<i64, Error>,
) -> Result<Done, Error> {
    rules::may_begin(actor, kind, needed)?;
    let target = Target::resolve(conn, kind, selection)?;
    let selected = target.count(conn)?;
    if let Target::Accounts(_, ids) = &target
        && i64::try_from(ids.len()) != Ok(selected)
    {
        return Err(Error::NotFound(kind.noun()));
    }
    let change = audit::begin(conn, actor)?;
    if note(conn, &change, &target)? == 0 {
        rules::within_reach_of(conn, actor, kind, &target)?;
        change.discard(conn)?;
        return Ok(Done { outcome: Outcome { changed: 0, unchanged: selected }, change: None });
    }
    let changed = carry_out(conn, actor, plan, &change)?;
    Ok(Done { outcome: Outcome { changed, unchanged: selected - changed }, change: Some(change.id) })
}

/// Carries out what is written down of a change, and returns how many accounts it touches.
fn carry_out(conn: &mut DbConnection, actor: &Principal, plan: &Plan, change: &Change) -> Result<i64, Error> {
    let tallies = changes::tally(conn, change)?;
    for tally in &tallies {
        let kind = Kind::parse(&tally.kind).ok_or_else(|| Error::Internal(format!("an account of kind {}", tally.kind)))?;
        rules::before(conn, actor, change, kind, tally)?;
        changes::carry_out(conn, change, kind, tally)?;
        rules::after(conn, plan, change, kind, tally)?;
    }
    match tallies.as_slice() {
        [only] => Ok(only.accounts),
        _ => changes::touched(conn, change),
    }
}

/// What Undo did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Undone {
    /// Which kind of accounts it was about.
    pub kind: Kind,
    /// Accounts that are again as they were.
    pub accounts: i64,
    /// Things left alone because somebody changed them since, or because they are gone.
    pub left: i64,
}

/// Takes back exactly what `undone` changed, as far as nobody has changed it since.
///
/// # Errors
/// `NotFound` for a change of somebody else's, `Conflict` for one that has been undone, and whatever the opposite change
/// would be refused for.
pub fn undo(conn: &mut DbConnection, actor: &Principal, plan: &Plan, undone: &Id) -> Result<Undone, Error> {
    if !audit::queries::is_by(conn, undone, actor)? {
        return Err(Error::NotFound("change"));
    }
    let kind = changes::kind_of(conn, undone)?.ok_or(Error::NotFound("change"))?;
    rules::may_begin(actor, kind, Right::ManageTeam)?;
    let change = audit::begin_undo(conn, actor, undone)?;
    let left = changes::note_opposites(conn, &change, undone)?;
    let accounts = carry_out(conn, actor, plan, &change)?;
    if accounts == 0 {
        return Err(Error::Conflict("Nothing was undone: somebody has changed all of it since.".into()));
    }
    Ok(Undone { kind, accounts, left })
}

/// A fingerprint of the set that a filter means now, and its size: a confirmation holds for the set that was shown.
///
/// # Errors
/// The database's.
pub fn fingerprint(conn: &mut DbConnection, filter: &Filter) -> Result<(String, i64), Error> {
    use sha2::{Digest, Sha256};
    let ids = Target::resolve(conn, filter.kind, &Selection::Matching(filter.clone()))?.ids(conn)?;
    let mut digest = Sha256::new();
    for id in &ids {
        digest.update(id.as_str().as_bytes());
    }
    let print: String = digest.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    Ok((print, i64::try_from(ids.len()).unwrap_or(i64::MAX)))
}
