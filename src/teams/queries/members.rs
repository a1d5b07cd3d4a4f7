//! Who belongs to a team, and what follows from it.

use std::collections::HashSet;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};

use crate::accounts::model::Kind;
use crate::audit::verbs;
use crate::database::DbConnection;
use crate::database::sql::Sql;
use crate::error::Error;
use crate::id::Id;
use crate::schema::{team_administrators, team_members};

/// A member or an administrator of a team.
#[derive(Debug, Clone, QueryableByName)]
pub struct TeamPerson {
    #[diesel(sql_type = Text)]
    pub id: Id,
    #[diesel(sql_type = Text)]
    pub name: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub email: Option<String>,
    #[diesel(sql_type = Text)]
    pub description: String,
    #[diesel(sql_type = Bool)]
    pub disabled: bool,
    /// `user` or `system`.
    #[diesel(sql_type = Text)]
    pub kind: String,
}

const PERSON: &str = "SELECT a.id, a.name, a.email, a.description, a.disabled, a.kind FROM ";

/// The members of one kind, by name, `limit` of them after `offset`.
pub fn page(conn: &mut DbConnection, team: &Id, kind: Kind, (limit, offset): (i64, i64)) -> Result<Vec<TeamPerson>, Error> {
    let mut sql = Sql::new(PERSON);
    sql.push("team_members m JOIN accounts a ON a.id = m.account_id WHERE m.team_id = ").bind(team);
    sql.push(" AND m.kind = ").bind(kind.as_str()).push(" ORDER BY m.name_key, m.account_id").limit(limit);
    sql.push(" OFFSET ").bind(offset);
    sql.load(conn)
}

/// Those who administer a team, by name.
pub fn administrators(conn: &mut DbConnection, team: &Id) -> Result<Vec<TeamPerson>, Error> {
    let mut sql = Sql::new(PERSON);
    sql.push("team_administrators m JOIN accounts a ON a.id = m.account_id WHERE m.team_id = ").bind(team);
    sql.push(" ORDER BY a.name_key, a.id");
    sql.load(conn)
}

/// Somebody who belongs to a team.
#[derive(Debug, Clone, QueryableByName)]
pub struct TeamMembership {
    #[diesel(sql_type = Text)]
    pub team: Id,
    #[diesel(sql_type = Text)]
    pub id: Id,
    #[diesel(sql_type = Text)]
    pub name: String,
    /// As an administrator, not as a member.
    #[diesel(sql_type = Bool)]
    pub administers: bool,
}

/// The members and the administrators of these teams, team by team, at most `limit` of them.
pub fn of_teams(conn: &mut DbConnection, teams: &[Id], limit: i64) -> Result<Vec<TeamMembership>, Error> {
    let mut sql = Sql::new("SELECT b.team, b.id, a.name, b.administers FROM (");
    sql.push("SELECT m.team_id AS team, m.account_id AS id, FALSE AS administers FROM team_members m WHERE m.team_id IN ");
    sql.bind_list(teams)
        .push(" UNION ALL SELECT ta.team_id, ta.account_id, TRUE FROM team_administrators ta WHERE ta.team_id IN ");
    sql.bind_list(teams).push(") b JOIN accounts a ON a.id = b.id ORDER BY b.team, a.name_key, a.id").limit(limit);
    sql.load(conn)
}

/// Which of these accounts are members of a team.
pub fn among(conn: &mut DbConnection, team: &Id, accounts: &[Id]) -> Result<HashSet<Id>, Error> {
    let ids: Vec<Id> = team_members::table
        .filter(team_members::team_id.eq(team))
        .filter(team_members::account_id.eq_any(accounts.iter().map(Id::as_str)))
        .select(team_members::account_id)
        .load(conn)?;
    Ok(ids.into_iter().collect())
}

/// Those of these accounts that there are, of these kinds.
pub fn existing(conn: &mut DbConnection, accounts: &[Id], kinds: &[&str]) -> Result<HashSet<Id>, Error> {
    let mut sql = Sql::new("SELECT a.id FROM accounts a WHERE a.kind IN ");
    sql.bind_list(kinds.iter().copied()).push(" AND a.id IN ").bind_list(accounts);
    Ok(sql.ids(conn)?.into_iter().collect())
}

