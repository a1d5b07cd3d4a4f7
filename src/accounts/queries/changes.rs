//! Changes to one account or to a hundred thousand, by the same fixed number of statements.
//!
//! A change is written down first: one audit event for each thing that is to change, found by a single INSERT … SELECT.
//! Then the rules look at the events, and then the events are carried out by statements that read them. So the audit log
//! cannot differ from what was done, and taking a change back means writing the opposite events and carrying those out.

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Text};

use super::selection::Target;
use crate::accounts::model::Kind;
use crate::audit::{Change, verbs};
use crate::clock;
use crate::database::DbConnection;
use crate::database::sql::Sql;
use crate::error::Error;
use crate::id::Id;

const INTO_EVENTS: &str =
    "INSERT INTO audit_events (change_id, type, target_kind, target_id, target_name, object_id, object_name) ";

/// Writes `verb` for each account of the target that is (`disabled = was`) in the way of it. Returns how many.
///
/// # Errors
/// The database's.
pub fn note_state(
    conn: &mut DbConnection,
    change: &Change,
    verb: &str,
    target: &Target,
    was: Option<bool>,
) -> Result<i64, Error> {
    let mut sql = Sql::new(INTO_EVENTS);
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
///
/// # Errors
/// The database's.
pub fn note_roles_added(conn: &mut DbConnection, change: &Change, target: &Target, roles: &[Id]) -> Result<i64, Error> {
    note_roles(conn, change, verbs::ROLE_ADDED, target, roles, " AND NOT EXISTS ")
}

/// Writes that each of `roles` is removed from each account of the target that has it. Returns the number of pairs.
///
/// # Errors
/// The database's.
pub fn note_roles_removed(conn: &mut DbConnection, change: &Change, target: &Target, roles: &[Id]) -> Result<i64, Error> {
    note_roles(conn, change, verbs::ROLE_REMOVED, target, roles, " AND EXISTS ")
}

fn note_roles(
    conn: &mut DbConnection,
    change: &Change,
    verb: &str,
    target: &Target,
    roles: &[Id],
    held: &str,
) -> Result<i64, Error> {
    let mut sql = Sql::new(INTO_EVENTS);
    target.with(&mut sql);
    head(&mut sql, change, verb);
    sql.push(", m.kind, m.id, m.name, r.id, r.name FROM (SELECT a.kind, a.id, a.name");
    target.from(&mut sql);
    sql.push(") m CROSS JOIN roles r WHERE r.id IN ").bind_list(roles).push(held);
    sql.push("(SELECT 1 FROM account_roles ar WHERE ar.account_id = m.id AND ar.role_id = r.id)");
    rows(sql.execute(conn)?)
}

/// Writes that `teams` are added to, or removed from, one account, as far as it is not so yet. Returns how many.
///
/// # Errors
/// The database's.
pub fn note_teams(conn: &mut DbConnection, change: &Change, added: bool, account: &Id, teams: &[Id]) -> Result<i64, Error> {
    let mut sql = Sql::new(INTO_EVENTS);
    head(&mut sql, change, if added { verbs::TEAM_ADDED } else { verbs::TEAM_REMOVED });
    sql.push(", a.kind, a.id, a.name, t.id, t.name FROM accounts a CROSS JOIN teams t WHERE a.id = ").bind(account);
    sql.push(" AND t.id IN ").bind_list(teams).push(if added { " AND NOT EXISTS " } else { " AND EXISTS " });
    sql.push("(SELECT 1 FROM team_members m WHERE m.account_id = a.id AND m.team_id = t.id)");
    rows(sql.execute(conn)?)
}

fn head(sql: &mut Sql, change: &Change, verb: &str) {
    sql.push("SELECT ").bind(&change.id).push(", ").bind(verb);
}

/// Writes the opposite of what `undone` did, for everything that nobody has changed since and that is still there.
/// Returns how many events of `undone` were left.
///
/// # Errors
/// The database's.
pub fn note_opposites(conn: &mut DbConnection, change: &Change, undone: &Id) -> Result<i64, Error> {
    let opposites =
        OPPOSITES.iter().map(|(done, opposite)| format!("WHEN '{done}' THEN '{opposite}'")).collect::<Vec<_>>().join(" ");
    let reversible = OPPOSITES.iter().map(|(done, _)| format!("'{done}'")).collect::<Vec<_>>().join(", ");
    let mut count = Sql::new("SELECT count(*) AS n FROM audit_events e WHERE e.change_id = ");
    count.bind(undone).push(&format!(" AND e.type IN ({reversible})"));
    let all = count.number(conn)?;
    let mut sql = Sql::new(INTO_EVENTS);
    sql.push("SELECT ").bind(&change.id).push(&format!(
        ", CASE e.type {opposites} END, e.target_kind, a.id, a.name, e.object_id, e.object_name \
         FROM audit_events e JOIN accounts a ON a.id = e.target_id WHERE e.change_id = "
    ));
    sql.bind(undone).push(&format!(" AND e.type IN ({reversible})"));
    // A role or team that is gone cannot come back; a later event about the same thing is somebody's newer word.
    sql.push(
        " AND (e.type NOT IN ('account.role_added', 'account.role_removed') OR EXISTS (SELECT 1 FROM roles r WHERE r.id = e.object_id))\
         AND (e.type NOT IN ('account.team_added', 'account.team_removed') OR EXISTS (SELECT 1 FROM teams t WHERE t.id = e.object_id))\
         AND NOT EXISTS (SELECT 1 FROM audit_events l WHERE l.target_id = e.target_id AND l.seq > e.seq AND (\
            (e.type IN ('account.disabled', 'account.enabled') AND l.type IN ('account.disabled', 'account.enabled')) \
            OR (e.type IN ('account.role_added', 'account.role_removed') AND l.type IN ('account.role_added', 'account.role_removed') \
                AND l.object_id = e.object_id) \
            OR (e.type IN ('account.team_added', 'account.team_removed') AND l.type IN ('account.team_added', 'account.team_removed') \
                AND l.object_id = e.object_id)))",
    );
    Ok(all - rows(sql.execute(conn)?)?)
}

/// What takes what back.
const OPPOSITES: [(&str, &str); 6] = [
    (verbs::ACCOUNT_DISABLED, verbs::ACCOUNT_ENABLED),
    (verbs::ACCOUNT_ENABLED, verbs::ACCOUNT_DISABLED),
    (verbs::ROLE_ADDED, verbs::ROLE_REMOVED),
    (verbs::ROLE_REMOVED, verbs::ROLE_ADDED),
    (verbs::TEAM_ADDED, verbs::TEAM_REMOVED),
    (verbs::TEAM_REMOVED, verbs::TEAM_ADDED),
];

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
///
/// # Errors
/// The database's.
pub fn tally(conn: &mut DbConnection, change: &Change) -> Result<Vec<Tally>, Error> {
    let mut sql = Sql::new(
        "SELECT type AS verb, target_kind AS kind, count(*) AS events, count(DISTINCT target_id) AS accounts \
         FROM audit_events WHERE change_id = ",
    );
    sql.bind(&change.id).push(" GROUP BY type, target_kind ORDER BY type, target_kind");
    sql.load(conn)
}

/// Which kind of accounts a change is about, where it can be taken back at all.
pub fn kind_of(conn: &mut DbConnection, change: &Id) -> Result<Option<Kind>, Error> {
    let reversible = OPPOSITES.iter().map(|(done, _)| format!("'{done}'")).collect::<Vec<_>>().join(", ");
    let mut sql = Sql::new("SELECT target_kind AS name FROM audit_events WHERE change_id = ");
    sql.bind(change).push(&format!(" AND type IN ({reversible}) ORDER BY seq LIMIT 1"));
    Ok(sql.name(conn)?.as_deref().and_then(Kind::parse))
}

/// How many different accounts a change touches.
///
/// # Errors
/// The database's.
pub fn touched(conn: &mut DbConnection, change: &Change) -> Result<i64, Error> {
    let mut sql = Sql::new("SELECT count(DISTINCT target_id) AS n FROM audit_events WHERE change_id = ");
    sql.bind(&change.id);
    sql.number(conn)
}

fn rows(changed: usize) -> Result<i64, Error> {
    i64::try_from(changed).map_err(|_| Error::Internal("more rows than numbers".into()))
}

/// The accounts of a change's events of one verb, as a subquery.
fn accounts_of(sql: &mut Sql, change: &Change, verb: &str) {
    sql.push("(SELECT target_id FROM audit_events WHERE change_id = ").bind(&change.id).push(" AND type = ").bind(verb).push(")");
}

/// The name of the first account, by name, among a change's events of `verb` for which `condition` (on `a`) holds.
///
/// # Errors
/// The database's.
pub fn first_in_the_way(
    conn: &mut DbConnection,
    change: &Change,
    verb: &str,
    condition: impl FnOnce(&mut Sql),
) -> Result<Option<String>, Error> {
    let mut sql = Sql::new("SELECT a.name AS name FROM accounts a WHERE a.id IN ");
    accounts_of(&mut sql, change, verb);
    condition(&mut sql);
    sql.push(" ORDER BY a.name_key, a.id LIMIT 1");
    sql.name(conn)
}

/// Carries out the events of one verb about accounts of one kind: the rows, the totals, and what hangs on them.
///
/// # Errors
/// `Invalid` where a name is taken; the database's.
pub fn carry_out(conn: &mut DbConnection, change: &Change, kind: Kind, tally: &Tally) -> Result<(), Error> {
    match tally.verb.as_str() {
        verbs::ACCOUNT_DISABLED => {
            set_disabled(conn, change, verbs::ACCOUNT_DISABLED, true)?;
            end_sessions(conn, change, kind)?;
            super::add_to_total(conn, kind, false, -tally.events)?;
            super::add_to_total(conn, kind, true, tally.events)
        }
        verbs::ACCOUNT_ENABLED => {
            set_disabled(conn, change, verbs::ACCOUNT_ENABLED, false)?;
            super::add_to_total(conn, kind, true, -tally.events)?;
            super::add_to_total(conn, kind, false, tally.events)
        }
        verbs::ROLE_ADDED => add_pairs(conn, change, verbs::ROLE_ADDED, "account_roles (account_id, role_id"),
        verbs::ROLE_REMOVED => remove_pairs(conn, change, verbs::ROLE_REMOVED, "account_roles", "(account_id, role_id)"),
        verbs::TEAM_ADDED => add_pairs(conn, change, verbs::TEAM_ADDED, "team_members (account_id, team_id"),
        verbs::TEAM_REMOVED => remove_pairs(conn, change, verbs::TEAM_REMOVED, "team_members", "(account_id, team_id)"),
        verbs::ACCOUNT_DELETED => delete(conn, change, kind, tally.events),
        other => Err(Error::Internal(format!("no way to carry out {other}"))),
    }
}

fn set_disabled(conn: &mut DbConnection, change: &Change, verb: &str, disabled: bool) -> Result<(), Error> {
    let mut sql = Sql::new("UPDATE accounts SET disabled = ");
    sql.bind(disabled).push(", updated_at = ").bind(clock::now()).push(" WHERE id IN ");
    accounts_of(&mut sql, change, verb);
    sql.execute(conn)?;
    super::keep_copies(conn, |copies| {
        copies.push("disabled = ").bind(disabled).push(" WHERE account_id IN ");
        accounts_of(copies, change, verb);
    })
}

/// Only users have any.
fn end_sessions(conn: &mut DbConnection, change: &Change, kind: Kind) -> Result<(), Error> {
    if kind != Kind::User {
        return Ok(());
    }
    let mut sessions = Sql::new("DELETE FROM sessions WHERE account_id IN ");
    accounts_of(&mut sessions, change, verbs::ACCOUNT_DISABLED);
    sessions.execute(conn).map(drop)
}

fn add_pairs(conn: &mut DbConnection, change: &Change, verb: &str, into: &str) -> Result<(), Error> {
    let mut sql = Sql::new("INSERT INTO ");
    sql.push(into).push(
        ", kind, disabled, name_key) SELECT a.id, e.object_id, a.kind, a.disabled, a.name_key \
         FROM audit_events e JOIN accounts a ON a.id = e.target_id WHERE e.change_id = ",
    );
    sql.bind(&change.id).push(" AND e.type = ").bind(verb).push(" ON CONFLICT DO NOTHING");
    sql.execute(conn).map(drop)
}

fn remove_pairs(conn: &mut DbConnection, change: &Change, verb: &str, from: &str, pair: &str) -> Result<(), Error> {
    let mut sql = Sql::new("DELETE FROM ");
    sql.push(from).push(" WHERE ").push(pair).push(" IN (");
    sql.push("SELECT target_id, object_id FROM audit_events WHERE change_id = ").bind(&change.id);
    sql.push(" AND type = ").bind(verb).push(")");
    sql.execute(conn).map(drop)
}

fn delete(conn: &mut DbConnection, change: &Change, kind: Kind, events: i64) -> Result<(), Error> {
    let mut disabled = Sql::new("SELECT count(*) AS n FROM accounts a WHERE a.disabled = TRUE AND a.id IN ");
    accounts_of(&mut disabled, change, verbs::ACCOUNT_DELETED);
    let disabled = disabled.number(conn)?;
    let mut tombstones = Sql::new("INSERT INTO deleted_accounts (id, kind, name, deleted_at) SELECT a.id, a.kind, a.name, ");
    tombstones.bind(clock::now()).push(" FROM accounts a WHERE a.id IN ");
    accounts_of(&mut tombstones, change, verbs::ACCOUNT_DELETED);
    tombstones.execute(conn)?;
    // Tokens, roles, teams, activity and sessions go with the row, by their foreign keys.
    let mut rows = Sql::new("DELETE FROM accounts WHERE id IN ");
    accounts_of(&mut rows, change, verbs::ACCOUNT_DELETED);
    rows.execute(conn)?;
    super::add_to_total(conn, kind, true, -disabled)?;
    super::add_to_total(conn, kind, false, disabled - events)
}

/// The name of the first target of a change's events of `verb`, also where its row is gone.
///
/// # Errors
/// The database's.
pub fn first_name(conn: &mut DbConnection, change: &Change, verb: &str) -> Result<String, Error> {
    let mut sql = Sql::new("SELECT target_name AS name FROM audit_events WHERE change_id = ");
    sql.bind(&change.id).push(" AND type = ").bind(verb).push(" ORDER BY seq LIMIT 1");
    Ok(sql.name(conn)?.unwrap_or_default())
}
