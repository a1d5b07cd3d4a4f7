//! The verbs that a person would say of accounts. Each asks for permission first, then writes down what is to change, lets
//! the rules look at it, and carries it out, all in the caller's one transaction (`Database::write`).

use super::actions::{self, Action, Effect};
use super::model::{AccountName, Email, Kind, NewAccount, Outcome, Right, Selection};
use super::queries::changes::{self, Tally};
use super::queries::selection::Target;
use super::{model, queries};
use crate::audit::{self, Change, Event, verbs};
use crate::auth::principal::Principal;
use crate::database::DbConnection;
use crate::error::{Error, FieldError};
use crate::id::Id;
use crate::roles;
use crate::teams;

pub(super) mod rules;
pub mod selections;

pub use super::actions::Params as Edit;
use rules::Rule;
pub use rules::{Plan, covers, existing_teams, is_colleague, may_begin, may_take, out_of_reach, plan_allows};
pub use selections::fingerprint;

/// What a change did, and the identity under which it can be taken back.
#[derive(Debug, Clone)]
pub struct Done {
    /// How many accounts it changed, and how many already were so.
    pub outcome: Outcome,
    /// The change, absent where nothing had to be changed.
    pub change: Option<Id>,
    /// What it did, one for each kind of event.
    pub happened: Vec<Happened>,
    /// The names of what was chosen for it: roles, teams.
    pub names: Vec<String>,
    /// The name of the account that already was so, where it was one among others.
    pub left_name: Option<String>,
    /// The names of those that were meant, and have been deleted meanwhile.
    pub missing: Vec<String>,
}

/// What a change did by events of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happened {
    pub event: String,
    pub accounts: i64,
    /// The account's name, where it was one.
    pub only: Option<String>,
    /// The names of what was given or taken.
    pub objects: Vec<String>,
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
    actor.require(Kind::System.permission(Right::Manage), "Only administrators can create system accounts.")?;
    let mut invalid = Vec::new();
    let name = checked(&mut invalid, "name", AccountName::parse(&form.name));
    let description = checked(&mut invalid, "description", model::description(&form.description));
    let (Some(name), Some(description)) = (name, description) else { return Err(Error::Invalid(invalid)) };
    let roles = grantable_roles(conn, actor, &form.roles)?;
    let teams = rules::existing_teams(conn, &form.teams)?;
    let new = NewAccount { kind: Kind::System, name, description, email: None, password_hash: None };
    let id = insert(conn, actor, &new, &roles, &teams, form.form.as_ref())?;
    rules::plan_allows(conn, plan, Kind::System)?;
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

/// Creates a user with a password, and returns their identity. Who limits the users asks [`plan_allows`] then.
///
/// # Errors
/// `Forbidden`, `Invalid` (fields `name`, `email`, `role`).
pub fn create_user(conn: &mut DbConnection, actor: &Principal, form: &UserCreation) -> Result<Id, Error> {
    actor.require(Kind::User.permission(Right::Manage), "Only administrators can create users.")?;
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
    let team_ids: Vec<Id> = teams.iter().map(|team| team.id.clone()).collect();
    give_and_place(conn, &change, &target, &role_ids, &team_ids)?;
    Ok(id)
}

/// Gives new accounts, all of one change, their roles and puts them into their teams.
pub fn give_and_place(
    conn: &mut DbConnection,
    change: &Change,
    target: &Target,
    roles: &[Id],
    teams: &[Id],
) -> Result<(), Error> {
    let Target::Accounts(kind, ids) = target else { return Err(Error::Internal("new accounts by a filter".into())) };
    changes::note_roles_added(conn, change, target, roles)?;
    changes::note_teams(conn, change, (changes::MEMBERSHIP, true), Some(ids), teams)?;
    let given = [verbs::ROLE_ADDED, verbs::TEAM_ADDED];
    for tally in changes::tally(conn, &change.id)?.iter().filter(|tally| given.contains(&tally.verb.as_str())) {
        (Effect::of(&tally.verb)?.carry_out)(conn, change, *kind, tally.events)?;
    }
    Ok(())
}

/// The roles that a form chose, if the actor may give them all.
pub fn grantable_roles(conn: &mut DbConnection, actor: &Principal, ids: &[Id]) -> Result<Vec<roles::Role>, Error> {
    let found = rules::existing_roles(conn, ids)?;
    found.iter().try_for_each(|role| rules::may_give(actor, role))?;
    Ok(found)
}

