//! Disable: tokens stop with the commit, and the sessions of users end.

use super::{AccountState, ActionParams, Effect, Unchanged, Verb};
use crate::accounts::model::{Kind, Right};
use crate::accounts::operations::rules;
use crate::accounts::queries::changes::{self, Of, Reversal};
use crate::accounts::queries::selection::Target;
use crate::audit::{Change, verbs};
use crate::database::DbConnection;
use crate::error::Error;

/// Below an account's address; it is also what a page that asks offers instead.
pub const RESOURCE: &str = "disablement";

pub struct Disable;

impl Verb for Disable {
    fn word(&self) -> &'static str {
        "disable"
    }

    fn label(&self) -> &'static str {
        "Disable"
    }

    fn resource(&self) -> &'static str {
        RESOURCE
    }

    fn icon(&self) -> &'static str {
        "ban"
    }

    fn right(&self) -> Right {
        Right::ManageTeam
    }

    fn fits(&self, state: AccountState) -> bool {
        !state.disabled && !state.own && !state.invited
    }

    fn events(&self, conn: &mut DbConnection, change: &Change, target: &Target, _: &ActionParams) -> Result<i64, Error> {
        changes::record_state(conn, change, verbs::ACCOUNT_DISABLED, target, Some(false))
    }

    fn unchanged(&self) -> Unchanged {
        Unchanged {
            one: "was already disabled",
            several: "were already disabled",
            only: "it was already disabled",
            all: "they were already disabled",
        }
    }
}

pub static DISABLED: Effect = Effect {
    event: verbs::ACCOUNT_DISABLED,
    reversal: Some(Reversal { event: verbs::ACCOUNT_DISABLED, by: verbs::ACCOUNT_ENABLED, of: Of::Account }),
    done: "Disabled {whom}.",
    undone: "{whom} disabled",
    in_own_teams: true,
    before: |conn, rule| {
        rules::can_do_as_much(conn, rule)?;
        rules::not_oneself(conn, rule, "disable")
    },
    carry_out: |conn, change, kind, events| {
        changes::set_disabled(conn, change, verbs::ACCOUNT_DISABLED, (kind, true), events)?;
        if kind == Kind::User { changes::end_ways_in(conn, change, verbs::ACCOUNT_DISABLED) } else { Ok(()) }
    },
    after: rules::an_administrator_remains,
};