/// Who administers a team, enabled or not.
pub fn administrator_ids(conn: &mut DbConnection, team: &Id) -> Result<Vec<Id>, Error> {
    let rows = team_administrators::table.filter(team_administrators::team_id.eq(team));
    Ok(rows.order(team_administrators::account_id).select(team_administrators::account_id).load(conn)?)
}

/// The first of these ids that is not an enabled account's, by the account's name where there is one.
pub fn who_is_not_enabled(conn: &mut DbConnection, ids: &[Id]) -> Result<Option<String>, Error> {
    let mut sql = Sql::new(PERSON);
    sql.push("accounts a WHERE a.id IN ").bind_list(ids);
    let found: Vec<TeamPerson> = sql.load(conn)?;
    if let Some(disabled) = found.iter().find(|account| account.disabled) {
        return Ok(Some(disabled.name.clone()));
    }
    let stranger = ids.iter().find(|id| found.iter().all(|account| account.id != **id));
    Ok(stranger.map(|_| "One of these".to_owned()))
}

/// A role, and the kind of those who hold it.
#[derive(Debug, Clone, QueryableByName)]
pub struct HeldRole {
    #[diesel(sql_type = Text)]
    pub role: Id,
    #[diesel(sql_type = Text)]
    pub kind: String,
}

fn roles_of(sql: Sql, conn: &mut DbConnection) -> Result<Vec<HeldRole>, Error> {
    let mut roles = Sql::new("SELECT DISTINCT ar.role_id AS role, ar.kind FROM account_roles ar WHERE ar.account_id IN (");
    roles.append(sql).push(")");
    roles.load(conn)
}

/// The roles that a team's members hold.
pub fn roles_of_team(conn: &mut DbConnection, team: &Id) -> Result<Vec<HeldRole>, Error> {
    let mut members = Sql::new("SELECT m.account_id FROM team_members m WHERE m.team_id = ");
    members.bind(team);
    roles_of(members, conn)
}

/// The roles that are held in the teams of the accounts that a statement selects.
fn roles_beside(accounts: Sql, conn: &mut DbConnection) -> Result<Vec<HeldRole>, Error> {
    let mut members = Sql::new("SELECT o.account_id FROM team_members o WHERE o.team_id IN ");
    members.push("(SELECT m.team_id FROM team_members m WHERE m.account_id IN (").append(accounts).push("))");
    roles_of(members, conn)
}

/// The roles that are held in the teams of those who have a role.
pub fn roles_beside_holders(conn: &mut DbConnection, role: &Id) -> Result<Vec<HeldRole>, Error> {
    let mut holders = Sql::new("SELECT h.account_id FROM account_roles h WHERE h.role_id = ");
    holders.bind(role);
    roles_beside(holders, conn)
}

/// The roles that are held in the teams of those to whom a change gives one of `roles`.
pub fn roles_beside_given(conn: &mut DbConnection, change: &Id, roles: &[Id]) -> Result<Vec<HeldRole>, Error> {
    let mut given = Sql::new("SELECT e.target_id FROM audit_events e WHERE e.change_id = ");
    given.bind(change).push(" AND e.type = ").bind(verbs::ROLE_ADDED).push(" AND e.object_id IN ").bind_list(roles);
    roles_beside(given, conn)
}

/// A role that is held in a team of an account.
#[derive(Debug, Clone, QueryableByName)]
pub struct RoleBeside {
    #[diesel(sql_type = Text)]
    account: Id,
    #[diesel(sql_type = Text)]
    role: Id,
    #[diesel(sql_type = Text)]
    kind: String,
}

impl RoleBeside {
    /// Whether it is this role, of somebody of this kind, beside this account.
    pub fn is(&self, account: &Id, kind: Kind, role: &Id) -> bool {
        (&self.account, self.kind.as_str(), &self.role) == (account, kind.as_str(), role)
    }
}

/// The roles that are held in the teams of each of `accounts`.
pub fn roles_beside_each(conn: &mut DbConnection, accounts: &[Id]) -> Result<Vec<RoleBeside>, Error> {
    let mut sql = Sql::new("SELECT DISTINCT m.account_id AS account, r.role_id AS role, r.kind FROM team_members m ");
    sql.push("JOIN team_members o ON o.team_id = m.team_id JOIN account_roles r ON r.account_id = o.account_id ");
    sql.push("WHERE m.account_id IN ").bind_page(accounts);
    sql.load(conn)
}