/// Gives an account another name and description.
///
/// # Errors
/// `Forbidden`, `NotFound`, `Invalid` (fields `name`, `description`).
pub fn rename(
    conn: &mut DbConnection,
    actor: &Principal,
    kind: Kind,
    id: &Id,
    (name, description): (&str, &str),
) -> Result<(), Error> {
    let sentence = format!("Only administrators can rename {}.", kind.plural());
    actor.require(kind.permission(Right::Manage), &sentence)?;
    let before = queries::find(conn, kind, id)?;
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
        target_kind: kind.as_str(),
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

/// Does something to accounts: permission, what is to change, rules, carrying out.
///
/// # Errors
/// `Forbidden`, `NotFound`, and the conflicts that the verb's rules know.
pub fn run(
    conn: &mut DbConnection,
    actor: &Principal,
    plan: &Plan,
    action: &Action,
    selection: &Selection,
) -> Result<Done, Error> {
    rules::may_begin(actor, action.kind, action.verb.right())?;
    let target = Target::resolve(conn, action.kind, selection)?;
    run_on(conn, actor, plan, action, &target)
}

/// [`run`], where it is known already which accounts are meant.
pub fn run_on(conn: &mut DbConnection, actor: &Principal, plan: &Plan, action: &Action, target: &Target) -> Result<Done, Error> {
    rules::may_begin(actor, action.kind, action.verb.right())?;
    let selected = target.count(conn)?;
    let missing = target.missing(conn, selected)?;
    let change = audit::begin(conn, actor)?;
    let mut done = Done {
        outcome: Outcome { changed: 0, unchanged: selected },
        change: None,
        happened: Vec::new(),
        names: roles::queries::find(conn, &action.params.chosen)?.into_iter().map(|role| role.name).collect(),
        left_name: None,
        missing,
    };
    if action.verb.events(conn, &change, target, &action.params)? == 0 {
        rules::within_reach_of(conn, actor, action.kind, target)?;
        change.discard(conn)?;
        return Ok(done);
    }
    let tallies = carry_out(conn, actor, plan, &change)?;
    let changed = touched(conn, &change, &tallies)?;
    done.outcome = Outcome { changed, unchanged: selected - changed };
    // Asked whether it was one or many: the number of statements must not tell.
    if done.outcome.unchanged > 0 {
        let first = target.first_name(conn, |sql| changes::untouched(sql, &change))?;
        done.left_name = first.filter(|_| done.outcome.unchanged == 1);
    }
    done.happened = happened(conn, &change, &tallies)?;
    done.change = Some(change.id);
    Ok(done)
}

/// Carries out what is written down of a change, and returns what it was.
fn carry_out(conn: &mut DbConnection, actor: &Principal, plan: &Plan, change: &Change) -> Result<Vec<Tally>, Error> {
    let tallies = changes::tally(conn, &change.id)?;
    for tally in &tallies {
        let kind = Kind::parse(&tally.kind).ok_or_else(|| Error::Internal(format!("an account of kind {}", tally.kind)))?;
        let effect = Effect::of(&tally.verb)?;
        let rule = Rule { actor, plan, change, kind, event: &tally.verb, accounts: tally.accounts };
        rules::within_rights(conn, &rule, effect.in_own_teams)?;
        (effect.before)(conn, &rule)?;
        (effect.carry_out)(conn, change, kind, tally.events)?;
        (effect.after)(conn, &rule)?;
    }
    Ok(tallies)
}

/// How many accounts a change touches.
fn touched(conn: &mut DbConnection, change: &Change, tallies: &[Tally]) -> Result<i64, Error> {
    match tallies {
        [only] => Ok(only.accounts),
        _ => changes::touched(conn, change),
    }
}

fn happened(conn: &mut DbConnection, change: &Change, tallies: &[Tally]) -> Result<Vec<Happened>, Error> {
    let objects = changes::objects(conn, change)?;
    let of = |tally: &Tally| {
        let objects = objects.iter().filter(|(event, _)| *event == tally.verb).map(|(_, name)| name.clone()).collect();
        let only = if tally.accounts == 1 { Some(changes::first_name(conn, change, &tally.verb)?) } else { None };
        Ok(Happened { event: tally.verb.clone(), accounts: tally.accounts, only, objects })
    };
    tallies.iter().map(of).collect()
}

/// Disables accounts: their tokens stop with the commit, and the sessions of users end.
pub fn disable(conn: &mut DbConnection, actor: &Principal, kind: Kind, selection: &Selection) -> Result<Done, Error> {
    run(conn, actor, &Plan::unlimited(), &Action::new(&actions::disable::Disable, kind), selection)
}

/// Enables accounts.
pub fn enable(conn: &mut DbConnection, actor: &Principal, plan: &Plan, kind: Kind, selection: &Selection) -> Result<Done, Error> {
    run(conn, actor, plan, &Action::new(&actions::enable::Enable, kind), selection)
}

/// Deletes accounts for good, with their tokens, roles, teams and activity. The audit log keeps their names.
pub fn delete(conn: &mut DbConnection, actor: &Principal, kind: Kind, selection: &Selection) -> Result<Done, Error> {
    run(conn, actor, &Plan::unlimited(), &Action::new(&actions::delete::Delete, kind), selection)
}

/// Adds roles to accounts that lack them.
pub fn add_roles(
    conn: &mut DbConnection,
    actor: &Principal,
    kind: Kind,
    selection: &Selection,
    roles: &[Id],
) -> Result<Done, Error> {
    run(conn, actor, &Plan::unlimited(), &Action::with(&actions::add_role::AddRole, kind, roles), selection)
}

/// Removes roles from accounts that have them.
pub fn remove_roles(
    conn: &mut DbConnection,
    actor: &Principal,
    kind: Kind,
    selection: &Selection,
    roles: &[Id],
) -> Result<Done, Error> {
    run(conn, actor, &Plan::unlimited(), &Action::with(&actions::remove_role::RemoveRole, kind, roles), selection)
}

/// Gives the role Administrator.
pub fn make_administrator(conn: &mut DbConnection, actor: &Principal, kind: Kind, selection: &Selection) -> Result<Done, Error> {
    run(conn, actor, &Plan::unlimited(), &Action::new(&actions::make_administrator::MakeAdministrator, kind), selection)
}

/// Takes the role Administrator.
pub fn remove_administrator(
    conn: &mut DbConnection,
    actor: &Principal,
    kind: Kind,
    selection: &Selection,
) -> Result<Done, Error> {
    run(conn, actor, &Plan::unlimited(), &Action::new(&actions::remove_administrator::RemoveAdministrator, kind), selection)
}

/// Gives one account the roles of an edit.
pub fn set_roles(conn: &mut DbConnection, actor: &Principal, kind: Kind, id: &Id, edit: &Edit) -> Result<Done, Error> {
    let one = Selection::Accounts(vec![id.clone()]);
    run(conn, actor, &Plan::unlimited(), &Action { verb: &actions::edit_roles::EditRoles, kind, params: edit.clone() }, &one)
}

/// Puts one account into the teams of an edit.
pub fn set_teams(conn: &mut DbConnection, actor: &Principal, kind: Kind, id: &Id, edit: &Edit) -> Result<Done, Error> {
    let one = Selection::Accounts(vec![id.clone()]);
    run(conn, actor, &Plan::unlimited(), &Action { verb: &actions::edit_teams::EditTeams, kind, params: edit.clone() }, &one)
}

/// What Undo did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undone {
    pub kind: Kind,
    /// What it did to take the change back, one for each kind of event.
    pub happened: Vec<Happened>,
    /// Things left alone because somebody changed them since, or because they are gone.
    pub left: i64,
}

