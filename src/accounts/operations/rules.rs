//! The rules that a change must keep. They look at what is written down of it, so that one statement asks for ten
//! accounts or for ten thousand, and a refusal can name the first account in the way.

use super::handling::may_handle_changed;
use crate::accounts::model::{Kind, Right};
use crate::accounts::queries;
use crate::accounts::queries::administrators::Administrators;
use crate::accounts::queries::changes;
use crate::accounts::queries::conditions::Condition;
use crate::accounts::queries::selection::Target;
use crate::audit::Change;
use crate::auth::principal::Principal;
use crate::config::Config;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::roles::{self, Role, predefined};
use crate::teams;
use crate::text::grouped;

/// How many accounts may be enabled at once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// The plan's name.
    pub name: String,
    /// The limit on system accounts; none means unlimited.
    pub limit: Option<i64>,
    /// The limit on users. Who is invited and has not signed in yet holds a seat, too.
    pub seats: Option<i64>,
}

impl From<&Config> for Plan {
    fn from(config: &Config) -> Self {
        let limit = config.plan_limit.map(i64::from);
        let name = limit.map_or_else(String::new, |_| config.plan_name.clone());
        Self { name, limit, seats: config.user_limit.map(i64::from) }
    }
}

impl Plan {
    /// The limit on accounts of a kind.
    pub fn limit_of(&self, kind: Kind) -> Option<i64> {
        match kind {
            Kind::System => self.limit,
            Kind::User => self.seats,
        }
    }

    /// For changes that cannot use up a place.
    pub fn unlimited() -> Self {
        Self::default()
    }
}

/// Whether the actor may change accounts of this kind at all: everywhere, or, where `needed` is
/// [`Right::ManageTeam`], in their own teams.
pub fn may_begin(actor: &Principal, kind: Kind, needed: Right) -> Result<(), Error> {
    let everywhere = kind.permission(Right::Manage);
    if actor.may(everywhere) || (needed == Right::ManageTeam && actor.may(kind.permission(Right::ManageTeam))) {
        return Ok(());
    }
    Err(Error::forbidden(everywhere, format!("Only administrators can change {} or their tokens.", kind.plural())))
}

/// What a rule looks at: events of one kind, written down and not carried out yet, or just carried out.
pub struct Rule<'a> {
    pub actor: &'a Principal,
    pub plan: &'a Plan,
    pub change: &'a Change,
    pub kind: Kind,
    pub event: &'a str,
    /// How many accounts these events are about.
    pub accounts: i64,
    /// How many accounts were selected. Some of them may have nothing to be changed.
    pub selected: i64,
    pub administrators: Administrators,
}

impl Rule<'_> {
    /// Whether the actor is an account of this kind: a person is not among the machines, nor the other way round.
    fn own(&self) -> Option<Id> {
        self.actor.account.clone().filter(|_| self.actor.kind.as_str() == self.kind.as_str())
    }
}

/// `manage:team` reaches as far as one's own teams, and only to what is `in_own_teams`.
pub fn within_rights(conn: &mut DbConnection, rule: &Rule<'_>, in_own_teams: bool) -> Result<(), Error> {
    let (actor, kind) = (rule.actor, rule.kind);
    let needed = kind.permission(Right::Manage);
    if actor.may(needed) {
        return Ok(());
    }
    if !in_own_teams {
        return Err(Error::forbidden(needed, format!("Only administrators can do this to {}.", kind.plural())));
    }
    let outside = changes::first_with(conn, rule.change, rule.event, Condition::NoColleagueOf(actor.account.as_ref()))?;
    outside.map_or(Ok(()), |name| Err(out_of_reach(actor, kind, &name)))
}

/// How an account outside the actor's teams is refused: where they cannot see it, as if it were not there.
pub fn out_of_reach(actor: &Principal, kind: Kind, name: &str) -> Error {
    if actor.may(kind.permission(Right::Read)) {
        return Error::forbidden(kind.permission(Right::Manage), format!("{name} is in none of your teams."));
    }
    Error::OutOfReach { noun: kind.noun(), permission: kind.permission(Right::Manage) }
}

