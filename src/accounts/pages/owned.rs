//! What a person owns, on their page: what would be left behind.

use chrono::NaiveDateTime;

use super::left::listed;
use super::visits::AccountVisit;
use super::{moment, tile};
use crate::accounts::kind::SYSTEM_ACCOUNTS;
use crate::accounts::model::{Kind, Right};
use crate::accounts::view::account::{OwnedLine, OwnershipCard};
use crate::clock;
use crate::people::queries::belongings::{Belongings, Owned};

/// For those who manage users and may see system accounts.
pub fn section(visit: &AccountVisit, found: &Belongings, now: NaiveDateTime) -> Option<OwnershipCard> {
    let actor = &visit.actor;
    let may_see = visit.screen.kind == Kind::User && visit.may_manage() && actor.may(Kind::System.permission(Right::Read));
    let line = |account: &Owned| OwnedLine {
        href: format!("{}/{}", SYSTEM_ACCOUNTS.path, account.id),
        name: account.name.clone(),
        description: account.description.clone(),
        tile: tile(Kind::System, &account.id, &account.name),
        disabled: account.disabled,
        used: moment(clock::known(account.last_used_at), now),
    };
    may_see.then(|| OwnershipCard {
        accounts: found.accounts.iter().map(line).collect(),
        owned: match found.owned().total {
            0 => None,
            1 => Some(Kind::System.noun().to_owned()),
            n => Some(Kind::System.counted(n)),
        },
        hands_over: actor.may(Kind::System.permission(Right::Manage)),
        all: (!found.accounts.is_empty()).then(|| format!("{}?owner={}&disabled=1", SYSTEM_ACCOUNTS.path, visit.id)),
        teams: listed(found.teams.clone()),
        invited: listed(found.invited.clone()),
    })
}
