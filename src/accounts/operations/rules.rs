//! The rules that a change must keep. They look at what is written down of it, so that one statement asks for ten
//! accounts or for ten thousand, and a refusal can name the first account in the way.

use crate::accounts::model::{Kind, Right};
use crate::accounts::queries;
use crate::accounts::queries::changes::{self, Tally};
use crate::accounts::queries::selection::Target;
use crate::audit::{Change, verbs};
use crate::auth::principal::Principal;
use crate::config::{self, Config};
use crate::database::DbConnection;
use crate::database::sql::Sql;
use crate::error::Error;
use crate::id::Id;
use crate::roles::{self, Role, predefined};
use crate::teams;
use crate::text::grouped;

/// How many system accounts may be enabled at once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// The plan's name.
    pub name: String,
    /// The limit; none means unlimited.
    pub limit: Option<i64>,
}

impl From<&Config> for Plan {
    fn from(config: &Config) -> Self {
        let plan = |plan: &config::Plan| Self { name: plan.name.clone(), limit: Some(i64::from(plan.limit)) };
        config.plan.as_ref().map_or_else(Self::unlimited, plan)
    }
}

impl Plan {
    /// For changes that cannot use up a place.
    pub fn unlimited() -> Self {
        Self::default()
    }
}

/// Whether the actor may change accounts of this kind at all: everywhere, or, where `needed` is
/// [`Right::ManageTeam`], in their own teams.
///
/// # Errors
/// `Forbidden`.
pub fn may_begin(actor: &Principal, kind: Kind, needed: Right) -> Result<(), Error> {
    let everywhere = kind.permission(Right::Manage);
    if actor.may(everywhere) || (needed == Right::ManageTeam && actor.may(kind.permission(Right::ManageTeam))) {
        return Ok(());
    }
    Err(Error::forbidden(everywhere, format!("Only Administrators can change {}, or their tokens.", kind.plural())))
}

/// What must hold before events of one verb are carried out.
pub fn before(conn: &mut DbConnection, actor: &Principal, change: &Change, kind: Kind, tally: &Tally) -> Result<(), Error> {
    let verb = tally.verb.as_str();
    if !actor.may(kind.permission(Right::Manage)) {
        only_state_in_own_teams(conn, actor, change, kind, verb)?;
    }
    match verb {
        // A person is not among the machines, nor the other way round.
        verbs::ACCOUNT_DISABLED if actor.kind.as_str() == kind.as_str() => not_oneself(conn, actor, change, verb, "disable"),
        verbs::ACCOUNT_DELETED if actor.kind.as_str() == kind.as_str() => not_oneself(conn, actor, change, verb, "delete"),
        verbs::ACCOUNT_ENABLED => names_are_free(conn, change, kind),
        verbs::ROLE_ADDED => roles_of(conn, change, verb)?.iter().try_for_each(|role| may_give(actor, role)),
        verbs::ROLE_REMOVED => roles_of(conn, change, verb)?.iter().try_for_each(|role| may_take(actor, role)),
        _ => Ok(()),
    }
}

/// What must hold after events of one verb have been carried out.
pub fn after(conn: &mut DbConnection, plan: &Plan, change: &Change, kind: Kind, tally: &Tally) -> Result<(), Error> {
    match (kind, tally.verb.as_str()) {
        (Kind::System, verbs::ACCOUNT_ENABLED) => plan_allows(conn, plan),
        (Kind::User, verb @ (verbs::ACCOUNT_DISABLED | verbs::ACCOUNT_DELETED | verbs::ROLE_REMOVED)) => {
            an_administrator_remains(conn, change, verb)
        }
        _ => Ok(()),
    }
}

