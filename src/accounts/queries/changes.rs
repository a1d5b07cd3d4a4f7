//! Changes to one account or to a hundred thousand, by the same fixed number of statements.
//!
//! A change is written down first: one audit event for each thing that is to change, found by a single INSERT … SELECT.
//! Then the rules look at the events, and then the events are carried out by statements that read them. So the audit log
//! cannot differ from what was done, and taking a change back means writing the opposite events and carrying those out.

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Text};

use super::conditions::Condition;
pub use super::reversals::{Of, Reversal, record_opposites, replacement};
use super::selection::Target;
use crate::audit::{self, Change, verbs};
use crate::database::DbConnection;
use crate::database::sql::Sql;
use crate::error::Error;
use crate::id::Id;
use crate::roles;
use crate::roles::permission::{Permission, PermissionSet};

mod carried;
pub use carried::{
    add_administrations, add_memberships, add_roles, delete, end_ways_in, remove_administrations, remove_memberships,
    remove_roles, set_disabled, set_owner,
};

/// Begins the statement that writes events.
fn into_events() -> Sql {
    audit::into_events("type, target_kind, target_id, target_name, object_id, object_name")
}

/// Writes `verb` for each account of the target, or for each whose `disabled` is `was`. Returns how many.
pub fn record_state(
    conn: &mut DbConnection,
    change: &Change,
    verb: &str,
    target: &Target,
    was: Option<bool>,
) -> Result<i64, Error> {
    let mut sql = into_events();
    target.with(&mut sql);
    head(&mut sql, change, verb);
    sql.push(", a.kind, a.id, a.name, NULL, NULL");
    target.from(&mut sql);
    if let Some(was) = was {
        sql.push(if was { " AND a.disabled = TRUE" } else { " AND a.disabled = FALSE" });
    }
    rows(sql.execute(conn)?)
}

/// Writes that each of `roles` is added to each account of the target that lacks it. Returns the number of pairs.
pub fn record_roles_added(conn: &mut DbConnection, change: &Change, target: &Target, roles: &[Id]) -> Result<i64, Error> {
    record_roles(conn, change, verbs::ROLE_ADDED, target, roles, " AND NOT EXISTS ")
}

/// Writes that each of `roles` is removed from each account of the target that has it. Returns the number of pairs.
pub fn record_roles_removed(conn: &mut DbConnection, change: &Change, target: &Target, roles: &[Id]) -> Result<i64, Error> {
    record_roles(conn, change, verbs::ROLE_REMOVED, target, roles, " AND EXISTS ")
}

fn record_roles(
    conn: &mut DbConnection,
    change: &Change,
    verb: &str,
    target: &Target,
    roles: &[Id],
    held: &str,
) -> Result<i64, Error> {
    let mut sql = into_events();
    target.with(&mut sql);
    head(&mut sql, change, verb);
    sql.push(", m.kind, m.id, m.name, r.id, r.name FROM (SELECT a.kind, a.id, a.name");
    target.from(&mut sql);
    sql.push(") m CROSS JOIN roles r WHERE r.id IN ").bind_list(roles).push(held);
    sql.push("(SELECT 1 FROM account_roles ar WHERE ar.account_id = m.id AND ar.role_id = r.id)");
    rows(sql.execute(conn)?)
}

/// How accounts belong to teams.
#[derive(Debug, Clone, Copy)]
pub struct Tie {
    table: &'static str,
    pub added: &'static str,
    pub removed: &'static str,
}

pub const MEMBERSHIP: Tie = Tie { table: "team_members", added: verbs::TEAM_ADDED, removed: verbs::TEAM_REMOVED };
pub const ADMINISTRATION: Tie =
    Tie { table: "team_administrators", added: verbs::TEAM_ADMINISTRATOR_ADDED, removed: verbs::TEAM_ADMINISTRATOR_REMOVED };

