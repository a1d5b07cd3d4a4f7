//! Delete: for good, with tokens, roles, teams and activity. The audit log keeps the name.

use super::{AccountState, ActionParams, Ask, Effect, Typed, Unchanged, Verb};
use crate::accounts::model::Kind;
use crate::accounts::operations::rules;
use crate::accounts::queries::changes;
use crate::accounts::queries::selection::Target;
use crate::audit::{Change, verbs};
use crate::database::DbConnection;
use crate::error::Error;
use crate::people::queries::belongings::{VisibleNames, belongings};

/// What is true of one and of several.
const GONE: &str = "They will be permanently deleted. Their sessions and tokens end immediately. The audit log keeps their names, \
     changes of their e-mail addresses and the IP addresses of their sign-ins for as long as its events are kept.";

pub struct Delete;

impl Verb for Delete {
    fn word(&self) -> &'static str {
        "delete"
    }

    fn label(&self) -> &'static str {
        "Delete"
    }

    fn resource(&self) -> &'static str {
        "deletion"
    }

    fn icon(&self) -> &'static str {
        "trash"
    }

    fn is_final(&self) -> bool {
        true
    }

    fn fits(&self, state: AccountState) -> bool {
        !state.own && (!state.invited || state.disabled)
    }

    fn asks(&self, kind: Kind, _: &ActionParams) -> Option<Ask> {
        let consequence = match kind {
            Kind::System => (
                "It will be permanently deleted. Its tokens stop working immediately.",
                "They will be permanently deleted. Their tokens stop working immediately.",
            ),
            Kind::User => (GONE, GONE),
        };
        Some(Ask { question: ("Delete {whom}?", "Delete {whom}?"), consequence, button: "Delete", typed: Typed::Confirmation })
    }

    /// What people leave behind.
    fn shows(&self, conn: &mut DbConnection, kind: Kind, target: &Target) -> Result<Vec<String>, Error> {
        if kind == Kind::User { Ok(belongings(conn, target, &VisibleNames::all())?.lines()) } else { Ok(Vec::new()) }
    }

    fn stale(&self) -> &'static str {
        "What they own changed while you were reviewing this. Nothing was deleted. Check it again below."
    }

    fn events(&self, conn: &mut DbConnection, change: &Change, target: &Target, _: &ActionParams) -> Result<i64, Error> {
        changes::record_state(conn, change, verbs::ACCOUNT_DELETED, target, None)
    }

    fn unchanged(&self) -> Unchanged {
        Unchanged {
            one: "was already deleted",
            several: "were already deleted",
            only: "it was already deleted",
            all: "they were already deleted",
        }
    }
}

pub static DELETED: Effect = Effect {
    event: verbs::ACCOUNT_DELETED,
    reversal: None,
    done: "Deleted {whom}.",
    undone: "",
    in_own_teams: false,
    before: |conn, rule| {
        rules::can_do_as_much(conn, rule)?;
        rules::not_oneself(conn, rule, "delete")
    },
    carry_out: |conn, change, kind, events| changes::delete(conn, change, verbs::ACCOUNT_DELETED, kind, events),
    after: rules::an_administrator_remains,
};
