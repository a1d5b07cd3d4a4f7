//! Remove Administrator: the role of that name, by a button of its own.

use super::{AccountState, ActionParams, Unchanged, Verb};
use crate::accounts::queries::changes;
use crate::accounts::queries::selection::Target;
use crate::audit::Change;
use crate::database::DbConnection;
use crate::error::Error;
use crate::roles::predefined;

pub struct RemoveAdministrator;

impl Verb for RemoveAdministrator {
    fn word(&self) -> &'static str {
        "remove_administrator"
    }

    fn label(&self) -> &'static str {
        "Remove Administrator"
    }

    fn resource(&self) -> &'static str {
        "demotion"
    }

    fn group(&self) -> u8 {
        1
    }

    fn icon(&self) -> &'static str {
        "shield"
    }

    fn is_for_administrators(&self) -> bool {
        true
    }

    fn fits(&self, state: AccountState) -> bool {
        state.administrator
    }

    fn events(&self, conn: &mut DbConnection, change: &Change, target: &Target, _: &ActionParams) -> Result<i64, Error> {
        changes::record_roles_removed(conn, change, target, &[predefined::ADMINISTRATOR.into()])
    }

    fn done(&self) -> Option<(&'static str, &'static str)> {
        Some(("{whom} is no longer an administrator.", "{whom} are no longer administrators."))
    }

    fn unchanged(&self) -> Unchanged {
        Unchanged {
            one: "was not an administrator",
            several: "were not administrators",
            only: "it was not an administrator",
            all: "none of them was an administrator",
        }
    }
}
