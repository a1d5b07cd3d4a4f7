//! What is written down of a change is carried out, each by one statement.

use super::{ADMINISTRATION, accounts_of};
use crate::accounts::model::Kind;
use crate::accounts::queries::{add_to_total, keep_copies};
use crate::audit::Change;
use crate::clock;
use crate::database::DbConnection;
use crate::database::sql::Sql;
use crate::error::Error;

/// Disables or enables the accounts of a change's events, and keeps the totals.
pub fn set_disabled(
    conn: &mut DbConnection,
    change: &Change,
    verb: &str,
    (kind, disabled): (Kind, bool),
    events: i64,
) -> Result<(), Error> {
    let mut sql = Sql::new("UPDATE accounts SET disabled = ");
    sql.bind(disabled).push(", updated_at = ").bind(clock::now()).push(" WHERE id IN ");
    accounts_of(&mut sql, change, verb);
    sql.execute(conn)?;
    keep_copies(conn, |copies| {
        copies.push("disabled = ").bind(disabled).push(" WHERE account_id IN ");
        accounts_of(copies, change, verb);
    })?;
    add_to_total(conn, kind, !disabled, -events)?;
    add_to_total(conn, kind, disabled, events)
}

/// Gives the accounts of a change's events the owners that these name.
pub fn set_owner(conn: &mut DbConnection, change: &Change, verb: &str) -> Result<(), Error> {
    let mut sql = Sql::new("UPDATE accounts SET owner_id = (SELECT e.object_id FROM audit_events e WHERE e.change_id = ");
    sql.bind(&change.id).push(" AND e.type = ").bind(verb).push(" AND e.target_id = accounts.id), updated_at = ");
    sql.bind(clock::now()).push(" WHERE id IN ");
    accounts_of(&mut sql, change, verb);
    sql.execute(conn).map(drop)
}

/// Ends every way in that the users of a change's events have: sessions, links for a password, links of invitations. They stay
/// ended when the account is enabled again.
pub fn end_ways_in(conn: &mut DbConnection, change: &Change, verb: &str) -> Result<(), Error> {
    for end in [
        "DELETE FROM sessions WHERE account_id IN ",
        "DELETE FROM one_time_links WHERE account_id IN ",
        "UPDATE invitations SET digest = NULL WHERE account_id IN ",
    ] {
        let mut sql = Sql::new(end);
        accounts_of(&mut sql, change, verb);
        sql.execute(conn)?;
    }
    Ok(())
}

pub fn add_roles(conn: &mut DbConnection, change: &Change, verb: &str) -> Result<(), Error> {
    add_pairs(conn, change, verb, "account_roles (account_id, role_id")
}

pub fn remove_roles(conn: &mut DbConnection, change: &Change, verb: &str) -> Result<(), Error> {
    remove_pairs(conn, change, verb, "account_roles", "(account_id, role_id)")
}

pub fn add_memberships(conn: &mut DbConnection, change: &Change, verb: &str) -> Result<(), Error> {
    add_pairs(conn, change, verb, "team_members (account_id, team_id")
}

pub fn remove_memberships(conn: &mut DbConnection, change: &Change, verb: &str) -> Result<(), Error> {
    remove_pairs(conn, change, verb, "team_members", "(account_id, team_id)")
}

pub fn add_administrations(conn: &mut DbConnection, change: &Change) -> Result<(), Error> {
    let mut sql =
        Sql::new("INSERT INTO team_administrators (account_id, team_id) SELECT target_id, object_id FROM audit_events ");
    sql.push("WHERE change_id = ")
        .bind(&change.id)
        .push(" AND type = ")
        .bind(ADMINISTRATION.added)
        .push(" ON CONFLICT DO NOTHING");
    sql.execute(conn).map(drop)
}

pub fn remove_administrations(conn: &mut DbConnection, change: &Change) -> Result<(), Error> {
    remove_pairs(conn, change, ADMINISTRATION.removed, "team_administrators", "(account_id, team_id)")
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

/// Deletes the accounts of a change's events of `verb` for good.
pub fn delete(conn: &mut DbConnection, change: &Change, verb: &str, kind: Kind, events: i64) -> Result<(), Error> {
    let mut disabled = Sql::new("SELECT count(*) AS n FROM accounts a WHERE a.disabled = TRUE AND a.id IN ");
    accounts_of(&mut disabled, change, verb);
    let disabled = disabled.number(conn)?;
    let mut tombstones = Sql::new("INSERT INTO deleted_accounts (id, kind, name, deleted_at) SELECT a.id, a.kind, a.name, ");
    tombstones.bind(clock::now()).push(" FROM accounts a WHERE a.id IN ");
    accounts_of(&mut tombstones, change, verb);
    tombstones.execute(conn)?;
    // Tokens, roles, teams, activity and sessions go with the row, by their foreign keys.
    let mut rows = Sql::new("DELETE FROM accounts WHERE id IN ");
    accounts_of(&mut rows, change, verb);
    rows.execute(conn)?;
    add_to_total(conn, kind, true, -disabled)?;
    add_to_total(conn, kind, false, disabled - events)
}