/// Whether an account shares a team with the actor.
pub fn is_colleague(conn: &mut DbConnection, actor: &Principal, account: &Id) -> Result<bool, Error> {
    actor.account.as_ref().map_or(Ok(false), |own| teams::queries::share_team(conn, own, account))
}

/// The same rule where nothing had to be changed: what one may not touch, one is not told about either.
pub fn within_reach_of(conn: &mut DbConnection, actor: &Principal, kind: Kind, target: &Target) -> Result<(), Error> {
    if actor.may(kind.permission(Right::Manage)) {
        return Ok(());
    }
    let outside = target.first_with(conn, Condition::NoColleagueOf(actor.account.as_ref()))?;
    outside.map_or(Ok(()), |name| Err(out_of_reach(actor, kind, &name)))
}

/// Of people only those are changed who hold no more than the actor. Machines are handled by whoever manages machines.
pub fn can_do_as_much(conn: &mut DbConnection, rule: &Rule<'_>) -> Result<(), Error> {
    if rule.kind == Kind::User { may_handle_changed(conn, rule.actor, rule.change, rule.event) } else { Ok(()) }
}

/// Nobody disables or deletes the account that they are signed in with.
pub fn not_oneself(conn: &mut DbConnection, rule: &Rule<'_>, word: &str) -> Result<(), Error> {
    let Some(own) = rule.own() else { return Ok(()) };
    let found = changes::first_with(conn, rule.change, rule.event, Condition::Is(&own))?;
    found.map_or(Ok(()), |name| Err(Error::Conflict(format!("You can't {word} {name}: it's the account you're signed in with."))))
}

/// Nobody changes their own roles together with others': it would be one tick among many, even where only theirs would change.
pub fn not_ones_own_in_bulk(conn: &mut DbConnection, rule: &Rule<'_>) -> Result<(), Error> {
    if rule.selected < 2 {
        return Ok(());
    }
    let Some(own) = rule.own() else { return Ok(()) };
    let found = changes::first_with(conn, rule.change, rule.event, Condition::Is(&own))?;
    found.map_or(Ok(()), |name| {
        Err(Error::Conflict(format!(
            "{name} is you, and you can't change your own roles along with other people's. Deselect yourself first."
        )))
    })
}

/// An enabled system account has a name of its own.
pub fn names_are_free(conn: &mut DbConnection, rule: &Rule<'_>) -> Result<(), Error> {
    if rule.kind != Kind::System {
        return Ok(());
    }
    let taken = changes::first_with(conn, rule.change, rule.event, Condition::NameTaken(rule.change))?;
    taken.map_or(Ok(()), |name| {
        Err(Error::Conflict(format!("An enabled system account is already named {name}. Rename one of the two first.")))
    })
}

/// What enables accounts must find a place for each.
pub fn has_a_place(conn: &mut DbConnection, rule: &Rule<'_>) -> Result<(), Error> {
    plan_allows(conn, rule.plan, rule.kind, rule.accounts)
}

/// Refuses when more accounts of a kind are enabled than there are places, now that `added` of them have been.
pub fn plan_allows(conn: &mut DbConnection, plan: &Plan, kind: Kind, added: i64) -> Result<(), Error> {
    let Some(limit) = plan.limit_of(kind) else { return Ok(()) };
    let (enabled, _) = queries::totals(conn, kind)?;
    if enabled <= limit {
        return Ok(());
    }
    let allowed = match kind {
        Kind::System => format!("The {} plan allows {}", plan.name, kind.counted(limit)),
        Kind::User => format!("This installation allows {}, invited ones included", kind.counted(limit)),
    };
    let in_use = match enabled - added {
        before if before >= limit => "all are in use".to_owned(),
        before => format!(
            "{} in use, so {} more don't fit",
            if before == 1 { "1 is".to_owned() } else { format!("{} are", grouped(before)) },
            grouped(added)
        ),
    };
    let too_many = if enabled - limit == 1 { "one".to_owned() } else { grouped(enabled - limit) };
    Err(Error::Conflict(format!("{allowed}, and {in_use}. Disable or delete {too_many} first.")))
}