/// Takes back exactly what `undone` changed, as far as nobody has changed it since.
///
/// # Errors
/// `NotFound` for a change of somebody else's and for one that cannot be taken back, such as a creation; `Conflict` for one
/// that has been undone; and whatever the opposite change would be refused for.
pub fn undo(conn: &mut DbConnection, actor: &Principal, plan: &Plan, undone: &Id) -> Result<Undone, Error> {
    if !audit::queries::is_by(conn, undone, actor)? {
        return Err(Error::NotFound("change"));
    }
    let kind = kind_of(conn, undone)?;
    rules::may_begin(actor, kind, Right::ManageTeam)?;
    let change = audit::begin_undo(conn, actor, undone)?;
    let left = changes::note_opposites(conn, &change, undone, &Effect::reversals())?;
    let tallies = carry_out(conn, actor, plan, &change)?;
    if tallies.is_empty() {
        return Err(Error::Conflict("Couldn't undo: someone has changed these since.".into()));
    }
    Ok(Undone { kind, happened: happened(conn, &change, &tallies)?, left })
}

/// Which kind of accounts a change is about, all of which can be taken back.
fn kind_of(conn: &mut DbConnection, change: &Id) -> Result<Kind, Error> {
    let tallies = changes::tally(conn, change)?;
    let reversible = |tally: &Tally| Effect::of(&tally.verb).is_ok_and(|effect| effect.reversal.is_some());
    let kind = tallies.first().filter(|_| tallies.iter().all(reversible)).and_then(|tally| Kind::parse(&tally.kind));
    kind.ok_or(Error::NotFound("change"))
}
