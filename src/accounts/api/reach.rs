//! Which account an address means, for this actor.

use crate::accounts::model::{Account, Kind, Right};
use crate::accounts::operations::{is_colleague, out_of_reach};
use crate::accounts::queries;
use crate::audit::sentences::epitaph;
use crate::auth::principal::Principal;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;

/// The account of this identity, of either kind.
///
/// # Errors
/// `NotFound`; `Gone` for one that has been deleted, if the actor might have seen it.
pub fn standing(conn: &mut DbConnection, actor: &Principal, id: &Id) -> Result<Account, Error> {
    if let Some(account) = queries::find_all(conn, std::slice::from_ref(id))?.pop() {
        return Ok(account);
    }
    match queries::deleted(conn, id)? {
        Some(deleted) if sees_all(actor, deleted.kind()) => {
            let by = deleted.deleted_by.as_deref().unwrap_or("Somebody");
            Err(Error::Gone(epitaph(deleted.kind().noun(), &deleted.name, (by, deleted.deleted_at), id)))
        }
        _ => Err(Error::NotFound("account")),
    }
}

/// The same, if the actor may see it: one's own, those that one may read, and system accounts in one's teams.
pub fn visible(conn: &mut DbConnection, actor: &Principal, id: &Id) -> Result<Account, Error> {
    let account = standing(conn, actor, id)?;
    let kind = account.kind;
    if actor.is(id) || sees_all(actor, kind) {
        return Ok(account);
    }
    if !actor.may(kind.permission(Right::ManageTeam)) {
        let sentence = format!("You don't have permission to view {}.", kind.plural());
        return Err(Error::forbidden(kind.permission(Right::Read), sentence));
    }
    if is_colleague(conn, actor, id)? { Ok(account) } else { Err(out_of_reach(actor, kind, &account.name)) }
}

pub fn sees_all(actor: &Principal, kind: Kind) -> bool {
    actor.may(kind.permission(Right::Read))
}