/// `manage:team` reaches as far as one's own teams, and only to disabling and enabling.
fn only_state_in_own_teams(
    conn: &mut DbConnection,
    actor: &Principal,
    change: &Change,
    kind: Kind,
    verb: &str,
) -> Result<(), Error> {
    if !matches!(verb, verbs::ACCOUNT_DISABLED | verbs::ACCOUNT_ENABLED) {
        let needed = kind.permission(Right::Manage);
        return Err(Error::forbidden(needed, format!("Only Administrators can do this to {}.", kind.plural())));
    }
    let outside = changes::first_in_the_way(conn, change, verb, |sql| not_a_colleague(sql, actor))?;
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
///
/// # Errors
/// The database's.
pub fn is_colleague(conn: &mut DbConnection, actor: &Principal, account: &Id) -> Result<bool, Error> {
    actor.account.as_ref().map_or(Ok(false), |own| teams::queries::share_team(conn, own, account))
}

/// The same rule where nothing had to be changed: what one may not touch, one is not told about either.
pub fn within_reach_of(conn: &mut DbConnection, actor: &Principal, kind: Kind, target: &Target) -> Result<(), Error> {
    if actor.may(kind.permission(Right::Manage)) {
        return Ok(());
    }
    let outside = target.first_name(conn, |sql| not_a_colleague(sql, actor))?;
    outside.map_or(Ok(()), |name| Err(out_of_reach(actor, kind, &name)))
}

fn not_a_colleague(sql: &mut Sql, actor: &Principal) {
    sql.push(
        " AND NOT EXISTS (SELECT 1 FROM team_members m JOIN team_members mine ON mine.team_id = m.team_id \
         WHERE m.account_id = a.id AND mine.account_id = ",
    );
    sql.bind(actor.account.as_ref().map_or("", Id::as_str)).push(")");
}

fn not_oneself(conn: &mut DbConnection, actor: &Principal, change: &Change, verb: &str, word: &str) -> Result<(), Error> {
    let Some(own) = &actor.account else { return Ok(()) };
    let own = own.clone();
    let found = changes::first_in_the_way(conn, change, verb, |sql| {
        sql.push(" AND a.id = ").bind(&own);
    })?;
    found.map_or(Ok(()), |name| {
        Err(Error::Conflict(format!(
            "{name} is the account that you are signed in with: you cannot {word} it. Nothing was changed."
        )))
    })
}

fn names_are_free(conn: &mut DbConnection, change: &Change, kind: Kind) -> Result<(), Error> {
    if kind != Kind::System {
        return Ok(());
    }
    let taken = changes::first_in_the_way(conn, change, verbs::ACCOUNT_ENABLED, |sql| {
        sql.push(
            " AND (EXISTS (SELECT 1 FROM accounts o WHERE o.kind = 'system' AND o.disabled = FALSE AND o.name_key = a.name_key) \
             OR EXISTS (SELECT 1 FROM accounts o JOIN audit_events e ON e.target_id = o.id WHERE e.change_id = ",
        );
        sql.bind(&change.id).push(" AND o.kind = 'system' AND o.name_key = a.name_key AND o.id <> a.id))");
    })?;
    taken.map_or(Ok(()), |name| {
        Err(Error::Conflict(format!(
            "Another system account named {name} is in use. Rename one of the two first. Nothing was changed."
        )))
    })
}

/// Refuses when more system accounts are enabled than the plan has places.
pub fn plan_allows(conn: &mut DbConnection, plan: &Plan) -> Result<(), Error> {
    let Some(limit) = plan.limit else { return Ok(()) };
    let (enabled, _) = queries::totals(conn, Kind::System)?;
    if enabled <= limit {
        return Ok(());
    }
    Err(Error::Conflict(format!(
        "The {} plan has room for {}, and this would make {}. Disable or delete some first. Nothing was changed.",
        plan.name,
        Kind::System.counted(limit),
        grouped(enabled),
    )))
}

fn roles_of(conn: &mut DbConnection, change: &Change, verb: &str) -> Result<Vec<Role>, Error> {
    let mut sql = Sql::new("SELECT DISTINCT object_id AS id FROM audit_events WHERE change_id = ");
    sql.bind(&change.id).push(" AND type = ").bind(verb);
    let ids = sql.ids(conn)?;
    roles::queries::find(conn, &ids)
}

/// Whether the actor may give this role to somebody.
pub fn may_give(actor: &Principal, role: &Role) -> Result<(), Error> {
    if !role.assignable {
        return Err(Error::field(
            "role",
            format!("{} cannot be given: it follows from being administrator of a team.", role.name),
        ));
    }
    if actor.may_grant(&role.permissions) {
        return Ok(());
    }
    let missing = role.permissions.iter().find(|permission| !actor.permissions.allows(permission));
    Err(Error::forbidden(
        missing.map_or_else(String::new, ToString::to_string),
        format!("The role {} grants more than you have, so you cannot give it.", role.name),
    ))
}

/// Whether the actor may take this role from somebody.
///
/// # Errors
/// `Invalid` (field `role`) or `Forbidden`, with the sentence for the actor.
pub fn may_take(actor: &Principal, role: &Role) -> Result<(), Error> {
    let administrator: Id = predefined::ADMINISTRATOR.into();
    if !role.assignable {
        return Err(Error::field(
            "role",
            format!("{} cannot be taken: it follows from being administrator of a team.", role.name),
        ));
    }
    if role.id == administrator && !actor.is_administrator() {
        return Err(Error::forbidden("role:manage:*", "Only an Administrator can take the role Administrator."));
    }
    Ok(())
}

fn an_administrator_remains(conn: &mut DbConnection, change: &Change, verb: &str) -> Result<(), Error> {
    if queries::has_administrator(conn)? {
        return Ok(());
    }
    let name = changes::first_name(conn, change, verb)?;
    Err(Error::Conflict(format!(
        "{name} is the last user who can sign in and administer Muster. Make somebody else Administrator first. Nothing was changed."
    )))
}
