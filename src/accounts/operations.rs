//! The verbs that a person would say of accounts. Each asks for permission first, then writes down what is to change, lets
//! the rules look at it, and carries it out, all in the caller's one transaction (`Database::write`).

use super::actions::{self, Action, Effect, Typed};
use super::model::{ChangeCount, Kind, Right, Selection};
use super::queries::administrators::Administrators;
use super::queries::changes;
use super::queries::changes::Tally;
use super::queries::conditions::Condition;
use super::queries::selection::Target;
use crate::audit::{self, Change, verbs};
use crate::auth::principal::Principal;
use crate::database::DbConnection;
use crate::error::{Error, FieldError};
use crate::id::Id;
use crate::roles;

mod contact;
mod creation;
mod handling;
mod own;
mod rename;
pub(super) mod rules;
pub mod selections;
mod undo;

pub use super::actions::ActionParams;
pub use contact::set_contact;
pub use creation::{
    AccountCreation, UserCreation, create_system_account, create_user, created_before, give_and_place, grantable_roles,
};
pub use handling::{may_become, may_handle, may_handle_changed};
pub use rename::{Renaming, rename};
use rules::Rule;
pub use rules::{Plan, existing_teams, is_colleague, may_begin, may_take, out_of_reach, plan_allows};
pub use selections::fingerprint;
pub use undo::{Undone, undo};

/// What a change did, and the identity under which it can be taken back.
#[derive(Debug, Clone)]
pub struct Done {
    /// How many accounts it changed, and how many already were so.
    pub outcome: ChangeCount,
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
    /// Whether it took roles that the actor can't give back.
    pub is_one_way: bool,
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

fn checked<T>(invalid: &mut Vec<FieldError>, field: &'static str, result: Result<T, String>) -> Option<T> {
    result.map_err(|message| invalid.push(FieldError { field, message })).ok()
}

/// Takes in what was typed where an action asked.
///
/// # Errors
/// `Forbidden`, and what the verb says against it.
pub fn fill_in(conn: &mut DbConnection, actor: &Principal, action: &mut Action, typed: &str) -> Result<(), Error> {
    rules::may_begin(actor, action.kind, action.verb.right())?;
    match action.verb.fill_in(conn, &mut action.params, typed) {
        Ok(()) => may_choose_user(actor, action),
        Err(Error::Invalid(_)) if !sees_users(actor) => Err(only_oneself()),
        failed => failed,
    }
}

/// Whether there is a user whom somebody chooses is for those who may see users. Others choose themselves.
fn may_choose_user(actor: &Principal, action: &Action) -> Result<(), Error> {
    let is_free = action.typed() != Typed::User || sees_users(actor) || action.params.chosen.iter().all(|id| actor.is(id));
    if is_free { Ok(()) } else { Err(only_oneself()) }
}

fn sees_users(actor: &Principal) -> bool {
    actor.may(Kind::User.permission(Right::Read))
}

fn only_oneself() -> Error {
    let sentence = "You can't see users, so you can only become the owner yourself. Enter your own e-mail address, or ask an \
                    administrator.";
    Error::field("owner", sentence)
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
    may_choose_user(actor, action)?;
    let selected = target.count(conn)?;
    let missing = target.missing(conn, selected)?;
    let change = audit::begin(conn, actor)?;
    let mut done = Done {
        outcome: ChangeCount { changed: 0, unchanged: selected },
        change: None,
        happened: Vec::new(),
        names: roles::queries::find(conn, &action.params.chosen)?.into_iter().map(|role| role.name).collect(),
        left_name: None,
        missing,
        is_one_way: false,
    };
    if action.verb.events(conn, &change, target, &action.params)? == 0 {
        rules::within_reach_of(conn, actor, action.kind, target)?;
        change.discard(conn)?;
        return Ok(done);
    }
    let tallies = carry_out(conn, actor, plan, &change, selected)?;
    let changed = touched(conn, &change, &tallies)?;
    done.outcome = ChangeCount { changed, unchanged: selected - changed };
    // Asked whether it was one or many: the number of statements must not tell.
    if done.outcome.unchanged > 0 {
        let first = target.first_with(conn, Condition::UntouchedBy(&change, &tallies))?;
        done.left_name = first.filter(|_| done.outcome.unchanged == 1);
    }
    done.happened = happened(conn, &change, &tallies)?;
    if !actor.is_administrator() && tallies.iter().any(|tally| tally.verb == verbs::ROLE_REMOVED) {
        let taken = changes::roles_of(conn, &change, verbs::ROLE_REMOVED)?;
        done.is_one_way = taken.iter().any(|role| !actor.may_grant(&role.permissions));
    }
    done.change = Some(change.id);
    Ok(done)
}

/// Carries out what is written down of a change, and returns what it was.
fn carry_out(
    conn: &mut DbConnection,
    actor: &Principal,
    plan: &Plan,
    change: &Change,
    selected: i64,
) -> Result<Vec<Tally>, Error> {
    let tallies = changes::tally(conn, &change.id)?;
    let of_users = tallies.iter().any(|tally| tally.kind == Kind::User.as_str());
    let administrators = if of_users { Administrators::before(conn)? } else { Administrators::untouched() };
    for tally in &tallies {
        let kind = Kind::parse(&tally.kind).ok_or_else(|| Error::Internal(format!("an account of kind {}", tally.kind)))?;
        let effect = Effect::of(&tally.verb)?;
        let rule = Rule { actor, plan, change, kind, event: &tally.verb, accounts: tally.accounts, selected, administrators };
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
pub fn set_roles(conn: &mut DbConnection, actor: &Principal, kind: Kind, id: &Id, edit: &ActionParams) -> Result<Done, Error> {
    let one = Selection::Accounts(vec![id.clone()]);
    run(conn, actor, &Plan::unlimited(), &Action { verb: &actions::edit_roles::EditRoles, kind, params: edit.clone() }, &one)
}

/// Puts one account into the teams of an edit.
pub fn set_teams(conn: &mut DbConnection, actor: &Principal, kind: Kind, id: &Id, edit: &ActionParams) -> Result<Done, Error> {
    let one = Selection::Accounts(vec![id.clone()]);
    run(conn, actor, &Plan::unlimited(), &Action { verb: &actions::edit_teams::EditTeams, kind, params: edit.clone() }, &one)
}

/// Has the user who is `called` so answer for a system account.
///
/// # Errors
/// `Forbidden`, `NotFound`, `Invalid` (field `owner`).
pub fn set_owner(conn: &mut DbConnection, actor: &Principal, id: &Id, called: &str) -> Result<Done, Error> {
    let mut action = Action::new(&actions::set_owner::SetOwner, Kind::System);
    fill_in(conn, actor, &mut action, called)?;
    run(conn, actor, &Plan::unlimited(), &action, &Selection::Accounts(vec![id.clone()]))
}

/// Gives all system accounts that some users own to another one, who is `called` so.
///
/// # Errors
/// `Forbidden`, `Invalid` (field `owner`).
pub fn hand_over(conn: &mut DbConnection, actor: &Principal, users: &Target, called: &str) -> Result<(), Error> {
    let mut action = Action::new(&actions::set_owner::SetOwner, Kind::System);
    fill_in(conn, actor, &mut action, called)?;
    for chosen in &action.params.chosen {
        if users.contains(conn, chosen)? {
            return Err(Error::field("owner", "Choose someone who isn't being removed."));
        }
    }
    run_on(conn, actor, &Plan::unlimited(), &action, &Target::OwnedBy(Box::new(users.clone()))).map(drop)
}