/// The roles that a change gives.
pub fn roles_given(conn: &mut DbConnection, change: &Id) -> Result<Vec<Id>, Error> {
    let mut sql = Sql::new("SELECT DISTINCT e.object_id AS id FROM audit_events e WHERE e.change_id = ");
    sql.bind(change).push(" AND e.type = ").bind(verbs::ROLE_ADDED);
    sql.ids(conn)
}

/// The roles of those whom a change adds to a team.
pub fn roles_of_added(conn: &mut DbConnection, change: &Id) -> Result<Vec<HeldRole>, Error> {
    let mut added = Sql::new("SELECT e.target_id FROM audit_events e WHERE e.change_id = ");
    added.bind(change).push(" AND e.type = ").bind(verbs::TEAM_ADDED);
    roles_of(added, conn)
}

/// The teams that a change adds somebody to.
pub fn teams_joined(conn: &mut DbConnection, change: &Id) -> Result<Vec<Id>, Error> {
    let mut sql = Sql::new("SELECT DISTINCT e.object_id AS id FROM audit_events e WHERE e.change_id = ");
    sql.bind(change).push(" AND e.type = ").bind(verbs::TEAM_ADDED);
    sql.ids(conn)
}

/// How many members hold a role, and how many of them are in no other team.
#[derive(Debug, Clone, QueryableByName)]
pub struct TeamRoleHolders {
    #[diesel(sql_type = Text)]
    pub role: Id,
    #[diesel(sql_type = BigInt)]
    pub members: i64,
    #[diesel(sql_type = BigInt)]
    pub alone: i64,
}

const IN_NO_OTHER: &str =
    "NOT EXISTS (SELECT 1 FROM team_members o WHERE o.account_id = m.account_id AND o.team_id <> m.team_id)";

/// The members that hold each of `roles`.
pub fn holders(conn: &mut DbConnection, team: &Id, roles: &[Id]) -> Result<Vec<TeamRoleHolders>, Error> {
    let mut sql = Sql::new("SELECT ar.role_id AS role, count(*) AS members, CAST(sum(CASE WHEN ");
    sql.push(IN_NO_OTHER).push(" THEN 1 ELSE 0 END) AS BIGINT) AS alone FROM team_members m ");
    sql.push("JOIN account_roles ar ON ar.account_id = m.account_id WHERE m.team_id = ").bind(team);
    sql.push(" AND ar.role_id IN ").bind_list(roles).push(" GROUP BY ar.role_id");
    sql.load(conn)
}

/// Members that hold one of `roles` and are in no other team: the first `limit` by name.
pub fn alone(conn: &mut DbConnection, team: &Id, roles: &[Id], limit: i64) -> Result<Vec<TeamPerson>, Error> {
    let mut sql = Sql::new(PERSON);
    sql.push("team_members m JOIN accounts a ON a.id = m.account_id WHERE m.team_id = ").bind(team);
    sql.push(" AND ").push(IN_NO_OTHER).push(" AND EXISTS (SELECT 1 FROM account_roles ar WHERE ar.account_id = m.account_id ");
    sql.push("AND ar.role_id IN ").bind_list(roles).push(") ORDER BY a.name_key, a.id").limit(limit);
    sql.load(conn)
}

/// Whether a change did nothing but add members to this team, or remove some.
pub fn is_change_of(conn: &mut DbConnection, change: &Id, team: &Id) -> Result<bool, Error> {
    let of_team = |conn: &mut DbConnection, not: &str| {
        let mut sql = Sql::new("SELECT count(*) AS n FROM audit_events WHERE change_id = ");
        sql.bind(change).push(not).push("(type IN (").bind(verbs::TEAM_ADDED).push(", ").bind(verbs::TEAM_REMOVED);
        sql.push(") AND object_id = ").bind(team).push(")");
        sql.number(conn)
    };
    Ok(of_team(conn, " AND ")? > 0 && of_team(conn, " AND NOT ")? == 0)
}