/// Nobody gives what they do not hold.
pub fn may_give_all(conn: &mut DbConnection, rule: &Rule<'_>) -> Result<(), Error> {
    changes::roles_of(conn, rule.change, rule.event)?.iter().try_for_each(|role| may_give(rule.actor, role))
}

pub fn may_take_all(conn: &mut DbConnection, rule: &Rule<'_>) -> Result<(), Error> {
    changes::roles_of(conn, rule.change, rule.event)?.iter().try_for_each(|role| may_take(rule.actor, rule.kind, role))
}

/// The roles that a form chose, all of which must exist.
pub fn existing_roles(conn: &mut DbConnection, ids: &[Id]) -> Result<Vec<Role>, Error> {
    let found = roles::queries::find(conn, ids)?;
    if ids.iter().any(|id| found.iter().all(|role| role.id != *id)) {
        return Err(Error::field("role", "One of these roles no longer exists."));
    }
    Ok(found)
}

/// The same where one at least must be chosen.
pub fn some_roles(conn: &mut DbConnection, ids: &[Id]) -> Result<(), Error> {
    if ids.is_empty() {
        return Err(Error::field("role", "Choose at least one role."));
    }
    existing_roles(conn, ids).map(drop)
}

pub fn existing_teams(conn: &mut DbConnection, ids: &[Id]) -> Result<Vec<teams::Team>, Error> {
    let found = teams::queries::find(conn, ids)?;
    if ids.iter().any(|id| found.iter().all(|team| team.id != *id)) {
        return Err(Error::field("team", "One of these teams no longer exists."));
    }
    Ok(found)
}

/// Whether the actor may give this role to somebody.
pub fn may_give(actor: &Principal, role: &Role) -> Result<(), Error> {
    if !role.assignable {
        return Err(Error::field(
            "role",
            format!("{} can't be given: it comes with being an administrator of a team.", role.name),
        ));
    }
    let Some(missing) = actor.lacks(&role.permissions) else { return Ok(()) };
    let sentence = format!("You can't give the role {}: it grants more than you have.", role.name);
    Err(Error::forbidden(missing.to_string(), sentence))
}

/// Whether the actor may take this role from an account of this kind. Of a person only those take it who could give it: who
/// can do less is less protected.
///
/// # Errors
/// `Invalid` (field `role`) or `Forbidden`, with the sentence for the actor.
pub fn may_take(actor: &Principal, kind: Kind, role: &Role) -> Result<(), Error> {
    let administrator: Id = predefined::ADMINISTRATOR.into();
    if !role.assignable {
        return Err(Error::field(
            "role",
            format!("{} can't be removed: it comes with being an administrator of a team.", role.name),
        ));
    }
    if role.id == administrator && !actor.is_administrator() {
        return Err(Error::forbidden("role:manage:*", "Only administrators can remove the role Administrator."));
    }
    if kind == Kind::User
        && let Some(missing) = actor.lacks(&role.permissions)
    {
        let sentence = format!("You can't remove the role {}: it grants more than you have.", role.name);
        return Err(Error::forbidden(missing.to_string(), sentence));
    }
    Ok(())
}

/// Somebody remains who can sign in and administer Muster, if there was somebody.
pub fn an_administrator_remains(conn: &mut DbConnection, rule: &Rule<'_>) -> Result<(), Error> {
    if rule.kind != Kind::User || !rule.administrators.are_gone(conn)? {
        return Ok(());
    }
    let name = changes::first_name(conn, rule.change, rule.event)?;
    Err(Error::Conflict(format!("{name} is the last administrator who can sign in. Make someone else an administrator first.")))
}
