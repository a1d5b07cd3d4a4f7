//! Enable: tokens that have not expired work again. The plan must have a place, and the name must be free.

use super::{AccountState, ActionParams, Effect, Unchanged, Verb};
use crate::accounts::model::Right;
use crate::accounts::operations::rules;
use crate::accounts::queries::changes::{self, Of, Reversal};
use crate::accounts::queries::selection::Target;
use crate::audit::{Change, verbs};
use crate::database::DbConnection;
use crate::error::Error;

pub struct Enable;

impl Verb for Enable {
    fn word(&self) -> &'static str {
        "enable"
    }

    fn label(&self) -> &'static str {
        "Enable"
    }

    fn resource(&self) -> &'static str {
        "enablement"
    }

    fn icon(&self) -> &'static str {
        "check"
    }

    fn right(&self) -> Right {
        Right::ManageTeam
    }

    fn fits(&self, state: AccountState) -> bool {
        state.disabled
    }

    fn events(&self, conn: &mut DbConnection, change: &Change, target: &Target, _: &ActionParams) -> Result<i64, Error> {
        changes::record_state(conn, change, verbs::ACCOUNT_ENABLED, target, Some(true))
    }

    fn unchanged(&self) -> Unchanged {
        Unchanged {
            one: "was already enabled",
            several: "were already enabled",
            only: "it was already enabled",
            all: "they were already enabled",
        }
    }
}

pub static ENABLED: Effect = Effect {
    event: verbs::ACCOUNT_ENABLED,
    reversal: Some(Reversal { event: verbs::ACCOUNT_ENABLED, by: verbs::ACCOUNT_DISABLED, of: Of::Account }),
    done: "Enabled {whom}.",
    undone: "{whom} enabled",
    in_own_teams: true,
    before: |conn, rule| {
        rules::can_do_as_much(conn, rule)?;
        rules::names_are_free(conn, rule)
    },
    carry_out: |conn, change, kind, events| changes::set_disabled(conn, change, verbs::ACCOUNT_ENABLED, (kind, false), events),
    after: rules::has_a_place,
};
