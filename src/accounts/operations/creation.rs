//! How accounts are created.

use super::checked;
use super::contact::contact;
use super::rules::{self, Plan};
use crate::accounts::actions::Effect;
use crate::accounts::model::{self, AccountName, Email, Kind, NewAccount, Right};
use crate::accounts::queries;
use crate::accounts::queries::changes;
use crate::accounts::queries::selection::Target;
use crate::audit::{self, Change, Event, verbs};
use crate::auth::principal::{ActorKind, Principal};
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::{roles, teams};

/// A system account as a form describes it; nothing of it has been checked.
#[derive(Debug, Clone, Default)]
pub struct AccountCreation {
    /// Name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The address of whom to ask about it; may be empty.
    pub email: String,
    /// Whether it begins disabled.
    pub disabled: bool,
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
/// `Forbidden`, `Invalid` (fields `name`, `description`, `email`, `role`, `team`), `Conflict` when the plan is full.
pub fn create_system_account(
    conn: &mut DbConnection,
    actor: &Principal,
    plan: &Plan,
    form: &AccountCreation,
) -> Result<Id, Error> {
    actor.require(Kind::System.permission(Right::Manage), "Only administrators can create system accounts.")?;
    let mut invalid = Vec::new();
    let name = checked(&mut invalid, "name", AccountName::parse(&form.name));
    let description = checked(&mut invalid, "description", model::description(&form.description));
    let email = contact(&mut invalid, &form.email);
    let (Some(name), Some(description), Some(email)) = (name, description, email) else { return Err(Error::Invalid(invalid)) };
    let roles = grantable_roles(conn, actor, &form.roles)?;
    let teams = rules::existing_teams(conn, &form.teams)?;
    // A machine that creates another one does not answer for it.
    let owner = actor.account.clone().filter(|_| actor.kind == ActorKind::User);
    let new = NewAccount { kind: Kind::System, name, description, email, password_hash: None, owner, disabled: form.disabled };
    let id = insert(conn, actor, &new, &roles, &teams, form.form.as_ref())?;
    if !form.disabled {
        rules::plan_allows(conn, plan, Kind::System, 1)?;
    }
    Ok(id)
}

/// The system account that the form has created before, if it is sent again and the account is still there.
pub fn created_before(conn: &mut DbConnection, actor: &Principal, form: Option<&Id>) -> Result<Option<Id>, Error> {
    let Some((Some(id), _)) = audit::queries::made_before(conn, actor, form, verbs::ACCOUNT_CREATED)? else { return Ok(None) };
    match queries::find(conn, Kind::System, &id) {
        Ok(account) => Ok(Some(account.id)),
        Err(Error::NotFound(_) | Error::Gone(_)) => Ok(None),
        Err(error) => Err(error),
    }
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
/// [`plan_allows`]: rules::plan_allows
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
        owner: None,
        disabled: false,
    };
    insert(conn, actor, &new, &roles, &[], None)
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
    let mut detail = serde_json::json!({
        "roles": names(roles.iter().map(|role| role.name.as_str()).collect()),
        "teams": names(teams.iter().map(|team| team.name.as_str()).collect()),
    });
    if new.disabled {
        detail["disabled"] = true.into();
    }
    let created = Event {
        verb: verbs::ACCOUNT_CREATED,
        target_kind: new.kind.as_str(),
        target_id: Some(&id),
        target_name: new.name.as_str(),
        object: None,
        detail,
    };
    change.record(conn, &created)?;
    let target = Target::Accounts(new.kind, vec![id.clone()]);
    let role_ids: Vec<Id> = roles.iter().map(|role| role.id.clone()).collect();
    let team_ids: Vec<Id> = teams.iter().map(|team| team.id.clone()).collect();
    give_and_place(conn, &change, &target, &role_ids, &team_ids)?;
    teams::operations::reach::stays_in_all(conn, actor, &change)?;
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
    changes::record_roles_added(conn, change, target, roles)?;
    changes::record_teams(conn, change, (changes::MEMBERSHIP, true), changes::Whom::These(ids), teams)?;
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
