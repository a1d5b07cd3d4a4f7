//! Accounts as answers show them.

use crate::accounts::json::{Embedded, Person, TeamName, User};
use crate::accounts::model::Account;
use crate::accounts::queries;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::roles;
use crate::roles::json::Role;
use crate::teams;

/// The accounts of these identities, in this order, with their roles and teams: five statements, however many they are. Those
/// that do not exist are left out.
pub fn users(conn: &mut DbConnection, ids: &[Id], base: &str) -> Result<Vec<User>, Error> {
    let mut found = queries::find_all(conn, ids)?;
    found.sort_by_cached_key(|account| ids.iter().position(|id| *id == account.id));
    let mut badges = roles::queries::badges(conn, ids)?;
    let mut distinct: Vec<Id> = badges.values().flatten().map(|badge| badge.id.clone()).collect();
    distinct.sort_unstable();
    distinct.dedup();
    let roles = roles::queries::find(conn, &distinct)?;
    let mut teams = teams::queries::of_accounts(conn, ids)?;
    let user = |account: &Account| {
        let held = badges.remove(&account.id).unwrap_or_default();
        let held = held.iter().filter_map(|badge| roles.iter().find(|role| role.id == badge.id));
        let embedded = Embedded {
            roles: held.map(|role| Role::new(role, base)).collect(),
            teams: teams.remove(&account.id).unwrap_or_default().iter().map(TeamName::from).collect(),
        };
        User { person: Person::new(account, base), embedded }
    };
    Ok(found.iter().map(user).collect())
}

/// One account.
///
/// # Errors
/// `NotFound`.
pub fn user(conn: &mut DbConnection, id: &Id, base: &str) -> Result<User, Error> {
    users(conn, std::slice::from_ref(id), base)?.pop().ok_or(Error::NotFound("account"))
}
