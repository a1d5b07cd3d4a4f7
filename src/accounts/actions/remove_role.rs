//! Remove Role: from those that have it. The last administrator keeps theirs.

use super::{ActionParams, Effect, Offer, Unchanged, Verb};
use crate::accounts::operations::rules;
use crate::accounts::queries::changes::{self, Of, Reversal};
use crate::accounts::queries::selection::Target;
use crate::audit::{Change, verbs};
use crate::database::DbConnection;
use crate::error::Error;

pub struct RemoveRole;

impl Verb for RemoveRole {
    fn word(&self) -> &'static str {
        "remove_role"
    }

    fn label(&self) -> &'static str {
        "Remove Role"
    }

    fn resource(&self) -> &'static str {
        "removed-roles"
    }

    fn group(&self) -> u8 {
        0
    }

    fn icon(&self) -> &'static str {
        "minus"
    }

    fn offer(&self) -> Offer {
        Offer::Picker { field: "remove_role", joint: "from", gives: false }
    }

    fn events(&self, conn: &mut DbConnection, change: &Change, target: &Target, params: &ActionParams) -> Result<i64, Error> {
        rules::some_roles(conn, &params.chosen)?;
        changes::record_roles_removed(conn, change, target, &params.chosen)
    }

    fn unchanged(&self) -> Unchanged {
        Unchanged {
            one: "didn't have {it}",
            several: "didn't have {it}",
            only: "it didn't have {names}",
            all: "none of them had {names}",
        }
    }
}

pub static ROLE_REMOVED: Effect = Effect {
    event: verbs::ROLE_REMOVED,
    reversal: Some(Reversal { event: verbs::ROLE_REMOVED, by: verbs::ROLE_ADDED, of: Of::Table("roles") }),
    done: "Removed {names} from {whom}.",
    undone: "{names} removed from {whom}",
    in_own_teams: false,
    before: |conn, rule| {
        rules::not_ones_own_in_bulk(conn, rule)?;
        rules::may_take_all(conn, rule)
    },
    carry_out: |conn, change, _, _| changes::remove_roles(conn, change, verbs::ROLE_REMOVED),
    after: rules::an_administrator_remains,
};
