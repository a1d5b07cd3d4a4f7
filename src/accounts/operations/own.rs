//! What somebody would lose by a change of their own account.

use diesel::Connection;

use super::{Action, Plan, run_on};
use crate::accounts::queries::selection::Target;
use crate::auth::principal::Principal;
use crate::auth::queries;
use crate::database::DbConnection;
use crate::error::Error;

/// The permissions that the actor would no longer have, if the accounts are their own. The change is made to find out, so
/// that every rule has its say before anything is asked, and rolled back.
pub fn losses(
    conn: &mut DbConnection,
    actor: &Principal,
    plan: &Plan,
    action: &Action,
    target: &Target,
) -> Result<Vec<String>, Error> {
    let Some(own) = &actor.account else { return Ok(Vec::new()) };
    if !target.contains(conn, own)? {
        return Ok(Vec::new());
    }
    let mut left = None;
    let tried = conn.transaction(|conn| {
        run_on(conn, actor, plan, action, target)?;
        left = Some(queries::present(conn, actor)?.permissions);
        Err::<(), Error>(Error::Conflict(String::new()))
    });
    let Some(left) = left else { return tried.map(|()| Vec::new()) };
    let lost = actor.permissions.iter().filter(|permission| !left.allows(permission));
    Ok(lost.map(ToString::to_string).collect())
}