/// Which accounts are meant.
#[derive(Debug, Clone, Copy)]
pub enum Whom<'a> {
    All,
    These(&'a [Id]),
    AllBut(&'a [Id]),
}

/// Writes that accounts come to belong to `teams`, or no longer do, as far as it is not so yet. Returns the number of pairs.
pub fn record_teams(
    conn: &mut DbConnection,
    change: &Change,
    (tie, added): (Tie, bool),
    accounts: Whom<'_>,
    teams: &[Id],
) -> Result<i64, Error> {
    if matches!(accounts, Whom::These([])) {
        return Ok(0);
    }
    let mut sql = into_events();
    head(&mut sql, change, if added { tie.added } else { tie.removed });
    sql.push(", a.kind, a.id, a.name, t.id, t.name FROM accounts a CROSS JOIN teams t WHERE t.id IN ").bind_list(teams);
    match accounts {
        Whom::All | Whom::AllBut([]) => {}
        Whom::These(accounts) => drop(sql.push(" AND a.id IN ").bind_list(accounts)),
        Whom::AllBut(accounts) => drop(sql.push(" AND a.id NOT IN ").bind_list(accounts)),
    }
    sql.push(if added { " AND NOT EXISTS " } else { " AND EXISTS " }).push("(SELECT 1 FROM ").push(tie.table);
    sql.push(" m WHERE m.account_id = a.id AND m.team_id = t.id)");
    rows(sql.execute(conn)?)
}

/// Writes that the enabled user `owner` becomes the owner of each account of the target that has another one or none. Returns
/// how many.
pub fn record_owner(conn: &mut DbConnection, change: &Change, verb: &str, target: &Target, owner: &Id) -> Result<i64, Error> {
    let mut sql = audit::into_events("type, target_kind, target_id, target_name, object_id, object_name, detail");
    target.with(&mut sql);
    head(&mut sql, change, verb);
    let before = ("coalesce(b.name, d.name)", "m.owner_id");
    sql.push(", m.kind, m.id, m.name, o.id, o.name, ").push(&replacement(conn, "owner", before, "o.name"));
    sql.push(" FROM (SELECT a.kind, a.id, a.name, a.owner_id");
    target.from(&mut sql);
    sql.push(
        ") m CROSS JOIN accounts o LEFT JOIN accounts b ON b.id = m.owner_id LEFT JOIN deleted_accounts d ON d.id = m.owner_id \
         WHERE o.kind = 'user' AND o.disabled = FALSE AND (m.owner_id IS NULL OR m.owner_id <> o.id) AND o.id = ",
    );
    sql.bind(owner);
    rows(sql.execute(conn)?)
}

fn head(sql: &mut Sql, change: &Change, verb: &str) {
    change.select(sql).bind(verb);
}

/// How many events of one verb, about accounts of one kind, a change holds.
#[derive(Debug, Clone, QueryableByName)]
pub struct Tally {
    /// The verb.
    #[diesel(sql_type = Text)]
    pub verb: String,
    /// `user` or `system`.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// Events.
    #[diesel(sql_type = BigInt)]
    pub events: i64,
    /// Different accounts.
    #[diesel(sql_type = BigInt)]
    pub accounts: i64,
}

/// What a change holds, by verb and kind.
pub fn tally(conn: &mut DbConnection, change: &Id) -> Result<Vec<Tally>, Error> {
    let mut sql = Sql::new(
        "SELECT type AS verb, target_kind AS kind, count(*) AS events, count(DISTINCT target_id) AS accounts \
         FROM audit_events WHERE change_id = ",
    );
    sql.bind(change).push(" GROUP BY type, target_kind ORDER BY type, target_kind");
    sql.load(conn)
}

/// What a change gave and took: each kind of event with the name of each thing, in order of name.
pub fn objects(conn: &mut DbConnection, change: &Change) -> Result<Vec<(String, String)>, Error> {
    #[derive(QueryableByName)]
    struct EventObject {
        #[diesel(sql_type = Text)]
        event: String,
        #[diesel(sql_type = Text)]
        name: String,
    }
    let mut sql = Sql::new("SELECT DISTINCT type AS event, object_name AS name FROM audit_events WHERE change_id = ");
    sql.bind(&change.id).push(" AND object_name IS NOT NULL ORDER BY object_name, type");
    Ok(sql.load::<EventObject>(conn)?.into_iter().map(|row| (row.event, row.name)).collect())
}

/// How many different accounts a change touches.
pub fn touched(conn: &mut DbConnection, change: &Change) -> Result<i64, Error> {
    let mut sql = Sql::new("SELECT count(DISTINCT target_id) AS n FROM audit_events WHERE change_id = ");
    sql.bind(&change.id);
    sql.number(conn)
}

pub(super) fn rows(changed: usize) -> Result<i64, Error> {
    i64::try_from(changed).map_err(|_| Error::Internal("more rows than numbers".into()))
}

/// The accounts of a change's events of one verb, as a subquery.
fn accounts_of(sql: &mut Sql, change: &Change, verb: &str) {
    sql.push("(SELECT target_id FROM audit_events WHERE change_id = ").bind(&change.id).push(" AND type = ").bind(verb).push(")");
}

fn people_of(sql: &mut Sql, change: &Change, verb: &str) {
    sql.push("(SELECT target_id FROM audit_events WHERE change_id = ").bind(&change.id).push(" AND type = ").bind(verb);
    sql.push(" AND target_kind = 'user')");
}

/// The name of the first account, by name, among a change's events of `verb` for which `condition` holds.
pub fn first_with(
    conn: &mut DbConnection,
    change: &Change,
    verb: &str,
    condition: Condition<'_>,
) -> Result<Option<String>, Error> {
    let mut sql = Sql::new("SELECT a.name AS name FROM accounts a WHERE a.id IN ");
    accounts_of(&mut sql, change, verb);
    condition.push(&mut sql);
    sql.push(" ORDER BY a.name_key, a.id LIMIT 1");
    sql.name(conn)
}

/// Everything that the accounts of a change's events may do, the administration of teams included. Two statements.
pub fn held(conn: &mut DbConnection, change: &Change, verb: &str) -> Result<PermissionSet, Error> {
    let mut sql = Sql::new("SELECT DISTINCT p.permission AS name FROM role_permissions p WHERE p.role_id IN ");
    sql.push("(SELECT r.role_id FROM account_roles r WHERE r.account_id IN ");
    people_of(&mut sql, change, verb);
    sql.push(")");
    let granted = sql.names(conn)?;
    let mut sql = Sql::new("SELECT DISTINCT t.team_id AS id FROM team_administrators t WHERE t.account_id IN ");
    people_of(&mut sql, change, verb);
    let teams = sql.ids(conn)?;
    let granted = granted.iter().filter_map(|text| Permission::parse(text).ok());
    Ok(granted.chain(roles::queries::of_administration(&teams)).collect())
}

/// The name of the first account, by name, of a change's events that holds this permission.
pub fn first_holder(conn: &mut DbConnection, change: &Change, verb: &str, held: &Permission) -> Result<String, Error> {
    Ok(first_with(conn, change, verb, Condition::PersonWith(held))?.unwrap_or_default())
}

/// The name of the first target of a change's events of `verb`, also where its row is gone.
pub fn first_name(conn: &mut DbConnection, change: &Change, verb: &str) -> Result<String, Error> {
    let mut sql = Sql::new("SELECT target_name AS name FROM audit_events WHERE change_id = ");
    sql.bind(&change.id).push(" AND type = ").bind(verb).push(" ORDER BY seq LIMIT 1");
    Ok(sql.name(conn)?.unwrap_or_default())
}

/// The roles that a change's events of `verb` give or take.
pub fn roles_of(conn: &mut DbConnection, change: &Change, verb: &str) -> Result<Vec<roles::Role>, Error> {
    let mut sql = Sql::new("SELECT DISTINCT object_id AS id FROM audit_events WHERE change_id = ");
    sql.bind(&change.id).push(" AND type = ").bind(verb);
    let ids = sql.ids(conn)?;
    roles::queries::find(conn, &ids)
}

/// Writes an event about each account of the target: `verb`, with these details.
pub fn record_each(
    conn: &mut DbConnection,
    change: &Change,
    verb: &str,
    target: &Target,
    detail: &serde_json::Value,
) -> Result<(), Error> {
    let mut sql = audit::into_events("type, target_kind, target_id, target_name, detail");
    head(&mut sql, change, verb);
    sql.push(", a.kind, a.id, a.name, ").bind(detail.to_string());
    target.from(&mut sql);
    sql.push(" ORDER BY a.id");
    sql.execute(conn).map(drop)
}
