//! Set owner: the user who answers for a system account. It gives no rights.

use super::{ActionParams, Ask, Effect, Typed, Unchanged, Verb, no_rule};
use crate::accounts::model::Kind;
use crate::accounts::queries::changes::{self, Of, Reversal};
use crate::accounts::queries::owners;
use crate::accounts::queries::selection::Target;
use crate::audit::{Change, verbs};
use crate::database::DbConnection;
use crate::error::Error;

pub struct SetOwner;

impl Verb for SetOwner {
    fn word(&self) -> &'static str {
        "set_owner"
    }

    fn label(&self) -> &'static str {
        "Set owner"
    }

    fn resource(&self) -> &'static str {
        "owner"
    }

    fn icon(&self) -> &'static str {
        "user"
    }

    fn group(&self) -> u8 {
        1
    }

    fn is_for(&self, kind: Kind) -> bool {
        kind == Kind::System
    }

    fn is_rare(&self) -> bool {
        true
    }

    fn asks(&self, _: Kind, _: &ActionParams) -> Option<Ask> {
        let consequence = "The person to contact when a token expires or something breaks. Owners get no extra permissions.";
        Some(Ask {
            question: ("Set owner of {whom}", "Set owner of {whom}"),
            consequence: (consequence, consequence),
            button: "Set owner",
            typed: Typed::User,
        })
    }

    fn fill_in(&self, conn: &mut DbConnection, params: &mut ActionParams, typed: &str) -> Result<(), Error> {
        params.chosen = vec![owners::one_called(conn, typed)?.id];
        Ok(())
    }

    fn shows(&self, conn: &mut DbConnection, _: Kind, target: &Target) -> Result<Vec<String>, Error> {
        owners::each(conn, target)
    }

    fn stale(&self) -> &'static str {
        "Someone has changed an owner while you were reviewing this. Nothing was changed. Check the owners below."
    }

    fn events(&self, conn: &mut DbConnection, change: &Change, target: &Target, params: &ActionParams) -> Result<i64, Error> {
        let chosen = params.chosen.first().ok_or_else(|| Error::field("owner", "Choose the new owner."))?;
        let owner = owners::one_called(conn, chosen.as_str())?;
        changes::record_owner(conn, change, verbs::OWNER_CHANGED, target, &owner.id)
    }

    fn unchanged(&self) -> Unchanged {
        Unchanged {
            one: "already had this owner",
            several: "already had this owner",
            only: "it already had this owner",
            all: "they already had this owner",
        }
    }
}

pub static OWNER_CHANGED: Effect = Effect {
    event: verbs::OWNER_CHANGED,
    reversal: Some(Reversal { event: verbs::OWNER_CHANGED, by: verbs::OWNER_CHANGED, of: Of::Field("owner") }),
    done: "{names} is now the owner of {whom}.",
    undone: "owner of {whom} changed back",
    in_own_teams: false,
    before: no_rule,
    carry_out: |conn, change, _, _| changes::set_owner(conn, change, verbs::OWNER_CHANGED),
    after: no_rule,
};
