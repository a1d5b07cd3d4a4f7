//! What a change to a role gives and takes, and from how many: judged by the matcher of the check, counted by the database.

use std::collections::HashMap;

use super::holders::lacking;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::roles::model::Role;
use crate::roles::permission::{Permission, PermissionSet};

/// One permission that is written into a role or taken out of it.
#[derive(Debug, Clone)]
pub struct Difference {
    pub permission: Permission,
    pub added: bool,
    /// Whether another permission of the role covers it, before as after, so that nobody gains or loses anything.
    pub covered: bool,
    /// Who gains or loses it.
    pub system_accounts: i64,
    pub users: i64,
    /// Those who have it by another role, before as after.
    pub others: i64,
}

/// The differences between what `role` grants and `after`. One statement for each distinct set of other roles that grant the same,
/// whatever the number of accounts; none for a role that is not there yet.
pub fn differences(
    conn: &mut DbConnection,
    all: &[Role],
    role: Option<&Role>,
    after: &PermissionSet,
) -> Result<Vec<Difference>, Error> {
    let nothing = PermissionSet::default();
    let before = role.map_or(&nothing, |role| &role.permissions);
    let missing = |from: &'_ PermissionSet, permission: &Permission| from.iter().all(|held| held != permission);
    let added = after.iter().filter(|one| missing(before, one)).map(|one| (one, true, before.allows(one)));
    let removed = before.iter().filter(|one| missing(after, one)).map(|one| (one, false, after.allows(one)));
    let mut counts: HashMap<Vec<Id>, (i64, i64)> = HashMap::new();
    let mut found = Vec::new();
    for (permission, added, covered) in added.chain(removed) {
        let mut difference =
            Difference { permission: permission.clone(), added, covered, system_accounts: 0, users: 0, others: 0 };
        if let Some(role) = role.filter(|_| !covered) {
            let grants = |other: &&Role| other.id != role.id && other.permissions.allows(permission);
            let others: Vec<Id> = all.iter().filter(grants).map(|other| other.id.clone()).collect();
            let everybody = counted(conn, &mut counts, &role.id, Vec::new())?;
            let (system_accounts, users) = counted(conn, &mut counts, &role.id, others)?;
            difference.others = everybody.0 + everybody.1 - system_accounts - users;
            (difference.system_accounts, difference.users) = (system_accounts, users);
        }
        found.push(difference);
    }
    Ok(found)
}

fn counted(
    conn: &mut DbConnection,
    counts: &mut HashMap<Vec<Id>, (i64, i64)>,
    role: &Id,
    others: Vec<Id>,
) -> Result<(i64, i64), Error> {
    if let Some(count) = counts.get(&others) {
        return Ok(*count);
    }
    let count = lacking(conn, role, &others)?;
    counts.insert(others, count);
    Ok(count)
}
