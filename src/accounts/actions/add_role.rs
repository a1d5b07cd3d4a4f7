//! Add Role: to those that lack it. Giving Administrator asks first, whatever else is given with it.

use super::{ActionParams, Ask, Effect, Offer, Typed, Unchanged, Verb};
use crate::accounts::model::Kind;
use crate::accounts::operations::rules;
use crate::accounts::queries::changes::{self, Of, Reversal};
use crate::accounts::queries::selection::Target;
use crate::audit::{Change, verbs};
use crate::database::DbConnection;
use crate::error::Error;
use crate::id::Id;
use crate::roles::predefined;
use crate::teams;

pub struct AddRole;

impl Verb for AddRole {
    fn word(&self) -> &'static str {
        "add_role"
    }

    fn label(&self) -> &'static str {
        "Add Role"
    }

    fn resource(&self) -> &'static str {
        "added-roles"
    }

    fn group(&self) -> u8 {
        0
    }

    fn icon(&self) -> &'static str {
        "plus"
    }

    fn offer(&self) -> Offer {
        Offer::Picker { field: "add_role", joint: "to", gives: true }
    }

    fn asks(&self, kind: Kind, params: &ActionParams) -> Option<Ask> {
        let others = params.chosen.len() > 1;
        predefined::is_administrator(&params.chosen).then(|| administrator(kind, if others { "Add Roles" } else { "Add Role" }))
    }

    fn gives(&self, params: &ActionParams) -> Vec<Id> {
        params.chosen.clone()
    }

    fn events(&self, conn: &mut DbConnection, change: &Change, target: &Target, params: &ActionParams) -> Result<i64, Error> {
        rules::some_roles(conn, &params.chosen)?;
        changes::record_roles_added(conn, change, target, &params.chosen)
    }

    fn unchanged(&self) -> Unchanged {
        Unchanged {
            one: "already had {it}",
            several: "already had {it}",
            only: "it already had {names}",
            all: "they already had {names}",
        }
    }
}

/// What is asked before anything gives Administrator.
pub fn administrator(kind: Kind, button: &'static str) -> Ask {
    let consequence = match kind {
        Kind::System => (
            "Anyone with one of its tokens will pass every permission check.",
            "Anyone with one of their tokens will pass every permission check.",
        ),
        Kind::User => (
            "They will pass every permission check, and can manage users, roles and system accounts.",
            "They will pass every permission check, and can manage users, roles and system accounts.",
        ),
    };
    let question = ("Make {whom} an administrator?", "Make {whom} administrators?");
    Ask { question, consequence, button, typed: Typed::Nothing }
}

pub static ROLE_ADDED: Effect = Effect {
    event: verbs::ROLE_ADDED,
    reversal: Some(Reversal { event: verbs::ROLE_ADDED, by: verbs::ROLE_REMOVED, of: Of::Table("roles") }),
    done: "Added {names} to {whom}.",
    undone: "{names} added to {whom}",
    in_own_teams: false,
    before: |conn, rule| {
        rules::not_ones_own_in_bulk(conn, rule)?;
        rules::may_give_all(conn, rule)
    },
    carry_out: |conn, change, _, _| changes::add_roles(conn, change, verbs::ROLE_ADDED),
    after: |conn, rule| teams::operations::reach::stays_by_roles(conn, rule.actor, rule.change),
};
