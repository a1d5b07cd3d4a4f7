//! Teams, as the admin API's clients manage them: the same verbs as the pages'.

use crate::accounts::model::{Account, Kind, Right};
use crate::auth::principal::Principal;
use crate::database::constraint::TEAM_TAKEN;
use crate::error::Error;
use crate::id::Id;

pub mod json;
pub mod shown;
pub mod teams;
pub mod users;

const GROUP: &str = "Teams";

/// Accounts that one call names, at most.
const MOST: usize = 10_000;

/// What an operation refuses, in the words of the API: which of `ids` it was that does not exist, by `path`.
fn told(error: Error, ids: &[Id], path: impl Fn(usize) -> String) -> Error {
    match error.conflict_if(TEAM_TAKEN) {
        Error::Invalid(faults) => {
            let told = |fault: crate::error::FieldError| {
                let at = ids.iter().position(|id| fault.message.contains(id.as_str()));
                let field = match (fault.field, at) {
                    ("account", Some(at)) => path(at),
                    ("applications", _) => "pacticipantNames".into(),
                    (field, _) => field.into(),
                };
                (field, fault.message)
            };
            Error::InvalidAt(faults.into_iter().map(told).collect())
        }
        error => error,
    }
}

/// Which accounts of a team the actor sees: all, if they choose its members; else those of the kinds that they see anyway.
struct Sight([bool; 2]);

impl Sight {
    fn of(actor: &Principal, team: &Id) -> Self {
        let manages = actor.may(&super::operations::manage(team));
        Self([Kind::User, Kind::System].map(|kind| manages || actor.may(kind.permission(Right::Read))))
    }

    fn holds(&self, account: &Account) -> bool {
        let Self([users, system_accounts]) = self;
        if account.kind == Kind::User { *users } else { *system_accounts }
    }
}
