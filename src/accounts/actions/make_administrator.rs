//! Make Administrator: the role of that name, by a button of its own.

use super::{AccountState, ActionParams, Ask, Unchanged, Verb, add_role};
use crate::accounts::model::Kind;
use crate::accounts::queries::changes;
use crate::accounts::queries::selection::Target;
use crate::audit::Change;
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::roles::predefined;

pub struct MakeAdministrator;

impl Verb for MakeAdministrator {
    fn word(&self) -> &'static str {
        "make_administrator"
    }

    fn label(&self) -> &'static str {
        "Make Administrator"
    }

    fn resource(&self) -> &'static str {
        "promotion"
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
        !state.administrator
    }

    fn asks(&self, kind: Kind, _: &ActionParams) -> Option<Ask> {
        Some(add_role::administrator(kind, self.label()))
    }

    fn gives(&self, _: &ActionParams) -> Vec<Id> {
        vec![predefined::ADMINISTRATOR.into()]
    }

    fn events(&self, conn: &mut DbConnection, change: &Change, target: &Target, _: &ActionParams) -> Result<i64, Error> {
        changes::record_roles_added(conn, change, target, &self.gives(&ActionParams::default()))
    }

    fn done(&self) -> Option<(&'static str, &'static str)> {
        Some(("Made {whom} an administrator.", "Made {whom} administrators."))
    }

    fn unchanged(&self) -> Unchanged {
        Unchanged {
            one: "was already an administrator",
            several: "were already administrators",
            only: "it was already an administrator",
            all: "they were already administrators",
        }
    }
}
