//! What is done with people. An invitation is a stored grant: it is judged when it is made, when its link is made anew, and
//! once more when it is accepted, against what its inviter is then.

use std::collections::HashMap;

use super::model::{Invitation, InvitationState};
use super::queries;
use crate::accounts::model::{Account, Kind, Right};
use crate::accounts::operations::may_become;
use crate::accounts::queries as accounts;
use crate::auth::principal::{Principal, lacks};
use crate::clock;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::roles;
use crate::roles::operations::reach::Reached;
use crate::roles::permission::PermissionSet;

mod accept;
mod email;
mod invite;
mod links;
mod sessions;
pub mod shown;

pub use accept::{OpenLink, open, set_password};
pub use email::{change_email, change_own_email};
pub use invite::{ExistingUserPolicy, Invitations, InviteFault, InviteOutcome, Invited, LIFE, invite, sent_before};
pub use links::{Offered, cancel, offer_password, renew};
pub use sessions::end_sessions;

/// The right to invite, without any over those who are there.
pub const INVITE: &str = "user:invite";

/// Whether the actor may invite people, and handle invitations.
pub fn may_invite(actor: &Principal) -> Result<(), Error> {
    if invites(&actor.permissions) { Ok(()) } else { Err(Error::forbidden(INVITE, "Only administrators can invite users.")) }
}

fn invites(held: &PermissionSet) -> bool {
    held.allows_str(INVITE) || manages(held)
}

fn manages(held: &PermissionSet) -> bool {
    held.allows_str(Kind::User.permission(Right::Manage))
}

/// A user as whom the actor could sign in, by a link or another address.
fn like_oneself(conn: &mut DbConnection, actor: &Principal, id: &Id) -> Result<Account, Error> {
    let account = accounts::find(conn, Kind::User, id)?;
    may_become(conn, actor, &account)?;
    Ok(account)
}

/// One's own password and address are changed on the profile, where the current password is asked for: who got hold of a session
/// must not take the account over.
fn not_ones_own(actor: &Principal, id: &Id, what: &str) -> Result<(), Error> {
    if actor.is(id) {
        return Err(Error::Conflict(format!("This is your own {what}. Change it on your profile.")));
    }
    Ok(())
}

/// Which of these grants (whom it is for, who made it) their makers could make today. Without a maker it was the shell's.
fn backed(
    conn: &mut DbConnection,
    grants: &[(&Id, Option<&Id>)],
    has_right: fn(&PermissionSet) -> bool,
) -> Result<HashMap<Id, bool>, Error> {
    let makers: Vec<Id> = grants.iter().filter_map(|(_, by)| by.cloned()).collect();
    let all: Vec<Id> = grants.iter().map(|(of, _)| (*of).clone()).chain(makers.iter().cloned()).collect();
    let (enabled, held) = (queries::enabled(conn, &makers)?, roles::queries::permissions(conn, &all)?);
    let nothing = PermissionSet::default();
    let of = |id: &Id| held.get(id).unwrap_or(&nothing);
    let accounts = grants.iter().map(|(account, _)| ((*account).clone(), of(account).clone())).collect();
    let reached = Reached::by(conn, &accounts)?;
    let covers = |by: &PermissionSet, account: &Id| lacks(by, of(account)).is_none() && reached.beyond(by, account).is_none();
    let could = |by: &Id, account: &Id| enabled.contains(by) && has_right(of(by)) && covers(of(by), account);
    Ok(grants.iter().map(|(account, by)| ((*account).clone(), by.is_none_or(|by| could(by, account)))).collect())
}

/// The pending invitations among some accounts, and how they stand.
#[derive(Debug, Clone, Default)]
pub struct Pending(HashMap<Id, (Invitation, InvitationState)>);

impl Pending {
    /// Four statements, whatever the number of accounts; three more where one of those invited handles accounts of their teams.
    pub fn of(conn: &mut DbConnection, accounts: &[Id]) -> Result<Self, Error> {
        let pending = queries::of_accounts(conn, accounts)?;
        let standings = standings(conn, &pending)?;
        let with_standing = |(id, one)| {
            let standing = standings.get(&id).copied().unwrap_or(InvitationState::Unbacked);
            (id, (one, standing))
        };
        Ok(Self(pending.into_iter().map(with_standing).collect()))
    }

    pub fn get(&self, account: &Id) -> Option<(&Invitation, InvitationState)> {
        self.0.get(account).map(|(one, standing)| (one, *standing))
    }
}

fn standings(conn: &mut DbConnection, pending: &HashMap<Id, Invitation>) -> Result<HashMap<Id, InvitationState>, Error> {
    let grants: Vec<(&Id, Option<&Id>)> = pending.values().map(|one| (&one.account, one.by.as_ref())).collect();
    let backed = backed(conn, &grants, invites)?;
    let now = clock::now();
    let standing = |one: &Invitation| match one {
        _ if backed.get(&one.account) == Some(&false) => InvitationState::Unbacked,
        one if one.ended => InvitationState::Ended,
        one if one.expires_at <= now => InvitationState::Expired,
        _ => InvitationState::Open,
    };
    Ok(pending.values().map(|one| (one.account.clone(), standing(one))).collect())
}
